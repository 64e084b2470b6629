// Package querytest makes random queries, and tells by the plainest means which
// events they match. It shares nothing with package query but the words of the
// language, and what scene.Speaks finds in an event, so that each can show the
// other's mistakes.
//
// Start with NewVocabulary and Random.
package querytest

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
	"github.com/vsswhy/vsswhy/rules/scene"
)

// A Vocabulary holds what random queries speak of, so that they have hits. It
// and its queries are not safe for concurrent use.
type Vocabulary struct {
	Last   time.Time // of the last event
	events []*event.Event
	spoken map[*event.Event]*spoken
}

// spoken is what takes long to find in an event, kept for the next query.
type spoken struct {
	codes        []known.Code
	vms, volumes []string
	texts, lower []string
}

func (v *Vocabulary) speaks(e *event.Event) *spoken {
	s := v.spoken[e]
	if s == nil {
		s = &spoken{codes: codes(e)}
		s.vms, s.volumes = scene.Speaks(e)
		s.texts = texts(e)
		for _, t := range s.texts {
			s.lower = append(s.lower, strings.ToLower(t))
		}
		v.spoken[e] = s
	}
	return s
}

// NewVocabulary takes words from the events, of which there must be one.
func NewVocabulary(events []*event.Event) *Vocabulary {
	v := &Vocabulary{events: events, spoken: map[*event.Event]*spoken{}}
	for _, e := range events {
		if e.Time.After(v.Last) {
			v.Last = e.Time
		}
	}
	return v
}

// A Query is a query as text, and what it means.
type Query struct {
	Text  string
	Match func(*event.Event) bool
}

// Random makes a query.
func Random(rng *rand.Rand, v *Vocabulary) Query { return maker{rng, v}.query(3) }

type maker struct {
	*rand.Rand
	words *Vocabulary
}

func pick[T any](m maker, list ...T) T { return list[m.IntN(len(list))] }

func (m maker) event() *event.Event { return pick(m, m.words.events...) }

func (m maker) query(depth int) Query {
	if depth == 0 || m.IntN(4) == 0 {
		return m.term()
	}
	switch m.IntN(5) {
	case 0:
		q := m.query(depth - 1)
		return Query{pick(m, "-(", "NOT (", "NOT NOT -(") + q.Text + ")", func(e *event.Event) bool { return !q.Match(e) }}
	case 1, 2:
		a, b := m.query(depth-1), m.query(depth-1)
		return Query{"(" + a.Text + ") OR (" + b.Text + ")", func(e *event.Event) bool { return a.Match(e) || b.Match(e) }}
	default:
		a, b := m.query(depth-1), m.query(depth-1)
		return Query{"(" + a.Text + pick(m, ") (", ") AND (") + b.Text + ")", func(e *event.Event) bool { return a.Match(e) && b.Match(e) }}
	}
}

func (m maker) term() Query {
	q := pick(m, m.host, m.provider, m.channel, m.ids, m.level, m.code, m.vm, m.volume, m.window, m.text, m.regex)()
	if m.IntN(4) == 0 {
		match := q.Match
		return Query{"-(" + q.Text + ")", func(e *event.Event) bool { return !match(e) }}
	}
	return q
}

// named makes a term of up to three names. forms returns what an event goes by.
func (m maker) named(field string, name func(*event.Event) string, forms func(*event.Event) []string) Query {
	var texts, wanted []string
	for range 1 + m.IntN(3) {
		w := strings.ToValidUTF8(name(m.event()), "?")
		switch {
		case w == "":
			w = "none"
		case m.IntN(4) == 0:
			w = string([]rune(w)[:1+m.IntN(len([]rune(w)))]) + "*"
		}
		w = m.anyCase(w)
		texts, wanted = append(texts, m.quote(w)), append(wanted, strings.ToLower(w))
	}
	return Query{field + ":" + strings.Join(texts, ","), func(e *event.Event) bool {
		return slices.ContainsFunc(forms(e), func(form string) bool {
			low := strings.ToLower(form)
			return slices.ContainsFunc(wanted, func(w string) bool { return equal(low, w) })
		})
	}}
}

func equal(form, wanted string) bool {
	begin, star := strings.CutSuffix(wanted, "*")
	return form == wanted || star && strings.HasPrefix(form, begin)
}

func (m maker) host() Query {
	forms := func(e *event.Event) []string { return []string{e.Computer, strings.Split(e.Computer, ".")[0]} }
	return m.named("host", func(e *event.Event) string { return pick(m, forms(e)...) }, forms)
}

// shortForms of a name: each is left out only from the beginning.
func shortForms(name string) []string {
	forms := []string{name}
	for _, begin := range []string{"microsoft-windows-", "microsoft-windows-hyper-v-"} {
		if low := strings.ToLower(name); strings.HasPrefix(low, begin) {
			forms = append(forms, low[len(begin):])
		}
	}
	return forms
}

func (m maker) provider() Query {
	forms := func(e *event.Event) []string {
		list := shortForms(e.Provider)
		if e.EventSource != "" {
			list = append(list, shortForms(e.EventSource)...)
		}
		return list
	}
	return m.named("prov", func(e *event.Event) string { return pick(m, forms(e)...) }, forms)
}

func (m maker) channel() Query {
	forms := func(e *event.Event) []string { return shortForms(e.Channel) }
	return m.named("chan", func(e *event.Event) string { return pick(m, forms(e)...) }, forms)
}

func (m maker) vm() Query {
	forms := func(e *event.Event) []string { return m.words.speaks(e).vms }
	return m.named("vm", func(e *event.Event) string { return pick(m, append(slices.Clone(forms(e)), "none")...) }, forms)
}

