package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/vsswhy/vsswhy/index/notes"
	"github.com/vsswhy/vsswhy/rules/report"
)

// A writer describes what the cursor of the left pane is on, line by line.
type writer struct {
	a     *App
	width int
	lines []detailLine
}

// put adds text, wrapped behind its first part; all its lines are about the
// same thing.
func (w *writer) put(l detailLine, first, text string) { w.add(l, hang(first, text, w.width)) }

func (w *writer) add(l detailLine, lines []string) {
	for i, line := range lines {
		l.text, l.more = line, i > 0
		w.lines = append(w.lines, l)
	}
}

func (w *writer) say(first, text string) { w.put(detailLine{}, first, text) }
func (w *writer) gap()                   { w.lines = append(w.lines, detailLine{}) }

func (w *writer) heading(s string) {
	w.gap()
	w.put(detailLine{role: title}, " ", s)
}

// failure describes a failed backup or restore.
func (w *writer) failure(x *report.Failure) {
	w.put(detailLine{role: strong}, " ", fmt.Sprintf("The %s of %s failed at %s", clean(x.Kind), subject(x), w.a.time(x.Time)))
	if x.Local != "" {
		w.say(" ", "By the clock of "+clean(shortHost(x.Host))+": "+clean(x.Local))
	}
	for _, r := range x.Remarks {
		w.say(" ", "Then: "+clean(r))
	}
	if x.Shared {
		w.say(" ", "Several machines failed with this code, and the log does not say which of them it was for.")
	}
	w.codes(x.Codes)
	w.heading("What the logs say")
	for i := range x.Evidence {
		w.evidence("   ", &x.Evidence[i])
	}
	w.heading("What may explain it")
	for _, c := range x.Causes {
		for i := range w.a.report.Findings {
			if f := &w.a.report.Findings[i]; f.ID == c.Finding {
				w.put(detailLine{role: verdictRole(c.Verdict), finding: f}, "   "+findingWord(f, c.Verdict)+" ", answeredWord(c.Answered)+issueWord(f)+clean(f.Title))
			}
		}
	}
	if len(x.Causes) == 0 {
		w.say("   ", "No known issue fits. What was checked:")
		w.checked(x.Host)
	}
}

func (w *writer) checked(host string) {
	for _, c := range w.a.report.Checked {
		if c.Host == host {
			w.say("   - ", clean(c.Title)+": nothing of it was found")
		}
	}
	for _, n := range w.a.report.NotEvaluable {
		if n.Host == host {
			w.say("   ? ", clean(n.Title)+": could not be checked, see the last row")
		}
	}
}

func (w *writer) codes(codes []report.Code) {
	for _, c := range codes {
		w.say("   "+clean(c.Code)+" ", strings.TrimSpace(clean(c.Name)+"  "+clean(c.Meaning)))
	}
}

// evidence is one citation on a line of its own.
func (w *writer) evidence(indent string, e *report.Evidence) {
	l := detailLine{evidence: e, role: dim}
	if e.Provider == "" && e.ID == 0 {
		l.evidence = nil // a line of an artefact, or the coverage of a log
	}
	at := ""
	if !e.Time.IsZero() {
		at = w.a.time(e.Time) + " "
	}
	if e.Host != "" {
		at += clean(shortHost(e.Host)) + " "
	}
	w.add(l, flow(indent+at, fmt.Sprintf("%s [%s]", clean(e.Summary), clean(cite(e))), len(indent)+2, w.width))
}

// cite says where evidence stands.
func cite(e *report.Evidence) string {
	place := e.Path
	if i := strings.LastIndexByte(place, '/'); i >= 0 {
		place = place[i+1:]
	}
	switch {
	case e.Record > 0:
		return fmt.Sprintf("%s #%d", place, e.Record)
	case e.Line > 0:
		return fmt.Sprintf("%s:%d", place, e.Line)
	}
	return place
}

