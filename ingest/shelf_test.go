package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vsswhy/vsswhy/ingest/archive"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// A memoryShelf is a Shelf for tests. Its fields make it fail.
type memoryShelf struct {
	mu        sync.Mutex
	kept      map[string][]byte
	files     []RecordedFile
	full      int64 // bytes that may be kept; 0: any number
	noCommits bool
	bad       map[string]int64 // where contents are damaged
	open      int              // Keepers and Kepts that were not ended
	recalls   int
}

func newMemoryShelf() *memoryShelf { return &memoryShelf{kept: map[string][]byte{}} }

var errShelf = errors.New("no space left on device")

func (s *memoryShelf) Keep() (Keeper, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open++
	return &memoryKeeper{shelf: s}, nil
}

type memoryKeeper struct {
	shelf *memoryShelf
	bytes.Buffer
	ended bool
}

func (k *memoryKeeper) Write(p []byte) (int, error) {
	if k.shelf.full > 0 && int64(k.Len()+len(p)) > k.shelf.full {
		return 0, errShelf
	}
	return k.Buffer.Write(p)
}

func (k *memoryKeeper) Discard() {
	k.shelf.mu.Lock()
	defer k.shelf.mu.Unlock()
	if k.ended {
		panic("ended twice")
	}
	k.ended = true
	k.shelf.open--
}

func (k *memoryKeeper) Commit(name string) error {
	k.Discard()
	if k.shelf.noCommits {
		return errShelf
	}
	k.shelf.mu.Lock()
	defer k.shelf.mu.Unlock()
	k.shelf.kept[name] = k.Bytes()
	delete(k.shelf.bad, name)
	return nil
}

func (s *memoryShelf) Open(name string) (Kept, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, ok := s.kept[name]
	if !ok {
		return nil, os.ErrNotExist
	}
	s.open++
	bad, ok := s.bad[name]
	if !ok {
		bad = int64(len(data))
	}
	return &memoryKept{s, io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data))), bad}, nil
}

type memoryKept struct {
	shelf *memoryShelf
	*io.SectionReader
	bad int64 // from here on it can't be read
}

func (k *memoryKept) ReadAt(p []byte, off int64) (int, error) {
	if off < k.bad && off+int64(len(p)) > k.bad && k.bad < k.Size() {
		n, _ := k.SectionReader.ReadAt(p[:k.bad-off], off)
		return n, errors.New("frame is damaged")
	}
	if off >= k.bad && off < k.Size() {
		return 0, errors.New("frame is damaged")
	}
	return k.SectionReader.ReadAt(p, off)
}

func (k *memoryKept) Close() error {
	k.shelf.mu.Lock()
	defer k.shelf.mu.Unlock()
	k.shelf.open--
	return nil
}

func (s *memoryShelf) KnowsSize(size int64) bool {
	return slices.ContainsFunc(s.files, func(f RecordedFile) bool { return f.Size == size })
}

func (s *memoryShelf) Recall(sha256 string) ([]event.Source, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recalls++
	for _, f := range s.files {
		if f.SHA256 == sha256 {
			return f.Sources, true
		}
	}
	return nil, false
}

// record sorts the sources of a scan into files, as a case does.
func record(sources []event.Source) (files []RecordedFile) {
	for _, src := range sources {
		if n := len(files) - 1; n >= 0 && src.Root == files[n].Path && strings.HasPrefix(src.Path, files[n].Path+"!/") {
			src.Path = strings.TrimPrefix(src.Path, files[n].Path)
			files[n].Sources = append(files[n].Sources, src)
			continue
		}
		f := RecordedFile{Path: src.Path, Root: src.Root, SHA256: src.SHA256, Size: src.Size, Readers: Version}
		src.Path = ""
		f.Sources = append(f.Sources, src)
		files = append(files, f)
	}
	return files
}

// A result is all that a scan yields.
type result struct {
	Sources  []event.Source
	Messages []string
}

