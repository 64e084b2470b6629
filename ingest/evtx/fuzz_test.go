package evtx

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/evtx/evtxtest"
)

// checkLog reads a log in two ways, and checks what holds for any bytes.
func checkLog(t *testing.T, log []byte) ([]event.Event, *event.Source) {
	t.Helper()
	start := time.Now()
	events, src := readFrom(t, bytes.NewReader(log), int64(len(log)), Options{Workers: 2})
	if spent, limit := time.Since(start), time.Second+time.Duration(len(log))*time.Microsecond; spent > limit {
		t.Errorf("%d bytes took %v", len(log), spent)
	}
	again, srcAgain := readFrom(t, readerOnly{bytes.NewReader(log)}, -1, Options{})
	if !reflect.DeepEqual(events, again) || !reflect.DeepEqual(src, srcAgain) { // faster than cmp
		t.Errorf("at once and in order:\n%s%s", brief(cmp.Diff(events, again)), brief(cmp.Diff(src, srcAgain)))
	}
	if src.Records+src.Recovered < src.Undecodable || src.Relevant != uint64(len(events)) ||
		src.Records+src.Recovered-src.Undecodable != src.Relevant {
		t.Errorf("records %d, recovered %d, undecodable %d, relevant %d", src.Records, src.Recovered, src.Undecodable, src.Relevant)
	}
	if !slices.IsSortedFunc(events, func(a, b event.Event) int { return int(a.Offset - b.Offset) }) {
		t.Error("events are not in the order of the log")
	}
	none, srcNone := readAll(t, log, Options{Interest: &event.Interest{}})
	if len(none) > 0 || srcNone.Records != src.Records || srcNone.Recovered != src.Recovered {
		t.Errorf("without interest: %d events, %d records", len(none), srcNone.Records)
	}
	return events, src
}

// A readerOnly hides that a reader is an io.ReaderAt.
type readerOnly struct{ r *bytes.Reader }

func (r readerOnly) Read(b []byte) (int, error) { return r.r.Read(b) }

// smallLogs are logs that end behind their last record.
func smallLogs() [][]byte {
	var logs [][]byte
	for _, opts := range [][]evtxtest.Option{nil, {evtxtest.Direct()}, {evtxtest.Dirty(), evtxtest.BadSizeCopy(1)}} {
		log := evtxtest.Write([]byte(sampleXML), opts...)
		logs = append(logs, log[:fileHeaderSize+int(le.Uint32(log[fileHeaderSize+48:]))])
	}
	return logs
}

func FuzzRead(f *testing.F) {
	for _, log := range smallLogs() {
		f.Add(log)
	}
	f.Fuzz(func(t *testing.T, log []byte) {
		if len(log) <= 4<<20 {
			checkLog(t, log)
		}
	})
}

// FuzzChunk reads a chunk whose checksums are right, so that nothing but its
// records is at fault. The chunk is given without its end.
func FuzzChunk(f *testing.F) {
	for _, log := range smallLogs() {
		f.Add(log[fileHeaderSize:])
	}
	header := evtxtest.Write(nil)[:fileHeaderSize]
	f.Fuzz(func(t *testing.T, chunk []byte) {
		log := make([]byte, fileHeaderSize+chunkSize)
		copy(log, header)
		copy(log[fileHeaderSize:], chunk)
		evtxtest.Fix(log)
		_, src := checkLog(t, log)
		for _, d := range src.Damage {
			if d.Kind == event.DamageChunkChecksum && le.Uint32(log[fileHeaderSize+120:])&flagNoCRC == 0 {
				t.Errorf("checksums were fixed, but: %v", d)
			}
		}
	})
}

// FuzzBinXML reads a record of any XML.
func FuzzBinXML(f *testing.F) {
	for _, log := range smallLogs()[:2] {
		all, _ := readAll(f, log, Options{})
		for _, e := range all[:1] { // names and templates in line stand where they stood
			size, _ := sizeAt(log, int(e.Offset))
			f.Add(log[e.Offset+recordHeaderSize : int(e.Offset)+size-4])
		}
	}
	f.Fuzz(func(t *testing.T, xml []byte) {
		if len(xml) < chunkSize-1024 {
			_, src := checkLog(t, evtxtest.WriteBinary(func(int) []byte { return xml }))
			if src.Records != 1 {
				t.Errorf("%d records", src.Records)
			}
		}
	})
}

