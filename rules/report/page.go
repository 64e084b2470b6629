package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// A page is what a report says to people, in the order in which they need it:
// what failed and what explains it, the evidence of each finding, what was ruled
// out, what is missing, and what to do. The printers (text, Markdown, HTML) only
// set it in type.
//
// A report may be read from a case that comes from a stranger, so all text is
// cleaned on its way into a page.
type page struct {
	report *Report
	full   bool // with timelines, gaps, inputs and their hashes; else short enough for a mail
	nodes  []node
	cited  map[string]bool   // ids of sources
	told   map[string]string // rule → the finding that told what to do
}

// A node is one part of a page.
type node struct {
	kind  kind
	mark  string // what stands before the text: "X1", "needs:"
	state string // met, unmet or unknown, of a criterion; or a verdict
	text  rich
	cite  *Evidence
	kids  []node
	drawn drawing // what a printer that can draw shows in place of the kids
	fold  bool    // most readers skip it
}

// A drawing is a *timeline, a *coverageChart or a *table.
type drawing any

// A table has cells of several lines; the first cell of a row names it.
type table struct {
	caption string
	columns []column
	rows    []row
	more    string // what it leaves out; "" if nothing
}

type column struct{ title, class string }

type row struct {
	id    string // that refs name
	cells [][]rich
}

type kind int

const (
	heading  kind = iota
	para          // a paragraph
	group         // items under a line of text, which may be empty
	item          // of a list, with kids below it
	citation      // evidence
	code          // a command to copy; its mark is the shell
	answer        // an item: what the report comes to
	remark        // an item: a note of the engineer
	title         // a paragraph: what the section is about
)

// rich is text in parts.
type rich []span

type span struct {
	text string
	as   style
}

type style int

const (
	plain   style = iota
	literal       // a path or a hash, to be copied
	link          // a URL of a rule
	ref           // the id of a finding or a source, which a page may link to it
	badge         // a verdict
	risk          // of a step, in brackets
)

func txt(format string, args ...any) rich {
	return rich{{event.Clean(fmt.Sprintf(format, args...)), plain}}
}

func (r rich) lit(s string) rich { return r.as(literal, s) }

func (r rich) as(as style, s string) rich { return append(r, span{event.Clean(s), as}) }

func (r rich) txt(format string, args ...any) rich { return append(r, txt(format, args...)...) }

// String is the text without its styles.
func (r rich) String() string {
	var b strings.Builder
	for _, s := range r {
		b.WriteString(s.text)
	}
	return b.String()
}

const (
	maxDetailed = 50   // what the page tells in full: nobody reads on
	maxListed   = 8    // lists that grow with the bundle; the JSON form has all
	maxInputs   = 1000 // the list of what was read, and of what was not
	maxOpen     = 4    // computers whose coverage is not folded
)

// page makes the page of a report.
func (r *Report) page(full bool) *page {
	p := &page{report: r, full: full, cited: map[string]bool{}, told: map[string]string{}}
	p.head()
	p.notes()
	p.failures()
	for i := range r.Findings {
		if i == maxDetailed {
			p.heading(txt("and %d more findings, all of them in --format json", len(r.Findings)-maxDetailed))
			break
		}
		p.finding(&r.Findings[i])
	}
	p.unexplained()
	p.notEvaluable()
	p.checked()
	p.answers()
	if full {
		p.inputs()
	} else {
		p.sourcesCited()
	}
	p.input()
	if full {
		p.origin()
	}
	return p
}

func (p *page) add(n ...node) { p.nodes = append(p.nodes, n...) }

func (p *page) heading(text rich) { p.add(node{kind: heading, text: text}) }

func (p *page) para(mark string, text rich) { p.add(node{kind: para, mark: mark, text: text}) }

// group adds items under a line of text, unless there are none.
func (p *page) group(text string, items []node) {
	if len(items) > 0 {
		p.add(node{kind: group, text: txt("%s", text), kids: items})
	}
}

