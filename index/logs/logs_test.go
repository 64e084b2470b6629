package logs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func openFolder(tb testing.TB) (f *Folder, dir string) {
	tb.Helper()
	dir = tb.TempDir()
	f, err := Open(dir)
	check(tb, err)
	tb.Cleanup(func() { f.Close() })
	return f, dir
}

func nameOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// keep writes a content in pieces of odd sizes.
func keep(tb testing.TB, f *Folder, content []byte) string {
	tb.Helper()
	w, err := f.Create()
	check(tb, err)
	for rest, n := content, 1; len(rest) > 0; n = 3*n + 1 {
		n = min(n, len(rest))
		_, err := w.Write(rest[:n])
		check(tb, err)
		rest = rest[n:]
	}
	check(tb, w.Commit(nameOf(content)))
	return nameOf(content)
}

func openContent(tb testing.TB, f *Folder, name string) *Log {
	tb.Helper()
	l, err := f.Open(name)
	check(tb, err)
	tb.Cleanup(func() { l.Close() })
	return l
}

// sample makes content that compresses about as well as logs do.
func sample(size int) []byte {
	rng := rand.New(rand.NewPCG(1, uint64(size)))
	b := make([]byte, 0, size+600)
	for len(b) < size {
		b = fmt.Appendf(b, "record %d of %x;%500d", len(b), rng.Uint32(), len(b))
	}
	return b[:size]
}

var sizes = []int{0, 1, headSize - 1, headSize, headSize + 1, headSize + 64<<10, headSize + frameSize - 1, headSize + frameSize, headSize + frameSize + 1, 7*frameSize + 7}

func TestRoundTrip(t *testing.T) {
	f, _ := openFolder(t)
	var want []string
	for _, size := range sizes {
		content := sample(size)
		name := keep(t, f, content)
		want = append(want, name)
		l := openContent(t, f, name)
		if l.Size() != int64(size) {
			t.Errorf("%d bytes: size is %d", size, l.Size())
		}
		if 0 < size && size < frameSize { // TestReader reads byte by byte, and wants one
			if err := iotest.TestReader(io.NewSectionReader(l, 0, l.Size()), content); err != nil {
				t.Errorf("%d bytes: %v", size, err)
			}
		}
		check(t, f.Verify(t.Context(), name))
	}
	slices.Sort(want)
	names, err := f.Names()
	check(t, err)
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	check(t, f.Sync())
}

// What does not compress, and what compresses to almost nothing, is kept too.
func TestExtremes(t *testing.T) {
	f, _ := openFolder(t)
	noise := make([]byte, 2*frameSize)
	rng := rand.NewChaCha8([32]byte{})
	rng.Read(noise)
	for _, content := range [][]byte{noise, make([]byte, 9*frameSize)} {
		check(t, f.Verify(t.Context(), keep(t, f, content)))
	}
}

func TestReadAtAnywhere(t *testing.T) {
	f, _ := openFolder(t)
	content := sample(5*frameSize + 12345)
	l := openContent(t, f, keep(t, f, content))
	want := bytes.NewReader(content)
	rng := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		p, q := make([]byte, rng.IntN(100_000)), make([]byte, 0)
		if rng.IntN(20) == 0 {
			p = make([]byte, 3*frameSize)
		}
		q = append(q, p...)
		off := rng.Int64N(int64(len(content)) + 10)
		n, err := l.ReadAt(p, off)
		m, wantErr := want.ReadAt(q, off)
		if len(p) == 0 {
			wantErr = nil // bytes.Reader says io.EOF behind its end even then
		}
		if n != m || err != wantErr || !bytes.Equal(p, q) {
			t.Fatalf("%d bytes at %d: %d, %v; want %d, %v", len(p), off, n, err, m, wantErr)
		}
	}
	if _, err := l.ReadAt(make([]byte, 1), -1); err == nil || errors.Is(err, ErrDamaged) {
		t.Errorf("negative offset: %v", err)
	}
}

func TestConcurrent(t *testing.T) {
	f, _ := openFolder(t)
	content := sample(4 * frameSize)
	l := openContent(t, f, keep(t, f, content))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(5, uint64(i)))
			p := make([]byte, 64<<10)
			for range 50 {
				off := rng.IntN(len(content) - len(p))
				if _, err := l.ReadAt(p, int64(off)); err != nil || !bytes.Equal(p, content[off:off+len(p)]) {
					t.Errorf("at %d: %v", off, err)
				}
			}
		})
		wg.Go(func() { keep(t, f, content) })
	}
	wg.Wait()
	names, err := f.Names()
	check(t, err)
	if len(names) != 1 {
		t.Errorf("the same content was kept %d times", len(names))
	}
}

