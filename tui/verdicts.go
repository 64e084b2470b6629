package tui

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/vsswhy/vsswhy/index/notes"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules/report"
)

// verdicts is the first screen: on the left what failed and what may explain
// it, on the right the one that the cursor is on.
type verdicts struct {
	rows   []verdictRow
	made   *report.Report // that rows were made of
	left   list
	right  list
	lines  []detailLine
	inside bool // the right pane has the keys
	zoomed bool
	width  int // that lines were made for
	row    int
	dirty  bool
}

// A verdictRow is one row of the left pane: a heading, or one of the others.
type verdictRow struct {
	heading string
	failure *report.Failure
	finding *report.Finding
	verdict string                // of the finding for the failure that it stands under
	missing []report.NotEvaluable // what could not be checked

	answered    bool        // the verdict rests on an answer
	first, last report.Time // of all failures, where the row is one
}

// A detailLine is a line of the right pane, and what it is about.
type detailLine struct {
	text      string
	role      role
	evidence  *report.Evidence
	criterion *report.Criterion
	finding   *report.Finding // another one, to go to
	step      int             // of the remedy, from 1
	more      bool            // it goes on with what the line before it says
}

func newVerdicts() *verdicts { return &verdicts{width: -1} }

func (v *verdicts) title() string   { return "Verdicts" }
func (v *verdicts) scopes() []scope { return scopesOf["verdicts"] }

// arrange makes the rows: each failure with its causes, the strongest first;
// findings without a failure; what could not be checked.
func (v *verdicts) arrange(r *report.Report) {
	if v.made == r {
		return
	}
	v.made, v.rows, v.dirty = r, nil, true
	byID := map[string]*report.Finding{}
	for i := range r.Findings {
		byID[r.Findings[i].ID] = &r.Findings[i]
	}
	under := map[string]bool{}
	if len(r.Failures) > 0 {
		v.rows = append(v.rows, verdictRow{heading: fmt.Sprintf("Failed backups and restores (%d)", len(r.Failures))})
	}
	for i := range r.Failures {
		x := &r.Failures[i]
		v.rows = append(v.rows, verdictRow{failure: x, first: r.Failures[0].Time, last: r.Failures[len(r.Failures)-1].Time})
		for _, c := range x.Causes {
			if f := byID[c.Finding]; f != nil {
				under[c.Finding] = true
				v.rows = append(v.rows, verdictRow{finding: f, failure: x, verdict: c.Verdict, answered: c.Answered})
			}
		}
	}
	v.others(r, under)
	v.left.resize(len(v.rows))
	v.left.moveTo(v.strongest())
	v.left.skip(actTop, v.heading)
}

// strongest is the row where one would look first.
func (v *verdicts) strongest() int {
	for _, verdict := range []string{"confirmed", "likely", "possible"} {
		if i := slices.IndexFunc(v.rows, func(r verdictRow) bool { return r.finding != nil && r.verdict == verdict }); i >= 0 {
			return i
		}
	}
	return 0
}

func (v *verdicts) others(r *report.Report, under map[string]bool) {
	first := true
	for i := range r.Findings {
		f := &r.Findings[i]
		if under[f.ID] {
			continue
		}
		if first {
			v.rows = append(v.rows, verdictRow{heading: "Other findings"})
			first = false
		}
		v.rows = append(v.rows, verdictRow{finding: f, verdict: f.Verdict, answered: f.Answered})
	}
	if len(r.NotEvaluable) > 0 { // one row: a list of them would push the answers away
		v.rows = append(v.rows, verdictRow{missing: r.NotEvaluable})
	}
}

func (v *verdicts) heading(row int) bool { return v.rows[row].heading != "" }

// selected is the row of the cursor; nil if there is none.
func (v *verdicts) selected() *verdictRow {
	if v.left.cursor < len(v.rows) && v.rows[v.left.cursor].heading == "" {
		return &v.rows[v.left.cursor]
	}
	return nil
}

