package cab

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/archive/cab/cabtest"
)

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func noise(n int) string {
	random := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return string(b)
}

// lines look like a log: they repeat, near and far.
func lines(n int) string {
	random := rand.New(rand.NewPCG(3, 4))
	words := strings.Fields("snapshot volume writer failed 0x800423f4 Hyper-V VSS backup of the virtual machine started at node")
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(words[random.IntN(len(words))])
		b.WriteByte(" \n"[random.IntN(2)])
	}
	return b.String()[:n]
}

// readAll returns the content of each file, followed by what is wrong with it.
func readAll(data []byte) (map[string]string, error) {
	c, err := Open(bytes.NewReader(data), int64(len(data)), nil)
	if c == nil {
		return nil, err
	}
	files := make(map[string]string)
	r := c.NewReader()
	for _, f := range c.Files {
		if f.Folder < 0 || f.Previous || !c.Folders[f.Folder].Method.Readable() {
			continue
		}
		r.Open(f.Folder)
		_, err := io.CopyN(io.Discard, r, f.Offset)
		var b strings.Builder
		if err == nil {
			_, err = io.CopyN(&b, r, f.Size)
		}
		if err != nil {
			fmt.Fprintf(&b, "| %v", err)
		} else if r.Unsound() > f.Offset {
			b.WriteString("| unsound")
		}
		files[f.Name] = b.String()
	}
	return files, err
}

// extract is what cabextract reads of the cabinet.
func extract(tb testing.TB, data []byte, names ...string) map[string]string {
	if _, err := exec.LookPath("cabextract"); err != nil {
		tb.Skip("needs cabextract")
	}
	dir := tb.TempDir()
	check(tb, os.WriteFile(filepath.Join(dir, "o.cab"), data, 0o644))
	cmd := exec.Command("cabextract", "-q", "-d", "out", "o.cab")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%v: %s", err, out)
	}
	files := make(map[string]string)
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join(dir, "out", name))
		check(tb, err)
		files[name] = string(b)
	}
	return files
}

// compare checks that a cabinet has these files, for us and for cabextract.
func compare(t *testing.T, data []byte, want map[string]string) {
	t.Helper()
	got, err := readAll(data)
	check(t, err)
	if !sameFiles(got, want) {
		t.Errorf("we read %s, want %s", sizes(got), sizes(want))
	}
	var names []string
	for name := range want {
		names = append(names, name)
	}
	if peer := extract(t, data, names...); !sameFiles(peer, want) {
		t.Errorf("cabextract reads %s, want %s", sizes(peer), sizes(want))
	}
}

func sameFiles(a, b map[string]string) bool { return cmp.Equal(a, b) }

func sizes(files map[string]string) string {
	var lines []string
	for name, s := range files {
		tail := ""
		if i := strings.LastIndex(s, "| "); i >= 0 {
			tail = s[i:]
		}
		lines = append(lines, fmt.Sprintf("%s: %d %.60q", name, len(s), tail))
	}
	slices.Sort(lines)
	return strings.Join(lines, ", ")
}

var samples = map[string]string{"a.log": lines(100_000), "b.bin": noise(70_000), "c.txt": "one", "d.bin": strings.Repeat("\x00", 200_000), "e.log": lines(100_000)}

// gcab makes a cabinet of the files.
func gcab(tb testing.TB, files map[string]string, args ...string) []byte {
	if _, err := exec.LookPath("gcab"); err != nil {
		tb.Skip("needs gcab")
	}
	dir := tb.TempDir()
	args = append(args, "-c", "o.cab")
	for name, s := range files {
		check(tb, os.WriteFile(filepath.Join(dir, name), []byte(s), 0o644))
		args = append(args, name)
	}
	slices.Sort(args[len(args)-len(files):])
	cmd := exec.Command("gcab", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%v: %s", err, out)
	}
	data, err := os.ReadFile(filepath.Join(dir, "o.cab"))
	check(tb, err)
	return data
}

func TestGcab(t *testing.T) {
	compare(t, gcab(t, samples, "-z"), samples)
	compare(t, gcab(t, samples), samples) // stored
}

