package rules

import (
	"slices"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
	"github.com/vsswhy/vsswhy/rules/scene"
)

// A compiled matcher: one function per condition, the cheapest first.
type matcher struct {
	ids, providers condition // nil: any
	rest           []condition
	alternatives   []*matcher // of any, which is one of the rest
	source         *Matcher

	// wants are the ids of all events that may match, each once; nil: any may.
	wants []uint32

	// channels are the logs that must cover a window to say that no such event
	// occurred in it.
	channels []string
}

type condition func(ev *evaluator, e *scene.Event) bool

func (m *matcher) match(ev *evaluator, e *scene.Event) bool {
	return (m.ids == nil || m.ids(ev, e)) && (m.providers == nil || m.providers(ev, e)) && m.matchRest(ev, e)
}

// matchRest is match for an event whose provider and id match.
func (m *matcher) matchRest(ev *evaluator, e *scene.Event) bool {
	for _, ok := range m.rest {
		if !ok(ev, e) {
			return false
		}
	}
	return true
}

// compileMatcher turns a checked matcher into functions.
func compileMatcher(src *Matcher) *matcher {
	m := &matcher{source: src, channels: channelsOf(src, nil)}
	add := func(when bool, f condition) {
		if when {
			m.rest = append(m.rest, f)
		}
	}
	if len(src.ID) > 0 {
		m.ids = func(_ *evaluator, e *scene.Event) bool { return slices.Contains(src.ID, e.ID) }
	}
	if len(src.Provider) > 0 {
		m.providers = func(_ *evaluator, e *scene.Event) bool { return fromAny(e, src.Provider) }
	}
	codes := parseCodes(src.Code)
	add(len(codes) > 0, func(_ *evaluator, e *scene.Event) bool { return shareAny(e.Codes, codes) })
	add(src.Writer != "", func(_ *evaluator, e *scene.Event) bool { return e.Writer(src.Writer) })
	parts := lowered(src.Contains)
	add(len(parts) > 0, func(ev *evaluator, e *scene.Event) bool { return containsAny(e, parts, ev.sub) })
	for name, want := range src.Field {
		add(true, func(_ *evaluator, e *scene.Event) bool {
			v, ok := e.Field(name)
			return ok && strings.EqualFold(strings.TrimSpace(v), want)
		})
	}
	add(src.Under == "target", underTarget)
	add(src.OSBelow != "", func(_ *evaluator, e *scene.Event) bool {
		return osIs(e, func(d int) bool { return d < 0 }, src.OSBelow)
	})
	add(src.OSFrom != "", func(_ *evaluator, e *scene.Event) bool {
		return osIs(e, func(d int) bool { return d >= 0 }, src.OSFrom)
	})
	if src.Not != nil {
		not := compileMatcher(src.Not)
		add(true, func(ev *evaluator, e *scene.Event) bool { return !not.match(ev, e) })
	}
	m.any(src.Any)
	m.wants = m.allIDs()
	return m
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

// between returns the events of a computer that may match, in a window.
func (m *matcher) between(h *scene.Host, from, to time.Time) []*scene.Event {
	if m.wants == nil {
		return h.Between(from, to)
	}
	return h.BetweenOf(m.wants, from, to)
}

func (m *matcher) any(parts []*Matcher) {
	if len(parts) == 0 {
		return
	}
	for _, p := range parts {
		m.alternatives = append(m.alternatives, compileMatcher(p))
	}
	m.rest = append(m.rest, func(ev *evaluator, e *scene.Event) bool {
		return slices.ContainsFunc(m.alternatives, func(a *matcher) bool { return a.match(ev, e) })
	})
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

// containsAny reports whether a value has one of the parts, which are in lower case.
func containsAny(e *scene.Event, parts []string, sub *subject) bool {
	for i := range e.Fields {
		value := strings.ToLower(e.Fields[i].Value)
		for _, p := range parts {
			if strings.Contains(p, "%vm") {
				if sub.vm.Label() == "" {
					continue
				}
				p = strings.ReplaceAll(p, "%vm", strings.ToLower(sub.vm.Label()))
			}
			if strings.Contains(value, p) {
				return true
			}
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
func underTarget(ev *evaluator, e *scene.Event) bool {
	return ev.sub.job != nil && ev.sub.job.Holds(e)
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

// want adds what the matcher can match to an interest.
func (m *Matcher) want(in *event.Interest) {
	for _, p := range m.Provider {
		if len(m.Contains) > 0 && !slices.ContainsFunc(m.Contains, func(s string) bool { return strings.Contains(s, "%vm") }) {
			in.WantHaving(m.Contains, p, m.ID...)
		} else {
			in.Want(p, m.ID...)
		}
	}
	for _, alt := range m.Any {
		alt.want(in)
	}
}
