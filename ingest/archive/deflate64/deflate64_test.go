package deflate64

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/bits"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func noise(n int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

// lines look like a log: they repeat, near and far.
func lines(n int) []byte {
	random := rand.New(rand.NewPCG(3, 4))
	words := strings.Fields("snapshot volume writer failed 0x800423f4 Hyper-V VSS backup of the virtual machine started at node")
	var b bytes.Buffer
	for b.Len() < n {
		b.WriteString(words[random.IntN(len(words))])
		b.WriteByte(" \n"[random.IntN(2)])
	}
	return b.Bytes()[:n]
}

// pack returns the Deflate64 stream that 7-Zip makes of data.
func pack(tb testing.TB, data []byte) []byte {
	if _, err := exec.LookPath("7z"); err != nil {
		tb.Skip("needs 7z")
	}
	dir := tb.TempDir()
	check(tb, os.WriteFile(filepath.Join(dir, "f"), data, 0o644))
	cmd := exec.Command("7z", "a", "-mm=Deflate64", "o.zip", "f")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%v: %s", err, out)
	}
	z, err := zip.OpenReader(filepath.Join(dir, "o.zip"))
	check(tb, err)
	defer z.Close()
	if m := z.File[0].Method; m != 9 {
		tb.Fatalf("7z used method %d", m)
	}
	raw, err := z.File[0].OpenRaw()
	check(tb, err)
	packed, err := io.ReadAll(raw)
	check(tb, err)
	return packed
}

func Test7Zip(t *testing.T) {
	far := noise(60_000)
	for name, data := range map[string][]byte{
		"short":             bytes.Repeat([]byte("x"), 40),
		"lines":             lines(300_000),
		"zeros":             make([]byte, 1_000_000), // matches of 65,538 bytes
		"far":               bytes.Repeat(far, 4),    // at a distance of 60,000
		"mixed":             append(append(lines(100_000), far...), append(make([]byte, 70_000), far...)...),
		"stored and others": append(noise(200_000), lines(200_000)...),
	} {
		t.Run(name, func(t *testing.T) {
			packed := pack(t, data)
			for _, in := range []io.Reader{bytes.NewReader(packed), iotest.OneByteReader(bytes.NewReader(packed)), iotest.DataErrReader(bytes.NewReader(packed))} {
				got, err := io.ReadAll(NewReader(in))
				if err != nil || !bytes.Equal(got, data) {
					t.Errorf("%d bytes of %d, %v", len(got), len(data), err)
				}
			}
		})
	}
}

// A stream that ends too early gives what it holds up to there.
func TestTruncated(t *testing.T) {
	data := append(lines(3000), noise(400)...)
	packed := pack(t, data)
	z := NewReader(nil)
	for n := range packed {
		z.Reset(bytes.NewReader(packed[:n]))
		got, err := io.ReadAll(z)
		if err != io.ErrUnexpectedEOF || !bytes.HasPrefix(data, got) {
			t.Fatalf("%d of %d bytes: %d bytes, %v", n, len(packed), len(got), err)
		}
	}
}

func TestDamaged(t *testing.T) {
	packed := pack(t, append(lines(3000), noise(400)...))
	random := rand.New(rand.NewPCG(5, 6))
	z := NewReader(nil)
	for range 3000 {
		data := bytes.Clone(packed)
		for range 1 + random.IntN(4) {
			data[random.IntN(len(data))] = byte(random.Uint32())
		}
		checkEnd(t, z, data)
	}
}

// checkEnd reads what may be damaged: it ends, in one of the errors that are
// promised, the same one each time.
func checkEnd(t *testing.T, z *Reader, packed []byte) {
	z.Reset(bytes.NewReader(packed))
	first, err := io.ReadAll(io.LimitReader(z, 1<<22))
	var corrupt *CorruptInputError
	if err != nil && err != io.ErrUnexpectedEOF && !errors.As(err, &corrupt) {
		t.Fatal(err)
	}
	z.Reset(iotest.HalfReader(bytes.NewReader(packed)))
	second, again := io.ReadAll(io.LimitReader(z, 1<<22))
	if !bytes.Equal(first, second) || (err == nil) != (again == nil) {
		t.Fatalf("read twice: %d bytes, %v; %d bytes, %v", len(first), err, len(second), again)
	}
}

func TestSourceError(t *testing.T) {
	broken := errors.New("broken disk")
	in := io.MultiReader(bytes.NewReader([]byte{0x4b}), iotest.ErrReader(broken))
	if _, err := io.ReadAll(NewReader(in)); err != broken {
		t.Error(err)
	}
}

