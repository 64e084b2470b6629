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
	"sync/atomic"
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

// A Case is a case that is open. Its methods are safe for concurrent use, also
// beside a Scan that is committed; except for Close.
type Case struct {
	dir    string
	lock   *lock // nil: read-only
	damage []string
	notes  *notes.Notes
	logs   *logs.Folder

	state   atomic.Pointer[state]
	mu      sync.Mutex
	closers []func() error // also of what is not used any more: somebody may be reading it
}

// A state is what a schema names, each part opened when it is first asked for.
type state struct {
	schema *Schema
	events func() (*store.Reader, error)
	times  func() ([]int64, error)
	search func() (*search.Index, error)
	report func() ([]byte, *report.Report, error)
	labels func() (*labels, error)
}

func (c *Case) now() *state { return c.state.Load() }

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
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("%s: %w", dir, ErrNoCase) // and none that is damaged
	}
	s, damage, err := readSchema(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	c := &Case{dir: dir, damage: damage}
	if c.notes, err = notes.Read(c.path("notes")); err != nil {
		return nil, err
	}
	if err := c.openLogs(); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	c.take(s)
	return c, nil
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

func (c *Case) openForWriting() error {
	s, damage, err := readSchema(c.dir)
	c.damage = damage
	if errors.Is(err, ErrNoCase) {
		s, err = newSchema(), nil
	}
	if err != nil {
		return err
	}
	if s.Generation == 0 || len(c.damage) > 0 {
		if err := s.write(c.dir); err != nil {
			return err
		}
	}
	if c.notes, err = notes.Open(c.path("notes")); err != nil {
		return err
	}
	if err := os.MkdirAll(c.path("logs"), 0o700); err != nil {
		return err
	}
	if err := c.openLogs(); err != nil {
		return err
	}
	c.take(s)
	c.sweep()
	return nil
}

func (c *Case) openLogs() (err error) {
	if c.logs, err = logs.Open(c.path("logs")); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	c.closeLater(c.logs.Close)
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

// take makes a schema the one that is in use. What is open of files that it
// names, too, stays open.
func (c *Case) take(s *Schema) {
	next, old := &state{schema: s}, c.now()
	next.report = onceValues(func() ([]byte, *report.Report, error) { return c.readReport(s) })
	next.labels = sync.OnceValues(func() (*labels, error) { return makeLabels(next) })
	next.events = sync.OnceValues(func() (*store.Reader, error) { return c.openEvents(s) })
	next.times = sync.OnceValues(func() ([]int64, error) { return readTimes(next) })
	if old != nil && old.schema.Store != nil && s.Store != nil && old.schema.Store.Name == s.Store.Name {
		next.events, next.times = old.events, old.times
	}
	next.search = sync.OnceValues(func() (*search.Index, error) { return c.openSearch(s) })
	c.state.Store(next)
}

func (c *Case) closeLater(f func() error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closers = append(c.closers, f)
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
	if c.Writable() && c.now() != nil {
		c.sweepDerived() // what could not be removed while it was open
	}
	return errors.Join(err, c.lock.free())
}

// Writable reports whether the case was opened for writing.
func (c *Case) Writable() bool { return c.lock != nil }

// Notes returns what the engineer wrote.
func (c *Case) Notes() *notes.Notes { return c.notes }

// Versions returns those of the parts that made the case.
func (c *Case) Versions() Versions { return c.now().schema.Versions }

// Inputs returns the labels of what the case was made of, in order.
func (c *Case) Inputs() []string {
	var out []string
	for _, in := range c.now().schema.Inputs {
		out = append(out, in.Label)
	}
	return out
}

// Report returns the report, and its text as it was written.
func (c *Case) Report() (*report.Report, []byte, error) {
	text, r, err := c.now().report()
	return r, text, err
}

func (c *Case) readReport(s *Schema) ([]byte, *report.Report, error) {
	if s.Report == nil {
		return nil, nil, ErrUnfinished
	}
	text, err := s.Report.read(c.dir)
	if err != nil {
		return nil, nil, err
	}
	r := new(report.Report)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, nil, fmt.Errorf("%w: %s: %v", ErrDamaged, s.Report.Name, err)
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

// Events returns the store of the events. It stays open until the case is
// closed.
func (c *Case) Events() (*store.Reader, error) { return c.now().events() }

func (c *Case) openEvents(s *Schema) (*store.Reader, error) {
	switch {
	case s.Generation == 0:
		return nil, ErrUnfinished
	case s.Store == nil:
		return nil, fmt.Errorf("%w: it has no event store", ErrDamaged)
	}
	r, err := store.Open(c.path(filepath.Base(s.Store.Name)), s.Store.Manifest, store.VerifyLazy)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	c.closeLater(r.Close)
	return r, nil
}

func readTimes(s *state) ([]int64, error) {
	r, err := s.events()
	if err != nil {
		return nil, err
	}
	return r.Times(context.Background())
}

// openSearch returns nil where there is no full-text index.
func (c *Case) openSearch(s *Schema) (*search.Index, error) {
	if s.Search == nil {
		return nil, nil
	}
	x, err := search.Open(c.path(filepath.Base(s.Search.Name)), s.Search.Manifest)
	if err != nil {
		return nil, err
	}
	c.closeLater(x.Close)
	return x, nil
}

func makeLabels(s *state) (*labels, error) {
	_, r, err := s.report()
	if err != nil {
		return nil, err
	}
	return newLabels(r, s.schema.paths()), nil
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
	c.sweepDerived()
	c.logs.RemoveLeftovers()
}

func (c *Case) sweepDerived() {
	entries, _ := os.ReadDir(c.dir)
	named := c.now().schema.names()
	for _, e := range entries {
		if derived(e.Name()) && !named[e.Name()] {
			os.RemoveAll(c.path(e.Name()))
		}
	}
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
func (c *Case) Made() ([]string, time.Time) { return c.now().schema.Args, c.now().schema.Generated }

// Keep returns which events the store has.
func (c *Case) Keep() Keep {
	if c.now().schema.Keep == "" {
		return KeepAll
	}
	return c.now().schema.Keep
}

// Again returns what reads the case's logs again, without writing to the case:
// the inputs and options of an ingest.ScanInputs, but for the interest.
func (c *Case) Again() ([]ingest.Input, ingest.Options) {
	var inputs []ingest.Input
	for _, in := range c.now().schema.Inputs {
		inputs = append(inputs, ingest.Input{Label: in.Label, Recorded: in.Files})
	}
	return inputs, ingest.Options{Shelf: newShelf(c.logs, nil, ""), Recover: ingest.Recovers(c.Versions().Readers)}
}
