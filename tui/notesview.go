package tui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/vsswhy/vsswhy/index/notes"
	"github.com/vsswhy/vsswhy/rules/report"
)

// notesView lists what the engineer wrote, the latest first.
type notesView struct {
	quiet
	entries []notes.Entry
	list    list
}

func newNotesView() *notesView { return &notesView{} }

func (v *notesView) title() string   { return "Notes" }
func (v *notesView) scopes() []scope { return scopesOf["notes"] }

func (v *notesView) refresh(a *App) {
	v.entries = nil
	if a.c != nil {
		all := a.c.Notes().All()
		for i := len(all) - 1; i >= 0; i-- {
			v.entries = append(v.entries, all[i])
		}
	}
	v.list.resize(len(v.entries))
}

func (v *notesView) do(a *App, act action) (tea.Cmd, bool) {
	v.refresh(a)
	if v.list.move(act) {
		return nil, true
	}
	if act != actOpen && act != actShare || v.list.cursor >= len(v.entries) {
		return nil, false
	}
	e := v.entries[v.list.cursor]
	if act == actShare {
		a.share(e)
		v.list.moveTo(0) // what was changed last is first
		return nil, true
	}
	if e.Subject.Rule != "" {
		return a.showFinding(e.Subject), true
	}
	if e.Kind != notes.Filter {
		return a.showSubject(e.Subject), true
	}
	return nil, true
}

// showFinding goes to a finding on the first screen.
func (a *App) showFinding(s notes.Subject) tea.Cmd {
	if a.screen != actVerdicts {
		a.jump(actVerdicts)
	}
	v := a.screens[actVerdicts].(*verdicts)
	v.arrange(a.report)
	s.Part = ""
	for i, r := range v.rows {
		if r.finding != nil && findingSubject(r.finding, "") == s {
			v.left.moveTo(i)
			v.inside = false
			return nil
		}
	}
	a.say("the finding is not in the report any more")
	return nil
}

func (v *notesView) render(a *App, width, height int) []string {
	v.refresh(a)
	if len(v.entries) == 0 {
		text := fmt.Sprintf("Nothing written so far. %s writes a note on a finding or an event; %s bookmarks an event; %s confirms and %s dismisses a finding.",
			a.keys.key(actNote), a.keys.key(actBookmark), a.keys.key(actConfirm), a.keys.key(actDismiss))
		return page(append([]string{""}, hang(" ", text, width)...), width, height)
	}
	detail := height / 3
	lines := v.list.render(0, 0, width, height-detail, func(i int) string {
		e := &v.entries[i]
		row := fit(fmt.Sprintf(" %s  %-8s  %s  %s", e.Time.UTC().Format("01-02 15:04"), clean(string(e.Kind)), cell(noteSubject(a, e), width/3), brief(noteWords(a, e), width)), width)
		if i == v.list.cursor {
			return a.paint.paint(selected, row)
		}
		return row
	})
	e := &v.entries[v.list.cursor]
	lines = append(lines, a.paint.paint(dim, strings.Repeat("─", width)))
	about := hang(" ", clean(fmt.Sprintf("%s of %s, %s", e.Kind, noteSubject(a, e), e.Time.UTC().Format("2006-01-02 15:04 UTC"))), width)
	return append(lines, page(append(about, hang(" ", clean(noteWords(a, e)), width)...), width, detail-1)...)
}

// noteSubject names what an entry is about.
func noteSubject(a *App, e *notes.Entry) string {
	s := e.Subject
	switch {
	case e.Kind == notes.Filter:
		return s.Part
	case s.Rule != "":
		return strings.Join(strings.Fields(strings.Join([]string{s.Rule, shortHost(s.Host), s.VM, s.Volume}, " ")), " ")
	}
	return fmt.Sprintf("%s #%d %s", shortHost(s.Host), s.Record, a.time(report.Time{Time: s.Time}))
}

// noteWords is what an entry says: its value, the criterion or the step that it is
// of, and the engineer's words.
func noteWords(a *App, e *notes.Entry) string {
	of := notePart(a, e)
	if of != "" && e.Text != "" {
		of += ": "
	}
	return strings.TrimSpace(e.Value + "  " + of + e.Text)
}

// notePart names the part of a finding that an entry is of: a criterion by its
// text, as far as the report has the finding.
func notePart(a *App, e *notes.Entry) string {
	switch e.Kind {
	case notes.Answer:
	case notes.Step:
		return e.Subject.Part
	default:
		return ""
	}
	for i := range a.report.Findings {
		f := &a.report.Findings[i]
		for j := range f.Criteria {
			if c := &f.Criteria[j]; c.ID == e.Subject.Part && findingSubject(f, c.ID) == e.Subject {
				return c.Text
			}
		}
	}
	return e.Subject.Part
}

func (v *notesView) copies(a *App) []copyItem {
	var lines []string
	for i := range v.entries {
		e := &v.entries[i]
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s  %s", e.Time.UTC().Format("2006-01-02 15:04"), e.Kind, clean(noteSubject(a, e)), clean(noteWords(a, e)))))
	}
	if len(lines) == 0 {
		return nil
	}
	return []copyItem{{"all notes", strings.Join(lines, "\n")}}
}

func (v *notesView) click(a *App, x, y int) bool { return v.list.click(a, x, y) }

func (v *notesView) table(a *App) (head []string, rows [][]string) {
	for i := range v.entries {
		e := &v.entries[i]
		about := noteSubject(a, e)
		if of := notePart(a, e); of != "" {
			about += ": " + of
		}
		rows = append(rows, []string{report.Time{Time: e.Time}.String(), string(e.Kind), about, e.Value, e.Text})
	}
	return []string{"time", "kind", "about", "value", "text"}, rows
}
