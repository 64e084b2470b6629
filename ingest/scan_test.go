package ingest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vsswhy/vsswhy/ingest/archive"
	"github.com/vsswhy/vsswhy/ingest/archive/cab/cabtest"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// lineLog is a format for tests: the line "LINES", and then one event a line.
var lineLog = []format{{sniff: is("lines", func(head []byte) bool { return strings.HasPrefix(string(head), "LINES\n") }), read: readLines}}

func readLines(ctx context.Context, in input, src *event.Source) iter.Seq2[[]event.Event, []event.Fact] {
	return func(yield func([]event.Event, []event.Fact) bool) {
		text, err := io.ReadAll(in.r)
		if err != nil {
			src.Err = err.Error()
		}
		for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")[1:] {
			src.Records++
			if !yield([]event.Event{{Record: uint64(i + 1), Message: line}}, nil) {
				return
			}
		}
	}
}

// A tree is the files of a folder or archive: path and content, in order.
type tree []struct{ name, data string }

func (t tree) folder(tb testing.TB) string {
	dir := tb.TempDir()
	for _, f := range t {
		name := filepath.Join(dir, filepath.FromSlash(f.name))
		check(tb, os.MkdirAll(filepath.Dir(name), 0o755))
		check(tb, os.WriteFile(name, []byte(f.data), 0o644))
	}
	return dir
}

func (t tree) zip(tb testing.TB) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range t {
		m, err := w.Create(f.name)
		check(tb, err)
		io.WriteString(m, f.data)
	}
	check(tb, w.Close())
	return b.String()
}

func (t tree) tar(tb testing.TB) string {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range t {
		check(tb, w.WriteHeader(&tar.Header{Name: f.name, Size: int64(len(f.data)), Mode: 0o644}))
		io.WriteString(w, f.data)
	}
	check(tb, w.Close())
	return b.String()
}

