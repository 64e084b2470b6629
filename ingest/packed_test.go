package ingest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// packed has the shell pack the folder that it runs in into $OUT, and returns
// the archive.
func packed(tb testing.TB, files tree, tool, command string) string {
	tb.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		tb.Skipf("no %s (Debian packages p7zip-full, zip, bzip2, xz-utils, zstd)", tool)
	}
	out := filepath.Join(tb.TempDir(), "out")
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = files.folder(tb)
	cmd.Env = append(os.Environ(), "OUT="+out)
	if text, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%s: %v: %s", command, err, text)
	}
	data, err := os.ReadFile(out)
	check(tb, err)
	return string(data)
}

// TestSameSourcesPacked is TestSameSources for what other people's programs pack.
func TestSameSourcesPacked(t *testing.T) {
	for _, c := range []struct{ name, tool, command, container string }{
		{"7z", "7z", "7z a -t7z $OUT . && mv $OUT* $OUT", "7z"},
		{"7z, PPMd, not solid", "7z", "7z a -t7z -m0=PPMd -ms=off $OUT . && mv $OUT* $OUT", "7z"},
		{"7z, encrypted", "7z", "7z a -t7z -psecret $OUT . && mv $OUT* $OUT", "7z"},
		{"7z, encrypted, with its names", "7z", "7z a -t7z -psecret -mhe=on $OUT . && mv $OUT* $OUT", "7z"},
		{"zip, AES", "7z", "7z a -tzip -mem=AES256 -psecret $OUT . && mv $OUT* $OUT", "zip"},
		{"zip, ZipCrypto", "zip", "zip -q -r -P secret $OUT . && mv $OUT* $OUT", "zip"},
		{"tar.bz2", "bzip2", "tar -cjf $OUT .", "tar.bz2"},
		{"tar.xz", "xz", "tar -cJf $OUT .", "tar.xz"},
		{"tar.zst", "zstd", "tar -c . | zstd -q >$OUT", "tar.zst"},
	} {
		t.Run("with", func(t *testing.T) {
			data := packed(t, bundle, c.tool, c.command)
			opt := Options{Passwords: []string{"wrong", "secret"}}
			checkBundle(t, c.name, write(t, "bundle", data), c.container, opt)
			checkBundle(t, c.name+" in zip in tar.gz", write(t, "o.tgz", gz(t, tree{{"m.zip", tree{{"i", data}}.zip(t)}}.tar(t))), c.container, opt)
		})
	}
}

// TestRecallLocked: what was found without a password does not stand for what is
// found with one; what was found with it stands, also without.
func TestRecallLocked(t *testing.T) {
	for name, command := range map[string]string{
		"zip":     "7z a -tzip -mem=AES256 -psecret $OUT . && mv $OUT* $OUT",
		"7z":      "7z a -t7z -psecret $OUT . && mv $OUT* $OUT",
		"7z, all": "7z a -t7z -psecret -mhe=on $OUT . && mv $OUT* $OUT",
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, "x", packed(t, bundle, "7z", command))
			shelf := newMemoryShelf()
			locked, _ := scanAgain(t, Options{Shelf: shelf}, Input{Path: path})
			shelf.files = record(locked.Sources)
			if len(locked.Messages) > 0 || !Locked(locked.Sources) {
				t.Fatalf("without a password: %+v", locked)
			}
			for _, s := range locked.Sources {
				for _, d := range s.Damage {
					if d.Kind != event.DamageEncrypted || !d.Lost || !strings.Contains(d.Detail, "--password") {
						t.Errorf("%s: %+v", s.Path, d)
					}
				}
			}
			open := Options{Shelf: shelf, Passwords: []string{"secret"}}
			unlocked, _ := scanAgain(t, open, Input{Path: path})
			if len(unlocked.Messages) != len(bundleMessages) || Locked(unlocked.Sources) {
				t.Fatalf("with a password: %+v", unlocked)
			}
			shelf.files = record(unlocked.Sources)
			for _, opt := range []Options{open, {Shelf: shelf}} {
				again, s := scanAgain(t, opt, Input{Path: path})
				if diff := cmp.Diff(unlocked, again, butRecalled); diff != "" {
					t.Errorf("again: %s", diff)
				}
				if n := s.run.Unpacked(); n > 0 {
					t.Errorf("%d bytes were unpacked again", n)
				}
			}
		})
	}
}

// TestBehindPacked: an archive behind something else is found in an archive, too,
// packed or not.
func TestBehindPacked(t *testing.T) {
	inner := tree{{"a.log", "LINES\na\n"}}.zip(t)
	files := tree{
		{"header.zip", "HTTP/1.1 200 OK\r\n\r\n" + inner},
		{"program.exe", "MZ" + strings.Repeat("x", 1000) + inner},
		{"real.exe", "MZ" + strings.Repeat("x", 1000)},
		{"text.txt", "text\n" + inner},
	}
	for name, data := range map[string]string{"x.zip": files.zip(t), "x.tgz": gz(t, files.tar(t))} {
		path := write(t, name, data)
		sources, messages := collect(t, Options{}, path)
		root := filepath.ToSlash(path)
		want := []string{root + "!/header.zip!/a.log: a", root + "!/program.exe!/a.log: a"}
		if diff := cmp.Diff(want, messages); diff != "" {
			t.Errorf("%s: %s %q", name, diff, briefs(sources, path))
		}
	}
}
