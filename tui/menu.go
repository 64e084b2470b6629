package tui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// A menu is a list to choose from. What is typed after "/" narrows it.
type menu struct {
	quiet
	name  string
	all   []menuItem
	items []menuItem // of all, those that are shown
	text  string     // that they contain
	list  list
}

type menuItem struct {
	text, detail string
	chosen       func(a *App) tea.Cmd // nil: nothing happens
}

func newMenu(name string, items []menuItem) *menu {
	m := &menu{name: name, all: items, items: items}
	m.list.resize(len(items))
	return m
}

func (m *menu) title() string   { return m.name }
func (m *menu) scopes() []scope { return scopesOf["menu"] }

func (m *menu) do(a *App, act action) (tea.Cmd, bool) {
	if m.list.move(act) {
		return nil, true
	}
	switch act {
	case actNarrow:
		m.ask(a)
		return nil, true
	case actOpen:
		if m.list.cursor >= len(m.items) {
			return nil, true
		}
		a.back()
		if f := m.items[m.list.cursor].chosen; f != nil {
			return f(a), true
		}
		return nil, true
	}
	return nil, false
}

// ask narrows the list while its text is typed; Enter takes the row of the
// cursor.
func (m *menu) ask(a *App) {
	p := a.ask("narrow", m.text, func(a *App, _ string) tea.Cmd { return a.act(actOpen) })
	p.live = func(_ *App, text string) tea.Cmd {
		m.narrow(text)
		return nil
	}
	p.undo = func(*App) tea.Cmd {
		m.narrow("")
		return nil
	}
}

func (m *menu) narrow(text string) {
	m.items, m.text = nil, text
	for _, it := range m.all {
		if strings.Contains(strings.ToLower(it.text+" "+it.detail), strings.ToLower(text)) {
			m.items = append(m.items, it)
		}
	}
	m.list.resize(len(m.items))
	m.list.moveTo(0)
}

func (m *menu) click(a *App, x, y int) bool { return m.list.click(a, x, y) }

func (m *menu) render(a *App, width, height int) []string {
	left := 0
	for _, it := range m.all {
		left = max(left, min(ansi.StringWidth(cutBytes(it.text, width)), width/2))
	}
	if len(m.items) == 0 {
		return page([]string{"", " nothing here"}, width, height)
	}
	return m.list.render(0, 0, width, height, func(i int) string {
		it := m.items[i]
		row := fit(fmt.Sprintf(" %s  %s", cell(it.text, left), brief(it.detail, width)), width)
		if i == m.list.cursor {
			return a.paint.paint(selected, row)
		}
		return row
	})
}

// newHelp lists the keys that are valid in a view, and does what one is for.
func newHelp(a *App, scopes []scope) *menu {
	var items []menuItem
	for _, b := range a.keys.valid(scopes) {
		var keys []string
		for _, k := range b.keys {
			keys = append(keys, keyName(k))
		}
		items = append(items, menuItem{strings.Join(keys, " "), b.help, func(a *App) tea.Cmd { return a.act(b.action) }})
	}
	return newMenu("keys that are valid here", items)
}

// openPalette lists every action that is valid by its name.
func (a *App) openPalette() {
	var items []menuItem
	for _, b := range a.keys.valid(a.top().scopes()) {
		items = append(items, menuItem{string(b.action), b.help, func(a *App) tea.Cmd { return a.act(b.action) }})
	}
	m := newMenu("actions", items)
	a.open(m)
	m.ask(a)
}
