package eventxml

import "bytes"

// sniffLength is what Sniff looks at.
const sniffLength = 4096

// Sniff reports whether the first bytes of a file are those of exported events:
// an element Event that holds System, or Events that holds such, perhaps after an
// XML declaration, comments and the like. Where head ends too early to tell, an
// element of the right name is enough.
func Sniff(head []byte) bool {
	head = headText(head)
	var s scanner
	s.reset(head)
	seen := ""
	for {
		kind, err := s.next()
		switch {
		case err != nil:
			is, _ := isEvent(head[s.i:])
			return err == errShort && (is || seen != "")
		case kind == tokenStart:
			switch name := string(s.local()); {
			case name == "System" && seen == "Event":
				return true
			case name == "Event" && seen != "Event", name == "Events" && seen == "":
				seen = name
			default:
				return false
			}
		case kind == tokenEnd:
			return seen == "Events"
		case kind == tokenText && len(trim(s.data)) > 0, kind == tokenCDATA:
			return false
		}
	}
}

// SniffAmid reports whether the first bytes of a file are those of text with an
// event's XML in it: what Event Viewer copies as text, with the XML behind the
// description. A capture of the network may have such events, too; it is no text.
func SniffAmid(head []byte) bool {
	text := headText(head)
	if i := bytes.Index(text, []byte("<Event ")); i > 0 {
		label := bytes.IndexByte(text[:i], ':')
		return label > 0 && bytes.IndexByte(text[:i], 0) < 0 && Sniff(text[i:])
	}
	return false
}

// headText is the beginning of a text in UTF-8.
func headText(head []byte) []byte {
	head = head[:min(len(head), sniffLength)]
	if order := utf16Order(head); order != nil {
		u := utf16Reader{order: order}
		text := make([]byte, maxGrowth*len(head))
		n, _ := u.convert(text, head, false)
		head = text[:n]
	}
	return bytes.TrimPrefix(head, []byte("\ufeff"))
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
