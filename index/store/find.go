package store

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf8"
)

// A finder looks for text without regard to case in a page of texts that stand
// one behind the other:
//
//  1. The page is copied with its ASCII letters in lower case, which keeps
//     every byte where it was.
//  2. The probe, the longest run of ASCII within one line of what is sought, is
//     looked for in the copy as a whole. No row without it can match.
//  3. A hit is put to its row: hits across the edge of two rows are none, and
//     the row's values are then compared exactly, since the probe may have been
//     found in the name of a field, or be only a piece.
//
// Two characters that aren't ASCII have a lower case that is. A page with one
// of them, and a search without a probe, is compared row by row.
type finder struct {
	low   string // in lower case
	probe []byte
}

var kelvin, dottedI = []byte("\u212A"), []byte("\u0130") // k and i in lower case

func newFinder(sub string) *finder {
	f := &finder{low: strings.ToLower(sub)}
	notPlain := func(r rune) bool { return r >= utf8.RuneSelf || r == '\n' }
	for run := range strings.FieldsFuncSeq(f.low, notPlain) {
		if len(run) > len(f.probe) {
			f.probe = []byte(run)
		}
	}
	return f
}

// inside reports whether a value contains what is sought.
func (f *finder) inside(value string) bool {
	return strings.Contains(strings.ToLower(value), f.low)
}

// page calls hit for each row of a page of Fields or Message that may match
// and does. It returns the memory that it used, for the next page.
func (f *finder) page(p page, buf []byte, column Column, hit func(i int)) []byte {
	data, offsets := p.data.ByteArray()
	check := func(i int) {
		if column.values(string(data[offsets[i]:offsets[i+1]]), f.inside) {
			hit(i)
		}
	}
	text := data[offsets[0]:offsets[p.rows]]
	if len(f.probe) == 0 || bytes.Contains(text, kelvin) || bytes.Contains(text, dottedI) {
		for i := range p.rows {
			check(i)
		}
		return buf
	}
	buf = appendLower(buf[:0], text)
	row, base := 0, int(offsets[0])
	for at := 0; ; {
		i := bytes.Index(buf[at:], f.probe)
		if i < 0 {
			return buf
		}
		at += i
		for int(offsets[row+1])-base <= at {
			row++
		}
		end := int(offsets[row+1]) - base
		if at+len(f.probe) > end {
			at++ // across the edge
			continue
		}
		check(row)
		at = end
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