func (v *verdicts) do(a *App, act action) (tea.Cmd, bool) {
	v.arrange(a.report)
	switch act {
	case actNextPane, actPrevPane:
		v.inside = !v.inside
		return nil, true
	case actZoom:
		v.zoomed = !v.zoomed
		return nil, true
	case actBack:
		if !v.inside {
			return nil, false
		}
		v.inside = false
		return nil, true
	case actOpen:
		if !v.inside {
			v.inside = true
			return nil, true
		}
		return v.openLine(a), true
	case actNextProof, actPrevProof:
		v.inside = true
		here := v.line().evidence // which may have several lines
		v.step(act == actNextProof, func(l detailLine) bool { return l.evidence != nil && l.evidence != here })
		return nil, true
	case actRemedy:
		v.inside = true
		if !v.step(true, func(l detailLine) bool { return l.step > 0 && !l.more && l.step != v.line().step }) {
			a.say("nothing to do is known for this")
			return nil, true
		}
		v.right.reveal(v.right.cursor)
		return nil, true
	case actContext:
		return v.openLine(a), true
	case actConfirm, actDismiss, actAnswer, actTick, actNote:
		return v.write(a, act), true
	}
	if v.inside {
		return nil, v.right.move(act)
	}
	if !v.left.move(act) {
		return nil, false
	}
	v.left.skip(act, v.heading)
	return nil, true
}

// step moves the cursor of the right pane to the next line of a kind, and from
// the last to the first; false: there is none.
func (v *verdicts) step(forward bool, want func(detailLine) bool) bool {
	n := len(v.lines)
	for i := 1; i <= n; i++ {
		at := v.right.cursor + i
		if !forward {
			at = v.right.cursor - i + n
		}
		if want(v.lines[at%n]) {
			v.right.moveTo(at % n)
			return true
		}
	}
	return false
}

// line is the line of the right pane's cursor.
func (v *verdicts) line() *detailLine {
	if v.right.cursor < len(v.lines) {
		return &v.lines[v.right.cursor]
	}
	return &detailLine{}
}

// openLine shows what the line is about: the event that it cites among all
// events, or another finding.
func (v *verdicts) openLine(a *App) tea.Cmd {
	l := v.line()
	switch {
	case l.evidence != nil:
		return a.showEvidence(l.evidence)
	case l.finding != nil:
		if i := slices.IndexFunc(v.rows, func(r verdictRow) bool { return r.finding == l.finding }); i >= 0 {
			v.left.moveTo(i)
		}
	default:
		a.say("no event stands on this line; %s goes to the next one that does", a.keys.key(actNextProof))
	}
	return nil
}

// click puts the cursor on a row of either pane.
func (v *verdicts) click(a *App, x, y int) bool {
	if v.right.click(a, x, y) {
		v.inside = true
		return true
	}
	if row, ok := v.left.hit(x, y); ok && v.rows[row].heading == "" {
		v.inside = false
		v.left.moveTo(row)
		return true
	}
	return false
}

// render lays the two panes out: beside each other on a wide page, one above
// the other on a narrower one, and one alone where there is no room for two.
func (v *verdicts) render(a *App, width, height int) []string {
	v.arrange(a.report)
	if len(v.rows) == 0 {
		return page(v.nothing(a, width), width, height)
	}
	v.left.area, v.right.area = area{}, area{}
	switch {
	case v.zoomed || width < 80 || height < 21:
		if v.inside {
			return v.detail(a, 0, 0, width, height)
		}
		return v.index(a, width, height)
	case width >= 120:
		w := width * 2 / 5
		return beside(v.index(a, w, height), v.detail(a, w+1, 0, width-w-1, height), a.paint.paint(dim, "│"))
	}
	h := min(height/3, len(v.rows))
	rule := a.paint.paint(dim, strings.Repeat("─", width))
	return append(append(v.index(a, width, h), rule), v.detail(a, 0, h+1, width, height-h-1)...)
}

