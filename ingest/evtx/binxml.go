package evtx

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The tokens of binary XML (MS-EVEN6, 2.2.12). All but the fragment header and
// the substitutions may carry tokenMore.
const (
	tokenEOF              = 0x00
	tokenOpen             = 0x01 // <Name; with tokenMore an attribute list follows
	tokenCloseStart       = 0x02 // >
	tokenCloseEmpty       = 0x03 // />
	tokenEnd              = 0x04 // </Name>
	tokenValue            = 0x05
	tokenAttribute        = 0x06
	tokenCData            = 0x07
	tokenCharRef          = 0x08
	tokenEntityRef        = 0x09
	tokenPITarget         = 0x0a
	tokenPIData           = 0x0b
	tokenTemplateInstance = 0x0c
	tokenSubstitution     = 0x0d
	tokenOptional         = 0x0e // a substitution whose NULL drops the element or attribute
	tokenFragmentHeader   = 0x0f

	tokenMore = 0x40 // more data, attributes or text follows
)

// fragmentHeader is the usual one: the token, version 1.1, no flags.
const fragmentHeader = 0x0001010f

// noDependency marks an element that depends on no substitution.
const noDependency = 0xffff

var (
	errShort    = errors.New("binary XML ends too early")
	errDepth    = errors.New("binary XML is nested deeper than 64 levels")
	errBudget   = errors.New("binary XML expands beyond 64 times the record's size")
	errNoSystem = errors.New("no System element")
)

var le = binary.LittleEndian

// A cursor reads binary XML between two offsets of a chunk. The first failure
// sticks: from then on everything reads as zero and err says what happened, so
// that a structure can be read whole and checked once.
type cursor struct {
	b   []byte // the chunk
	pos int
	end int
	err error
}

// set has c read between two offsets of b. To assign a composite literal would have
// it made elsewhere and copied, which takes longer than what c is for.
func (c *cursor) set(b []byte, pos, end int) { c.b, c.pos, c.end = b, pos, end }

func (c *cursor) failf(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

// take returns the next n bytes, or nil.
func (c *cursor) take(n int) []byte {
	if c.err != nil {
		return nil
	}
	if n < 0 || n > c.end-c.pos {
		c.err = errShort
		return nil
	}
	c.pos += n
	return c.b[c.pos-n : c.pos]
}

func (c *cursor) u8() byte {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) u16() int {
	if b := c.take(2); b != nil {
		return int(le.Uint16(b))
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if b := c.take(4); b != nil {
		return le.Uint32(b)
	}
	return 0
}

// peek returns the next token without its more-data flag; at the end EOF.
func (c *cursor) peek() byte {
	if c.err != nil || c.pos >= c.end {
		return tokenEOF
	}
	return c.b[c.pos] &^ tokenMore
}

// text returns a length-prefixed string: its count of UTF-16 units, then those.
func (c *cursor) text() []byte { return c.take(2 * c.u16()) }

// name returns the name that the next four bytes point to: its offset and UTF-16
// text. The string table of the chunk header is not needed for it, and may be
// damaged.
//
//	+0  u32  offset in the chunk of the next name with the same hash bucket
//	+4  u16  hash
//	+6  u16  number of UTF-16 units
//	+8       units, and a NUL unit
//
// The first element that uses a name holds it right here, in line.
func (c *cursor) name() (off int, text []byte) {
	off = int(c.u32())
	if c.err == nil && (off < chunkHeaderSize || off > len(c.b)-8) {
		c.failf("name offset %#x is outside of the chunk", off)
	}
	if c.err != nil {
		return 0, nil
	}
	size := 2 * int(le.Uint16(c.b[off+6:]))
	if size > len(c.b)-off-8 {
		c.err = errShort
		return 0, nil
	}
	if off == c.pos {
		c.take(8 + size + 2)
	}
	return off, c.b[off+8:][:size]
}

// skipProlog moves past fragment headers and processing instructions, which
// may stand before a root element.
func (c *cursor) skipProlog() {
	if c.end-c.pos > 4 && le.Uint32(c.b[c.pos:]) == fragmentHeader {
		if c.pos += 4; c.b[c.pos] == tokenTemplateInstance { // as nearly always
			return
		}
	}
	for c.err == nil {
		switch c.peek() {
		case tokenFragmentHeader:
			c.take(4)
		case tokenPITarget:
			c.take(1)
			c.name()
		case tokenPIData:
			c.take(1)
			c.text()
		default:
			return
		}
	}
}
