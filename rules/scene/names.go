package scene

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// hostTable decides which names mean the same computer. A short name means
// the one computer whose DNS name begins with it; where several do, it stays a
// computer of its own. A rename (EventLog 6011) joins the old and the new name.
type hostTable struct {
	byName map[string]*Host // by lower-case name, every alias
}

func newHostTable(sources []*event.Source, events []*event.Event, facts []*event.Fact) *hostTable {
	t := &hostTable{byName: map[string]*Host{}}
	for _, name := range computerNames(sources, events, facts) {
		t.add(name)
	}
	t.joinShortNames()
	for _, e := range events {
		if e.ID == idRenamed && e.From(eventLog) {
			t.rename(e)
		}
	}
	return t
}

// computerNames are all names that logs and artefacts give, sorted.
func computerNames(sources []*event.Source, events []*event.Event, facts []*event.Fact) []string {
	set := map[string]bool{}
	for _, s := range sources {
		for i := range s.Streams {
			set[s.Streams[i].Computer] = true
		}
	}
	for _, e := range events {
		set[e.Computer] = true
	}
	for _, f := range facts {
		if f.Host != "" {
			set[f.Host] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// add makes a computer of the name, unless it is known.
func (t *hostTable) add(name string) *Host {
	key := strings.ToLower(name)
	h := t.byName[key]
	if h == nil {
		h = &Host{Name: name, coverage: map[string]*Coverage{}, providers: map[string]bool{}}
		t.byName[key] = h
	}
	return h
}

func (t *hostTable) joinShortNames() {
	full := map[string][]string{} // short name → DNS names
	for name := range t.byName {
		if short := shortName(name); short != name {
			full[short] = append(full[short], name)
		}
	}
	for short, names := range full {
		if h := t.byName[short]; h != nil && len(names) == 1 {
			t.join(t.byName[names[0]], h)
		}
	}
}

// rename joins the names that an EventLog 6011 states: old and new.
func (t *hostTable) rename(e *event.Event) {
	if len(e.Fields) < 2 {
		return
	}
	h := t.of(e.Computer)
	for _, f := range e.Fields[:2] {
		if other := t.lookup(f.Value); f.Value != "" && other != nil && other != h {
			t.join(h, other)
		} else if f.Value != "" && other == nil {
			h.addAlias(f.Value)
			t.byName[strings.ToLower(f.Value)] = h
		}
	}
}

// join makes other's names aliases of h.
func (t *hostTable) join(h, other *Host) {
	if h == other {
		return
	}
	if len(other.Name) > len(h.Name) && strings.Contains(other.Name, ".") && !strings.Contains(h.Name, ".") {
		h.Name, other.Name = other.Name, h.Name // the DNS name says more
	}
	h.addAlias(other.Name)
	for _, a := range other.Aliases {
		h.addAlias(a)
	}
	for key, x := range t.byName {
		if x == other {
			t.byName[key] = h
		}
	}
}

func (h *Host) addAlias(name string) {
	if !strings.EqualFold(name, h.Name) && !containsFold(h.Aliases, name) {
		h.Aliases = append(h.Aliases, name)
		slices.Sort(h.Aliases)
	}
}

// lookup finds a computer by any of its names; a name without a domain also
// finds the one computer whose DNS name begins with it.
func (t *hostTable) lookup(name string) *Host {
	if h := t.byName[strings.ToLower(name)]; h != nil {
		return h
	}
	var found *Host
	for key, h := range t.byName {
		if shortName(key) == strings.ToLower(name) && found != h {
			if found != nil {
				return nil
			}
			found = h
		}
	}
	return found
}

func (t *hostTable) of(name string) *Host { return t.add(name) }

// hosts lists the computers in the order of their names.
func (t *hostTable) hosts() []*Host {
	set := map[*Host]bool{}
	for _, h := range t.byName {
		set[h] = true
	}
	return slices.SortedFunc(maps.Keys(set), func(a, b *Host) int { return cmp.Compare(a.Name, b.Name) })
}

// placeFacts gives each fact of a text artefact to a computer. In this order:
// the name inside the file; the one computer whose logs lie in the same
// folder; a computer's or virtual machine's name in the path. A fact that
// finds no computer is listed with its source, and not used.
func (t *hostTable) placeFacts(sources []*event.Source, facts []*event.Fact, vms *vmTable) {
	bySource := map[int]*event.Source{}
	for _, s := range sources {
		bySource[s.ID] = s
	}
	neighbours := t.computersByFolder(sources)
	for _, f := range facts {
		h := t.lookup(f.Host)
		if src := bySource[f.Source]; f.Host == "" && src != nil {
			h = t.byPlace(src.Path, neighbours, vms)
		}
		if h != nil {
			h.facts = append(h.facts, f)
		}
	}
	for _, s := range sources { // logs without a record name no computer either
		if s.Records > 0 || len(s.Streams) > 0 || s.Err != "" || s.Skipped != "" {
			continue
		}
		if h := t.byPlace(s.Path, neighbours, vms); h != nil {
			h.empty = append(h.empty, s)
		}
	}
}

// computersByFolder tells for each folder which computers' logs lie in it.
func (t *hostTable) computersByFolder(sources []*event.Source) map[string][]*Host {
	folders := map[string][]*Host{}
	for _, s := range sources {
		dir := path.Dir(s.Path)
		for i := range s.Streams {
			if h := t.of(s.Streams[i].Computer); !slices.Contains(folders[dir], h) {
				folders[dir] = append(folders[dir], h)
			}
		}
	}
	return folders
}

func (t *hostTable) byPlace(label string, neighbours map[string][]*Host, vms *vmTable) *Host {
	if near := neighbours[path.Dir(label)]; len(near) == 1 {
		return near[0]
	}
	parts := strings.FieldsFunc(label, func(r rune) bool { return r == '/' || r == '!' })
	for i := len(parts) - 1; i >= 0; i-- {
		if h := t.byPart(parts[i], vms); h != nil {
			return h
		}
	}
	return nil
}

// byPart finds the computer whose name, or whose virtual machine's name, is a
// part of the path, whole or as prefix of a file's name ("NODE-A_hotfixes.txt").
// A longer name wins over one that it begins with.
func (t *hostTable) byPart(part string, vms *vmTable) *Host {
	low := strings.ToLower(part)
	best, bestLen := (*Host)(nil), 0
	consider := func(name string, host func() *Host) {
		if len(name) > bestLen && isPart(low, name) {
			best, bestLen = host(), len(name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.byName)) {
		h := t.byName[name]
		consider(name, func() *Host { return h })
		consider(shortName(name), func() *Host { return t.lookup(shortName(name)) })
	}
	for _, name := range slices.Sorted(maps.Keys(vms.byName)) {
		consider(name, func() *Host { return t.add(vms.byName[name].Name) })
	}
	return best
}

func isPart(part, name string) bool {
	if name == "" || !strings.HasPrefix(part, name) {
		return false
	}
	rest := part[len(name):]
	return rest == "" || strings.ContainsRune("_-. ", rune(rest[0]))
}
