package rules

import (
	"slices"
	"time"

	"github.com/vsswhy/vsswhy/rules/scene"
)

// span returns the time in which the test looks.
func (ev *evaluator) span(t *Test) (from, to time.Time) {
	s := ev.sub
	start, end := s.span()
	switch {
	case t.Within > 0:
		d := time.Duration(t.Within)
		return start.Add(-d), later(s.at, end).Add(d)
	case t.Before > 0:
		return s.at.Add(-time.Duration(t.Before)), s.at
	case t.After > 0:
		return start, end.Add(time.Duration(t.After))
	case t.During:
		return start, end
	}
	return time.Time{}, forever
}

// forever is later than any event.
var forever = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// signal looks for an event that the matcher matches. Where there is none, it
// is unmet only if the logs that would show it cover the window on every
// computer that counts.
func (ev *evaluator) signal(t *Test) result {
	if len(t.Between) == 2 {
		return ev.between(t)
	}
	switch t.On {
	case "subject":
		return ev.among(t, ev.sub.events)
	case ofFailure:
		return ev.nearFailure(t)
	}
	from, to := ev.span(t)
	return ev.look(t, from, to)
}

// ofFailure says that a test looks at the failed backup, and not at the incident.
const ofFailure = "failure"

// nearFailure looks among the events of the failed backup that an incident may explain,
// and around it, wherever in the incident it lies.
func (ev *evaluator) nearFailure(t *Test) result {
	f := ev.sub.failure
	if f == nil {
		return backupFailed(ev)
	}
	if own := ev.picked(t, f.Events); len(own) > 0 {
		return result{state: Met, cites: citeEvents(own)}
	}
	return ev.look(t, f.At.Add(-time.Duration(t.Within)), f.To.Add(time.Duration(t.Within)))
}

func (ev *evaluator) look(t *Test, from, to time.Time) result {
	hosts, missing := ev.hosts(t.On)
	found, doubtful := ev.search(t, hosts, from, to)
	if groups(found, time.Duration(t.Apart)) >= t.enough() {
		if t.As != "" {
			ev.bound[t.As] = nearest(t, found)
		}
		return result{state: Met, cites: citeEvents(found)}
	}
	if doubtful != nil {
		return result{missing: lacks(ev.noOrder(doubtful))}
	}
	if missing != "" {
		return result{missing: lacks(missing)}
	}
	if t.Silence == silenceUnknown {
		return result{}
	}
	if t.During && ev.sub.job != nil && ev.sub.job.Open {
		return result{missing: lacks("the end of the job that began at " + ev.sub.job.From.UTC().Format(time.RFC3339))}
	}
	return ev.absence(t, hosts, from, to)
}

// search finds the events that a test takes, as decisive does, and a computer with one
// that may lie in the window, as far as the clocks are known.
func (ev *evaluator) search(t *Test, hosts []*scene.Host, from, to time.Time) (found []*scene.Event, doubtful *scene.Host) {
	shared := ev.volumesOf(t, from, to)
	for _, h := range hosts {
		skew := ev.margin(t, h)
		takes := func(e *scene.Event) bool {
			if !ev.meant(t, e) || !shared(e) {
				return false
			}
			sure := surelyIn(e.Time, from, to, skew, t)
			if !sure {
				doubtful = h
			}
			return sure
		}
		events := ev.window(t, h, from.Add(skew.From), to.Add(skew.To))
		found = append(found, decisive(events, t, takes)...)
	}
	return found, doubtful
}

// volumesOf tells which events are about a volume that the subject's computer also
// speaks of, where a test wants that.
func (ev *evaluator) volumesOf(t *Test, from, to time.Time) func(e *scene.Event) bool {
	if t.VolumeOf == "" {
		return func(*scene.Event) bool { return true }
	}
	h := ev.sub.host
	var own []string
	for _, e := range scene.Between(ev.finder.all(ev.rule.signals[t.VolumeOf], h), from, to) {
		own = appendNew(own, e.Volumes...)
	}
	return func(e *scene.Event) bool {
		ev.finder.spend(len(own))
		return slices.ContainsFunc(own, func(volume string) bool { return ev.scene.SameVolume(e, h, volume) })
	}
}

// margin is how far ahead of the subject's another host's clock may be, for
// tests that ask for an order.
func (ev *evaluator) margin(t *Test, h *scene.Host) scene.Skew {
	if t.Before == 0 && !t.During {
		return scene.Skew{}
	}
	return ev.skew(h)
}

// surelyIn reports whether an event, at a time by its own host's clock, lies
// within the window whatever the clocks; a test may also take those that only
// may.
func surelyIn(at, from, to time.Time, skew scene.Skew, t *Test) bool {
	if t.Loose {
		return true
	}
	inside := !at.After(to.Add(skew.From))
	if t.During {
		inside = inside && !at.Before(from.Add(skew.To))
	}
	return inside
}

