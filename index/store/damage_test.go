package store

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// TestDamage flips and cuts a store at random places, a third of them in the
// footer, and opens it both ways. What is not noticed at once must be when the
// rows are read; an answer that differs is the one thing that must not be.
func TestDamage(t *testing.T) {
	path, m := write(t, randomRows(21, 70_000), Options{})
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(5, 5))
	footer := int(m.Parts[len(m.Parts)-2].End)
	for i := range 90 {
		bad := append([]byte(nil), sound...)
		at := rnd.IntN(len(bad))
		if i%3 == 0 {
			at = footer + rnd.IntN(len(bad)-footer)
		}
		if i%5 == 0 {
			bad = bad[:at]
		} else {
			bad[at] ^= byte(1 + rnd.IntN(255))
		}
		file := filepath.Join(t.TempDir(), "bad.parquet")
		if err := os.WriteFile(file, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(file, m, VerifyAll); !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d: Open: %v", at, err)
		}
		if err := useLazily(file, m); !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d: read lazily: %v", at, err)
		}
	}
}

// useLazily opens a store without looking at all of it, and looks at all of it.
func useLazily(file string, m Manifest) error {
	r, err := Open(file, m, VerifyLazy)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = r.Scan(context.Background(), nil, Contains(Message, "error"))
	if err != nil && r.Verify() == nil {
		return errors.New("Scan noticed what Verify does not")
	}
	return err
}

// TestForgedManifest: hashes that fit don't make a footer's claims true.
func TestForgedManifest(t *testing.T) {
	path, m := write(t, randomRows(22, 2000), Options{})
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	rnd := rand.New(rand.NewPCG(6, 6))
	for range 60 {
		bad := append([]byte(nil), sound...)
		bad[len(bad)-1-rnd.IntN(8)] ^= byte(1 + rnd.IntN(255)) // length and magic number
		file := filepath.Join(t.TempDir(), "forged.parquet")
		if err := os.WriteFile(file, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&before)
		r, err := Open(file, resum(bad, m), VerifyLazy)
		runtime.ReadMemStats(&after)
		if err == nil {
			r.Close()
			t.Error("a footer of another length was taken")
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 8<<20 {
			t.Errorf("%d bytes allocated for it", n)
		}
	}
}

// resum makes the manifest that would fit other bytes.
func resum(b []byte, like Manifest) Manifest {
	s := newSummer(discard{})
	from := int64(0)
	for _, p := range like.Parts {
		s.Write(b[from:p.End])
		s.endPart()
		from = p.End
	}
	m := s.manifest()
	m.Rows, m.Sources = like.Rows, like.Sources
	return m
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func TestManifestThatIsNone(t *testing.T) {
	path, good := write(t, randomRows(23, 100), Options{})
	part := good.Parts[0]
	for name, m := range map[string]Manifest{
		"empty":          {},
		"no parts":       {Rows: good.Rows, Bytes: good.Bytes, SHA256: good.SHA256},
		"negative end":   {Rows: good.Rows, Bytes: good.Bytes, SHA256: good.SHA256, Parts: []Part{{End: -1}, {End: good.Bytes}}},
		"beyond the end": {Rows: good.Rows, Bytes: good.Bytes, SHA256: good.SHA256, Parts: []Part{part, {End: good.Bytes + 1}}},
		"other rows":     {Rows: good.Rows + 1, Bytes: good.Bytes, SHA256: good.SHA256, Parts: good.Parts},
		"negative rows":  {Rows: -1, Bytes: good.Bytes, SHA256: good.SHA256, Parts: good.Parts},
	} {
		for _, when := range []Verification{VerifyAll, VerifyLazy} {
			if _, err := Open(path, m, when); !errors.Is(err, ErrDamaged) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if r, err := Open(path, good, VerifyLazy); err != nil {
		t.Error(err)
	} else if rows := readAll(t, r); len(rows) != 100 {
		t.Errorf("%d rows", len(rows))
	} else if err := r.Close(); err != nil {
		t.Error(err)
	}
	if diff := gocmp.Diff(good, resum(mustRead(t, path), good)); diff != "" {
		t.Errorf("the manifest is not that of the file: %s", diff)
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
