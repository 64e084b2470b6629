package evtx

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/evtx/evtxtest"
)

// trapTests says which tests hold what is particular in real logs: the trap, then
// the tests, of this package or of another folder, with the name of a subtest
// behind a slash.
var trapTests = []struct {
	trap  string
	tests []string
}{
	{"a dirty header has stale counts", []string{"TestDamage/dirty", "TestDamage/too few chunks in the header"}},
	{"the header's number of chunks wraps at 65,536", []string{"TestManyChunks"}},
	{"wrong counts, garbage flags, wrong checksum of the file header; versions 3.1 and 3.2", []string{"TestTraps/garbage in the flags", "TestDamage/file checksum", "TestRoundTrip/version 3.2"}},
	{"a size that is no whole number of chunks", []string{"TestTraps/a truncated copy", "TestDamage/cut within a record"}},
	{"zero chunks in the middle, data without a chunk header, foreign data", []string{"TestDamage/zero chunk", "TestTraps/chunks without magic that hold records", "TestTraps/chunks of foreign data"}},
	{"a chunk without records", []string{"TestDamage/free space before the records"}},
	{"checksums wrong or not kept", []string{"TestDamage/checksum of a chunk header", "TestDamage/checksum of the records", "TestTraps/checksums are not kept", "TestTraps/a bad string table"}},
	{"a free-space offset that is too large", []string{"TestDamage/free space behind the chunk", "TestRoundTrip/free too far"}},
	{"records behind the used space", []string{"TestSlack", "TestRemains", "TestRemainsOnce", "TestRealRemains"}},
	{"a ring buffer", []string{"TestTraps/a ring buffer", "TestStreams", "../:TestAroundRing"}},
	{"fewer chunks than the header says", []string{"TestDamage/too many chunks in the header"}},
	{"files of messages beside the log", []string{"../mta:TestEventViewer", "../:TestMessages"}},
	{"a record of size 0, too small, or past its chunk", []string{"TestDamage/record size 0", "TestDamage/record size too small", "TestDamage/record size too large", "TestTraps/a record of size 0"}},
	{"a copy of the size that differs", []string{"TestDamage/copy of the size", "TestDamage/record size within"}},
	{"no magic in the middle of the used space", []string{"TestDamage/record magic"}},
	{"a record header without time, and with another number", []string{"TestSelection", "TestHeaderStandsIn"}},
	{"gaps in the ids, ids that go down or repeat", []string{"TestStreams", "TestUndecodableLeavesGap"}},
	{"padding behind the values, values past the end", []string{"TestTemplates/more values than needed", "TestDamage/values past the end"}},
	{"seven digits of a second", []string{"TestTraps/full precision of time"}},
	{"templates out of bounds or missing", []string{"TestMalformed/template outside", "TestMalformed/template missing", "TestDamage/missing template"}},
	{"one GUID, two forms of the definition", []string{"TestRealRoundTrip", "TestLibevtx"}},
	{"no dependency ids outside of template definitions", []string{"TestRoundTrip/direct", "TestTraps/a record without a template", "TestNested/element"}},
	{"an element that depends on a NULL", []string{"TestTemplates/dependency on a NULL drops the element"}},
	{"empty attributes", []string{"TestWindowsExport"}},
	{"nested fragments of all kinds", []string{"TestNested/fragment", "TestNested/two fragments", "TestNested/nothing", "TestTraps/several fragments in one value"}},
	{"NULL with a size", []string{"TestValueText/null with a size", "TestTemplates/dependency on a NULL that has a size"}},
	{"arrays of every type", []string{"TestValueText/uint64s", "TestValueText/strings", "TestComplexData"}},
	{"sizes of 4 and 8 bytes", []string{"TestValueText/size of 4 bytes", "TestTraps/sizes of 4 bytes"}},
	{"SYSTEMTIME, and a FILETIME of 0", []string{"TestValueText/systemtime", "TestValueText/filetime zero", "TestTraps/SYSTEMTIME"}},
	{"a SID of a wrong size", []string{"TestValueText/sid, wrong size"}},
	{"irregular booleans", []string{"TestValueText/bool, irregular", "TestTraps/irregular booleans"}},
	{"ANSI strings, corrupt ones; unknown types", []string{"TestValueText/ansi", "TestTraps/corrupt ANSI strings", "TestValueText/unknown"}},
	{"NULs, control characters, lone surrogates, odd sizes in strings", []string{"TestValueText/string, NUL within", "TestValueText/string, control characters", "TestValueText/string, lone high surrogate", "TestTraps/a lone surrogate", "TestValueText/string, odd size"}},
	{"entities, CDATA, character references, processing instructions, RenderingInfo", []string{"TestTokens/entities", "TestTokens/CDATA", "TestTokens/character reference", "TestTokens/processing instruction", "TestTraps/several fragments in one value", "TestValueText/handle"}},
	{"literals of another type than string", []string{"TestMalformed/literal of another type"}},
	{"depth and expansion", []string{"TestMalformed/too deep", "TestExpansion"}},
	{"a corrupt table of names", []string{"TestNamesWithoutTable"}},
	{"UserData, ComplexData, ProcessingErrorData, events without channel and record id", []string{"TestRoundTrip", "TestComplexData"}},
	{"positional Data", []string{"TestTraps/empty Data elements"}},
	{"Binary", []string{"TestRoundTrip", "TestValueText/binary"}},
	{"qualifiers", []string{"TestClassic"}},
	{"provider by name or by classic source, without regard to case", []string{"TestInterest/a classic source", "TestInterest/a literal provider"}},
	{"an empty Computer", []string{"TestComplexData"}},
	{"one bad file or record does not stop the rest", []string{"TestDamage/broken XML", "../:TestDamagedMembers"}},
	{"names prove nothing", []string{"../:TestRecognised"}},
}

