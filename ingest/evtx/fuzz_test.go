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
	switch r.IntN(10) {
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

// TestMutations spoils logs some thousand times. Whatever happens to some
// chunks, the events of the others are all still found, in little time and
// memory.
func TestMutations(t *testing.T) {
	logs := [][]byte{
		evtxtest.Write(manyXML(1, 120), evtxtest.PerChunk(20)),
		evtxtest.Write(manyXML(1, 60), evtxtest.PerChunk(20), evtxtest.Direct()),
	}
	for _, name := range []string{"python-evtx/dns_log_malformed.evtx", "splunk-attack-data/dc-Application.evtx"} {
		if log, err := os.ReadFile(filepath.Join(realData, filepath.FromSlash(name))); err == nil {
			logs = append(logs, log[:min(len(log), fileHeaderSize+2*chunkSize)])
		}
	}
	var wholes [][]event.Event
	for _, log := range logs {
		whole, _ := readAll(t, log, Options{})
		wholes = append(wholes, whole)
	}
	rounds := 3000
	if testing.Short() {
		rounds = 300
	}
	r := rand.New(rand.NewPCG(1, 2))
	var before, after runtime.MemStats
	for i := range rounds {
		log, whole := logs[i%len(logs)], wholes[i%len(logs)]
		spoilt, touched := mutate(log, r)
		runtime.ReadMemStats(&before)
		start := time.Now()
		events, _ := readAll(t, spoilt, Options{})
		runtime.ReadMemStats(&after)
		if spent := time.Since(start); spent > 2*time.Second {
			t.Errorf("mutation %d took %v", i, spent)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
			t.Errorf("mutation %d took %d MiB", i, used>>20)
		}
		found := map[string]bool{}
		for _, e := range events {
			found[identity(&e)] = true
		}
		for _, e := range whole {
			if !touched[int(e.Offset-fileHeaderSize)/chunkSize] && !found[identity(&e)] {
				t.Fatalf("mutation %d: record %d of a sound chunk is lost", i, e.Record)
			}
		}
	}
}

// identity tells events apart by what they say, not by where they stand.
func identity(e *event.Event) string {
	return fmt.Sprint(e.Record, e.Time, e.Provider, e.ID, e.Computer, e.Channel, e.Fields)
}
