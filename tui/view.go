package tui

import (
	tea "charm.land/bubbletea/v2"
)

// A view is one thing that fills the body of the page: a screen, or what was
// opened from one.
type view interface {
	title() string   // for the line that says where one is
	scopes() []scope // of the keys that are valid
	// do carries out an action; false: the view knows nothing of it, and the App
	// may.
	do(a *App, act action) (tea.Cmd, bool)
	// update takes messages that commands of the view have sent.
	update(a *App, msg tea.Msg) tea.Cmd
	// render returns exactly height lines of width cells.
	render(a *App, width, height int) []string
	// copies returns what can be copied of what the cursor is on.
	copies(a *App) []copyItem
	// click puts the cursor on what is at a place of the body; false: nothing.
	click(a *App, x, y int) bool
}

// A copyItem is one form of what the cursor is on.
type copyItem struct{ name, text string }

// quiet is for views that need no messages and have nothing to copy.
type quiet struct{}

func (quiet) update(*App, tea.Msg) tea.Cmd { return nil }
func (quiet) copies(*App) []copyItem       { return nil }
func (quiet) click(*App, int, int) bool    { return false }

// click puts the cursor of a list on a row.
func (l *list) click(_ *App, x, y int) bool {
	row, ok := l.hit(x, y)
	if ok {
		l.moveTo(row)
	}
	return ok
}

// A textView is text to read: an event, its XML, help.
type textView struct {
	quiet
	name   string
	lines  func(a *App, width int) []string // made anew when the width changes
	list   list
	cached []string
	width  int
	made   int // App.written when it was cached
	item   func(a *App) []copyItem
	more   func(a *App, act action) (tea.Cmd, bool) // what else can be done; may be nil
	keys   []scope
}

func newText(name string, lines func(a *App, width int) []string) *textView {
	return &textView{name: name, lines: lines, keys: scopesOf["text"]}
}

func (v *textView) title() string   { return v.name }
func (v *textView) scopes() []scope { return v.keys }

func (v *textView) do(a *App, act action) (tea.Cmd, bool) {
	// Text has no cursor: the page moves.
	switch act {
	case actUp:
		v.list.moveTo(v.list.top - 1)
	case actDown:
		v.list.moveTo(v.list.top + v.list.height)
	case actPageUp:
		v.list.moveTo(v.list.top - v.list.height)
	case actPageDown:
		v.list.moveTo(v.list.top + 2*v.list.height - 1)
	case actTop, actBottom:
		v.list.move(act)
	default:
		if v.more != nil {
			return v.more(a, act)
		}
		return nil, false
	}
	return nil, true
}

func (v *textView) render(a *App, width, height int) []string {
	if v.cached == nil || v.width != width || v.made != a.written {
		v.cached, v.width, v.made = v.lines(a, width), width, a.written
		v.list.resize(len(v.cached))
	}
	return v.list.render(0, 0, width, height, func(i int) string { return v.cached[i] })
}

func (v *textView) copies(a *App) []copyItem {
	if v.item == nil {
		return nil
	}
	return v.item(a)
}
