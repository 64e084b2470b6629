// Package searchtest makes events for tests and benchmarks of the index: such as
// Hyper-V hosts write around backups, with as many distinct GUIDs, numbers and
// times as real ones have. Start with Events.
package searchtest

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// Start is the earliest time of Events, which spread over Span.
var Start = time.Date(2010, 3, 1, 0, 0, 0, 0, time.UTC)

// Span is how long after Start events are made.
const Span = 30 * 24 * time.Hour

// Codes are the error codes in Events.
var Codes = []string{"0x800423f4", "0x80042308", "0x8004230f", "0x80070005", "0x80780021", "0xc00000b5", "0x80042306", "-2147212300"}

// A template is an event with verbs for what varies:
//
//	{vm} {vmid} {guid} {code} {disk} {vol} {num} {host}
type template struct {
	channel, provider, classic string
	id                         uint32
	level                      event.Level
	fields                     []string // name=value
	message                    string
	weight                     int
}

var templates = []template{
	{"Microsoft-Windows-Hyper-V-VMMS-Admin", "Microsoft-Windows-Hyper-V-VMMS", "", 10102, event.LevelError,
		[]string{"VmName={vm}", "VmId={vmid}", "ErrorCode={code}"},
		"Failed to create the backup of virtual machine '{vm}'. (Virtual machine ID {vmid}) The writer returned {code} after {num} ms", 6},
	{"Microsoft-Windows-Hyper-V-VMMS-Admin", "Microsoft-Windows-Hyper-V-VMMS", "", 10103, event.LevelInformation,
		[]string{"VmName={vm}", "VmId={vmid}"}, "The backup of virtual machine '{vm}' succeeded. (Virtual machine ID {vmid})", 14},
	{"Microsoft-Windows-Hyper-V-Worker-Admin", "Microsoft-Windows-Hyper-V-Worker", "", 18500, event.LevelInformation,
		[]string{"VmName={vm}", "VmId={vmid}", "VmErrorCode0={code}"}, "'{vm}' started successfully. (Virtual machine ID {vmid})", 12},
	{"Application", "VSS", "VSS", 8229, event.LevelWarning,
		[]string{"={code}", "=The writer experienced a non-transient error. If the backup process is retried, the error is likely to reoccur",
			"=Operation: PostSnapshot Event Context: Execution Context: Writer Writer Class Id: {66841cd4-6ded-4f4b-8f17-fd23f8ddc3de} Writer Instance ID: {guid} Process ID: {num}",
			"Binary=2D20436F64653A2057525457524943303030303230373{num}2D2043616C6C3A2057525457524943303030303139373{num}"}, "", 8},
	{"System", "volsnap", "volsnap", 33, event.LevelInformation, []string{"=\\Device\\HarddiskVolumeShadowCopy{num}", "={vol}", "Binary=00000000030030{num}"},
		"The oldest shadow copy of volume {vol} was deleted to keep disk space usage for shadow copies of volume {vol} below the user defined limit.", 14},
	{"System", "disk", "disk", 51, event.LevelWarning, []string{"=\\Device\\Harddisk{disk}\\DR{disk}", "Binary=030080000100000000000000330004802D0100000E00{num}"},
		"An error was detected on device \\Device\\Harddisk{disk}\\DR{disk} during a paging operation.", 6},
	{"System", "Microsoft-Windows-FailoverClustering", "", 5120, event.LevelError,
		[]string{"ResourceName=Cluster Disk {disk}", "VolumeName=Volume{disk}", "DfsState=STATUS_IO_TIMEOUT(c00000b5)", "Resource={guid}"},
		"Cluster Shared Volume 'Volume{disk}' ('Cluster Disk {disk}') is no longer available on this node because of 'STATUS_IO_TIMEOUT(c00000b5)'. All I/O will temporarily be queued until a path to the volume is reestablished.", 5},
	{"Application", "ESENT", "ESENT", 2001, event.LevelInformation, []string{"=svchost", "={num}", "=Windows Internal Database: ", "={num}"}, "svchost ({num}) Shadow copy instance {num} freeze started.", 10},
	{"System", "Service Control Manager", "Service Control Manager", 7036, event.LevelInformation,
		[]string{"param1=Volume Shadow Copy", "param2=running", "Binary=560053005300{num}"}, "The Volume Shadow Copy service entered the running state.", 20},
	{"Microsoft-Windows-Backup", "Microsoft-Windows-Backup", "", 521, event.LevelError,
		[]string{"BackupTime=2010-03-{disk}T22:00:00.{num}Z", "HRESULT={code}", "DetailedHRESULT={code}", "VolumesInfo=<VolumeInfo><VolumeInfoItem Name=\"{vol}\" OriginalAccessPath=\"C:\\ClusterStorage\\Volume{disk}\" State=\"{num}\" /></VolumeInfo>"},
		"The backup operation that started at '2010-03-{disk}T22:00:00' has failed because the Volume Shadow Copy Service operation to create a shadow copy of the volumes being backed up failed with following error code '{code}'.", 3},
	{"Microsoft-Windows-Hyper-V-Integration-Admin", "Microsoft-Windows-Hyper-V-Integration", "", 4010, event.LevelInformation,
		[]string{"VmName={vm}", "VmId={vmid}", "ServiceName=Hyper-V Volume Shadow Copy Requestor"}, "Hyper-V Volume Shadow Copy Requestor successfully initialized for virtual machine '{vm}'.", 8},
	{"Security", "Microsoft-Windows-Security-Auditing", "", 4624, event.LevelAlways,
		[]string{"SubjectUserSid=S-1-5-18", "SubjectUserName={host}$", "SubjectLogonId=0x3{num}", "TargetUserSid=S-1-5-21-{num}-{num}-{num}-500", "LogonGuid={guid}", "ProcessId=0x{num}", "IpAddress=10.0.{disk}.{disk}", "IpPort={num}"}, "", 14},
}

