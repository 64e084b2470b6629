package scene

import (
	"cmp"
	"container/heap"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
)

// maxWeight bounds the events that are held, in bytes: some 300,000 usual
// ones. Beyond it the commonest kind of event is thinned out.
const maxWeight = 192 << 20

// weight is about what an event takes in memory in bytes, with what the scene makes
// of it.
func weight(e *event.Event) int {
	n := 512
	for i := range e.Fields {
		n += 48 + len(e.Fields[i].Name) + len(e.Fields[i].Value)
	}
	return n
}

// A kind is what events that come in thousands have in common.
type kind struct {
	provider string
	id       uint32
}

// crowd is the events of one kind.
type crowd struct {
	kind
	events []*event.Event
	weight int
}

// crowds is a heap, the heaviest first.
type crowds []*crowd

func (c crowds) Len() int      { return len(c) }
func (c crowds) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c *crowds) Push(x any)   { *c = append(*c, x.(*crowd)) }
func (c *crowds) Pop() any     { panic("none is taken out") }
func (c crowds) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(c[j].weight, c[i].weight), cmp.Compare(c[i].provider, c[j].provider), cmp.Compare(c[i].id, c[j].id)) < 0
}

// A place is a channel of a computer.
type place struct{ computer, channel string }

// thinned is what was left out of the events of one channel: the log can't show there
// what did not happen.
type thinned struct {
	place
	Interval
	events int
}

// thin leaves out events of the heaviest kind until half the room is free: those of
// the middle of their time, since how something began and how it is now tells more.
func (b *Builder) thin() {
	drop := map[*event.Event]bool{}
	for all := b.crowds(); b.weight > b.maxWeight/2 && all[0].weight > 0; heap.Fix(&all, 0) {
		for _, e := range all[0].halve() {
			drop[e] = true
			b.leaveOut(e)
		}
	}
	dropped := func(e *event.Event) bool { return drop[e] }
	b.events = slices.DeleteFunc(b.events, dropped)
	for id := range b.held {
		b.held[id] = slices.DeleteFunc(b.held[id], dropped)
	}
	for e := range drop {
		*e = event.Event{} // its batch may be held by others
	}
}

// crowds are all events by kind.
func (b *Builder) crowds() crowds {
	byKind := map[kind]*crowd{}
	add := func(e *event.Event) {
		k := kind{strings.ToLower(e.Provider), e.ID}
		if byKind[k] == nil {
			byKind[k] = &crowd{kind: k}
		}
		byKind[k].events = append(byKind[k].events, e)
		byKind[k].weight += weight(e)
	}
	for _, e := range b.events {
		add(e)
	}
	for _, id := range slices.Sorted(maps.Keys(b.held)) {
		for _, e := range b.held[id] {
			add(e)
		}
	}
	list := crowds(slices.Collect(maps.Values(byKind)))
	for _, c := range list {
		slices.SortStableFunc(c.events, func(x, y *event.Event) int { return x.Time.Compare(y.Time) })
	}
	heap.Init(&list)
	return list
}

// halve takes the middle of the events out.
func (c *crowd) halve() []*event.Event {
	quarter := len(c.events) / 4
	middle := slices.Clone(c.events[quarter : len(c.events)-quarter])
	c.events = slices.Delete(c.events, quarter, len(c.events)-quarter)
	for _, e := range middle {
		c.weight -= weight(e)
	}
	return middle
}

func (b *Builder) leaveOut(e *event.Event) {
	b.weight -= weight(e)
	delete(b.seen, b.key(e))
	p := place{strings.ToLower(e.Computer), known.CanonicalChannel(e.Channel)}
	t := b.thinned[p]
	if t == nil {
		t = &thinned{place: p, Interval: Interval{e.Time, e.Time}}
		b.thinned[p] = t
	}
	t.events++
	t.From, t.To = earlier(t.From, e.Time), later(t.To, e.Time)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// uncover takes out of the coverage what was thinned out, and says so.
func (s *Scene) uncover(list map[place]*thinned) {
	total, from, to := 0, time.Time{}, time.Time{}
	for _, t := range list {
		if total == 0 {
			from, to = t.From, t.To
		}
		total += t.events
		from, to = earlier(from, t.From), later(to, t.To)
		s.people.of(t.computer).cut(t)
		for h := range s.people.former[shortName(t.computer)] {
			h.cut(t)
		}
	}
	if total > 0 {
		s.Limits = append(s.Limits, fmt.Sprintf("more events matter than %d MiB hold: %d of the commonest, from %s to %s, were left out; ask for that time with --since and --until",
			maxWeight>>20, total, from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339)))
	}
}

// cut takes what was left out of a channel's events from its coverage.
func (h *Host) cut(t *thinned) {
	if c := h.coverage[t.channel]; c != nil {
		c.Intervals = without(c.Intervals, t.Interval)
	}
}

// without takes a span of time out of intervals.
func without(list []Interval, cut Interval) []Interval {
	var out []Interval
	for _, in := range list {
		if in.To.Before(cut.From) || in.From.After(cut.To) {
			out = append(out, in)
			continue
		}
		if in.From.Before(cut.From) {
			out = append(out, Interval{in.From, cut.From})
		}
		if in.To.After(cut.To) {
			out = append(out, Interval{cut.To, in.To})
		}
	}
	return out
}