func scanAgain(tb testing.TB, opt Options, inputs ...Input) (result, *scan) {
	tb.Helper()
	s := newScan(inputs, opt)
	s.formats = lineLog
	sources, messages := collectScan(tb.Context(), s)
	if shelf, ok := opt.Shelf.(*memoryShelf); ok && shelf.open != 0 {
		tb.Errorf("%d contents were left open", shelf.open)
	}
	return result{sources, messages}, s
}

var butRecalled = cmp.Options{cmpopts.IgnoreFields(event.Source{}, "Recalled"), cmpopts.EquateEmpty()}

// encrypted marks the members of a zip as encrypted.
func encrypted(data string) string {
	b := []byte(data)
	for i := range len(b) - 10 {
		switch string(b[i : i+4]) {
		case "PK\x03\x04":
			b[i+6] |= 1
		case "PK\x01\x02":
			b[i+8] |= 1
		}
	}
	return string(b)
}

// shelfInputs are inputs of all kinds, sound and damaged, by name.
func shelfInputs(tb testing.TB) map[string]string {
	long := "LINES\n" + strings.Repeat("0123456789abcdef\n", 5000)
	tarred := tree{{"a", long}, {"b", long + "b\n"}}.tar(tb)
	badSum := []byte(tree{{"a", long}}.zip(tb))
	badSum[strings.Index(string(badSum), "PK\x01\x02")+16] ^= 1
	badData := []byte(tree{{"a.log", long}, {"b.log", "LINES\nb\n"}}.zip(tb))
	badData[100] ^= 0xff
	deep := tree{{"i.zip", tree{{"x.zip", bundle.zip(tb)}, {"y.tgz", gz(tb, bundle.tar(tb))}}.zip(tb)}, {"z.log", "LINES\nz\n"}}
	all := tree{
		{"a.log", "LINES\na\n"}, {"b/c.zip", deep.zip(tb)}, {"d.tgz", gz(tb, tarred)[:400]}, {"e.7z", "7z\xbc\xaf\x27\x1c\x00\x04"},
		{"empty", ""}, {"f.tar", tarred[:len(tarred)-60000]}, {"notes.txt", "nothing\n"}, {"x.log.gz", gz(tb, long)},
	}
	return map[string]string{
		"log":       write(tb, "x.log", "LINES\nx\n"),
		"zip":       write(tb, "x.zip", bundle.zip(tb)),
		"gz":        write(tb, "x.log.gz", gz(tb, long)),
		"nested":    write(tb, "x.zip", deep.zip(tb)),
		"tar.gz":    write(tb, "x.tgz", gz(tb, bundle.tar(tb))),
		"cut tar":   write(tb, "x.tar", tarred[:len(tarred)-60000]),
		"cut tgz":   write(tb, "x.tgz", gz(tb, tarred)[:400]),
		"bad sum":   write(tb, "x.zip", string(badSum)),
		"bad data":  write(tb, "x.zip", string(badData)),
		"encrypted": write(tb, "x.zip", encrypted(bundle.zip(tb))),
		"twice":     write(tb, "x.zip", tree{{"a", long}, {"b", long}, {"c.gz", gz(tb, long)}}.zip(tb)),
		"folder":    all.folder(tb),
	}
}

// What was read once is not unpacked again, and comes out the same: of a file
// that is given again, and of one that is not.
func TestRecall(t *testing.T) {
	for name, path := range shelfInputs(t) {
		for _, workers := range []int{1, 2, 8} {
			t.Run(fmt.Sprintf("%s/%d", name, workers), func(t *testing.T) {
				shelf := newMemoryShelf()
				opt := Options{Shelf: shelf, Workers: workers}
				plain, _ := scanAgain(t, Options{Workers: workers}, Input{Path: path})
				first, s := scanAgain(t, opt, Input{Path: path})
				outOfShelf := cmpopts.IgnoreFields(event.Source{}, "Kept", "SHA256")
				if diff := cmp.Diff(plain, first, outOfShelf); diff != "" {
					t.Errorf("with a shelf (-without +with):\n%s", diff)
				}
				if s.run.Unpacked() == 0 && name != "log" && name != "cut tar" && name != "encrypted" {
					t.Error("nothing was unpacked at first")
				}
				if shelf.recalls > 0 {
					t.Errorf("asked %d times, although no size is known", shelf.recalls)
				}
				checkKept(t, shelf, first.Sources)
				shelf.files = record(first.Sources)

				again, s := scanAgain(t, opt, Input{Path: path})
				if diff := cmp.Diff(first, again, butRecalled); diff != "" {
					t.Errorf("again (-first +again):\n%s", diff)
				}
				if n := s.run.Unpacked(); n > 0 {
					t.Errorf("%d bytes were unpacked again", n)
				}
				for _, src := range again.Sources {
					if known := src.Format != "" || strings.Contains(src.Path, "!/"); src.Recalled != known {
						t.Errorf("%s: recalled is %v", src.Path, src.Recalled)
					}
				}

				replayed, _ := scanAgain(t, opt, Input{Recorded: shelf.files})
				if diff := cmp.Diff(first, replayed, butRecalled); diff != "" {
					t.Errorf("replayed (-first +replayed):\n%s", diff)
				}
			})
		}
	}
}