// Events makes so many events of eight hosts, the same for the same seed.
// Their Ref.Offset is unique; an event is the caller's to keep.
func Events(seed uint64, n int) iter.Seq[*event.Event] {
	return func(yield func(*event.Event) bool) {
		m := maker{rand.New(rand.NewPCG(seed, 1))}
		for i := range n {
			if !yield(m.event(i)) {
				return
			}
		}
	}
}

type maker struct{ *rand.Rand }

func (m maker) event(i int) *event.Event {
	t := m.template()
	host := fmt.Sprintf("NODE-%c.contoso.com", 'A'+m.IntN(8))
	vm := m.IntN(machines)
	fill := strings.NewReplacer(
		"{vm}", fmt.Sprintf("%s%02d", [...]string{"SQL", "Exchange", "Web", "dc", "File server "}[vm%5], vm), "{vmid}", MachineID(vm),
		"{guid}", "{"+guidOf(m.Uint64(), m.Uint64())+"}", "{code}", Codes[m.IntN(len(Codes))], "{disk}", fmt.Sprint(m.IntN(20)+1),
		"{vol}", `\\?\Volume{`+guidOf(uint64(m.IntN(40)), 99)+`}`, "{num}", fmt.Sprint(m.IntN(1_000_000)), "{host}", host[:6])
	e := &event.Event{
		Ref: event.Ref{Source: 1, Offset: int64(i)*600 + 4096}, Record: uint64(i + 1), Time: Start.Add(m.time()),
		Computer: host, Channel: t.channel, Provider: t.provider, EventSource: t.classic, ID: t.id, Level: t.level, Message: fill.Replace(t.message),
	}
	for _, f := range t.fields {
		name, value, _ := strings.Cut(f, "=")
		e.Fields = append(e.Fields, event.Field{Name: name, Value: fill.Replace(value)})
	}
	return e
}

// time has half of the events in the nights of backups.
func (m maker) time() time.Duration {
	t := time.Duration(m.Int64N(int64(Span)))
	if m.IntN(2) == 0 {
		t = t.Truncate(24*time.Hour) + 22*time.Hour + time.Duration(m.Int64N(int64(2*time.Hour)))
	}
	return t.Truncate(100) // as Windows counts
}

func (m maker) template() *template {
	sum := 0
	for i := range templates {
		sum += templates[i].weight
	}
	n := m.IntN(sum)
	for i := range templates {
		if n -= templates[i].weight; n < 0 {
			return &templates[i]
		}
	}
	panic("unreachable: n is below the sum of the weights")
}

// machines is how many virtual machines there are.
const machines = 300

// MachineID returns the id of a virtual machine, which is numbered from 0.
func MachineID(n int) string { return guidOf(uint64(n%machines), 77) }

func guidOf(a, b uint64) string {
	r := rand.New(rand.NewPCG(a, b))
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", r.Uint32(), r.Uint32()&0xffff, r.Uint32()&0xffff, r.Uint32()&0xffff, r.Uint64()&0xffffffffffff)
}
