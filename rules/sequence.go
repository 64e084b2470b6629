package rules

import (
	"slices"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules/scene"
)

// sequence looks for one event for each step, in order, and all before the
// subject's time and within the given span of it; a step may also be bound to
// follow the one before it within a span of its own. It binds the steps' names.
//
//  1. Collect the events that match each step in the window.
//  2. Choose backwards in preference: the latest first step from which a whole
//     chain leads on; then the earliest event that follows each.
//  3. A chain whose order is sure is met; one that only hangs on clocks that
//     are not known well enough makes it unknown.
//  4. Without any chain, it is unmet if the logs of every step cover the window.
func (ev *evaluator) sequence(t *Test) result {
	from := ev.sub.at.Add(-time.Duration(t.Within))
	steps := make([][][]*scene.Event, len(t.Sequence))
	var missing []lack
	var cites []scene.Citation
	covered := Unmet
	for i, step := range t.Sequence {
		events, absence := ev.step(step, t, from)
		steps[i] = events
		if len(events) == 0 {
			covered = max(covered, absence.state)
			missing = appendNew(missing, absence.missing...)
			cites = append(cites, absence.cites...)
		}
	}
	if chain := ev.chain(t.Sequence, steps, surely); chain != nil {
		for i, step := range t.Sequence {
			ev.bound[step.As] = chain[i]
		}
		return result{state: Met, cites: citeEvents(chain)}
	}
	r := result{state: covered, missing: missing, cites: cites}
	if chain := ev.chain(t.Sequence, steps, perhaps); chain != nil {
		r = result{missing: lacks(ev.noOrder(foreign(chain, ev.sub.host)))}
	} else if covered == Unmet && len(cites) == 0 {
		r.cites = citeEvents(slices.Concat(collect(steps, byTime)...))
		r.state, r.missing = ev.brokenOrder(t, from)
	}
	for _, step := range t.Sequence {
		ev.broken[step.As] = r.state
	}
	return r
}

// step returns the events for one step by computer, each list in the order of time, and
// what their absence would mean.
func (ev *evaluator) step(step, of *Test, from time.Time) ([][]*scene.Event, result) {
	t := *step
	t.Same, t.Differ = slices.Concat(of.Same, step.Same), slices.Concat(of.Differ, step.Differ)
	hosts, missing := ev.hosts(t.On)
	var found [][]*scene.Event
	for _, h := range hosts {
		skew := ev.skew(h)
		events := ev.window(&t, h, from.Add(skew.Mid()), ev.sub.at.Add(skew.To))
		if meant := only(events, func(e *scene.Event) bool { return ev.meant(&t, e) }); len(meant) > 0 {
			found = append(found, meant)
		}
	}
	if len(found) > 0 {
		return found, result{}
	}
	if missing != "" {
		return nil, result{missing: lacks(missing)}
	}
	return nil, ev.absence(&t, hosts, from, ev.sub.at)
}

// byTime makes one list of those of several computers.
func byTime(lists [][]*scene.Event) []*scene.Event {
	all := slices.Concat(lists...)
	slices.SortStableFunc(all, func(a, b *scene.Event) int { return a.Time.Compare(b.Time) })
	return all
}

// brokenOrder: every step occurred, but in no order that fits. That is certain
// only if the logs of every step cover the window.
func (ev *evaluator) brokenOrder(t *Test, from time.Time) (State, []lack) {
	state := Unmet
	var missing []lack
	for _, step := range t.Sequence {
		hosts, absent := ev.hosts(step.On)
		if absent != "" {
			return Unknown, appendNew(missing, lacks(absent)...)
		}
		r := ev.absence(step, hosts, from, ev.sub.at)
		state = max(state, r.state)
		missing = appendNew(missing, r.missing...)
	}
	return state, missing
}

// chain returns one event per step in order, or nil. What lies between two computers'
// clocks says how far one event must be behind another.
func (ev *evaluator) chain(tests []*Test, steps [][][]*scene.Event, between func(scene.Skew) time.Duration) []*scene.Event {
	if len(steps) == 0 || slices.ContainsFunc(steps, func(step [][]*scene.Event) bool { return len(step) == 0 }) {
		return nil
	}
	end := [][]*scene.Event{{{Event: &event.Event{Time: ev.sub.at}, Host: ev.sub.host}}}
	for _, first := range slices.Backward(byTime(steps[0])) {
		chain := []*scene.Event{first}
		for i, step := range steps[1:] {
			next := ev.following(chain[i], step, time.Duration(tests[i+1].Within), between)
			if next == nil {
				break
			}
			chain = append(chain, next)
		}
		if last := chain[len(chain)-1]; len(chain) == len(steps) && (ev.following(last, end, 0, between) != nil || ev.isLast(last)) {
			return chain
		}
	}
	return nil
}

// following returns the earliest event after a, no further behind it than a span; nil:
// there is none.
func (ev *evaluator) following(a *scene.Event, step [][]*scene.Event, span time.Duration, between func(scene.Skew) time.Duration) (earliest *scene.Event) {
	ev.finder.spend(len(step))
	for _, list := range step { // of one computer, in the order of time
		from := a.Time.Add(1)
		if h := list[0].Host; h != a.Host {
			s, _ := skew(ev.scene, a.Host, h, ev.sub.at)
			from = a.Time.Add(between(s))
		}
		i, _ := slices.BinarySearchFunc(list, from, func(e *scene.Event, t time.Time) int { return e.Time.Compare(t) })
		if i < len(list) && (span == 0 || ev.follows(a, list[i], span)) && (earliest == nil || list[i].Time.Before(earliest.Time)) {
			earliest = list[i]
		}
	}
	return earliest
}

// surely and perhaps say how far behind an event of one computer one of another must
// be to have happened after it, as far as their clocks are known.
func surely(s scene.Skew) time.Duration  { return s.To }
func perhaps(s scene.Skew) time.Duration { return s.From }

// follows reports whether b is no further behind a than a span, as far as the
// clocks are known.
func (ev *evaluator) follows(a, b *scene.Event, span time.Duration) bool {
	var s scene.Skew
	if a.Host != b.Host {
		s, _ = skew(ev.scene, a.Host, b.Host, ev.sub.at)
	}
	return b.Time.Sub(a.Time)-s.To <= span
}

// isLast: what the subject's own host logged at the subject's time may be the
// subject itself.
func (ev *evaluator) isLast(e *scene.Event) bool {
	return e.Host == ev.sub.host && e.Time.Equal(ev.sub.at)
}

// foreign is the first host of a chain that is not the given one.
func foreign(chain []*scene.Event, own *scene.Host) *scene.Host {
	for _, e := range chain {
		if e.Host != own {
			return e.Host
		}
	}
	return own
}
