package evtx

import (
	"bytes"
	"fmt"
)

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

// maxKnown bounds the memory for definitions that are remembered, in bytes. Real
// logs need a few hundred kilobytes.
const maxKnown = 4 << 20

// plans holds the compiled template definitions.
//
// Each chunk repeats the definitions that it needs, in bytes that differ by the
// offsets within. A definition that has the GUID of a known one and means the same,
// see definition.matches, has its plan. That takes a third of the time of compiling
// it, but more than to look up its GUID, so the chunks of a block whose checksums
// are right share plans by GUID alone. The others are read each for itself: a
// definition that is damaged spoils no other chunk. Nor do blocks share anything
// unseen, because what a log yields must not depend on which worker read which
// block, not even where a crafted log gives one GUID to two templates.
type plans struct {
	offsets offsetTable[*plan]      // of the present chunk
	shared  map[planKey]*plan       // of the present block
	used    []*plan                 // in the present block
	known   map[planKey]*definition // of all blocks
	size    int                     // of what is known, see definition.memory
	trusted bool                    // the checksums of the present chunk are right

	compiled int // bytes of definitions compiled for the present chunk
}

type planKey struct {
	guid  [16]byte
	scope scope
}

// enterBlock forgets which plans the block before shared, and what they told of it.
func (t *plans) enterBlock() {
	clear(t.shared)
	for _, p := range t.used {
		p.forget()
	}
	t.used = t.used[:0]
	if t.known == nil || t.size > maxKnown {
		t.shared, t.known, t.size = map[planKey]*plan{}, map[planKey]*definition{}, 0
	}
}

// use returns a plan for the present block.
func (t *plans) use(p *plan) *plan {
	if !p.used {
		p.used = true
		t.used = append(t.used, p)
	}
	return p
}

// enter prepares for another chunk; trusted says that its checksums are right.
func (t *plans) enter(trusted bool) {
	t.offsets.enter()
	t.trusted, t.compiled = trusted, 0
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
	p, err := d.define(off, key)
	if err != nil {
		return nil, fmt.Errorf("template %08x: %w", id, err)
	}
	d.plans.offsets.set(off, p)
	if d.plans.trusted {
		d.plans.shared[key] = p
	}
	return p, nil
}

// define returns the plan of the definition at an offset of the chunk, which is
// compiled if it is not known.
func (d *decoder) define(off int, key planKey) (*plan, error) {
	t, size, begin := &d.plans, int64(le.Uint32(d.chunk[off+20:])), off+definitionSize
	if size > int64(len(d.chunk)-begin) {
		return nil, fmt.Errorf("its definition of %d bytes runs past the chunk", size)
	}
	if t.compiled += int(size); t.compiled > maxCompiled {
		return nil, fmt.Errorf("definitions of the chunk take more than %d bytes", maxCompiled)
	}
	c := cursor{b: d.chunk, pos: begin, end: begin + int(size)}
	def := t.known[key]
	if def == nil || !def.matches(c) {
		def = &definition{plan: &plan{}}
		k := d.newCompiler(def.plan, c)
		k.definition = def
		if err := k.root(key.scope); err != nil {
			return nil, err
		}
		def.plan.findCarriers()
		def.xml = bytes.Clone(d.chunk[begin:k.pos])
		t.known[key] = def
		t.size += def.memory()
	}
	return t.use(def.plan), nil
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
