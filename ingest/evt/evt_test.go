package evt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/evt/evttest"
)

// records are n records, the first of them the start of the computer.
func records(n int) []evttest.Record {
	list := make([]evttest.Record, n)
	for i := range list {
		list[i] = evttest.Record{
			Number: uint32(i + 7), Time: time.Date(2010, 3, 14, 22, 0, i, 0, time.UTC), ID: 0x80000000 | uint32(6000+i), Type: typeWarning, Category: 3,
			Source: "EventLog", Computer: "GUEST03", Strings: []string{fmt.Sprint("text ", i), strings.Repeat("ü", i%50)}, Data: []byte{1, 0xAB, byte(i)}[:i%4],
			SID: []byte{1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0},
		}
	}
	return list
}

// eventsOf are the events that records must become, but for their offsets.
func eventsOf(list []evttest.Record) []event.Event {
	var out []event.Event
	for _, r := range list {
		e := event.Event{
			Record: uint64(r.Number), Time: r.Time, Computer: r.Computer, Channel: "System", Provider: r.Source, ID: r.ID & 0xffff, Qualifiers: uint16(r.ID >> 16),
			Level: event.LevelWarning, Keywords: keywordClassic, Task: r.Category, UserID: "S-1-5-32-544", Payload: "EventData",
		}
		for _, s := range r.Strings {
			e.Fields = append(e.Fields, event.Field{Value: s})
		}
		if len(r.Data) > 0 {
			e.Fields = append(e.Fields, event.Field{Name: "Binary", Value: strings.ToUpper(fmt.Sprintf("%x", r.Data))})
		}
		out = append(out, e)
	}
	return out
}

func readAll(r io.Reader, opt Options) ([]event.Event, *event.Source) {
	src := new(event.Source)
	var all []event.Event
	for batch := range Read(context.Background(), r, src, opt) {
		all = append(all, batch...)
	}
	return all, src
}

// inOrder sorts events by their numbers and clears the offsets, after a look at
// what stands there.
func inOrder(t *testing.T, data []byte, events []event.Event) []event.Event {
	t.Helper()
	for i := range events {
		if at := events[i].Offset; at < headerSize || at+4 > int64(len(data)) || at+8 <= int64(len(data)) && string(data[at+4:at+8]) != "LfLe" {
			t.Errorf("event %d: no record at offset %d", events[i].Record, at)
		}
		events[i].Offset = 0
	}
	slices.SortStableFunc(events, func(a, b event.Event) int { return int(a.Record) - int(b.Record) })
	return events
}

// TestRing: a log gives the same events wherever in the file its oldest record
// stands, and whether it was closed or not.
func TestRing(t *testing.T) {
	list := records(12)
	want := eventsOf(list)
	straight := (&evttest.Log{Records: list}).Bytes()
	for _, dirty := range []bool{false, true} {
		for size := len(straight); size <= len(straight)+64; size += 64 {
			for start := 0; start < size-headerSize; start += 4 {
				l := evttest.Log{Records: list, Size: size, Start: start, Dirty: dirty}
				if start+len(straight)-headerSize < size && start > 0 {
					continue // a ring that did not go round begins behind the header
				}
				data := l.Bytes()
				events, src := readAll(iotest.OneByteReader(bytes.NewReader(data)), Options{})
				if diff := cmp.Diff(want, inOrder(t, data, events)); diff != "" {
					t.Fatalf("size %d, start %d: -want +got:\n%s", size, start, diff)
				}
				if src.Records != 12 || src.Lost() || (len(src.Damage) > 0) != dirty {
					t.Fatalf("size %d, start %d: %+v", size, start, src)
				}
			}
		}
	}
}

