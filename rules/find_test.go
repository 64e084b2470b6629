package rules

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules/scene"
)

// TestDecisive: what decides a test and is cited is the same as if all events had been
// looked at, on one computer and on two.
func TestDecisive(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2_000 {
		test := &Test{Count: r.IntN(6), Apart: Duration(r.IntN(3)) * Duration(time.Minute)}
		takes := func(e *scene.Event) bool { return e.ID%3 != 0 }
		var all, some []*scene.Event
		for range 1 + r.IntN(2) {
			var events []*scene.Event
			at := time.Unix(0, 0)
			for range r.IntN(20) {
				at = at.Add(time.Duration(r.IntN(90)) * time.Second)
				events = append(events, &scene.Event{Event: &event.Event{ID: r.Uint32N(1000), Time: at}})
			}
			all = append(all, only(events, takes)...)
			some = append(some, decisive(events, test, takes)...)
		}
		met := func(found []*scene.Event) bool { return groups(found, time.Duration(test.Apart)) >= test.enough() }
		if met(all) != met(some) {
			t.Fatalf("%d events, %d of them: met %v, want %v", len(all), len(some), met(some), met(all))
		}
		if diff := cmp.Diff(citeEvents(all), citeEvents(some)); diff != "" {
			t.Fatal(diff)
		}
	}
}

// TestDecisiveLooksAtFew: a log that repeats an event does not have to be read to its end.
func TestDecisiveLooksAtFew(t *testing.T) {
	events := make([]*scene.Event, 1_000)
	for i := range events {
		events[i] = &scene.Event{Event: &event.Event{Time: time.Unix(int64(i), 0)}}
	}
	looks := 0
	decisive(events, &Test{Count: 5}, func(*scene.Event) bool { looks++; return true })
	if looks > 5+maxCites {
		t.Errorf("%d looks", looks)
	}
}
