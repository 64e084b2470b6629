package event

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Placeholder stands for each character that Clean removes.
const Placeholder = '·'

// Clean makes text from a log safe to show on one line of a terminal, a
// report, a CSV cell or the clipboard. Log text is written by strangers, and
// terminals act on control characters. Tabs become spaces and line ends
// " ⏎ "; other control characters (C0, DEL, C1), bidirectional controls,
// invisible format characters and bytes that are not UTF-8 become Placeholder.
func Clean(s string) string {
	if isClean(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	for i, size := 0, 0; i < len(s); i += size {
		var r rune
		r, size = utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\r' && strings.HasPrefix(s[i:], "\r\n"):
			size = 2
			b.WriteString(" ⏎ ")
		case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029':
			b.WriteString(" ⏎ ")
		case r == '\t':
			b.WriteByte(' ')
		case r == utf8.RuneError && size == 1 || unsafe(r):
			b.WriteRune(Placeholder)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// CleanLines is Clean for text of several lines: line feeds stay.
func CleanLines(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = Clean(lines[i])
	}
	return strings.Join(lines, "\n")
}

// CleanJSON makes a line of JSON safe to show on a terminal without changing what it
// says: what Clean would remove is escaped.
func CleanJSON(line string) string {
	if Clean(line) == line {
		return line
	}
	var b strings.Builder
	for _, r := range line {
		if s := string(r); Clean(s) == s {
			b.WriteString(s)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

func isClean(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c >= 0x7f {
			return false
		}
	}
	return true
}

// unsafe reports whether a terminal, or a reader's eye, could be misled by r:
// Unicode's control (Cc), format (Cf: bidi and zero-width characters, tags),
// surrogate, private-use and line and paragraph separator characters.
func unsafe(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Cs, unicode.Co, unicode.Zl, unicode.Zp)
}

// Cell makes a value safe for a spreadsheet: clean, and with an apostrophe
// before what one would take for a formula.
func Cell(s string) string {
	if s != "" && strings.IndexByte("=+-@\t\r\n", s[0]) >= 0 {
		return "'" + Clean(s)
	}
	return Clean(s)
}
