package rules

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/rules/scene"
)

const (
	// incidentGap is how far apart events of one incident are at most. What keeps
	// a computer busy is logged again and again. [INF]
	incidentGap = time.Hour

	// failureNear is how far from an incident a failed backup is that it may
	// explain, where the rule does not say. A requester gives up after minutes. [INF]
	failureNear = 30 * time.Minute
)

// incidentSubjects: events that the rule's anchor is about, on one computer, of
// one machine and volume, and close together; once for each failed backup near
// them, or alone if there is none.
func (d *diagnosis) incidentSubjects(rule *compiledRule, sc *scene.Scene) []*subject {
	var list []*subject
	for _, h := range sc.Hosts {
		for _, in := range incidents(h, d.matching(rule, h)) {
			failures := in.failures(sc, cmp.Or(time.Duration(rule.Near), failureNear))
			if rule.Severity == severityInfo || len(failures) == 0 && !rule.OnlyNear {
				list = append(list, in)
				continue
			}
			for _, f := range failures {
				sub := *in
				sub.failure, sub.job = f, f.Job
				list = append(list, &sub)
			}
		}
	}
	return list
}

// matching returns the events of a computer that the rule's anchor is about, in
// the order of time.
func (d *diagnosis) matching(rule *compiledRule, h *scene.Host) []*scene.Event {
	m := rule.signals[rule.Anchor.Signal]
	ev := &evaluator{sub: &subject{host: h}}
	var list []*scene.Event
	for _, id := range m.source.ids(nil) {
		events := d.byID(h)[id]
		d.budget.spend(len(events))
		for _, e := range events {
			if m.match(ev, e) {
				list = append(list, e)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b *scene.Event) int { return a.Time.Compare(b.Time) })
	return list
}

// byID indexes the events of a computer, once for all rules.
func (d *diagnosis) byID(h *scene.Host) map[uint32][]*scene.Event {
	if index, ok := d.events[h]; ok {
		return index
	}
	index := map[uint32][]*scene.Event{}
	for _, e := range h.Events {
		index[e.ID] = append(index[e.ID], e)
	}
	d.events[h] = index
	return index
}

// ids are those of all alternatives, each once.
func (m *Matcher) ids(list []uint32) []uint32 {
	for _, id := range m.ID {
		if !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	for _, alt := range m.Any {
		list = alt.ids(list)
	}
	return list
}

func incidents(h *scene.Host, events []*scene.Event) []*subject {
	type key struct {
		vm     *scene.VM
		volume string
	}
	latest := map[key]*subject{}
	var list []*subject
	for _, e := range events {
		k := key{vm: e.VM}
		if len(e.Volumes) > 0 {
			k.volume = strings.ToLower(e.Volumes[0])
		}
		in := latest[k]
		if in == nil || e.Time.Sub(in.to) > incidentGap {
			in = &subject{host: h, vm: e.VM, at: e.Time, from: e.Time}
			if len(e.Volumes) > 0 {
				in.volume = e.Volumes[0]
			}
			latest[k] = in
			list = append(list, in)
		}
		in.to = e.Time
		in.events = append(in.events, e)
	}
	return list
}

// failures are the failed backups near an incident, of its computer or of the
// machine that its computer is, and of no other machine or volume.
func (s *subject) failures(sc *scene.Scene, near time.Duration) []*scene.Failure {
	var list []*scene.Failure
	for _, f := range sc.Failures {
		if f.Kind == scene.KindBackup && s.concerns(f) && !f.To.Before(s.from.Add(-near)) && !f.At.After(s.to.Add(near)) {
			list = append(list, f)
		}
	}
	return list
}

func (s *subject) concerns(f *scene.Failure) bool {
	if f.Host != s.host && (f.VM == nil || f.VM.Guest != s.host) {
		return false
	}
	otherVM := s.vm != nil && f.VM != nil && s.vm != f.VM
	otherVolume := s.volume != "" && len(f.Volumes) > 0 && !slices.ContainsFunc(f.Volumes, func(v string) bool { return strings.EqualFold(v, s.volume) })
	return !otherVM && !otherVolume
}

// failedOnVolume: the failed backup is known to be one of a machine on the
// incident's volume.
func failedOnVolume(ev *evaluator) result {
	f := ev.sub.failure
	if f == nil || len(f.Volumes) == 0 {
		return result{missing: []string{"VMMS log of " + ev.sub.host.Name + ", which names the files of its virtual machines"}}
	}
	return result{state: Met, cites: citeEvents(f.Events)} // it is that of the incident: others are no failures of it
}

// backupFailed: the incident has a failed backup near it. That none is known
// says nothing, since many products log elsewhere.
func backupFailed(ev *evaluator) result {
	if f := ev.sub.failure; f != nil {
		return result{state: Met, cites: citeEvents(f.Events)}
	}
	return result{missing: []string{"log of the backup product on " + ev.sub.host.Name + ", of the same time"}}
}
