package index

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/vsswhy/vsswhy/index/logs"
	"github.com/vsswhy/vsswhy/index/notes"
	"github.com/vsswhy/vsswhy/index/search"
	"github.com/vsswhy/vsswhy/index/store"
	"github.com/vsswhy/vsswhy/ingest"
	"github.com/vsswhy/vsswhy/rules/report"
)

// Errors of a case.
var (
	// ErrNoCase says that a folder is no case.
	ErrNoCase = errors.New("is no case: it has no schema.json")
	// ErrOccupied says that a folder has other things in it than a case.
	ErrOccupied = errors.New("is no case, and not empty: name a folder that does not exist yet")
	// ErrUnfinished says that the first scan of a case has not ended.
	ErrUnfinished = errors.New("the case holds no result: its scan did not end; scan again")
	// ErrDamaged says that a file of the case is not what was written. If it is
	// a derived one, the next scan makes it again.
	ErrDamaged = errors.New("the case is damaged")
)

// A Case is a case that is open. Its methods are safe for concurrent use,
// except for Close, and for those that change it.
type Case struct {
	dir    string
	schema *Schema
	lock   *lock // nil: read-only
	damage []string
	notes  *notes.Notes
	logs   *logs.Folder

	events  func() (*store.Reader, error)
	search  func() (*search.Index, error)
	report  func() ([]byte, *report.Report, error)
	labels  func() (*labels, error)
	times   func() ([]int64, error)
	closers []func() error
}

// IsCase reports whether a folder is a case, finished or not.
func IsCase(dir string) bool {
	for _, name := range schemaNames {
		if info, err := os.Lstat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() {
			head := make([]byte, 64)
			f, err := os.Open(filepath.Join(dir, name))
			if err != nil {
				return true // it is there, and can't be read
			}
			n, _ := f.Read(head)
			f.Close()
			if bytes.Contains(head[:n], []byte("vsswhy.case/")) {
				return true
			}
		}
	}
	return false
}

