package scene

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
)

// Role says what part a computer plays.
type Role string

// The roles.
const (
	RoleHost    Role = "host"
	RoleGuest   Role = "guest"
	RoleUnknown Role = "unknown"
)

// A Host is a computer of the bundle: a Hyper-V host, a guest, or neither.
type Host struct {
	Name    string // the fullest name known
	Aliases []string
	Role    Role
	VM      *VM      // of a guest: the virtual machine that it is, if known
	Events  []*Event // its events, in the order of time

	names     []string             // all of them, as first written
	coverage  map[string]*Coverage // by canonical channel
	cleared   map[string][]*Event  // by canonical channel: when its log was cleared, in the order of time
	resources map[string]string    // volume → cluster disk, as its own events tell
	boots     []*Event             // EventLog 6009
	changes   []*Event             // what tells of updates
	taken     []*Event             // what tells that it took a volume for backup
	zones     zoneList             // what it says of its time zone
	firstOf   map[*VM]*Event       // its first event about a machine
	guests    []*Host              // in machines that it spoke of
	kinds     [][]*Event           // Events, see Kinds
	byID      map[uint32][]int     // places in kinds
	jobs      []*Job
	facts     []*event.Fact
	stated    map[topic]*event.Fact  // the last one about it
	hotfixes  map[string]*event.Fact // by number in lower case: the first one
	updates   updateMemo
	empty     []*event.Source // logs of it without any record
	providers map[string]bool // lower case, as seen in its logs
	cluster   bool            // logs failover clustering events
}

// A Citation is what a statement rests on: an event, a fact of a text
// artefact, or the coverage of a log.
type Citation struct {
	Event *Event
	Fact  *event.Fact
	Cover *Coverage
	Host  *Host
	Text  string // our own words; "" to take the event's summary

	// Within is the time that the text is about, of coverage; zero if it needs none.
	Within Interval
}

// settle derives what the host's own logs and artefacts say of it. The
// providers that only skipped records show are in already.
func (h *Host) settle() {
	h.sortByKind()
	for _, kind := range h.kinds {
		h.providers[strings.ToLower(kind[0].Provider)] = true
	}
	for _, e := range h.Events {
		switch {
		case e.ID == idBooted && e.From(eventLog) && bootBuild(e) != "":
			h.boots = append(h.boots, e)
		case e.From(eventLogVS):
			h.noteCleared(e)
		case e.ID == idUpdateDone && e.From(updates), e.ID == idPackageState && e.From(servicing):
			h.changes = append(h.changes, e)
		case (e.ID == idCSVBackupOn || e.ID == idCSVRedirect) && e.From(clustering):
			h.taken = append(h.taken, e)
		}
		if bias, ok := biasOf(e.Event); ok {
			h.zones = h.zones.add(e.Time, bias)
		}
	}
	h.cluster = h.providers[strings.ToLower(clustering)]
	h.sortFacts()
	h.Role = h.role()
}

// noteCleared: Eventlog 104 names the channel that was cleared, 1102 is about
// Security. In an export the fields have no names, or are missing, so that it may
// be any channel.
func (h *Host) noteCleared(e *Event) {
	name := "Security"
	switch e.ID {
	case idAuditCleared:
	case idLogCleared:
		name, _ = e.Field("Channel")
	default:
		return
	}
	key := known.CanonicalChannel(name)
	h.cleared[key] = append(h.cleared[key], e)
}

// role: what only the Hyper-V role logs makes a host; what only integration
// services log makes a guest. The bare hypervisor counts only where nothing
// speaks for a guest, because clients run it too.
func (h *Host) role() Role {
	weak, guest := false, false
	for p := range h.providers {
		if hostProvider(p) {
			return RoleHost
		}
		weak = weak || weakHostProvider(p)
		guest = guest || guestProvider(p)
	}
	for _, f := range h.facts {
		if f.Key == event.FactFileVersion && strings.EqualFold(f.Name, "vmms.exe") {
			return RoleHost
		}
		guest = guest || f.Key == event.FactVirtualOn || f.Key == event.FactVirtualName
	}
	switch {
	case guest:
		return RoleGuest
	case weak:
		return RoleHost
	}
	return RoleUnknown
}

// matchGuests finds the computers that are virtual machines of the bundle:
// by exact name, or because the guest itself says so (KVP). Nothing else
// counts; a wrong match would make a wrong diagnosis. For the same reason a machine
// is none of several that bear its name, in different domains.
func (s *Scene) matchGuests() {
	claims := map[*VM][]claim{}
	for _, h := range s.Hosts {
		if h.Role != RoleHost {
			if c := s.guestOf(h); c.vm != nil {
				claims[c.vm] = append(claims[c.vm], c)
			}
		}
	}
	for _, vm := range s.VMs {
		h := strongest(claims[vm])
		if h == nil {
			continue
		}
		vm.Guest, h.VM, h.Role = h, vm, RoleGuest
		for _, on := range vm.Hosts {
			on.guests = append(on.guests, h)
		}
	}
}

