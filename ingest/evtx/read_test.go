package evtx

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/evtx/evtxtest"
)

func ids(events []event.Event) []uint64 {
	var list []uint64
	for _, e := range events {
		list = append(list, e.Record)
	}
	return list
}

func numbers(first, last uint64) []uint64 {
	var list []uint64
	for n := first; n <= last; n++ {
		list = append(list, n)
	}
	return list
}

// without returns numbers(1, 10) less some.
func without(out ...uint64) []uint64 {
	return slices.DeleteFunc(numbers(1, 10), func(n uint64) bool { return slices.Contains(out, n) })
}

// TestDamage reads logs of ten records in two chunks with one defect each.
func TestDamage(t *testing.T) {
	type damage struct {
		Kind   event.DamageKind
		Offset int64
		Lost   bool
	}
	const first, second = fileHeaderSize, fileHeaderSize + chunkSize
	whole := evtxtest.Write(manyXML(1, 10), evtxtest.PerChunk(5))
	all, _ := readAll(t, whole, Options{})
	at := func(record int) int64 { return all[record].Offset }
	tests := []struct {
		name        string
		opt         evtxtest.Option
		want        []uint64 // ids of the events
		records     uint64
		undecodable uint64
		recovered   uint64
		damage      []damage
	}{
		{"dirty", evtxtest.Dirty(), without(), 10, 0, 0, []damage{{event.DamageDirty, 120, false}}},
		{"version", evtxtest.Minor(7), without(), 10, 0, 0, []damage{{event.DamageFileHeader, 36, false}}},
		{"file checksum", evtxtest.BadFileChecksum(), without(), 10, 0, 0, []damage{{event.DamageFileHeader, 124, false}}},
		{"no file header", evtxtest.NoFileHeader(), without(), 10, 0, 0, []damage{{event.DamageFileHeader, 0, false}}},
		{"too few chunks in the header", evtxtest.HeaderChunks(1), without(), 10, 0, 0, []damage{{event.DamageFileHeader, 42, false}}},
		{"too many chunks in the header", evtxtest.HeaderChunks(3), without(), 10, 0, 0, []damage{{event.DamageTruncated, second + chunkSize, true}}},
		{"checksum of a chunk header", evtxtest.BadHeaderChecksum(0), without(), 10, 0, 0, []damage{{event.DamageChunkChecksum, first + 124, false}}},
		{"checksum of the records", evtxtest.BadDataChecksum(1), without(), 10, 0, 0, []damage{{event.DamageChunkChecksum, second + 52, false}}},
		{"no checksums", evtxtest.NoCRC(), without(), 10, 0, 0, nil},
		{"zero chunk", evtxtest.ZeroChunk(0), numbers(6, 10), 5, 0, 0, []damage{{event.DamageFileHeader, 42, true}}},
		{"zeros at the end", evtxtest.ZeroChunk(1), numbers(1, 5), 5, 0, 0, []damage{{event.DamageFileHeader, 42, true}}},
		{"chunk magic", evtxtest.BadChunkMagic(0), numbers(6, 10), 5, 0, 0,
			[]damage{{event.DamageChunkMagic, first, true}, {event.DamageFileHeader, 42, true}}},
		{"free space before the records", evtxtest.Free(0, 0), numbers(6, 10), 5, 0, 0, nil},
		{"free space behind the chunk", evtxtest.Free(0, 1<<31), without(), 10, 0, 0, nil},
		{"record magic", evtxtest.BadMagic(2), without(3), 4 - 2 + 5, 0, 2, []damage{{event.DamageRecord, at(2), true}}},
		{"record size 0", evtxtest.BadSize(2, 0), without(3), 7, 0, 2, []damage{{event.DamageRecord, at(2), true}}},
		{"record size too small", evtxtest.BadSize(2, 27), without(3), 7, 0, 2, []damage{{event.DamageRecord, at(2), true}}},
		{"record size too large", evtxtest.BadSize(2, 1<<31), without(3), 7, 0, 2, []damage{{event.DamageRecord, at(2), true}}},
		{"record size within", evtxtest.BadSize(2, 64), without(3), 8, 1, 2, []damage{{event.DamageRecord, at(2), true}}},
		{"copy of the size", evtxtest.BadSizeCopy(2), without(3), 10, 1, 0, []damage{{event.DamageRecord, at(2), true}}},
		{"copy of the size, last record", evtxtest.BadSizeCopy(9), without(10), 10, 1, 0, []damage{{event.DamageRecord, at(9), true}}},
		{"broken XML", evtxtest.Broken(7), without(8), 10, 1, 0, []damage{{event.DamageRecord, at(7), true}}},
		{"missing template", evtxtest.MissingTemplate(3), without(4), 10, 1, 0, []damage{{event.DamageRecord, at(3), true}}},
		{"values past the end", evtxtest.Patch(3, func(r []byte) {
			le.PutUint16(r[38+4:], 0xffff)
		}), without(4), 10, 1, 0, []damage{{event.DamageRecord, at(3), true}}},
		{"too few values", evtxtest.Patch(3, func(r []byte) { le.PutUint32(r[38:], 2) }), without(4), 10, 1, 0,
			[]damage{{event.DamageRecord, at(3), true}}},
		{"cut behind a record", evtxtest.Truncate(int(at(7))), numbers(1, 7), 7, 0, 0, []damage{{event.DamageTruncated, at(7), true}}},
		{"cut within a record", evtxtest.Truncate(int(at(7)) + 60), numbers(1, 7), 7, 0, 0, []damage{{event.DamageTruncated, at(7) + 60, true}}},
		{"cut within a chunk header", evtxtest.Truncate(second + 100), numbers(1, 5), 5, 0, 0, []damage{{event.DamageTruncated, second + 100, true}}},
		{"cut between chunks", evtxtest.Truncate(second), numbers(1, 5), 5, 0, 0, []damage{{event.DamageTruncated, second, true}}},
		{"cut in the free space", evtxtest.Truncate(-100), without(), 10, 0, 0, []damage{{event.DamageTruncated, second + chunkSize - 100, false}}},
		{"cut within the file header", evtxtest.Truncate(1000), nil, 0, 0, 0, []damage{{event.DamageTruncated, 1000, true}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			events, src := readAll(t, evtxtest.Write(manyXML(1, 10), evtxtest.PerChunk(5), tt.opt), Options{})
			if diff := cmp.Diff(tt.want, ids(events)); diff != "" {
				t.Errorf("ids, -want +got:\n%s", diff)
			}
			var got []damage
			for _, d := range src.Damage {
				got = append(got, damage{d.Kind, d.Offset, d.Lost})
			}
			if diff := cmp.Diff(tt.damage, got); diff != "" {
				t.Errorf("damage, -want +got:\n%s%v", diff, src.Damage)
			}
			counts := [3]uint64{src.Records, src.Undecodable, src.Recovered}
			if want := [3]uint64{tt.records, tt.undecodable, tt.recovered}; counts != want {
				t.Errorf("records, undecodable, recovered: %v, want %v", counts, want)
			}
			if src.Err != "" {
				t.Errorf("error %q", src.Err)
			}
		})
	}
}

