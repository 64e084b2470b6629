package scene

import (
	"cmp"
	"encoding/xml"
	"slices"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/ingest/known"
)

// A JobKind says what a job does.
type JobKind string

// The kinds of jobs.
const (
	KindBackup  JobKind = "backup"
	KindRestore JobKind = "restore"
)

// Outcomes of a job.
const (
	Succeeded      = "succeeded"
	WithErrors     = "completed with errors"
	Failed         = "failed"
	Canceled       = "canceled"
	OutcomeUnknown = "unknown" // no end was seen
)

// A Job is one run of a backup or a restore on a computer, as its requester
// logged it, or as the cluster shows it (a volume's backup mode on and off).
type Job struct {
	Kind      JobKind
	Host      *Host
	VMs       []*VM    // that the job names; none does not mean none
	Names     []string // components that it names and that are no known machine
	Volumes   []string
	From      time.Time // the start; zero if only the end was seen
	To        time.Time // the end; the start again if no end was seen
	Outcome   string
	Codes     []known.Code
	Target    string   // restore: the alternate location; see TargetKnown
	HasTarget bool     // restore: the field for the alternate location is there
	Events    []*Event // in the order of time
	Open      bool     // a start without an end: how long it ran is not known

	// Over is when an open job was over at the latest; zero if nothing tells.
	Over time.Time
}

// MayRun reports whether an open job may have run at a time or after it.
func (j *Job) MayRun(from time.Time) bool {
	return j.Open && (j.Over.IsZero() || !j.Over.Before(from))
}

// Windows Server Backup's events. Ids from 1025 on are those of Hyper-V
// recoveries in 6.2 and later.
var backupOutcomes = map[uint32]string{
	4: Succeeded, 5: Failed, 6: Failed, 7: WithErrors, 8: Canceled, 9: Failed, 14: Succeeded,
	15: Failed, 16: Failed, 17: Failed, 18: Failed, 19: Failed, 20: Failed, 21: Failed, 22: Failed, 23: WithErrors,
	49: Failed, 50: Failed, 52: Failed,
	517: Failed, 518: Failed, 519: WithErrors, 521: Failed,
	526: Failed, 527: Failed, 528: Failed, 544: Failed, 545: Failed, 546: Failed, 547: WithErrors, 561: Failed, 564: Failed,
}

// neverRan tells the ends of backups that failed before they did anything, since another
// backup or recovery is in progress, or the settings forbid them: one may run on.
func neverRan(e *Event) bool {
	switch e.ID {
	case 6, 15, 16, 18, 19, 20, 21, 22, 518, 526, 527, 528, 545, 546:
		return true
	}
	return false
}

var restoreOutcomes = map[uint32]string{
	224: Succeeded, 225: Succeeded, 226: WithErrors, 227: Failed, 228: Canceled,
	737: Succeeded, 738: WithErrors, 739: Failed, 740: Canceled,
	1025: Succeeded, 1026: Succeeded, 1027: WithErrors, 1028: Failed, 1029: Canceled,
	1040: Succeeded, 1041: WithErrors, 1042: Failed, 1043: Canceled,
}

const (
	idBackupStarted = 1
	idBackupBusy    = 6    // refused, since another backup or recovery is in progress
	idBackupBusyApp = 518  // the same in the Application log
	idCSVRedirect   = 5136 // redirected access on
	idCSVDirect     = 5137 // redirected access off
	idCSVBackupOn   = 5140
	idCSVBackupOff  = 5141

	// The Operational log and the Application log both tell of one job's end.
	// [INF] They are written within seconds; a minute allows for slow disks.
	sameEnd = time.Minute
	// An end says when its job began, which is not quite when that was logged. [INF]
	// A requester tries again after minutes, so that the nearest start counts.
	sameStart = time.Hour
	// A cluster volume leaves backup mode after a day at the latest; an "off"
	// later than that belongs to another backup. [INF]
	longestBackup = 24 * time.Hour
)