func (v *verdicts) nothing(a *App, width int) []string {
	if a.c == nil && !a.scan.Done {
		return []string{"", " Nothing found so far; the logs are being read."}
	}
	if a.scan.Err == nil && !slices.ContainsFunc(a.report.Sources, func(s report.Source) bool { return event.HasContent(s.Records, s.Format, s.Error) }) {
		return append([]string{""}, hang(" ", fmt.Sprintf("Nothing to analyse: no event log, archive or known text artefact could be read. %s shows what was not read, and why.", a.keys.key(actCoverage)), width)...)
	}
	lines := []string{"", " No failed backup or restore, and no known issue, in what was read.", ""}
	for _, c := range a.report.Checked {
		lines = append(lines, hang(" checked: ", fmt.Sprintf("%s on %s", clean(c.Title), clean(c.Host)), width)...)
	}
	return append(lines, "", fmt.Sprintf(" %s shows which logs cover which time; %s lists all events.", a.keys.key(actCoverage), a.keys.key(actEvents)))
}

// index is the left pane.
func (v *verdicts) index(a *App, width, height int) []string {
	return v.left.render(0, 0, width, height, func(i int) string {
		row := fit(v.rows[i].text(a), width)
		switch {
		case v.rows[i].heading != "":
			return a.paint.paint(title, row)
		case i == v.left.cursor && !v.inside:
			return a.paint.paint(selected, row)
		case i == v.left.cursor:
			return a.paint.paint(inactive, row)
		case v.rows[i].finding != nil:
			return a.paint.paint(verdictRole(v.rows[i].verdict), row)
		}
		return row
	})
}

func (r *verdictRow) text(a *App) string {
	switch {
	case r.heading != "":
		return " " + r.heading
	case r.finding != nil:
		return fmt.Sprintf("   %s %s%s%s%s", findingWord(r.finding, r.verdict), answeredWord(r.answered), a.triageWord(r.finding), issueWord(r.finding), clean(r.finding.Title))
	case r.missing != nil:
		return fmt.Sprintf(" ? %s", count(rulesIn(r.missing), "cause")+" could not be checked: why, and what to collect")
	}
	x := r.failure
	return fmt.Sprintf(" ✗ %s %s of %s", a.minuteOf(x.Time, r.first, r.last), clean(x.Kind), subject(x))
}

// rulesIn counts the rules that could not be evaluated, on whatever computers.
func rulesIn(list []report.NotEvaluable) int {
	rules := map[string]bool{}
	for _, n := range list {
		rules[n.Rule] = true
	}
	return len(rules)
}