// finding describes a finding: its checklist, the order of events, what speaks
// against the alternatives, and what to do.
func (w *writer) finding(f *report.Finding, verdict string) {
	w.put(detailLine{role: strong}, " ", clean(f.Title))
	w.put(detailLine{role: verdictRole(verdict)}, " ", strings.ToUpper(clean(verdict))+candidateWord(f)+"  "+findingPlace(f))
	if f.Issue != nil {
		w.say(" ", fmt.Sprintf("KB975354, issue %d; rule %s", *f.Issue, clean(f.Rule)))
	} else {
		w.say(" ", "rule "+clean(f.Rule))
	}
	if n := len(f.Occurrences); n > 1 {
		w.say(" ", fmt.Sprintf("%d occurrences, %s to %s", n, w.a.time(f.First), w.a.time(f.Last)))
	}
	for _, r := range f.Remarks {
		w.say(" note: ", clean(r))
	}
	if n := len(unknownCriteria(f)); n > 0 {
		w.put(detailLine{role: warning}, " ", fmt.Sprintf("%s unknown, marked [?] below%s", count(n, "condition"), w.answerHint()))
	}
	w.judgement(f)
	w.checklist(f)
	w.timeline(f)
	w.remedy(f)
	w.references(f)
}

// candidateWord is what the verdict rests on, where that is not the logs and
// Microsoft's word.
func candidateWord(f *report.Finding) string {
	var rests []string
	if f.Candidate {
		rests = append(rests, "candidate: it rests on an inference")
	}
	if f.Answered {
		rests = append(rests, "by an answer")
	}
	if len(rests) == 0 {
		return ""
	}
	return " (" + strings.Join(rests, "; ") + ")"
}

func findingPlace(f *report.Finding) string {
	parts := []string{"on " + clean(f.Host)}
	if f.VM != nil {
		parts = append(parts, "VM "+clean(vmName(f.VM)))
	}
	if f.Volume != "" {
		parts = append(parts, "volume "+clean(f.Volume))
	}
	return strings.Join(parts, ", ")
}

// judgement is what the engineer has written about the finding.
func (w *writer) judgement(f *report.Finding) {
	if e, ok := w.a.entry(notes.Triage, findingSubject(f, "")); ok {
		w.put(detailLine{role: good}, " you "+e.Value+" it: ", clean(e.Text))
	}
	if e, ok := w.a.entry(notes.Note, findingSubject(f, "")); ok {
		w.put(detailLine{role: good}, noteMark(e), clean(e.Text))
	}
}

// roles are the sections of the checklist.
var criterionSections = []struct{ role, heading string }{
	{"anchor", "What it starts from"}, {"required", "Required"}, {"discriminating", "What tells it from its look-alikes"},
	{"supporting", "What supports it"}, {"excluding", "Look-alikes, and what would rule it out"},
}

func (w *writer) checklist(f *report.Finding) {
	for _, s := range criterionSections {
		first := true
		for i := range f.Criteria {
			c := &f.Criteria[i]
			if c.Role != s.role {
				continue
			}
			if first {
				w.heading(s.heading)
				first = false
			}
			w.criterion(f, c)
		}
	}
}

func (w *writer) criterion(f *report.Finding, c *report.Criterion) {
	mark := map[string]string{"met": "[✓]", "unmet": "[ ]", "unknown": "[?]"}[c.State]
	w.put(detailLine{criterion: c, role: map[string]role{"met": plain, "unmet": dim, "unknown": warning}[c.State]},
		" "+mark+" ", fmt.Sprintf("%s (%s%s)", clean(c.Text), clean(c.State), grades[c.Grade]))
	for i := range c.Evidence {
		w.evidence("      ", &c.Evidence[i])
	}
	if e, ok := w.a.entry(notes.Answer, findingSubject(f, c.ID)); ok {
		w.put(detailLine{criterion: c, role: good}, "      you answered "+e.Value+": ", clean(e.Text))
	}
	if c.State != "unknown" {
		return
	}
	for _, m := range c.Missing {
		w.put(detailLine{criterion: c, role: dim}, "      missing: ", clean(m))
	}
	if c.Collect != "" {
		w.put(detailLine{criterion: c, role: dim}, "      collect: ", clean(c.Collect))
	}
}

