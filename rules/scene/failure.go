package scene

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/ingest/known"
)

// A Failure is one backup or restore that failed.
type Failure struct {
	Kind    JobKind
	Host    *Host
	VM      *VM      // nil if nothing says which
	Name    string   // of a restored component that no other event names
	Volumes []string // cluster shared volumes that its paths, or its machine's, lie on, by plain name
	Near    []string // volumes on which it may lie that the host took for backup within ten minutes before, the latest first
	At      time.Time
	To      time.Time // its last event
	Codes   []known.Code
	Events  []*Event // its own and those that belong to it, in the order of time
	Job     *Job     // the requester's job, if one is known
	// Shared says that a code without a virtual machine was given to every
	// machine that failed on this host at that time.
	Shared bool
}

const (
	// Events of one machine's failure follow each other within seconds; a
	// requester retries after minutes. [INF]
	oneFailure = 3 * time.Minute
	// A failure's events go on for this long at most; then it is another one.
	longestChain = time.Hour
	// A code without a machine belongs to the failures of that host within
	// this time (domain, section 4.1).
	attribution = 10 * time.Minute
)

// vmBackupFailed tells the VMMS events that say a machine's backup failed.
// 10107 only warns of pass-through disks.
func vmBackupFailed(id uint32) bool {
	return id >= 10102 && id <= 10105 || id >= 10108 && id <= 10111 || id == 10150 || id == 10172
}

// checkpointFailed tells events that belong to a failed backup if there is one,
// but also occur without any backup.
func checkpointFailed(id uint32) bool { return id == 18012 || id == 18014 || id == 15252 }

// findFailures groups what failed, per computer:
//
//  1. VMMS events of one machine close together are one failure of it.
//  2. A writer's rejection and a failed job, which name no machine, belong to
//     the machines that failed then; else they are a failure of their own.
//  3. A restore that failed is a failure.
func (s *Scene) findFailures() {
	for _, h := range s.Hosts {
		vm := s.vmFailures(h)
		rest := s.attach(h, vm)
		s.Failures = append(s.Failures, vm...)
		s.Failures = append(s.Failures, s.unattached(h, vm, rest)...)
	}
	s.findRestores()
	for _, f := range s.Failures {
		f.finish()
	}
	slices.SortStableFunc(s.Failures, func(a, b *Failure) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Host.Name, b.Host.Name), cmp.Compare(a.VM.Label(), b.VM.Label()))
	})
	s.findTaken()
}

func (s *Scene) vmFailures(h *Host) []*Failure {
	var list []*Failure
	latest := map[*VM]*Failure{}
	for _, e := range h.Events {
		if !e.From(vmms) || !vmBackupFailed(e.ID) {
			continue
		}
		f := latest[e.VM]
		if f == nil || e.Time.Sub(f.To) > oneFailure || e.Time.Sub(f.At) > longestChain {
			f = &Failure{Kind: KindBackup, Host: h, VM: e.VM, At: e.Time}
			latest[e.VM] = f
			list = append(list, f)
		}
		f.add(e)
	}
	return list
}

func (f *Failure) add(e *Event) {
	f.Events = append(f.Events, e)
	if e.Time.After(f.To) {
		f.To = e.Time
	}
	for _, name := range e.Volumes {
		if len(f.Volumes) < maxSeen && !containsFold(f.Volumes, name) {
			f.Volumes = append(f.Volumes, name)
		}
	}
}

// attach gives events without a machine to the failures that they belong to,
// and returns the others.
func (s *Scene) attach(h *Host, failures []*Failure) []*Event {
	var rest []*Event
	left := surroundings{slices.Clone(failures)}
	for _, e := range h.Events {
		switch {
		case e.From(vss) && e.ID == idWriterRejected && len(e.Codes) > 0:
			if n := give(e, left.near(e.Time)); n == 0 {
				rest = append(rest, e)
			}
		case e.From(vmms) && checkpointFailed(e.ID):
			give(e, slices.DeleteFunc(left.near(e.Time), func(f *Failure) bool { return f.VM != e.VM }))
		}
	}
	return rest
}