// TestCutWhileOpen cuts logs that were copied while Windows wrote to them: their
// header may count too few chunks, and never too many.
func TestCutWhileOpen(t *testing.T) {
	const whole = fileHeaderSize + 2*chunkSize
	for _, tt := range []struct {
		said uint16
		size int
		lost bool
	}{
		{2, whole, false},
		{1, whole, false},
		{2, fileHeaderSize + chunkSize, true},
		{1, fileHeaderSize + chunkSize, false}, // as it is when it is new
		{2, whole - 100, true},
		{1, whole - 100, true},
		{2, fileHeaderSize, true},
		{0, fileHeaderSize, true},
		{3, whole, true},
	} {
		log := evtxtest.Write(manyXML(1, 10), evtxtest.PerChunk(5), evtxtest.Dirty(), evtxtest.HeaderChunks(tt.said), evtxtest.Truncate(tt.size))
		if _, src := readAll(t, log, Options{}); src.Lost() != tt.lost {
			t.Errorf("%d chunks said, %d bytes: %+v", tt.said, tt.size, src.Damage)
		}
	}
	if _, src := readAll(t, evtxtest.Write(manyXML(1, 10), evtxtest.NoFileHeader(), evtxtest.Truncate(-100)), Options{}); !src.Lost() {
		t.Errorf("cut, and without a header: %+v", src.Damage)
	}
}

