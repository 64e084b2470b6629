package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// textWidth is the width of the page. Reports are pasted into mails and
// tickets, so it does not follow the terminal.
const textWidth = 100

// WriteText writes the report as a page that can be acted on: what failed and
// what explains it, the evidence of each finding, what was ruled out, what is
// missing, and what to do.
func (r *Report) WriteText(w io.Writer) error {
	p := &page{Writer: bufio.NewWriter(w)}
	p.head(r)
	p.failures(r)
	for i := range r.Findings {
		p.finding(&r.Findings[i])
	}
	p.unexplained(r)
	p.notEvaluable(r)
	p.checked(r)
	p.input(r)
	return p.Flush()
}

// page knows how to indent and wrap.
type page struct {
	*bufio.Writer
}

func (p *page) title(s string) {
	fmt.Fprintf(p, "\n%s\n%s\n", s, strings.Repeat("-", utf8.RuneCountInString(s)))
}

// line writes text wrapped; first begins its first line, the others are
// indented as far as first is long.
func (p *page) line(first, text string) {
	indent := strings.Repeat(" ", utf8.RuneCountInString(first))
	width := textWidth - utf8.RuneCountInString(first)
	for i, part := range wrap(text, width) {
		if i > 0 {
			first = indent
		}
		fmt.Fprintln(p, strings.TrimRight(first+part, " "))
	}
}

// wrap breaks at spaces; a word longer than the width stays whole, because
// paths and commands are copied.
func wrap(text string, width int) []string {
	var lines []string
	line, used := "", 0
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		if used > 0 && used+1+n > width {
			lines, line, used = append(lines, line), "", 0
		}
		if used > 0 {
			line, used = line+" ", used+1
		}
		line, used = line+word, used+n
	}
	return append(lines, line)
}

