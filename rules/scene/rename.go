package scene

import (
	"slices"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// A renamedComputer is one that EventLog 6011 says was renamed, with all names
// that it had.
type renamedComputer struct{ names []string }

// renames follows computers through their names. A name may be of several, one
// after the other or at once: that of an image that all were installed from, or of
// a server that another one replaced.
type renames struct {
	list []*renamedComputer
	now  map[string]*renamedComputer   // by short name: whose it is
	had  map[string][]*renamedComputer // by short name: whose it was at any time; two stand for more
}

// renamedComputers returns the names of each computer that was renamed, without
// those that other such computers had, too: they tell none of them.
func renamedComputers(events []*event.Event) [][]string {
	r := &renames{now: map[string]*renamedComputer{}, had: map[string][]*renamedComputer{}}
	for _, e := range renamesIn(events) {
		r.follow(e)
	}
	var all [][]string
	for _, c := range r.list {
		own := slices.DeleteFunc(c.names, func(name string) bool { return len(r.had[shortName(name)]) > 1 })
		if severalLabels(own) {
			all = append(all, own)
		}
	}
	return all
}

// severalLabels reports whether the names differ by more than the domain.
func severalLabels(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return shortName(name) != shortName(names[0]) })
}

// renamesIn are the events that state an old and a new name, in the order of time.
func renamesIn(events []*event.Event) []*event.Event {
	var list []*event.Event
	for _, e := range events {
		if e.ID == idRenamed && e.From(eventLog) && len(e.Fields) >= 2 {
			list = append(list, e)
		}
	}
	slices.SortStableFunc(list, func(a, b *event.Event) int { return a.Time.Compare(b.Time) })
	return list
}

// follow gives the new name to the computer that has the old one.
func (r *renames) follow(e *event.Event) {
	before, after := shortName(e.Fields[0].Value), shortName(e.Fields[1].Value)
	c := r.now[before]
	if c == nil && r.now[after] != nil && slices.Contains(r.had[before], r.now[after]) {
		c = r.now[after] // the same is told again
	}
	if c == nil {
		c = new(renamedComputer)
		r.list = append(r.list, c)
	}
	delete(r.now, before)
	r.now[after] = c
	for _, name := range []string{e.Fields[0].Value, e.Fields[1].Value, e.Computer} {
		r.note(c, name)
	}
}

// note keeps that the computer had a name.
func (r *renames) note(c *renamedComputer, name string) {
	if name == "" {
		return
	}
	c.names = append(c.names, name)
	if short := shortName(name); len(r.had[short]) < 2 && !slices.Contains(r.had[short], c) {
		r.had[short] = append(r.had[short], c)
	}
}
