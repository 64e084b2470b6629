package scene

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
)

// day is the day of all events in these tests.
var day = time.Date(2010, 3, 14, 0, 0, 0, 0, time.UTC)

func clock(hhmm string) time.Time {
	t, err := time.Parse("15:04:05", hhmm)
	if err != nil {
		panic(err)
	}
	return day.Add(t.Sub(t.Truncate(24 * time.Hour)))
}

// bundle builds scenes: one source per log, records numbered from first.
type bundle struct {
	b       *Builder
	sources int
}

func newBundle() *bundle { return &bundle{b: NewBuilder()} }

// log adds a log with its events; fields are "name=value".
func (b *bundle) log(path string, first uint64, events ...event.Event) *event.Source {
	return b.export(path, "evtx", event.BasisUTC, first, events...)
}

// export adds a log in some format.
func (b *bundle) export(path, format string, basis event.Basis, first uint64, events ...event.Event) *event.Source {
	b.sources++
	src := &event.Source{ID: b.sources, Path: path, Root: rootOf(path), Format: format, Basis: basis, Records: uint64(len(events))}
	sb := new(event.StreamBuilder)
	for i := range events {
		e := &events[i]
		e.Source, e.Offset, e.Record = src.ID, int64(i), first+uint64(i)
		sb.Add(e.Computer, e.Channel, e.Record, e.Time, e.Provider)
	}
	src.Streams = sb.Streams()
	b.b.Add(event.Batch{Source: src, Events: events})
	b.b.Add(event.Batch{Source: src, Last: true})
	return src
}

func (b *bundle) facts(path string, facts ...event.Fact) {
	b.sources++
	src := &event.Source{ID: b.sources, Path: path, Root: rootOf(path), Format: "text", Records: 1}
	for i := range facts {
		facts[i].Source = src.ID
	}
	b.b.Add(event.Batch{Source: src, Facts: facts, Last: true})
}

func rootOf(path string) string { root, _, _ := strings.Cut(path, "/"); return root }

func ev(when, host, provider string, id uint32, fields ...string) event.Event {
	e := event.Event{Time: clock(when), Computer: host, Provider: provider, ID: id, Level: 2, Payload: "EventData", Channel: "Application"}
	if ch := known.Channels(provider, id); len(ch) > 0 {
		e.Channel = ch[0]
	}
	if provider == vmms {
		e.Payload = "VmlEventLog"
	}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		e.Fields = append(e.Fields, event.Field{Name: name, Value: value})
	}
	return e
}

func host(t *testing.T, s *Scene, name string) *Host {
	t.Helper()
	for _, h := range s.Hosts {
		if s.SameHost(name, h) {
			return h
		}
	}
	t.Fatalf("no computer %s", name)
	return nil
}

const vmID = "2B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E12"

func TestMachinesAreToldByShapeInBothDialects(t *testing.T) {
	const host = "HV01"
	for name, fields := range map[string][]string{
		"named":               {"VmName=FILE 07", "VmId=" + vmID, "ErrorMessage=%%2147942432", "ErrorCode=0x80070020"},
		"positional":          {"Parameter0=FILE 07", "Parameter1=" + vmID, `Parameter2=C:\ClusterStorage\Volume1\x.vhd`},
		"id first":            {"Parameter0=" + strings.ToLower(vmID), "Parameter1=FILE 07"},
		"path first":          {`Parameter0=D:\x.vhd`, "Parameter1={" + vmID + "}", "Parameter2=FILE 07"},
		"message before name": {"Parameter0=Der Vorgang ist fehlgeschlagen.", "Parameter1=" + vmID, "Parameter2=FILE 07"},
	} {
		b := newBundle()
		b.log("b/VMMS.evtx", 1,
			ev("22:00:00", host, vmms, 18304, "VmName=FILE 07", "VmId="+vmID),
			ev("23:00:00", host, vmms, 10104, fields...))
		s := b.b.Build()
		if len(s.VMs) != 1 || s.VMs[0].Name != "FILE 07" || s.VMs[0].ID != vmID {
			t.Errorf("%s: machines %+v", name, s.VMs)
		}
		if len(s.Failures) != 1 || s.Failures[0].VM != s.VMs[0] {
			t.Errorf("%s: failures %+v", name, s.Failures)
		}
	}
}

// TestMachineNamedLikeAnID: the id is what the event calls so.
func TestMachineNamedLikeAnID(t *testing.T) {
	const name = "11111111-0000-0000-0000-000000000000"
	b := newBundle()
	b.log("b/VMMS.evtx", 1, ev("22:00:00", "HV01", vmms, 10102, "VmName="+name, "VmId="+vmID))
	if vms := b.b.Build().VMs; len(vms) != 1 || vms[0].Name != name || vms[0].ID != vmID {
		t.Errorf("machines %+v", vms[0])
	}
}

func TestHousekeepingIsNoFailure(t *testing.T) {
	b := newBundle()
	b.log("b/Application.evtx", 1,
		ev("23:00:00", "HV01", "VSS", 12289, "=x", "=0x80042409", "=Old failure: 0x800423f4, Writer "+HyperVWriter))
	s := b.b.Build()
	if len(s.Failures) != 0 {
		t.Errorf("failures: %+v", s.Failures[0])
	}
	if diff := cmp.Diff([]known.Code{known.WriterStatusNotAvail}, s.Events[0].Codes); diff != "" {
		t.Error("codes of housekeeping:", diff)
	}
}

func TestRoles(t *testing.T) {
	b := newBundle()
	b.log("b/1.evtx", 1, ev("22:00:00", "HV01", vmms, 18304, "VmName=SQL01", "VmId="+vmID))
	b.log("b/2.evtx", 1, ev("22:00:00", "sql01.contoso.com", "MSSQLSERVER", 3197))
	b.log("b/3.evtx", 1, ev("22:00:00", "OTHER", "vmicvss", 15))
	b.log("b/4.evtx", 1, ev("22:00:00", "PC", "Microsoft-Windows-Security-SPP", 1))
	b.log("b/5.evtx", 1, ev("22:00:00", "CLIENT", "Microsoft-Windows-Hyper-V-Hypervisor", 1))
	b.facts("b/HV02/v.txt", event.Fact{Host: "HV02", Key: event.FactFileVersion, Name: "vmms.exe", Value: "6.1.7600.16385"})
	s := b.b.Build()
	got := map[string]Role{}
	for _, h := range s.Hosts {
		got[h.Name] = h.Role
	}
	want := map[string]Role{"HV01": RoleHost, "sql01.contoso.com": RoleGuest, "OTHER": RoleGuest, "PC": RoleUnknown, "CLIENT": RoleHost, "HV02": RoleHost}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if g := host(t, s, "sql01.contoso.com"); g.VM != s.VMs[0] || s.VMs[0].Guest != g {
		t.Error("the guest is not matched with its machine by its exact name")
	}
}

