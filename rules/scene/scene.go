// Package scene says what the events of a bundle mean: which computers there
// are and which of them are hosts or guests, which virtual machines and
// volumes the events speak of, what period each log covers, which backup and
// restore jobs ran, and what failed. It states facts and leaves verdicts to
// the rules.
//
// Start with Builder: Add every batch, then Build. Build may be called again
// at any time, so that findings can be shown while a scan is running.
//
// # Words
//
//   - A host runs virtual machines; a guest is the computer inside one. A
//     computer whose logs show neither has an unknown role.
//   - Coverage is the time for which a channel's log can show what happened.
//     Absence of an event means something only there.
//   - A failure is one backup or restore that failed: a host, a time, and
//     where known a virtual machine and volumes.
package scene

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
)

// A Scene is all that is known of a bundle. It is not changed after Build.
type Scene struct {
	Sources  []*event.Source // in the order of their ids
	Hosts    []*Host         // in the order of their names
	VMs      []*VM           // in the order of names, ids
	Events   []*Event        // in the order of time, source, offset
	Jobs     []*Job          // in the order of From
	Failures []*Failure      // in the order of At
	Restores []*Restore      // in the order of their jobs
	Limits   []string        // which limits were hit, for people

	resources map[string]map[string]bool // plain volume name in lower case → cluster disk resources
	people    *hostTable
	vmByName  map[string]*VM // lower case; only names of one machine
	vmByID    map[string]*VM
	namesakes map[string][]*VM // lower case; names of several machines
	absent    []string         // cluster nodes without logs
	forms     map[int]*event.Source
	aside     map[int]string
	clocks    *clocks
}

// An Event is an event with what it speaks of.
type Event struct {
	*event.Event
	Host     *Host
	VM       *VM          // nil if it names none
	Volumes  []string     // cluster shared volumes by plain name ("Volume1")
	Resource string       // of a cluster event: the disk of its volume
	Codes    []known.Code // error codes in its fields
	GUIDs    []string     // in braces, lower case: writers, volumes, snapshot sets
	Paths    []string     // values that are paths
}

// Volume is the first of the event's volumes, or "".
func (e *Event) Volume() string {
	if len(e.Volumes) == 0 {
		return ""
	}
	return e.Volumes[0]
}

// A VM is a virtual machine.
type VM struct {
	Name, ID string // either may be ""; ID in capitals without braces
	Guest    *Host  // the computer inside, where the bundle has it; else nil
	Volumes  []string
	Hosts    []*Host // that spoke of it, in the order of their names

	names []string // what it was called, as far as its events say, in no order
}

// bore reports whether the machine has a name, or had it before it was renamed.
func (v *VM) bore(name string) bool {
	return strings.EqualFold(v.Name, name) || containsFold(v.names, name)
}

// Label names the machine for people.
func (v *VM) Label() string {
	if v == nil {
		return ""
	}
	return cmp.Or(v.Name, v.ID)
}

// A Builder collects what a scan yields.
type Builder struct {
	sources []*event.Source
	events  []*event.Event
	held    map[int][]*event.Event // of exported logs, by source: they wait for the others
	facts   []*event.Fact
	seen    map[eventKey]struct{}
	seed    maphash.Seed

	weight, maxWeight int // of the events, see thin
	thinned           map[place]*thinned
}

// eventKey identifies an event over copies of its log (DESIGN: by computer,
// channel, EventRecordID, time and content).
type eventKey struct {
	record uint64
	time   int64
	hash   uint64
}

// NewBuilder returns an empty Builder.
func NewBuilder() *Builder {
	return &Builder{held: map[int][]*event.Event{}, seen: map[eventKey]struct{}{}, seed: maphash.MakeSeed(), maxWeight: maxWeight, thinned: map[place]*thinned{}}
}

// Add takes one batch. It keeps the batch's events and facts, and drops events
// that it has already seen in another copy of the log. What is held is bounded: see
// maxWeight.
func (b *Builder) Add(batch event.Batch) {
	for i := range batch.Events {
		e := &batch.Events[i]
		if id := batch.Source.ID; isExport(batch.Source.Format) {
			b.held[id] = append(b.held[id], e)
			b.weight += weight(e)
			continue
		}
		key := b.key(e)
		if _, dup := b.seen[key]; dup {
			continue
		}
		b.seen[key] = struct{}{}
		b.events = append(b.events, e)
		b.weight += weight(e)
	}
	if b.weight > b.maxWeight {
		b.thin()
	}
	for i := range batch.Facts {
		b.facts = append(b.facts, &batch.Facts[i])
	}
	if batch.Last {
		b.sources = append(b.sources, batch.Source)
	}
}

// unseen returns those of exported events that no other log has.
func (b *Builder) unseen(exported []*event.Event) []*event.Event {
	first := map[eventKey]bool{}
	return slices.DeleteFunc(exported, func(e *event.Event) bool {
		key := b.key(e)
		_, dup := b.seen[key]
		dup = dup || first[key]
		first[key] = true
		return dup
	})
}

func (b *Builder) key(e *event.Event) eventKey {
	var h maphash.Hash
	h.SetSeed(b.seed)
	put := func(s string) {
		h.WriteString(s)
		h.WriteByte(0)
	}
	put(strings.ToLower(e.Computer))
	put(strings.ToLower(e.Channel))
	put(strings.ToLower(e.Provider))
	maphash.WriteComparable(&h, e.ID)
	for _, f := range e.Fields {
		put(f.Name)
		put(strings.ReplaceAll(f.Value, "\r\n", "\n")) // as XML exports fold it
	}
	return eventKey{e.Record, e.Time.UnixNano(), h.Sum64()}
}

