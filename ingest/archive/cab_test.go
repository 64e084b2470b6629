package archive

import (
	"archive/zip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/archive/cab/cabtest"
)

func makeCab(method uint16, files ...file) *cabtest.Cabinet {
	var names, contents []string
	for _, f := range files {
		names, contents = append(names, f.name), append(contents, f.data)
	}
	return cabtest.Make(method, names, contents...)
}

func TestCab(t *testing.T) {
	files := []file{{`d\a`, "first"}, {"b", noise(40_000)}, {"c", noise(9000)}, {"e", ""}}
	for _, c := range []struct {
		name   string
		change func(*cabtest.Cabinet)
		cut    int
		want   []string
	}{
		{"sound", func(*cabtest.Cabinet) {}, 0, []string{"cab", "b = 40000 bytes", "c = 9000 bytes", `d/a = "first"`, `e = ""`}},
		{"out of order", func(c *cabtest.Cabinet) { c.Files[0], c.Files[2] = c.Files[2], c.Files[0] }, 0,
			[]string{"cab", "b = 40000 bytes", "c = 9000 bytes", `d/a = "first"`, `e = ""`}},
		{"two names", func(c *cabtest.Cabinet) { c.Files[3] = c.Files[1]; c.Files[3].Name = "again" }, 0,
			[]string{"cab", "again | a second name: its content stands in the archive as b", "b = 40000 bytes", "c = 9000 bytes", `d/a = "first"`}},
		{"overlap", func(c *cabtest.Cabinet) { c.Files[2].Offset -= 5 }, 0,
			[]string{"cab", "b = 40000 bytes", "c | archive true: shares a part of its data with b: not read", `d/a = "first"`, `e = ""`}},
		{"outside", func(c *cabtest.Cabinet) { c.Files[1].Size, c.Files[2].Offset = 48_000, 60_000 }, 0,
			[]string{"cab", "b = 48000 bytes", "c | truncated true: the data of its folder ends before it, after 49,005 bytes", `d/a = "first"`, `e = ""`}},
		{"a claim of gigabytes", func(c *cabtest.Cabinet) { c.Files[2].Size = 1<<31 - 1 }, 0,
			[]string{"cab", "b = 40000 bytes", "c = 9000 bytes | truncated true: ends after 9,000 of 2,147,483,647 bytes", `d/a = "first"`, `e = ""`}},
		{"cut", func(*cabtest.Cabinet) {}, 9000, []string{"cab | truncated true: ends after 40,139 of 49,139 bytes",
			"b = 32763 bytes | truncated true: cab: the cabinet ends in a block, at byte 32894",
			"c | truncated true: what is packed before it can't be read: cab: the cabinet ends in a block, at byte 32894", `d/a = "first"`, `e = ""`}},
		{"no such folder", func(c *cabtest.Cabinet) { c.Files[2].Folder = 3 }, 0,
			[]string{"cab", "b = 40000 bytes", "c | archive true: the cabinet's table of contents has no such folder as it is said to be in", `d/a = "first"`, `e = ""`}},
		{"Quantum", func(c *cabtest.Cabinet) {
			c.Folders = append(c.Folders, cabtest.Folder{Method: cabtest.Quantum})
			c.Files[2].Folder, c.Files[2].Offset = 1, 0
		}, 0, []string{"cab", "b = 40000 bytes", "c | unsupported true: compression method Quantum is not supported", `d/a = "first"`, `e = ""`}},
		{"a set", func(c *cabtest.Cabinet) {
			c.Next = "disk2.cab"
			c.Files[2].Folder, c.Files[2].Size = 0xfffe, 50_000
		}, 0, []string{"cab | unsupported false: the first of a set of cabinets, before disk2.cab: they are read one by one, and no member across two of them",
			"b = 40000 bytes", "c = 9000 bytes | unsupported true: goes on in the next cabinet, disk2.cab: read up to there", `d/a = "first"`, `e = ""`}},
		{"a set's block", func(c *cabtest.Cabinet) {
			c.Next = "disk2.cab"
			c.Files[2].Folder, c.Files[2].Size = 0xfffe, 50_000
			c.Folders[0].Blocks[1].Size = 0
		}, 0, []string{"cab | unsupported false: the first of a set of cabinets, before disk2.cab: they are read one by one, and no member across two of them",
			"b = 32763 bytes | unsupported true: goes on in the next cabinet, disk2.cab: read up to there",
			"c | unsupported true: what is packed before it can't be read: goes on in the next cabinet, disk2.cab: read up to there", `d/a = "first"`, `e = ""`}},
		{"a set's last", func(c *cabtest.Cabinet) {
			c.Previous = "disk1.cab"
			c.Files[0].Folder = 0xfffd
			c.Folders = append(c.Folders, makeCab(cabtest.MSZIP, file{"", noise(9000)}).Folders[0])
			c.Files[2].Folder, c.Files[2].Offset = 1, 0
		}, 0, []string{"cab | unsupported false: the last of a set of cabinets, after disk1.cab: they are read one by one, and no member across two of them",
			"b | unsupported true: is packed together with what begins in the cabinet before, disk1.cab: not read", "c = 9000 bytes",
			"d/a | unsupported true: begins in the cabinet before, disk1.cab: not read",
			"e | unsupported true: is packed together with what begins in the cabinet before, disk1.cab: not read"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cabinet := makeCab(cabtest.Stored, files...)
			c.change(cabinet)
			data := cabinet.Bytes()
			if diff := cmp.Diff(c.want, list(t, DefaultLimits(), data[:len(data)-c.cut])); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A wrong checksum is said of the members whose block it is, and of no others.
func TestCabChecksum(t *testing.T) {
	data := makeCab(cabtest.Stored, file{"a", noise(40_000)}, file{"b", noise(40_000)}, file{"c", noise(40_000)}).Bytes()
	data[len(data)-81_000] ^= 1 // in the second of four blocks
	const unsound = " | archive false: a block of the cabinet that it lies in does not match its checksum"
	want := []string{"cab", "a = 40000 bytes" + unsound, "b = 40000 bytes" + unsound, "c = 40000 bytes"}
	if diff := cmp.Diff(want, list(t, DefaultLimits(), data)); diff != "" {
		t.Error(diff)
	}
}

// A damaged block ends its folder. The next folder is read.
func TestCabFolders(t *testing.T) {
	for _, method := range []uint16{cabtest.MSZIP, cabtest.LZX15} {
		c := makeCab(method, file{"a", noise(40_000)}, file{"b", noise(4000)})
		c.Folders = append(c.Folders, makeCab(method, file{"", "sound"}).Folders[0])
		c.Files = append(c.Files, cabtest.File{Name: "c", Size: 5, Folder: 1})
		c.Folders[0].Blocks[1].Packed = []byte("nonsense")
		got := list(t, DefaultLimits(), c.Bytes())
		if len(got) != 4 || got[0] != "cab" || !strings.HasPrefix(got[1], "a = 32768 bytes | archive true: cab: a block is damaged: ") ||
			!strings.HasPrefix(got[2], "b | archive true: what is packed before it can't be read: cab: a block is damaged: ") || got[3] != `c = "sound"` {
			t.Errorf("%q", got)
		}
	}
}

// Archives in cabinets and cabinets in archives, with and without random access.
func TestCabNested(t *testing.T) {
	inner := makeCab(cabtest.LZX15, file{"x", "deep"}).Bytes()
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		zipped := makeZip(t, method, file{"in.cab", string(inner)})
		r := NewRun(DefaultLimits())
		in := inMemory(makeCab(cabtest.MSZIP, file{"in.zip", string(zipped)}).Bytes())
		m := r.Meter(t.Context(), in.Size)
		for _, format := range []string{"cab", "zip", "cab"} {
			a := r.Open(m, format, "x", in, wanted)
			defer a.Close()
			if len(a.Members) != 1 || len(a.Damage) > 0 {
				t.Fatalf("%s: %+v", format, a)
			}
			in = a.Members[0].Content
		}
		if got, err := readAll(m, &in); err != nil || string(got) != "deep" {
			t.Errorf("%q, %v", got, err)
		}
	}
}
