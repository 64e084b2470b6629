package store

import (
	"iter"
	"math/bits"
	"slices"
)

// A Set is a set of rows of one store, by row number. A bit a row: 2 MB for 15
// million.
type Set struct {
	words []uint64
	rows  int64 // of the store
}

// NewSet returns an empty set for a store of that many rows.
func NewSet(rows int64) *Set {
	return &Set{words: make([]uint64, (rows+63)/64), rows: rows}
}

// Add adds a row.
func (s *Set) Add(row int64) { s.words[row/64] |= 1 << (row % 64) }

// Has reports whether the row is in the set.
func (s *Set) Has(row int64) bool {
	return row >= 0 && row < s.rows && s.words[row/64]&(1<<(row%64)) != 0
}

// Len returns the number of rows in the set.
func (s *Set) Len() int64 {
	n := 0
	for _, w := range s.words {
		n += bits.OnesCount64(w)
	}
	return int64(n)
}

// All yields the rows in their order, the oldest first.
func (s *Set) All() iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for i, w := range s.words {
			for ; w != 0; w &= w - 1 {
				if !yield(int64(i)*64 + int64(bits.TrailingZeros64(w))) {
					return
				}
			}
		}
	}
}

// Backward yields the rows with the newest first.
func (s *Set) Backward() iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for i := len(s.words) - 1; i >= 0; i-- {
			for w := s.words[i]; w != 0; {
				bit := 63 - bits.LeadingZeros64(w)
				if !yield(int64(i)*64 + int64(bit)) {
					return
				}
				w &^= 1 << bit
			}
		}
	}
}

// Clone returns a copy.
func (s *Set) Clone() *Set { return &Set{slices.Clone(s.words), s.rows} }

// And keeps the rows that are in other too; both are of the same store.
func (s *Set) And(other *Set) {
	for i, w := range other.words {
		s.words[i] &= w
	}
}

// Or adds the rows of other, which is of the same store.
func (s *Set) Or(other *Set) {
	for i, w := range other.words {
		s.words[i] |= w
	}
}

// Without takes away the rows of other, which is of the same store.
func (s *Set) Without(other *Set) {
	for i, w := range other.words {
		s.words[i] &^= w
	}
}

// Not turns the set into the rows that were not in it.
func (s *Set) Not() {
	for i := range s.words {
		s.words[i] = ^s.words[i]
	}
	s.trim()
}

// all returns the set of all rows.
func all(rows int64) *Set {
	s := NewSet(rows)
	s.Not()
	return s
}

// between yields the rows from one to another.
func (s *Set) between(from, to int64) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for row := from; row < to; row++ {
			w := s.words[row/64] >> (row % 64)
			if w == 0 {
				row |= 63 // on to the next word
				continue
			}
			if row += int64(bits.TrailingZeros64(w)); row >= to || !yield(row) {
				return
			}
		}
	}
}

// any reports whether the set has a row from one to another.
func (s *Set) any(from, to int64) bool {
	for range s.between(from, to) {
		return true
	}
	return false
}

// slice returns the n rows from the given one on as a set of their own, in
// which that is row 0.
func (s *Set) slice(from, n int64) *Set {
	part := NewSet(n)
	word, shift := from/64, from%64
	for i := range part.words {
		w := s.words[word+int64(i)] >> shift
		if next := word + int64(i) + 1; shift > 0 && next < int64(len(s.words)) {
			w |= s.words[next] << (64 - shift)
		}
		part.words[i] = w
	}
	part.trim()
	return part
}

// paste adds the rows of a set that slice could have returned.
func (s *Set) paste(from int64, part *Set) {
	word, shift := from/64, from%64
	for i, w := range part.words {
		s.words[word+int64(i)] |= w << shift
		if high := w >> (64 - shift); high != 0 {
			s.words[word+int64(i)+1] |= high
		}
	}
}

// trim takes away what is beyond the last row.
func (s *Set) trim() {
	if tail := s.rows % 64; tail != 0 {
		s.words[len(s.words)-1] &= 1<<tail - 1
	}
}
