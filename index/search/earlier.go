package search

import (
	"context"
	"errors"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"strconv"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
)

// The files of an index, in the order in which prepare makes them: with the
// last, there is one that can be opened.
//
//	store/*.zap        segments, never changed once they are written
//	store/root.bolt    which segments there are; changed with every batch
//	index_meta.json    that it is a scorch index
const (
	storeFolder = "store"
	rootFile    = "store/root.bolt"
	metaFile    = "index_meta.json"
)

// boltTimeout is how long to wait for another process that has the index open.
const boltTimeout = "500ms"

// contentKey is where an index in the making says what it is of.
var contentKey = []byte("vsswhy.content")

// prepare opens the index to build in: what an interrupted Build left, else a
// copy of the older one, else an empty one.
func prepare(ctx context.Context, dir string, opt Options) (bleve.Index, error) {
	if x, err := reopen(dir, opt.Content); x != nil || errors.Is(err, ErrLocked) {
		return x, err
	}
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if opt.From != "" && copyIndex(ctx, opt, dir) == nil {
		if x, err := reopen(dir, opt.Content); x != nil {
			return x, err
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil { // customers' data; bleve would let all read it
		return nil, err
	}
	x, err := bleve.NewUsing(dir, newMapping(), scorch.Name, scorch.Name, nil)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(x.SetInternal(contentKey, []byte(opt.Content)), x.Close()); err != nil {
		return nil, err
	}
	return open(dir, false) // with settings that are not to be part of the index
}

// reopen opens an index for writing if it is of the given content, else it
// returns nil.
func reopen(dir, content string) (bleve.Index, error) {
	x, err := open(dir, false)
	if err != nil {
		return nil, err
	}
	got, err := x.GetInternal(contentKey)
	if err != nil || string(got) != content {
		return nil, errors.Join(err, x.Close())
	}
	return x, nil
}

// copyIndex puts a sound index into dir: segments as further names of the same
// files where the file system can, the rest as copies.
func copyIndex(ctx context.Context, opt Options, dir string) error {
	m := opt.FromManifest
	if err := m.check(); err != nil {
		return err
	}
	if err := m.verify(ctx, opt.From); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, storeFolder), 0o700); err != nil {
		return err
	}
	for _, f := range m.Files {
		if filepath.Ext(f.Name) == ".zap" {
			from, to := filepath.Join(opt.From, filepath.FromSlash(f.Name)), filepath.Join(dir, filepath.FromSlash(f.Name))
			if os.Link(from, to) != nil {
				if err := copyFile(from, to); err != nil {
					return err
				}
			}
		}
	}
	for _, name := range []string{rootFile, metaFile} {
		if err := copyFile(filepath.Join(opt.From, name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// present is which events are in an index, with their labels, and which
// findings. What is asked for is taken out, so that in the end there is what
// must be removed. It takes some 40 bytes an event.
type present struct {
	events   map[string]map[int64]string // labels by digest of the source, and offset
	findings map[string]bool             // ids
}

// readPresent reads what an index has.
func readPresent(x bleve.Index) (*present, error) {
	p := &present{map[string]map[int64]string{}, map[string]bool{}}
	v, err := newView(x)
	if err != nil {
		return nil, err
	}
	defer v.close()
	for _, s := range v.segments {
		if err := p.read(s); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *present) read(s *segment) error {
	labels := map[uint32]string{}
	err := s.eachTerm(termRange{field: fieldLabels}, nil, func(term string, docs *roaring.Bitmap) {
		docs.Iterate(func(doc uint32) bool { labels[doc] = term; return true })
	})
	if err != nil {
		return err
	}
	for docs := s.live.Iterator(); docs.HasNext(); {
		doc := docs.Next()
		id, err := s.id(doc)
		if err != nil {
			return err
		}
		p.put(id, labels[doc])
	}
	return nil
}

func (p *present) put(id, labels string) {
	source, offset, ok := parseID(id)
	if !ok {
		p.findings[id] = true
		return
	}
	if p.events[source] == nil {
		p.events[source] = map[int64]string{}
	}
	p.events[source][offset] = labels
}

// parseID takes an event's id apart.
func parseID(id string) (source string, offset int64, ok bool) {
	if len(id) < 1+digestChars || id[0] != 'E' {
		return "", 0, false
	}
	offset, err := strconv.ParseInt(id[1+digestChars:], 36, 64)
	return id[1 : 1+digestChars], offset, err == nil
}

// has reports whether a document needs no indexing; source is a digest. Findings always do: any
// text of theirs may have changed.
func (p *present) has(key Key, source, labels string) bool {
	if key.Finding != "" {
		delete(p.findings, key.id(""))
		return false
	}
	offsets := p.events[source]
	old, ok := offsets[key.Offset]
	delete(offsets, key.Offset)
	return ok && old == labels
}

// rest yields the ids of what was not asked for.
func (p *present) rest() iter.Seq[string] {
	return func(yield func(string) bool) {
		for id := range maps.Keys(p.findings) {
			if !yield(id) {
				return
			}
		}
		for source, offsets := range p.events {
			for offset := range offsets {
				if !yield(Key{Offset: offset}.id(source)) {
					return
				}
			}
		}
	}
}
