package evtx

import "hash/maphash"

// lacks remembers values that have none of the texts that are looked for in them. A
// machine says the same things all day long, of the same few services; to know them
// again is cheaper than to look through them. What is not remembered is looked at.
type lacks []lack

// A lack is the values of a template instance, as they stand in the log.
type lack struct {
	plan   *plan
	having *having
	size   int
	values [maxLack]byte
}

// numLacks is how many are remembered, and maxLack their greatest size in bytes:
// together little enough to stay in the processor's cache.
const (
	numLacks = 256
	maxLack  = 256 - 3*8
)

// at returns where these values are remembered if they are; nil if they are too large.
func (l *lacks) at(values []byte) *lack {
	if len(values) > maxLack {
		return nil
	}
	if *l == nil {
		*l = make(lacks, numLacks)
	}
	return &(*l)[maphash.Bytes(seed, values)%numLacks]
}

func (k *lack) is(p *plan, h *having, values []byte) bool {
	return k != nil && k.plan == p && k.having == h && string(k.values[:k.size]) == string(values)
}

func (k *lack) set(p *plan, h *having, values []byte) {
	if k != nil {
		k.plan, k.having, k.size = p, h, copy(k.values[:], values)
	}
}
