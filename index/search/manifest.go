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
	files, err := list(dir)
	if err != nil {
		return Manifest{}, err
	}
	m.Files = files
	err = m.eachFile(ctx, func(f *File) (err error) {
		f.SHA256, err = hashFile(ctx, filepath.Join(dir, filepath.FromSlash(f.Name)))
		return err
	})
	return m, err
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

// checkVersions compares all but the files.
func (m *Manifest) checkVersions() error {
	switch {
	case m.Format != format:
		return fmt.Errorf("%w: it has format %d, not %d", ErrOutdated, m.Format, format)
	case m.Bleve != bleveVersion:
		return fmt.Errorf("%w: it was made by bleve %s, not %s", ErrOutdated, m.Bleve, bleveVersion)
	case m.Mapping != mappingHash():
		return fmt.Errorf("%w: it has another mapping", ErrOutdated)
	}
	return nil
}

// checkSizes compares names and sizes of all files in dir.
func (m *Manifest) checkSizes(dir string) error {
	files, err := list(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return damaged("%v", err)
	}
	if err != nil {
		return err
	}
	sameFile := func(a, b File) bool { return a.Name == b.Name && a.Bytes == b.Bytes }
	if i := firstDifference(m.Files, files, sameFile); i >= 0 {
		return damaged("file %d is %s, and was %s", i, describe(files, i), describe(m.Files, i))
	}
	return nil
}

// firstDifference returns the index of the first element that differs, or -1.
func firstDifference[T any](a, b []T, same func(a, b T) bool) int {
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || !same(a[i], b[i]) {
			return i
		}
	}
	return -1
}

func describe(files []File, i int) string {
	if i >= len(files) {
		return "none"
	}
	return fmt.Sprintf("%q of %d bytes", files[i].Name, files[i].Bytes)
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
