package index

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/index/answer"
	"github.com/vsswhy/vsswhy/index/notes"
	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/index/search"
	"github.com/vsswhy/vsswhy/index/store"
)

// labelFields are what a case knows of events beyond what they say.
var labelFields = []query.Field{query.Job, query.Issue, query.Verdict}

// Env is what queries of the case are resolved for. The error is that of
// Events.
func (c *Case) Env() (query.Env, error) {
	r, err := c.Events()
	if err != nil {
		return query.Env{}, err
	}
	env := query.Env{Last: time.Unix(0, 0), Labels: labelFields} // without a last event no event has a time, and any does
	if r.Rows() > 0 {
		row, err := r.At(r.Rows() - 1)
		if err != nil {
			return query.Env{}, err
		}
		if !row.Time.IsZero() {
			env.Last = row.Time
		}
	}
	return env, nil
}

// Find returns the rows of the event store for which a query holds. It asks the
// full-text index, if that has all events and can answer, and else the columns
// of the store; both find the same. An error in the query is a *query.Error.
func (c *Case) Find(ctx context.Context, q *query.Query) (*store.Set, error) {
	env, err := c.Env()
	if err != nil {
		return nil, err
	}
	part, err := q.Resolve(env)
	if err != nil {
		return nil, err
	}
	r, err := c.Events()
	if err != nil {
		return nil, err
	}
	within, err := c.candidates(ctx, q, env)
	if err != nil {
		return nil, err
	}
	return answer.Find(ctx, r, part, within, c.labelled)
}

// maxCandidates is how many hits of the index are worth looking up: with more
// the columns are quicker.
const maxCandidates = 10_000

// candidates asks the index for the rows that can match; nil: any can.
func (c *Case) candidates(ctx context.Context, q *query.Query, env query.Env) (*store.Set, error) {
	if c.now().schema.Search == nil || c.now().schema.Search.Scope != ScopeAll {
		return nil, nil
	}
	x, err := c.now().search()
	if err != nil {
		return nil, nil // the index is a shortcut; Verify tells what is wrong with it
	}
	res, err := x.Search(ctx, search.Request{Query: q, Env: env, Size: maxCandidates})
	var wrong *query.Error
	if errors.As(err, &wrong) || ctx.Err() != nil {
		return nil, err
	}
	if err != nil || res.Total > maxCandidates {
		return nil, nil
	}
	return c.rowsOf(ctx, res.Hits)
}

// rowsOf returns the rows of hits.
func (c *Case) rowsOf(ctx context.Context, hits []search.Hit) (*store.Set, error) {
	places := map[place]bool{}
	for _, h := range hits {
		places[place{h.Source, h.Offset}] = true
	}
	return c.rowsAt(ctx, places)
}

// rowsAt returns the rows of events by where they stand.
func (c *Case) rowsAt(ctx context.Context, places map[place]bool) (*store.Set, error) {
	r, err := c.Events()
	if err != nil {
		return nil, err
	}
	found := store.NewSet(r.Rows())
	bySource := map[string]map[int64]bool{}
	for p := range places {
		if bySource[p.source] == nil {
			bySource[p.source] = map[int64]bool{}
		}
		bySource[p.source][p.offset] = true
	}
	for source, offsets := range bySource {
		rows, err := r.Scan(ctx, nil,
			store.Text(store.Source, func(s string) bool { return s == source }),
			store.Number(store.Offset, func(n int64) bool { return offsets[n] }))
		if err != nil {
			return nil, err
		}
		found.Or(rows)
	}
	return found, nil
}

// labelled returns the rows with a label, for answer.Find.
func (c *Case) labelled(ctx context.Context, field query.Field, match func(string) bool) (*store.Set, error) {
	l, err := c.now().labels()
	if err != nil {
		return nil, err
	}
	places := map[place]bool{}
	for p, values := range l.places[field] {
		for _, v := range values {
			places[p] = places[p] || match(v)
		}
		if !places[p] {
			delete(places, p)
		}
	}
	return c.rowsAt(ctx, places)
}

// RowOf returns the row of an event that the report cites, by the source's id
// there; false if the store does not have it: of events that are there twice it
// has the first.
func (c *Case) RowOf(ctx context.Context, sourceID string, offset int64) (int64, bool, error) {
	l, err := c.now().labels()
	if err != nil {
		return 0, false, err
	}
	rows, err := c.rowsAt(ctx, map[place]bool{{l.paths[sourceID], offset}: true})
	if err != nil {
		return 0, false, err
	}
	for row := range rows.All() {
		return row, true, nil
	}
	return 0, false, nil
}

// Row returns a row as a query sees it, with the labels of the report.
func (c *Case) Row(r *store.Row) (query.Row, error) {
	l, err := c.now().labels()
	if err != nil {
		return nil, err
	}
	return answer.NewRow(r, l.of), nil
}

// Rows yields rows of a set in the order of time; rows that are near each other
// are read together.
func (c *Case) Rows(ctx context.Context, set *store.Set) iter.Seq2[*store.Row, error] {
	return func(yield func(*store.Row, error) bool) {
		r, err := c.Events()
		if err != nil {
			yield(nil, err)
			return
		}
		var strip []store.Row
		first := int64(0)
		for n := range set.All() {
			if n-first >= int64(len(strip)) {
				if err = ctx.Err(); err == nil {
					strip, err = r.Read(n, stripLength(set, n))
				}
				if err != nil {
					yield(nil, err)
					return
				}
				first = n
			}
			if !yield(&strip[n-first], nil) {
				return
			}
		}
	}
}

// stripLength is how many rows are worth reading at once from one on: many
// where most are wanted, few where the next one is far away.
func stripLength(set *store.Set, from int64) int64 {
	length := int64(16)
	for length < rowsAtOnce && set.Has(from+length-1) {
		length *= 4
	}
	return min(length, rowsAtOnce)
}

// RowOfEvent returns the row of an event that was noted.
func (c *Case) RowOfEvent(ctx context.Context, s notes.Subject) (int64, bool, error) {
	r, err := c.Events()
	if err != nil {
		return 0, false, err
	}
	predicates := []store.Predicate{
		store.Since(s.Time), store.Until(s.Time.Add(1)),
		store.Number(store.Record, func(n int64) bool { return uint64(n) == s.Record }),
		store.Text(store.Host, func(name string) bool { return strings.EqualFold(name, s.Host) }),
	}
	if s.Record == 0 || s.Time.IsZero() {
		predicates = []store.Predicate{
			store.Text(store.Source, func(name string) bool { return name == s.Log }),
			store.Number(store.Offset, func(n int64) bool { return n == s.Offset }),
		}
	}
	rows, err := r.Scan(ctx, nil, predicates...)
	if err != nil {
		return 0, false, err
	}
	for row := range rows.All() {
		return row, true, nil
	}
	return 0, false, nil
}