// entries returns the names of all that lies in a folder.
func entries(tb testing.TB, dir string) (names []string) {
	list, err := os.ReadDir(dir)
	check(tb, err)
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestDiscard(t *testing.T) {
	f, dir := openFolder(t)
	for _, size := range sizes {
		w, err := f.Create()
		check(t, err)
		_, err = w.Write(sample(size))
		check(t, err)
		w.Discard()
		w.Discard()
		if err := w.Commit(nameOf(nil)); err == nil {
			t.Error("committed what was discarded")
		}
	}
	w, err := f.Create()
	check(t, err)
	if err := w.Commit("../x"); err == nil {
		t.Error("committed under a name that is none")
	}
	if left := entries(t, dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestRemoveLeftovers(t *testing.T) {
	f, dir := openFolder(t)
	name := keep(t, f, sample(100))
	for range 2 {
		w, err := f.Create() // as a process that is killed leaves it
		check(t, err)
		defer w.Discard()
	}
	check(t, os.WriteFile(filepath.Join(dir, "other"), nil, 0o600))
	if runtime.GOOS == "windows" {
		t.Skip("open files can't be removed")
	}
	check(t, f.RemoveLeftovers())
	if diff := cmp.Diff([]string{name, "other"}, entries(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// A writer that can't write says so, and leaves nothing.
func TestWriteFails(t *testing.T) {
	f, dir := openFolder(t)
	for _, size := range sizes {
		w, err := f.Create()
		check(t, err)
		w.file.Close()
		content := sample(size)
		w.Write(content)
		if err := w.Commit(nameOf(content)); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	if left := entries(t, dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Writing a content once more mends it.
func TestCommitReplacesDamaged(t *testing.T) {
	f, dir := openFolder(t)
	content := sample(100_000)
	name := keep(t, f, content)
	path := filepath.Join(dir, name)
	before, err := os.Stat(path)
	check(t, err)
	keep(t, f, content)
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Errorf("a sound content was replaced: %v", err)
	}
	data, err := os.ReadFile(path)
	check(t, err)
	for _, damaged := range [][]byte{data[:len(data)-1], append(data, 0), nil, append([]byte{1}, data[1:]...)} {
		check(t, os.WriteFile(path, damaged, 0o600))
		keep(t, f, content)
		check(t, f.Verify(t.Context(), name))
	}
}

func TestNames(t *testing.T) {
	f, dir := openFolder(t)
	outside := filepath.Join(filepath.Dir(dir), "secret")
	check(t, os.WriteFile(outside, []byte("secret"), 0o600))
	defer os.Remove(outside)
	for _, name := range []string{
		"", ".", "..", "../secret", strings.Repeat("A", 64), strings.Repeat("a", 63), strings.Repeat("a", 65),
		strings.Repeat("a", 61) + "/..", strings.Repeat("../", 21) + "x", strings.Repeat("a", 63) + "\x00", leftover + "x",
	} {
		if l, err := f.Open(name); err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrDamaged) {
			t.Errorf("%q: %v, %v", name, l, err)
		}
	}
	if _, err := f.Open(strings.Repeat("a", 64)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing content: %v", err)
	}
}

// Nothing but regular files is opened: a pipe would wait for ever.
func TestSpecialFiles(t *testing.T) {
	f, dir := openFolder(t)
	name := func(c string) string { return strings.Repeat(c, nameLength) }
	check(t, os.Mkdir(filepath.Join(dir, name("a")), 0o700))
	special := []string{name("a")}
	if err := exec.Command("mkfifo", filepath.Join(dir, name("b"))).Run(); err == nil {
		special = append(special, name("b"))
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, name("c"))); err == nil {
		special = append(special, name("c"))
	}
	for _, n := range special {
		if _, err := f.Open(n); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", n, err)
		}
	}
	if names, err := f.Names(); err != nil || len(names) > 0 {
		t.Errorf("names: %v, %v", names, err)
	}
}

// Another program opens what is kept.
func TestZstd(t *testing.T) {
	zstd, err := exec.LookPath("zstd")
	if err != nil {
		t.Skip("needs the program zstd")
	}
	f, dir := openFolder(t)
	for _, size := range sizes {
		content := sample(size)
		got, err := exec.Command(zstd, "-d", "-c", filepath.Join(dir, keep(t, f, content))).Output()
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes: zstd gives %d bytes, %v", size, len(got), err)
		}
	}
}

func TestVerify(t *testing.T) {
	f, dir := openFolder(t)
	name := keep(t, f, sample(3*frameSize))
	other := keep(t, f, sample(17))
	check(t, os.Rename(filepath.Join(dir, other), filepath.Join(dir, name)))
	if err := f.Verify(t.Context(), name); !errors.Is(err, ErrDamaged) {
		t.Errorf("another content: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Verify(ctx, name); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