// What the tests' own writer makes is what cabextract reads, so that it is a
// judge of ours where no other program writes. The samples are text, since
// cabextract refuses a Deflate code of a single distance, which RFC 1951 allows.
func TestMethods(t *testing.T) {
	samples := map[string]string{"a.log": lines(100_000), "c.txt": "one", "e.log": lines(90_000)}
	var names, contents []string
	for name, s := range samples {
		names, contents = append(names, name), append(contents, s)
	}
	for _, method := range []uint16{cabtest.Stored, cabtest.MSZIP, cabtest.LZX15, 3 | 18<<8, 3 | 21<<8} {
		t.Run(Method(method).String(), func(t *testing.T) {
			c := cabtest.Make(method, names, contents...)
			compare(t, c.Bytes(), samples)
			c.HeaderReserve, c.FolderReserve, c.DataReserve = 3000, 5, 7
			compare(t, c.Bytes(), samples)
			c.SumReserve = true
			if got, err := readAll(c.Bytes()); err != nil || !sameFiles(got, samples) {
				t.Errorf("%v: %s", err, sizes(got))
			}
		})
	}
}

// cabinet makes a cabinet of one file "f" from an LZX stream.
func cabinet(window uint, x *cabtest.LZX, size int) []byte {
	c := cabtest.Cabinet{
		Folders: []cabtest.Folder{{Method: uint16(3 | window<<8), Blocks: x.Blocks()}},
		Files:   []cabtest.File{{Name: "f", Size: size}},
	}
	return c.Bytes()
}

// write makes a stream of what program says: sizes and kinds of blocks, with
// literals, and matches at all distances, far and recent.
func write(x *cabtest.LZX, window uint, program []byte) {
	for len(program) > 1 && len(x.Plain()) < 1<<20 {
		kind, n := program[0], 1+int(program[1])
		program = program[2:]
		n = min(n, len(program))
		if n == 0 {
			return
		}
		x.Skewed = kind&4 != 0
		part := program[:n]
		program = program[n:]
		switch kind & 3 {
		case 0:
			recent := [3]int{1, 2, 3} // all within what stands before
			for i := range recent {
				recent[i] = min(recent[i]+int(kind), max(1, len(x.Plain())))
			}
			x.Uncompressed(bytes.Repeat(part, 1+int(kind>>3)*8), recent)
		case 1, 3:
			x.Verbatim(tokens(x, window, part))
		default:
			x.Aligned(tokens(x, window, part))
		}
	}
}

// tokens makes tokens of a part of a program. Recent distances are at most 300
// at the start of a stream of this file's tests.
func tokens(x *cabtest.LZX, window uint, part []byte) (out []cabtest.Token) {
	at, room := len(x.Plain()), x.Room()
	add := func(t cabtest.Token) {
		n := max(1, t.Length)
		out, at, room = append(out, t), at+n, room-n
		if room == 0 {
			room = 32 << 10
		}
	}
	for i := 0; i < len(part); i++ {
		b := part[i]
		if b < 0xc0 || i+3 >= len(part) || at == 0 {
			add(cabtest.Token{Literal: b})
			continue
		}
		length := min(2+int(part[i+1]), room, 257)
		far := 1 + (int(part[i+2])|int(part[i+3])<<8)<<(b&7)
		i += 3
		switch {
		case length < 2:
			add(cabtest.Token{Literal: b})
		case b >= 0xe0 && at > 300:
			add(cabtest.Token{Length: length, Recent: int(b % 3)})
		default:
			add(cabtest.Token{Length: length, Distance: min(far, at, 1<<window-3)})
		}
	}
	return out
}