// Build makes a Scene of all that was added so far.
func (b *Builder) Build() *Scene {
	s := &Scene{Sources: slices.Clone(b.sources), resources: map[string]map[string]bool{}}
	slices.SortFunc(s.Sources, func(a, b *event.Source) int { return cmp.Compare(a.ID, b.ID) })
	events := slices.Concat(b.events, b.unseen(s.sortOut(b.events, b.held)))
	people := newHostTable(s.Sources, events, b.facts)
	vms := newVMTable(events)
	people.placeFacts(s.Sources, b.facts, vms)
	s.Hosts, s.people = people.hosts(), people
	s.VMs, s.vmByName, s.vmByID, s.namesakes = vms.list(), vms.byName, vms.byID, vms.namesakes
	s.enrich(events, people, vms)
	s.noteProviders()
	s.Hosts = only(s.Hosts, func(h *Host) bool { return !people.gone(h) })
	for _, h := range s.Hosts {
		h.settle()
	}
	s.matchGuests()
	s.findNodes()
	s.compareClocks()
	s.cover()
	s.uncover(b.thinned)
	s.findJobs()
	s.findFailures()
	return s
}

// enrich wraps the events with what they speak of, in order of time.
func (s *Scene) enrich(raw []*event.Event, people *hostTable, vms *vmTable) {
	s.Events = make([]*Event, 0, len(raw))
	for _, e := range raw {
		se := &Event{Event: e, Host: people.in(e.Source, e.Computer), VM: vms.of(e)}
		se.extract()
		if se.Resource != "" && len(se.Volumes) > 0 {
			s.noteResource(se.Host, se.Volumes[0], se.Resource)
		}
		s.Events = append(s.Events, se)
	}
	slices.SortStableFunc(s.Events, inOrder)
	for _, e := range s.Events {
		e.Host.Events = append(e.Host.Events, e)
		if e.VM != nil {
			e.VM.see(e)
			e.Host.see(e)
		}
	}
}

// maxSeen bounds what is kept of the hosts and volumes of one machine, and of
// what one event speaks of. Honest ones have a handful.
const maxSeen = 64

func (v *VM) see(e *Event) {
	if len(v.Hosts) < maxSeen && !slices.Contains(v.Hosts, e.Host) {
		v.Hosts = append(v.Hosts, e.Host)
		slices.SortFunc(v.Hosts, func(a, b *Host) int { return cmp.Compare(a.Name, b.Name) })
	}
	for _, name := range e.Volumes {
		if len(v.Volumes) < maxSeen && !containsFold(v.Volumes, name) {
			v.Volumes = append(v.Volumes, name)
		}
	}
}

// see notes a computer's first event about a machine.
func (h *Host) see(e *Event) {
	if h.firstOf == nil {
		h.firstOf = map[*VM]*Event{}
	}
	if h.firstOf[e.VM] == nil {
		h.firstOf[e.VM] = e
	}
}

// noteProviders tells each computer which providers its logs show, also by
// records that nobody wanted.
func (s *Scene) noteProviders() {
	s.eachStream(func(h *Host, _ *event.Source, st *event.Stream) {
		for _, p := range st.Providers {
			h.providers[strings.ToLower(p)] = true
		}
	})
}

// eachStream calls f for every stream, with the computer that it is of.
func (s *Scene) eachStream(f func(h *Host, src *event.Source, st *event.Stream)) {
	for _, src := range s.Sources {
		for i := range src.Streams {
			if st := &src.Streams[i]; s.counted(src, st) {
				f(s.people.in(src.ID, st.Computer), src, st)
			}
		}
	}
}

// SameVolume reports whether an event is about the cluster disk on which a host
// has a volume: by the disk's resource where it is known of both, else by the
// volume's name. Two volumes on one disk move together.
func (s *Scene) SameVolume(e *Event, host *Host, volume string) bool {
	own := s.resource(host, volume)
	return slices.ContainsFunc(e.Volumes, func(v string) bool {
		if theirs := cmp.Or(e.Resource, s.resource(e.Host, v)); own != "" && theirs != "" {
			return strings.EqualFold(own, theirs)
		}
		return strings.EqualFold(v, volume)
	})
}

// resource is the cluster disk of a volume as the host's own events tell, or as
// any other's do where they agree.
func (s *Scene) resource(h *Host, volume string) string {
	if len(s.resources) == 0 {
		return ""
	}
	key := strings.ToLower(volume)
	if r := h.resources[key]; r != "" {
		return r
	}
	if all := s.resources[key]; len(all) == 1 {
		for r := range all {
			return r
		}
	}
	return ""
}

// noteResource learns on which disk a volume lies.
func (s *Scene) noteResource(h *Host, volume, resource string) {
	key := strings.ToLower(volume)
	if h.resources == nil {
		h.resources = map[string]string{}
	}
	h.resources[key] = resource
	if s.resources[key] == nil {
		s.resources[key] = map[string]bool{}
	}
	if len(s.resources[key]) < maxSeen {
		s.resources[key][strings.ToLower(resource)] = true
	}
}

// Source returns the source with the given id.
func (s *Scene) Source(id int) *event.Source {
	i, ok := slices.BinarySearchFunc(s.Sources, id, func(src *event.Source, id int) int { return cmp.Compare(src.ID, id) })
	if !ok {
		return nil
	}
	return s.Sources[i]
}

// only returns those of a list that are wanted.
func only[T any](list []T, wanted func(T) bool) (some []T) {
	for _, x := range list {
		if wanted(x) {
			some = append(some, x)
		}
	}
	return some
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(x string) bool { return strings.EqualFold(x, s) })
}
