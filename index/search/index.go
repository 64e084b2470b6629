package search

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	bolterrors "go.etcd.io/bbolt/errors"
)

// ErrLocked says that another process has the index open for writing.
var ErrLocked = errors.New("another process is writing the search index")

// An Index answers queries. It is safe for concurrent use, except for Close.
type Index struct {
	dir      string
	manifest Manifest
	sources  map[string]string // by digest

	mu    sync.Mutex
	bleve bleve.Index // nil until it is first used
	view  *view
}

// Open prepares to use an index: it compares versions and the files' names and
// sizes, in a millisecond. The files' content is compared with its hashes when
// the first search, or Verify, needs it: some 0.1 s for a million events.
//
// The error is ErrDamaged or ErrOutdated if the index is to be built again.
func Open(dir string, m Manifest) (*Index, error) {
	err := m.check()
	if err == nil {
		err = m.checkSizes(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	x := &Index{dir: dir, manifest: m, sources: make(map[string]string, len(m.Sources))}
	for _, s := range m.Sources {
		x.sources[digest(s)] = s
	}
	return x, nil
}

// Documents returns the number of documents.
func (x *Index) Documents() uint64 { return x.manifest.Documents }

// Verify compares all files with their hashes, every time it is called.
func (x *Index) Verify(ctx context.Context) error { return x.manifest.verify(ctx, x.dir) }

// Close closes the index. Searches must have ended.
func (x *Index) Close() error {
	if x.bleve == nil {
		return nil
	}
	err := guard(func() error { return errors.Join(x.view.close(), x.bleve.Close()) })
	x.bleve, x.view = nil, nil
	return err
}

// opened returns the segments. The first call verifies all files, so that
// nothing of them is believed before; if it fails, the next tries again.
func (x *Index) opened(ctx context.Context) (*view, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.view != nil {
		return x.view, nil
	}
	if err := x.Verify(ctx); err != nil {
		return nil, err
	}
	b, err := open(x.dir, true)
	if err != nil {
		return nil, err
	}
	v, err := newView(b)
	if err == nil && v.documents() != x.manifest.Documents {
		err = damaged("it has %d documents, and had %d", v.documents(), x.manifest.Documents)
	}
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	x.bleve, x.view = b, v
	return v, nil
}

// open opens a bleve index. That it can't be is damage, unless another process
// has it.
func open(dir string, readOnly bool) (x bleve.Index, err error) {
	settings := map[string]any{
		"bolt_timeout": boltTimeout, "read_only": readOnly, "asyncErrorCallbackName": callbackName,
		// Never merge in memory: with the disk full, bleve closes a segment, but
		// merges it when it tries again, and panics.
		"scorchPersisterOptions": map[string]any{"MemoryPressurePauseThreshold": 0},
	}
	err = guard(func() error {
		x, err = bleve.OpenUsing(filepath.Clean(dir), settings)
		return err
	})
	switch {
	case err == nil:
		return x, nil
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, ErrLocked
	}
	return nil, damaged("%v", err)
}

// What goes wrong in goroutines of bleve's own is told to one function, which
// is registered by name and gets the path of the index's store.
const callbackName = "vsswhy"

var failures sync.Map // context.CancelCauseFunc, by path

func init() {
	scorch.RegistryAsyncErrorCallbacks[callbackName] = func(err error, path string) {
		if fail, ok := failures.Load(path); ok && !errors.Is(err, scorch.ErrCleanup) { // which it tries again
			fail.(context.CancelCauseFunc)(err)
		}
	}
}

// healthOf returns a context that ends when something fails in bleve's own
// goroutines for the index in dir, and what to call in the end.
func healthOf(dir string) (healthy context.Context, forget func()) {
	path := filepath.Join(dir, storeFolder)
	healthy, fail := context.WithCancelCause(context.Background())
	failures.Store(path, fail)
	return healthy, func() {
		failures.Delete(path)
		fail(nil)
	}
}
