package store

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// A finder looks for text in a page of texts that stand one behind the other:
//
//  1. The page is copied with its ASCII letters in lower case, which keeps
//     every byte where it was.
//  2. The probe, a run of ASCII within one line that must occur in what is
//     sought, is looked for in the copy as a whole. No row without it can match.
//  3. A hit is put to its row; hits across the edge of two rows are none. If the
//     probe is all that is sought, it has to stand in a value and not in the
//     name of a field; else the row's values are compared exactly.
//
// Some characters that aren't ASCII are the same as a letter that is, if case
// does not count. A page with one of them, and a search without a probe, is
// compared row by row.
type finder struct {
	probe  []byte                  // in lower case
	whole  bool                    // the probe is all that is sought
	inside func(value string) bool // compares exactly
}

// oddLetters are k and i in lower case, and s in capitals.
var oddLetters = [...][]byte{[]byte("\u212A"), []byte("\u0130"), []byte("\u017F")}

func newFinder(sub string) *finder {
	low := strings.ToLower(sub)
	probe := longestRun(low)
	return &finder{
		probe:  []byte(probe),
		whole:  probe == low && probe != "" && !strings.Contains(probe, "\t"),
		inside: func(value string) bool { return strings.Contains(strings.ToLower(value), low) },
	}
}

func newRegexpFinder(re *regexp.Regexp) *finder {
	f := &finder{inside: re.MatchString}
	if tree, err := syntax.Parse(re.String(), syntax.Perl); err == nil {
		f.probe = []byte(required(tree.Simplify()))
	}
	return f
}

// longestRun returns the longest run of ASCII within a line.
func longestRun(s string) (longest string) {
	for run := range strings.FieldsFuncSeq(s, func(r rune) bool { return r >= utf8.RuneSelf || r == '\n' }) {
		if len(run) > len(longest) {
			longest = run
		}
	}
	return longest
}

// required returns text that every match has in it, in lower case, or "".
func required(re *syntax.Regexp) (text string) {
	switch re.Op {
	case syntax.OpLiteral:
		return longestRun(strings.ToLower(string(re.Rune)))
	case syntax.OpCapture, syntax.OpPlus:
		return required(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return required(re.Sub[0])
		}
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if s := required(sub); len(s) > len(text) {
				text = s
			}
		}
	}
	return text
}

// page calls hit for each row of a page of Fields or Message that may match
// and does. It returns the memory that it used, for the next page.
func (f *finder) page(p page, buf []byte, column Column, hit func(i int)) []byte {
	data, offsets := p.texts()
	text := data[offsets[0]:offsets[p.rows]]
	odd := func(letter []byte) bool { return bytes.Contains(text, letter) }
	if len(f.probe) == 0 || slices.ContainsFunc(oddLetters[:], odd) {
		for i := range p.rows {
			if column.values(string(data[offsets[i]:offsets[i+1]]), f.inside) {
				hit(i)
			}
		}
		return buf
	}
	buf = appendLower(buf[:0], text)
	base := int(offsets[0])
	for row, at := 0, 0; ; {
		i := bytes.Index(buf[at:], f.probe)
		if i < 0 {
			return buf
		}
		at += i
		for int(offsets[row+1])-base <= at {
			row++
		}
		start, end := int(offsets[row])-base, int(offsets[row+1])-base
		switch {
		case at+len(f.probe) > end: // across the edge
			at++
		case f.whole && !inValue(column, text[start:end], at-start):
			at++
		default:
			if f.whole || column.values(string(text[start:end]), f.inside) {
				hit(row)
			}
			at = end
		}
	}
}

// inValue reports whether an offset within a row's text is in a value, and not
// in the name of a field.
func inValue(c Column, row []byte, at int) bool {
	if c != Fields {
		return true
	}
	start := at
	for {
		start = bytes.LastIndexByte(row[:start], '\n')
		if start < 0 || row[start+1] != '\t' {
			return bytes.IndexByte(row[start+1:at], '=') >= 0
		}
	}
}

// appendLower appends s with ASCII's capitals in lower case, eight bytes at a
// time: adding makes the top bit of each byte say "at least 'A'" and "beyond
// 'Z'"; where the two differ in an ASCII byte, bit 5 is set.
func appendLower(dst, s []byte) []byte {
	const (
		ones  = 0x0101010101010101
		tops  = 0x80 * ones
		fromA = (0x80 - 'A') * ones
		pastZ = (0x80 - 'Z' - 1) * ones
	)
	start := len(dst)
	dst = append(dst, s...)
	b := dst[start:]
	for ; len(b) >= 8; b = b[8:] {
		w := binary.LittleEndian.Uint64(b)
		low := w &^ tops
		capital := (low + fromA) &^ (low + pastZ) & tops &^ w
		binary.LittleEndian.PutUint64(b, w|capital>>2)
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return dst
}
