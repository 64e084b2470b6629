package ingest

import "github.com/vsswhy/vsswhy/ingest/event"

// A relevance counts the events that an Interest wants among all, as the readers
// do: a classic source counts under both of its names. Without an interest it
// counts nothing.
type relevance struct {
	interest *event.Interest
	n        uint64

	known map[string]event.ProviderInterest
}

// maxProviders bounds the providers whose interest is looked up once. A machine
// has some thousand.
const maxProviders = 1 << 12

func (r *relevance) count(events []event.Event) {
	if r.interest == nil {
		return
	}
	for i := range events {
		e := &events[i]
		if r.provider(e.Provider).Wants(e.ID) || e.EventSource != "" && r.provider(e.EventSource).Wants(e.ID) {
			r.n++
		}
	}
}

func (r *relevance) provider(name string) event.ProviderInterest {
	p, ok := r.known[name]
	if !ok {
		p = r.interest.Provider(name)
		if r.known == nil {
			r.known = map[string]event.ProviderInterest{}
		}
		if len(r.known) < maxProviders {
			r.known[name] = p
		}
	}
	return p
}
