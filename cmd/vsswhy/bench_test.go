package main

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// inProcess runs the program on the real logs, as a whole but in this process, so
// that a profile can be had of it.
func inProcess(b *testing.B, args ...string) {
	b.Helper()
	if code := run(append(args, "--quiet"), nil, io.Discard, io.Discard); code != exitDone && code != exitIncomplete {
		b.Fatalf("%q ends with %d", args, code)
	}
}

// BenchmarkEvents lists all events of the real logs.
func BenchmarkEvents(b *testing.B) {
	logs := logsIn(b, realData(b))
	b.SetBytes(bytesIn(b, logs))
	for b.Loop() {
		inProcess(b, append([]string{"events", "--format", "jsonl"}, logs...)...)
	}
}

// BenchmarkBatch diagnoses each of the real logs, packed into an archive of its own.
func BenchmarkBatch(b *testing.B) {
	logs, dir := logsIn(b, realData(b)), b.TempDir()
	for i, log := range logs {
		zipLog(b, filepath.Join(dir, strconv.Itoa(i)+".zip"), log)
	}
	out := filepath.Join(b.TempDir(), "out")
	b.SetBytes(bytesIn(b, logs))
	for b.Loop() {
		os.RemoveAll(out)
		inProcess(b, "batch", "--out", out, dir)
	}
}

// BenchmarkScan diagnoses the real logs as one bundle.
func BenchmarkScan(b *testing.B) {
	logs := logsIn(b, realData(b))
	b.SetBytes(bytesIn(b, logs))
	for b.Loop() {
		inProcess(b, append([]string{"scan", "--format", "json"}, logs...)...)
	}
}

func logsIn(b *testing.B, dir string) []string {
	b.Helper()
	logs, err := filepath.Glob(filepath.Join(dir, "*", "*.evtx"))
	if err != nil {
		b.Fatal(err)
	}
	return logs
}

func bytesIn(b *testing.B, files []string) (size int64) {
	b.Helper()
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			b.Fatal(err)
		}
		size += info.Size()
	}
	return size
}

func zipLog(b *testing.B, path, log string) {
	b.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		b.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	w := zip.NewWriter(f)
	m, err := w.Create(filepath.Base(log))
	if err == nil {
		_, err = m.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		b.Fatal(err)
	}
}
