// Package answer answers queries over an event store: what index/query says, by
// the columns that index/store has.
//
// Start with Find, which answers for all rows at once. A Row is one row as a
// query sees it, to check single rows with query.Match; both always agree.
package answer

import (
	"context"
	"fmt"

	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/index/store"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
)

// Labels returns the rows of which a value of the field Issue or Verdict
// matches. It is asked only for those of query.Env.Labels.
type Labels func(ctx context.Context, field query.Field, match func(value string) bool) (*store.Set, error)

// Find returns the rows of within (nil for all rows) for which a query holds,
// given as what query.Resolve returns. An AND narrows the rows that its next
// part is asked for, and an OR asks only for those that are not found yet; so
// most of a store is read by no query. labels may be nil if no part of the
// query has such a field.
func Find(ctx context.Context, r *store.Reader, part query.Part, within *store.Set, labels Labels) (*store.Set, error) {
	if within == nil {
		within = store.NewSet(r.Rows())
		within.Not()
	}
	return finder{ctx, r, labels}.find(part, within)
}

type finder struct {
	ctx    context.Context
	r      *store.Reader
	labels Labels
}

// find leaves within as it is, and may return it.
func (f finder) find(part query.Part, within *store.Set) (*store.Set, error) {
	switch p := part.(type) {
	case query.AllOf:
		return f.all(p, within)
	case query.AnyOf:
		return anyOf(p, within, f.find)
	case query.Not:
		found, err := f.find(p.Part, within)
		if err != nil {
			return nil, err
		}
		return without(within, found), nil
	case query.Names:
		if p.Field == query.Issue || p.Field == query.Verdict {
			return f.label(p, within)
		}
	}
	return anyOf(predicates(part), within, f.scan)
}

func (f finder) all(list []query.Part, within *store.Set) (*store.Set, error) {
	for _, part := range list {
		found, err := f.find(part, within)
		if err != nil {
			return nil, err
		}
		within = found
	}
	return within, nil
}

// anyOf returns the rows of within that one of a list is found for.
func anyOf[T any](list []T, within *store.Set, find func(T, *store.Set) (*store.Set, error)) (*store.Set, error) {
	rest := within
	for _, one := range list {
		found, err := find(one, rest)
		if err != nil {
			return nil, err
		}
		rest = without(rest, found)
	}
	return without(within, rest), nil
}

func without(a, b *store.Set) *store.Set {
	a = a.Clone()
	a.Without(b)
	return a
}

func (f finder) scan(p store.Predicate, within *store.Set) (*store.Set, error) {
	return f.r.Scan(f.ctx, within, p)
}

func (f finder) label(p query.Names, within *store.Set) (*store.Set, error) {
	if f.labels == nil {
		return nil, fmt.Errorf("nobody knows the labels of the field %s", p.Field)
	}
	found, err := f.labels(f.ctx, p.Field, p.Match)
	if err != nil {
		return nil, err
	}
	found = found.Clone()
	found.And(within)
	return found, nil
}

// columns are where the values of a field with names are.
var columns = map[query.Field][]store.Column{
	query.Host:     {store.Host},
	query.Provider: {store.Provider, store.Classic},
	query.Channel:  {store.Channel},
	query.VM:       {store.VM},
	query.Volume:   {store.Volume},
	query.Job:      {store.Job},
}

// texts are where free text is looked for, the cheapest first.
var texts = []store.Column{store.Provider, store.Classic, store.Channel, store.Host, store.Message, store.Fields}

// predicates returns conditions of which one has to hold.
func predicates(part query.Part) []store.Predicate {
	switch p := part.(type) {
	case query.Names:
		return each(columns[p.Field], func(c store.Column) store.Predicate { return store.Text(c, present(c, p.Match)) })
	case query.IDs:
		return one(store.Number(store.ID, func(n int64) bool { return p.Match(uint32(n)) }))
	case query.Levels:
		return one(store.Number(store.Level, func(n int64) bool { return p.Match(event.Level(n)) }))
	case query.Codes:
		return one(store.Text(store.Codes, func(text string) bool {
			c, err := known.ParseCode(text)
			return err == nil && p.Match(c)
		}))
	case query.AtOrAfter:
		return one(store.Since(p.Time))
	case query.Before:
		return one(store.Until(p.Time))
	case query.Contains:
		return each(texts, func(c store.Column) store.Predicate { return store.Contains(c, p.Lower) })
	case query.Matches:
		return each(texts, func(c store.Column) store.Predicate { return store.Matches(c, p.Regexp) })
	}
	panic(fmt.Sprintf("answer: a part of %T", part)) // query has no other
}

func one(p store.Predicate) []store.Predicate { return []store.Predicate{p} }

func each(list []store.Column, f func(store.Column) store.Predicate) []store.Predicate {
	out := make([]store.Predicate, len(list))
	for i, c := range list {
		out[i] = f(c)
	}
	return out
}

// present: an event without classic source or job has no name that could match,
// whereas a channel may be the empty one.
func present(c store.Column, match func(string) bool) func(string) bool {
	if c != store.Classic && c != store.Job {
		return match
	}
	return func(s string) bool { return s != "" && match(s) }
}
