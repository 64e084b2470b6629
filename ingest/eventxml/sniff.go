package eventxml

import "bytes"

// sniffLength is what Sniff looks at.
const sniffLength = 4096

// Sniff reports whether the first bytes of a file are those of exported events:
// an element Event that holds System, or Events that holds such, perhaps after an
// XML declaration, comments and the like. Where head ends too early to tell, an
// element of the right name is enough.
func Sniff(head []byte) bool {
	head = head[:min(len(head), sniffLength)]
	if order := utf16Order(head); order != nil {
		u := utf16Reader{order: order}
		text := make([]byte, maxGrowth*len(head))
		n, _ := u.convert(text, head, false)
		head = text[:n]
	}
	head = bytes.TrimPrefix(head, []byte("\ufeff"))

	var s scanner
	s.reset(head)
	seen := ""
	for {
		t, err := s.next()
		switch {
		case err != nil:
			is, _ := isEvent(head[s.i:])
			return err == errShort && (is || seen != "")
		case t.kind == tokenStart:
			switch name := string(local(t.data)); {
			case name == "System" && seen == "Event":
				return true
			case name == "Event" && seen != "Event", name == "Events" && seen == "":
				seen = name
			default:
				return false
			}
		case t.kind == tokenEnd:
			return seen == "Events"
		case t.kind == tokenText && len(bytes.TrimSpace(t.data)) > 0, t.kind == tokenCDATA:
			return false
		}
	}
}

// isEvent reports whether the text begins with the start tag of an event, and
// whether there is enough text to tell.
func isEvent(text []byte) (is, enough bool) {
	if len(text) == 0 || text[0] != '<' {
		return false, len(text) > 0
	}
	for i := 1; i < len(text); i++ {
		if notName[text[i]] {
			return string(local(text[1:i])) == "Event", true
		}
		if i > maxName {
			return false, true
		}
	}
	return false, false
}

// maxName bounds the name of an event's element: a prefix and "Event".
const maxName = 256
