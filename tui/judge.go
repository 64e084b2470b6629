package tui

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/vsswhy/vsswhy/index/notes"
	"github.com/vsswhy/vsswhy/rules/report"
)

// write takes what the engineer thinks: of a finding, of one of its criteria,
// of a step. It is on disk when it is shown.
func (v *verdicts) write(a *App, act action) tea.Cmd {
	row := v.selected()
	if row == nil || row.finding == nil {
		a.say("choose a finding first: confirmed, likely, possible or ruled-out")
		return nil
	}
	if err := a.canWrite(); err != nil {
		a.say("%v", err)
		return nil
	}
	f := row.finding
	switch act {
	case actConfirm:
		v.triage(a, f, "confirmed", "why is it confirmed")
	case actDismiss:
		v.triage(a, f, "dismissed", "why is it dismissed")
	case actNote:
		v.note(a, f)
	case actTick:
		return v.tick(a, f)
	case actAnswer:
		v.answer(a, f)
	}
	return nil
}

// canWrite says why nothing can be written, if so.
func (a *App) canWrite() error {
	switch {
	case a.c == nil && a.scan.over() != "":
		return errors.New("nothing can be written: " + a.scan.over())
	case a.c == nil:
		return errors.New("the scan has not ended: notes can be written when the case is there")
	case !a.c.Writable():
		return errors.New("the case is open read-only: nothing can be written to it")
	}
	return nil
}

func (a *App) canAnswer() bool { return a.canWrite() == nil && a.session.Evaluate != nil }

// put saves an entry and says so, or why not.
func (a *App) put(e notes.Entry, said string) bool {
	e.Time = a.session.Now().UTC()
	if err := a.c.Notes().Put(e); err != nil {
		a.say("NOT SAVED: %v", err)
		return false
	}
	a.written++
	a.say("%s", said)
	return true
}

// remove takes an entry back and says so.
func (a *App) remove(kind notes.Kind, s notes.Subject, said string) {
	if err := a.c.Notes().Remove(kind, s, a.session.Now().UTC()); err != nil {
		a.say("NOT SAVED: %v", err)
		return
	}
	a.written++
	a.say("%s", said)
}

func (v *verdicts) triage(a *App, f *report.Finding, state, question string) {
	s := findingSubject(f, "")
	old, _ := a.entry(notes.Triage, s)
	if old.Value == state { // once more takes it back
		a.remove(notes.Triage, s, "no longer "+state)
		v.dirty = true
		return
	}
	p := a.ask(question, old.Text, func(a *App, text string) tea.Cmd {
		a.put(notes.Entry{Kind: notes.Triage, Subject: s, Value: state, Text: text}, state+", saved")
		v.dirty = true
		return nil
	})
	if state == "dismissed" {
		p.check = func(_ *App, text string) error {
			if strings.TrimSpace(text) == "" {
				return errors.New("a reason, so that the next one knows")
			}
			return nil
		}
		p.validate(a)
	}
}

func (v *verdicts) note(a *App, f *report.Finding) {
	s := findingSubject(f, "")
	old, _ := a.entry(notes.Note, s)
	a.ask("note", old.Text, func(a *App, text string) tea.Cmd {
		a.saveNote(s, text)
		v.dirty = true
		return nil
	})
}

// saveNote saves a note; an empty one removes it.
func (a *App) saveNote(s notes.Subject, text string) {
	if strings.TrimSpace(text) == "" {
		a.remove(notes.Note, s, "no note")
		return
	}
	old, _ := a.entry(notes.Note, s)
	said := fmt.Sprintf("note saved, and private: %s in Notes puts it into reports", a.keys.key(actShare))
	if old.Value == notes.Shared {
		said = "note saved; reports show it"
	}
	a.put(notes.Entry{Kind: notes.Note, Subject: s, Value: old.Value, Text: text}, said)
}