// Open opens a case for reading. It does not wait for a process that writes to
// it: what that has not finished is not seen.
func Open(dir string) (*Case, error) {
	s, damage, err := readSchema(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	c := &Case{dir: dir, schema: s, damage: damage}
	if c.notes, err = notes.Read(c.path("notes")); err != nil {
		return nil, err
	}
	return c, c.begin()
}

// OpenForWriting opens a case for reading and writing, and makes it if there
// is none. The error is a *LockedError if another process writes to it. It
// removes what a process that was killed has left.
func OpenForWriting(dir string) (*Case, error) {
	if err := makeFolder(dir); err != nil {
		return nil, err
	}
	l, err := takeLock(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	c := &Case{dir: dir, lock: l}
	if err := c.openForWriting(); err != nil {
		c.Close()
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return c, nil
}

func (c *Case) openForWriting() (err error) {
	c.schema, c.damage, err = readSchema(c.dir)
	if errors.Is(err, ErrNoCase) {
		c.schema, err = newSchema(), nil
	}
	if err != nil {
		return err
	}
	if c.schema.Generation == 0 || len(c.damage) > 0 {
		if err := c.schema.write(c.dir); err != nil {
			return err
		}
	}
	if c.notes, err = notes.Open(c.path("notes")); err != nil {
		return err
	}
	if err := os.MkdirAll(c.path("logs"), 0o700); err != nil {
		return err
	}
	if err := c.begin(); err != nil {
		return err
	}
	c.sweep()
	return nil
}

// makeFolder makes the private folder of a case. A folder with other things in
// it is not taken.
func makeFolder(dir string) error {
	if err := os.Mkdir(dir, 0o700); err == nil || !errors.Is(err, fs.ErrExist) {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		// A process may have been killed when there was no more than these.
		known := e.Name() == lockName || e.Name() == holderName || strings.HasPrefix(e.Name(), ".tmp-")
		if !known && !IsCase(dir) {
			return fmt.Errorf("%s %w", dir, ErrOccupied)
		}
	}
	return nil
}

func newSchema() *Schema {
	id := make([]byte, 16)
	rand.Read(id)
	return &Schema{Schema: Version, ID: hex.EncodeToString(id), Inputs: []Input{}}
}

// begin prepares what is read when it is first asked for.
func (c *Case) begin() (err error) {
	if c.logs, err = logs.Open(c.path("logs")); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	c.closers = append(c.closers, c.logs.Close)
	c.report = onceValues(c.readReport)
	c.labels = sync.OnceValues(c.makeLabels)
	c.events = sync.OnceValues(c.openEvents)
	c.times = sync.OnceValues(c.readTimes)
	c.search = sync.OnceValues(c.openSearch)
	return nil
}

func onceValues[A, B any](f func() (A, B, error)) func() (A, B, error) {
	var a A
	var b B
	var err error
	var once sync.Once
	return func() (A, B, error) {
		once.Do(func() { a, b, err = f() })
		return a, b, err
	}
}

func (c *Case) path(name string) string { return filepath.Join(c.dir, name) }

// Close closes the case. Nothing is lost by not calling it.
func (c *Case) Close() error {
	var err error
	for _, f := range c.closers {
		err = errors.Join(err, f())
	}
	if c.notes != nil {
		err = errors.Join(err, c.notes.Close())
	}
	return errors.Join(err, c.lock.free())
}

// Writable reports whether the case was opened for writing.
func (c *Case) Writable() bool { return c.lock != nil }

// Notes returns what the engineer wrote.
func (c *Case) Notes() *notes.Notes { return c.notes }

// Versions returns those of the parts that made the case.
func (c *Case) Versions() Versions { return c.schema.Versions }

// Inputs returns the labels of what the case was made of, in order.
func (c *Case) Inputs() []string {
	var out []string
	for _, in := range c.schema.Inputs {
		out = append(out, in.Label)
	}
	return out
}

// Report returns the report, and its text as it was written.
func (c *Case) Report() (*report.Report, []byte, error) {
	text, r, err := c.report()
	return r, text, err
}

func (c *Case) readReport() ([]byte, *report.Report, error) {
	if c.schema.Report == nil {
		return nil, nil, ErrUnfinished
	}
	text, err := c.schema.Report.read(c.dir)
	if err != nil {
		return nil, nil, err
	}
	r := new(report.Report)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, nil, fmt.Errorf("%w: %s: %v", ErrDamaged, c.schema.Report.Name, err)
	}
	return text, r, nil
}

// read returns the content of a derived file if it is what was written.
func (f *File) read(dir string) ([]byte, error) {
	text, err := readBounded(filepath.Join(dir, filepath.Base(f.Name)), f.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != f.SHA256 {
		return nil, fmt.Errorf("%w: %s does not have the SHA-256 that it was written with", ErrDamaged, f.Name)
	}
	return text, nil
}

// writeFile writes a derived file.
func writeFile(dir, name string, text []byte) (*File, error) {
	if err := replaceFile(filepath.Join(dir, name), text); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	return &File{Name: name, Bytes: int64(len(text)), SHA256: hex.EncodeToString(sum[:])}, nil
}

// Events returns the store of the events.
func (c *Case) Events() (*store.Reader, error) { return c.events() }

func (c *Case) openEvents() (*store.Reader, error) {
	switch {
	case c.schema.Generation == 0:
		return nil, ErrUnfinished
	case c.schema.Store == nil:
		return nil, fmt.Errorf("%w: it has no event store", ErrDamaged)
	}
	r, err := store.Open(c.path(filepath.Base(c.schema.Store.Name)), c.schema.Store.Manifest, store.VerifyLazy)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	c.closers = append(c.closers, r.Close)
	return r, nil
}

func (c *Case) readTimes() ([]int64, error) {
	r, err := c.Events()
	if err != nil {
		return nil, err
	}
	return r.Times(context.Background())
}

// openSearch returns nil where there is no full-text index.
func (c *Case) openSearch() (*search.Index, error) {
	if c.schema.Search == nil {
		return nil, nil
	}
	x, err := search.Open(c.path(filepath.Base(c.schema.Search.Name)), c.schema.Search.Manifest)
	if err != nil {
		return nil, err
	}
	c.closers = append(c.closers, x.Close)
	return x, nil
}

func (c *Case) makeLabels() (*labels, error) {
	r, _, err := c.Report()
	if err != nil {
		return nil, err
	}
	return newLabels(r, c.schema.paths()), nil
}

// paths returns the path of each source by its id in the report, which are
// counted in the order of the inputs.
func (s *Schema) paths() map[string]string {
	paths := map[string]string{}
	n := 0
	for _, in := range s.Inputs {
		for _, f := range in.Files {
			for _, src := range f.Sources {
				n++
				paths[fmt.Sprintf("S%d", n)] = f.Path + src.Path
			}
		}
	}
	return paths
}

// sweep removes what the schema does not name.
func (c *Case) sweep() {
	store.RemoveLeftovers(c.dir)
	entries, _ := os.ReadDir(c.dir)
	named := c.schema.names()
	for _, e := range entries {
		if derived(e.Name()) && !named[e.Name()] {
			os.RemoveAll(c.path(e.Name()))
		}
	}
	c.logs.RemoveLeftovers()
}

func (s *Schema) names() map[string]bool {
	names := map[string]bool{}
	if s.Report != nil {
		names[s.Report.Name] = true
	}
	if s.Store != nil {
		names[s.Store.Name] = true
	}
	for _, f := range []*SearchFolder{s.Search, s.Earlier} {
		if f != nil {
			names[f.Name] = true
		}
	}
	return names
}

// derived reports whether a name is one of those that derived and temporary
// files get.
func derived(name string) bool {
	for _, pattern := range []string{"report.*.json", "events.*.parquet", "search.*", temporary} {
		if ok, _ := filepath.Match(pattern, name); ok {
			return true
		}
	}
	return false
}

// Made returns the command line that the report was made by, and when.
func (c *Case) Made() ([]string, time.Time) { return c.schema.Args, c.schema.Generated }

// Keep returns which events the store has.
func (c *Case) Keep() Keep {
	if c.schema.Keep == "" {
		return KeepAll
	}
	return c.schema.Keep
}

// Again returns what reads the case's logs again, without writing to the case:
// the inputs and options of an ingest.ScanInputs, but for the interest.
func (c *Case) Again() ([]ingest.Input, ingest.Options) {
	var inputs []ingest.Input
	for _, in := range c.schema.Inputs {
		inputs = append(inputs, ingest.Input{Label: in.Label, Recorded: in.Files})
	}
	return inputs, ingest.Options{Shelf: newShelf(c.logs, nil, "")}
}