// issueWord is the number under which KB975354 lists a finding.
func issueWord(f *report.Finding) string {
	if f.Issue == nil {
		return ""
	}
	return fmt.Sprintf("issue %d: ", *f.Issue)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// subject names what a failure was about.
func subject(x *report.Failure) string {
	what := "the host"
	if x.VM != nil {
		what = "VM " + clean(vmName(x.VM))
	} else if x.Volume != "" {
		what = "volume " + clean(x.Volume)
	}
	return what + " on " + clean(shortHost(x.Host))
}

func vmName(vm *report.VM) string {
	if vm.Name != "" {
		return vm.Name
	}
	return vm.ID
}

// shortHost is the first label of a DNS name.
func shortHost(name string) string {
	short, _, _ := strings.Cut(name, ".")
	return short
}

// verdictWord tells a verdict by a mark and a word.
// findingWord is the verdict, but for findings that explain no failure.
func findingWord(f *report.Finding, verdict string) string {
	if f.Note() && verdict != "ruled-out" {
		return "· " + cell("note", 9)
	}
	return verdictWord(verdict)
}

// answeredWord marks a verdict that rests on an answer: it must not read as if the logs
// had shown it.
func answeredWord(answered bool) string {
	if answered {
		return "(by an answer) "
	}
	return ""
}

func verdictWord(verdict string) string {
	mark := map[string]string{"confirmed": "●", "likely": "◐", "possible": "○", "ruled-out": "–"}[verdict]
	return mark + " " + cell(verdict, 9)
}

func verdictRole(verdict string) role {
	return map[string]role{"confirmed": confirmed, "likely": likely, "possible": possible, "ruled-out": ruledOut}[verdict]
}

// detail is the right pane.
func (v *verdicts) detail(a *App, x, y, width, height int) []string {
	if v.dirty || v.width != width || v.row != v.left.cursor {
		if v.row != v.left.cursor {
			v.right = list{}
		}
		v.lines = v.describe(a, width)
		v.width, v.row, v.dirty = width, v.left.cursor, false
		v.right.resize(len(v.lines))
	}
	return v.right.render(x, y, width, height, func(i int) string {
		l := v.lines[i]
		row := fit(l.text, width)
		if i == v.right.cursor && v.inside {
			return a.paint.paint(selected, row)
		}
		return a.paint.paint(l.role, row)
	})
}

func (v *verdicts) describe(a *App, width int) []detailLine {
	w := &writer{a: a, width: width}
	row := v.selected()
	switch {
	case row == nil:
	case row.missing != nil:
		w.missing(row.missing)
	case row.finding != nil:
		w.finding(row.finding, row.verdict)
	case row.failure != nil:
		w.failure(row.failure)
	}
	return w.lines
}

// copies are the forms of what the cursor is on.
func (v *verdicts) copies(a *App) []copyItem {
	var items []copyItem
	add := func(name, text string) {
		if text != "" {
			items = append(items, copyItem{name, text})
		}
	}
	if v.inside {
		add("this line", strings.TrimSpace(v.line().text))
		if e := v.line().evidence; e != nil {
			add("as a quote", quote(e))
		}
		if row := v.selected(); row != nil && row.finding != nil && v.line().step > 0 {
			add("the command", clean(row.finding.Remediation[v.line().step-1].Run))
		}
	}
	var all []string
	for _, l := range v.lines {
		all = append(all, strings.TrimRight(l.text, " "))
	}
	add("the whole page", strings.Join(all, "\n"))
	return items
}

// quote is a piece of evidence as one cites it in a mail.
func quote(e *report.Evidence) string {
	return fmt.Sprintf("%s %s %s %d: %s [%s record %d]", e.Time, e.Host, e.Provider, e.ID, e.Summary, e.Path, e.Record)
}

// maxName is how much of a name is looked at, in bytes: nothing bounds those that
// a log gives.
const maxName = 1 << 10

// named is a name in a note's subject.
func named(s string) string { return cutBytes(s, maxName) }

// findingSubject names a finding by content, for notes.
func findingSubject(f *report.Finding, part string) notes.Subject {
	return notes.Subject{Rule: named(f.Rule), Host: named(f.Host), VM: named(vmOf(f)), Volume: named(f.Volume), Part: named(part)}
}

// stepDone reports whether a step of a remedy was ticked.
func (a *App) stepDone(f *report.Finding, step int) bool {
	return a.has(notes.Step, findingSubject(f, stepName(f, step)))
}

// stepName names a step by its text, which survives a reordering.
func stepName(f *report.Finding, step int) string { return f.Remediation[step-1].Text }

func (a *App) has(kind notes.Kind, s notes.Subject) bool {
	_, ok := a.entry(kind, s)
	return ok
}

func (a *App) entry(kind notes.Kind, s notes.Subject) (notes.Entry, bool) {
	if a.c == nil {
		return notes.Entry{}, false
	}
	return a.c.Notes().Get(kind, s)
}

// triageWord says what the engineer thinks of a finding.
func (a *App) triageWord(f *report.Finding) string {
	if e, ok := a.entry(notes.Triage, findingSubject(f, "")); ok {
		return "(you " + clean(e.Value) + " it) "
	}
	return ""
}

// unknownCriteria are those that could be answered by the engineer.
func unknownCriteria(f *report.Finding) []*report.Criterion {
	var list []*report.Criterion
	for i := range f.Criteria {
		if f.Criteria[i].State == "unknown" {
			list = append(list, &f.Criteria[i])
		}
	}
	return slices.Clip(list)
}

func (v *verdicts) table(a *App) (head []string, rows [][]string) {
	for i := range a.report.Findings {
		f := &a.report.Findings[i]
		rows = append(rows, []string{f.Verdict, f.Rule, f.Title, f.Host, vmOf(f), f.Volume, f.First.String(), f.Last.String(), strings.TrimSpace(answeredWord(f.Answered) + a.triageWord(f))})
	}
	return []string{"verdict", "rule", "title", "host", "vm", "volume", "first", "last", "triage"}, rows
}

func vmOf(f *report.Finding) string {
	if f.VM == nil {
		return ""
	}
	return vmName(f.VM)
}
