package report

import (
	"fmt"
	"slices"
)

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
