package main

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/index/query/querytest"
	"github.com/vsswhy/vsswhy/index/store"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// TestRandomQueriesOverACase: what a case finds, by its index of all events, its
// store and its report, is what a plain look at every row finds.
func TestRandomQueriesOverACase(t *testing.T) {
	if testing.Short() {
		t.Skip("looks at every row for every query")
	}
	in := []string{bundle(t), filepath.Join(casesDir, "restore-confirmed.zip")}
	data := filepath.Join("..", "..", "..", "shared", "data")
	if _, err := os.Stat(data); err == nil {
		in = append(in, filepath.Join(data, "ts-evtx"), filepath.Join(data, "python-evtx"))
	} else {
		t.Log("no ../shared/data: only synthetic logs")
	}
	for _, scope := range []string{"all", "off"} {
		dir := filepath.Join(t.TempDir(), "c")
		cmd := vsswhy(t, append([]string{"scan", "--case", dir, "--index", scope, "-o", os.DevNull}, in...)...)
		cmd.Run() // exit code 3 where a log is damaged
		c, err := index.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		checkQueries(t, c, map[string]int{"all": 200, "off": 100}[scope])
	}
}

func checkQueries(t *testing.T, c *index.Case, n int) {
	r, err := c.Events()
	if err != nil {
		t.Fatal(err)
	}
	all := store.NewSet(r.Rows())
	all.Not()
	var rows []store.Row
	for row, err := range c.Rows(context.Background(), all) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, *row)
	}
	env, err := c.Env()
	if err != nil {
		t.Fatal(err)
	}
	rng, words := rand.New(rand.NewPCG(3, 4)), querytest.NewVocabulary(sample(rows))
	hits := 0
	for range n {
		text := querytest.Random(rng, words).Text
		q, err := query.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		match, err := q.Compile(env)
		if err != nil {
			continue // such as an until: without its since:
		}
		found, err := c.Find(context.Background(), q)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for i := range rows {
			row, err := c.Row(&rows[i])
			if err != nil {
				t.Fatal(err)
			}
			if want := match(row); want != found.Has(int64(i)) {
				t.Fatalf("%s: row %d (%s %d): found %v, matches %v", text, i, rows[i].Provider, rows[i].ID, !want, want)
			}
		}
		hits += int(found.Len())
	}
	t.Logf("%d rows, %d queries, %d hits", len(rows), n, hits)
	if hits == 0 {
		t.Error("no query found anything")
	}
}

// sample is events to take words from.
func sample(rows []store.Row) []*event.Event {
	var list []*event.Event
	for i := 0; i < len(rows); i += max(1, len(rows)/500) {
		list = append(list, eventOf(&rows[i]))
	}
	return list
}
