package report

import (
	"fmt"
	"slices"
	"strings"
)

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
