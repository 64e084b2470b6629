package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/index/query/querytest"
	"github.com/vsswhy/vsswhy/ingest"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules"
	"github.com/vsswhy/vsswhy/rules/report"
)

// readAll reads the events of a folder that an interest wants.
func readAll(t *testing.T, path string, interest *event.Interest) []*event.Event {
	t.Helper()
	var events []*event.Event
	for b := range ingest.Scan(context.Background(), []string{path}, ingest.Options{Interest: interest}) {
		for i := range b.Events {
			events = append(events, &b.Events[i])
		}
	}
	return events
}

// TestRandomQueriesOverRealLogs: what the compiled query finds among the events
// that its interest lets through is what a plain evaluation finds among all.
func TestRandomQueriesOverRealLogs(t *testing.T) {
	queries := 200
	if raceDetector {
		queries = 10
	}
	data := realData(t)
	events := readAll(t, data, nil)
	rng := rand.New(rand.NewPCG(7, 7))
	v := querytest.NewVocabulary(events)
	rows := make([]query.EventRow, len(events)) // they keep what they computed
	for i, e := range events {
		rows[i].Reset(e)
	}
	total := 0
	for n := range queries {
		random := querytest.Random(rng, v)
		q, err := query.Parse(random.Text)
		if err != nil {
			t.Fatal(err)
		}
		match, err := q.Compile(query.Env{Last: v.Last})
		if err != nil {
			t.Fatal(err)
		}
		in := q.Interest()
		hits := 0
		for i, e := range events {
			wanted := in.Wants(e.Provider, e.ID) || e.EventSource != "" && in.Wants(e.EventSource, e.ID)
			if got, want := wanted && match(&rows[i]), random.Match(e); got != want {
				t.Fatalf("query %d: %s: %v, want %v for %s %d of %v", n, random.Text, got, want, e.Provider, e.ID, e.Time)
			} else if want {
				hits++
			}
		}
		total += hits
		if in != nil && hits > 0 {
			checkInterest(t, data, in, q, match, hits)
		}
	}
	t.Logf("%d events, %d hits", len(events), total)
	if total < 100*queries {
		t.Errorf("%d hits of %d queries over %d events prove little", total, queries, len(events))
	}
}

// checkInterest reads the logs again with the interest of a query.
func checkInterest(t *testing.T, data string, in *event.Interest, q *query.Query, match query.Match, want int) {
	var row query.EventRow
	got := 0
	for _, e := range readAll(t, data, in) {
		if row.Reset(e); match(&row) {
			got++
		}
	}
	if got != want {
		t.Errorf("%s: %d hits with its interest, want %d", q, got, want)
	}
}

// TestEventsAsJSON: what is printed is what was read.
func TestEventsAsJSON(t *testing.T) {
	bundle := filepath.Join(casesDir, "csv-two-nodes.zip")
	code, stdout, stderr := runMain(t, "events", "--format", "jsonl", bundle)
	if code != 0 || stderr != "" {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	var got, want []event.Event
	for line := range strings.Lines(stdout) {
		var j jsonEvent
		if err := json.Unmarshal([]byte(line), &j); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		got = append(got, j.event(t))
	}
	for _, e := range readAll(t, bundle, nil) {
		e.Source = 0 // the number of a source in one scan
		want = append(want, *e)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-read +printed):\n%s", diff)
	}
}

// A jsonEvent is a line of "events --format jsonl".
type jsonEvent struct {
	Time         report.Time `json:"time"`
	Computer     string      `json:"computer"`
	Channel      string      `json:"channel"`
	Provider     string      `json:"provider"`
	ProviderGUID string      `json:"provider_guid,omitempty"`
	EventSource  string      `json:"event_source,omitempty"`
	ID           uint32      `json:"id"`
	Qualifiers   uint16      `json:"qualifiers"`
	Version      uint8       `json:"version"`
	Level        uint8       `json:"level"`
	Task         uint16      `json:"task"`
	Opcode       uint8       `json:"opcode"`
	Keywords     string      `json:"keywords"` // 0x…: JSON's numbers end at 53 bits
	ActivityID   string      `json:"activity_id,omitempty"`
	ProcessID    uint32      `json:"process_id"`
	ThreadID     uint32      `json:"thread_id"`
	UserID       string      `json:"user_id,omitempty"`
	Payload      string      `json:"payload"`
	Fields       []jsonField `json:"fields"`
	Message      string      `json:"message,omitempty"`
	Codes        []string    `json:"codes"`
	Summary      string      `json:"summary"`
	Source       string      `json:"source"`
	Record       uint64      `json:"record"`
	Offset       int64       `json:"offset"`
	Line         int         `json:"line,omitempty"`
	Recovered    bool        `json:"recovered,omitempty"`
}

