package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/rules/jsonschema/jsonschematest"
	"github.com/vsswhy/vsswhy/rules/report"
)

var validLine = jsonschematest.Validator(report.BundleSchema)

// batchStore is a folder with bundles of all kinds: whole, damaged, empty, folders.
func batchStore(t *testing.T) string {
	t.Helper()
	dir := copyOf(t, "csv-two-nodes", "iscsi-likely", "restore-confirmed", "lookalike-2012r2", "guest-backup-likely", "normal-backup")
	whole, err := os.ReadFile(filepath.Join(dir, "csv-two-nodes.zip"))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"cut.zip": whole[:len(whole)/2], "empty.evtx": nil, "noise.bin": bytes.Repeat([]byte("noise"), 100), "folder/customer.zip": whole, "=cmd.zip": whole,
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestBatch: each bundle's report is that of a scan of it alone; and with --cases,
// that of a case that can be opened.
func TestBatch(t *testing.T) {
	store := batchStore(t)
	out, kept := filepath.Join(t.TempDir(), "out"), filepath.Join(t.TempDir(), "kept")
	text := mustRun(t, exitIncomplete, "batch", "--out", out, store)
	if !strings.HasPrefix(text, "11 bundles, ") {
		t.Error(text)
	}
	for _, b := range batchLines(t, out) {
		if name := filepath.Base(b.Bundle); name == "noise.bin" { // it was not named
			if r := reportOf(t, out, b); !b.Complete || len(r.Skipped) != 1 || len(r.Errors) > 0 {
				t.Errorf("what is no log: complete %v, %d skipped, errors %v", b.Complete, len(r.Skipped), r.Errors)
			}
			continue
		}
		alone, _, _ := runAny(t, "scan", "--format", "json", b.Bundle)
		if diff := cmp.Diff(parse(t, alone), reportOf(t, out, b), comparable()); diff != "" {
			t.Errorf("%s: %s", b.Bundle, diff)
		}
	}
	mustRun(t, exitIncomplete, "batch", "--out", kept, "--cases", store)
	for _, b := range batchLines(t, kept) {
		fromCase, _, _ := runAny(t, "report", "--format", "json", filepath.Join(kept, b.Case))
		if diff := cmp.Diff(parse(t, fromCase), reportOf(t, kept, b), comparable()); diff != "" {
			t.Errorf("case of %s: %s", b.Bundle, diff)
		}
	}
}

// reportOf is the report of a bundle, in its JSON form.
func reportOf(t *testing.T, out string, b *report.Bundle) *report.Report {
	t.Helper()
	if len(b.Files) == 0 {
		t.Fatalf("%s has no report", b.Bundle)
	}
	text, err := os.ReadFile(filepath.Join(out, b.Files[0]))
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(text))
}

// TestBatchKilled: a run that is killed again and again, and resumed, has in the end
// what an undisturbed one has, to the byte.
func TestBatchKilled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("nothing is killed by a signal here")
	}
	store := batchStore(t)
	args := []string{"batch", "--jobs", "2", store, "--out"}
	undisturbed := runBatch(t, append(args, t.TempDir()), 0)
	for _, seed := range []uint64{1, 2, 3} {
		out := t.TempDir()
		rnd := rand.New(rand.NewPCG(seed, 0))
		for range 6 {
			runBatch(t, append(args, out, "--resume"), time.Duration(rnd.IntN(120)+1)*time.Millisecond)
		}
		if diff := cmp.Diff(undisturbed, runBatch(t, append(args, out, "--resume"), 0)); diff != "" {
			t.Errorf("seed %d: %s", seed, diff)
		}
	}
}

// runBatch runs a batch, kills it after a time unless that is 0, and returns what its
// files have.
func runBatch(t *testing.T, args []string, killAfter time.Duration) map[string]string {
	t.Helper()
	cmd := vsswhy(t, args...)
	var trouble bytes.Buffer
	cmd.Stderr = &trouble
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if killAfter > 0 {
		timer := time.AfterFunc(killAfter, func() { cmd.Process.Kill() })
		defer timer.Stop()
	}
	cmd.Wait()
	if killAfter > 0 {
		return nil
	}
	if code := cmd.ProcessState.ExitCode(); code != exitIncomplete {
		t.Fatalf("exit code %d: %s", code, &trouble)
	}
	out := args[5]
	files := map[string]string{}
	for _, pattern := range []string{summaryFile, "summary.csv", "index.html", "reports/*"} {
		names, _ := filepath.Glob(filepath.Join(out, pattern))
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			rel, _ := filepath.Rel(out, name)
			files[rel] = string(text)
		}
	}
	if len(files) != 3+2*11 { // each bundle has two
		t.Errorf("%d files", len(files))
	}
	return files
}

