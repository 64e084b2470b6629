package scene

import (
	"slices"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/ingest/known"
)

// A Restore is a restore of one machine: a job with each of the machines that
// it was for.
type Restore struct {
	Job  *Job
	VM   *VM    // nil if nothing says which
	Name string // of a restored component that no other event names
	// Inferred says that the job names no machine: this one had an error just
	// then, which is no proof.
	Inferred bool
	Failure  *Failure // nil if it went well, so far as the logs say
}

const (
	// An error this soon after a restore may be its consequence (domain, 4.5).
	restoreAftermath = 15 * time.Minute
	// Later ones count for the machine that was restored: it may be started
	// only the next day (domain, 4.5).
	firstStart = 24 * time.Hour
)

// findRestores says for each restore which machines it was for, and makes a
// failure of each that failed or left a machine broken.
func (s *Scene) findRestores() {
	broken := &breakages{hosts: map[*Host]*hostBreakages{}, left: maxRestoreLooks}
	for _, j := range s.Jobs {
		if j.Kind != KindRestore || j.otherWriter() {
			continue
		}
		for _, r := range j.restores(broken) {
			r.fail(broken)
			if r.Failure != nil {
				s.Failures = append(s.Failures, r.Failure)
			}
			s.Restores = append(s.Restores, r)
		}
	}
	if broken.left < 0 {
		s.Limits = append(s.Limits, "there are more restores, and errors of machines near them, than can be compared: which machines were restored is left open for some")
	}
}

// maxRestoreLooks bounds how often errors are looked at for restores that name no
// machine. Honest bundles take thousands.
const maxRestoreLooks = 10_000_000

// breakages are the errors that a restore may lead to, see RestoreError.
type breakages struct {
	hosts map[*Host]*hostBreakages
	left  int
}

// hostBreakages are those of one computer's machines, in the order of time.
type hostBreakages struct {
	all  []*Event
	ofVM map[*VM][]*Event
}

func (b *breakages) of(h *Host) *hostBreakages {
	list := b.hosts[h]
	if list == nil {
		list = &hostBreakages{ofVM: map[*VM][]*Event{}}
		for _, e := range h.Events {
			if e.VM != nil && RestoreError(e) {
				list.all = append(list.all, e)
				list.ofVM[e.VM] = append(list.ofVM[e.VM], e)
			}
		}
		b.hosts[h] = list
	}
	return list
}

// between returns what broke on a computer from one time to another; nothing once too
// much was looked at.
func (b *breakages) between(h *Host, from, to time.Time) []*Event {
	list := Between(b.of(h).all, from, to)
	if b.left -= len(list); b.left < 0 {
		return nil
	}
	return list
}

// otherWriter reports whether the job is known to restore something else than
// virtual machines: it names other VSS writers, by name or class id, and not
// Hyper-V's.
func (j *Job) otherWriter() bool {
	other := slices.ContainsFunc(j.Names, func(n string) bool { return notHyperV[strings.ToLower(n)] })
	for _, e := range j.Events {
		if e.Writer(HyperVWriter) {
			return false
		}
		other = other || slices.ContainsFunc(e.GUIDs, func(id string) bool { return known.WriterName(id) != "" })
	}
	return other && len(j.VMs) == 0
}

// notHyperV are the names by which other writers register; they are the same in
// every language.
var notHyperV = map[string]bool{
	"sqlserverwriter": true, "microsoft exchange writer": true, "system writer": true, "registry writer": true,
	"ntds": true, "com+ regdb writer": true, "wmi writer": true, "bits writer": true, "asr writer": true, "iis config writer": true,
}

// restores: the machines that the job names; else those whose files lie where
// it went; else those that had an error just then, which is only inferred; else
// one that nobody knows.
func (j *Job) restores(broken *breakages) []*Restore {
	var list []*Restore
	for _, vm := range j.VMs {
		list = append(list, &Restore{Job: j, VM: vm})
	}
	if list != nil {
		return list // other names beside them are those of applications
	}
	for _, name := range j.Names {
		if low := strings.ToLower(name); !strings.Contains(low, "hyper-v") {
			list = append(list, &Restore{Job: j, Name: name})
		}
	}
	if list != nil {
		return list
	}
	vms, inferred := j.brokenUnderTarget(broken), false
	if len(vms) == 0 {
		vms, inferred = j.brokenJustThen(broken), true
	}
	for _, vm := range vms {
		list = append(list, &Restore{Job: j, VM: vm, Inferred: inferred})
	}
	if list == nil {
		list = []*Restore{{Job: j}}
	}
	return list
}

// brokenUnderTarget lists the machines with errors in files under the job's target.
func (j *Job) brokenUnderTarget(broken *breakages) []*VM {
	if j.Target == "" {
		return nil
	}
	return machinesOf(broken.between(j.Host, j.To.Add(-firstStart), j.To.Add(firstStart)), j.Holds)
}

// brokenJustThen lists the machines with errors during the job or soon after it in
// files that are not known to lie elsewhere.
func (j *Job) brokenJustThen(broken *breakages) []*VM {
	from := later(j.Begin(), j.To.Add(-firstStart))
	return machinesOf(broken.between(j.Host, from, j.To.Add(restoreAftermath)), func(e *Event) bool {
		return j.Target == "" || len(e.Paths) == 0
	})
}

// machinesOf lists the machines of those events that count, at most maxSeen.
func machinesOf(events []*Event, counts func(*Event) bool) []*VM {
	var vms []*VM
	for _, e := range events {
		if len(vms) < maxSeen && !slices.Contains(vms, e.VM) && counts(e) {
			vms = append(vms, e.VM)
		}
	}
	return vms
}

// fail makes a failure of a restore that did not end well, or that the
// machine's errors followed.
func (r *Restore) fail(broken *breakages) {
	errors := r.errorsAfter(broken)
	if worse[r.Job.Outcome] < worse[Canceled] && len(errors) == 0 {
		return
	}
	f := failureOfJob(r.Job)
	f.VM, f.Name = r.VM, r.Name
	for _, e := range errors {
		f.add(e)
	}
	f.To = r.Job.To
	r.Failure = f
}

func (r *Restore) errorsAfter(broken *breakages) []*Event {
	if r.VM == nil {
		return nil
	}
	list := Between(broken.of(r.Job.Host).ofVM[r.VM], r.Job.Begin(), r.Job.To.Add(firstStart))
	return list[:min(len(list), maxSeen)]
}

// Holds reports whether one of the event's paths lies under the place that the
// restore went to.
func (j *Job) Holds(e *Event) bool {
	if j.Target == "" {
		return false
	}
	root := strings.ToLower(strings.TrimRight(j.Target, `\`)) + `\`
	return slices.ContainsFunc(e.Paths, func(p string) bool { return strings.HasPrefix(strings.ToLower(p), root) })
}

// RestoreError reports whether an event says that a machine's configuration,
// checkpoints or disks could not be used: what a bad restore leads to.
func RestoreError(e *Event) bool {
	switch {
	case e.From(vmms):
		switch e.ID {
		case 12240, 15268, 16300, 16310, 16330, 20100:
			return true
		}
		return slices.ContainsFunc(e.Codes, brokenDisk)
	case e.From(worker):
		return e.ID == 3040 || slices.ContainsFunc(e.Codes, brokenDisk)
	}
	return false
}

// brokenDisk tells the codes of a differencing disk whose parent is missing or
// another than it was.
func brokenDisk(c known.Code) bool { return c >= 0xc03a000d && c <= 0xc03a000f }
