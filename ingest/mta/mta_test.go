package mta

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/evtx"
	"github.com/vsswhy/vsswhy/ingest/mta/mtatest"
)

func open(tb testing.TB, data []byte) *File {
	tb.Helper()
	f, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

// TestEventViewer: every event of a real log has the message that Event Viewer's
// own export of that log has.
func TestEventViewer(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "data", "mta")
	data, err := os.ReadFile(filepath.Join(dir, "test_1033.MTA"))
	if err != nil {
		t.Skip("no ../shared/data/mta")
	}
	f := open(t, data)
	if len(f.Damage) > 0 {
		t.Errorf("%+v", f.Damage)
	}
	log, err := os.ReadFile(filepath.Join(dir, "test.evtx"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for batch := range evtx.Read(context.Background(), bytes.NewReader(log), int64(len(log)), &event.Source{}, evtx.Options{}) {
		for i := range batch {
			m, ok := f.Message(batch[i].Record)
			if !ok {
				t.Errorf("record %d has no message", batch[i].Record)
			}
			got = append(got, fmt.Sprintf("%d %s", batch[i].ID, m))
		}
	}
	if f.Len() != len(got) {
		t.Errorf("%d messages for %d events", f.Len(), len(got))
	}
	table, err := os.ReadFile(filepath.Join(dir, "test.csv"))
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(table, []byte("\ufeff"))))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var want []string // the newest first
	for i := len(rows) - 1; i > 0; i-- {
		want = append(want, rows[i][3]+" "+rows[i][5])
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) != 239 {
		t.Errorf("%d messages (-Event Viewer +got):\n%s", len(got), diff)
	}
}

// many are messages that share some texts, and take several pages.
func many() map[uint64]string {
	messages := map[uint64]string{1 << 40: "späť 🙂\r\nline"}
	for i := range uint64(350) {
		messages[1000+i] = fmt.Sprintf("message %d", i/3)
	}
	return messages
}

func TestRoundTrip(t *testing.T) {
	for name, messages := range map[string]map[uint64]string{"none": {}, "one": {7: ""}, "many": many()} {
		f := open(t, mtatest.Write(messages))
		if f.Len() != len(messages) || len(f.Damage) > 0 {
			t.Errorf("%s: %d messages, want %d; %+v", name, f.Len(), len(messages), f.Damage)
		}
		for record, want := range messages {
			if got, ok := f.Message(record); got != want || !ok {
				t.Errorf("%s: record %d: %q, %v; want %q", name, record, got, ok, want)
			}
		}
		if m, ok := f.Message(5); ok {
			t.Errorf("%s: a message of nobody: %q", name, m)
		}
	}
}

// TestDamage: of a damaged file what is sound is read, and what is not is said.
func TestDamage(t *testing.T) {
	whole := mtatest.Write(many())
	for name, data := range map[string][]byte{"empty": nil, "magic": []byte("MTAFile\x00"), "another version": append([]byte("MTAFile\x00\x02"), whole[9:]...)} {
		if _, err := Open(bytes.NewReader(data), int64(len(data))); err == nil {
			t.Errorf("%s is taken for a file of messages", name)
		}
	}
	cut := open(t, whole[:len(whole)-4000])
	if len(cut.Damage) == 0 || cut.Len() != len(many()) {
		t.Errorf("a cut file: %d messages, %+v", cut.Len(), cut.Damage)
	}
	if m, ok := cut.Message(1000); m != "message 0" || !ok {
		t.Errorf("its first message is %q, %v", m, ok)
	}
	loop := bytes.Clone(whole)
	le.PutUint64(loop[102+72:], 0) // the first page of EVT
	if f := open(t, loop); f.Len() != pageRecords {
		t.Errorf("a page that is its own next one is not the last: %d messages", f.Len())
	}
}

// TestMutations: whatever is in a file, reading it ends, within its memory, and
// no message is longer than the file.
func TestMutations(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	whole := mtatest.Write(many())
	for range 2000 {
		data := bytes.Clone(whole)
		for range 1 + r.IntN(8) {
			data[r.IntN(len(data))] = byte(r.IntN(256))
		}
		checkFile(t, data[:len(data)-r.IntN(2)*r.IntN(len(data))])
	}
}

func checkFile(t *testing.T, data []byte) {
	f, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return
	}
	if f.Len() > len(data)/(recordHeader+eventSize)*pageRecords || len(f.texts) > len(data) {
		t.Fatalf("%d messages, %d texts of %d bytes", f.Len(), len(f.texts), len(data))
	}
	for _, d := range f.Damage {
		if d.Lost || d.Offset < 0 || d.Offset > int64(len(data)) {
			t.Fatalf("damage %+v of %d bytes", d, len(data))
		}
	}
	for i := range f.events[:min(len(f.events), 500)] {
		record := f.events[i].record
		first, ok := f.Message(record)
		again, also := f.Message(record)
		if first != again || ok != also || len(first) > 2*len(data) {
			t.Fatalf("record %d: %q, then %q", record, first, again)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(mtatest.Write(map[uint64]string{1: "one", 2: "two", 3: "one"}))
	f.Add(mtatest.Write(nil))
	f.Fuzz(func(t *testing.T, data []byte) { checkFile(t, data) })
}

// BenchmarkMessage asks for the messages of a log in its order.
func BenchmarkMessage(b *testing.B) {
	messages := map[uint64]string{}
	for i := range uint64(10_000) {
		messages[i] = strings.Repeat("The cluster shared volume is not available. ", 5) + fmt.Sprint(i)
	}
	f := open(b, mtatest.Write(messages))
	for b.Loop() {
		for i := range uint64(len(messages)) {
			if _, ok := f.Message(i); !ok {
				b.Fatal(i)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(messages)), "ns/message")
}