// checkKept checks that every log was kept, under the hash of what was read.
func checkKept(t *testing.T, shelf *memoryShelf, sources []event.Source) {
	t.Helper()
	names := map[string]bool{}
	for _, src := range sources {
		isLog := src.Format == "lines"
		content, ok := shelf.kept[src.Kept]
		if isLog != ok || isLog && int64(len(content)) != src.Size || isLog && src.SHA256 != "" && src.SHA256 != src.Kept {
			t.Errorf("%s: kept %d bytes as %q; its size is %d, its SHA-256 %q", src.Path, len(content), src.Kept, src.Size, src.SHA256)
		}
		if isLog {
			names[src.Kept] = true
		}
	}
	if len(names) != len(shelf.kept) {
		t.Errorf("%d contents were kept, %d have a source", len(shelf.kept), len(names))
	}
}

// The same content is known under another name, and among other files.
func TestRecallElsewhere(t *testing.T) {
	shelf := newMemoryShelf()
	opt := Options{Shelf: shelf}
	path := write(t, "x.zip", bundle.zip(t))
	first, _ := scanAgain(t, opt, Input{Path: path, Label: "x.zip"})
	shelf.files = record(first.Sources)

	other := tree{{"new/y.zip", bundle.zip(t)}, {"z.log", "LINES\nnew\n"}}.folder(t)
	got, s := scanAgain(t, opt, Input{Path: other, Label: "case"})
	if n := s.run.Unpacked(); n > 0 {
		t.Errorf("%d bytes were unpacked", n)
	}
	var want result
	for _, src := range first.Sources {
		src.Path = "case/new/y.zip" + strings.TrimPrefix(src.Path, "x.zip")
		src.Root = map[bool]string{true: "case/new/y.zip", false: "case"}[src.Root == "x.zip"]
		src.Recalled = true
		want.Sources = append(want.Sources, src)
	}
	for _, m := range first.Messages {
		want.Messages = append(want.Messages, "case/new/y.zip"+strings.TrimPrefix(m, "x.zip"))
	}
	fresh := got.Sources[len(got.Sources)-1]
	want.Sources = append(want.Sources, fresh)
	want.Messages = append(want.Messages, "case/z.log: new")
	if diff := cmp.Diff(want, got); diff != "" || fresh.Recalled || fresh.Kept == "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	// What was recorded can be replayed beside what is read.
	mixed, _ := scanAgain(t, opt, Input{Recorded: shelf.files}, Input{Path: filepath.Join(other, "z.log"), Label: "z.log"})
	if n := len(mixed.Sources); n != len(first.Sources)+1 || mixed.Sources[n-1].Path != "z.log" || mixed.Sources[n-1].Root != "." {
		t.Errorf("%d sources, the last is %+v", n, mixed.Sources[n-1])
	}
}

