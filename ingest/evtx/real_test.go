package evtx

import (
	"bytes"
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// realData is the folder of real logs, which lies beside the repository.
var realData = filepath.Join("..", "..", "..", "shared", "data")

// realLog returns one of the real logs, or skips the test.
func realLog(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(realData, filepath.FromSlash(name)))
	if err != nil {
		t.Skipf("real logs are not at hand: %v", err)
	}
	return b
}

// readAll reads a log from memory.
func readAll(t testing.TB, log []byte, opt Options) ([]event.Event, *event.Source) {
	t.Helper()
	src := &event.Source{ID: 1}
	var events []event.Event
	for batch := range Read(context.Background(), bytes.NewReader(log), int64(len(log)), src, opt) {
		events = append(events, batch...)
	}
	return events, src
}

// TestExpectedCounts compares the number of records with what an independent
// scanner found.
func TestExpectedCounts(t *testing.T) {
	f, err := os.Open(filepath.Join(realData, "expected.tsv"))
	if err != nil {
		t.Skipf("real logs are not at hand: %v", err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma = '\t'
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	for _, row := range rows[1:] {
		name := row[0]
		if filepath.Ext(name) != ".evtx" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			want, err := strconv.ParseUint(row[column["records_scanned"]], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			events, src := readAll(t, realLog(t, name), Options{})
			if src.Records != want {
				t.Errorf("%d records, want %d", src.Records, want)
			}
			if got := src.Records + src.Recovered - src.Undecodable; got != uint64(len(events)) {
				t.Errorf("%d events of %d records", len(events), got)
			}
			if testing.Verbose() {
				t.Log(src.Records, src.Recovered, src.Undecodable, src.Err)
				for _, d := range src.Damage {
					t.Log(d)
				}
			}
		})
	}
}
