package evtx

import "strings"

// A plan is binary XML compiled for our purpose: where the System properties
// stand, and which fields the payload yields. That of a template definition
// serves all records that refer to it; that of XML which a record holds directly
// is made each time, in the same memory.
type plan struct {
	// What each record needs stands together.
	scope    scope
	system   bool // a System element was found
	single   bool // each field is one substitution, or nothing; only of a definition
	used     bool // in the present block
	signed   bool // in the present block: signs is filled
	subs     int  // substitutions needed: the highest index + 1
	layout   layout
	signs    signs           // as far as the plan states them
	slots    [numSlots]int32 // of a System property: the substitution + 1; 0: a literal
	carriers []carrier       // substitutions that bring fields; only of a definition

	literals [numSlots]literal
	activity told // what slotActivity told last
	ops      []op
	parts    []part
	lits     []byte // UTF-16 of the literal parts
}

// A carrier is a substitution that is a field, or may bring some.
type carrier struct {
	sub   int32
	scope scope // of what it brings
	field bool
}

// A part of a text is a literal or a substitution.
type part struct {
	sub      int32 // index of the substitution; -1: literal
	off, end int32 // of the literal, in plan.lits
	optional bool
}

// A literal is the text of a System property that the plan states, a NULL where it
// is missing.
type literal struct {
	value
	number uint64
	isNum  bool
}

// A text is a range of plan.parts.
type text struct{ first, n int32 }

// An op is one step of a plan. Steps run in order; only opDrop jumps.
type op struct {
	kind     opKind
	scope    scope // opText: where children stand that a substitution brings
	leaf     bool  // opText: the element has no children, so that empty text counts
	optional bool  // opText: a NULL in sub leaves nothing
	sub      int32 // opDrop: the substitution whose NULL drops the element; else the one that the text is, -1 if there is more to it
	skip     int32 // opDrop: the step after the element
	text     text
	name     string // of the field (a path), or of the payload element
	last     told   // what the step told last
	named    text   // opText: the field's name, where it is no literal
}

// A told is a value, which stands in the present block, and the text that was
// made of it. What a provider writes repeats itself mostly: the step of the next
// record often finds the same value, and can use the same text.
type told struct {
	off  uint32 // in the block
	size uint16
	typ  byte
	text string
}

type opKind uint8

const (
	opDrop    opKind = iota // an element begins that depends on a substitution
	opPayload               // the payload element begins
	opText                  // text of an element: a field, or children brought by a substitution
	opAttr                  // an attribute: a field, unless it is empty
	opMessage               // RenderingInfo/Message
	opIgnored               // text that is no field, unless a substitution brings children
)

// A scope says where in an event an element stands, and so what it means.
type scope uint8

const (
	inDocument  scope = iota // the root: Event
	inEvent                  // System, EventData, UserData, RenderingInfo, …
	inSystem                 // Provider, EventID, …
	inUserData               // the payload element
	inEventData              // Data, Binary, and others that are treated as paths
	inPath                   // anything below
	inRendering              // Message, Level, …
	inNothing                // what is not looked at
)

// Limits on what one plan may hold. 64 is deeper than any known event; names
// are joined to paths, so without a bound these would grow with the square of
// the definition's size.
const (
	maxDepth     = 64
	maxPathBytes = 256 << 10
)

// reset makes p empty, and keeps its memory.
func (p *plan) reset(s scope) {
	*p = plan{scope: s, ops: p.ops[:0], parts: p.parts[:0], lits: p.lits[:0]}
}

// forget drops what was told of a block: its values are gone, and its texts would keep
// memory.
func (p *plan) forget() {
	p.used, p.activity = false, told{}
	p.signed, p.signs = false, signs{}
	for i := range p.ops {
		p.ops[i].last = told{}
	}
}

// findCarriers fills single and carriers.
func (p *plan) findCarriers() {
	p.single = true
	for i := range p.ops {
		o := &p.ops[i]
		field := o.kind == opText || o.kind == opAttr
		if o.kind == opMessage || o.text.n == 0 {
			continue
		}
		p.single = p.single && (!field || o.sub >= 0)
		for _, part := range p.parts[o.text.first : o.text.first+o.text.n] {
			if part.sub >= 0 {
				p.carriers = append(p.carriers, carrier{part.sub, o.scope, field})
			}
		}
	}
}

