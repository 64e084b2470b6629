package evtx

import (
	"bytes"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// run executes a plan: it appends the fields that the plan yields with these
// values. prefix is the path of the element that the XML stands in.
func (d *decoder) run(p *plan, v values, prefix string) error {
	for i := 0; i < len(p.ops); i++ {
		if d.budget--; d.budget < 0 {
			return errBudget
		}
		o := &p.ops[i]
		var err error
		switch o.kind {
		case opDrop:
			if v.subs[o.sub].typ() == typeNull {
				i = int(o.skip) - 1
			}
		case opPayload:
			if d.event.Payload == "" {
				d.event.Payload = o.name
			}
		case opAttr:
			if err = d.eval(p, o.text, v); err == nil && len(d.text) > 0 {
				err = d.emit(d.join(prefix, o.name), d.arena.add(d.text))
			}
		default:
			err = d.content(p, o, v, prefix)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// content executes a step that stands for the content of an element, or for a
// piece of it between two children.
func (d *decoder) content(p *plan, o *op, v values, prefix string) error {
	name := o.name
	if o.named.n > 0 {
		if err := d.eval(p, o.named, v); err != nil {
			return err
		}
		name = d.names.path(d.text)
	}
	if prefix != "" {
		name = d.join(prefix, name)
	}
	if o.sub >= 0 {
		return d.substitute(o, name, v.sub(o.sub))
	}
	parts := p.parts[o.text.first : o.text.first+o.text.n]
	err := d.eval(p, o.text, v)
	if err == nil && o.kind != opIgnored {
		err = d.leaf(o, name, d.arena.add(d.text))
	}
	for i := 0; i < len(parts) && err == nil; i++ {
		if sub := parts[i].sub; sub >= 0 && v.subs[sub].typ() == typeBinXML {
			err = d.nested(v.sub(sub), o.scope, name)
		}
	}
	return err
}

// substitute executes a step whose content is one substitution, as it nearly
// always is. An array repeats the element for each item (MS-EVEN6, 3.1.4.7.5);
// an empty one stands for one empty element.
func (d *decoder) substitute(o *op, name string, s substitution) error {
	typ := s.typ()
	switch {
	case typ == typeNull && o.optional:
		return nil
	case typ == typeBinXML && s.size() > 0:
		return d.nested(s, o.scope, name)
	case o.kind == opIgnored:
		return nil
	case typ&typeArray != 0 && s.size() > 0:
		return d.items(o, name, d.value(s))
	}
	return d.leaf(o, name, d.tell(&o.last, s))
}

// tell returns the text of a value, given what was told last in its place.
func (d *decoder) tell(last *told, s substitution) string {
	v := d.value(s)
	if v.typ != last.typ || !bytes.Equal(v.data, d.data[last.off:][:last.size]) {
		d.text = v.appendText(d.text[:0])
		*last = told{uint32(d.at + s.off()), uint16(s.size()), v.typ, d.arena.add(d.text)}
	}
	return last.text
}

// items takes each item of an array as the content of an element.
func (d *decoder) items(o *op, name string, v value) error {
	for item, ok := v.next(); ok; item, ok = v.next() {
		d.text = item.appendText(d.text[:0])
		if err := d.leaf(o, name, d.arena.add(d.text)); err != nil {
			return err
		}
	}
	return nil
}

// leaf takes a text as the content of an element.
func (d *decoder) leaf(o *op, name, text string) error {
	switch {
	case o.kind == opText && (o.leaf || text != ""):
		return d.emit(name, text)
	case o.kind == opMessage:
		d.event.Message = text
	}
	return nil
}

// emit adds a field.
func (d *decoder) emit(name, value string) error {
	const fieldSize = 32
	if d.budget -= fieldSize + len(value); d.budget < 0 {
		return errBudget
	}
	d.fields = append(d.fields, event.Field{Name: name, Value: value})
	return nil
}

// eval evaluates a text into d.text.
func (d *decoder) eval(p *plan, t text, v values) error {
	d.text = d.text[:0]
	for _, part := range p.parts[t.first : t.first+t.n] {
		if part.sub < 0 {
			d.text = value{typeString, p.lits[part.off:part.end]}.appendText(d.text)
		} else {
			d.text = d.value(v.sub(part.sub)).appendText(d.text)
		}
		if len(d.text) > d.budget {
			return errBudget
		}
	}
	return nil
}

// join joins a path and what stands below it.
func (d *decoder) join(prefix, name string) string {
	if prefix == "" {
		return name
	}
	d.path = appendPath(append(d.path[:0], prefix...), name)
	d.budget -= len(d.path)
	return d.names.path(d.path)
}

// nested runs the XML that a value holds: fragments with or without a header,
// each an element or a template instance.
func (d *decoder) nested(s substitution, in scope, prefix string) (err error) {
	if d.depth == maxDepth {
		return errDepth
	}
	if d.budget -= s.size(); d.budget < 0 {
		return errBudget
	}
	d.depth++
	var c cursor
	c.set(d.chunk, s.off(), s.off()+s.size())
	for c.skipProlog(); err == nil && c.err == nil && c.pos < c.end; c.skipProlog() {
		switch c.peek() {
		case tokenEOF:
			c.take(1)
		case tokenTemplateInstance:
			err = d.nestedInstance(&c, in, prefix)
		default:
			err = d.nestedElement(&c, in, prefix)
		}
	}
	d.depth--
	if err == nil {
		err = c.err
	}
	return err
}

func (d *decoder) nestedInstance(c *cursor, in scope, prefix string) error {
	p, err := d.instance(c, in)
	if err != nil {
		return err
	}
	first := len(d.subs)
	v, err := d.values(c)
	if err == nil {
		err = d.run(p, v, prefix)
	}
	d.subs = d.subs[:first]
	return err
}

func (d *decoder) nestedElement(c *cursor, in scope, prefix string) error {
	p, err := d.compileDirect(c, in, false)
	if err != nil {
		return err
	}
	return d.run(p, values{}, prefix)
}
