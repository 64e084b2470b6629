package archive

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// packers are the programs that make compressed files, from what they read.
var packers = []struct {
	format, suffix string
	command        []string
}{
	{"gzip", "gz", []string{"gzip", "-c"}},
	{"bzip2", "bz2", []string{"bzip2", "-c"}},
	{"xz", "xz", []string{"xz", "-c"}},
	{"zstd", "zst", []string{"zstd", "-q", "-c", "--check"}},
}

// packBy compresses data with a program.
func packBy(tb testing.TB, command []string, data []byte) []byte {
	tb.Helper()
	if _, err := exec.LookPath(command[0]); err != nil {
		tb.Skipf("no %s (Debian packages gzip, bzip2, xz-utils, zstd)", command[0])
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin = bytes.NewReader(data)
	out, err := cmd.Output()
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// packedSeeds are inputs for the fuzzer, one for each packer that is there.
func packedSeeds(f *testing.F) (seeds [][]byte) {
	for _, p := range packers {
		if _, err := exec.LookPath(p.command[0]); err == nil {
			seeds = append(seeds, packBy(f, p.command, makeTarOf(f, file{"a", "content"})))
		}
	}
	return seeds
}

// TestCompressed: each format gives its content, several streams behind each
// other are one, a tar in it is an archive; what is cut or changed is said, and
// what was unpacked before is there.
func TestCompressed(t *testing.T) {
	long := strings.Repeat(noise(1000), 1000) // compresses, and is longer than any buffer
	for _, p := range packers {
		t.Run(p.format, func(t *testing.T) {
			one, two := packBy(t, p.command, []byte("one")), packBy(t, p.command, []byte("two"))
			for _, tt := range []struct {
				name string
				data []byte
				want []string
			}{
				{"content", one, []string{p.format, `archive.gz = "one"`}},
				{"two streams", append(bytes.Clone(one), two...), []string{p.format, `archive.gz = "onetwo"`}},
				{"large", packBy(t, p.command, []byte(long)), []string{p.format, "archive.gz = 1000000 bytes"}},
				{"tar", packBy(t, p.command, makeTarOf(t, file{"b", "second"}, file{"a", "first"})), []string{"tar." + p.suffix, `a = "first"`, `b = "second"`}},
			} {
				want := tt.want
				if p.format == "gzip" { // the name that it has here loses its ending
					want = strings.Split(strings.ReplaceAll(strings.Join(want, "\n"), "archive.gz", "archive"), "\n")
				}
				if diff := cmp.Diff(want, list(t, DefaultLimits(), tt.data)); diff != "" {
					t.Errorf("%s: -want +got:\n%s", tt.name, diff)
				}
			}
			packed := packBy(t, p.command, []byte(noise(200_000)))
			cut := strings.Join(list(t, DefaultLimits(), packed[:len(packed)*3/4]), "\n")
			if !strings.Contains(cut, "too early") && !strings.Contains(cut, "truncated or corrupt") {
				t.Errorf("a cut file is listed as %q", cut)
			}
			packed[len(packed)/2] ^= 0x55
			changed := strings.Join(list(t, DefaultLimits(), packed), "\n")
			if !strings.Contains(changed, " | ") {
				t.Errorf("a changed file is listed as %q", changed)
			}
			if !strings.Contains(cut, "archive") || p.format != "bzip2" && !strings.Contains(cut, " bytes") {
				t.Errorf("nothing is left of a cut file: %q", cut)
			}
		})
	}
}

// TestDictionaries: a file that asks for gigabytes of memory is refused at once.
func TestDictionaries(t *testing.T) {
	for name, data := range map[string][]byte{"xz": hungryXZ(), "zstd": hungryZstd()} {
		got := strings.Join(list(t, DefaultLimits(), data), "\n")
		if !strings.Contains(got, "dictionary of more than 268,435,456 bytes") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// hungryXZ is an xz file (the .xz file format, sections 2.1.1, 3.1) whose one
// block asks for a dictionary of 4 GiB - 1.
func hungryXZ() []byte {
	crc := func(b []byte) []byte { return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b)) }
	stream := append([]byte("\xfd7zXZ\x00"), crc([]byte{0, 1})...)
	block := crc([]byte{2, 0, 0x21, 1, 40, 0, 0, 0})
	return append(append(stream, block...), make([]byte, 64)...)
}

// hungryZstd is a frame (RFC 8878, 3.1.1.1) with a window of 2 GiB.
func hungryZstd() []byte {
	return append([]byte("\x28\xb5\x2f\xfd\x00"), 21<<3, 1, 0, 0)
}

// TestPadding: what may stand before, between and behind streams.
func TestPadding(t *testing.T) {
	skip := "\x52\x2a\x4d\x18\x05\x00\x00\x00other"
	zeros := string(make([]byte, 8))
	zstd, xz := string(packBy(t, []string{"zstd", "-c"}, []byte("one"))), string(packBy(t, []string{"xz", "-c"}, []byte("one")))
	for _, tt := range []struct {
		data string
		want []string
	}{
		{skip + skip + zstd + skip + zstd, []string{"zstd", `archive.gz = "oneone"`}},
		{skip + "other", []string{""}},
		{xz + zeros + xz, []string{"xz", `archive.gz = "oneone"`}},
		{xz + zeros, []string{"xz", `archive.gz = "one"`}},
	} {
		if diff := cmp.Diff(tt.want, list(t, DefaultLimits(), []byte(tt.data))); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

func ExampleSniff() {
	fmt.Println(Sniff([]byte("\xfd7zXZ\x00")), Sniff([]byte("7z\xbc\xaf\x27\x1c")))
	// Output: xz 7z
}
