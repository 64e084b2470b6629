package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
	"github.com/vsswhy/vsswhy/rules/report"
	"github.com/vsswhy/vsswhy/rules/scene"
)

// Diagnose evaluates the rules over a scene for what is asked about, with what
// the engineer answered where the logs are silent, and makes the report, but for
// what only the program knows: its version, its arguments and the time.
func (s *Set) Diagnose(sc *scene.Scene, scope Scope, answers ...Answer) *report.Report {
	scope.known = map[*scene.Host]bool{}
	a := newAssembler(sc, s.diagnose(sc, scope, answers))
	r := &report.Report{
		Schema: report.Schema, Tool: report.Tool{Name: "vsswhy", RulesDigest: s.digest},
		Args: []string{}, Complete: true, Asked: scope.asked(sc),
		Sources: []report.Source{}, Skipped: []report.Skipped{}, Errors: []report.Error{}, Notices: []string{},
	}
	a.sources(r)
	r.Hosts = collect(sc.Hosts, a.host)
	for _, h := range sc.Hosts {
		r.Coverage = append(r.Coverage, collect(h.Coverages(), func(c *scene.Coverage) report.Coverage { return a.coverage(h, c) })...)
	}
	r.Coverage = orEmpty(r.Coverage)
	r.Jobs = numbered(bounded(a, "jobs", only(sc.Jobs, scope.job)), a.job)
	r.Findings = numbered(a.diagnosis.findings, a.finding)
	r.Failures = numbered(bounded(a, "failures", only(sc.Failures, scope.failure)), a.failure)
	for _, limit := range slices.Concat(sc.Limits, a.diagnosis.limits) {
		r.Complete = false
		r.Errors = append(r.Errors, report.Error{Detail: limit})
	}
	r.Answers = collect(a.diagnosis.answers.list, (*said).report)
	r.Checked = collect(a.diagnosis.checked, checked)
	r.NotEvaluable = collect(a.diagnosis.unevaluable, notEvaluable)
	return r
}

// assembler turns a diagnosis into the report's terms.
type assembler struct {
	scene     *scene.Scene
	diagnosis *diagnosis
	owners    map[int]string             // source → the computer that its facts were given to
	causes    map[*scene.Failure][]cause // the strongest first
	moves     []*event.Fact              // of cluster groups
	clocks    []*scene.Host              // those that can be compared
}

// cause is what a finding is for one failure.
type cause struct {
	finding  string
	verdict  Verdict
	answered bool
}

func newAssembler(sc *scene.Scene, d *diagnosis) *assembler {
	a := &assembler{scene: sc, diagnosis: d, moves: groupMoves(sc), clocks: sc.Clocks(), owners: map[int]string{}, causes: map[*scene.Failure][]cause{}}
	for _, h := range sc.Hosts {
		for _, f := range h.Facts() {
			a.owners[f.Source] = text(h.Name)
		}
	}
	for i, f := range d.findings {
		for _, o := range f.occurrences {
			if x := o.sub.failure; x != nil {
				a.causes[x] = append(a.causes[x], cause{findingID(i + 1), o.verdict, o.answered})
			}
		}
	}
	for _, list := range a.causes {
		slices.SortStableFunc(list, func(a, b cause) int { return cmp.Compare(b.verdict, a.verdict) })
	}
	return a
}

func findingID(n int) string { return fmt.Sprintf("F%d", n) }

func collect[T, U any](list []T, f func(T) U) []U {
	out := make([]U, 0, len(list))
	for _, x := range list {
		out = append(out, f(x))
	}
	return out
}

// only returns a list without what keep doesn't want.
func only[T any](list []T, keep func(T) bool) []T {
	var out []T
	for _, x := range list {
		if keep(x) {
			out = append(out, x)
		}
	}
	return out
}

func numbered[T, U any](list []T, f func(n int, x T) U) []U {
	out := make([]U, 0, len(list))
	for i, x := range list {
		out = append(out, f(i+1, x))
	}
	return out
}

