package answer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/index/query/querytest"
	"github.com/vsswhy/vsswhy/index/store"
	"github.com/vsswhy/vsswhy/ingest"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// write makes a store of events, as a case does.
func write(t testing.TB, events []event.Event, labels store.Labels) *store.Reader {
	t.Helper()
	path := filepath.Join(t.TempDir(), "events.parquet")
	w, err := store.Create(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var row query.EventRow
	for i := range events {
		row.Reset(&events[i])
		r := store.FromEvent(&events[i], fmt.Sprint("log", events[i].Source))
		r.VMs, r.Volumes, r.Codes = row.VMs(), row.Volumes(), row.Codes()
		if err := w.Write([]store.Row{r}); err != nil {
			t.Fatal(err)
		}
	}
	m, err := w.Finish(context.Background(), labels)
	if err != nil {
		t.Fatal(err)
	}
	r, err := store.Open(path, m, store.VerifyAll)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func readAll(t testing.TB, r *store.Reader) []store.Row {
	t.Helper()
	rows, err := r.Read(0, r.Rows())
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// labelled are labels as a case has them, for some rows.
var labelled = store.Labels{
	Job: func(source string, offset int64) string { return []string{"", "J1", "j2"}[offset%3] },
	VMs: func(list []string) []string {
		if slices.Contains(list, "SQL 01 by name") {
			return list
		}
		return append(slices.Clip(list), "SQL 01 by name")
	},
}

func labelsOf(field query.Field, source string, offset int64) []string {
	switch {
	case field == query.Verdict && offset%5 == 0:
		return []string{"confirmed", "possible"}
	case field == query.Issue && offset%7 == 0:
		return []string{"kb975354-2", "2"}
	}
	return nil
}

// labelSets answers as labelsOf does.
func labelSets(rows []store.Row) Labels {
	return func(ctx context.Context, field query.Field, match func(string) bool) (*store.Set, error) {
		set := store.NewSet(int64(len(rows)))
		for i, r := range rows {
			if slices.ContainsFunc(labelsOf(field, r.Source, r.Offset), match) {
				set.Add(int64(i))
			}
		}
		return set, ctx.Err()
	}
}

var allLabels = []query.Field{query.Job, query.Issue, query.Verdict}

// check compares Find with Match on each row, and returns the number of hits.
func check(t *testing.T, text string, last time.Time, r *store.Reader, rows []store.Row) int {
	t.Helper()
	q, err := query.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	env := query.Env{Last: last, Labels: allLabels}
	part, err := q.Resolve(env)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	match, err := q.Compile(env)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	within := store.NewSet(int64(len(rows)))
	var want, wantWithin []int64
	for i := range rows {
		third := i%3 > 0
		if third {
			within.Add(int64(i))
		}
		if match(NewRow(&rows[i], labelsOf)) {
			want = append(want, int64(i))
			if third {
				wantWithin = append(wantWithin, int64(i))
			}
		}
	}
	was := within.Clone()
	for set, want := range map[*store.Set][]int64{nil: want, within: wantWithin} {
		got, err := Find(t.Context(), r, part, set, labelSets(rows))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := slices.Collect(got.All()); !slices.Equal(got, want) {
			t.Errorf("%s: %d rows, want %d", text, len(got), len(want))
		}
	}
	was.Without(within)
	if within.Len() == 0 || was.Len() > 0 {
		t.Errorf("%s: Find changed the set that it was given", text)
	}
	return len(want)
}

// withLabels adds what querytest, which knows events only, does not ask for.
func withLabels(rnd *rand.Rand, text string) string {
	label := []string{"job:j1", "job:*", "-job:J2,none", "verdict:confirmed", "-verdict:likely,possible", "issue:2", "issue:kb*", `vm:"sql 01 by name"`, "-vm:SQL*"}[rnd.IntN(9)]
	switch rnd.IntN(4) {
	case 0:
		return "(" + text + ") " + label
	case 1:
		return label + " OR (" + text + ")"
	}
	return text
}

func checkRandomQueries(t *testing.T, events []event.Event, n int) {
	r := write(t, events, labelled)
	rows := readAll(t, r)
	list := make([]*event.Event, len(events))
	for i := range events {
		list[i] = &events[i]
	}
	words := querytest.NewVocabulary(list)
	rnd := rand.New(rand.NewPCG(4, 4))
	hits := 0
	for range n {
		hits += check(t, withLabels(rnd, querytest.Random(rnd, words).Text), words.Last, r, rows)
	}
	if hits < n || hits > (len(rows)-1)*n {
		t.Errorf("%d hits of %d queries: they tell rows apart too seldom", hits, n)
	}
}

// generated makes events with the traps of text and of time.
func generated(n int) []event.Event {
	rnd := rand.New(rand.NewPCG(5, 5))
	words := []string{"", "SQL 01", `C:\ClusterStorage\Volume1\sql.vhd`, "ÜBERPRÜFUNG", "error 0x800423f4", "\u212Aelvin \u0130stanbul", "line one\nline two", "\ttab", "a=b", "50%", "\x00",
		"2B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E12", "\xff\xfe", strings.Repeat("long ", 100)}
	word := func() string { return words[rnd.IntN(len(words))] }
	pick := func(list ...string) string { return list[rnd.IntN(len(list))] }
	events := make([]event.Event, n)
	for i := range events {
		e := &events[i]
		*e = event.Event{
			Ref: event.Ref{Source: rnd.IntN(3), Offset: int64(i)}, Record: uint64(i + 1), ID: uint32(pick("\x01", "\x05")[0])*100 + uint32(rnd.IntN(5)),
			Level: event.Level(rnd.IntN(7)), Computer: pick("", "HV01", "hv01.contoso.com", "HV02.contoso.com"), Channel: pick("", "System", "Microsoft-Windows-Hyper-V-VMMS-Admin"),
			Provider: pick("", "VSS", "Microsoft-Windows-Hyper-V-VMMS"), EventSource: pick("", "", "Service Control Manager", "\u0130"), Message: word(),
			Time: time.Date(2010, 3, 14, 22, 0, rnd.IntN(n/3), 0, time.UTC),
		}
		if rnd.IntN(20) == 0 {
			e.Time = []time.Time{{}, time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC)}[rnd.IntN(3)]
		}
		for range rnd.IntN(4) {
			e.Fields = append(e.Fields, event.Field{Name: word(), Value: word()})
		}
	}
	return events
}

func TestRandomQueries(t *testing.T) { checkRandomQueries(t, generated(800), 400) }

func TestRandomQueriesOverRealLogs(t *testing.T) {
	samples := filepath.Join("..", "..", "..", "shared", "data")
	if _, err := os.Stat(samples); err != nil {
		t.Skipf("no logs in %s", samples)
	}
	var events []event.Event
	for b := range ingest.Scan(t.Context(), []string{samples}, ingest.Options{}) {
		events = append(events, b.Events...)
	}
	n := 200
	if race {
		n = 20 // which is ten times as slow
	}
	checkRandomQueries(t, events, n)
}

// TestQueries are those that chance does not find.
func TestQueries(t *testing.T) {
	events := generated(600)
	r := write(t, events, labelled)
	rows := readAll(t, r)
	for _, text := range []string{"", "prov:*", "host:*", "chan:*", "job:*", "-job:*", "/^$/", "-/^$/", "/./", "since:0001-01-01", "until:0001-01-01", "until:0002-01-01",
		"since:1500-01-01", "until:1678-01-01", "until:1700-01-01", "since:2261-01-01", "until:2300-01-01", "since:2300-01-01", "since:9999-01-01", "level:0", "level:6",
		"code:0x800423f4", "vm:2b0e7a58*", "k i", `"one\nLINE"`, "/(?i)K/", "/one.line/", "/(?s)one.line/", "-(host:HV01 OR prov:VSS) (error OR job:j1)", "id:100 -id:100"} {
		check(t, text, events[0].Time, r, rows)
	}
}

func TestErrors(t *testing.T) {
	r := write(t, generated(50), store.Labels{})
	resolve := func(text string) query.Part {
		q, err := query.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		part, err := q.Resolve(query.Env{Labels: allLabels})
		if err != nil {
			t.Fatal(err)
		}
		return part
	}
	failure := errors.New("no labels today")
	failing := func(context.Context, query.Field, func(string) bool) (*store.Set, error) { return nil, failure }
	for _, text := range []string{"issue:1", "-issue:1", "a issue:1", "a OR issue:1"} {
		if _, err := Find(t.Context(), r, resolve(text), nil, failing); !errors.Is(err, failure) {
			t.Errorf("%s: %v", text, err)
		}
		if _, err := Find(t.Context(), r, resolve(text), nil, nil); err == nil {
			t.Errorf("%s without labels: no error", text)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, text := range []string{"a", "-a", "a OR id:5", "since:2010-03-14T22:05"} {
		if _, err := Find(ctx, r, resolve(text), nil, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("%s after the context's end: %v", text, err)
		}
	}
}
