package query_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/index/query/querytest"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// oddEvents makes events of few words, with characters whose cases are odd:
// the long s and the Kelvin sign, and bytes that are no UTF-8.
func oddEvents(rng *rand.Rand, n int) []*event.Event {
	pick := func(list ...string) string { return list[rng.IntN(len(list))] }
	var events []*event.Event
	for range n {
		e := &event.Event{
			Computer: pick("HV01.contoso.com", "hv01", "HV02", "10.0.0.1", "K\u212a", ""),
			Channel:  pick("System", "Application", "Microsoft-Windows-Hyper-V-VMMS-Admin", "Microsoft-Windows-Backup", ""),
			Provider: pick("VSS", "vſs", "Microsoft-Windows-Hyper-V-VMMS", "microsoft-windows-hyper-v-worker", "Microsoft-Windows-Backup",
				"Microsoft-Windows-FailoverClustering", "MSSQL$A", "disk", "dis\u212a", "D\u0130SK", "", "\xff"),
			EventSource: pick("", "", "", "VSS", "Dis\u212a"),
			ID:          []uint32{1, 5140, 8229, 10102, 10103, 4294967295}[rng.IntN(6)],
			Level:       event.Level([]uint8{0, 1, 2, 3, 4, 5, 16}[rng.IntN(7)]),
			Time:        time.Date(2010, 3, 14, rng.IntN(24), rng.IntN(60), rng.IntN(60), 100*rng.IntN(1e7), time.UTC),
			Message:     pick("", "Ein Straßenschild: ΣΑΣ"),
		}
		for range rng.IntN(4) {
			e.Fields = append(e.Fields, event.Field{Name: pick("", "VmName", "VolumeName", "Binary", "Parameter0"),
				Value: pick("", "0x800423f4", "SQL 01", `C:\ClusterStorage\Volume1\a.vhd`, "{2B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E12}", "-2147212300",
					`say "hello" (a/b)`, "\u212aelvin\xff\xfe", "İstanbul\\", "level:error", "OR", "-", "a,b")})
		}
		events = append(events, e)
	}
	events[0].Time = time.Date(2010, 3, 15, 0, 0, 0, 0, time.UTC)
	return events
}

// matches returns the compiled query as a function of an event.
func matches(t testing.TB, text string, last time.Time) func(*event.Event) bool {
	t.Helper()
	q, err := query.Parse(text)
	if err != nil {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	match, err := q.Compile(query.Env{Last: last})
	if err != nil {
		t.Fatalf("Compile(%q): %v", text, err)
	}
	return func(e *event.Event) bool {
		var row query.EventRow
		row.Reset(e)
		return match(&row)
	}
}

func wants(in *event.Interest, e *event.Event) bool { return in.Filter().Wants(e) }

// checkQuery holds a random query against the plain evaluation, its canonical
// text, its negation, and its interest within its bounds.
func checkQuery(t *testing.T, seed uint64) (hits int) {
	rng := rand.New(rand.NewPCG(seed, 1))
	events := oddEvents(rng, 40)
	v := querytest.NewVocabulary(events)
	a, b := querytest.Random(rng, v), querytest.Random(rng, v)
	q, err := query.Parse(a.Text)
	if err != nil {
		t.Fatalf("Parse(%q): %v", a.Text, err)
	}
	bounds, err := q.Bounds(query.Env{Last: v.Last})
	if err != nil {
		t.Fatalf("Bounds(%q): %v", a.Text, err)
	}
	in := q.Interest().Within(bounds)
	compile := func(text string) func(*event.Event) bool { return matches(t, text, v.Last) }
	match, again, negated := compile(a.Text), compile(q.String()), compile("-("+a.Text+")")
	nor, norToo := compile("-(("+a.Text+") OR ("+b.Text+"))"), compile("-("+a.Text+") -("+b.Text+")")
	nand, nandToo := compile("-(("+a.Text+") ("+b.Text+"))"), compile("-("+a.Text+") OR -("+b.Text+")")
	for _, e := range events {
		want := a.Match(e)
		switch {
		case match(e) != want:
			t.Fatalf("%s: %v, want %v for %+v", a.Text, !want, want, e)
		case again(e) != want:
			t.Fatalf("%s became %s: %v, want %v for %+v", a.Text, q, !want, want, e)
		case negated(e) == want:
			t.Fatalf("the negation of %s holds too, or neither does, for %+v", a.Text, e)
		case nor(e) != norToo(e), nand(e) != nandToo(e):
			t.Fatalf("De Morgan: %s; %s; %+v", a.Text, b.Text, e)
		case want && !wants(in, e):
			t.Fatalf("%s matches, but is not interested in %+v", a.Text, e)
		}
		if want {
			hits++
		}
	}
	return hits
}

func TestRandomQueries(t *testing.T) {
	hits := 0
	const queries = 3000
	for seed := range uint64(queries) {
		hits += checkQuery(t, seed)
	}
	if hits < queries || hits > 39*queries {
		t.Errorf("%d hits: the queries tell events apart too seldom", hits)
	}
}

func FuzzRandomQueries(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) { checkQuery(t, seed) })
}