// answerHint says how the engineer can tell what the logs don't, if so.
func (w *writer) answerHint() string {
	if !w.a.canAnswer() {
		return ""
	}
	return "; if you know, answer with " + w.a.keys.key(actAnswer)
}

// grades say on what a criterion rests, where that is not Microsoft's word.
var grades = map[string]string{
	"SRC": "; from source code", "VEN": "; a vendor says so", "COM": "; from the community", "INF": "; inferred", "MEM": "; from memory",
}

// timeline is the evidence of all criteria in the order of time, with the time
// between; another host is set off, since clocks differ.
func (w *writer) timeline(f *report.Finding) {
	var list []*report.Evidence
	seen := map[string]bool{}
	for i := range f.Criteria {
		for j := range f.Criteria[i].Evidence {
			e := &f.Criteria[i].Evidence[j]
			key := fmt.Sprint(e.Source, e.Offset)
			if e.Provider != "" && !e.Time.IsZero() && !seen[key] {
				seen[key] = true
				list = append(list, e)
			}
		}
	}
	if len(list) < 2 {
		return
	}
	slices.SortStableFunc(list, func(a, b *report.Evidence) int {
		return cmp.Or(w.onClock(a).Compare(w.onClock(b)), cmp.Compare(a.Host, b.Host))
	})
	w.heading("In the order of time" + w.clocks(list))
	w.holes(list)
	hosts := 0
	for _, e := range list {
		hosts = max(hosts, min(20, ansi.StringWidth(clean(shortHost(e.Host)))))
	}
	for i, e := range list {
		between := ""
		if i > 0 {
			between = "+" + span(w.onClock(e).Sub(w.onClock(list[i-1])))
		}
		w.add(detailLine{evidence: e}, flow(fmt.Sprintf("   %s %8s  %s  ", w.a.clock(e.Time), between, cell(shortHost(e.Host), hosts)), clean(e.Summary), 22, w.width))
	}
}

// onClock is when an event happened by the clock of the reference host, as far
// as the difference is known.
func (w *writer) onClock(e *report.Evidence) time.Time {
	for i := range w.a.report.Hosts {
		if h := &w.a.report.Hosts[i]; h.Name == e.Host && h.Clock.Known {
			return e.Time.Add(-time.Duration(h.Clock.OffsetMS) * time.Millisecond)
		}
	}
	return e.Time.Time
}

// clocks says how far the times of several hosts can be compared.
func (w *writer) clocks(list []*report.Evidence) string {
	hosts := map[string]bool{}
	for _, e := range list {
		hosts[e.Host] = true
	}
	if len(hosts) < 2 {
		return ""
	}
	var known []string
	for _, h := range w.a.report.Hosts {
		if c := h.Clock; hosts[h.Name] && c.Known && c.Reference != h.Name {
			known = append(known, fmt.Sprintf("%s %+.1f s against %s, give or take %.1f s", clean(shortHost(h.Name)), seconds(c.OffsetMS), clean(shortHost(c.Reference)), seconds(c.WithinMS)))
		}
	}
	if len(known) == 0 {
		return " (each host's own clock; they were not compared)"
	}
	return " (as logged; the order allows for the clocks: " + strings.Join(known, ", ") + ")"
}

func seconds(ms int64) float64 { return float64(ms) / 1000 }

// holes warns of times between the events that the logs do not cover.
func (w *writer) holes(list []*report.Evidence) {
	first, last := list[0].Time, list[len(list)-1].Time
	for i := range w.a.report.Coverage {
		c := &w.a.report.Coverage[i]
		if !slices.ContainsFunc(list, func(e *report.Evidence) bool { return e.Host == c.Host }) {
			continue
		}
		for _, g := range c.Gaps {
			if g.From.Before(last.Time) && first.Before(g.To.Time) {
				w.put(detailLine{role: warning}, "   gap: ", fmt.Sprintf("%s of %s has nothing from %s to %s", clean(c.Channel), clean(shortHost(c.Host)), w.a.clock(g.From), w.a.clock(g.To)))
			}
		}
	}
}

