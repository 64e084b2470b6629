package evtx

import (
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// maxTableBytes bounds each table of names. Real logs need a few kilobytes; a
// table that a hostile one has filled is begun afresh.
const maxTableBytes = 1 << 20

// A table remembers what was made of a key, so that a name which recurs in
// every record is converted once, and all records share the string. To look up
// a known key allocates nothing; to look up the same again is one comparison.
type table[V any] struct {
	m    map[string]*entry[V]
	last *entry[V]
	size int
}

type entry[V any] struct {
	key string
	val V
}

func (t *table[V]) get(key []byte) (*entry[V], bool) {
	if t.last != nil && t.last.key == string(key) {
		return t.last, true
	}
	e, ok := t.m[string(key)]
	if ok {
		t.last = e
	}
	return e, ok
}

func (t *table[V]) put(key []byte, val V, size int) *entry[V] {
	if t.size += 64 + len(key) + size; t.m == nil || t.size > maxTableBytes {
		t.m, t.size = map[string]*entry[V]{}, 64+len(key)+size
	}
	e := &entry[V]{string(key), val}
	t.m[e.key], t.last = e, e
	return e
}

// names makes strings of the names of elements, attributes and fields.
type names struct {
	offsets offsetTable[string] // of the present chunk
	utf16   table[string]
	paths   table[string]
	buf     []byte
}

// enter prepares for another chunk.
func (n *names) enter() { n.offsets.enter() }

// at returns the name at an offset of the chunk, whose UTF-16 text is given.
func (n *names) at(off int, raw []byte) string {
	s, ok := n.offsets.get(off)
	if !ok {
		s = n.get(raw)
		n.offsets.set(off, s)
	}
	return s
}

// get returns UTF-16 text as a string.
func (n *names) get(raw []byte) string {
	e, ok := n.utf16.get(raw)
	if !ok {
		n.buf = appendUTF16(n.buf[:0], raw)
		e = n.utf16.put(raw, string(n.buf), len(n.buf))
	}
	return e.val
}

// path returns UTF-8 text as a string.
func (n *names) path(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	e, ok := n.paths.get(b)
	if !ok {
		e = n.paths.put(b, string(b), 0)
		e.val = e.key
	}
	return e.val
}

// localName cuts a prefix for a name space off.
func localName(s string) string {
	return s[strings.IndexByte(s, ':')+1:]
}

// A provider is what a worker knows of a provider's name.
type provider struct {
	name    string
	wants   *event.ProviderInterest
	nothing bool // wants nothing, which most do
	last    answer
	round   uint32 // the tally that it is in
}

// An answer is what event.ProviderInterest.Asks said of an id.
type answer struct {
	known  bool
	id     uint32
	may    bool
	having *having // of the texts; nil: it may be wanted whatever it says
}

// asks reports whether an event of this head may be wanted, and what it must have.
func (d *decoder) asks(p *provider, h *head) answer {
	switch {
	case p.nothing:
		return answer{}
	case p.last.known && p.last.id == h.id:
		return p.last
	}
	texts, may := p.wants.Asks(h.id, h.computer, h.time.time())
	a := answer{id: h.id, may: may}
	if len(texts) > 0 {
		a.having = d.havingOf(texts)
	}
	if a.known = !p.wants.Bounded(); a.known { // at any time, and of any computer
		p.last = a
	}
	return a
}

func newProvider(name string, in *event.Interest) *provider {
	wants := in.Provider(name)
	return &provider{name: name, wants: wants, nothing: wants.Nothing()}
}