// A name that is only alike makes no guest: a wrong match would make a wrong
// diagnosis.
func TestGuestsAreNeverGuessed(t *testing.T) {
	b := newBundle()
	b.log("b/1.evtx", 1, ev("22:00:00", "HV01", vmms, 18304, "VmName=SQL 01", "VmId="+vmID))
	b.log("b/2.evtx", 1, ev("22:00:00", "SQL01", "MSSQLSERVER", 3197))
	if s := b.b.Build(); s.VMs[0].Guest != nil {
		t.Errorf("%s was taken for %s", s.VMs[0].Guest.Name, s.VMs[0].Name)
	}
}

// TestGuestsOfOneName: of two computers that bear a machine's name in different domains
// neither is it, unless one says so itself.
func TestGuestsOfOneName(t *testing.T) {
	for stated, want := range map[string]string{"": "", "sql01.fabrikam.com": "sql01.fabrikam.com"} {
		b := newBundle()
		b.log("b/1.evtx", 1, ev("22:00:00", "HV01", vmms, 18304, "VmName=SQL01", "VmId="+vmID))
		b.log("b/2.evtx", 1, ev("22:00:00", "sql01.contoso.com", "MSSQLSERVER", 3197), ev("22:00:00", "sql01.fabrikam.com", "MSSQLSERVER", 3197))
		if stated != "" {
			b.facts("b/kvp.txt", event.Fact{Host: stated, Key: event.FactVirtualName, Value: "SQL01"})
		}
		got := ""
		if g := b.b.Build().VMs[0].Guest; g != nil {
			got = g.Name
		}
		if got != want {
			t.Errorf("stated by %q: the machine is %q, want %q", stated, got, want)
		}
	}
}

