package query

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
)

// A Part is a part of a query that was resolved for an Env. It is what Compile
// makes a Match of, and what those see that answer a query by other means: an
// index of values, or columns. It is one of the types below.
type Part interface {
	match() Match
	cost() cost
}

// The parts that join others: the cheapest is first, since it may spare the
// others. AnyOf is never empty.
type (
	AllOf []Part // AND; all rows if it is empty
	AnyOf []Part // OR
	Not   struct{ Part }
)

// The parts that look at a row. A row with several values of a field matches if
// one of them does. The functions may be called concurrently.
type (
	// Names compares values of Host, Provider, Channel, VM, Volume, Job, Issue
	// or Verdict. A row has two of Provider: its name, and its classic source
	// if it has one.
	Names struct {
		Field Field
		Match func(value string) bool
	}
	IDs    struct{ Match func(id uint32) bool }
	Levels struct{ Match func(l event.Level) bool }
	Codes  struct{ Match func(c known.Code) bool }

	AtOrAfter struct{ time.Time }
	Before    struct{ time.Time }

	Contains struct{ Lower string }          // in a text of Row.AnyText that is made lower-case character by character
	Matches  struct{ Regexp *regexp.Regexp } // a text of Row.AnyText
)

// A cost is how dear it is to ask a part of one more row.
type cost uint8

const (
	costTime   cost = iota // by which rows are sorted
	costNumber             // id, level
	costName               // provider, channel, computer
	costSpeaks             // what is extracted from the fields
	costText
	costRegex
)

func (list AllOf) cost() cost { return dearest(list) }
func (list AnyOf) cost() cost { return dearest(list) }
func (p Not) cost() cost      { return p.Part.cost() }
func (AtOrAfter) cost() cost  { return costTime }
func (Before) cost() cost     { return costTime }
func (IDs) cost() cost        { return costNumber }
func (Levels) cost() cost     { return costNumber }
func (Codes) cost() cost      { return costSpeaks }
func (Contains) cost() cost   { return costText }
func (Matches) cost() cost    { return costRegex }

func (p Names) cost() cost {
	switch p.Field {
	case Host, Provider, Channel:
		return costName
	}
	return costSpeaks
}

func dearest(list []Part) (most cost) {
	for _, p := range list {
		most = max(most, p.cost())
	}
	return most
}

// Resolve returns the query as a tree. An error is an *Error.
func (q *Query) Resolve(env Env) (Part, error) {
	if q.root == nil {
		return AllOf(nil), nil
	}
	p, err := q.root.resolve(resolver{query: q, env: env})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// A resolver is passed by value, down the tree.
type resolver struct {
	query *Query
	env   Env
	since *time.Time // the latest since that stands beside or above, if any: until:+30m counts from it
}

func (c resolver) fail(t *term, text, hint string) *Error {
	return &Error{Query: c.query.text, Offset: t.start, Length: t.end - t.start, Text: text, Hint: hint}
}

func (n all) resolve(r resolver) (Part, *Error) {
	if err := r.anchor(n); err != nil {
		return nil, err
	}
	list, err := r.list(n)
	return AllOf(list), err
}

func (n oneOf) resolve(r resolver) (Part, *Error) {
	list, err := r.list(n)
	return AnyOf(list), err
}

func (n not) resolve(r resolver) (Part, *Error) {
	p, err := n.node.resolve(r)
	return Not{p}, err
}

func (r resolver) list(nodes []node) ([]Part, *Error) {
	list := make([]Part, len(nodes))
	for i, n := range nodes {
		p, err := n.resolve(r)
		if err != nil {
			return nil, err
		}
		list[i] = p
	}
	slices.SortStableFunc(list, func(a, b Part) int { return cmp.Compare(a.cost(), b.cost()) })
	return list, nil
}

// anchor sets r.since to the latest of the since terms of a list, if it has any.
func (r *resolver) anchor(list all) *Error {
	var latest *time.Time
	for _, n := range list {
		if !isSince(n) {
			continue
		}
		t := n.(*term)
		at, err := r.moment(t, t.value.(moment))
		if err != nil {
			return err
		}
		if latest == nil || at.After(*latest) {
			latest = &at
		}
	}
	if latest != nil {
		r.since = latest
	}
	return nil
}

func (n *term) resolve(r resolver) (Part, *Error) {
	switch v := n.value.(type) {
	case ids:
		return IDs{v.contains}, nil
	case levels:
		return Levels{v.test()}, nil
	case codes:
		return Codes{func(c known.Code) bool { return slices.Contains(v, c) }}, nil
	case moment:
		at, err := r.moment(n, v)
		if n.field == Since {
			return AtOrAfter{at}, err
		}
		return Before{at}, err
	case freeText:
		return v.part(), nil
	case regex:
		return Matches{v.Regexp}, nil
	}
	return r.names(n, newPatterns(n.value.(names)))
}

// part also looks at the id of an event if the text is a number: who types 8229
// means the event of that id.
func (v freeText) part() Part {
	contains := Contains{strings.ToLower(string(v))}
	id, err := strconv.ParseUint(string(v), 10, 32)
	if err != nil || strconv.FormatUint(id, 10) != string(v) {
		return contains
	}
	return AnyOf{IDs{func(n uint32) bool { return n == uint32(id) }}, contains}
}

func (r resolver) names(n *term, list patterns) (Part, *Error) {
	match := list.match
	switch n.field {
	case Host:
		match = list.matchHost
	case Provider, Channel:
		match = list.matchShort
	case Job, Issue, Verdict:
		if !slices.Contains(r.env.Labels, n.field) {
			return nil, r.fail(n, string(n.field)+": needs a case; events alone don't tell it", "")
		}
	}
	return Names{n.field, match}, nil
}

// moment returns the time that a moment means.
func (r resolver) moment(t *term, m moment) (time.Time, *Error) {
	switch {
	case m.kind == absolute:
		return m.time, nil
	case m.kind == afterSince && r.since == nil:
		return m.time, r.fail(t, "no since: stands beside this, after which it could be", "write since:22:00 until:+30m")
	case m.kind == afterSince:
		return r.since.Add(m.span), nil
	case m.kind == clock && !r.env.Day.IsZero():
		return r.env.Day.UTC().Truncate(day).Add(m.span), nil
	case r.env.Last.IsZero():
		return m.time, r.fail(t, "this counts from the last event, and none is known", "give day and time: 2010-03-14T22:00")
	case m.kind == clock:
		return r.env.Last.UTC().Truncate(day).Add(m.span), nil
	}
	return r.env.Last.Add(-m.span), nil
}

func (v ids) contains(id uint32) bool {
	for _, r := range v {
		if id >= r.first && id <= r.last {
			return true
		}
	}
	return false
}

func (v levels) test() func(event.Level) bool {
	bound := v.list[0]
	switch v.op {
	case "<=":
		return func(l event.Level) bool { return effective(l) <= bound }
	case "<":
		return func(l event.Level) bool { return effective(l) < bound }
	case ">=":
		return func(l event.Level) bool { return effective(l) >= bound }
	case ">":
		return func(l event.Level) bool { return effective(l) > bound }
	}
	return func(l event.Level) bool { return slices.Contains(v.list, effective(l)) }
}
