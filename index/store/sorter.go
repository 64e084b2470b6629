package store

import (
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/s2"
)

// A sorter puts rows in order with bounded memory: an arena that is full is
// sorted and appended to one private file as a run, while another is filled;
// in the end the runs are merged with what is in memory.
//
// The file is compressed with S2, which costs less than writing the bytes that
// it saves.
type sorter struct {
	dir   string // of the spill file
	limit int    // bytes of the two arenas together
	rows  *arena // being filled
	spare *arena // being spilled, or empty

	file     *os.File // nil until the first spill
	ends     []int64  // of the runs in the file
	spilling chan spilled
}

// A spilled is what became of an arena: its run's end in the file.
type spilled struct {
	end int64
	err error
}

type fileSpan struct{ from, to int64 }

const (
	// maxRow bounds a row's text: Parquet's lengths of pages are 31 bits wide.
	maxRow = 1 << 30

	// spillBlock is how much of a run is compressed at once. Merging holds two
	// blocks of each run: 30 MB for 10 GB of events.
	spillBlock = 64 << 10
)

func newSorter(dir string, limit int) *sorter {
	return &sorter{dir: dir, limit: limit, rows: new(arena), spare: new(arena)}
}

func (s *sorter) add(r *Row, source uint32) error {
	n := rowSize(r)
	if n <= maxRow {
		if err := s.makeRoom(n); err != nil {
			return err
		}
		b := appendRow(s.rows.bytes, r, source)
		if n = len(b) - len(s.rows.bytes); n <= maxRow {
			s.rows.took(b)
			return nil
		}
	}
	return fmt.Errorf("an event of %d bytes is too large for the store (source %s, offset %d)", n, r.Source, r.Offset)
}

func (s *sorter) makeRoom(n int) error {
	if len(s.rows.rows) > 0 && len(s.rows.bytes)+n > s.limit/2 {
		if err := s.spill(); err != nil {
			return err
		}
	}
	s.rows.grow(n)
	return nil
}

// spill has what is in memory sorted and written to the file.
func (s *sorter) spill() (err error) {
	if err := s.settle(); err != nil {
		return err
	}
	if s.file == nil {
		if s.file, err = os.CreateTemp(s.dir, temporary+"*"+sortSuffix); err != nil {
			return err
		}
	}
	s.rows, s.spare = s.spare, s.rows
	s.spilling = make(chan spilled, 1)
	go func(f *os.File, rows *arena, done chan<- spilled) {
		err := rows.writeSorted(f)
		end, seekErr := f.Seek(0, io.SeekCurrent)
		if err == nil {
			err = seekErr
		}
		done <- spilled{end, err}
	}(s.file, s.spare, s.spilling)
	return nil
}

// settle waits for the arena that is being spilled.
func (s *sorter) settle() error {
	if s.spilling == nil {
		return nil
	}
	done := <-s.spilling
	s.spilling = nil
	s.ends = append(s.ends, done.end)
	s.spare.reset()
	return done.err
}

func (a *arena) writeSorted(out io.Writer) error {
	a.sort()
	w := s2.NewWriter(out, s2.WriterBlockSize(spillBlock), s2.WriterConcurrency(1))
	for i := range a.rows {
		if _, err := w.Write(a.row(i)); err != nil {
			w.Close()
			return err
		}
	}
	return w.Close()
}

// sorted returns all rows as runs. The sorter takes no more rows.
func (s *sorter) sorted() ([]run, error) {
	if err := s.settle(); err != nil {
		return nil, err
	}
	s.spare = nil // its memory is of use elsewhere
	s.rows.sort()
	runs := []run{&memoryRun{rows: s.rows}}
	from := int64(0)
	for _, end := range s.ends {
		runs = append(runs, newFileRun(s.file, fileSpan{from, end}))
		from = end
	}
	return runs, nil
}

// close removes the file.
func (s *sorter) close() {
	if s.spilling != nil {
		<-s.spilling
		s.spilling = nil
	}
	if s.file != nil {
		s.file.Close()
		os.Remove(s.file.Name())
		s.file = nil
	}
}