// Guests lists the computers inside those machines that the computer spoke of.
func (h *Host) Guests() []*Host { return h.guests }

// SpokeOf is the computer's first event about a machine, or nil.
func (h *Host) SpokeOf(vm *VM) *Event { return h.firstOf[vm] }

// A claim is that a computer may be a machine.
type claim struct {
	by   *Host
	vm   *VM // nil: it is none
	sure int // more of it outranks less
}

// Why a computer may be a machine.
const (
	bySameLabel = iota // the machine has the computer's name without the domain
	byDNSName          // it has the name with the domain
	byItself           // the guest says it
)

func (s *Scene) guestOf(h *Host) claim {
	if v := h.fact(event.FactVirtualName, ""); v.Known {
		return claim{h, s.vmByName[strings.ToLower(v.Text)], byItself}
	}
	for _, name := range h.names { // with a domain first
		if vm := s.vmByName[strings.ToLower(name)]; vm != nil && strings.Contains(name, ".") {
			return claim{h, vm, byDNSName}
		}
		if vm := s.vmByName[shortName(name)]; vm != nil {
			return claim{h, vm, bySameLabel}
		}
	}
	return claim{}
}

// strongest returns the computer that outranks all others, or nil.
func strongest(list []claim) *Host {
	var best claim
	alone := false
	for _, c := range list {
		if best.by == nil || c.sure > best.sure {
			best, alone = c, true
		} else if c.sure == best.sure {
			alone = false
		}
	}
	if !alone {
		return nil
	}
	return best.by
}

// Cluster reports whether the computer is a cluster node.
func (h *Host) Cluster() bool { return h.cluster }

// MayShareCluster reports whether two nodes can be of one cluster: the nodes of a
// cluster are members of one domain. A name without a domain may be of any.
func (h *Host) MayShareCluster(o *Host) bool {
	_, a, _ := strings.Cut(h.Name, ".")
	_, b, _ := strings.Cut(o.Name, ".")
	return a == "" || b == "" || strings.EqualFold(a, b)
}

// A Value is what is known of something at a time, with what it rests on. An
// unknown value has Known false.
type Value struct {
	Text  string
	Known bool
	Cites []Citation
}

func known1(text string, c Citation) Value {
	return Value{Text: text, Known: true, Cites: []Citation{c}}
}

// OSBuild returns the Windows version that the computer ran at a time, such as
// "6.1.7600". The log states it at each boot (EventLog 6009), so the last boot
// before the time decides. Without one, a later boot decides only if it shows
// the RTM build, since versions go up and not down; then systeminfo.
func (h *Host) OSBuild(at time.Time) Value {
	before, after := around(h.boots, at)
	if before != nil {
		return known1(bootBuild(before), Citation{Event: before, Host: h, Text: "booted Windows " + bootBuild(before)})
	}
	if after != nil && strings.HasSuffix(bootBuild(after), rtmSuffix(bootBuild(after))) {
		return known1(bootBuild(after), Citation{Event: after, Host: h, Text: "booted Windows " + bootBuild(after) + " later; versions do not go down"})
	}
	if v := h.fact(event.FactOSBuild, ""); v.Known && after == nil {
		return v
	}
	return Value{}
}

// around returns the last event up to a time, of a list in the order of time, and the
// first one after it; nil: there is none.
func around(list []*Event, at time.Time) (before, after *Event) {
	i, _ := slices.BinarySearchFunc(list, at.Add(1), func(e *Event, t time.Time) int { return e.Time.Compare(t) })
	if i > 0 {
		before = list[i-1]
	}
	if i < len(list) {
		after = list[i]
	}
	return before, after
}

// rtmSuffix is the build number with which a Windows version began, before any
// service pack; "\x00" (which ends no build) where a service pack is on.
func rtmSuffix(build string) string {
	switch {
	case strings.HasPrefix(build, "6.1."):
		return ".7600"
	case strings.HasPrefix(build, "6.0."):
		return ".6001" // Server 2008 began as SP1
	case strings.HasPrefix(build, "5.2."):
		return ".3790"
	}
	return "\x00"
}

