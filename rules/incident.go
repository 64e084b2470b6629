package rules

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vsswhy/vsswhy/ingest/known"
	"github.com/vsswhy/vsswhy/rules/scene"
)

const (
	// incidentGap is how far apart events of one incident are at most. What keeps
	// a computer busy is logged again and again. [INF]
	incidentGap = time.Hour

	// failureNear is how far from an incident a failed backup is that it may
	// explain, where the rule does not say. A requester gives up after minutes. [INF]
	failureNear = 30 * time.Minute

	// causeAfter is how long after a failed backup's last event its cause may still be
	// logged. What begins later is no cause of it. [INF]
	causeAfter = 10 * time.Minute
)

// incidentSubjects: events that the rule's anchor is about, on one computer, of
// one machine and volume, and close together; once for each failed backup near
// them, or alone if there is none.
func (d *diagnosis) incidentSubjects(rule *compiledRule, sc *scene.Scene) iter.Seq[*subject] {
	signal := rule.signals[rule.Anchor.Signal]
	return func(yield func(*subject) bool) {
		for _, h := range sc.Hosts {
			for _, in := range incidents(h, d.anchors(signal, h), rule.WholeHost) {
				in.signal = signal
				for _, f := range d.failuresOf(in, rule) {
					if !yield(in.with(f)) {
						return
					}
				}
			}
		}
	}
}

// with is the incident with a failure that it may explain; nil: with none.
func (s *subject) with(f *scene.Failure) *subject {
	sub := *s
	if f != nil {
		sub.failure, sub.job = f, f.Job
	}
	return &sub
}

// anchors are the events of a computer that incidents are made of, in the order of
// time. They match without any subject, since none is known yet.
func (d *diagnosis) anchors(signal *matcher, h *scene.Host) []*scene.Event {
	events := d.finder.all(signal, h)
	if len(signal.ofSubject) == 0 {
		return events
	}
	return only(events, func(e *scene.Event) bool { return signal.answers(&subject{host: h}, e) })
}

// A site is what the events of one incident have in common.
type site struct {
	vm     *scene.VM
	volume string
}

// siteOf tells where an event of a computer belongs. What a guest logs is of the machine
// that it is; what concerns the whole computer, of none.
func siteOf(e *scene.Event, h *scene.Host, whole bool) site {
	if whole {
		return site{nil, e.Volume()}
	}
	return site{cmp.Or(e.VM, h.VM), e.Volume()}
}

// incidents groups a computer's events by machine and volume, or if they concern the
// whole computer, only by volume.
func incidents(h *scene.Host, events []*scene.Event, whole bool) []*subject {
	latest := map[site]*subject{}
	var list []*subject
	for len(events) > 0 {
		n := run(h, events, whole)
		first, last, at := events[0], events[n-1], siteOf(events[0], h, whole)
		key := site{at.vm, strings.ToLower(at.volume)}
		in := latest[key]
		if in == nil || first.Time.Sub(in.to) > incidentGap {
			in = &subject{host: h, vm: at.vm, volume: at.volume, at: first.Time, from: first.Time}
			latest[key] = in
			list = append(list, in)
		}
		in.to, in.events = last.Time, joined(in.events, events[:n:n])
		events = events[n:]
	}
	return list
}

// run is how many events at the beginning of a list are of one site and close together:
// those of one incident mostly follow one another.
func run(h *scene.Host, events []*scene.Event, whole bool) int {
	first, last := siteOf(events[0], h, whole), events[0].Time
	for n, e := range events {
		if siteOf(e, h, whole) != first || e.Time.Sub(last) > incidentGap {
			return n
		}
		last = e.Time
	}
	return len(events)
}

// joined appends to a list, which stays what it is where it is the first part.
func joined(list, more []*scene.Event) []*scene.Event {
	if len(list) == 0 {
		return more
	}
	return append(list, more...)
}

// failuresOf are the failed backups near an incident, or that it ended, of its computer or of
// the machine that its computer is, and of no other machine or volume; or nil alone, if the
// rule is about the incident without any.
func (d *diagnosis) failuresOf(s *subject, rule *compiledRule) []*scene.Failure {
	if rule.Severity == severityInfo {
		return []*scene.Failure{nil}
	}
	near := cmp.Or(time.Duration(rule.Near), failureNear)
	codes := sync.OnceValue(s.codes)
	list := d.failures.around(&d.finder.budget, s, near, func(f *scene.Failure) bool {
		return s.concerns(f) && (s.near(f, near) || s.within(f.Job) && slices.ContainsFunc(f.Codes, func(c known.Code) bool { return codes()[c] }))
	})
	if len(list) == 0 && !rule.OnlyNear {
		list = []*scene.Failure{nil}
	}
	return list
}

// near reports whether one of the incident's events, which may go on for hours, is no
// further before a failed backup, and none too late after it.
func (s *subject) near(f *scene.Failure, near time.Duration) bool {
	to := f.To.Add(min(near, causeAfter))
	i, _ := slices.BinarySearchFunc(s.events, f.At.Add(-near), func(e *scene.Event, t time.Time) int { return e.Time.Compare(t) })
	return i < len(s.events) && !s.events[i].Time.After(to)
}

// within reports whether the incident lies within a job. If both have a code in common,
// it ended the job: this fails as a whole only when it ends, hours later.
func (s *subject) within(j *scene.Job) bool {
	return j != nil && !j.From.IsZero() && !s.from.Before(j.From) && !s.to.After(j.To)
}

// codes are those of the subject's events.
func (s *subject) codes() map[known.Code]bool {
	all := map[known.Code]bool{}
	for _, e := range s.events {
		for _, c := range e.Codes {
			all[c] = true
		}
	}
	return all
}

func (s *subject) concerns(f *scene.Failure) bool {
	if f.Host != s.host && (f.VM == nil || f.VM.Guest != s.host) {
		return false
	}
	otherVM := s.vm != nil && f.VM != nil && s.vm != f.VM
	return !otherVM && (s.volume == "" || f.MayLieOn(s.volume))
}

// failedOnVolume: the failed backup is known to be one of a machine on the
// incident's volume.
func failedOnVolume(ev *evaluator) result {
	f := ev.sub.failure
	if f == nil || len(f.Volumes) == 0 {
		return result{missing: lacks("VMMS log of " + ev.sub.host.Name + ", which names the files of its virtual machines")}
	}
	return result{state: Met, cites: citeEvents(f.Events)} // it is that of the incident: others are no failures of it
}

// backupFailed: the incident has a failed backup near it. That none is known
// says nothing, since many products log elsewhere.
func backupFailed(ev *evaluator) result {
	if f := ev.sub.failure; f != nil {
		return result{state: Met, cites: citeEvents(f.Events)}
	}
	return result{missing: lacks("log of the backup product on " + ev.sub.host.Name + ", of the same time")}
}
