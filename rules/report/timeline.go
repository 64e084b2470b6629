package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A timeline is what came before what: the events that a finding or a failure rests
// on, the failures themselves, and the jobs that ran then.
type timeline struct {
	name    string // of the finding or the failure
	rows    []moment
	hosts   []string // in the order in which they come
	spans   []jobSpan
	remarks []string
}

// A moment is one row of a timeline, or stands for some that are left out.
type moment struct {
	at   Time
	kind momentKind
	host string
	what string // "VSS 8229"
	text string

	begins, ends string // the id of a job that does
}

// momentKind orders what has one time.
type momentKind int

const (
	jobBegins momentKind = iota
	needed               // an event that the verdict needs
	supports             // an event that only supports it
	failed
	jobEnds
	leftOut
)

// A jobSpan is a job between two moments of a timeline.
type jobSpan struct{ from, to int }

// What a timeline has at most: more than that is no picture any more.
const (
	maxMoments  = 24
	maxFailures = 3
	maxJobs     = 4
)

// line is a moment in words.
func (m *moment) line() string {
	switch m.kind {
	case leftOut:
		return m.text
	case needed, supports:
		return fmt.Sprintf("%s %s: %s", m.host, m.what, m.text)
	}
	return fmt.Sprintf("%s: %s", m.what, m.text)
}

// timelineOf is the timeline of a finding: of the occurrence that its criteria are
// about.
func (r *Report) timelineOf(f *Finding) *timeline {
	t := &timeline{name: f.ID}
	var lists []cited
	for _, role := range []string{"anchor", "required", "discriminating", "supporting"} {
		kind := needed
		if role == "supporting" {
			kind = supports
		}
		f.each("met", func(c *Criterion) { lists = append(lists, cited{kind, c.Evidence}) }, role)
	}
	t.events(lists)
	var from, to Time
	if len(lists) > 0 { // the anchor, which the others explain
		from, to = timesOf(lists[0].list)
	}
	failures := near(r.failuresOf(f), from, to)
	t.failures(failures)
	if len(failures) > 0 {
		from, to = failures[0].Time, failures[len(failures)-1].Time
	}
	t.jobs(r.Jobs, from, to, f.VM, f.Volume)
	return t.finish()
}

// failuresOf returns the failures that a finding may explain.
func (r *Report) failuresOf(f *Finding) []*Failure {
	var list []*Failure
	for i := range r.Failures {
		if slices.ContainsFunc(r.Failures[i].Causes, func(c Cause) bool { return c.Finding == f.ID }) {
			list = append(list, &r.Failures[i])
		}
	}
	return list
}

// timelineOfFailure is the timeline of a failure that nothing explains.
func (r *Report) timelineOfFailure(f *Failure) *timeline {
	t := &timeline{name: f.ID}
	t.events([]cited{{needed, f.Evidence}})
	t.failures([]*Failure{f})
	t.jobs(r.Jobs, f.Time, f.Time, f.VM, f.Volume)
	return t.finish()
}

// cited is evidence, and what it is for.
type cited struct {
	kind momentKind
	list []Evidence
}

// isEvent: other evidence is a line of an artefact, or what a log covers.
func (e *Evidence) isEvent() bool { return e.Provider != "" }

// timesOf is the time that events take.
func timesOf(list []Evidence) (from, to Time) {
	for _, e := range list {
		if e.isEvent() && !e.Time.IsZero() {
			from, to = earlier(from, e.Time), later(to, e.Time)
		}
	}
	return from, to
}

// events adds the events of the lists, each once. If there are too many, those come
// first that are first in any list, so that none is crowded out.
func (t *timeline) events(lists []cited) {
	seen, untimed := map[Evidence]int{}, 0
	add := func(e Evidence, kind momentKind) {
		i, again := seen[e]
		switch {
		case again && i < 0:
		case again && t.rows[i].kind == supports:
			t.rows[i].kind = kind
		case again:
		case e.Time.IsZero():
			seen[e] = -1
			untimed++
		default:
			seen[e] = len(t.rows)
			if len(t.rows) >= maxMoments {
				kind = leftOut
			}
			t.rows = append(t.rows, moment{at: e.Time, kind: kind, host: e.Host, what: fmt.Sprintf("%s %d", shortProvider(e.Provider), e.ID), text: e.Summary})
		}
	}
	for turn, more := 0, true; more; turn++ {
		more = false
		for _, c := range lists {
			if turn < len(c.list) {
				more = true
				if e := c.list[turn]; e.isEvent() {
					add(e, c.kind)
				}
			}
		}
	}
	if untimed > 0 {
		t.remarks = append(t.remarks, count(untimed, "event")+" without a time, not shown")
	}
}

func earlier(a, b Time) Time {
	if a.IsZero() || b.Before(a.Time) {
		return b
	}
	return a
}

func later(a, b Time) Time {
	if b.After(a.Time) {
		return b
	}
	return a
}