// nearest is the event that is nearest to the subject: the first after it, or
// the last before it.
func nearest(t *Test, found []*scene.Event) *scene.Event {
	if t.After > 0 {
		return found[0]
	}
	return found[len(found)-1]
}

// maxCites bounds the evidence of one criterion: a log can repeat an event
// thousands of times, and the first and last few say all.
const (
	maxCites    = 6
	maxJobCites = 100 // a job is the events that it is made of
	maxSilent   = 128 // the logs that show the absence of an event: two of each node of a cluster
)

func citeEvents(events []*scene.Event) []scene.Citation { return cites(events, maxCites) }

func cites(events []*scene.Event, most int) []scene.Citation {
	events = ends(events, most)
	list := make([]scene.Citation, len(events))
	for i, e := range events {
		list[i] = scene.Citation{Event: e, Host: e.Host}
	}
	return list
}

// ends returns the first and the last of a list that is longer than most.
func ends[T any](list []T, most int) []T {
	if len(list) <= most {
		return list
	}
	return slices.Concat(list[:most/2], list[len(list)-most/2:])
}

// decisive returns those of a computer's events that a test takes; or where they are
// more than it asks for, as many of the first and of the last ones as are cited. Which
// others there are changes nothing then.
func decisive(events []*scene.Event, t *Test, takes func(*scene.Event) bool) []*scene.Event {
	var first, last []*scene.Event
	seen := tally{apart: time.Duration(t.Apart)}
	for ; len(events) > 0 && (len(first) < maxCites/2 || seen.groups < t.enough()); events = events[1:] {
		if takes(events[0]) {
			first = append(first, events[0])
			seen.add(events[0])
		}
	}
	for n := len(events); n > 0 && len(last) < maxCites/2; n-- {
		if takes(events[n-1]) {
			last = append(last, events[n-1])
		}
	}
	slices.Reverse(last)
	return append(first, last...)
}

// enough is how many occurrences a test asks for.
func (t *Test) enough() int { return max(1, t.Count) }

// A tally counts events, or where apart is given, groups of events that far from each
// other.
type tally struct {
	apart  time.Duration
	groups int
	last   time.Time
}

func (c *tally) add(e *scene.Event) {
	if c.groups == 0 || c.apart == 0 || e.Time.Sub(c.last) >= c.apart {
		c.groups++
	}
	c.last = e.Time
}

func groups(events []*scene.Event, apart time.Duration) int {
	seen := tally{apart: apart}
	for _, e := range events {
		seen.add(e)
	}
	return seen.groups
}

func (ev *evaluator) among(t *Test, events []*scene.Event) result {
	found := events
	if ev.rule.signals[t.Signal] != ev.sub.signal || !ev.allMeant(t) {
		found = ev.picked(t, events)
	}
	if len(found) > 0 {
		return result{state: Met, cites: citeEvents(found)}
	}
	return result{state: Unmet}
}

// picked returns those of some events that a test takes.
func (ev *evaluator) picked(t *Test, events []*scene.Event) []*scene.Event {
	ev.finder.spend(closeLook * len(events))
	m := ev.rule.signals[t.Signal]
	return only(events, func(e *scene.Event) bool { return m.match(ev.sub, e) && ev.joins(t, e) })
}

// meant reports whether an event that a signal matches is the one that a test looks
// for, as the subject and the join keys decide.
func (ev *evaluator) meant(t *Test, e *scene.Event) bool {
	if ev.finder.spend(0); ev.allMeant(t) {
		return true
	}
	ev.finder.spend(closeLook)
	return ev.rule.signals[t.Signal].answers(ev.sub, e) && ev.joins(t, e)
}

// allMeant reports whether a test looks for whatever its signal matches.
func (ev *evaluator) allMeant(t *Test) bool {
	return len(t.Same) == 0 && len(t.Differ) == 0 && len(ev.rule.signals[t.Signal].ofSubject) == 0
}

// between looks for the signal between two events that an earlier sequence
// bound. Across hosts the order must be sure.
func (ev *evaluator) between(t *Test) result {
	a, b := ev.bound[t.Between[0]], ev.bound[t.Between[1]]
	if a == nil || b == nil {
		return result{state: min(ev.broken[t.Between[0]], ev.broken[t.Between[1]])}
	}
	from, to := a.Time, b.Time
	hosts, _ := ev.hosts(t.On)
	if len(hosts) == 1 && hosts[0] != b.Host {
		skew, _ := skew(ev.scene, hosts[0], b.Host, ev.sub.at)
		to = to.Add(-skew.To)
	}
	if to.Before(from) {
		return result{state: Unmet, cites: citeEvents([]*scene.Event{a, b})}
	}
	return ev.look(t, from, to)
}
