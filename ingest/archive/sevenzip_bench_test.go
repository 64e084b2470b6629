package archive

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/bodgit/sevenzip"
)

// BenchmarkSevenZip reads a solid LZMA2 archive of real logs, here and by the
// library alone.
func BenchmarkSevenZip(b *testing.B) {
	logs, _ := filepath.Glob("../../../shared/data/*/*.evtx")
	if _, err := exec.LookPath("7z"); err != nil || len(logs) == 0 {
		b.Skip("needs 7z (Debian package p7zip-full) and ../shared")
	}
	path := filepath.Join(b.TempDir(), "o.7z")
	if out, err := exec.Command("7z", append([]string{"a", "-spf", "-m0=LZMA2", path}, logs...)...).CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	data, err := os.ReadFile(path)
	check(b, err)
	size := int64(0)
	for _, log := range logs {
		info, err := os.Stat(log)
		check(b, err)
		size += info.Size()
	}
	b.Run("here", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			limits := DefaultLimits()
			limits.Memory = 1 << 30 // as the library, which writes to no disk
			r := NewRun(limits)
			m := r.Meter(context.Background(), int64(len(data)))
			a := r.Open(m, "7z", "x", FileContent(bytes.NewReader(data), int64(len(data))), func(string, []byte) string { return "" })
			if len(a.Members) != len(logs) || len(a.Damage) > 0 {
				b.Fatal(len(a.Members), a.Damage)
			}
			a.Close()
			r.Close()
		}
	})
	b.Run("library", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			z, err := sevenzip.NewReader(bytes.NewReader(data), int64(len(data)))
			check(b, err)
			for _, f := range z.File {
				r, err := f.Open()
				check(b, err)
				_, err = io.Copy(io.Discard, r)
				check(b, err)
				r.Close()
			}
		}
	})
}