// A compiler turns binary XML into a plan.
type compiler struct {
	cursor
	p          *plan
	names      *names
	definition *definition // if it is one of a template: elements have dependency ids, and there are substitutions
	begin      int         // of the definition
	headOnly   bool        // stop behind System
	path       []byte      // of the current element below the payload element
	depth      int
	pathBytes  int
}

// root compiles the one element that stands at the cursor.
func (c *compiler) root(s scope) error {
	c.p.reset(s)
	c.begin = c.pos
	c.prolog()
	if tok := c.peek(); c.err == nil && tok != tokenOpen {
		c.failf("token %#02x where an element should begin", tok)
	}
	c.element(s)
	return c.err
}

// prolog moves past what may stand before a root element, and within one. Names of
// processing instructions say nothing, but may stand in line.
func (c *compiler) prolog() {
	from := c.pos
	if c.skipProlog(); c.definition != nil && c.pos-from > 4 {
		c.definition.alone = true
	}
}

// name reads a reference to a name.
func (c *compiler) name() string {
	off, text := c.reference()
	if c.err != nil {
		return ""
	}
	return c.names.at(off, text)
}

// reference reads a reference to a name, see cursor.name.
func (c *compiler) reference() (off int, text []byte) {
	from := c.pos
	off, text = c.cursor.name()
	c.place(placeName, from, text)
	return off, text
}

// place notes where definitions that mean the same may differ.
func (c *compiler) place(kind placeKind, from int, name []byte) {
	if d := c.definition; d != nil {
		d.places = append(d.places, place{kind, from - c.begin, c.pos - c.begin, string(name)})
	}
}

// An element while it is compiled.
type element struct {
	node
	name     string
	text     text // since the last child
	children bool
	path     int // length of the path outside of it
}

// element compiles an element.
//
//	+0  u8   tokenOpen
//	+1  u16  dependency; only within template definitions
//	    u32  size of what follows the size
//	    u32  name, see cursor.name
//	    u32  size of the attribute list, then the list; only with tokenMore
//	    u8   tokenCloseEmpty, or tokenCloseStart, content and tokenEnd
func (c *compiler) element(s scope) {
	if c.depth++; c.depth > maxDepth {
		c.err = errDepth
	}
	tok := c.u8()
	drop := c.dependency(s)
	c.take(4)
	c.place(placeSize, c.pos-4, nil)
	e := element{name: localName(c.name()), path: len(c.path)}
	e.node = classify(s, e.name)
	if e.data {
		e.name = ""
	}
	c.open(&e)
	if tok&tokenMore != 0 {
		c.attributes(&e)
	}
	c.push(&e)
	switch tok := c.u8(); tok {
	case tokenCloseEmpty:
		c.flush(&e, true)
	case tokenCloseStart:
		c.content(&e)
	default:
		c.failf("token %#02x where a start tag should end", tok)
	}
	if drop >= 0 {
		c.p.ops[drop].skip = int32(len(c.p.ops))
	}
	c.path = c.path[:e.path]
	c.depth--
}

// dependency reads the dependency of an element, and returns the index of the
// step that tests it, or -1. In System the NULL itself says enough.
func (c *compiler) dependency(s scope) int {
	if c.definition == nil {
		return -1
	}
	sub := c.u16()
	if sub == noDependency {
		return -1
	}
	c.need(sub)
	if s == inSystem {
		return -1
	}
	c.p.ops = append(c.p.ops, op{kind: opDrop, sub: int32(sub)})
	return len(c.p.ops) - 1
}

func (c *compiler) need(sub int) {
	c.p.subs = max(c.p.subs, sub+1)
}

// open notes what the mere presence of an element means.
func (c *compiler) open(e *element) {
	switch {
	case e.payload:
		c.p.ops = append(c.p.ops, op{kind: opPayload, name: e.name})
	case e.child == inSystem:
		c.p.system = true
	}
}

// push makes the element's name part of the path, where there is one.
func (c *compiler) push(e *element) {
	if e.kind != opText || e.payload || e.dynamic.n > 0 {
		return
	}
	if c.path = appendPath(c.path, e.name); len(c.path) > maxPathBytes/16 {
		c.failf("path of an element is longer than %d bytes", maxPathBytes/16)
	}
}

