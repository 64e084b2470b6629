package rules

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/rules/scene"
)

// A finding is a rule's answer for one host and one machine or volume.
type finding struct {
	rule        *compiledRule
	sub         *subject
	verdict     Verdict
	unaided     Verdict // what it would be without the engineer's answers
	outcomes    []*outcome
	occurrences []occurrence
}

// An occurrence is one subject that a finding was made for.
type occurrence struct {
	sub      *subject
	verdict  Verdict
	answered bool // the verdict rests on an answer
}

func (f *finding) occurrence() occurrence { return occurrence{f.sub, f.verdict, f.answered()} }

// unevaluable is a rule that could not be evaluated for a host.
type unevaluable struct {
	rule    *compiledRule
	host    *scene.Host
	lacks   []lack // of the anchors that are not known
	missing []string
	collect []string
}

// A diagnosis is what a set of rules says of a scene.
type diagnosis struct {
	scope       Scope
	findings    []*finding
	unevaluable []*unevaluable
	checked     []*unevaluable // evaluated, without an anchor: missing is empty
	answers     *answerBook
	finder      *finder
	failures    failureTable
	limits      []string // which limits were hit, for people
}

// diagnose evaluates every rule for every subject.
func (s *Set) diagnose(sc *scene.Scene, scope Scope, answers []Answer) *diagnosis {
	d := &diagnosis{scope: scope, answers: newAnswerBook(s, sc, answers), finder: newFinder()}
	d.failures = newFailureTable(sc)
	for _, rule := range s.rules {
		d.apply(rule, sc)
	}
	d.yield()
	d.group()
	return d
}

// apply evaluates one rule, and notes for which hosts it could not be.
func (d *diagnosis) apply(rule *compiledRule, sc *scene.Scene) {
	found := map[*scene.Host]bool{}
	blocked := map[*scene.Host]*unevaluable{}
	i := -1
	for sub := range d.subjects(rule, sc) {
		if i++; d.finder.left < 0 || i == maxSubjects {
			d.limits = append(d.limits, fmt.Sprintf("%s: there is more than can be evaluated (%d cases, %d events): nothing after %s was", rule.ID, maxSubjects, maxLooks, sub.at.UTC().Format(time.RFC3339)))
			break
		}
		f, anchor := evaluate(rule, sc, sub, d.finder)
		switch {
		case f != nil:
			d.answers.settle(f)
			f.verdict = judge(f.outcomes)
			d.findings = append(d.findings, f)
			found[sub.host] = true
		case anchor.state == Unknown && !spared(rule, sc, sub.host, sub.at):
			u := blocked[sub.host]
			if u == nil {
				u = &unevaluable{rule: rule, host: sub.host}
				blocked[sub.host] = u
			}
			u.lacks = append(u.lacks, anchor.missing...)
		}
	}
	for _, h := range sc.Hosts {
		if d.scope.on(h) && rule.Applies.to(h.OSBuild(forever)) {
			d.noteAbsence(rule, sc, h, found[h], blocked[h])
		}
	}
}

// asks reports whether the scope has a subject. A failure is asked about by its own
// time and computer, which are those of the list of failures.
func (d *diagnosis) asks(s *subject) bool {
	at, on := s.at, d.scope.on(s.host)
	if s.failure != nil {
		at, on = s.failure.At, on || d.scope.on(s.failure.Host)
	}
	return on && d.scope.at(at)
}

// noteAbsence says for a host without a finding whether the rule was checked
// or could not be evaluated. Guests are no place where a host's backup fails.
func (d *diagnosis) noteAbsence(rule *compiledRule, sc *scene.Scene, h *scene.Host, found bool, u *unevaluable) {
	if h.Role == scene.RoleGuest || found && u == nil {
		return
	}
	if u == nil {
		u = &unevaluable{rule: rule, host: h}
	}
	u.missing, u.lacks = inWords(unique(u.lacks)), nil
	if !found && !spared(rule, sc, h, forever) {
		lackingLogs(u)
	}
	if len(u.missing) > 0 {
		u.ask()
		d.unevaluable = append(d.unevaluable, u)
	} else if !found {
		d.checked = append(d.checked, u)
	}
}

