package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
)

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