// appendPath joins a path and what stands below it; "" and "@name" are the text
// and an attribute of the element itself.
func appendPath(path []byte, name string) []byte {
	if len(path) > 0 && name != "" && name[0] != '@' {
		path = append(path, '/')
	}
	return append(path, name...)
}

// attributes compiles an attribute list. Each attribute is a token, a name and
// its text; tokenMore is on all but the last.
func (c *compiler) attributes(e *element) {
	size := c.u32()
	c.place(placeList, c.pos-4, nil)
	if int64(size) > int64(c.end-c.pos) {
		c.failf("attribute list of %d bytes runs past its container", size)
		return
	}
	end := c.pos + int(size)
	for c.pos < end && c.err == nil {
		if tok := c.u8() &^ tokenMore; tok != tokenAttribute {
			c.failf("token %#02x where an attribute should begin", tok)
			return
		}
		name := c.name()
		text := text{first: int32(len(c.p.parts))}
		for c.charData(&text) {
		}
		c.attribute(e, name, text)
	}
	c.place(placeListEnd, c.pos, nil)
	if c.definition != nil && c.pos != end {
		c.definition.alone = true
	}
}

// attribute adds the step for an attribute. Declarations of name spaces are
// no data.
func (c *compiler) attribute(e *element, name string, t text) {
	if name == "xmlns" || strings.HasPrefix(name, "xmlns:") {
		return
	}
	name = localName(name)
	switch {
	case e.inSystem:
		c.setSlot(slotOf(e.name, name), t)
	case e.data && name == "Name":
		c.nameField(e, t)
	case e.kind == opText:
		full := c.path
		if !e.payload {
			full = appendPath(full, e.name)
		}
		full = append(append(full, '@'), name...)
		sub, _ := c.p.only(t)
		c.p.ops = append(c.p.ops, op{kind: opAttr, sub: sub, name: c.pathName(full), text: t})
		c.path = full[:e.path]
	}
}

// nameField takes Data/@Name for the name of the field.
func (c *compiler) nameField(e *element, t text) {
	e.name = ""
	if t.n == 1 && c.p.parts[t.first].sub < 0 {
		e.name = c.names.get(trimNUL16(c.p.literal(t.first)))
	} else {
		e.dynamic = t
	}
}

// content compiles what stands between start tag and end tag.
func (c *compiler) content(e *element) {
	e.text.first = int32(len(c.p.parts))
	for c.err == nil {
		if c.charData(&e.text) {
			continue
		}
		switch c.peek() {
		case tokenOpen:
			c.flush(e, false)
			e.children = true
			c.element(e.child)
			if e.child == inEvent && c.headOnly && c.p.system {
				return
			}
			e.text = text{first: int32(len(c.p.parts))}
		case tokenPITarget, tokenPIData:
			c.prolog()
		case tokenEnd:
			c.take(1)
			c.flush(e, !e.children)
			return
		default:
			c.failf("token %#02x in the content of an element", c.peek())
		}
	}
}

// flush adds the step for the text collected since the last child; leaf says
// that there are no children.
func (c *compiler) flush(e *element, leaf bool) {
	if e.inSystem {
		if leaf {
			c.setSlot(slotOf(e.name, ""), e.text)
		}
		return
	}
	if e.kind == opText && leaf && !e.payload || e.text.n > 0 {
		sub, optional := c.p.only(e.text)
		c.p.ops = append(c.p.ops, op{
			kind: e.kind, scope: e.child, leaf: leaf && !e.payload, sub: sub, optional: optional,
			name: c.pathName(c.path), named: e.dynamic, text: e.text,
		})
	}
}

// only returns the substitution that a text consists of, -1 if it is another text.
func (p *plan) only(t text) (sub int32, optional bool) {
	if t.n != 1 {
		return -1, false
	}
	return p.parts[t.first].sub, p.parts[t.first].optional
}

// pathName makes a path a string.
func (c *compiler) pathName(path []byte) string {
	if c.pathBytes += len(path); c.pathBytes > maxPathBytes {
		c.failf("paths of the fields take more than %d bytes", maxPathBytes)
	}
	return c.names.path(path)
}