// TestSlack puts a whole record behind the free-space offset: it is left over
// from an earlier use of the chunk, and must not come up again.
func TestSlack(t *testing.T) {
	log := evtxtest.Write(manyXML(1, 3))
	all, _ := readAll(t, log, Options{})
	chunk := log[fileHeaderSize:]
	le.PutUint32(chunk[48:], uint32(all[2].Offset-fileHeaderSize))
	evtxtest.Fix(log)
	events, src := readAll(t, log, Options{})
	if diff := cmp.Diff([]uint64{1, 2}, ids(events)); diff != "" || len(src.Damage) > 0 {
		t.Errorf("damage %v, ids:\n%s", src.Damage, diff)
	}
}

// TestDamageIsBounded reads a log with more defects than are listed.
func TestDamageIsBounded(t *testing.T) {
	var opts []evtxtest.Option
	for i := range 1500 {
		opts = append(opts, evtxtest.Broken(i))
	}
	_, src := readAll(t, evtxtest.Write(manyXML(1, 1600), opts...), Options{})
	last := src.Damage[len(src.Damage)-1]
	detail := fmt.Sprintf("%d more defects", src.Undecodable-1000)
	want := event.Damage{Kind: event.DamageLimit, Offset: -1, Detail: detail, Lost: true}
	if src.Undecodable < 1500 || len(src.Damage) != 1001 || last != want {
		t.Errorf("undecodable %d, %d defects, last %v", src.Undecodable, len(src.Damage), last)
	}
}

func TestNoLog(t *testing.T) {
	for _, s := range []string{"", "ElfFile", strings.Repeat("x", 5000)} {
		events, src := readAll(t, []byte(s), Options{})
		if len(events) != 0 || src.Err == "" {
			t.Errorf("%.10q: %d events, error %q", s, len(events), src.Err)
		}
	}
}

// TestInterest reads only what is wanted, by name or classic source, in any
// case; the streams count all.
func TestInterest(t *testing.T) {
	log := evtxtest.Write([]byte(sampleXML))
	tests := []struct {
		name string
		want func(in *event.Interest)
		ids  []uint64
	}{
		{"nothing", func(*event.Interest) {}, nil},
		{"a provider", func(in *event.Interest) { in.Want("vss") }, []uint64{5001}},
		{"an id", func(in *event.Interest) { in.Want("VSS", 8194) }, []uint64{5001}},
		{"another id", func(in *event.Interest) { in.Want("VSS", 8193) }, nil},
		{"a literal provider", func(in *event.Interest) { in.Want("microsoft-windows-hyper-v-VMMS", 10104) }, []uint64{101}},
		{"a classic source", func(in *event.Interest) { in.Want("EVENTLOG", 6005) }, []uint64{7}},
		{"a prefix", func(in *event.Interest) { in.Want("Microsoft-*") }, []uint64{101, 7}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := &event.Interest{}
			tt.want(in)
			events, src := readAll(t, log, Options{Interest: in})
			if diff := cmp.Diff(tt.ids, ids(events)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if src.Records != 3 || src.Relevant != uint64(len(tt.ids)) || len(src.Streams) != 3 {
				t.Errorf("%d records, %d relevant, %d streams", src.Records, src.Relevant, len(src.Streams))
			}
		})
	}
}

