package scene

import (
	"strings"
	"testing"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// TestStormIsThinned: of a storm of one event what fits is kept, its beginning and its
// end; other events stay; where something was left out the log covers nothing, and the
// report is told.
func TestStormIsThinned(t *testing.T) {
	b := newBundle()
	b.b.maxWeight = 200_000
	start := clock("20:00:00")
	const storm = 5000
	for part := range 5 { // as readers yield them
		var events []event.Event
		for i := range storm / 5 {
			e := ev("20:00:00", "HV01", "VSS", 8229, "a=0x800423f4 "+strings.Repeat("x", 100))
			e.Time = start.Add(time.Duration(part*storm/5+i) * time.Second)
			events = append(events, e)
		}
		events[0].ID = 8193
		b.log("HV01/Application.evtx", uint64(1+part*storm/5), events...)
	}
	s := b.b.Build()
	if b.b.weight > b.b.maxWeight || len(s.Events) == 0 {
		t.Fatalf("%d bytes are held of %d, %d events", b.b.weight, b.b.maxWeight, len(s.Events))
	}
	rest := 0
	for _, e := range s.Events {
		if e.ID == 8193 {
			rest++
		}
	}
	if rest != 5 {
		t.Errorf("%d of 5 other events are left", rest)
	}
	first, last := s.Events[1].Time, s.Events[len(s.Events)-1].Time
	if want := start.Add(time.Second); !first.Equal(want) {
		t.Errorf("the first of the storm is of %v, want %v", first, want)
	}
	if want := start.Add((storm - 1) * time.Second); !last.Equal(want) {
		t.Errorf("the last of the storm is of %v, want %v", last, want)
	}
	c := host(t, s, "HV01").Coverage("Application")
	middle := start.Add(storm / 2 * time.Second)
	if c.Covers(middle, middle.Add(time.Second)) || !c.Covers(start, start.Add(10*time.Second)) || !c.Covers(last.Add(-10*time.Second), last) {
		t.Errorf("covered: %v", c.Intervals)
	}
	if len(s.Limits) != 1 || !strings.Contains(s.Limits[0], "were left out") {
		t.Errorf("limits %q", s.Limits)
	}
	if again := b.b.Build(); len(again.Events) != len(s.Events) {
		t.Errorf("%d events when it is built again, %d before", len(again.Events), len(s.Events))
	}
}

// TestManyKindsAreThinned: what is heaviest is not looked for anew for each of many kinds.
func TestManyKindsAreThinned(t *testing.T) {
	b := newBundle()
	const kinds = 20_000
	b.b.maxWeight = kinds * 512
	var events []event.Event
	for i := range kinds + 1 {
		events = append(events, ev("20:00:00", "HV01", vmms, uint32(i)))
	}
	start := time.Now()
	b.log("HV01/VMMS.evtx", 1, events...)
	if n := len(b.b.events); n != kinds/2 {
		t.Errorf("%d of %d events are left", n, kinds+1)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
}
