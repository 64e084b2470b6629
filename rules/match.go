package rules

import (
	"slices"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
	"github.com/vsswhy/vsswhy/rules/scene"
)

// A compiled matcher: one function per condition, the cheapest first. They are apart
// by what decides them.
type matcher struct {
	ofKind       []condition      // what all events of a kind have in common, see scene.Host.Kinds
	ofEvent      []condition      // the event
	ofSubject    []askedCondition // the event and the subject
	alternatives []*matcher       // of any
	source       *Matcher

	// wants are the ids of all events that may match, each once; nil: any may.
	wants []uint32

	// channels are the logs that must cover a window to say that no such event
	// occurred in it.
	channels []string
	unplaced string // one of its providers of which it is not known where it writes to; "": there is none
}

type (
	condition      func(e *scene.Event) bool
	askedCondition func(sub *subject, e *scene.Event) bool
)

// match reports whether an event is one that a subject's signal means.
func (m *matcher) match(sub *subject, e *scene.Event) bool {
	one := func(a *matcher) bool { return a.match(sub, e) }
	return holdAll(m.ofKind, e) && holdAll(m.ofEvent, e) && (len(m.alternatives) == 0 || slices.ContainsFunc(m.alternatives, one)) && m.answers(sub, e)
}

// left returns what is left to be asked of each event of a kind, of which e is any; ok
// is false if none of them can match.
func (m *matcher) left(e *scene.Event) (list []condition, ok bool) {
	if !holdAll(m.ofKind, e) {
		return nil, false
	}
	if len(m.alternatives) == 0 {
		return m.ofEvent, true
	}
	var open [][]condition
	for _, a := range m.alternatives {
		switch list, ok := a.left(e); {
		case ok && len(list) == 0:
			return m.ofEvent, true
		case ok:
			open = append(open, list)
		}
	}
	oneHolds := func(e *scene.Event) bool {
		return slices.ContainsFunc(open, func(list []condition) bool { return holdAll(list, e) })
	}
	return append(slices.Clip(m.ofEvent), oneHolds), len(open) > 0
}

func holdAll(list []condition, e *scene.Event) bool {
	for _, holds := range list {
		if !holds(e) {
			return false
		}
	}
	return true
}

// answers reports whether the conditions hold that depend on the subject.
func (m *matcher) answers(sub *subject, e *scene.Event) bool {
	for _, holds := range m.ofSubject {
		if !holds(sub, e) {
			return false
		}
	}
	return true
}

// compileMatcher turns a checked matcher into functions.
func compileMatcher(src *Matcher) *matcher {
	m := &matcher{source: src, channels: channelsOf(src, nil), unplaced: unplaced(src)}
	m.compileKind()
	add := func(when bool, f condition) {
		if when {
			m.ofEvent = append(m.ofEvent, f)
		}
	}
	add(src.Writer != "", func(e *scene.Event) bool { return e.Writer(src.Writer) })
	m.contains(lowered(src.Contains))
	for name, want := range src.Field {
		add(true, func(e *scene.Event) bool {
			v, ok := e.Field(name)
			return ok && strings.EqualFold(strings.TrimSpace(v), want)
		})
	}
	if src.Under == "target" {
		m.ofSubject = append(m.ofSubject, underTarget)
	}
	add(src.OSBelow != "", func(e *scene.Event) bool {
		return osIs(e, func(d int) bool { return d < 0 }, src.OSBelow)
	})
	add(src.OSFrom != "", func(e *scene.Event) bool {
		return osIs(e, func(d int) bool { return d >= 0 }, src.OSFrom)
	})
	m.not(src.Not)
	m.any(src.Any)
	m.wants = m.allIDs()
	return m
}

// compileKind adds the conditions that a kind decides.
func (m *matcher) compileKind() {
	src := m.source
	add := func(when bool, f condition) {
		if when {
			m.ofKind = append(m.ofKind, f)
		}
	}
	codes := parseCodes(src.Code)
	add(len(src.ID) > 0, func(e *scene.Event) bool { return slices.Contains(src.ID, e.ID) })
	add(len(codes) > 0, func(e *scene.Event) bool { return shareAny(e.Codes, codes) })
	add(len(src.Provider) > 0, func(e *scene.Event) bool { return fromAny(e, src.Provider) })
}

// contains adds the condition that a value has one of the parts, which are in lower
// case and may name the subject's machine.
func (m *matcher) contains(parts []string) {
	switch {
	case len(parts) == 0:
	case namesMachine(parts):
		m.ofSubject = append(m.ofSubject, func(sub *subject, e *scene.Event) bool { return containsAny(e, sub.named(parts)) })
	default:
		m.ofEvent = append(m.ofEvent, func(e *scene.Event) bool { return containsAny(e, parts) })
	}
}

// not adds that another matcher does not match, where that is decided.
func (m *matcher) not(src *Matcher) {
	if src == nil {
		return
	}
	not := compileMatcher(src)
	holds := func(e *scene.Event) bool { return !not.match(nil, e) }
	switch {
	case len(not.ofSubject) > 0:
		m.ofSubject = append(m.ofSubject, func(sub *subject, e *scene.Event) bool { return !not.match(sub, e) })
	case not.kindDecides():
		m.ofKind = append(m.ofKind, holds)
	default:
		m.ofEvent = append(m.ofEvent, holds)
	}
}