// findJobs pairs starts and ends, per computer.
func (s *Scene) findJobs() {
	for _, h := range s.Hosts {
		s.requesterJobs(h)
		s.clusterJobs(h)
		s.Jobs = append(s.Jobs, h.jobs...)
	}
	slices.SortStableFunc(s.Jobs, func(a, b *Job) int {
		return cmp.Or(a.Begin().Compare(b.Begin()), cmp.Compare(a.Host.Name, b.Host.Name))
	})
}

// Begin is the start, or where only the end was seen, the end.
func (j *Job) Begin() time.Time {
	if j.From.IsZero() {
		return j.To
	}
	return j.From
}

// requesterJobs reads Windows Server Backup's own events.
func (s *Scene) requesterJobs(h *Host) {
	jobs := &requester{scene: s, host: h}
	for _, e := range h.Events {
		switch {
		case !e.From(backup):
		case e.ID == idBackupStarted:
			jobs.begin(e)
		case backupOutcomes[e.ID] != "":
			jobs.endBackup(e)
		case restoreOutcomes[e.ID] != "":
			jobs.endRestore(e)
		}
	}
	h.closeJobs()
}

// closeJobs says of backups whose end nothing tells when they were over: at the next
// boot, and when another one ran, which is refused while one does.
func (h *Host) closeJobs() {
	var next time.Time
	for _, j := range slices.Backward(h.jobs) {
		switch {
		case j.Open:
			j.Over = next
			j.overBy(h.bootAfter(j.From))
		case j.Kind == KindBackup && !j.From.IsZero() && !neverRan(j.Events[len(j.Events)-1]):
			next = j.From
		}
	}
}

// overBy says that an open job was over by a time; zero says nothing.
func (j *Job) overBy(at time.Time) {
	if !at.IsZero() && (j.Over.IsZero() || at.Before(j.Over)) {
		j.Over = at
	}
}

// bootAfter is the computer's first boot after a time; zero if none is known.
func (h *Host) bootAfter(at time.Time) time.Time {
	if _, boot := around(h.boots, at); boot != nil {
		return boot.Time
	}
	return time.Time{}
}

// requester pairs the starts and ends of one computer's jobs.
type requester struct {
	scene    *Scene
	host     *Host
	open     []*Job // started, and not ended
	lastDone map[JobKind]*Job
}

// maxOpen is how many jobs may have started and not ended: one at a time runs, and
// another one is refused.
const maxOpen = 2

func (r *requester) begin(e *Event) {
	j := r.start(KindBackup, e.Time, e)
	j.Open = true
	r.open = append(r.open, j)
	r.open = r.open[max(0, len(r.open)-maxOpen):]
}

func (r *requester) start(kind JobKind, from time.Time, events ...*Event) *Job {
	j := &Job{Kind: kind, Host: r.host, From: from, To: from, Outcome: OutcomeUnknown, Events: events}
	r.host.jobs = append(r.host.jobs, j)
	return j
}

// done returns the job of that kind that ended just now, or nil: two logs tell
// of one end.
func (r *requester) done(kind JobKind, at time.Time) *Job {
	if j := r.lastDone[kind]; j != nil && at.Sub(j.To) <= sameEnd {
		return j
	}
	return nil
}

// endBackup closes the job that ended, or adds to the one that ended just now, or
// makes one whose start the log does not show.
func (r *requester) endBackup(e *Event) {
	started := fieldTime(e, "BackupTime", "BackupStartTime")
	j := nearest(r.ending(e, started), started)
	if j == nil {
		j = r.start(KindBackup, started)
	}
	r.open = slices.DeleteFunc(r.open, func(o *Job) bool { return o == j })
	r.end(j, e, backupOutcomes[e.ID])
}

