package event

import "time"

// A Filter asks an Interest of events that are decoded already, as the readers
// do: a classic source counts under both of its names. It remembers what is
// wanted of each provider, and is not safe for concurrent use.
type Filter struct {
	interest *Interest
	known    map[string]*ProviderInterest
}

// maxProviders bounds the providers that a Filter remembers. A machine has some
// thousand.
const maxProviders = 1 << 12

// Filter returns a filter for the interest.
func (in *Interest) Filter() *Filter {
	return &Filter{interest: in, known: map[string]*ProviderInterest{}}
}

// Wants reports whether an event is wanted.
func (f *Filter) Wants(e *Event) bool {
	return f.Provider(e.Provider).WantsEvent(e) || e.EventSource != "" && f.Provider(e.EventSource).WantsEvent(e)
}

// WantsAt reports whether an event of this provider, classic source ("" if it has
// none), id, computer and time may be wanted.
func (f *Filter) WantsAt(provider, source string, id uint32, computer string, t time.Time) bool {
	return f.Provider(provider).WantsAt(id, computer, t) || source != "" && f.Provider(source).WantsAt(id, computer, t)
}

// Provider is that of the interest.
func (f *Filter) Provider(name string) *ProviderInterest {
	p := f.known[name]
	if p == nil {
		p = f.interest.Provider(name)
		if len(f.known) < maxProviders {
			f.known[name] = p
		}
	}
	return p
}
