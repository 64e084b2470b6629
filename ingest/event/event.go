package event

import (
	"strings"
	"time"
)

// A Ref says where a record or a line stands. EventRecordIDs repeat (cleared
// logs, exports, copies), so the pair of source and offset is the only key.
type Ref struct {
	Source int   // Source.ID
	Offset int64 // in bytes from the start of the source; for text formats too
}

// Level is the severity of an event as Windows numbers it.
type Level uint8

// The levels that Windows defines; providers may define others.
const (
	LevelAlways Level = iota // LogAlways: audits and classic "Success"
	LevelCritical
	LevelError
	LevelWarning
	LevelInformation
	LevelVerbose
)

// An Event is one decoded record. Its strings may share one backing array with
// the other events of its Batch; they are never changed after the Batch was
// yielded, so an Event may be kept.
//
// The System properties are those of the event schema
// (https://schemas.microsoft.com/win/2004/08/events/event); a property that
// the record lacks is zero. Records of the Server 2008 era lack some of them.
type Event struct {
	Ref
	Line   int       // line of the source, for text formats; else 0
	Record uint64    // EventRecordID; the record header's number where System has none
	Time   time.Time // System/TimeCreated in UTC, to 100 ns; see Source.Basis

	Computer     string // as written: a NetBIOS or a DNS name
	Channel      string
	Provider     string // Provider/@Name
	ProviderGUID string // Provider/@Guid, with braces, as written
	EventSource  string // Provider/@EventSourceName, of classic sources
	ID           uint32 // EventID, without qualifiers
	Qualifiers   uint16 // EventID/@Qualifiers: the upper half of a classic event id
	Version      uint8
	Level        Level
	Task         uint16
	Opcode       uint8
	Keywords     uint64
	ActivityID   string // Correlation/@ActivityID
	ProcessID    uint32
	ThreadID     uint32
	UserID       string // Security/@UserID

	// Recovered says that the log no longer counts the record as its own: it was
	// found in what is left of earlier records. It may be older than all others.
	Recovered bool

	// Payload is the element that carries the fields: "EventData", or the child
	// of UserData (such as "VmlEventLog"), or "" where there is none.
	Payload string
	Fields  []Field

	// Message is the rendered text, where the source carries one
	// (RenderingInfo). It is for people; rules never look at it.
	Message string
}

// A Field is one value of an event's payload, in the order of the record.
//
// In EventData, Name is Data/@Name, "" for the positional values of classic
// sources, and "Binary" for the Binary element (hex digits in capitals). In
// UserData, Name is the path of the element below the payload element, joined
// by "/"; an attribute is a field of its own, named path@attribute. Value is
// the text that Windows shows in the event's XML view. An array yields one
// field per item, all of the same name.
type Field struct {
	Name, Value string
}

// Field returns the value of the first field with the given name, compared
// without regard to case, and whether there is one.
func (e *Event) Field(name string) (string, bool) {
	for i := range e.Fields {
		if strings.EqualFold(e.Fields[i].Name, name) {
			return e.Fields[i].Value, true
		}
	}
	return "", false
}

// From reports whether the event was written by the given provider: by its
// name or its classic source name, without regard to case.
func (e *Event) From(provider string) bool {
	return e.Provider == provider || strings.EqualFold(e.Provider, provider) || e.EventSource != "" && strings.EqualFold(e.EventSource, provider)
}