func TestNamesOfOneComputer(t *testing.T) {
	b := newBundle()
	b.log("b/1.evtx", 1, ev("22:00:00", "NODE-A", "VSS", 8224))
	b.log("b/2.evtx", 1, ev("22:00:00", "node-a.contoso.com", "VSS", 8224, "=x"))
	b.log("b/3.evtx", 1, ev("22:00:00", "NODE-B.contoso.com", "VSS", 8224), ev("22:00:00", "NODE-B.fabrikam.com", "VSS", 8224), ev("22:00:01", "NODE-B", "VSS", 8224))
	b.log("b/4.evtx", 1, ev("22:00:00", "WIN-ABC", "VSS", 8224), ev("22:01:00", "NODE-C", eventLog, idRenamed, "=WIN-ABC", "=NODE-C"))
	s := b.b.Build()
	var names []string
	for _, h := range s.Hosts {
		names = append(names, fmt.Sprint(h.Name, h.Aliases))
	}
	want := []string{"NODE-B[]", "NODE-B.contoso.com[]", "NODE-B.fabrikam.com[]", "NODE-C[WIN-ABC]", "node-a.contoso.com[NODE-A]"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

// TestRenamedComputers: a rename joins two names of one computer, and not two computers
// that had one name, one after the other.
func TestRenamedComputers(t *testing.T) {
	renamed := func(when, computer, from, to string) event.Event {
		return ev(when, computer, eventLog, idRenamed, "="+from, "="+to)
	}
	for name, tc := range map[string]struct {
		logs [][]event.Event
		want []string
	}{
		"installed from one image": {[][]event.Event{
			{ev("01:00:00", "IMAGE", "VSS", 8224), renamed("01:01:00", "NODE-A", "IMAGE", "NODE-A")},
			{ev("02:00:00", "IMAGE", "VSS", 8224), renamed("02:01:00", "NODE-B", "IMAGE", "NODE-B")},
		}, []string{"NODE-A[] 2", "NODE-B[] 2"}},
		"installed from one image, of which more is there": {[][]event.Event{
			{renamed("01:01:00", "NODE-A", "IMAGE", "NODE-A")},
			{renamed("02:01:00", "NODE-B", "IMAGE", "NODE-B")},
			{ev("02:00:00", "IMAGE", "VSS", 8224)},
		}, []string{"IMAGE[] 1", "NODE-A[] 1", "NODE-B[] 1"}},
		"replaced by another": {[][]event.Event{
			{ev("00:30:00", "HV01", "VSS", 8224), renamed("01:01:00", "HV01-OLD", "HV01", "HV01-OLD")},
			{renamed("02:01:00", "HV01", "HV02", "HV01"), ev("02:30:00", "HV01", "VSS", 8224)},
		}, []string{"HV01[HV02] 2", "HV01-OLD[] 2"}},
		"renamed twice": {[][]event.Event{
			{renamed("01:01:00", "HV01", "HV02", "HV01"), renamed("02:01:00", "HV03", "HV01", "HV03")},
		}, []string{"HV01[HV02 HV03] 2"}},
		"renamed back, and again": {[][]event.Event{
			{renamed("01:00:00", "B", "A", "B"), renamed("02:00:00", "A", "B", "A"), renamed("03:00:00", "C", "A", "C")},
		}, []string{"A[B C] 3"}},
		"told twice, with a domain": {[][]event.Event{
			{renamed("01:00:00", "A", "A", "B"), renamed("01:00:01", "A", "A", "B"), ev("02:00:00", "b.contoso.com", "VSS", 8224)},
		}, []string{"b.contoso.com[A B] 3"}},
	} {
		b := newBundle()
		for i, events := range tc.logs {
			b.log(fmt.Sprintf("b/%d.evtx", i), 1, events...)
		}
		var names []string
		for _, h := range b.b.Build().Hosts {
			names = append(names, fmt.Sprint(h.Name, h.Aliases, " ", len(h.Events)))
		}
		if diff := cmp.Diff(tc.want, names); diff != "" {
			t.Error(name, diff)
		}
	}
}

// TestEndsOfJobs pairs starts and ends that are not those of one job after the other.
func TestEndsOfJobs(t *testing.T) {
	at := func(days int, e event.Event) event.Event {
		e.Time = e.Time.AddDate(0, 0, days)
		return e
	}
	began := func(when string) string { return "BackupTime=" + clock(when).Format("2006-01-02T15:04:05.000Z") }
	boot := func(when string) event.Event { return ev(when, "HV01", eventLog, idBooted, "=6.01.", "=7600") }
	for name, tc := range map[string]struct {
		events []event.Event
		want   []string // start, end, outcome
	}{
		"one that is refused does not end the other": {[]event.Event{
			ev("01:00:00", "HV01", backup, 1), ev("01:30:00", "HV01", backup, 6), ev("01:30:01", "HV01", backup, 518, began("01:30:00")), ev("02:00:00", "HV01", backup, 4),
		}, []string{"01:00:00 02:00:00 succeeded", "00:00:00 01:30:01 failed"}},
		"one that is refused after it began": {[]event.Event{
			ev("01:00:00", "HV01", backup, 1), ev("01:30:00", "HV01", backup, 1), ev("01:30:01", "HV01", backup, 6), ev("02:00:00", "HV01", backup, 4, began("01:00:00")),
		}, []string{"01:00:00 02:00:00 succeeded", "01:30:00 01:30:01 failed"}},
		"tried again before the Application log tells the end": {[]event.Event{
			ev("01:00:00", "HV01", backup, 1), ev("01:10:00", "HV01", backup, 5, began("01:00:00")), ev("01:10:05", "HV01", backup, 1),
			ev("01:10:06", "HV01", backup, 517, began("01:00:00")), ev("01:20:00", "HV01", backup, 4, began("01:10:05")),
		}, []string{"01:00:00 01:10:06 failed", "01:10:05 01:20:00 succeeded"}},
		"a job does not run on after a boot": {[]event.Event{
			at(-1, ev("01:00:00", "HV01", backup, 1)), at(-1, boot("01:20:00")), ev("02:00:00", "HV01", backup, 5),
		}, []string{"01:00:00 01:00:00 unknown", "00:00:00 02:00:00 failed"}},
		"the end of a job that began another day": {[]event.Event{
			at(-1, ev("01:00:00", "HV01", backup, 1)), ev("02:00:00", "HV01", backup, 5, began("01:50:00")),
		}, []string{"01:00:00 01:00:00 unknown", "01:50:00 02:00:00 failed"}},
		"it says why, and fails only later": {[]event.Event{
			ev("01:00:00", "HV01", backup, 1), ev("01:10:00", "HV01", backup, 50), ev("01:20:00", "HV01", backup, 5, began("01:00:01")),
		}, []string{"01:00:00 01:20:00 failed"}},
		"why alone": {[]event.Event{
			ev("01:10:00", "HV01", backup, 561, began("01:00:00")), ev("02:10:00", "HV01", backup, 546, began("02:00:00")), ev("03:10:00", "HV01", backup, 49),
		}, []string{"01:00:00 01:10:00 failed", "02:00:00 02:10:00 failed", "00:00:00 03:10:00 failed"}},
		"one that never ran, beside one that does": {[]event.Event{
			ev("01:00:00", "HV01", backup, 1), ev("01:30:00", "HV01", backup, 20, began("01:30:00")), ev("02:00:00", "HV01", backup, 4),
		}, []string{"01:00:00 02:00:00 succeeded", "01:30:00 01:30:00 failed"}},
		"two restores within a minute": {[]event.Event{
			ev("01:00:00", "HV01", backup, 224, "RestoreTime=2010-03-14T00:50:00Z"), ev("01:00:20", "HV01", backup, 227, "RestoreTime=2010-03-14T01:00:10Z"),
		}, []string{"00:50:00 01:00:00 succeeded", "01:00:10 01:00:20 failed"}},
	} {
		b := newBundle()
		b.log("b/1.evtx", 1, tc.events...)
		var got []string
		for _, j := range host(t, b.b.Build(), "HV01").Jobs() {
			got = append(got, j.From.Format(time.TimeOnly)+" "+j.To.Format(time.TimeOnly)+" "+j.Outcome)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Error(name, diff)
		}
	}
}

// TestOpenJobsAreOver: a backup without an end does not run for ever, as the next boot
// and the next backup show; one that is refused shows nothing.
func TestOpenJobsAreOver(t *testing.T) {
	boot := ev("03:00:00", "HV01", eventLog, idBooted, "=6.01.", "=7600")
	for name, tc := range map[string]struct {
		events []event.Event
		want   string
	}{
		"nothing tells":  {nil, ""},
		"a boot":         {[]event.Event{boot}, "03:00:00"},
		"another backup": {[]event.Event{ev("02:00:00", "HV01", backup, 1), ev("02:30:00", "HV01", backup, 4, "BackupTime=2010-03-14T02:00:00Z"), boot}, "02:00:00"},
		"one refused":    {[]event.Event{ev("02:00:00", "HV01", backup, 1), ev("02:00:10", "HV01", backup, 6)}, ""},
	} {
		b := newBundle()
		b.log("b/1.evtx", 1, append([]event.Event{ev("01:00:00", "HV01", backup, 1)}, tc.events...)...)
		j, got := host(t, b.b.Build(), "HV01").Jobs()[0], ""
		if !j.Over.IsZero() {
			got = j.Over.Format(time.TimeOnly)
		}
		if !j.Open || got != tc.want {
			t.Errorf("%s: over at %q, want %q", name, got, tc.want)
		}
		if tc.want != "" && (!j.MayRun(clock(tc.want)) || j.MayRun(clock(tc.want).Add(time.Second))) {
			t.Errorf("%s: it may not run until then, or after that", name)
		}
	}
}

// TestJobOfAnotherMachine: a failed job that names its machines is none of another
// machine's failure, which has another requester; one that names the machine as it was
// called then, or by a name that another host's machine has, too, is its own.
func TestJobOfAnotherMachine(t *testing.T) {
	const other = "3B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E13"
	b := newBundle()
	b.log("b/1.evtx", 1,
		ev("20:00:00", "HV01", vmms, 18304, "VmName=SQL01", "VmId="+vmID), ev("20:00:01", "HV01", vmms, 18304, "VmName=WEB", "VmId="+other),
		ev("22:10:00", "HV01", vmms, 10102, "VmName=SQL01", "VmId="+vmID))
	b.log("b/2.evtx", 1, ev("22:00:00", "HV01", backup, 1),
		ev("22:20:00", "HV01", backup, 5, "AppsInfo=<A Name='Hyper-V'><C ComponentName='WEB'/></A>"))
	var failed []string
	for _, f := range b.b.Build().Failures {
		failed = append(failed, fmt.Sprint(f.VM.Label(), " ", f.Job != nil))
	}
	if diff := cmp.Diff([]string{"SQL01 false", "WEB true"}, failed); diff != "" {
		t.Error(diff)
	}

	for name, tc := range map[string]struct {
		fields []string // of the machines
		hosts  []string
	}{
		"renamed":                  {[]string{"OLD", vmID, "SQL01", vmID, "SQL01", vmID}, []string{"HV01", "HV01", "HV01"}},
		"a namesake elsewhere":     {[]string{"OLD", vmID, "OLD", other}, []string{"HV01", "HV02"}},
		"two of one name, one new": {[]string{"OLD", vmID, "OLD", other}, []string{"HV01", "HV01"}},
	} {
		b := newBundle()
		for i, h := range tc.hosts {
			b.log(fmt.Sprintf("b/%d.evtx", i), 1, ev(fmt.Sprintf("20:00:%02d", i), h, vmms, 18304, "VmName="+tc.fields[2*i], "VmId="+tc.fields[2*i+1]))
		}
		b.log("b/job.evtx", 1, ev("22:00:00", "HV01", backup, 1), ev("22:20:00", "HV01", backup, 4, "AppsInfo=<A Name='Hyper-V'><C ComponentName='OLD'/></A>"))
		s := b.b.Build()
		if j := host(t, s, "HV01").Jobs()[0]; j.NamesOthers(s.vmByID[vmID]) {
			t.Errorf("%s: the job does not contain the machine", name)
		}
	}
}

// TestNodesByWhatOthersSay: a node that sent no cluster log is one all the same, so that
// nobody concludes what it did not do; one that sent nothing is absent.
func TestNodesByWhatOthersSay(t *testing.T) {
	b := newBundle()
	b.log("b/A/System.evtx", 1, ev("22:00:00", "NODE-A.contoso.com", clustering, idNodeRemoved, "NodeName=NODE-C"))
	b.log("b/C/Application.evtx", 1, ev("22:00:00", "NODE-C.contoso.com", "VSS", 8224))
	b.log("b/X/Application.evtx", 1, ev("22:00:00", "X.contoso.com", "VSS", 8224))
	b.facts("b/A/cluster.log", event.Fact{Host: "NODE-A", Key: event.FactGroupMove, Name: "Cluster Disk 1", Value: "NODE-A to NODE-D"})
	s := b.b.Build()
	if !host(t, s, "NODE-C").Cluster() || host(t, s, "X").Cluster() {
		t.Error("a node is one that another names, and no other computer")
	}
	if diff := cmp.Diff([]string{"NODE-D"}, s.AbsentNodes()); diff != "" {
		t.Error(diff)
	}
}

func TestArtefactsGoToTheirComputer(t *testing.T) {
	fact := func(name string) event.Fact { return event.Fact{Host: name, Key: event.FactISCSISession, Value: "1"} }
	b := newBundle()
	b.log("b/A/System.evtx", 1, ev("22:00:00", "NODE-A", "VSS", 8224))
	b.log("b/mix/System.evtx", 1, ev("22:00:00", "NODE-B", "VSS", 8224))
	b.log("b/mix/Application.evtx", 1, ev("22:00:00", "NODE-C", "VSS", 8224))
	b.facts("b/A/sysinfo.txt", fact("NODE-B"))  // the name inside outranks the folder
	b.facts("b/A/iscsi.txt", fact(""))          // the folder's only computer
	b.facts("b/mix/NODE-C_iscsi.txt", fact("")) // two computers here; the file's prefix decides
	b.facts("b/mix/iscsi.txt", fact(""))        // nobody's
	s := b.b.Build()
	got := map[string]int{}
	for _, h := range s.Hosts {
		got[h.Name] = len(h.Facts())
	}
	if diff := cmp.Diff(map[string]int{"NODE-A": 1, "NODE-B": 1, "NODE-C": 1}, got); diff != "" {
		t.Error(diff)
	}
}

// TestUnnamedExport: an export without a column for the computer makes no computer of
// its own beside others, nor hides whose folder it lies in; alone it has a name to show.
func TestUnnamedExport(t *testing.T) {
	export := &event.Source{ID: 77, Path: "b/A/Setup.csv", Format: "csv", Records: 1, Streams: []event.Stream{{Records: 1}}}
	fact := event.Fact{Key: event.FactISCSISession, Value: "1"}
	for _, tt := range []struct {
		name  string
		log   bool
		want  string
		facts int
	}{
		{"beside a log", true, "NODE-A", 1},
		{"alone", false, unnamed, 0},
	} {
		b := newBundle()
		if tt.log {
			b.log("b/A/System.evtx", 1, ev("22:00:00", "NODE-A", "VSS", 8224))
		}
		b.b.Add(event.Batch{Source: export, Last: true})
		b.facts("b/A/iscsi.txt", fact)
		hosts := b.b.Build().Hosts
		if len(hosts) != 1 || hosts[0].Name != tt.want || len(hosts[0].Facts()) != tt.facts {
			t.Errorf("%s: %d computers, want only %s, with %d facts", tt.name, len(hosts), tt.want, tt.facts)
		}
	}
}

func TestOSBuildAtATime(t *testing.T) {
	boot := func(when, build string) event.Event {
		return ev(when, "HV01", eventLog, idBooted, "=6.01.", "="+build, "=", "=Multiprocessor Free", "=16385")
	}
	info := event.Fact{Host: "HV01", Key: event.FactOSBuild, Value: "6.1.7601"}
	for _, tc := range []struct {
		name  string
		boots []event.Event
		facts []event.Fact
		want  string
	}{
		{"last boot before", []event.Event{boot("01:00:00", "7600"), boot("23:30:00", "7601")}, nil, "6.1.7600"},
		{"the log outranks systeminfo", []event.Event{boot("01:00:00", "7600")}, []event.Fact{info}, "6.1.7600"},
		{"RTM later means RTM before", []event.Event{boot("23:30:00", "7600")}, nil, "6.1.7600"},
		{"SP1 later may be new", []event.Event{boot("23:30:00", "7601")}, []event.Fact{info}, ""},
		{"systeminfo alone", nil, []event.Fact{info}, "6.1.7601"},
		{"nothing", nil, nil, ""},
	} {
		b := newBundle()
		b.log("b/System.evtx", 1, append(tc.boots, ev("23:59:00", "HV01", eventLog, idUptime))...)
		b.facts("b/systeminfo.txt", tc.facts...)
		if v := host(t, b.b.Build(), "HV01").OSBuild(clock("22:00:00")); v.Text != tc.want || v.Known != (tc.want != "") {
			t.Errorf("%s: %q, want %q", tc.name, v.Text, tc.want)
		}
	}
}

func TestUpdate(t *testing.T) {
	fact := func(key event.FactKey, name, value string, at time.Time) event.Fact {
		return event.Fact{Host: "HV01", Key: key, Name: name, Value: value, Time: at}
	}
	list := fact(event.FactHotfixList, "", "3", time.Time{})
	for _, tc := range []struct {
		name  string
		facts []event.Fact
		want  string
	}{
		{"old file", []event.Fact{fact(event.FactFileVersion, "vmms.exe", "6.1.7600.16385", time.Time{})}, Missing},
		{"fixed file", []event.Fact{fact(event.FactFileVersion, "vmms.exe", "6.1.7600.20542", time.Time{})}, Installed},
		{"the file outranks the list", []event.Fact{list, fact(event.FactFileVersion, "vmms.exe", "6.1.7600.20683", time.Time{})}, Installed},
		{"in the list", []event.Fact{list, fact(event.FactHotfix, "", "KB975354", time.Time{})}, Installed},
		{"installed afterwards", []event.Fact{list, fact(event.FactHotfix, "", "KB975354", day.AddDate(0, 0, 1))}, Missing},
		{"not in the list", []event.Fact{list, fact(event.FactHotfix, "", "KB974332", time.Time{})}, Missing},
		{"no list", []event.Fact{fact(event.FactHotfix, "", "KB974332", time.Time{})}, ""},
	} {
		b := newBundle()
		b.log("b/System.evtx", 1, ev("22:00:00", "HV01", eventLog, idUptime))
		b.facts("b/facts.txt", tc.facts...)
		v := host(t, b.b.Build(), "HV01").Update("KB975354", "vmms.exe", "6.1.7600.20542", clock("22:00:00"))
		if v.Text != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, v.Text, tc.want)
		}
	}
}

