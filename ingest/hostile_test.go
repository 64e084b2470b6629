package ingest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/archive"
)

// Links are not followed, and what is no file is not opened.
func TestSpecialFiles(t *testing.T) {
	dir := tree{{"a/x.log", "LINES\nx\n"}}.folder(t)
	outside := tree{{"secret.log", "LINES\ns\n"}}.folder(t)
	for link, to := range map[string]string{"loop": ".", "a/up": "..", "out": outside, "out.log": filepath.Join(outside, "secret.log"), "dead": "nowhere"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Skip("needs symbolic links: ", err)
		}
	}
	want := []string{
		"a/up | is a symbolic link", "a/x.log | lines", "dead | is a symbolic link", "loop | is a symbolic link",
		"out | is a symbolic link", "out.log | is a symbolic link",
	}
	if err := exec.Command("mkfifo", filepath.Join(dir, "pipe")).Run(); err == nil {
		want = append(want, "pipe | is a named pipe")
		named, _ := collect(t, Options{}, filepath.Join(dir, "pipe"))
		if diff := cmp.Diff([]string{"pipe | is a named pipe, and no file"}, briefs(named, dir)); diff != "" {
			t.Error(diff)
		}
	}
	sources, _ := collect(t, Options{}, dir)
	if diff := cmp.Diff(want, briefs(sources, dir)); diff != "" {
		t.Error(diff)
	}
	// A link that is named is what it leads to.
	sources, _ = collect(t, Options{}, filepath.Join(dir, "out.log"), filepath.Join(dir, "out"), filepath.Join(dir, "dead"))
	want = []string{"out.log | lines", "out/secret.log | lines", "dead | no such file or folder"}
	if diff := cmp.Diff(want, briefs(sources, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestUnreadable(t *testing.T) {
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("needs permissions that hold for this user")
	}
	dir := tree{{"a/x.log", "LINES\nx\n"}, {"b.log", "LINES\n"}, {"c.log", "LINES\n"}}.folder(t)
	check(t, os.Chmod(filepath.Join(dir, "a"), 0))
	check(t, os.Chmod(filepath.Join(dir, "b.log"), 0))
	defer os.Chmod(filepath.Join(dir, "a"), 0o755)
	sources, _ := collect(t, Options{}, dir)
	want := []string{"a | permission denied", "b.log | permission denied", "c.log | lines"}
	if diff := cmp.Diff(want, briefs(sources, dir)); diff != "" {
		t.Error(diff)
	}
}

// Damage of a member goes to its source, and what could be read is used.
func TestDamagedMembers(t *testing.T) {
	log := "LINES\n" + strings.Repeat("0123456789abcdef\n", 5000)
	tarred := tree{{"a", log}, {"b", log}}.tar(t)
	zipped := []byte(tree{{"a", log}}.zip(t))
	zipped[bytes.Index(zipped, []byte("PK\x01\x02"))+16] ^= 1 // the checksum
	for _, c := range []struct {
		name, data string
		want       []string
	}{
		{"x.tar", tarred[:len(tarred)-60000], []string{
			"x.tar | tar | truncated true: the tar ends too early", "x.tar!/a | lines",
			"x.tar!/b | lines | truncated true: ends after 26,528 of 85,006 bytes"}},
		{"x.tgz", gz(t, tarred)[:400], []string{
			"x.tgz | tar.gz | truncated true: klauspost/compress/gzip: the compressed data ends too early",
			"x.tgz!/a | lines",
			"x.tgz!/b | lines | truncated true: klauspost/compress/gzip: the compressed data ends too early"}},
		{"x.zip", string(zipped), []string{
			"x.zip | zip", "x.zip!/a | lines | archive false: the content does not match its checksum (crc32 98f27fb8, stated 98f27fb9)"}},
	} {
		sources, messages := collect(t, Options{}, write(t, c.name, c.data))
		got := briefs(sources, filepath.ToSlash(filepath.Dir(sources[0].Path)))
		if sum := fmt.Sprintf("%x", sha256.Sum256([]byte(c.data))); sources[0].SHA256 != sum {
			t.Errorf("%s: hash %q, want %q", got[0], sources[0].SHA256, sum)
		}
		for i, s := range sources[1:] {
			if s.SHA256 == "" != (s.Lost() || s.Records == 0) {
				t.Errorf("%s: hash %q", got[1+i], s.SHA256)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Error(diff)
		}
		if len(messages) < 1000 {
			t.Errorf("%s: %d events", c.name, len(messages))
		}
	}
}

// A bomb of zips in zips costs what its limits say.
func TestNestedBomb(t *testing.T) {
	inner := tree{{"0.dll", strings.Repeat("\x00", 64<<20)}}.zip(t)
	for range 5 {
		var level tree
		for i := range 16 {
			level = append(level, struct{ name, data string }{fmt.Sprint(i), inner})
		}
		inner = level.zip(t)
	}
	limits := archive.DefaultLimits()
	limits.Entries = 5000
	start := time.Now()
	sources, _ := collect(t, Options{Limits: limits}, write(t, "bomb.zip", inner))
	lost := 0
	for _, s := range sources {
		if s.Lost() {
			lost++
		}
	}
	if d := time.Since(start); lost == 0 || len(sources) > 6000 || d > 10*time.Second {
		t.Errorf("%d sources, %d of them lost something, %v", len(sources), lost, d)
	}
}

// Many files in many archives are read with few descriptors.
func TestDescriptors(t *testing.T) {
	if os.Getenv("VSSWHY_DESCRIPTORS") == "" {
		if _, err := exec.LookPath("sh"); err != nil {
			t.Skip("needs a shell")
		}
		cmd := exec.Command("sh", "-c", `ulimit -n 64 && exec "$0" -test.run '^TestDescriptors$'`, os.Args[0])
		cmd.Env = append(os.Environ(), "VSSWHY_DESCRIPTORS=1", "GOMAXPROCS=8")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return
	}
	var files tree
	for i := range 200 {
		var members tree
		for j := range 25 {
			members = append(members, struct{ name, data string }{fmt.Sprint(j), "LINES\nx\n"})
		}
		data := members.zip(t)
		if i%2 == 0 {
			data = tree{{"i.zip", data}}.tar(t)
		}
		if i%3 == 0 {
			data = gz(t, data)
		}
		files = append(files, struct{ name, data string }{fmt.Sprint("a", i), data})
	}
	limits := archive.DefaultLimits()
	limits.Memory = 0
	sources, messages := collect(t, Options{Limits: limits}, files.folder(t))
	for _, s := range sources {
		if s.Lost() {
			t.Fatalf("%+v", s)
		}
	}
	if len(messages) != 5000 {
		t.Errorf("%d events", len(messages))
	}
}

// A hash that is known is not computed again, neither of a log nor of an archive.
func TestKnownHash(t *testing.T) {
	log := "LINES\nfirst\n"
	for name, data := range map[string]string{"x.log": log, "x.zip": tree{{"a", log}}.zip(t)} {
		s := newScan([]Input{{Path: write(t, name, data), SHA256: "known"}}, Options{})
		s.formats = lineLog
		sources, _ := collectScan(t.Context(), s)
		if got := sources[0].SHA256; got != "known" {
			t.Errorf("%s: hash %q", name, got)
		}
	}
}