// ask says how to get the logs that are missing, and not those that are there; of
// all that the rule needs, if what is missing is no log that it names.
func (u *unevaluable) ask() {
	lacks := func(n LogNeed) bool {
		return n.Of == "guest" || slices.ContainsFunc(u.missing, func(m string) bool { return strings.Contains(m, n.Channel) })
	}
	all := !slices.ContainsFunc(u.rule.Logs, lacks)
	for _, n := range u.rule.Logs {
		if n.Collect != "" && (all || lacks(n)) {
			u.collect = appendNew(u.collect, n.Collect)
		}
	}
}

// spared reports whether what is known of the computer itself, its Windows and its
// updates, rules the rule out there, whatever its logs may show: they need not be
// asked for.
func spared(rule *compiledRule, sc *scene.Scene, h *scene.Host, at time.Time) bool {
	ev := &evaluator{scene: sc, rule: rule, sub: &subject{host: h, at: at}}
	return slices.ContainsFunc(rule.Criteria, func(c *Criterion) bool {
		return c.Role == RoleExcluding && c.Limit == NoVerdict && rule.ofHostAlone(&c.Test) && ev.test(&c.Test, c.Grade).state == Met
	})
}

// ofHostAlone reports whether a test asks for nothing but lasting facts of the
// computer.
func (r *compiledRule) ofHostAlone(t *Test) bool {
	all := func(list []*Test) bool {
		return !slices.ContainsFunc(list, func(t *Test) bool { return !r.ofHostAlone(t) })
	}
	switch {
	case len(t.All) > 0:
		return all(t.All)
	case len(t.Any) > 0:
		return all(t.Any)
	case t.Not != nil:
		return r.ofHostAlone(t.Not)
	case t.Uses != "":
		return r.ofHostAlone(r.terms[t.Uses])
	}
	return t.Update != nil || t.Fact == "host.role" || t.Fact == "host.os_build"
}

// lackingLogs adds the logs that the rule needs and the bundle lacks.
func lackingLogs(u *unevaluable) {
	served := len(u.missing) > 0 // the anchor knows better what it lacks of guests
	var ofGuests []string        // any of these will do: versions of Windows differ in which they have
	for _, n := range u.rule.Logs {
		switch {
		case n.Of == "host" && u.host.Coverage(n.Channel) == nil:
			u.missing = appendNew(u.missing, n.Channel+" log of "+u.host.Name)
		case n.Of == "guest":
			ofGuests = append(ofGuests, n.Channel)
			served = served || guestHas(u.host, n.Channel)
		}
	}
	if len(ofGuests) > 0 && !served {
		u.missing = appendNew(u.missing, strings.Join(ofGuests, " or ")+" log of the virtual machines on "+u.host.Name)
	}
}

// guestHas reports whether there is a log of the channel of a guest on the host.
func guestHas(h *scene.Host, channel string) bool {
	return slices.ContainsFunc(h.Guests(), func(guest *scene.Host) bool { return guest.Coverage(channel) != nil })
}

// evaluate answers one rule for one subject: a finding, or else the outcome of
// the anchor that kept it from being one.
func evaluate(rule *compiledRule, sc *scene.Scene, sub *subject, find *finder) (*finding, result) {
	ev := &evaluator{scene: sc, rule: rule, sub: sub, bound: map[string]*scene.Event{}, broken: map[string]State{}, finder: find}
	if n := len(sub.events); n > 0 {
		ev.bound[subjectEvent] = sub.events[n-1]
	}
	anchor := ev.test(rule.Anchor, rule.AnchorGrade)
	if anchor.state != Met || len(anchor.cites) == 0 {
		return nil, anchor
	}
	f := &finding{rule: rule, sub: sub}
	f.outcomes = append(f.outcomes, &outcome{&Criterion{ID: anchorID, Role: RoleAnchor, Text: rule.AnchorText}, anchor})
	for _, c := range rule.Criteria {
		f.outcomes = append(f.outcomes, &outcome{c, ev.test(&c.Test, c.Grade)})
	}
	if rule.Applies != (Applies{}) && !sub.host.OSBuild(sub.at).Known {
		f.outcomes = append(f.outcomes, versionUnknown(anchor.cites))
	}
	f.unaided = judge(f.outcomes)
	f.verdict = f.unaided
	return f, anchor
}

// versionUnknown keeps a rule that is about some versions of Windows from being
// confirmed for a computer whose version nobody knows.
func versionUnknown(cites []scene.Citation) *outcome {
	return &outcome{
		&Criterion{ID: "version_unknown", Role: RoleExcluding, Limit: Likely, Grade: GradeINF,
			Text: "Which Windows the computer runs is not known (it is in systeminfo, and in EventLog 6009 of its System log), and other versions do not have this cause"},
		result{state: Met, cites: cites, grade: GradeINF},
	}
}

