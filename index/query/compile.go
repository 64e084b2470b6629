package query

import (
	"time"
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
	part, err := q.Resolve(env)
	if err != nil {
		return nil, err
	}
	return part.match(), nil
}

func (list AllOf) match() Match {
	tests := matches(list)
	return func(r Row) bool {
		for _, test := range tests {
			if !test(r) {
				return false
			}
		}
		return true
	}
}

func (list AnyOf) match() Match {
	tests := matches(list)
	return func(r Row) bool {
		for _, test := range tests {
			if test(r) {
				return true
			}
		}
		return false
	}
}

func matches(list []Part) []Match {
	tests := make([]Match, len(list))
	for i, p := range list {
		tests[i] = p.match()
	}
	return tests
}

func (p Not) match() Match {
	test := p.Part.match()
	return func(r Row) bool { return !test(r) }
}

func (p Names) match() Match {
	match := p.Match
	switch p.Field {
	case Host:
		return func(r Row) bool { return match(r.Computer()) }
	case Channel:
		return func(r Row) bool { return match(r.Channel()) }
	case Provider:
		return func(r Row) bool {
			name, classic := r.Provider()
			return match(name) || classic != "" && match(classic)
		}
	}
	return func(r Row) bool {
		for _, name := range p.of(r) {
			if match(name) {
				return true
			}
		}
		return false
	}
}

// of returns a row's values of a field that may have several.
func (p Names) of(r Row) []string {
	switch p.Field {
	case VM:
		return r.VMs()
	case Volume:
		return r.Volumes()
	}
	return r.Labels(p.Field)
}

func (p IDs) match() Match { return func(r Row) bool { return p.Match(r.ID()) } }

func (p Levels) match() Match { return func(r Row) bool { return p.Match(r.Level()) } }

func (p Codes) match() Match {
	return func(r Row) bool {
		for _, c := range r.Codes() {
			if p.Match(c) {
				return true
			}
		}
		return false
	}
}

func (p AtOrAfter) match() Match { return func(r Row) bool { return !r.Time().Before(p.Time) } }

func (p Before) match() Match { return func(r Row) bool { return r.Time().Before(p.Time) } }

func (p Contains) match() Match {
	contains := func(s string) bool { return containsFold(s, p.Lower) }
	return func(r Row) bool { return r.AnyText(contains) }
}

func (p Matches) match() Match {
	matches := p.Regexp.MatchString
	return func(r Row) bool { return r.AnyText(matches) }
}