// FuzzValue shows values of any type and size.
func FuzzValue(f *testing.F) {
	for typ := range 256 {
		f.Add(byte(typ), []byte("\x01\x05\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00abcdefghijklmnop"))
	}
	f.Fuzz(func(t *testing.T, typ byte, data []byte) {
		v := value{typ, data}
		text := v.appendText(nil)
		if max := 64 + 4*len(data); v.typ&typeArray == 0 && len(text) > max {
			t.Errorf("%d bytes of text for %d of data", len(text), len(data))
		}
		prefix := []byte("x")
		if with := v.appendText(prefix); !bytes.Equal(with[1:], text) {
			t.Errorf("%q behind something, else %q", with[1:], text)
		}
		for rest := (value{typ | typeArray, data}); len(rest.data) > 0; {
			before := len(rest.data)
			if _, ok := rest.next(); !ok || len(rest.data) >= before {
				t.Fatalf("no progress in an array of type %#x", typ)
			}
		}
	})
}

// mutate spoils a log in one to some places, and returns the chunks that it
// touched. At times it makes the checksums right again: what was spoilt then
// looks as if Windows had written it, and all chunks of the block are touched,
// as they share templates.
func mutate(log []byte, r *rand.Rand) ([]byte, map[int]bool) {
	touched := map[int]bool{}
	touch := func(off int) int {
		touched[(off-fileHeaderSize+chunkSize)/chunkSize-1] = true
		return off
	}
	chunks := (len(log) - fileHeaderSize) / chunkSize
	switch r.IntN(12) {
	case 2, 3: // a chunk is zeroed, or another stands in its place
		a, b := r.IntN(chunks), r.IntN(chunks)
		spoilt := slices.Clone(log)
		touched[a] = true
		place := spoilt[fileHeaderSize+a*chunkSize:][:chunkSize]
		if copy(place, log[fileHeaderSize+b*chunkSize:]); r.IntN(2) == 0 {
			clear(place)
		}
		return spoilt, touched
	case 0:
		n := r.IntN(len(log))
		for i := max(0, (n-fileHeaderSize)/chunkSize); i < chunks; i++ {
			touched[i] = true
		}
		return log[:n], touched
	case 1:
		a, b := r.IntN(chunks), r.IntN(chunks)
		swapped := slices.Clone(log)
		copy(swapped[fileHeaderSize+a*chunkSize:][:chunkSize], log[fileHeaderSize+b*chunkSize:])
		copy(swapped[fileHeaderSize+b*chunkSize:][:chunkSize], log[fileHeaderSize+a*chunkSize:])
		return swapped, touched
	}
	log = slices.Clone(log)
	for range 1 + r.IntN(64) {
		off := touch(fileHeaderSize + r.IntN(len(log)-fileHeaderSize))
		if r.IntN(2) == 0 { // where it hurts: in the used space
			c := r.IntN(chunks)
			off = touch(fileHeaderSize + c*chunkSize + r.IntN(4096))
		}
		switch r.IntN(4) {
		case 0:
			log[off] ^= 1 << r.IntN(8)
		case 1:
			log[off] = byte(r.IntN(256))
		case 2:
			off -= off % 2
			le.PutUint16(log[off:], []uint16{0, 1, 0x7fff, 0xffff, 0x0c0f, 0x210e}[r.IntN(6)])
		case 3:
			clear(log[off:min(off+r.IntN(200), len(log))])
			touch(min(off+200, len(log)-1))
		}
	}
	if r.IntN(3) == 0 {
		evtxtest.Fix(log)
		for i := range chunks {
			touched[i] = true
		}
	}
	return log, touched
}

