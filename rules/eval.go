package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/rules/scene"
)

// State is the outcome of a test. Greater is more met, so that all is the
// least of its parts and any the greatest.
type State int8

// The outcomes.
const (
	Unmet   State = -1
	Unknown State = 0
	Met     State = 1
)

func (s State) String() string { return [...]string{"unmet", "unknown", "met"}[s+1] }

// UnmarshalText reads what an answer implies.
func (s *State) UnmarshalText(text []byte) error {
	switch string(text) {
	case Met.String():
		*s = Met
	case Unmet.String():
		*s = Unmet
	default:
		return fmt.Errorf("%q is neither met nor unmet", text)
	}
	return nil
}

// A subject is what a rule is evaluated for: a failure, a restore, a backup
// together with a guest, or an incident.
type subject struct {
	host     *scene.Host
	vm       *scene.VM
	name     string // of a restored component without a machine
	volume   string // one of the failure's cluster shared volumes, or ""
	at       time.Time
	from, to time.Time
	events   []*scene.Event
	failure  *scene.Failure
	job      *scene.Job
	inferred bool     // that the subject is of this machine is inferred from the time alone
	signal   *matcher // of an incident: what all of its events match
}

func (s *subject) guest() *scene.Host {
	if s.vm == nil {
		return nil
	}
	return s.vm.Guest
}

// span is the subject's own time, start to end.
func (s *subject) span() (from, to time.Time) {
	if s.from.IsZero() {
		return s.at, s.to
	}
	return s.from, s.to
}

// A result is a test's outcome and what it rests on.
type result struct {
	state   State
	cites   []scene.Citation
	missing []lack // what would settle it, if unknown
	grade   Grade
	assumed bool   // the state is only what silence is taken for: by if_known, or by the test itself
	reply   *reply // what the engineer said, if anything
}

// An outcome is a criterion's result.
type outcome struct {
	*Criterion
	result
}

// budget bounds the work of one diagnosis: how often events, failures and jobs may be
// looked at.
// A bundle of an honest cluster takes thousands; a log of a million forged
// failures in one minute would take days.
type budget struct{ left int }

const (
	closeLook   = 20          // what a look costs that reads an event's values
	maxLooks    = 200_000_000 // some seconds
	maxSubjects = 5_000       // of one rule
	maxReported = 10_000      // failures; and jobs
)

func (b *budget) spend(n int) { b.left -= n + 1 }

// evaluator evaluates one rule for one subject.
type evaluator struct {
	scene  *scene.Scene
	rule   *compiledRule
	sub    *subject
	bound  map[string]*scene.Event
	broken map[string]State // sequences that did not bind their names, and why
	finder *finder
}

// grade of a leaf: its own, or the criterion's.
func (ev *evaluator) test(t *Test, grade Grade) result {
	if t.Sure != "" {
		grade = t.Sure
	}
	switch {
	case len(t.All) > 0:
		return ev.all(t.All, grade)
	case len(t.Any) > 0:
		return ev.any(t.Any, grade)
	case t.Not != nil:
		r := ev.test(t.Not, grade)
		r.state = -r.state
		return r
	case t.IfKnown != nil:
		r := ev.test(t.IfKnown, grade)
		if r.state == Unknown {
			r = result{state: Unmet, grade: grade, assumed: true}
		}
		return r
	case t.Uses != "":
		return ev.test(ev.rule.terms[t.Uses], grade)
	}
	r := ev.leaf(t)
	r.grade = grade
	return r
}

func (ev *evaluator) leaf(t *Test) result {
	switch {
	case len(t.Sequence) > 0:
		return ev.sequence(t)
	case t.Signal != "":
		return ev.signal(t)
	case t.Job != "":
		return ev.job(t)
	case t.Subject != "":
		return ev.property(t.Subject)
	case t.Update != nil:
		return ev.update(t)
	default:
		return ev.fact(t)
	}
}

// all keeps the parts that decided: those that are as bad as the worst, and
// where all are met, every part. Its grade is that of its weakest part.
func (ev *evaluator) all(parts []*Test, grade Grade) result {
	out := result{state: Met, grade: grade}
	var results []result
	for _, p := range parts {
		r := ev.test(p, grade)
		out.state = min(out.state, r.state)
		results = append(results, r)
	}
	for _, r := range results {
		if r.state == out.state {
			out.cites = append(out.cites, r.cites...)
			out.missing = appendNew(out.missing, r.missing...)
			if gradeOrder[r.grade] > gradeOrder[out.grade] {
				out.grade = r.grade
			}
		}
	}
	return out
}

