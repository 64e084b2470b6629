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
	steps := make([][]*scene.Event, len(t.Sequence))
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
	if chain := ev.chain(t.Sequence, steps, ev.before); chain != nil {
		for i, step := range t.Sequence {
			ev.bound[step.As] = chain[i]
		}
		return result{state: Met, cites: citeEvents(chain)}
	}
	r := result{state: covered, missing: missing, cites: cites}
	if chain := ev.chain(t.Sequence, steps, ev.perhapsBefore); chain != nil {
		r = result{missing: lacks(ev.noOrder(foreign(chain, ev.sub.host)))}
	} else if covered == Unmet && len(cites) == 0 {
		r.cites = citeEvents(slices.Concat(steps...))
		r.state, r.missing = ev.brokenOrder(t, from)
	}
	for _, step := range t.Sequence {
		ev.broken[step.As] = r.state
	}
	return r
}

// step returns the events for one step, and what their absence would mean.
func (ev *evaluator) step(step, of *Test, from time.Time) ([]*scene.Event, result) {
	t := *step
	t.Same, t.Differ = slices.Concat(of.Same, step.Same), slices.Concat(of.Differ, step.Differ)
	hosts, missing := ev.hosts(t.On)
	var found []*scene.Event
	for _, h := range hosts {
		skew := ev.skew(h)
		for _, e := range ev.finder.window(ev.rule.signals[t.Signal], h, from.Add(skew.Mid()), ev.sub.at.Add(skew.To)) {
			if ev.meant(&t, e) {
				found = append(found, e)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b *scene.Event) int { return a.Time.Compare(b.Time) })
	if len(found) > 0 {
		return found, result{}
	}
	if missing != "" {
		return nil, result{missing: lacks(missing)}
	}
	return nil, ev.absence(&t, hosts, from, ev.sub.at)
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

// chain returns one event per step in order, or nil.
func (ev *evaluator) chain(tests []*Test, steps [][]*scene.Event, before func(a, b *scene.Event) bool) []*scene.Event {
	if len(steps) == 0 {
		return nil
	}
	end := &scene.Event{Event: &event.Event{Time: ev.sub.at}, Host: ev.sub.host}
	for _, first := range slices.Backward(steps[0]) {
		chain := []*scene.Event{first}
		for i, step := range steps[1:] {
			last, span := chain[len(chain)-1], time.Duration(tests[i+1].Within)
			next := slices.IndexFunc(step, func(e *scene.Event) bool {
				return before(last, e) && (span == 0 || ev.follows(last, e, span))
			})
			if next < 0 {
				break
			}
			chain = append(chain, step[next])
		}
		if last := chain[len(chain)-1]; len(chain) == len(steps) && (before(last, end) || ev.isLast(last)) {
			return chain
		}
	}
	return nil
}

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
