// Package deflate64 inflates Deflate64, which zip calls method 9 and Windows
// Explorer writes for members of more than 2 GB. Start with [NewReader].
//
// Deflate64 is Deflate (RFC 1951) with a window of 64 KB, and three codes that
// mean something else:
//
//	              Deflate        Deflate64
//	length  285   258            3 + 16 more bits
//	distance 30   not used       32,769 + 14 more bits
//	distance 31   not used       49,153 + 14 more bits
//
// What was unpacked before damage is returned before the error. Memory is the
// same for all input.
package deflate64

import (
	"encoding/binary"
	"fmt"
	"io"
)

const (
	window   = 64 << 10
	longest  = 3 + 1<<16 - 1 // bytes of a match
	full     = 2 * window    // so much output is made before it is returned
	endBlock = 256
)

// A CorruptInputError says at which byte of the compressed data, about, it is
// damaged, and how.
type CorruptInputError struct {
	Offset int64
	Detail string
}

func (e *CorruptInputError) Error() string {
	return fmt.Sprintf("the compressed data is damaged at its byte %d: %s", e.Offset, e.Detail)
}

// A Reader inflates. Its errors are io.EOF, io.ErrUnexpectedEOF if the
// compressed data ends too early, *CorruptInputError, and those of its source.
type Reader struct {
	in     io.Reader
	inErr  error
	buf    [4 << 10]byte
	r, w   int    // the part of buf that is still to be read
	passed int64  // bytes of in that came before buf
	bits   uint64 // the next bits, the lowest first
	n      uint   // how many of them count

	out     []byte // what the window needs of what was returned, and what comes after it
	unread  int    // where in out that begins
	step    func(*Reader) error
	final   bool // the block is the last one
	left    int  // bytes of a stored block
	lengths huffman
	dists   huffman
	err     error
}

// NewReader returns a reader that inflates what in holds. It may read more of
// it than it needs.
func NewReader(in io.Reader) *Reader {
	z := &Reader{out: make([]byte, 0, full+longest)}
	z.Reset(in)
	return z
}

// Reset makes z a new reader of in.
func (z *Reader) Reset(in io.Reader) {
	z.in, z.inErr, z.err = in, nil, nil
	z.r, z.w, z.passed, z.bits, z.n = 0, 0, 0, 0, 0
	z.out, z.unread, z.step, z.final = z.out[:0], 0, (*Reader).header, false
}

func (z *Reader) Read(p []byte) (int, error) {
	for z.unread == len(z.out) {
		if z.err != nil {
			return 0, z.err
		}
		z.slide()
		for z.err == nil && len(z.out) < full {
			z.err = z.step(z)
		}
	}
	n := copy(p, z.out[z.unread:])
	z.unread += n
	return n, nil
}

// slide makes room behind the window.
func (z *Reader) slide() {
	if len(z.out) > window {
		z.out = z.out[:copy(z.out, z.out[len(z.out)-window:])]
		z.unread = len(z.out)
	}
}

// refill takes as many bytes into bits as fit. There are fewer than 32 bits
// after it only at the end of the input.
func (z *Reader) refill() {
	if z.w-z.r >= 8 {
		// What is put above n is the same bits that are put there next time.
		z.bits |= binary.LittleEndian.Uint64(z.buf[z.r:]) << z.n
		z.r += int(63-z.n) >> 3
		z.n |= 56
		return
	}
	for z.n <= 56 && (z.r < z.w || z.more()) {
		z.bits |= uint64(z.buf[z.r]) << z.n
		z.r++
		z.n += 8
	}
}

// more reads input. It reports whether there was some.
func (z *Reader) more() bool {
	z.passed += int64(z.w)
	z.r, z.w = 0, 0
	for tries := 0; z.w == 0 && z.inErr == nil; tries++ {
		z.w, z.inErr = z.in.Read(z.buf[:])
		if tries > 100 && z.inErr == nil {
			z.inErr = io.ErrNoProgress
		}
	}
	return z.w > 0
}

// take returns the next n bits, 16 at most.
func (z *Reader) take(n uint) (int, error) {
	if z.n < n {
		if z.refill(); z.n < n {
			return 0, z.ended()
		}
	}
	v := int(z.bits & (1<<n - 1))
	z.bits >>= n
	z.n -= n
	return v, nil
}