// ending are the jobs that an event may be the end of, the likeliest first. None runs
// on after a boot. One that never ran has only begun, and ends none that runs. The job
// that ended last may have several ends, and those say when it began.
func (r *requester) ending(e *Event, started time.Time) []*Job {
	booted, _ := around(r.host.boots, e.Time)
	var jobs []*Job
	for _, j := range slices.Backward(r.open) {
		over := booted != nil && booted.Time.After(j.From)
		if !over && (!neverRan(e) || e.Time.Sub(j.From) <= sameEnd) {
			jobs = append(jobs, j)
		}
	}
	j := r.done(KindBackup, e.Time)
	if last := r.lastDone[KindBackup]; j == nil && last != nil && !started.IsZero() && last.From.Sub(started).Abs() <= sameEnd {
		j = last
	}
	if j != nil && (!neverRan(e) || neverRan(j.Events[len(j.Events)-1])) {
		jobs = append(jobs, j)
	}
	return jobs
}

// nearest returns the job that began next to a time, or if that is not known the first one.
func nearest(jobs []*Job, started time.Time) *Job {
	var best *Job
	for _, j := range jobs {
		if started.IsZero() || j.From.IsZero() {
			return cmp.Or(best, j)
		}
		away := j.From.Sub(started).Abs()
		if away <= sameStart && (best == nil || away < best.From.Sub(started).Abs()) {
			best = j
		}
	}
	return best
}

func (r *requester) endRestore(e *Event) {
	began := fieldTime(e, "RestoreTime")
	j := r.done(KindRestore, e.Time)
	if j == nil || !began.IsZero() && !j.From.IsZero() && !began.Equal(j.From) {
		j = r.start(KindRestore, began)
	}
	if !began.IsZero() && !began.After(e.Time) {
		j.From = began
	}
	if target, ok := e.Field("AppRestoreAlternateTargetPath"); ok {
		j.Target, j.HasTarget = strings.TrimSpace(target), true
	}
	r.end(j, e, restoreOutcomes[e.ID])
}

func (r *requester) end(j *Job, e *Event, outcome string) {
	j.end(r.scene, e, outcome)
	if r.lastDone == nil {
		r.lastDone = map[JobKind]*Job{}
	}
	r.lastDone[j.Kind] = j
}

// worse orders outcomes, so that of two events about one end the worse counts.
var worse = map[string]int{OutcomeUnknown: 0, Succeeded: 1, Canceled: 2, WithErrors: 3, Failed: 4}

func (j *Job) end(s *Scene, e *Event, outcome string) {
	j.Open = false
	if len(e.Codes) > 0 && outcome == Succeeded && e.ID == 14 {
		outcome = WithErrors
	}
	if worse[outcome] > worse[j.Outcome] {
		j.Outcome = outcome
	}
	if e.Time.After(j.To) {
		j.To = e.Time
	}
	j.Events = append(j.Events, e)
	for _, c := range e.Codes {
		if len(j.Codes) < maxSeen && !slices.Contains(j.Codes, c) {
			j.Codes = append(j.Codes, c)
		}
	}
	j.nameComponents(s, e)
}

// nameComponents finds the machines that a job's event names, in AppsInfo and
// ComponentInfo (XML inside a value) and in the list of restored names.
func (j *Job) nameComponents(s *Scene, e *Event) {
	for _, f := range e.Fields {
		switch strings.ToLower(f.Name) {
		case "appsinfo", "componentinfo", "componentinfosummary":
			j.addNames(s, xmlValues(f.Value))
		case "restoretargetnamelist":
			j.addNames(s, strings.FieldsFunc(f.Value, func(r rune) bool { return r == ',' || r == ';' || r == '\n' }))
		}
	}
}

// NamesOthers reports whether the job names what it backed up or restored, and the
// machine is not among it. The name of the application alone says nothing of machines.
func (j *Job) NamesOthers(vm *VM) bool {
	if len(j.VMs) > 0 {
		return !slices.Contains(j.VMs, vm)
	}
	if vm != nil && slices.ContainsFunc(j.Names, vm.bore) {
		return false
	}
	return slices.ContainsFunc(j.Names, func(name string) bool { return !strings.EqualFold(name, hyperV) })
}