// surroundings are the failures, in the order of At, that a time may be near to which is
// later than those before.
type surroundings struct{ left []*Failure }

// near lists the failures around a time, at most maxSeen, and forgets those that are
// over for good: there may be thousands of them, and as many times.
func (s *surroundings) near(t time.Time) []*Failure {
	var list []*Failure
	n := 0
	for ; n < len(s.left) && len(list) < maxSeen && !s.left[n].At.After(t.Add(attribution)); n++ {
		if f := s.left[n]; within(t, f.At, f.To, attribution) {
			list = append(list, f)
		}
	}
	s.left = s.left[n-len(list):]
	copy(s.left, list)
	return list
}

func within(t, from, to time.Time, margin time.Duration) bool {
	return !t.Before(from.Add(-margin)) && !t.After(to.Add(margin))
}

// give adds the event to every failure in the list, without stretching the
// failure's own time, and returns their number.
func give(e *Event, list []*Failure) int {
	for _, f := range list {
		to := f.To
		f.add(e)
		f.To = to
		f.Shared = f.Shared || len(list) > 1
	}
	return len(list)
}

// unattached makes failures of rejections that no machine's failure explains,
// and joins the failed jobs with the failures that fell into them.
func (s *Scene) unattached(h *Host, vm []*Failure, rest []*Event) []*Failure {
	var list []*Failure
	backups, restores := h.busy(KindBackup), h.busy(KindRestore)
	for _, e := range rest {
		if holds(restores, e.Time) && !holds(backups, e.Time) {
			continue // a writer's error of a restore is no failed backup
		}
		if n := len(list); n > 0 && e.Time.Sub(list[n-1].To) <= oneFailure && e.Time.Sub(list[n-1].At) <= longestChain {
			list[n-1].add(e)
			continue
		}
		f := &Failure{Kind: KindBackup, Host: h, At: e.Time}
		f.add(e)
		list = append(list, f)
	}
	alone := slices.Clip(list)
	for _, j := range h.jobs {
		if j.Kind == KindBackup && worse[j.Outcome] >= worse[WithErrors] && !j.join(vm) && !j.join(alone) {
			list = append(list, failureOfJob(j))
		}
	}
	return list
}

// join adds a failed job's end to the failures that fell into it, and reports
// whether there was one. Those of machines that are not among its own are another
// requester's. The failures are in the order of At.
func (j *Job) join(failures []*Failure) bool {
	joined := 0
	first, _ := slices.BinarySearchFunc(failures, j.Begin().Add(-attribution), func(f *Failure, t time.Time) int { return f.At.Compare(t) })
	for _, f := range failures[first:] {
		if f.At.After(j.To.Add(attribution)) || joined == maxSeen {
			break
		}
		if f.VM != nil && len(j.VMs) > 0 && j.NamesOthers(f.VM) {
			continue
		}
		joined++
		f.Job = cmp.Or(f.Job, j)
		to := f.To
		for _, e := range j.Events[max(0, len(j.Events)-2):] {
			f.add(e)
		}
		f.To = to
	}
	return joined > 0
}

func failureOfJob(j *Job) *Failure {
	f := &Failure{Kind: j.Kind, Host: j.Host, Volumes: slices.Clone(j.Volumes), At: j.To, Job: j}
	for _, e := range j.Events {
		f.add(e)
	}
	f.To = j.To
	if len(j.VMs) == 1 {
		f.VM = j.VMs[0]
	} else if len(j.VMs) == 0 && len(j.Names) == 1 {
		f.Name = j.Names[0]
	}
	return f
}