func TestRecallStandardInput(t *testing.T) {
	shelf := newMemoryShelf()
	scanInput := func() (result, *scan) {
		s := newScan([]Input{{Path: "-", Label: "input"}}, Options{Shelf: shelf})
		s.formats, s.stdin = lineLog, strings.NewReader(bundle.zip(t))
		sources, messages := collectScan(t.Context(), s)
		return result{sources, messages}, s
	}
	first, _ := scanInput()
	shelf.files = record(first.Sources)
	again, s := scanInput()
	if diff := cmp.Diff(first, again, butRecalled); diff != "" || !again.Sources[0].Recalled || again.Sources[0].Path != "input" {
		t.Errorf("recalled %v, %s", again.Sources[0].Recalled, diff)
	}
	if n, size := s.run.Unpacked(), int64(len(bundle.zip(t))); n != size {
		t.Errorf("%d bytes were unpacked; %d came in", n, size)
	}
}

// A shelf that fails costs nothing but what it would have kept.
func TestShelfFails(t *testing.T) {
	path := write(t, "x.zip", append(tree{{"long", "LINES\n" + strings.Repeat("x\n", 20_000)}}, bundle...).zip(t))
	for _, workers := range []int{1, 8} {
		want, _ := scanAgain(t, Options{Workers: workers}, Input{Path: path})
		for name, shelf := range map[string]*memoryShelf{"full": {full: 10}, "commits": {noCommits: true}} {
			shelf.kept = map[string][]byte{}
			got, _ := scanAgain(t, Options{Workers: workers, Shelf: shelf}, Input{Path: path})
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(event.Source{}, "Kept", "SHA256")); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
			for _, src := range got.Sources {
				if wasKept := name == "full" && src.Format == "lines" && src.Size <= 10; (src.Kept != "") != wasKept {
					t.Errorf("%s: %s of %d bytes is kept as %q", name, src.Path, src.Size, src.Kept)
				}
			}
			// What was not kept is read again.
			shelf.full, shelf.noCommits, shelf.files = 0, false, record(got.Sources)
			mended, _ := scanAgain(t, Options{Workers: workers, Shelf: shelf}, Input{Path: path})
			checkKept(t, shelf, mended.Sources)
		}
	}
}

// A shelf that is damaged is a loss of the sources that it damages, until the
// bundle is given again.
func TestShelfDamaged(t *testing.T) {
	long := "LINES\n" + strings.Repeat("0123456789abcde\n", 1000)
	path := write(t, "x.zip", tree{{"a", long + "a\n"}, {"b", long + "b\n"}, {"c", long + "c\n"}, {"d", long + "d\n"}, {"e", long + "e\n"}}.zip(t))
	shelf := newMemoryShelf()
	opt := Options{Shelf: shelf}
	first, _ := scanAgain(t, opt, Input{Path: path, Label: "x.zip"})
	shelf.files = record(first.Sources)
	name := func(i int) string { return first.Sources[i].Kept }
	delete(shelf.kept, name(1))
	shelf.kept[name(2)] = []byte(long)
	shelf.bad = map[string]int64{name(3): 10_000, name(4): 2}

	const again = "; give what it came in again"
	want := []string{
		"x.zip | zip",
		"x.zip!/a | lines | kept true: what was kept of it can't be read: file does not exist" + again,
		"x.zip!/b | lines | kept true: what was kept of it can't be read: it has 16006 bytes, and had 16008" + again,
		"x.zip!/c | lines | kept true: what was kept of it can't be read: frame is damaged" + again,
		"x.zip!/d | lines | kept true: what was kept of it can't be read: frame is damaged" + again,
		"x.zip!/e | lines",
	}
	var damaged result
	for _, in := range []Input{{Path: path, Label: "x.zip"}, {Recorded: shelf.files}} {
		damaged, _ = scanAgain(t, opt, in)
		if diff := cmp.Diff(want, briefs(damaged.Sources, "/")); diff != "" {
			t.Error(diff)
		}
		var records []uint64
		for _, src := range damaged.Sources {
			records = append(records, src.Records)
		}
		if diff := cmp.Diff([]uint64{0, 0, 0, 625, 0, 1001}, records); diff != "" {
			t.Errorf("records: %s", diff)
		}
		if at := damaged.Sources[3].Damage[0].Offset; at != 10_000 {
			t.Errorf("damaged at %d", at)
		}
	}
	shelf.files = record(damaged.Sources)
	mended, _ := scanAgain(t, opt, Input{Path: path, Label: "x.zip"})
	if diff := cmp.Diff(first, mended); diff != "" {
		t.Errorf("not mended: %s", diff)
	}
	replayed, _ := scanAgain(t, opt, Input{Recorded: shelf.files})
	if diff := cmp.Diff(first, replayed, butRecalled); diff != "" {
		t.Errorf("the damage stays: %s", diff)
	}
}

