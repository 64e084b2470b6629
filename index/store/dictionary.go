package store

import "github.com/parquet-go/parquet-go"

// A dictionary is what is thought of each entry of a row group's dictionary,
// so that it is found out once and not per row.
type dictionary[T any] struct {
	think func(parquet.Value) T
	known []bool
	list  []T
}

// of returns what is thought of entry x.
func (d *dictionary[T]) of(entries parquet.Dictionary, x int32) T {
	if d.known == nil {
		d.known, d.list = make([]bool, entries.Len()), make([]T, entries.Len())
	}
	if !d.known[x] {
		d.known[x], d.list[x] = true, d.think(entries.Index(x))
	}
	return d.list[x]
}
