package ingest

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	fastzip "github.com/klauspost/compress/zip"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// realZip packs the real logs into a zip of some 130 MB of content.
func realZip(b *testing.B) (path string, size int64) {
	logs, err := filepath.Glob(filepath.Join(sharedData(b), "*", "*.evtx"))
	check(b, err)
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for i := range 4 {
		for _, name := range logs {
			data, err := os.ReadFile(name)
			check(b, err)
			m, err := w.Create(fmt.Sprintf("%d/%s", i, filepath.Base(name)))
			check(b, err)
			m.Write(data)
			size += int64(len(data))
		}
	}
	check(b, w.Close())
	return write(b, "logs.zip", buf.String()), size
}

var interest = func() *event.Interest {
	in := new(event.Interest)
	for _, p := range []string{"VSS", "volsnap", "ESENT", "Microsoft-Windows-Hyper-V-VMMS", "disk", "Ntfs"} {
		in.Want(p)
	}
	return in
}()

func scanAll(b *testing.B, path string) {
	for batch := range Scan(b.Context(), []string{path}, Options{Interest: interest}) {
		if batch.Last && batch.Source.Err != "" {
			b.Fatal(batch.Source.Err)
		}
	}
}

func BenchmarkScanZip(b *testing.B) {
	path, size := realZip(b)
	b.SetBytes(size)
	for b.Loop() {
		scanAll(b, path)
	}
}

// BenchmarkInflate is what BenchmarkScanZip is measured by: the same members
// inflated on all cores, and nothing else; and then with their SHA-256, which
// reports need.
func BenchmarkInflate(b *testing.B) {
	path, size := realZip(b)
	b.Run("only", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			inflateAll(b, path, func() io.Writer { return io.Discard })
		}
	})
	b.Run("hash", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			inflateAll(b, path, func() io.Writer { return sha256.New() })
		}
	})
}

func inflateAll(b *testing.B, path string, to func() io.Writer) {
	z, err := fastzip.OpenReader(path)
	check(b, err)
	defer z.Close()
	members := make(chan *fastzip.File, len(z.File))
	for _, f := range z.File {
		members <- f
	}
	close(members)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for f := range members {
				r, err := f.Open()
				check(b, err)
				io.Copy(to(), r)
				r.Close()
			}
		})
	}
	wg.Wait()
}

// BenchmarkScanZipLarge is one large log in a zip.
func BenchmarkScanZipLarge(b *testing.B) {
	name, size := largeLogFile(b)
	data, err := os.ReadFile(name)
	check(b, err)
	path := write(b, "large.zip", tree{{"System.evtx", string(data)}}.zip(b))
	b.SetBytes(size)
	for b.Loop() {
		scanAll(b, path)
	}
}

// largeLogFile makes a log of some 270 MB: not a sound one, since chunk numbers
// repeat, but each chunk is.
func largeLogFile(b *testing.B) (string, int64) {
	data, err := os.ReadFile(filepath.Join(sharedData(b), "plaso", "System.evtx"))
	check(b, err)
	const header = 4096
	content := append(data[:header:header], bytes.Repeat(data[header:], 128)...)
	return write(b, "large.evtx", string(content)), int64(len(content))
}

func BenchmarkScanLargeLog(b *testing.B) {
	path, size := largeLogFile(b)
	b.SetBytes(size)
	for b.Loop() {
		scanAll(b, path)
	}
}

// BenchmarkHash is what BenchmarkScanLargeLog is measured by.
func BenchmarkHash(b *testing.B) {
	path, size := largeLogFile(b)
	b.SetBytes(size)
	for b.Loop() {
		f, err := os.Open(path)
		check(b, err)
		newHashing(f, nil).drain()
		f.Close()
	}
}

func BenchmarkScanFolder(b *testing.B) {
	dir := sharedData(b)
	var p Progress
	for range Scan(b.Context(), []string{dir}, Options{Interest: interest, Progress: &p}) {
	}
	b.SetBytes(p.BytesTotal.Load())
	for b.Loop() {
		scanAll(b, dir)
	}
}
