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
}

// A copyItem is one form of what the cursor is on.
type copyItem struct{ name, text string }

// quiet is for views that need no messages and have nothing to copy.
type quiet struct{}

func (quiet) update(*App, tea.Msg) tea.Cmd { return nil }
func (quiet) copies(*App) []copyItem       { return nil }

// A textView is text to read: an event, its XML, help.
type textView struct {
	quiet
	name   string
	lines  func(a *App, width int) []string // made anew when the width changes
	list   list
	cached []string
	width  int
	item   func(a *App) []copyItem
}

func newText(name string, lines func(a *App, width int) []string) *textView {
	return &textView{name: name, lines: lines}
}

func (v *textView) title() string   { return v.name }
func (v *textView) scopes() []scope { return scopesOf["text"] }

func (v *textView) do(_ *App, act action) (tea.Cmd, bool) {
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
		return nil, false
	}
	return nil, true
}

func (v *textView) render(a *App, width, height int) []string {
	if v.cached == nil || v.width != width {
		v.cached, v.width = v.lines(a, width), width
		v.list.resize(len(v.cached))
	}
	return v.list.render(width, height, func(i int) string { return v.cached[i] })
}

func (v *textView) copies(a *App) []copyItem {
	if v.item == nil {
		return nil
	}
	return v.item(a)
}