// mutations is how many logs are spoilt: by default so many as take little time.
func mutations() int {
	if n, err := strconv.Atoi(os.Getenv("VSSWHY_MUTATIONS")); err == nil {
		return n
	}
	if testing.Short() {
		return 300
	}
	return 16_000
}

// mutants are logs of some chunks: synthetic ones, and the beginnings of real ones.
func mutants() (logs [][]byte) {
	for _, opts := range [][]evtxtest.Option{
		{evtxtest.PerChunk(20)}, {evtxtest.PerChunk(20), evtxtest.Direct()}, {evtxtest.PerChunk(7), evtxtest.NoCRC()}, {evtxtest.PerChunk(15), evtxtest.Dirty(), evtxtest.Minor(2)},
	} {
		logs = append(logs, evtxtest.Write(manyXML(1, 60), opts...))
	}
	files, _ := filepath.Glob(filepath.Join(realData, "*", "*.evtx"))
	for _, file := range files {
		log, err := os.ReadFile(file)
		if err == nil && len(log) >= fileHeaderSize+chunkSize {
			chunks := min(3, (len(log)-fileHeaderSize)/chunkSize)
			logs = append(logs, log[:fileHeaderSize+chunks*chunkSize])
		}
	}
	return logs
}

// allocated is how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestMutations spoils logs some thousand times. Whatever happens to some
// chunks, the events of the others are all still found, in little time and
// memory.
func TestMutations(t *testing.T) {
	logs := mutants()
	var wholes [][]event.Event
	for _, log := range logs {
		whole, _ := readAll(t, log, Options{})
		wholes = append(wholes, whole)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range mutations() {
		spoilt, touched := mutate(logs[i%len(logs)], r)
		checkMutant(t, fmt.Sprint("mutation ", i), spoilt, wholes[i%len(logs)], touched)
	}
	t.Logf("%d logs", len(logs))
}

// TestCuts cuts a log at every 512th byte: all events before the cut are there.
func TestCuts(t *testing.T) {
	log := evtxtest.Write(manyXML(1, 60), evtxtest.PerChunk(20))
	whole, _ := readAll(t, log, Options{})
	for n := 0; n < len(log); n += 512 {
		events, src := readAll(t, log[:n], Options{})
		want := 0
		for _, e := range whole {
			if end := e.Offset + int64(le.Uint32(log[e.Offset+4:])); end <= int64(n) {
				want++
			}
		}
		if len(events) != want || want < len(whole) && !src.Lost() {
			t.Errorf("cut at %d: %d events, want %d; lost: %v", n, len(events), want, src.Lost())
		}
	}
}

func checkMutant(t *testing.T, name string, log []byte, whole []event.Event, touched map[int]bool) {
	t.Helper()
	var events []event.Event
	start := time.Now()
	used := allocated(func() { events, _ = readAll(t, log, Options{}) })
	if spent := time.Since(start); spent > 2*time.Second {
		t.Errorf("%s took %v", name, spent)
	}
	if used > 64<<20 {
		t.Errorf("%s took %d MiB", name, used>>20)
	}
	found := map[eventIdentity]bool{}
	for i := range events {
		found[identityOf(&events[i])] = true
	}
	for i := range whole {
		if e := &whole[i]; !touched[int(e.Offset-fileHeaderSize)/chunkSize] && !found[identityOf(e)] {
			t.Fatalf("%s: record %d of a sound chunk is lost", name, e.Record)
		}
	}
}

// An eventIdentity tells events of one log apart by what they say.
type eventIdentity struct {
	record             uint64
	time               int64
	provider, computer string
	id                 uint32
	fields             int
	last               event.Field
}

func identityOf(e *event.Event) eventIdentity {
	i := eventIdentity{e.Record, e.Time.UnixNano(), e.Provider, e.Computer, e.ID, len(e.Fields), event.Field{}}
	if len(e.Fields) > 0 {
		i.last = e.Fields[len(e.Fields)-1]
	}
	return i
}

// identity tells events apart by what they say, not by where they stand.
func identity(e *event.Event) string {
	return fmt.Sprint(e.Record, e.Time, e.Provider, e.ID, e.Computer, e.Channel, e.Fields)
}
