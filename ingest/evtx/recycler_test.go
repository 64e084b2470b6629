package evtx

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/evtx/evtxtest"
)

// TestRecycler gives back the memory of two of three batches: it is used again,
// the events are the same, and those of the third batch stay what they were.
func TestRecycler(t *testing.T) {
	log := evtxtest.Write(manyXML(1, 2000), evtxtest.PerChunk(15))
	want, _ := readAll(t, log, Options{})
	for _, workers := range []int{1, 2} {
		rec := new(event.Recycler)
		var got []event.Event
		seen, again := map[*event.Event]bool{}, 0
		n := 0
		for batch := range Read(context.Background(), bytes.NewReader(log), int64(len(log)), &event.Source{ID: 1}, Options{Workers: workers, Recycler: rec}) {
			if seen[&batch[0]] {
				again++
			}
			seen[&batch[0]] = true
			first := len(got)
			got = append(got, batch...)
			if n++; n%3 == 0 {
				continue // kept
			}
			for i := range got[first:] {
				got[first+i].Fields = slices.Clone(got[first+i].Fields)
			}
			rec.Done(batch)
			rec.Done(batch) // does nothing
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d workers, -want +got:\n%s", workers, brief(diff))
		}
		if again == 0 {
			t.Errorf("%d workers: no memory of %d batches was used again", workers, n)
		}
	}
}

// TestRecycleRemains keeps the memory of remains, which come at the end.
func TestRecycleRemains(t *testing.T) {
	log := realLog(t, "plaso/System.evtx")
	want, _ := readAll(t, log, Options{Recover: true})
	rec := new(event.Recycler)
	var got []event.Event
	for batch := range Read(context.Background(), bytes.NewReader(log), int64(len(log)), &event.Source{ID: 1}, Options{Recover: true, Recycler: rec}) {
		got = append(got, batch...)
		rec.Done(batch)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", brief(diff))
	}
}