// finish orders a failure's events and sums up what they say. A failure whose
// own events show no volume lies where all other events of its machine lie. If these
// name several, the machine may have been moved.
func (f *Failure) finish() {
	slices.SortStableFunc(f.Events, func(a, b *Event) int { return a.Time.Compare(b.Time) })
	for _, e := range f.Events {
		for _, c := range e.Codes {
			if len(f.Codes) < maxSeen && !slices.Contains(f.Codes, c) {
				f.Codes = append(f.Codes, c)
			}
		}
	}
	if len(f.Volumes) == 0 && f.VM != nil && len(f.VM.Volumes) == 1 && !f.OffVolume() {
		f.Volumes = f.VM.Volumes
	}
}

// MayLieOn reports whether the machine's files may lie on a cluster shared volume: that
// of its own events, or else any that other events of the machine name.
func (f *Failure) MayLieOn(volume string) bool {
	known := f.Volumes
	if len(known) == 0 && f.VM != nil {
		known = f.VM.Volumes
	}
	return len(known) == 0 || containsFold(known, volume)
}

// findTaken finds for each failure the cluster shared volumes that its host took for
// backup shortly before, the latest first. Failures may be many and close together, so
// that each event is looked at once, and not once for each of them.
func (s *Scene) findTaken() {
	hosts := map[*Host]*trail{}
	for _, f := range s.Failures {
		t := hosts[f.Host]
		if t == nil {
			t = &trail{ahead: f.Host.taken}
			hosts[f.Host] = t
		}
		t.goTo(f.At)
		if !f.OffVolume() {
			f.Near = only(t.since(f.At.Add(-attribution)), f.MayLieOn)
		}
	}
}

// A trail is the volumes that a host took for backup up to a time, the latest first and
// each once; no more of them than a failure may have.
type trail struct {
	ahead  []*Event
	latest []sight
}

// A sight is when a volume was last spoken of, and how.
type sight struct {
	volume string
	at     time.Time
}

func (t *trail) goTo(at time.Time) {
	for ; len(t.ahead) > 0 && !t.ahead[0].Time.After(at); t.ahead = t.ahead[1:] {
		for _, name := range slices.Backward(t.ahead[0].Volumes) {
			t.see(sight{name, t.ahead[0].Time})
		}
	}
}

// see puts a volume before all others.
func (t *trail) see(v sight) {
	i := slices.IndexFunc(t.latest, func(s sight) bool { return strings.EqualFold(s.volume, v.volume) })
	switch {
	case i >= 0:
	case len(t.latest) < maxSeen:
		i = len(t.latest)
		t.latest = append(t.latest, v)
	default:
		i = maxSeen - 1
	}
	copy(t.latest[1:i+1], t.latest[:i])
	t.latest[0] = v
}

func (t *trail) since(from time.Time) (volumes []string) {
	for _, v := range t.latest {
		if v.at.Before(from) {
			break
		}
		volumes = append(volumes, v.volume)
	}
	return volumes
}

// OffVolume reports whether the failure's own events name files, and none of
// them lies on a cluster shared volume.
func (f *Failure) OffVolume() bool {
	return len(f.Volumes) == 0 && slices.ContainsFunc(f.Events, func(e *Event) bool { return e.From(vmms) && len(e.Paths) > 0 })
}

// busy is the time in which jobs of a kind ran, in order and disjoint.
func (h *Host) busy(kind JobKind) []Interval {
	var list []Interval
	for _, j := range h.jobs {
		if j.Kind != kind {
			continue
		}
		in := Interval{j.Begin().Add(-sameEnd), j.To.Add(sameEnd)}
		if end := j.From.Add(longestBackup); j.MayRun(in.To) {
			in.To = later(in.To, end)
			if !j.Over.IsZero() {
				in.To = earlier(in.To, j.Over)
			}
		}
		list = append(list, in)
	}
	return union(list)
}

// holds reports whether a time lies in one of the intervals, which are in order.
func holds(list []Interval, t time.Time) bool {
	i, _ := slices.BinarySearchFunc(list, t, func(in Interval, t time.Time) int { return in.To.Compare(t) })
	return i < len(list) && !list[i].From.After(t)
}