// setSlot notes where a System property stands.
func (c *compiler) setSlot(s slot, t text) {
	if s == slotNone || t.n == 0 {
		return
	}
	if t.n > 1 {
		c.failf("a System property of several parts")
		return
	}
	if sub := c.p.parts[t.first].sub; sub >= 0 {
		c.p.slots[s] = sub + 1
	} else {
		lit := literal{value: value{typeString, c.p.literal(t.first)}}
		if s.isNumber() {
			lit.number, lit.isNum = lit.value.number()
		}
		c.p.literals[s] = lit
	}
}

// charData adds the piece of text at the cursor to t, if there is one.
func (c *compiler) charData(t *text) bool {
	switch tok := c.peek(); tok {
	case tokenValue:
		c.take(1)
		if typ := c.u8(); c.err == nil && typ != typeString {
			c.failf("literal value of type %#02x", typ)
		}
		c.literal(t, c.text())
	case tokenCData:
		c.take(1)
		c.literal(t, c.text())
	case tokenCharRef:
		c.take(1)
		c.literal(t, c.take(2))
	case tokenEntityRef:
		c.take(1)
		_, name := c.reference()
		c.literal(t, entity(name))
	case tokenSubstitution, tokenOptional:
		c.take(1)
		c.substitution(t, tok == tokenOptional)
	default:
		return false
	}
	return c.err == nil
}

// substitution reads u16 index and u8 type. The type only says what the
// template expects; the record's own type is the one that counts.
func (c *compiler) substitution(t *text, optional bool) {
	sub := c.u16()
	c.take(1)
	if c.definition == nil {
		c.failf("substitution outside of a template definition")
		return
	}
	c.need(sub)
	c.p.parts = append(c.p.parts, part{sub: int32(sub), optional: optional})
	t.n++
}

// literal adds text to t; it joins a literal just before, such as text that is
// cut by an entity.
func (c *compiler) literal(t *text, utf16 []byte) {
	p := c.p
	off := int32(len(p.lits))
	p.lits = append(p.lits, utf16...)
	if last := len(p.parts) - 1; t.n > 0 && p.parts[last].sub < 0 {
		p.parts[last].end = int32(len(p.lits))
		return
	}
	p.parts = append(p.parts, part{sub: -1, off: off, end: int32(len(p.lits))})
	t.n++
}

func (p *plan) literal(i int32) []byte {
	return p.lits[p.parts[i].off:p.parts[i].end]
}

// entity returns what a reference to a predefined entity stands for, in UTF-16;
// others stay as they are written.
func entity(name []byte) []byte {
	switch string(name) {
	case "a\x00m\x00p\x00":
		return []byte("&\x00")
	case "l\x00t\x00":
		return []byte("<\x00")
	case "g\x00t\x00":
		return []byte(">\x00")
	case "q\x00u\x00o\x00t\x00":
		return []byte("\"\x00")
	case "a\x00p\x00o\x00s\x00":
		return []byte("'\x00")
	}
	return append(append([]byte("&\x00"), name...), ";\x00"...)
}

// A node is what an element means where it stands.
type node struct {
	kind     opKind // what its text is
	child    scope
	payload  bool // it is the payload element
	data     bool // it is EventData/Data, whose Name attribute names the field
	inSystem bool
	dynamic  text // Data/@Name, where it is no literal
}

func classify(s scope, name string) node {
	ignored := node{kind: opIgnored, child: inNothing}
	switch s {
	case inDocument:
		if name == "Event" {
			return node{kind: opIgnored, child: inEvent}
		}
	case inEvent:
		return eventChild(name)
	case inSystem:
		return node{kind: opIgnored, child: inNothing, inSystem: true}
	case inUserData:
		return node{kind: opText, child: inPath, payload: true}
	case inEventData:
		return node{kind: opText, child: inPath, data: name == "Data"}
	case inPath:
		return node{kind: opText, child: inPath}
	case inRendering:
		if name == "Message" {
			return node{kind: opMessage, child: inNothing}
		}
	}
	return ignored
}

// eventChild classifies the children of Event. What the schema may add to
// EventData and UserData (ProcessingErrorData, DebugData, …) is a payload too.
func eventChild(name string) node {
	switch name {
	case "System":
		return node{kind: opIgnored, child: inSystem}
	case "EventData":
		return node{kind: opText, child: inEventData, payload: true}
	case "UserData":
		return node{kind: opIgnored, child: inUserData}
	case "RenderingInfo":
		return node{kind: opIgnored, child: inRendering}
	}
	return node{kind: opText, child: inPath, payload: true}
}
