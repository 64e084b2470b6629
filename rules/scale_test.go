package rules

import (
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vsswhy/vsswhy/rules/builtin"
)

// manyThings are scenes that have much of one thing: these events, again and again. {i}
// is the number of the repetition, {ms} a time some milliseconds after the one before,
// {min} some minutes after it, {later} as {ms} and two hours later.
var manyThings = []struct {
	name  string
	times int
	lines string
}{
	{"machines that fail within minutes", 600, `{ms} HV01 VMMS/10102 VmName=vm{i}`},
	{"volumes taken for backup", 50, "{ms} HV01 Cluster/5140 VolumeName=Volume{i}\n{ms} HV01 VMMS/10102 VmName=vm{i}"},
	{"volumes that pause", 300, `{ms} HV01 Cluster/5156 VolumeName=Volume{i} =STATUS_X(c0130021)`},
	{"errors of a writer after failures", 300, "{ms} HV01 VMMS/10102 VmName=vm{i}\n{later} HV01 VSS/8229 =0x800423f4"},
	{"time zones", 300, "{ms} HV01 EventLog/6013 =1 \"=-60 Here\"\n{ms} HV01 VMMS/10102 VmName=vm{i}"},
	{"boots", 300, "{min} HV01 EventLog/6009 =6.01. =7600\n{min} HV01 VMMS/10102 VmName=vm{i}"},
	{"updates", 300, "{min} HV01 Microsoft-Windows-WindowsUpdateClient/19 =KB{i}\n{min} HV01 VMMS/10102 VmName=vm{i}"},
	{"restores", 400, "{ms} HV01 Backup/227 ComponentInfo=<c><n>vm{i}</n></c>\n{ms} HV01 VMMS/15268 VmName=vm{i}"},
	{"nodes that log a removal", 120, `{ms} HV{i} Cluster/1135 NodeName=N1`},
	{"nodes that a machine moves between", 80, "{ms} HV{i} Microsoft-Windows-Hyper-V-High-Availability/21300 =" + machine + "\n{ms} HX{i} Microsoft-Windows-Hyper-V-High-Availability/21306 =" + machine},
	{"nodes without logs", 150, "{min} HV01 Cluster/5140 VolumeName=Volume1 NodeName=X{i}\n{min} HV01 VMMS/10102 VmName=vm{i} =C:\\ClusterStorage\\Volume1\\x.vhd"},
	{"guests with backups", 40, "{min} HV01 Backup/1\n{min} HV01 Backup/4\n{ms} HV01 VMMS/10102 VmName=vm{i}\n{ms} vm{i} Backup/1"},
	{"clocks that are set", 300, "{ms} HV01 Microsoft-Windows-Kernel-General/1 NewTime=2010-03-14T22:00:00Z OldTime=2010-03-14T20:00:00Z"},
	{"names of one computer", 150, "{ms} HV01 EventLog/6011 =OLD{i} =NEW{i}"},
	{"jobs without end", 300, "{ms} HV01 Backup/1\n{ms} HV01 VMMS/10102 VmName=vm{i}"},
	{"jobs that fail", 150, "{min} HV01 Backup/1\n{min} HV01 Backup/5 =0x80780049\n{ms} HV01 VSS/12289 =0x80780049"},
}

const machine = "2B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E12"

// TestScale: whatever there is much of, sixteen times as much takes about as long as
// sixteen times the little, and not sixteen times as long again, as what looks at all
// of it for each does. Both take equally long then, so that others who use the machine
// cost both the same.
func TestScale(t *testing.T) {
	if testing.Short() {
		t.Skip("times say little with the race detector")
	}
	set, err := Load(builtin.FS)
	if err != nil {
		t.Fatal(err)
	}
	const more, most = 16, 2
	for _, many := range manyThings {
		t.Run(many.name, func(t *testing.T) {
			little, much := repeated(t, many.lines, many.times), repeated(t, many.lines, more*many.times)
			var small, large [2]time.Duration
			for range 8 {
				small, large = fastest(small, little.timed(set, more)), fastest(large, much.timed(set, 1))
				if large[0] < most*small[0] && large[1] < most*small[1] {
					return
				}
			}
			t.Errorf("%d times %d take %v to build and to diagnose, at once %v", more, many.times, small, large)
		})
	}
}

// timed is how long it takes to build the scene of a world, and to diagnose it, some
// times over.
func (w *world) timed(set *Set, times int) (took [2]time.Duration) {
	runtime.GC() // now, and not while the clock runs
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	for range times {
		start := time.Now()
		sc := w.build()
		built := time.Now()
		set.Diagnose(sc, Scope{})
		took[0] += built.Sub(start)
		took[1] += time.Since(built)
	}
	return took
}

// fastest is the lesser of both times; zero is none.
func fastest(a, b [2]time.Duration) [2]time.Duration {
	for i := range a {
		if a[i] == 0 || b[i] < a[i] {
			a[i] = b[i]
		}
	}
	return a
}

// repeated is a world with the events n times.
func repeated(t *testing.T, lines string, n int) *world {
	t.Helper()
	w := &world{covered: true}
	for i := range n {
		after := func(begin, step time.Duration) string {
			return exampleDay.Add(begin + time.Duration(i)*step).Format(time.RFC3339Nano)
		}
		numbered := strings.NewReplacer("{i}", strconv.Itoa(i), "{ms}", after(0, 40*time.Millisecond),
			"{min}", after(0, 4*time.Minute), "{later}", after(2*time.Hour, 40*time.Millisecond))
		for line := range strings.Lines(numbered.Replace(lines)) {
			e, err := exampleEvent(strings.TrimSpace(line))
			if err != nil {
				t.Fatal(err)
			}
			w.events = append(w.events, e)
		}
	}
	return w
}