// TestUpdateOfAnotherBuild: a service pack has the updates before it, so that neither
// its files nor its list tell what was there before it was installed.
func TestUpdateOfAnotherBuild(t *testing.T) {
	fact := func(key event.FactKey, name, value string) event.Fact {
		return event.Fact{Host: "HV01", Key: key, Name: name, Value: value}
	}
	list := fact(event.FactHotfixList, "", "1")
	for _, tc := range []struct {
		name  string
		boot  string // after the failure
		facts []event.Fact
		want  string
	}{
		{"list, systeminfo of SP1", "", []event.Fact{list, fact(event.FactOSBuild, "", "6.1.7601")}, ""},
		{"list, SP1 booted later", "7601", []event.Fact{list}, ""},
		{"list, booted the same later", "7600", []event.Fact{list}, Missing},
		{"list from before SP1", "7601", []event.Fact{list, fact(event.FactOSBuild, "", "6.1.7600")}, Missing},
		{"file of SP1", "", []event.Fact{fact(event.FactFileVersion, "vmms.exe", "6.1.7601.17514")}, ""},
		{"file of SP1, its list", "7601", []event.Fact{list, fact(event.FactFileVersion, "vmms.exe", "6.1.7601.17514")}, ""},
		{"file from before SP1", "7601", []event.Fact{fact(event.FactFileVersion, "vmms.exe", "6.1.7600.16385")}, Missing},
	} {
		b := newBundle()
		events := []event.Event{ev("06:00:00", "HV01", eventLog, idBooted, "=6.01.", "=7600")}
		if tc.boot != "" {
			events = append(events, ev("23:00:00", "HV01", eventLog, idBooted, "=6.01.", "="+tc.boot))
		}
		b.log("b/System.evtx", 1, events...)
		b.facts("b/facts.txt", tc.facts...)
		v := host(t, b.b.Build(), "HV01").Update("KB975354", "vmms.exe", "6.1.7600.20542", clock("22:00:00"))
		if v.Text != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, v.Text, tc.want)
		}
	}
}

