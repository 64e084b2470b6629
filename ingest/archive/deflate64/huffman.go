package deflate64

import "math/bits"

const (
	longestCode = 15 // bits
	lookupBits  = 10
)

// A huffman decodes the symbols of one code. Codes of up to lookupBits bits are
// looked up by the next bits of the input; longer ones are rare, and counted
// through, length by length.
type huffman struct {
	lookup  [1 << lookupBits]uint16 // symbol<<4 | length; 0 for none and for longer ones
	counts  [longestCode + 1]int    // codes of each length
	symbols [288]uint16             // by length, then by value: the order of their codes
}

// set makes h the code with these lengths, 0 for a symbol that has none
// (RFC 1951, 3.2.2). It returns false if there are more codes than fit. Fewer
// are no mistake before one is met that is none.
func (h *huffman) set(lengths []uint8) bool {
	*h = huffman{}
	for _, n := range lengths {
		h.counts[n]++
	}
	h.counts[0] = 0
	var next, at [longestCode + 2]int // code and place among the symbols
	for n := 1; n <= longestCode; n++ {
		next[n+1] = (next[n] + h.counts[n]) << 1
		at[n+1] = at[n] + h.counts[n]
		if next[n]+h.counts[n] > 1<<n {
			return false
		}
	}
	for symbol, n := range lengths {
		if n == 0 {
			continue
		}
		h.symbols[at[n]] = uint16(symbol)
		at[n]++
		h.fill(next[n], symbol, uint(n))
		next[n]++
	}
	return true
}

// fill enters a code for all bits that may follow it. Codes come highest bit
// first, in a stream of lowest bits first.
func (h *huffman) fill(code, symbol int, n uint) {
	if n > lookupBits {
		return
	}
	for i := int(bits.Reverse16(uint16(code)) >> (16 - n)); i < len(h.lookup); i += 1 << n {
		h.lookup[i] = uint16(symbol<<4) | uint16(n)
	}
}

// symbol decodes one symbol. The caller has seen to it that there are
// longestCode bits, unless the input ends.
func (z *Reader) symbol(h *huffman) (int, error) {
	if e := h.lookup[z.bits&(1<<lookupBits-1)]; e != 0 {
		n := uint(e & 15)
		if n > z.n {
			return 0, z.ended()
		}
		z.bits >>= n
		z.n -= n
		return int(e >> 4), nil
	}
	return z.longSymbol(h)
}

func (z *Reader) longSymbol(h *huffman) (int, error) {
	code, first, at := 0, 0, 0
	for n := uint(1); n <= longestCode; n++ {
		if n > z.n {
			return 0, z.ended()
		}
		code |= int(z.bits>>(n-1)) & 1
		if i := code - first; i < h.counts[n] {
			z.bits >>= n
			z.n -= n
			return int(h.symbols[at+i]), nil
		}
		at += h.counts[n]
		first = (first + h.counts[n]) << 1
		code <<= 1
	}
	return 0, z.corrupt("no such code")
}

var fixedLengths, fixedDists = fixedCodes()

// fixedCodes returns the codes of a block that brings none (RFC 1951, 3.2.6).
func fixedCodes() (lengths, dists huffman) {
	var n [288]uint8
	for i := range n {
		switch {
		case i < 144, i >= 280:
			n[i] = 8
		case i < 256:
			n[i] = 9
		default:
			n[i] = 7
		}
	}
	lengths.set(n[:])
	for i := range 32 {
		n[i] = 5
	}
	dists.set(n[:32])
	return lengths, dists
}

// codeOrder is the order in which the lengths of the code of lengths come.
var codeOrder = [19]int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readCodes reads the codes of a block (RFC 1951, 3.2.7):
//
//	 5  literal and length codes, less 257
//	 5  distance codes, less 1
//	 4  lengths of the code of lengths, less 4
//	3n  these lengths
//	    the lengths of all other codes, in that code
func (z *Reader) readCodes() error {
	counts, err := z.take(14)
	if err != nil {
		return err
	}
	literals, dists := counts&31+257, counts>>5&31+1
	var order, lengths [288 + 32]uint8
	for i := range counts>>10 + 4 {
		n, err := z.take(3)
		if err != nil {
			return err
		}
		order[codeOrder[i]] = uint8(n)
	}
	if !z.lengths.set(order[:19]) {
		return z.corrupt("the code of lengths is impossible")
	}
	if err := z.readLengths(lengths[:literals+dists]); err != nil {
		return err
	}
	if !z.lengths.set(lengths[:literals]) || !z.dists.set(lengths[literals:literals+dists]) {
		return z.corrupt("a code is impossible")
	}
	z.step = (*Reader).coded
	return nil
}

// readLengths reads lengths in the code that z.lengths holds.
func (z *Reader) readLengths(lengths []uint8) error {
	for i := 0; i < len(lengths); {
		z.refill()
		symbol, err := z.symbol(&z.lengths)
		if err != nil {
			return err
		}
		if symbol < 16 {
			lengths[i] = uint8(symbol)
			i++
			continue
		}
		n, value, err := z.repeat(symbol, lengths[:i])
		if err != nil {
			return err
		}
		if n > len(lengths)-i {
			return z.corrupt("more lengths than codes")
		}
		for range n {
			lengths[i] = value
			i++
		}
	}
	return nil
}

// repeat reads how often a length is repeated: 16 repeats the one before, 17
// and 18 zero.
func (z *Reader) repeat(symbol int, before []uint8) (n int, value uint8, err error) {
	switch symbol {
	case 16:
		if len(before) == 0 {
			return 0, 0, z.corrupt("nothing to repeat")
		}
		n, err = z.take(2)
		return n + 3, before[len(before)-1], err
	case 17:
		n, err = z.take(3)
		return n + 3, 0, err
	}
	n, err = z.take(7)
	return n + 11, 0, err
}
