package search

import (
	"context"
	"iter"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/index/query/querytest"
	"github.com/vsswhy/vsswhy/index/search/searchtest"
	"github.com/vsswhy/vsswhy/ingest/event"
)

const log = "bundle.zip!/System.evtx"

// row returns an event as a query sees it.
func row(e *event.Event) query.Row {
	r := new(query.EventRow)
	r.Reset(e)
	return r
}

func documents(events []*event.Event) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for _, e := range events {
			if !yield(Document{Key{Source: log, Offset: e.Offset}, row(e)}, nil) {
				return
			}
		}
	}
}

func built(t testing.TB, opt Options, docs iter.Seq2[Document, error]) (string, Manifest) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "index")
	m, err := Build(context.Background(), dir, opt, docs)
	if err != nil {
		t.Fatal(err)
	}
	return dir, m
}

func TestRandomQueries(t *testing.T) {
	events := slices.Collect(searchtest.Events(1, 5000))
	dir, m := built(t, Options{}, documents(events))
	x, err := Open(dir, m)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	words := querytest.NewVocabulary(events)
	rng := rand.New(rand.NewPCG(1, 1))
	var exact, candidates, unanswered int
	for range 300 {
		q := querytest.Random(rng, words)
		parsed, err := query.Parse(q.Text)
		if err != nil {
			t.Fatal(err)
		}
		res, err := x.Search(t.Context(), Request{Query: parsed, Env: query.Env{Last: words.Last}, Size: len(events)})
		if err == ErrNotAnswered {
			unanswered++
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		got := map[int64]bool{}
		for _, h := range res.Hits {
			got[h.Offset] = true
		}
		if len(got) != int(res.Total) {
			t.Errorf("%s: total %d, hits %d", q.Text, res.Total, len(got))
		}
		for _, e := range events {
			want := q.Match(e)
			if want && !got[e.Offset] || res.Exact && want != got[e.Offset] {
				t.Fatalf("%s: exact %v: %v, want %v: %v", q.Text, res.Exact, got[e.Offset], want, e)
			}
		}
		if res.Exact {
			exact++
		} else {
			candidates++
		}
	}
	t.Log(exact, candidates, unanswered)
}
