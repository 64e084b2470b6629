package store

import (
	"context"
	"fmt"
	"math"
	"regexp"
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
	span   *timeSpan         // of Time, in place of number
}

// Text matches rows of which a value of a text column matches: the text
// itself; one value of a list; for Fields the value of one field. It is asked
// once per distinct value and row group, except for Fields and Message, where
// it is asked for each row. The string may not be kept.
func Text(c Column, match func(string) bool) Predicate { return Predicate{column: c, text: match} }

// Number matches rows by ID, Level, Record or Offset.
func Number(c Column, match func(int64) bool) Predicate { return Predicate{column: c, number: match} }

// Since matches the rows that are not before a time. Rows without a time are
// before all others, and of the zero time.
func Since(t time.Time) Predicate {
	return Predicate{column: Time, span: &timeSpan{from: boundOf(t), until: math.MaxInt64}}
}

// Until matches the rows before a time.
func Until(t time.Time) Predicate {
	return Predicate{column: Time, span: &timeSpan{from: math.MinInt64, until: boundOf(t)}}
}

// A timeSpan is nanoseconds: from inclusive, until exclusive.
type timeSpan struct{ from, until int64 }

// boundOf returns the least of the times that rows can have which is not before
// t.
func boundOf(t time.Time) int64 {
	switch {
	case !t.After(time.Time{}):
		return noTime
	case t.After(maxTime):
		return math.MaxInt64
	}
	return nanoseconds(t)
}

// Contains matches rows of which a value of a text column contains sub,
// without regard to case (by unicode.ToLower, character by character).
func Contains(c Column, sub string) Predicate { return textPredicate(c, newFinder(sub)) }

// Matches matches rows of which a value of a text column matches a regular
// expression; empty text does so only as the value of a field. An expression in
// which some text must occur is quicker.
func Matches(c Column, re *regexp.Regexp) Predicate {
	f := newRegexpFinder(re)
	if c != Fields {
		f.inside = func(value string) bool { return value != "" && re.MatchString(value) }
	}
	return textPredicate(c, f)
}

func textPredicate(c Column, f *finder) Predicate {
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
		rows := g.slice(within)
		for i := range predicates {
			if err := g.filter(ctx, rows, &predicates[i]); err != nil {
				return err
			}
		}
		mu.Lock()
		defer mu.Unlock()
		out.paste(g.first, rows)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (p *Predicate) check() error {
	asked := p.text != nil
	if !p.column.isText() {
		asked = p.number != nil || p.span != nil
	}
	if p.column < 0 || int(p.column) >= columns || !asked {
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

// slice returns the group's rows that are in within (nil for all), counted from
// the group's first.
func (g *group) slice(within *Set) *Set {
	if within == nil {
		return all(g.rows)
	}
	return within.slice(g.first, g.rows)
}

// filter takes from rows those for which p does not hold. Pages without any of
// the rows aren't read.
func (g *group) filter(ctx context.Context, rows *Set, p *Predicate) error {
	if p.span != nil && p.span.from <= g.from && g.to < p.span.until {
		return nil // all the group's rows are within
	}
	hits := NewSet(g.rows)
	if p.span == nil || p.span.from <= g.to && g.from < p.span.until {
		look := p.looker(rows, hits)
		err := g.pages(p.column, rows, func(at int64, pg page) error {
			look(at, pg)
			return ctx.Err()
		})
		if err != nil {
			return err
		}
	}
	rows.And(hits)
	return nil
}

// looker returns what adds the rows of a page for which p holds to hits; those
// that are not in rows don't matter.
func (p *Predicate) looker(rows, hits *Set) func(at int64, pg page) {
	verdicts := dictionary[bool]{think: p.holds}
	var lowered []byte
	return func(at int64, pg page) {
		hit := func(i int) { hits.Add(at + int64(i)) }
		switch {
		case pg.dict != nil:
			for i, x := range pg.entries() {
				if verdicts.of(pg.dict, x) {
					hit(i)
				}
			}
		case p.find != nil:
			lowered = p.find.page(pg, lowered, p.column, hit)
		case p.column.isText():
			data, offsets := pg.texts()
			for row := range rows.between(at, at+int64(pg.rows)) {
				i := int(row - at)
				if p.column.values(string(data[offsets[i]:offsets[i+1]]), p.text) {
					hit(i)
				}
			}
		default:
			pg.eachNumber(func(i int, n int64) {
				if p.holdsNumber(n) {
					hit(i)
				}
			})
		}
	}
}

// holds is asked for an entry of a dictionary.
func (p *Predicate) holds(v parquet.Value) bool {
	if p.column.isText() {
		return p.column.values(string(v.ByteArray()), p.text)
	}
	return p.holdsNumber(number(v))
}

func (p *Predicate) holdsNumber(n int64) bool {
	if p.span != nil {
		return p.span.from <= n && n < p.span.until
	}
	return p.number(n)
}