// folded is group for what most readers skip.
func (p *page) folded(text string, items []node) {
	if p.group(text, items); len(items) > 0 {
		p.nodes[len(p.nodes)-1].fold = true
	}
}

func entry(mark string, text rich, kids ...node) node {
	return node{kind: item, mark: event.Clean(mark), text: text, kids: kids}
}

// entries lists texts, each with the same mark.
func entries(mark string, texts []string) []node {
	var list []node
	for _, s := range texts {
		list = append(list, entry(mark, txt("%s", s)))
	}
	return list
}

// shorten cuts a list of n things, of which items were made, and says so.
func shorten[T any](list []T, most int, more string, tell func(*T) node) []node {
	var items []node
	for i := range list {
		if i == most {
			return append(items, entry("", txt(more, len(list)-most)))
		}
		items = append(items, tell(&list[i]))
	}
	return items
}

func (p *page) head() {
	r := p.report
	logs, records := r.Logs()
	p.para("vsswhy:", txt("%s, %s, %s", count(len(r.Hosts), "computer"), count(logs, "log"), count(int(records), "record")))
	if !r.Complete {
		p.para("", txt(`INCOMPLETE: part of the input could not be read; see "Input" at the end.`))
	}
	if r.Redacted {
		p.para("REDACTED:", txt("pseudonyms stand for names, addresses, paths and ids of computers, machines, users and disks."))
	}
	if r.Asked != nil {
		p.para("asked:", r.Asked.text())
	}
	for _, n := range r.Notices {
		p.para("NOTE:", txt("%s", n))
	}
	p.headline()
}

func (a *Asked) text() rich {
	t := txt("failures")
	if len(a.Hosts) > 0 {
		t = t.txt(" on %s", strings.Join(a.Hosts, ", "))
		if len(a.Computers) == 0 {
			t = t.txt(" (no computer of that name is in the logs)")
		}
	}
	if !a.Since.IsZero() {
		t = t.txt(" since %s", a.Since)
	}
	if !a.Until.IsZero() {
		t = t.txt(" before %s", a.Until)
	}
	if a.FailuresOutside > 0 {
		t = t.txt("; seen outside of that: %s", count(a.FailuresOutside, "failure"))
	}
	return t
}

// headline says the answer first: what it is, or that nothing known fits.
func (p *page) headline() {
	r, found := p.report, 0
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Verdict == "ruled-out" || f.Note() {
			continue
		}
		if found++; found <= maxListed {
			mark := "=>"
			if r.outdone(f) {
				mark = "or"
			}
			p.add(node{kind: answer, mark: mark, state: f.Verdict, text: rich{}.as(badge, f.word()).txt(": %s (%s)", f.Title, where(f.Host, f.VM, f.Volume))})
		}
	}
	if found > maxListed {
		p.add(node{kind: answer, mark: "=>", text: txt("and %d more findings", found-maxListed)})
	}
	if found == 0 {
		p.add(node{kind: answer, mark: "=>", text: txt("%s", nothingFits(r))})
	}
	p.harmlessFindings()
}

// outdone reports whether each failure that the finding may explain has a cause
// that is likely or confirmed, and stronger than this one.
func (r *Report) outdone(f *Finding) bool {
	any := false
	for i := range r.Failures {
		causes := r.Failures[i].Causes
		own := slices.IndexFunc(causes, func(c Cause) bool { return c.Finding == f.ID })
		if own < 0 {
			continue
		}
		any = true
		best := causes[0].Verdict // the strongest is first
		if best == causes[own].Verdict || best != "confirmed" && best != "likely" {
			return false
		}
	}
	return any
}

// harmlessFindings are what looks like a failure and is none, in a line each.
func (p *page) harmlessFindings() {
	list := slices.DeleteFunc(slices.Clone(p.report.Findings), func(f Finding) bool { return !f.Note() || f.Verdict == "ruled-out" })
	p.add(shorten(list, maxListed, "and %d more notes", func(f *Finding) node {
		return entry("note", txt("%s (%s)", f.Title, where(f.Host, f.VM, f.Volume)))
	})...)
}

