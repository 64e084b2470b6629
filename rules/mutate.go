package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/rules/scene"
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
		fail("the verdict is %s, not %s: %s", orNone(got), orNone(want), f.standing())
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
		o = rule.spelledOut(o)
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

// spelledOut is an outcome whose criterion asks by itself what a term asks for it.
func (rule *compiledRule) spelledOut(o *outcome) *outcome {
	c := *o.Criterion
	for c.Uses != "" {
		c.Test = *rule.terms[c.Uses]
	}
	return &outcome{&c, o.result}
}

// standing says of each criterion that counts how it turned out.
func (f *finding) standing() string {
	if f == nil {
		return "the anchor is not met"
	}
	var parts []string
	for _, o := range f.outcomes {
		if o.Role != RoleSupporting {
			parts = append(parts, fmt.Sprintf("%s %s (%s)", o.ID, o.state, o.Role))
		}
	}
	return strings.Join(parts, ", ")
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
	{"another machine or volume", otherKeys},
	{"logs that cover nothing", uncovered},
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

// otherKeys moves the evidence, but for the anchor's own, to another machine or
// volume, where the criterion joins by it.
func otherKeys(w *world, f *finding, o *outcome) *world {
	keys := o.Test.keys(nil)
	events, _ := w.rests(o)
	anchor, _ := w.rests(f.outcomes[0])
	events = slices.DeleteFunc(events, func(i int) bool { return slices.Contains(anchor, i) })
	if len(events) == 0 || len(keys) == 0 {
		return nil
	}
	other := []string{}
	if vm := f.sub.vm; vm != nil && slices.Contains(keys, "vm") {
		other = append(other, vm.Name, "OTHER", vm.ID, "99999999-9999-9999-9999-999999999999")
	}
	if f.sub.volume != "" && slices.Contains(keys, "volume") {
		other = append(other, f.sub.volume, "Volume99")
		for _, i := range events { // two volumes of one disk move together
			if disk, ok := w.events[i].Field("ResourceName"); ok {
				other = append(other, disk, "Cluster Disk 99")
			}
		}
	}
	out, replace := w.clone(), strings.NewReplacer(other...)
	for _, i := range events {
		e := &out.events[i]
		e.Fields = slices.Clone(e.Fields)
		for k := range e.Fields {
			e.Fields[k].Value = replace.Replace(e.Fields[k].Value)
		}
	}
	return out
}

// keys are what a test joins by.
func (t *Test) keys(list []string) []string {
	if t == nil {
		return list
	}
	list = append(list, t.Same...)
	for _, part := range slices.Concat(t.All, t.Any, t.Sequence, []*Test{t.Not, t.IfKnown}) {
		list = part.keys(list)
	}
	return list
}

// uncovered takes the coverage from what is met because nothing was logged.
func uncovered(w *world, _ *finding, o *outcome) *world {
	if !w.covered || !slices.ContainsFunc(o.cites, func(c scene.Citation) bool { return c.Cover != nil }) || slices.ContainsFunc(o.cites, func(c scene.Citation) bool { return c.Event != nil }) {
		return nil
	}
	out := w.clone()
	out.covered = false
	return out
}

func (w *world) clone() *world {
	return &world{slices.Clone(w.events), slices.Clone(w.facts), w.covered}
}
