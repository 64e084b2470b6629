package artefact

import (
	"fmt"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// facts collects what a text states.
type facts struct {
	src  *event.Source
	list []event.Fact
	over bool // maxFacts was reached, and reported

	host   string // the computer that the section says it is of, or one before it
	named  bool   // the section says so
	from   int    // where the facts of the section begin
	remote string // the computer that the prompts name
	away   bool   // the command of the section is about another computer
	moved  bool   // some command was, or the prompts name several
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
	if !f.named {
		f.host, f.named = name, true
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

// section begins what one command printed. Where the prompt names another computer than
// before, or the command is about another one, what was said of computers before is not
// of this one.
func (f *facts) section(remote string, elsewhere bool) {
	if remote != f.remote || elsewhere || f.away {
		f.host, f.moved = remote, true
	}
	if elsewhere {
		f.host = ""
	}
	f.remote, f.away = remote, elsewhere
}

// endSection ends what one command printed. Its facts that name no computer are about
// the one that it is of.
func (f *facts) endSection() {
	for i := f.from; i < len(f.list); i++ {
		if f.list[i].Host == "" {
			f.list[i].Host = f.host
		}
	}
	f.named, f.from = false, len(f.list)
}

// finish returns the facts. Those before the first name of a computer are about it,
// too, if no other one is named.
func (f *facts) finish() []event.Fact {
	f.endSection()
	f.from = 0
	if f.moved {
		f.host = ""
	}
	for i := range f.list {
		if f.list[i].Key == event.FactComputer && !strings.EqualFold(f.list[i].Value, f.host) {
			f.host = ""
		}
	}
	f.endSection()
	return f.list
}
