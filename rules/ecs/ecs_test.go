package ecs

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules/report"
)

func written(t *testing.T, d Doc) (action, doc map[string]any) {
	t.Helper()
	var b bytes.Buffer
	if _, err := d.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines:\n%s", len(lines), b.String())
	}
	if err := json.Unmarshal([]byte(lines[0]), &action); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(lines[1]), &doc); err != nil {
		t.Fatal(err)
	}
	return action, doc
}

var hostile = event.Event{
	Time: time.Date(2010, 3, 14, 23, 2, 31, 100, time.UTC), Computer: "NODE-A", Channel: "Application", Provider: "VSS", ID: 8229, Level: event.LevelError, Record: 7, Payload: "EventData",
	Fields:  []event.Field{{Name: "", Value: "x\ny"}, {Name: "a.b", Value: "1"}, {Name: "a.b", Value: "2"}, {Name: "a.b", Value: "3"}, {Name: " ", Value: "\x1b[31m\u202e"}, {Name: "c\xff", Value: "\xff"}},
	Message: "two\nlines \u2028 and more",
}

// TestEventData: whatever a log has for names, each field has one that an index takes,
// none is lost, and an event is two lines.
func TestEventData(t *testing.T) {
	d := NewEvent(&hostile, "a.zip!/Application.evtx")
	var b bytes.Buffer
	d.WriteTo(&b)
	if strings.ContainsAny(b.String(), "\x1b\u202e\u2028") {
		t.Errorf("what acts on a terminal is not escaped: %q", b.String())
	}
	_, doc := written(t, d)
	data := doc["winlog"].(map[string]any)["event_data"].(map[string]any)
	if got := data["a_b"].([]any); len(got) != 3 || data["param1"] != "x\ny" || data["param5"] != "\x1b[31m\u202e" || data["c\uFFFD"] != "\uFFFD" || len(data) != 4 {
		t.Errorf("the fields are %q", data)
	}
	user := hostile
	user.Payload, user.Fields = "VmlEventLog", nil
	_, doc = written(t, NewEvent(&user, "x"))
	if got := doc["winlog"].(map[string]any)["user_data"].(map[string]any)["xml_name"]; got != "VmlEventLog" {
		t.Errorf("the payload is %v", got)
	}
}

// TestEventID: an event has one id in whichever bundle it comes and however its
// computer is written; another event has another.
func TestEventID(t *testing.T) {
	id := func(change func(e *event.Event), path string) string {
		e := hostile
		change(&e)
		d := NewEvent(&e, path)
		return d.id
	}
	same := id(func(*event.Event) {}, "a.zip!/Application.evtx")
	for name, other := range map[string]string{
		"bundle": id(func(*event.Event) {}, "b.zip!/x.evtx"),
		"name":   id(func(e *event.Event) { e.Computer = "node-a.contoso.com" }, "a.zip!/Application.evtx"),
		"offset": id(func(e *event.Event) { e.Offset = 99 }, "a.zip!/Application.evtx"),
	} {
		if other != same {
			t.Errorf("another %s makes another event of it", name)
		}
	}
	for name, other := range map[string]string{
		"record":   id(func(e *event.Event) { e.Record = 8 }, "a"),
		"computer": id(func(e *event.Event) { e.Computer = "NODE-B" }, "a"),
		"time":     id(func(e *event.Event) { e.Time = e.Time.Add(100) }, "a"),
		"provider": id(func(e *event.Event) { e.Provider = "ESE" }, "a"),
		"place":    id(func(e *event.Event) { e.Record = 0 }, "a"),
	} {
		if other == same {
			t.Errorf("another %s makes no other event of it", name)
		}
	}
	if a, b := id(func(e *event.Event) { e.Record, e.Offset = 0, 1 }, "a"), id(func(e *event.Event) { e.Record, e.Offset = 0, 2 }, "a"); a == b {
		t.Error("two events without a number are one")
	}
}

// TestReportIDs: a report that is made again has the same documents; one with another
// verdict has others.
func TestReportIDs(t *testing.T) {
	r := report.Report{Generated: report.Time{Time: time.Unix(1, 0)}, Findings: []report.Finding{{ID: "F1", Rule: "r", Verdict: "likely", Host: "A"}},
		Failures: []report.Failure{{ID: "X1", Host: "A", Causes: []report.Cause{{Finding: "F1", Verdict: "likely"}}}}}
	ids := func(r report.Report) (list []string) {
		var b bytes.Buffer
		if err := WriteReport(&r, &b); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if _, id, ok := strings.Cut(line, `"_id":"`); ok {
				list = append(list, id[:32])
			}
		}
		return list
	}
	first := ids(r)
	later := r
	later.Generated, later.Args = report.Time{Time: time.Unix(99, 0)}, []string{"again"}
	if !slices.Equal(first, ids(later)) {
		t.Error("the same report, made again, has other documents")
	}
	later.Findings = []report.Finding{{ID: "F1", Rule: "r", Verdict: "confirmed", Host: "A"}}
	if second := ids(later); second[0] == first[0] || second[1] == first[1] {
		t.Error("another verdict has the document of the old one")
	}
}
