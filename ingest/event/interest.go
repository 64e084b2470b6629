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

type idSet struct {
	all bool
	ids map[uint32]struct{}
}

// Want adds ids of a provider; without ids it adds all of the provider.
func (in *Interest) Want(provider string, ids ...uint32) {
	set := in.set(strings.ToLower(provider))
	if len(ids) == 0 {
		set.all = true
	}
	for _, id := range ids {
		set.ids[id] = struct{}{}
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
		(*table)[name] = &idSet{ids: map[uint32]struct{}{}}
	}
	return (*table)[name]
}

// Wants reports whether an event with this provider and id is wanted, within
// the bounds if there are any.
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

// Wants reports whether the event id is wanted, within the bounds if there are
// any.
func (p *ProviderInterest) Wants(id uint32) bool {
	return p.everything || anyHas(p.sets, id) || anyHas(p.always, id)
}

// WantsAt reports whether an event with this id, computer and time is wanted.
func (p *ProviderInterest) WantsAt(id uint32, computer string, t time.Time) bool {
	return (p.everything || anyHas(p.sets, id)) && p.bounds.has(computer, t) || anyHas(p.always, id)
}

func anyHas(sets []*idSet, id uint32) bool {
	for _, s := range sets {
		if _, ok := s.ids[id]; ok || s.all {
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
			if set.all {
				in.Want(name + t.suffix)
			}
			if len(set.ids) > 0 {
				in.Want(name+t.suffix, slices.Collect(maps.Keys(set.ids))...)
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
			fmt.Fprintf(h, "%s %q %v %v\n", t.kind, name, set.all, slices.Sorted(maps.Keys(set.ids)))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