// any keeps the parts that decided: the met ones, or all if none is. Its grade
// is that of the best met part.
func (ev *evaluator) any(parts []*Test, grade Grade) result {
	out := result{state: Unmet}
	var results []result
	for _, p := range parts {
		r := ev.test(p, grade)
		out.state = max(out.state, r.state)
		results = append(results, r)
	}
	for _, r := range results {
		if r.state != out.state {
			continue
		}
		out.cites = append(out.cites, r.cites...)
		out.missing = appendNew(out.missing, r.missing...)
		if out.grade == "" || gradeOrder[r.grade] < gradeOrder[out.grade] {
			out.grade = r.grade
		}
	}
	return out
}

// unique returns a list without its repetitions.
func unique[T comparable](list []T) []T {
	seen := make(map[T]bool, len(list))
	return only(list, func(x T) bool {
		again := seen[x]
		seen[x] = true
		return !again
	})
}

// appendNew is for short lists.
func appendNew[T comparable](list []T, more ...T) []T {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// hosts resolves "on": whose events count. ok is false where it isn't known
// who that is; missing then says what is needed.
func (ev *evaluator) hosts(on string) (hosts []*scene.Host, missing string) {
	switch on {
	case "guest":
		if g := ev.sub.guest(); g != nil {
			return []*scene.Host{g}, ""
		}
		return nil, "logs and systeminfo of the guest " + ev.sub.vm.Label()
	case "others":
		return ev.otherNodes()
	case "nodes":
		others, missing := ev.otherNodes()
		return append([]*scene.Host{ev.sub.host}, others...), missing
	default:
		return []*scene.Host{ev.sub.host}, ""
	}
}

// besides are the cluster nodes of the bundle but one.
type besides struct {
	hosts   []*scene.Host
	missing string // what keeps them from being all there are
}

// maxNodes bounds the nodes that may be of one cluster. A cluster has at most 64, and
// several may be in one domain.
const maxNodes = 256

func (ev *evaluator) otherNodes() (nodes []*scene.Host, missing string) {
	others, ok := ev.finder.nodes[ev.sub.host]
	if !ok {
		others = nodesBeside(ev.sub.host, ev.scene)
		ev.finder.nodes[ev.sub.host] = others
		ev.finder.spend(len(ev.scene.Hosts))
	}
	return others.hosts, others.missing
}

// nodesBeside: with no other nodes, or with nodes named that sent no logs, nobody knows
// what the others did.
func nodesBeside(host *scene.Host, sc *scene.Scene) (others besides) {
	absent := sc.AbsentNodes()
	for _, h := range sc.Hosts {
		if h == host || !h.Cluster() || !h.MayShareCluster(host) {
			continue
		}
		if len(others.hosts) == maxNodes {
			others.missing = fmt.Sprintf("which of more than %d cluster nodes are of one cluster with %s", maxNodes, host.Name)
			return others
		}
		others.hosts = append(others.hosts, h)
	}
	switch {
	case len(absent) > 0:
		others.missing = "logs of the cluster node " + strings.Join(absent, ", ")
	case len(others.hosts) == 0:
		others.missing = "logs of the other cluster nodes"
	}
	return others
}

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
	if t.On == "subject" {
		return ev.among(t, ev.sub.events)
	}
	from, to := ev.span(t)
	return ev.look(t, from, to)
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
	for _, h := range hosts {
		skew := ev.margin(t, h)
		takes := func(e *scene.Event) bool {
			if !ev.meant(t, e) {
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
	var found []*scene.Event
	if m := ev.rule.signals[t.Signal]; m == ev.sub.signal && ev.allMeant(t) {
		found = events
	} else {
		ev.finder.spend(closeLook * len(events))
		found = only(events, func(e *scene.Event) bool { return m.match(ev.sub, e) && ev.joins(t, e) })
	}
	if len(found) > 0 {
		return result{state: Met, cites: citeEvents(found)}
	}
	return result{state: Unmet}
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

func (ev *evaluator) joins(t *Test, e *scene.Event) bool {
	for _, key := range t.Same {
		switch key {
		case "vm":
			if !ev.sameMachine(e) {
				return false
			}
		case "volume":
			if !ev.scene.SameVolume(e, ev.sub.host, ev.sub.volume) {
				return false
			}
		}
	}
	return !slices.ContainsFunc(t.Differ, func(key string) bool { return !ev.differs(key, e) })
}

// differs reports whether an event surely is about another machine or volume than
// the subject, or of another computer. What names none is no other.
func (ev *evaluator) differs(key string, e *scene.Event) bool {
	switch key {
	case "vm":
		return ev.sub.vm != nil && e.VM != nil && e.VM != ev.sub.vm && !e.Mentions(ev.sub.vm.Name)
	case "volume":
		return ev.sub.volume != "" && len(e.Volumes) > 0 && !ev.scene.SameVolume(e, ev.sub.host, ev.sub.volume)
	}
	return e.Host != ev.sub.host
}

// sameMachine: the event names the subject's machine, or files of it. A backup
// that failed without naming a machine may be any one's; a restore that names
// none is only of those whose files lie where it went.
func (ev *evaluator) sameMachine(e *scene.Event) bool {
	sub := ev.sub
	switch {
	case sub.vm != nil:
		return e.VM == sub.vm || e.VM == nil && e.Mentions(sub.vm.Name)
	case sub.name != "":
		return e.Mentions(sub.name)
	case sub.job != nil && sub.job.Kind == scene.KindRestore:
		return sub.job.Holds(e)
	}
	return true
}

// absence decides whether "no such event" can be said, and cites the coverage
// that it rests on.
func (ev *evaluator) absence(t *Test, hosts []*scene.Host, from, to time.Time) result {
	r := result{state: Unmet}
	window := scene.Interval{From: from, To: to}
	for _, h := range hosts {
		for _, channel := range ev.rule.signals[t.Signal].channels {
			cover := h.Coverage(channel)
			if cover == nil && t.Silence == silenceUnmet {
				continue
			}
			if !covers(cover, window) {
				r.state = Unknown
				r.missing = append(r.missing, need(h, channel, cover, window))
				continue
			}
			r.cites = append(r.cites, scene.Citation{Cover: cover, Host: h, Text: "no such event", Within: window})
		}
	}
	r.cites = ends(r.cites, maxSilent)
	if n := len(r.missing) - maxSilent; n > 0 {
		r.missing = append(r.missing[:maxSilent:maxSilent], lacks(fmt.Sprintf("%d more logs of other cluster nodes", n))...)
	}
	if r.state == Unknown {
		r.cites = nil
	}
	r.assumed = r.state == Unmet && t.Silence == silenceUnmet
	return r
}

// covers asks of a window without bounds only that the log is there and reaches
// the subject: the beginning of a log is rarely at hand.
func covers(c *scene.Coverage, window scene.Interval) bool {
	if window.To.Equal(forever) {
		return c != nil && len(c.Intervals) > 0
	}
	return c.Covers(window.From, window.To)
}

// A lack is what would settle an unknown test: a log, in a window unless that is zero.
type lack struct {
	what   string
	window scene.Interval
}

// String puts it into words. Most tests that are not known belong to nothing that is
// reported, so that it is done for those that are.
func (l lack) String() string { return l.what + during(l.window) }

// inWords tells each lack once: two windows may differ by less than what is told.
func inWords(list []lack) []string { return unique(collect(list, lack.String)) }

func lacks(what string) []lack { return []lack{{what: what}} }

func need(h *scene.Host, channel string, c *scene.Coverage, window scene.Interval) lack {
	l := lack{what: channel + " log of " + h.Name}
	if c != nil {
		l.window = window
	}
	return l
}

// during tells a window that has bounds.
func during(window scene.Interval) string {
	if window == (scene.Interval{}) || window.To.Equal(forever) {
		return ""
	}
	const layout = "2006-01-02 15:04:05"
	return fmt.Sprintf(" between %s and %s UTC", window.From.UTC().Format(layout), window.To.UTC().Format(layout))
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

// job looks for a job of the kind whose time meets the window.
func (ev *evaluator) job(t *Test) result {
	hosts, missing := ev.hosts(t.On)
	if missing != "" {
		return result{missing: lacks(missing)}
	}
	from, to := ev.span(t)
	var met []*scene.Job
	doubtful := false
	for _, h := range hosts {
		skew := ev.margin(t, h)
		ev.finder.spend(len(h.Jobs()))
		for _, j := range h.Jobs() {
			if string(j.Kind) != t.Job || j == ev.sub.job || j.From.IsZero() {
				continue
			}
			if !j.From.After(to.Add(skew.From)) && !j.To.Before(from.Add(skew.To)) {
				met = append(met, j)
			} else if !j.From.After(to.Add(skew.To)) && (j.Open || !j.To.Before(from.Add(skew.From))) {
				doubtful = true
			}
		}
	}
	if len(met) > 0 {
		return result{state: Met, cites: citeJobs(met)}
	}
	if doubtful || t.During && ev.sub.job != nil && ev.sub.job.Open {
		return result{missing: lacks("when the jobs on both sides ended, by clocks that agree")}
	}
	return ev.absentJob(t, hosts, from, to)
}

func citeJobs(jobs []*scene.Job) (list []scene.Citation) {
	for _, j := range ends(jobs, maxCites) {
		list = append(list, citeEvents(j.Events)...)
	}
	return list
}

func (ev *evaluator) absentJob(t *Test, hosts []*scene.Host, from, to time.Time) result {
	r := result{state: Unmet}
	window := scene.Interval{From: from, To: to}
	for _, h := range hosts {
		cover := h.Coverage(backupChannel)
		if cover == nil && t.Silence == silenceUnmet {
			continue
		}
		if !covers(cover, window) {
			return result{missing: []lack{need(h, backupChannel, cover, window)}}
		}
		r.cites = append(r.cites, scene.Citation{Cover: cover, Host: h, Text: "no backup job", Within: window})
	}
	return r
}
