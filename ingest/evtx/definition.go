package evtx

import "bytes"

// A definition is a template definition that was compiled, and what another one
// must have in common with it to mean the same.
type definition struct {
	plan   *plan
	xml    []byte // from the first byte to the end of the root element
	places []place
	alone  bool // it can't be compared: its meaning may depend on offsets
}

// memory is about what d takes, in bytes.
func (d *definition) memory() int {
	const perPlan, perPlace, perOp = 2048 + 3*layoutSize, 64, 192
	return perPlan + len(d.xml) + perPlace*len(d.places) + perOp*len(d.plan.ops)
}

// A place is where definitions that mean the same may differ, because names stand
// in line or elsewhere in the chunk.
type place struct {
	kind placeKind
	off  int    // in definition.xml
	end  int    // of what it stands for
	name string // UTF-16
}

type placeKind uint8

const (
	placeSize    placeKind = iota // size of an element, which nobody needs
	placeName                     // a reference to a name, and the name if it stands in line
	placeList                     // size of a list of attributes
	placeListEnd                  // where such a list ends
)

// matches reports whether the definition at a cursor means the same as d: all that
// the compiler looks at is the same.
func (d *definition) matches(c cursor) bool {
	from, listEnd := 0, 0
	for i := range d.places {
		p := &d.places[i]
		if !bytes.Equal(c.take(p.off-from), d.xml[from:p.off]) {
			return false
		}
		switch from = p.end; p.kind {
		case placeSize:
			c.take(4)
		case placeName:
			if _, name := c.name(); string(name) != p.name {
				return false
			}
		case placeList:
			listEnd = int(c.u32()) + c.pos
		case placeListEnd:
			if c.pos != listEnd {
				return false
			}
		}
	}
	return bytes.Equal(c.take(len(d.xml)-from), d.xml[from:]) && c.err == nil && !d.alone
}
