package query

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// An Env is what a query is compiled for: the rows, and a point in time.
type Env struct {
	// Last is the time of the last event of the source of the rows: -2h counts
	// back from it. It may be zero where the query's NeedsLast is false.
	Last time.Time

	// Day is the day that a time without a day is of; zero: that of Last.
	Day time.Time

	// Labels are those of the fields Job, Issue and Verdict that the rows
	// have. A query for the others is an error, and not one without hits.
	Labels []Field
}

// NeedsLast reports whether the query has times that Env.Last is needed for.
func (q *Query) NeedsLast() bool {
	found := false
	visit(q.root, func(t *term) {
		m, ok := t.value.(moment)
		found = found || ok && (m.kind == beforeLast || m.kind == clock)
	})
	return found
}

func visit(n node, see func(*term)) {
	switch n := n.(type) {
	case all:
		for _, part := range n {
			visit(part, see)
		}
	case oneOf:
		for _, part := range n {
			visit(part, see)
		}
	case not:
		visit(n.node, see)
	case *term:
		see(n)
	}
}

// A Match reports whether a query matches a row. It keeps no state, and may be
// called concurrently on different rows.
type Match func(Row) bool

// Compile makes a query into a function. An error is an *Error.
func (q *Query) Compile(env Env) (Match, error) {
	if q.root == nil {
		return func(Row) bool { return true }, nil
	}
	p, err := q.root.compile(compiler{query: q, env: env})
	if err != nil {
		return nil, err
	}
	return p.match, nil
}

// A plan is the test of a node. Parts of a list are tried in order of cost,
// which decides most rows before anything is computed for them.
type plan struct {
	match Match
	cost  cost
}

type cost uint8

const (
	costNumber cost = iota // id, level, time
	costName               // provider, channel, computer
	costSpeaks             // what is extracted from the fields
	costText
	costRegex
)

// A compiler is passed by value, down the tree.
type compiler struct {
	query *Query
	env   Env
	since *time.Time // the latest since that stands beside or above, if any: until:+30m counts from it
}

func (c compiler) fail(t *term, text, hint string) *Error {
	return &Error{Query: c.query.text, Offset: t.start, Length: t.end - t.start, Text: text, Hint: hint}
}

func (c compiler) list(nodes []node) ([]plan, *Error) {
	var plans []plan
	for _, n := range nodes {
		p, err := n.compile(c)
		if err != nil {
			return nil, err
		}
		plans = append(plans, p)
	}
	slices.SortStableFunc(plans, func(a, b plan) int { return cmp.Compare(a.cost, b.cost) })
	return plans, nil
}

func (n all) compile(c compiler) (plan, *Error) {
	if err := c.anchor(n); err != nil {
		return plan{}, err
	}
	plans, err := c.list(n)
	if err != nil {
		return plan{}, err
	}
	return plan{func(r Row) bool {
		for i := range plans {
			if !plans[i].match(r) {
				return false
			}
		}
		return true
	}, plans[len(plans)-1].cost}, nil
}

// anchor sets c.since to the latest of the since terms of a list, if it has any.
func (c *compiler) anchor(list all) *Error {
	var latest *time.Time
	for _, n := range list {
		if !isSince(n) {
			continue
		}
		t := n.(*term)
		at, err := c.resolve(t, t.value.(moment))
		if err != nil {
			return err
		}
		if latest == nil || at.After(*latest) {
			latest = &at
		}
	}
	if latest != nil {
		c.since = latest
	}
	return nil
}

func (n oneOf) compile(c compiler) (plan, *Error) {
	plans, err := c.list(n)
	if err != nil {
		return plan{}, err
	}
	return plan{func(r Row) bool {
		for i := range plans {
			if plans[i].match(r) {
				return true
			}
		}
		return false
	}, plans[len(plans)-1].cost}, nil
}

func (n not) compile(c compiler) (plan, *Error) {
	p, err := n.node.compile(c)
	match := p.match
	p.match = func(r Row) bool { return !match(r) }
	return p, err
}

