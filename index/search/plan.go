package search

import (
	"errors"
	"strconv"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
)

// ErrNotAnswered says that the index can say nothing useful about a query, which
// is asked of the rows themselves then: a regular expression, or text of which
// no word, and no beginning of a number, is known.
var ErrNotAnswered = errors.New("the search index does not answer this query")

// An expr says which documents of a segment it is about. The bitmap that it
// returns is its caller's.
type expr func(*segment) (*roaring.Bitmap, error)

// bounds are what is known of the documents that match: all that do are in
// atMost, and those in atLeast do. If exact is set, the two are equal. A nil
// atMost is all documents, a nil atLeast none.
type bounds struct {
	atMost, atLeast expr
	exact           bool
}

func exactly(e expr) bounds { return bounds{e, e, true} }

// unknown is what is known of a part of which nothing is.
var unknown = bounds{}

// plan makes bounds of a part of a query.
func plan(p query.Part) bounds {
	switch p := p.(type) {
	case query.AllOf:
		return planAll(p)
	case query.AnyOf:
		return planAny(p)
	case query.Not:
		return planNot(plan(p.Part))
	case query.Names:
		return exactly(namesExpr(p))
	case query.IDs:
		return exactly(fieldExpr(string(query.ID), func(term string) bool {
			n, err := strconv.ParseUint(term, 10, 32)
			return err == nil && p.Match(uint32(n))
		}))
	case query.Levels:
		return exactly(fieldExpr(string(query.Level), func(term string) bool {
			n, err := strconv.ParseUint(term, 10, 8)
			return err == nil && p.Match(event.Level(n))
		}))
	case query.Codes:
		return exactly(fieldExpr(string(query.Code), func(term string) bool {
			c, err := known.ParseCode(term)
			return err == nil && p.Match(c)
		}))
	case query.AtOrAfter:
		return exactly(rangesExpr(timeRanges(clampTime(p.Time), endTime)))
	case query.Before:
		return exactly(rangesExpr(timeRanges(minTime, clampTime(p.Time))))
	case query.Contains:
		return planText(p.Lower)
	}
	return unknown
}

func everything(s *segment) (*roaring.Bitmap, error) { return s.live.Clone(), nil }

// planAll: all bounds hold, and those from above do one by one too.
func planAll(parts []query.Part) bounds {
	if len(parts) == 0 {
		return exactly(everything)
	}
	atMost, atLeast, sum := planParts(parts)
	if len(atMost) > 0 {
		sum.atMost = allExpr(atMost)
	}
	if len(atLeast) == len(parts) {
		sum.atLeast = allExpr(atLeast)
	}
	return sum
}

// planAny: a bound from above needs that of every part.
func planAny(parts []query.Part) bounds {
	atMost, atLeast, sum := planParts(parts)
	if len(atMost) == len(parts) {
		sum.atMost = anyExpr(atMost)
	}
	if len(atLeast) > 0 {
		sum.atLeast = anyExpr(atLeast)
	}
	return sum
}

// planParts returns the bounds that parts have, and whether all are exact.
func planParts(parts []query.Part) (atMost, atLeast []expr, sum bounds) {
	sum.exact = true
	for _, part := range parts {
		b := plan(part)
		sum.exact = sum.exact && b.exact
		if b.atMost != nil {
			atMost = append(atMost, b.atMost)
		}
		if b.atLeast != nil {
			atLeast = append(atLeast, b.atLeast)
		}
	}
	return atMost, atLeast, sum
}

// planNot: what does not match is at least what is not in atMost, and at most
// what is not in atLeast.
func planNot(b bounds) bounds {
	out := bounds{exact: b.exact}
	if b.atLeast != nil {
		out.atMost = notExpr(b.atLeast)
	}
	if b.atMost != nil {
		out.atLeast = notExpr(b.atMost)
	}
	return out
}

