package event

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
)

// XML renders an event as Windows shows it
// (https://schemas.microsoft.com/win/2004/08/events/event), an element a line,
// with the fields in the order of the record. It is made of what was decoded,
// and is not the text of an exported log byte by byte.
func (e *Event) XML() string {
	w := &xmlWriter{}
	w.open("Event", "xmlns", "http://schemas.microsoft.com/win/2004/08/events/event")
	w.system(e)
	switch e.Payload {
	case "":
	case "EventData":
		w.eventData(e.Fields)
	default:
		w.userData(e.Payload, e.Fields)
	}
	if e.Message != "" {
		w.open("RenderingInfo")
		w.leaf("Message", e.Message)
		w.close()
	}
	w.close()
	return w.b.String()
}

type xmlWriter struct {
	b    strings.Builder
	path []string
}

func (w *xmlWriter) indent() { w.b.WriteString(strings.Repeat("  ", len(w.path))) }

// tag writes a start tag; attributes are pairs, and those without a value are
// left out.
func (w *xmlWriter) tag(name string, attributes []string) {
	w.indent()
	w.b.WriteString("<" + elementName(name))
	for i := 0; i+1 < len(attributes); i += 2 {
		if attributes[i+1] != "" {
			fmt.Fprintf(&w.b, " %s=\"%s\"", elementName(attributes[i]), escaped(attributes[i+1]))
		}
	}
}

func (w *xmlWriter) open(name string, attributes ...string) {
	w.tag(name, attributes)
	w.b.WriteString(">\n")
	w.path = append(w.path, name)
}

func (w *xmlWriter) close() {
	name := w.path[len(w.path)-1]
	w.path = w.path[:len(w.path)-1]
	w.indent()
	w.b.WriteString("</" + elementName(name) + ">\n")
}

func (w *xmlWriter) leaf(name, text string, attributes ...string) {
	w.tag(name, attributes)
	if text == "" {
		w.b.WriteString("/>\n")
		return
	}
	w.b.WriteString(">" + escaped(text) + "</" + elementName(name) + ">\n")
}

func (w *xmlWriter) system(e *Event) {
	number := func(n uint64) string {
		if n == 0 {
			return ""
		}
		return fmt.Sprint(n)
	}
	w.open("System")
	w.leaf("Provider", "", "Name", e.Provider, "Guid", e.ProviderGUID, "EventSourceName", e.EventSource)
	w.leaf("EventID", fmt.Sprint(e.ID), "Qualifiers", number(uint64(e.Qualifiers)))
	w.leaf("Version", fmt.Sprint(e.Version))
	w.leaf("Level", fmt.Sprint(e.Level))
	w.leaf("Task", fmt.Sprint(e.Task))
	w.leaf("Opcode", fmt.Sprint(e.Opcode))
	w.leaf("Keywords", fmt.Sprintf("0x%x", e.Keywords))
	if !e.Time.IsZero() {
		w.leaf("TimeCreated", "", "SystemTime", e.Time.UTC().Format("2006-01-02T15:04:05.0000000Z"))
	}
	w.leaf("EventRecordID", fmt.Sprint(e.Record))
	w.leaf("Correlation", "", "ActivityID", e.ActivityID)
	w.leaf("Execution", "", "ProcessID", number(uint64(e.ProcessID)), "ThreadID", number(uint64(e.ThreadID)))
	w.leaf("Channel", e.Channel)
	w.leaf("Computer", e.Computer)
	w.leaf("Security", "", "UserID", e.UserID)
	w.close()
}

func (w *xmlWriter) eventData(fields []Field) {
	w.open("EventData")
	for _, f := range fields {
		if f.Name == "Binary" {
			w.leaf("Binary", f.Value)
		} else {
			w.leaf("Data", f.Value, "Name", f.Name)
		}
	}
	w.close()
}

// userData nests elements by the paths that the fields' names are. An attribute
// follows its element in the record, and is written as an element of its own
// name, since the start tag is closed by then.
func (w *xmlWriter) userData(payload string, fields []Field) {
	w.open("UserData")
	w.open(payload)
	base := len(w.path)
	for _, f := range fields {
		parts := strings.Split(f.Name, "/")
		for len(w.path) > base && !slices.Equal(w.path[base:], parts[:min(len(parts)-1, len(w.path)-base)]) {
			w.close()
		}
		for _, p := range parts[min(len(w.path)-base, len(parts)-1) : len(parts)-1] {
			w.open(p)
		}
		w.leaf(parts[len(parts)-1], f.Value)
	}
	for len(w.path) > 0 && len(w.path) > base-2 && w.path[len(w.path)-1] != "UserData" {
		w.close()
	}
	w.close()
}

// elementName keeps a name one: what can't be in a name of XML is a dot.
func elementName(s string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r == '_' || r == '-' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
			return r
		}
		return '.'
	}, s)
	if name == "" || name[0] < 'A' {
		return "_" + name // a name of XML begins with a letter
	}
	return name
}

func escaped(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s))
	return b.String()
}
