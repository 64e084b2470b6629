package evtx

import "fmt"

// An offsetTable remembers what was made of what stands at an offset of the
// present chunk. Entries are valid if they bear the chunk's generation, so that
// the table need not be cleared for each of thousands of chunks.
type offsetTable[V any] struct {
	entries    []offsetEntry
	generation uint32
	values     []V
}

type offsetEntry struct{ generation, index uint32 }

// enter prepares for another chunk.
func (t *offsetTable[V]) enter() {
	if t.generation++; t.entries == nil || t.generation == 0 {
		t.entries = make([]offsetEntry, chunkSize)
		t.generation = 1
	}
	t.values = t.values[:0]
}

// memory returns an empty table that uses the memory of t.
func (t *offsetTable[V]) memory() offsetTable[V] {
	return offsetTable[V]{entries: t.entries, generation: t.generation}
}

func (t *offsetTable[V]) get(off int) (v V, ok bool) {
	e := t.entries[off]
	if e.generation != t.generation {
		return v, false
	}
	return t.values[e.index], true
}

func (t *offsetTable[V]) set(off int, v V) {
	t.entries[off] = offsetEntry{t.generation, uint32(len(t.values))}
	t.values = append(t.values, v)
}

// definitionSize is the size of what precedes a template definition's XML:
//
//	+0   u32  offset of the next definition with the same hash bucket
//	+4   16   GUID
//	+20  u32  size of the XML
const definitionSize = 24

// maxCompiled bounds the bytes of definitions that are compiled for a chunk. They
// can't be more than it holds, unless definitions overlap.
const maxCompiled = chunkSize

// plans holds the compiled template definitions.
//
// Each chunk repeats the definitions that it needs, in bytes that differ by the
// offsets within; a GUID tells them apart. A plan serves all chunks of a block,
// if their checksums are right, and else its own chunk alone: a definition that
// is damaged spoils no other chunk. It serves no other block, because what a log
// yields must not depend on which worker read which block, not even where a
// crafted log gives one GUID to two templates.
type plans struct {
	offsets offsetTable[*plan] // of the present chunk
	shared  map[planKey]*plan  // of the present block
	trusted bool               // the checksums of the present chunk are right

	all      []*plan // memory for plans, used again for each block
	used     int
	compiled int // bytes of definitions compiled for the present chunk
}

type planKey struct {
	guid  [16]byte
	scope scope
}

// enterBlock forgets the plans of the block before.
func (t *plans) enterBlock() {
	clear(t.shared)
	t.used = 0
}

// enter prepares for another chunk; trusted says that its checksums are right.
func (t *plans) enter(trusted bool) {
	t.offsets.enter()
	t.trusted, t.compiled = trusted, 0
}

// new returns an empty plan, which is valid until the next block.
func (t *plans) new() *plan {
	if t.used == len(t.all) {
		t.all = append(t.all, &plan{})
	}
	t.used++
	return t.all[t.used-1]
}

// share lets the other chunks of the block use a plan.
func (t *plans) share(k planKey, p *plan) {
	if t.shared == nil {
		t.shared = map[planKey]*plan{}
	}
	t.shared[k] = p
}

// template returns the plan of the definition at an offset of the chunk.
func (d *decoder) template(off int, id uint32, s scope) (*plan, error) {
	if off < chunkHeaderSize || off > len(d.chunk)-definitionSize {
		return nil, fmt.Errorf("template %08x: its definition at %#x is outside of the chunk", id, off)
	}
	if le.Uint32(d.chunk[off+4:]) != id {
		return nil, fmt.Errorf("template %08x: no definition of it at %#x", id, off)
	}
	if p, ok := d.plans.offsets.get(off); ok && p.scope == s {
		return p, nil
	}
	key := planKey{[16]byte(d.chunk[off+4:]), s}
	if p := d.plans.shared[key]; p != nil && d.plans.trusted {
		d.plans.offsets.set(off, p)
		return p, nil
	}
	p, err := d.compileDefinition(off, id, s)
	if err != nil {
		return nil, err
	}
	d.plans.offsets.set(off, p)
	if d.plans.trusted {
		d.plans.share(key, p)
	}
	return p, nil
}

// compileDefinition compiles the template definition at an offset of the chunk.
func (d *decoder) compileDefinition(off int, id uint32, s scope) (*plan, error) {
	size, begin := int64(le.Uint32(d.chunk[off+20:])), off+definitionSize
	if size > int64(len(d.chunk)-begin) {
		return nil, fmt.Errorf("template %08x: its definition of %d bytes runs past the chunk", id, size)
	}
	if d.plans.compiled += int(size); d.plans.compiled > maxCompiled {
		return nil, fmt.Errorf("template %08x: definitions of the chunk take more than %d bytes", id, maxCompiled)
	}
	p := d.plans.new()
	c := d.newCompiler(p, cursor{b: d.chunk, pos: begin, end: begin + int(size)})
	c.definition = true
	if err := c.root(s); err != nil {
		d.plans.used-- // p is free again
		return nil, fmt.Errorf("template %08x: %w", id, err)
	}
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
