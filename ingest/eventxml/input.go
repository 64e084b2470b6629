package eventxml

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
)

// An input is a window on the source's text, and knows the place of its start.
// It grows only while one event does not fit.
type input struct {
	ctx    context.Context
	r      io.Reader
	utf16  *utf16Reader // nil if the source is not UTF-16
	buf    []byte
	lo, hi int   // buf[lo:hi] is the text not consumed yet
	offset int64 // of buf[lo], in bytes of the source
	line   int   // of buf[lo], from 1
	err    error // why there is no more text: io.EOF, or what went wrong
}

// errTooLong says that the window can't grow any more.
var errTooLong = errors.New("more text than one event may have")

const windowSize = 256 << 10

func newInput(ctx context.Context, r io.Reader) *input {
	in := &input{ctx: ctx, buf: make([]byte, windowSize), line: 1}
	var head [2]byte
	n, _ := readFull(r, head[:]) // a reader that failed fails again
	in.r = io.MultiReader(bytes.NewReader(head[:n]), r)
	if order := utf16Order(head[:n]); order != nil {
		in.utf16 = &utf16Reader{r: in.r, order: order}
	}
	return in
}

// utf16Order tells the byte order of UTF-16 text from its first two bytes: a byte
// order mark, or an ASCII character. It is nil for other text.
func utf16Order(head []byte) binary.ByteOrder {
	if len(head) < 2 {
		return nil
	}
	switch a, b := head[0], head[1]; {
	case a == 0xff && b == 0xfe, a != 0 && b == 0:
		return binary.LittleEndian
	case a == 0xfe && b == 0xff, a == 0 && b != 0:
		return binary.BigEndian
	}
	return nil
}

func (in *input) text() []byte { return in.buf[in.lo:in.hi] }

// consume moves the start of the window n bytes on.
func (in *input) consume(n int) {
	text := in.buf[in.lo : in.lo+n]
	in.line += bytes.Count(text, []byte{'\n'})
	if in.utf16 != nil {
		n = 2 * units(text)
	}
	in.offset += int64(n)
	in.lo += len(text)
}

// more gets more text into the window, and returns an error if there is none.
// It at least doubles what can be seen of a text that fills the window, so that
// scanning it again from its start costs no more than twice the reading.
func (in *input) more() error {
	if in.err != nil {
		return in.err
	}
	if in.err = in.ctx.Err(); in.err != nil {
		return in.err
	}
	have := in.hi - in.lo
	if have >= maxEvent {
		return errTooLong
	}
	old := in.buf
	if have > len(in.buf)/2 {
		in.buf = make([]byte, 2*len(in.buf))
	}
	copy(in.buf, old[in.lo:in.hi])
	in.lo, in.hi = 0, have
	n, err := in.fill(in.buf[in.hi:])
	in.hi += n
	in.err = err
	if n == 0 {
		return err
	}
	return nil
}

func (in *input) fill(p []byte) (int, error) {
	if in.utf16 != nil {
		return in.utf16.fill(p)
	}
	return readFull(in.r, p)
}

// readFull reads until p is full or the reader ends. Unlike io.ReadFull it keeps
// io.EOF apart from the reader's own io.ErrUnexpectedEOF, which a decompressor
// returns for a damaged member.
func readFull(r io.Reader, p []byte) (n int, err error) {
	for empty := 0; n < len(p) && err == nil; {
		var k int
		k, err = r.Read(p[n:])
		n += k
		if empty++; k > 0 {
			empty = 0
		} else if empty == 100 {
			err = io.ErrNoProgress
		}
	}
	return n, err
}
