package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
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
	p := &page{Writer: bufio.NewWriter(w), cited: map[string]string{}, told: map[string]string{}}
	p.head(r)
	p.failures(r)
	for i := range r.Findings {
		if i == maxDetailed {
			p.title(fmt.Sprintf("and %d more findings, all of them in --format json", len(r.Findings)-maxDetailed))
			break
		}
		p.finding(&r.Findings[i])
	}
	p.unexplained(r)
	p.notEvaluable(r)
	p.checked(r)
	p.sources(r)
	p.input(r)
	return p.Flush()
}

// page knows how to indent and wrap.
type page struct {
	*bufio.Writer
	cited map[string]string // source id → path
	told  map[string]string // rule → the finding that told what to do
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
	for _, n := range r.Notices {
		p.line("NOTE: ", n)
	}
	p.headline(r)
}

// headline says the answer first: what it is, or that nothing known fits.
func (p *page) headline(r *Report) {
	found := 0
	for _, f := range r.Findings {
		if f.Verdict == "ruled-out" {
			continue
		}
		if found++; found <= maxListed {
			p.line("=> ", fmt.Sprintf("%s: %s (%s)", verdictWord(f.Verdict, f.Candidate, f.Answered), f.Title, where(f.Host, f.VM, f.Volume)))
		}
	}
	if found > 0 {
		return
	}
	s := "No known issue fits"
	if len(r.Failures) > 0 {
		s += "; " + count(len(r.Failures), "backup or restore") + " failed"
	}
	if n := len(groupBy(r.NotEvaluable, func(n NotEvaluable) string { return n.Rule })); n > 0 {
		s += fmt.Sprintf("; %s could not be checked everywhere (see below)", count(n, "issue"))
	}
	p.line("=> ", s+".")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, strings.Replace(noun, "backup or", "backups or", 1))
}

// verdictWord is the verdict with what it rests on: an inference, or an answer
// of the engineer, which must not read as if logs had shown it.
func verdictWord(verdict string, candidate, answered bool) string {
	word := strings.ToUpper(strings.ReplaceAll(verdict, "-", " "))
	var rests []string
	if candidate && verdict != "ruled-out" {
		rests = append(rests, "candidate")
	}
	if answered {
		rests = append(rests, "by an answer")
	}
	if len(rests) == 0 {
		return word
	}
	return word + " (" + strings.Join(rests, ", ") + ")"
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
	if len(r.Failures) == 0 && len(r.Findings) > 0 {
		p.line("", "No log says that a backup or restore failed; the findings below leave no error.")
	} else if len(r.Failures) == 0 {
		p.line("", "No failed backup or restore was found in what was read.")
	}
	findings := map[string]*Finding{}
	for i := range r.Findings {
		findings[r.Findings[i].ID] = &r.Findings[i]
	}
	blocked := map[string]bool{}
	for _, n := range r.NotEvaluable {
		blocked[n.Host] = true
	}
	for i := range r.Failures {
		if i == maxDetailed {
			p.line("", fmt.Sprintf("and %d more, all of them in --format json", len(r.Failures)-maxDetailed))
			break
		}
		p.failure(&r.Failures[i], findings, blocked)
	}
}

func (p *page) failure(f *Failure, findings map[string]*Finding, blocked map[string]bool) {
	p.line(fmt.Sprintf("%-4s", f.ID), fmt.Sprintf("%s  %s of %s", f.Time, f.Kind, where(f.Host, f.VM, f.Volume)))
	for _, c := range f.Codes {
		p.line("      code ", codeText(c))
	}
	for _, c := range f.Causes {
		x := findings[c.Finding]
		p.line("      -> ", fmt.Sprintf("%s %s %s", x.ID, verdictWord(c.Verdict, x.Candidate, c.Answered), issueText(x.Issue, x.Rule)+": "+x.Title))
	}
	if !f.explained() {
		why := "nothing known explains it"
		if blocked[f.Host] {
			why = `it can't be explained with what is here (see "Could not be checked")`
		}
		p.line("      -> ", why+"; its events:")
		for i := range f.Evidence {
			p.evidence("         ", &f.Evidence[i])
		}
	}
}

