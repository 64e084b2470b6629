package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// WriteMarkdown writes the report as a page of Markdown (CommonMark with the
// task lists of GitHub), for tickets and wikis. Names and paths come from logs:
// whatever they hold is shown as it is and acts neither as Markdown nor as HTML.
func (r *Report) WriteMarkdown(w io.Writer) error {
	m := &markdownPage{Writer: bufio.NewWriter(w)}
	m.WriteString("# vsswhy report\n")
	m.nodes(r.page(true).nodes)
	return m.Flush()
}

// markdownPage writes blocks; each leaves its last line ended, and a blank line
// comes before whatever is not the next item of a list.
type markdownPage struct{ *bufio.Writer }

func (m *markdownPage) nodes(list []node) {
	inList := false
	for i := range list {
		n := &list[i]
		listed := n.listed()
		if (!listed || !inList) && !n.untitled() {
			m.WriteString("\n")
		}
		inList = listed
		switch n.kind {
		case heading:
			fmt.Fprintf(m, "## %s\n", markdown(n.text))
		case group:
			if title := strings.TrimSuffix(n.text.String(), ":"); title != "" {
				fmt.Fprintf(m, "### %s\n", markdown(txt("%s", title)))
			}
			m.nodes(n.kids)
		case para, title:
			fmt.Fprintln(m, atLineStart(markdownMark(n.mark)+markdown(n.text)))
		default:
			m.item(n, "")
		}
	}
}

// untitled reports whether a node is nothing but its kids.
func (n *node) untitled() bool { return n.kind == group && n.text.String() == "" }

// listed reports whether a node is an item of a list.
func (n *node) listed() bool {
	return n.kind == item || n.kind == citation || n.kind == code || n.kind == answer || n.kind == remark
}

var stepNumber = pattern(`^[0-9]+\.$`)

// item writes an item and what is below it; indent is that of its bullet.
func (m *markdownPage) item(n *node, indent string) {
	bullet, mark := "- ", markdownMark(n.mark)
	switch {
	case n.kind == code:
		m.code(n, indent)
		return
	case stepNumber().MatchString(n.mark):
		bullet, mark = n.mark+" ", ""
	case n.state == "met":
		bullet = "- [x] "
	case n.state == "unmet":
		bullet = "- [ ] "
	case n.state == "unknown":
		mark = "**?** "
	}
	text := markdown(n.content())
	fmt.Fprintln(m, indent+bullet+atLineStart(mark+text))
	below := indent + strings.Repeat(" ", len(bullet))
	if strings.HasPrefix(bullet, "- ") {
		below = indent + "  "
	}
	for i := range n.kids {
		m.item(&n.kids[i], below)
	}
}

// content is the text of an item; of a citation, what is cited and its place.
func (n *node) content() rich {
	if n.kind != citation {
		return n.text
	}
	place := n.cite.within()
	if place != "" {
		place = "," + place
	}
	return txt("%s — ", n.cite.event()).lit(n.cite.pathOrSource()).txt("%s", place)
}

func (e *Evidence) pathOrSource() string {
	if e.Path == "" {
		return e.Source
	}
	return e.Path
}

func (m *markdownPage) code(n *node, indent string) {
	text := n.text.String()
	fence := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	shell := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, n.mark)
	fmt.Fprintf(m, "%s%s%s\n%s%s\n%s%s\n", indent, fence, shell, indent, text, indent, fence)
}

// markdownMark is a mark in bold. Arrows and dashes do the work of bullets, so
// they are left out.
func markdownMark(mark string) string {
	mark = shownMark(mark)
	if mark == "" {
		return ""
	}
	return "**" + escapeMarkdown(mark) + "** "
}

// shownMark is a mark without padding, and without what a bullet says already.
func shownMark(mark string) string {
	switch mark = strings.TrimSpace(mark); mark {
	case "=>", "->", "-":
		return ""
	}
	return mark
}

func markdown(text rich) string {
	var b strings.Builder
	for _, s := range text {
		switch {
		case s.as == literal:
			b.WriteString(codeSpan(s.text))
		case s.as == link && safeLink().MatchString(s.text):
			b.WriteString("<" + s.text + ">")
		default:
			b.WriteString(escapeMarkdown(s.text))
		}
	}
	return strings.TrimSpace(b.String())
}

// safeLink is a URL that may stand between angle brackets.
var safeLink = pattern(`^https?://[A-Za-z0-9./?=&%_#~-]+$`)

// codeSpan quotes text with more backquotes than it has in a row. Spaces are
// stripped from its ends by the reader, one from each.
func codeSpan(s string) string {
	if strings.TrimSpace(s) == "" {
		return ""
	}
	fence := strings.Repeat("`", longestRun(s, '`')+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return fence + s + fence
}

func longestRun(s string, of rune) int {
	longest, run := 0, 0
	for _, r := range s {
		if r != of {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// escapeMarkdown escapes what could begin a code span, emphasis, a link, HTML,
// an entity, a table's cell, a formula, or what GitHub makes a mention, an issue,
// an emoji or a link of without being asked.
func escapeMarkdown(s string) string {
	s = spaces().ReplaceAllString(s, " ")
	var b strings.Builder
	for i, r := range s {
		if strings.ContainsRune("\\`*_[]<>&|~$@#", r) || r == ':' && !colonIsPlain(s[i+1:]) || r == '.' && afterWWW(s[:i]) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

var spaces = pattern(`\s+`)

// colonIsPlain: as in "12:30" and "missing: a log", not as in a URL or an emoji.
func colonIsPlain(rest string) bool {
	return rest == "" || rest[0] == ' ' || rest[0] >= '0' && rest[0] <= '9'
}

func afterWWW(s string) bool { return len(s) >= 3 && strings.EqualFold(s[len(s)-3:], "www") }

// blockStart is what makes a line the beginning of a list, a rule or a heading's
// underline.
var blockStart = pattern(`^([0-9]+[.)]|[-+=])`)

func atLineStart(s string) string { return blockStart().ReplaceAllStringFunc(s, escapeLast) }

func escapeLast(s string) string { return s[:len(s)-1] + `\` + s[len(s)-1:] }
