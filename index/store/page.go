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
	nulls int                // rows without a value: the first ones, since only Time has them
}

func newPage(p parquet.Page) page {
	return page{rows: int(p.NumRows()), dict: p.Dictionary(), data: p.Data(), nulls: int(p.NumNulls())}
}

// entries returns each row's index into the dictionary.
func (p page) entries() []int32 { return p.data.Int32()[:p.rows] }

// texts returns the texts of a column without dictionary: that of row i is
// data[offsets[i]:offsets[i+1]].
func (p page) texts() (data []byte, offsets []uint32) {
	data, offsets = p.data.ByteArray()
	return data, offsets[:p.rows+1]
}

// numbers returns the numbers of a column without dictionary, but those of the
// rows that have none.
func (p page) numbers() []int64 { return p.data.Int64()[:p.rows-p.nulls] }

// eachNumber calls f for each row of a column of numbers without dictionary,
// with noTime for nulls.
func (p page) eachNumber(f func(i int, n int64)) {
	for i := range p.nulls {
		f(i, noTime)
	}
	for i, n := range p.numbers() {
		f(p.nulls+i, n)
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
