package store

import (
	"cmp"
	"slices"
)

// An arena is rows that are being put in order: packed one after the other, and
// where each is.
type arena struct {
	bytes []byte
	rows  []span
}

type span struct {
	time     int64 // again, since most comparisons end with it
	from, to int
}

func (a *arena) row(i int) packed { return a.of(a.rows[i]) }
func (a *arena) of(s span) packed { return a.bytes[s.from:s.to] }
func (a *arena) reset()           { a.bytes, a.rows = a.bytes[:0], a.rows[:0] }

// grow makes room for n bytes. It doubles, where append would copy large
// memory at every quarter more.
func (a *arena) grow(n int) {
	if cap(a.bytes)-len(a.bytes) < n {
		a.bytes = slices.Grow(a.bytes, max(n, cap(a.bytes)))
	}
}

// took notes the row that was appended to the bytes.
func (a *arena) took(bytes []byte) {
	from := len(a.bytes)
	a.bytes = bytes
	a.rows = append(a.rows, span{packed(bytes[from:]).number(Time), from, len(bytes)})
}

func (a *arena) sort() {
	slices.SortFunc(a.rows, func(x, y span) int {
		if c := cmp.Compare(x.time, y.time); c != 0 {
			return c
		}
		return comparePacked(a.of(x), a.of(y))
	})
}

// A pile is rows in their order, waiting to be encoded. It keeps its chunks of
// memory for the next rows.
type pile struct {
	rows   []packed
	size   int      // bytes of the rows
	chunks [][]byte // chunkBytes each
	used   int      // chunks that have rows
}

const chunkBytes = 256 << 10

// add copies a row.
func (p *pile) add(row packed) {
	p.size += len(row)
	if len(row) > chunkBytes/4 {
		p.rows = append(p.rows, slices.Clone(row))
		return
	}
	if p.used == 0 || cap(p.chunks[p.used-1])-len(p.chunks[p.used-1]) < len(row) {
		if p.used == len(p.chunks) {
			p.chunks = append(p.chunks, make([]byte, 0, chunkBytes))
		}
		p.used++
	}
	chunk := &p.chunks[p.used-1]
	from := len(*chunk)
	*chunk = append(*chunk, row...)
	p.rows = append(p.rows, packed((*chunk)[from:]))
}

func (p *pile) reset() {
	clear(p.rows) // lets go of the large rows
	for i := range p.used {
		p.chunks[i] = p.chunks[i][:0]
	}
	p.rows, p.size, p.used = p.rows[:0], 0, 0
}
