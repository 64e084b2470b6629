package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestInterrupted: ^C ends a scan of a large archive within a second, with what is
// known, marked incomplete, exit code 130, and nothing temporary left.
func TestInterrupted(t *testing.T) {
	if testing.Short() {
		t.Skip("packs some hundred MiB")
	}
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no way to send ^C to one process")
	}
	if _, err := exec.LookPath("tar"); err != nil {
		t.Skip("no tar")
	}
	dir := unpackedDeep(t, "csv-two-nodes")
	log, err := os.ReadFile(filepath.Join(dir, "NODE-A", "System.evtx"))
	if err != nil {
		t.Fatal(err)
	}
	writeRepeated(t, filepath.Join(dir, "zz.evtx"), log[:4096], log[4096:], 3000) // some 200 MB
	bundle := filepath.Join(t.TempDir(), "b.tgz")
	if out, err := exec.Command("tar", "-czf", bundle, "-C", dir, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	tmp := t.TempDir()
	cmd := vsswhy(t, "scan", "--format", "json", bundle)
	cmd.Env = append(cmd.Env, "TMPDIR="+tmp)
	var out, trouble bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &trouble
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); !spooling(tmp) && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
	}
	asked := time.Now()
	cmd.Process.Signal(os.Interrupt)
	cmd.Wait()
	if spent := time.Since(asked); spent > time.Second {
		t.Errorf("it took %v to end", spent)
	}
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d; %s", code, &trouble)
	}
	if r := parse(t, out.String()); r.Complete || len(r.Sources)+len(r.Errors) == 0 {
		t.Errorf("complete: %v, %d sources", r.Complete, len(r.Sources))
	}
	if left, _ := filepath.Glob(filepath.Join(tmp, "*")); len(left) > 0 {
		t.Errorf("left in the temporary folder: %s", strings.Join(left, ", "))
	}
}

// writeRepeated writes a header and then a part again and again.
func writeRepeated(t *testing.T, path string, header, part []byte, times int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.Write(header)
	for range times {
		if _, err := f.Write(part); err != nil {
			t.Fatal(err)
		}
	}
}

// spooling reports whether something temporary has been made.
func spooling(tmp string) bool {
	made, _ := filepath.Glob(filepath.Join(tmp, "*"))
	return len(made) > 0
}
