package store

import (
	"iter"

	"github.com/parquet-go/parquet-go"
)

// A dictionary is what is thought of each entry of a row group's dictionary,
// so that it is found out once and not per row.
type dictionary[T any] struct {
	known []bool
	list  []T
}

// of yields what is thought of each row's value, by the number of the row
// within the page.
func (d *dictionary[T]) of(p page, think func(parquet.Value) T) iter.Seq2[int, T] {
	if n := p.dict.Len(); len(d.list) != n {
		d.known, d.list = make([]bool, n), make([]T, n)
	}
	return func(yield func(int, T) bool) {
		for i, x := range p.data.Int32()[:p.rows] {
			if !d.known[x] {
				d.known[x], d.list[x] = true, think(p.dict.Index(x))
			}
			if !yield(i, d.list[x]) {
				return
			}
		}
	}
}
