package store

import (
	"context"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

const (
	// maxGroupRows and maxGroupBytes bound a row group, which is held in memory
	// until it is encoded.
	maxGroupRows  = 65_536
	maxGroupBytes = 64 << 20

	// A page ends with every pageRows rows in all columns, so that a few rows
	// cost a few pages; those of long texts end sooner, with pageBytes.
	pageRows  = 8192
	pageBytes = 128 << 10

	// batchRows is how many values go into a column at a time: more would make
	// pages larger than pageBytes, fewer would cost more calls.
	batchRows = 128
)

// Labels are what is known of events only after all were written. A nil
// function leaves what the rows have. The functions are called by several
// goroutines at once.
type Labels struct {
	// Job returns the job that an event belongs to, or "". It is asked for
	// every row.
	Job func(source string, offset int64) string

	// VMs returns the list to store for an event that speaks of machines, given
	// theirs: with the names of those that it names by id only. Rows that were
	// included may have the names already.
	VMs func(machines []string) []string
}

// An encoder turns rows in order into row groups. It fills one slot while the
// others are being encoded, each by a goroutine; a slot is committed when its
// turn comes again, so that the groups are in order.
type encoder struct {
	ctx   context.Context
	out   *parquet.GenericWriter[record]
	sum   *summer
	slots []*slot
	n     int   // of groups handed out
	rows  int64 // added
}

type slot struct {
	rows    pile
	sources []string // by number
	labels  Labels
	group   *parquet.ConcurrentRowGroupWriter
	done    chan error // nil if not being encoded
}

func newEncoder(ctx context.Context, out io.Writer, workers int, sources []string, labels Labels) *encoder {
	sum := newSummer(out)
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
		e.slots = append(e.slots, &slot{group: e.out.BeginRowGroup(), sources: sources, labels: labels})
	}
	return e
}

func (e *encoder) slot() *slot { return e.slots[e.n%len(e.slots)] }

func (e *encoder) add(p packed) error {
	s := e.slot()
	s.rows.add(p)
	e.rows++
	if len(s.rows.rows) < maxGroupRows && s.rows.size < maxGroupBytes {
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
	if len(e.slot().rows.rows) > 0 {
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
	v := &valuer{sources: s.sources, labels: s.labels, vms: map[string]string{}}
	writers := s.group.ColumnWriters()
	var values []parquet.Value
	for from, rows := 0, s.rows.rows; from < len(rows); from += batchRows {
		batch := rows[from:min(from+batchRows, len(rows))]
		for c, w := range writers {
			if from > 0 && from%pageRows == 0 {
				if err := w.Flush(); err != nil {
					return err
				}
			}
			values = v.append(values[:0], Column(c), batch)
			if _, err := w.WriteRowValues(values); err != nil {
				return err
			}
		}
	}
	return s.group.Flush()
}

// A valuer makes the library's values of rows, which share their memory.
type valuer struct {
	sources []string
	labels  Labels
	vms     map[string]string // lists that labels.VMs was asked about, and its answers
}

// append appends the values of one column.
func (v *valuer) append(values []parquet.Value, c Column, rows []packed) []parquet.Value {
	switch {
	case c == Time:
		return appendTimes(values, rows)
	case c.isText():
		text := v.textOf(c)
		for _, p := range rows {
			values = append(values, parquet.ByteArrayValue(text(p)).Level(0, 0, int(c)))
		}
	case c.hasDictionary(): // the numbers of 32 bits
		for _, p := range rows {
			values = append(values, parquet.Int32Value(int32(p.number(c))).Level(0, 0, int(c)))
		}
	default:
		for _, p := range rows {
			values = append(values, parquet.Int64Value(p.number(c)).Level(0, 0, int(c)))
		}
	}
	return values
}

func appendTimes(values []parquet.Value, rows []packed) []parquet.Value {
	for _, p := range rows {
		value := parquet.Value{}.Level(0, 0, int(Time))
		if ns := p.number(Time); ns != noTime {
			value = parquet.Int64Value(ns).Level(0, 1, int(Time))
		}
		values = append(values, value)
	}
	return values
}

// textOf returns what finds the text of a column.
func (v *valuer) textOf(c Column) func(packed) []byte {
	switch {
	case c == Source:
		return func(p packed) []byte { return bytesOf(v.sources[p.source()]) }
	case c == Job && v.labels.Job != nil:
		return func(p packed) []byte {
			return bytesOf(validText(v.labels.Job(v.sources[p.source()], p.number(Offset))))
		}
	case c == VM && v.labels.VMs != nil:
		return func(p packed) []byte { return bytesOf(v.machines(p.text(VM))) }
	}
	return func(p packed) []byte { return p.text(c) }
}

func (v *valuer) machines(text []byte) string {
	if len(text) == 0 {
		return ""
	}
	list, known := v.vms[string(text)]
	if !known {
		list = validText(string(appendLines(nil, v.labels.VMs(splitLines(string(text))))))
		v.vms[string(text)] = list
	}
	return list
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
