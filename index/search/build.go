package search

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/index/scorch/mergeplan"
	segmentapi "github.com/blevesearch/scorch_segment_api/v2"
	"golang.org/x/sync/errgroup"
)

// Options are the settings of Build.
type Options struct {
	// Content names what the documents were made by: the versions of readers
	// and rules, say. Documents of another Content are made again.
	Content string

	// From is the folder of an older index, from which Build takes what has
	// not changed, and FromManifest its manifest. It is left as it is. An
	// index that can't be used is not missed: all is made anew.
	From         string
	FromManifest Manifest

	// Progress is told now and then how many documents were taken. It may be nil.
	Progress func(documents int64)
}

// A batch has up to so many documents and bytes of text. More take more memory
// and are no quicker; fewer make bleve merge more.
const (
	batchDocuments = 2000
	batchBytes     = 2 << 20
)

// batchTimeout is how long a batch may take, and closeTimeout closing: some
// hundred times what they do.
const (
	batchTimeout = 60 * time.Second
	closeTimeout = 5 * time.Second
)

// gcPercent lets the heap grow to three times what is in use, which takes a
// quarter off the time: there is much garbage, and less than 100 MB are in use.
const gcPercent = 200

// ErrStuck says that bleve did not finish a batch in a minute, or did not close.
// Its goroutines are still there; the process should end.
var ErrStuck = errors.New("the search index does not go on")

// Build makes an index in dir of exactly the given documents, in any order, and
// returns its manifest. A document that is given twice is in it once, as one of
// the two. An error among the documents ends it.
//
// If dir has what an interrupted Build of the same Content left, it goes on
// with that. What was done is on disk batch by batch; nothing must be opened
// without the manifest, which only a finished Build returns.
//
// Run it in a process of its own, and take the process's death for an error:
// bleve merges in goroutines, where a panic can't be recovered.
func Build(ctx context.Context, dir string, opt Options, documents iter.Seq2[Document, error]) (m Manifest, err error) {
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	err = guard(func() error {
		m, err = build(ctx, dir, opt, documents)
		return err
	})
	if err != nil {
		return Manifest{}, fmt.Errorf("search index %s: %w", dir, err)
	}
	return m, nil
}

func build(ctx context.Context, dir string, opt Options, documents iter.Seq2[Document, error]) (Manifest, error) {
	x, err := prepare(ctx, dir, opt)
	if err != nil {
		return Manifest{}, err
	}
	healthy, forget := healthOf(dir)
	defer forget()
	b := &builder{index: x, healthy: healthy, progress: opt.Progress, digests: map[string]string{}, sources: map[string]string{}}
	n, err := b.run(ctx, documents)
	if err := errors.Join(err, b.close()); err != nil {
		return Manifest{}, err
	}
	if err := tidy(dir); err != nil {
		return Manifest{}, err
	}
	return newManifest(ctx, dir, opt.Content, b.sources, n)
}