// What a limit on all files decided is decided anew.
func TestNoRecallAfterLimit(t *testing.T) {
	limits := archive.DefaultLimits()
	limits.Entries = 3
	path := write(t, "x.zip", bundle.zip(t))
	shelf := newMemoryShelf()
	cut, _ := scanAgain(t, Options{Shelf: shelf, Limits: limits}, Input{Path: path})
	shelf.files = record(cut.Sources)
	if len(cut.Sources) != 4 {
		t.Fatalf("%d sources", len(cut.Sources))
	}
	whole, _ := scanAgain(t, Options{Shelf: shelf}, Input{Path: path})
	if len(whole.Sources) != 8 || whole.Sources[0].Recalled {
		t.Errorf("%d sources", len(whole.Sources))
	}
	replayed, _ := scanAgain(t, Options{Shelf: shelf}, Input{Recorded: shelf.files})
	if diff := cmp.Diff(cut, replayed, butRecalled); diff != "" {
		t.Error(diff)
	}
}

// An interrupted scan leaves nothing open, neither while keeping nor while
// replaying.
func TestShelfInterrupted(t *testing.T) {
	var files tree
	for i := range 100 {
		files = append(files, struct{ name, data string }{fmt.Sprintf("f%03d", i), "LINES\n" + strings.Repeat(fmt.Sprint(i, "\n"), 5000)})
	}
	path := write(t, "x.zip", files.zip(t))
	shelf := newMemoryShelf()
	first, _ := scanAgain(t, Options{Shelf: shelf}, Input{Path: path})
	files2 := record(first.Sources)
	for _, in := range []Input{{Path: path}, {Recorded: files2}} {
		for _, after := range []int{1, 2, 30, 90} {
			ctx, cancel := context.WithCancel(t.Context())
			shelf := &memoryShelf{kept: shelf.kept, files: nil}
			s := newScan([]Input{in}, Options{Shelf: shelf, Workers: 4})
			s.formats = lineLog
			var interruptions int
			s.each(ctx, func(b event.Batch) bool {
				if b.Last && b.Source.Err == interrupted {
					interruptions++
					if b.Source.Kept != "" && b.Source.SHA256 != b.Source.Kept {
						t.Errorf("%s is kept, but not whole", b.Source.Path)
					}
				}
				if b.Source.ID >= after {
					cancel()
				}
				return true
			})
			if interruptions == 0 || shelf.open != 0 {
				t.Errorf("after %d: %d interrupted, %d left open", after, interruptions, shelf.open)
			}
		}
	}
}

// A case may hold no path of the machine.
func TestInputLabels(t *testing.T) {
	dir := tree{{"in/a.log", "LINES\na\n"}, {"in/b.zip", tree{{"c.log", "LINES\nc\n"}}.zip(t)}, {"d.zip", tree{{"e.log", "LINES\ne\n"}}.zip(t)}}.folder(t)
	got, _ := scanAgain(t, Options{},
		Input{Path: filepath.Join(dir, "in"), Label: "bundle"},
		Input{Path: filepath.Join(dir, "d.zip"), Label: "d (2).zip"},
		Input{Path: filepath.Join(dir, "in", "a.log"), Label: "a.log"},
		Input{Path: filepath.Join(dir, "missing"), Label: "missing"})
	var paths []string
	for _, src := range got.Sources {
		paths = append(paths, src.Root+" "+src.Path)
	}
	want := []string{"bundle bundle/a.log", "bundle bundle/b.zip", "bundle/b.zip bundle/b.zip!/c.log",
		". d (2).zip", "d (2).zip d (2).zip!/e.log", ". a.log", ". missing"}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(fmt.Sprintf("%+v", got), dir) {
		t.Errorf("a path of the machine: %+v", got)
	}
	none, _ := scanAgain(t, Options{}, Input{Label: "an empty folder"})
	typed, _ := scanAgain(t, Options{}, Input{})
	if len(none.Sources) != 0 || len(typed.Sources) != 1 || typed.Sources[0].Err == "" {
		t.Errorf("nothing recorded gives %v, an empty path %v", none.Sources, typed.Sources)
	}
}

