package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// TestEventsAsStore reads the store with the library alone, as others do, and
// compares with the list.
func TestEventsAsStore(t *testing.T) {
	bundle := filepath.Join(casesDir, "csv-two-nodes.zip")
	file := filepath.Join(t.TempDir(), "events.parquet")
	if code, _, stderr := runMain(t, "events", bundle, "--format", "parquet", "-o", file); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	rows, err := parquet.ReadFile[struct {
		Host  string `parquet:"host"`
		ID    int64  `parquet:"id"`
		Codes string `parquet:"codes"`
	}](file)
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := runMain(t, "events", bundle, "--format", "jsonl")
	if want := strings.Count(list, "\n"); len(rows) != want || want == 0 {
		t.Errorf("%d rows, %d events", len(rows), want)
	}
	found := false
	for _, r := range rows {
		found = found || r.ID == 8229 && r.Codes == "0x800423f4" && r.Host == "NODE-A.contoso.com"
	}
	if !found {
		t.Errorf("the writer's rejection is not among %v", rows)
	}
}
