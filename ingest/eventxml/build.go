package eventxml

import (
	"bytes"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// A section says what an element is to an event.
type section uint8

const (
	secEvent     section = iota // the event itself
	secSystem                   // System and what is in it
	secRendering                // RenderingInfo and what is in it
	secUserData                 // UserData: its child is the payload
	secEventData                // EventData: payload whose children are Data and Binary
	secPayload                  // another payload element
	secData                     // a child of EventData
	secField                    // a descendant of another payload, or of secData
)

// schema is the namespace of events.
const schema = "http://schemas.microsoft.com/win/2004/08/events/event"

// Bounds on what an event can be blown up to in memory.
const (
	maxFields = 1 << 16
	maxPath   = 1024 // bytes of a field's name
)

// An element is an open element.
type element struct {
	name   []byte // as written; part of the scanned text
	prefix int    // length of its namespace prefix
	sec    section
	path   int  // length of builder.path outside of the element
	text   int  // length of builder.text outside of the element
	parent bool // it has child elements
}

func (e *element) local() []byte { return e.name[e.prefix:] }

// A value is a text in the builder's arena, named if it is a field.
type value struct {
	name   string
	lo, hi int
}

// A builder reads one event from text. It reuses its memory from event to event.
type builder struct {
	scanner
	charset charset
	names   names
	want    *event.Filter

	ev       event.Event // without what is in arena, until finish
	keep     bool        // the event is wanted, as far as is known
	isSystem bool        // System was read
	isID     bool        // EventID was read
	bad      string      // the first System property that is not of its type

	open     []element
	path     []byte // names of the open elements below the payload, joined by '/'
	text     []byte // texts of the open elements, one after the other
	scratch  []byte
	arena    []byte // the texts of all values
	values   []value
	message  value // RenderingInfo/Message
	activity value // Correlation/@ActivityID
	slab     []event.Field
}

// read reads the event at the start of b and returns its length; after an error
// that is where to go on. The event is in p.ev, complete after finish.
func (p *builder) read(b []byte) (int, error) {
	p.reset(b)
	p.ev = event.Event{}
	p.keep, p.isSystem, p.isID, p.bad = true, false, false, ""
	p.open, p.path, p.text = p.open[:0], p.path[:0], p.text[:0]
	p.arena, p.values = p.arena[:0], p.values[:0]
	p.message, p.activity = value{}, value{}
	for {
		kind, err := p.next()
		if err == nil {
			err = p.take(kind)
		}
		if err != nil || len(p.open) == 0 {
			return p.i, err
		}
	}
}

func (p *builder) take(kind tokenKind) error {
	switch kind {
	case tokenText, tokenCDATA:
		p.chars(kind == tokenCDATA)
	case tokenStart:
		return p.start()
	case tokenEnd:
		return p.end()
	case tokenDTD:
		return p.failAt(p.at, "a declaration within an event")
	}
	return nil
}

// chars takes text that matters to the innermost element.
func (p *builder) chars(cdata bool) {
	switch sec := p.open[len(p.open)-1].sec; {
	case sec == secEvent, sec == secUserData, sec != secSystem && !p.keep:
		return
	}
	if isPlain(p.data) {
		p.text = append(p.text, p.data...)
		return
	}
	p.text = appendText(p.text, p.charset.toUTF8(p.data), cdata)
}

func (p *builder) start() error {
	name := p.local()
	e := element{name: p.data, prefix: p.prefix, path: len(p.path), text: len(p.text)}
	if depth := len(p.open); depth == maxDepth {
		return p.limitAt(p.at, "elements are nested too deeply")
	} else if depth > 0 {
		parent := &p.open[depth-1]
		parent.parent = true
		if string(name) == "Event" && p.isNewEvent(parent.sec) {
			return p.failAt(p.at, "another event begins before this one ends")
		}
		e.sec = p.section(parent.sec, depth, name)
	}
	if err := p.enter(&e, name); err != nil {
		return err
	}
	p.open = append(p.open, e)
	if p.empty {
		return p.leave()
	}
	return nil
}

func (p *builder) end() error {
	if !bytes.Equal(p.data, p.open[len(p.open)-1].name) {
		return p.failAt(p.at, "an end tag without its start tag")
	}
	if err := p.leave(); err != nil || p.keep || len(p.open) != 1 {
		return err
	}
	p.skip()
	return nil
}

// skip passes over the rest of an event that is not wanted. It looks for the end
// tag without reading what stands before it, unless that may hold another one
// in a comment, in CDATA or in an element of its own.
func (p *builder) skip() {
	const end = "</Event>"
	if string(p.open[0].name) != "Event" {
		return
	}
	for i := p.i; ; i++ {
		n := bytes.IndexByte(p.b[i:], '<')
		if n < 0 || len(p.b)-(i+n) < len(end) {
			return
		}
		i += n
		switch c := p.b[i+1]; {
		case c == '!', c == '?', c == 'E' && string(p.b[i+1:i+6]) == "Event" && notName[p.b[i+6]]:
			return
		case c == '/' && string(p.b[i:i+len(end)]) == end:
			p.i = i // the end tag is read next
			return
		}
	}
}

// isNewEvent reports whether an element Event inside of an event is not part of
// it, so that the end of the outer one is missing. Only a payload may hold
// elements of any name, if they aren't of the schema of events.
func (p *builder) isNewEvent(parent section) bool {
	ns, _ := p.attribute("xmlns")
	return parent < secUserData || string(ns) == schema
}

// section tells what an element is from what its parent is.
func (p *builder) section(parent section, depth int, name []byte) section {
	switch {
	case depth == 1:
		return p.child(name)
	case parent == secUserData:
		p.payload(name)
		return secPayload
	case parent == secEventData:
		return secData
	case parent == secPayload, parent == secData:
		return secField
	}
	return parent
}

// child tells what a child element of the event is.
func (p *builder) child(name []byte) section {
	switch string(name) {
	case "System":
		p.isSystem = true
		return secSystem
	case "RenderingInfo":
		return secRendering
	case "UserData":
		return secUserData
	case "EventData":
		p.payload(name)
		return secEventData
	}
	p.payload(name) // ProcessingErrorData, BinaryEventData, DebugData, …
	return secPayload
}

func (p *builder) payload(name []byte) {
	if p.ev.Payload == "" {
		p.ev.Payload = p.intern(name)
	}
}

// enter takes an element's attributes, and puts it on the path of names.
func (p *builder) enter(e *element, name []byte) error {
	switch {
	case e.sec == secSystem:
		p.systemAttrs(name)
		return nil
	case e.sec < secEventData || !p.keep:
		return nil
	case e.sec == secData:
		p.path = p.appendDataName(p.path, name)
	case e.sec == secField:
		if len(p.path) > 0 {
			p.path = append(p.path, '/')
		}
		p.path = append(p.path, p.charset.toUTF8(name)...)
	}
	return p.fieldAttrs(e)
}

// appendDataName appends the name of a child element of EventData.
func (p *builder) appendDataName(dst, name []byte) []byte {
	if string(name) != "Data" {
		return append(dst, p.charset.toUTF8(name)...)
	}
	raw, _ := p.attribute("Name")
	return p.appendAttr(dst, raw)
}

// fieldAttrs makes fields of the attributes of an element of the payload, but for
// namespaces, the name of Data, and empty ones: Windows leaves those out.
func (p *builder) fieldAttrs(e *element) error {
	if len(p.path) > maxPath {
		return p.limitAt(p.i, "a field has too long a name")
	}
	isData := e.sec == secData && string(e.local()) == "Data"
	for _, a := range p.attrs {
		if len(a.value) == 0 || isNamespace(a.name) || isData && string(local(a.name)) == "Name" {
			continue
		}
		n := len(p.path)
		p.path = append(append(p.path, '@'), p.charset.toUTF8(local(a.name))...)
		p.scratch = p.appendAttr(p.scratch[:0], a.value)
		err := p.field(p.scratch)
		p.path = p.path[:n]
		if err != nil {
			return err
		}
	}
	return nil
}

// leave ends the innermost element and takes its text.
func (p *builder) leave() error {
	e := &p.open[len(p.open)-1]
	text := p.text[e.text:]
	var err error
	switch e.sec {
	case secSystem:
		p.leaveSystem(e.local(), text)
	case secRendering:
		if len(p.open) == 3 && p.keep && string(e.local()) == "Message" {
			p.message = p.store(text)
		}
	case secEventData, secPayload, secData, secField:
		if !p.keep || !e.isField(text) {
			break
		}
		if e.sec == secData && string(e.local()) == "Binary" {
			upper(text)
		}
		err = p.field(text)
	}
	p.text, p.path = p.text[:e.text], p.path[:e.path]
	p.open = p.open[:len(p.open)-1]
	return err
}

// isField reports whether an element's own text is a field: that of a leaf always
// is, but white space between child elements is not.
func (e *element) isField(text []byte) bool {
	isLeaf := !e.parent && (e.sec == secData || e.sec == secField)
	return isLeaf || len(trim(text)) > 0
}

// field adds a field with the name that the path gives.
func (p *builder) field(text []byte) error {
	if len(p.values) == maxFields {
		return p.limitAt(p.i, "an event has too many fields")
	}
	if len(p.path) > maxPath {
		return p.limitAt(p.i, "a field has too long a name")
	}
	v := p.store(text)
	v.name = p.intern(p.path)
	p.values = append(p.values, v)
	return nil
}

func (p *builder) store(text []byte) value {
	lo := len(p.arena)
	p.arena = append(p.arena, text...)
	return value{lo: lo, hi: len(p.arena)}
}

// finish completes p.ev with what is in the arena: one string holds all values.
func (p *builder) finish() {
	text := string(p.arena)
	p.ev.Message = text[p.message.lo:p.message.hi]
	p.ev.ActivityID = text[p.activity.lo:p.activity.hi]
	n := len(p.values)
	if n == 0 {
		return
	}
	if cap(p.slab)-len(p.slab) < n {
		p.slab = make([]event.Field, 0, max(n, 1024))
	}
	from := len(p.slab)
	for _, v := range p.values {
		p.slab = append(p.slab, event.Field{Name: v.name, Value: text[v.lo:v.hi]})
	}
	p.ev.Fields = p.slab[from : from+n : from+n]
}

// attribute returns the first attribute of the last start tag with this local
// name, as written.
func (p *builder) attribute(name string) ([]byte, bool) {
	for _, a := range p.attrs {
		if string(a.name) == name || !isNamespace(a.name) && string(local(a.name)) == name {
			return a.value, true
		}
	}
	return nil, false
}

func (p *builder) appendAttr(dst, raw []byte) []byte {
	return appendText(dst, p.charset.toUTF8(raw), false)
}

func (p *builder) intern(text []byte) string { return p.names.of(text) }

func (p *builder) failAt(i int, detail string) error { return &scanError{at: i, detail: detail} }

func (p *builder) limitAt(i int, detail string) error {
	return &scanError{at: i, limit: true, detail: detail}
}

// upper makes hex digits capitals.
func upper(b []byte) {
	for i, c := range b {
		if c >= 'a' && c <= 'f' {
			b[i] = c - 'a' + 'A'
		}
	}
}

// names keeps one string for each name that repeats from event to event.
type names map[string]string

// Bounds on what is kept, so that hostile names don't fill the memory.
const (
	maxNames   = 8192
	maxNameLen = 256
)

func (n names) of(text []byte) string {
	if s, ok := n[string(text)]; ok {
		return s
	}
	s := string(text)
	if len(s) <= maxNameLen && len(n) < maxNames {
		n[s] = s
	}
	return s
}
