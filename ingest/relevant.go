package ingest

import "github.com/vsswhy/vsswhy/ingest/event"

// A relevance counts the events that an Interest wants among all, as the readers
// do. The zero value counts nothing.
type relevance struct {
	filter *event.Filter
	n      uint64
}

func (r *relevance) count(events []event.Event) {
	if r.filter == nil {
		return
	}
	for i := range events {
		if r.filter.Wants(&events[i]) {
			r.n++
		}
	}
}