func TestDamage(t *testing.T) {
	list := records(12)
	sizes := make([]int, len(list)+1)
	for i := range list {
		sizes[i+1] = sizes[i] + len(list[i].Bytes())
	}
	at := func(i int) int { return headerSize + sizes[i] }
	for name, tc := range map[string]struct {
		change  func(b []byte) []byte
		missing []int
		want    []string
	}{
		"sound":                  {func(b []byte) []byte { return b }, nil, nil},
		"a broken record":        {func(b []byte) []byte { b[at(5)+4] = 'X'; return b }, []int{5}, []string{fmt.Sprintf("record %d lost: %d bytes are no record", at(5), sizes[6]-sizes[5])}},
		"a size copy":            {func(b []byte) []byte { b[at(6)-1] = 9; return b }, []int{5}, []string{fmt.Sprintf("record %d lost: %d bytes are no record", at(5), sizes[6]-sizes[5])}},
		"the first record":       {func(b []byte) []byte { b[at(0)+4] = 'X'; return b }, []int{0}, []string{fmt.Sprintf("record 48 lost: %d bytes behind the header are no record, and the file does not end within one", sizes[1])}},
		"strings outside":        {func(b []byte) []byte { b[at(3)+37] = 0xff; return b }, []int{3}, []string{fmt.Sprintf("record %d lost: record 10 can't be decoded: its strings do not lie within it", at(3))}},
		"data outside":           {func(b []byte) []byte { b[at(3)+50] = 0xff; return b }, []int{3}, []string{fmt.Sprintf("record %d lost: record 10 can't be decoded: its data does not lie within it", at(3))}},
		"a SID outside":          {func(b []byte) []byte { b[at(3)+42] = 0xff; return b }, []int{3}, []string{fmt.Sprintf("record %d lost: record 10 can't be decoded: its user's SID does not lie within it", at(3))}},
		"cut in a record":        {func(b []byte) []byte { return b[:at(11)+20] }, []int{11}, []string{fmt.Sprintf("truncated %d lost: the log ends within a record", at(11)), fmt.Sprintf("truncated %d lost: there is no end-of-file record: the newest records may be missing", at(11)+20)}},
		"cut behind a record":    {func(b []byte) []byte { return b[:at(11)] }, []int{11}, []string{fmt.Sprintf("truncated %d lost: there is no end-of-file record: the newest records may be missing", at(11))}},
		"cut in the header":      {func(b []byte) []byte { return b[:40] }, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, []string{"truncated 40 lost: the log ends within its header"}},
		"version":                {func(b []byte) []byte { b[8] = 2; return b }, nil, []string{"file-header 8: version 2.1 is not known; read as 1.1"}},
		"old records behind end": {func(b []byte) []byte { return append(b, list[0].Bytes()...) }, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			data := tc.change((&evttest.Log{Records: list}).Bytes())
			events, src := readAll(bytes.NewReader(data), Options{})
			var want []event.Event
			for i, e := range eventsOf(list) {
				if !slices.Contains(tc.missing, i) {
					want = append(want, e)
				}
			}
			if diff := cmp.Diff(want, inOrder(t, data, events)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			var got []string
			for _, d := range src.Damage {
				got = append(got, fmt.Sprintf("%s %d%s: %s", d.Kind, d.Offset, map[bool]string{true: " lost"}[d.Lost], d.Detail))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("damage: -want +got:\n%s", diff)
			}
		})
	}
}

// TestFailingReader: what was read before an error is there, and the error is.
func TestFailingReader(t *testing.T) {
	data := (&evttest.Log{Records: records(12)}).Bytes()
	broken := errors.New("the network is gone")
	events, src := readAll(io.MultiReader(bytes.NewReader(data[:len(data)/2]), iotest.ErrReader(broken)), Options{})
	if len(events) == 0 || src.Err != broken.Error() {
		t.Errorf("%d events, %q", len(events), src.Err)
	}
}

func TestInterest(t *testing.T) {
	in := new(event.Interest)
	in.Want("eventlog", 6009)
	events, src := readAll(bytes.NewReader((&evttest.Log{Records: records(12)}).Bytes()), Options{Interest: in})
	if len(events) != 1 || events[0].ID != 6009 || src.Records != 12 || src.Relevant != 1 || src.Streams[0].Records != 12 {
		t.Errorf("%d events, %+v", len(events), src)
	}
}

