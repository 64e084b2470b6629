package tui

import (
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
)

// A prompt is a text box at the foot of the page. While it is there it has all
// printable keys: none of them is an action.
type prompt struct {
	label  string
	input  textinput.Model
	err    string                                  // what is wrong with the text
	check  func(a *App, text string) error         // after each change; may be nil
	done   func(a *App, text string) tea.Cmd       // at Enter
	expand func(text string, at int) (string, int) // at Tab; may be nil
}

// ask opens a text box.
func (a *App) ask(label, text string, done func(a *App, text string) tea.Cmd) *prompt {
	in := textinput.New()
	in.Prompt = ""
	in.SetVirtualCursor(true)
	in.SetWidth(max(10, a.width-len(label)-6))
	in.SetValue(clean(text))
	in.CursorEnd()
	in.Focus()
	a.prompt = &prompt{label: label, input: in, done: done}
	return a.prompt
}

func (p *prompt) height() int {
	if p.err != "" {
		return 2
	}
	return 1
}

func (p *prompt) insert(text string) {
	value := []rune(p.input.Value())
	at := min(p.input.Position(), len(value))
	added := []rune(clean(text))
	p.input.SetValue(string(value[:at]) + string(added) + string(value[at:]))
	p.input.SetCursor(at + len(added))
}

func (p *prompt) render(a *App, width int) []string {
	var lines []string
	if p.err != "" {
		lines = append(lines, a.paint.paint(critical, fit(" "+clean(strings.ReplaceAll(p.err, "\n", " ")), width)))
	}
	label := " " + p.label + ": "
	return append(lines, a.paint.paint(strong, label)+fit(p.input.View(), width-len([]rune(label))))
}

func (a *App) promptKey(msg tea.KeyPressMsg) tea.Cmd {
	p := a.prompt
	switch msg.String() {
	case "esc":
		a.prompt = nil
		return nil
	case "enter":
		if p.err != "" {
			return nil
		}
		a.prompt = nil
		return p.done(a, p.input.Value())
	case "ctrl+u":
		p.input.SetValue("")
	case "tab":
		if p.expand != nil {
			text, at := p.expand(p.input.Value(), p.input.Position())
			p.input.SetValue(text)
			p.input.SetCursor(at)
		}
	default:
		var cmd tea.Cmd
		p.input, cmd = p.input.Update(msg)
		p.validate(a)
		return cmd
	}
	p.validate(a)
	return nil
}

func (p *prompt) validate(a *App) {
	p.err = ""
	if p.check == nil {
		return
	}
	if err := p.check(a, p.input.Value()); err != nil {
		p.err = err.Error()
	}
}
