package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
	"github.com/vsswhy/vsswhy/rules/report"
)

// textEvents prints an event a line.
type textEvents struct{ w *bufio.Writer }

func (t textEvents) add(h hit) {
	e := h.event
	fmt.Fprintf(t.w, "%s  %s  %-11s  %s %d: %s [%s]\n", report.Time{Time: e.Time}, event.Clean(e.Computer), query.LevelName(e.Level),
		event.Clean(query.ShortName(e.Provider)), e.ID, index.Tell(e.Provider, e.ID, e.Fields, h.row.VMs(), h.row.Volumes(), h.row.Codes(), maxTold), event.Clean(place(h.path, e)))
}

// maxTold is how many bytes of fields a line shows; jsonl and csv have all.
const maxTold = 400

func (t textEvents) end() error { return nil }

// place says where an event stands, as reports do.
func place(path string, e *event.Event) string {
	if e.Recovered {
		path = "recovered from " + path
	}
	if e.Line > 0 {
		return fmt.Sprintf("%s record %d, line %d", path, e.Record, e.Line)
	}
	return fmt.Sprintf("%s record %d, offset %d", path, e.Record, e.Offset)
}

// jsonEvents prints an event a line, as JSON. Its text is that of the log, with
// U+FFFD for bytes that are no UTF-8.
type jsonEvents struct{ w *bufio.Writer }

// Fields are a list, because names repeat.
type jsonField struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A storedEvent is the JSON of an event that a case has.
type storedEvent struct {
	Time        report.Time `json:"time"`
	Computer    string      `json:"computer"`
	Channel     string      `json:"channel"`
	Provider    string      `json:"provider"`
	EventSource string      `json:"event_source,omitempty"`
	ID          uint32      `json:"id"`
	Level       uint8       `json:"level"`
	Jobs        []string    `json:"jobs,omitempty"`
	Issues      []string    `json:"issues,omitempty"`
	Verdicts    []string    `json:"verdicts,omitempty"`
	VMs         []string    `json:"vms,omitempty"`
	Volumes     []string    `json:"volumes,omitempty"`
	Fields      []jsonField `json:"fields"`
	Message     string      `json:"message,omitempty"`
	Codes       []string    `json:"codes"`
	Summary     string      `json:"summary"`
	Source      string      `json:"source"`
	Record      uint64      `json:"record"`
	Offset      int64       `json:"offset"`
	Recovered   bool        `json:"recovered,omitempty"`
}

func newStoredEvent(h hit) storedEvent {
	e := h.event
	return storedEvent{
		Time: report.Time{Time: e.Time}, Computer: e.Computer, Channel: e.Channel, Provider: e.Provider, EventSource: e.EventSource,
		ID: e.ID, Level: uint8(e.Level), Jobs: h.row.Labels(query.Job), Issues: h.row.Labels(query.Issue), Verdicts: h.row.Labels(query.Verdict),
		VMs: h.row.VMs(), Volumes: h.row.Volumes(), Fields: jsonFields(e.Fields), Message: e.Message,
		Codes: append([]string{}, query.Values(h.row, query.Code)...), Summary: known.Summary(e.Provider, e.ID),
		Source: h.path, Record: e.Record, Offset: e.Offset, Recovered: e.Recovered,
	}
}

func jsonFields(fields []event.Field) []jsonField {
	list := make([]jsonField, len(fields))
	for i, f := range fields {
		list[i] = jsonField(f)
	}
	return list
}

func (j jsonEvents) add(h hit) {
	if h.stored {
		writeJSONLine(j.w, newStoredEvent(h))
		return
	}
	j.w.Write(appendEvent(nil, h.path, h.event, h.row))
}

func (j jsonEvents) end() error { return nil }

// writeJSONLine writes v on one line. What could act on a terminal is escaped:
// the encoder does so with the characters below U+0020 only.
func writeJSONLine(w *bufio.Writer, v any) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // of types that JSON has
	}
	w.WriteString(event.CleanJSON(strings.TrimSuffix(b.String(), "\n")))
	w.WriteByte('\n')
}

// csvEvents prints an event a row.
type csvEvents struct{ w *csv.Writer }

func newCSVEvents(w *bufio.Writer) csvEvents {
	c := csvEvents{csv.NewWriter(w)}
	c.w.Write([]string{"time", "host", "level", "provider", "id", "channel", "codes", "vms", "volumes", "summary", "fields", "message", "source", "record", "offset", "line", "recovered"})
	return c
}

func (c csvEvents) add(h hit) {
	e, row := h.event, h.row
	c.w.Write(cells(
		report.Time{Time: e.Time}.String(), e.Computer, query.LevelName(e.Level), e.Provider, fmt.Sprint(e.ID), e.Channel,
		joinValues(row, query.Code), joinValues(row, query.VM), joinValues(row, query.Volume),
		known.Summary(e.Provider, e.ID), index.JoinFields(e.Fields, math.MaxInt-1), e.Message,
		h.path, fmt.Sprint(e.Record), fmt.Sprint(e.Offset), strconv.Itoa(e.Line), mark(e.Recovered),
	))
	c.w.Flush()
}

func (c csvEvents) end() error {
	c.w.Flush()
	return c.w.Error()
}

// mark is a cell that is empty mostly.
func mark(recovered bool) string {
	if recovered {
		return "recovered"
	}
	return ""
}

func joinValues(row query.Row, f query.Field) string {
	return strings.Join(query.Values(row, f), "; ")
}

// cells makes values safe for a spreadsheet.
func cells(values ...string) []string {
	for i, v := range values {
		values[i] = event.Cell(v)
	}
	return values
}
