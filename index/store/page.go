package store

import (
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
)

// A page is the values of some rows that follow each other in one column. Its
// memory is the library's: nothing of it may be kept.
type page struct {
	rows  int
	dict  parquet.Dictionary // nil if the values are stored as they are
	data  encoding.Values    // values, or indexes into dict; without the nulls
	nulls []byte             // per row 0 for a null; nil if there are none
}

func newPage(p parquet.Page, rows int) page {
	out := page{rows: rows, dict: p.Dictionary(), data: p.Data()}
	if levels := p.DefinitionLevels(); len(levels) > 0 {
		out.nulls = levels
	}
	return out
}

// eachText calls f for each row of a text column.
func (p page) eachText(f func(i int, s []byte)) {
	if p.dict != nil {
		for i, x := range p.data.Int32()[:p.rows] {
			f(i, p.dict.Index(x).ByteArray())
		}
		return
	}
	data, offsets := p.data.ByteArray()
	for i := range p.rows {
		f(i, data[offsets[i]:offsets[i+1]])
	}
}

// eachNumber calls f for each row of a column of numbers, with noTime for
// nulls.
func (p page) eachNumber(f func(i int, n int64)) {
	switch {
	case p.dict != nil:
		for i, x := range p.data.Int32()[:p.rows] {
			f(i, number(p.dict.Index(x)))
		}
	case p.nulls != nil:
		values := p.data.Int64()
		for i, level := range p.nulls[:p.rows] {
			if level == 0 {
				f(i, noTime)
				continue
			}
			f(i, values[0])
			values = values[1:]
		}
	default:
		for i, n := range p.data.Int64()[:p.rows] {
			f(i, n)
		}
	}
}

// number returns the value of a column of numbers; those of 32 bits have no
// sign.
func number(v parquet.Value) int64 {
	if v.Kind() == parquet.Int32 {
		return int64(v.Uint32())
	}
	return v.Int64()
}
