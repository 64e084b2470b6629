package archive

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEncryptedZip: zips that zip and 7z encrypted by each of their ciphers are
// read with their password, and say what to do without it.
func TestEncryptedZip(t *testing.T) {
	files := []file{{"a", strings.Repeat("one ", 100)}, {"b", noise(5000)}, {"empty", ""}}
	for _, tt := range []struct{ cipher, tool, args string }{
		{"ZipCrypto", "zip", "-q -P secret o.zip a b empty"},
		{"ZipCrypto", "zip", "-q -0 -P secret o.zip a b empty"},
		{"ZipCrypto", "zip", "-q -fd -P secret o.zip a b empty"}, // with data descriptors
		{"ZipCrypto", "7z", "a -mem=ZipCrypto -psecret o.zip a b empty"},
		{"AES", "7z", "a -mem=AES128 -psecret o.zip a b empty"},
		{"AES", "7z", "a -mem=AES192 -psecret o.zip a b empty"},
		{"AES", "7z", "a -mem=AES256 -psecret o.zip a b empty"},
		{"AES", "7z", "a -mem=AES256 -mm=Copy -psecret o.zip a b empty"},
		{"AES", "7z", "a -mem=AES256 -mm=Deflate64 -psecret o.zip a b empty"},
	} {
		t.Run(tt.tool+" "+tt.args, func(t *testing.T) {
			data := pack(t, files, "o.zip", tt.tool, strings.Fields(tt.args)...)
			all := []string{"zip", "a = 400 bytes", "b = 5000 bytes", `empty = ""`}
			for _, passwords := range [][]string{{"secret"}, {"Secret", "", "secret"}} {
				if diff := cmp.Diff(all, list(t, DefaultLimits(), data, passwords...)); diff != "" {
					t.Errorf("%q: %s", passwords, diff)
				}
			}
			// Its directory cut off, the members are found by their headers, in which
			// zip states no sizes.
			cut := list(t, DefaultLimits(), data[:len(data)-30], "secret")
			if tt.tool != "zip" && !cmp.Equal(cut[1:], all[1:]) {
				t.Errorf("without a directory: %q", cut)
			}
			got := list(t, DefaultLimits(), data)
			if want := "a | encrypted true: encrypted (" + tt.cipher + "): give its password with --password"; got[1] != want {
				t.Errorf("no password: %q", got)
			}
			var wrong []string // enough of them for one to fit ZipCrypto's one byte
			for i := range 600 {
				wrong = append(wrong, strings.Repeat("x", i))
			}
			if tt.cipher == "AES" {
				wrong = wrong[:20]
			}
			got = list(t, DefaultLimits(), data, wrong...)
			if want := `a = "" | encrypted (` + tt.cipher + "), and not with a password that was given with --password, or it is damaged"; got[1] != want {
				t.Errorf("wrong passwords: %q", got)
			}
			data[200] ^= 1 // in the data of a or b
			got = list(t, DefaultLimits(), data, "secret")
			if !strings.Contains(strings.Join(got, "\n"), " | ") {
				t.Errorf("damage is not said: %q", got)
			}
		})
	}
}

// TestPasswordSpelling: a password with letters that ASCII lacks is in a zip as the
// program wrote it.
func TestPasswordSpelling(t *testing.T) {
	files := []file{{"a", strings.Repeat("one ", 100)}}
	for _, spelling := range []string{"Müller", "M\xfcller", "M\x81ller"} { // UTF-8, and of Windows and the console in Germany
		data := pack(t, files, "o.zip", "zip", "-q", "-P", spelling, "o.zip", "a")
		if diff := cmp.Diff([]string{"zip", "a = 400 bytes"}, list(t, DefaultLimits(), data, "secret", "Müller")); diff != "" {
			t.Errorf("%q: %s", spelling, diff)
		}
	}
}

// TestEncryptedZipCode: content of AE-2 has no checksum, so its authentication
// code must be looked at, though deflate ends before it.
func TestEncryptedZipCode(t *testing.T) {
	data := pack(t, []file{{"a", "x"}}, "o.zip", "7z", "a", "-mem=AES256", "-psecret", "o.zip", "a")
	code := bytes.Index(data, []byte("PK\x01\x02")) - 1
	data[code] ^= 1
	want := []string{"zip", `a = "x" | the encrypted content does not match its authentication code`}
	if diff := cmp.Diff(want, list(t, DefaultLimits(), data, "secret")); diff != "" {
		t.Error(diff)
	}
}

func FuzzEncryptedZip(f *testing.F) {
	files := []file{{"a", "content"}, {"b", noise(300)}}
	f.Add(pack(f, files, "o.zip", "zip", "-q", "-P", "secret", "o.zip", "a", "b"))
	f.Add(pack(f, files, "o.zip", "7z", "a", "-mem=AES256", "-psecret", "o.zip", "a", "b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		checkArchive(t, "zip", inMemory(data), "wrong", "secret")
	})
}
