package evtx

import (
	"errors"
	"fmt"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
)

var errNoEventID = errors.New("no EventID")

// A decoder reads the chunks of one log, one after the other. Each worker has
// its own; what it learns (names, providers, plans) serves all chunks.
type decoder struct {
	interest *event.Interest
	source   int  // Source.ID
	noCRC    bool // the file header says that checksums are not kept

	// The present chunk.
	chunk    []byte
	base     int64 // its offset in the log
	out      *block
	plans    planTable
	compiled int // bytes of definitions compiled for it

	// What recurs.
	names     names
	providers table[typed[*provider]]
	computers table[typed[string]]
	channels  table[typed[string]]
	guids     table[typed[string]]
	users     table[typed[string]]

	// Memory that is used again.
	compiler compiler
	direct   [maxDepth + 2]*plan // for XML that a record holds directly, by depth
	subs     []substitution
	text     []byte // of the value at hand
	path     []byte

	// The event that is being decoded.
	event  *event.Event
	budget int // what it may still cost, see expansion
	depth  int // of XML within values
	arena  arena
	fields []event.Field
}

// What decoding a record may cost: bytes of text, fields and steps per byte of
// the record, and a base for short records of a template with much literal
// text. The most that a real one needs is about 35 (an array of bytes becomes
// one field per byte). Templates that use a value many times, in values that do
// so again, would need any amount.
const (
	expansion  = 64
	baseBudget = 4 << 10
)

// enter makes chunk the present one.
func (d *decoder) enter(chunk []byte) {
	d.chunk = chunk
	d.compiled = 0
	d.plans.enter()
}

// A root is the outermost XML of a record.
type root struct {
	off    int // of the record, in the chunk
	header *recordHeader
	plan   *plan
	subs   []substitution
	xml    cursor // at the template's values; at the element where there is no template
	def    int    // offset of the template definition; 0: none
}

// record reads a record: it counts for its stream, and yields an event if it is
// wanted. One that can't be decoded counts for no stream, so that its place
// shows as a gap.
func (d *decoder) record(off, size int) {
	d.depth = 0
	r := root{
		off:    off,
		header: (*recordHeader)(d.chunk[off:]),
		xml:    cursor{b: d.chunk, pos: off + recordHeaderSize, end: off + size - 4},
	}
	h, err := d.open(&r)
	if err == nil && h.wanted() {
		d.budget = baseBudget + expansion*size
		err = d.decode(&r, &h)
	}
	if err != nil {
		d.out.undecodable++
		d.report(event.DamageRecord, off, true, "record %d can't be decoded: %v", r.header.id(), err)
		return
	}
	name := h.provider.name
	if name == "" {
		name = h.source.name
	}
	d.out.streams.Add(h.computer, h.channel, h.record, h.time, name)
}

// open finds the plan of a record and reads its head.
func (d *decoder) open(r *root) (head, error) {
	r.xml.skipProlog()
	var err error
	if tok := r.xml.peek(); tok == tokenTemplateInstance {
		err = d.openTemplate(r)
	} else {
		r.plan, err = d.compileDirect(&r.xml, inDocument, true)
	}
	switch {
	case err != nil:
		return head{}, err
	case !r.plan.system:
		return head{}, errNoSystem
	}
	return d.head(r)
}

func (d *decoder) openTemplate(r *root) (err error) {
	if r.plan, r.def, err = d.instance(&r.xml, inDocument); err != nil {
		return err
	}
	d.subs = d.subs[:0]
	values := r.xml
	r.subs, err = d.values(&values, r.plan.sysSubs)
	return err
}

// decode makes an event of a record that is wanted.
func (d *decoder) decode(r *root, h *head) (err error) {
	d.subs = d.subs[:0]
	if r.def != 0 {
		r.subs, err = d.values(&r.xml, -1)
	} else {
		r.plan, err = d.compileDirect(&r.xml, inDocument, false)
	}
	if err != nil {
		return err
	}
	if cap(d.fields)-len(d.fields) < fieldRoom {
		d.fields = make([]event.Field, 0, fieldSlab)
	}
	first, n := len(d.fields), len(d.out.events)
	d.out.events = append(d.out.events, event.Event{})
	d.event = &d.out.events[n]
	d.properties(d.event, r, h)
	if err := d.run(r.plan, r.subs, ""); err != nil {
		d.fields, d.out.events = d.fields[:first], d.out.events[:n]
		return err
	}
	d.event.Fields = d.fields[first:len(d.fields):len(d.fields)]
	return nil
}

// Fields of many events share one piece of memory. A new one is begun while
// there is still room for most events, so that few outgrow it and are moved.
const (
	fieldSlab = 2048
	fieldRoom = 64
)

// A substitution is a value of a template instance: where it stands in the chunk.
type substitution struct {
	off  uint32
	size uint16
	typ  byte
}

func (d *decoder) value(s substitution) value {
	return value{s.typ, d.chunk[s.off : s.off+uint32(s.size)]}
}

// instance reads a template instance up to its values, and returns its plan
// and the offset of its definition.
//
//	+0  u8   tokenTemplateInstance
//	+1  u8   1
//	+2  u32  id: the first four bytes of the definition's GUID
//	+6  u32  offset of the definition in the chunk; it may be right here
//	         values, see decoder.values
func (d *decoder) instance(c *cursor, s scope) (*plan, int, error) {
	c.take(2)
	id, def := c.u32(), int(c.u32())
	if c.err == nil && def == c.pos {
		head := c.take(definitionSize)
		if c.err == nil {
			c.take(int(le.Uint32(head[definitionSize-4:])))
		}
	}
	if c.err != nil {
		return nil, 0, c.err
	}
	p, err := d.plan(def, id, s)
	if err == nil && d.count(c) < p.subs {
		p, err = d.ownPlan(def, s, d.count(c))
	}
	return p, def, err
}

// count returns the number of values of the template instance at the cursor.
func (d *decoder) count(c *cursor) int {
	in := *c
	return int(in.u32())
}

// values reads the first n values of a template instance, or all if n is -1,
// and moves c behind them.
//
//	+0  u32      number of values
//	+4  n × {u16 size, u8 type, u8 0}
//	    n × data
func (d *decoder) values(c *cursor, n int) ([]substitution, error) {
	count := c.u32()
	specs := c.take(4 * int(min(count, chunkSize)))
	if c.err != nil {
		return nil, fmt.Errorf("%d values do not fit into it", count)
	}
	if n >= 0 && 4*n < len(specs) {
		specs = specs[:4*n]
	}
	first, off := len(d.subs), uint32(c.pos)
	for ; len(specs) >= 4; specs = specs[4:] {
		spec := le.Uint32(specs)
		d.subs = append(d.subs, substitution{off, uint16(spec), byte(spec >> 16)})
		off += spec & 0xffff
	}
	if int64(off) > int64(c.end) {
		return nil, errors.New("its values run past its end")
	}
	c.pos = int(off)
	return d.subs[first:], nil
}

// An arena holds the text of many events in few pieces of memory.
type arena struct{ b *strings.Builder }

const arenaSize = 64 << 10

// add returns b as a string. A Builder never changes what it has handed out.
func (a *arena) add(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if a.b == nil || a.b.Cap()-a.b.Len() < len(b) {
		a.b = new(strings.Builder)
		a.b.Grow(max(arenaSize, len(b)))
	}
	start := a.b.Len()
	a.b.Write(b)
	return a.b.String()[start:]
}
