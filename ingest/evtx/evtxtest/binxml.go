package evtxtest

import (
	"crypto/md5"
	"fmt"
)

// An element is an element of a template, or of XML without one.
type element struct {
	name    string
	depends int // index of the substitution + 1; 0: none
	attrs   []attr
	content []any // *element, literal or substitution
}

type attr struct {
	name  string
	value any // literal or substitution
}

type literal string

type substitution struct {
	index    int
	typ      byte
	optional bool
}

// An instance is a template with its values.
type instance struct {
	root   *element
	values []Value
	nested map[int]*instance // values that are XML, by index
}

// The fragment header: token, version 1.1, no flags.
var fragment = []byte{0x0f, 1, 1, 0}

// xml writes the XML of a record.
func (k *chunk) xml(d document) {
	switch {
	case d.raw != nil:
		k.u8(d.raw(len(k.b))...)
		return
	case k.config.direct:
		k.u8(fragment...)
		k.element(d.direct(), false)
	default:
		k.instance(d.instance())
	}
	k.u8(0)
}

// instance writes a template instance: a reference to the definition, which
// follows if it is the first in the chunk; the sizes and types of the values;
// the values.
func (k *chunk) instance(in *instance) {
	guid := in.root.guid()
	k.u8(fragment...)
	k.u8(0x0c, 1)
	k.u8(guid[:4]...)
	if off, ok := k.templates[guid]; ok {
		k.u32(uint32(off))
	} else {
		k.u32(uint32(len(k.b) + 4))
		k.templates[guid] = len(k.b)
		k.definition(in.root, guid)
	}
	k.u32(uint32(len(in.values)))
	specs := len(k.b)
	for _, v := range in.values {
		k.u16(len(v.Data))
		k.u8(v.Type, 0)
	}
	for i, v := range in.values {
		start := len(k.b)
		k.u8(v.Data...)
		if nested := in.nested[i]; nested != nil {
			k.instance(nested)
			k.u8(0)
		}
		le.PutUint16(k.b[specs+4*i:], uint16(len(k.b)-start))
	}
}

func (k *chunk) definition(root *element, guid [16]byte) {
	k.link(384 + 4*int(le.Uint32(guid[:])%32))
	k.u8(guid[:]...)
	k.sized(func() {
		k.u8(fragment...)
		k.element(root, true)
		k.u8(0)
	})
}

// element writes an element; in a template definition it has a dependency.
func (k *chunk) element(e *element, definition bool) {
	token := byte(0x01)
	if len(e.attrs) > 0 {
		token |= 0x40
	}
	k.u8(token)
	if definition {
		k.u16(e.depends - 1) // 0xffff for none
	}
	k.sized(func() {
		k.name(e.name)
		if len(e.attrs) > 0 {
			k.sized(func() { k.attrs(e.attrs) })
		}
		if len(e.content) == 0 {
			k.u8(0x03)
			return
		}
		k.u8(0x02)
		for _, c := range e.content {
			if child, ok := c.(*element); ok {
				k.element(child, definition)
			} else {
				k.value(c)
			}
		}
		k.u8(0x04)
	})
}

func (k *chunk) attrs(attrs []attr) {
	for i, a := range attrs {
		token := byte(0x06)
		if i < len(attrs)-1 {
			token |= 0x40
		}
		k.u8(token)
		k.name(a.name)
		k.value(a.value)
	}
}

// value writes a literal or a substitution.
func (k *chunk) value(v any) {
	switch v := v.(type) {
	case literal:
		k.u8(0x05, 0x01)
		k.text(string(v))
	case substitution:
		token := byte(0x0d)
		if v.optional {
			token = 0x0e
		}
		k.u8(token)
		k.u16(v.index)
		k.u8(v.typ)
	}
}

// guid names the template by a hash of its structure, so that equal templates
// have equal names.
func (e *element) guid() [16]byte {
	return md5.Sum(fmt.Appendf(nil, "%s", e.signature(nil)))
}

func (e *element) signature(b []byte) []byte {
	b = fmt.Appendf(b, "<%q %d", e.name, e.depends)
	for _, a := range e.attrs {
		b = fmt.Appendf(b, " %q=%#v", a.name, a.value)
	}
	for _, c := range e.content {
		if child, ok := c.(*element); ok {
			b = child.signature(b)
		} else {
			b = fmt.Appendf(b, " %#v", c)
		}
	}
	return append(b, '>')
}
