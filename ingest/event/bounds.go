package event

import "time"

// Bounds narrow an Interest to a time and to computers. Readers go by them
// before they decode a record, as they do by its provider and id.
type Bounds struct {
	From, To time.Time         // From <= Time < To; a zero time is no bound
	Computer func(string) bool // of a computer's name as written in the record; nil: any. Called concurrently
	Always   *Interest         // what is wanted at any time, of any computer; nil: nothing
}

// Within returns an interest in what in wants and b has. A nil interest, which
// wants everything, can be narrowed, too; it stays nil if b is no bound, so that a
// reader need not ask.
func (in *Interest) Within(b Bounds) *Interest {
	if in == nil && b.From.IsZero() && b.To.IsZero() && b.Computer == nil {
		return nil
	}
	if b.Always == nil {
		b.Always = new(Interest)
	}
	narrow := &Interest{everything: in == nil, bounds: &b}
	if in != nil {
		narrow.exact, narrow.prefix = in.exact, in.prefix
	}
	return narrow
}

// has reports whether an event of this computer and time lies within. A nil
// *Bounds is no bound.
func (b *Bounds) has(computer string, t time.Time) bool {
	switch {
	case b == nil:
		return true
	case !b.From.IsZero() && t.Before(b.From), !b.To.IsZero() && !t.Before(b.To):
		return false
	}
	return b.Computer == nil || b.Computer(computer)
}