// tidy removes the segments that were merged into others, as bleve would if it
// went on.
func tidy(dir string) error {
	x, err := open(dir, true)
	if err != nil {
		return err
	}
	used, err := segmentFiles(x)
	if err := errors.Join(err, x.Close()); err != nil {
		return err
	}
	files, err := list(dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if filepath.Ext(name) == ".zap" && !used[filepath.Base(name)] {
			if err := os.Remove(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// segmentFiles returns the names of the files of an index's segments.
func segmentFiles(x bleve.Index) (map[string]bool, error) {
	v, err := newView(x)
	if err != nil {
		return nil, err
	}
	defer v.close()
	names := map[string]bool{}
	for _, s := range v.segments {
		p, ok := s.seg.(segmentapi.PersistedSegment)
		if !ok {
			return nil, fmt.Errorf("a segment of %T has no file", s.seg)
		}
		names[filepath.Base(p.Path())] = true
	}
	return names, nil
}

// A builder makes documents and hands them to bleve: one goroutine takes the
// drafts, and as many as there are processors make them into documents.
type builder struct {
	index    bleve.Index
	healthy  context.Context // ends when something fails in bleve's own goroutines
	present  *present
	digests  map[string]string // by source
	sources  map[string]string // by digest
	progress func(int64)
}

// run returns the number of documents in the index.
func (b *builder) run(ctx context.Context, documents iter.Seq2[Document, error]) (uint64, error) {
	var err error
	if b.present, err = readPresent(b.index); err != nil {
		return 0, err
	}
	if err := b.addAll(ctx, documents); err != nil {
		return 0, err
	}
	if err := b.removeRest(); err != nil {
		return 0, err
	}
	if err := b.merge(ctx); err != nil {
		return 0, err
	}
	return b.index.DocCount()
}

// addAll adds the documents that are not there already.
func (b *builder) addAll(ctx context.Context, documents iter.Seq2[Document, error]) error {
	g, ctx := errgroup.WithContext(ctx)
	batches := make(chan []*draft)
	g.Go(func() error {
		defer close(batches)
		return guard(func() error { return b.draft(ctx, documents, batches) })
	})
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			fields := knownFields{}
			for drafts := range batches {
				if err := b.add(drafts, fields); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// draft takes the documents, and hands on in batches those that are not there
// already.
func (b *builder) draft(ctx context.Context, documents iter.Seq2[Document, error], batches chan<- []*draft) error {
	var batch []*draft
	size, taken := 0, int64(0)
	send := func() error {
		select {
		case batches <- batch:
		case <-ctx.Done():
			return ctx.Err()
		}
		batch, size = nil, 0
		return nil
	}
	for d, err := range documents {
		if err != nil {
			return err
		}
		source, err := b.digest(d.Key)
		if err != nil {
			return err
		}
		if p := newDraft(d, source); !b.present.has(d.Key, source, p.labels) {
			batch = append(batch, p)
			size += p.size
		}
		if taken++; taken%batchDocuments == 0 {
			if b.progress != nil {
				b.progress(taken)
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if len(batch) == batchDocuments || size > batchBytes {
			if err := send(); err != nil {
				return err
			}
		}
	}
	return send()
}

// digest returns that of a document's source, and sees to it that it can be
// undone.
func (b *builder) digest(k Key) (string, error) {
	if k.Finding != "" {
		return "", nil
	}
	d, ok := b.digests[k.Source]
	if !ok {
		d = digest(k.Source)
		if other, taken := b.sources[d]; taken {
			return "", fmt.Errorf("the sources %q and %q have the same digest", other, k.Source)
		}
		b.digests[k.Source], b.sources[d] = d, k.Source
	}
	return d, nil
}

// add indexes drafts, and returns when they are on disk.
func (b *builder) add(drafts []*draft, fields knownFields) error {
	batch := b.index.NewBatch()
	for _, p := range drafts {
		if err := batch.IndexAdvanced(p.bleveDocument(fields)); err != nil {
			return err
		}
	}
	return b.commit(batch)
}

// removeRest removes what was in the index and is not any more.
func (b *builder) removeRest() error {
	batch := b.index.NewBatch()
	for id := range b.present.rest() {
		if batch.Delete(id); batch.Size() == batchDocuments {
			if err := b.commit(batch); err != nil {
				return err
			}
			batch = b.index.NewBatch()
		}
	}
	return b.commit(batch)
}

// commit has bleve do a batch. It isn't interrupted, since it can't be.
func (b *builder) commit(batch *bleve.Batch) error {
	if batch.Size() == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(b.healthy, batchTimeout, ErrStuck)
	defer cancel()
	return await(ctx, func() error { return b.index.Batch(batch) })
}

// close closes the index, also one that is not healthy.
func (b *builder) close() error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), closeTimeout, ErrStuck)
	defer cancel()
	return await(ctx, b.index.Close)
}

// maxSegments is how many segments there are in the end, more or less: every
// search looks into each, as many at once as there are processors.
const maxSegments = 6

// merge merges the smallest segments, which bleve leaves when the documents
// end.
func (b *builder) merge(ctx context.Context) error {
	advanced, err := b.index.Advanced()
	if err != nil {
		return err
	}
	plan := mergeplan.DefaultMergePlanOptions
	plan.CalcBudget = func(int64, int64, *mergeplan.MergePlanOptions) int { return maxSegments }
	plan.SegmentsPerMergeTask = 20
	err = await(b.healthy, func() error { return advanced.(*scorch.Scorch).ForceMerge(ctx, &plan) })
	return cmp.Or(err, ctx.Err())
}

// await waits for f until the context ends: bleve does what f asks for in other
// goroutines, and one that has died leaves f waiting for ever.
func await(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- guard(f) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// errPanic is a panic that was recovered.
var errPanic = errors.New("panic")

// guard makes a panic of f an error, also that of reading a mapped file that is
// not there any more.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errPanic, p)
		}
	}()
	return f()
}