// notes are what the engineer wants the reader to know.
func (p *page) notes() {
	if len(p.report.Notes) == 0 {
		return
	}
	p.heading(txt("Notes"))
	p.add(shorten(p.report.Notes, maxInputs, "and %d more, all of them in --format json", func(n *Note) node {
		return node{kind: remark, text: txt("%s", n.Text), kids: []node{entry("on", n.about())}}
	})...)
}

// about names what a note is written on.
func (n *Note) about() rich {
	switch {
	case n.Finding != "":
		return rich{}.as(ref, n.Finding).txt(", %s", where(n.Host, n.VM, n.Volume))
	case n.Channel != "":
		return txt("%s %s, %s, record %d", n.Time, n.Host, n.Channel, n.Record)
	}
	return txt("%s, %s, not in this report any more", n.Rule, where(n.Host, n.VM, n.Volume))
}

func nothingFits(r *Report) string {
	s := "No known issue fits"
	if len(r.Failures) > 0 {
		s += "; " + count(len(r.Failures), "backup or restore") + " failed"
	}
	if n := len(groupBy(r.NotEvaluable, func(n NotEvaluable) string { return n.Rule })); n > 0 {
		s += fmt.Sprintf("; %s could not be checked everywhere (see below)", count(n, "issue"))
	}
	return s + "."
}

func (p *page) failures() {
	r := p.report
	p.heading(txt("What failed"))
	if len(r.Failures) == 0 && len(r.Findings) > 0 {
		p.para("", txt("No log says that a backup or restore failed. What is found below may have made one fail that logs elsewhere."))
	} else if len(r.Failures) == 0 {
		p.para("", txt("No failed backup or restore was found in what was read."))
		if len(r.Coverage) > 0 {
			p.para("", txt("Errors that are none by themselves, such as a failed checkpoint (VMMS 18012), are listed by: vsswhy events PATH... --where \"level<=2\""))
		}
	}
	findings := map[string]*Finding{}
	for i := range r.Findings {
		findings[r.Findings[i].ID] = &r.Findings[i]
	}
	blocked := map[string]bool{}
	for _, n := range r.NotEvaluable {
		blocked[n.Host] = true
	}
	p.add(shorten(alike(r.Failures), maxDetailed, "and %d more, all of them in --format json", func(list *[]Failure) node {
		f := &(*list)[0]
		n := p.failure(f, findings, blocked[f.Host])
		if more := (*list)[1:]; len(more) > 0 {
			n.kids = append(n.kids, again(more))
		}
		return n
	})...)
}

// maxAlike is how many failures that are alike are told one by one.
const maxAlike = 3

// alike puts failures together that differ in nothing but their times, where there
// are so many that one of them is enough.
func alike(list []Failure) [][]Failure {
	var out [][]Failure
	for _, same := range groupBy(list, func(f Failure) string { return f.likeness() }) {
		if len(same) > maxAlike {
			out = append(out, same)
			continue
		}
		for i := range same {
			out = append(out, same[i:i+1])
		}
	}
	slices.SortStableFunc(out, func(a, b []Failure) int { return a[0].Time.Compare(b[0].Time.Time) })
	return out
}

// likeness is the same for failures that are alike.
func (f *Failure) likeness() string {
	var causes, events []string
	for _, c := range f.Causes {
		causes = append(causes, c.Finding, c.Verdict)
	}
	if !f.explained() {
		for _, e := range f.Evidence {
			events = append(events, fmt.Sprintf("%s %s %d", e.Host, e.Provider, e.ID))
		}
	}
	return fmt.Sprintf("%q %q %q", []string{f.Kind, f.Host, f.VM.name(), f.VM.id(), f.Volume, codeList(f.Codes)}, causes, events)
}

func again(list []Failure) node {
	n := entry("again", txt("%d times, the last %s", len(list), list[len(list)-1].Time))
	n.fold = true
	n.kids = shorten(list, maxListed, "and %d more", func(f *Failure) node { return entry(f.ID, txt("%s", f.Time)) })
	return n
}

