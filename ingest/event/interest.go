package event

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// An Interest says which events are wanted: pairs of provider and event id, or
// all events of a provider. Readers take it as a value, decide each record
// with it, and skip the others without decoding them. Provider names compare
// without regard to case, and a name that ends in "*" stands for all names
// that begin so (SQL Server instances write as MSSQL$NAME).
//
// The zero Interest wants nothing; a nil *Interest wants everything. Within
// makes one that is narrowed to a time and to computers.
type Interest struct {
	exact      map[string]*idSet
	prefix     map[string]*idSet
	everything bool
	bounds     *Bounds // nil: none
}

// An idSet is what is wanted of a provider.
type idSet struct {
	all *condition            // of all ids; nil: not all are wanted
	ids map[uint32]*condition // of these
}

// A condition is what a value of an event must have. The zero condition is none.
type condition struct{ texts []string } // one of these, in lower case

// or makes c hold where either holds. A nil condition holds nowhere.
func (c *condition) or(other *condition) *condition {
	switch {
	case c == nil:
		return &condition{slices.Clone(other.texts)}
	case len(c.texts) == 0 || len(other.texts) == 0:
		return new(condition)
	}
	return &condition{append(slices.Clip(c.texts), other.texts...)}
}

// String tells conditions apart.
func (c *condition) String() string {
	if c == nil {
		return "never"
	}
	return fmt.Sprintf("%q", slices.Compact(slices.Sorted(slices.Values(c.texts))))
}

func (c *condition) holds(e *Event) bool {
	if c == nil || len(c.texts) == 0 {
		return c != nil
	}
	for i := range e.Fields {
		value := strings.ToLower(e.Fields[i].Value)
		if slices.ContainsFunc(c.texts, func(t string) bool { return strings.Contains(value, t) }) {
			return true
		}
	}
	return false
}

// Want adds ids of a provider; without ids it adds all of the provider.
func (in *Interest) Want(provider string, ids ...uint32) { in.want(provider, ids, new(condition)) }

// WantHaving is Want for those events a value of which has one of the texts,
// without regard to case. Of an id that is logged all day long this spares
// keeping what says nothing.
func (in *Interest) WantHaving(texts []string, provider string, ids ...uint32) {
	lower := make([]string, len(texts))
	for i, t := range texts {
		lower[i] = strings.ToLower(t)
	}
	in.want(provider, ids, &condition{lower})
}

func (in *Interest) want(provider string, ids []uint32, c *condition) {
	set := in.set(strings.ToLower(provider))
	if len(ids) == 0 {
		set.all = set.all.or(c)
	}
	for _, id := range ids {
		set.ids[id] = set.ids[id].or(c)
	}
}

func (in *Interest) set(name string) *idSet {
	table := &in.exact
	if p, ok := strings.CutSuffix(name, "*"); ok {
		table, name = &in.prefix, p
	}
	if *table == nil {
		*table = map[string]*idSet{}
	}
	if (*table)[name] == nil {
		(*table)[name] = &idSet{ids: map[uint32]*condition{}}
	}
	return (*table)[name]
}

// Wants reports whether an event with this provider and id may be wanted, within
// the bounds if there are any, and by what it says.
func (in *Interest) Wants(provider string, id uint32) bool {
	return in.Provider(provider).Wants(id)
}

// Provider returns what is wanted of one provider, so that a reader can decide
// once per provider and then by id alone, and by time and computer where WantsAt
// is asked.
func (in *Interest) Provider(name string) *ProviderInterest {
	if in == nil {
		return &ProviderInterest{everything: true}
	}
	name = strings.ToLower(name)
	p := &ProviderInterest{everything: in.everything, bounds: in.bounds}
	if in.bounds != nil {
		p.always = in.bounds.Always.Provider(name).sets
	}
	if set := in.exact[name]; set != nil {
		p.sets = append(p.sets, set)
	}
	for prefix, set := range in.prefix {
		if strings.HasPrefix(name, prefix) {
			p.sets = append(p.sets, set)
		}
	}
	return p
}

