package report

import (
	"cmp"
	"strings"
)

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