// TestUpdateFromSetupLog: a Setup log from its beginning that never speaks of the update shows that it
// is missing; one that begins later shows nothing.
func TestUpdateFromSetupLog(t *testing.T) {
	for first, want := range map[uint64]string{1: Missing, 400: ""} {
		b := newBundle()
		b.log("b/Setup.evtx", first, ev("01:00:00", "HV01", servicing, idPackageState, "PackageIdentifier=KB974332"), ev("23:00:00", "HV01", servicing, idPackageState, "PackageIdentifier=KB976902"))
		if v := host(t, b.b.Build(), "HV01").Update("KB975354", "vmms.exe", "6.1.7600.20542", clock("22:00:00")); v.Text != want {
			t.Errorf("log from record %d: %q, want %q", first, v.Text, want)
		}
	}
	b := newBundle()
	b.log("b/Setup.evtx", 400, ev("01:00:00", "HV01", servicing, idPackageState, "PackageIdentifier=KB975354"))
	if v := host(t, b.b.Build(), "HV01").Update("KB975354", "vmms.exe", "6.1.7600.20542", clock("22:00:00")); v.Text != Installed {
		t.Errorf("the Setup log says it was installed: %q", v.Text)
	}
}

func TestCoverage(t *testing.T) {
	type span struct{ from, to string }
	covers := func(t *testing.T, c *Coverage, yes []span, no []span) {
		t.Helper()
		for _, s := range yes {
			if !c.Covers(clock(s.from), clock(s.to)) {
				t.Errorf("does not cover %v", s)
			}
		}
		for _, s := range no {
			if c.Covers(clock(s.from), clock(s.to)) {
				t.Errorf("covers %v", s)
			}
		}
	}
	t.Run("extended to the latest record of the collection", func(t *testing.T) {
		b := newBundle()
		b.log("b/Application.evtx", 7, ev("20:00:00", "HV01", "VSS", 8224), ev("21:00:00", "HV01", "VSS", 8224))
		b.log("b/System.evtx", 9, ev("22:00:00", "HV01", eventLog, idUptime), ev("23:00:00", "HV01", eventLog, idUptime))
		b.log("other/Security.evtx", 9, ev("23:50:00", "HV01", "x", 1))
		covers(t, host(t, b.b.Build(), "HV01").Coverage("Application"),
			[]span{{"20:00:00", "23:00:00"}}, []span{{"19:59:00", "21:00:00"}, {"22:00:00", "23:10:00"}})
	})
	t.Run("exports of several days in one collection", func(t *testing.T) {
		// The System log is there from 21:00 and from 23:00.
		older := []event.Event{ev("20:00:00", "HV01", eventLog, idUptime), ev("21:00:00", "HV01", eventLog, idUptime)}
		newer := []event.Event{ev("22:00:00", "HV01", eventLog, idUptime), ev("23:00:00", "HV01", eventLog, idUptime)}
		apps := func() []event.Event {
			return []event.Event{ev("19:00:00", "HV01", "VSS", 8224), ev("20:30:00", "HV01", "VSS", 8224)}
		}
		for name, tc := range map[string]struct {
			logs       [3]string // older, newer, Application
			newerFirst uint64
			yes, no    []span // of the Application log
			sys        bool   // the System log covers what is between its copies
		}{
			"a folder each, the log of the first":  {[3]string{"b/1/System.evtx", "b/2/System.evtx", "b/1/Application.evtx"}, 50, []span{{"19:00:00", "21:00:00"}}, []span{{"20:00:00", "21:30:00"}}, false},
			"a folder each, the log of the second": {[3]string{"b/1/System.evtx", "b/2/System.evtx", "b/2/Application.evtx"}, 50, []span{{"19:00:00", "23:00:00"}}, nil, false},
			"one folder":                           {[3]string{"b/System1.evtx", "b/System2.evtx", "b/Application.evtx"}, 50, []span{{"19:00:00", "21:00:00"}}, []span{{"20:00:00", "21:30:00"}}, false},
			"an archived part of one export":       {[3]string{"b/Archive-System.evtx", "b/System.evtx", "b/Application.evtx"}, 11, []span{{"19:00:00", "23:00:00"}}, nil, true},
		} {
			b := newBundle()
			b.log(tc.logs[0], 9, older...)
			b.log(tc.logs[1], tc.newerFirst, newer...)
			b.log(tc.logs[2], 7, apps()...)
			h := host(t, b.b.Build(), "HV01")
			t.Log(name)
			covers(t, h.Coverage("Application"), tc.yes, tc.no)
			if got := h.Coverage("System").Covers(clock("20:30:00"), clock("22:30:00")); got != tc.sys {
				t.Errorf("the System log covers what is between its copies: %v", got)
			}
		}
	})
	t.Run("why a log begins where it does", func(t *testing.T) {
		b := newBundle()
		b.log("b/Application.evtx", 7, ev("20:00:00", "HV01", "VSS", 8224))
		cleared := ev("19:00:00", "HV01", eventLogVS, idLogCleared, "Channel=Setup", "SubjectUserName=admin")
		cleared.Channel = "System"
		b.log("b/System.evtx", 1, cleared)
		b.log("b/Setup.evtx", 7, ev("20:00:00", "HV01", servicing, idPackageState))
		h := host(t, b.b.Build(), "HV01")
		if c := h.Coverage("Application"); !c.Wrapped || c.Cleared != nil {
			t.Errorf("a log without a beginning: %+v", c)
		}
		if c := h.Coverage("System"); c.Wrapped || c.Cleared != nil {
			t.Errorf("a whole log: %+v", c)
		}
		if c := h.Coverage("Setup"); c.Wrapped || c.Cleared == nil || !c.Cleared.Time.Equal(clock("19:00:00")) || c.ClearedBy() != "admin" {
			t.Errorf("a cleared log: %+v", c)
		}
	})
	t.Run("from the beginning with record 1, unless cleared", func(t *testing.T) {
		for _, cleared := range []bool{false, true} {
			b := newBundle()
			b.log("b/Application.evtx", 1, ev("20:00:00", "HV01", "VSS", 8224), ev("21:00:00", "HV01", "VSS", 8224))
			if cleared {
				b.log("b/System.evtx", 5, ev("19:00:00", "HV01", eventLogVS, idLogCleared, "Channel=Application"))
			}
			if got := host(t, b.b.Build(), "HV01").Coverage("Application").Covers(time.Time{}, clock("21:00:00")); got == cleared {
				t.Errorf("cleared %v: covers the beginning: %v", cleared, got)
			}
		}
	})
	t.Run("a copy from before a clearing ends where it ends", func(t *testing.T) {
		b := newBundle()
		b.log("b/old/Application.evtx", 1, ev("12:00:00", "HV01", "VSS", 8224), ev("13:00:00", "HV01", "VSS", 8224))
		b.log("b/Application.evtx", 1, ev("20:00:00", "HV01", "VSS", 8224), ev("21:00:00", "HV01", "VSS", 8224))
		b.log("b/System.evtx", 5, ev("19:00:00", "HV01", eventLogVS, idLogCleared, "Channel=Application"), ev("23:00:00", "HV01", eventLog, idUptime))
		covers(t, host(t, b.b.Build(), "HV01").Coverage("Application"),
			[]span{{"00:00:00", "13:00:00"}, {"19:00:00", "23:00:00"}}, []span{{"13:00:00", "14:00:00"}, {"18:00:00", "20:00:00"}, {"13:00:00", "23:00:00"}})
	})
	t.Run("any log may be the one that was cleared", func(t *testing.T) {
		b := newBundle()
		b.log("b/Application.evtx", 7, ev("12:00:00", "HV01", "VSS", 8224), ev("13:00:00", "HV01", "VSS", 8224))
		b.log("b/System.evtx", 5, ev("19:00:00", "HV01", eventLogVS, idLogCleared), ev("23:00:00", "HV01", eventLog, idUptime))
		covers(t, host(t, b.b.Build(), "HV01").Coverage("Application"), []span{{"12:00:00", "13:00:00"}}, []span{{"13:00:00", "14:00:00"}})
	})
	t.Run("not in gaps of the record ids", func(t *testing.T) {
		b := newBundle()
		events := []event.Event{ev("20:00:00", "HV01", "VSS", 8224), ev("21:00:00", "HV01", "VSS", 8224), ev("22:00:00", "HV01", "VSS", 8224)}
		src := b.log("b/Application.evtx", 7, events...)
		src.Streams[0].Gaps = []event.Gap{{AfterID: 7, BeforeID: 100, From: clock("20:00:00"), To: clock("21:00:00")}}
		covers(t, host(t, b.b.Build(), "HV01").Coverage("Application"), []span{{"21:00:00", "22:00:00"}}, []span{{"20:10:00", "20:20:00"}, {"20:00:00", "22:00:00"}})
	})
	t.Run("nor in those of a log that bears an older name of the computer, too", func(t *testing.T) {
		b := newBundle()
		src := b.log("b/Application.evtx", 1, ev("18:00:00", "WIN-0815", "VSS", 8224), ev("19:00:00", "WIN-0815", "VSS", 8224),
			ev("20:00:00", "HV01", "VSS", 8224), ev("21:00:00", "HV01", "VSS", 8224), ev("22:00:00", "HV01", "VSS", 8224))
		src.Streams[0].LastID, src.Streams[0].Gaps = 100, []event.Gap{{AfterID: 3, BeforeID: 99, From: clock("20:00:00"), To: clock("21:00:00")}}
		b.log("b/System.evtx", 9, ev("19:30:00", "HV01", eventLog, idRenamed, "1=WIN-0815", "2=HV01"), ev("23:00:00", "HV01", eventLog, idUptime))
		c := host(t, b.b.Build(), "HV01").Coverage("Application")
		covers(t, c, []span{{"18:00:00", "20:00:00"}, {"21:00:00", "23:00:00"}}, []span{{"20:10:00", "20:20:00"}, {"18:00:00", "22:00:00"}})
		if len(c.Sources) != 1 {
			t.Errorf("sources %v", c.Sources)
		}
	})
	t.Run("an archived log ends where a later one begins", func(t *testing.T) {
		for first, want := range map[uint64]bool{3: true, 400: false} {
			b := newBundle()
			b.log("b/Archive-Application.evtx", 1, ev("12:00:00", "HV01", "VSS", 8224), ev("13:00:00", "HV01", "VSS", 8224))
			b.log("b/Application.evtx", first, ev("20:00:00", "HV01", "VSS", 8224), ev("21:00:00", "HV01", "VSS", 8224))
			b.log("b/System.evtx", 5, ev("23:00:00", "HV01", eventLog, idUptime))
			c := host(t, b.b.Build(), "HV01").Coverage("Application")
			covers(t, c, []span{{"12:00:00", "13:00:00"}, {"20:00:00", "23:00:00"}}, nil)
			if got := c.Covers(clock("14:00:00"), clock("15:00:00")); got != want {
				t.Errorf("the later log begins with record %d: covers the time between: %v", first, got)
			}
		}
	})
	t.Run("an older copy of a log reaches to the end of its own collection", func(t *testing.T) {
		b := newBundle()
		b.log("monday/Application.evtx", 1, ev("12:00:00", "HV01", "VSS", 8224), ev("13:00:00", "HV01", "VSS", 8224))
		b.log("monday/System.evtx", 5, ev("14:00:00", "HV01", eventLog, idUptime))
		b.log("friday/Application.evtx", 400, ev("20:00:00", "HV01", "VSS", 8224))
		covers(t, host(t, b.b.Build(), "HV01").Coverage("Application"), []span{{"12:00:00", "14:00:00"}}, []span{{"13:00:00", "15:00:00"}})
	})
	t.Run("a filtered export is not extended", func(t *testing.T) {
		b := newBundle()
		src := b.log("b/Application.evtx", 1, ev("20:00:00", "HV01", "VSS", 8229), ev("21:00:00", "HV01", "VSS", 8229), ev("22:00:00", "HV01", "VSS", 8229))
		src.Streams[0].LastID = 900
		src.Streams[0].Gaps = []event.Gap{{AfterID: 1, BeforeID: 300, From: clock("20:00:00"), To: clock("21:00:00")}, {AfterID: 300, BeforeID: 900, From: clock("21:00:00"), To: clock("22:00:00")}}
		b.log("b/System.evtx", 9, ev("23:00:00", "HV01", eventLog, idUptime))
		covers(t, host(t, b.b.Build(), "HV01").Coverage("Application"), nil, []span{{"19:00:00", "20:00:00"}, {"22:00:00", "23:00:00"}, {"20:00:00", "21:00:00"}})
	})
	t.Run("a filtered export covers nothing", func(t *testing.T) {
		b := newBundle()
		src := b.log("b/Application.evtx", 7, ev("20:00:00", "HV01", "VSS", 8224), ev("22:00:00", "HV01", "VSS", 8224))
		src.Streams[0].Sparse = true
		covers(t, host(t, b.b.Build(), "HV01").Coverage("Application"), nil, []span{{"20:00:00", "22:00:00"}})
	})
	t.Run("a log that is truncated, or lost records, is not extended", func(t *testing.T) {
		for _, kind := range []event.DamageKind{event.DamageTruncated, event.DamageRecord, event.DamageChunkMagic} {
			b := newBundle()
			src := b.log("b/Application.evtx", 7, ev("20:00:00", "HV01", "VSS", 8224), ev("21:00:00", "HV01", "VSS", 8224))
			src.Damage = []event.Damage{{Kind: kind, Lost: true}}
			b.log("b/System.evtx", 9, ev("23:00:00", "HV01", eventLog, idUptime))
			covers(t, host(t, b.b.Build(), "HV01").Coverage("Application"), []span{{"20:00:00", "21:00:00"}}, []span{{"20:00:00", "22:00:00"}})
		}
	})
	t.Run("an empty log covers what the others do; an absent one nothing", func(t *testing.T) {
		b := newBundle()
		b.log("b/System.evtx", 9, ev("20:00:00", "HV01", eventLog, idUptime), ev("23:00:00", "HV01", eventLog, idUptime))
		b.log("b/Microsoft-Windows-Hyper-V-VMMS%4Admin.evtx", 1)
		h := host(t, b.b.Build(), "HV01")
		covers(t, h.Coverage(known.VMMSAdmin), []span{{"10:00:00", "23:00:00"}}, []span{{"22:00:00", "23:10:00"}})
		if h.Coverage("Application") != nil {
			t.Error("an absent log covers something")
		}
	})
}