// Archives that were given have a hash where there is a shelf to know them by.
func TestHashOfArchives(t *testing.T) {
	dir := tree{{"a.zip", bundle.zip(t)}, {"b.zip", tree{{"i.zip", bundle.zip(t)}}.zip(t)}, {"c.7z", "7z\xbc\xaf\x27\x1c\x00\x04"}}.folder(t)
	got, _ := scanAgain(t, Options{Shelf: newMemoryShelf()}, Input{Path: dir, Label: "d"})
	for _, src := range got.Sources {
		if !archive.IsFormat(src.Format) {
			continue
		}
		want := ""
		if data, err := os.ReadFile(filepath.Join(dir, strings.TrimPrefix(src.Path, "d/"))); err == nil {
			h := newHashing(bytes.NewReader(data), nil)
			h.drain()
			want = h.sum()
		}
		if src.SHA256 != want {
			t.Errorf("%s: %q, want %q", src.Path, src.SHA256, want)
		}
	}
}

// The bytes of a recalled file and of its logs count, each once.
func TestShelfProgress(t *testing.T) {
	shelf := newMemoryShelf()
	dir := tree{{"a.zip", bundle.zip(t)}, {"b.tgz", gz(t, bundle.tar(t))}, {"c/d.log", "LINES\nc\n"}, {"e.txt", "no log"}}.folder(t)
	first, _ := scanAgain(t, Options{Shelf: shelf}, Input{Path: dir})
	shelf.files = record(first.Sources)
	for _, in := range []Input{{Path: dir}, {Recorded: shelf.files}} {
		var p Progress
		scanAgain(t, Options{Shelf: shelf, Progress: &p}, in)
		if done, total := p.BytesDone.Load(), p.BytesTotal.Load(); done != total || total == 0 {
			t.Errorf("done %d of %d bytes", done, total)
		}
	}
}

// With All, every event comes, and Relevant counts what it always counts.
func TestAll(t *testing.T) {
	dir := sharedData(t)
	inputs := []string{filepath.Join(dir, "ts-evtx"), filepath.Join(dir, "splunk-attack-data")}
	type count struct {
		Path                      string
		Events, Records, Relevant uint64
	}
	scanned := func(seq func(func(event.Batch) bool)) (counts []count, sources []event.Source) {
		events := map[int]uint64{}
		for b := range seq {
			events[b.Source.ID] += uint64(len(b.Events))
			if b.Last {
				counts = append(counts, count{b.Source.Path, events[b.Source.ID], b.Source.Records, b.Source.Relevant})
				sources = append(sources, *b.Source)
			}
		}
		return counts, sources
	}
	shelf := newMemoryShelf()
	relevant, _ := scanned(Scan(t.Context(), inputs, Options{Interest: interest}))
	everything, sources := scanned(Scan(t.Context(), inputs, Options{Interest: interest, All: true, Shelf: shelf}))
	decoded := uint64(0)
	for i, all := range everything {
		decoded += all.Events
		if is := relevant[i].Relevant; is != all.Relevant {
			t.Errorf("%s: %d relevant with All, %d without", all.Path, all.Relevant, is)
		}
	}
	if decoded < 9_000 {
		t.Errorf("only %d events", decoded)
	}
	shelf.files = record(sources)
	recalled, _ := scanned(Scan(t.Context(), inputs, Options{Interest: interest, All: true, Shelf: shelf}))
	if diff := cmp.Diff(relevant, recalled); diff != "" {
		t.Errorf("recalled with All (-without +recalled):\n%s", diff)
	}
	again, _ := scanned(Replay(t.Context(), shelf.files, Options{Interest: interest, All: true, AllAgain: true, Shelf: shelf}))
	if diff := cmp.Diff(everything, again); diff != "" {
		t.Errorf("replayed with AllAgain (-first +again):\n%s", diff)
	}
}