// TestTrapCatalogue: each of the tests that are named is there.
func TestTrapCatalogue(t *testing.T) {
	if len(trapTests) != 45 {
		t.Errorf("%d traps", len(trapTests))
	}
	functions := map[string]map[string]string{} // folder → test → its text
	for _, trap := range trapTests {
		for _, name := range trap.tests {
			dir, name, ok := strings.Cut(name, ":")
			if !ok {
				dir, name = ".", dir
			}
			if functions[dir] == nil {
				functions[dir] = testsIn(t, dir)
			}
			name, sub, _ := strings.Cut(name, "/")
			text, ok := functions[dir][name]
			if !ok || !strings.Contains(text, fmt.Sprintf("%q", sub)) && sub != "" {
				t.Errorf("%s: no test %s %s in %s", trap.trap, name, sub, dir)
			}
		}
	}
}

// testsIn returns the text of each test of a folder.
func testsIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	files, _ := filepath.Glob(filepath.Join(dir, "*_test.go"))
	for _, file := range files {
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(f.Name.Name, "Test") {
				continue
			}
			var literals strings.Builder
			ast.Inspect(f, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					literals.WriteString(lit.Value + "\n")
				}
				return true
			})
			found[f.Name.Name] = literals.String()
		}
	}
	return found
}

// A sparseLog is a log of n chunks, of which the first and the last hold records
// and all others are zeroes.
type sparseLog struct {
	header, chunk []byte
	n             int64
}

func (s *sparseLog) size() int64 { return fileHeaderSize + s.n*chunkSize }

func (s *sparseLog) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF } // it is read at its offsets

func (s *sparseLog) ReadAt(b []byte, off int64) (int, error) {
	clear(b)
	for at, part := range map[int64][]byte{0: s.header, fileHeaderSize: s.chunk, s.size() - chunkSize: s.chunk} {
		if from := max(at, off); from < min(at+int64(len(part)), off+int64(len(b))) {
			copy(b[from-off:], part[from-at:])
		}
	}
	if n := s.size() - off; n < int64(len(b)) {
		return int(n), io.EOF
	}
	return len(b), nil
}

// TestManyChunks reads a log of more than 4 GiB, whose header can't count its
// chunks.
func TestManyChunks(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 4.3 GB of zeroes")
	}
	raw := evtxtest.Write(manyXML(1, 50), evtxtest.PerChunk(50))
	log := &sparseLog{header: raw[:fileHeaderSize], chunk: raw[fileHeaderSize:], n: 65_536 + 3}
	src := &event.Source{}
	var offsets []int64
	for batch := range Read(context.Background(), log, log.size(), src, Options{}) {
		for _, e := range batch {
			offsets = append(offsets, e.Offset)
		}
	}
	if len(offsets) != 100 || src.Records != 100 || src.Lost() || offsets[99] < log.size()-chunkSize {
		t.Errorf("%d events, %+v", len(offsets), src)
	}
}

// TestSelection: a log saved from a selection has other numbers and no times in its
// record headers; System is right.
func TestSelection(t *testing.T) {
	log := evtxtest.Write(manyXML(501, 3))
	want, _ := readAll(t, log, Options{})
	for i := range want {
		header := log[want[i].Offset:]
		le.PutUint64(header[8:], uint64(i+1))
		clear(header[16:24])
	}
	evtxtest.Fix(log)
	got, src := readAll(t, log, Options{})
	if diff := cmp.Diff(want, got); diff != "" || src.Streams[0].FirstID != 501 {
		t.Errorf("%+v\n%s", src, diff)
	}
}

