package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// textWidth is the width of the page. Reports are pasted into mails and
// tickets, so it does not follow the terminal.
const textWidth = 100

// WriteText writes the report as a page of plain text that can be acted on.
func (r *Report) WriteText(w io.Writer) error {
	t := &textPage{bufio.NewWriter(w)}
	t.nodes(r.page(false).nodes, "")
	return t.Flush()
}

// textPage knows how to indent and wrap.
type textPage struct{ *bufio.Writer }

func (t *textPage) nodes(list []node, indent string) {
	for i := range list {
		t.node(&list[i], indent)
	}
}

// The indents of a page: items under a line of text, and what stands below an
// item, twice.
const (
	indentItem  = "  "
	indentBelow = "      "
	indentLast  = "         "
)

func (t *textPage) node(n *node, indent string) {
	switch n.kind {
	case heading:
		title := n.text.String()
		fmt.Fprintf(t, "\n%s\n%s\n", title, strings.Repeat("-", utf8.RuneCountInString(title)))
	case group:
		if text := n.text.String(); text != "" {
			t.line("", text)
		}
		t.nodes(n.kids, indentItem)
	case citation:
		t.line(indent, event.Clean(fmt.Sprintf("%s [%s%s]", n.cite.event(), n.cite.Source, n.cite.within())))
	case code:
		fmt.Fprintf(t, "     %s> %s\n", n.mark, n.text)
	default:
		t.line(indent+n.textMark(), n.text.String())
		below := indentBelow
		if indent == indentBelow {
			below = indentLast
		}
		t.nodes(n.kids, below)
	}
}

// textMark is what stands before the text, with the space between.
func (n *node) textMark() string {
	mark := n.mark
	if box := map[string]string{"met": "[x]", "unmet": "[ ]", "unknown": "[?]"}[n.state]; box != "" {
		mark = box
	}
	if mark == "" {
		return ""
	}
	return mark + " "
}

// line writes text wrapped; first begins its first line, the others are
// indented as far as first is long.
func (t *textPage) line(first, text string) {
	indent := strings.Repeat(" ", utf8.RuneCountInString(first))
	width := textWidth - utf8.RuneCountInString(first)
	for i, part := range wrap(text, width) {
		if i > 0 {
			first = indent
		}
		fmt.Fprintln(t, strings.TrimRight(first+part, " "))
	}
}

// wrap breaks at spaces; a word longer than the width stays whole, because
// paths and commands are copied.
func wrap(text string, width int) []string {
	var lines []string
	line, used := "", 0
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		if used > 0 && used+1+n > width {
			lines, line, used = append(lines, line), "", 0
		}
		if used > 0 {
			line, used = line+" ", used+1
		}
		line, used = line+word, used+n
	}
	return append(lines, line)
}
