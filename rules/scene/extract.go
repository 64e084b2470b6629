package scene

import (
	"slices"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
)

// extract reads from the fields what the event speaks of, and judges it.
func (e *Event) extract() {
	e.Codes = Codes(e.Event)
	e.read()
	if e.housekeeping() {
		e.Codes = []known.Code{known.WriterStatusNotAvail}
	}
}

// read takes what is no code.
func (e *Event) read() {
	for _, f := range e.Fields {
		if f.Name == hexDump {
			continue
		}
		if len(e.GUIDs) < maxSeen {
			e.GUIDs = append(e.GUIDs, findGUIDs(f.Value)...)
		}
		if isPath(f.Value) && len(e.Paths) < maxSeen {
			e.Paths = append(e.Paths, f.Value)
		}
		for _, name := range csvNames(f.Value) {
			e.addVolume(name)
		}
	}
	if e.From(clustering) {
		e.clusterVolume()
	}
}

// hexDump is a field whose digits are no codes.
const hexDump = "Binary"

// Codes returns the error codes in an event's fields, at most maxSeen. A Scene
// knows more: which of them is only quoted.
func Codes(e *event.Event) []known.Code {
	var codes []known.Code
	for _, f := range e.Fields {
		if f.Name == hexDump {
			continue
		}
		for _, c := range known.Codes(f.Value) {
			if len(codes) < maxSeen && !slices.Contains(codes, c) {
				codes = append(codes, c)
			}
		}
	}
	return codes
}

func (e *Event) addVolume(name string) {
	if len(e.Volumes) < maxSeen && !containsFold(e.Volumes, name) {
		e.Volumes = append(e.Volumes, name)
	}
}

// clusterVolume takes volume and resource from a cluster event: by name, or where the
// fields have no names by their positions in the events that are about a volume. What
// stands first in others is a node or a resource.
func (e *Event) clusterVolume() {
	volume, ok := e.Field("VolumeName")
	resource, _ := e.Field("ResourceName")
	if at := resourceAt[e.ID]; !ok && at > 0 && len(e.Fields) > 0 && e.Fields[0].Name == "" {
		volume = e.Fields[0].Value
		if len(e.Fields) > at {
			resource = e.Fields[at].Value
		}
	}
	if volume == "" {
		return
	}
	e.addVolume(volumeName(volume))
	e.Resource = resource
}

// resourceAt is where cluster events whose first value is a shared volume name its
// resource.
var resourceAt = map[uint32]int{
	1584: 2, 5120: 1, 5121: 1, 5122: 1, 5125: 2, 5126: 2, 5136: 1, 5137: 1, 5138: 1, 5139: 1, 5140: 1, 5141: 1, 5142: 1,
	5151: 1, 5152: 1, 5153: 1, 5154: 1, 5156: 1, 5157: 1, 5216: 1,
}

// housekeeping recognises VSS 12289 about the state of an old writer session
// that is removed (KB978773): the failure that it quotes is days old and says
// nothing about the present.
func (e *Event) housekeeping() bool {
	return e.ID == idVSSUnexpected && e.From(vss) && slices.Contains(e.Codes, known.WriterStatusNotAvail)
}

// Writer reports whether the event names the given VSS writer class id.
func (e *Event) Writer(guid string) bool { return slices.Contains(e.GUIDs, strings.ToLower(guid)) }

// aboutVMs reports whether the provider's events name virtual machines.
func aboutVMs(e *event.Event) bool {
	return e.From(vmms) || e.From(worker) || e.From(config) || e.From(kvp)
}

// vmTable knows the virtual machines that events name.
type vmTable struct {
	byID   map[string]*VM
	byName map[string]*VM // lower case; the machine of that name, if it is one

	namesakes map[string][]*VM // lower case; the machines of a name, if they are several
}