func TestCodesGoToTheMachinesThatFailedThen(t *testing.T) {
	b := newBundle()
	other := "3B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E13"
	b.log("b/VMMS.evtx", 1,
		ev("22:00:00", "HV01", vmms, 10104, "VmName=A", "VmId="+vmID),
		ev("22:05:00", "HV01", vmms, 10104, "VmName=B", "VmId="+other),
		ev("23:30:00", "HV01", vmms, 10104, "VmName=A", "VmId="+vmID))
	b.log("b/Application.evtx", 1,
		ev("22:06:00", "HV01", "VSS", idWriterRejected, "=0x800423f4", "=Writer "+HyperVWriter),
		ev("20:00:00", "HV01", "VSS", idWriterRejected, "=0x800423f0", "=Writer "+HyperVWriter))
	type failure struct {
		at, vm string
		codes  int
		shared bool
	}
	var got []failure
	for _, f := range b.b.Build().Failures {
		got = append(got, failure{f.At.Format("15:04"), f.VM.Label(), len(f.Codes), f.Shared})
	}
	want := []failure{{"20:00", "", 1, false}, {"22:00", "A", 1, true}, {"22:05", "B", 1, true}, {"23:30", "A", 0, false}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(failure{})); diff != "" {
		t.Error(diff)
	}
}

