package query

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxLength = 64 << 10 // bytes of a query: far more than a person writes
	maxDepth  = 64       // of brackets, so that no query exhausts the stack
)

// A Query is a parsed query. It is never changed, and safe for concurrent use.
type Query struct {
	text string
	root node // nil: matches everything
}

// Parse reads a query. The empty query matches every row. An error is an *Error.
func Parse(text string) (*Query, error) {
	q := &Query{text: text}
	p := parser{text: text}
	if err := p.query(q); err != nil {
		return nil, err
	}
	return q, nil
}

// String returns the canonical text of the query: a query of the same meaning,
// with the fewest brackets and quotation marks.
func (q *Query) String() string {
	if q.root == nil {
		return ""
	}
	var b strings.Builder
	q.root.write(&b, false)
	return b.String()
}

// A parser reads
//
//	query = [ or ]
//	or    = and { "OR" and }
//	and   = unary { [ "AND" ] unary }
//	unary = ( "-" | "NOT" ) unary | "(" or ")" | term
//	term  = field operator value { "," value } | phrase | regex | word
type parser struct {
	text  string
	pos   int // in bytes
	depth int // of brackets
}

func (p *parser) fail(start, end int, text, hint string) *Error {
	return &Error{Query: p.text, Offset: start, Length: end - start, Text: text, Hint: hint}
}

func (p *parser) query(q *Query) error {
	if len(p.text) > maxLength {
		at := strings.ToValidUTF8(p.text[:maxLength], "\ufffd") // it may end within a character
		return &Error{Query: at, Offset: len(at), Text: fmt.Sprintf("the query is longer than %d bytes", maxLength)}
	}
	if at := invalid(p.text); at >= 0 {
		return p.fail(at, at+1, "this byte is not UTF-8", "")
	}
	if p.space(); p.rest() == "" {
		return nil
	}
	root, err := p.or()
	if err != nil {
		return err
	}
	if p.rest() != "" {
		return p.fail(p.pos, p.pos+1, "no bracket is open that this could close", `quote it to search for it: ")"`)
	}
	q.root = root
	return nil
}

// invalid returns the offset of the first byte that is not UTF-8, or -1.
func invalid(s string) int {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return i
			}
		}
	}
	return -1
}

func (p *parser) rest() string { return p.text[p.pos:] }

func (p *parser) space() {
	p.pos = len(p.text) - len(strings.TrimLeftFunc(p.rest(), unicode.IsSpace))
}

// next takes a character, if it is the next one.
func (p *parser) next(c byte) bool {
	if !p.at(c) {
		return false
	}
	p.pos++
	return true
}

func (p *parser) at(c byte) bool { return p.pos < len(p.text) && p.text[p.pos] == c }

// isDelimiter tells the characters that end a word.
func isDelimiter(r rune) bool { return r == '(' || r == ')' || r == '"' || unicode.IsSpace(r) }

func isKeyword(s string) bool { return s == "AND" || s == "OR" || s == "NOT" }

// word returns the word that begins here, which may be empty.
func (p *parser) word() string {
	if i := strings.IndexFunc(p.rest(), isDelimiter); i >= 0 {
		return p.rest()[:i]
	}
	return p.rest()
}

// keyword takes a keyword and the white space around it.
func (p *parser) keyword(word string) bool {
	p.space()
	if p.word() != word {
		return false
	}
	p.pos += len(word)
	p.space()
	return true
}

func (p *parser) or() (node, *Error) {
	var list []node
	for {
		n, err := p.and()
		if err != nil {
			return nil, err
		}
		list = append(list, n)
		if !p.keyword("OR") {
			return joinOne(list), nil
		}
	}
}

