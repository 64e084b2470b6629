package evtx

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// An xmlNode is any element of an event's XML.
type xmlNode struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []xmlNode  `xml:",any"`
}

func (n *xmlNode) child(name string) *xmlNode {
	for i := range n.Children {
		if n.Children[i].XMLName.Local == name {
			return &n.Children[i]
		}
	}
	return &xmlNode{}
}

func (n *xmlNode) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// eventOfXML makes an Event of exported XML, straight from the documentation of
// event.Event, and independently of the reader under test.
func eventOfXML(t testing.TB, n *xmlNode) event.Event {
	t.Helper()
	number := func(s string) uint64 {
		if s == "" {
			return 0
		}
		v, err := strconv.ParseUint(s, 0, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	sys := n.child("System")
	text := func(name string) string { return sys.child(name).Text }
	e := event.Event{
		Record:       number(text("EventRecordID")),
		Computer:     text("Computer"),
		Channel:      text("Channel"),
		Provider:     sys.child("Provider").attr("Name"),
		ProviderGUID: sys.child("Provider").attr("Guid"),
		EventSource:  sys.child("Provider").attr("EventSourceName"),
		ID:           uint32(number(text("EventID"))),
		Qualifiers:   uint16(number(sys.child("EventID").attr("Qualifiers"))),
		Version:      uint8(number(text("Version"))),
		Level:        event.Level(number(text("Level"))),
		Task:         uint16(number(text("Task"))),
		Opcode:       uint8(number(text("Opcode"))),
		Keywords:     number(text("Keywords")),
		ActivityID:   sys.child("Correlation").attr("ActivityID"),
		ProcessID:    uint32(number(sys.child("Execution").attr("ProcessID"))),
		ThreadID:     uint32(number(sys.child("Execution").attr("ThreadID"))),
		UserID:       sys.child("Security").attr("UserID"),
	}
	var err error
	if e.Time, err = time.Parse(time.RFC3339Nano, sys.child("TimeCreated").attr("SystemTime")); err != nil {
		t.Fatal(err)
	}
	for i := range n.Children {
		switch c := &n.Children[i]; c.XMLName.Local {
		case "System", "RenderingInfo":
		case "UserData":
			for j := range c.Children {
				payloadOfXML(&e, &c.Children[j])
			}
		default:
			payloadOfXML(&e, c)
		}
	}
	return e
}

func isNamespace(a xml.Attr) bool { return a.Name.Space == "xmlns" || a.Name.Local == "xmlns" }

func payloadOfXML(e *event.Event, payload *xmlNode) {
	e.Payload = payload.XMLName.Local
	for _, a := range payload.Attrs {
		if !isNamespace(a) {
			e.Fields = append(e.Fields, event.Field{Name: "@" + a.Name.Local, Value: a.Value})
		}
	}
	for i := range payload.Children {
		c := &payload.Children[i]
		if e.Payload == "EventData" && c.XMLName.Local == "Data" {
			e.Fields = append(e.Fields, event.Field{Name: c.attr("Name"), Value: c.Text})
			continue
		}
		fieldsOfXML(e, c, c.XMLName.Local)
	}
}

func fieldsOfXML(e *event.Event, n *xmlNode, path string) {
	for _, a := range n.Attrs {
		if !isNamespace(a) {
			e.Fields = append(e.Fields, event.Field{Name: path + "@" + a.Name.Local, Value: a.Value})
		}
	}
	if len(n.Children) == 0 {
		e.Fields = append(e.Fields, event.Field{Name: path, Value: n.Text})
	}
	for i := range n.Children {
		fieldsOfXML(e, &n.Children[i], path+"/"+n.Children[i].XMLName.Local)
	}
}

// eventsOfXML makes Events of exported XML.
func eventsOfXML(t testing.TB, raw []byte) []event.Event {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff"))))
	var events []event.Event
	for {
		var n xmlNode
		if err := d.Decode(&n); err == io.EOF {
			return events
		} else if err != nil {
			t.Fatal(err)
		}
		if n.XMLName.Local == "Event" {
			n = xmlNode{Children: []xmlNode{n}}
		}
		for i := range n.Children {
			events = append(events, eventOfXML(t, &n.Children[i]))
		}
	}
}

// TestWindowsExport compares the reader with what Windows itself exported of
// the same logs.
func TestWindowsExport(t *testing.T) {
	for _, name := range []string{"Application", "Security", "System"} {
		t.Run(name, func(t *testing.T) {
			events, _ := readAll(t, realLog(t, "ts-evtx/"+name+".evtx"), Options{})
			want := map[uint64]event.Event{}
			for _, e := range eventsOfXML(t, realLog(t, "ts-evtx/"+name+".xml")) {
				want[e.Record] = e
			}
			if len(events) != len(want) {
				t.Errorf("%d events, Windows exported %d", len(events), len(want))
			}
			for _, e := range events {
				e.Ref = event.Ref{}
				for i := range e.Fields { // as any XML parser must
					e.Fields[i].Value = strings.ReplaceAll(e.Fields[i].Value, "\r\n", "\n")
				}
				if !reflect.DeepEqual(want[e.Record], e) { // faster than cmp
					t.Errorf("record %d (-Windows +we):\n%s", e.Record, brief(cmp.Diff(want[e.Record], e)))
				}
			}
		})
	}
}

func writeFile(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// brief cuts a message for people.
func brief(s string) string {
	if len(s) > 2000 {
		return fmt.Sprintf("%s… (%d bytes more)", s[:2000], len(s)-2000)
	}
	return s
}
