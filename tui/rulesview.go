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

type ruleRow struct {
	text string
	role role
}

func newRules() *rulesView { return &rulesView{} }

func (v *rulesView) title() string   { return "Rules" }
func (v *rulesView) scopes() []scope { return scopesOf["list"] }

func (v *rulesView) arrange(a *App) {
	r := a.report
	if v.made == r {
		return
	}
	v.made, v.rows = r, nil
	for i := range r.Findings {
		f := &r.Findings[i]
		v.rows = append(v.rows, ruleRow{fmt.Sprintf(" %s  %-14s %s  (%s)", verdictWord(a, f.Verdict), clean(f.Rule), clean(f.Title), findingPlace(f)), verdictRole(f.Verdict)})
	}
	for _, c := range r.Checked {
		v.rows = append(v.rows, ruleRow{fmt.Sprintf(" %-11s  %-14s %s  (on %s)", a.glyph("– not found", "- not found"), clean(c.Rule), clean(c.Title), clean(c.Host)), plain})
	}
	for _, n := range r.NotEvaluable {
		v.rows = append(v.rows, ruleRow{fmt.Sprintf(" %-11s  %-14s %s  (on %s)", "? no logs", clean(n.Rule), clean(n.Title), clean(n.Host)), dim})
	}
	v.list.resize(len(v.rows))
}

func (v *rulesView) do(a *App, act action) (tea.Cmd, bool) {
	v.arrange(a)
	return nil, v.list.move(act)
}

func (v *rulesView) render(a *App, width, height int) []string {
	v.arrange(a)
	head := a.paint.paint(dim, fit(fmt.Sprintf(" rules %.12s, vsswhy %s", a.report.Tool.RulesDigest, clean(a.report.Tool.Version)), width))
	return append([]string{head}, v.list.render(width, height-1, func(i int) string {
		row := fit(v.rows[i].text, width)
		if i == v.list.cursor {
			return a.paint.paint(selected, row)
		}
		return a.paint.paint(v.rows[i].role, row)
	})...)
}