// A writer writes blocks of fixed codes, which have all lengths and distances.
type writer struct {
	packed []byte
	plain  []byte
	n      uint
}

func (w *writer) bits(v int, n uint) {
	for i := range n {
		if w.n&7 == 0 {
			w.packed = append(w.packed, 0)
		}
		w.packed[len(w.packed)-1] |= byte(v>>i&1) << (w.n & 7)
		w.n++
	}
}

func (w *writer) code(v int, n uint) { w.bits(int(bits.Reverse16(uint16(v))>>(16-n)), n) }

func (w *writer) symbol(s int) {
	switch {
	case s < 144:
		w.code(0x30+s, 8)
	case s < 256:
		w.code(0x190+s-144, 9)
	case s < 280:
		w.code(s-256, 7)
	default:
		w.code(0xc0+s-280, 8)
	}
}

func (w *writer) literal(b byte) {
	w.symbol(int(b))
	w.plain = append(w.plain, b)
}

// match writes a match by the table of the format's differences.
func (w *writer) match(length, dist int) {
	for range length {
		w.plain = append(w.plain, w.plain[len(w.plain)-dist])
	}
	code, base, extra := 285, 3, uint(16)
	if length <= 257 {
		code, base, extra = 257, 3, 0
		for length >= base+1<<extra {
			base += 1 << extra
			code++
			extra = uint(max(0, (code-257)/4-1))
		}
	}
	w.symbol(code)
	w.bits(length-base, extra)
	code, base, extra = 0, 1, 0
	for dist >= base+1<<extra {
		base += 1 << extra
		code++
		extra = uint(max(0, code/2-1))
	}
	w.code(code, 5)
	w.bits(dist-base, extra)
}

func (w *writer) start(final int) { w.bits(final|1<<1, 3) }

// FuzzDeflate64 writes what the input says with an encoder of the test's own,
// reads it back, and reads the input itself as if it were compressed.
func FuzzDeflate64(f *testing.F) {
	f.Add([]byte("abc\xff\x00\x10\x00\x01\xff\xff\xff\x00\x00\xfe"))
	f.Add(append(noise(100), "\xff\xff\xff\xff\xff\xff\x20\x03\x00\x90"...))
	var deflated bytes.Buffer
	w, _ := flate.NewWriter(&deflated, 9)
	w.Write(lines(500))
	w.Close()
	f.Add(deflated.Bytes())
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) > 1<<12 {
			return
		}
		z := NewReader(nil)
		checkEnd(t, z, program)
		w := &writer{}
		w.run(program)
		z.Reset(bytes.NewReader(w.packed))
		got, err := io.ReadAll(z)
		if err != nil || !bytes.Equal(got, w.plain) {
			t.Errorf("%d bytes of %d, %v", len(got), len(w.plain), err)
		}
	})
}

// run writes literals; FF, length and distance of 16 bits each is a match, FE a
// new block.
func (w *writer) run(program []byte) {
	w.start(0)
	for i := 0; i < len(program); i++ {
		switch b := program[i]; {
		case b == 0xff && i+4 < len(program) && len(w.plain) > 0 && len(w.plain) < 1<<20:
			length := 3 + int(program[i+1]) + int(program[i+2])<<8
			dist := 1 + int(program[i+3]) + int(program[i+4])<<8
			w.match(length, min(dist, len(w.plain)))
			i += 4
		case b == 0xfe:
			w.symbol(endBlock)
			w.start(0)
		default:
			w.literal(b)
		}
	}
	w.symbol(endBlock)
	w.start(1)
	w.symbol(endBlock)
}

// Deflate without matches is Deflate64.
func TestDeflate(t *testing.T) {
	for _, level := range []int{flate.NoCompression, flate.HuffmanOnly} {
		data := append(lines(100_000), noise(100_000)...)
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, level)
		check(t, err)
		w.Write(data)
		check(t, w.Close())
		got, err := io.ReadAll(NewReader(&b))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("level %d: %d bytes of %d, %v", level, len(got), len(data), err)
		}
	}
}

func BenchmarkDeflate64(b *testing.B) {
	data := lines(4 << 20)
	packed := pack(b, data)
	z := NewReader(nil)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		z.Reset(bytes.NewReader(packed))
		n, err := io.Copy(io.Discard, z)
		if err != nil || n != int64(len(data)) {
			b.Fatal(n, err)
		}
	}
}
