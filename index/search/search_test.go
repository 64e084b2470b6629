package search

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/index/query/querytest"
	"github.com/vsswhy/vsswhy/index/search/searchtest"
	"github.com/vsswhy/vsswhy/ingest"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// testRow is an event's row with labels.
type testRow struct {
	query.EventRow
	labels map[query.Field][]string
}

func (r *testRow) Labels(f query.Field) []string { return r.labels[f] }

func row(e *event.Event) *testRow {
	r := new(testRow)
	r.Reset(e)
	return r
}

func sourceOf(e *event.Event) string { return fmt.Sprintf("bundle.zip!/%d.evtx", e.Source) }

func keyOf(e *event.Event) Key { return Key{Source: sourceOf(e), Offset: e.Offset} }

func documents(events []*event.Event) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for _, e := range events {
			if !yield(Document{keyOf(e), row(e)}, nil) {
				return
			}
		}
	}
}

// built builds an index, and opens it.
func built(t testing.TB, opt Options, docs iter.Seq2[Document, error]) (*Index, Manifest) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "index")
	m, err := Build(context.Background(), dir, opt, docs)
	if err != nil {
		t.Fatal(err)
	}
	return opened(t, dir, m), m
}

func opened(t testing.TB, dir string, m Manifest) *Index {
	t.Helper()
	x, err := Open(dir, m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

func parse(t testing.TB, text string) *query.Query {
	t.Helper()
	q, err := query.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// generated are events of searchtest in three logs.
func generated(seed uint64, n int) []*event.Event {
	events := slices.Collect(searchtest.Events(seed, n))
	for i, e := range events {
		e.Source = i % 3
		if i%50 == 0 {
			e.Time = time.Time{}
		}
		if i%40 == 0 {
			e.Computer, e.Provider = strings.ToLower(e.Computer), ""
		}
	}
	return events
}

// hostile are events that no Windows writes.
func hostile() []*event.Event {
	long := strings.Repeat("0123456789abcdef", 10)
	var events []*event.Event
	for i, s := range []string{
		"", "\x00", "\x00\x00", "a\xffb", "\xff\xfe", long, long + " sql01", "x" + long, strings.Repeat("ABCxyz", 30), "仮想マシン SQL1", "K9 ÄRGER\u0301",
		"10x8 0x 0x800423f4zz", "{2b0e7a58-6d6c-4c5f-9b44-0c2f3a1d2e12}2b0e7a58-6d6c-4c5f-9b44-0c2f3a1d2e12", "a\nb\tc=d%\u2028", strings.Repeat("host", 3000),
	} {
		at := time.Date([...]int{1, 1601, 9999, 2010}[i%4], 1, 1, 0, 0, i, i, time.UTC)
		events = append(events, &event.Event{Ref: event.Ref{Source: i % 3, Offset: int64(i)}, Time: at, Computer: s, Channel: s, Provider: s, EventSource: s + "2",
			Level: event.Level(i * 17), ID: uint32(i) * 400_000_000, Fields: []event.Field{{Name: "VmName", Value: s}, {Name: "Binary", Value: s}}, Message: s})
	}
	return events
}

// real are the events of real logs, but only every sixteenth.
func real(t *testing.T) []*event.Event {
	samples := filepath.Join("..", "..", "..", "shared", "data")
	if _, err := os.Stat(samples); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no logs in %s", samples)
	}
	var events []*event.Event
	n := 0
	for batch := range ingest.Scan(t.Context(), []string{samples}, ingest.Options{}) {
		for i := range batch.Events {
			if n++; n%16 == 0 {
				events = append(events, &batch.Events[i])
			}
		}
	}
	return events
}

func TestRandomQueries(t *testing.T) {
	for name, make := range map[string]func(t *testing.T) []*event.Event{
		"generated": func(*testing.T) []*event.Event { return generated(1, 3000) },
		"hostile":   func(*testing.T) []*event.Event { return hostile() },
		"real":      real,
	} {
		t.Run(name, func(t *testing.T) { testRandomQueries(t, make(t)) })
	}
}

// testRandomQueries compares the index with the query's Match, and that with
// what querytest says.
func testRandomQueries(t *testing.T, events []*event.Event) {
	x, m := built(t, Options{}, documents(events))
	if m.Documents != uint64(len(events)) {
		t.Fatalf("%d documents of %d events", m.Documents, len(events))
	}
	words := querytest.NewVocabulary(events)
	rng := rand.New(rand.NewPCG(3, 1))
	answered := map[string]int{}
	for range 200 {
		q := querytest.Random(rng, words)
		env := query.Env{Last: words.Last}
		res, err := x.Search(t.Context(), Request{Query: parse(t, q.Text), Env: env, Size: len(events)})
		switch {
		case errors.Is(err, ErrNotAnswered):
			answered["not"]++
			continue
		case err != nil:
			t.Fatalf("%s: %v", q.Text, err)
		}
		answered[fmt.Sprint("exactly: ", res.Exact)]++
		match, err := parse(t, q.Text).Compile(env)
		if err != nil {
			t.Fatal(err)
		}
		if want, got := keysOf(events, q.Match), checked(events, res, match); !maps.Equal(want, got) {
			t.Fatalf("%s (-want +got):\n%s", q.Text, gocmp.Diff(want, got))
		}
		if int(res.Total) != len(res.Hits) {
			t.Fatalf("%s: a total of %d, and %d hits", q.Text, res.Total, len(res.Hits))
		}
	}
	t.Log(answered)
}

// keysOf returns the keys of the events that match.
func keysOf(events []*event.Event, match func(*event.Event) bool) map[Key]bool {
	keys := map[Key]bool{}
	for _, e := range events {
		if match(e) {
			keys[keyOf(e)] = true
		}
	}
	return keys
}

// checked returns the keys of the hits, of which those of an answer that is not
// exact are asked.
func checked(events []*event.Event, res Result, match query.Match) map[Key]bool {
	hits := map[Key]bool{}
	for _, h := range res.Hits {
		hits[h.Key] = true
	}
	for _, e := range events {
		if !res.Exact && hits[keyOf(e)] && !match(row(e)) {
			delete(hits, keyOf(e))
		}
	}
	return hits
}

// TestUsefulText: what people search for is answered, and by few candidates.
func TestUsefulText(t *testing.T) {
	events := generated(4, 3000)
	x, _ := built(t, Options{}, documents(events))
	for _, text := range []string{"harddisk", "rddiskvol", `"paging operation"`, searchtest.MachineID(7), `"{66841cd4-6ded-4f4b"`, "0x800423f4", "SQL05",
		`"\Device\Harddisk3\DR3"`, "node-a.contoso", `"no longer available" 0xc00000b5 OR svchost`} {
		q := parse(t, text)
		res, err := x.Search(t.Context(), Request{Query: q})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		match, err := q.Compile(query.Env{})
		if err != nil {
			t.Fatal(err)
		}
		n := uint64(0)
		for _, e := range events {
			if match(row(e)) {
				n++
			}
		}
		if res.Total < n || res.Total > 2*n+100 {
			t.Errorf("%s: %d candidates for %d hits", text, res.Total, n)
		}
	}
	for _, text := range []string{"/0x8004/", "8229", "bad", "v", "-harddisk", "id:1 OR /x/"} {
		if _, err := x.Search(t.Context(), Request{Query: parse(t, text)}); text != "-harddisk" && !errors.Is(err, ErrNotAnswered) {
			t.Errorf("%s: %v, want ErrNotAnswered", text, err)
		}
	}
}

func TestPages(t *testing.T) {
	events := generated(5, 2000)
	for i, e := range events {
		if i%3 == 0 { // many at the same time
			e.Time = searchtest.Start.Add(time.Duration(i%7) * time.Second)
		}
	}
	x, _ := built(t, Options{}, documents(events))
	for _, text := range []string{"", "prov:VMMS", "level<=3 since:2010-03-01 until:2010-03-09", "id:99999"} {
		for _, oldest := range []bool{false, true} {
			want := inOrder(t, events, text, oldest)
			var got []Hit
			for size := 1; ; size = size*3 + 1 {
				res, err := x.Search(t.Context(), Request{Query: parse(t, text), From: len(got), Size: size, Oldest: oldest})
				if err != nil {
					t.Fatal(err)
				}
				if got = append(got, res.Hits...); len(res.Hits) < size {
					break
				}
			}
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Errorf("%q, oldest first %v (-want +got):\n%s", text, oldest, diff)
			}
		}
	}
}

func inOrder(t *testing.T, events []*event.Event, text string, oldest bool) []Hit {
	match, err := parse(t, text).Compile(query.Env{})
	if err != nil {
		t.Fatal(err)
	}
	var hits []Hit
	for _, e := range events {
		if match(row(e)) {
			hits = append(hits, Hit{keyOf(e), e.Time})
		}
	}
	slices.SortFunc(hits, func(a, b Hit) int {
		return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.Source, b.Source), cmp.Compare(a.Offset, b.Offset))
	})
	if !oldest {
		slices.Reverse(hits)
	}
	return hits
}