// bounded cuts a list that is longer than anybody could use, and says so.
func bounded[T any](a *assembler, what string, list []T) []T {
	if len(list) <= maxReported {
		return list
	}
	a.diagnosis.limits = append(a.diagnosis.limits, fmt.Sprintf("there are %d %s; the first %d are listed", len(list), what, maxReported))
	return list[:maxReported]
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func sourceID(n int) string { return fmt.Sprintf("S%d", n) }

func at(t time.Time) report.Time { return report.Time{Time: t} }

func text(s string) string { return event.Clean(s) }

func texts(list []string) []string { return collect(list, text) }

func (a *assembler) host(h *scene.Host) report.Host {
	return report.Host{
		Name: text(h.Name), Aliases: texts(h.Aliases), Role: string(h.Role), OSBuild: text(h.OSBuild(forever).Text), VM: vm(h.VM, ""),
		Facts: collect(h.Facts(), func(f *event.Fact) report.Fact {
			return report.Fact{Key: string(f.Key), Name: text(f.Name), Value: text(f.Value), Source: sourceID(f.Source), Line: f.Line, Time: at(f.Time), Note: text(f.Note)}
		}),
		Clock: a.clock(h),
	}
}

func (a *assembler) coverage(h *scene.Host, c *scene.Coverage) report.Coverage {
	span := c.Span()
	return report.Coverage{
		Host: text(h.Name), Channel: text(c.Channel), From: at(span.From), To: at(span.To), Sources: collect(c.Sources, sourceID),
		Gaps:    collect(c.Gaps(), func(g scene.Interval) report.TimeSpan { return report.TimeSpan{From: at(g.From), To: at(g.To)} }),
		Cleared: clearedAt(c), ClearedBy: text(c.ClearedBy()), Wrapped: c.Wrapped,
	}
}

func clearedAt(c *scene.Coverage) report.Time {
	if c.Cleared == nil {
		return report.Time{}
	}
	return at(c.Cleared.Time)
}

func vm(v *scene.VM, name string) *report.VM {
	if v == nil {
		if name == "" {
			return nil
		}
		return &report.VM{Name: text(name)}
	}
	return &report.VM{Name: text(v.Name), ID: v.ID}
}

func codes(list []known.Code) []report.Code {
	return collect(list, func(c known.Code) report.Code {
		return report.Code{Code: c.String(), Name: c.Name(), Meaning: c.Meaning()}
	})
}

func (a *assembler) job(n int, j *scene.Job) report.Job {
	vms := []report.VM{}
	for _, v := range j.VMs {
		vms = append(vms, *vm(v, ""))
	}
	for _, name := range j.Names {
		vms = append(vms, report.VM{Name: text(name)})
	}
	return report.Job{
		ID: fmt.Sprintf("J%d", n), Kind: string(j.Kind), Host: text(j.Host.Name), VMs: vms, Volumes: texts(j.Volumes),
		From: at(j.From), To: at(j.To), Outcome: j.Outcome, Codes: codes(j.Codes),
		Evidence: collect(cites(j.Events, maxJobCites), a.evidence),
	}
}

func (a *assembler) failure(n int, f *scene.Failure) report.Failure {
	out := report.Failure{
		ID: fmt.Sprintf("X%d", n), Kind: string(f.Kind), Host: text(f.Host.Name), VM: vm(f.VM, f.Name), Time: at(f.At),
		Codes: codes(f.Codes), Shared: f.Shared, Findings: []string{}, Causes: []report.Cause{}, Remarks: a.movesBefore(f),
		Evidence: collect(cites(f.Events, maxCites), a.evidence),
	}
	if len(f.Volumes) > 0 {
		out.Volume = text(f.Volumes[0])
	}
	if local, ok := f.Host.LocalTime(f.At); ok {
		out.Local = local.Format("2006-01-02 15:04:05 -07:00")
	}
	for _, c := range a.causes[f] {
		out.Findings = append(out.Findings, c.finding)
		out.Causes = append(out.Causes, report.Cause{Finding: c.finding, Verdict: c.verdict.String(), Answered: c.answered})
	}
	return out
}

func (a *assembler) finding(n int, f *finding) report.Finding {
	r := f.rule
	out := report.Finding{
		ID: findingID(n), Rule: r.ID, Issue: issue(r), Title: r.Title, Severity: r.Severity, Verdict: f.verdict.String(),
		Candidate: f.candidate(), Answered: f.answered(), Host: text(f.sub.host.Name), VM: vm(f.sub.vm, f.sub.name), Volume: text(f.sub.volume),
		Criteria: collect(f.outcomes, a.criterion), NotChecked: texts(notChecked(f)), Remarks: a.remarks(f),
		Remediation: collect(r.Remediation, func(s Step) report.Step { return report.Step(s) }),
		References:  collect(r.References, func(x Reference) report.Reference { return report.Reference(x) }),
		KnownFalse:  texts(r.KnownFalse),
	}
	out.Hosts = a.hostsOf(f)
	for _, o := range f.occurrences {
		from, to := o.sub.span()
		out.Occurrences = append(out.Occurrences, report.Occurrence{First: at(from), Last: at(later(from, to)), Verdict: o.verdict.String(), Answered: o.answered})
	}
	slices.SortStableFunc(out.Occurrences, func(a, b report.Occurrence) int { return a.First.Compare(b.First.Time) })
	out.First, out.Last = out.Occurrences[0].First, out.Occurrences[0].Last
	for _, o := range out.Occurrences {
		out.Last = at(later(out.Last.Time, o.Last.Time))
	}
	return out
}

func issue(r *compiledRule) *int {
	if r.Issue == 0 {
		return nil
	}
	n := r.Issue
	return &n
}

// candidate: a met required criterion rests on an inference or on memory, or an
// answer of whatever role lifts the verdict.
func (f *finding) candidate() bool {
	return f.verdict > f.unaided || slices.ContainsFunc(f.outcomes, func(o *outcome) bool {
		return o.state == Met && (o.Role == RoleRequired || o.Role == RoleAnchor) && gradeOrder[o.grade] >= gradeOrder[GradeINF]
	})
}

func notChecked(f *finding) []string {
	list := slices.Clone(f.rule.NotChecked)
	for _, o := range f.outcomes {
		if o.Artefact && o.state == Unknown {
			list = appendNew(list, o.Text)
		}
	}
	return list
}

// remarks are what a reader must know to trust the verdict rightly.
func (a *assembler) remarks(f *finding) []string {
	list := []string{}
	if f.answered() {
		list = append(list, "this verdict rests on what the engineer answered; the logs alone make it "+f.unaided.String())
	}
	if f.sub.failure != nil && f.sub.failure.Shared {
		list = append(list, "a writer's error names no virtual machine; it was given to each that failed on this host within ten minutes")
	}
	for _, o := range f.outcomes {
		if o.state == Met && o.grade == GradeMEM {
			list = appendNew(list, "rests on event ids known from memory only; at most likely until they are verified")
		}
	}
	for _, h := range otherNodes(f) {
		list = appendNew(list, a.clockRemark(f.sub, h))
	}
	return list
}

// otherNodes are the cluster nodes that a finding cites beside its own host, in
// the order of their names.
func otherNodes(f *finding) []*scene.Host {
	var hosts []*scene.Host
	for _, o := range f.outcomes {
		for _, c := range o.cites {
			if c.Event != nil && c.Host != f.sub.host && c.Host.Cluster() && !slices.Contains(hosts, c.Host) {
				hosts = append(hosts, c.Host)
			}
		}
	}
	slices.SortFunc(hosts, func(a, b *scene.Host) int { return strings.Compare(a.Name, b.Name) })
	return hosts
}

// hostsOf lists the computers whose evidence a finding cites, its own first.
func (a *assembler) hostsOf(f *finding) []string {
	names := []string{text(f.sub.host.Name)}
	var others []string
	for _, o := range f.outcomes {
		for _, c := range o.cites {
			if c.Host != nil && o.state == Met {
				others = append(others, text(c.Host.Name))
			}
		}
	}
	slices.Sort(others)
	return unique(append(names, others...))
}

func (a *assembler) criterion(o *outcome) report.Criterion {
	out := report.Criterion{
		ID: o.ID, Text: o.Text, Role: string(o.Role), State: o.state.String(), Grade: string(o.grade),
		Evidence: distinct(collect(o.cites, a.evidence)), Missing: orEmpty(texts(inWords(o.missing))),
	}
	if o.Limit != NoVerdict {
		out.Limit = o.Limit.String()
	}
	if o.state == Unknown || o.reply != nil && o.reply.logs == logsSilent {
		out.Collect = o.Collect
	}
	if o.reply != nil {
		out.Answer = o.reply.report()
	}
	return out
}

// distinct drops repetitions, which the parts of a condition make, and
// orders events by time.
func distinct(list []report.Evidence) []report.Evidence {
	out := orEmpty(unique(list))
	slices.SortStableFunc(out, func(a, b report.Evidence) int { return a.Time.Compare(b.Time.Time) })
	return out
}

// evidence turns a citation into the report's form.
func (a *assembler) evidence(c scene.Citation) report.Evidence {
	var out report.Evidence
	switch {
	case c.Event != nil:
		e := c.Event
		out = report.Evidence{Source: sourceID(e.Source), Record: e.Record, Offset: e.Offset, Line: e.Line, Recovered: e.Recovered, Time: at(e.Time),
			Provider: text(e.Provider), ID: e.ID, Summary: cmp.Or(c.Text, summary(e))}
		out.Path = a.path(e.Source)
	case c.Fact != nil:
		f := c.Fact
		out = report.Evidence{Source: sourceID(f.Source), Offset: f.Offset, Line: f.Line, Time: at(f.Time), Summary: cmp.Or(c.Text, factText(f))}
		out.Path = a.path(f.Source)
	case c.Cover != nil:
		span := c.Cover.Span()
		out = report.Evidence{Source: sourceID(c.Cover.Sources[0]), Offset: -1, Summary: fmt.Sprintf("%s; the %s log covers %s to %s", c.Text+during(c.Within), c.Cover.Channel, cmp.Or(at(span.From).String(), "its beginning"), at(span.To))}
		out.Path = a.path(c.Cover.Sources[0])
	}
	if c.Host != nil {
		out.Host = text(c.Host.Name)
	}
	out.Summary = text(out.Summary)
	return out
}

func (a *assembler) path(source int) string {
	if s := a.scene.Source(source); s != nil {
		return text(s.Path)
	}
	return ""
}

// factText says what a fact states, in a few words.
func factText(f *event.Fact) string {
	label := strings.TrimSpace(string(f.Key) + " " + f.Name)
	s := label + ": " + f.Value
	if f.Note != "" {
		s += " (" + f.Note + ")"
	}
	return s
}

// summary is our own line for an event, with what it speaks of.
func summary(e *scene.Event) string {
	parts := []string{cmp.Or(known.Summary(e.Provider, e.ID), "event "+fmt.Sprint(e.ID))}
	if e.VM != nil {
		parts = append(parts, "VM "+e.VM.Label())
	}
	for _, v := range e.Volumes {
		parts = append(parts, "volume "+v)
	}
	for _, g := range e.GUIDs {
		if name := known.WriterName(g); name != "" {
			parts = append(parts, "writer "+name)
		}
	}
	for _, c := range e.Codes {
		parts = append(parts, strings.TrimSpace(c.String()+" "+c.Name()))
	}
	for i, p := range e.Paths {
		if i < 2 && !strings.Contains(strings.ToLower(p), `\clusterstorage\`) || strings.Contains(strings.ToLower(p), ".avhd") {
			parts = append(parts, p)
		}
	}
	return strings.Join(appendNew(nil, parts...), ", ")
}

func checked(u *unevaluable) report.Checked {
	return report.Checked{Rule: u.rule.ID, Issue: issue(u.rule), Title: u.rule.Title, Host: text(u.host.Name)}
}

func notEvaluable(u *unevaluable) report.NotEvaluable {
	return report.NotEvaluable{Rule: u.rule.ID, Issue: issue(u.rule), Title: u.rule.Title, Host: text(u.host.Name),
		Missing: texts(u.missing), Collect: orEmpty(texts(u.collect))}
}
