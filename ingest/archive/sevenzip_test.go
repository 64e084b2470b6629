package archive

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sevenZip has 7z pack files in their order.
func sevenZip(tb testing.TB, files []file, args ...string) []byte {
	args = append([]string{"a", "o.7z", "-mtm-"}, args...)
	for _, f := range files {
		args = append(args, f.name)
	}
	return pack(tb, files, "o.7z", "7z", args...)
}

// TestSevenZip: archives that 7z made by each of its methods, solid or not, give
// their members, the first of which is not wanted.
func TestSevenZip(t *testing.T) {
	files := []file{{"0", "no" + noise(5000)}, {"b/c", "second"}, {"empty", ""}, {"large", strings.Repeat(noise(1000), 500)}, {"größe", "first"}}
	want := []string{"7z", "0 | not wanted", `b/c = "second"`, `empty = ""`, `größe = "first"`, "large = 500000 bytes"}
	for _, args := range []string{
		"-m0=LZMA2", "-m0=LZMA", "-m0=PPMd", "-m0=BZip2", "-m0=Deflate", "-m0=Copy", "-m0=LZMA2 -ms=off", "-m0=LZMA -ms=off", "-mhc=off",
		"-m0=BCJ -m1=LZMA2", "-m0=Delta:4 -m1=LZMA", "-m0=BCJ2 -m1=LZMA -m2=LZMA -m3=LZMA -mb0:1 -mb0s1:2 -mb0s2:3", "-mx=9",
	} {
		t.Run(args, func(t *testing.T) {
			if diff := cmp.Diff(want, list(t, DefaultLimits(), sevenZip(t, files, strings.Fields(args)...))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	t.Run("empty", func(t *testing.T) {
		if got := list(t, DefaultLimits(), sevenZip(t, []file{{"e", ""}})); got[0] != "7z" || got[1] != `e = ""` {
			t.Error(got)
		}
	})
	t.Run("Deflate64", func(t *testing.T) {
		got := list(t, DefaultLimits(), sevenZip(t, files[1:2], "-m0=Deflate64"))
		if got[1] != "b/c | unsupported true: compression method 040109 (Deflate64) is not supported" {
			t.Error(got)
		}
	})
	t.Run("volumes", func(t *testing.T) {
		data := pack(t, files, "o.7z.001", "7z", "a", "-v2k", "o.7z", "0", "large")
		if got := list(t, DefaultLimits(), data); !strings.Contains(got[0], "the first of several volumes") {
			t.Error(got)
		}
	})
}

func TestSevenZipEncrypted(t *testing.T) {
	files := []file{{"a", "first"}, {"b", noise(3000)}, {"e", ""}}
	all := []string{"7z", `a = "first"`, "b = 3000 bytes", `e = ""`}
	none := "encrypted true: encrypted (AES): give its password with --password"
	wrong := "encrypted true: encrypted (AES), and not with a password that was given with --password, or it is damaged"
	for _, args := range []string{"", "-m0=Copy", "-m0=LZMA", "-ms=off", "-m0=PPMd"} {
		t.Run("members "+args, func(t *testing.T) {
			data := sevenZip(t, files, append(strings.Fields(args), "-pGeheim ü")...)
			for _, tt := range []struct{ passwords, want []string }{
				{nil, []string{"7z", "a | " + none, "b | " + none, `e = ""`}},
				{[]string{"x", ""}, []string{"7z", "a | " + wrong, "b | " + wrong, `e = ""`}},
				{[]string{"x", "Geheim ü", "y"}, all},
			} {
				if diff := cmp.Diff(tt.want, list(t, DefaultLimits(), data, tt.passwords...)); diff != "" {
					t.Errorf("%q: -want +got:\n%s", tt.passwords, diff)
				}
			}
		})
	}
	t.Run("header", func(t *testing.T) {
		data := sevenZip(t, files, "-psecret", "-mhe=on")
		for _, tt := range []struct{ passwords, want []string }{
			{nil, []string{"7z | " + strings.Replace(none, ": ", ": the table of contents can't be read: ", 1)}},
			{[]string{"x"}, []string{"7z | " + strings.Replace(wrong, ": ", ": the table of contents can't be read: ", 1)}},
			{[]string{"x", "secret"}, all},
		} {
			if diff := cmp.Diff(tt.want, list(t, DefaultLimits(), data, tt.passwords...)); diff != "" {
				t.Errorf("%q: -want +got:\n%s", tt.passwords, diff)
			}
		}
	})
}

// TestDamagedSevenZip: a cut archive is said to be; flipped bytes are said, or
// change nothing, whatever the library makes of them.
func TestDamagedSevenZip(t *testing.T) {
	files := []file{{"a", noise(3000)}, {"b", noise(3000)}}
	for _, method := range []string{"LZMA2", "LZMA", "PPMd", "BZip2", "Deflate", "Copy"} {
		data := sevenZip(t, files, "-m0="+method, "-ms=off")
		if got := list(t, DefaultLimits(), data[:len(data)-40]); len(got) != 1 || !strings.Contains(got[0], "truncated true") {
			t.Errorf("%s: a cut archive is listed as %q", method, got)
		}
		sound := list(t, DefaultLimits(), data)
		one := bytes.Clone(data)
		one[1000] ^= 1 // in a, which lies alone
		if got := list(t, DefaultLimits(), one); len(got) != 3 || !strings.Contains(got[1], " | ") || got[2] != sound[2] {
			t.Errorf("%s: damage of one member is listed as %q", method, got)
		}
		rng := rand.New(rand.NewPCG(1, 2))
		for range 100 {
			changed := bytes.Clone(data)
			for range 1 + rng.IntN(6) {
				changed[8+rng.IntN(len(data)-8)] ^= byte(1 + rng.IntN(255))
			}
			got := list(t, DefaultLimits(), changed)
			if !strings.Contains(strings.Join(got, "\n"), " | ") && !cmp.Equal(got, sound) {
				t.Fatalf("%s: damage is not said: %q", method, got)
			}
		}
	}
}

// forgeSevenZip makes an archive of a header with right checksums.
func forgeSevenZip(packed, header []byte) []byte {
	var s sevenZipSignature
	copy(s[:], sevenZipMagic+"\x00\x04")
	binary.LittleEndian.PutUint64(s[12:], uint64(len(packed)))
	binary.LittleEndian.PutUint64(s[20:], uint64(len(header)))
	binary.LittleEndian.PutUint32(s[28:], crc32.ChecksumIEEE(header))
	binary.LittleEndian.PutUint32(s[8:], crc32.ChecksumIEEE(s[12:]))
	return append(append(s[:], packed...), header...)
}

// TestForgedSevenZip: what a header claims is believed only as far as there can
// be that much of it, and costs neither time nor memory.
func TestForgedSevenZip(t *testing.T) {
	huge := "\xff\xff\xff\xff\x7f\x00\x00\x00\x00" // 2³¹-1
	oneFile := "\x05\x01\x11\x05\x00a\x00\x00\x00\x00"
	folder := func(coder, size string) string {
		return "\x01\x04\x06\x00\x01\x09\x0a\x00\x07\x0b\x01\x00\x01" + coder + "\x0c" + size + "\x00\x00" + oneFile + "\x00"
	}
	for _, tt := range []struct{ name, header, want string }{
		{"files", "\x01\x05" + huge + "\x00\x00", "states 2147483647 files, more than 200,000"},
		{"packed streams", "\x01\x04\x06\x00" + huge, "states 2147483647 packed streams, more than 200,000"},
		{"folders", "\x01\x04\x07\x0b" + huge + "\x00", "states 2147483647 folders, more than 200,000"},
		{"coders", "\x01\x04\x07\x0b\x01\x00" + huge, "states 2147483647 coders of a folder, more than 32"},
		{"properties", "\x01\x04\x07\x0b\x01\x00\x01\x21\x21" + huge, "it ends there"},
		{"places", "\x01\x04\x06" + huge + "\x01\x09\x01\x00\x00\x00", "behind the end of the archive"},
		{"files without content", "\x01" + oneFile + "\x00", "it lists 1 files and has content for 0"},
		{"packed, and larger than it may be", "\x17\x06\x00\x01\x09\x0a\x00\x07\x0b\x01\x00\x01\x23\x03\x01\x01\x05\x5d\xff\xff\xff\xff\x0c" + huge + "\x00\x00",
			"limit true: the table of contents has more than 67,108,864 bytes"},
		{"packed, its checksum wrong", "\x17\x06\x00\x01\x09\x0a\x00\x07\x0b\x01\x00\x01\x01\x00\x0c\x0a\x0a\x01\x01\x02\x03\x04\x00\x00",
			"7z | archive true: the table of contents can't be read: the content does not match its checksum"},
		{"packed four times", strings.Repeat("\x17", 9), "damaged"},
		{"4 GiB LZMA", folder("\x23\x03\x01\x01\x05\x5d\xff\xff\xff\xff", huge), "a | limit true: it needs a dictionary of more than 268,435,456 bytes"},
		{"4 GiB LZMA2", folder("\x21\x21\x01\x28", huge), "a | limit true: it needs a dictionary"},
		{"4 GiB LZMA2 for a little", folder("\x21\x21\x01\x28", "\x0a"), "truncated true"},
		{"4 GiB PPMd", folder("\x23\x03\x04\x01\x05\x06\xff\xff\xff\xff", "\x0a"), "a | limit true: it needs a dictionary"},
		{"keys", folder("\x24\x06\xf1\x07\x01\x02\x5e\x00", "\x0a"), "a | limit true: its keys take more than 33,554,432 rounds of hashing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data := forgeSevenZip([]byte("\x01\x00\x09packed..."[:10]), []byte(tt.header))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			got := strings.Join(list(t, DefaultLimits(), data, "password"), "\n")
			runtime.ReadMemStats(&after)
			if !strings.Contains(got, tt.want) {
				t.Errorf("%s", got)
			}
			if took, bytes := time.Since(start), after.TotalAlloc-before.TotalAlloc; took > 2*time.Second || bytes > 100<<20 {
				t.Errorf("took %v and %d bytes", took, bytes)
			}
		})
	}
}

// TestSevenZipBomb: what unpacks to far more than it is packed in is stopped, and
// so is all when the most is unpacked.
func TestSevenZipBomb(t *testing.T) {
	zeros := string(make([]byte, 8<<20))
	data := sevenZip(t, []file{{"a", zeros}, {"b", "x" + zeros}}, "-ms=off")
	limits := DefaultLimits()
	limits.MemberOutput = 1 << 20
	for _, line := range list(t, limits, data)[1:] {
		if !strings.Contains(line, "limit true: stopped at") || !strings.Contains(line, "more than 500 to 1") {
			t.Error(line)
		}
	}
	limits = DefaultLimits()
	limits.Output, limits.OutputRatio = 10<<20, 0
	got := strings.Join(list(t, limits, data), "\n")
	if !strings.Contains(got, "a = 8388608 bytes\n") || !strings.Contains(got, "stopped at 10,485,760 bytes, the most that is unpacked") {
		t.Error(got)
	}
}

// TestSevenZipMany: the time grows with the number of folders, and not with its
// square.
func TestSevenZipMany(t *testing.T) {
	const n = 1000
	var files []file
	for i := range n {
		files = append(files, file{fmt.Sprintf("%03d", i), "x"})
	}
	data := pack(t, files, "o.7z", "7z", "a", "-ms=off", "-mx=9", "o.7z", ".")
	start := time.Now()
	if got := list(t, DefaultLimits(), data); len(got) != n+1 || strings.Contains(strings.Join(got, ""), " | ") {
		t.Errorf("%d lines, the first is %s", len(got), got[0])
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

// TestLibraryVersions: before these, the one panics where it need not and the
// other runs for ever. A module that wants less must not take them back.
func TestLibraryVersions(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	check(t, err)
	for module, least := range map[string][3]int{"github.com/bodgit/sevenzip": {1, 6, 5}, "github.com/nwaples/rardecode/v2": {2, 4, 6}} {
		m := regexp.MustCompile(regexp.QuoteMeta(module) + ` v(\d+)\.(\d+)\.(\d+)`).FindStringSubmatch(string(mod))
		if m == nil {
			t.Errorf("go.mod does not name %s", module)
			continue
		}
		var have [3]int
		for i := range have {
			have[i], _ = strconv.Atoi(m[i+1])
		}
		if slices.Compare(have[:], least[:]) < 0 {
			t.Errorf("%s %v is older than %v", module, have, least)
		}
	}
}
