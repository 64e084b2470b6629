package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDevicesStay: what is written to a device goes there, and does not take its
// place.
func TestDevicesStay(t *testing.T) {
	before, err := os.Stat(os.DevNull)
	if err != nil || before.Mode().IsRegular() {
		t.Skipf("no device %s: %v", os.DevNull, err)
	}
	err = writeWhole(os.DevNull, nil, func(w io.Writer) error {
		_, err := io.WriteString(w, "report")
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if after, err := os.Stat(os.DevNull); err != nil || after.Mode() != before.Mode() {
		t.Errorf("%v, was %v; %v", after.Mode(), before.Mode(), err)
	}
}

// TestFullDevice: output that can't be written is an error of every command.
func TestFullDevice(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip(err)
	}
	bundle := filepath.Join(copyOf(t, "csv-likely"), "csv-likely.zip")
	for _, args := range [][]string{
		{"scan", bundle}, {"events", bundle}, {"collect", bundle}, {"code", "VSS/8229"}, {"code", "0x800423f4"}, {"config"}, {"man"}, {"version"}, {"schema", "report"},
		{"rules", "list"}, {"rules", "explain", "kb975354-1"}, {"rules", "schema"}, {"rules", "test"}, {"rules", "coverage", bundle},
	} {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Skip(err)
		}
		var stderr bytes.Buffer
		if code := run(args, strings.NewReader(""), full, &stderr); code != exitUsage || !strings.Contains(stderr.String(), "no space left") {
			t.Errorf("%v: exit code %d, %q", args, code, stderr.String())
		}
		full.Close()
	}
}

// TestTroubleIsClean: no name of a file makes a terminal do something.
func TestTroubleIsClean(t *testing.T) {
	t.Chdir(t.TempDir()) // where a case is made
	name := "bad\x1b[31m\a.zip"
	for _, args := range [][]string{{name}, {"scan", name}, {"report", name}, {"--config", name, "scan", name}, {"--rules-dir", name, "scan", name}, {"batch", "--out", t.TempDir(), "--files-from", name}} {
		var stdout, stderr bytes.Buffer
		run(args, strings.NewReader(""), &stdout, &stderr)
		if i := strings.IndexAny(stdout.String()+stderr.String(), "\x1b\a"); i >= 0 {
			t.Errorf("%q: %q", args, stdout.String()+stderr.String())
		}
	}
}

// TestInputStays: no report takes the place of what was read.
func TestInputStays(t *testing.T) {
	dir := copyOf(t, "csv-likely")
	bundle := filepath.Join(dir, "csv-likely.zip")
	before, err := os.ReadFile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"scan"}, {"events"}, {"events", "--format", "parquet"}, {"collect"}} {
		mustRun(t, exitUsage, append(args, bundle, "-o", filepath.Join(dir, ".", "csv-likely.zip"))...)
		if after, err := os.ReadFile(bundle); err != nil || !bytes.Equal(before, after) {
			t.Fatalf("%v wrote to its input: %v", args, err)
		}
	}
}

// TestLinksStay: what is written to a link goes where that leads.
func TestLinksStay(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "march.txt"), filepath.Join(dir, "latest.txt")
	if err := os.WriteFile(target, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Skip(err)
	}
	err := writeWhole(link, nil, func(w io.Writer) error {
		_, err := io.WriteString(w, "new")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(target); string(text) != "new" {
		t.Errorf("%q, %v", text, err)
	}
}
