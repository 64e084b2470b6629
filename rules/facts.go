package rules

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/known"
	"github.com/vsswhy/vsswhy/rules/scene"
)

const backupChannel = known.BackupLog

// A factSource returns what is known of something, and what to ask for if
// nothing is.
type factSource struct {
	value   func(ev *evaluator) scene.Value
	missing func(ev *evaluator) string
}

// facts are the names that rules may ask for.
var facts = map[string]factSource{
	"host.role":            {func(ev *evaluator) scene.Value { return role(ev.sub.host) }, hostWants("VMMS log")},
	"host.os_build":        {func(ev *evaluator) scene.Value { return ev.sub.host.OSBuild(ev.sub.at) }, hostWants("System log with its last boot (EventLog 6009), or systeminfo,")},
	"host.san_policy":      {func(ev *evaluator) scene.Value { return ev.sub.host.SANPolicy() }, hostWants("registry export of Services\\partmgr\\Parameters")},
	"host.disk_signatures": {diskSignatures, hostWants("diskpart uniqueid disk for every disk, there and in the guest,")},
	"host.writer_state":    {func(ev *evaluator) scene.Value { return ev.sub.host.WriterState(scene.HyperVWriter) }, hostWants("vssadmin list writers")},
	"guest.os_build": {func(ev *evaluator) scene.Value {
		return ofGuest(ev, func(g *scene.Host) scene.Value { return g.OSBuild(ev.sub.at) })
	}, guestWants("systeminfo or System log")},
	"guest.iscsi_sessions": {func(ev *evaluator) scene.Value {
		return ofGuest(ev, func(g *scene.Host) scene.Value { return g.ISCSISessions() })
	}, guestWants("iscsicli sessionlist")},
	"guest.backup_type": {func(ev *evaluator) scene.Value {
		return ofGuest(ev, func(g *scene.Host) scene.Value { return g.BackupType() })
	}, guestWants("registry export of HKLM\\SOFTWARE\\Microsoft\\Virtualization\\VssRequestor")},
	"restore.target":  {restoreTarget, hostWants("Microsoft-Windows-Backup log, whose 224 to 228 say where a restore went,")},
	"restore.outcome": {restoreOutcome, hostWants("Microsoft-Windows-Backup log")},
}

func hostWants(what string) func(*evaluator) string {
	return func(ev *evaluator) string { return what + " of " + ev.sub.host.Name }
}

func guestWants(what string) func(*evaluator) string {
	return func(ev *evaluator) string {
		return what + " of the guest " + cmp.Or(ev.sub.vm.Label(), "(which one is not known)")
	}
}

func ofGuest(ev *evaluator, get func(*scene.Host) scene.Value) scene.Value {
	if g := ev.sub.guest(); g != nil {
		return get(g)
	}
	return scene.Value{}
}

func role(h *scene.Host) scene.Value {
	return scene.Value{Text: string(h.Role), Known: h.Role != scene.RoleUnknown}
}

// disksOf are the computers whose disks are compared.
type disksOf struct{ host, guest *scene.Host }

// diskSignatures compares the disks of host and guest: KB975695 is about a
// virtual disk with the signature of a disk of the host.
func diskSignatures(ev *evaluator) scene.Value {
	key := disksOf{ev.sub.host, ev.sub.guest()}
	v, ok := ev.finder.disks[key]
	if !ok {
		v = key.compare()
		ev.finder.disks[key] = v
	}
	return v
}

func (d disksOf) compare() scene.Value {
	own := signed(d.host.DiskIDs())
	if len(own) == 0 {
		return scene.Value{}
	}
	var others []scene.Value
	if d.guest != nil {
		others = signed(d.guest.DiskIDs())
	}
	if a, b, ok := firstPair(own, others); ok {
		return scene.Value{Text: "duplicate", Known: true, Cites: append(slices.Clone(a.Cites), b.Cites...)}
	}
	if len(others) == 0 {
		return scene.Value{}
	}
	return scene.Value{Text: "unique", Known: true, Cites: own[0].Cites}
}

// noSignature is what diskpart shows for a disk that was never given one; any number of
// disks have that.
const noSignature = "00000000"

func signed(ids []scene.Value) []scene.Value {
	return slices.DeleteFunc(ids, func(v scene.Value) bool { return v.Text == noSignature })
}

// firstPair returns the first of a host's own disks with the signature of another one,
// which is one of the others, or another of its own.
func firstPair(own, others []scene.Value) (a, b scene.Value, ok bool) {
	first := map[string]scene.Value{}
	for _, v := range slices.Backward(others) {
		first[strings.ToLower(v.Text)] = v
	}
	type signature struct {
		list int // the text that shows the disks: another one may number them otherwise
		id   string
	}
	shown := map[signature]scene.Value{} // the latest of which the number is known
	for _, v := range own {
		id, x := strings.ToLower(v.Text), v.Cites[0].Fact
		if other, ok := first[id]; ok {
			return v, other, true
		}
		if x.Name == "" {
			continue // it may be a disk that was shown before
		}
		key := signature{x.Source, id}
		if other, ok := shown[key]; ok && other.Cites[0].Fact.Name != x.Name {
			return other, v, true
		}
		shown[key] = v
	}
	return a, b, false
}

