package eventxml

import (
	"bytes"
	"errors"
)

// Limits on one event. Windows itself writes no event above 64 KiB in binary
// form, nor nests deeper than some twenty elements.
const (
	maxEvent = 16 << 20 // bytes of text, from <Event to </Event>
	maxDepth = 256      // open elements, the event itself included
	maxAttrs = 1024     // attributes of one element
)

// errShort says that the text ends where more is needed: the caller gets more
// and scans the event again from its start, or, at the end of the source, takes
// it as truncated.
var errShort = errors.New("unexpected end of text")

// A scanError says why and where an event can't be read.
type scanError struct {
	at     int // index in the scanned text
	limit  bool
	detail string
}

func (e *scanError) Error() string { return e.detail }

type tokenKind uint8

const (
	tokenText  tokenKind = iota // character data, entities not yet expanded
	tokenCDATA                  // the content of a CDATA section
	tokenStart                  // a start tag; attributes are in scanner.attrs
	tokenEnd                    // an end tag
	tokenPI                     // a processing instruction or the XML declaration
	tokenOther                  // a comment
	tokenDTD                    // <!DOCTYPE and other declarations
)

// A token is a piece of markup or text. Its data are part of the scanned text.
type token struct {
	kind  tokenKind
	at    int    // where it begins
	data  []byte // text, or the name of an element, or what a PI holds
	empty bool   // a start tag that is its own end tag: <a/>
}

// An attr is an attribute as written: its value without the quotes, entities
// not yet expanded.
type attr struct {
	name, value []byte
}

// A scanner splits text that is wholly in memory into tokens.
type scanner struct {
	b     []byte
	i     int
	attrs []attr // of the last start tag
}

func (s *scanner) reset(b []byte) { s.b, s.i = b, 0 }

// next returns the next token; its error is errShort or a *scanError. After
// errShort the position is that of the token which is not complete.
func (s *scanner) next() (token, error) {
	start := s.i
	rest := s.b[start:]
	if len(rest) == 0 {
		return token{}, errShort
	}
	if rest[0] != '<' {
		n := bytes.IndexByte(rest, '<')
		if n < 0 {
			return token{}, errShort
		}
		s.i += n
		return token{kind: tokenText, at: start, data: rest[:n]}, nil
	}
	if len(rest) < 2 {
		return token{}, errShort
	}
	var t token
	var err error
	switch rest[1] {
	case '/':
		t, err = s.endTag()
	case '!':
		t, err = s.declaration()
	case '?':
		t, err = s.until(tokenPI, "<?", "?>")
	default:
		t, err = s.startTag()
	}
	t.at = start
	if err == errShort {
		s.i = start
	}
	return t, err
}

// until scans what stands between two delimiters, the first of which is here.
func (s *scanner) until(kind tokenKind, open, end string) (token, error) {
	from := s.i + len(open)
	n := bytes.Index(s.b[from:], []byte(end))
	if n < 0 {
		return token{}, errShort
	}
	s.i = from + n + len(end)
	return token{kind: kind, data: s.b[from : from+n]}, nil
}

// declaration scans what begins with "<!".
func (s *scanner) declaration() (token, error) {
	rest := s.b[s.i:]
	for _, d := range []struct {
		kind      tokenKind
		open, end string
	}{
		{tokenOther, "<!--", "-->"},
		{tokenCDATA, "<![CDATA[", "]]>"},
	} {
		if bytes.HasPrefix(rest, []byte(d.open)) {
			return s.until(d.kind, d.open, d.end)
		}
		if len(rest) < len(d.open) && bytes.HasPrefix([]byte(d.open), rest) {
			return token{}, errShort
		}
	}
	return s.doctype()
}

// doctype scans a document type declaration. It only looks for the end: what
// stands in it is never used.
func (s *scanner) doctype() (token, error) {
	rest := s.b[s.i:]
	n := bytes.IndexAny(rest, "[>")
	if n < 0 {
		return token{}, errShort
	}
	if rest[n] == '>' {
		s.i += n + 1
		return token{kind: tokenDTD, data: rest[2:n]}, nil
	}
	subset := n
	n = bytes.IndexByte(rest[subset:], ']')
	if n < 0 {
		return token{}, errShort
	}
	end := bytes.IndexByte(rest[subset+n:], '>')
	if end < 0 {
		return token{}, errShort
	}
	s.i += subset + n + end + 1
	return token{kind: tokenDTD, data: rest[2:subset]}, nil
}

