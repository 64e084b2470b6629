package store

import (
	"encoding/binary"
	"hash/maphash"
	"strings"
)

// A sieve lets each event pass once, of rows that come in the order of time:
// an event that was exported twice has two rows of the same time. They are the
// same if computer, channel, record id, provider, id and all fields agree too.
// Level, message and offset depend on how the event was exported.
//
// An event without time or record id (0) always passes: nothing says that two
// that look alike are one.
type sieve struct {
	seed    maphash.Seed
	time    int64
	first   packed              // the first row of that time, hashed only if there is a second
	seen    map[uint64]struct{} // hashes of the rows of that time, if there are two
	limit   int                 // of seen
	dropped int64
}

// maxTwins is how many events of one time are told apart. After that all pass:
// they are no events of a living machine.
const maxTwins = 1_000_000

func newSieve() *sieve { return &sieve{seed: maphash.MakeSeed(), time: noTime, limit: maxTwins} }

func (s *sieve) pass(p packed) bool {
	switch t := p.number(Time); {
	case t == noTime || p.number(Record) == 0:
		return true
	case t != s.time:
		s.time, s.first = t, append(s.first[:0], p...)
		s.seen = nil
		return true
	case s.seen == nil:
		s.seen = map[uint64]struct{}{s.identity(s.first): {}}
	case len(s.seen) >= s.limit:
		return true
	}
	id := s.identity(p)
	if _, twice := s.seen[id]; twice {
		s.dropped++
		return false
	}
	s.seen[id] = struct{}{}
	return true
}

// identity hashes what makes two rows of one time the same event. The seed is
// random, so that nobody can make an event that hides another.
func (s *sieve) identity(p packed) uint64 {
	var h maphash.Hash
	h.SetSeed(s.seed)
	number := func(n uint64) {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], n)
		h.Write(b[:])
	}
	text := func(t string) {
		number(uint64(len(t)))
		h.WriteString(t)
	}
	number(uint64(p.number(Record)))
	number(uint64(p.number(ID)))
	text(strings.ToLower(string(p.text(Host))))
	for _, c := range [...]Column{Channel, Provider, Fields} {
		text(string(p.text(c)))
	}
	return h.Sum64()
}
