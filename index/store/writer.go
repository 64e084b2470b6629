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
	"strings"
)

const (
	sortBytes = 64 << 20

	// maxWorkers: one goroutine merges what is encoded, and keeps no more busy;
	// each holds a row group in memory.
	maxWorkers = 4
)

// Options are the settings of a Writer. The file does not depend on them.
type Options struct {
	Workers   int // row groups that are encoded at once, at most 4; 0: GOMAXPROCS
	SortBytes int // memory for sorting; beyond it rows go to a private file; 0: 64 MiB
}

// A Writer makes a store. It is not safe for concurrent use.
type Writer struct {
	path     string
	opt      Options
	sources  sources
	dropped  map[string]bool // sources
	included *includedRun    // nil if none is
	sorter   *sorter
	err      error // the first error; the Writer is of no use any more
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
	opt.Workers = min(cmp.Or(max(opt.Workers, 0), runtime.GOMAXPROCS(0)), maxWorkers)
	opt.SortBytes = cmp.Or(max(opt.SortBytes, 0), sortBytes)
	return &Writer{path: path, opt: opt, dropped: map[string]bool{}, sorter: newSorter(dir, opt.SortBytes)}, nil
}

// Write adds rows, in any order. It keeps none of their memory.
//
// The order in which sources are first written is their rank: rows of one time
// stand in its order, and of an event that several sources have, the row of
// the first is kept.
func (w *Writer) Write(rows []Row) error {
	for i := range rows {
		if w.err != nil {
			return w.err
		}
		w.err = w.sorter.add(&rows[i], w.sources.number(rows[i].Source))
	}
	return w.err
}

// Drop leaves out all rows of a source, those that were written and those that
// will be.
func (w *Writer) Drop(source string) { w.dropped[validText(source)] = true }

// Close removes what is temporary. After Finish it does nothing.
func (w *Writer) Close() {
	w.sorter.close()
	if w.included != nil {
		w.included.close()
	}
	w.err = cmp.Or(w.err, errors.New("the store's writer is closed"))
}

// Finish sorts the rows, leaves out the events that are there twice, writes the
// file, and puts it at the path whole or not at all, and on disk. What it
// returns must be kept: the store can't be opened without it.
func (w *Writer) Finish(ctx context.Context, labels Labels) (Manifest, error) {
	defer w.Close()
	if w.err != nil {
		return Manifest{}, w.err
	}
	tmp, err := os.CreateTemp(w.sorter.dir, temporary+"*"+fileSuffix)
	if err != nil {
		return Manifest{}, err
	}
	m, err := w.encode(ctx, tmp, labels)
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

func (w *Writer) encode(ctx context.Context, f *os.File, labels Labels) (m Manifest, err error) {
	err = guard(func() error {
		buffered := bufio.NewWriterSize(f, 1<<20)
		e := newEncoder(ctx, buffered, w.opt.Workers, w.sources.names, labels)
		defer e.wait()
		once := newSieve()
		if err := w.each(func(p packed) error {
			if !once.pass(p) {
				return nil
			}
			return e.add(p)
		}); err != nil {
			return err
		}
		if err := e.close(); err != nil {
			return err
		}
		m = e.sum.manifest()
		m.Rows, m.Duplicates, m.Sources = e.rows, once.dropped, w.kept()
		if w.included != nil {
			m.Duplicates += w.included.old.manifest.Duplicates
		}
		return buffered.Flush()
	})
	return m, err
}

// each calls f for all rows in order, but those that were dropped.
func (w *Writer) each(f func(packed) error) error {
	runs, err := w.sorter.sorted()
	if err != nil {
		return err
	}
	if w.included != nil {
		w.included.start()
		runs = append(runs, w.included)
	}
	dropped := make([]bool, len(w.sources.names))
	for i, name := range w.sources.names {
		dropped[i] = w.dropped[name]
	}
	return merge(runs, func(p packed) error {
		if dropped[p.source()] {
			return nil
		}
		return f(p)
	})
}

// kept returns the sources that were not dropped.
func (w *Writer) kept() []string {
	var list []string
	for _, name := range w.sources.names {
		if !w.dropped[name] {
			list = append(list, name)
		}
	}
	return list
}

// sources are numbered in the order in which they are first seen.
type sources struct {
	names   []string
	numbers map[string]uint32
	last    string // mostly the one that is asked for again
	lastN   uint32
}

func (s *sources) number(name string) uint32 {
	if name == s.last && len(s.names) > 0 {
		return s.lastN
	}
	n, known := s.numbers[name]
	if !known {
		n = s.add(strings.Clone(name))
	}
	s.last, s.lastN = s.names[n], n
	return n
}

func (s *sources) add(name string) uint32 {
	if s.numbers == nil {
		s.numbers = map[string]uint32{}
	}
	valid := validText(name)
	n, known := s.numbers[valid]
	if !known {
		n = uint32(len(s.names))
		s.names = append(s.names, valid)
		s.numbers[valid] = n
	}
	s.numbers[name] = n
	return n
}

// The names of the files of a Writer at work begin and end so.
const (
	temporary  = ".events-"
	sortSuffix = ".sort"
	fileSuffix = ".tmp"
)

// RemoveLeftovers removes from a folder what Writers left that were killed. No
// Writer may be at work there.
func RemoveLeftovers(dir string) error {
	list, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range list {
		name := f.Name()
		ours := strings.HasPrefix(name, temporary) && (strings.HasSuffix(name, sortSuffix) || strings.HasSuffix(name, fileSuffix))
		if ours && f.Type().IsRegular() {
			errs = append(errs, os.Remove(filepath.Join(dir, name)))
		}
	}
	return errors.Join(errs...)
}