func (p *page) failure(f *Failure, findings map[string]*Finding, blocked bool) node {
	n := entry(fmt.Sprintf("%-3s", f.ID), txt("%s  %s of %s", f.Time, f.Kind, where(f.Host, f.VM, f.Volume)))
	if f.Local != "" {
		n.kids = append(n.kids, entry("local", txt("%s on %s", f.Local, f.Host)))
	}
	for _, c := range f.Codes {
		n.kids = append(n.kids, entry("code", txt("%s", codeText(c))))
	}
	n.kids = append(n.kids, entries("then", f.Remarks)...)
	for _, c := range f.Causes {
		if x := findings[c.Finding]; x != nil {
			n.kids = append(n.kids, causeNode(c, x))
		}
	}
	if !f.explained() {
		why := "nothing known explains it"
		if blocked {
			why = `it can't be explained with what is here (see "Could not be checked")`
		}
		n.kids = append(n.kids, entry("->", txt("%s; its events:", why), p.cite(f.Evidence)...))
	}
	return n
}

func causeNode(c Cause, f *Finding) node {
	n := entry("->", rich{}.as(ref, f.ID).txt(" ").as(badge, verdictWord(c.Verdict, f.Candidate, c.Answered)).txt(" %s: %s", issueText(f.Issue, f.Rule), f.Title))
	n.state = c.Verdict
	return n
}

// explained reports whether any cause is left that was not ruled out.
func (f *Failure) explained() bool {
	return slices.ContainsFunc(f.Causes, func(c Cause) bool { return c.Verdict != "ruled-out" })
}

// cite makes citations, and notes their sources.
func (p *page) cite(list []Evidence) []node {
	var nodes []node
	for i := range list {
		p.cited[list[i].Source] = true
		nodes = append(nodes, node{kind: citation, cite: &list[i]})
	}
	return nodes
}

func (p *page) finding(f *Finding) {
	p.add(node{kind: heading, mark: event.Clean(f.ID), state: f.Verdict, text: txt("%s  ", f.ID).as(badge, f.word()).txt("  %s", issueText(f.Issue, f.Rule))})
	p.add(node{kind: title, text: txt("%s", f.Title)})
	p.para("", txt("%s; severity %s", where(f.Host, f.VM, f.Volume), f.Severity))
	p.when(f)
	if f.Candidate && f.Verdict != "ruled-out" {
		p.para("Candidate:", txt("some of it is inferred (INF) or from memory (MEM), not stated by Microsoft (MS)."))
	}
	p.excluded(f)
	if p.full && f.Verdict != "ruled-out" {
		p.timeline("Timeline:", p.report.timelineOf(f))
	}
	p.evidenceFor(f)
	if f.Verdict == "ruled-out" {
		p.remarks(f)
		return
	}
	p.group("Against it:", p.criteria(f, "unmet", "not so: ", "required", "discriminating"))
	p.unknown(f)
	p.folded("Checked, and not the case:", p.criteria(f, "unmet", "", "excluding"))
	p.group("Not checked, because no log shows it:", entries("-", f.NotChecked))
	p.group("Take care:", entries("-", f.KnownFalse))
	p.remarks(f)
	p.steps(f)
	p.references(f)
}

func (p *page) when(f *Finding) {
	if len(f.Occurrences) == 1 {
		p.para("", txt("%s", between(f.First, f.Last)))
		return
	}
	p.group(fmt.Sprintf("%s, %s:", count(len(f.Occurrences), "occurrence"), between(f.First, f.Last)),
		shorten(f.Occurrences, maxListed, "and %d more", func(o *Occurrence) node {
			verdict := o.Verdict
			if o.Answered {
				verdict += " (by an answer)"
			}
			return entry("", txt("%s %s", between(o.First, o.Last), verdict))
		}))
}

func between(from, to Time) string {
	if from.Equal(to.Time) || to.IsZero() {
		return from.String()
	}
	return from.String() + " to " + to.String()
}

