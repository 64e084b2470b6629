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