// explained reports whether any cause is left that was not ruled out.
func (f *Failure) explained() bool {
	return slices.ContainsFunc(f.Causes, func(c Cause) bool { return c.Verdict != "ruled-out" })
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

func (p *page) finding(f *Finding) {
	p.title(fmt.Sprintf("%s  %s  %s", f.ID, verdictWord(f.Verdict, f.Candidate, f.Answered), issueText(f.Issue, f.Rule)))
	p.line("", f.Title)
	p.line("", fmt.Sprintf("%s; severity %s", where(f.Host, f.VM, f.Volume), f.Severity))
	p.when(f)
	if f.Candidate && f.Verdict != "ruled-out" {
		p.line("Candidate: ", "some of it is inferred (INF) or from memory (MEM), not stated by Microsoft (MS).")
	}
	p.excluded(f)
	p.evidenceFor(f)
	if f.Verdict == "ruled-out" {
		return
	}
	p.against(f)
	p.unknown(f)
	p.lookAlikes(f)
	p.list("Not checked, because no log shows it:", f.NotChecked)
	p.remarks(f)
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
	for i, o := range f.Occurrences {
		if i == maxListed {
			p.line("  ", fmt.Sprintf("and %d more", len(f.Occurrences)-maxListed))
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

// each calls f for the criteria of a state that have one of the roles.
func (f *Finding) each(state string, do func(c *Criterion), roles ...string) {
	for i := range f.Criteria {
		if c := &f.Criteria[i]; c.State == state && slices.Contains(roles, c.Role) {
			do(c)
		}
	}
}

// excluded says first what ruled the issue out or keeps the verdict down.
func (p *page) excluded(f *Finding) {
	f.each("met", func(c *Criterion) {
		head := "RULED OUT: "
		if c.Limit != "" {
			head = "AT MOST " + strings.ToUpper(c.Limit) + ": "
		}
		p.line(head, c.Text)
		p.cite(c)
	}, "excluding")
}

// evidenceFor lists what is met. Of a finding that is ruled out, the anchor is
// enough.
func (p *page) evidenceFor(f *Finding) {
	p.line("", "Evidence:")
	roles := []string{"anchor", "required", "discriminating", "supporting"}
	if f.Verdict == "ruled-out" {
		roles = roles[:1]
	}
	f.each("met", func(c *Criterion) {
		if c.Role == "discriminating" && f.repeats(c) {
			return
		}
		p.line("  [x] ", fmt.Sprintf("%s (%s, %s)", c.Text, c.Role, c.Grade))
		p.cite(c)
	}, roles...)
}

// repeats reports whether a required criterion rests on the same evidence; it
// was shown with that one.
func (f *Finding) repeats(c *Criterion) bool {
	return slices.ContainsFunc(f.Criteria, func(o Criterion) bool {
		return o.Role == "required" && o.State == c.State && slices.Equal(o.Evidence, c.Evidence)
	})
}

func (p *page) against(f *Finding) {
	p.section(f, "Against it:", "unmet", []string{"required", "discriminating"}, func(c *Criterion) {
		p.line("  [ ] ", fmt.Sprintf("not so: %s (%s, %s)", c.Text, c.Role, c.Grade))
		p.cite(c)
	})
}

// unknown lists what is missing to be sure, and how to get it. A question that
// discriminates is asked as a required one, too, and what nothing new would
// settle is not asked again.
func (p *page) unknown(f *Finding) {
	asked := map[string]bool{}
	head := "Not known; to be sure, ask for:"
	f.each("unknown", func(c *Criterion) {
		news := slices.DeleteFunc(slices.Clone(c.Missing), func(m string) bool { return asked[m] })
		if c.Role == "excluding" && (slices.Contains(f.NotChecked, c.Text) || len(news) == 0) {
			return
		}
		if head != "" {
			p.line("", head)
			head = ""
		}
		p.line("  [?] ", fmt.Sprintf("%s (%s, %s)", c.Text, c.Role, c.Grade))
		for _, m := range news {
			p.line("      needs: ", m)
			asked[m] = true
		}
		if c.Collect != "" {
			p.line("      ", c.Collect)
		}
	}, "required", "excluding")
}

// lookAlikes lists what would have spoken against the issue and does not.
func (p *page) lookAlikes(f *Finding) {
	p.section(f, "Checked, and not the case:", "unmet", []string{"excluding"}, func(c *Criterion) {
		p.line("  [ ] ", c.Text)
		p.cite(c)
	})
}

// section prints a heading and the criteria below it, or nothing.
func (p *page) section(f *Finding, head, state string, roles []string, do func(c *Criterion)) {
	f.each(state, func(c *Criterion) {
		if head != "" {
			p.line("", head)
			head = ""
		}
		do(c)
	}, roles...)
}

func (p *page) remarks(f *Finding) {
	for _, s := range f.Remarks {
		p.line("Note: ", s)
	}
}

func (p *page) cite(c *Criterion) {
	for i := range c.Evidence {
		p.evidence("      ", &c.Evidence[i])
	}
	if c.Answer != nil {
		p.line("      ", c.Answer.text())
	}
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

// evidence prints one citation: when, where, what, and its place.
func (p *page) evidence(indent string, e *Evidence) {
	var parts []string
	if !e.Time.IsZero() {
		parts = append(parts, e.Time.String())
	}
	parts = append(parts, e.Host)
	if e.Provider != "" {
		parts = append(parts, fmt.Sprintf("%s %d:", shortProvider(e.Provider), e.ID))
	}
	parts = append(parts, e.Summary, "["+place(e)+"]")
	p.line(indent, strings.Join(parts, " "))
	p.cited[e.Source] = e.Path
}

// shortProvider leaves out what all of Microsoft's providers begin with.
func shortProvider(name string) string {
	return strings.TrimPrefix(strings.TrimPrefix(name, "Microsoft-Windows-"), "Hyper-V-")
}

// place says where in its source a citation stands; the sources are listed at
// the end of the page.
func place(e *Evidence) string {
	switch {
	case e.Record > 0:
		return fmt.Sprintf("%s record %d, offset %d", e.Source, e.Record, e.Offset)
	case e.Line > 0:
		return fmt.Sprintf("%s line %d", e.Source, e.Line)
	}
	return e.Source
}

// sources lists the paths of what was cited.
func (p *page) sources(r *Report) {
	if len(p.cited) == 0 {
		return
	}
	p.title("Sources cited")
	for i := range r.Sources {
		if path, ok := p.cited[r.Sources[i].ID]; ok {
			p.line(fmt.Sprintf("%-4s ", r.Sources[i].ID), path)
		}
	}
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
	if first := p.told[f.Rule]; first != "" {
		p.line("", "What to do: as for "+first+".")
		return
	}
	p.told[f.Rule] = f.ID
	p.line("", "What to do:")
	for i, s := range f.Remediation {
		text := s.Text
		if s.Risk != "" {
			text += " (" + s.Risk + ")"
		}
		p.line(fmt.Sprintf("  %d. ", i+1), text)
		if s.Run != "" {
			fmt.Fprintf(p, "     %s> %s\n", s.Shell, s.Run)
		}
	}
}

// unexplained helps with failures that nothing explains: the commonest result.
func (p *page) unexplained(r *Report) {
	for i := range r.Failures {
		if !r.Failures[i].explained() {
			p.title("Failures without a known cause")
			p.line("", "The issues that this program knows were checked as listed below. To go on: the events above, the codes, and the logs of the same minutes on every host. Ask for what \"Could not be checked\" names.")
			return
		}
	}
}

// notEvaluable groups by issue: what is missing often is so on every host.
func (p *page) notEvaluable(r *Report) {
	if len(r.NotEvaluable) == 0 {
		return
	}
	p.title("Could not be checked")
	for _, group := range groupBy(r.NotEvaluable, func(n NotEvaluable) string { return n.Rule }) {
		p.line("", issueText(group[0].Issue, group[0].Rule)+": "+group[0].Title)
		for i, n := range group {
			if i == maxListed {
				p.line("  ", fmt.Sprintf("and on %d more computers", len(group)-maxListed))
				break
			}
			p.line("  missing: ", strings.Join(n.Missing, "; "))
		}
		for _, c := range group[0].Collect {
			p.line("  collect: ", c)
		}
	}
}

func (p *page) checked(r *Report) {
	if len(r.Checked) == 0 {
		return
	}
	p.title("Checked, nothing found")
	for _, group := range groupBy(r.Checked, func(c Checked) string { return c.Rule }) {
		var hosts []string
		for _, c := range group {
			hosts = append(hosts, c.Host)
		}
		p.line("", fmt.Sprintf("%s: %s", issueText(group[0].Issue, group[0].Rule), group[0].Title))
		p.line("  on ", listed(hosts))
	}
}

// maxDetailed bounds what the page tells in full: nobody reads on.
const maxDetailed = 50

// maxListed bounds lists that grow with the bundle; the JSON form has all.
const maxListed = 8

func listed(names []string) string {
	if len(names) <= maxListed {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:maxListed], ", "), len(names)-maxListed)
}

// groupBy splits a list into runs of the same key, in the order of the first.
func groupBy[T any](list []T, key func(T) string) [][]T {
	index := map[string]int{}
	var groups [][]T
	for _, x := range list {
		i, ok := index[key(x)]
		if !ok {
			i = len(groups)
			index[key(x)] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], x)
	}
	return groups
}

// input says what was read, per computer, and what was lost, damaged or
// skipped.
func (p *page) input(r *Report) {
	p.title("Input")
	for _, e := range r.Errors {
		p.line("LOST: ", strings.TrimPrefix(e.Path+": "+e.Detail, ": "))
	}
	p.lost(r)
	p.coverage(r)
	p.harmless(r)
	for i, s := range r.Skipped {
		if i == maxListed {
			p.line("skipped: ", fmt.Sprintf("and %d more (all of them in --format json)", len(r.Skipped)-maxListed))
			break
		}
		p.line("skipped: ", s.Path+": "+s.Reason)
	}
}

// lost lists the damage that cost records.
func (p *page) lost(r *Report) {
	for i := range r.Sources {
		n := 0
		for _, d := range r.Sources[i].Damage {
			if !d.Lost {
				continue
			}
			if n++; n > maxListed {
				p.line("LOST: ", r.Sources[i].Path+": and more (all of it in --format json)")
				break
			}
			p.line("LOST: ", fmt.Sprintf("%s%s: %s", r.Sources[i].Path, atOffset(d.Offset), d.Detail))
		}
	}
}

func atOffset(offset int64) string {
	if offset < 0 {
		return ""
	}
	return fmt.Sprintf(" at offset %d", offset)
}

// coverage says for each computer which channels there are, and for what time.
func (p *page) coverage(r *Report) {
	for _, group := range groupBy(r.Coverage, func(c Coverage) string { return c.Host }) {
		p.line("", group[0].Host+":")
		for i, c := range group {
			if i == 2*maxListed {
				p.line("  ", fmt.Sprintf("and %d more channels", len(group)-i))
				break
			}
			p.line("  ", coverageText(c))
		}
	}
}

func coverageText(c Coverage) string {
	if c.To.IsZero() {
		return c.Channel + ": covers nothing (a filtered export)"
	}
	from := c.From.String()
	if c.From.IsZero() {
		from = "its beginning"
	}
	s := fmt.Sprintf("%s: %s to %s", c.Channel, from, c.To)
	if len(c.Gaps) > 0 {
		s += fmt.Sprintf(", %s", count(len(c.Gaps), "gap"))
	}
	return s
}

// harmless counts what is off without a loss.
func (p *page) harmless(r *Report) {
	var dirty, damaged []string
	for i := range r.Sources {
		for _, d := range r.Sources[i].Damage {
			switch {
			case d.Lost:
			case d.Kind == "dirty":
				dirty = append(dirty, r.Sources[i].Path)
			default:
				damaged = append(damaged, fmt.Sprintf("%s%s: %s", r.Sources[i].Path, atOffset(d.Offset), d.Detail))
			}
		}
	}
	for i, s := range damaged {
		if i == maxListed {
			p.line("damage without loss: ", fmt.Sprintf("and %d more (all of it in --format json)", len(damaged)-maxListed))
			break
		}
		p.line("damage without loss: ", s)
	}
	if len(dirty) > 0 {
		p.line("", fmt.Sprintf("%s not closed properly (normal for a log that was copied while in use); nothing lost", count(len(dirty), "log")))
	}
}
