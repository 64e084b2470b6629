package cab

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// LZX repeats what stands up to a window before, like Deflate, and knows the
// three last distances, R0 to R2. Its stream is cut into frames of 32 KB of
// output, one in each CFDATA. At its start:
//
//	1  x86 calls are translated
//	32 if so: the size of the file that they were translated for
//
// And then blocks, which frames cut anywhere, as if there were no frames:
//
//	 3  1 verbatim, 2 aligned, 3 uncompressed
//	24  size when unpacked
//
//	verbatim    lengths of 256 literals; of the 8 match symbols of each slot of
//	            distances; of 249 lengths of matches; then symbols
//	aligned     8 x 3 bits, the lengths of the code of a distance's low 3 bits;
//	            then as verbatim
//	uncompressed 1 to 16 bits up to a whole word, R0, R1, R2, the bytes, and one
//	            more if they are odd
//
// Lengths are coded as differences from those of the block before.
const (
	leastWindow = 15 // bits
	mostWindow  = 21
	mostSlots   = 50

	literals     = 256
	lengthsInTag = 7 // matches whose length is not in the main symbol have this one
	moreLengths  = 249
	leastMatch   = 2
)

const (
	blockVerbatim = 1 + iota
	blockAligned
	blockUncompressed
)

// slots is how many slots of distances a window has, from 15 bits on.
var slots = [...]int{30, 32, 34, 36, 38, 42, mostSlots}

// A distance is slotBase of its slot, and as many bits as slotBits added, less
// 2. Slots 0 to 2 are R0 to R2.
var slotBase, slotBits = makeSlots()

func makeSlots() (base [mostSlots]int, bits [mostSlots]uint) {
	at := 0
	for i := range base {
		bits[i] = uint(min(17, max(0, i/2-1)))
		base[i] = at
		at += 1 << bits[i]
	}
	return base, bits
}

var (
	errTruncated = errors.New("its compressed data ends too early")
	errNoCode    = errors.New("bits that are no code")
	errCode      = errors.New("a code is impossible")
)

// lzx is the decoder of one folder. It keeps its memory for the next one.
type lzx struct {
	in       bits
	window   int    // in bytes
	buf      []byte // of a window or more before the frame, and the frame; grows up to two windows
	end      int    // of what is unpacked, in buf
	total    int    // bytes unpacked
	frames   int
	begun    bool
	callSize int32 // the size for the translation of calls, 0 for none
	recent   [3]int
	kind     int
	left     int  // bytes of the block
	odd      bool // a byte follows the uncompressed block that is no content

	mainLengths  [literals + 8*mostSlots]uint8
	matchLengths [moreLengths]uint8
	main         tree
	match        tree
	aligned      tree
	lengths      tree // the code that lengths come in
	translated   []byte
}

func (z *lzx) reset(windowBits int) {
	z.window, z.end, z.total, z.frames = 1<<windowBits, 0, 0, 0
	z.begun, z.callSize, z.recent, z.left, z.odd = false, 0, [3]int{1, 1, 1}, 0, false
	z.mainLengths, z.matchLengths = [literals + 8*mostSlots]uint8{}, [moreLengths]uint8{}
}

// slotCount is how many slots the window has.
func (z *lzx) slotCount() int {
	n := 0
	for 1<<(leastWindow+n) < z.window {
		n++
	}
	return slots[n]
}

// decode unpacks a frame.
func (z *lzx) decode(packed []byte, size int) ([]byte, error) {
	z.in = bits{data: packed}
	z.room(size)
	z.begin()
	frame := z.buf[z.end : z.end+size]
	for stop := z.end + size; z.end < stop; {
		if z.left == 0 {
			if err := z.header(); err != nil {
				return nil, err
			}
		}
		n := min(z.left, stop-z.end)
		if err := z.run(n); err != nil {
			return nil, err
		}
		z.left -= n
	}
	if z.in.ended() {
		return nil, errTruncated
	}
	z.skipOdd()
	frame = z.translate(frame)
	z.total += size
	z.frames++
	return frame, nil
}

// room makes room for size bytes in buf behind a window.
func (z *lzx) room(size int) {
	if z.end+size > 2*z.window {
		z.end = copy(z.buf, z.buf[z.end-z.window:z.end])
	}
	if z.end+size > len(z.buf) {
		grown := make([]byte, min(2*z.window, max(2*blockSize, 2*len(z.buf))))
		copy(grown, z.buf[:z.end])
		z.buf = grown
	}
}

// begin reads the start of the stream.
func (z *lzx) begin() {
	if z.begun {
		return
	}
	z.begun = true
	if z.in.take(1) == 1 {
		high := z.in.take(16)
		z.callSize = int32(high<<16 | z.in.take(16))
	}
}

// header reads the start of a block.
func (z *lzx) header() error {
	z.skipOdd()
	z.kind = z.in.take(3)
	high := z.in.take(16)
	z.left = high<<8 | z.in.take(8)
	if z.in.ended() {
		return errTruncated
	}
	switch z.kind {
	case blockAligned:
		var lengths [8]uint8
		for i := range lengths {
			lengths[i] = uint8(z.in.take(3))
		}
		if !z.aligned.set(lengths[:]) {
			return errCode
		}
		return z.trees()
	case blockVerbatim:
		return z.trees()
	case blockUncompressed:
		z.in.align()
		for i := range z.recent {
			b := z.in.bytes(4)
			if b == nil {
				return errTruncated
			}
			z.recent[i] = int(u32(b))
		}
		z.odd = z.left&1 == 1
		return nil
	}
	return errors.New("no such block")
}

