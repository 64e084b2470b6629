package tui

import (
	"image/color"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"
)

// A role is what a piece of text is, for its colour. Nothing is told by colour
// alone: verdicts and levels have words, and the selection is in reverse video.
type role int

const (
	plain role = iota
	dim
	strong
	title
	selected  // the row of the cursor, in the pane that has the keys
	inactive  // the row of the cursor, elsewhere
	confirmed // verdicts
	likely
	possible
	ruledOut
	critical // levels
	warning
	match // of the search
	good
	roles
)

// A theme is a named set of colours.
type theme struct {
	name   string
	colors [roles]color.Color // nil: the terminal's own
}

// The palettes. The one for colour-blind people uses blue and orange, which
// all common kinds of colour blindness keep apart (after Okabe and Ito).
var themes = []theme{
	{"dark", palette(map[role]string{
		dim: "#8a8a8a", title: "#87afff", confirmed: "#ff6b6b", likely: "#ffb454", possible: "#ffe08a", ruledOut: "#8a8a8a",
		critical: "#ff6b6b", warning: "#ffb454", match: "#ffd75f", good: "#87d787",
	})},
	{"light", palette(map[role]string{
		dim: "#6c6c6c", title: "#005faf", confirmed: "#b00020", likely: "#9a5b00", possible: "#6b6b00", ruledOut: "#6c6c6c",
		critical: "#b00020", warning: "#9a5b00", match: "#875f00", good: "#2e7d32",
	})},
	{"safe", palette(map[role]string{
		dim: "#8a8a8a", title: "#56b4e9", confirmed: "#d55e00", likely: "#e69f00", possible: "#f0e442", ruledOut: "#8a8a8a",
		critical: "#d55e00", warning: "#e69f00", match: "#f0e442", good: "#0072b2",
	})},
	{"mono", palette(nil)},
}

func palette(hex map[role]string) (p [roles]color.Color) {
	for r, h := range hex {
		p[r] = lipgloss.Color(h)
	}
	return p
}

// ThemeNames are the names of the themes.
func ThemeNames() []string {
	var names []string
	for _, t := range themes {
		names = append(names, t.name)
	}
	return names
}

func themeIndex(name string) int {
	return max(0, slices.IndexFunc(themes, func(t theme) bool { return t.name == name }))
}

// A painter puts the escape sequences of roles around clean text. They are
// computed once: rendering a row costs no more than joining strings.
type painter struct{ on, off [roles]string }

func newPainter(t theme) *painter {
	p := new(painter)
	for r := range roles {
		style := lipgloss.NewStyle()
		if c := t.colors[r]; c != nil {
			style = style.Foreground(c)
		}
		switch r {
		case strong, title, confirmed:
			style = style.Bold(true)
		case selected:
			style = style.Reverse(true)
		case inactive:
			style = style.Underline(true)
		case dim, ruledOut:
			style = style.Faint(t.colors[r] == nil)
		case match:
			style = style.Reverse(true)
		}
		p.on[r], p.off[r], _ = strings.Cut(style.Render("x"), "x")
	}
	return p
}

// paint colours text.
func (p *painter) paint(r role, s string) string { return p.on[r] + s + p.off[r] }
