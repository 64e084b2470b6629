package search

import (
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/vsswhy/vsswhy/index/query"
)

// largest returns the name of the largest file with an extension.
func largest(m Manifest, ext string) string {
	best := File{}
	for _, f := range m.Files {
		if filepath.Ext(f.Name) == ext && f.Bytes > best.Bytes {
			best = f
		}
	}
	return best.Name
}

func flip(t *testing.T, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 0x41
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
}

// copied copies an index, so that it can be damaged.
func copied(t *testing.T, from string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// ask opens an index and searches it.
func ask(t *testing.T, dir string, m Manifest) error {
	x, err := Open(dir, m)
	if err != nil {
		return err
	}
	defer x.Close()
	_, err = x.Search(t.Context(), Request{Query: parse(t, "level<=3"), Size: 10, Facets: []query.Field{query.Host}})
	return err
}

// TestDamage damages every kind of file in every way. None must go unnoticed.
func TestDamage(t *testing.T) {
	sound, m := built(t, Options{}, documents(generated(13, 9000)))
	rng := rand.New(rand.NewPCG(1, 1))
	damages := map[string]func(path string, size int64) error{
		"flip":     func(path string, size int64) error { flip(t, path, rng.Int64N(size)); return nil },
		"footer":   func(path string, size int64) error { flip(t, path, size-1-rng.Int64N(min(size, 40))); return nil },
		"truncate": func(path string, size int64) error { return os.Truncate(path, rng.Int64N(size)) },
		"grow":     func(path string, size int64) error { return os.Truncate(path, size+1) },
		"empty":    func(path string, _ int64) error { return os.Truncate(path, 0) },
		"delete":   func(path string, _ int64) error { return os.Remove(path) },
		"folder":   func(path string, _ int64) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) },
	}
	for _, f := range m.Files {
		for name, damage := range damages {
			dir := copied(t, sound.dir)
			if err := damage(filepath.Join(dir, filepath.FromSlash(f.Name)), f.Bytes); err != nil {
				t.Fatal(err)
			}
			if err := ask(t, dir, m); !errors.Is(err, ErrDamaged) {
				t.Errorf("%s %s: %v", name, f.Name, err)
			}
		}
	}
	if err := ask(t, copied(t, sound.dir), m); err != nil {
		t.Errorf("a copy: %v", err)
	}
	if err := ask(t, filepath.Join(t.TempDir(), "none"), m); !errors.Is(err, ErrDamaged) {
		t.Errorf("no folder: %v", err)
	}
}

// TestForgedSegments: hashes that fit don't make a segment sound. An answer may
// be wrong then, but nothing falls over.
func TestForgedSegments(t *testing.T) {
	log.SetOutput(io.Discard)
	defer log.SetOutput(os.Stderr)
	sound, m := built(t, Options{}, documents(generated(14, 2000)))
	rng := rand.New(rand.NewPCG(2, 2))
	name := largest(m, ".zap")
	noticed := 0
	for i := range 60 {
		dir, forged := copied(t, sound.dir), m
		path := filepath.Join(dir, name)
		size := fileOf(m, name).Bytes
		if i%2 == 0 {
			flip(t, path, rng.Int64N(size))
		} else {
			flip(t, path, size-1-rng.Int64N(80))
		}
		forged.Files = append([]File(nil), m.Files...)
		for j := range forged.Files {
			if forged.Files[j].Name == name {
				forged.Files[j].SHA256, _ = hashFile(t.Context(), path)
			}
		}
		if err := ask(t, dir, forged); err != nil {
			noticed++
		}
	}
	t.Logf("%d of 60 were noticed", noticed)
}

func fileOf(m Manifest, name string) File {
	for _, f := range m.Files {
		if f.Name == name {
			return f
		}
	}
	return File{}
}

func TestManifestThatIsNone(t *testing.T) {
	sound, good := built(t, Options{}, documents(generated(15, 100)))
	with := func(change func(*Manifest)) Manifest {
		m := good
		m.Files = append([]File(nil), good.Files...)
		change(&m)
		return m
	}
	for name, tc := range map[string]struct {
		m    Manifest
		want error
	}{
		"empty":           {Manifest{}, ErrOutdated},
		"other format":    {with(func(m *Manifest) { m.Format++ }), ErrOutdated},
		"other bleve":     {with(func(m *Manifest) { m.Bleve = "v2.6.1" }), ErrOutdated},
		"other mapping":   {with(func(m *Manifest) { m.Mapping = strings.Repeat("0", 64) }), ErrOutdated},
		"no files":        {with(func(m *Manifest) { m.Files = nil }), ErrDamaged},
		"other documents": {with(func(m *Manifest) { m.Documents++ }), ErrDamaged},
		"other hash":      {with(func(m *Manifest) { m.Files[0].SHA256 = m.Files[1].SHA256 }), ErrDamaged},
		"a way out":       {with(func(m *Manifest) { m.Files = append(m.Files, File{Name: "../../x"}) }), ErrDamaged},
		"an absolute":     {with(func(m *Manifest) { m.Files = append(m.Files, File{Name: "/etc/passwd"}) }), ErrDamaged},
	} {
		if err := ask(t, sound.dir, tc.m); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
	lost := with(func(m *Manifest) { m.Sources = nil })
	x := opened(t, sound.dir, lost)
	if _, err := x.Search(t.Context(), Request{Query: parse(t, ""), Size: 1}); !errors.Is(err, ErrDamaged) {
		t.Errorf("no sources: %v", err)
	}
}

// TestLocked: another process that writes is told from damage, and waited for
// no longer than half a second.
func TestLocked(t *testing.T) {
	x, m := built(t, Options{}, documents(generated(16, 100)))
	lock, err := bbolt.Open(filepath.Join(x.dir, rootFile), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := ask(t, x.dir, m); !errors.Is(err, ErrLocked) {
		t.Errorf("reading: %v", err)
	}
	if _, err := Build(t.Context(), x.dir, Options{}, documents(nil)); !errors.Is(err, ErrLocked) {
		t.Errorf("writing: %v", err)
	}
}

// TestReadTwice: two processes may read.
func TestReadTwice(t *testing.T) {
	x, m := built(t, Options{}, documents(generated(16, 100)))
	for range 2 {
		if _, err := opened(t, x.dir, m).Search(t.Context(), Request{Query: parse(t, "")}); err != nil {
			t.Error(err)
		}
	}
}

// TestBleveVersion holds bleveVersion to the module's requirement.
func TestBleveVersion(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("github.com/blevesearch/bleve/v2 %s", bleveVersion); !strings.Contains(string(text), want) {
		t.Errorf("go.mod does not require %s", want)
	}
}
