package search

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text is cut into runs of letters and digits, in lower case as package query
// folds it. A run that reads as a number is one token of the field num:
//
//	8229  0x800423f4  2b0e7a58  6d6c  4c5f
//
// and has at least one digit, only hexadecimal digits, and perhaps a leading 0x.
// Any other run is cut again where letters and digits meet; letters are tokens
// of the field word, and digits of num:
//
//	harddisk  volume│1  sql│01  kb│975354  x│86
//
// Where a run begins and ends depends on nothing but the two characters at its
// edge, so that the tokens of a text are known from any part of it, but for its
// first and its last run. That is what makes a search for a part of a value
// sound; see needle. It is also why a GUID is five tokens: as one it would be
// shorter by a tenth of the index, but then its parts would be tokens or
// not according to what stands beyond the part that is searched for.
//
// Most words are runs of letters, and there are few distinct ones in the logs of
// a case (some ten thousand), while numbers are without end. So all words can be
// looked at for one that contains a given part, and not all numbers.

// maxToken is the most bytes of a token. A longer run is not kept; the token
// overlong stands for whatever was in it. Honest long runs are hex dumps of
// binary data, of which nobody searches a part.
const maxToken = 64

// overlong is the token of a field for runs that are longer than maxToken. No
// run has this character.
const overlong = "\x00"

// class is what a character is to the tokens.
type class uint8

const (
	separator class = iota
	letter
	digit
	ideograph // stands alone: no spaces part such words
)

var asciiClass = func() (table [utf8.RuneSelf]class) {
	for c := range table {
		switch {
		case c >= 'a' && c <= 'z':
			table[c] = letter
		case c >= '0' && c <= '9':
			table[c] = digit
		}
	}
	return table
}()

// firstIdeograph begins the CJK radicals, after which come the scripts of East
// Asia.
const firstIdeograph = 0x2e80

// classOf classifies a character that is folded.
func classOf(r rune) class {
	switch {
	case r < utf8.RuneSelf:
		return asciiClass[r]
	case !unicode.IsLetter(r) && !unicode.IsMark(r):
		return separator
	case r >= firstIdeograph:
		return ideograph
	}
	return letter
}

// fold returns a text in lower case, character by character, as package query
// compares. A byte that is not UTF-8 becomes U+FFFD, which separates.
func fold(s string) string { return strings.ToLower(s) }

// A run is a run of letters and digits, or one ideograph. It lies in a folded
// text from start to end.
type run struct {
	start, end int
	number     bool // reads as a number: one token
	alone      bool // an ideograph
}

// nextRun returns the first run at or after from; its start is len(s) if there
// is none.
func nextRun(s string, from int) run {
	r := run{start: len(s), end: len(s)}
	var digits, others int // others: neither hexadecimal digits nor the x of 0x
	for i := from; i < len(s); {
		c, size := rune(s[i]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRuneInString(s[i:])
		}
		k := classOf(c)
		inside := r.start < len(s)
		if inside && (k == separator || k == ideograph) {
			r.end = i
			break
		}
		if k != separator && !inside {
			r.start = i
		}
		switch {
		case k == ideograph:
			return run{start: i, end: i + size, alone: true}
		case k == digit:
			digits++
		case k == letter && !isHex(c) && !(c == 'x' && i == r.start+1 && s[r.start] == '0'):
			others++
		}
		i += size
	}
	r.number = digits > 0 && others == 0 && s[r.start:r.end] != "0x"
	return r
}

func isHex(c rune) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' }

// A token is a term of the field word or of num.
type token struct {
	field string
	term  string
}

// eachToken yields the tokens of a folded text, in order.
func eachToken(s string, yield func(token)) {
	for r := nextRun(s, 0); r.start < len(s); r = nextRun(s, r.end) {
		r.eachToken(s, yield)
	}
}

func (r run) eachToken(s string, yield func(token)) {
	switch text := s[r.start:r.end]; {
	case r.number:
		yield(newToken(fieldNum, text))
	case r.alone:
		yield(token{fieldWord, text})
	default:
		eachPiece(text, yield)
	}
}

// eachPiece cuts a run that is no number where letters and digits meet.
func eachPiece(s string, yield func(token)) {
	for s != "" {
		isDigit := asciiDigit(s[0])
		n := 1
		for n < len(s) && asciiDigit(s[n]) == isDigit {
			n++
		}
		field := fieldWord
		if isDigit {
			field = fieldNum
		}
		yield(newToken(field, s[:n]))
		s = s[n:]
	}
}

func asciiDigit(c byte) bool { return c >= '0' && c <= '9' }

func newToken(field, text string) token {
	if len(text) > maxToken {
		text = overlong
	}
	return token{field, text}
}
