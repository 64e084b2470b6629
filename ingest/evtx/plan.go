package evtx

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

// only returns the substitution that a text consists of, -1 if it is another text.
func (p *plan) only(t text) (sub int32, optional bool) {
	if t.n != 1 {
		return -1, false
	}
	return p.parts[t.first].sub, p.parts[t.first].optional
}

func (p *plan) literal(i int32) []byte {
	return p.lits[p.parts[i].off:p.parts[i].end]
}