// TestBatchDiskFull: where the disk fills up the program says so and leaves nothing
// half-written; once there is room the run goes on.
func TestBatchDiskFull(t *testing.T) {
	out := t.TempDir()
	if text, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=192k", "tmpfs", out).CombinedOutput(); err != nil {
		t.Skipf("no small file system can be mounted: %v, %s", err, text)
	}
	defer exec.Command("umount", out).Run()
	store := batchStore(t)
	_, stderr, code := runAny(t, "batch", "--jobs", "1", "--out", out, "--format", "json", store)
	if code != exitUsage || !strings.Contains(stderr, ".json could not be written: no space left") || !strings.Contains(stderr, "--resume goes on") {
		t.Error(code, stderr)
	}
	names, _ := filepath.Glob(filepath.Join(out, "reports", "*"))
	hidden, _ := filepath.Glob(filepath.Join(out, "reports", ".*"))
	for _, name := range append(names, hidden...) {
		text, err := os.ReadFile(name)
		if err != nil || !json.Valid(text) {
			t.Errorf("%s is half-written: %v", name, err)
		}
	}
	if len(names) == 0 {
		t.Error("nothing was done before the disk was full")
	}
	if text, err := exec.Command("mount", "-o", "remount,size=8m", out).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	mustRun(t, exitIncomplete, "batch", "--jobs", "1", "--out", out, "--format", "json", "--resume", store)
	if lines := batchLines(t, out); len(lines) != 11 {
		t.Errorf("%d lines", len(lines))
	}
}

// runAny runs the program, whatever becomes of it.
func runAny(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, trouble bytes.Buffer
	cmd := vsswhy(t, args...)
	cmd.Stdout, cmd.Stderr = &out, &trouble
	cmd.Run()
	return out.String(), trouble.String(), cmd.ProcessState.ExitCode()
}

// batchLines are the lines of the summary, each as its schema says.
func batchLines(t *testing.T, dir string) []*report.Bundle {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, summaryFile))
	if err != nil {
		t.Fatal(err)
	}
	var list []*report.Bundle
	for line := range strings.Lines(string(text)) {
		b := &report.Bundle{}
		if err := json.Unmarshal([]byte(line), b); err != nil {
			t.Fatal(err)
		}
		if err := validLine(line); err != nil {
			t.Errorf("%s is not as the schema says: %v", b.Bundle, err)
		}
		list = append(list, b)
	}
	return list
}

// TestBatchRedact: nothing that a batch writes with --redact has a name in it, but for
// the journal and the cases, which stay with the engineer.
func TestBatchRedact(t *testing.T) {
	store := batchStore(t)
	out := filepath.Join(t.TempDir(), "out")
	stdout := mustRun(t, exitIncomplete, "batch", "--out", out, "--redact", "--cases", "--format", "json,html,md,text,csv,jsonl,ecs", store, filepath.Join(store, "missing-acme.zip"))
	files := map[string]string{"standard output": stdout}
	filepath.WalkDir(out, func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil || d.Name() == batchCases:
			return filepath.SkipDir
		case d.Type().IsRegular() && d.Name() != journalFile:
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files[path[len(out):]] = path[len(out):] + "\n" + string(text)
		}
		return nil
	})
	if len(files) < 11*7 {
		t.Fatalf("%d files", len(files))
	}
	names := []string{"missing-acme", "csv-two-nodes", "iscsi-likely", "customer.zip", filepath.ToSlash(store)}
	for _, bundle := range []string{"csv-two-nodes.zip", "iscsi-likely.zip", "restore-confirmed.zip", "guest-backup-likely.zip"} {
		text, _, _ := runAny(t, "scan", "--format", "json", filepath.Join(store, bundle))
		names = append(names, namesIn(t, text)...)
	}
	own := append(strings.Split(strings.ToLower(filepath.ToSlash(os.TempDir())), "/"), "001") // the test's own folder
	names = slices.DeleteFunc(names, func(n string) bool { return slices.Contains(own, strings.ToLower(n)) })
	for name, text := range files {
		text = strings.ToLower(text)
		for _, n := range names {
			if strings.Contains(text, strings.ToLower(n)) {
				t.Errorf("%s has %q", name, n)
			}
		}
	}
	journal, err := os.ReadFile(filepath.Join(out, journalFile))
	if err != nil || !strings.Contains(string(journal), "csv-two-nodes.zip") {
		t.Errorf("the journal does not tell which bundle is which: %v", err)
	}
	again := mustRun(t, exitIncomplete, "batch", "--out", out, "--redact", "--cases", "--format", "json,html,md,text,csv,jsonl,ecs", "--resume", store)
	if !strings.Contains(again, "; 11 read by an earlier run") {
		t.Error(again)
	}
}

