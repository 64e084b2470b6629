package query

import "github.com/vsswhy/vsswhy/ingest/event"

// Bounds returns what every event that the query matches lies within, by its
// time and its computer, so that readers need not decode the others. An error is
// an *Error.
func (q *Query) Bounds(env Env) (event.Bounds, error) {
	part, err := q.Resolve(env)
	if err != nil {
		return event.Bounds{}, err
	}
	var b event.Bounds
	bound(&b, part)
	return b, nil
}

// bound narrows b to what a part asks for. Alternatives, and what is not to be,
// are no bounds here.
func bound(b *event.Bounds, p Part) {
	switch p := p.(type) {
	case AllOf:
		for _, part := range p {
			bound(b, part)
		}
	case AtOrAfter:
		if p.After(b.From) {
			b.From = p.Time
		}
	case Before:
		if b.To.IsZero() || p.Time.Before(b.To) {
			b.To = p.Time
		}
	case Names:
		if p.Field == Host {
			b.Computer = both(b.Computer, p.Match)
		}
	}
}

func both(a, b func(string) bool) func(string) bool {
	if a == nil {
		return b
	}
	return func(s string) bool { return a(s) && b(s) }
}
