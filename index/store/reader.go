package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"sort"
	"sync"

	"github.com/parquet-go/parquet-go"
)

// A Reader reads a store. It is safe for concurrent use, except for Close.
type Reader struct {
	file     *os.File
	manifest Manifest
	groups   []*group
}

// A group is one row group.
type group struct {
	first, rows int64 // number of its first row, and how many it has
	columns     []parquet.ColumnChunk
	from, to    int64        // times of its first and its last row, noTime if it has none
	verify      func() error // before the first look into it
}

// Verification says when a store's bytes are compared with their hashes. They
// always are before they are used.
type Verification int

// The verifications.
const (
	VerifyAll  Verification = iota // the whole file, by Open: some 1 s a GB
	VerifyLazy                     // the footer by Open, each row group when it is first used
)

// Open opens the store of a manifest. The error is ErrDamaged if the file is
// not the one that was written.
func Open(path string, want Manifest, when Verification) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r := &Reader{file: f, manifest: want}
	if err := guard(func() error { return r.open(when) }); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func (r *Reader) open(when Verification) error {
	if err := r.checkSize(); err != nil {
		return err
	}
	if when == VerifyAll {
		if err := r.Verify(); err != nil {
			return err
		}
	}
	footer := len(r.manifest.Parts) - 1
	if err := r.verifyPart(footer); err != nil {
		return err
	}
	if err := r.checkFooter(r.start(footer)); err != nil {
		return err
	}
	p, err := parquet.OpenFile(r.file, r.manifest.Bytes, parquet.SkipBloomFilters(true), parquet.ReadBufferSize(pageBytes))
	if err != nil {
		return damaged("%v", err)
	}
	return r.takeGroups(p, when)
}

func (r *Reader) checkSize() error {
	if err := r.manifest.check(); err != nil {
		return err
	}
	info, err := r.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() != r.manifest.Bytes || len(r.manifest.Parts) == 0 {
		return damaged("it has %d bytes, and had %d", info.Size(), r.manifest.Bytes)
	}
	return nil
}

// checkFooter reads the end of the file, a length and a magic number, and
// makes sure that the footer lies in the last part:
//
//	│ … footer │ 4 length of the footer │ "PAR1" │
func (r *Reader) checkFooter(start int64) error {
	const trailer = 8
	var b [trailer]byte
	if r.manifest.Bytes-start < trailer {
		return damaged("there is no room for a footer")
	}
	if _, err := r.file.ReadAt(b[:], r.manifest.Bytes-trailer); err != nil {
		return err
	}
	if n := int64(binary.LittleEndian.Uint32(b[:])); string(b[4:]) != "PAR1" || n > r.manifest.Bytes-start-trailer {
		return damaged("its footer claims %d bytes", n)
	}
	return nil
}

func (r *Reader) takeGroups(p *parquet.File, when Verification) error {
	list := p.RowGroups()
	if len(list) != len(r.manifest.Parts)-1 || p.NumRows() != r.manifest.Rows {
		return damaged("it has %d rows in %d groups, and the manifest %d in %d",
			p.NumRows(), len(list), r.manifest.Rows, len(r.manifest.Parts)-1)
	}
	if !sameColumns(p.Schema()) {
		return fmt.Errorf("the event store is of another version: its columns are %v", p.Schema().Columns())
	}
	first := int64(0)
	for i, rg := range list {
		g := &group{first: first, rows: rg.NumRows(), columns: rg.ColumnChunks(), verify: func() error { return nil }}
		if when == VerifyLazy {
			g.verify = sync.OnceValue(func() error { return r.verifyPart(i) })
		}
		if err := g.takeTimes(); err != nil {
			return err
		}
		r.groups = append(r.groups, g)
		first += g.rows
	}
	return nil
}

// takeTimes takes the group's times from the page index, which is part of the
// footer.
func (g *group) takeTimes() error {
	index, err := g.columns[Time].ColumnIndex()
	if err != nil {
		return damaged("the index of times: %v", err)
	}
	g.from, g.to = math.MaxInt64, noTime
	for i := range index.NumPages() {
		if index.NullCount(i) > 0 {
			g.from = noTime
		}
		if !index.NullPage(i) {
			g.from = min(g.from, index.MinValue(i).Int64())
			g.to = max(g.to, index.MaxValue(i).Int64())
		}
	}
	return nil
}

func sameColumns(s *parquet.Schema) bool {
	have, want := s.Columns(), schema.Columns()
	if len(have) != len(want) {
		return false
	}
	for i := range want {
		if len(have[i]) != 1 || have[i][0] != want[i][0] {
			return false
		}
	}
	return true
}

// start returns the offset of a part.
func (r *Reader) start(part int) int64 {
	if part == 0 {
		return 0
	}
	return r.manifest.Parts[part-1].End
}

func (r *Reader) verifyPart(i int) error {
	return verifyRange(r.file, r.start(i), r.manifest.Parts[i].End, r.manifest.Parts[i].SHA256)
}

// Verify compares the whole file with its hash.
func (r *Reader) Verify() error {
	return verifyRange(r.file, 0, r.manifest.Bytes, r.manifest.SHA256)
}

// Close closes the file.
func (r *Reader) Close() error { return r.file.Close() }

// Rows returns the number of rows.
func (r *Reader) Rows() int64 { return r.manifest.Rows }

