package eventxml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// errNoOracle says that encoding/xml can't judge: the text is not well formed,
// or this reader is meant to take it differently.
var errNoOracle = errors.New("nothing to compare with")

// A node is an element as encoding/xml sees it.
type node struct {
	xml.StartElement
	text     string
	children []*node
}

func (n *node) attr(name string) string {
	for _, a := range n.Attr {
		if a.Name.Local == name && a.Name.Space != "xmlns" {
			return a.Value
		}
	}
	return ""
}

func (n *node) child(name string) *node {
	for _, c := range n.children {
		if c.Name.Local == name {
			return c
		}
	}
	return &node{}
}

// oracle reads the events of well-formed UTF-8 text by means of encoding/xml.
func oracle(text []byte) ([]event.Event, error) {
	d := xml.NewDecoder(bytes.NewReader(text))
	var events []event.Event
	for depth := 0; ; {
		at := d.InputOffset()
		tok, err := d.Token()
		if err == io.EOF && depth == 0 {
			return events, nil
		}
		if err != nil {
			return nil, errNoOracle
		}
		switch tok := tok.(type) {
		case xml.Directive:
			return nil, errNoOracle
		case xml.EndElement:
			depth--
		case xml.StartElement:
			if tok.Name.Local != "Event" {
				depth++
				continue
			}
			n, err := tree(d, tok)
			if err != nil || n.ambiguous() {
				return nil, errNoOracle
			}
			if ev, ok := fromTree(n); ok {
				ev.Offset = at
				ev.Line = 1 + bytes.Count(text[:at], []byte("\n"))
				events = append(events, ev)
			}
		}
	}
}

func tree(d *xml.Decoder, start xml.StartElement) (*node, error) {
	n := &node{StartElement: start.Copy()}
	for {
		tok, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch tok := tok.(type) {
		case xml.CharData:
			n.text += string(tok)
		case xml.EndElement:
			return n, nil
		case xml.Directive:
			return nil, errNoOracle
		case xml.StartElement:
			if tok.Name.Local == "Event" {
				return nil, errNoOracle
			}
			c, err := tree(d, tok)
			if err != nil {
				return nil, err
			}
			n.children = append(n.children, c)
		}
	}
}

// ambiguous: the schema allows one System, and each of its elements once. Which
// of several counts is not said anywhere.
func (n *node) ambiguous() bool {
	repeated := func(list []*node, of string) bool {
		seen := map[string]bool{}
		for _, c := range list {
			name := c.Name.Local
			if seen[name] && (of == "" || of == name) {
				return true
			}
			seen[name] = true
		}
		return false
	}
	return repeated(n.children, "System") || repeated(n.child("System").children, "")
}

func fromTree(n *node) (event.Event, bool) {
	var ev event.Event
	sys := n.child("System")
	num := func(text string, bits int) uint64 {
		v, _ := number([]byte(text), bits)
		return v
	}
	prop := func(name string, bits int) uint64 { return num(strings.TrimSpace(sys.child(name).text), bits) }
	id, ok := number([]byte(strings.TrimSpace(sys.child("EventID").text)), 32)
	if !ok {
		return ev, false
	}
	ev.ID = uint32(id)
	ev.Qualifiers = uint16(num(sys.child("EventID").attr("Qualifiers"), 16))
	ev.Provider = sys.child("Provider").attr("Name")
	ev.ProviderGUID = sys.child("Provider").attr("Guid")
	ev.EventSource = sys.child("Provider").attr("EventSourceName")
	ev.Version = uint8(prop("Version", 8))
	ev.Level = event.Level(prop("Level", 8))
	ev.Task = uint16(prop("Task", 16))
	ev.Opcode = uint8(prop("Opcode", 8))
	ev.Keywords = prop("Keywords", 64)
	ev.Record = prop("EventRecordID", 64)
	if t, ok := parseTime([]byte(sys.child("TimeCreated").attr("SystemTime"))); ok && t.After(noTime) {
		ev.Time = t
	}
	ev.ActivityID = sys.child("Correlation").attr("ActivityID")
	ev.ProcessID = uint32(num(sys.child("Execution").attr("ProcessID"), 32))
	ev.ThreadID = uint32(num(sys.child("Execution").attr("ThreadID"), 32))
	ev.Channel = strings.TrimSpace(sys.child("Channel").text)
	ev.Computer = strings.TrimSpace(sys.child("Computer").text)
	ev.UserID = sys.child("Security").attr("UserID")
	for _, c := range n.children {
		switch c.Name.Local {
		case "UserData":
			for _, payload := range c.children {
				addPayload(&ev, payload)
			}
		case "System":
		case "RenderingInfo":
			ev.Message = c.child("Message").text
		default:
			addPayload(&ev, c)
		}
	}
	return ev, true
}

func addPayload(ev *event.Event, n *node) {
	if ev.Payload == "" {
		ev.Payload = n.Name.Local
	}
	addAttrs(ev, n, "", "")
	for _, c := range n.children {
		switch {
		case n.Name.Local != "EventData":
			addField(ev, c, c.Name.Local, "")
		case c.Name.Local == "Data":
			addField(ev, c, c.attr("Name"), "Name")
		default:
			if c.Name.Local == "Binary" {
				c.text = upperHex(c.text)
			}
			addField(ev, c, c.Name.Local, "")
		}
	}
	if strings.Trim(n.text, " \t\n\r") != "" {
		ev.Fields = append(ev.Fields, event.Field{Value: n.text})
	}
}

func upperHex(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'f' {
			r -= 'a' - 'A'
		}
		return r
	}, s)
}

func addField(ev *event.Event, n *node, path, except string) {
	addAttrs(ev, n, path, except)
	for _, c := range n.children {
		name := c.Name.Local
		if path != "" {
			name = path + "/" + name
		}
		addField(ev, c, name, "")
	}
	if len(n.children) == 0 || strings.Trim(n.text, " \t\n\r") != "" {
		ev.Fields = append(ev.Fields, event.Field{Name: path, Value: n.text})
	}
}

func addAttrs(ev *event.Event, n *node, path, except string) {
	for _, a := range n.Attr {
		if a.Value == "" || a.Name.Space == "xmlns" || a.Name.Local == "xmlns" && a.Name.Space == "" || a.Name.Local == except {
			continue
		}
		ev.Fields = append(ev.Fields, event.Field{Name: path + "@" + a.Name.Local, Value: a.Value})
	}
}