// anchorID is the anchor's id among the criteria of a finding.
const anchorID = "anchor"

// subjectEvent is the name under which the subject's own last event is bound.
const subjectEvent = "subject"

// subjects yields what a rule is evaluated for, on the versions of Windows that it is
// about and in the scope. There may be more than anybody could wait for, so that they
// are made one by one.
func (d *diagnosis) subjects(rule *compiledRule, sc *scene.Scene) iter.Seq[*subject] {
	all := map[About]func(*scene.Scene) iter.Seq[*subject]{
		AboutBackupFailure: failureSubjects, AboutRestore: restoreSubjects, AboutGuestBackup: d.guestBackupSubjects,
		AboutIncident: func(sc *scene.Scene) iter.Seq[*subject] { return d.incidentSubjects(rule, sc) },
	}[rule.About]
	anyVersion := rule.Applies == Applies{}
	return func(yield func(*subject) bool) {
		for s := range all(sc) {
			if d.asks(s) && (anyVersion || rule.Applies.to(s.host.OSBuild(s.at))) && !yield(s) {
				return
			}
		}
	}
}

// to reports whether a version of Windows is one of those, as far as it is known.
func (a Applies) to(v scene.Value) bool {
	return !v.Known ||
		(a.From == "" || scene.CompareVersions(v.Text, a.From) >= 0) && (a.Below == "" || scene.CompareVersions(v.Text, a.Below) < 0)
}

// failureSubjects: each failed backup, once for each cluster shared volume on
// which it may have happened.
func failureSubjects(sc *scene.Scene) iter.Seq[*subject] {
	return func(yield func(*subject) bool) {
		for _, f := range sc.Failures {
			if f.Kind != scene.KindBackup || f.Host.Role == scene.RoleGuest {
				continue // a guest's own writer says nothing of its host's backup
			}
			for _, v := range volumesOf(f) {
				sub := &subject{host: f.Host, vm: f.VM, name: f.Name, volume: v, at: f.At, to: f.To, events: f.Events, failure: f, job: f.Job}
				if !yield(sub) {
					return
				}
			}
		}
	}
}

// volumesOf are those on which a failure may have happened; "" stands for no cluster
// shared volume.
func volumesOf(f *scene.Failure) []string {
	switch {
	case len(f.Volumes) > 0:
		return f.Volumes
	case len(f.Near) > 0:
		return f.Near
	case f.VM != nil && len(f.VM.Volumes) > 0 && !f.OffVolume():
		return f.VM.Volumes
	}
	return []string{""}
}

// restoreSubjects: each restore of each machine, failed or not.
func restoreSubjects(sc *scene.Scene) iter.Seq[*subject] {
	return func(yield func(*subject) bool) {
		for _, r := range sc.Restores {
			j := r.Job
			sub := &subject{host: j.Host, vm: r.VM, name: r.Name, at: j.To, from: j.Begin(), to: j.To,
				events: j.Events, job: j, failure: r.Failure, inferred: r.Inferred}
			if !yield(sub) {
				return
			}
		}
	}
}

// guestBackupSubjects: each backup of a host, with each machine that runs on
// it and whose guest's logs are at hand.
func (d *diagnosis) guestBackupSubjects(sc *scene.Scene) iter.Seq[*subject] {
	guests := only(sc.VMs, func(vm *scene.VM) bool { return vm.Guest != nil })
	return func(yield func(*subject) bool) {
		for _, j := range sc.Jobs {
			if j.Kind != scene.KindBackup || j.Host.Role != scene.RoleHost || j.From.IsZero() {
				continue
			}
			sub := subject{host: j.Host, at: j.To, from: j.From, to: j.To, events: j.Events, job: j}
			if !d.asks(&sub) {
				continue // whatever the machine
			}
			for _, vm := range guests {
				if j.NamesOthers(vm) {
					continue
				}
				with := sub
				with.vm = vm
				if !yield(&with) {
					return
				}
			}
		}
	}
}

