package store

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

const (
	// maxGroupRows and maxGroupBytes bound a row group, which is held in memory
	// while it is encoded.
	maxGroupRows  = 65_536
	maxGroupBytes = 64 << 20

	// batchRows is how many values go into a column at a time: more would make
	// pages larger than pageBytes, fewer would cost more calls.
	batchRows = 256
	pageBytes = 256 << 10

	sortBytes = 64 << 20
)

// Options are the settings of a Writer. The file does not depend on them.
type Options struct {
	Workers   int // row groups that are encoded at once; 0: GOMAXPROCS
	SortBytes int // memory for sorting; beyond it rows go to a private file; 0: 64 MiB
}

// A Writer makes a store. It is not safe for concurrent use.
type Writer struct {
	path   string
	opt    Options
	sorter *sorter
	err    error // the first error; the Writer is of no use any more
}

// Create begins a store that Finish will put at path. Until then only private
// temporary files in path's folder exist.
func Create(path string, opt Options) (*Writer, error) {
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); err != nil {
		return nil, err
	} else if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder", dir)
	}
	opt.Workers = cmp.Or(max(opt.Workers, 0), runtime.GOMAXPROCS(0))
	opt.SortBytes = cmp.Or(max(opt.SortBytes, 0), sortBytes)
	return &Writer{path: path, opt: opt, sorter: newSorter(dir, opt.SortBytes)}, nil
}

// Write adds rows, in any order. It keeps none of their memory.
func (w *Writer) Write(rows []Row) error {
	for i := range rows {
		if w.err != nil {
			return w.err
		}
		f := flatten(&rows[i])
		w.err = w.sorter.add(&f)
	}
	return w.err
}

// Close removes what is temporary. After Finish it does nothing.
func (w *Writer) Close() {
	w.sorter.close()
	w.err = cmp.Or(w.err, errors.New("the store's writer is closed"))
}

// Finish sorts the rows, writes the file, and puts it at the path whole or not
// at all, and on disk. What it returns must be kept: the store can't be opened
// without it.
func (w *Writer) Finish(ctx context.Context) (Manifest, error) {
	defer w.Close()
	if w.err != nil {
		return Manifest{}, w.err
	}
	tmp, err := os.CreateTemp(w.sorter.dir, ".events-*.tmp")
	if err != nil {
		return Manifest{}, err
	}
	m, err := w.encode(ctx, tmp)
	if err == nil {
		err = tmp.Sync()
	}
	err = cmp.Or(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), w.path)
	}
	if err != nil {
		os.Remove(tmp.Name())
		return Manifest{}, fmt.Errorf("write %s: %w", w.path, err)
	}
	syncFolder(w.sorter.dir)
	return m, nil
}

// syncFolder makes the renaming durable, where the system can (Windows can't,
// and needs not).
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
}

func (w *Writer) encode(ctx context.Context, f *os.File) (m Manifest, err error) {
	err = guard(func() error {
		buffered := bufio.NewWriterSize(f, 1<<20)
		sum := newSummer(buffered)
		e := newEncoder(ctx, sum, w.opt.Workers)
		defer e.wait()
		if err := w.sorter.each(e.add); err != nil {
			return err
		}
		if err := e.close(); err != nil {
			return err
		}
		m = sum.manifest()
		m.Rows = w.sorter.count
		return buffered.Flush()
	})
	return m, err
}

// An encoder turns rows in order into row groups. It fills one slot while the
// others are being encoded, each by a goroutine; a slot is committed when its
// turn comes again, so that the groups are in order.
type encoder struct {
	ctx   context.Context
	out   *parquet.GenericWriter[record]
	sum   *summer
	slots []*slot
	n     int // of groups handed out
}

type slot struct {
	rows  arena
	group *parquet.ConcurrentRowGroupWriter
	done  chan error // nil if not being encoded
}

func newEncoder(ctx context.Context, sum *summer, workers int) *encoder {
	e := &encoder{ctx: ctx, sum: sum, out: parquet.NewGenericWriter[record](sum, schema,
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}),
		parquet.PageBufferSize(pageBytes),
		parquet.WriteBufferSize(0),
		parquet.DataPageStatistics(false),
		parquet.SkipPageBounds(Fields.String()),
		parquet.SkipPageBounds(Message.String()),
		parquet.CreatedBy("vsswhy", "v1", "0"), // the file depends on the rows alone
	)}
	for range workers + 1 {
		e.slots = append(e.slots, &slot{group: e.out.BeginRowGroup()})
	}
	return e
}

func (e *encoder) slot() *slot { return e.slots[e.n%len(e.slots)] }

func (e *encoder) add(p packed) error {
	s := e.slot()
	s.rows.addPacked(p)
	if s.rows.len() < maxGroupRows && !s.rows.full(maxGroupBytes) {
		return nil
	}
	return e.next()
}

// next has the current slot encoded, and frees the one after it.
func (e *encoder) next() error {
	if err := e.ctx.Err(); err != nil {
		return err
	}
	s := e.slot()
	s.done = make(chan error, 1)
	go func() { s.done <- guard(s.encode) }()
	e.n++
	return e.commit(e.slot())
}

// commit waits for a slot and appends its row group to the file.
func (e *encoder) commit(s *slot) error {
	if s.done == nil {
		return nil
	}
	err := <-s.done
	s.done = nil
	if err != nil {
		return err
	}
	if _, err := s.group.Commit(); err != nil {
		return err
	}
	e.sum.endPart()
	s.rows.reset()
	return nil
}

// close writes what is left, and the footer.
func (e *encoder) close() error {
	if e.slot().rows.len() > 0 {
		if err := e.next(); err != nil {
			return err
		}
	}
	for range e.slots {
		if err := e.commit(e.slot()); err != nil {
			return err
		}
		e.n++
	}
	err := e.out.Close()
	e.sum.endPart()
	return err
}

// wait leaves no goroutine behind after an error.
func (e *encoder) wait() {
	for _, s := range e.slots {
		if s.done != nil {
			<-s.done
		}
	}
}

// encode fills the row group's columns.
func (s *slot) encode() error {
	var values [columns][]parquet.Value
	writers := s.group.ColumnWriters()
	for from := 0; from < s.rows.len(); from += batchRows {
		for c := range values {
			values[c] = values[c][:0]
		}
		for i := from; i < min(from+batchRows, s.rows.len()); i++ {
			appendValues(&values, s.rows.row(i))
		}
		for c, column := range values {
			if _, err := writers[c].WriteRowValues(column); err != nil {
				return err
			}
		}
	}
	return s.group.Flush()
}

// appendValues appends a row's values, which share its memory.
func appendValues(values *[columns][]parquet.Value, p packed) {
	add := func(c Column, v parquet.Value) { values[c] = append(values[c], v.Level(0, 0, int(c))) }
	if ns := p.number(Time); ns == noTime {
		add(Time, parquet.Value{})
	} else {
		values[Time] = append(values[Time], parquet.Int64Value(ns).Level(0, 1, int(Time)))
	}
	add(ID, parquet.Int32Value(int32(p.number(ID))))
	add(Level, parquet.Int32Value(int32(p.number(Level))))
	add(Record, parquet.Int64Value(p.number(Record)))
	add(Offset, parquet.Int64Value(p.number(Offset)))
	rest := []byte(p[packedTexts:])
	for _, c := range packOrder {
		var text []byte
		text, rest = cutText(rest)
		add(c, parquet.ByteArrayValue(text))
	}
}

// guard turns a panic of the Parquet library into an error.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the Parquet library failed: %v", p)
		}
	}()
	return f()
}
