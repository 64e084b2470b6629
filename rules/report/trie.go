package report

import (
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/vsswhy/vsswhy/ingest/known"
)

// A trie finds names in texts, the longest first, in whatever case.
type trie struct{ first map[rune]*trieNode }

type trieNode struct {
	next []trieEdge
	with string // the pseudonym of the name that ends here
	rule place
}

type trieEdge struct {
	letter rune
	node   *trieNode
}

func (n *trieNode) child(letter rune) *trieNode {
	for i := range n.next {
		if n.next[i].letter == letter {
			return n.next[i].node
		}
	}
	return nil
}

// A place is where in a text a name is replaced.
type place int

const (
	anywhere place = iota
	asWord
	whereDue // where our sentences have names
)

// makeTrie takes the names that are known, and the paths whole.
func (x *redactor) makeTrie() *trie {
	t := &trie{first: map[rune]*trieNode{}}
	for _, p := range x.list {
		t.add(p.Name, p.Pseudonym, x.place(p.Name))
		if p.Kind == "guid" {
			t.add(strings.ReplaceAll(p.Name, "-", ""), strings.ReplaceAll(p.Pseudonym, "-", ""), anywhere)
		}
	}
	if x.pass == learnTexts {
		x.pass = write // all parts of the paths are known
		for p := range x.paths {
			t.add(p, x.path(p), anywhere)
		}
		x.pass = learnTexts
	}
	return t
}

// place: short names and numbers are found in too much that is none.
func (x *redactor) place(name string) place {
	n := utf8.RuneCountInString(name)
	switch {
	case x.words.has(name), n < 2, digitsOnly().MatchString(name):
		return whereDue
	case x.words.contains(name), n < 4, hexOnly().MatchString(name):
		return asWord
	}
	return anywhere
}

var (
	digitsOnly = pattern(`^[0-9.:-]+$`)
	hexOnly    = pattern(`^[0-9A-Fa-f]+$`)
)

func (t *trie) add(name, with string, rule place) {
	var at *trieNode
	for i, r := range name {
		r = unicode.ToLower(r)
		next := t.first[r]
		if i > 0 {
			next = at.child(r)
		}
		if next == nil {
			next = &trieNode{}
			if i == 0 {
				t.first[r] = next
			} else {
				at.next = append(at.next, trieEdge{r, next})
			}
		}
		at = next
	}
	if at != nil && at.with == "" {
		at.with, at.rule = with, rule
	}
}

// next finds the first name at or after a place in a text.
func (t *trie) next(s string, at int, foreign bool) found {
	for from := range s[at:] {
		if f := t.match(s, at+from, foreign); f.to != 0 {
			return f
		}
	}
	return found{}
}

// across finds the first name that begins in a place and ends behind it.
func (t *trie) across(s string, f found, foreign bool) found {
	for i := range s[f.from:f.to] {
		if name := t.match(s, f.from+i, foreign); name.to > f.to {
			return name
		}
	}
	return found{}
}

func (t *trie) match(s string, from int, foreign bool) (best found) {
	var node *trieNode
	for i, r := range s[from:] {
		if r = unicode.ToLower(r); i == 0 {
			node = t.first[r]
		} else {
			node = node.child(r)
		}
		if node == nil {
			break
		}
		_, size := utf8.DecodeRuneInString(s[from+i:])
		to := from + i + size
		if node.with != "" && node.rule.holds(s, from, to, foreign) {
			best = found{from, to, node.with}
		}
	}
	return best
}

func (p place) holds(s string, from, to int, foreign bool) bool {
	if p == anywhere {
		return true
	}
	if !boundary(s, from) || wordRune(firstRune(s[to:])) {
		return false
	}
	return p == asWord || foreign || due(s, from, to)
}

// due reports whether one of our sentences has a name at a place.
func due(s string, from, to int) bool {
	const reach = 80 // bytes that are looked at
	before, after := s[max(0, from-reach):from], s[to:min(len(s), to+reach)]
	return nameFollows().MatchString(before) || nameMayFollow().MatchString(before) && nameEnds().MatchString(after)
}

var (
	nameFollows   = pattern(`(?:^|[ ,(])(?:VM|volume|guest|cluster node|cluster group|moved from|the clock of|that of|how far) $|[\\/"]$`)
	nameMayFollow = pattern(`(?:^|[ ,(])(?:of|on|cluster node .*,) $`)
	nameEnds      = pattern(`^(?:$|[,;)"\\/]| was | is )`)
)

// collectOwn writes the texts of our own of a report, each once, and no hashes: a
// name is no word of ours because its letters are in one.
func collectOwn(b *strings.Builder, r *Report) {
	seen := map[string]bool{}
	add := func(s string) {
		if !seen[s] && !hexOnly().MatchString(s) {
			seen[s] = true
			b.WriteString(" " + s)
		}
	}
	eachString(reflect.ValueOf(r).Elem(), told, func(s string, as sort) {
		if as == own || as == channelName && strings.HasPrefix(s, "Microsoft-") {
			add(s)
		}
	})
	for i := range r.Findings {
		for _, c := range r.Findings[i].Criteria {
			addSummaries(add, c.Evidence)
		}
	}
	for i := range r.Failures {
		addSummaries(add, r.Failures[i].Evidence)
	}
}

func addSummaries(add func(string), list []Evidence) {
	for _, e := range list {
		add(known.Summary(e.Provider, e.ID))
	}
}

// eachString calls f for every string of a value, with what it is.
func eachString(v reflect.Value, as sort, f func(s string, as sort)) {
	switch t := v.Type(); {
	case t == timeType:
	case t.Kind() == reflect.Struct:
		for i := range v.NumField() {
			eachString(v.Field(i), sortOf(t, t.Field(i)), f)
		}
	case t.Kind() == reflect.Pointer && !v.IsNil():
		eachString(v.Elem(), as, f)
	case t.Kind() == reflect.Slice:
		for i := range v.Len() {
			eachString(v.Index(i), as, f)
		}
	case t.Kind() == reflect.String:
		f(v.String(), as)
	}
}
