package ingest

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// memory is a kept log.
type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

// TestAround: an event and its neighbours are those that a reading of the whole
// log has there.
func TestAround(t *testing.T) {
	logs, _ := filepath.Glob(filepath.Join("..", "..", "shared", "data", "ts-evtx", "*.*"))
	if len(logs) == 0 {
		t.Skip("no sample logs in ../shared/data")
	}
	for _, path := range logs {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		format := "evtx"
		if filepath.Ext(path) == ".xml" {
			format = "xml"
		}
		var all []event.Event
		for b := range Scan(context.Background(), []string{path}, Options{}) {
			all = append(all, b.Events...)
		}
		for i := 0; i < len(all); i += max(1, len(all)/7) {
			got, at, err := Around(context.Background(), memory{bytes.NewReader(data)}, nil, &event.Source{Format: format}, all[i].Offset, 5, 4)
			if err != nil {
				t.Fatalf("%s, event %d: %v", filepath.Base(path), i, err)
			}
			want := all[max(0, i-5):min(len(all), i+5)]
			if at != min(5, i) || len(got) != len(want) {
				t.Fatalf("%s, event %d: it is at %d of %d, want %d of %d", filepath.Base(path), i, at, len(got), min(5, i), len(want))
			}
			for j := range got {
				got[j].Source, got[j].Line = want[j].Source, want[j].Line
				if diff := cmp.Diff(want[j], got[j]); diff != "" {
					t.Fatal(diff)
				}
			}
		}
		if _, _, err := Around(context.Background(), memory{bytes.NewReader(data)}, nil, &event.Source{Format: format}, 7, 1, 1); err == nil {
			t.Error("an event where none is")
		}
	}
}