func randomProgram(random *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

// All kinds of blocks, matches and codes, in streams that cabextract reads too.
func TestLZX(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for i := range 24 {
		window := uint(15 + i%7)
		x := cabtest.NewLZX(window, 0)
		x.Uncompressed([]byte(noise(400+i)), [3]int{5, 17, 300})
		write(x, window, randomProgram(random, 20_000))
		want := string(x.Plain())
		compare(t, cabinet(window, x, len(want)), map[string]string{"f": want})
	}
}

// A window of 2 MB is used from its one end to the other.
func TestLZXFar(t *testing.T) {
	for _, window := range []uint{15, 19, 21} {
		x := cabtest.NewLZX(window, 0)
		x.Uncompressed([]byte(noise(1<<window+5000)), [3]int{1, 1, 1})
		far := 1<<window - 3
		var tokens []cabtest.Token
		for range 500 {
			tokens = append(tokens, cabtest.Token{Length: 20, Distance: far}, cabtest.Token{Length: 3, Recent: 0}, cabtest.Token{Literal: 'x'})
			far -= 7
		}
		x.Aligned(tokens)
		want := string(x.Plain())
		compare(t, cabinet(window, x, len(want)), map[string]string{"f": want})
	}
}

// A distance that an uncompressed block brings may be anything. What is more
// than a window before may be there still, or not: it is never repeated.
func TestLZXBeyondWindow(t *testing.T) {
	for _, recent := range []int{1<<15 + 1, 60_001, 0, -1} {
		x := cabtest.NewLZX(15, 0)
		x.Uncompressed([]byte(noise(60_000)), [3]int{1, 1, 1})
		sound := len(x.Plain())
		x.Uncompressed([]byte("x"), [3]int{recent, 1, 1})
		x.Verbatim([]cabtest.Token{{Literal: 'y'}, {Length: 2, Distance: 1}, {Length: 2, Recent: 1}})
		got, err := readAll(cabinet(15, x, sound+4))
		check(t, err)
		if !strings.Contains(got["f"], "| a block is damaged: a match begins before the data, at byte ") {
			t.Errorf("distance %d: %s", recent, sizes(got))
		}
	}
}

// Uncompressed blocks of odd sizes, one of which ends with its frame.
func TestLZXOdd(t *testing.T) {
	x := cabtest.NewLZX(16, 0)
	x.Uncompressed([]byte(noise(1)), [3]int{1, 1, 1})
	x.Verbatim(cabtest.Literals([]byte(lines(102))))
	x.Uncompressed([]byte(noise(x.Room())), [3]int{1, 1, 1})
	x.Uncompressed([]byte(noise(32<<10+3)), [3]int{1, 1, 1})
	x.Aligned(cabtest.Literals([]byte(lines(10))))
	want := string(x.Plain())
	compare(t, cabinet(16, x, len(want)), map[string]string{"f": want})
}

// Calls in a program are translated back.
func TestLZXCalls(t *testing.T) {
	program := []byte(noise(100_000))
	for i := 0; i < len(program)-5; i += 50 {
		copy(program[i:], "\xe8\x10\x20\x00\x00")
		copy(program[i+20:], "\xe8\xf0\xff\xff\xff") // before the start, as a negative number
	}
	// The last 10 bytes of a frame are left alone: the first of these calls is
	// translated, the second is not.
	copy(program[1*blockSize-11:], "\xe8\x10\x20\x00\x00......")
	copy(program[2*blockSize-10:], "\xe8\x10\x20\x00\x00.....")
	for _, size := range []uint32{20_000, 100_000, 1 << 30} {
		x := cabtest.NewLZX(17, size)
		x.Verbatim(cabtest.Literals(program))
		data := cabinet(17, x, len(program))
		got, err := readAll(data)
		check(t, err)
		if got["f"] == string(program) {
			t.Error("nothing is translated")
		}
		if !sameFiles(got, extract(t, data, "f")) {
			t.Errorf("size %d: cabextract reads another program", size)
		}
	}
}

func FuzzLZX(f *testing.F) {
	random := rand.New(rand.NewPCG(9, 10))
	for i := range 4 {
		f.Add(randomProgram(random, 200*i), uint8(i))
	}
	f.Fuzz(func(t *testing.T, program []byte, window uint8) {
		if len(program) > 1<<10 {
			return
		}
		bits := 15 + uint(window%7)
		x := cabtest.NewLZX(bits, 0)
		x.Uncompressed([]byte(noise(300)), [3]int{1, 2, 3})
		write(x, bits, program)
		want := string(x.Plain())
		got, err := readAll(cabinet(bits, x, len(want)))
		if err != nil || got["f"] != want {
			t.Errorf("%v: %d bytes of %d: %s", err, len(got["f"]), len(want), sizes(got))
		}
		checkLZX(t, program, bits)
	})
}

// checkLZX decodes what may be no LZX at all: twice the same, and no more than
// is asked for.
func checkLZX(t *testing.T, packed []byte, window uint) {
	z := &lzx{}
	var first []byte
	var failed error
	for range 2 {
		z.reset(int(window))
		block, err := z.decode(packed, blockSize)
		if err == nil && len(block) != blockSize {
			t.Fatalf("%d bytes, and no error", len(block))
		}
		if first != nil && (!bytes.Equal(first, block) || (err == nil) != (failed == nil)) {
			t.Fatalf("another result: %v, %v", failed, err)
		}
		first, failed = bytes.Clone(block), err
	}
}

func FuzzCab(f *testing.F) {
	for _, method := range []uint16{cabtest.Stored, cabtest.MSZIP, cabtest.LZX15} {
		c := cabtest.Make(method, []string{"a", "b"}, lines(300), noise(50))
		f.Add(c.Bytes())
		c.Previous, c.Next, c.DataReserve = "p.cab", "n.cab", 3
		f.Add(c.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkCab(t, data) })
}

// checkCab checks what is promised of any input: the tables point to what there
// is, no folder has more than its blocks claim, all folders together are not
// read from more bytes than there are, and a second reading is as the first.
func checkCab(t *testing.T, data []byte) {
	c, err := Open(bytes.NewReader(data), int64(len(data)), nil)
	if c == nil {
		if err == nil {
			t.Fatal("no cabinet, and no error")
		}
		return
	}
	packed := int64(0)
	r, again := c.NewReader(), c.NewReader()
	for i, f := range c.Folders {
		packed += f.Packed
		if !f.Method.Readable() {
			continue
		}
		r.Open(i)
		n, err := io.Copy(io.Discard, r)
		if n > int64(f.blocks)*blockSize || r.Unsound() > n {
			t.Errorf("folder %d: %d bytes of %d blocks, not sound up to %d", i, n, f.blocks, r.Unsound())
		}
		again.Open(i)
		m, err2 := io.Copy(io.Discard, again)
		if n != m || fmt.Sprint(err) != fmt.Sprint(err2) {
			t.Errorf("folder %d: %d bytes, %v; and then %d, %v", i, n, err, m, err2)
		}
	}
	if packed > int64(len(data)) {
		t.Errorf("folders of %d bytes in %d", packed, len(data))
	}
	for _, f := range c.Files {
		if f.Folder >= len(c.Folders) || f.Folder < -1 || len(f.Name) > longestName || f.Size < 0 || f.Offset < 0 {
			t.Errorf("%+v", f)
		}
	}
}

func TestTruncated(t *testing.T) {
	for _, method := range []uint16{cabtest.Stored, cabtest.MSZIP, cabtest.LZX15} {
		want := lines(3000)
		data := cabtest.Make(method, []string{"a"}, want).Bytes()
		for n := range data {
			files, err := readAll(data[:n])
			got, why, _ := strings.Cut(files["a"], "| ")
			if err == nil && why == "" {
				t.Fatalf("%d of %d bytes: no error", n, len(data))
			}
			if !strings.HasPrefix(want, got) {
				t.Fatalf("%d of %d bytes: content differs", n, len(data))
			}
			if files == nil && err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("%d of %d bytes: %v", n, len(data), err)
			}
		}
	}
}

