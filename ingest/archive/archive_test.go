package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/archive/cab/cabtest"
)

// A file is a member to be packed.
type file struct{ name, data string }

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func makeZip(tb testing.TB, method uint16, files ...file) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		m, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: method})
		check(tb, err)
		io.WriteString(m, f.data)
	}
	check(tb, w.Close())
	return b.Bytes()
}

func makeTar(tb testing.TB, headers ...tar.Header) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := range headers {
		h := &headers[i]
		check(tb, w.WriteHeader(h))
		w.Write(bytes.Repeat([]byte("x"), int(h.Size)))
	}
	check(tb, w.Close())
	return b.Bytes()
}

func makeGzip(tb testing.TB, data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	check(tb, w.Close())
	return b.Bytes()
}

// pack runs a Debian tool in a folder with the files and returns its archive.
func pack(tb testing.TB, files []file, name string, tool string, args ...string) []byte {
	if _, err := exec.LookPath(tool); err != nil {
		tb.Skipf("needs %s", tool)
	}
	dir := tb.TempDir()
	for _, f := range files {
		path := filepath.Join(dir, f.name)
		check(tb, os.MkdirAll(filepath.Dir(path), 0o755))
		check(tb, os.WriteFile(path, []byte(f.data), 0o644))
	}
	cmd := exec.Command(tool, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%v: %s", err, out)
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	check(tb, err)
	return data
}

// wanted keeps what does not start with "no".
func wanted(_ string, head []byte) string {
	if bytes.HasPrefix(head, []byte("no")) {
		return "not wanted"
	}
	return ""
}

// list opens an archive with the limits and describes what it holds, a line
// for each member: its name, and its content, which is cut if it is long, or
// what is wrong with it.
func list(tb testing.TB, limits Limits, data []byte, passwords ...string) (lines []string) {
	r := NewRun(limits)
	r.Passwords = passwords
	defer func() { check(tb, r.Close()) }()
	m := r.Meter(tb.Context(), int64(len(data)))
	in := FileContent(bytes.NewReader(data), int64(len(data)))
	format := Sniff(data[:min(len(data), HeadBytes)])
	if format == "" {
		format = Behind(in)
	}
	a := r.Open(m, format, "archive.gz", in, wanted)
	defer a.Close()
	lines = append(lines, a.Format)
	for _, d := range a.Damage {
		lines[0] += fmt.Sprintf(" | %s %v: %s", d.Kind, d.Lost, d.Detail)
	}
	if a.Err != nil {
		lines[0] += " | " + a.Err.Error()
	}
	for i := range a.Members {
		lines = append(lines, describe(r, &a.Members[i], int64(len(data))))
	}
	return lines
}

func describe(r *Run, m *Member, input int64) string {
	line := m.Name
	if m.Skipped != "" {
		line += " | " + m.Skipped
	}
	if m.Readable() {
		data, err := readAll(r.Meter(context.Background(), input), &m.Content)
		if len(data) > 20 {
			line += fmt.Sprintf(" = %d bytes", len(data))
		} else {
			line += fmt.Sprintf(" = %q", data)
		}
		if err != nil {
			line += fmt.Sprint(" | ", err)
		}
	}
	for _, d := range m.Damage {
		line += fmt.Sprintf(" | %s %v: %s", d.Kind, d.Lost, d.Detail)
	}
	return line
}

func readAll(m *Meter, c *Content) ([]byte, error) {
	r, err := c.Open(m)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func TestFormats(t *testing.T) {
	files := []file{{"b/2", "two"}, {"a.txt", "text"}, {"a/1", "one"}, {"b/no", "no!"}}
	members := []string{`a/1 = "one"`, `a.txt = "text"`, `b/2 = "two"`, `b/no = "no!"`}
	skipped := append(append([]string{}, members[:3]...), "b/no | not wanted")
	names := []string{"b", "a.txt", "a"}
	for _, c := range []struct {
		name string
		data func(t *testing.T) []byte
		want []string
	}{
		{"zip", func(t *testing.T) []byte { return makeZip(t, zip.Deflate, files...) }, append([]string{"zip"}, members...)},
		{"stored zip", func(t *testing.T) []byte { return makeZip(t, zip.Store, files...) }, append([]string{"zip"}, members...)},
		{"Info-ZIP", func(t *testing.T) []byte {
			return pack(t, files, "o.zip", "zip", append([]string{"-r", "o.zip"}, names...)...)
		}, append([]string{"zip"}, members...)},
		{"7z's zip", func(t *testing.T) []byte {
			return pack(t, files, "o.zip", "7z", append([]string{"a", "o.zip"}, names...)...)
		}, append([]string{"zip"}, members...)},
		{"zip behind data", func(t *testing.T) []byte {
			return append([]byte("MZ a program"), makeZip(t, zip.Deflate, files...)...)
		}, append([]string{"zip"}, members...)},
		{"RAR 4 behind a program", func(t *testing.T) []byte {
			return append([]byte("MZ with "+rar4Magic+rar5Magic+sevenZipMagic+" in it"), makeRar4(files...)...)
		}, append([]string{"rar"}, skipped...)},
		{"RAR 5 behind a program", func(t *testing.T) []byte {
			return append([]byte("\x7fELF, which has "+rar5Magic), makeRar5(files...)...)
		}, append([]string{"rar"}, skipped...)},
		{"7z behind a program", func(t *testing.T) []byte {
			return append([]byte("MZ"+noise(300_000)+sevenZipMagic+"\x00\x04"), pack(t, files, "o.7z", "7z", "a", "o.7z", "a", "b", "a.txt")...)
		}, append([]string{"7z"}, skipped...)},
		{"a program that packs", func(t *testing.T) []byte {
			return []byte("MZ" + noise(300_000) + rar5Magic + noise(3) + rar4Magic + noise(9) + sevenZipMagic)
		}, []string{""}},
		{"zip before data", func(t *testing.T) []byte {
			return append(makeZip(t, zip.Deflate, files...), make([]byte, 999)...)
		}, append([]string{"zip"}, members...)},
		{"GNU tar", func(t *testing.T) []byte {
			return pack(t, files, "o.tar", "tar", append([]string{"--format=gnu", "-cf", "o.tar"}, names...)...)
		}, append([]string{"tar"}, members...)},
		{"POSIX tar", func(t *testing.T) []byte {
			return pack(t, files, "o.tar", "tar", append([]string{"--format=posix", "-cf", "o.tar"}, names...)...)
		}, append([]string{"tar"}, members...)},
		{"tar.gz", func(t *testing.T) []byte {
			return pack(t, files, "o.tgz", "tar", append([]string{"-czf", "o.tgz"}, names...)...)
		}, append([]string{"tar.gz"}, skipped...)},
		{"gzip", func(t *testing.T) []byte { return makeGzip(t, []byte("one")) }, []string{"gzip", `archive = "one"`}},
		{"gzip of two streams", func(t *testing.T) []byte {
			return append(makeGzip(t, []byte("one")), makeGzip(t, []byte("two"))...)
		}, []string{"gzip", `archive = "onetwo"`}},
		{"padded gzip", func(t *testing.T) []byte { return append(makeGzip(t, []byte("one")), make([]byte, 600)...) },
			[]string{"gzip", `archive = "one" | data after the end of the gzip stream is ignored`}},
		{"empty zip", func(t *testing.T) []byte { return makeZip(t, zip.Deflate) }, []string{"zip"}},
		{"7z", func(t *testing.T) []byte { return pack(t, files, "o.7z", "7z", "a", "o.7z", "a", "b", "a.txt") }, append([]string{"7z"}, skipped...)},
		{"RAR 4", func(t *testing.T) []byte { return makeRar4(files...) }, append([]string{"rar"}, skipped...)},
		{"RAR 5", func(t *testing.T) []byte { return makeRar5(files...) }, append([]string{"rar"}, skipped...)},
		{"gcab's MSZIP", func(t *testing.T) []byte {
			return pack(t, files, "o.cab", "gcab", "-c", "-z", "o.cab", "b/2", "a.txt", "a/1", "b/no")
		}, append([]string{"cab"}, skipped...)},
		{"gcab's stored", func(t *testing.T) []byte {
			return pack(t, files, "o.cab", "gcab", "-c", "o.cab", "b/2", "a.txt", "a/1", "b/no")
		}, append([]string{"cab"}, skipped...)},
		{"LZX cab", func(*testing.T) []byte { return makeCab(cabtest.LZX15, files...).Bytes() }, append([]string{"cab"}, skipped...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, list(t, DefaultLimits(), c.data(t))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct {
		raw, label string
		escapes    bool
	}{
		{"a/b", "a/b", false},
		{`NODE-A\Logs\Microsoft-Windows-Hyper-V-VMMS%4Admin.evtx`, "NODE-A/Logs/Microsoft-Windows-Hyper-V-VMMS%4Admin.evtx", false},
		{"./a//b/./c", "a/b/c", false},
		{"a/../b", "b", false},
		{"../../etc/passwd", "etc/passwd", true},
		{"a/../../b", "b", true},
		{"/etc/passwd", "etc/passwd", true},
		{`\\host\share\x`, "host/share/x", true},
		{`C:\Windows\x`, "Windows/x", true},
		{`.\C:\x`, "x", true},
		{"a/../C:D:../x", "x", true},
		{"c:x", "x", true},
		{"..", "unnamed", true},
		{"", "unnamed", false},
		{"CON", "CON", false},
		{"M\x81ller.evtx", "Müller.evtx", false},
		{"Müller.evtx", "Müller.evtx", false},
	} {
		if got, escapes := label(c.raw); got != c.label || escapes != c.escapes {
			t.Errorf("label(%q) = %q, %v; want %q, %v", c.raw, got, escapes, c.label, c.escapes)
		}
	}
	got := list(t, DefaultLimits(), makeZip(t, zip.Deflate, file{"../../x", "1"}, file{`a\b`, "2"}, file{`c\`, ""}))
	want := []string{"zip", `a/b = "2"`, `x = "1" | suspicious-name false: its name in the archive would lead out of the folder it is unpacked to`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNameLimits(t *testing.T) {
	long, deep := strings.Repeat("n", 5000), strings.Repeat("a/", 300)+"b"
	for _, data := range [][]byte{
		makeZip(t, zip.Deflate, file{long, "1"}, file{deep, "2"}, file{"z", "3"}),
		makeTar(t, tar.Header{Name: long, Size: 3}, tar.Header{Name: deep, Size: 3}, tar.Header{Name: "z", Size: 1}),
	} {
		got := list(t, DefaultLimits(), data)[1:]
		want := []string{
			deep[:200] + "… | limit true: its name has 301 levels, more than 256: not read",
			long[:200] + "… | limit true: its name has 5,000 bytes, more than 4,096: not read",
		}
		if diff := cmp.Diff(want, got[:2]); diff != "" || !strings.HasPrefix(got[2], "z = ") {
			t.Error(diff, got[2])
		}
	}
}

func TestUnreadableMembers(t *testing.T) {
	files := []file{{"a", strings.Repeat("one ", 100)}}
	for _, c := range []struct {
		name string
		tool []string
		want string
	}{
		{"bzip2", []string{"7z", "a", "-mm=BZip2", "o.zip", "a"}, "a | unsupported true: compression method 12 (bzip2) is not supported"},
		{"LZMA", []string{"7z", "a", "-mm=LZMA", "o.zip", "a"}, "a | unsupported true: compression method 14 (LZMA) is not supported"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := list(t, DefaultLimits(), pack(t, files, "o.zip", c.tool[0], c.tool[1:]...))
			if diff := cmp.Diff([]string{"zip", c.want}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDeflate64(t *testing.T) {
	files := []file{{"a", strings.Repeat("one ", 100)}, {"large", strings.Repeat(noise(60_000), 3)}}
	data := pack(t, files, "o.zip", "7z", "a", "-mm=Deflate64", "o.zip", "a", "large")
	if diff := cmp.Diff([]string{"zip", "a = 400 bytes", "large = 180000 bytes"}, list(t, DefaultLimits(), data)); diff != "" {
		t.Error(diff) // also where the zip's checksum does not match
	}
	data[300] ^= 0x80
	got := list(t, DefaultLimits(), data)
	if len(got) != 3 || !strings.Contains(got[2], " | ") {
		t.Errorf("damage is not said: %q", got)
	}
	if got := list(t, DefaultLimits(), data[:50_000]); len(got) != 3 || !strings.Contains(got[2], "deflate64: the compressed data ends too early") {
		t.Errorf("%q", got)
	}
}

func TestTarTypes(t *testing.T) {
	data := makeTar(t,
		tar.Header{Name: "dir/", Typeflag: tar.TypeDir},
		tar.Header{Name: "dir/file", Size: 3},
		tar.Header{Name: "link", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"},
		tar.Header{Name: "hard", Typeflag: tar.TypeLink, Linkname: "dir/file"},
		tar.Header{Name: "pipe", Typeflag: tar.TypeFifo},
		tar.Header{Name: "dev", Typeflag: tar.TypeBlock},
		tar.Header{Name: "/abs", Size: 1},
	)
	want := []string{
		`abs = "x" | suspicious-name false: its name in the archive would lead out of the folder it is unpacked to`,
		"dev | a block device",
		`dir/file = "xxx"`,
		"hard | a hard link: its content stands in the archive under another name",
		"link | a symbolic link",
		"pipe | a named pipe",
	}
	for _, in := range [][]byte{data, makeGzip(t, data)} {
		if diff := cmp.Diff(want, list(t, DefaultLimits(), in)[1:]); diff != "" {
			t.Error(diff)
		}
	}
}

func TestSparseTar(t *testing.T) {
	for _, format := range []string{"gnu", "posix"} {
		data := pack(t, nil, "o.tar", "sh", "-c",
			"printf start > s && truncate -s 1M s && printf end >> s && tar --format="+format+" --sparse -cf o.tar s")
		if diff := cmp.Diff([]string{"tar", "s = 1048579 bytes"}, list(t, DefaultLimits(), data)); diff != "" {
			t.Error(diff)
		}
	}
}

// The holes of a sparse file are a bomb of a kilobyte.
func TestSparseBomb(t *testing.T) {
	limits := DefaultLimits()
	limits.MemberOutput = 1 << 20
	for _, pack2 := range []string{"cat", "gzip"} {
		data := pack(t, nil, "o", "sh", "-c", "printf start > s && truncate -s 100G s && tar --sparse -cf - s | "+pack2+" > o")
		got := list(t, limits, data)
		if len(got) != 2 || !strings.Contains(got[1], "limit true: stopped at") {
			t.Error(got)
		}
	}
}

// noise is data that deflate does not make smaller.
func noise(n int) string {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return string(b)
}

func TestDamage(t *testing.T) {
	files := []file{{"a", "first"}, {"b", noise(9000)}, {"c", noise(9000)}}
	inflated := makeZip(t, zip.Deflate, files...)
	stored := makeZip(t, zip.Store, files...)
	sized := pack(t, files, "o.zip", "zip", "o.zip", "a", "b", "c")
	tarred := makeTar(t, tar.Header{Name: "a", Size: 5}, tar.Header{Name: "b", Size: 9000}, tar.Header{Name: "c", Size: 9000})
	flipped := bytes.Clone(stored)
	flipped[bytes.Index(flipped, []byte("first"))] ^= 1
	headless := bytes.Clone(inflated)
	headless[0] = 'X'
	unsound := makeGzip(t, makeTarOf(t, files[0]))
	unsound[len(unsound)-8] ^= 1
	const noDirectory = "archive true: the zip's central directory is missing or damaged: it was cut off, or is one of several volumes; its members are looked for by their local headers"
	for _, c := range []struct {
		name string
		data []byte
		want []string
	}{
		{"no directory", inflated[:bytes.Index(inflated, []byte("PK\x01\x02"))],
			[]string{"zip | " + noDirectory, `a = "first"`, "b = 9000 bytes", "c = 9000 bytes"}},
		{"no directory, sizes known", sized[:bytes.Index(sized, []byte("PK\x01\x02"))],
			[]string{"zip | " + noDirectory, `a = "first"`, "b = 9000 bytes", "c = 9000 bytes"}},
		{"cut zip", inflated[:15000],
			[]string{"zip | " + noDirectory, `a = "first"`, "b = 9000 bytes", "c = 5849 bytes | klauspost/compress/flate: the compressed data ends too early"}},
		{"cut zip, sizes known", sized[:15000],
			[]string{"zip | " + noDirectory, `a = "first"`, "b = 9000 bytes", "c = 5818 bytes | ends after 5,818 of 9,000 bytes"}},
		{"wrong checksum", flipped,
			[]string{"zip", `a = "girst" | the content does not match its checksum (crc32 af11c7e7, stated 9271ee57)`, "b = 9000 bytes", "c = 9000 bytes"}},
		{"no local header", append([]byte("PK\x03\x04"), headless...), []string{"zip",
			"a | archive true: its local header is not where the zip's central directory says: the zip is damaged, or the last of several volumes", "b = 9000 bytes", "c = 9000 bytes"}},
		{"cut tar", tarred[:13000],
			[]string{"tar | truncated true: the tar ends too early", `a = "xxxxx"`, "b = 9000 bytes", "c = 1736 bytes | ends after 1,736 of 9,000 bytes"}},
		{"damaged tar", append(append(bytes.Clone(tarred[:1024]), bytes.Repeat([]byte("!"), 512)...), tarred[1536:]...),
			[]string{"tar | archive true: a tar header is damaged: the members after it are not read", `a = "xxxxx"`}},
		{"cut gzip", makeGzip(t, []byte(noise(9000)))[:5000],
			[]string{"gzip", "archive = 4985 bytes | klauspost/compress/gzip: the compressed data ends too early"}},
		{"cut tar.gz", makeGzip(t, makeTarOf(t, files[:2]...))[:6000],
			[]string{"tar.gz | truncated true: klauspost/compress/gzip: the compressed data ends too early", `a = "first"`,
				"b = 5852 bytes | truncated true: klauspost/compress/gzip: the compressed data ends too early"}},
		{"tar.gz with a wrong checksum", unsound,
			[]string{"tar.gz | archive false: klauspost/compress/gzip: the content does not match its checksum", `a = "first"`}},
		{"gzip header only", []byte("\x1f\x8b\x08\x00"), []string{"gzip | truncated true: klauspost/compress/gzip: the compressed data ends too early"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, list(t, DefaultLimits(), c.data)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func makeTarOf(tb testing.TB, files ...file) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		check(tb, w.WriteHeader(&tar.Header{Name: f.name, Size: int64(len(f.data))}))
		io.WriteString(w, f.data)
	}
	check(tb, w.Close())
	return b.Bytes()
}

// Members that share their data are a bomb: only one of them is read.
func TestOverlap(t *testing.T) {
	data := makeZip(t, zip.Deflate, file{"a", strings.Repeat("x", 1<<20)})
	dir := bytes.Index(data, []byte("PK\x01\x02"))
	end := bytes.Index(data, []byte("PK\x05\x06"))
	bomb := append(bytes.Clone(data[:end]), bytes.Repeat(data[dir:end], 1999)...)
	tail := bytes.Clone(data[end:])
	tail[8], tail[9], tail[10], tail[11] = 0xd0, 0x07, 0xd0, 0x07 // 2000 entries
	size := len(bomb) - dir
	tail[12], tail[13], tail[14] = byte(size), byte(size>>8), byte(size>>16)
	got := list(t, DefaultLimits(), append(bomb, tail...))
	want := []string{"zip | archive true: 1,999 members share their data with others and are not read, the first is a", "a = 1048576 bytes"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLimits(t *testing.T) {
	var many []file
	for i := range 50 {
		many = append(many, file{fmt.Sprintf("f%02d", i), "x"})
	}
	for _, c := range []struct {
		name   string
		set    func(*Limits)
		data   []byte
		lines  int
		first  string
		member string
	}{
		{"entries of a zip", func(l *Limits) { l.ArchiveEntries = 40 }, makeZip(t, zip.Deflate, many...), 41,
			"zip | limit true: more than 40 entries: the rest is not read", `f00 = "x"`},
		{"entries of a tar", func(l *Limits) { l.ArchiveEntries = 40 }, makeTarOf(t, many...), 41,
			"tar | limit true: more than 40 entries: the rest is not read", `f00 = "x"`},
		{"entries of a cab", func(l *Limits) { l.ArchiveEntries = 40 }, makeCab(cabtest.MSZIP, many...).Bytes(), 41,
			"cab | limit true: more than 40 entries: the rest is not read", `f00 = "x"`},
		{"table of contents of a cab", func(l *Limits) { l.DirectoryBytes = 100 }, makeCab(cabtest.MSZIP, many...).Bytes(), 6,
			"cab | limit true: the table of contents has more than 100 bytes", `f00 = "x"`},
		{"bomb in a cab", func(l *Limits) { l.MemberOutput = 1 << 20 }, makeCab(cabtest.MSZIP, file{"a", strings.Repeat("x", 4<<20)}, file{"b", "y"}).Bytes(), 3,
			"cab", "a = 39"},
		{"output of a cab", func(l *Limits) { l.Output, l.OutputRatio = 1<<20, 0 }, makeCab(cabtest.MSZIP, file{"a", strings.Repeat("x", 4<<20)}, file{"b", "y"}).Bytes(), 2,
			"cab | limit true: stopped at 1,048,576 bytes, the most that is unpacked", "a = 10"},
		{"table of contents", func(l *Limits) { l.DirectoryBytes = 1000 }, makeZip(t, zip.Deflate, many...), 51,
			"zip | limit true: the table of contents has more than 1,000 bytes", `f00 = "x"`},
		{"bomb", func(l *Limits) { l.MemberOutput = 1 << 20 }, makeZip(t, zip.Deflate, file{"a", strings.Repeat("x", 4<<20)}), 2,
			"zip", "a = 2064384 bytes | stopped at 2,064,384 bytes unpacked from 4,084: more than 500 to 1"},
		{"bomb in gzip", func(l *Limits) { l.MemberOutput = 1 << 20 }, makeGzip(t, make([]byte, 4<<20)), 2, "gzip", "archive = 20"},
		{"output", func(l *Limits) { l.Output, l.OutputRatio = 1<<20, 0 }, makeZip(t, zip.Deflate, file{"a", strings.Repeat("x", 4<<20)}), 2,
			"zip", "a = 10"},
		{"output of a tar.gz", func(l *Limits) { l.Output, l.OutputRatio = 1<<20, 0 }, makeGzip(t, makeTarOf(t, file{"a", strings.Repeat("x", 4<<20)})), 2,
			"tar.gz | limit true: stopped at 1,048,576 bytes, the most that is unpacked", "a = 10"},
	} {
		t.Run(c.name, func(t *testing.T) {
			limits := DefaultLimits()
			c.set(&limits)
			got := list(t, limits, c.data)
			if len(got) != c.lines || got[0] != c.first || !strings.HasPrefix(got[1], c.member) {
				t.Errorf("%d lines, %q, %q", len(got), got[0], got[1])
			}
			if strings.HasPrefix(c.name, "bomb") || c.name == "output" {
				if !strings.Contains(got[1], "stopped at") {
					t.Errorf("no limit in %q", got[1])
				}
			}
		})
	}
}

// A claim of petabytes costs nothing.
func TestClaims(t *testing.T) {
	data := makeZip(t, zip.Deflate, file{"a", "first"})
	dir := bytes.Index(data, []byte("PK\x01\x02"))
	for i := range 4 {
		data[dir+24+i] = 0xfe // size: 0xfefefefe
	}
	got := list(t, DefaultLimits(), data)
	if diff := cmp.Diff([]string{"zip", `a = "first" | ends after 5 of 4,278,124,286 bytes`}, got); diff != "" {
		t.Error(diff)
	}
	huge := makeTar(t, tar.Header{Name: "a", Size: 0})
	copy(huge[124:], "77777777777\x00") // 8 GB
	fixChecksum(huge)
	got = list(t, DefaultLimits(), huge)
	if diff := cmp.Diff([]string{"tar | truncated true: the tar ends too early", "a = 1024 bytes | ends after 1,024 of 8,589,934,591 bytes"}, got); diff != "" {
		t.Error(diff)
	}
}

func fixChecksum(h []byte) {
	copy(h[148:156], "        ")
	sum := 0
	for _, b := range h[:512] {
		sum += int(b)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
}

// Deep names made file system views of zips take minutes.
func TestDeepNames(t *testing.T) {
	var files []file
	for i := range 200 {
		files = append(files, file{fmt.Sprint(strings.Repeat("a/", 30000), i), ""})
	}
	data := makeZip(t, zip.Store, files...)
	start := time.Now()
	got := list(t, DefaultLimits(), data)
	if d := time.Since(start); d > 2*time.Second || len(got) != 201 {
		t.Errorf("%d lines after %v", len(got), d)
	}
}

// What the memory does not hold goes to a file, and all of it comes back.
func TestSpool(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	var files []file
	for i := range 40 {
		files = append(files, file{fmt.Sprintf("%02d", i), strings.Repeat(string(rune('a'+i%26)), i*20_000)})
	}
	data := makeGzip(t, makeTarOf(t, files...))
	for _, memory := range []int64{0, 100_000, 3 << 20, 64 << 20} {
		limits := DefaultLimits()
		limits.Memory = memory
		r := NewRun(limits)
		a := r.Open(r.Meter(t.Context(), int64(len(data))), "gzip", "x.tgz", FileContent(bytes.NewReader(data), int64(len(data))), wanted)
		if left := r.pool.memory; left < 0 || left > memory {
			t.Errorf("memory %d: %d left", memory, left)
		}
		for i := range a.Members {
			got, err := readAll(r.Meter(t.Context(), 0), &a.Members[i].Content)
			check(t, err)
			if string(got) != files[i].data {
				t.Errorf("memory %d: member %s differs", memory, a.Members[i].Name)
			}
		}
		a.Close()
		if left := r.pool.memory; left != memory {
			t.Errorf("memory %d: %d after close", memory, left)
		}
		check(t, r.Close())
		if left, _ := os.ReadDir(temp); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

// A temporary folder that can't be used is the run's problem, and is named.
func TestNoTemporaryFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("TMPDIR is not heeded")
	}
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	limits := DefaultLimits()
	limits.Memory = 0
	got := list(t, limits, makeGzip(t, makeTarOf(t, file{"a", "x"})))
	if len(got) != 1 || !strings.Contains(got[0], "temporary folder: ") {
		t.Error(got)
	}
}

func TestCompare(t *testing.T) {
	order := []string{"", "a", "a/b", "a/b/c", "a b", "a-b", "a.txt", "a0", "b"}
	for i, a := range order {
		for j, b := range order {
			if got, want := Compare(a, b) < 0, i < j; got != want {
				t.Errorf("Compare(%q, %q) < 0 is %v", a, b, got)
			}
		}
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := NewRun(DefaultLimits())
	data := makeZip(t, zip.Deflate, file{"a", "first"})
	a := r.Open(r.Meter(ctx, 0), "zip", "x.zip", FileContent(bytes.NewReader(data), int64(len(data))), wanted)
	if a.Err != context.Canceled || len(a.Members) > 0 {
		t.Errorf("error %v, %d members", a.Err, len(a.Members))
	}
}

func TestPanic(t *testing.T) {
	err := guarded("a library", func() error { panic("index out of range") })
	if err == nil || err.Error() != "a library failed on damaged data: index out of range" {
		t.Error(err)
	}
}