// TestClassic: qualifiers are the upper half of a classic id, and not a part of
// the id.
func TestClassic(t *testing.T) {
	got, _ := readAll(t, evtxtest.Write([]byte(`<Event><System><Provider Name='volsnap'/><EventID Qualifiers='49158'>25</EventID><TimeCreated SystemTime='2010-03-01T22:00:15.0000001Z'/>`+
		`<EventRecordID>1</EventRecordID><Channel>System</Channel><Computer>A</Computer></System><EventData><Data>x</Data></EventData></Event>`)), Options{})
	if len(got) != 1 || got[0].ID != 25 || got[0].Qualifiers != 49158 || got[0].Time.Nanosecond() != 100 {
		t.Errorf("%+v", got)
	}
}

// TestComplexData: what the schema may have beside EventData, events that name no
// computer, and those without channel and record id.
func TestComplexData(t *testing.T) {
	xml := `<Event><System><Provider Name='P'/><EventID>1</EventID><TimeCreated SystemTime='2010-03-01T22:00:15Z'/><Computer></Computer></System>` +
		`<EventData><ComplexData Name='list'>0A</ComplexData><ComplexData Name='list'>0B</ComplexData></EventData></Event>` +
		`<Event><System><Provider Name='P'/><EventID>2</EventID><TimeCreated SystemTime='2010-03-01T22:00:15Z'/></System>` +
		`<SubscriptionBookmarkEvent><SubscriptionId>s</SubscriptionId></SubscriptionBookmarkEvent></Event>`
	got, src := readAll(t, evtxtest.Write([]byte(xml)), Options{})
	if len(got) != 2 || src.Lost() {
		t.Fatalf("%d events, %+v", len(got), src)
	}
	if e := got[0]; e.Computer != "" || len(e.Fields) < 2 || !strings.HasPrefix(e.Fields[0].Name, "ComplexData") {
		t.Errorf("%+v", e)
	}
	if e := got[1]; e.Channel != "" || e.Payload != "SubscriptionBookmarkEvent" || e.Record == 0 {
		t.Errorf("%+v", e)
	}
}

// TestKnownHangs replays what other readers hung or ran out of memory on: each is
// read in little time and memory, and said to be damaged.
func TestKnownHangs(t *testing.T) {
	records := evtxtest.Write(manyXML(1, 40), evtxtest.PerChunk(40))
	all, _ := readAll(t, records, Options{})
	at := func(i int) int { return int(all[i].Offset) }
	for name, spoil := range map[string]func(log []byte){
		"a record of size 0":                   func(log []byte) { le.PutUint32(log[at(3)+4:], 0) },
		"records of size 0 all over":           func(log []byte) { fill(log[at(3):fileHeaderSize+chunkSize], "\x2a\x2a\x00\x00\x00\x00\x00\x00") },
		"tiny records all over":                func(log []byte) { fill(log[at(3):fileHeaderSize+chunkSize], "\x2a\x2a\x00\x00\x1c\x00\x00\x00") },
		"a chunk of nothing but its magic":     func(log []byte) { fill(log[fileHeaderSize+8:fileHeaderSize+chunkSize], "\xff") },
		"a string that links to itself":        func(log []byte) { link(log[fileHeaderSize:], 128, 64) },
		"templates that link to themselves":    func(log []byte) { link(log[fileHeaderSize:], 384, 32) },
		"a start element that contains itself": func(log []byte) { fill(log[at(5)+24:at(6)-4], "\x01\x00\x00\x00\x00\x00\x00\x02\x00\x00") },
		"a template that contains itself": func(log []byte) {
			fill(log[at(5)+24:at(6)-4], "\x0c\x01\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00")
		},
		"all names at one offset": func(log []byte) { fill(log[at(2)+40:at(39)], "\x00\x02\x00\x00") },
	} {
		t.Run(name, func(t *testing.T) {
			log := append([]byte(nil), records...)
			spoil(log)
			evtxtest.Fix(log)
			for _, opt := range []Options{{}, {Recover: true}} {
				start := time.Now()
				used := allocated(func() { readAll(t, log, opt) })
				if spent := time.Since(start); spent > 2*time.Second || used > 256<<20 {
					t.Errorf("it took %v and %d MiB", spent, used>>20)
				}
			}
		})
	}
}

func fill(b []byte, with string) {
	for i := range b {
		b[i] = with[i%len(with)]
	}
}

// link makes each entry of a table of a chunk header point at one string or
// template, which points at itself.
func link(chunk []byte, table, entries int) {
	target := chunkHeaderSize + 200
	for i := range entries {
		le.PutUint32(chunk[table+4*i:], uint32(target))
	}
	le.PutUint32(chunk[target:], uint32(target))
}
