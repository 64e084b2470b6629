package logs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// packed returns a content as it lies in a file.
func packed(tb testing.TB, content []byte) []byte {
	f, dir := openFolder(tb)
	data, err := os.ReadFile(filepath.Join(dir, keep(tb, f, content)))
	check(tb, err)
	return data
}

// readDamaged reads a file that may be damaged: what it gives has to be a part
// of content, or an error that says so. It reports whether all was read.
func readDamaged(tb testing.TB, data, content []byte) (whole bool) {
	tb.Helper()
	l, err := newLog(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return false
	}
	p := make([]byte, len(content)+1)
	n, err := l.ReadAt(p, 0)
	if !bytes.Equal(p[:n], content[:n]) {
		tb.Fatal("other bytes than were written")
	}
	if err != io.EOF && !errors.Is(err, ErrDamaged) {
		tb.Fatalf("error %v", err)
	}
	return err == io.EOF
}

// Whichever byte is damaged, what is read is what was written.
func TestEveryByteDamaged(t *testing.T) {
	content := sample(headSize + 3000)
	data := packed(t, content)
	if !readDamaged(t, data, content) {
		t.Fatal("sound content is not read")
	}
	whole := 0
	for i := range data {
		for _, flip := range []byte{1, 0x80, 0xff} {
			data[i] ^= flip
			if readDamaged(t, data, content) {
				whole++
			}
			data[i] ^= flip
		}
	}
	// A few bits mean nothing, such as the unused ones in the table's flags.
	if whole > 16 {
		t.Errorf("%d changes of %d were not noticed", whole, 3*len(data))
	}
	for n := range data {
		if readDamaged(t, data[:n], content) {
			t.Errorf("read as whole from %d of %d bytes", n, len(data))
		}
	}
}

// A damaged frame costs that frame alone.
func TestDamagedFrame(t *testing.T) {
	content := sample(headSize + 4*frameSize)
	data := packed(t, content)
	l, err := newLog(bytes.NewReader(data), int64(len(data)))
	check(t, err)
	e, _ := l.table.EntryByID(2)
	data[e.CompressedOffset+uint64(e.CompressedSize)/2] ^= 0x55
	p := make([]byte, 1000)
	for i := range int64(5) {
		e, _ := l.table.EntryByID(i)
		off := int64(e.DecompressedOffset)
		n, err := l.ReadAt(p, off)
		if damaged := errors.Is(err, ErrDamaged); damaged != (i == 2) || !damaged && !bytes.Equal(p, content[off:off+1000]) || damaged && n > 0 {
			t.Errorf("frame %d: %d bytes, %v", i, n, err)
		}
	}
}

// table makes a seek table that claims what it is told.
func table(frames uint32, flags byte, sizes ...uint32) []byte {
	var entries []byte
	for _, s := range sizes {
		entries = binary.LittleEndian.AppendUint32(entries, s)
	}
	b := binary.LittleEndian.AppendUint32(nil, 0x184D2A5E)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(entries)+tableFoot))
	b = append(b, entries...)
	b = binary.LittleEndian.AppendUint32(b, frames)
	return binary.LittleEndian.AppendUint32(append(b, flags), 0x8F92EAB1)
}

// A table that lies is refused, and costs no more than a small part of what it
// claims.
func TestTableLies(t *testing.T) {
	const sums = 0x80
	// A zstd frame that claims 4 GB of content: single segment, size in 8 bytes.
	huge := binary.LittleEndian.AppendUint64([]byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0}, 4<<30)
	for name, data := range map[string][]byte{
		"more frames than the file has room for": table(1<<31, sums),
		"all frames there can be":                table(1<<32-1, sums, make([]uint32, 300)...),
		"more frames than are read":              table(2*maxFrames, sums, make([]uint32, 6*maxFrames)...),
		"a large frame":                          append(make([]byte, 100), table(1, sums, 100, 1<<31, 0)...),
		"a large packed frame":                   table(1, sums, 1<<31, 100, 0),
		"an empty frame":                         append(make([]byte, 100), table(1, sums, 100, 0, 0)...),
		"no checksums":                           append(make([]byte, 100), table(1, 0, 100, 100)...),
		"a gap":                                  append(make([]byte, 100), table(1, sums, 99, 100, 0)...),
		"frames behind the table":                table(1, sums, 99, 100, 0),
		"a frame that claims more":               append(huge, table(1, sums, uint32(len(huge)), frameSize, 0)...),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		l, err := newLog(bytes.NewReader(data), int64(len(data)))
		if err == nil {
			_, err = l.ReadAt(make([]byte, 10), 0)
		}
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 8<<20 {
			t.Errorf("%s: took %d bytes", name, n)
		}
	}
}

// Whatever a file holds, reading it ends, and gives what was written if it was
// made by a Writer.
func FuzzLog(f *testing.F) {
	content := sample(headSize + 500)
	f.Add(packed(f, content))
	f.Add(table(1, 0x80, 0, 100, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := newLog(bytes.NewReader(data), int64(len(data)))
		if err != nil || l.Size() > 2*frameSize {
			return
		}
		p := make([]byte, l.Size()+1)
		n, err := l.ReadAt(p, 0)
		if err == nil || err == io.EOF && int64(n) != l.Size() {
			t.Errorf("read %d bytes of %d: %v", n, l.Size(), err)
		}
	})
}
