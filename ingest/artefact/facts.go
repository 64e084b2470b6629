package artefact

import (
	"fmt"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// facts collects what a text states.
type facts struct {
	src  *event.Source
	list []event.Fact
	host string // the first computer that the text says it is of
	over bool   // maxFacts was reached, and reported
}

// add adds a fact that a line states; the place is the line's.
func (f *facts) add(l line, fact event.Fact) {
	if len(f.list) >= maxFacts {
		if !f.over {
			f.damage(event.DamageLimit, l.offset, fmt.Sprintf("more than %d facts: the rest is left out", maxFacts))
		}
		f.over = true
		return
	}
	fact.Ref = event.Ref{Source: f.src.ID, Offset: l.offset}
	fact.Line = l.no
	f.list = append(f.list, fact)
}

// computer adds the name of the computer that the text is of.
func (f *facts) computer(l line, name string) {
	if f.host == "" {
		f.host = name
	}
	f.add(l, event.Fact{Key: event.FactComputer, Value: name})
}

func (f *facts) damage(kind event.DamageKind, offset int64, detail string) {
	f.src.Damage = append(f.src.Damage, event.Damage{Kind: kind, Offset: offset, Detail: detail, Lost: true})
}

// count counts the lines, and reports the first one that is too long.
func (f *facts) count(t *text) {
	reported := false
	for l := range t.lines() {
		f.src.Records++
		if l.cut && !reported {
			f.damage(event.DamageLimit, l.offset, fmt.Sprintf("line %d has more than %d MiB: the rest of it is not read", l.no, maxLine>>20))
			reported = true
		}
	}
}

// finish returns the facts. Those that name no computer are about the one that
// the text is of.
func (f *facts) finish() []event.Fact {
	for i := range f.list {
		if f.list[i].Host == "" {
			f.list[i].Host = f.host
		}
	}
	return f.list
}
