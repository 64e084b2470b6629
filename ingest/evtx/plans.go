package evtx

import "fmt"

// definitionSize is the size of what precedes a template definition's XML:
//
//	+0   u32  offset of the next definition with the same hash bucket
//	+4   16   GUID
//	+20  u32  size of the XML
const definitionSize = 24

// A planTable leads from the offset of a template definition in the present
// chunk to its plan. Entries are valid if they bear the chunk's generation, so
// that the table need not be cleared for each chunk.
//
// Behind it, plans are kept for the other chunks of a block: each repeats its
// definitions, in bytes that differ by the offsets within, so that they can't be
// told by a hash. A GUID and the size of the definition tell them (the size
// differs where a name is in line in one chunk and referred to in another). That
// holds for what Windows wrote, so only chunks whose checksums are right put
// plans there and take them from there. They are kept for no longer than a block,
// as what a log yields must not depend on which worker reads which block.
type planTable struct {
	entries    []planEntry // by offset
	generation uint32
	chunk      []*plan // those that entries refer to

	kept map[planKey]*plan
	cost int // of kept
}

type planEntry struct{ generation, index uint32 }

type planKey struct {
	guid  [16]byte
	size  uint32
	scope scope
}

// maxPlanCost bounds the memory of the plans kept, in bytes; when a hostile log
// reaches it, they are dropped. Real ones take about 100 KiB.
const maxPlanCost = 4 << 20

// maxCompiled bounds the bytes of definitions that are compiled for a chunk.
// They can't be more than it holds, unless definitions overlap.
const maxCompiled = 4 * chunkSize

// enterBlock forgets the plans of the block before.
func (t *planTable) enterBlock() {
	clear(t.kept)
	t.cost = 0
}

// enter prepares for another chunk.
func (t *planTable) enter() {
	if t.generation++; t.entries == nil || t.generation == 0 {
		t.entries = make([]planEntry, chunkSize)
		t.generation = 1
	}
	t.chunk = t.chunk[:0]
}

func (t *planTable) get(off int) *plan {
	if e := t.entries[off]; e.generation == t.generation {
		return t.chunk[e.index]
	}
	return nil
}

func (t *planTable) set(off int, p *plan) {
	t.entries[off] = planEntry{t.generation, uint32(len(t.chunk))}
	t.chunk = append(t.chunk, p)
}

// keep stores a plan for the other chunks.
func (t *planTable) keep(key planKey, p *plan) {
	if t.cost += p.cost(); t.kept == nil || t.cost > maxPlanCost {
		t.kept = map[planKey]*plan{}
		t.cost = p.cost()
	}
	t.kept[key] = p
}

// plan returns the plan of the definition at an offset of the chunk.
func (d *decoder) plan(off int, id uint32, s scope) (*plan, error) {
	if off < chunkHeaderSize || off > len(d.chunk)-definitionSize {
		return nil, fmt.Errorf("template %08x: its definition at %#x is outside of the chunk", id, off)
	}
	if p := d.plans.get(off); p != nil && p.scope == s && p.id() == id {
		return p, nil
	}
	key := planKey{[16]byte(d.chunk[off+4:]), le.Uint32(d.chunk[off+20:]), s}
	if le.Uint32(key.guid[:]) != id {
		return nil, fmt.Errorf("template %08x: no definition of it at %#x", id, off)
	}
	if p := d.plans.kept[key]; p != nil && d.sound {
		d.plans.set(off, p)
		return p, nil
	}
	p, err := d.compileDefinition(off, s)
	if err != nil {
		return nil, err
	}
	d.plans.set(off, p)
	if d.sound {
		d.plans.keep(key, p)
	}
	return p, nil
}

func (p *plan) id() uint32 { return le.Uint32(p.guid[:]) }

// compileDefinition compiles the template definition at an offset of the chunk.
func (d *decoder) compileDefinition(off int, s scope) (*plan, error) {
	guid := [16]byte(d.chunk[off+4:])
	size, begin := int64(le.Uint32(d.chunk[off+20:])), off+definitionSize
	if size > int64(len(d.chunk)-begin) {
		return nil, fmt.Errorf("template %08x: its definition of %d bytes runs past the chunk", le.Uint32(guid[:]), size)
	}
	if d.compiled += int(size); d.compiled > maxCompiled {
		return nil, fmt.Errorf("template %08x: definitions of the chunk take more than %d bytes", le.Uint32(guid[:]), maxCompiled)
	}
	p := &plan{}
	c := d.newCompiler(p, cursor{b: d.chunk, pos: begin, end: begin + int(size)})
	c.definition = true
	if err := c.root(s); err != nil {
		return nil, fmt.Errorf("template %08x: %w", le.Uint32(guid[:]), err)
	}
	p.guid = guid
	return p, nil
}

// compileDirect compiles the element at the cursor, which stands in a record
// without a template, and moves behind it. headOnly stops behind System. The
// plan is valid until the next one at the same depth.
func (d *decoder) compileDirect(c *cursor, s scope, headOnly bool) (*plan, error) {
	p := d.direct[d.depth]
	if p == nil {
		p = &plan{}
		d.direct[d.depth] = p
	}
	k := d.newCompiler(p, *c)
	k.headOnly = headOnly
	err := k.root(s)
	if !headOnly {
		*c = k.cursor
	}
	return p, err
}

func (d *decoder) newCompiler(p *plan, c cursor) *compiler {
	d.compiler = compiler{cursor: c, p: p, names: &d.names, path: d.compiler.path[:0]}
	return &d.compiler
}
