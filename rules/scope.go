package rules

import (
	"slices"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules/report"
	"github.com/vsswhy/vsswhy/rules/scene"
)

// A Scope is what a diagnosis is asked about: the failures and restores of some
// computers in some time. What explains them counts wherever and whenever it was
// logged. The zero Scope asks about everything.
type Scope struct {
	From, To time.Time              // From <= time < To; zero: no bound
	Host     func(name string) bool // nil: all computers
	Names    []string               // what Host was made of, for people

	known map[*scene.Host]bool // what on has answered; nil: it is not kept
}

// all reports whether the scope asks about everything.
func (s Scope) all() bool { return s.From.IsZero() && s.To.IsZero() && s.Host == nil }

// at reports whether a time is asked about.
func (s Scope) at(t time.Time) bool {
	return (s.From.IsZero() || !t.Before(s.From)) && (s.To.IsZero() || t.Before(s.To))
}

// on reports whether a computer is asked about, by any of its names.
func (s Scope) on(h *scene.Host) bool {
	if s.Host == nil {
		return true
	}
	on, ok := s.known[h]
	if !ok {
		on = s.Host(h.Name) || slices.ContainsFunc(h.Aliases, s.Host)
		if s.known != nil {
			s.known[h] = on
		}
	}
	return on
}

func (s Scope) failure(f *scene.Failure) bool { return s.at(f.At) && s.on(f.Host) }

// job reports whether a part of a job lies in the scope.
func (s Scope) job(j *scene.Job) bool {
	return s.on(j.Host) && (s.To.IsZero() || j.Begin().Before(s.To)) && (s.From.IsZero() || !j.To.Before(s.From))
}

// asked tells the reader of a report what it is about; nil: everything.
func (s Scope) asked(sc *scene.Scene) *report.Asked {
	if s.all() {
		return nil
	}
	return &report.Asked{
		Since: report.Time{Time: s.From}, Until: report.Time{Time: s.To}, Hosts: collect(s.Names, text),
		Computers:       collect(only(sc.Hosts, s.on), func(h *scene.Host) string { return text(h.Name) }),
		FailuresOutside: len(sc.Failures) - len(only(sc.Failures, s.failure)),
	}
}

// longestJob is how long before its end a job may begin whose failure is asked
// about (scene takes no backup for longer).
const longestJob = 24 * time.Hour

// Bounds returns what has to be read for a scope: events as far from it as a
// rule looks, and those of lasting meaning. Computers are no bound: what happened
// on one is explained by the logs of others.
func (s *Set) Bounds(scope Scope) event.Bounds {
	reach := longestJob
	always := scene.Lasting()
	for _, r := range s.rules {
		reach = max(reach, time.Duration(r.Near))
		r.eachTest(func(t *Test) {
			reach = max(reach, t.reach())
			if t.unbounded() {
				r.signals[t.Signal].source.want(always)
			}
		})
	}
	b := event.Bounds{Always: always}
	if !scope.From.IsZero() {
		b.From = scope.From.Add(-reach)
	}
	if !scope.To.IsZero() {
		b.To = scope.To.Add(reach)
	}
	return b
}

// reach is how far from its subject a test looks.
func (t *Test) reach() time.Duration {
	return time.Duration(max(t.Within, t.Before, t.After)) + longestJob
}

// unbounded: the test looks for an event at any time.
func (t *Test) unbounded() bool {
	bounded := t.Within > 0 || t.Before > 0 || t.After > 0 || t.During || len(t.Between) > 0
	return t.Signal != "" && t.On != "subject" && !bounded
}

// eachTest calls f for each test of the rule, and for those within. The steps of
// a sequence lie within the sequence's time.
func (r *compiledRule) eachTest(f func(t *Test)) {
	var walk func(t *Test)
	walk = func(t *Test) {
		if t == nil {
			return
		}
		f(t)
		for _, part := range slices.Concat(t.All, t.Any, []*Test{t.Not, t.IfKnown}) {
			walk(part)
		}
	}
	walk(r.Anchor)
	for _, t := range r.terms {
		walk(t)
	}
	for _, c := range r.Criteria {
		walk(&c.Test)
	}
}
