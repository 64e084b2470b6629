package query

import (
	"slices"
	"strings"
)

// A Completion is one way to go on at the cursor: the text from Start to End
// becomes Insert.
type Completion struct {
	Start, End int // in bytes of the text
	Insert     string
	Doc        string // what a field is; "" for values
}

// Complete returns how the word that ends at the cursor (in bytes) may go on:
// names of fields, and values of the field that the word begins with. The
// function values, which may be nil, knows the values that rows have, the
// likeliest first; levels and verdicts are known here. There are none within
// phrases and regular expressions.
func Complete(text string, cursor int, values func(field Field) []string) []Completion {
	cursor = min(max(cursor, 0), len(text))
	start, ok := lastWord(text[:cursor])
	if !ok {
		return nil
	}
	name, op := cutField(text[start:cursor])
	if op == "" {
		return completeField(text[start:cursor], start, cursor)
	}
	spec := specOf(strings.ToLower(name))
	if spec == nil {
		return nil
	}
	begun, at := lastValue(text[:cursor], start+len(name)+len(op))
	var list []Completion
	for _, v := range spec.values(values) {
		if _, ok := cutFold(v, strings.ToLower(begun)); ok {
			list = append(list, Completion{Start: at, End: cursor, Insert: quoteValue(v)})
		}
	}
	return list
}

// lastWord returns where the word begins that ends at the end of the text. It
// reads as the parser does, but lets pass what is not finished; ok is false
// within a phrase or a regular expression.
func lastWord(text string) (start int, ok bool) {
	p := parser{text: text}
	for {
		for p.space(); p.next('-') || p.next('(') || p.next(')'); p.space() {
		}
		start = p.pos
		if p.rest() == "" {
			return start, true
		}
		if _, op := cutField(p.word()); op == "" {
			if _, err := p.term(); err != nil || p.at('"') {
				return 0, false
			}
		} else {
			p.unfinished()
		}
		if p.rest() == "" {
			return start, text[start] != '"' && text[start] != '/'
		}
	}
}

// unfinished passes over a term of a field, the last value of which may lack
// its second quotation mark.
func (p *parser) unfinished() {
	p.pos += len(p.word())
	for p.at('"') {
		if _, err := p.phrase(); err != nil {
			p.pos = len(p.text)
		}
		p.pos += len(p.word())
	}
}

// lastValue returns the last value of the list that begins at from, without
// quotation marks, and where it stands.
func lastValue(text string, from int) (begun string, at int) {
	p := parser{text: text, pos: from}
	for {
		at = p.pos
		w, err := p.value(&fieldSpec{})
		if err != nil {
			return strings.TrimPrefix(text[at:], `"`), at
		}
		if begun = w.text; !p.next(',') {
			return begun, at
		}
	}
}

func completeField(begun string, start, end int) []Completion {
	var list []Completion
	for _, s := range fieldSpecs {
		if strings.HasPrefix(string(s.field), strings.ToLower(begun)) {
			list = append(list, Completion{start, end, string(s.field) + ":", s.doc})
		}
	}
	return list
}

// values returns the values that a field has for certain, and those that rows
// have.
func (s *fieldSpec) values(rows func(Field) []string) []string {
	var list []string
	switch s.field {
	case Level:
		list = slices.Clone(levelNames)
	case Verdict:
		list = Verdicts()
	}
	if rows != nil {
		for _, v := range rows(s.field) {
			if v != "" && !slices.Contains(list, v) {
				list = append(list, v)
			}
		}
	}
	return list
}