func TestChannel(t *testing.T) {
	for name, want := range map[string]string{
		"SysEvent.Evt": "System", "APPEVENT.EVT": "Application", "SecEvent.evt": "Security", "HV01_System.evt": "System", "guest-application.evt": "Application",
		"ecosystem.evt": "", "x.evt": "", "": "",
	} {
		if got := Channel(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestEvtexport compares a real log with what libevt's evtexport reads of it.
func TestEvtexport(t *testing.T) {
	const path = "../../../shared/data/plaso/SysEvent.Evt"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("no real log: %v", err)
	}
	if _, err := exec.LookPath("evtexport"); err != nil {
		t.Skip("no evtexport (Debian package libevt-utils)")
	}
	out, err := exec.Command("evtexport", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	events, src := readAll(bytes.NewReader(data), Options{Channel: Channel(filepath.Base(path))})
	if src.Records != 6063 || src.Undecodable != 0 || src.Lost() {
		t.Errorf("%d records, %d undecodable, damage %v", src.Records, src.Undecodable, src.Damage)
	}
	var got strings.Builder
	for _, e := range inOrder(t, data, events) {
		fmt.Fprintf(&got, "Event number : %d\nCreation time : %s UTC\nEvent type : %s\nComputer name : %s\nSource name : %s\nEvent category : %d\nEvent identifier : %#08x\n",
			e.Record, e.Time.Format("Jan 02, 2006 15:04:05"), kindName(e), e.Computer, e.Provider, e.Task, uint32(e.Qualifiers)<<16|e.ID)
		for _, f := range e.Fields {
			if f.Name == "" {
				fmt.Fprintf(&got, "String : %s\n", strings.Join(strings.Fields(f.Value), " "))
			}
		}
	}
	if diff := cmp.Diff(exported(string(out)), got.String()); diff != "" {
		t.Errorf("-evtexport +ours:\n%.3000s", diff)
	}
}

func kindName(e event.Event) string {
	return map[event.Level]string{event.LevelError: "Error", event.LevelWarning: "Warning", event.LevelInformation: "Information"}[e.Level]
}

// exported brings evtexport's output to the form of the comparison: a line is a
// name and a value, and a string may go on over several.
func exported(out string) string {
	var b strings.Builder
	var text []string
	flush := func() {
		if text != nil {
			fmt.Fprintf(&b, "String : %s\n", strings.Join(strings.Fields(strings.Join(text, " ")), " "))
		}
		text = nil
	}
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\r\n")
		name, value, ok := strings.Cut(line, "\t: ")
		name = strings.TrimRight(name, "\t")
		switch {
		case ok && strings.HasPrefix(name, "String: "):
			flush()
			text = []string{value}
		case ok && slices.Contains([]string{"Event number", "Creation time", "Event type", "Computer name", "Source name", "Event category", "Event identifier"}, name):
			flush()
			value, _, _ = strings.Cut(value, " (")
			fmt.Fprintf(&b, "%s : %s\n", name, strings.TrimSuffix(value, " event"))
		case ok || strings.HasPrefix(line, "Number of strings") || strings.HasPrefix(line, "evtexport "):
			flush()
		case text != nil:
			text = append(text, line)
		}
	}
	flush()
	return b.String()
}

// TestMutations: flipped bytes cost the records that they stand in, and at most
// one beside each.
func TestMutations(t *testing.T) {
	list := records(300)
	l := evttest.Log{Records: list, Size: 64 << 10}
	l.Start = (l.Size - headerSize) / 2
	sound := l.Bytes()
	mark := bytes.Index(sound, endMagic) // the end-of-file record
	rng := rand.New(rand.NewPCG(1, 2))
	rounds, err := strconv.Atoi(os.Getenv("VSSWHY_MUTATIONS"))
	if err != nil {
		rounds = 1500
	}
	for range rounds {
		data := bytes.Clone(sound)
		flips := 1 + rng.IntN(4)
		end := true // what says where the log begins is whole
		for range flips {
			at := headerSize + rng.IntN(len(data)-headerSize)
			data[at] ^= byte(1 + rng.IntN(255))
			end = end && (at < mark || at >= mark+endSize)
		}
		_, src := readAll(bytes.NewReader(data), Options{})
		if found := int(src.Records - src.Undecodable); end && found < len(list)-2*flips {
			t.Fatalf("%d flips: %d of %d records, %v", flips, found, len(list), src.Damage)
		}
	}
}

// FuzzRead: events lie within the file and hold no more than it does, however it
// is cut into reads.
func FuzzRead(f *testing.F) {
	f.Add((&evttest.Log{Records: records(3)}).Bytes())
	f.Add((&evttest.Log{Records: records(5), Size: 2048, Start: 1500, Dirty: true}).Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		events, src := readAll(bytes.NewReader(data), Options{})
		again, other := readAll(iotest.HalfReader(bytes.NewReader(data)), Options{})
		if diff := cmp.Diff(events, again); diff != "" || !cmp.Equal(src, other) {
			t.Fatalf("another result by smaller reads:\n%s", diff)
		}
		if len(events)*minRecord > len(data) || uint64(len(events)) != src.Records-src.Undecodable {
			t.Fatalf("%d events of %d bytes, %+v", len(events), len(data), src)
		}
		for _, e := range events {
			size := 0
			for _, field := range e.Fields {
				size += len(field.Value)
			}
			if e.Offset < headerSize || e.Offset >= int64(len(data)) || size > 2*len(data) {
				t.Fatalf("event at %d of %d with %d bytes of fields", e.Offset, len(data), size)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	data := (&evttest.Log{Records: records(100_000)}).Bytes()
	in := new(event.Interest)
	in.Want("EventLog", 6009)
	for name, opt := range map[string]Options{"all": {}, "filtered": {Interest: in}} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				readAll(bytes.NewReader(data), opt)
			}
		})
	}
}