func TestTheSameLogTwiceCountsOnce(t *testing.T) {
	b := newBundle()
	for _, p := range []string{"b/VMMS.evtx", "b/copy/VMMS.evtx"} {
		b.log(p, 1, ev("22:00:00", "HV01", vmms, 10104, "VmName=A", "VmId="+vmID))
	}
	if s := b.b.Build(); len(s.Events) != 1 || len(s.Failures) != 1 {
		t.Errorf("%d events, %d failures", len(s.Events), len(s.Failures))
	}
}

func TestJobs(t *testing.T) {
	b := newBundle()
	b.log("b/Backup.evtx", 1,
		ev("22:00:00", "HV01", backup, 1),
		ev("22:30:00", "HV01", backup, 5, "HRESULT=0x80780049"),
		ev("22:30:01", "HV01", backup, 517, "ErrorCode=2155348041"),
		ev("23:00:00", "HV01", backup, 226, "RestoreTime=2010-03-14T22:50:00.0000000Z", `AppRestoreAlternateTargetPath=D:\R`, "AppsInfo=<A><Component ComponentName='A'/></A>"))
	b.log("b/System.evtx", 1, ev("21:00:00", "HV01", clustering, 5140, "VolumeName=Volume1", "ResourceName=Disk 1"), ev("21:20:00", "HV01", clustering, 5141, "VolumeName=Volume1"))
	b.log("b/VMMS.evtx", 1, ev("10:00:00", "HV01", vmms, 18304, "VmName=A", "VmId="+vmID))
	type job struct {
		kind     JobKind
		from, to string
		outcome  string
		vms      int
		target   string
	}
	var got []job
	for _, j := range b.b.Build().Jobs {
		got = append(got, job{j.Kind, j.From.Format("15:04"), j.To.Format("15:04"), j.Outcome, len(j.VMs), j.Target})
	}
	want := []job{
		{KindBackup, "21:00", "21:20", OutcomeUnknown, 0, ""},
		{KindBackup, "22:00", "22:30", Failed, 0, ""},
		{KindRestore, "22:50", "23:00", WithErrors, 1, `D:\R`},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(job{})); diff != "" {
		t.Error(diff)
	}
}

