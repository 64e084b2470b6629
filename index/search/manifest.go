package search

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/blevesearch/bleve/v2/mapping"
	"golang.org/x/sync/errgroup"
)

// format is the version of what this package puts into an index: fields, terms
// and how text is cut into tokens. Raise it with any change of these, and older
// indexes are built again.
const format = 1

// bleveVersion is part of the manifest: an index is opened only by the release
// that made it. A test holds it to go.mod.
const bleveVersion = "v2.6.3"

// A Manifest is what the case keeps of an index, apart from its folder. All of
// it is set by Build.
type Manifest struct {
	Format    int      `json:"format"`
	Bleve     string   `json:"bleve"`
	Mapping   string   `json:"mapping"` // SHA-256 of the mapping that is saved in the index, hex digits
	Content   string   `json:"content"` // Options.Content
	Documents uint64   `json:"documents"`
	Sources   []string `json:"sources"` // of the events, sorted
	Files     []File   `json:"files"`   // all there are, by name
}

// A File is one file of an index.
type File struct {
	Name   string `json:"name"` // in the index's folder, with slashes
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // hex digits
}

// Errors of an index. After any of them it is to be built again.
var (
	ErrDamaged  = errors.New("the search index is damaged")
	ErrOutdated = errors.New("the search index is of another version")
)

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// newMapping says nothing but that a document has no field which is not written
// by this package: documents are made without it. It is for other programs
// that open the index; they need no analyser of ours.
func newMapping() mapping.IndexMapping {
	m := mapping.NewIndexMapping()
	m.DefaultMapping = mapping.NewDocumentStaticMapping()
	m.DefaultAnalyzer = "keyword"
	m.IndexDynamic, m.StoreDynamic, m.DocValuesDynamic = false, false, false
	return m
}

// mappingHash is that of the mapping's JSON, whose fields stand in one order.
func mappingHash() string {
	text, err := json.Marshal(newMapping())
	if err != nil {
		panic(err) // it is a constant
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// newManifest hashes what Build has left in dir, and makes it durable.
func newManifest(ctx context.Context, dir, content string, sources map[string]string, documents uint64) (Manifest, error) {
	m := Manifest{Format: format, Bleve: bleveVersion, Mapping: mappingHash(), Content: content, Documents: documents, Sources: []string{}}
	for _, s := range sources {
		m.Sources = append(m.Sources, s)
	}
	slices.Sort(m.Sources)
	var err error
	if m.Files, err = list(dir); err != nil {
		return Manifest{}, err
	}
	err = m.eachFile(ctx, func(f *File) (err error) {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err = syncFile(path); err == nil {
			f.SHA256, err = hashFile(ctx, path)
		}
		return err
	})
	for _, folder := range []string{filepath.Join(dir, storeFolder), dir} {
		if d, err := os.Open(folder); err == nil { // not every system can sync a folder
			d.Sync()
			d.Close()
		}
	}
	return m, err
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// list returns the files in dir, without their hashes.
func list(dir string) ([]File, error) {
	files := []File{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if !info.Mode().IsRegular() {
			return damaged("%s is no file", name)
		}
		files = append(files, File{Name: filepath.ToSlash(name), Bytes: info.Size()})
		return err
	})
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	return files, err
}

// check looks whether the manifest is of this version. It comes from a file, so
// that names in it may be meant to lead elsewhere.
func (m *Manifest) check() error {
	switch {
	case m.Format != format:
		return fmt.Errorf("%w: it has format %d, not %d", ErrOutdated, m.Format, format)
	case m.Bleve != bleveVersion:
		return fmt.Errorf("%w: it was made by bleve %s, not %s", ErrOutdated, m.Bleve, bleveVersion)
	case m.Mapping != mappingHash():
		return fmt.Errorf("%w: it has another mapping", ErrOutdated)
	}
	for _, needed := range []string{metaFile, rootFile} {
		if !slices.ContainsFunc(m.Files, func(f File) bool { return f.Name == needed }) {
			return damaged("the manifest has no %s", needed)
		}
	}
	for _, f := range m.Files {
		if !filepath.IsLocal(filepath.FromSlash(f.Name)) {
			return damaged("the manifest has a file %q", f.Name)
		}
	}
	return nil
}

// checkSizes compares the sizes of all files in dir. What else is there, such as
// what a file manager leaves, is not looked at; bleve does not either.
func (m *Manifest) checkSizes(dir string) error {
	for _, f := range m.Files {
		info, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(f.Name)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return damaged("%s is missing", f.Name)
		case err != nil:
			return err
		case !info.Mode().IsRegular():
			return damaged("%s is no file", f.Name)
		case info.Size() != f.Bytes:
			return damaged("%s has %d bytes, and had %d", f.Name, info.Size(), f.Bytes)
		}
	}
	return nil
}

// verify compares all files in dir, byte by byte.
func (m *Manifest) verify(ctx context.Context, dir string) error {
	if err := m.checkSizes(dir); err != nil {
		return err
	}
	return m.eachFile(ctx, func(f *File) error {
		sum, err := hashFile(ctx, filepath.Join(dir, filepath.FromSlash(f.Name)))
		if err == nil && sum != f.SHA256 {
			err = damaged("%s does not have the SHA-256 of the manifest", f.Name)
		}
		return err
	})
}

// eachFile calls do for every file, the largest first, on all processors.
func (m *Manifest) eachFile(ctx context.Context, do func(*File) error) error {
	order := make([]*File, len(m.Files))
	for i := range m.Files {
		order[i] = &m.Files[i]
	}
	slices.SortFunc(order, func(a, b *File) int { return cmp.Compare(b.Bytes, a.Bytes) })
	g, _ := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, f := range order {
		g.Go(func() error { return do(f) })
	}
	return g.Wait()
}

func hashFile(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, contextReader{ctx, f}); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// A contextReader reads until its context ends.
type contextReader struct {
	ctx context.Context
	io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
