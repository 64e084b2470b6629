package evtx

import (
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// appendUTF16 appends little-endian UTF-16 text as UTF-8. A surrogate without
// its partner becomes U+FFFD; an odd byte at the end is left out.
func appendUTF16(dst, src []byte) []byte {
	dst = slices.Grow(dst, len(src)/2*3)
	for {
		var n int
		dst, n = appendASCII16(dst, src)
		if src = src[n:]; len(src) < 2 {
			return dst
		}
		r := rune(le.Uint16(src))
		src = src[2:]
		if utf16.IsSurrogate(r) {
			var next rune
			if len(src) >= 2 {
				next = rune(le.Uint16(src))
			}
			if r = utf16.DecodeRune(r, next); r != utf8.RuneError {
				src = src[2:]
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
}

// appendASCII16 appends the ASCII characters that src begins with, four at a
// time as far as they go, and returns how many bytes of src they take.
func appendASCII16(dst, src []byte) ([]byte, int) {
	n := 0
	for ; n+8 <= len(src); n += 8 {
		x := le.Uint64(src[n:])
		if x&0xff80ff80ff80ff80 != 0 {
			break
		}
		x = (x | x>>8) & 0x0000ffff0000ffff
		dst = le.AppendUint32(dst, uint32(x|x>>16))
	}
	for ; n+2 <= len(src) && src[n] < 0x80 && src[n+1] == 0; n += 2 {
		dst = append(dst, src[n])
	}
	return dst, n
}

// trimNUL16 cuts NUL units off the end of UTF-16 text.
func trimNUL16(b []byte) []byte {
	b = b[:len(b)&^1]
	for n := len(b); n > 0 && b[n-1] == 0 && b[n-2] == 0; n = len(b) {
		b = b[:n-2]
	}
	return b
}

// indexNUL16 returns the offset of the first NUL unit, or the length of b.
func indexNUL16(b []byte) int {
	for i := 0; i+2 <= len(b); i += 2 {
		if b[i] == 0 && b[i+1] == 0 {
			return i
		}
	}
	return len(b)
}