func TestMutations(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, method := range []uint16{cabtest.Stored, cabtest.MSZIP, cabtest.LZX15} {
		sound := cabtest.Make(method, []string{"a", "b"}, lines(500), noise(60)).Bytes()
		for range 1500 {
			data := bytes.Clone(sound)
			for range 1 + random.IntN(6) {
				data[random.IntN(len(data))] = byte(random.Uint32())
			}
			checkCab(t, data[:len(data)-random.IntN(2)*random.IntN(len(data))])
		}
	}
}

// A thousand folders that claim the same data have it once.
func TestSharedData(t *testing.T) {
	c := cabtest.Make(cabtest.Stored, []string{"a"}, lines(50_000))
	data := c.Bytes()
	c.Folders = nil
	for i := range 1000 {
		c.Folders = append(c.Folders, cabtest.Folder{})
		c.Files = append(c.Files, cabtest.File{Name: fmt.Sprint(i), Size: 50_000, Folder: i})
	}
	bomb := c.Bytes()
	for i := range 1000 {
		at := headerSize + i*folderEntrySize
		bomb[at+4] = 2
		copy(bomb[at:], []byte{byte(len(bomb)), byte(len(bomb) >> 8), byte(len(bomb) >> 16), 0})
	}
	bomb = append(bomb, data[len(data)-50_000-2*blockHeader:]...)
	files, err := readAll(bomb)
	check(t, err)
	whole := 0
	for _, s := range files {
		if len(s) >= 50_000 {
			whole++
		}
	}
	if whole != 2 { // "a" and "0", of the first folder
		t.Errorf("%d files have the data", whole)
	}
}

