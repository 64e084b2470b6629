package report

import (
	"cmp"
	"slices"
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
		lists := groupBy(list, func(n NotEvaluable) string { return n.lacks() })
		items := shorten(lists, maxListed, "and %d more", func(list *[]NotEvaluable) node {
			return entry("missing:", txt("%s", lackOf(*list)))
		})
		p.group(issueText(list[0].Issue, list[0].Rule)+": "+list[0].Title, append(items, entries("collect:", list[0].Collect)...))
	}
	// Of the many other causes a log is missing for several, and on several hosts for
	// the same ones.
	lists := groupBy(others, func(n NotEvaluable) string { return n.Host + "\x00" + n.lacks() })
	for _, list := range groupBy(lists, causesAndWays) {
		first := list[0]
		var all []NotEvaluable
		for _, l := range list {
			all = append(all, l...)
		}
		titles, ways := titlesAndWays(first)
		p.group("Without "+lackOf(all)+":", append(entries("-", titles), entries("collect:", ways)...))
	}
}

// titlesAndWays are the causes of a list, and how to collect what they lack.
func titlesAndWays(list []NotEvaluable) (titles, ways []string) {
	for _, n := range list {
		titles = append(titles, n.Title)
		ways = appendNew(ways, n.Collect...)
	}
	return titles, ways
}

// causesAndWays tells apart what is not the same but for the host.
func causesAndWays(list []NotEvaluable) string {
	titles, ways := titlesAndWays(list)
	return strings.Join(slices.Concat([]string{list[0].lacks()}, titles, ways), "\x00")
}

// lacks is what is missing, without its host where each thing ends with it; else with
// all that is said of it.
func (n *NotEvaluable) lacks() string {
	plain := make([]string, len(n.Missing))
	for i, m := range n.Missing {
		short, of := strings.CutSuffix(m, " of "+n.Host)
		if !of {
			short, of = strings.CutSuffix(m, " on "+n.Host)
		}
		if !of {
			return strings.Join(n.Missing, "; ")
		}
		plain[i] = short
	}
	return strings.Join(plain, "; ")
}

// lackOf is what is missing on all hosts of a list, with their names.
func lackOf(list []NotEvaluable) string {
	text := list[0].lacks()
	if text == strings.Join(list[0].Missing, "; ") {
		return text
	}
	var hosts []string
	for _, n := range list {
		hosts = appendNew(hosts, n.Host)
	}
	return text + " of " + listed(hosts)
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