func (p *parser) and() (node, *Error) {
	var list []node
	for {
		joined := p.keyword("AND")
		if joined && len(list) == 0 || p.ends() {
			if joined || len(list) == 0 {
				return nil, p.missing()
			}
			return joinAll(list), nil
		}
		n, err := p.unary()
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
}

// ends reports whether a list of terms ends here.
func (p *parser) ends() bool { return p.rest() == "" || p.at(')') || p.word() == "OR" }

// missing: there is no term where one should be, mostly beside a keyword.
func (p *parser) missing() *Error {
	before := strings.TrimRightFunc(p.text[:p.pos], unicode.IsSpace)
	start, end := strings.LastIndexFunc(before, isDelimiter)+1, len(before)
	if !isKeyword(p.text[start:end]) {
		start, end = p.pos, p.pos+len(p.word())
	}
	if w := p.text[start:end]; isKeyword(w) {
		return p.fail(start, end, fmt.Sprintf("a term is missing beside %s", w), fmt.Sprintf("quote it to search for it: %q", w))
	}
	return p.fail(p.pos, min(p.pos+1, len(p.text)), "a term is missing here", "")
}

func (p *parser) unary() (node, *Error) {
	negative := false
	for {
		switch {
		case p.keyword("NOT"):
			if p.ends() {
				return nil, p.missing()
			}
		case p.next('-'):
			if w := p.word(); w == "" && !p.at('(') && !p.at('"') || p.ends() {
				return nil, p.fail(p.pos-1, p.pos, "nothing follows that this could negate", `quote it to search for it: "-"`)
			}
		default:
			n, err := p.primary()
			if err == nil && negative {
				n = negate(n)
			}
			return n, err
		}
		negative = !negative
	}
}

func (p *parser) primary() (node, *Error) {
	if p.at('(') {
		return p.group()
	}
	start := p.pos
	t, err := p.term()
	if err != nil {
		return nil, err
	}
	t.start, t.end = start, p.pos
	if rest := p.rest(); rest != "" && strings.IndexFunc(rest, isDelimiter) != 0 || p.at('"') {
		return nil, p.afterTerm(t)
	}
	return t, nil
}

// afterTerm: something follows a term without a space.
func (p *parser) afterTerm(t *term) *Error {
	hint := "put a space between terms"
	if _, ok := t.value.(regex); ok {
		hint = "flags stand within: /(?i)error/ ignores case; a slash is written \\/"
	}
	return p.fail(p.pos, p.pos+max(1, len(p.word())), "this can't follow the term before it", hint)
}

func (p *parser) group() (node, *Error) {
	open := p.pos
	p.pos++
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail(open, p.pos, fmt.Sprintf("brackets are nested deeper than %d", maxDepth), "")
	}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if !p.next(')') {
		return nil, p.fail(open, open+1, "this bracket is not closed", `quote it to search for it: "("`)
	}
	p.depth--
	return n, nil
}

func (p *parser) term() (*term, *Error) {
	switch {
	case p.at('"'):
		text, err := p.phrase()
		return &term{value: freeText(text)}, err
	case p.at('/'):
		return p.regex()
	}
	if name, op := cutField(p.word()); op != "" {
		return p.fieldTerm(name, op)
	}
	w := p.word()
	if isKeyword(w) {
		return nil, p.missing()
	}
	p.pos += len(w)
	return &term{value: freeText(w)}, nil
}

