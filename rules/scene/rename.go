package scene

import (
	"path"
	"slices"
	"strings"

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

// followRenames follows all renames that events state.
func followRenames(events []*event.Event) *renames {
	r := &renames{now: map[string]*renamedComputer{}, had: map[string][]*renamedComputer{}}
	for _, e := range renamesIn(events) {
		r.follow(e)
	}
	return r
}

// own returns the computer's names without those that another one has now, or that
// several had and none has: they tell neither.
func (r *renames) own(c *renamedComputer) []string {
	return only(c.names, func(name string) bool { return !r.formerly(c, name) })
}

// formerly reports whether the computer had a name that means it no more.
func (r *renames) formerly(c *renamedComputer, name string) bool {
	short := shortName(name)
	return len(r.had[short]) > 1 && r.now[short] != c
}

// severalLabels reports whether the names differ by more than the domain.
func severalLabels(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return shortName(name) != shortName(names[0]) })
}

// joinRenamed joins the names of each computer that was renamed.
func (t *hostTable) joinRenamed(r *renames) {
	for _, c := range r.list {
		if own := r.own(c); severalLabels(own) {
			for _, name := range own[1:] {
				t.join(t.of(own[0]), t.of(name))
			}
		}
	}
}

// noteFormer keeps which computers had a name that means them no more.
func (t *hostTable) noteFormer(r *renames) {
	for _, c := range r.list {
		own := r.own(c)
		if len(own) == 0 || t.lookup(own[0]) == nil {
			continue
		}
		h := t.lookup(own[0])
		for _, name := range c.names {
			if short := shortName(name); r.formerly(c, name) {
				if t.former[short] == nil {
					t.former[short] = map[*Host]bool{}
				}
				t.former[short][h] = true
			}
		}
	}
}

// A named is a name in a source.
type named struct {
	source int
	name   string // in lower case
}

// placeFormer finds whom a former name means in a log: the one computer that had it,
// and whose other names that log has; or if nobody has it now and the log has no other
// name, the logs of the same folder.
func (t *hostTable) placeFormer(sources []*event.Source, r *renames) {
	if len(t.former) == 0 {
		return
	}
	logs, folders := map[int]map[*Host]bool{}, map[string]map[*Host]bool{}
	for _, s := range sources {
		for i := range s.Streams {
			if name := s.Streams[i].Computer; !namesNone(s, i) && t.former[shortName(name)] == nil {
				see(logs, s.ID, t.of(name))
				see(folders, path.Dir(s.Path), t.of(name))
			}
		}
	}
	for _, s := range sources {
		for i := range s.Streams {
			name := strings.ToLower(s.Streams[i].Computer)
			around := logs[s.ID]
			if around == nil && r.now[shortName(name)] == nil {
				around = folders[path.Dir(s.Path)]
			}
			if h := t.formerIn(around, name); h != nil {
				t.inSource[named{s.ID, name}] = h
			}
		}
	}
}

// see adds a computer to those of a log or folder, up to one more than are looked at.
func see[K comparable](all map[K]map[*Host]bool, key K, h *Host) {
	if all[key] == nil {
		all[key] = map[*Host]bool{}
	}
	if len(all[key]) <= maxSeen {
		all[key][h] = true
	}
}

// formerIn returns the only one of some computers that had a name; nil if several had
// it, or whose it is now is among them.
func (t *hostTable) formerIn(some map[*Host]bool, name string) (found *Host) {
	former := t.former[shortName(name)]
	if former == nil || len(some) > maxSeen || some[t.byName[name]] {
		return nil
	}
	for h := range some {
		if former[h] && found != nil {
			return nil
		}
		if former[h] {
			found = h
		}
	}
	return found
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

// gone reports whether a computer is only a name that others had before: nothing is of
// it alone.
func (t *hostTable) gone(h *Host) bool {
	return t.former[shortName(h.Name)] != nil && len(h.Events)+len(h.providers)+len(h.facts)+len(h.empty) == 0
}