// near returns the failures of a time; if there are none, the one next to it.
func near(list []*Failure, from, to Time) []*Failure {
	within := slices.DeleteFunc(slices.Clone(list), func(f *Failure) bool { return f.Time.Before(from.Time) || f.Time.After(to.Time) })
	if len(within) > 0 || len(list) == 0 {
		return within[:min(len(within), maxFailures)]
	}
	return []*Failure{slices.MinFunc(list, func(a, b *Failure) int {
		return cmp.Compare(a.Time.Sub(to.Time).Abs(), b.Time.Sub(to.Time).Abs())
	})}
}

func (t *timeline) failures(list []*Failure) {
	for _, f := range list {
		if f.Time.IsZero() {
			continue
		}
		text := fmt.Sprintf("%s of %s", f.Kind, where(f.Host, f.VM, f.Volume))
		if codes := codeList(f.Codes); codes != "" {
			text += ", " + codes
		}
		t.rows = append(t.rows, moment{at: f.Time, kind: failed, host: f.Host, what: f.ID + " failed", text: text})
	}
}

// jobs adds the jobs of the timeline's computers that ran in a time, except those
// of other machines and volumes.
func (t *timeline) jobs(list []Job, from, to Time, vm *VM, volume string) {
	var shown []*Job
	for i := range list {
		j := &list[i]
		ran := !j.From.IsZero() && j.From.Before(j.To.Time) && !j.From.After(to.Time) && !j.To.Before(from.Time)
		if ran && len(shown) < maxJobs && t.on(j.Host) && j.about(vm, volume) {
			shown = append(shown, j)
		}
	}
	for _, j := range shown {
		name := fmt.Sprintf("%s of %s", j.Kind, where(j.Host, nil, strings.Join(j.Volumes, ", ")))
		t.end(moment{at: j.From, kind: jobBegins, host: j.Host, what: j.ID + " begins", text: name, begins: j.ID})
		t.end(moment{at: j.To, kind: jobEnds, host: j.Host, what: j.ID + " ends", text: j.Kind + ", " + cmp.Or(j.Outcome, "unknown"), ends: j.ID})
	}
	t.place(shown)
}

// end adds the begin or the end of a job, to the event that tells of it if that is
// there.
func (t *timeline) end(m moment) {
	for i := range t.rows {
		r := &t.rows[i]
		if (r.kind == needed || r.kind == supports) && r.host == m.host && r.at.Equal(m.at.Time) && r.begins+r.ends == "" {
			r.begins, r.ends = m.begins, m.ends
			r.text += " (" + m.what + ")"
			return
		}
	}
	t.rows = append(t.rows, m)
}

func (t *timeline) on(host string) bool {
	return slices.ContainsFunc(t.rows, func(m moment) bool { return m.host == host && m.kind != leftOut })
}

// about reports whether a job may be one of this machine and volume.
func (j *Job) about(vm *VM, volume string) bool {
	if vm != nil && len(j.VMs) > 0 && !slices.ContainsFunc(j.VMs, func(v VM) bool { return v.Name == vm.Name || v.ID != "" && v.ID == vm.ID }) {
		return false
	}
	return volume == "" || len(j.Volumes) == 0 || slices.Contains(j.Volumes, volume)
}

// place sorts the rows, and finds those of the spans.
func (t *timeline) place(jobs []*Job) {
	slices.SortStableFunc(t.rows, func(a, b moment) int {
		return cmp.Or(a.at.Compare(b.at.Time), cmp.Compare(a.kind, b.kind))
	})
	t.gather()
	for _, j := range jobs {
		t.spans = append(t.spans, jobSpan{
			from: slices.IndexFunc(t.rows, func(m moment) bool { return m.begins == j.ID }),
			to:   slices.IndexFunc(t.rows, func(m moment) bool { return m.ends == j.ID }),
		})
	}
}

// gather makes one row of what is left out between two others.
func (t *timeline) gather() {
	var rows []moment
	total := 0
	for i := 0; i < len(t.rows); {
		if t.rows[i].kind != leftOut {
			rows = append(rows, t.rows[i])
			i++
			continue
		}
		n := 0
		for ; i < len(t.rows) && t.rows[i].kind == leftOut; i++ {
			n++
		}
		total += n
		m := t.rows[i-n]
		m.text = count(n, "more event")
		rows = append(rows, m)
	}
	t.rows = rows
	if total > 0 {
		t.remarks = append(t.remarks, count(total, "event")+" left out here; the evidence has them")
	}
}

// finish names the computers.
func (t *timeline) finish() *timeline {
	for _, m := range t.rows {
		if m.kind != leftOut && !slices.Contains(t.hosts, m.host) {
			t.hosts = append(t.hosts, m.host)
		}
	}
	if len(t.hosts) > 1 {
		t.remarks = append(t.remarks, "Each computer's times are by its own clock.")
	}
	return t
}
