package scene

import (
	"cmp"
	"fmt"
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
	for b.weight > b.maxWeight/2 {
		all := b.heaviest()
		slices.SortStableFunc(all, func(x, y *event.Event) int { return x.Time.Compare(y.Time) })
		drop := map[*event.Event]bool{}
		for _, e := range all[len(all)/4 : len(all)-len(all)/4] {
			drop[e] = true
			b.leaveOut(e)
		}
		if len(drop) == 0 {
			return // a few events of many megabytes: readers bound each
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
}

// heaviest are the events of the kind that takes the most room.
func (b *Builder) heaviest() []*event.Event {
	kinds := map[kind][]*event.Event{}
	weights := map[kind]int{}
	add := func(e *event.Event) {
		k := kind{strings.ToLower(e.Provider), e.ID}
		kinds[k] = append(kinds[k], e)
		weights[k] += weight(e)
	}
	for _, e := range b.events {
		add(e)
	}
	for _, list := range b.held {
		for _, e := range list {
			add(e)
		}
	}
	var most kind
	for k, w := range weights {
		if c := cmp.Compare(w, weights[most]); c > 0 || c == 0 && (k.provider < most.provider || k.provider == most.provider && k.id < most.id) {
			most = k
		}
	}
	return kinds[most]
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
		if c := s.people.of(t.computer).coverage[t.channel]; c != nil {
			c.Intervals = without(c.Intervals, t.Interval)
		}
	}
	if total > 0 {
		s.Limits = append(s.Limits, fmt.Sprintf("more events matter than %d MiB hold: %d of the commonest, from %s to %s, were left out; ask for that time with --since and --until",
			maxWeight>>20, total, from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339)))
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
