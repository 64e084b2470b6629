package ecs

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules/report"
)

// NewEvent is the document of an event of a log. The caller adds what the event
// speaks of. Text is that of the log, with U+FFFD for bytes that are no UTF-8.
func NewEvent(e *event.Event, path string) Doc {
	d := newDoc(EventIndex, "event", eventSet)
	d.fill(e.Time, e.Computer, e.Provider, e.ID, e.Record, path)
	d.Message = e.Message
	if level := levels[e.Level]; level.name != "" {
		d.Log.Level, d.Event.Severity = level.name, &level.severity
	}
	d.Winlog.Channel, d.Winlog.ProviderGUID, d.Winlog.ActivityID = e.Channel, e.ProviderGUID, e.ActivityID
	d.Winlog.details(e)
	d.Own.Record = &Place{e.Offset, e.Line, e.Recovered}
	d.identifyEvent(e.Offset)
	return d
}

// levels are Windows' levels in the words of Winlogbeat, and how severe they are.
var levels = map[event.Level]struct {
	name     string
	severity int
}{
	event.LevelAlways: {"information", 1}, event.LevelCritical: {"critical", 4}, event.LevelError: {"error", 3}, event.LevelWarning: {"warning", 2},
	event.LevelInformation: {"information", 1}, event.LevelVerbose: {"verbose", 0},
}

// fill fills in what a citation has, too.
func (d *Doc) fill(t time.Time, computer, provider string, id uint32, record uint64, path string) {
	d.Timestamp = at(report.Time{Time: t})
	d.Event.Provider, d.Event.Code = provider, fmt.Sprint(id)
	d.Host = &Host{Name: computer}
	d.Log = &Log{File: &LogFile{path}}
	d.Winlog = &Winlog{ComputerName: computer, ProviderName: provider, EventID: fmt.Sprint(id)}
	if record != 0 {
		d.Winlog.RecordID = strconv.FormatUint(record, 10)
	}
}

// identifyEvent: an event is the same one in whichever bundle, and under whichever
// name of its computer, it comes. One without a number is known by its place.
func (d *Doc) identifyEvent(offset int64) {
	w := d.Winlog
	short, _, _ := strings.Cut(strings.ToLower(w.ComputerName), ".")
	place := w.RecordID
	if place == "" || d.Timestamp == nil {
		place = fmt.Sprint(d.Log.File.Path, " ", offset)
	}
	when := ""
	if d.Timestamp != nil {
		when = d.Timestamp.String()
	}
	d.identify(short, strings.ToLower(w.ProviderName), w.EventID, place, when)
}

func (w *Winlog) details(e *event.Event) {
	if e.Version != 0 {
		v := int(e.Version)
		w.Version = &v
	}
	if e.Task != 0 {
		w.Task = fmt.Sprint(e.Task)
	}
	if e.Opcode != 0 {
		w.Opcode = fmt.Sprint(e.Opcode)
	}
	if e.Keywords != 0 {
		w.Keywords = []string{fmt.Sprintf("0x%016x", e.Keywords)}
	}
	if e.ProcessID != 0 {
		w.Process = &Process{PID: e.ProcessID}
		if e.ThreadID != 0 {
			w.Process.Thread = &Thread{e.ThreadID}
		}
	}
	if e.UserID != "" {
		w.User = &User{e.UserID}
	}
	if e.Payload == "" || e.Payload == "EventData" {
		w.EventData = data(e.Fields)
		return
	}
	if w.UserData = data(e.Fields); w.UserData == nil {
		w.UserData = map[string]any{}
	}
	w.UserData["xml_name"] = e.Payload
}

// data are the fields of an event by name, those without one as Winlogbeat calls
// them: param1, param2, … A name that repeats has a list. A dot would part a name.
func data(fields []event.Field) map[string]any {
	var m map[string]any
	for i, f := range fields {
		name := strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(f.Name, "\uFFFD"), ".", "_"))
		if name == "" {
			name = fmt.Sprintf("param%d", i+1)
		}
		if m == nil {
			m = map[string]any{}
		}
		switch old := m[name].(type) {
		case nil:
			m[name] = f.Value
		case string:
			m[name] = []string{old, f.Value}
		case []string:
			m[name] = append(old, f.Value)
		}
	}
	return m
}