// ended is the error where there is no more input.
func (z *Reader) ended() error {
	if z.inErr != nil && z.inErr != io.EOF {
		return z.inErr
	}
	return io.ErrUnexpectedEOF
}

func (z *Reader) corrupt(detail string) error {
	return &CorruptInputError{z.passed + int64(z.r) - int64(z.n/8), detail}
}

// header reads the first bits of a block (RFC 1951, 3.2.3):
//
//	1  this is the last block
//	2  0 stored, 1 fixed codes, 2 codes follow
func (z *Reader) header() error {
	if z.final {
		return io.EOF
	}
	v, err := z.take(3)
	if err != nil {
		return err
	}
	z.final = v&1 == 1
	switch v >> 1 {
	case 0:
		return z.storedHeader()
	case 1:
		z.lengths, z.dists = fixedLengths, fixedDists
		z.step = (*Reader).coded
		return nil
	case 2:
		return z.readCodes()
	}
	return z.corrupt("no such block")
}

// storedHeader reads how many bytes are stored, at the next whole byte: 16 bits,
// and the same ones inverted.
func (z *Reader) storedHeader() error {
	z.take(z.n & 7) // they are there
	size, err := z.take(16)
	if err != nil {
		return err
	}
	inverted, err := z.take(16)
	if err != nil {
		return err
	}
	if size != inverted^0xffff {
		return z.corrupt("the length of a stored block is not what its complement says")
	}
	z.left, z.step = size, (*Reader).stored
	return nil
}

// stored copies a stored block: first what refill has taken of it.
func (z *Reader) stored() error {
	for ; z.left > 0 && z.n > 0; z.left-- {
		z.out = append(z.out, byte(z.bits))
		z.bits >>= 8
		z.n -= 8
	}
	if z.left == 0 {
		z.step = (*Reader).header
		return nil
	}
	z.bits = 0 // also what refill had put above n
	if z.r == z.w && !z.more() {
		return z.ended()
	}
	n := min(z.left, z.w-z.r)
	z.out = append(z.out, z.buf[z.r:z.r+n]...)
	z.r += n
	z.left -= n
	return nil
}

// A span is what a length or distance code stands for: base, and as many more
// bits added.
type span struct {
	base int
	bits uint
}

var lengthSpans, distSpans = makeSpans()

func makeSpans() (lengths [29]span, dists [32]span) {
	base := 3
	for i := range 28 { // 285 is the exception
		bits := uint(max(0, i/4-1))
		lengths[i] = span{base, bits}
		base += 1 << bits
	}
	lengths[28] = span{3, 16}
	base = 1
	for i := range dists {
		bits := uint(max(0, i/2-1))
		dists[i] = span{base, bits}
		base += 1 << bits
	}
	return lengths, dists
}

// coded decodes a block up to its end, or until there is output enough.
func (z *Reader) coded() error {
	for len(z.out) < full {
		if z.n < 32 {
			z.refill()
		}
		symbol, err := z.symbol(&z.lengths)
		switch {
		case err != nil:
			return err
		case symbol < endBlock:
			z.out = append(z.out, byte(symbol))
		case symbol == endBlock:
			z.step = (*Reader).header
			return nil
		default:
			if err := z.match(symbol - endBlock - 1); err != nil {
				return err
			}
		}
	}
	return nil
}

// match copies what a match repeats, which may reach into its own bytes.
func (z *Reader) match(code int) error {
	if code >= len(lengthSpans) {
		return z.corrupt("no such length code")
	}
	length, err := z.take(lengthSpans[code].bits)
	if err != nil {
		return err
	}
	length += lengthSpans[code].base
	if z.n < 32 {
		z.refill()
	}
	code, err = z.symbol(&z.dists)
	if err != nil {
		return err
	}
	dist, err := z.take(distSpans[code].bits)
	if err != nil {
		return err
	}
	if dist += distSpans[code].base; dist > len(z.out) {
		return z.corrupt("a match begins before the data")
	}
	for length > 0 {
		from := len(z.out) - dist
		n := min(length, dist)
		z.out = append(z.out, z.out[from:from+n]...)
		length -= n
		dist += n // the same bytes, twice as many
	}
	return nil
}
