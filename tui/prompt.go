package tui

import (
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
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
	live   func(a *App, text string) tea.Cmd       // after each change to sound text; may be nil
	undo   func(a *App) tea.Cmd                    // at Esc; may be nil
}

// ask opens a text box.
func (a *App) ask(label, text string, done func(a *App, text string) tea.Cmd) *prompt {
	in := textinput.New()
	in.Prompt = ""
	in.SetStyles(textinput.Styles{}) // of the terminal itself
	in.SetVirtualCursor(true)
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
	label := fit(" "+clean(p.label)+": ", min(ansi.StringWidth(clean(p.label))+3, width/2))
	p.input.SetWidth(max(10, width-ansi.StringWidth(label)-2))
	return append(lines, a.paint.paint(strong, label)+fit(p.input.View(), width-ansi.StringWidth(label)))
}

func (a *App) promptKey(msg tea.KeyPressMsg) tea.Cmd {
	p := a.prompt
	before := p.input.Value()
	switch key := msg.String(); key {
	case "esc":
		a.prompt = nil
		if p.undo != nil {
			return p.undo(a)
		}
		return nil
	case "enter":
		if p.err != "" {
			return nil
		}
		a.prompt = nil
		return p.done(a, p.input.Value())
	case "up", "down":
		if m, ok := a.top().(*menu); ok {
			m.list.move(action(key))
		}
		return nil
	case "ctrl+u":
		p.input.SetValue("")
	case "tab":
		if p.expand != nil {
			text, at := p.expand(p.input.Value(), p.input.Position())
			p.input.SetValue(text)
			p.input.SetCursor(at)
		}
	default:
		if msg.Text != "" {
			p.insert(msg.Text)
		} else {
			p.input, _ = p.input.Update(msg)
		}
	}
	if p.input.Value() == before {
		return nil
	}
	return p.changed(a)
}

// changed looks at the new text.
func (p *prompt) changed(a *App) tea.Cmd {
	if p.validate(a); p.err != "" || p.live == nil {
		return nil
	}
	return p.live(a, p.input.Value())
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
