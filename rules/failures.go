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
type failureList []rankedFailure

type rankedFailure struct {
	*scene.Failure
	rank       int // in the scene
	begin, end time.Time
	latest     time.Time // the end of all up to this one
}

func newFailureTable(sc *scene.Scene) failureTable {
	t := failureTable{}
	for i, f := range sc.Failures {
		if f.Kind != scene.KindBackup {
			continue
		}
		r := rankedFailure{Failure: f, rank: i, begin: f.At, end: f.To}
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

func (t failureTable) add(h *scene.Host, f rankedFailure) {
	for _, place := range []failurePlace{{h, nil, true}, {h, f.VM, false}} {
		if t[place] == nil {
			t[place] = new(failureList)
		}
		*t[place] = append(*t[place], f)
	}
}

func (l failureList) sort() {
	slices.SortStableFunc(l, func(a, b rankedFailure) int { return a.begin.Compare(b.begin) })
	var latest time.Time
	for i := range l {
		latest = later(latest, l[i].end)
		l[i].latest = latest
	}
}

// around returns those that an incident may have caused, in the order of the scene.
func (t failureTable) around(b *budget, s *subject, near time.Duration) []*scene.Failure {
	places := []failurePlace{{s.host, nil, true}}
	if s.vm != nil {
		places = []failurePlace{{s.host, s.vm, false}, {s.host, nil, false}}
	}
	var found []rankedFailure
	for _, place := range places {
		if list := t[place]; list != nil {
			found = append(found, list.meeting(b, s.from.Add(-near), s.to.Add(near))...)
		}
	}
	slices.SortFunc(found, func(a, b rankedFailure) int { return cmp.Compare(a.rank, b.rank) })
	return collect(found, func(r rankedFailure) *scene.Failure { return r.Failure })
}

// meeting returns those with a part in a span of time.
func (l failureList) meeting(b *budget, from, to time.Time) []rankedFailure {
	n, _ := slices.BinarySearchFunc(l, to.Add(1), func(r rankedFailure, t time.Time) int { return r.begin.Compare(t) })
	first := n
	for first > 0 && !l[first-1].latest.Before(from) {
		first--
	}
	b.spend(n - first)
	return only(l[first:n], func(r rankedFailure) bool { return !r.end.Before(from) })
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