// TestStreams reads the chunks of a ring buffer: the newest come first, some
// ids repeat, and some are missing.
func TestStreams(t *testing.T) {
	xml := slices.Concat(manyXML(21, 10), manyXML(1, 10), manyXML(8, 5), manyXML(15, 3))
	_, src := readAll(t, evtxtest.Write(xml, evtxtest.PerChunk(7)), Options{Interest: &event.Interest{}})
	second := func(n int) time.Time { return time.Date(2010, 3, 1, 0, 0, n, 0, time.UTC) }
	want := []event.Stream{{
		Computer: "HOST", Channel: "System", Records: 28,
		First: second(1), Last: second(30), FirstID: 1, LastID: 30,
		Gaps: []event.Gap{
			{AfterID: 12, BeforeID: 15, From: second(12), To: second(15)},
			{AfterID: 17, BeforeID: 21, From: second(17), To: second(21)},
		},
		Providers: []string{"P0", "P1", "P2"},
	}}
	if diff := cmp.Diff(want, src.Streams); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestUndecodableLeavesGap: what could not be read covers nothing.
func TestUndecodableLeavesGap(t *testing.T) {
	_, src := readAll(t, evtxtest.Write(manyXML(1, 10), evtxtest.Broken(4)), Options{})
	if len(src.Streams) != 1 || len(src.Streams[0].Gaps) != 1 || src.Streams[0].Gaps[0].AfterID != 4 {
		t.Errorf("streams %v", src.Streams)
	}
}

// TestHeaderStandsIn reads a record whose System has neither id nor time.
func TestHeaderStandsIn(t *testing.T) {
	written := time.Date(2012, 1, 2, 3, 4, 5, 600, time.UTC)
	log := evtxtest.WriteBinary(func(at int) []byte {
		a := &assembler{at: at}
		a.event(func() {})
		return a.b
	})
	header := log[fileHeaderSize+chunkHeaderSize:]
	le.PutUint64(header[8:], 77)
	le.PutUint64(header[16:], uint64(written.Unix()+11644473600)*1e7+6)
	events, _ := readAll(t, log, Options{})
	if len(events) != 1 || events[0].Record != 77 || !events[0].Time.Equal(written) {
		t.Errorf("got %v", events)
	}
	le.PutUint64(header[16:], 0)
	if events, _ := readAll(t, log, Options{}); len(events) != 1 || !events[0].Time.IsZero() {
		t.Errorf("got %v", events)
	}
}

// bigLog is a log of some blocks, with some damage.
func bigLog() []byte {
	return evtxtest.Write(manyXML(1, 4000), evtxtest.PerChunk(80),
		evtxtest.Broken(1000), evtxtest.BadMagic(1500), evtxtest.BadSizeCopy(2500),
		evtxtest.ZeroChunk(20), evtxtest.BadChunkMagic(30), evtxtest.BadDataChecksum(40), evtxtest.Truncate(-1000))
}

// readFrom reads a log from some reader.
func readFrom(t testing.TB, r io.Reader, size int64, opt Options) ([]event.Event, *event.Source) {
	t.Helper()
	src := &event.Source{ID: 1}
	var events []event.Event
	for batch := range Read(context.Background(), r, size, src, opt) {
		if len(batch) == 0 {
			t.Error("an empty batch")
		}
		events = append(events, batch...)
	}
	return events, src
}

// TestSameResult reads a log in every way that there is.
func TestSameResult(t *testing.T) {
	log := bigLog()
	size := int64(len(log))
	type result struct {
		Events []event.Event
		Source *event.Source
	}
	read := func(r io.Reader, size int64, workers int) result {
		events, src := readFrom(t, r, size, Options{Workers: workers})
		return result{events, src}
	}
	want := read(bytes.NewReader(log), size, 1)
	if len(want.Events) < 3700 {
		t.Fatalf("only %d events", len(want.Events))
	}
	for name, got := range map[string]result{
		"8 workers":       read(bytes.NewReader(log), size, 8),
		"3 workers":       read(bytes.NewReader(log), size, 3),
		"stream":          read(iotest.OneByteReader(bytes.NewReader(log)), -1, 0),
		"stream, size":    read(iotest.HalfReader(bytes.NewReader(log)), size, 0),
		"reader, no size": read(bytes.NewReader(log), -1, 4),
	} {
		if !reflect.DeepEqual(want, got) { // faster than cmp
			t.Errorf("%s:\n%s", name, brief(cmp.Diff(want, got)))
		}
	}
}

// TestStop leaves the sequence early, in every way, and looks for workers left.
func TestStop(t *testing.T) {
	log := bigLog()
	before := runtime.NumGoroutine()
	for range 20 {
		for range Read(context.Background(), bytes.NewReader(log), int64(len(log)), &event.Source{}, Options{Workers: 4}) {
			break
		}
		ctx, cancel := context.WithCancel(context.Background())
		src := &event.Source{}
		batches := 0
		for range Read(ctx, bytes.NewReader(log), int64(len(log)), src, Options{Workers: 4}) {
			batches++
			cancel()
		}
		cancel()
		if src.Err != context.Canceled.Error() {
			t.Fatalf("error %q after %d batches", src.Err, batches)
		}
	}
	after := runtime.NumGoroutine()
	for end := time.Now().Add(10 * time.Second); after > before && time.Now().Before(end); after = runtime.NumGoroutine() {
		time.Sleep(10 * time.Millisecond) // one that has handed over its last may not be gone yet
	}
	if after > before {
		t.Errorf("%d goroutines, were %d", after, before)
	}
}

// A failingReader fails behind some bytes.
type failingReader struct {
	*bytes.Reader
	good int64
}

var errDisk = errors.New("disk on fire")

func (r failingReader) ReadAt(b []byte, off int64) (int, error) {
	if off >= r.good {
		return 0, errDisk
	}
	n, err := r.Reader.ReadAt(b[:min(int64(len(b)), r.good-off)], off)
	if n < len(b) {
		err = errDisk
	}
	return n, err
}

func TestReadErrors(t *testing.T) {
	log := bigLog()
	size := int64(len(log))
	for name, tt := range map[string]struct {
		r    io.Reader
		size int64
		want string
	}{
		"disk":          {failingReader{bytes.NewReader(log), 1 << 20}, size, "reading at offset 1048576: disk on fire"},
		"disk, early":   {failingReader{bytes.NewReader(log), 0}, size, "reading at offset 0: disk on fire"},
		"file shrank":   {bytes.NewReader(log[:1<<20]), size, "the log ends at offset 1048576, but was said to have"},
		"stream":        {io.MultiReader(bytes.NewReader(log[:1<<20]), iotest.ErrReader(errDisk)), -1, "reading at offset 1048576: disk on fire"},
		"short stream":  {iotest.HalfReader(bytes.NewReader(log[:1<<20])), size, "the log ends at offset 1048576, but was said to have"},
		"empty, stated": {bytes.NewReader(nil), 100, "not an EVTX log"},
		"zeros":         {bytes.NewReader(make([]byte, 1<<20)), 1 << 20, "not an EVTX log"},
		"text":          {strings.NewReader(strings.Repeat("no log\n", 1<<16)), 7 << 16, "not an EVTX log"},
	} {
		t.Run(name, func(t *testing.T) {
			_, src := readFrom(t, tt.r, tt.size, Options{Workers: 2})
			if !strings.HasPrefix(src.Err, tt.want) {
				t.Errorf("error %q, want %q", src.Err, tt.want)
			}
		})
	}
}

// TestSkippingAllocatesNothing reads chunks of records that nobody wants, with
// templates and without.
func TestSkippingAllocatesNothing(t *testing.T) {
	for name, opts := range map[string][]evtxtest.Option{"templates": nil, "direct": {evtxtest.Direct()}} {
		t.Run(name, func(t *testing.T) {
			raw := evtxtest.Write(manyXML(1, 100), opts...)
			l := &log{src: &event.Source{}, opt: Options{Interest: benchInterest()}}
			w := l.newWorker()
			defer w.release()
			w.out = &block{}
			chunk := raw[fileHeaderSize:][:chunkSize]
			if n := testing.AllocsPerRun(50, func() { w.readChunk(chunk) }); n != 0 {
				t.Errorf("%v allocations for %d records", n, 100)
			}
			if w.out.undecodable > 0 || w.out.records < 1000 || len(w.out.events) > 0 {
				t.Errorf("%d records, %d undecodable, %d events", w.out.records, w.out.undecodable, len(w.out.events))
			}
		})
	}
}
