// Package known holds what is known of the events and codes of Hyper-V, VSS,
// failover clustering and Windows Server Backup, as tables: the many spellings
// of an error code and what it means, our own one-line text for an event, the
// class ids of VSS writers, and the channels in which a provider writes.
//
// Start with Codes, Summary and Channels. The tables hold facts only; what
// follows from them is the business of the rules.
package known

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// A Code is an HRESULT, an NTSTATUS or a Win32 error number. One code has many
// spellings in logs; Code is what they have in common.
type Code uint32

// HRESULTs that the program itself speaks of.
const (
	WriterNonRetryable     Code = 0x800423f4 // VSS_E_WRITERERROR_NONRETRYABLE
	WriterStatusNotAvail   Code = 0x80042409 // VSS_E_WRITER_STATUS_NOT_AVAILABLE
	StatusCSVAutoPauseErr  Code = 0xc0130021 // STATUS_CLUSTER_CSV_AUTO_PAUSE_ERROR
	severityBit            Code = 0x80000000
	hexDigits                   = 8
	decimalDigits               = 10 // of a number with the severity bit set
	maxSymbolDecimalDigits      = 5  // Win32 errors end below 16,000
	maxCodes                    = 64
)

// String gives the spelling that this program uses: 0x and eight lower-case digits.
func (c Code) String() string { return fmt.Sprintf("0x%08x", uint32(c)) }

// Failed reports whether the code is an HRESULT or NTSTATUS of a failure.
func (c Code) Failed() bool { return c&severityBit != 0 }

// Name is the code's symbol in the Windows headers, "" if unknown.
func (c Code) Name() string { return codeTable()[c].name }

// Meaning says in our own words what the code means, "" if unknown.
func (c Code) Meaning() string { return codeTable()[c].meaning }

type codeRow struct{ name, meaning string }

//go:embed codes.tsv
var codesTSV string

// codeTable is parsed on first use, so that starting the program stays cheap.
var codeTable = sync.OnceValue(func() map[Code]codeRow {
	table := map[Code]codeRow{}
	for line := range strings.Lines(codesTSV) {
		cols := strings.SplitN(strings.TrimRight(line, "\n"), "\t", 3)
		n, err := strconv.ParseUint(cols[0], 0, 32)
		if err != nil || len(cols) != 3 {
			panic("known: codes.tsv: " + line) // embedded: a test reads every line
		}
		table[Code(n)] = codeRow{cols[1], cols[2]}
	}
	return table
})

// ParseCode reads a code as a person may give it, in any spelling: hexadecimal
// with or without 0x, signed or unsigned decimal, %%N, with a trailing L.
func ParseCode(s string) (Code, error) {
	t := strings.TrimSpace(s)
	t = strings.Trim(t, "[](){}'\"")
	t = strings.TrimPrefix(t, "%%")
	t = trimLong(t)
	if hex, ok := cutHexPrefix(t); ok {
		if n, err := strconv.ParseUint(hex, 16, 32); err == nil {
			return Code(n), nil
		}
	}
	// Eight digits may be both; with the severity bit they are meant as hexadecimal.
	n, err := strconv.ParseUint(t, 16, 32)
	isHex := err == nil && len(t) == hexDigits
	if isHex && Code(n).Failed() {
		return Code(n), nil
	}
	if n, err := strconv.ParseInt(t, 10, 64); err == nil && n >= -1<<31 && n < 1<<32 {
		return Code(uint32(n)), nil
	}
	if isHex {
		return Code(n), nil
	}
	return 0, fmt.Errorf("%q is no error code: want 0x800423f4, 800423f4, -2147212300, 2147754996 or %%%%2147754996", s)
}

func cutHexPrefix(s string) (string, bool) {
	if len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		return s[2:], true
	}
	return s, false
}

// Codes finds the error codes in a value of an event, in order and without
// repetition. It knows the spellings that logs use:
//
//	0x800423f4  0x800423F4  0x800423f4L        hexadecimal
//	[800423f4]  STATUS_IO_TIMEOUT(c00000b5)    hexadecimal in brackets
//	c0130021                                   an NTSTATUS that is the whole value
//	-2147212300  2147754996  %%2147754996      decimal, where it can be nothing else
//	ERROR_TIMEOUT(1460)                        a Win32 error after its symbol
//
// Success codes and numbers that merely look like codes (control codes,
// sizes, pointers) are left out. It stops at maxCodes: no honest value has more.
func Codes(s string) []Code {
	if len(s) == hexDigits {
		return bareStatus(s)
	}
	if len(s) < hexDigits || !mayHaveCode(s) {
		return nil
	}
	return codesIn(s)
}

// bareStatus reads c0130021. Eight digits that begin with c are no decimal number,
// and hardly anything else.
func bareStatus(s string) []Code {
	c, ok := parseFailure(s, 16, hexDigits)
	if ok && s[0]|0x20 == 'c' && c.plausible() {
		return []Code{c}
	}
	return nil
}

// mayHaveCode reports false of most values: a code has 0x, a bracket before it, or so
// many digits in a row that it is enough to look at each so many characters. s has
// eight bytes at least.
func mayHaveCode(s string) bool {
	for i := decimalDigits - 1; i < len(s); i += decimalDigits {
		if isDigit(s[i]) && digitsAround(s, i) >= decimalDigits {
			return true
		}
	}
	return marksCode(s)
}