// cab makes a cabinet, with the backslashes that cabinets have.
func (t tree) cab() string {
	var names, contents []string
	for _, f := range t {
		names, contents = append(names, strings.ReplaceAll(f.name, "/", `\`)), append(contents, f.data)
	}
	return string(cabtest.Make(cabtest.MSZIP, names, contents...).Bytes())
}

func gz(tb testing.TB, data string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, data)
	check(tb, w.Close())
	return b.String()
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func write(tb testing.TB, name, data string) string {
	name = filepath.Join(tb.TempDir(), name)
	check(tb, os.WriteFile(name, []byte(data), 0o644))
	return name
}

// collect runs a scan with lineLog and returns the sources and all messages,
// each as "path: message".
func collect(tb testing.TB, opt Options, paths ...string) (sources []event.Source, messages []string) {
	return collectScan(tb.Context(), newTestScan(paths, opt))
}

func newTestScan(paths []string, opt Options) *scan {
	inputs := make([]Input, len(paths))
	for i, p := range paths {
		inputs[i].Path = p
	}
	s := newScan(inputs, opt)
	s.formats = lineLog
	return s
}

func collectScan(ctx context.Context, s *scan) (sources []event.Source, messages []string) {
	s.each(ctx, func(b event.Batch) bool {
		for _, e := range b.Events {
			if e.Source != b.Source.ID {
				panic("event of another source")
			}
			messages = append(messages, b.Source.Path+": "+e.Message)
		}
		if b.Last {
			sources = append(sources, *b.Source)
		}
		return true
	})
	return sources, messages
}

// brief is a source in one line, without its path's first part.
func brief(s event.Source, root string) string {
	line := strings.TrimPrefix(s.Path, filepath.ToSlash(root)+"/")
	for _, part := range []string{s.Format, s.Skipped, s.Err} {
		if part != "" {
			line += " | " + part
		}
	}
	for _, d := range s.Damage {
		line += fmt.Sprintf(" | %s %v: %s", d.Kind, d.Lost, d.Detail)
	}
	return line
}

func briefs(sources []event.Source, root string) (lines []string) {
	for _, s := range sources {
		lines = append(lines, brief(s, root))
	}
	return lines
}

var bundle = tree{
	{"b.log", "LINES\nb1\nb2\n"},
	{"a/z.log", "LINES\nz\n"},
	{"a.log", "LINES\na\n"},
	{"a/notes.txt", "nothing\n"},
	{".hidden", "LINES\nh\n"},
	{"empty.log", ""},
	{"a%4b.log", "LINES\np\n"},
}

var bundleMessages = []string{".hidden: h", "a/z.log: z", "a%4b.log: p", "a.log: a", "b.log: b1", "b.log: b2"}

// A folder, a zip and a tar of the same files give the same sources.
func TestSameSources(t *testing.T) {
	for _, c := range []struct{ name, path, container string }{
		{"folder", bundle.folder(t), ""},
		{"zip", write(t, "bundle.zip", bundle.zip(t)), "zip"},
		{"tar", write(t, "bundle.tar", bundle.tar(t)), "tar"},
		{"tar.gz", write(t, "bundle.tar.gz", gz(t, bundle.tar(t))), "tar.gz"},
		{"zip in zip", write(t, "o.zip", tree{{"i.zip", bundle.zip(t)}}.zip(t)), "zip"},
		{"tar.gz in zip", write(t, "o.zip", tree{{"i.tgz", gz(t, bundle.tar(t))}}.zip(t)), "tar.gz"},
		{"cab", write(t, "bundle.cab", bundle.cab()), "cab"},
		{"cab in zip", write(t, "o.zip", tree{{"i.cab", bundle.cab()}}.zip(t)), "cab"},
		{"zip in cab", write(t, "o.cab", tree{{"i.zip", bundle.zip(t)}}.cab()), "zip"},
		{"zip in tar.gz", write(t, "o.tgz", gz(t, tree{{"i.zip", bundle.zip(t)}}.tar(t))), "zip"},
	} {
		checkBundle(t, c.name, c.path, c.container, Options{})
	}
}

// checkBundle checks that a path has what the bundle has, by itself or in
// archives, the innermost of which is container.
func checkBundle(t *testing.T, name, path, container string, opt Options) {
	want := []string{
		".hidden | lines", "a/notes.txt | " + notALog, "a/z.log | lines",
		"a%4b.log | lines", "a.log | lines", "b.log | lines", "empty.log | " + empty,
	}
	for _, opt.Workers = range []int{1, 8} {
		t.Run(fmt.Sprintf("%s/%d", name, opt.Workers), func(t *testing.T) {
			sources, messages := collect(t, opt, path)
			root := path
			for i, s := range sources {
				if s.ID != i+1 {
					t.Errorf("source %d has ID %d", i, s.ID)
				}
			}
			if container != "" {
				for len(sources) > 0 && !strings.HasSuffix(sources[0].Path, "hidden") {
					root = sources[0].Path + "!"
					if s := sources[0]; s.Lost() || s.Root == "" {
						t.Errorf("container is %+v", s)
					}
					sources = sources[1:]
				}
				if root == path {
					t.Fatal("no container source")
				}
			}
			if diff := cmp.Diff(want, briefs(sources, root)); diff != "" {
				t.Error(diff)
			}
			for i := range messages {
				messages[i] = strings.TrimPrefix(messages[i], filepath.ToSlash(root)+"/")
			}
			if diff := cmp.Diff(bundleMessages, messages); diff != "" {
				t.Error(diff)
			}
			for _, s := range sources {
				if s.Root != filepath.ToSlash(path) {
					t.Errorf("%s has root %s, want %s", s.Path, s.Root, path)
				}
			}
		})
	}
}

// What is yielded does not depend on the number of workers.
func TestDeterministic(t *testing.T) {
	var files tree
	for i := range 300 {
		lines := "LINES\n" + strings.Repeat(fmt.Sprintf("line of %d\n", i), i%40)
		files = append(files, struct{ name, data string }{fmt.Sprintf("f%03d", i), lines})
	}
	for i := range 10 {
		part := files[i*30 : (i+1)*30]
		files = append(files, struct{ name, data string }{fmt.Sprintf("f%03d.zip", i*7), part.zip(t)})
	}
	dir := files.folder(t)
	wantSources, wantMessages := collect(t, Options{Workers: 1}, dir, dir)
	if len(wantMessages) < 10000 {
		t.Fatalf("only %d messages", len(wantMessages))
	}
	for _, workers := range []int{2, 3, 16} {
		sources, messages := collect(t, Options{Workers: workers}, dir, dir)
		if diff := cmp.Diff(wantSources, sources); diff != "" {
			t.Errorf("%d workers: %s", workers, diff)
		}
		if !slices.Equal(wantMessages, messages) {
			t.Errorf("%d workers: other messages", workers)
		}
	}
}

func TestHash(t *testing.T) {
	testHash(t, "LINES\na\n")
	testHash(t, "LINES\n"+strings.Repeat("0123456", largeLog/6)+"\n")
}

func testHash(t *testing.T, text string) {
	want := event.Source{Format: "lines", Size: int64(len(text)), Records: 1, SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(text)))}
	in := tree{{"x", text}}
	dir := in.folder(t)
	for _, p := range []string{filepath.Join(dir, "x"), write(t, "a.zip", in.zip(t)), write(t, "a.tar", in.tar(t)), write(t, "x.gz", gz(t, text))} {
		for _, unhashed := range []bool{false, true} {
			progress := new(Progress)
			sources, _ := collect(t, Options{Workers: 2, Unhashed: unhashed, Progress: progress}, p)
			want, got := want, sources[len(sources)-1]
			if unhashed {
				want.SHA256 = ""
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(event.Source{}, "ID", "Path", "Root")); diff != "" {
				t.Errorf("%s: %s", got.Path, diff)
			}
			if done, total := progress.BytesDone.Load(), progress.BytesTotal.Load(); done != total {
				t.Errorf("%s: %d of %d bytes are done", got.Path, done, total)
			}
		}
	}
}

func TestLabels(t *testing.T) {
	dir := tree{{"NODE-A/System.evtx", "LINES\n"}, {"c.zip", tree{{`NODE-B\System.evtx`, "LINES\n"}, {"d.zip", tree{{"e", "LINES\n"}}.zip(t)}}.zip(t)}}.folder(t)
	t.Chdir(dir)
	var got [][2]string
	for _, p := range []string{".", "NODE-A", "NODE-A/", "NODE-A/System.evtx", "./c.zip"} {
		sources, _ := collect(t, Options{}, p)
		for _, s := range sources {
			got = append(got, [2]string{s.Path, s.Root})
		}
	}
	want := [][2]string{
		{"NODE-A/System.evtx", "."},
		{"c.zip", "."},
		{"c.zip!/NODE-B/System.evtx", "c.zip"},
		{"c.zip!/d.zip", "c.zip"},
		{"c.zip!/d.zip!/e", "c.zip"},
		{"NODE-A/System.evtx", "NODE-A"},
		{"NODE-A/System.evtx", "NODE-A"},
		{"NODE-A/System.evtx", "NODE-A"},
		{"c.zip", "."},
		{"c.zip!/NODE-B/System.evtx", "c.zip"},
		{"c.zip!/d.zip", "c.zip"},
		{"c.zip!/d.zip!/e", "c.zip"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNamed(t *testing.T) {
	dir := tree{{"notes.txt", "nothing\n"}, {"empty", ""}, {"x.7z", "7z\xbc\xaf\x27\x1c\x00\x04"}}.folder(t)
	for name, want := range map[string]string{
		"notes.txt": "notes.txt | " + notALog,
		"empty":     "empty | " + empty,
		"missing":   "missing | no such file or folder",
		"x.7z":      "x.7z | 7z | truncated true: ends within its first 32 bytes",
	} {
		sources, _ := collect(t, Options{}, filepath.Join(dir, name))
		if diff := cmp.Diff([]string{want}, briefs(sources, dir)); diff != "" {
			t.Error(diff)
		}
		if !sources[0].Lost() {
			t.Errorf("%s: not a loss", name)
		}
	}
}

func TestStandardInput(t *testing.T) {
	s := newTestScan([]string{"-"}, Options{})
	s.stdin = strings.NewReader(bundle.zip(t))
	sources, _ := collectScan(t.Context(), s)
	want := []string{
		"- | zip", "-!/.hidden | lines", "-!/a/notes.txt | " + notALog, "-!/a/z.log | lines", "-!/a%4b.log | lines",
		"-!/a.log | lines", "-!/b.log | lines", "-!/empty.log | " + empty,
	}
	if diff := cmp.Diff(want, briefs(sources, "")); diff != "" {
		t.Error(diff)
	}
}

func nest(tb testing.TB, levels int) string {
	data := tree{{"x.log", "LINES\nx\n"}}.zip(tb)
	for range levels - 1 {
		data = tree{{"n.zip", data}}.zip(tb)
	}
	return data
}

func TestDepth(t *testing.T) {
	for _, c := range []struct {
		levels int
		want   string
	}{
		{8, "lines"},
		{9, "limit true: archives nested more than 8 deep are not opened"},
	} {
		sources, _ := collect(t, Options{}, write(t, "n.zip", nest(t, c.levels)))
		if got := brief(sources[len(sources)-1], ""); !strings.HasSuffix(got, c.want) {
			t.Errorf("%d levels: %s, want %s", c.levels, got, c.want)
		}
	}
}

func TestLimits(t *testing.T) {
	log := "LINES\n" + strings.Repeat("0123456789abcde\n", 1000)
	var files tree
	for i := range 6 {
		files = append(files, struct{ name, data string }{fmt.Sprint("f", i), log})
	}
	limits := archive.DefaultLimits()
	limits.Output, limits.OutputRatio = 40_000, 0
	dir := tree{{"a.zip", files.zip(t)}, {"b.log", log}, {"c.zip", files.zip(t)}}.folder(t)
	for _, workers := range []int{1, 4} {
		sources, _ := collect(t, Options{Limits: limits, Workers: workers}, dir)
		want := []string{
			"a.zip | zip", "a.zip!/f0 | lines", "a.zip!/f1 | lines", "a.zip!/f2 | lines",
			fmt.Sprintf("a.zip!/f3 | limit true: 48018 bytes have been unpacked, and no more are for an input of %d bytes: this member and the 2 after it are not read", len(files.zip(t))),
			"b.log | lines", "c.zip | zip",
			fmt.Sprintf("c.zip!/f0 | limit true: 48018 bytes have been unpacked, and no more are for an input of %d bytes: this member and the 5 after it are not read", 2*len(files.zip(t))),
		}
		if diff := cmp.Diff(want, briefs(sources, dir)); diff != "" {
			t.Errorf("%d workers: %s", workers, diff)
		}
	}

	limits = archive.DefaultLimits()
	limits.Entries = 8
	for _, workers := range []int{1, 4} {
		sources, _ := collect(t, Options{Limits: limits, Workers: workers}, dir)
		want := []string{
			"a.zip | zip", "a.zip!/f0 | lines", "a.zip!/f1 | lines", "a.zip!/f2 | lines", "a.zip!/f3 | lines", "a.zip!/f4 | lines", "a.zip!/f5 | lines",
			"b.log | lines",
			"c.zip | zip | limit true: all archives together have more than 8 members: the last 4 of this one are not read",
			"c.zip!/f0 | lines", "c.zip!/f1 | lines",
		}
		if diff := cmp.Diff(want, briefs(sources, dir)); diff != "" {
			t.Errorf("%d workers: %s", workers, diff)
		}
	}
}

func TestCancel(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	var files tree
	for i := range 200 {
		files = append(files, struct{ name, data string }{fmt.Sprintf("f%03d", i), "LINES\n" + strings.Repeat("x\n", 50)})
	}
	limits := archive.DefaultLimits()
	limits.Memory = 0
	path := write(t, "a.tgz", gz(t, files.tar(t)))
	ctx, cancel := context.WithCancel(t.Context())
	s := newTestScan([]string{path, path}, Options{Workers: 4, Limits: limits})
	sources := map[string]int{}
	var start time.Time
	s.each(ctx, func(b event.Batch) bool {
		if b.Last {
			sources[b.Source.Err]++
		}
		if b.Source.ID == 50 && b.Last {
			cancel()
			start = time.Now()
		}
		return true
	})
	if d := time.Since(start); d > time.Second {
		t.Errorf("stopped after %v", d)
	}
	if sources[""] < 50 || sources[interrupted] < 140 || len(sources) != 2 {
		t.Errorf("sources by error: %v", sources)
	}
	if left, _ := os.ReadDir(temp); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A consumer that has enough ends the scan.
func TestBreak(t *testing.T) {
	dir := bundle.folder(t)
	for range newTestSeq(t.Context(), dir) {
		break
	}
}

func newTestSeq(ctx context.Context, paths ...string) iter.Seq[event.Batch] {
	return func(yield func(event.Batch) bool) { newTestScan(paths, Options{}).each(ctx, yield) }
}

// A source without progress is given up, and the others are read.
func TestStall(t *testing.T) {
	dir := bundle.folder(t)
	s := newTestScan([]string{"-", filepath.Join(dir, "a.log")}, Options{Workers: 1})
	hang, unhang := io.Pipe()
	defer unhang.Close()
	s.stdin, s.stall = hang, time.Second
	s.queue.first().slow = false
	sources, _ := collectScan(t.Context(), s)
	want := []string{"- | no progress for 1s", "a.log | lines"}
	if diff := cmp.Diff(want, briefs(sources, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestProgress(t *testing.T) {
	var p Progress
	dir := tree{{"a.zip", bundle.zip(t)}, {"b.tgz", gz(t, bundle.tar(t))}, {"c/d/e.log", "LINES\nc\n"}}.folder(t)
	_, messages := collect(t, Options{Progress: &p}, dir)
	if done, total := p.BytesDone.Load(), p.BytesTotal.Load(); done != total || total == 0 {
		t.Errorf("done %d of %d bytes", done, total)
	}
	if int(p.Events.Load()) != len(messages) || p.Sources.Load() != 17 {
		t.Errorf("%d events, %d sources", p.Events.Load(), p.Sources.Load())
	}
}
