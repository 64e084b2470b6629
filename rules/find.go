package rules

import (
	"slices"
	"time"

	"github.com/vsswhy/vsswhy/rules/scene"
)

// A finder finds the events of computers that signals match. Whatever the subject is,
// most of what a signal asks for has one answer an event: it is asked once, and
// subjects only look it up by time.
type finder struct {
	budget
	found map[sighting][]*scene.Event
	asked map[sighting]int // how many of them were asked for
	about map[sighting]map[scene.Key][]*scene.Event
	nodes map[*scene.Host]besides
	disks map[disksOf]scene.Value
}

// A sighting is where a signal was looked for.
type sighting struct {
	signal *matcher
	host   *scene.Host
}

func newFinder() *finder {
	return &finder{
		budget: budget{maxLooks}, found: map[sighting][]*scene.Event{}, asked: map[sighting]int{}, about: map[sighting]map[scene.Key][]*scene.Event{},
		nodes: map[*scene.Host]besides{}, disks: map[disksOf]scene.Value{},
	}
}

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

// byKey is all, by what the events are about.
func (f *finder) byKey(sc *scene.Scene, m *matcher, h *scene.Host) map[scene.Key][]*scene.Event {
	key := sighting{m, h}
	index := f.about[key]
	if all := f.all(m, h); index == nil && len(all) > 0 {
		index = map[scene.Key][]*scene.Event{}
		for _, e := range all {
			for _, k := range sc.Keys(e) {
				index[k] = append(index[k], e)
			}
		}
		f.about[key] = index
	}
	return index
}

// often is how many times as many events as there are must be asked for before they are put
// in order by what they are about.
const often = 8

// window is all, from one time to another, inclusive; or if a test asks for the subject's
// machine or volume again and again, only what may be about it.
func (ev *evaluator) window(t *Test, h *scene.Host, from, to time.Time) []*scene.Event {
	f, signal := ev.finder, ev.rule.signals[t.Signal]
	f.spend(0)
	events, keys := scene.Between(f.all(signal, h), from, to), ev.keys(t)
	if keys == nil || len(events) == 0 {
		return events
	}
	key := sighting{signal, h}
	if f.asked[key] += len(events); f.asked[key] < often*len(f.found[key]) {
		return events
	}
	index := f.byKey(ev.scene, signal, h)
	lists := make([][]*scene.Event, len(keys))
	for i, k := range keys {
		lists[i] = scene.Between(index[k], from, to)
		f.spend(len(lists[i]))
	}
	return slices.Compact(scene.Merge(lists))
}

// keys are those one of which an event has that a test takes; nil: it may have any.
func (ev *evaluator) keys(t *Test) []scene.Key {
	switch {
	case slices.Contains(t.Same, "volume"):
		return ev.scene.VolumeKeys(ev.sub.host, ev.sub.volume)
	case slices.Contains(t.Same, "vm") && ev.sub.vm != nil:
		return []scene.Key{{VM: ev.sub.vm}, {}}
	}
	return nil
}