// skipOdd skips the byte behind an uncompressed block of odd size, which may
// stand in the next frame.
func (z *lzx) skipOdd() {
	if z.odd && z.left == 0 && z.in.bytes(1) != nil {
		z.odd = false
	}
}

func (z *lzx) trees() error {
	lengths := z.mainLengths[:literals+8*z.slotCount()]
	for _, part := range [][]uint8{lengths[:literals], lengths[literals:], z.matchLengths[:]} {
		if err := z.readLengths(part); err != nil {
			return err
		}
	}
	if !z.main.set(lengths) || !z.match.set(z.matchLengths[:]) {
		return errCode
	}
	return nil
}

// readLengths reads the lengths of a part of a code. They come in a code whose
// own lengths stand before it, 20 of 4 bits. Its symbols are:
//
//	0 to 16  the length before, less this, modulo 17
//	17       4 bits more than 4 zeros
//	18       5 bits more than 20 zeros
//	19       1 bit more than 4 that equal the first, whose symbol follows
func (z *lzx) readLengths(lengths []uint8) error {
	var own [20]uint8
	for i := range own {
		own[i] = uint8(z.in.take(4))
	}
	if !z.lengths.set(own[:]) {
		return errCode
	}
	for i := 0; i < len(lengths); {
		symbol := z.lengths.symbol(&z.in)
		n := 1
		switch symbol {
		case 17:
			n = 4 + z.in.take(4)
		case 18:
			n = 20 + z.in.take(5)
		case 19:
			n = 4 + z.in.take(1)
			if symbol = z.lengths.symbol(&z.in); symbol > 16 {
				return errNoCode
			}
		}
		if symbol < 0 || n > len(lengths)-i {
			return errNoCode
		}
		value := uint8(0)
		if symbol <= 16 {
			value = uint8((int(lengths[i]) + 17 - symbol) % 17)
		}
		for range n {
			lengths[i] = value
			i++
		}
	}
	if z.in.ended() {
		return errTruncated
	}
	return nil
}

// run unpacks n bytes of the block.
func (z *lzx) run(n int) error {
	if z.kind != blockUncompressed {
		return z.symbols(z.end + n)
	}
	b := z.in.bytes(n)
	if b == nil {
		return errTruncated
	}
	z.end += copy(z.buf[z.end:], b)
	return nil
}

// symbols unpacks up to stop. No match goes on behind it.
func (z *lzx) symbols(stop int) error {
	buf, in, at := z.buf[:stop], &z.in, z.end
	for at < len(buf) {
		symbol := z.main.symbol(in)
		if uint(symbol) < literals {
			buf[at] = byte(symbol)
			at++
			continue
		}
		if symbol < 0 {
			return errNoCode
		}
		length := symbol & 7
		if length == lengthsInTag {
			more := z.match.symbol(in)
			if more < 0 {
				return errNoCode
			}
			length += more
		}
		length += leastMatch
		dist, err := z.distance((symbol - literals) >> 3)
		if err != nil {
			return err
		}
		if dist > at || dist > z.window || dist <= 0 {
			return errors.New("a match begins before the data")
		}
		if length > len(buf)-at {
			return errors.New("a match goes on behind its block or frame")
		}
		repeat(buf, at, length, dist)
		at += length
	}
	z.end = at
	return nil
}

// repeat copies length bytes from dist before. They may reach into themselves.
func repeat(buf []byte, at, length, dist int) {
	from, stop := at-dist, at+length
	for at < stop {
		at += copy(buf[at:stop], buf[from:at])
	}
}

// distance returns the distance of a match and keeps it as R0.
func (z *lzx) distance(slot int) (int, error) {
	r := &z.recent
	if slot < len(r) {
		r[0], r[slot] = r[slot], r[0]
		return r[0], nil
	}
	bits := slotBits[slot]
	dist := slotBase[slot] - 2
	if z.kind == blockAligned && bits >= 3 {
		dist += z.in.take(bits-3) << 3
		low := z.aligned.symbol(&z.in)
		if low < 0 {
			return 0, errNoCode
		}
		dist += low
	} else {
		dist += z.in.take(bits)
	}
	r[0], r[1], r[2] = dist, r[0], r[1]
	return dist, nil
}

// translate undoes what helps to compress programs: the targets of x86 calls
// (E8 and 32 bits) were made absolute. It is undone in a copy, since matches
// repeat what is not translated. The first gigabyte is translated, but for the
// last bytes of each frame.
func (z *lzx) translate(frame []byte) []byte {
	const tail, most = 10, 1 << 15
	if z.callSize == 0 || z.frames >= most || len(frame) <= tail {
		return frame
	}
	z.translated = append(z.translated[:0], frame...)
	out := z.translated
	for i := 0; i < len(out)-tail; i += 5 {
		next := bytes.IndexByte(out[i:len(out)-tail], 0xe8)
		if next < 0 {
			break
		}
		i += next
		here, target := int32(z.total+i), int32(u32(out[i+1:]))
		if target < -here || target >= z.callSize {
			continue
		}
		if target >= 0 {
			target -= here
		} else {
			target += z.callSize
		}
		binary.LittleEndian.PutUint32(out[i+1:], uint32(target))
	}
	return out
}
