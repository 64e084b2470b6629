package evtxtest

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// A node is an element of the XML given.
type node struct {
	name     string
	attrs    []xml.Attr
	children []any // *node or string
}

// parse returns the Event elements of some XML.
func parse(b []byte) []*node {
	d := xml.NewDecoder(bytes.NewReader(b))
	root := &node{}
	open := []*node{root}
	for {
		tok, err := d.RawToken()
		if err == io.EOF {
			break
		} else if err != nil {
			panic(fmt.Sprintf("evtxtest: %v", err))
		}
		top := open[len(open)-1]
		switch tok := tok.(type) {
		case xml.StartElement:
			n := &node{name: rawName(tok.Name), attrs: tok.Copy().Attr}
			top.children = append(top.children, n)
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			top.children = append(top.children, string(tok))
		}
	}
	return root.events(nil)
}

func rawName(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

// events appends the Event elements below n.
func (n *node) events(list []*node) []*node {
	for _, c := range n.elements() {
		if c.name == "Event" {
			list = append(list, c)
		} else {
			list = c.events(list)
		}
	}
	return list
}

func (n *node) elements() []*node {
	var list []*node
	for _, c := range n.children {
		if c, ok := c.(*node); ok {
			list = append(list, c)
		}
	}
	return list
}

// text returns the text of an element without children.
func (n *node) text() string {
	var b strings.Builder
	for _, c := range n.children {
		if s, ok := c.(string); ok {
			b.WriteString(s)
		}
	}
	return b.String()
}

// A document is an event to be written.
type document struct {
	xml      *node
	system   map[string]string // by "Element" or "Element@Attribute"
	written  uint64            // FILETIME of the record header
	payloads []*instance       // EventData, UserData and so on
	raw      func(at int) []byte
}

const eventSchema = "http://schemas.microsoft.com/win/2004/08/events/event"

func newDocument(n *node, number uint64) document {
	d := document{xml: n, system: map[string]string{}}
	for _, c := range n.elements() {
		if c.name != "System" {
			d.payloads = append(d.payloads, payload(c))
			continue
		}
		for _, p := range c.elements() {
			d.system[p.name] = p.text()
			for _, a := range p.attrs {
				d.system[p.name+"@"+rawName(a.Name)] = a.Value
			}
		}
	}
	if d.system["EventRecordID"] == "" {
		d.system["EventRecordID"] = fmt.Sprint(number)
	}
	if v, ok := fileTime(d.system["TimeCreated@SystemTime"]); ok {
		d.written = le.Uint64(v.Data)
	}
	return d
}

// system is the form of the System element that Windows writes: every property
// is there, and depends on its value. The types are those of Windows' own
// templates.
var system = []struct {
	element  string
	optional bool
	attrs    []property
	text     byte // type of the text; 0: none
}{
	{"Provider", false, []property{{"Name", typeString}, {"Guid", typeGUID}, {"EventSourceName", typeString}}, 0},
	{"EventID", true, []property{{"Qualifiers", typeUint16}}, typeUint16},
	{"Version", true, nil, typeUint8},
	{"Level", true, nil, typeUint8},
	{"Task", true, nil, typeUint16},
	{"Opcode", true, nil, typeUint8},
	{"Keywords", true, nil, typeHexInt64},
	{"TimeCreated", false, []property{{"SystemTime", typeFileTime}}, 0},
	{"EventRecordID", true, nil, typeUint64},
	{"Correlation", false, []property{{"ActivityID", typeGUID}, {"RelatedActivityID", typeGUID}}, 0},
	{"Execution", false, []property{{"ProcessID", typeUint32}, {"ThreadID", typeUint32}}, 0},
	{"Channel", true, nil, typeString},
	{"Computer", true, nil, typeString},
	{"Security", false, []property{{"UserID", typeSID}}, 0},
}

type property struct {
	name string
	typ  byte
}

// instance makes the template instance of an event. As with Windows, the
// provider is literal text of the template where it has a GUID (manifests), and
// a value where it has none (classic sources); what follows System are values
// that are template instances of their own.
func (d document) instance() *instance {
	in := &instance{nested: map[int]*instance{}}
	sys := &element{name: "System"}
	for _, s := range system {
		e := &element{name: s.element}
		for _, p := range s.attrs {
			text := d.system[s.element+"@"+p.name]
			if s.element == "Provider" && d.system["Provider@Guid"] != "" {
				if text != "" {
					e.attrs = append(e.attrs, attr{p.name, literal(text)})
				}
				continue
			}
			e.attrs = append(e.attrs, attr{p.name, in.add(typedAs(p.typ, text), p.typ, true)})
		}
		if s.text != 0 {
			sub := in.add(typedAs(s.text, d.system[s.element]), s.text, s.optional)
			e.content = []any{sub}
			if s.optional {
				e.depends = sub.index + 1
			}
		}
		sys.content = append(sys.content, e)
	}
	in.root = &element{name: "Event", attrs: []attr{{"xmlns", literal(eventSchema)}}, content: []any{sys}}
	for _, p := range d.payloads {
		sub := in.add(Value{Type: typeBinXML}, typeBinXML, true)
		in.nested[sub.index] = p
		in.root.content = append(in.root.content, sub)
	}
	return in
}

// add adds a value, and returns the substitution for it. The type that the
// template declares does not depend on whether the value is there.
func (in *instance) add(v Value, declared byte, optional bool) substitution {
	in.values = append(in.values, v)
	return substitution{len(in.values) - 1, declared, optional}
}

// payload makes the template instance of an element of text that may be typed.
func payload(n *node) *instance {
	in := &instance{}
	in.root = in.element(n, false)
	return in
}

// element turns a node into an element of a template: names, declarations of
// name spaces and Data/@Name stay, all other text becomes values.
func (in *instance) element(n *node, inData bool) *element {
	e := &element{name: n.name}
	for _, a := range n.attrs {
		name := rawName(a.Name)
		if strings.HasPrefix(name, "xmlns") || inData && n.name == "Data" && name == "Name" {
			e.attrs = append(e.attrs, attr{name, literal(a.Value)})
		} else {
			v := typed(a.Value)
			e.attrs = append(e.attrs, attr{name, in.add(v, v.Type, true)})
		}
	}
	children := n.elements()
	for _, c := range children {
		e.content = append(e.content, in.element(c, n.name == "EventData"))
	}
	if len(children) == 0 && (n.text() != "" || n.name == "Data") {
		v := typed(n.text())
		if b, ok := binary16(n.text()); ok && n.name == "Binary" {
			v = Value{typeBinary, b}
		}
		e.content = []any{in.add(v, v.Type, false)}
	}
	return e
}

// direct makes XML without a template of an event.
func (d document) direct() *element {
	e := plain(d.xml)
	for _, c := range e.content {
		if sys, ok := c.(*element); ok && sys.name == "System" && !sys.has("EventRecordID") {
			id := &element{name: "EventRecordID", content: []any{literal(d.system["EventRecordID"])}}
			sys.content = append(sys.content, id)
		}
	}
	return e
}

func (e *element) has(name string) bool {
	for _, c := range e.content {
		if c, ok := c.(*element); ok && c.name == name {
			return true
		}
	}
	return false
}

func plain(n *node) *element {
	e := &element{name: n.name}
	for _, a := range n.attrs {
		e.attrs = append(e.attrs, attr{rawName(a.Name), literal(a.Value)})
	}
	children := n.elements()
	for _, c := range children {
		e.content = append(e.content, plain(c))
	}
	if s := n.text(); len(children) == 0 && s != "" {
		e.content = []any{literal(s)}
	}
	return e
}