// TestBatchChanged: a resumed run reads a folder again that has changed, also behind
// a link, and one in which something can be read now.
func TestBatchChanged(t *testing.T) {
	dir := copyOf(t, "csv-two-nodes", "iscsi-likely")
	customer, link := filepath.Join(dir, "customer"), filepath.Join(dir, "link")
	move := func(name string) {
		t.Helper()
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(customer, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(customer, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(customer, link); err != nil {
		t.Skip(err)
	}
	list, out := filepath.Join(dir, "list"), filepath.Join(dir, "out")
	if err := os.WriteFile(list, []byte(link), 0o600); err != nil {
		t.Fatal(err)
	}
	verdict := func(code int) string {
		t.Helper()
		mustRun(t, code, "batch", "--resume", "--out", out, "--files-from", list)
		return batchLines(t, out)[0].Verdict
	}
	move("iscsi-likely.zip")
	if v := verdict(exitDone); v != "likely" {
		t.Errorf("one bundle: %q", v)
	}
	move("csv-two-nodes.zip")
	if v := verdict(exitDone); v != "confirmed" {
		t.Errorf("another one behind the link: %q", v)
	}
	if os.Getuid() <= 0 {
		t.Skip("nothing is unreadable here")
	}
	locked := filepath.Join(customer, "csv-two-nodes.zip")
	os.Chmod(locked, 0)
	if v := verdict(exitIncomplete); v != "likely" {
		t.Errorf("unreadable: %q", v)
	}
	os.Chmod(locked, 0o600)
	if v := verdict(exitDone); v != "confirmed" {
		t.Errorf("readable again: %q", v)
	}
}

// TestBatchNames: bundles whose names are no UTF-8 are known again by a resumed run,
// and told apart.
func TestBatchNames(t *testing.T) {
	dir := copyOf(t, "normal-backup", "csv-likely")
	for from, to := range map[string]string{"normal-backup.zip": "caf\xe9.zip", "csv-likely.zip": "caf\xe8.zip"} {
		if err := os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)); err != nil {
			t.Skip(err)
		}
	}
	if names, err := filepath.Glob(filepath.Join(dir, "caf*")); err != nil || len(names) != 2 || !strings.HasSuffix(names[0], "\xe8.zip") {
		t.Skip("names are made UTF-8 here")
	}
	out := filepath.Join(t.TempDir(), "out")
	mustRun(t, exitDone, "batch", "--out", out, dir)
	text := mustRun(t, exitDone, "batch", "--resume", "--out", out, dir)
	if !strings.Contains(text, "2 read by an earlier run") || !strings.Contains(text, `caf\xe8.zip`) || !strings.Contains(text, `caf\xe9.zip`) {
		t.Error(text)
	}
	for _, b := range batchLines(t, out) {
		reportOf(t, out, b)
	}
}

// TestBatchListUTF16: PowerShell's > and Out-File write lists so.
func TestBatchListUTF16(t *testing.T) {
	dir := copyOf(t, "normal-backup")
	text := "\xff\xfe"
	for _, r := range filepath.Join(dir, "normal-backup.zip") + "\r\n" {
		text += string([]byte{byte(r), byte(r >> 8)})
	}
	list := filepath.Join(dir, "list.txt")
	if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	mustRun(t, exitDone, "batch", "--out", filepath.Join(dir, "out"), "--files-from", list)
}

// TestBatchLockedFolder: a folder that can't be listed stops none of the others.
func TestBatchLockedFolder(t *testing.T) {
	if os.Getuid() <= 0 {
		t.Skip("nothing is unreadable here")
	}
	dir := copyOf(t, "csv-two-nodes")
	locked, out := filepath.Join(dir, "locked"), filepath.Join(dir, "out")
	if err := os.Mkdir(locked, 0); err != nil {
		t.Fatal(err)
	}
	mustRun(t, exitIncomplete, "batch", "--out", out, locked, filepath.Join(dir, "csv-two-nodes.zip"))
	lines := batchLines(t, out)
	if len(lines) != 2 || len(lines[0].Errors) != 1 || lines[1].Verdict != "confirmed" {
		t.Errorf("%+v", lines)
	}
}

// TestBatchNotKept: a bundle whose case could not be kept is not done, though its
// report is there.
func TestBatchNotKept(t *testing.T) {
	dir := copyOf(t, "normal-backup")
	bundle, out := filepath.Join(dir, "normal-backup.zip"), filepath.Join(dir, "out")
	mustRun(t, exitDone, "batch", "--out", out, "--format", "json", bundle)
	name := strings.TrimSuffix(filepath.Base(batchLines(t, out)[0].Files[0]), ".json")
	kept := filepath.Join(out, "cases", name+".vsswhy")
	if err := os.MkdirAll(filepath.Join(kept, "schema.json"), 0o700); err != nil { // in the way of the case's own
		t.Fatal(err)
	}
	args := []string{"batch", "--resume", "--cases", "--out", out, "--format", "json", bundle}
	mustRun(t, exitIncomplete, args...)
	if errs := batchLines(t, out)[0].Errors; len(errs) != 1 || !strings.Contains(errs[0], "could not be kept") {
		t.Fatal(errs)
	}
	os.Remove(filepath.Join(kept, "schema.json"))
	mustRun(t, exitDone, args...)
	mustRun(t, exitDone, "verify", kept)
}
