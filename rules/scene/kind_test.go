package scene

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// TestKinds: each event is in one list, with those that share provider, classic source,
// id and codes; merged, they are the computer's events again.
func TestKinds(t *testing.T) {
	b := newBundle()
	wrote := func(provider, source string, id uint32, at string, fields ...event.Field) event.Event {
		return event.Event{Time: clock(at), Computer: "HV01", Channel: "Application", Provider: provider, EventSource: source, ID: id, Fields: fields}
	}
	denied, missing := field("0x80070005"), field("0x80070002")
	b.log("a", 1,
		wrote("VSS", "", 1, "10:00:00", denied),
		wrote("VSS", "", 1, "10:01:00", missing),
		wrote("VSS", "", 1, "10:02:00", denied),
		wrote("VSS", "", 2, "10:03:00", denied),
		wrote("Other", "", 1, "10:04:00", denied),
		wrote("Other", "VSS", 1, "10:05:00", denied),
		wrote("VSS", "", 1, "10:06:00", denied),
		wrote("VSS", "", 1, "10:07:00", denied, missing),
	)
	h := b.b.Build().Hosts[0]
	var got [][]int
	for _, kind := range h.Kinds() {
		var minutes []int
		for _, e := range kind {
			minutes = append(minutes, e.Time.Minute())
		}
		got = append(got, minutes)
	}
	if diff := cmp.Diff([][]int{{0, 2, 6}, {1}, {3}, {4}, {5}, {7}}, got); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(Merge(h.Kinds()), h.Events) {
		t.Error("the kinds merged are not the events")
	}
	if got := len(h.KindsOf([]uint32{2, 3})); got != 1 {
		t.Errorf("%d kinds of two ids, of which there is one", got)
	}
	if got := Between(h.Events, clock("10:01:00"), clock("10:03:00").Add(time.Nanosecond)); len(got) != 3 {
		t.Errorf("%d events in the window", len(got))
	}
}

func field(value string) event.Field { return event.Field{Value: value} }
