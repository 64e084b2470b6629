package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
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
		r.groups = append(r.groups, g)
		first += g.rows
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
	rows, err := r.Read(row, 1)
	if err == nil && len(rows) == 0 {
		err = fmt.Errorf("the event store has no row %d", row)
	}
	if err != nil {
		return Row{}, err
	}
	return rows[0], nil
}

// Read returns n rows from the given one on, fewer at the end. It costs a
// page of each column: read a screenful at once, and all rows by thousands.
func (r *Reader) Read(from, n int64) ([]Row, error) {
	from = min(max(from, 0), r.Rows())
	to := from + min(max(n, 0), r.Rows()-from)
	rows := make([]Row, 0, to-from)
	err := r.eachFlat(from, to-from, func(f *flat) error {
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
		end := min(to, g.first+g.rows)
		err := guard(func() error {
			flats, err := g.read(from-g.first, end-g.first)
			for i := range flats {
				if err == nil {
					err = f(&flats[i])
				}
			}
			return err
		})
		if err != nil {
			return err
		}
		from = end
	}
	return nil
}

func (r *Reader) groupOf(row int64) *group {
	i := sort.Search(len(r.groups), func(i int) bool { return r.groups[i].first > row })
	return r.groups[i-1]
}

// read returns the rows from one to another, counted within the group.
func (g *group) read(from, to int64) ([]flat, error) {
	flats := make([]flat, to-from)
	for c := Column(0); int(c) < columns; c++ {
		err := g.pages(c, from, to, func(at int64, p page) error {
			part := flats[at-from:]
			if c.isText() {
				p.eachText(func(i int, s []byte) { *part[i].text(c) = string(s) })
			} else {
				p.eachNumber(func(i int, n int64) { part[i].numbers[c] = n })
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return flats, nil
}

// pages calls f for each page of a column that holds rows from one to another,
// cut to them, and with the number of its first row.
func (g *group) pages(c Column, from, to int64, f func(at int64, p page) error) error {
	if err := g.verify(); err != nil {
		return err
	}
	pages := g.columns[c].Pages()
	defer pages.Close()
	if from > 0 {
		if err := pages.SeekToRow(from); err != nil {
			return damaged("column %s, row %d: %v", c, g.first+from, err)
		}
	}
	for at := from; at < to; {
		p, err := pages.ReadPage()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return damaged("column %s, row %d: %v", c, g.first+at, err)
		}
		n := min(p.NumRows(), to-at)
		if n < p.NumRows() {
			whole := p
			p = p.Slice(0, n)
			parquet.Release(whole)
		}
		err = f(at, newPage(p, int(n)))
		parquet.Release(p)
		if err != nil {
			return err
		}
		at += n
	}
	return nil
}
