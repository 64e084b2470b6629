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
	for _, j := range s.Jobs {
		if j.Kind != KindRestore || j.otherWriter() {
			continue
		}
		for _, r := range j.restores() {
			r.fail()
			if r.Failure != nil {
				s.Failures = append(s.Failures, r.Failure)
			}
			s.Restores = append(s.Restores, r)
		}
	}
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
func (j *Job) restores() []*Restore {
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
	for _, inferred := range []bool{false, true} {
		for _, vm := range j.brokenMachines(inferred) {
			list = append(list, &Restore{Job: j, VM: vm, Inferred: inferred})
		}
		if list != nil {
			return list
		}
	}
	return []*Restore{{Job: j}}
}

// brokenMachines lists the machines with errors in files under the job's
// target; or, inferred, those with errors during the job or soon after it in
// files that are not known to lie elsewhere.
func (j *Job) brokenMachines(inferred bool) []*VM {
	var vms []*VM
	for _, e := range j.Host.Between(j.To.Add(-firstStart), j.To.Add(firstStart)) {
		if e.VM == nil || !RestoreError(e) || slices.Contains(vms, e.VM) || len(vms) == maxSeen {
			continue
		}
		soon := !e.Time.Before(j.Begin()) && !e.Time.After(j.To.Add(restoreAftermath))
		elsewhere := j.Target != "" && len(e.Paths) > 0
		if j.Holds(e) || inferred && soon && !elsewhere {
			vms = append(vms, e.VM)
		}
	}
	return vms
}

// fail makes a failure of a restore that did not end well, or that the
// machine's errors followed.
func (r *Restore) fail() {
	errors := r.errorsAfter()
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

func (r *Restore) errorsAfter() []*Event {
	var list []*Event
	for _, e := range r.Job.Host.Between(r.Job.Begin(), r.Job.To.Add(firstStart)) {
		if r.VM != nil && e.VM == r.VM && RestoreError(e) && len(list) < maxSeen {
			list = append(list, e)
		}
	}
	return list
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
