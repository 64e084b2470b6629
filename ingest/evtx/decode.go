package evtx

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
)

var errNoEventID = errors.New("no EventID")

// A decoder reads chunks of one log, one after the other. Each worker has its
// own; the names and providers that it learns serve all chunks.
type decoder struct {
	interest *event.Interest
	source   int  // Source.ID
	noCRC    bool // the file header says that checksums are not kept
	recover  bool // remains are read, too

	// The present block and chunk.
	data  []byte // of the block
	chunk []byte
	at    int   // its offset in the block
	base  int64 // its offset in the log
	out   *block
	plans plans

	// What recurs.
	names     names
	providers table[typed[*provider]]
	unnamed   *provider // of records that name none
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
	havings  map[*string]*having // by the first of the texts
	having   *having             // the present one
	lacks    lacks

	// The record that is being decoded.
	record record
	event  *event.Event
	budget int // what it may still cost, see expansion
	depth  int // of XML within values

	// Where records and events go.
	tally    tally
	arena    arena
	fields   []event.Field
	expected int // events in a block
	recycler *event.Recycler
	lent     [][]event.Field // what the fields of the present block are in; only with a recycler
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

// enter makes chunk the present one; trusted says that its checksums are right.
func (d *decoder) enter(chunk []byte, trusted bool) {
	d.chunk = chunk
	d.plans.enter(trusted)
	d.names.enter()
}

// A record is a record while it is read.
type record struct {
	header *recordHeader
	off    int // in the chunk
	end    int // of its XML
	head
	plan   *plan
	values values
	own    bool // it holds its XML directly, without a template
	xml    int  // where that begins
}

// readRecord reads a record: it counts for its stream, and yields an event if it
// is wanted. One that can't be decoded counts for no stream, so that its place
// shows as a gap.
func (d *decoder) readRecord(off, size int) {
	d.depth = 0
	r := &d.record
	r.off, r.end, r.header = off, off+size-4, (*recordHeader)(d.chunk[off:])
	err := d.open(r)
	if err == nil {
		if d.mayWant(r) {
			d.budget = baseBudget + expansion*size
			err = d.decode(r)
		}
	}
	if err != nil {
		d.out.undecodable++
		d.report(event.DamageRecord, off, true, "record %d can't be decoded: %v", r.header.id(), err)
		return
	}
	d.count(&r.head)
	if d.recover {
		d.out.heads = append(d.out.heads, r.key())
	}
}

// mayWant reports whether the event may be wanted, as far as can be told before it
// is decoded.
func (d *decoder) mayWant(r *record) bool {
	if d.interest == nil {
		return true
	}
	a := d.asks(r.provider, &r.head)
	if r.source != d.unnamed && r.source != r.provider {
		switch b := d.asks(r.source, &r.head); {
		case !a.may:
			a = b
		case b.may: // either may hold
			return true
		}
	}
	return a.may && (a.having == nil || d.mayHave(r, a.having))
}

// open finds the plan of a record and reads its head.
func (d *decoder) open(r *record) (err error) {
	var c cursor
	c.set(d.chunk, r.off+recordHeaderSize, r.end)
	c.skipProlog()
	r.own = c.peek() != tokenTemplateInstance
	if r.own {
		r.xml, r.values = c.pos, values{}
		r.plan, err = d.compileDirect(&c, inDocument, true)
	} else {
		if r.plan, err = d.instance(&c, inDocument); err != nil {
			return err
		}
		r.values, err = d.ownValues(&c, r.plan)
	}
	switch {
	case err != nil:
		return err
	case !r.plan.system:
		return errNoSystem
	}
	return d.readHead(r)
}

// decode makes an event of a record that may be wanted, and drops it if it is
// not, by what it says.
func (d *decoder) decode(r *record) (err error) {
	if r.own {
		c := cursor{b: d.chunk, pos: r.xml, end: r.end}
		if r.plan, err = d.compileDirect(&c, inDocument, false); err != nil {
			return err
		}
	}
	d.reserve()
	first, n := len(d.fields), len(d.out.events)
	d.out.events = append(d.out.events, event.Event{})
	d.event = &d.out.events[n]
	d.properties(d.event, r)
	err = d.run(r.plan, r.values, "")
	if len(d.fields) > first {
		d.event.Fields = d.fields[first:len(d.fields):len(d.fields)]
	}
	if err != nil || d.interest != nil && !r.asked(d.event) {
		d.fields, d.out.events = d.fields[:first], d.out.events[:n]
	}
	return err
}

// Fields of many events share one piece of memory. A new one is begun while
// there is still room for most events, so that few outgrow it and are moved.
const (
	fieldSlab = 2048
	fieldRoom = 64
)

// reserve has room for an event and its fields.
func (d *decoder) reserve() {
	if cap(d.fields)-len(d.fields) < fieldRoom {
		if d.fields = d.recycler.Fields(); d.fields == nil {
			d.fields = make([]event.Field, 0, fieldSlab)
		}
		if d.recycler != nil {
			d.lent = append(d.lent, d.fields)
		}
	}
	if d.out.events == nil {
		if d.out.events = d.recycler.Events(); d.out.events == nil { // about as many as in the block before
			d.out.events = make([]event.Event, 0, d.expected)
		}
	}
}

// lend has the recycler know what the events of a block are in, which the next
// block does not use.
func (d *decoder) lend(b *block) {
	if d.recycler != nil {
		d.recycler.Lend(b.events, d.lent)
		d.fields, d.lent = nil, nil
	}
}

// A substitution says where a value of a template instance stands. The low half is
// what the instance states: u16 size, u8 type, u8 0; the high half is the offset.
type substitution uint64

func (s substitution) off() int  { return int(s >> 32) }
func (s substitution) size() int { return int(s & 0xffff) }
func (s substitution) typ() byte { return byte(s >> 16) }

func (d *decoder) value(s substitution) value {
	return value{s.typ(), d.chunk[s.off():][:s.size()]}
}

// values are those of a template instance. Their offsets count from the first.
type values struct {
	at   int // where the first stands in the chunk
	subs []substitution
}

// sub returns value i, with its offset in the chunk.
func (v values) sub(i int32) substitution { return v.subs[i] + substitution(v.at)<<32 }

// instance reads a template instance up to its values, and returns its plan.
//
//	+0  u8   tokenTemplateInstance
//	+1  u8   1
//	+2  u32  id: the first four bytes of the definition's GUID
//	+6  u32  offset of the definition in the chunk; it may be right here
//	         values, see decoder.values
func (d *decoder) instance(c *cursor, s scope) (*plan, error) {
	head := c.take(10)
	if c.err != nil {
		return nil, c.err
	}
	id, def := le.Uint32(head[2:]), int(le.Uint32(head[6:]))
	if def == c.pos {
		if head := c.take(definitionSize); c.err == nil {
			c.take(int(le.Uint32(head[definitionSize-4:])))
		}
	}
	if c.err != nil || c.end-c.pos < 4 {
		return nil, errShort
	}
	p, err := d.template(def, id, s)
	if err != nil {
		return nil, err
	}
	if count := int(le.Uint32(c.b[c.pos:])); count < p.subs {
		return nil, fmt.Errorf("template %08x needs %d values, not %d", id, p.subs, count)
	}
	return p, nil
}

// values reads the values of a template instance, and moves c behind them.
//
//	+0  u32      number of values
//	+4  n × {u16 size, u8 type, u8 0}
//	    n × data
func (d *decoder) values(c *cursor) (v values, err error) {
	specs, err := c.specs()
	if err != nil {
		return v, err
	}
	first := len(d.subs)
	d.subs = locate(d.subs, specs)
	v = values{c.pos, d.subs[first:]}
	return v, c.skipValues(v)
}

// ownValues is values of the instance that a record consists of.
func (d *decoder) ownValues(c *cursor, p *plan) (v values, err error) {
	specs, err := c.specs()
	if err != nil {
		return v, err
	}
	v.at = c.pos
	if len(specs) <= layoutSize {
		v.subs = p.layout.locate(specs)
	} else {
		d.subs = locate(d.subs[:0], specs)
		v.subs = d.subs
	}
	return v, c.skipValues(v)
}

// specs reads what a template instance states of its values.
func (c *cursor) specs() ([]byte, error) {
	count := c.u32()
	specs := c.take(4 * int(min(count, chunkSize)))
	if c.err != nil {
		return nil, fmt.Errorf("%d values do not fit into it", count)
	}
	return specs, nil
}

// skipValues moves c from the first value behind the last.
func (c *cursor) skipValues(v values) error {
	if len(v.subs) == 0 {
		return nil
	}
	last := v.subs[len(v.subs)-1]
	if c.take(last.off() + last.size()); c.err != nil {
		return errors.New("its values run past its end")
	}
	return nil
}

// locate adds the values of these specs to list.
func locate(list []substitution, specs []byte) []substitution {
	off := uint64(0)
	for ; len(specs) > 0; specs = specs[4:] {
		spec := uint64(le.Uint32(specs))
		list = append(list, substitution(off<<32|spec))
		off += spec & 0xffff
	}
	return list
}

// A layout is where the values of the last record of a plan stood. Those of the next
// one mostly stand there, too, as all but the last, the payload, are numbers, times
// and identifiers of the same sizes.
type layout struct {
	specs []byte
	subs  []substitution
}

// layoutSize bounds the specs of a layout, in bytes. Those of real ones take 80.
const layoutSize = 256

// locate returns the values of these specs. They are valid until it is called again.
func (l *layout) locate(specs []byte) []substitution {
	n := len(specs) - 4
	if n >= 0 && len(l.specs) == len(specs) && bytes.Equal(l.specs[:n], specs[:n]) {
		last := &l.subs[n/4]
		*last = *last>>32<<32 | substitution(le.Uint32(specs[n:]))
		return l.subs
	}
	l.specs = append(l.specs[:0], specs...)
	l.subs = locate(l.subs[:0], specs)
	return l.subs
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
