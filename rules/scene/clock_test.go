package scene

import (
	"testing"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
)

const (
	ms = time.Millisecond
	s  = time.Second
)

// removed is a node's report that another was removed.
func removed(when, host, node string) event.Event {
	return ev(when, host, clustering, idNodeRemoved, "NodeName="+node)
}

// migrated is a node's event of a live migration.
func migrated(when, host string, id uint32, vm string) event.Event {
	return ev(when, host, availability, id, "="+vm, "=Virtual Machine X")
}

func TestSkew(t *testing.T) {
	const otherVM = "3B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E13"
	for name, tc := range map[string]struct {
		a, b, c []event.Event
		at      string
		want    Skew
		known   bool
	}{
		"a removal that both logged": {
			a: []event.Event{removed("21:00:00", "A", "X")}, b: []event.Event{removed("21:00:30", "B", "X")},
			want: Skew{28 * s, 32 * s}, known: true,
		},
		"removals of different nodes": {
			a: []event.Event{removed("21:00:00", "A", "X")}, b: []event.Event{removed("21:00:30", "B", "Y")},
		},
		"a node that comes and goes": { // which removal is which?
			a: []event.Event{removed("21:00:00", "A", "X"), removed("21:01:00", "A", "X")}, b: []event.Event{removed("21:00:30", "B", "X"), removed("21:01:30", "B", "X")},
		},
		"a migration bounds one side by its length": {
			a: []event.Event{migrated("21:00:00", "A", idMigrationOut, vmID), migrated("21:00:07", "A", idMigrationDone, vmID)},
			b: []event.Event{migrated("21:01:01", "B", idMigrationIn, vmID)}, want: Skew{54 * s, 61 * s}, known: true,
		},
		"a migration that did not end": {
			a: []event.Event{migrated("21:00:00", "A", idMigrationOut, vmID)}, b: []event.Event{migrated("21:01:01", "B", idMigrationIn, vmID)},
		},
		"migrations both ways": {
			a:    []event.Event{migrated("21:00:00", "A", idMigrationOut, vmID), migrated("21:30:01", "A", idMigrationIn, otherVM)},
			b:    []event.Event{migrated("21:00:01", "B", idMigrationIn, vmID), migrated("21:30:00", "B", idMigrationOut, otherVM)},
			want: Skew{-s, s}, known: true,
		},
		"over a third": {
			a: []event.Event{removed("21:00:00", "A", "X")}, b: []event.Event{removed("22:00:10", "B", "Y")},
			c: []event.Event{removed("21:00:10", "C", "X"), removed("22:00:00", "C", "Y")}, want: Skew{16 * s, 24 * s}, known: true,
		},
		"a clock that drifted": {
			a: []event.Event{removed("21:00:00", "A", "X"), removed("22:00:00", "A", "X")}, b: []event.Event{removed("21:00:00", "B", "X"), removed("22:00:20", "B", "X")},
		},
		"before a clock was set": {
			a: []event.Event{removed("21:00:00", "A", "X")}, b: []event.Event{removed("21:00:30", "B", "X"), set("21:30:00", "B", "2010-03-14T21:29:30.0000000Z")},
		},
		"since a clock was set": {
			a:  []event.Event{removed("21:00:00", "A", "X"), removed("22:00:00", "A", "X")},
			b:  []event.Event{removed("21:00:30", "B", "X"), set("21:30:00", "B", "2010-03-14T21:30:30.0000000Z"), removed("22:00:00", "B", "X")},
			at: "22:30:00", want: Skew{-2 * s, 2 * s}, known: true,
		},
		"a failure from before a clock was set": {
			a: []event.Event{removed("22:00:00", "A", "X")}, b: []event.Event{set("21:30:00", "B", "2010-03-14T21:30:30.0000000Z"), removed("22:00:00", "B", "X")},
			at: "21:00:00",
		},
		"a correction by the time service": {
			a: []event.Event{removed("21:00:00", "A", "X")}, b: []event.Event{removed("21:00:30", "B", "X"), set("21:30:00", "B", "2010-03-14T21:30:00.9000000Z")},
			want: Skew{28 * s, 32 * s}, known: true,
		},
		"nothing in common": {a: []event.Event{removed("21:00:00", "A", "X")}, b: []event.Event{ev("21:00:00", "B", vss, 8224)}},
	} {
		b := newBundle()
		b.log("b/a.evtx", 1, tc.a...)
		b.log("b/b.evtx", 1, tc.b...)
		b.log("b/c.evtx", 1, tc.c...)
		sc := b.b.Build()
		when := forever
		if tc.at != "" {
			when = clock(tc.at)
		}
		got, known := sc.Skew(host(t, sc, "A"), host(t, sc, "B"), when)
		if got != tc.want || known != tc.known {
			t.Errorf("%s: %v %v, want %v %v", name, got, known, tc.want, tc.known)
		}
		back, _ := sc.Skew(host(t, sc, "B"), host(t, sc, "A"), when)
		if back.From != -got.To || back.To != -got.From {
			t.Errorf("%s: the other way round %v, want the mirror of %v", name, back, got)
		}
	}
}

// forever is later than any event.
var forever = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// set is a host's report that its clock was set, from the time given to that of
// the event.
func set(when, host, old string) event.Event {
	return ev(when, host, kernelGeneral, idClockSet, "NewTime="+clock(when).Format(time.RFC3339Nano), "OldTime="+old)
}

func TestSkewRounding(t *testing.T) {
	odd := Skew{From: -3 * ms, To: 4 * ms}
	if odd.Mid()-odd.Within() > odd.From || odd.Mid()+odd.Within() < odd.To {
		t.Errorf("%v give or take %v does not hold %v", odd.Mid(), odd.Within(), odd)
	}
}

// A log full of one event must not make the comparison quadratic.
func TestSkewOfManyEvents(t *testing.T) {
	const each = 20_000
	b := newBundle()
	for _, name := range []string{"A", "B", "C"} {
		events := make([]event.Event, each)
		for i := range events {
			events[i] = removed("00:00:00", name, "X")
			events[i].Time = events[i].Time.Add(time.Duration(i) * 3 * s)
		}
		b.log("b/"+name+".evtx", 1, events...)
	}
	start := time.Now()
	b.b.Build()
	if took := time.Since(start); took > 5*s {
		t.Errorf("took %v", took)
	}
}