func (p *page) head(r *Report) {
	logs, records := 0, uint64(0)
	for i := range r.Sources {
		if len(r.Sources[i].Streams) > 0 {
			logs++
		}
		records += r.Sources[i].Records
	}
	fmt.Fprintf(p, "vsswhy: %s, %s, %s\n", count(len(r.Hosts), "computer"), count(logs, "log"), count(int(records), "record"))
	if !r.Complete {
		p.line("", "INCOMPLETE: part of the input could not be read; see \"Input\" at the end.")
	}
	for _, f := range r.Findings {
		if f.Verdict != "ruled-out" {
			p.line("=> ", fmt.Sprintf("%s: %s (%s)", verdictWord(f.Verdict, f.Candidate), f.Title, where(f.Host, f.VM, f.Volume)))
		}
	}
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func verdictWord(verdict string, candidate bool) string {
	word := strings.ToUpper(strings.ReplaceAll(verdict, "-", " "))
	if candidate && verdict != "ruled-out" {
		word += " (candidate)"
	}
	return word
}

func where(host string, vm *VM, volume string) string {
	parts := []string{host}
	if vm != nil {
		name := vm.Name
		if name == "" {
			name = vm.ID
		}
		parts = append(parts, "VM "+name)
	}
	if volume != "" {
		parts = append(parts, "volume "+volume)
	}
	return strings.Join(parts, ", ")
}

func (p *page) failures(r *Report) {
	p.title("What failed")
	if len(r.Failures) == 0 {
		p.line("", "No failed backup or restore was found in what was read.")
	}
	findings := map[string]*Finding{}
	for i := range r.Findings {
		findings[r.Findings[i].ID] = &r.Findings[i]
	}
	for i := range r.Failures {
		p.failure(&r.Failures[i], findings)
	}
}

func (p *page) failure(f *Failure, findings map[string]*Finding) {
	p.line(fmt.Sprintf("%-4s", f.ID), fmt.Sprintf("%s  %s of %s", f.Time, f.Kind, where(f.Host, f.VM, f.Volume)))
	for _, c := range f.Codes {
		p.line("      code ", codeText(c))
	}
	for _, id := range f.Findings {
		x := findings[id]
		p.line("      -> ", fmt.Sprintf("%s %s %s", x.ID, verdictWord(x.Verdict, x.Candidate), issueText(x.Issue, x.Rule)+": "+x.Title))
	}
	if len(f.Findings) == 0 {
		p.line("      -> ", "no known issue matches; its events:")
		for i := range f.Evidence {
			p.evidence("         ", &f.Evidence[i])
		}
	}
}

func codeText(c Code) string {
	s := c.Code
	if c.Name != "" {
		s += " " + c.Name
	}
	if c.Meaning != "" {
		s += ": " + c.Meaning
	}
	return s
}

func issueText(issue *int, rule string) string {
	if issue == nil {
		return rule
	}
	return fmt.Sprintf("KB975354 issue %d", *issue)
}

// The states of a criterion, in words and signs.
var stateSign = map[string]string{"met": "[x] ", "unmet": "[ ] ", "unknown": "[?] "}

func (p *page) finding(f *Finding) {
	p.title(fmt.Sprintf("%s  %s  %s", f.ID, verdictWord(f.Verdict, f.Candidate), issueText(f.Issue, f.Rule)))
	p.line("", f.Title)
	p.line("", fmt.Sprintf("%s; severity %s", where(f.Host, f.VM, f.Volume), f.Severity))
	p.when(f)
	if f.Candidate {
		p.line("", "Candidate: something that it rests on is inferred, not sourced (INF, MEM below).")
	}
	for _, s := range f.Remarks {
		p.line("Note: ", s)
	}
	p.excluded(f)
	p.criteria(f, f.Verdict == "ruled-out")
	if f.Verdict == "ruled-out" {
		return
	}
	p.list("Not checked, because no log shows it:", f.NotChecked)
	p.steps(f)
	for _, ref := range f.References {
		p.line("  See ", ref.Title+" "+ref.URL)
	}
}

func (p *page) when(f *Finding) {
	if len(f.Occurrences) == 1 {
		p.line("", span(f.First, f.Last))
		return
	}
	p.line("", fmt.Sprintf("%s, %s:", count(len(f.Occurrences), "occurrence"), span(f.First, f.Last)))
	const shown = 10
	for i, o := range f.Occurrences {
		if i == shown {
			p.line("  ", fmt.Sprintf("and %d more", len(f.Occurrences)-shown))
			return
		}
		p.line("  ", span(o.First, o.Last)+" "+o.Verdict)
	}
}

func span(from, to Time) string {
	if from.Equal(to.Time) || to.IsZero() {
		return from.String()
	}
	return from.String() + " to " + to.String()
}

// excluded says first what ruled the issue out or keeps the verdict down.
func (p *page) excluded(f *Finding) {
	for i := range f.Criteria {
		c := &f.Criteria[i]
		if c.Role != "excluding" || c.State != "met" {
			continue
		}
		if c.Limit != "" {
			p.line("At most "+c.Limit+": ", c.Text)
		} else {
			p.line("Ruled out: ", c.Text)
		}
		for j := range c.Evidence {
			p.evidence("      ", &c.Evidence[j])
		}
	}
}

// criteria prints the checklist. Of a finding that is ruled out, the anchor and
// what was decided are enough.
func (p *page) criteria(f *Finding, brief bool) {
	p.line("", "Evidence:")
	for i := range f.Criteria {
		c := &f.Criteria[i]
		if c.Role == "excluding" && c.State == "met" || brief && c.Role != "anchor" {
			continue
		}
		text := c.Text
		if c.Role == "excluding" && c.State == "unmet" {
			text = "not so: " + text
		}
		p.line("  "+stateSign[c.State], fmt.Sprintf("%s (%s, %s)", text, c.Role, c.Grade))
		for j := range c.Evidence {
			p.evidence("      ", &c.Evidence[j])
		}
		if c.State == "unknown" {
			p.unknown(c)
		}
	}
}

func (p *page) unknown(c *Criterion) {
	for _, m := range c.Missing {
		p.line("      would be settled by: ", m)
	}
	if c.Collect != "" {
		p.line("      collect: ", c.Collect)
	}
}

func (p *page) evidence(indent string, e *Evidence) {
	head := e.Summary
	if e.Provider != "" {
		head = fmt.Sprintf("%s %d: %s", e.Provider, e.ID, e.Summary)
	}
	if !e.Time.IsZero() {
		head = e.Time.String() + " " + head
	}
	if e.Host != "" {
		head += ", on " + e.Host
	}
	p.line(indent, head)
	p.line(indent+"  ", place(e))
}

// place says where a citation stands, so that it can be found again.
func place(e *Evidence) string {
	s := fmt.Sprintf("%s %s", e.Source, e.Path)
	if e.Record > 0 {
		s += fmt.Sprintf(", record %d", e.Record)
	}
	if e.Line > 0 {
		s += fmt.Sprintf(", line %d", e.Line)
	} else if e.Offset >= 0 {
		s += fmt.Sprintf(", offset %d", e.Offset)
	}
	return s
}

func (p *page) list(head string, items []string) {
	if len(items) == 0 {
		return
	}
	p.line("", head)
	for _, s := range items {
		p.line("  - ", s)
	}
}

func (p *page) steps(f *Finding) {
	if len(f.Remediation) == 0 {
		return
	}
	p.line("", "What to do:")
	for i, s := range f.Remediation {
		p.line(fmt.Sprintf("  %d. ", i+1), s.Text)
		if s.Run != "" {
			fmt.Fprintf(p, "     %s> %s    (%s)\n", s.Shell, s.Run, s.Risk)
		} else if s.Risk != "" {
			p.line("     ", "("+s.Risk+")")
		}
	}
}

// unexplained helps with failures that nothing explains: the commonest result.
func (p *page) unexplained(r *Report) {
	for i := range r.Failures {
		if len(r.Failures[i].Findings) == 0 {
			p.title("Failures without a known cause")
			p.line("", "The issues that this program knows were checked as listed below. To go on: the events above, the codes, and the logs of the same minutes on every host. Ask for what \"Could not be checked\" names.")
			return
		}
	}
}

func (p *page) notEvaluable(r *Report) {
	if len(r.NotEvaluable) == 0 {
		return
	}
	p.title("Could not be checked")
	for _, n := range r.NotEvaluable {
		p.line("", fmt.Sprintf("%s on %s: %s", issueText(n.Issue, n.Rule), n.Host, n.Title))
		for _, m := range n.Missing {
			p.line("  missing: ", m)
		}
		for _, c := range n.Collect {
			p.line("  collect: ", c)
		}
	}
}

func (p *page) checked(r *Report) {
	if len(r.Checked) == 0 {
		return
	}
	p.title("Checked, nothing found")
	for _, c := range r.Checked {
		p.line("", fmt.Sprintf("%s on %s: %s", issueText(c.Issue, c.Rule), c.Host, c.Title))
	}
}

// input lists what was read, what was damaged, lost or skipped.
func (p *page) input(r *Report) {
	p.title("Input")
	for i := range r.Sources {
		p.source(&r.Sources[i])
	}
	for _, e := range r.Errors {
		p.line("error: ", e.Path+": "+e.Detail)
	}
	const shown = 5
	for i, s := range r.Skipped {
		if i == shown {
			p.line("skipped: ", fmt.Sprintf("and %d more (all of them in --format json)", len(r.Skipped)-shown))
			break
		}
		p.line("skipped: ", s.Path+": "+s.Reason)
	}
}

func (p *page) source(s *Source) {
	p.line(fmt.Sprintf("%-4s ", s.ID), fmt.Sprintf("%s: %s, %s", s.Path, s.Format, count(int(s.Records), "record")))
	for _, st := range s.Streams {
		p.line("       ", fmt.Sprintf("%s of %s, %s", st.Channel, st.Host, span(st.First, st.Last)))
	}
	for _, d := range s.Damage {
		lost := "nothing lost"
		if d.Lost {
			lost = "LOST"
		}
		at := ""
		if d.Offset >= 0 {
			at = fmt.Sprintf(" at offset %d", d.Offset)
		}
		p.line("       ", fmt.Sprintf("damage%s: %s: %s (%s)", at, d.Kind, d.Detail, lost))
	}
}