// span is a duration for eyes.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

func (w *writer) remedy(f *report.Finding) {
	if len(f.Remediation) == 0 {
		return
	}
	w.heading("What to do")
	for i, s := range f.Remediation {
		l := detailLine{step: i + 1}
		mark := "[ ]"
		if w.a.stepDone(f, i+1) {
			mark, l.role = "[✓]", good
		}
		w.put(l, fmt.Sprintf(" %s %d. ", mark, i+1), clean(s.Text)+riskWord(s.Risk))
		if s.Run != "" {
			l.role = strong
			first := len(w.lines)
			w.put(l, "        "+clean(s.Shell)+"> ", clean(s.Run))
			w.lines[first].more = true
		}
	}
}

func riskWord(risk string) string {
	if risk == "" {
		return ""
	}
	return " (" + clean(risk) + ")"
}

func (w *writer) references(f *report.Finding) {
	if len(f.References) == 0 {
		return
	}
	w.heading("To read")
	for _, r := range f.References {
		w.say("   ", clean(r.Title)+"  "+clean(r.URL))
	}
}

// missing describes what could not be checked, issue by issue.
func (w *writer) missing(list []report.NotEvaluable) {
	w.put(detailLine{role: strong}, " ", "What the logs can't answer: it may be there all the same")
	for i := range list {
		n := &list[i]
		if i == 0 || list[i-1].Rule != n.Rule {
			w.heading(missingTitle(n))
		}
		w.put(detailLine{role: strong}, "   on ", clean(n.Host))
		for _, m := range n.Missing {
			w.say("      missing: ", clean(m))
		}
		for _, c := range n.Collect {
			w.say("      collect: ", clean(c))
		}
	}
}

func missingTitle(n *report.NotEvaluable) string {
	if n.Issue != nil {
		return fmt.Sprintf("issue %d: %s", *n.Issue, clean(n.Title))
	}
	return clean(n.Title)
}

// time is a time in the form that was chosen.
func (a *App) time(t report.Time) string {
	if t.IsZero() {
		return "(no time)"
	}
	if a.cfg.RelativeTimes && !a.lastTime().IsZero() {
		d := a.lastTime().Sub(t.Time)
		if d >= 0 {
			return "-" + span(d)
		}
		return "+" + span(-d)
	}
	return t.UTC().Format("2006-01-02 15:04:05.000")
}

// minute is a time as short as can be, for lists.
func (a *App) minute(t report.Time) string {
	if a.cfg.RelativeTimes || t.IsZero() {
		return a.time(t)
	}
	return t.UTC().Format("01-02 15:04")
}

// minuteOf is a time as short as can be among times from first to last: with its year
// where these have several, since a month and a day name one day of each.
func (a *App) minuteOf(t, first, last report.Time) string {
	if a.cfg.RelativeTimes || t.IsZero() || first.UTC().Year() == last.UTC().Year() {
		return a.minute(t)
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// fromTo is the time that bars are drawn over.
func (a *App) fromTo(from, to report.Time) string {
	return a.minuteOf(from, from, to) + " to " + a.minuteOf(to, from, to)
}

// clock is a time of day, since a timeline is of one day or says how much
// passed.
func (a *App) clock(t report.Time) string {
	if a.cfg.RelativeTimes {
		return a.time(t)
	}
	return t.UTC().Format("01-02 15:04:05.000")
}

// lastTime is that of the last event: relative times count from it.
func (a *App) lastTime() time.Time {
	var last time.Time
	for _, s := range a.report.Sources {
		for _, st := range s.Streams {
			if st.Last.After(last) {
				last = st.Last.Time
			}
		}
	}
	return last
}
