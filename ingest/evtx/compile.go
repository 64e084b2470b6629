package evtx

import "strings"

// Limits on what one plan may hold. 64 is deeper than any known event; names
// are joined to paths, so without a bound these would grow with the square of
// the definition's size.
const (
	maxDepth     = 64
	maxPathBytes = 256 << 10
)

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