// bootBuild reads EventLog 6009: Data "6.01.", "7600", ….
func bootBuild(e *Event) string {
	if len(e.Fields) < 2 {
		return ""
	}
	major, minor, ok := strings.Cut(strings.Trim(e.Fields[0].Value, ". "), ".")
	build := strings.TrimSpace(e.Fields[1].Value)
	if !ok || !isNumber(major) || !isNumber(minor) || !isNumber(build) {
		return ""
	}
	if minor = strings.TrimLeft(minor, "0"); minor == "" {
		minor = "0"
	}
	return major + "." + minor + "." + build
}

// A topic is what a fact is about.
type topic struct {
	key  event.FactKey
	name string // in lower case
}

// sortFacts puts the facts in order, and finds what each failure will ask for.
func (h *Host) sortFacts() {
	slices.SortStableFunc(h.facts, func(a, b *event.Fact) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Offset, b.Offset))
	})
	h.stated, h.hotfixes = map[topic]*event.Fact{}, map[string]*event.Fact{}
	for _, f := range h.facts {
		h.stated[topic{f.Key, strings.ToLower(f.Name)}] = f
		if kb := strings.ToLower(f.Value); f.Key == event.FactHotfix && h.hotfixes[kb] == nil {
			h.hotfixes[kb] = f
		}
	}
}

// fact returns the last statement of the artefacts about a key.
func (h *Host) fact(key event.FactKey, name string) Value {
	f := h.stated[topic{key, strings.ToLower(name)}]
	if f == nil {
		return Value{}
	}
	return known1(f.Value, Citation{Fact: f, Host: h})
}

// ISCSISessions, BackupType, SANPolicy and WriterState return what the
// artefacts state; all are undated.
func (h *Host) ISCSISessions() Value { return h.fact(event.FactISCSISession, "") }

// BackupType is the guest's VssRequestor value: "0", "1", "absent".
func (h *Host) BackupType() Value { return h.fact(event.FactBackupType, "") }

// SANPolicy is the number of the partition manager's policy; "3" is offline all.
func (h *Host) SANPolicy() Value { return h.fact(event.FactSANPolicy, "") }

// WriterState is the number of a VSS writer's state at collection time.
func (h *Host) WriterState(guid string) Value {
	return h.fact(event.FactWriterState, strings.ToLower(guid))
}

// DiskIDs are the signatures of the computer's disks, as diskpart showed them.
func (h *Host) DiskIDs() []Value {
	var list []Value
	for _, f := range h.facts {
		if f.Key == event.FactDiskID {
			list = append(list, known1(f.Value, Citation{Fact: f, Host: h}))
		}
	}
	return list
}

// PhysicalHost is the name of the host that a guest says it runs on.
func (h *Host) PhysicalHost() Value { return h.fact(event.FactVirtualOn, "") }

// Jobs lists the computer's jobs; the requester's first, then the cluster's.
func (h *Host) Jobs() []*Job { return h.jobs }

// Facts lists what text artefacts say of the computer.
func (h *Host) Facts() []*event.Fact { return h.facts }

// Between returns the computer's events from one time to another, inclusive.
func (h *Host) Between(from, to time.Time) []*Event { return Between(h.Events, from, to) }

// Host returns the computer that has the name, among others perhaps, or nil.
func (s *Scene) Host(name string) *Host { return s.people.lookup(name) }

// SameHost reports whether a name is one of the computer's names.
func (s *Scene) SameHost(name string, h *Host) bool { return s.Host(name) == h }

// AbsentNodes names the cluster nodes that events speak of and that sent no
// logs, sorted: what they did is not known. Of many it names the first ones.
func (s *Scene) AbsentNodes() []string { return s.absent }

// findNodes finds the cluster nodes by what others say of them: one that sent only some
// of its logs is a node all the same, whose cluster events are missing.
func (s *Scene) findNodes() {
	seen := map[string]bool{}
	for _, name := range s.namedNodes() {
		key := strings.ToLower(name)
		if name == "" || seen[key] {
			continue
		}
		seen[key] = true
		if h := cmp.Or(s.people.lookup(name), s.people.lookup(shortName(name))); h != nil {
			h.cluster = true
		} else {
			s.absent = append(s.absent, name)
		}
	}
	slices.Sort(s.absent)
	if n := len(s.absent) - maxSeen; n > 0 {
		s.absent = append(s.absent[:maxSeen], fmt.Sprintf("and %d more", n))
	}
}

// namedNodes are the cluster nodes that events and cluster logs name.
func (s *Scene) namedNodes() (names []string) {
	for _, e := range s.Events {
		if e.From(clustering) {
			name, _ := e.Field("NodeName")
			names = append(names, name)
		}
	}
	for _, h := range s.Hosts {
		for _, f := range h.facts {
			if f.Key == event.FactGroupMove {
				from, to, _ := strings.Cut(f.Value, " to ")
				names = append(names, from, to)
			}
		}
	}
	return names
}
