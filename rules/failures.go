package rules

import (
	"cmp"
	"slices"
	"time"

	"github.com/vsswhy/vsswhy/rules/scene"
)

// A failureTable finds failed backups by where and when they were: there may be thousands
// of them, and of incidents that each may be the cause of some.
type failureTable map[failurePlace]*failureList

// A failurePlace is a computer, and a machine: that of the failure, nil if none is known.
type failurePlace struct {
	host *scene.Host
	vm   *scene.VM
	any  bool // of all machines
}

// A failureList is in the order of begin.
type failureList struct {
	failures []*rankedFailure
	latest   []time.Time // the end of all up to each
}

type rankedFailure struct {
	*scene.Failure
	rank       int // in the scene
	begin, end time.Time
}

func newFailureTable(sc *scene.Scene) failureTable {
	t := failureTable{}
	for i, f := range sc.Failures {
		if f.Kind != scene.KindBackup {
			continue
		}
		r := &rankedFailure{Failure: f, rank: i, begin: f.At, end: f.To}
		if j := f.Job; j != nil && !j.From.IsZero() {
			r.begin, r.end = earlier(r.begin, j.From), later(r.end, j.To)
		}
		t.add(f.Host, r)
		if f.VM != nil && f.VM.Guest != nil && f.VM.Guest != f.Host {
			t.add(f.VM.Guest, r)
		}
	}
	for _, list := range t {
		list.sort()
	}
	return t
}

func (t failureTable) add(h *scene.Host, f *rankedFailure) {
	for _, place := range []failurePlace{{h, nil, true}, {h, f.VM, false}} {
		if t[place] == nil {
			t[place] = new(failureList)
		}
		t[place].failures = append(t[place].failures, f)
	}
}

func (l *failureList) sort() {
	slices.SortStableFunc(l.failures, func(a, b *rankedFailure) int { return a.begin.Compare(b.begin) })
	l.latest = make([]time.Time, len(l.failures))
	var latest time.Time
	for i, f := range l.failures {
		latest = later(latest, f.end)
		l.latest[i] = latest
	}
}

// around returns those near an incident's time and of its machine, or of none that is
// known, that are wanted; in the order of the scene.
func (t failureTable) around(b *budget, s *subject, near time.Duration, want func(*scene.Failure) bool) []*scene.Failure {
	places := []failurePlace{{s.host, nil, true}}
	if s.vm != nil {
		places = []failurePlace{{s.host, s.vm, false}, {s.host, nil, false}}
	}
	var found []*rankedFailure
	for _, place := range places {
		if list := t[place]; list != nil {
			near := list.meeting(s.from.Add(-near), s.to.Add(near))
			b.spend(len(near))
			found = append(found, only(near, func(r *rankedFailure) bool { return want(r.Failure) })...)
		}
	}
	slices.SortFunc(found, func(a, b *rankedFailure) int { return cmp.Compare(a.rank, b.rank) })
	return collect(found, func(r *rankedFailure) *scene.Failure { return r.Failure })
}

// meeting returns those that have a part in a span of time, and perhaps others: it
// ends before the first one with which all are over.
func (l *failureList) meeting(from, to time.Time) []*rankedFailure {
	n, _ := slices.BinarySearchFunc(l.failures, to.Add(1), func(r *rankedFailure, t time.Time) int { return r.begin.Compare(t) })
	first, _ := slices.BinarySearchFunc(l.latest[:n], from, time.Time.Compare)
	return l.failures[first:n]
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