// yield lowers a finding to possible where a rule that it yields to is likely
// or confirmed for the same failure.
func (d *diagnosis) yield() {
	better := map[*scene.Failure][]finding{} // as they were judged
	for _, f := range d.findings {
		if f.sub.failure != nil && max(f.verdict, f.unaided) >= Likely && !slices.ContainsFunc(better[f.sub.failure], f.addsNothingTo) {
			better[f.sub.failure] = append(better[f.sub.failure], *f)
		}
	}
	for _, f := range d.findings {
		for i := range better[f.sub.failure] {
			if other := &better[f.sub.failure][i]; slices.Contains(f.rule.YieldsTo, other.rule.ID) {
				f.yieldTo(other)
			}
		}
	}
}

// addsNothingTo reports whether what yields to either finding yields to the other one: a
// rule may have thousands for one failure.
func (f *finding) addsNothingTo(other finding) bool {
	return f.rule == other.rule && (f.verdict < Likely || other.verdict >= Likely) && (f.unaided < Likely || other.unaided >= Likely)
}

// yieldTo lowers the verdict, and apart from it the one that the finding would
// have without answers.
func (f *finding) yieldTo(other *finding) {
	if other.unaided >= Likely {
		f.unaided = min(f.unaided, Possible)
	}
	if other.verdict >= Likely && f.verdict > Possible {
		f.verdict = Possible
		f.outcomes = append(f.outcomes, yielded(other))
	}
}

func yielded(to *finding) *outcome {
	c := &Criterion{ID: "yields-to-" + to.rule.ID, Role: RoleExcluding, Limit: Possible, Grade: GradeMS,
		Text: "another known issue explains the same failure better: " + to.rule.Title}
	return &outcome{c, result{state: Met, cites: to.outcomes[0].cites, grade: GradeMS}}
}

// group makes one finding per rule, host, and machine (or volume where no
// machine is known). It keeps the criteria of the strongest, then latest one.
func (d *diagnosis) group() {
	type key struct {
		rule  *compiledRule
		host  *scene.Host
		vm    *scene.VM
		else_ string
	}
	index := map[key]*finding{}
	var list []*finding
	for _, f := range d.findings {
		k := key{f.rule, f.sub.host, f.sub.vm, ""}
		if f.sub.vm == nil {
			k.else_ = strings.ToLower(cmp.Or(f.sub.name, f.sub.volume))
		}
		g := index[k]
		if g == nil {
			index[k] = f
			f.occurrences = []occurrence{f.occurrence()}
			list = append(list, f)
			continue
		}
		g.absorb(f)
	}
	slices.SortStableFunc(list, compareFindings)
	d.findings = list
}

// absorb adds what was found for another subject. Two volumes of one failure are one
// occurrence, with the stronger verdict.
func (g *finding) absorb(f *finding) {
	last := &g.occurrences[len(g.occurrences)-1]
	if last.sub.failure != nil && last.sub.failure == f.sub.failure {
		if f.verdict > last.verdict {
			*last = f.occurrence()
		}
	} else {
		g.occurrences = append(g.occurrences, f.occurrence())
	}
	if f.outranks(g) {
		g.verdict, g.unaided, g.sub, g.outcomes = f.verdict, f.unaided, f.sub, f.outcomes
	}
}

// outranks: of two equal verdicts the one that the logs alone give says more,
// else the later one.
func (f *finding) outranks(g *finding) bool {
	switch {
	case f.verdict != g.verdict:
		return f.verdict > g.verdict
	case f.answered() != g.answered():
		return g.answered()
	}
	return f.sub.at.After(g.sub.at)
}

// compareFindings: the strongest verdict first, then the most severe, then by
// issue, host, machine and time.
func compareFindings(a, b *finding) int {
	return cmp.Or(
		cmp.Compare(a.rule.notes(), b.rule.notes()), // what is no failure comes last
		cmp.Compare(b.verdict, a.verdict),
		cmp.Compare(severityOrder[a.rule.Severity], severityOrder[b.rule.Severity]),
		byIssue(a.rule, b.rule),
		cmp.Compare(a.sub.host.Name, b.sub.host.Name),
		cmp.Compare(a.sub.vm.Label(), b.sub.vm.Label()),
		a.sub.at.Compare(b.sub.at),
	)
}

// notes is 1 if the rule explains no failure.
func (r *Rule) notes() int {
	if r.Severity == severityInfo {
		return 1
	}
	return 0
}

var severityOrder = map[string]int{"critical": 0, "high": 1, "medium": 2, "low": 3, severityInfo: 4}
