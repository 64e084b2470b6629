package store

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parquet-go/parquet-go"
)

// A Predicate is a condition on one column. Its functions are called by
// several goroutines at once.
type Predicate struct {
	column Column
	number func(int64) bool  // of a column of numbers
	text   func(string) bool // of one value of a column of text
	find   *finder           // of text stored as it is: where text can hold at all
}

// Text matches rows of which a value of a text column matches: the text
// itself; one value of a list; for Fields the value of one field. It is asked
// once per distinct value and row group, except for Fields and Message, where
// it is asked for each row. The string may not be kept.
func Text(c Column, match func(string) bool) Predicate { return Predicate{column: c, text: match} }

// Number matches rows by ID, Level, Record or Offset.
func Number(c Column, match func(int64) bool) Predicate { return Predicate{column: c, number: match} }

// Between matches rows from one time (inclusive) to another (exclusive). A
// zero time is no bound; rows without a time are before all others.
func Between(from, until time.Time) Predicate {
	first := nanoseconds(from)
	last := nanoseconds(until)
	return Number(Time, func(ns int64) bool { return ns >= first && (until.IsZero() || ns < last) })
}

// Contains matches rows of which a value of a text column contains sub,
// without regard to case (by unicode.ToLower, character by character).
func Contains(c Column, sub string) Predicate {
	f := newFinder(sub)
	p := Text(c, f.inside)
	if c == Fields || c == Message {
		p.find = f
	}
	return p
}

// Scan returns the rows for which all predicates hold, of those in within (nil
// for all rows). It is quickest with the cheapest predicates first: where
// they leave no row of a row group, the others aren't asked. It runs on all
// cores.
func (r *Reader) Scan(ctx context.Context, within *Set, predicates ...Predicate) (*Set, error) {
	for i := range predicates {
		if err := predicates[i].check(); err != nil {
			return nil, err
		}
	}
	out := NewSet(r.Rows())
	var mu sync.Mutex
	err := r.eachGroup(ctx, func(g *group) error {
		rows := g.startSet(within)
		for i := range predicates {
			if rows.Len() == 0 {
				return nil
			}
			if err := g.filter(rows, &predicates[i]); err != nil {
				return err
			}
		}
		mu.Lock()
		defer mu.Unlock()
		for row := range rows.All() {
			out.Add(g.first + row)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (p *Predicate) check() error {
	if p.column < 0 || int(p.column) >= columns || p.column.isText() != (p.text != nil) {
		return fmt.Errorf("column %d of the event store can't be asked this", p.column)
	}
	return nil
}

// eachGroup calls f for the row groups, on all cores.
func (r *Reader) eachGroup(ctx context.Context, f func(*group) error) error {
	var (
		next    atomic.Int64
		workers sync.WaitGroup
		once    sync.Once
		failed  error
	)
	work := func() error {
		for {
			i := int(next.Add(1)) - 1
			if err := ctx.Err(); err != nil || i >= len(r.groups) {
				return err
			}
			if err := guard(func() error { return f(r.groups[i]) }); err != nil {
				next.Store(int64(len(r.groups))) // the others stop too
				return err
			}
		}
	}
	for range min(runtime.GOMAXPROCS(0), len(r.groups)) {
		workers.Go(func() {
			if err := work(); err != nil {
				once.Do(func() { failed = err })
			}
		})
	}
	workers.Wait()
	return failed
}

// startSet returns the group's rows that are in within, counted from the
// group's first.
func (g *group) startSet(within *Set) *Set {
	rows := NewSet(g.rows)
	if within == nil {
		rows.Not()
		return rows
	}
	for i := range g.rows {
		if within.Has(g.first + i) {
			rows.Add(i)
		}
	}
	return rows
}

// filter takes from rows those for which p does not hold.
func (g *group) filter(rows *Set, p *Predicate) error {
	hits := NewSet(g.rows)
	var verdicts dictionary[bool]
	var lowered []byte
	err := g.pages(p.column, 0, g.rows, func(at int64, pg page) error {
		switch {
		case pg.dict != nil:
			for i, ok := range verdicts.of(pg, p.holds) {
				if ok {
					hits.Add(at + int64(i))
				}
			}
		case p.find != nil:
			lowered = p.find.page(pg, lowered, p.column, func(i int) { hits.Add(at + int64(i)) })
		case p.column.isText():
			pg.eachText(func(i int, s []byte) {
				if rows.Has(at+int64(i)) && p.column.values(string(s), p.text) {
					hits.Add(at + int64(i))
				}
			})
		default:
			pg.eachNumber(func(i int, n int64) {
				if p.number(n) {
					hits.Add(at + int64(i))
				}
			})
		}
		return nil
	})
	rows.And(hits)
	return err
}

// holds is asked for an entry of a dictionary.
func (p *Predicate) holds(v parquet.Value) bool {
	if p.column.isText() {
		return p.column.values(string(v.ByteArray()), p.text)
	}
	return p.number(number(v))
}
