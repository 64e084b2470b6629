package evtx

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
)

// mayHave reports whether a field of a record may have one of the texts, so that
// it is worth to be decoded. It is sure of that only where all fields are single
// values; and where the texts are such that only strings, or the digits of binary
// data, can have them.
func (d *decoder) mayHave(r *record, h *having) bool {
	if r.own || !h.sure {
		return true
	}
	d.having = h
	return d.fieldMayHave(r.plan, r.values)
}

// havingOf returns the having of texts, which is made once.
func (d *decoder) havingOf(texts []string) *having {
	h := d.havings[&texts[0]]
	if h == nil {
		h = newHaving(texts)
		if d.havings == nil {
			d.havings = map[*string]*having{}
		}
		d.havings[&texts[0]] = h
	}
	return h
}

// fieldMayHave asks the fields that a plan yields with these values.
func (d *decoder) fieldMayHave(p *plan, v values) bool {
	if !p.single {
		return true
	}
	for _, c := range p.carriers {
		s := v.sub(c.sub)
		switch {
		case s.size() == 0:
		case s.typ() == typeBinXML:
			if d.nestedMayHave(s, c.scope) {
				return true
			}
		case c.field && d.having.in(d.value(s)):
			return true
		}
	}
	return false
}

// nestedMayHave asks the XML that a value holds, as nested runs it.
func (d *decoder) nestedMayHave(s substitution, in scope) bool {
	if d.depth == maxDepth {
		return true
	}
	var c cursor
	c.set(d.chunk, s.off(), s.off()+s.size())
	for c.skipProlog(); c.err == nil && c.pos < c.end; c.skipProlog() {
		switch c.peek() {
		case tokenEOF:
			c.take(1)
		case tokenTemplateInstance:
			d.depth++
			may := d.instanceMayHave(&c, in)
			if d.depth--; may {
				return true
			}
		default:
			return true
		}
	}
	return c.err != nil
}

func (d *decoder) instanceMayHave(c *cursor, in scope) bool {
	p, err := d.instance(c, in)
	if err != nil {
		return true
	}
	raw := c.b[c.pos:c.end]
	known := d.lacks.at(raw)
	if known.is(p, d.having, raw) {
		c.pos = c.end
		return false
	}
	first := len(d.subs)
	v, err := d.values(c)
	may := err != nil || d.fieldMayHave(p, v)
	if !may && allZero(c.b[c.pos:c.end]) && p.standsAlone(v) {
		known.set(p, d.having, raw)
	}
	d.subs = d.subs[:first]
	return may
}

// standsAlone reports whether what the fields have does not depend on what stands
// elsewhere in the chunk, as XML does that refers to names and definitions.
func (p *plan) standsAlone(v values) bool {
	return !slices.ContainsFunc(p.carriers, func(c carrier) bool { return v.subs[c.sub].typ() == typeBinXML })
}

// A having looks for texts in values as they stand in a record.
type having struct {
	sure   bool       // what it does not find is not there
	words  []string   // in lower case; only a string can have them
	first  [0x80]bool // the characters that one of them begins with, in either case
	starts []uint64   // each of these, four times, as inUTF16 compares them
	digits [][]byte   // bytes whose hex digits are, or are in, those that are hex digits
}

const (
	// No value but a string or a wrongly sized one, which is shown in hex digits,
	// has one of these letters: not numbers, times, GUIDs, SIDs, booleans.
	wordLetters = "ghjkmopqvwy"

	// longestDigits is how many digits in a row any of them has.
	longestDigits = 20
)

func newHaving(texts []string) *having {
	h := &having{sure: true, words: texts}
	for _, t := range texts {
		switch {
		case strings.Trim(t, "0123456789abcdef") == "" && len(t) > longestDigits:
			h.digits = append(h.digits, fromHex(t), fromHex(t[1:])) // it may begin in the middle of a byte
		case !strings.ContainsAny(t, wordLetters) || !isASCII(t):
			return new(having)
		}
		for c, low := range lower {
			h.first[c] = h.first[c] || low == t[0]
		}
		h.starts = append(h.starts, each*uint64(t[0]|letterCase))
	}
	return h
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

// fromHex decodes hex digits; of an odd number, all but the last.
func fromHex(s string) []byte {
	b, _ := hex.DecodeString(s[:len(s)&^1])
	return b
}

// in reports whether a value may have one of the texts.
func (h *having) in(v value) bool {
	switch v.typ &^ typeArray {
	case typeBinXML, typeXML:
		return true
	case typeString:
		return h.inUTF16(v.data)
	case typeAnsi:
		text := bytes.ToLower(v.data)
		for _, w := range h.words {
			if bytes.Contains(text, []byte(w)) {
				return true
			}
		}
	}
	for _, digits := range h.digits {
		if bytes.Contains(v.data, digits) {
			return true
		}
	}
	return false
}

// The two characters beyond ASCII whose lower case is a letter of ASCII.
const (
	dottedI = 0x0130
	kelvin  = 0x212a
)

// Four UTF-16 units at once: a one in each, what tells the cases of an ASCII letter
// apart, and what only units beyond ASCII have.
const (
	each       = 0x0001000100010001
	letterCase = 0x20
	beyond     = each * 0xff80
)

// inUTF16 reports whether UTF-16 text may have one of the words.
func (h *having) inUTF16(data []byte) bool {
	for len(data) > 1 {
		if len(data) >= 8 && h.noneBegins(le.Uint64(data)) {
			data = data[8:]
			continue
		}
		switch u := le.Uint16(data); {
		case u < 0x80:
			if h.first[u] && h.beginsUTF16(data) {
				return true
			}
		case u == dottedI, u == kelvin:
			return true
		}
		data = data[2:]
	}
	return false
}

// noneBegins is true only if no word begins in four units of ASCII.
func (h *having) noneBegins(units uint64) bool {
	if units&beyond != 0 {
		return false
	}
	for _, start := range h.starts {
		// The high bit of a unit is set where it is zero, or behind such a unit.
		if x := (units | each*letterCase) ^ start; (x-each)&^x&(each<<15) != 0 {
			return false
		}
	}
	return true
}

func (h *having) beginsUTF16(data []byte) bool {
	return slices.ContainsFunc(h.words, func(w string) bool { return beginsUTF16(data, w) })
}

func beginsUTF16(data []byte, word string) bool {
	if len(data) < 2*len(word) {
		return false
	}
	for i := range len(word) {
		if u := le.Uint16(data[2*i:]); u >= 0x80 || lower[u] != word[i] {
			return false
		}
	}
	return true
}

// lower has the lower case of ASCII.
var lower = func() (table [0x80]byte) {
	for c := range table {
		table[c] = byte(c)
		if 'A' <= c && c <= 'Z' {
			table[c] += 'a' - 'A'
		}
	}
	return table
}()
