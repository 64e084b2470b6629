package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/parquet-go/parquet-go"
)

// A Count says how many rows have a value.
type Count struct {
	Value string // of a number its decimal digits
	Rows  int64
}

// Facet counts the values of a column with a dictionary (not Time, Record,
// Offset, Fields and Message) over the rows in within, or over all rows if it
// is nil. A row with a list counts for each value of it; empty text is a value
// too, except in lists. The commonest value is first.
func (r *Reader) Facet(ctx context.Context, c Column, within *Set) ([]Count, error) {
	if !c.hasDictionary() {
		return nil, fmt.Errorf("values of column %d of the event store can't be counted", c)
	}
	total := map[string]int64{}
	var mu sync.Mutex
	err := r.eachGroup(ctx, func(g *group) error {
		counts, err := g.facet(c, within)
		mu.Lock()
		defer mu.Unlock()
		for value, n := range counts {
			total[value] += n
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	list := make([]Count, 0, len(total))
	for value, n := range total {
		list = append(list, Count{value, n})
	}
	slices.SortFunc(list, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Value, b.Value))
	})
	return list, nil
}

// A tally is how many rows have one entry of a dictionary.
type tally struct {
	value string
	rows  int64
}

func (g *group) facet(c Column, within *Set) (map[string]int64, error) {
	rows := g.slice(within)
	var tallies []tally // by entry
	err := g.pages(c, rows, func(at int64, p page) error {
		if tallies == nil {
			tallies = make([]tally, p.dict.Len())
		}
		for i, x := range p.entries() {
			if !rows.Has(at + int64(i)) {
				continue
			}
			t := &tallies[x]
			if t.rows++; t.rows == 1 {
				t.value = c.textOf(p.dict.Index(x))
			}
		}
		return nil
	})
	counts := map[string]int64{}
	for _, t := range tallies {
		if t.rows > 0 {
			c.values(t.value, func(s string) bool { counts[s] += t.rows; return false })
		}
	}
	return counts, err
}

// textOf returns the text of an entry of the column's dictionary: of a number
// its decimal digits.
func (c Column) textOf(v parquet.Value) string {
	if c.isText() {
		return string(v.ByteArray())
	}
	return strconv.FormatInt(number(v), 10)
}