// A cluster log without a record makes its computer a node: it shows that the
// node did nothing, which is not the same as that nobody knows.
func TestAQuietClusterLogMakesANode(t *testing.T) {
	b := newBundle()
	b.log("b/System.evtx", 9, ev("20:00:00", "NODE-B", eventLog, idUptime), ev("23:00:00", "NODE-B", eventLog, idUptime))
	if host(t, b.b.Build(), "NODE-B").Cluster() {
		t.Error("a computer without any cluster log is a node")
	}
	b.log("b/Microsoft-Windows-FailoverClustering%4Operational.evtx", 1)
	h := host(t, b.b.Build(), "NODE-B")
	if !h.Cluster() || !h.Coverage(known.ClusterOper).Covers(clock("21:00:00"), clock("22:00:00")) {
		t.Error("a quiet cluster log is not used")
	}
}

// TestManyJobsAndRejections: what a writer rejects is compared with the times of
// all jobs, not with job after job.
func TestManyJobsAndRejections(t *testing.T) {
	const n = 60_000
	var events []event.Event
	for i := range n {
		at := clock("00:00:00").Add(time.Duration(i) * 10 * time.Minute)
		e := ev("00:00:00", "HV01", backup, 4)
		e.Time = at
		r := ev("00:00:00", "HV01", vss, idWriterRejected, "=0x800423f3")
		r.Time = at.Add(5 * time.Minute)
		events = append(events, e, r)
	}
	b := newBundle()
	b.log("b/System.evtx", 1, events...)
	began := time.Now()
	s := b.b.Build()
	if took := time.Since(began); took > 30*time.Second { // a minute, if each is compared with each
		t.Errorf("%v for %d jobs", took, n)
	}
	if len(s.Failures) != n {
		t.Errorf("%d failures, not %d", len(s.Failures), n)
	}
}
