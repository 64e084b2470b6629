package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// maxText is how much of one text is shown, in bytes: a field may have
// megabytes. All of an event is in its XML, which can be copied whole.
const maxText = 64 << 10

// clean makes text from a log safe for the terminal: the one way there.
func clean(s string) string { return event.Clean(cutBytes(s, maxText)) }

// cutBytes shortens text to n bytes, at the end of a character.
func cutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// cell is text from a log, clean and of a width. It looks at no more of the
// text than can be seen.
func cell(s string, width int) string { return fit(brief(s, width), width) }

// brief is as much of a text, clean, as can be seen in a width.
func brief(s string, width int) string { return event.Clean(cutBytes(s, 8*max(0, width)+64)) }

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

// flow wraps text with its first part; further lines have an indent of their own,
// for first parts that would leave too little room beside them.
func flow(first, s string, indent, width int) []string {
	lines := wrap(first+s, width)
	rest, ok := strings.CutPrefix(first+s, lines[0])
	if !ok || len(lines) == 1 {
		return lines
	}
	return append(lines[:1:1], hang(strings.Repeat(" ", indent), strings.TrimLeft(rest, " "), width)...)
}

// page cuts or pads lines to a height, each to a width.
func page(lines []string, width, height int) []string {
	out := make([]string, max(0, height))
	for i := range out {
		if i < len(lines) {
			out[i] = exactly(lines[i], width)
		} else {
			out[i] = strings.Repeat(" ", max(0, width))
		}
	}
	return out
}

// exactly is fit for a line of several parts. Each part has its width, but where
// two meet, characters may join into one that has another.
func exactly(line string, width int) string {
	if ansi.StringWidth(line) == width {
		return line
	}
	return fit(line, width)
}

// beside puts two pages of the same height side by side with a rule between.
func beside(left, right []string, rule string) []string {
	out := make([]string, len(left))
	for i := range left {
		out[i] = left[i] + rule + right[i]
	}
	return out
}

// inASCII has a form in ASCII for each of our own marks, and for those of
// event.Clean, cell by cell.
var inASCII = strings.NewReplacer("›", ">", "‹", "<", "│", "|", "─", "-", "…", "~", "·", ".", "⏎", "/",
	"●", "#", "◐", "*", "○", "o", "–", "-", "✗", "!", "✓", "+", "★", "*", "✎", "n", "◆", "!", "▲", "^",
	"█", "#", "░", ".", "▶", ">", "▁", ".", "▂", ":", "▃", "-", "▄", "=", "▅", "+", "▆", "*", "▇", "%")
