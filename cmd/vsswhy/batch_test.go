package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBatch: each bundle's report is that of a scan of it alone, whatever the
// number of jobs; and a line that was cut when the program was killed costs no
// other.
func TestBatch(t *testing.T) {
	dir := copyOf(t, "csv-two-nodes", "iscsi-likely", "restore-confirmed", "lookalike-2012r2", "guest-backup-likely", "normal-backup")
	bundles, _ := filepath.Glob(filepath.Join(dir, "*.zip"))
	var sums []string
	for _, jobs := range []string{"1", "4"} {
		out := filepath.Join(dir, "out"+jobs)
		sums = append(sums, mustRun(t, 0, append([]string{"batch", "-o", out, "--jobs", jobs}, bundles...)...))
		for _, row := range batchRows(t, out) {
			text, err := os.ReadFile(filepath.Join(out, row.Report))
			if err != nil {
				t.Fatal(err)
			}
			alone := parse(t, mustRun(t, 0, "scan", "--format", "json", row.Bundle))
			if diff := cmp.Diff(alone, parse(t, string(text)), comparable()); diff != "" {
				t.Errorf("%s, %s jobs: %s", row.Bundle, jobs, diff)
			}
		}
	}
	if sums[0] != sums[1] || !strings.Contains(sums[0], "6 bundles, 6 read whole") {
		t.Errorf("one job:\n%s\nfour:\n%s", sums[0], sums[1])
	}

	out := filepath.Join(dir, "out1")
	name := filepath.Join(out, batchFile)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, text[:len(text)-20], 0o600); err != nil {
		t.Fatal(err)
	}
	again := mustRun(t, 0, append([]string{"batch", "-o", out, "--resume"}, bundles...)...)
	if !strings.Contains(again, "6 bundles, 6 read whole, 5 by an earlier run") {
		t.Error(again)
	}
	if n := len(batchRows(t, out)); n != 6 {
		t.Errorf("%d rows", n)
	}
}

// batchRows are the last line of each bundle.
func batchRows(t *testing.T, dir string) map[string]*batchRow {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, batchFile))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]*batchRow{}
	for line := range strings.Lines(string(text)) {
		row := &batchRow{}
		if json.Unmarshal([]byte(line), row) == nil {
			rows[row.Bundle] = row
		}
	}
	return rows
}
