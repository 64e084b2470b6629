package eventxml

import (
	"encoding/binary"
	"io"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// A utf16Reader converts UTF-16 to UTF-8. It converts in bulk, since exports
// are mostly ASCII; x/text goes character by character and takes twice as long
// as the scanner itself. A surrogate without its partner becomes U+FFFD.
type utf16Reader struct {
	r       io.Reader
	order   binary.ByteOrder
	raw     [64 << 10]byte
	have    int   // bytes in raw
	err     error // of r, to be returned after raw is used up
	lone    bool  // a lone surrogate was met
	oddTail bool  // the text ends in half a unit
}

// maxGrowth is the largest number of UTF-8 bytes that a UTF-16 unit becomes.
const maxGrowth = 3

// fill converts as much as fits into p, less only at the end. It returns an
// error only if it has no more text.
func (u *utf16Reader) fill(p []byte) (int, error) {
	n := 0
	for len(p)-n >= 4*maxGrowth {
		room := min(len(u.raw), (len(p)-n)/maxGrowth*2&^1)
		if u.have < room && u.err == nil {
			var got int
			got, u.err = readFull(u.r, u.raw[u.have:room])
			u.have += got
		}
		wrote, used := u.convert(p[n:], u.raw[:min(u.have, room)], u.err != nil)
		u.have = copy(u.raw[:], u.raw[used:u.have])
		n += wrote
		if used == 0 {
			break
		}
	}
	if n == 0 {
		u.oddTail = u.have > 0
		return 0, u.err
	}
	return n, nil
}

// convert decodes src into dst, which has room for all of it. Unless final, it
// leaves a high surrogate at the end for the next call.
func (u *utf16Reader) convert(dst, src []byte, final bool) (wrote, used int) {
	i, n := 0, 0
	for i+2 <= len(src) {
		if k := asciiUnits(dst[n:], src[i:], u.order == binary.BigEndian); k > 0 {
			i, n = i+2*k, n+k
			continue
		}
		r := rune(u.order.Uint16(src[i:]))
		size := 2
		if utf16.IsSurrogate(r) {
			if i+4 > len(src) && !final && r < 0xdc00 {
				break
			}
			var low rune
			if i+4 <= len(src) {
				low = rune(u.order.Uint16(src[i+2:]))
			}
			if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
				u.lone = true
			} else {
				size = 4
			}
		}
		n += utf8.EncodeRune(dst[n:], r)
		i += size
	}
	return n, i
}

// asciiUnits copies the ASCII characters at the start of src, four units at a
// step, and returns their number (a multiple of 4).
//
//	UTF-16LE  61 00 62 00 63 00 64 00   as a number: 0064 0063 0062 0061
//	UTF-16BE  00 61 00 62 00 63 00 64   as a number: 6400 6300 6200 6100
func asciiUnits(dst, src []byte, big bool) int {
	const notASCII = 0xff80_ff80_ff80_ff80
	k := 0
	for k+4 <= len(dst) && 2*k+8 <= len(src) {
		x := binary.LittleEndian.Uint64(src[2*k:])
		if big {
			x = bits.RotateLeft64(x, -8) // the first unit's high byte goes on top: 00 must stand there too
		}
		if x&notASCII != 0 {
			break
		}
		x |= x >> 8 // 0064 0063 0062 0061 -> ..64 6463 6362 6261
		x &= 0x0000_ffff_0000_ffff
		x |= x >> 16
		binary.LittleEndian.PutUint32(dst[k:], uint32(x))
		k += 4
	}
	return k
}

// units returns the number of UTF-16 units that text takes up: one for each
// character up to U+FFFF (U+FFFD for a lone surrogate included), two above.
func units(text []byte) int {
	n := 0
	for len(text) > 0 {
		if len(text) >= 8 && binary.LittleEndian.Uint64(text)&0x8080_8080_8080_8080 == 0 {
			text, n = text[8:], n+8
			continue
		}
		switch c := text[0]; {
		case c >= 0xf0:
			n += 2
		case c < 0x80 || c >= 0xc0:
			n++
		}
		text = text[1:]
	}
	return n
}