// planText: text is looked for in tokens, and in the names themselves.
func planText(part string) bounds {
	inNames := make([]expr, len(nameFields))
	for i, f := range nameFields {
		inNames[i] = fieldExpr(f, func(term string) bool { return strings.Contains(fold(valueOf(term)), part) })
	}
	b := bounds{atLeast: anyExpr(inNames)}
	if n := newNeedle(part); len(n) > 0 {
		b.atMost = anyExpr([]expr{b.atLeast, n.expr()})
	}
	return b
}

func (n needle) expr() expr {
	elements := make([]expr, len(n))
	for i, alternatives := range n {
		each := make([]expr, len(alternatives))
		for j, a := range alternatives {
			each[j] = a.expr()
		}
		elements[i] = anyExpr(each)
	}
	return allExpr(elements)
}

func (list clues) expr() expr {
	each := make([]expr, len(list))
	for i, c := range list {
		each[i] = c.expr()
	}
	return allExpr(each)
}

// expr looks at the terms that begin with the clue's, or else at all.
func (c clue) expr() expr {
	if !c.closedLeft {
		return fieldExpr(c.field, c.fits)
	}
	end := c.term + "\xff" // after all that begin so; UTF-8 has no such byte
	if c.closedRight {
		end = c.term + "\x00"
	}
	ranges := []termRange{{c.field, c.term, end}}
	if !c.closedRight {
		ranges = append(ranges, termRange{c.field, overlong, overlong + "\x00"})
	}
	return rangesExpr(ranges)
}

// namesExpr: a provider may match by its second name, where it has one.
func namesExpr(p query.Names) expr {
	match := func(term string) bool { return p.Match(valueOf(term)) }
	e := fieldExpr(string(p.Field), match)
	if p.Field == query.Provider {
		e = anyExpr([]expr{e, fieldExpr(fieldClassic, match)})
	}
	return e
}

// fieldExpr asks match about every term of a field.
func fieldExpr(field string, match func(term string) bool) expr {
	return func(s *segment) (*roaring.Bitmap, error) {
		sum := roaring.New()
		err := s.eachTerm(termRange{field: field}, match, func(_ string, docs *roaring.Bitmap) { sum.Or(docs) })
		return sum, err
	}
}

// rangesExpr is all terms of the ranges.
func rangesExpr(ranges []termRange) expr {
	return func(s *segment) (*roaring.Bitmap, error) {
		sum := roaring.New()
		for _, r := range ranges {
			if err := s.eachTerm(r, nil, func(_ string, docs *roaring.Bitmap) { sum.Or(docs) }); err != nil {
				return nil, err
			}
		}
		return sum, nil
	}
}

func allExpr(list []expr) expr {
	return join(list, func(sum, docs *roaring.Bitmap) (done bool) { sum.And(docs); return sum.IsEmpty() })
}

func anyExpr(list []expr) expr {
	return join(list, func(sum, docs *roaring.Bitmap) (done bool) { sum.Or(docs); return false })
}

// join computes the expressions in turn until with says that no more matter.
func join(list []expr, with func(sum, docs *roaring.Bitmap) (done bool)) expr {
	if len(list) == 1 {
		return list[0]
	}
	return func(s *segment) (*roaring.Bitmap, error) {
		sum, err := list[0](s)
		for _, e := range list[1:] {
			if err != nil {
				return nil, err
			}
			var docs *roaring.Bitmap
			if docs, err = e(s); err == nil && with(sum, docs) {
				break
			}
		}
		return sum, err
	}
}

func notExpr(e expr) expr {
	return func(s *segment) (*roaring.Bitmap, error) {
		docs, err := e(s)
		if err != nil {
			return nil, err
		}
		return roaring.AndNot(s.live, docs), nil
	}
}

// within keeps the documents of a kind.
func (b bounds) within(kind string) expr {
	ofKind := rangesExpr([]termRange{{fieldKind, kind, kind + "\x00"}})
	return allExpr([]expr{ofKind, b.atMost})
}
