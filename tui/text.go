package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// clean makes text from a log safe for the terminal: the one way there.
func clean(s string) string { return event.Clean(s) }

// fit cuts or pads text to a width in cells. Text that is cut ends in "…".
func fit(s string, width int) string {
	if width <= 0 {
		return ""
	}
	n := ansi.StringWidth(s)
	if n > width {
		s = ansi.Truncate(s, width, "…")
		n = ansi.StringWidth(s)
	}
	return s + strings.Repeat(" ", max(0, width-n))
}

// fitLeft cuts the beginning of text that is too wide: the end of a path tells
// more than its beginning.
func fitLeft(s string, width int) string {
	if n := ansi.StringWidth(s); n > width && width > 1 {
		s = "…" + ansi.TruncateLeft(s, n-width+1, "")
	}
	return fit(s, width)
}

// wrap breaks text at spaces into lines of at most a width in cells; words that
// are wider are cut. It has at least one line.
func wrap(s string, width int) []string {
	if width <= 0 {
		return []string{""}
	}
	return strings.Split(ansi.Wrap(s, width, ""), "\n")
}

// hang wraps text behind a first part; further lines are indented as far.
func hang(first, s string, width int) []string {
	indent := ansi.StringWidth(first)
	lines := wrap(s, max(10, width-indent))
	for i := range lines {
		if i > 0 {
			first = strings.Repeat(" ", indent)
		}
		lines[i] = first + lines[i]
	}
	return lines
}

// page cuts or pads lines to a height, each to a width.
func page(lines []string, width, height int) []string {
	out := make([]string, height)
	for i := range out {
		if i < len(lines) {
			out[i] = fit(lines[i], width)
		} else {
			out[i] = strings.Repeat(" ", max(0, width))
		}
	}
	return out
}

// beside puts two pages of the same height side by side with a rule between.
func beside(left, right []string, rule string) []string {
	out := make([]string, len(left))
	for i := range left {
		out[i] = left[i] + rule + right[i]
	}
	return out
}