// each calls f for the criteria of a state that have one of the roles.
func (f *Finding) each(state string, do func(c *Criterion), roles ...string) {
	for i := range f.Criteria {
		if c := &f.Criteria[i]; c.State == state && slices.Contains(roles, c.Role) {
			do(c)
		}
	}
}

// basis is what a criterion's outcome rests on: citations, and the engineer's
// answer with the logs that would stand in for it.
func (p *page) basis(c *Criterion) []node {
	nodes := p.cite(c.Evidence)
	if c.Answer == nil {
		return nodes
	}
	nodes = append(nodes, entry("", txt("%s", c.Answer.text())))
	if c.State != "unknown" && c.Answer.Logs == "silent" && c.Answer.From == "" {
		nodes = append(nodes, entries("logs that would:", c.Missing)...)
	}
	return nodes
}

// text says who settled a criterion, and what the logs say to it.
func (a *CriterionAnswer) text() string {
	s := "answered by the engineer: " + a.Value
	if a.From != "" {
		s += ", as follows from the answer to \"" + a.From + "\""
	}
	if a.Note != "" {
		s += " (" + a.Note + ")"
	}
	if !a.Time.IsZero() {
		s += ", " + a.Time.String()
	}
	return s + map[string]string{"silent": "; no log shows it", "agree": "; the logs confirm it", "disagree": "; THE LOGS CONTRADICT IT, and they count"}[a.Logs]
}

// criteria lists those of a state and role. Excluding ones are told without
// their grade.
func (p *page) criteria(f *Finding, state, not string, roles ...string) []node {
	var list []node
	f.each(state, func(c *Criterion) {
		grade := fmt.Sprintf(" (%s, %s)", c.Role, c.Grade)
		if c.Role == "excluding" {
			grade = ""
		}
		list = append(list, node{kind: item, state: state, text: txt("%s%s%s", not, c.Text, grade), kids: p.basis(c)})
	}, roles...)
	return list
}

// excluded says first what ruled the issue out or keeps the verdict down.
func (p *page) excluded(f *Finding) {
	f.each("met", func(c *Criterion) {
		mark := "RULED OUT:"
		if c.Limit != "" {
			mark = "AT MOST " + strings.ToUpper(c.Limit) + ":"
		}
		p.add(entry(mark, txt("%s", c.Text), p.basis(c)...))
	}, "excluding")
}

// evidenceFor lists what is met. Of a finding that is ruled out, the anchor is
// enough; a discriminating criterion that rests on the same evidence as a
// required one was told with that.
func (p *page) evidenceFor(f *Finding) {
	roles := []string{"anchor", "required", "discriminating", "supporting"}
	if f.Verdict == "ruled-out" {
		roles = roles[:1]
	}
	told := *f
	told.Criteria = slices.DeleteFunc(slices.Clone(f.Criteria), func(c Criterion) bool { return c.Role == "discriminating" && f.repeats(&c) })
	p.group("Evidence:", p.criteria(&told, "met", "", roles...))
}

// repeats reports whether a required criterion rests on the same evidence.
func (f *Finding) repeats(c *Criterion) bool {
	return slices.ContainsFunc(f.Criteria, func(o Criterion) bool {
		return o.Role == "required" && o.State == c.State && slices.Equal(o.Evidence, c.Evidence) && (o.Answer == nil) == (c.Answer == nil)
	})
}

// unknown lists what is missing to be sure, and how to get it. A question that
// discriminates is asked as a required one, too, and what nothing new would
// settle is not asked again.
func (p *page) unknown(f *Finding) {
	asked := map[string]bool{}
	var list []node
	f.each("unknown", func(c *Criterion) {
		news := slices.DeleteFunc(slices.Clone(c.Missing), func(m string) bool { return asked[m] })
		if c.Role == "excluding" && (slices.Contains(f.NotChecked, c.Text) || len(news) == 0) {
			return
		}
		n := node{kind: item, state: "unknown", text: txt("%s (%s, %s)", c.Text, c.Role, c.Grade), kids: p.basis(c)}
		for _, m := range news {
			n.kids = append(n.kids, entry("needs:", txt("%s", m)))
			asked[m] = true
		}
		if c.Collect != "" {
			n.kids = append(n.kids, entry("", txt("%s", c.Collect)))
		}
		list = append(list, n)
	}, "required", "excluding")
	p.group("Not known; to be sure, ask for:", list)
}