func restoreTarget(ev *evaluator) scene.Value {
	j := ev.sub.job
	if j == nil || !j.HasTarget {
		return scene.Value{}
	}
	return scene.Value{Text: j.Target, Known: true, Cites: citeEvents(j.Events)}
}

func restoreOutcome(ev *evaluator) scene.Value {
	j := ev.sub.job
	if j == nil || j.Outcome == scene.OutcomeUnknown {
		return scene.Value{}
	}
	return scene.Value{Text: j.Outcome, Known: true, Cites: citeEvents(j.Events)}
}

func (ev *evaluator) fact(t *Test) result {
	src := facts[t.Fact]
	v := src.value(ev)
	if !v.Known {
		return result{missing: lacks(src.missing(ev))}
	}
	r := result{state: Unmet, cites: v.Cites}
	if compare(t, v.Text) {
		r.state = Met
	}
	return r
}

func compare(t *Test, value string) bool {
	switch {
	case t.Empty != nil:
		return (value == "") == *t.Empty
	case t.Is != "":
		return strings.EqualFold(value, t.Is)
	case t.IsNot != "":
		return !strings.EqualFold(value, t.IsNot)
	case t.Below != "":
		return scene.CompareVersions(value, t.Below) < 0
	default:
		return scene.CompareVersions(value, t.AtLeast) >= 0
	}
}

func (ev *evaluator) update(t *Test) result {
	v := ev.sub.host.Update(t.Update.KB, t.Update.File, t.Update.FixedIn, ev.sub.at)
	if !v.Known {
		return result{missing: lacks("version of " + t.Update.File + ", or the list of hotfixes, of " + ev.sub.host.Name)}
	}
	r := result{state: Unmet, cites: v.Cites}
	if v.Text == scene.Installed {
		r.state = Met
	}
	return r
}

// properties of the subject that need no log.
var properties = map[string]func(ev *evaluator) result{
	"has-vm": func(ev *evaluator) result {
		return fromSubject(ev, ev.sub.vm != nil)
	},
	"on-volume": func(ev *evaluator) result {
		return fromSubject(ev, ev.sub.volume != "")
	},
	"path-off-volume": func(ev *evaluator) result {
		return fromSubject(ev, ev.sub.failure != nil && ev.sub.failure.OffVolume())
	},
	"volume-in-path": func(ev *evaluator) result {
		return fromSubject(ev, ev.sub.failure != nil && len(ev.sub.failure.Volumes) > 0)
	},
	// Nothing names the machine's volume, and it may be any of several.
	"one-of-volumes": func(ev *evaluator) result {
		f := ev.sub.failure
		return fromSubject(ev, f != nil && len(f.Volumes) == 0 && len(f.Near) > 1)
	},
	"inferred": func(ev *evaluator) result {
		return fromSubject(ev, ev.sub.inferred)
	},
	"guest-on-host":    guestOnHost,
	"backup-failed":    backupFailed,
	"failed-on-volume": failedOnVolume,
}

func (ev *evaluator) property(name string) result { return properties[name](ev) }

func fromSubject(ev *evaluator, yes bool) result {
	if yes {
		return result{state: Met, cites: citeEvents(ev.sub.events)}
	}
	return result{state: Unmet}
}

// guestOnHost: the guest runs on the subject's host if the host's events or its job
// name the machine, or the guest names the host (KVP). It does not if only another
// host's events name the machine, or the guest names another host.
func guestOnHost(ev *evaluator) result {
	g := ev.sub.guest()
	if g == nil {
		return result{missing: lacks("logs of the guest " + ev.sub.vm.Label())}
	}
	if e := ev.sub.host.SpokeOf(ev.sub.vm); e != nil {
		return result{state: Met, cites: citeEvents([]*scene.Event{e})}
	}
	if j := ev.sub.job; j != nil && slices.Contains(j.VMs, ev.sub.vm) {
		return result{state: Met, cites: citeEvents(j.Events)}
	}
	if v := g.PhysicalHost(); v.Known && ev.scene.SameHost(v.Text, ev.sub.host) {
		return result{state: Met, cites: v.Cites}
	} else if v.Known {
		return result{state: Unmet, cites: v.Cites}
	}
	for _, h := range ev.sub.vm.Hosts {
		if e := h.SpokeOf(ev.sub.vm); e != nil {
			return result{state: Unmet, cites: citeEvents([]*scene.Event{e})}
		}
	}
	return result{missing: lacks("VMMS log of " + ev.sub.host.Name + ", which names its virtual machines")}
}
