package event

import "sync"

// A Recycler takes the memory of events that nobody needs any more, and gives it
// to the reader for those that it decodes next: a list of all events of a large
// log goes without hundreds of megabytes of garbage. It is safe for concurrent
// use. A nil Recycler has nothing to give and keeps nothing.
type Recycler struct {
	mu     sync.Mutex
	events [][]Event
	fields [][]Field
	lent   map[*Event][][]Field // the fields of a batch, by its first event
}

// maxSpareEvents bounds a piece that is kept: no block of an honest log has more.
const maxSpareEvents = 1 << 13

// Done says that nobody uses the events of a batch any more, nor the slices in
// them. Their strings may be kept.
func (r *Recycler) Done(events []Event) {
	if r == nil || len(events) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	fields, ok := r.lent[&events[0]]
	if !ok {
		return // of a reader that does not lend
	}
	delete(r.lent, &events[0])
	r.fields = append(r.fields, fields...)
	if cap(events) <= maxSpareEvents {
		r.events = append(r.events, events[:0])
	}
}

// Lend is for readers: it notes that the fields of a batch, which is handed on
// next, are in these pieces of memory and no other batch's are.
func (r *Recycler) Lend(events []Event, fields [][]Field) {
	if r == nil || len(events) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lent == nil {
		r.lent = map[*Event][][]Field{}
	}
	r.lent[&events[0]] = fields
}

// Events is for readers: it returns empty memory for events, of no certain
// capacity; nil if there is none. What is in it is not zero.
func (r *Recycler) Events() []Event {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return pop(&r.events)
}

// Fields is Events for fields.
func (r *Recycler) Fields() []Field {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return pop(&r.fields)
}

func pop[T any](list *[][]T) []T {
	last := len(*list) - 1
	if last < 0 {
		return nil
	}
	piece := (*list)[last]
	*list = (*list)[:last]
	return piece[:0]
}
