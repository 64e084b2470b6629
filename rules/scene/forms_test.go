package scene

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// TestForms: of a log in several forms the best one counts, if it reaches as far.
func TestForms(t *testing.T) {
	whole := []event.Event{ev("20:00:00", "HV01.c.com", "VSS", 8224), ev("21:00:00", "HV01.c.com", "VSS", 8224), ev("22:00:00", "HV01.c.com", "VSS", 8224)}
	for _, tt := range []struct {
		name   string
		format string
		basis  event.Basis
		first  uint64
		events []event.Event
		same   bool
	}{
		{"the same", "csv", event.BasisLocal, 7, whole, true},
		{"a part", "list", event.BasisLocal, 8, whole[1:], true},
		{"by the short name", "clixml", event.BasisUTC, 7, []event.Event{ev("20:00:00", "hv01", "VSS", 8224)}, true},
		{"older records", "csv", event.BasisLocal, 5, whole, false},
		{"another computer", "csv", event.BasisLocal, 7, []event.Event{ev("20:00:00", "HV02", "VSS", 8224)}, false},
		{"another channel", "csv", event.BasisLocal, 7, []event.Event{ev("20:00:00", "HV01", vmms, 10104)}, false},
	} {
		b := newBundle()
		b.export("b/app.txt", tt.format, tt.basis, tt.first, slices.Clone(tt.events)...)
		b.log("b/Application.evtx", 7, slices.Clone(whole)...)
		s := b.b.Build()
		if got := s.Form(1) != nil; got != tt.same || s.Form(2) != nil {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.same)
		}
		want := len(whole)
		if !tt.same && tt.basis == event.BasisUTC {
			want += len(tt.events)
		}
		if len(s.Events) != want {
			t.Errorf("%s: %d events, want %d (%s)", tt.name, len(s.Events), want, s.Aside(1))
		}
	}
}

// TestLocalTimes: local times are converted where a log of the computer tells the
// time zone near them, and else no rule sees the events.
func TestLocalTimes(t *testing.T) {
	zone := func(when string, minutes int) event.Event {
		e := ev(when, "HV01", eventLog, idUptime)
		e.Channel = "System"
		e.Fields = []event.Field{{}, {Value: "3600"}, {Value: "60"}, {Value: fmt.Sprintf("%d W. Europe Standard Time", minutes)}, {Name: "Binary", Value: "00"}}
		return e
	}
	local := ev("23:00:00", "HV01.c.com", "VSS", 8229)
	for _, tt := range []struct {
		name  string
		zones []event.Event
		basis event.Basis
		want  string
	}{
		{"told", []event.Event{zone("12:00:00", -60)}, event.BasisLocal, "22:00:00"},
		{"told twice", []event.Event{zone("12:00:00", -60), zone("13:00:00", -60)}, event.BasisLocal, "22:00:00"},
		{"not told", nil, event.BasisLocal, ""},
		{"told otherwise", []event.Event{zone("12:00:00", -60), zone("13:00:00", -120)}, event.BasisLocal, ""},
		{"not known what it is", []event.Event{zone("12:00:00", -60)}, event.BasisUnknown, ""},
	} {
		b := newBundle()
		b.export("b/app.csv", "csv", tt.basis, 7, local)
		if tt.zones != nil {
			b.log("b/System.evtx", 1, tt.zones...)
		}
		s := b.b.Build()
		got := ""
		for _, e := range s.Events {
			if e.ID == local.ID {
				got = e.Time.Format(time.TimeOnly)
			}
		}
		if got != tt.want || (s.Aside(1) == "") != (tt.want != "") {
			t.Errorf("%s: %q, want %q; %q", tt.name, got, tt.want, s.Aside(1))
		}
		if c := host(t, s, "HV01").Coverage("Application"); c != nil {
			t.Errorf("%s: covers %+v", tt.name, c)
		}
	}
	if !local.Time.Equal(clock("23:00:00")) {
		t.Error("the event itself was changed")
	}
}

// TestLocalTime: the time zone is that which the computer told near the time; on
// the day when it changes nothing is sure.
func TestLocalTime(t *testing.T) {
	zone := func(at, minutes string) event.Event {
		return ev(at, "HV01", eventLog, idUptime, "=", "=3600", "=60", "="+minutes+" Some Standard Time")
	}
	b := newBundle()
	b.log("b/System.evtx", 1, zone("06:00:00", "-60"), zone("23:00:00", "-60"))
	h := host(t, b.b.Build(), "HV01")
	if local, ok := h.LocalTime(clock("22:30:00")); !ok || local.Format("15:04 -07:00") != "23:30 +01:00" {
		t.Errorf("%v %v", local, ok)
	}
	if local, ok := h.LocalTime(clock("22:30:00").AddDate(0, 0, 9)); ok {
		t.Errorf("days away: %v", local)
	}
	b = newBundle()
	b.log("b/System.evtx", 1, zone("06:00:00", "-60"), zone("23:00:00", "-120"))
	if local, ok := host(t, b.b.Build(), "HV01").LocalTime(clock("22:30:00")); ok {
		t.Errorf("summer time began: %v", local)
	}
}
