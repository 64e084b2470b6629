package query

import (
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// A shape is a bound on events that match: one of the providers, and one of
// the ids. nil is no bound.
type shape struct {
	providers []string // as event.Interest has them, shortenings resolved
	ids       []idRange
}

const (
	// maxShapes bounds what AND makes of alternatives. Above it some bounds
	// are left out, and readers decode more than they need.
	maxShapes = 64
	// maxIDs is up to how many ids are told apart; else all of a provider's
	// are wanted.
	maxIDs = 1024
)

// Interest returns what a reader must yield for the query at least: every
// event that matches is wanted, by its provider or by its classic source. It is
// nil, which means everything, where the query has no bound on the provider.
func (q *Query) Interest() *event.Interest {
	if q.root == nil {
		return nil
	}
	in := new(event.Interest)
	for _, s := range q.root.wants() {
		if s.providers == nil {
			return nil
		}
		ids := s.list()
		for _, p := range s.providers {
			in.Want(p, ids...)
		}
	}
	return in
}

// list returns the ids one by one, or none if they have no bound or are many.
func (s shape) list() []uint32 {
	var list []uint32
	for _, r := range s.ids {
		if uint64(r.last)-uint64(r.first)+uint64(len(list)) >= maxIDs {
			return nil
		}
		for n := r.last - r.first + 1; n > 0; n-- {
			list = append(list, r.last-n+1)
		}
	}
	return list
}

// Each part of an AND has a shape that fits; both bounds hold, and either may
// be kept.
func (n all) wants() []shape {
	sum := []shape{{}}
	for _, part := range n {
		more := part.wants()
		if len(sum)*len(more) > maxShapes {
			continue
		}
		var next []shape
		for _, a := range sum {
			for _, b := range more {
				next = append(next, a.and(b))
			}
		}
		sum = next
	}
	return sum
}

func (s shape) and(other shape) shape {
	if s.providers == nil {
		s.providers = other.providers
	}
	if s.ids == nil {
		s.ids = other.ids
	}
	return s
}

func (n oneOf) wants() []shape {
	var list []shape
	for _, part := range n {
		list = append(list, part.wants()...)
	}
	return list
}

// An Interest can't say what is not wanted.
func (n not) wants() []shape { return []shape{{}} }

func (n *term) wants() []shape {
	var s shape
	switch v := n.value.(type) {
	case names:
		if n.field == Provider {
			for _, name := range v {
				for _, begin := range shortenings {
					s.providers = append(s.providers, begin+strings.ToLower(name))
				}
			}
		}
	case ids:
		s.ids = v
	}
	return []shape{s}
}