func (n *term) compile(c compiler) (plan, *Error) {
	switch v := n.value.(type) {
	case names:
		return n.compileNames(c, v)
	case ids:
		return plan{func(r Row) bool { return v.contains(r.ID()) }, costNumber}, nil
	case levels:
		return plan{v.match(), costNumber}, nil
	case codes:
		return plan{v.match, costSpeaks}, nil
	case moment:
		return n.compileMoment(c, v)
	case freeText:
		low := strings.ToLower(string(v))
		contains := func(s string) bool { return containsFold(s, low) }
		return plan{func(r Row) bool { return r.AnyText(contains) }, costText}, nil
	case regex:
		matches := v.MatchString
		return plan{func(r Row) bool { return r.AnyText(matches) }, costRegex}, nil
	}
	panic(fmt.Sprintf("query: a term of %T", n.value)) // the parser makes no other
}

func (n *term) compileNames(c compiler, v names) (plan, *Error) {
	list := newPatterns(v)
	switch n.field {
	case Host:
		return plan{func(r Row) bool { return list.matchHost(r.Computer()) }, costName}, nil
	case Channel:
		return plan{func(r Row) bool { return list.matchShort(r.Channel()) }, costName}, nil
	case Provider:
		return plan{func(r Row) bool {
			name, classic := r.Provider()
			return list.matchShort(name) || classic != "" && list.matchShort(classic)
		}, costName}, nil
	case VM:
		return plan{func(r Row) bool { return list.matchAny(r.VMs()) }, costSpeaks}, nil
	case Volume:
		return plan{func(r Row) bool { return list.matchAny(r.Volumes()) }, costSpeaks}, nil
	}
	if !slices.Contains(c.env.Labels, n.field) {
		return plan{}, c.fail(n, string(n.field)+": needs a case; events alone don't tell it", "")
	}
	return plan{func(r Row) bool { return list.matchAny(r.Labels(n.field)) }, costSpeaks}, nil
}

func (n *term) compileMoment(c compiler, v moment) (plan, *Error) {
	at, err := c.resolve(n, v)
	if n.field == Since {
		return plan{func(r Row) bool { return !r.Time().Before(at) }, costNumber}, err
	}
	return plan{func(r Row) bool { return r.Time().Before(at) }, costNumber}, err
}

// resolve returns the time that a moment means.
func (c compiler) resolve(t *term, m moment) (time.Time, *Error) {
	switch {
	case m.kind == absolute:
		return m.time, nil
	case m.kind == afterSince && c.since == nil:
		return m.time, c.fail(t, "no since: stands beside this, after which it could be", "write since:22:00 until:+30m")
	case m.kind == afterSince:
		return c.since.Add(m.span), nil
	case m.kind == clock && !c.env.Day.IsZero():
		return c.env.Day.UTC().Truncate(day).Add(m.span), nil
	case c.env.Last.IsZero():
		return m.time, c.fail(t, "this counts from the last event, and none is known", "give day and time: 2010-03-14T22:00")
	case m.kind == clock:
		return c.env.Last.UTC().Truncate(day).Add(m.span), nil
	}
	return c.env.Last.Add(-m.span), nil
}

func (v ids) contains(id uint32) bool {
	for _, r := range v {
		if id >= r.first && id <= r.last {
			return true
		}
	}
	return false
}

func (v codes) match(r Row) bool {
	for _, c := range r.Codes() {
		if slices.Contains(v, c) {
			return true
		}
	}
	return false
}

func (v levels) match() Match {
	bound := v.list[0]
	compare := func(test func(event.Level) bool) Match {
		return func(r Row) bool { return test(effective(r.Level())) }
	}
	switch v.op {
	case "<=":
		return compare(func(l event.Level) bool { return l <= bound })
	case "<":
		return compare(func(l event.Level) bool { return l < bound })
	case ">=":
		return compare(func(l event.Level) bool { return l >= bound })
	case ">":
		return compare(func(l event.Level) bool { return l > bound })
	}
	return compare(func(l event.Level) bool { return slices.Contains(v.list, l) })
}
