package export

import (
	"bufio"
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// maxLine bounds a line, in bytes of the source. Messages have line ends, so that
// real ones have some kilobytes.
const maxLine = 4 << 20

// A line is a line of the source without its end.
type line struct {
	text   string
	no     int   // from 1
	offset int64 // in bytes from the start of the source
	cut    bool  // it is longer than maxLine, and text is its beginning
}

// lines reads the lines of a text in UTF-16, in UTF-8, or in what is no UTF-8: the
// code page of Western Windows.
type lines struct {
	r      *bufio.Reader
	order  binary.ByteOrder // of UTF-16; nil: bytes
	no     int
	offset int64
	back   *line // was given back
	err    error // of the reader, but for io.EOF
}

// newLines reads lines of r, in pieces of size bytes.
func newLines(r io.Reader, size int) *lines {
	l := &lines{r: bufio.NewReaderSize(r, size)}
	if head, _ := l.r.Peek(2); len(head) == 2 {
		switch a, b := head[0], head[1]; {
		case a == 0xff && b == 0xfe, a != 0 && b == 0:
			l.order = binary.LittleEndian
		case a == 0xfe && b == 0xff, a == 0 && b != 0:
			l.order = binary.BigEndian
		}
	}
	return l
}

// next returns the next line; false: there is none.
func (l *lines) next() (line, bool) {
	if l.back != nil {
		again := *l.back
		l.back = nil
		return again, true
	}
	raw, n := l.raw()
	if n == 0 {
		return line{}, false
	}
	l.no++
	out := line{text: l.decode(raw), no: l.no, offset: l.offset, cut: len(raw) < n && len(raw) >= maxLine}
	l.offset += int64(n)
	return out, true
}

// unread gives a line back, to be returned by next once more.
func (l *lines) unread(again line) { l.back = &again }

// raw returns the bytes of the next line, as many as are kept of it, and how many
// it has with its end.
func (l *lines) raw() (kept []byte, n int) {
	for {
		part, err := l.r.ReadSlice('\n')
		n += len(part)
		kept = append(kept, part[:min(len(part), max(0, maxLine-len(kept)))]...)
		if err == bufio.ErrBufferFull || err == nil && !l.ended(&kept, &n) {
			continue
		}
		if err != nil && err != io.EOF {
			l.err = err
		}
		return trimEnd(kept, l.order), n
	}
}

// ended reports whether the byte 0a that was read last is the end of a line: in
// UTF-16 it may be half of another character.
func (l *lines) ended(kept *[]byte, n *int) bool {
	switch {
	case l.order == nil:
		return true
	case l.order == binary.BigEndian:
		k := *kept
		return *n%2 == 0 && (len(k) < 2 || len(k) == maxLine || k[len(k)-2] == 0)
	case *n%2 == 0:
		return false
	}
	high, err := l.r.ReadByte()
	if err != nil {
		return true
	}
	*n++
	if len(*kept) < maxLine {
		*kept = append(*kept, high)
	}
	return high == 0
}

// trimEnd cuts the end of a line off, and the byte order mark.
func trimEnd(raw []byte, order binary.ByteOrder) []byte {
	if order == nil {
		for len(raw) > 0 && (raw[len(raw)-1] == '\n' || raw[len(raw)-1] == '\r') {
			raw = raw[:len(raw)-1]
		}
		if len(raw) >= 3 && string(raw[:3]) == "\ufeff" {
			raw = raw[3:]
		}
		return raw
	}
	raw = raw[:len(raw)&^1]
	for len(raw) > 0 && (order.Uint16(raw[len(raw)-2:]) == '\n' || order.Uint16(raw[len(raw)-2:]) == '\r') {
		raw = raw[:len(raw)-2]
	}
	if len(raw) >= 2 && order.Uint16(raw) == 0xfeff {
		raw = raw[2:]
	}
	return raw
}

func (l *lines) decode(raw []byte) string {
	if l.order != nil {
		units := make([]uint16, len(raw)/2)
		for i := range units {
			units[i] = l.order.Uint16(raw[2*i:])
		}
		return string(utf16.Decode(units))
	}
	if utf8.Valid(raw) {
		return string(raw)
	}
	out := make([]byte, 0, 2*len(raw))
	for _, c := range raw {
		out = utf8.AppendRune(out, charmap.Windows1252.DecodeByte(c))
	}
	return string(out)
}