// marksCode reports whether there is an opening bracket or a 0x. It looks at eight
// bytes at once, the last time at some of them again; an x that is the first of them
// may have its 0 before.
func marksCode(s string) bool {
	const each, high, first = 0x0101010101010101, 0x8080808080808080, 0x80
	for n := 0; n < len(s); n += 8 {
		p := s[min(n, len(s)-8):]
		w := uint64(p[0]) | uint64(p[1])<<8 | uint64(p[2])<<16 | uint64(p[3])<<24 | uint64(p[4])<<32 | uint64(p[5])<<40 | uint64(p[6])<<48 | uint64(p[7])<<56
		x, zero, round, square := (w|each*0x20)^each*'x', w^each*'0', w^each*'(', w^each*'['
		// The high bit of a byte is set where it is zero, or behind such a byte.
		x, zero = (x-each)&^x&high, (zero-each)&^zero
		if x&(zero<<8|first)|((round-each)&^round|(square-each)&^square)&high != 0 {
			return true
		}
	}
	return false
}

// digitsAround is how many digits in a row there are around a digit.
func digitsAround(s string, i int) int {
	first, end := i, i+1
	for first > 0 && isDigit(s[first-1]) {
		first--
	}
	for end < len(s) && isDigit(s[end]) {
		end++
	}
	return end - first
}

func isDigit(c byte) bool { return c-'0' <= 9 }

func codesIn(s string) []Code {
	var found []Code
	for i := 0; i < len(s) && len(found) < maxCodes; {
		if !isWord(s[i]) {
			i++
			continue
		}
		start := i
		for i < len(s) && isWord(s[i]) {
			i++
		}
		if c, ok := codeToken(s, start, i); ok && !contains(found, c) {
			found = append(found, c)
		}
	}
	return found
}

// codeToken decides whether the word s[start:end] is an error code, by its
// form and by what stands around it. Most words are none, and show it by their
// length.
func codeToken(s string, start, end int) (Code, bool) {
	word := s[start:end]
	if hex, ok := cutHexPrefix(trimLong(word)); ok {
		return parseFailure(hex, 16, hexDigits)
	}
	if len(word) < decimalDigits {
		return bracketedCode(s, start, end)
	}
	before, _ := around(s, start, end)
	return decimalCode(word, before, strings.HasSuffix(s[:start], "%%"))
}

// bracketedCode reads [800423f4] and ERROR_TIMEOUT(1460).
func bracketedCode(s string, start, end int) (Code, bool) {
	word := s[start:end]
	before, after := around(s, start, end)
	switch {
	case before != '[' && before != '(' || after != ']' && after != ')':
	case len(word) == hexDigits:
		return parseFailure(word, 16, hexDigits)
	case before == '(' && len(word) <= maxSymbolDecimalDigits && strings.HasPrefix(symbolBefore(s, start-1), "ERROR_"):
		n, err := strconv.ParseUint(word, 10, 32)
		return Code(n), err == nil && n != 0
	}
	return 0, false
}

// trimLong cuts the suffix of a long number in C off.
func trimLong(s string) string {
	for len(s) > 0 && s[len(s)-1]|0x20 == 'l' {
		s = s[:len(s)-1]
	}
	return s
}

// decimalCode reads -2147212300 and 2147754996. Ten digits alone may be
// anything, so without %% the facility must be one that backups meet.
func decimalCode(word string, before byte, paramRef bool) (Code, bool) {
	word = trimLong(word)
	if len(word) != decimalDigits {
		return 0, false // most words, so before an error is made of them
	}
	n, err := strconv.ParseUint(word, 10, 32)
	if err != nil {
		return 0, false
	}
	c := Code(n)
	if before == '-' {
		c = -c
	}
	return c, c.Failed() && (paramRef || c.plausible())
}

// plausible reports whether the upper half is a facility that backup and
// restore errors come from.
func (c Code) plausible() bool {
	switch c >> 16 {
	case 0x8000, 0x8004, 0x8007, 0x8008, 0x8078, 0xc000, 0xc013, 0xc03a:
		return true
	}
	return false
}

func parseFailure(digits string, base, want int) (Code, bool) {
	if len(digits) != want {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, base, 32)
	c := Code(n)
	return c, err == nil && c.Failed()
}

func around(s string, start, end int) (before, after byte) {
	if start > 0 {
		before = s[start-1]
	}
	if end < len(s) {
		after = s[end]
	}
	return before, after
}

// symbolBefore returns the word that ends at s[end], as in ERROR_TIMEOUT(.
func symbolBefore(s string, end int) string {
	start := end
	for start > 0 && isWord(s[start-1]) {
		start--
	}
	return s[start:end]
}

func isWord(c byte) bool { return wordTable[c] }

var wordTable = func() (table [256]bool) {
	for c := range table {
		b := byte(c)
		table[c] = b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '_'
	}
	return table
}()

func contains(list []Code, c Code) bool {
	for _, x := range list {
		if x == c {
			return true
		}
	}
	return false
}
