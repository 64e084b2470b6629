package store

import (
	"errors"
	"io"
	"sync"
)

// Include adds the rows of an older store, which must stay open until Finish
// has returned, and saves reading their logs again. It must come before the
// first Write, and once. A source for which keep (nil: all are kept) is false
// is left out, so that Write can bring it anew.
//
// With a source go the events that the older store left out of others as
// duplicates of it: write a source anew, or write all sources anew without it.
//
// A store of some rows that includes a store of others is the same, byte for
// byte, as if all had been written to it, the included ones first.
func (w *Writer) Include(old *Reader, keep func(source string) bool) error {
	if w.err != nil {
		return w.err
	}
	if len(w.sources.names) > 0 || w.included != nil {
		return errors.New("a store can be included once, before anything is written")
	}
	in := &includedRun{old: old, numbers: map[string]uint32{}}
	for _, source := range old.manifest.Sources {
		n := w.sources.number(source) // also of those left out: they have the same rank when they come anew
		if keep == nil || keep(source) {
			in.numbers[source] = n
		}
	}
	in.refused = len(in.numbers) < len(old.manifest.Sources)
	w.included = in
	return nil
}

// An includedRun reads the rows of another store, a strip ahead.
type includedRun struct {
	old     *Reader
	numbers map[string]uint32 // of the sources that are kept
	refused bool              // some are not

	strips chan strip
	stop   chan struct{}
	reader sync.WaitGroup
	strip  strip
	n      int // of the strip's rows that were yielded
}

// A strip is some rows in order.
type strip struct {
	rows arena
	err  error
}

// start begins to read.
func (r *includedRun) start() {
	r.strips, r.stop = make(chan strip), make(chan struct{})
	r.reader.Go(func() {
		defer close(r.strips)
		for from := int64(0); from < r.old.Rows(); from += pageRows {
			s := r.read(from)
			select {
			case r.strips <- s:
			case <-r.stop:
				return
			}
			if s.err != nil {
				return
			}
		}
	})
}

// close ends the reading.
func (r *includedRun) close() {
	if r.stop != nil {
		close(r.stop)
		r.reader.Wait()
		r.stop = nil
	}
}

func (r *includedRun) read(from int64) (s strip) {
	s.err = r.old.eachFlat(from, pageRows, func(f *flat) error {
		source := *f.text(Source)
		n, kept := r.numbers[source]
		switch {
		case kept:
			s.rows.took(appendFlat(s.rows.bytes, f, n))
		case !r.refused:
			return damaged("a row is of a source that the manifest does not name")
		}
		return nil
	})
	return s
}

func (r *includedRun) next() error {
	for r.n++; r.n > len(r.strip.rows.rows); r.n = 1 {
		next, more := <-r.strips
		if !more {
			return io.EOF
		}
		if r.strip = next; next.err != nil {
			return next.err
		}
	}
	return nil
}

func (r *includedRun) row() packed { return r.strip.rows.row(r.n - 1) }
