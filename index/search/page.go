package search

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
)

// page returns the hits of a page in order of time:
//
//  1. It counts the hits of each month, from the near end, until the page is
//     full; then those of each day of these months, and so on down to minutes.
//  2. It reads the times of a minute, or of a longer period of which the page
//     has all hits, if most of its documents are hits.
//
// So it looks at the times of some minutes and not of all hits.
func (x *Index) page(ctx context.Context, list found, r Request) ([]Hit, error) {
	p := pager{index: x, oldest: r.Oldest, skip: max(r.From, 0), room: r.Size}
	if r.Size <= 0 {
		return nil, nil
	}
	err := p.below(ctx, list, "")
	return p.hits, err
}

type pager struct {
	index      *Index
	oldest     bool
	skip, room int
	hits       []Hit
}

// below takes hits out of those of list, which are all in the period that the
// digits begin.
func (p *pager) below(ctx context.Context, list found, digits string) error {
	level := levelBelow(digits)
	if level == len(levels) {
		return p.take(ctx, list, digits)
	}
	periods, err := list.periods(ctx, level, digits)
	if err != nil {
		return err
	}
	if !p.oldest {
		slices.Reverse(periods)
	}
	for _, period := range periods {
		if p.room == 0 {
			return nil
		}
		if n := period.size(); n <= p.skip {
			p.skip -= n
			continue
		}
		next := p.below
		if p.wants(period) {
			next = p.take
		}
		if err := next(ctx, period.found, period.digits); err != nil {
			return err
		}
	}
	return nil
}

// dense is the part of a period's documents that must be hits for reading all
// their times to be quicker than going down to where the hits are.
const dense = 1. / 8

// wants reports whether the page has all of a period, which is dense.
func (p *pager) wants(x period) bool {
	n := x.size()
	return p.skip == 0 && n <= p.room && float64(n) >= dense*float64(x.documents)
}

func levelBelow(digits string) int {
	for i, l := range levels {
		if len(digits) < l.digits {
			return i
		}
	}
	return len(levels)
}

// A period is the hits of a month, day, hour, …
type period struct {
	digits    string // that its times begin with
	documents uint64 // of all, hits or not
	found
}

func (list found) size() int {
	n := 0
	for _, f := range list {
		n += int(f.docs.GetCardinality())
	}
	return n
}

// periods divides hits by the periods of a level that begin with digits, in
// order of time.
func (list found) periods(ctx context.Context, level int, digits string) ([]period, error) {
	low := string(rune('a'+level)) + digits
	parts := make([][]period, len(list))
	err := inParallel(ctx, len(list), func(i int) error {
		f := list[i]
		if f.docs.IsEmpty() {
			return nil
		}
		return f.eachTerm(termRange{fieldWhen, low, low + ":"}, nil, func(term string, docs *roaring.Bitmap) {
			if hits := roaring.And(docs, f.docs); !hits.IsEmpty() {
				parts[i] = append(parts[i], period{term[1:], docs.GetCardinality(), found{{f.segment, hits}}})
			}
		})
	})
	all := slices.Concat(parts...)
	slices.SortStableFunc(all, func(a, b period) int { return cmp.Compare(a.digits, b.digits) })
	return joinPeriods(all), err
}

// joinPeriods joins what different segments have of the same period.
func joinPeriods(all []period) []period {
	var out []period
	for _, p := range all {
		if n := len(out); n > 0 && out[n-1].digits == p.digits {
			out[n-1].found = append(out[n-1].found, p.found...)
			out[n-1].documents += p.documents
		} else {
			out = append(out, p)
		}
	}
	return out
}

// take takes the hits of the page out of those of one minute. It looks up the
// ids of these, and of what has the same time as the first and the last, so
// that the order is one and the same in every index of the same documents.
func (p *pager) take(ctx context.Context, list found, digits string) error {
	timed, err := list.timed(ctx, digits)
	if err != nil {
		return err
	}
	slices.SortStableFunc(timed, func(a, b timedDoc) int { return p.order(strings.Compare(a.time, b.time)) })
	from, to := p.skip, min(len(timed), p.skip+p.room)
	for from > 0 && timed[from-1].time == timed[from].time {
		from--
	}
	for to < len(timed) && timed[to].time == timed[to-1].time {
		to++
	}
	hits := make([]Hit, to-from)
	for i, d := range timed[from:to] {
		if hits[i], err = p.index.hit(d); err != nil {
			return err
		}
	}
	slices.SortFunc(hits, func(a, b Hit) int { return p.order(a.compare(b)) })
	hits = hits[p.skip-from:]
	hits = hits[:min(len(hits), p.room)]
	p.hits = append(p.hits, hits...)
	p.skip, p.room = 0, p.room-len(hits)
	return nil
}

// order turns a comparison round where the newest are first.
func (p *pager) order(c int) int {
	if p.oldest {
		return c
	}
	return -c
}

func (h Hit) compare(o Hit) int {
	return cmp.Or(h.Time.Compare(o.Time), strings.Compare(h.Source, o.Source), cmp.Compare(h.Offset, o.Offset), strings.Compare(h.Finding, o.Finding))
}

// A timedDoc is a hit with its time as a term.
type timedDoc struct {
	time string
	*segment
	doc uint32
}

// timed returns the hits whose time begins with digits.
func (list found) timed(ctx context.Context, digits string) ([]timedDoc, error) {
	var out []timedDoc
	for _, f := range list {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		err := f.eachTerm(termRange{fieldTime, digits, digits + ":"}, nil, func(term string, docs *roaring.Bitmap) {
			for it := roaring.And(docs, f.docs).Iterator(); it.HasNext(); {
				out = append(out, timedDoc{term, f.segment, it.Next()})
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// hit undoes what was done to a document's time and key.
func (x *Index) hit(d timedDoc) (Hit, error) {
	t, err := parseTimeTerm(d.time)
	if err != nil {
		return Hit{}, damaged("%v", err)
	}
	id, err := d.id(d.doc)
	if err != nil {
		return Hit{}, err
	}
	if name, ok := strings.CutPrefix(id, "F"); ok {
		return Hit{Key: Key{Finding: name}, Time: t}, nil
	}
	source, offset, ok := parseID(id)
	k := Key{Source: x.sources[source], Offset: offset}
	if !ok || k.Source == "" {
		return Hit{}, damaged("the document %q is of no source that it was made of", id)
	}
	return Hit{Key: k, Time: t}, nil
}