func (p *page) remarks(f *Finding) {
	for _, s := range f.Remarks {
		p.para("Note:", txt("%s", s))
	}
}

// timeline draws what came before what; or lists it, where nothing can be drawn.
func (p *page) timeline(title string, t *timeline) {
	list := shorten(t.rows, maxDetailed, "and %d more", func(r *moment) node { return entry(r.at.String(), txt("%s", r.line())) })
	p.group(title, append(list, entries("", t.remarks)...))
	if len(t.rows) > 0 {
		p.nodes[len(p.nodes)-1].drawn = t
	}
}

func (p *page) steps(f *Finding) {
	if first := p.told[f.Rule]; first != "" && len(f.Remediation) > 0 {
		p.para("", txt("What to do: as for ").as(ref, first).txt("."))
		return
	}
	p.told[f.Rule] = f.ID
	var list []node
	for i, s := range f.Remediation {
		n := entry(fmt.Sprintf("%d.", i+1), txt("%s", s.Text))
		if s.Risk != "" {
			n.text = n.text.txt(" ").as(risk, "("+s.Risk+")")
		}
		if s.Run != "" {
			n.kids = []node{{kind: code, mark: event.Clean(s.Shell), text: txt("%s", s.Run)}}
		}
		list = append(list, n)
	}
	p.group("What to do:", list)
}

func (p *page) references(f *Finding) {
	title, mark := "", "See"
	if p.full {
		title, mark = "References:", ""
	}
	var list []node
	for _, ref := range f.References {
		list = append(list, entry(mark, append(txt("%s ", ref.Title), span{event.Clean(ref.URL), link})))
	}
	p.group(title, list)
}

// unexplained helps with failures that nothing explains: the commonest result.
func (p *page) unexplained() {
	list := slices.DeleteFunc(slices.Clone(p.report.Failures), func(f Failure) bool { return f.explained() })
	if len(list) > 0 {
		p.heading(txt("Failures without a known cause"))
		p.para("", txt("The issues that this program knows were checked as listed below. To go on: the events above, the codes, and the logs of the same minutes on every host. Ask for what \"Could not be checked\" names."))
	}
	for i, same := range alike(list) {
		if i == maxListed || !p.full {
			break
		}
		p.timeline("Timeline of "+same[0].ID+":", p.report.timelineOfFailure(&same[0]))
	}
}

// notEvaluable groups by issue: what is missing often is so on every host.
func (p *page) notEvaluable() {
	if len(p.report.NotEvaluable) == 0 {
		return
	}
	p.heading(txt("Could not be checked"))
	issues, others := split(p.report.NotEvaluable, func(n NotEvaluable) bool { return n.Issue != nil })
	for _, list := range groupBy(issues, func(n NotEvaluable) string { return n.Rule }) {
		items := shorten(list, maxListed, "and on %d more computers", func(n *NotEvaluable) node {
			return entry("missing:", txt("%s", strings.Join(n.Missing, "; ")))
		})
		p.group(issueText(list[0].Issue, list[0].Rule)+": "+list[0].Title, append(items, entries("collect:", list[0].Collect)...))
	}
	// Of the many other causes a log is missing for several.
	for _, list := range groupBy(others, func(n NotEvaluable) string { return strings.Join(n.Missing, "; ") }) {
		var items []node
		var ways []string
		for _, n := range list {
			items = append(items, entry("-", txt("%s", n.Title)))
			ways = appendNew(ways, n.Collect...)
		}
		p.group("Without "+strings.Join(list[0].Missing, "; ")+":", append(items, entries("collect:", ways)...))
	}
}

