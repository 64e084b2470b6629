package archive

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vsswhy/vsswhy/ingest/archive/cab/cabtest"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// A mutant is an archive to spoil.
type mutant struct {
	name     string
	data     []byte
	password string
	unsummed bool // the format has no checksums of content: what was changed there is not told
}

// mutants are archives of every format, made by other people's programs where
// there are any.
func mutants(t *testing.T, files []file) []mutant {
	var list []mutant
	add := func(name string, data []byte, password string, unsummed bool) {
		list = append(list, mutant{name, data, password, unsummed})
	}
	add("zip, stored", makeZip(t, zip.Store, files...), "", false)
	add("zip", makeZip(t, zip.Deflate, files...), "", false)
	tarred := makeTarOf(t, files...)
	add("tar", tarred, "", true)
	for _, p := range packers {
		add("tar."+p.suffix, packBy(t, p.command, tarred), "", false)
	}
	add("rar 4", makeRar4(files...), "", false)
	add("rar 5", makeRar5(files...), "", false)
	for _, method := range []uint16{cabtest.Stored, cabtest.MSZIP, cabtest.LZX15, 3 | 21<<8} {
		add(fmt.Sprintf("cab %#x", method), makeCab(method, files...).Bytes(), "", true) // its sums of 32 bits are made by XOR, and 0 is none
	}
	for _, method := range []string{"LZMA2", "LZMA", "PPMd", "BZip2", "Deflate", "Copy"} {
		add("7z "+method, sevenZip(t, files, "-m0="+method), "", false)
	}
	add("7z BCJ2", sevenZip(t, files, "-m0=BCJ2", "-m1=LZMA", "-m2=LZMA", "-m3=LZMA", "-mb0:1", "-mb0s1:2", "-mb0s2:3"), "", false)
	add("7z, encrypted", sevenZip(t, files, "-psecret", "-mhe=on"), "secret", false)
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.name
	}
	add("zip Deflate64", pack(t, files, "o.zip", "7z", append([]string{"a", "-mm=Deflate64", "o.zip"}, names...)...), "", false)
	add("zip AES", pack(t, files, "o.zip", "7z", append([]string{"a", "-mem=AES256", "-psecret", "o.zip"}, names...)...), "secret", false)
	add("zip ZipCrypto", pack(t, files, "o.zip", "zip", append([]string{"-q", "-P", "secret", "o.zip"}, names...)...), "secret", false)
	return list
}

// mutate changes up to six places of an archive, or cuts a part or the end off.
// Some places are where headers stand: at the start and at the end.
func mutate(r *rand.Rand, data []byte) []byte {
	data = bytes.Clone(data)
	switch r.IntN(12) {
	case 0:
		return data[:r.IntN(len(data))]
	case 1:
		i := r.IntN(len(data))
		return append(data[:i], data[min(len(data), i+r.IntN(100)):]...)
	}
	for range 1 + r.IntN(6) {
		at := r.IntN(len(data))
		switch r.IntN(6) {
		case 0:
			at = r.IntN(min(len(data), 64))
		case 1:
			at = len(data) - 1 - r.IntN(min(len(data), 256))
		}
		switch r.IntN(3) {
		case 0:
			data[at] ^= 1 << r.IntN(8)
		case 1:
			data[at] = byte(r.IntN(256))
		default:
			data[at] = []byte{0, 0xff, 0x7f, 0x80}[r.IntN(4)]
		}
	}
	return data
}

// mutations is how many archives are spoilt: by default so many as take little
// time.
func mutations(t *testing.T) int {
	if n, err := strconv.Atoi(os.Getenv("VSSWHY_MUTATIONS")); err == nil {
		return n
	}
	if testing.Short() {
		return 800
	}
	return 8000
}

// TestMutations spoils archives of every format. Whatever they are, reading them
// ends in little time and memory, what has a checksum is never taken for
// something else, and what is lost is said.
func TestMutations(t *testing.T) {
	if _, err := exec.LookPath("7z"); err != nil {
		t.Skip("no 7z (Debian package p7zip-full)")
	}
	files := []file{{"a/System.evtx", "ElfFile" + noise(2500)}, {"b.txt", strings.Repeat("abc", 900)}, {"c", noise(700)}}
	list := mutants(t, files)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range mutations(t) {
		m := &list[i%len(list)]
		data := mutate(r, m.data)
		if bytes.Equal(data, m.data) {
			continue
		}
		if err := readMutant(m, data, files); err != nil {
			t.Errorf("mutation %d of %s: %v", i, m.name, err)
		}
	}
}

// readMutant reads a spoilt archive, and says what is wrong with what was read.
func readMutant(m *mutant, data []byte, files []file) error {
	const slow, large = 5 * time.Second, 256 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	got := readArchiveOf(m, data)
	runtime.ReadMemStats(&after)
	if d := time.Since(start); d > slow {
		return fmt.Errorf("it took %v", d)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > large {
		return fmt.Errorf("it took %d MiB", n>>20)
	}
	whole := map[string]bool{}
	for _, f := range files {
		whole[f.data] = true
	}
	for _, content := range got.sound {
		if !whole[content] && !m.unsummed && !got.said {
			return fmt.Errorf("a member of %d bytes is taken for sound", len(content))
		}
	}
	if len(got.sound) < len(files) && !got.said {
		return fmt.Errorf("%d of %d members are there, and nothing says so", len(got.sound), len(files))
	}
	return nil
}

// A reading is what was read of an archive.
type reading struct {
	sound []string // contents that were read without an error
	said  bool     // something is said to be wrong
}

func readArchiveOf(m *mutant, data []byte) (got reading) {
	in := inMemory(data)
	head := data[:min(len(data), HeadBytes)]
	format := Sniff(head)
	if format == "" {
		format = Behind(in)
	}
	if format == "" {
		return reading{said: true} // it is no archive any more, and is reported as that
	}
	run := NewRun(DefaultLimits())
	defer run.Close()
	run.Passwords = []string{m.password}
	meter := run.Meter(context.Background(), int64(len(data)))
	a := run.Open(meter, format, "x", in, wanted)
	defer a.Close()
	got.said = a.Err != nil || len(a.Damage) > 0
	for i := range a.Members {
		got.member(meter, &a.Members[i])
	}
	return got
}

func (got *reading) member(meter *Meter, m *Member) {
	got.said = got.said || len(m.Damage) > 0 || m.Skipped != ""
	if !m.Readable() {
		return
	}
	content, err := readAll(meter, &m.Content)
	if err != nil {
		got.said = true
		return
	}
	for _, d := range m.Damage {
		if d.Kind != event.DamageSuspiciousName {
			return // what there is of it may be a part
		}
	}
	got.sound = append(got.sound, string(content))
}
