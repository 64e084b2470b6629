package logs

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// realLogs returns the real logs and the number of their records.
func realLogs(tb testing.TB) (contents [][]byte, records int) {
	dir := filepath.Join("..", "..", "..", "shared", "data")
	f, err := os.Open(filepath.Join(dir, "expected.tsv"))
	if err != nil {
		tb.Skip("needs the real logs in ../shared/data")
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		fields := strings.Split(sc.Text(), "\t")
		if n, err := strconv.Atoi(fields[4]); err == nil {
			records += n
			data, err := os.ReadFile(filepath.Join(dir, fields[0]))
			check(tb, err)
			contents = append(contents, data)
		}
	}
	return contents, records
}

// largeLog makes a log of 128 MB, and says how many records it has.
func largeLog(tb testing.TB) (content []byte, records int) {
	dir := filepath.Join("..", "..", "..", "shared", "data")
	data, err := os.ReadFile(filepath.Join(dir, "plaso", "System.evtx"))
	if err != nil {
		tb.Skip("needs the real logs in ../shared/data")
	}
	head, chunks := data[:headSize:headSize], data[headSize:]
	times := 128 << 20 / len(chunks)
	return append(head, bytes.Repeat(chunks, times)...), times * bytes.Count(chunks, []byte("**\x00\x00"))
}

func totalSize(contents [][]byte) (n int64) {
	for _, c := range contents {
		n += int64(len(c))
	}
	return n
}

func packedSize(tb testing.TB, dir string) (n int64) {
	for _, name := range entries(tb, dir) {
		info, err := os.Stat(filepath.Join(dir, name))
		check(tb, err)
		n += info.Size()
	}
	return n
}

func benchmarkKeep(b *testing.B, contents [][]byte, records int) {
	b.SetBytes(totalSize(contents))
	var names []string
	for _, c := range contents {
		names = append(names, nameOf(c))
	}
	var dir string
	for b.Loop() {
		b.StopTimer()
		var f *Folder
		f, dir = openFolder(b)
		b.StartTimer()
		for i, c := range contents {
			w, err := f.Create()
			check(b, err)
			_, err = w.Write(c)
			check(b, err)
			check(b, w.Commit(names[i]))
		}
	}
	b.ReportMetric(float64(packedSize(b, dir))/float64(records), "B/event")
}

func BenchmarkKeep(b *testing.B) {
	b.Run("real", func(b *testing.B) {
		contents, records := realLogs(b)
		benchmarkKeep(b, contents, records)
	})
	b.Run("large", func(b *testing.B) {
		content, records := largeLog(b)
		benchmarkKeep(b, [][]byte{content}, records)
	})
	b.Run("sha256", func(b *testing.B) { // what the others are measured by
		content, _ := largeLog(b)
		b.SetBytes(int64(len(content)))
		for b.Loop() {
			sha256.Sum256(content)
		}
	})
}

// BenchmarkRead reads a large log in the pieces in which its reader does, and
// in small ones; and single chunks here and there.
func BenchmarkRead(b *testing.B) {
	content, _ := largeLog(b)
	f, _ := openFolder(b)
	l := openContent(b, f, keep(b, f, content))
	pieces := func(size int) func(*testing.B) {
		return func(b *testing.B) {
			b.SetBytes(l.Size())
			p := make([]byte, size)
			for b.Loop() {
				for off := int64(headSize); off < l.Size(); off += int64(size) {
					if n, err := l.ReadAt(p, off); n == 0 {
						b.Fatal(err)
					}
				}
			}
		}
	}
	b.Run("blocks", pieces(1<<20))
	b.Run("small", pieces(32<<10))
	b.Run("chunk", func(b *testing.B) {
		p := make([]byte, 64<<10)
		for i := int64(0); b.Loop(); i++ {
			if _, err := l.ReadAt(p, headSize+i*37%2000*int64(len(p))); err != nil {
				b.Fatal(err)
			}
		}
	})
}