// kindDecides reports whether all events of a kind match, or none.
func (m *matcher) kindDecides() bool {
	return len(m.ofEvent) == 0 && len(m.ofSubject) == 0 && !slices.ContainsFunc(m.alternatives, func(a *matcher) bool { return !a.kindDecides() })
}

// any adds alternatives. Where some depend on the subject, which one holds is asked of
// each, and what is fixed of them only narrows the events down.
func (m *matcher) any(parts []*Matcher) {
	dependent := false
	for _, p := range parts {
		a := compileMatcher(p)
		m.alternatives = append(m.alternatives, a)
		dependent = dependent || len(a.ofSubject) > 0
	}
	if dependent {
		m.ofSubject = append(m.ofSubject, func(sub *subject, e *scene.Event) bool {
			return slices.ContainsFunc(m.alternatives, func(a *matcher) bool { return a.match(sub, e) })
		})
	}
}

// allIDs are the matcher's own ids, or those of all its alternatives.
func (m *matcher) allIDs() []uint32 {
	list := slices.Clone(m.source.ID)
	if len(list) == 0 {
		for _, a := range m.alternatives {
			if a.wants == nil {
				return nil
			}
			list = append(list, a.wants...)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func parseCodes(spellings []string) []known.Code {
	var codes []known.Code
	for _, s := range spellings {
		if c, err := known.ParseCode(s); err == nil { // checked on loading
			codes = append(codes, c)
		}
	}
	return codes
}

// shareAny reports whether an event has one of the codes; most have none at all.
func shareAny(has, codes []known.Code) bool {
	for _, c := range has {
		if slices.Contains(codes, c) {
			return true
		}
	}
	return false
}

// fromAny compares provider names; "MSSQL$*" stands for all that begin so.
func fromAny(e *scene.Event, providers []string) bool {
	return slices.ContainsFunc(providers, func(p string) bool {
		if prefix, ok := strings.CutSuffix(p, "*"); ok {
			return len(e.Provider) >= len(prefix) && strings.EqualFold(e.Provider[:len(prefix)], prefix)
		}
		return e.From(p)
	})
}

// machineName stands for the name of the subject's machine.
const machineName = "%vm"

func namesMachine(parts []string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(p, machineName) })
}

// named puts the machine's name into parts, and leaves those out that need one where
// there is none.
func (s *subject) named(parts []string) []string {
	name := strings.ToLower(s.vm.Label())
	var list []string
	for _, p := range parts {
		if name != "" || !strings.Contains(p, machineName) {
			list = append(list, strings.ReplaceAll(p, machineName, name))
		}
	}
	return list
}

// containsAny reports whether a value has one of the parts, which are in lower case.
func containsAny(e *scene.Event, parts []string) bool {
	for i := range e.Fields {
		value := strings.ToLower(e.Fields[i].Value)
		if slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(value, p) }) {
			return true
		}
	}
	return false
}

func lowered(parts []string) []string {
	list := make([]string, len(parts))
	for i, p := range parts {
		list[i] = strings.ToLower(p)
	}
	return list
}

// underTarget: one of the event's paths lies under the place that the
// subject's restore went to.
func underTarget(sub *subject, e *scene.Event) bool {
	return sub.job != nil && sub.job.Holds(e)
}

// osIs compares the Windows version of the event's computer at that time; an
// unknown version fits, since the gate then keeps the verdict down.
func osIs(e *scene.Event, fits func(int) bool, version string) bool {
	v := e.Host.OSBuild(e.Time)
	return !v.Known || fits(scene.CompareVersions(v.Text, version))
}

func channelsOf(m *Matcher, list []string) []string {
	for _, p := range m.Provider {
		if len(m.ID) == 0 {
			list = appendNew(list, known.Channels(p, 0)...)
		}
		for _, id := range m.ID {
			list = appendNew(list, known.Channels(p, id)...)
		}
	}
	for _, alt := range m.Any {
		list = channelsOf(alt, list)
	}
	return list
}

// unplaced is the first provider of which nobody knows where it writes to, or "".
func unplaced(m *Matcher) string {
	for _, p := range m.Provider {
		if len(channelsOf(&Matcher{Provider: Strings{p}, ID: m.ID}, nil)) == 0 {
			return p
		}
	}
	for _, alt := range m.Any {
		if p := unplaced(alt); p != "" {
			return p
		}
	}
	return ""
}

// want adds what the matcher can match to an interest.
func (m *Matcher) want(in *event.Interest) {
	for _, p := range m.Provider {
		if len(m.Contains) > 0 && !namesMachine(m.Contains) {
			in.WantHaving(m.Contains, p, m.ID...)
		} else {
			in.Want(p, m.ID...)
		}
	}
	for _, alt := range m.Any {
		alt.want(in)
	}
}