// All real logs come out of a shelf as they went in: events, facts and sources.
func TestReplayRealLogs(t *testing.T) {
	dir := sharedData(t)
	shelf := newMemoryShelf()
	collect := func(seq func(func(event.Batch) bool)) (events map[string][]event.Event, sources []event.Source) {
		events = map[string][]event.Event{}
		for b := range seq {
			events[b.Source.Path] = append(events[b.Source.Path], b.Events...)
			if b.Last {
				sources = append(sources, *b.Source)
			}
		}
		return events, sources
	}
	opt := Options{Interest: interest, Shelf: shelf}
	wantEvents, wantSources := collect(Scan(t.Context(), []string{dir}, opt))
	shelf.files = record(wantSources)
	for name, seq := range map[string]func(func(event.Batch) bool){
		"recalled": Scan(t.Context(), []string{dir}, opt),
		"replayed": Replay(t.Context(), shelf.files, opt),
	} {
		events, sources := collect(seq)
		if diff := cmp.Diff(wantSources, sources, butRecalled); diff != "" {
			t.Errorf("%s: sources: %s", name, diff)
		}
		if diff := cmp.Diff(wantEvents, events); diff != "" {
			t.Errorf("%s: events: %s", name, diff)
		}
		n := 0
		for _, src := range sources {
			if src.Recalled && src.Format == "evtx" {
				n++
			}
		}
		if n < 340 {
			t.Errorf("%s: %d logs", name, n)
		}
	}
}

// Only what was wholly found, and decided by the file alone, stands for it.
func TestStandsFor(t *testing.T) {
	log := event.Source{Format: "evtx", Kept: "x"}
	with := func(change func(*event.Source)) []event.Source {
		s := log
		change(&s)
		return []event.Source{{Format: "zip"}, s}
	}
	for name, c := range map[string]struct {
		sources []event.Source
		want    bool
	}{
		"nothing":    {nil, false},
		"an archive": {[]event.Source{{Format: "tar.gz"}}, true},
		"a log":      {with(func(s *event.Source) {}), true},
		"not kept":   {with(func(s *event.Source) { s.Kept = "" }), false},
		"an error":   {with(func(s *event.Source) { s.Err = interrupted }), false},
		"skipped":    {with(func(s *event.Source) { *s = event.Source{Skipped: empty} }), true},
		"encrypted": {with(func(s *event.Source) {
			*s = event.Source{Damage: []event.Damage{{Kind: event.DamageEncrypted, Lost: true}}}
		}), true},
		"damaged":      {with(func(s *event.Source) { s.Damage = []event.Damage{{Kind: event.DamageTruncated, Lost: true}} }), true},
		"a limit":      {with(func(s *event.Source) { s.Damage = []event.Damage{{Kind: event.DamageLimit, Lost: true}} }), false},
		"shelf damage": {with(func(s *event.Source) { s.Damage = []event.Damage{{Kind: event.DamageKept, Lost: true}} }), false},
	} {
		if got := standsFor(c.sources); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestMembersOfAnInterruptedArchive: when a scan ends between an archive's last
// batch and its members, these are yielded as interrupted, and not forgotten.
func TestMembersOfAnInterruptedArchive(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := newScan(nil, Options{Workers: 1})
	n := &node{path: "x.zip", root: "."}
	n.read = func(n *node) {
		n.child("x.zip!/a.evtx").read = (*node).finish // a worker may begin before it sees the end
		n.finish()
		cancel()
	}
	s.queue.insert(nil, []*node{n})
	var got []string
	s.each(ctx, func(b event.Batch) bool {
		if b.Last {
			got = append(got, b.Source.Path+" "+b.Source.Err)
		}
		return true
	})
	// The emitter may meet the interruption first; then nothing is known of it.
	if len(got) == 1 && got[0] == "x.zip interrupted" {
		return
	}
	if diff := cmp.Diff([]string{"x.zip ", "x.zip!/a.evtx interrupted"}, got); diff != "" {
		t.Error(diff)
	}
}
