package rules

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// A Trial is what became of one example of a rule.
type Trial struct {
	Rule, Example string
	Mutations     int      // that were tried
	Failures      []string // nil: it went well
}

// Try runs the examples of all rules, and for each that must be likely or
// confirmed spoils the evidence of one criterion after the other: the verdict
// must fall, or the criterion is none.
func (s *Set) Try() []Trial {
	var list []Trial
	for _, rule := range s.rules {
		for _, x := range rule.Rule.Tests {
			list = append(list, rule.try(x))
		}
	}
	return list
}

func (rule *compiledRule) try(x *Example) Trial {
	t := Trial{Rule: rule.ID, Example: x.Name}
	fail := func(format string, args ...any) { t.Failures = append(t.Failures, fmt.Sprintf(format, args...)) }
	w, err := x.world()
	want, err2 := x.expected()
	if err := errors.Join(err, err2); err != nil {
		fail("%v", err)
		return t
	}
	f := w.run(rule)
	if got := verdictOf(f); got != want {
		fail("the verdict is %s, not %s", orNone(got), orNone(want))
		return t
	}
	if want < Likely {
		return t
	}
	for _, o := range f.outcomes {
		decides := o.Role == RoleAnchor || o.Role == RoleRequired || o.Role == RoleDiscriminating
		if !decides || o.state != Met {
			continue
		}
		for _, m := range mutations {
			spoilt := m.apply(w, f, o)
			if spoilt == nil {
				continue
			}
			t.Mutations++
			if got := verdictOf(spoilt.run(rule)); got >= want {
				fail("%s of the criterion %q leaves the verdict at %s", m.name, o.ID, orNone(got))
			}
		}
	}
	return t
}

func orNone(v Verdict) string {
	if v == NoVerdict {
		return expectNone
	}
	return v.String()
}

// mutations spoil what a criterion rests on; nil: there is nothing of the kind.
var mutations = []struct {
	name  string
	apply func(w *world, f *finding, o *outcome) *world
}{
	{"the absence", dropped},
	{"an earlier time", func(w *world, f *finding, o *outcome) *world { return moved(w, f, o, -60*24*time.Hour) }},
	{"a later time", func(w *world, f *finding, o *outcome) *world { return moved(w, f, o, 60*24*time.Hour) }},
	{"the reverse order", reversed},
}

// rests returns which of the world's events and facts the outcome cites.
func (w *world) rests(o *outcome) (events, facts []int) {
	for _, c := range o.cites {
		if c.Event != nil {
			for i := range w.events {
				if same := &w.events[i]; same.Computer == c.Event.Computer && same.ID == c.Event.ID && same.Time.Equal(c.Event.Time) {
					events = append(events, i)
				}
			}
		}
		if c.Fact != nil {
			for i, f := range w.facts {
				if f.Host == c.Fact.Host && f.Key == c.Fact.Key && f.Name == c.Fact.Name && f.Value == c.Fact.Value {
					facts = append(facts, i)
				}
			}
		}
	}
	slices.Sort(events)
	return slices.Compact(events), facts
}

func dropped(w *world, _ *finding, o *outcome) *world {
	events, facts := w.rests(o)
	if len(events)+len(facts) == 0 {
		return nil
	}
	out := &world{covered: w.covered}
	for i, e := range w.events {
		if !slices.Contains(events, i) {
			out.events = append(out.events, e)
		}
	}
	for i, f := range w.facts {
		if !slices.Contains(facts, i) {
			out.facts = append(out.facts, f)
		}
	}
	return out
}

// moved takes the evidence away from the time of the anchor, but for what is the
// anchor's own.
func moved(w *world, f *finding, o *outcome, by time.Duration) *world {
	events, _ := w.rests(o)
	anchor, _ := w.rests(f.outcomes[0])
	events = slices.DeleteFunc(events, func(i int) bool { return slices.Contains(anchor, i) })
	if len(events) == 0 || !o.Test.timed() {
		return nil
	}
	out := w.clone()
	for _, i := range events {
		out.events[i].Time = out.events[i].Time.Add(by)
	}
	return out
}

// timed reports whether it matters to a test when something was logged.
func (t *Test) timed() bool {
	if t == nil {
		return false
	}
	bounded := t.Within > 0 || t.Before > 0 || t.After > 0 || t.During || len(t.Between) > 0
	return bounded || t.Subject == "backup-failed" || slices.ContainsFunc(slices.Concat(t.All, t.Any, []*Test{t.Not, t.IfKnown}), (*Test).timed)
}

// reversed turns the times of a sequence's events round.
func reversed(w *world, _ *finding, o *outcome) *world {
	events, _ := w.rests(o)
	if len(o.Sequence) == 0 || len(events) < 2 {
		return nil
	}
	out := w.clone()
	for i, at := range events {
		out.events[at].Time = w.events[events[len(events)-1-i]].Time
	}
	return out
}

func (w *world) clone() *world {
	return &world{slices.Clone(w.events), slices.Clone(w.facts), w.covered}
}