// noteMark stands before a note, and says who sees it.
func noteMark(e notes.Entry) string {
	if e.Value == notes.Shared {
		return " your note, in reports: "
	}
	return " your note: "
}

// share marks a note as meant for whoever reads the report, or takes that back.
func (a *App) share(e notes.Entry) {
	if err := a.canWrite(); err != nil {
		a.say("%v", err)
		return
	}
	if e.Kind != notes.Note {
		a.say("only notes can be shown in reports, no %s", e.Kind)
		return
	}
	if e.Value == notes.Shared {
		e.Value = ""
		a.put(e, "reports don't show the note any more")
		return
	}
	e.Value = notes.Shared
	a.put(e, "reports show the note from now on")
}

// tick marks the step of the line as done, or as not done.
func (v *verdicts) tick(a *App, f *report.Finding) tea.Cmd {
	step := v.line().step
	if step == 0 {
		a.say("r goes to the steps; Space ticks the one that the cursor is on")
		return nil
	}
	s := findingSubject(f, stepName(f, step))
	if a.has(notes.Step, s) {
		a.remove(notes.Step, s, "not done, saved")
	} else {
		a.put(notes.Entry{Kind: notes.Step, Subject: s, Value: "done"}, "done, saved")
	}
	v.dirty = true
	return nil
}

// answer asks for what the logs do not tell: about the criterion of the line,
// or the first one that is unknown.
func (v *verdicts) answer(a *App, f *report.Finding) {
	c := v.line().criterion
	if c == nil || c.State != "unknown" && !a.has(notes.Answer, findingSubject(f, c.ID)) {
		list := unknownCriteria(f)
		if len(list) == 0 {
			a.say("nothing is unknown here")
			return
		}
		c = list[0]
	}
	if a.session.Evaluate == nil {
		a.say("answers can't be evaluated here")
		return
	}
	var items []menuItem
	for _, value := range []string{"yes", "no", "unknown"} {
		items = append(items, menuItem{value, clean(c.Text), func(a *App) tea.Cmd { v.because(a, f, c, value); return nil }})
	}
	a.open(newMenu("answer: "+clean(c.Text), items))
}

func (v *verdicts) because(a *App, f *report.Finding, c *report.Criterion, value string) {
	s := findingSubject(f, c.ID)
	old, _ := a.entry(notes.Answer, s)
	a.ask("how do you know", old.Text, func(a *App, text string) tea.Cmd {
		if !a.put(notes.Entry{Kind: notes.Answer, Subject: s, Value: value, Text: text}, "answer saved; evaluating") {
			return nil
		}
		return a.evaluate()
	})
}

// An evaluatedMsg is the report with the answers.
type evaluatedMsg struct {
	report *report.Report
	err    error
}

// evaluate makes the report anew, beside the screen.
func (a *App) evaluate() tea.Cmd {
	ctx, evaluate := a.ctx, a.session.Evaluate
	return func() tea.Msg {
		r, err := evaluate(ctx)
		return evaluatedMsg{r, err}
	}
}

// evaluated shows the report with the answers; the cursor stays on its finding.
func (v *verdicts) evaluated(a *App, msg evaluatedMsg) {
	if msg.err != nil {
		a.say("not evaluated: %v", msg.err)
		return
	}
	before := v.selected()
	a.report = msg.report
	v.arrange(a.report)
	if before == nil || before.finding == nil {
		return
	}
	want := findingSubject(before.finding, "")
	if i := slices.IndexFunc(v.rows, func(r verdictRow) bool {
		return r.finding != nil && findingSubject(r.finding, "") == want
	}); i >= 0 {
		v.left.moveTo(i)
		a.say("evaluated: %s", v.rows[i].verdict)
	}
}

// update takes the new report.
func (v *verdicts) update(a *App, msg tea.Msg) tea.Cmd {
	if msg, ok := msg.(evaluatedMsg); ok {
		v.evaluated(a, msg)
	}
	return nil
}
