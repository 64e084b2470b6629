package cab

import "encoding/binary"

// bits reads bits, which come in little-endian words of 16, the highest first.
// Behind the end of the data are zeros: see ended.
type bits struct {
	data []byte
	pos  int    // of the next word
	next uint64 // the next bits are the low n ones, the highest first
	n    uint
}

// refill sees to it that there are more than 48 bits.
func (b *bits) refill() {
	if b.n <= 32 && b.pos+4 <= len(b.data) {
		w := u32(b.data[b.pos:])
		b.next = b.next<<32 | uint64(w<<16|w>>16)
		b.pos += 4
		b.n += 32
	}
	for b.n <= 48 {
		b.next = b.next<<16 | uint64(b.word())
		b.pos += 2
		b.n += 16
	}
}

// word returns the next one. The last byte of an odd number stands alone.
func (b *bits) word() uint16 {
	switch len(b.data) - b.pos {
	case 1:
		return uint16(b.data[b.pos])
	default:
		if b.pos >= len(b.data) {
			return 0
		}
		return binary.LittleEndian.Uint16(b.data[b.pos:])
	}
}

// take returns the next n bits, 17 at most.
func (b *bits) take(n uint) int {
	if b.n < n {
		b.refill()
	}
	b.n -= n
	return int(b.next >> b.n & (1<<n - 1))
}

// at returns where the first word begins of which nothing was taken.
func (b *bits) at() int { return b.pos - int(b.n/16)*2 }

// ended reports whether more was taken than there is.
func (b *bits) ended() bool { return b.at() > len(b.data)+len(b.data)&1 }

// align skips up to the next word, and a whole one if nothing was taken of it.
func (b *bits) align() {
	if b.n&15 == 0 {
		b.take(16)
	}
	b.n &^= 15
}

// bytes returns the next n bytes, where no word is begun. It returns nil if
// there are fewer.
func (b *bits) bytes(n int) []byte {
	at := b.at()
	if n > len(b.data)-at {
		return nil
	}
	b.pos, b.next, b.n = at+n, 0, 0
	return b.data[at : at+n]
}

const (
	longestCode = 16 // bits
	lookupBits  = 11
)

// A tree decodes the symbols of one Huffman code. Codes of up to lookupBits
// bits are looked up by the next bits of the input. Longer ones are compared
// with the codes of each length, which follow each other.
type tree struct {
	lookup  [1 << lookupBits]uint16        // symbol<<5 | length; 0 for none and for longer ones
	limit   [longestCode + 1]int           // where the codes of a length end, as the first of 16 bits
	at      [longestCode + 1]int           // place in symbols, less the first code, of a length's codes
	symbols [literals + 8*mostSlots]uint16 // by length, then by value: the order of their codes
}

// set makes t the code with these lengths, 0 for a symbol that has none. It
// returns false if there are more codes than fit. Fewer are no mistake before
// one is met that is none: a code of lengths of matches may have none at all.
func (t *tree) set(lengths []uint8) bool {
	var counts, next, place [longestCode + 2]int
	for _, n := range lengths {
		counts[n]++
	}
	for n := 1; n <= longestCode; n++ {
		end := next[n] + counts[n]
		if end > 1<<n {
			return false
		}
		t.limit[n] = end << (longestCode - n)
		t.at[n] = place[n] - next[n]
		next[n+1], place[n+1] = end<<1, place[n]+counts[n]
	}
	clear(t.lookup[:])
	for symbol, n := range lengths {
		if n == 0 {
			continue
		}
		code := next[n]
		next[n]++
		t.symbols[t.at[n]+code] = uint16(symbol)
		if n <= lookupBits {
			first, last := code<<(lookupBits-n), (code+1)<<(lookupBits-n)
			for i := first; i < last; i++ {
				t.lookup[i] = uint16(symbol<<5) | uint16(n)
			}
		}
	}
	return true
}

// symbol takes a symbol, or returns -1 if the next bits are no code.
func (t *tree) symbol(b *bits) int {
	if b.n < longestCode {
		b.refill()
	}
	if e := t.lookup[b.next>>(b.n-lookupBits)&(1<<lookupBits-1)]; e != 0 {
		b.n -= uint(e & 31)
		return int(e >> 5)
	}
	ahead := int(b.next >> (b.n - longestCode) & (1<<longestCode - 1))
	for n := lookupBits + 1; n <= longestCode; n++ {
		if ahead < t.limit[n] {
			b.n -= uint(n)
			return int(t.symbols[t.at[n]+ahead>>(longestCode-n)])
		}
	}
	return -1
}
