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
// computer of its own. A rename (EventLog 6011) joins the old and the new name,
// unless another computer had one of them, too.
//
// A log may hold a hundred thousand names, so nothing here looks at all names
// for one.
type hostTable struct {
	byName  map[string]*Host // by lower-case name, every alias
	byShort map[string]*Host // by first label, if it is one computer's; else nil

	former   map[string]map[*Host]bool // by short name: who had it, and it means another one now, or none
	inSource map[named]*Host           // whom such a name means in a log
}

func newHostTable(sources []*event.Source, events []*event.Event, facts []*event.Fact) *hostTable {
	t := &hostTable{byName: map[string]*Host{}, byShort: map[string]*Host{}, former: map[string]map[*Host]bool{}, inSource: map[named]*Host{}}
	for _, name := range computerNames(sources, events, facts) {
		t.add(name)
	}
	renames := followRenames(events)
	for _, c := range renames.list {
		if own := renames.own(c); severalLabels(own) {
			for _, name := range own {
				t.add(name)
			}
		}
	}
	t.joinShortNames()
	t.joinRenamed(renames)
	t.indexShortNames()
	t.noteFormer(renames)
	t.placeFormer(sources, renames)
	for _, h := range t.hosts() {
		h.settleNames()
	}
	return t
}

// computerNames are all names that logs and artefacts give, sorted. An export that
// names no computer is of one of the others, mostly; alone it is of an unnamed one.
func computerNames(sources []*event.Source, events []*event.Event, facts []*event.Fact) []string {
	set := map[string]bool{}
	nameless := false
	for _, s := range sources {
		for i := range s.Streams {
			if namesNone(s, i) {
				nameless = true
			} else {
				set[s.Streams[i].Computer] = true
			}
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
	if len(set) == 0 && nameless {
		set[""] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// namesNone reports whether a stream is of an export that names no computer.
func namesNone(s *event.Source, stream int) bool {
	return s.Streams[stream].Computer == "" && isExport(s.Format)
}

// add makes a computer of the name, unless it is known.
func (t *hostTable) add(name string) *Host {
	key := strings.ToLower(name)
	h := t.byName[key]
	if h == nil {
		h = &Host{Name: name, names: []string{name}, coverage: map[string]*Coverage{}, providers: map[string]bool{}, cleared: map[string][]*Event{}}
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

// join makes two computers one. The one with more names keeps its identity, so
// that no name is moved often.
func (t *hostTable) join(a, b *Host) {
	if a == b {
		return
	}
	if len(a.names) < len(b.names) {
		a, b = b, a
	}
	for _, name := range b.names {
		t.byName[strings.ToLower(name)] = a
	}
	a.names = append(a.names, b.names...)
}

// unnamed is what a computer is called that no log names: an event list of Event
// Viewer, saved as CSV, has no such column.
const unnamed = "(unnamed computer)"

// settleNames chooses the name to show: a DNS name says more than a short one.
func (h *Host) settleNames() {
	slices.SortFunc(h.names, func(a, b string) int {
		return cmp.Or(boolOrder(strings.Contains(b, "."))-boolOrder(strings.Contains(a, ".")), cmp.Compare(a, b))
	})
	named := slices.DeleteFunc(slices.Clone(h.names), func(name string) bool { return name == "" })
	if len(named) == 0 {
		h.Name = unnamed
		return
	}
	h.Name, h.Aliases = named[0], named[1:]
}

func boolOrder(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (t *hostTable) indexShortNames() {
	for key, h := range t.byName {
		short := shortName(key)
		if other, taken := t.byShort[short]; taken && other != h {
			h = nil
		}
		t.byShort[short] = h
	}
}

// lookup finds a computer by any of its names; a name without a domain also
// finds the one computer whose DNS name begins with it.
func (t *hostTable) lookup(name string) *Host {
	key := strings.ToLower(name)
	if h := t.byName[key]; h != nil {
		return h
	}
	return t.byShort[key]
}

func (t *hostTable) of(name string) *Host { return t.add(name) }

// in finds the computer that a name means in a log.
func (t *hostTable) in(source int, name string) *Host {
	if len(t.inSource) > 0 {
		if h := t.inSource[named{source, strings.ToLower(name)}]; h != nil {
			return h
		}
	}
	return t.of(name)
}

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
		if s.Records > 0 || len(s.Streams) > 0 || s.Err != "" || s.Skipped != "" || isExport(s.Format) {
			continue
		}
		if h := t.byPlace(s.Path, neighbours, vms); h != nil {
			h.empty = append(h.empty, s)
		}
	}
}

// computersByFolder tells for each folder whose logs lie in it, if they are one
// computer's; nil if several's. Exports that name no computer say nothing of it.
func (t *hostTable) computersByFolder(sources []*event.Source) map[string]*Host {
	folders := map[string]*Host{}
	for _, s := range sources {
		dir := path.Dir(s.Path)
		for i := range s.Streams {
			if namesNone(s, i) {
				continue
			}
			h := t.in(s.ID, s.Streams[i].Computer)
			if other, taken := folders[dir]; taken && other != h {
				h = nil
			}
			folders[dir] = h
		}
	}
	return folders
}

func (t *hostTable) byPlace(label string, neighbours map[string]*Host, vms *vmTable) *Host {
	if h := neighbours[path.Dir(label)]; h != nil {
		return h
	}
	parts := strings.FieldsFunc(label, func(r rune) bool { return r == '/' || r == '!' })
	for _, part := range slices.Backward(parts) {
		if h := t.byPart(strings.ToLower(part), vms); h != nil {
			return h
		}
	}
	return nil
}

// byPart finds the computer whose name, or whose virtual machine's name, is a
// part of the path, whole or as prefix of a file's name ("NODE-A_hotfixes.txt").
// A longer name wins over one that it begins with.
func (t *hostTable) byPart(part string, vms *vmTable) *Host {
	for end := len(part); end > 0; end-- {
		if end < len(part) && !strings.ContainsRune(nameEnds, rune(part[end])) {
			continue
		}
		if h := t.lookup(part[:end]); h != nil {
			return h
		}
		if vm := vms.byName[part[:end]]; vm != nil {
			return t.add(vm.Name)
		}
	}
	return nil
}

// nameEnds are the characters that end a name at the head of a file's name.
const nameEnds = "_-. "

func isPart(part, name string) bool {
	if name == "" || !strings.HasPrefix(part, name) {
		return false
	}
	rest := part[len(name):]
	return rest == "" || strings.ContainsRune(nameEnds, rune(rest[0]))
}