func TestDamage(t *testing.T) {
	a, b := lines(40_000), lines(30_000)
	damaged := func(method uint16, change func(*cabtest.Cabinet)) []byte {
		c := cabtest.Make(method, []string{"a", "b"}, a, b)
		change(c)
		return c.Bytes()
	}
	flip := func(data []byte, at int) []byte {
		data[at] ^= 1
		return data
	}
	nothing := func(*cabtest.Cabinet) {}
	for _, c := range []struct {
		name string
		data []byte
		a, b string
	}{
		{"checksum", flip(damaged(cabtest.MSZIP, nothing), headerSize+folderEntrySize+2*18), "| unsound", ""},
		{"content", flip(damaged(cabtest.Stored, nothing), 50_000), "| unsound", "| unsound"},
		{"no signature", damaged(cabtest.MSZIP, func(c *cabtest.Cabinet) { c.Folders[0].Blocks[1].Packed[1] = 'x' }),
			"| a block is damaged: no MSZIP signature, at byte ", "| a block is damaged: no MSZIP signature, at byte "},
		{"larger than said", damaged(cabtest.MSZIP, func(c *cabtest.Cabinet) { c.Folders[0].Blocks[1].Size-- }),
			"it unpacks to more than the 32767 bytes that it is said to have", "it unpacks to more than"},
		{"smaller than said", damaged(cabtest.MSZIP, func(c *cabtest.Cabinet) { c.Folders[0].Blocks[2].Size++ }),
			"", "its compressed data ends before byte 4464 of 4465"},
		{"stored wrongly", damaged(cabtest.Stored, func(c *cabtest.Cabinet) { c.Folders[0].Blocks[0].Size++ }), "a block of 32768 bytes that are said to be 32769", "a block of"},
		{"goes on elsewhere", damaged(cabtest.MSZIP, func(c *cabtest.Cabinet) { c.Folders[0].Blocks[2].Size = 0 }),
			"", "| the data goes on in the next cabinet"},
		{"truncated LZX", damaged(cabtest.LZX15, func(c *cabtest.Cabinet) { p := &c.Folders[0].Blocks[0].Packed; *p = (*p)[:1000] }),
			"| a block is damaged: its compressed data ends too early", "| a block is damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files, err := readAll(c.data)
			check(t, err)
			for name, want := range map[string]string{"a": c.a, "b": c.b} {
				got := files[name]
				if i := strings.LastIndex(got, "| "); i < 0 {
					got = ""
				} else {
					got = got[i:]
				}
				if (want == "") != (got == "") || !strings.Contains(got, want) {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

// TestUnlisted: a header that counts fewer files than there are is damage, and
// the files that it counts are there.
func TestUnlisted(t *testing.T) {
	data := cabtest.Make(cabtest.MSZIP, []string{"a", "b", "c"}, "1", "2", "3").Bytes()
	for count := range 4 {
		data[28] = byte(count)
		c, err := Open(bytes.NewReader(data), int64(len(data)), nil)
		if c == nil || len(c.Files) != count || (err == nil) != (count == 3) {
			t.Errorf("%d of 3 files are counted: %+v, %v", count, c, err)
		}
	}
}

func TestTables(t *testing.T) {
	c := cabtest.Make(cabtest.Stored, []string{"a", "b", "c"}, "1", "2", "3")
	c.Previous, c.Next = "disk1.cab", "disk3.cab"
	c.Files[0].Folder, c.Files[1].Folder, c.Files[2].Folder = fromPrevious, intoNext, 7
	data := c.Bytes()
	got, err := Open(bytes.NewReader(data), int64(len(data)), nil)
	check(t, err)
	want := []File{
		{Name: "a", Size: 1, Previous: true}, {Name: "b", Offset: 1, Size: 1, Next: true}, {Name: "c", Folder: -1, Offset: 2, Size: 1},
	}
	if diff := cmp.Diff(want, got.Files); diff != "" || got.Previous != "disk1.cab" || got.Next != "disk3.cab" || !got.Folders[0].Previous {
		t.Errorf("%s %+v", diff, got)
	}
	stop := errors.New("enough")
	few, err := Open(bytes.NewReader(data), int64(len(data)), func(f *File) error {
		if f.Name == "b" {
			return stop
		}
		return nil
	})
	if err != stop || len(few.Files) != 1 {
		t.Errorf("%v, %d files", err, len(few.Files))
	}
	for method, want := range map[uint16]string{cabtest.Quantum | 7<<8: "Quantum", 15: "15", 3 | 22<<8: "LZX, window of 22 bits", 3: "LZX, window of 0 bits"} {
		if m := Method(method); m.Readable() || m.String() != want {
			t.Errorf("method %#x: %v, %q", method, m.Readable(), m)
		}
	}
}

// benchmark reads a cabinet of one folder, and has cabextract read it, from a
// file and to the null device.
func benchmark(b *testing.B, data []byte) {
	c, err := Open(bytes.NewReader(data), int64(len(data)), nil)
	check(b, err)
	last := c.Files[len(c.Files)-1]
	size := last.Offset + last.Size
	b.Run("own", func(b *testing.B) {
		b.SetBytes(size)
		r := c.NewReader()
		for b.Loop() {
			r.Open(0)
			if n, err := io.Copy(io.Discard, r); err != nil || n != size {
				b.Fatal(n, err)
			}
		}
	})
	b.Run("cabextract", func(b *testing.B) {
		b.SetBytes(size)
		path := filepath.Join(b.TempDir(), "o.cab")
		check(b, os.WriteFile(path, data, 0o644))
		for b.Loop() {
			check(b, exec.Command("cabextract", "-q", "-p", path).Run())
		}
	})
}

// BenchmarkMSZIP reads real logs.
func BenchmarkMSZIP(b *testing.B) {
	logs := make(map[string]string)
	filepath.WalkDir("../../../../shared/data", func(path string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".evtx" {
			data, err := os.ReadFile(path)
			check(b, err)
			logs[fmt.Sprintf("%03d.evtx", len(logs))] = string(data)
		}
		return nil
	})
	if len(logs) == 0 {
		b.Skip("needs ../shared/data")
	}
	benchmark(b, gcab(b, logs, "-z"))
}

// BenchmarkLZX has the matches of a simple search, so that there is work as in
// a real cabinet.
func BenchmarkLZX(b *testing.B) {
	x := cabtest.NewLZX(21, 0)
	data := lines(8 << 20)
	for len(x.Plain()) < len(data) {
		x.Verbatim(search(data, len(x.Plain()), x.Room()))
	}
	benchmark(b, cabinet(21, x, len(data)))
}

// search makes tokens of data up to the end of a frame.
func search(data string, at, room int) (tokens []cabtest.Token) {
	seen := make(map[string]int)
	for stop := min(len(data), at+room); at < stop; {
		n := 0
		if at+4 <= stop {
			before, ok := seen[data[at:at+4]]
			for ok && at+n < stop && n < 257 && data[before+n] == data[at+n] {
				n++
			}
			seen[data[at:at+4]] = at
			if n > 0 {
				tokens = append(tokens, cabtest.Token{Length: n, Distance: at - before})
			}
		}
		if n == 0 {
			tokens = append(tokens, cabtest.Token{Literal: data[at]})
			n = 1
		}
		at += n
	}
	return tokens
}