// At returns one row, counted from 0, the oldest.
func (r *Reader) At(row int64) (Row, error) {
	rows, err := r.Pick([]int64{row})
	if err != nil {
		return Row{}, err
	}
	return rows[0], nil
}

// Read returns n rows from the given one on, fewer at the end. It costs a
// page of each column: read a screenful at once, and all rows by thousands.
func (r *Reader) Read(from, n int64) ([]Row, error) {
	from = min(max(from, 0), r.Rows())
	n = min(max(n, 0), r.Rows()-from)
	rows := make([]Row, 0, n)
	err := r.eachFlat(from, n, func(f *flat) error {
		rows = append(rows, f.row())
		return nil
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// eachFlat calls f for n rows from the given one on, fewer at the end.
func (r *Reader) eachFlat(from, n int64, f func(*flat) error) error {
	for to := min(from+n, r.Rows()); from < to; {
		g := r.groupOf(from)
		rows := NewSet(g.rows)
		for ; from < min(to, g.first+g.rows); from++ {
			rows.Add(from - g.first)
		}
		flats, err := g.read(rows)
		if err != nil {
			return err
		}
		for i := range flats {
			if err := f(&flats[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Pick returns the given rows, in the given order. Rows that are close cost
// less.
func (r *Reader) Pick(list []int64) ([]Row, error) {
	ascending := slices.Compact(slices.Sorted(slices.Values(list)))
	found := make(map[int64]*flat, len(list))
	for rest := ascending; len(rest) > 0; {
		if rest[0] < 0 || rest[0] >= r.Rows() {
			return nil, fmt.Errorf("the event store has no row %d", rest[0])
		}
		g := r.groupOf(rest[0])
		rows := NewSet(g.rows)
		here, _ := slices.BinarySearch(rest, g.first+g.rows)
		for _, row := range rest[:here] {
			rows.Add(row - g.first)
		}
		flats, err := g.read(rows)
		if err != nil {
			return nil, err
		}
		for i, row := range rest[:here] {
			found[row] = &flats[i]
		}
		rest = rest[here:]
	}
	rows := make([]Row, len(list))
	for i, row := range list {
		rows[i] = found[row].row()
	}
	return rows, nil
}

func (r *Reader) groupOf(row int64) *group {
	i := sort.Search(len(r.groups), func(i int) bool { return r.groups[i].first > row })
	return r.groups[i-1]
}

// read returns the rows of a set, counted within the group.
func (g *group) read(rows *Set) (flats []flat, err error) {
	flats = make([]flat, rows.Len())
	err = guard(func() error {
		for c := Column(0); int(c) < columns; c++ {
			if err := g.readColumn(flats, c, rows); err != nil {
				return err
			}
		}
		return nil
	})
	return flats, err
}

func (g *group) readColumn(flats []flat, c Column, rows *Set) error {
	names := dictionary[string]{think: func(v parquet.Value) string { return string(v.ByteArray()) }}
	return g.pages(c, rows, func(at int64, p page) error {
		for row := range rows.between(at, at+int64(p.rows)) {
			f, i := &flats[0], int(row-at)
			flats = flats[1:]
			switch {
			case c.isText() && p.dict != nil:
				*f.text(c) = names.of(p.dict, p.entries()[i])
			case c.isText():
				data, offsets := p.texts()
				*f.text(c) = string(data[offsets[i]:offsets[i+1]])
			case p.dict != nil:
				f.numbers[c] = number(p.dict.Index(p.entries()[i]))
			case i < p.nulls:
				f.numbers[c] = noTime
			default:
				f.numbers[c] = p.numbers()[i-p.nulls]
			}
		}
		return nil
	})
}

// pages calls f for each page of a column that has a row of the set, which is
// counted within the group, with the number of the page's first row.
func (g *group) pages(c Column, rows *Set, f func(at int64, p page) error) error {
	if err := g.verify(); err != nil {
		return err
	}
	index, err := g.columns[c].OffsetIndex()
	if err != nil {
		return damaged("the index of column %s: %v", c, err)
	}
	pages := g.columns[c].Pages()
	defer pages.Close()
	following := int64(0) // the row at which the next page to be read begins, if nobody seeks
	for i := range index.NumPages() {
		from, to := index.FirstRowIndex(i), g.rows
		if i+1 < index.NumPages() {
			to = index.FirstRowIndex(i + 1)
		}
		if from < 0 || to < from || to > g.rows {
			return damaged("column %s: page %d has rows %d to %d of %d", c, i, from, to, g.rows)
		}
		if !rows.any(from, to) {
			continue
		}
		if from != following {
			if err := pages.SeekToRow(from); err != nil {
				return damaged("column %s, row %d: %v", c, g.first+from, err)
			}
		}
		if err := readPage(pages, to-from, func(p page) error { return f(from, p) }); err != nil {
			return fmt.Errorf("column %s, row %d: %w", c, g.first+from, err)
		}
		following = to
	}
	return nil
}

// readPage calls f for the next page, which has to have so many rows.
func readPage(pages parquet.Pages, rows int64, f func(page) error) error {
	p, err := pages.ReadPage()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return damaged("%v", err)
	}
	defer parquet.Release(p)
	if p.NumRows() != rows {
		return damaged("a page has %d rows, and should have %d", p.NumRows(), rows)
	}
	return f(newPage(p))
}