// A ProviderInterest is an Interest narrowed to one provider.
type ProviderInterest struct {
	everything bool
	sets       []*idSet
	always     []*idSet // wanted whatever the bounds say
	bounds     *Bounds
}

// Wants reports whether the event id may be wanted, within the bounds if there
// are any.
func (p *ProviderInterest) Wants(id uint32) bool {
	return p.everything || anyHas(p.sets, id) || anyHas(p.always, id)
}

// WantsAt reports whether an event with this id, computer and time may be
// wanted: if WantsEvent says so when it is decoded.
func (p *ProviderInterest) WantsAt(id uint32, computer string, t time.Time) bool {
	_, may := p.Asks(id, computer, t)
	return may
}

// Asks is WantsAt, and returns texts one of which a value of the event must have
// (in lower case; see WantHaving), so that a reader may look for them before it
// decodes. Without texts it may be wanted whatever it says.
func (p *ProviderInterest) Asks(id uint32, computer string, t time.Time) (texts []string, may bool) {
	within := (p.everything || len(p.sets) > 0) && p.bounds.has(computer, t)
	if within && p.everything {
		return nil, true
	}
	sets := p.always
	if within {
		sets = p.sets
		if len(p.always) > 0 {
			sets = slices.Concat(p.sets, p.always)
		}
	}
	for _, s := range sets {
		for _, c := range [...]*condition{s.all, s.ids[id]} {
			switch {
			case c == nil:
			case may: // of two, either may hold
				return nil, true
			default:
				texts, may = c.texts, true
			}
		}
	}
	return texts, may
}

// Bounded reports whether what is wanted depends on time and computer, too.
func (p *ProviderInterest) Bounded() bool { return p.bounds != nil }

// WantsEvent reports whether an event is wanted that this provider wrote.
func (p *ProviderInterest) WantsEvent(e *Event) bool {
	return (p.everything || anyHolds(p.sets, e)) && p.bounds.has(e.Computer, e.Time) || anyHolds(p.always, e)
}

func anyHas(sets []*idSet, id uint32) bool {
	for _, s := range sets {
		if _, ok := s.ids[id]; ok || s.all != nil {
			return true
		}
	}
	return false
}

func anyHolds(sets []*idSet, e *Event) bool {
	for _, s := range sets {
		if s.all.holds(e) || s.ids[e.ID].holds(e) {
			return true
		}
	}
	return false
}

// Nothing reports whether no event of the provider is wanted.
func (p *ProviderInterest) Nothing() bool {
	return !p.everything && len(p.sets) == 0 && len(p.always) == 0
}

// Merge adds all that other wants, but for its bounds.
func (in *Interest) Merge(other *Interest) {
	for _, t := range []struct {
		from   map[string]*idSet
		suffix string
	}{{other.exact, ""}, {other.prefix, "*"}} {
		for name, set := range t.from {
			if set.all != nil {
				in.want(name+t.suffix, nil, set.all)
			}
			for id, c := range set.ids {
				in.want(name+t.suffix, []uint32{id}, c)
			}
		}
	}
}

// Digest returns a hash of all that is wanted (SHA-256, hex digits): two
// interests without bounds have the same one if they want the same.
func (in *Interest) Digest() string {
	h := sha256.New()
	for _, t := range []struct {
		kind string
		sets map[string]*idSet
	}{{"exact", in.exact}, {"prefix", in.prefix}} {
		for _, name := range slices.Sorted(maps.Keys(t.sets)) {
			set := t.sets[name]
			fmt.Fprintf(h, "%s %q %s\n", t.kind, name, set.all)
			for _, id := range slices.Sorted(maps.Keys(set.ids)) {
				fmt.Fprintf(h, "%d %s\n", id, set.ids[id])
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
