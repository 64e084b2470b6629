package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/archive/cab/cabtest"
)

// fuzzLimits are small, so that hitting them is cheap.
func fuzzLimits() Limits {
	l := DefaultLimits()
	l.ArchiveEntries, l.Output, l.OutputRatio, l.Memory = 100, 1<<20, 0, 64<<10
	return l
}

// checkArchive opens what is taken for an archive of the format and checks what
// is promised of any input: the limits hold, labels do not lead out and are
// sorted, and content that has random access is the same as its stream.
func checkArchive(t *testing.T, format string, in Content, passwords ...string) {
	limits := fuzzLimits()
	r := NewRun(limits)
	r.Passwords = passwords
	defer r.Close()
	m := r.Meter(context.Background(), 0)
	a := r.Open(m, format, "x", in, wanted)
	defer a.Close()
	if len(a.Members) > limits.ArchiveEntries {
		t.Errorf("%d members", len(a.Members))
	}
	checkOutput(t, m)
	for i := range a.Members {
		member := &a.Members[i]
		if _, escapes := label(member.Name); escapes || len(member.Name) > limits.NameBytes {
			t.Errorf("label %q", member.Name)
		}
		if i > 0 && Compare(a.Members[i-1].Name, member.Name) > 0 {
			t.Errorf("label %q before %q", a.Members[i-1].Name, member.Name)
		}
		if member.Readable() {
			checkMember(t, r, &member.Content)
		}
	}
}

func checkMember(t *testing.T, r *Run, c *Content) {
	m := r.Meter(context.Background(), 0)
	data, err := readAll(m, c)
	checkOutput(t, m)
	if err == nil && c.Size >= 0 && int64(len(data)) != c.Size {
		t.Errorf("%d bytes of %d, and no error", len(data), c.Size)
	}
	if err == nil && c.At != nil {
		again, err := io.ReadAll(c.Section(m))
		if err != nil || !bytes.Equal(data, again) {
			t.Errorf("random access differs: %v", err)
		}
	}
}

// checkOutput allows for what one read returns past the limit.
func checkOutput(t *testing.T, m *Meter) {
	if n := m.Unpacked(); n > m.max+1<<20 {
		t.Errorf("%d bytes unpacked", n)
	}
}

// inMemory is content with random access, and streamed content without.
func inMemory(data []byte) Content {
	return FileContent(bytes.NewReader(data), int64(len(data)))
}

func streamed(data []byte) Content {
	return Content{Size: -1, open: func(*Meter) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data)), nil
	}}
}

func FuzzZip(f *testing.F) {
	f.Add(makeZip(f, zip.Deflate, file{"a/b", "content"}, file{`..\c`, noise(300)}))
	f.Add(makeZip(f, zip.Store, file{"a.zip", string(makeZip(f, zip.Deflate, file{"x", "y"}))}))
	whole := makeZip(f, zip.Deflate, file{"a", noise(100)}, file{"b", noise(100)})
	f.Add(whole[:len(whole)-60])
	f.Fuzz(func(t *testing.T, data []byte) { checkArchive(t, "zip", inMemory(data)) })
}

func FuzzTar(f *testing.F) {
	f.Add(makeTarOf(f, file{"a/b", "content"}, file{"../c", noise(300)}))
	f.Add(makeTar(f, tar.Header{Name: strings.Repeat("long", 50), Size: 3}, tar.Header{Name: "l", Typeflag: tar.TypeLink, Linkname: "x"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		checkArchive(t, "tar", inMemory(data))
		checkArchive(t, "tar", streamed(data))
	})
}

func FuzzGzip(f *testing.F) {
	f.Add(makeGzip(f, makeTarOf(f, file{"a", "content"})))
	f.Add(makeGzip(f, []byte("text")))
	f.Fuzz(func(t *testing.T, data []byte) { checkArchive(t, "gzip", inMemory(data)) })
}

func FuzzCompressed(f *testing.F) {
	for i, data := range packedSeeds(f) {
		f.Add(byte(i), data)
	}
	f.Fuzz(func(t *testing.T, which byte, data []byte) {
		checkArchive(t, packers[int(which)%len(packers)].format, inMemory(data))
	})
}

func FuzzCabinet(f *testing.F) {
	for _, method := range []uint16{cabtest.Stored, cabtest.MSZIP, cabtest.LZX15} {
		f.Add(makeCab(method, file{"a", "content"}, file{`..\c`, noise(300)}).Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkArchive(t, "cab", inMemory(data)) })
}

// FuzzSevenZip fuzzes what a header with right checksums says: two readings give
// the same.
func FuzzSevenZip(f *testing.F) {
	for _, method := range []string{"LZMA2", "LZMA", "PPMd", "BZip2", "Deflate", "Copy"} {
		whole := sevenZip(f, []file{{"a", noise(300)}, {"b/c", strings.Repeat("x", 3000)}, {"e", ""}}, "-mhc=off", "-m0="+method)
		s := sevenZipSignature(whole[:32])
		f.Add(whole[32:32+s.offset()], whole[32+s.offset():])
	}
	f.Fuzz(func(t *testing.T, packed, header []byte) {
		data := forgeSevenZip(packed, header)
		checkArchive(t, "7z", inMemory(data))
		if diff := cmp.Diff(list(t, fuzzLimits(), data), list(t, fuzzLimits(), data)); diff != "" {
			t.Errorf("read again: %s", diff)
		}
	})
}
