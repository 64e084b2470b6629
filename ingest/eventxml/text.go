package eventxml

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/ianaindex"
)

// appendText appends character data to dst: line ends become "\n", and outside
// of CDATA the references to characters and to XML's five entities are expanded.
// Other references stay as they are written.
func appendText(dst, raw []byte, cdata bool) []byte {
	for {
		n := special(raw, cdata)
		dst = append(dst, raw[:n]...)
		raw = raw[n:]
		if len(raw) == 0 {
			return dst
		}
		if raw[0] == '\r' {
			if len(raw) < 2 || raw[1] != '\n' {
				dst = append(dst, '\n')
			}
			raw = raw[1:]
			continue
		}
		if r, size := reference(raw); size > 0 {
			dst = utf8.AppendRune(dst, r)
			raw = raw[size:]
			continue
		}
		dst = append(dst, '&')
		raw = raw[1:]
	}
}

// isPlain reports whether a short text is ASCII without anything to expand, as
// most are. For a long one there are faster ways to look.
func isPlain(raw []byte) bool {
	if len(raw) > 64 {
		return false
	}
	for _, c := range raw {
		if c >= utf8.RuneSelf || c == '&' || c == '\r' {
			return false
		}
	}
	return true
}

// special returns the index of the first byte that appendText must look at, or
// the length of raw.
func special(raw []byte, cdata bool) int {
	n := len(raw)
	if i := bytes.IndexByte(raw, '\r'); i >= 0 {
		n = i
	}
	if !cdata {
		if i := bytes.IndexByte(raw[:n], '&'); i >= 0 {
			n = i
		}
	}
	return n
}

var entities = map[string]rune{"lt": '<', "gt": '>', "amp": '&', "apos": '\'', "quot": '"'}

// maxReference bounds the search for a reference's end: "&#x10FFFF;" and some
// leading zeros.
const maxReference = 24

// reference decodes the reference at the start of raw; a size of 0 means that it
// is none. A code that is no character (a surrogate) gives U+FFFD.
func reference(raw []byte) (r rune, size int) {
	end := bytes.IndexByte(raw[:min(len(raw), maxReference)], ';')
	if end < 0 {
		return 0, 0
	}
	name := raw[1:end]
	if r, ok := entities[string(name)]; ok {
		return r, end + 1
	}
	digits, ok := bytes.CutPrefix(name, []byte("#"))
	if !ok {
		return 0, 0
	}
	base := 10
	if hex, ok := bytes.CutPrefix(digits, []byte("x")); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(string(digits), base, 32)
	if err != nil || n > utf8.MaxRune {
		return 0, 0
	}
	return rune(n), end + 1
}

// A charset converts text that is not in UTF-8.
type charset struct {
	declared encoding.Encoding // nil: UTF-8, or not declared
	invalid  bool              // text was met that is in neither
}

// declare sets the encoding that an XML declaration names. It reports whether
// the name is known. UTF-16 is not meant: text that arrives here is not in it.
func (c *charset) declare(name string) bool {
	c.declared = nil
	if n := strings.ToLower(name); n == "" || n == "utf-8" || n == "us-ascii" || strings.HasPrefix(n, "utf-16") {
		return true
	}
	enc, err := ianaindex.IANA.Encoding(name)
	if err != nil || enc == nil {
		enc, err = ianaindex.MIME.Encoding(name)
	}
	if err != nil {
		return false
	}
	c.declared = enc
	return enc != nil
}

// toUTF8 converts raw; ASCII and valid UTF-8 are returned as they are.
func (c *charset) toUTF8(raw []byte) []byte {
	if c.declared == nil {
		if utf8.Valid(raw) {
			return raw
		}
	} else if isASCII(raw) {
		return raw
	} else if out, err := c.declared.NewDecoder().Bytes(raw); err == nil {
		return out
	}
	c.invalid = true
	return legacy(raw)
}

// legacy converts text from the code page of a Western console (850) or desktop
// (1252). In 850 most letters of Western languages lie in 80 to A5, in 1252 in C0
// to FF. The larger number wins; on a tie it was a console, since wevtutil
// writes to one. Neither decoder can fail.
func legacy(raw []byte) []byte {
	var oem, ansi int
	for _, c := range raw {
		switch {
		case c >= 0x80 && c <= 0xa5:
			oem++
		case c >= 0xc0:
			ansi++
		}
	}
	page := charmap.Windows1252
	if oem >= ansi {
		page = charmap.CodePage850
	}
	out := make([]byte, 0, len(raw)*2)
	for _, c := range raw {
		out = utf8.AppendRune(out, page.DecodeByte(c))
	}
	return out
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// trim cuts off the white space of XML at both ends.
func trim(text []byte) []byte { return bytes.Trim(text, " \t\r\n") }
