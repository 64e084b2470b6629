package store

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// A packed is one row in memory and in the spill file, so that sorting a
// million rows leaves the garbage collector nothing to do:
//
//	0   4  size of all that follows
//	4   8  each number, in the order of the columns
//	44  …  each text: its length (uvarint) and its bytes; the source first
//
// All in little-endian order.
type packed []byte

const (
	packedSize  = 4
	packedTexts = packedSize + 8*numbers
)

// packOrder has the source first, since it is compared.
var packOrder = func() (order []Column) {
	order = append(order, Source)
	for c := firstText; int(c) < columns; c++ {
		if c != Source {
			order = append(order, c)
		}
	}
	return order
}()

// appendPacked appends a row to b.
func appendPacked(b []byte, f *flat) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 0)
	for _, n := range f.numbers {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	for _, c := range packOrder {
		s := *f.text(c)
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	binary.LittleEndian.PutUint32(b[start:], uint32(len(b)-start-packedSize))
	return b
}

// packedLen is the length of what appendPacked appends, at most.
func packedLen(f *flat) int {
	n := packedTexts + texts*binary.MaxVarintLen32
	for i := range f.texts {
		n += len(f.texts[i])
	}
	return n
}

func (p packed) number(c Column) int64 {
	return int64(binary.LittleEndian.Uint64(p[packedSize+8*c:]))
}

func (p packed) source() []byte {
	s, _ := cutText(p[packedTexts:])
	return s
}

func cutText(b []byte) (text, rest []byte) {
	n, k := binary.Uvarint(b)
	end := k + int(n)
	return b[k:end:end], b[end:]
}

// comparePacked is the order of the file: time, source, offset. Rows that
// agree in these are told apart by their bytes, so that the order in which
// rows were written does not show in the file.
func comparePacked(a, b packed) int {
	if c := cmp.Compare(a.number(Time), b.number(Time)); c != 0 {
		return c
	}
	return cmp.Or(bytes.Compare(a.source(), b.source()),
		cmp.Compare(a.number(Offset), b.number(Offset)), bytes.Compare(a, b))
}

// An arena is rows in memory: packed one after the other, and where each is.
type arena struct {
	bytes []byte
	rows  []span
}

type span struct {
	time     int64 // again, since most comparisons end with it
	from, to int
}

func (a *arena) len() int            { return len(a.rows) }
func (a *arena) row(i int) packed    { return a.bytes[a.rows[i].from:a.rows[i].to] }
func (a *arena) of(s span) packed    { return a.bytes[s.from:s.to] }
func (a *arena) reset()              { a.bytes, a.rows = a.bytes[:0], a.rows[:0] }
func (a *arena) full(limit int) bool { return len(a.bytes) >= limit }

func (a *arena) add(f *flat) {
	a.grow(packedLen(f))
	from := len(a.bytes)
	a.bytes = appendPacked(a.bytes, f)
	a.rows = append(a.rows, span{f.numbers[Time], from, len(a.bytes)})
}

func (a *arena) addPacked(p packed) {
	a.grow(len(p))
	from := len(a.bytes)
	a.bytes = append(a.bytes, p...)
	a.rows = append(a.rows, span{0, from, len(a.bytes)})
}

// grow makes room for n bytes. It doubles, where append would copy large
// memory at every quarter more.
func (a *arena) grow(n int) {
	if cap(a.bytes)-len(a.bytes) < n {
		a.bytes = slices.Grow(a.bytes, max(n, cap(a.bytes)))
	}
}

func (a *arena) sort() {
	slices.SortFunc(a.rows, func(x, y span) int {
		if c := cmp.Compare(x.time, y.time); c != 0 {
			return c
		}
		return comparePacked(a.of(x), a.of(y))
	})
}
