package rules

import (
	"fmt"
	"slices"
	"time"

	"github.com/vsswhy/vsswhy/rules/scene"
)

// sequence looks for one event for each step, in order, and all before the
// subject's time and within the given span of it. It binds the steps' names.
//
//  1. Collect the events that match each step in the window.
//  2. Choose backwards in preference: the latest first step from which a whole
//     chain leads on; then the earliest event that follows each.
//  3. A chain whose order is sure is met; one that only hangs on clocks that
//     were not compared makes it unknown.
//  4. Without any chain, it is unmet if the logs of every step cover the window.
func (ev *evaluator) sequence(t *Test) result {
	from := ev.sub.at.Add(-time.Duration(t.Within))
	steps := make([][]*scene.Event, len(t.Sequence))
	var missing []string
	var cites []scene.Citation
	covered := Unmet
	for i, step := range t.Sequence {
		events, absence := ev.step(step, t.Same, from)
		steps[i] = events
		if len(events) == 0 {
			covered = max(covered, absence.state)
			missing = appendNew(missing, absence.missing...)
			cites = append(cites, absence.cites...)
		}
	}
	if chain := ev.chain(steps, skewMargin); chain != nil {
		for i, step := range t.Sequence {
			ev.bound[step.As] = chain[i]
		}
		return result{state: Met, cites: citeEvents(chain)}
	}
	r := result{state: covered, missing: missing, cites: cites}
	if chain := ev.chain(steps, -skewMargin); chain != nil {
		r = result{missing: []string{fmt.Sprintf("the clocks of the hosts: events less than %v apart have no order", skewMargin)}}
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
func (ev *evaluator) step(step *Test, same []string, from time.Time) ([]*scene.Event, result) {
	t := *step
	t.Same = same
	hosts, missing := ev.hosts(t.On)
	var found []*scene.Event
	for _, h := range hosts {
		events := h.Between(from, ev.sub.at.Add(skewMargin))
		ev.budget.spend(len(events))
		for _, e := range events {
			if ev.matches(&t, e) {
				found = append(found, e)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b *scene.Event) int { return a.Time.Compare(b.Time) })
	if len(found) > 0 {
		return found, result{}
	}
	if missing != "" {
		return nil, result{missing: []string{missing}}
	}
	return nil, ev.absence(&t, hosts, from, ev.sub.at)
}

// brokenOrder: every step occurred, but in no order that fits. That is certain
// only if the logs of every step cover the window.
func (ev *evaluator) brokenOrder(t *Test, from time.Time) (State, []string) {
	state := Unmet
	var missing []string
	for _, step := range t.Sequence {
		hosts, absent := ev.hosts(step.On)
		if absent != "" {
			return Unknown, appendNew(missing, absent)
		}
		r := ev.absence(step, hosts, from, ev.sub.at)
		state = max(state, r.state)
		missing = appendNew(missing, r.missing...)
	}
	return state, missing
}

// chain returns one event per step in order, or nil. Events of one host are
// ordered by their times; those of different hosts only if they are margin
// apart.
func (ev *evaluator) chain(steps [][]*scene.Event, margin time.Duration) []*scene.Event {
	if len(steps) == 0 {
		return nil
	}
	for _, first := range slices.Backward(steps[0]) {
		chain := []*scene.Event{first}
		for _, step := range steps[1:] {
			next := slices.IndexFunc(step, func(e *scene.Event) bool { return before(chain[len(chain)-1], e, margin) })
			if next < 0 {
				break
			}
			chain = append(chain, step[next])
		}
		if len(chain) == len(steps) && ev.beforeSubject(chain[len(chain)-1], margin) {
			return chain
		}
	}
	return nil
}

func (ev *evaluator) beforeSubject(e *scene.Event, margin time.Duration) bool {
	if e.Host == ev.sub.host {
		return !e.Time.After(ev.sub.at)
	}
	return ev.sub.at.Sub(e.Time) >= margin
}

func before(a, b *scene.Event, margin time.Duration) bool {
	if a.Host == b.Host {
		return a.Time.Before(b.Time)
	}
	return b.Time.Sub(a.Time) >= margin
}
