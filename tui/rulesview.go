package tui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"github.com/vsswhy/vsswhy/rules/report"
)

// rulesView says what was checked where, and how it ended: found, not found, or
// not to be told.
type rulesView struct {
	quiet
	made *report.Report
	rows []ruleRow
	list list
}

// A ruleRow is one rule on one host.
type ruleRow struct {
	ended, rule, host, title string
	role                     role
	finding                  *report.Finding
	missing                  *report.NotEvaluable
}

func newRules() *rulesView { return &rulesView{} }

func (v *rulesView) title() string   { return "Rules" }
func (v *rulesView) scopes() []scope { return scopesOf["choice"] }

func (v *rulesView) arrange(a *App) {
	r := a.report
	if v.made == r {
		return
	}
	v.made, v.rows = r, nil
	for i := range r.Findings {
		f := &r.Findings[i]
		v.rows = append(v.rows, ruleRow{findingWord(f, f.Verdict), f.Rule, f.Host, answeredWord(f.Answered) + f.Title + ", " + findingPlace(f), verdictRole(f.Verdict), f, nil})
	}
	for _, c := range r.Checked {
		v.rows = append(v.rows, ruleRow{"– not found", c.Rule, c.Host, c.Title, plain, nil, nil})
	}
	for i := range r.NotEvaluable {
		n := &r.NotEvaluable[i]
		v.rows = append(v.rows, ruleRow{"? no logs", n.Rule, n.Host, n.Title, dim, nil, n})
	}
	v.list.resize(len(v.rows))
}

func (v *rulesView) do(a *App, act action) (tea.Cmd, bool) {
	v.arrange(a)
	if v.list.move(act) {
		return nil, true
	}
	if act != actOpen || v.list.cursor >= len(v.rows) {
		return nil, false
	}
	switch r := v.rows[v.list.cursor]; {
	case r.finding != nil:
		return a.showFinding(findingSubject(r.finding, "")), true
	case r.missing != nil:
		a.open(newText("what is missing", func(a *App, width int) (lines []string) {
			w := &writer{a: a, width: width}
			w.missing([]report.NotEvaluable{*r.missing})
			for _, l := range w.lines {
				lines = append(lines, l.text)
			}
			return lines
		}))
	default:
		a.say("nothing of it was found on %s", clean(r.host))
	}
	return nil, true
}

func (v *rulesView) click(a *App, x, y int) bool { return v.list.click(a, x, y) }

func (v *rulesView) render(a *App, width, height int) []string {
	v.arrange(a)
	head := a.paint.paint(dim, fit(fmt.Sprintf(" What was checked on which host. Rules %.12s, vsswhy %s", clean(a.report.Tool.RulesDigest), clean(a.report.Tool.Version)), width))
	return append([]string{head}, v.list.render(0, 1, width, height-1, func(i int) string {
		r := &v.rows[i]
		row := fit(" "+fit(r.ended, 11)+"  "+cell(r.rule, 13)+" "+cell(shortHost(r.host), hostCells)+" "+brief(r.title, width), width)
		if i == v.list.cursor {
			return a.paint.paint(selected, row)
		}
		return a.paint.paint(r.role, row)
	})...)
}

func (v *rulesView) table(*App) (head []string, rows [][]string) {
	for _, r := range v.rows {
		rows = append(rows, []string{r.ended, r.rule, r.host, r.title})
	}
	return []string{"result", "rule", "host", "title"}, rows
}

func (v *rulesView) copies(*App) []copyItem {
	if v.list.cursor >= len(v.rows) {
		return nil
	}
	r := &v.rows[v.list.cursor]
	return []copyItem{{"this line", clean(fmt.Sprintf("%s %s on %s: %s", r.ended, r.rule, r.host, r.title))}}
}
