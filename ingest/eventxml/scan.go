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

// An attr is an attribute as written: its value without the quotes, entities
// not yet expanded.
type attr struct {
	name, value []byte
}

// A scanner splits text that is wholly in memory into tokens. The token is kept
// in the scanner, since copying it from call to call took a quarter of the time.
// Its data are part of the text.
type scanner struct {
	b []byte
	i int // where the next token begins

	at     int    // where this token begins
	data   []byte // its text, or the name of an element, or what a PI holds
	prefix int    // length of the name's namespace prefix with its colon
	empty  bool   // a start tag is its own end tag: <a/>
	attrs  []attr // of the last start tag
}

func (s *scanner) reset(b []byte) { s.b, s.i = b, 0 }

// local returns the name of the element without its namespace prefix.
func (s *scanner) local() []byte { return s.data[s.prefix:] }

// next reads the next token; its error is errShort or a *scanError. After
// errShort the position is that of the token which is not complete.
func (s *scanner) next() (kind tokenKind, err error) {
	s.at = s.i
	rest := s.b[s.i:]
	if len(rest) > 0 && rest[0] != '<' {
		n := bytes.IndexByte(rest, '<')
		if n < 0 {
			return tokenText, errShort
		}
		s.data = rest[:n]
		s.i += n
		return tokenText, nil
	}
	if len(rest) < 2 {
		return tokenText, errShort
	}
	switch rest[1] {
	case '/':
		kind, err = tokenEnd, s.endTag()
	case '!':
		kind, err = s.declaration()
	case '?':
		kind, err = tokenPI, s.until("<?", "?>")
	default:
		kind, err = tokenStart, s.startTag()
	}
	if err == errShort {
		s.i = s.at
	}
	return kind, err
}

// until scans what stands between two delimiters, the first of which is here.
func (s *scanner) until(open, end string) error {
	from := s.i + len(open)
	n := bytes.Index(s.b[from:], []byte(end))
	if n < 0 {
		return errShort
	}
	s.data = s.b[from : from+n]
	s.i = from + n + len(end)
	return nil
}

// declaration scans what begins with "<!".
func (s *scanner) declaration() (tokenKind, error) {
	rest := s.b[s.i:]
	for _, d := range []struct {
		kind      tokenKind
		open, end string
	}{
		{tokenOther, "<!--", "-->"},
		{tokenCDATA, "<![CDATA[", "]]>"},
	} {
		if bytes.HasPrefix(rest, []byte(d.open)) {
			return d.kind, s.until(d.open, d.end)
		}
		if len(rest) < len(d.open) && bytes.HasPrefix([]byte(d.open), rest) {
			return d.kind, errShort
		}
	}
	return tokenDTD, s.doctype()
}

// doctype scans a document type declaration. It only looks for the end: what
// stands in it is never used.
func (s *scanner) doctype() error {
	rest := s.b[s.i:]
	n := bytes.IndexAny(rest, "[>")
	if n < 0 {
		return errShort
	}
	if rest[n] == '[' { // the internal subset
		end := bytes.IndexByte(rest[n:], ']')
		if end < 0 {
			return errShort
		}
		n += end
		if end = bytes.IndexByte(rest[n:], '>'); end < 0 {
			return errShort
		}
		n += end
	}
	s.i += n + 1
	return nil
}

func (s *scanner) endTag() error {
	s.i += len("</")
	if err := s.elementName(); err != nil {
		return err
	}
	c, err := s.space()
	if err != nil {
		return err
	}
	if c != '>' {
		return s.fail("an end tag does not end with '>'")
	}
	s.i++
	return nil
}

func (s *scanner) startTag() error {
	s.i += len("<")
	if err := s.elementName(); err != nil {
		return err
	}
	s.attrs, s.empty = s.attrs[:0], false
	for {
		c, err := s.space()
		switch {
		case err != nil:
			return err
		case c == '>':
			s.i++
			return nil
		case c == '/':
			s.empty = true
			return s.expect("/>")
		case len(s.attrs) == maxAttrs:
			return &scanError{at: s.i, limit: true, detail: "an element has too many attributes"}
		}
		if err := s.attr(); err != nil {
			return err
		}
	}
}

// elementName scans the name of an element, and finds its prefix.
func (s *scanner) elementName() error {
	name, err := s.name()
	if err != nil {
		return err
	}
	s.data, s.prefix = name, prefix(name)
	return nil
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

// prefix returns the length of a name's namespace prefix with its colon. A colon
// at either end is part of the name.
func prefix(name []byte) int {
	for i := 1; i < len(name)-1; i++ {
		if name[i] == ':' {
			return i + 1
		}
	}
	return 0
}

// local returns a name without its namespace prefix.
func local(name []byte) []byte { return name[prefix(name):] }

// isNamespace reports whether an attribute declares a namespace.
func isNamespace(name []byte) bool {
	return string(name) == "xmlns" || string(name[:prefix(name)]) == "xmlns:"
}