func (s *scanner) endTag() (token, error) {
	s.i += len("</")
	name, err := s.name()
	if err != nil {
		return token{}, err
	}
	c, err := s.space()
	if err != nil {
		return token{}, err
	}
	if c != '>' {
		return token{}, s.fail("an end tag does not end with '>'")
	}
	s.i++
	return token{kind: tokenEnd, data: name}, nil
}

func (s *scanner) startTag() (token, error) {
	s.i += len("<")
	name, err := s.name()
	if err != nil {
		return token{}, err
	}
	t := token{kind: tokenStart, data: name}
	s.attrs = s.attrs[:0]
	for {
		c, err := s.space()
		switch {
		case err != nil:
			return t, err
		case c == '>':
			s.i++
			return t, nil
		case c == '/':
			t.empty = true
			return t, s.expect("/>")
		case len(s.attrs) == maxAttrs:
			return t, &scanError{at: s.i, limit: true, detail: "an element has too many attributes"}
		}
		if err := s.attr(); err != nil {
			return t, err
		}
	}
}

// attr scans name = "value", with either quote. A '<' in the value is no XML,
// and ends the search for a quote that is missing.
func (s *scanner) attr() error {
	name, err := s.name()
	if err != nil {
		return err
	}
	if c, err := s.space(); err != nil {
		return err
	} else if c != '=' {
		return s.fail("an attribute has no value")
	}
	s.i++
	quote, err := s.space()
	if err != nil {
		return err
	}
	if quote != '"' && quote != '\'' {
		return s.fail("an attribute's value is not in quotes")
	}
	s.i++
	rest := s.b[s.i:]
	n := bytes.IndexByte(rest, quote)
	value := rest
	if n >= 0 {
		value = rest[:n]
	}
	if lt := bytes.IndexByte(value, '<'); lt >= 0 {
		s.i += lt
		return s.fail("'<' in an attribute's value")
	}
	if n < 0 {
		return errShort
	}
	s.attrs = append(s.attrs, attr{name, value})
	s.i += n + 1
	return nil
}

// notName marks the bytes that end a name.
var notName = [256]bool{
	' ': true, '\t': true, '\r': true, '\n': true, '/': true, '>': true,
	'=': true, '<': true, '"': true, '\'': true, '&': true, '!': true, '?': true, 0: true,
}

func (s *scanner) name() ([]byte, error) {
	start := s.i
	for i := start; i < len(s.b); i++ {
		if notName[s.b[i]] {
			if i == start {
				return nil, s.fail("no name where one is due")
			}
			s.i = i
			return s.b[start:i], nil
		}
	}
	return nil, errShort
}

// space skips white space and returns the byte after it, unread.
func (s *scanner) space() (byte, error) {
	for ; s.i < len(s.b); s.i++ {
		if c := s.b[s.i]; !isSpace(c) {
			return c, nil
		}
	}
	return 0, errShort
}

func (s *scanner) expect(want string) error {
	rest := s.b[s.i:]
	if len(rest) < len(want) {
		return errShort
	}
	if string(rest[:len(want)]) != want {
		return s.fail("a tag does not end with '>'")
	}
	s.i += len(want)
	return nil
}

func (s *scanner) fail(detail string) error {
	return &scanError{at: s.i, detail: detail}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

// local returns a name without its namespace prefix.
func local(name []byte) []byte {
	if i := bytes.IndexByte(name, ':'); i > 0 && i < len(name)-1 {
		return name[i+1:]
	}
	return name
}

// isNamespace reports whether an attribute declares a namespace.
func isNamespace(name []byte) bool {
	return bytes.HasPrefix(name, []byte("xmlns")) && (len(name) == 5 || name[5] == ':')
}
