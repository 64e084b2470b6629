package query

import (
	"slices"
	"strings"
)

// A node is a part of a query: all, oneOf, not or *term.
//
// Trees are in a normal form: lists have at least two parts and hold no list of
// their own kind, and not holds no not. Only a list with a since: stays as it
// is within another, because its until:+30m counts from that.
type node interface {
	// write appends the node's text; tight asks for brackets around a list.
	write(b *strings.Builder, tight bool)

	// resolve returns what the node means.
	resolve(r resolver) (Part, *Error)

	// wants returns shapes of which every event that matches has one.
	wants() []shape
}

type (
	all   []node // AND
	oneOf []node // OR
	not   struct{ node }

	term struct {
		field      Field // "" for text
		value      value
		start, end int // bytes of the query
	}
)

func joinAll(list []node) node {
	var flat all
	for _, n := range list {
		if inner, ok := n.(all); ok && !slices.ContainsFunc(inner, isSince) {
			flat = append(flat, inner...)
		} else {
			flat = append(flat, n)
		}
	}
	if len(flat) == 1 {
		return flat[0]
	}
	return flat
}

func isSince(n node) bool {
	t, ok := n.(*term)
	return ok && t.field == Since
}

func joinOne(list []node) node {
	var flat oneOf
	for _, n := range list {
		if inner, ok := n.(oneOf); ok {
			flat = append(flat, inner...)
		} else {
			flat = append(flat, n)
		}
	}
	if len(flat) == 1 {
		return flat[0]
	}
	return flat
}

func negate(n node) node {
	if inner, ok := n.(not); ok {
		return inner.node
	}
	return not{n}
}

// OR binds less than AND: any list takes brackets in a list of terms, but none
// in one of alternatives.
func (n all) write(b *strings.Builder, tight bool)   { writeList(b, n, " ", true, tight) }
func (n oneOf) write(b *strings.Builder, tight bool) { writeList(b, n, " OR ", false, tight) }

func writeList(b *strings.Builder, list []node, separator string, tightParts, brackets bool) {
	if brackets {
		b.WriteByte('(')
		defer b.WriteByte(')')
	}
	for i, n := range list {
		if i > 0 {
			b.WriteString(separator)
		}
		n.write(b, tightParts)
	}
}

func (n not) write(b *strings.Builder, _ bool) {
	b.WriteByte('-')
	n.node.write(b, true)
}

func (n *term) write(b *strings.Builder, _ bool) {
	b.WriteString(string(n.field))
	b.WriteString(n.value.text())
}