func appendNew(list []string, more ...string) []string {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// split parts a list in two.
func split[T any](list []T, first func(T) bool) (a, b []T) {
	for _, x := range list {
		if first(x) {
			a = append(a, x)
		} else {
			b = append(b, x)
		}
	}
	return a, b
}

func (p *page) checked() {
	if len(p.report.Checked) == 0 {
		return
	}
	p.heading(txt("Checked, nothing found"))
	issues, others := split(p.report.Checked, func(c Checked) bool { return c.Issue != nil })
	for _, list := range groupBy(issues, func(c Checked) string { return c.Rule }) {
		p.group(issueText(list[0].Issue, list[0].Rule)+": "+list[0].Title, []node{entry("on", txt("%s", checkedOn(list)))})
	}
	rules := groupBy(others, func(c Checked) string { return c.Rule })
	for _, list := range groupBy(rules, checkedOn) {
		var items []node
		for _, rule := range list {
			items = append(items, entry("-", txt("%s", rule[0].Title)))
		}
		p.group("On "+checkedOn(list[0])+":", items)
	}
}

// checkedOn names the computers on which a rule found nothing.
func checkedOn(list []Checked) string {
	var hosts []string
	for _, c := range list {
		hosts = append(hosts, c.Host)
	}
	return listed(hosts)
}

// answers lists what the engineer said, used or not.
func (p *page) answers() {
	if len(p.report.Answers) == 0 {
		return
	}
	p.heading(txt("Answers of the engineer"))
	p.add(shorten(p.report.Answers, maxDetailed, "and %d more, all of them in --format json", func(a *Answer) node {
		vm := &VM{Name: a.VM}
		if a.VM == "" {
			vm = nil
		}
		n := entry(a.Answer+":", txt("%s (%s, %s)", cmp.Or(a.Text, a.Criterion), a.Rule, where(a.Host, vm, a.Volume)), entry("->", txt("%s", a.Outcome)))
		if a.Note != "" {
			n.kids = append(n.kids, entry("because:", txt("%s", a.Note)))
		}
		return n
	})...)
}

// sourcesCited lists the paths of what was cited by the source's id.
func (p *page) sourcesCited() {
	if len(p.cited) == 0 {
		return
	}
	p.heading(txt("Sources cited"))
	for _, s := range p.report.Sources {
		if p.cited[s.ID] {
			p.add(entry(fmt.Sprintf("%-4s", s.ID), rich{}.lit(s.Path)))
		}
	}
}

// inputs lists all that was read, with the hashes that say which files it was.
func (p *page) inputs() {
	p.heading(txt("What was read"))
	t := &table{caption: "Sizes are in bytes.", columns: []column{{"Id", "fixed"}, {"File", ""}, {"Format", ""}, {"Bytes", "number"}, {"Records", "number"}, {"Damage", ""}}}
	items := shorten(p.report.Sources, maxInputs, "and %d more, all of them in --format json", func(s *Source) node {
		t.rows = append(t.rows, row{id: event.Clean(s.ID), cells: s.cells()})
		n := entry(s.ID, rich{}.lit(s.Path).txt(" (%s, %s, %s)", s.Format, count(int(s.Bytes), "byte"), count(int(s.Records), "record")))
		n.kids = entries("", s.Remarks)
		if s.SHA256 != "" {
			n.kids = append(n.kids, entry("SHA-256", rich{}.lit(s.SHA256)))
		}
		return n
	})
	if more := len(p.report.Sources) - maxInputs; more > 0 {
		t.more = fmt.Sprintf("and %d more, all of them in --format json", more)
	}
	p.add(node{kind: group, kids: items, drawn: t})
}

// cells are a source's row of the table of what was read.
func (s *Source) cells() [][]rich {
	file := []rich{rich{}.lit(s.Path)}
	if s.SHA256 != "" {
		file = append(file, txt("SHA-256 ").lit(s.SHA256))
	}
	for _, r := range s.Remarks {
		file = append(file, txt("%s", r))
	}
	return [][]rich{{txt("%s", s.ID)}, file, {txt("%s", s.Format)}, {txt("%d", s.Bytes)}, {txt("%d", s.Records)}, s.damage()}
}

// damage is what a source's damage comes to.
func (s *Source) damage() []rich {
	var out []rich
	if s.Error != "" {
		out = append(out, txt("LOST: %s", s.Error))
	}
	for i, d := range s.Damage {
		if i == maxAlike {
			return append(out, txt("and %d more", len(s.Damage)-i))
		}
		lost := ""
		if d.Lost {
			lost = "LOST: "
		}
		out = append(out, txt("%s%s", lost, d.Detail))
	}
	if len(out) == 0 {
		return []rich{txt("none")}
	}
	return out
}

// input says what was covered, per computer, and what was lost, damaged or
// skipped.
func (p *page) input() {
	r := p.report
	p.heading(txt("Input"))
	for _, e := range r.Errors {
		p.add(entry("LOST:", txt("%s", strings.TrimPrefix(e.Path+": "+e.Detail, ": "))))
	}
	p.lost()
	hosts := groupBy(r.Coverage, func(c Coverage) string { return c.Host })
	scale := r.coverageScale()
	for _, list := range hosts {
		p.group(list[0].Host+":", shorten(list, 2*maxListed, "and %d more channels", p.coverage))
		n := &p.nodes[len(p.nodes)-1]
		n.drawn, n.fold = &coverageChart{host: list[0].Host, list: list, scale: scale}, len(hosts) > maxOpen
	}
	p.harmless()
	most := maxListed
	if p.full {
		most = maxInputs
	}
	for i, s := range r.Skipped {
		if i == most {
			p.add(entry("skipped:", txt("and %d more (all of them in --format json)", len(r.Skipped)-most)))
			break
		}
		p.add(entry("skipped:", rich{}.lit(s.Path).txt(": %s", s.Reason)))
	}
}

// lost lists the damage that cost records.
func (p *page) lost() {
	for _, s := range p.report.Sources {
		n := 0
		for _, d := range s.Damage {
			if !d.Lost {
				continue
			}
			if n++; n > maxListed {
				p.add(entry("LOST:", rich{}.lit(s.Path).txt(": and more (all of it in --format json)")))
				break
			}
			p.add(entry("LOST:", rich{}.lit(s.Path).txt("%s: %s", atOffset(d.Offset), d.Detail)))
		}
	}
}

// coverage says for what time there is a channel's log.
func (p *page) coverage(c *Coverage) node {
	n := entry("", txt("%s", coverageText(c)))
	if p.full {
		n.kids = shorten(c.Gaps, maxListed, "and %d more", func(g *TimeSpan) node {
			return entry("gap:", txt("%s", between(g.From, g.To)))
		})
	}
	return n
}

// harmless counts what is off without a loss.
func (p *page) harmless() {
	var dirty, twice int
	var damaged []rich
	for _, s := range p.report.Sources {
		if s.Same != "" {
			twice++
		}
		for _, d := range s.Damage {
			switch {
			case d.Lost:
			case d.Kind == "dirty":
				dirty++
			default:
				damaged = append(damaged, rich{}.lit(s.Path).txt("%s: %s", atOffset(d.Offset), d.Detail))
			}
		}
	}
	for i, text := range damaged {
		if i == maxListed {
			p.add(entry("damage without loss:", txt("and %d more (all of it in --format json)", len(damaged)-maxListed)))
			break
		}
		p.add(entry("damage without loss:", text))
	}
	if dirty > 0 {
		p.para("", txt("%s not closed properly (normal for a log that was copied while in use); nothing lost", count(dirty, "log")))
	}
	if twice > 0 {
		p.para("", txt("%s more than once in what was given; each counts once", count(twice, "file")))
	}
}

// origin says what made the report.
func (p *page) origin() {
	t := p.report.Tool
	p.heading(txt("How this report was made"))
	p.add(
		entry("program:", txt("%s %s", t.Name, t.Version)),
		entry("rules:", rich{}.lit(t.RulesDigest)),
		entry("command line:", rich{}.lit(strings.Join(append([]string{t.Name}, p.report.Args...), " "))),
		entry("made:", txt("%s", p.report.Generated)),
	)
}
