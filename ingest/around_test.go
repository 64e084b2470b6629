package ingest

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/evtx/evtxtest"
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

// TestAroundRing: the neighbours of an event in a ring come in the order of the
// ring, also across its seam, and from no further than the oldest and the newest.
func TestAroundRing(t *testing.T) {
	const perChunk, n = 10, 50
	var xml bytes.Buffer
	for i := range n {
		fmt.Fprintf(&xml, "<Event><System><Provider Name='P'/><EventID>7</EventID><TimeCreated SystemTime='2010-03-01T00:00:%02dZ'/><EventRecordID>%d</EventRecordID>"+
			"<Channel>System</Channel><Computer>A</Computer></System><EventData><Data>x</Data></EventData></Event>", i, i+1)
	}
	log := evtxtest.Write(xml.Bytes(), evtxtest.PerChunk(perChunk))
	chunks := (len(log) - headerBytes) / chunkBytes
	if chunks != n/perChunk {
		t.Fatalf("%d chunks", chunks)
	}
	for turn := range chunks {
		cut := headerBytes + turn*chunkBytes
		turned := slices.Concat(log[:headerBytes], log[cut:], log[headerBytes:cut])
		for record := 1; record <= n; record++ {
			for _, reach := range []int{3, 25} {
				at := (record - 1) / perChunk // the chunk, in the log as it was written
				off := int64(headerBytes+(at+chunks-turn)%chunks*chunkBytes) + offsetIn(t, log, record, at)
				got, i, err := Around(t.Context(), memory{bytes.NewReader(turned)}, nil, &event.Source{Format: "evtx"}, off, reach, reach)
				if err != nil {
					t.Fatalf("turned by %d, record %d: %v", turn, record, err)
				}
				var ids []uint64
				for _, e := range got {
					ids = append(ids, e.Record)
				}
				var want []uint64
				for id := max(1, record-reach); id <= min(n, record+reach); id++ {
					want = append(want, uint64(id))
				}
				if diff := cmp.Diff(want, ids); diff != "" || got[i].Record != uint64(record) || got[i].Offset != off {
					t.Fatalf("turned by %d, record %d, %d around: %s", turn, record, reach, diff)
				}
			}
		}
	}
}

// offsetIn is where a record stands in its chunk.
func offsetIn(t *testing.T, log []byte, record, chunk int) int64 {
	t.Helper()
	off := 512
	for range (record - 1) % 10 {
		off += int(binary.LittleEndian.Uint32(log[headerBytes+chunk*chunkBytes+off+4:]))
	}
	return int64(off)
}