// hyperV is what Windows Server Backup calls the application of virtual machines.
const hyperV = "Hyper-V"

func (j *Job) addNames(s *Scene, values []string) {
	for _, v := range values {
		name := componentName(v)
		vm := s.vmOn(j.Host, name)
		if name == "" || isGUID(name) && vm == nil || len(j.VMs)+len(j.Names) == maxSeen {
			continue
		}
		if vm != nil {
			if !slices.Contains(j.VMs, vm) {
				j.VMs = append(j.VMs, vm)
			}
		} else if !containsFold(j.Names, name) {
			j.Names = append(j.Names, name)
		}
	}
}

// vmOn finds a machine by name or id; of several of one name it is the only one that
// the computer spoke of.
func (s *Scene) vmOn(h *Host, nameOrID string) *VM {
	key := strings.ToLower(nameOrID)
	if vm := s.vmByName[key]; vm != nil {
		return vm
	}
	if isGUID(nameOrID) {
		return s.vmByID[normalGUID(nameOrID)]
	}
	namesakes := s.namesakes[key]
	own := slices.DeleteFunc(slices.Clone(namesakes[:min(len(namesakes), maxSeen)]), func(vm *VM) bool { return h.SpokeOf(vm) == nil })
	if len(own) != 1 || len(namesakes) > maxSeen {
		return nil
	}
	return own[0]
}

// componentName strips from a VSS component what is not the machine's name:
// the logical path before it and "(Online)" and the like behind it.
func componentName(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.LastIndexByte(s, '\\'); i >= 0 && !isPath(s) {
		s = s[i+1:]
	}
	if i := strings.LastIndexByte(s, '('); i > 0 && strings.HasSuffix(s, ")") {
		s = strings.TrimSpace(s[:i])
	}
	return s
}

// xmlValues returns the texts and attribute values that may name a component:
// all of those called so, and others only if they are no numbers or paths.
func xmlValues(s string) []string {
	var values []string
	d := xml.NewDecoder(strings.NewReader(s))
	d.Strict = false
	for {
		tok, err := d.RawToken()
		if err != nil {
			return values
		}
		if start, ok := tok.(xml.StartElement); ok {
			for _, a := range start.Attr {
				if name := strings.ToLower(a.Name.Local); strings.Contains(name, "name") || strings.Contains(name, "caption") || strings.Contains(name, "component") {
					values = append(values, a.Value)
				}
			}
		}
		if text, ok := tok.(xml.CharData); ok && strings.TrimSpace(string(text)) != "" && !isNumber(strings.TrimSpace(string(text))) {
			values = append(values, string(text))
		}
	}
}

// fieldTime reads a time field, as Windows writes FILETIME and SYSTEMTIME
// values; zero if there is none.
func fieldTime(e *Event, names ...string) time.Time {
	for _, name := range names {
		v, ok := e.Field(name)
		if !ok {
			continue
		}
		if t, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(v)); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// clusterJobs makes a backup of each span in which a node held a volume in
// backup mode (5140 on, 5141 off): any requester that prepares the volume
// leaves it.
func (s *Scene) clusterJobs(h *Host) {
	open := map[string]*Job{}
	for _, e := range h.Events {
		if !e.From(clustering) || len(e.Volumes) == 0 {
			continue
		}
		key := strings.ToLower(e.Volumes[0])
		switch e.ID {
		case idCSVBackupOn:
			job := &Job{Kind: KindBackup, Host: h, Volumes: e.Volumes, From: e.Time, To: e.Time, Outcome: OutcomeUnknown, Open: true, Over: e.Time.Add(longestBackup), Events: []*Event{e}}
			job.overBy(h.bootAfter(e.Time))
			open[key] = job
			h.jobs = append(h.jobs, job)
		case idCSVBackupOff:
			if job := open[key]; job != nil && e.Time.Sub(job.From) <= longestBackup {
				job.To, job.Open = e.Time, false
				job.Events = append(job.Events, e)
				delete(open, key)
			}
		}
	}
}