// newVMTable learns the machines' names from all events first: one event alone
// does not always tell which of its values is the name.
func newVMTable(events []*event.Event) *vmTable {
	t := &vmTable{byID: map[string]*VM{}, byName: map[string]*VM{}, namesakes: map[string][]*VM{}}
	votes := map[string]map[string]int{}
	for _, e := range events {
		if !aboutVMs(e) {
			continue
		}
		id, names := vmValues(e)
		for i, name := range names {
			if votes[id] == nil {
				votes[id] = map[string]int{}
			}
			votes[id][name] += nameWeight(e, i)
		}
		if id != "" && t.byID[id] == nil {
			t.byID[id] = &VM{ID: id}
		}
	}
	for id, vm := range t.byID {
		vm.Name, vm.names = mostVotes(votes[id]), surelyNames(votes[id])
	}
	t.nameThem()
	for _, e := range events {
		if id, names := vmValues(e); id == "" && len(names) > 0 && namesVM(e) {
			if key := strings.ToLower(names[0]); t.byName[key] == nil {
				t.byName[key] = &VM{Name: names[0]}
			}
		}
	}
	return t
}

func (t *vmTable) nameThem() {
	shared := map[string]int{}
	for _, vm := range t.byID {
		shared[strings.ToLower(vm.Name)]++
	}
	for _, vm := range t.byID {
		switch key := strings.ToLower(vm.Name); {
		case key == "":
		case shared[key] == 1:
			t.byName[key] = vm
		default:
			t.namesakes[key] = append(t.namesakes[key], vm)
		}
	}
}

// nameWeight: VmName says it; else the first text that may be a name is the
// likeliest, and a machine's own name recurs in all of its events.
func nameWeight(e *event.Event, position int) int {
	if _, named := e.Field("VmName"); named {
		return 10
	}
	if position == 0 {
		return likelyName
	}
	return 1
}

// likelyName is the weight of what stands where a name does.
const likelyName = 2

// surelyNames returns what a machine was called: another name may have more votes
// since it was renamed.
func surelyNames(votes map[string]int) []string {
	var names []string
	for name, n := range votes {
		if n >= likelyName {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names[:min(len(names), maxSeen)]
}

func mostVotes(votes map[string]int) string {
	best := ""
	for name, n := range votes {
		if best == "" || n > votes[best] || n == votes[best] && name < best {
			best = name
		}
	}
	return best
}

// vmValues returns the machine id (the first GUID) and the values that may be
// the machine's name.
func vmValues(e *event.Event) (id string, names []string) {
	if name, ok := e.Field("VmName"); ok && name != "" {
		names = []string{name}
	}
	if v, ok := e.Field("VmId"); ok && isGUID(v) {
		id = normalGUID(v) // whatever the name looks like
	}
	for _, f := range e.Fields {
		switch {
		case isGUID(f.Value):
			if id == "" {
				id = normalGUID(f.Value)
			}
		case f.Value == "" || isPath(f.Value) || f.Name == "Binary":
		case isNumber(f.Value) && f.Name != "Parameter0": // where the name usually is, "2003" is one
		case names == nil || !strings.EqualFold(names[0], f.Value) && e.Payload != "" && strings.HasPrefix(f.Name, "Parameter"):
			names = append(names, f.Value)
		}
	}
	return id, names
}

// namesVM reports whether an event without a machine id still surely names a
// machine: the VMMS events about one machine's backup.
func namesVM(e *event.Event) bool { return e.From(vmms) && vmBackupFailed(e.ID) }

// of returns the machine that the event names, or nil.
func (t *vmTable) of(e *event.Event) *VM {
	if !aboutVMs(e) {
		return nil
	}
	id, names := vmValues(e)
	if vm := t.byID[id]; vm != nil {
		return vm
	}
	for _, name := range names {
		if vm := t.byName[strings.ToLower(name)]; vm != nil {
			return vm
		}
	}
	return nil
}

func (t *vmTable) list() []*VM {
	all := map[*VM]bool{}
	for _, vm := range t.byID {
		all[vm] = true
	}
	for _, vm := range t.byName {
		all[vm] = true
	}
	list := make([]*VM, 0, len(all))
	for vm := range all {
		list = append(list, vm)
	}
	slices.SortFunc(list, func(a, b *VM) int {
		return strings.Compare(a.Name+"\x00"+a.ID, b.Name+"\x00"+b.ID)
	})
	return list
}

// Mentions reports whether one of the event's paths is a file of the machine:
// a folder or a file that bears its name.
func (e *Event) Mentions(machine string) bool {
	if machine == "" {
		return false
	}
	name := strings.ToLower(machine)
	return slices.ContainsFunc(e.Paths, func(p string) bool {
		return slices.ContainsFunc(strings.Split(strings.ToLower(p), `\`), func(part string) bool { return isPart(part, name) })
	})
}
