package artefact

import (
	"bytes"
	"encoding/binary"
	"iter"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// A text is a text file in memory; its lines are decoded one by one.
type text struct {
	b      []byte
	order  binary.ByteOrder // of UTF-16; nil: bytes
	page   *charmap.Charmap // of what is not UTF-8
	before line             // of a section: how many lines are before it, and where it begins
}

// A line is a line without its end.
type line struct {
	text   string
	no     int   // from 1
	offset int64 // in bytes from the start of the text
	cut    bool  // it is longer than maxLine, and text is its beginning
}

func newText(b []byte) *text {
	t := &text{b: b, page: charmap.CodePage850}
	if len(b) < 2 {
		return t
	}
	switch x, y := b[0], b[1]; {
	case x == 0xff && y == 0xfe, x != 0 && y == 0:
		t.order = binary.LittleEndian
	case x == 0xfe && y == 0xff, x == 0 && y != 0:
		t.order = binary.BigEndian
	}
	return t
}

// desktop says that the text comes from a desktop program, not from a console.
func (t *text) desktop() { t.page = charmap.Windows1252 }

// isBinary reports whether the text holds bytes that no text has.
func (t *text) isBinary() bool {
	return t.order == nil && bytes.IndexByte(t.b, 0) >= 0
}

// lines yields the lines of the text.
func (t *text) lines() iter.Seq[line] {
	return func(yield func(line) bool) {
		for no, at := t.before.no+1, 0; at < len(t.b); no++ {
			raw, next := t.line(at)
			l := line{no: no, offset: t.before.offset + int64(at), cut: len(raw) > maxLine}
			l.text = t.decode(raw[:min(len(raw), maxLine)])
			l.text = strings.TrimRight(strings.TrimPrefix(l.text, "\ufeff"), "\r\n")
			if !yield(l) {
				return
			}
			at = next
		}
	}
}

// line returns the bytes of the line at offset at, and where the next one begins.
func (t *text) line(at int) (raw []byte, next int) {
	rest := t.b[at:]
	if t.order == nil {
		if n := bytes.IndexByte(rest, '\n'); n >= 0 {
			return rest[:n+1], at + n + 1
		}
		return rest, len(t.b)
	}
	for i := 0; i+2 <= len(rest); i += 2 {
		if t.order.Uint16(rest[i:]) == '\n' {
			return rest[:i+2], at + i + 2
		}
	}
	return rest, len(t.b)
}

func (t *text) decode(raw []byte) string {
	if t.order != nil {
		u := make([]uint16, len(raw)/2)
		for i := range u {
			u[i] = t.order.Uint16(raw[2*i:])
		}
		return string(utf16.Decode(u))
	}
	if utf8.Valid(raw) {
		return string(raw)
	}
	var b strings.Builder
	for _, c := range raw {
		b.WriteRune(t.page.DecodeByte(c))
	}
	return b.String()
}

// prompt is that of a console, with the command: people copy both with what the
// command prints.
var prompt = pattern(`^\s*(?:\[([\w.-]+)\]: )?(?:PS )?[A-Za-z]:\\[^<>|"]*>(.*)`)

// elsewhere is in commands that are about another computer: systeminfo /s, wmic /node:,
// psexec \\NODE-B, Get-HotFix -ComputerName.
var elsewhere = pattern(`(?i)\s/s\s|/node:|\s\\\\\w|\s-(?:comp|cn\b)|invoke-command|\bicm\b`)

// command tells of which computer a prompt is, if it names one, and whether the command
// is about another one.
func (t *text) command() (remote string, isElsewhere bool) {
	for l := range t.lines() {
		if m := prompt().FindStringSubmatch(l.text); m != nil {
			return m[1], elsewhere().MatchString(m[2])
		}
		break
	}
	return "", false
}

func isPrompt(s string) bool { return strings.Contains(s, `:\`) && prompt().MatchString(s) }

// maxSections bounds the sections of a text; the last one has all that is left.
const maxSections = 1000

// sections are the parts of a text between the prompts of a console: each is what one
// command printed. A text without a prompt has one.
func (t *text) sections() (parts []*text) {
	begin := line{}
	for l := range t.lines() {
		if isPrompt(l.text) && len(parts) < maxSections-1 {
			parts = append(parts, t.section(begin, l.offset))
			begin = line{no: l.no - 1, offset: l.offset}
		}
	}
	return append(parts, t.section(begin, int64(len(t.b))))
}

func (t *text) section(begin line, end int64) *text {
	return &text{b: t.b[begin.offset:end], order: t.order, page: t.page, before: begin}
}

// filled yields the lines that are not blank, without those of a prompt.
func (t *text) filled() iter.Seq[line] {
	return func(yield func(line) bool) {
		for l := range t.lines() {
			if strings.TrimSpace(l.text) != "" && !isPrompt(l.text) && !yield(l) {
				return
			}
		}
	}
}

// first returns the first line that is not blank.
func (t *text) first() line {
	for l := range t.filled() {
		return l
	}
	return line{}
}

// labelled splits "Label: value", as tools print in all languages.
func labelled(s string) (label, value string, ok bool) {
	label, value, ok = strings.Cut(strings.Replace(s, "：", ":", 1), ":")
	return strings.TrimSpace(label), strings.TrimSpace(value), ok
}