func (m maker) volume() Query {
	forms := func(e *event.Event) []string { return m.words.speaks(e).volumes }
	return m.named("vol", func(e *event.Event) string { return pick(m, append(slices.Clone(forms(e)), "none")...) }, forms)
}

func (m maker) ids() Query {
	low := m.event().ID
	high, other := low+uint32(m.IntN(3000)), m.event().ID
	if high < low {
		high = low
	}
	return Query{fmt.Sprintf("id:%d-%d,%d", low, high, other), func(e *event.Event) bool {
		return low <= e.ID && e.ID <= high || e.ID == other
	}}
}

func (m maker) level() Query {
	effective := func(l event.Level) int {
		if l == 0 {
			return 4
		}
		return int(l)
	}
	want := effective(m.event().Level)
	op := pick(m, ":", "=", "<=", "<", ">=", ">")
	text := fmt.Sprint(want)
	if want <= 5 && m.IntN(2) == 0 {
		text = []string{"Critical", "error", "WARNING", "information", "verbose"}[want-1]
	}
	return Query{pick(m, "level", "Level") + op + text, func(e *event.Event) bool {
		l := effective(e.Level)
		less, same := l < want, l == want
		return map[string]bool{":": same, "=": same, "<=": less || same, "<": less, ">=": !less, ">": !less && !same}[op]
	}}
}

func codes(e *event.Event) []known.Code {
	var list []known.Code
	for _, f := range e.Fields {
		if f.Name != "Binary" {
			list = append(list, known.Codes(f.Value)...)
		}
	}
	return list
}

func (m maker) code() Query {
	c := pick(m, append(slices.Clone(m.words.speaks(m.event()).codes), known.WriterNonRetryable)...)
	text := fmt.Sprintf(pick(m, "0x%08x", "0X%08X", "%d", "%%%%%d"), uint32(c))
	if m.IntN(4) == 0 {
		text = fmt.Sprint(int32(c))
	}
	return Query{"code:" + text, func(e *event.Event) bool { return slices.Contains(m.words.speaks(e).codes, c) }}
}

// window makes a since, an until, or both.
func (m maker) window() Query {
	from, fromText := m.time()
	to, toText := m.time()
	since := func(e *event.Event) bool { return e.Time.Equal(from) || e.Time.After(from) }
	switch m.IntN(3) {
	case 0:
		return Query{"since:" + fromText, since}
	case 1:
		return Query{"until:" + toText, func(e *event.Event) bool { return e.Time.Before(to) }}
	}
	span := time.Duration(m.IntN(100_000)) * time.Second
	text := fmt.Sprintf("until:+%ds since:%s", span/time.Second, fromText)
	return Query{text, func(e *event.Event) bool { return since(e) && e.Time.Before(from.Add(span)) }}
}

func (m maker) time() (time.Time, string) {
	if m.IntN(3) == 0 {
		n := m.IntN(2000)
		return m.words.Last.Add(-time.Duration(n) * time.Hour), fmt.Sprintf("-%dh", n)
	}
	if m.IntN(3) == 0 {
		y, mon, d := m.words.Last.UTC().Date()
		n := m.IntN(24 * 60)
		return time.Date(y, mon, d, n/60, n%60, 0, 0, time.UTC), fmt.Sprintf("%02d:%02d", n/60, n%60)
	}
	t := m.event().Time
	if y := t.Year(); y < 1 || y > 9999 {
		t = m.words.Last
	}
	return t, t.UTC().Format("2006-01-02T15:04:05.999999999Z")
}

func texts(e *event.Event) []string {
	var list []string
	for _, f := range e.Fields {
		list = append(list, f.Value)
	}
	for _, s := range []string{e.Provider, e.EventSource, e.Channel, e.Computer, e.Message} {
		if s != "" {
			list = append(list, s)
		}
	}
	return list
}

// piece cuts a piece of a text out of an event.
func (m maker) piece() string {
	list := m.words.speaks(m.event()).texts
	if len(list) == 0 {
		return "none"
	}
	s := []rune(strings.ToValidUTF8(pick(m, list...), "?"))
	if len(s) == 0 {
		return "none"
	}
	from := m.IntN(len(s))
	return string(s[from : from+1+m.IntN(min(len(s)-from, 12))])
}

func (m maker) text() Query {
	s := m.anyCase(m.piece())
	low := strings.ToLower(s)
	return Query{m.quote(s), func(e *event.Event) bool {
		return fmt.Sprint(e.ID) == s || slices.ContainsFunc(m.words.speaks(e).lower, func(t string) bool { return strings.Contains(t, low) })
	}}
}

func (m maker) regex() Query {
	expr := pick(m, "", "(?i)", "^") + regexp.QuoteMeta(m.piece()) + pick(m, "", ".", "[0-9a-f]", "$")
	re := regexp.MustCompile(expr)
	return Query{"/" + strings.ReplaceAll(expr, "/", `\/`) + "/", func(e *event.Event) bool {
		return slices.ContainsFunc(m.words.speaks(e).texts, re.MatchString)
	}}
}

// anyCase changes the case of some words; not of letters that have no way back.
func (m maker) anyCase(s string) string {
	changed := pick(m, strings.ToLower, strings.ToUpper, strings.Clone)(s)
	lower := strings.ToLower // as the language folds; EqualFold knows more pairs
	if lower(changed) != lower(s) {
		return s
	}
	return changed
}

var plain = regexp.MustCompile(`^[0-9a-z_.*$\\]+$`)

// quote quotes what isn't plain, and sometimes what is.
func (m maker) quote(s string) string {
	if plain.MatchString(s) && m.IntN(4) > 0 {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