func (j *jsonEvent) event(t *testing.T) event.Event {
	e := event.Event{
		Ref: event.Ref{Offset: j.Offset}, Line: j.Line, Record: j.Record, Time: j.Time.Time,
		Computer: j.Computer, Channel: j.Channel, Provider: j.Provider, ProviderGUID: j.ProviderGUID, EventSource: j.EventSource,
		ID: j.ID, Qualifiers: j.Qualifiers, Version: j.Version, Level: event.Level(j.Level), Task: j.Task, Opcode: j.Opcode,
		ActivityID: j.ActivityID, ProcessID: j.ProcessID, ThreadID: j.ThreadID, UserID: j.UserID, Payload: j.Payload, Message: j.Message,
	}
	if _, err := fmt.Sscanf(j.Keywords, "0x%x", &e.Keywords); err != nil {
		t.Fatal(err)
	}
	for _, f := range j.Fields {
		e.Fields = append(e.Fields, event.Field(f))
	}
	return e
}

// The language and the rules have the same verdicts.
func TestVerdictsOfQueries(t *testing.T) {
	var want []string
	for v := rules.Confirmed; v > rules.NoVerdict; v-- {
		want = append(want, v.String())
	}
	if diff := cmp.Diff(want, query.Verdicts()); diff != "" {
		t.Errorf("(-rules +query):\n%s", diff)
	}
}

func TestCell(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "plain": "plain", "=1": "'=1", "+1": "'+1", "-1": "'-1", "@a": "'@a", "\ta": "' a", "\r\na": "' ⏎ a", "a=1": "a=1", "a\x1b[m": "a·[m",
	} {
		if got := event.Cell(in); got != want {
			t.Errorf("event.Cell(%q) = %q, want %q", in, got, want)
		}
	}
}

// Facets keep a bounded number of values, and say what they left out.
func TestFacetsAreBounded(t *testing.T) {
	var notes strings.Builder
	f, err := newFacets(&eventsOptions{facets: "host", format: "text", limit: 1}, nil, &notes)
	if err != nil {
		t.Fatal(err)
	}
	f.room = 2 * (facetOverhead + 1)
	for _, value := range []string{"a", "b", "c", "b", "c"} {
		f.count(0, value)
	}
	want := []facetCount{{query.Host, "b", 2}, {query.Host, "a", 1}}
	if diff := cmp.Diff(want, f.sorted(0)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !slices.Equal(f.rest, []int{2}) {
		t.Errorf("%d events had no room", f.rest)
	}
}

// Interrupted, the command says so by its exit code, and soon.
func TestEventsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	root := newRoot()
	root.SetArgs([]string{"events", filepath.Join(casesDir, "csv-two-nodes.zip")})
	root.SetOut(new(strings.Builder))
	root.SetErr(new(strings.Builder))
	start := time.Now()
	if code := exitCode(root.ExecuteContext(ctx)); code != exitInterrupted {
		t.Errorf("exit code %d", code)
	}
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("took %v", d)
	}
}

// TestJSONTime: times as reports write them, whatever the time before was.
func TestJSONTime(t *testing.T) {
	times := []time.Time{time.Unix(0, 100).UTC(), time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC), time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2010, 3, 4, 5, 6, 7, 1234500, time.UTC), time.Date(12345, 1, 1, 0, 0, 0, 0, time.UTC)}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		times = append(times, times[len(times)-1].Add(time.Duration(rng.NormFloat64()*float64(12*time.Hour))))
	}
	times = append(times, time.Unix(-1, 0).UTC(), time.Unix(0, 0).UTC(), time.Unix(-86400, 0).UTC(), time.Unix(-86401, 0).UTC())
	var o jsonObject
	for _, at := range times {
		if got, want := string(o.appendTime(nil, at)), (report.Time{Time: at}).String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// FuzzJSONText: a text of JSON lines is what JSON's own reader takes it for, and
// nothing in it acts on a terminal.
func FuzzJSONText(f *testing.F) {
	for _, s := range []string{"", "plain", "a\"b\\c\n\r\t", "\x00\x1b[2J\x7f\u009b", "Jiří, ボリューム 🙂", "\u202e\u2028\ufeff\U000e0041", "bad\xff\xc3(", "<&>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text := appendJSONText(nil, s)
		var got string
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		want := ""
		for _, r := range s {
			want += string(r) // U+FFFD for each byte that is no UTF-8
		}
		if got != want || event.Clean(string(text)) != string(text) {
			t.Fatalf("%q became %s", s, text)
		}
	})
}