func TestFacets(t *testing.T) {
	events := append(generated(6, 2000), hostile()...)
	x, _ := built(t, Options{}, documents(events))
	fields := []query.Field{query.Host, query.Provider, query.Channel, query.ID, query.Level, query.Code, query.VM, query.Volume}
	for _, text := range []string{"", "level<=3", "prov:VMMS since:2010-03-14"} {
		match, err := parse(t, text).Compile(query.Env{})
		if err != nil {
			t.Fatal(err)
		}
		want := map[query.Field]map[string]uint64{}
		for _, f := range fields {
			want[f] = map[string]uint64{}
			for _, e := range events {
				for _, v := range distinct(query.Values(row(e), f)) {
					if match(row(e)) {
						want[f][string([]rune(v))]++
					}
				}
			}
		}
		res, err := x.Search(t.Context(), Request{Query: parse(t, text), Facets: fields})
		if err != nil {
			t.Fatal(err)
		}
		got := map[query.Field]map[string]uint64{}
		for f, counts := range res.Facets {
			got[f] = map[string]uint64{}
			for _, c := range counts {
				got[f][c.Value] = c.Hits
			}
			if !slices.IsSortedFunc(counts, func(a, b Count) int { return cmp.Or(cmp.Compare(b.Hits, a.Hits), strings.Compare(a.Value, b.Value)) }) {
				t.Errorf("%s %s: %v is not in order", text, f, counts)
			}
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func distinct(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// TestFindings: findings are documents too, found apart from events.
func TestFindings(t *testing.T) {
	finding := row(&event.Event{Computer: "NODE-A.contoso.com", Message: "The backup failed since a disk was full", Time: searchtest.Start})
	finding.labels = map[query.Field][]string{query.Issue: {"kb1", "2"}, query.Verdict: {"confirmed"}}
	evidence := row(generated(1, 2)[1])
	evidence.labels = map[query.Field][]string{query.Job: {"J1"}, query.Issue: {"kb1", "2"}}
	x, _ := built(t, Options{}, func(yield func(Document, error) bool) {
		_ = yield(Document{Key{Finding: "F1"}, finding}, nil) && yield(Document{Key{Source: "a", Offset: 5}, evidence}, nil)
	})
	env := query.Env{Labels: []query.Field{query.Job, query.Issue, query.Verdict}}
	search := func(text string, findings bool) []Hit {
		res, err := x.Search(t.Context(), Request{Query: parse(t, text), Env: env, Findings: findings, Size: 10})
		if err != nil {
			t.Fatal(err)
		}
		return res.Hits
	}
	found := []Hit{{Key{Finding: "F1"}, searchtest.Start}}
	event := []Hit{{Key{Source: "a", Offset: 5}, evidence.Time()}}
	for _, tc := range []struct {
		text             string
		events, findings []Hit
	}{
		{"", event, found}, {"issue:KB1", event, found}, {"verdict:confirmed", nil, found}, {"job:j*", event, nil}, {"host:node-a -job:j2", nil, found},
		{`"backup failed"`, nil, found}, {"issue:3", nil, nil},
	} {
		if diff := gocmp.Diff(tc.findings, search(tc.text, true)); diff != "" {
			t.Errorf("%s: findings (-want +got):\n%s", tc.text, diff)
		}
		if tc.text != "host:node-a -job:j2" {
			if diff := gocmp.Diff(tc.events, search(tc.text, false)); diff != "" {
				t.Errorf("%s: events (-want +got):\n%s", tc.text, diff)
			}
		}
	}
	var wrong *query.Error
	if _, err := x.Search(t.Context(), Request{Query: parse(t, "job:1")}); !errors.As(err, &wrong) {
		t.Errorf("a query for labels that are not known: %v", err)
	}
}

func TestSearchEnds(t *testing.T) {
	x, _ := built(t, Options{}, documents(generated(1, 100)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 { // before and after the files are verified
		if _, err := x.Search(ctx, Request{Query: parse(t, "")}); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		if _, err := x.Search(t.Context(), Request{Query: parse(t, ""), From: -3, Size: -1}); err != nil {
			t.Error(err)
		}
	}
}