// phrase reads text in quotation marks, in which \" and \\ stand for the second
// character.
func (p *parser) phrase() (string, *Error) {
	open := p.pos
	p.pos++
	var b strings.Builder
	for p.rest() != "" {
		switch c := p.text[p.pos]; {
		case c == '"':
			if p.pos++; b.Len() == 0 {
				return "", p.fail(open, p.pos, "nothing is quoted here", "")
			}
			return b.String(), nil
		case c == '\\' && p.pos+1 < len(p.text) && strings.IndexByte(`"\`, p.text[p.pos+1]) >= 0:
			p.pos++
		}
		b.WriteByte(p.text[p.pos])
		p.pos++
	}
	return "", p.fail(open, open+1, "this quotation mark is not closed", `in quotes, \" is a quotation mark`)
}

// regex reads an expression between slashes, in which \/ is a slash; all else
// is left to regexp.
func (p *parser) regex() (*term, *Error) {
	open := p.pos
	p.pos++
	var b strings.Builder
	for p.rest() != "" {
		rest := p.rest()
		switch {
		case strings.HasPrefix(rest, `\/`):
			b.WriteByte('/')
			p.pos += 2
		case rest[0] == '\\' && len(rest) > 1:
			b.WriteString(rest[:2])
			p.pos += 2
		case rest[0] == '/':
			p.pos++
			return p.compileRegex(open, b.String())
		default:
			b.WriteByte(rest[0])
			p.pos++
		}
	}
	return nil, p.fail(open, open+1, "this slash begins a regular expression that has no end", "quote text that begins with a slash")
}

func (p *parser) compileRegex(open int, expr string) (*term, *Error) {
	if expr == "" {
		return nil, p.fail(open, p.pos, "this expression is empty", "")
	}
	re, err := regexp.Compile(expr)
	if err == nil {
		return &term{value: regex{re}}, nil
	}
	start, end := open, p.pos
	var at *syntax.Error
	if errors.As(err, &at) {
		if i := strings.Index(p.text[open+1:p.pos-1], at.Expr); i >= 0 && at.Expr != "" {
			start, end = open+1+i, open+1+i+len(at.Expr)
		}
		return nil, p.fail(start, end, "regular expression: "+string(at.Code), "")
	}
	return nil, p.fail(start, end, err.Error(), "")
}

// cutField splits a word that begins as a field's term does: letters, and an
// operator.
func cutField(word string) (name, op string) {
	n := 0
	for n < len(word) && (word[n]|0x20 >= 'a' && word[n]|0x20 <= 'z') {
		n++
	}
	if n == 0 {
		return "", ""
	}
	for _, op := range []string{":", "<=", ">=", "<", ">", "="} {
		if strings.HasPrefix(word[n:], op) {
			return word[:n], op
		}
	}
	return "", ""
}

func (p *parser) fieldTerm(name, op string) (*term, *Error) {
	start := p.pos
	spec := specOf(strings.ToLower(name))
	if spec == nil {
		return nil, p.unknownField(name)
	}
	p.pos += len(name) + len(op)
	if op != ":" && spec.field != Level {
		return nil, p.fail(start+len(name), p.pos, fmt.Sprintf("%s: has no operator but \":\"", spec.field), "")
	}
	words, err := p.values(spec)
	if err != nil {
		return nil, err
	}
	v, wrong := spec.parse(op, words)
	if wrong != nil {
		return nil, p.fail(wrong.word.start, wrong.word.end, string(spec.field)+": "+wrong.text, wrong.hint)
	}
	return &term{field: spec.field, value: v}, nil
}

func (p *parser) unknownField(name string) *Error {
	var known []string
	for _, s := range fieldSpecs {
		known = append(known, string(s.field))
	}
	hint := "quote text that has such a sign in it; the fields are " + strings.Join(known, " ")
	if near := nearest(strings.ToLower(name), known); near != "" {
		hint = fmt.Sprintf("did you mean %s: ?", near)
	}
	return p.fail(p.pos, p.pos+len(name), fmt.Sprintf("there is no field %q", name), hint)
}

// values reads the values of a term, with commas between them.
func (p *parser) values(spec *fieldSpec) ([]word, *Error) {
	var list []word
	for {
		w, err := p.value(spec)
		if err != nil {
			return nil, err
		}
		if list = append(list, w); !p.next(',') {
			return list, nil
		}
	}
}

func (p *parser) value(spec *fieldSpec) (word, *Error) {
	w := word{start: p.pos}
	if p.at('"') {
		text, err := p.phrase()
		w.text, w.end = text, p.pos
		return w, err
	}
	w.text, _, _ = strings.Cut(p.word(), ",")
	p.pos += len(w.text)
	if w.end = p.pos; w.text == "" {
		return w, p.fail(w.start, w.end, fmt.Sprintf("%s: needs a value here", spec.field), spec.doc)
	}
	return w, nil
}
