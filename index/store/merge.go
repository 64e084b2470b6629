package store

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/s2"
)

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
	if r.n == len(r.rows.rows) {
		return io.EOF
	}
	r.n++
	return nil
}

func (r *memoryRun) row() packed { return r.rows.row(r.n - 1) }

// A fileRun reads what arena.writeSorted wrote.
type fileRun struct {
	in  *s2.Reader
	buf []byte
}

func newFileRun(f io.ReaderAt, span fileSpan) *fileRun {
	in := io.NewSectionReader(f, span.from, span.to-span.from)
	return &fileRun{in: s2.NewReader(in, s2.ReaderMaxBlockSize(spillBlock), s2.ReaderAllocBlock(spillBlock))}
}

func (r *fileRun) next() error {
	var head [4]byte
	if _, err := io.ReadFull(r.in, head[:]); err != nil {
		return err
	}
	n := int(int32(binary.LittleEndian.Uint32(head[:])))
	if n < packedTexts {
		return fmt.Errorf("the file of sorted rows is damaged: a row of %d bytes", n)
	}
	if cap(r.buf) < n {
		r.buf = make([]byte, n, n+n/2)
	}
	r.buf = append(r.buf[:0], head[:]...)[:n]
	_, err := io.ReadFull(r.in, r.buf[len(head):])
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func (r *fileRun) row() packed { return r.buf }

// A merger is a binary heap of runs, the one with the first row on top.
type merger []mergeRun

type mergeRun struct {
	run
	time int64 // of the row, since most comparisons end with it
}

func (r *mergeRun) advance() error {
	err := r.next()
	if err == nil {
		r.time = r.row().number(Time)
	}
	return err
}

// merge calls f for the rows of all runs in order. A row is valid until f
// returns.
func merge(runs []run, f func(packed) error) error {
	m, err := newMerger(runs)
	if err != nil {
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

// newMerger reads the first row of each run.
func newMerger(runs []run) (merger, error) {
	var m merger
	for _, r := range runs {
		head := mergeRun{run: r}
		switch err := head.advance(); err {
		case nil:
			m = append(m, head)
		case io.EOF:
		default:
			return nil, err
		}
	}
	for i := len(m)/2 - 1; i >= 0; i-- {
		m.down(i)
	}
	return m, nil
}

// step moves on from the row on top.
func (m *merger) step() error {
	switch err := (*m)[0].advance(); err {
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

func (m merger) less(i, j int) bool {
	if m[i].time != m[j].time {
		return m[i].time < m[j].time
	}
	return comparePacked(m[i].row(), m[j].row()) < 0
}

func (m merger) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(m); child++ {
			if m.less(child, least) {
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
