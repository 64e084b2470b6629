package rules

import (
	"time"

	"github.com/vsswhy/vsswhy/rules/scene"
)

// A finder finds the events of computers that signals match. Whatever the subject is,
// most of what a signal asks for has one answer an event: it is asked once, and
// subjects only look it up by time.
type finder struct {
	budget
	found map[sighting][]*scene.Event
}

// A sighting is where a signal was looked for.
type sighting struct {
	signal *matcher
	host   *scene.Host
}

func newFinder() *finder { return &finder{budget{maxLooks}, map[sighting][]*scene.Event{}} }

// all returns the events of a computer that a signal may mean, in the order of time: all
// conditions hold that do not depend on the subject.
func (f *finder) all(m *matcher, h *scene.Host) []*scene.Event {
	key := sighting{m, h}
	list, ok := f.found[key]
	if ok {
		return list
	}
	kinds := m.kinds(h)
	if len(kinds) == 0 {
		return nil // computers may be many, and this is found out as fast as looked up
	}
	list = f.pick(m, kinds)
	f.found[key] = list
	return list
}

// pick returns those events of kinds that a signal may mean.
func (f *finder) pick(m *matcher, kinds [][]*scene.Event) []*scene.Event {
	var lists [][]*scene.Event
	for _, kind := range kinds {
		left, ok := m.left(kind[0])
		if !ok {
			f.spend(0)
			continue
		}
		f.spend(len(kind))
		if len(left) > 0 {
			kind = only(kind, func(e *scene.Event) bool { return holdAll(left, e) })
		}
		if len(kind) > 0 {
			lists = append(lists, kind)
		}
	}
	return scene.Merge(lists)
}

// kinds are the computer's events that may match by their id, see scene.Host.Kinds.
func (m *matcher) kinds(h *scene.Host) [][]*scene.Event {
	if m.wants == nil {
		return h.Kinds()
	}
	return h.KindsOf(m.wants)
}

// window is all, from one time to another, inclusive.
func (f *finder) window(m *matcher, h *scene.Host, from, to time.Time) []*scene.Event {
	events := scene.Between(f.all(m, h), from, to)
	f.spend(len(events))
	return events
}
