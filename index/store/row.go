package store

import (
	"math"
	"strings"
	"time"
	"unsafe"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
)

// A Row is one event in the store. Its strings belong to nobody else: a Row
// that was read may be kept.
//
// The columns that lists are stored in hold one value a line (VMs, Volumes),
// or separated by spaces (Codes); a list's values are not empty and have no
// line ends. All text is UTF-8: a byte that is not becomes U+FFFD.
type Row struct {
	Time   time.Time // in UTC; zero if the event has none. Outside 1678–2261 the nearest time within
	ID     uint32
	Level  event.Level
	Record uint64 // EventRecordID

	Source string // label or hash of the log, as the caller names it
	Offset int64  // event.Ref.Offset: bytes from the start of the log

	Recovered bool // event.Event.Recovered

	Host     string // the computer, as written
	Channel  string
	Provider string
	Classic  string // Provider/@EventSourceName

	// What the event belongs to and speaks of, as the caller found.
	Job     string
	VMs     []string // names, and ids without braces
	Volumes []string // plain names
	Codes   []known.Code

	Fields  []event.Field
	Message string
}

// FromEvent returns the row of an event, without job, machines, volumes and
// codes. It shares the event's Fields.
func FromEvent(e *event.Event, source string) Row {
	return Row{
		Time: e.Time, ID: e.ID, Level: e.Level, Record: e.Record, Source: source, Offset: e.Offset,
		Host: e.Computer, Channel: e.Channel, Provider: e.Provider, Classic: e.EventSource,
		Fields: e.Fields, Message: e.Message, Recovered: e.Recovered,
	}
}

// A flat is a row as its columns hold it.
type flat struct {
	numbers [numbers]int64 // unsigned ones by their bits
	texts   [texts]string  // of Column - firstText
}

func (f *flat) text(c Column) *string { return &f.texts[c-firstText] }

func (f *flat) row() Row {
	return Row{
		Time: timeOf(f.numbers[Time]), ID: uint32(f.numbers[ID]), Level: event.Level(f.numbers[Level]),
		Record: uint64(f.numbers[Record]), Offset: f.numbers[Offset], Recovered: f.numbers[Recovered] != 0,
		Source: *f.text(Source), Host: *f.text(Host), Channel: *f.text(Channel),
		Provider: *f.text(Provider), Classic: *f.text(Classic), Job: *f.text(Job),
		VMs: splitLines(*f.text(VM)), Volumes: splitLines(*f.text(Volume)), Codes: splitCodes(*f.text(Codes)),
		Fields: splitFields(*f.text(Fields)), Message: *f.text(Message),
	}
}

// noTime stands for the zero time, so that it sorts before all others; in the
// file it is null.
const noTime = math.MinInt64

// minTime and maxTime are what nanoseconds since 1970 can hold, by whole years
// (readers take the outermost values for infinity).
var (
	minTime = time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC)
	maxTime = time.Date(2262, 1, 1, 0, 0, 0, -1, time.UTC)
)

func nanoseconds(t time.Time) int64 {
	switch {
	case t.IsZero():
		return noTime
	case t.Before(minTime):
		t = minTime
	case t.After(maxTime):
		t = maxTime
	}
	return t.UnixNano()
}

func timeOf(ns int64) time.Time {
	if ns == noTime {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}

var lineEnds = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ")

// appendLines appends a list, one value a line.
func appendLines(b []byte, list []string) []byte {
	start := len(b)
	for _, s := range list {
		if s == "" {
			continue
		}
		if len(b) > start {
			b = append(b, '\n')
		}
		if strings.ContainsAny(s, "\r\n") {
			s = lineEnds.Replace(s)
		}
		b = append(b, s...)
	}
	return b
}

func splitLines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

func appendCodes(b []byte, codes []known.Code) []byte {
	for i, c := range codes {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, c.String()...)
	}
	return b
}

func splitCodes(s string) []known.Code {
	var codes []known.Code
	for word := range strings.FieldsSeq(s) {
		if c, err := known.ParseCode(word); err == nil {
			codes = append(codes, c)
		}
	}
	return codes
}

// validText is s with U+FFFD for bytes that are not UTF-8.
func validText(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// bytesOf returns the bytes of a string, which nobody may change.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
