package search

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"golang.org/x/sync/errgroup"

	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// A Request is a question to an index.
type Request struct {
	Query *query.Query
	Env   query.Env // Labels may be any

	Findings bool // look for findings, else for events

	// The page: so many hits after the first so many.
	From, Size int
	Oldest     bool // the oldest first, else the newest

	// Facets are the fields whose values are counted over all hits.
	Facets []query.Field
}

// A Result is an answer.
type Result struct {
	// Exact says that the hits are those that match. Else they are all that
	// do, and perhaps some that don't; so are the total and the facets.
	Exact  bool
	Total  uint64
	Hits   []Hit // of the page
	Facets map[query.Field][]Count
}

// A Hit is a document that was found.
type Hit struct {
	Key
	Time time.Time // zero if the event has none
}

// A Count says how many hits have a value.
type Count struct {
	Value string // as query.Values gives it
	Hits  uint64
}

// Search answers a request. An error in the query is a *query.Error;
// ErrNotAnswered says that the rows themselves must be asked; ErrDamaged that
// the index must be built again.
//
// Hits of the same time stand in order of source and offset, so that pages fit
// each other.
func (x *Index) Search(ctx context.Context, r Request) (res Result, err error) {
	root, err := r.Query.Resolve(r.Env)
	if err != nil {
		return Result{}, err
	}
	b := plan(root)
	if b.atMost == nil {
		return Result{}, ErrNotAnswered
	}
	err = guard(func() error {
		v, err := x.opened(ctx)
		if err != nil {
			return err
		}
		res, err = x.search(ctx, v, r, b)
		return err
	})
	if errors.Is(err, errPanic) {
		err = damaged("%v", err)
	}
	if err != nil {
		return Result{}, fmt.Errorf("search index %s: %w", x.dir, err)
	}
	return res, nil
}

func (x *Index) search(ctx context.Context, v *view, r Request, b bounds) (Result, error) {
	kind := kindEvent
	if r.Findings {
		kind = kindFinding
	}
	found, err := v.find(ctx, b.within(kind))
	if err != nil {
		return Result{}, err
	}
	res := Result{Exact: b.exact, Facets: map[query.Field][]Count{}}
	for _, f := range found {
		res.Total += f.docs.GetCardinality()
	}
	if res.Hits, err = x.page(ctx, found, r); err != nil {
		return Result{}, err
	}
	for _, f := range r.Facets {
		if res.Facets[f], err = found.facet(ctx, f); err != nil {
			return Result{}, err
		}
	}
	return res, nil
}

// found are the documents found, by segment.
type found []foundIn

type foundIn struct {
	*segment
	docs *roaring.Bitmap
}

func (v *view) find(ctx context.Context, e expr) (found, error) {
	list := make(found, len(v.segments))
	err := inParallel(ctx, len(v.segments), func(i int) (err error) {
		list[i].segment = v.segments[i]
		list[i].docs, err = e(v.segments[i])
		return err
	})
	return list, err
}

// inParallel calls do for the numbers below n, on all processors.
func inParallel(ctx context.Context, n int, do func(i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return guard(func() error { return do(i) })
		})
	}
	return g.Wait()
}

// facet counts the values of a field.
func (list found) facet(ctx context.Context, f query.Field) ([]Count, error) {
	counts := make([]map[string]uint64, len(list))
	err := inParallel(ctx, len(list), func(i int) (err error) {
		counts[i], err = list[i].count(f)
		return err
	})
	if err != nil {
		return nil, err
	}
	total := map[string]uint64{}
	for _, c := range counts {
		for value, n := range c {
			total[value] += n
		}
	}
	out := make([]Count, 0, len(total))
	for _, value := range slices.Sorted(maps.Keys(total)) {
		out = append(out, Count{value, total[value]})
	}
	slices.SortStableFunc(out, func(a, b Count) int { return cmp.Compare(b.Hits, a.Hits) })
	return out, nil
}

func (f foundIn) count(field query.Field) (map[string]uint64, error) {
	counts := map[string]uint64{}
	if f.docs.IsEmpty() {
		return counts, nil
	}
	var unnamed *roaring.Bitmap
	err := f.eachTerm(termRange{field: string(field)}, nil, func(term string, docs *roaring.Bitmap) {
		value := facetValue(field, term)
		if value == "" {
			unnamed = roaring.And(docs, f.docs)
		} else if n := docs.AndCardinality(f.docs); n > 0 {
			counts[value] += n
		}
	})
	if err != nil || field != query.Provider || unnamed == nil || unnamed.IsEmpty() {
		return counts, err
	}
	second, err := foundIn{f.segment, unnamed}.count(fieldClassic)
	for value, n := range second {
		counts[value] += n
	}
	return counts, err
}

// facetValue returns a term as query.Values has it.
func facetValue(field query.Field, term string) string {
	if field == query.Level {
		n, _ := strconv.ParseUint(term, 10, 8)
		return query.LevelName(event.Level(n))
	}
	return valueOf(term)
}
