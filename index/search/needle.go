package search

import "strings"

// A clue is what a token must be like: it begins with text, ends with it, both
// or neither, as the edges are closed.
type clue struct {
	token
	closedLeft, closedRight bool
}

// clues hold together.
type clues []clue

// A needle is what is known of the tokens of every text that contains a given
// part: each of its elements holds, and of an element any alternative.
//
//	part      …isk 0x8004… Vol…       what may stand at its ends is not known
//	needle    a word ends in "isk"  AND  a num begins with "0x8004" …
//
// It is empty if nothing is known.
type needle [][]clues

// An edge must have so many bytes to be looked for: the words that contain a
// letter or two are most of all.
const (
	minBegin = 2 // of how a token begins
	minOpen  = 3 // of the end or the middle of one
)

// newNeedle makes the needle of a part, which is folded.
func newNeedle(part string) needle {
	var n needle
	for r := nextRun(part, 0); r.start < len(part); r = nextRun(part, r.end) {
		closedLeft, closedRight := r.start > 0 || r.alone, r.end < len(part) || r.alone
		if closedLeft && closedRight {
			var exact clues
			r.eachToken(part, func(t token) { exact = append(exact, clue{t, true, true}) })
			n = append(n, []clues{exact})
		} else {
			n = n.with(openRun(part[r.start:r.end], closedLeft, closedRight))
		}
	}
	return n
}

// with adds an element, unless one of its alternatives says nothing.
func (n needle) with(alternatives []clues) needle {
	for _, a := range alternatives {
		if len(a) == 0 {
			return n
		}
	}
	return append(n, alternatives)
}

// openRun returns what is known of a run of which this is the beginning, the
// end, or the middle. It may be part of a number, if it reads as one, or of
// another run.
func openRun(s string, closedLeft, closedRight bool) []clues {
	pieces := openPieces(s, closedLeft, closedRight)
	if !partOfNumber(s) {
		return []clues{pieces}
	}
	number := clue{token{fieldNum, s}, closedLeft, closedRight}
	if at := strings.IndexByte(s, 'x'); at >= 0 { // a number has one only after its first 0
		number.term, number.closedLeft = "0"+s[at:], true
	}
	if len(number.term) > maxToken {
		number = clue{token{fieldNum, overlong}, true, true}
	}
	return []clues{number.known(), pieces}
}

// partOfNumber reports whether a number may contain s.
func partOfNumber(s string) bool {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "0x"), "x")
	for i := range len(s) {
		if !isHex(rune(s[i])) {
			return false
		}
	}
	return true
}

// openPieces returns what is known of the pieces of a run that is no number:
// those within are whole.
func openPieces(s string, closedLeft, closedRight bool) clues {
	var pieces clues
	eachPiece(s, func(t token) { pieces = append(pieces, clue{t, true, true}) })
	pieces[0].closedLeft = closedLeft
	pieces[len(pieces)-1].closedRight = closedRight
	var known clues
	for _, c := range pieces {
		known = append(known, c.known()...)
	}
	return known
}

// known returns the clue, or none if it takes too long to look for: numbers
// are too many to look at each, and are found only by how they begin.
func (c clue) known() clues {
	switch {
	case c.closedLeft && c.closedRight,
		c.closedLeft && len(c.term) >= minBegin,
		c.field == fieldWord && len(c.term) >= minOpen:
		return clues{c}
	}
	return nil
}

// fits reports whether a term is as the clue says.
func (c clue) fits(term string) bool {
	switch {
	case c.closedLeft && c.closedRight:
		return term == c.term
	case term == overlong:
		return true
	case c.closedLeft:
		return strings.HasPrefix(term, c.term)
	case c.closedRight:
		return strings.HasSuffix(term, c.term)
	}
	return strings.Contains(term, c.term)
}