// FuzzParse: any text is a query or an error that points into it; a query has
// the same text again, and its interest is sound.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`host:HV01 id:10103,10104 prov:vmms level<=2 vm:"SQL 01" vol:Volume1 code:0x800423f4 since:22:00 until:+30m text -text "two words" /0x8004230[0-9a-f]/`,
		"-(a OR NOT b) (c AND d)", `"a\"\\b\`, `/a\/[/`, "job:7 verdict:likely", "prov:*,a id:1-4294967295", "level>", "\xff", "日本:x", "((((", "since:-1w2d OR until:2010-03-14",
	} {
		f.Add(s)
	}
	events := oddEvents(rand.New(rand.NewPCG(1, 2)), 50)
	f.Fuzz(func(t *testing.T, text string) {
		query.Complete(text, len(text)/2, func(query.Field) []string { return []string{"a b"} })
		q, err := query.Parse(text)
		if err != nil {
			checkPlace(t, err.(*query.Error))
			return
		}
		again, err := query.Parse(q.String())
		if err != nil || again.String() != q.String() {
			t.Fatalf("%q, %q, %q: %v", text, q, again, err)
		}
		match, err := q.Compile(query.Env{Last: events[0].Time, Labels: []query.Field{query.Job, query.Issue, query.Verdict}})
		if err != nil {
			checkPlace(t, err.(*query.Error))
			return
		}
		in := q.Interest()
		var row query.EventRow
		for _, e := range events {
			if row.Reset(e); match(&row) && !wants(in, e) {
				t.Fatalf("%q matches, but is not interested in %+v", text, e)
			}
		}
	})
}

func checkPlace(t *testing.T, e *query.Error) {
	if e.Offset < 0 || e.Length < 0 || e.Offset+e.Length > len(e.Query) {
		t.Fatalf("%q: bytes %d to %d of %d", e.Query, e.Offset, e.Offset+e.Length, len(e.Query))
	}
	if lines := strings.Count(e.Error(), "\n"); lines != 2 {
		t.Fatalf("an error of %d lines: %v", lines+1, e)
	}
}

// Each value of a row finds the row.
func FuzzValues(f *testing.F) {
	f.Add(uint64(1))
	f.Add(uint64(14)) // bytes that are not UTF-8
	f.Fuzz(func(t *testing.T, seed uint64) {
		for _, e := range oddEvents(rand.New(rand.NewPCG(seed, 3)), 5) {
			var row query.EventRow
			row.Reset(e)
			for _, field := range []query.Field{query.Host, query.Provider, query.Channel, query.ID, query.Level, query.Code, query.VM, query.Volume} {
				for _, v := range query.Values(&row, field) {
					if text := query.Term(field, v); !matches(t, text, e.Time)(e) {
						t.Fatalf("%s does not find %+v", text, e)
					}
				}
			}
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	e := &event.Event{Computer: "HV01.contoso.com", Provider: "Microsoft-Windows-Hyper-V-VMMS", Channel: "Microsoft-Windows-Hyper-V-VMMS-Admin", ID: 10103, Level: 2,
		Time: time.Date(2010, 3, 14, 22, 0, 33, 0, time.UTC), Payload: "VmlEventLog", Fields: []event.Field{
			{Name: "Parameter0", Value: "SQL 01"}, {Name: "Parameter1", Value: "2B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E12"},
			{Name: "Parameter2", Value: `C:\ClusterStorage\Volume1\SQL 01\disk.vhd`}, {Name: "Parameter3", Value: "The writer experienced a non-transient error. (0x800423F4)"}}}
	for _, bench := range []struct{ name, query string }{
		{"id", "id:8229,12289"}, {"prov", "prov:VSS"}, {"prov and id", "prov:VSS id:8229"}, {"host and level", "host:HV02 level<=2"},
		{"text", "nothing"}, {"regex", "/0x8004230[0-9a-f]/"}, {"code", "code:0x80042301"}, {"vm", "vm:WEB01"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			q, err := query.Parse(bench.query)
			if err != nil {
				b.Fatal(err)
			}
			match, err := q.Compile(query.Env{})
			if err != nil {
				b.Fatal(err)
			}
			var row query.EventRow
			b.ReportAllocs()
			for b.Loop() {
				if row.Reset(e); match(&row) {
					b.Fatal("a hit")
				}
			}
		})
	}
}

// Terms that need nothing computed do not allocate; what regexp does is its own
// business.
func TestNoAllocation(t *testing.T) {
	e := oddEvents(rand.New(rand.NewPCG(1, 1)), 1)[0]
	e.Provider, e.ID, e.Computer = "Microsoft-Windows-Hyper-V-VMMS", 1, "hv01.contoso.com"
	e.Fields = []event.Field{{Value: "0x800423f4"}, {Value: "SQL 01"}} // finding these in it takes memory
	for _, text := range []string{"prov:VSS id:8229", "id:8229", "prov:worker,backup", "host:HV02", "level<2 since:2010-03-16", "nothing", "code:0x800423f4 id:8229", "-(-id:8229 OR -code:0x800423f4)"} {
		q, err := query.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		match, err := q.Compile(query.Env{})
		if err != nil {
			t.Fatal(err)
		}
		var row query.EventRow
		if n := testing.AllocsPerRun(100, func() { row.Reset(e); match(&row) }); n != 0 {
			t.Errorf("%s: %v allocations", text, n)
		}
	}
}
