package store

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
)

// A sorter puts rows in order with bounded memory: an arena that is full is
// sorted and appended to one private file as a run, while another is filled;
// in the end the runs are merged with what is in memory.
type sorter struct {
	dir   string // of the spill file
	limit int    // bytes of the two arenas together
	rows  *arena // being filled
	spare *arena // being spilled, or empty
	count int64

	file     *os.File // nil until the first spill
	runs     []fileSpan
	spilling chan error // nil unless spare is being spilled
}

func newSorter(dir string, limit int) *sorter {
	return &sorter{dir: dir, limit: limit, rows: new(arena), spare: new(arena)}
}

type fileSpan struct{ from, to int64 }

// maxRow bounds a row's text: Parquet's lengths of pages are 31 bits wide.
const maxRow = 1 << 30

func (s *sorter) add(f *flat) error {
	n := packedLen(f)
	if n > maxRow {
		return fmt.Errorf("an event of %d bytes is too large for the store (source %s, offset %d)", n, *f.text(Source), f.numbers[Offset])
	}
	if s.rows.len() > 0 && len(s.rows.bytes)+n > s.limit/2 {
		if err := s.spill(); err != nil {
			return err
		}
	}
	s.rows.add(f)
	s.count++
	return nil
}

// spill has what is in memory sorted and written to the file.
func (s *sorter) spill() (err error) {
	if err := s.settle(); err != nil {
		return err
	}
	if s.file == nil {
		if s.file, err = os.CreateTemp(s.dir, ".events-*.sort"); err != nil {
			return err
		}
	}
	run := fileSpan{}
	if len(s.runs) > 0 {
		run.from = s.runs[len(s.runs)-1].to
	}
	run.to = run.from + int64(len(s.rows.bytes))
	s.runs = append(s.runs, run)
	s.rows, s.spare = s.spare, s.rows
	s.spilling = make(chan error, 1)
	go func(out io.Writer, rows *arena, done chan<- error) { done <- rows.writeSorted(out) }(s.file, s.spare, s.spilling)
	return nil
}

// settle waits for the arena that is being spilled.
func (s *sorter) settle() error {
	if s.spilling == nil {
		return nil
	}
	err := <-s.spilling
	s.spilling = nil
	s.spare.reset()
	return err
}

func (a *arena) writeSorted(out io.Writer) error {
	a.sort()
	w := bufio.NewWriterSize(out, 1<<18)
	for i := range a.rows {
		w.Write(a.row(i)) // the error stays until Flush
	}
	return w.Flush()
}

// close removes the file.
func (s *sorter) close() {
	s.settle()
	if s.file != nil {
		s.file.Close()
		os.Remove(s.file.Name())
		s.file = nil
	}
}

// each calls f for all rows in order. A row is valid until f returns.
func (s *sorter) each(f func(packed) error) error {
	if err := s.settle(); err != nil {
		return err
	}
	s.spare = nil // its memory is of use elsewhere
	s.rows.sort()
	m := merger{&memoryRun{rows: s.rows}}
	for _, span := range s.runs {
		m = append(m, newFileRun(s.file, span, len(s.runs)))
	}
	if err := m.start(); err != nil {
		return err
	}
	for len(m) > 0 {
		if err := f(m[0].row()); err != nil {
			return err
		}
		if err := m.step(); err != nil {
			return err
		}
	}
	return nil
}

// A run yields rows in order.
type run interface {
	next() error // io.EOF at the end
	row() packed // valid until next
}

type memoryRun struct {
	rows *arena
	n    int // of the rows that were yielded
}

func (r *memoryRun) next() error {
	if r.n == r.rows.len() {
		return io.EOF
	}
	r.n++
	return nil
}

func (r *memoryRun) row() packed { return r.rows.row(r.n - 1) }

type fileRun struct {
	in  *bufio.Reader
	buf []byte
}

// mergeBuffers is what the read buffers of all runs take together, if they are
// not below minBuffer each.
const (
	mergeBuffers = 16 << 20
	minBuffer    = 4 << 10
	maxBuffer    = 256 << 10
)

func newFileRun(f io.ReaderAt, span fileSpan, of int) *fileRun {
	size := min(max(mergeBuffers/of, minBuffer), maxBuffer)
	return &fileRun{in: bufio.NewReaderSize(io.NewSectionReader(f, span.from, span.to-span.from), size)}
}

func (r *fileRun) next() error {
	head, err := r.in.Peek(packedSize)
	if err != nil {
		if err == io.EOF && len(head) > 0 {
			return io.ErrUnexpectedEOF
		}
		return err
	}
	n := binary.LittleEndian.Uint32(head)
	if n > math.MaxInt32 {
		return fmt.Errorf("the file of sorted runs is damaged")
	}
	size := packedSize + int(n)
	if cap(r.buf) < size {
		r.buf = make([]byte, size, size+size/2)
	}
	r.buf = r.buf[:size]
	if _, err = io.ReadFull(r.in, r.buf); err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func (r *fileRun) row() packed { return r.buf }

// A merger is a binary heap of runs, the one with the first row on top.
type merger []run

// start reads the first row of each run.
func (m *merger) start() error {
	live := (*m)[:0]
	for _, r := range *m {
		switch err := r.next(); err {
		case nil:
			live = append(live, r)
		case io.EOF:
		default:
			return err
		}
	}
	*m = live
	for i := len(live)/2 - 1; i >= 0; i-- {
		live.down(i)
	}
	return nil
}

// step moves on from the row on top.
func (m *merger) step() error {
	switch err := (*m)[0].next(); err {
	case nil:
	case io.EOF:
		last := len(*m) - 1
		(*m)[0] = (*m)[last]
		*m = (*m)[:last]
	default:
		return err
	}
	m.down(0)
	return nil
}

func (m merger) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(m); child++ {
			if comparePacked(m[child].row(), m[least].row()) < 0 {
				least = child
			}
		}
		if least == i {
			return
		}
		m[i], m[least] = m[least], m[i]
		i = least
	}
}
