package evtx

import (
	"bytes"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// The types of values (MS-EVEN6, 2.2.12 and 3.1.4.7.3).
const (
	typeNull       = 0x00
	typeString     = 0x01 // UTF-16
	typeAnsi       = 0x02
	typeInt8       = 0x03
	typeUint8      = 0x04
	typeInt16      = 0x05
	typeUint16     = 0x06
	typeInt32      = 0x07
	typeUint32     = 0x08
	typeInt64      = 0x09
	typeUint64     = 0x0a
	typeReal32     = 0x0b
	typeReal64     = 0x0c
	typeBool       = 0x0d
	typeBinary     = 0x0e
	typeGUID       = 0x0f
	typeSize       = 0x10 // 4 or 8 bytes
	typeFileTime   = 0x11
	typeSystemTime = 0x12
	typeSID        = 0x13
	typeHexInt32   = 0x14
	typeHexInt64   = 0x15
	typeHandle     = 0x20
	typeBinXML     = 0x21
	typeXML        = 0x23

	typeArray = 0x80 // flag: the value is a sequence of items of the type
)

// widths holds the size in bytes of the types that have one.
var widths = [256]int{
	typeInt8: 1, typeUint8: 1, typeInt16: 2, typeUint16: 2, typeInt32: 4, typeUint32: 4,
	typeInt64: 8, typeUint64: 8, typeReal32: 4, typeReal64: 8, typeBool: 4, typeGUID: 16,
	typeFileTime: 8, typeSystemTime: 16, typeHexInt32: 4, typeHexInt64: 8,
}

// A value is a typed piece of a record or of a template's text.
type value struct {
	typ  byte
	data []byte
}

// appendText appends the text that Windows shows for v in an event's XML. A
// value whose size does not fit its type, and one of an unknown type, is shown
// as the hex digits of its bytes: a number made up from them could mislead.
func (v value) appendText(dst []byte) []byte {
	switch v.typ {
	case typeNull, typeBinXML:
		return dst
	case typeString, typeXML, typeAnsi:
		return v.appendString(dst)
	case typeInt8, typeInt16, typeInt32, typeInt64:
		if n, ok := v.uint(); ok {
			shift := 64 - 8*len(v.data)
			return strconv.AppendInt(dst, int64(n<<shift)>>shift, 10)
		}
	case typeUint8, typeUint16, typeUint32, typeUint64:
		if n, ok := v.uint(); ok {
			return strconv.AppendUint(dst, n, 10)
		}
	case typeHexInt32, typeHexInt64, typeSize, typeHandle:
		if n, ok := v.uint(); ok {
			return appendHex(dst, n)
		}
	case typeReal32:
		if len(v.data) == 4 {
			return appendReal(dst, float64(math.Float32frombits(le.Uint32(v.data))), 32)
		}
	case typeReal64:
		if len(v.data) == 8 {
			return appendReal(dst, math.Float64frombits(le.Uint64(v.data)), 64)
		}
	case typeBool:
		if n, ok := v.uint(); ok {
			return strconv.AppendBool(dst, n != 0)
		}
	case typeGUID:
		if len(v.data) == 16 {
			return appendGUID(dst, v.data)
		}
	case typeFileTime, typeSystemTime:
		if t, ok := v.time(); ok {
			return appendTime(dst, t)
		}
	case typeSID:
		if n := sidSize(v.data); n > 0 && n == len(v.data) {
			return appendSID(dst, v.data)
		}
	default:
		if v.typ&typeArray != 0 {
			return v.appendItems(dst)
		}
	}
	return appendBinary(dst, v.data)
}

// appendString appends the text of a string without the NULs that end it.
func (v value) appendString(dst []byte) []byte {
	if v.typ == typeAnsi {
		return appendCP1252(dst, bytes.TrimRight(v.data, "\x00"))
	}
	return appendUTF16(dst, trimNUL16(v.data))
}

// appendItems appends the texts of an array where it can't repeat its element,
// such as in an attribute.
func (v value) appendItems(dst []byte) []byte {
	for n := 0; ; n++ {
		item, ok := v.next()
		if !ok {
			return dst
		}
		if n > 0 {
			dst = append(dst, ", "...)
		}
		dst = item.appendText(dst)
	}
}

// next cuts the first item off an array. Strings end with a NUL, which the last
// one may lack; SIDs state their size. What can't be cut comes whole, as an item
// of binary type.
func (v *value) next() (value, bool) {
	if len(v.data) == 0 {
		return value{}, false
	}
	if v.typ == typeArray|typeSize { // nothing states the width: that of 64-bit Windows if it fits
		v.typ = typeArray | typeHexInt32
		if len(v.data)%8 == 0 {
			v.typ = typeArray | typeHexInt64
		}
	}
	item := value{typ: v.typ &^ typeArray}
	size, skip := v.itemSize(item.typ)
	if size <= 0 && skip == 0 || size+skip > len(v.data) {
		item.typ, size, skip = typeBinary, len(v.data), 0
	}
	item.data, v.data = v.data[:size], v.data[size+skip:]
	return item, true
}

// itemSize returns the size of the first item and that of what divides it from
// the next; zeroes if the type does not tell.
func (v *value) itemSize(typ byte) (size, skip int) {
	switch typ {
	case typeString:
		n := indexNUL16(v.data)
		return n, min(2, len(v.data)-n)
	case typeAnsi:
		if n := bytes.IndexByte(v.data, 0); n >= 0 {
			return n, 1
		}
		return len(v.data), 0
	case typeSID:
		return sidSize(v.data), 0
	}
	return widths[typ], 0
}

// uint returns the value of 1, 2, 4 or 8 bytes, without sign.
func (v value) uint() (uint64, bool) {
	switch len(v.data) {
	case 1:
		return uint64(v.data[0]), true
	case 2:
		return uint64(le.Uint16(v.data)), true
	case 4:
		return uint64(le.Uint32(v.data)), true
	case 8:
		return le.Uint64(v.data), true
	}
	return 0, false
}

// number returns v as a number, also where it is written as text.
func (v value) number() (uint64, bool) {
	switch v.typ {
	case typeString, typeAnsi:
		var buf [24]byte
		text := v.appendString(buf[:0])
		n, err := strconv.ParseUint(string(text), 0, 64)
		return n, err == nil
	case typeInt8, typeUint8, typeInt16, typeUint16, typeInt32, typeUint32, typeInt64, typeUint64,
		typeHexInt32, typeHexInt64, typeSize:
		return v.uint()
	}
	return 0, false
}

// time returns v as a time, also where it is written as text.
func (v value) time() (time.Time, bool) {
	switch {
	case v.typ == typeFileTime && len(v.data) == 8:
		return fileTime(le.Uint64(v.data))
	case v.typ == typeSystemTime && len(v.data) == 16:
		return systemTime(v.data)
	case v.typ == typeString && len(v.data) <= 2*maxTimeText:
		var buf [3 * maxTimeText]byte
		return parseTime(v.appendString(buf[:0]))
	}
	return time.Time{}, false
}

// ticks returns v as the time of an event, zero if it is none.
func (v value) ticks() ticks {
	if v.typ == typeFileTime && len(v.data) == 8 {
		return ticks(le.Uint64(v.data)).valid()
	}
	if t, ok := v.time(); ok {
		return ticksOf(t)
	}
	return 0
}

func appendHex(dst []byte, n uint64) []byte {
	return strconv.AppendUint(append(dst, "0x"...), n, 16)
}

func appendBinary(dst, b []byte) []byte {
	const digits = "0123456789ABCDEF"
	for _, c := range b {
		dst = append(dst, digits[c>>4], digits[c&15])
	}
	return dst
}

// appendReal writes a number as the C library that Windows renders events with:
// 7 or 15 significant digits, exponents of three digits, and #INF or #IND for
// what is no number.
func appendReal(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(dst, "1.#INF"...)
	case math.IsInf(f, -1):
		return append(dst, "-1.#INF"...)
	case math.IsNaN(f):
		return append(dst, "-1.#IND"...)
	}
	digits := 15
	if bits == 32 {
		digits = 7
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'g', digits, 64)
	if e := bytes.IndexByte(dst[start:], 'e'); e >= 0 && len(dst)-start-e == 4 {
		dst = append(dst[:start+e+2], '0', dst[start+e+2], dst[start+e+3])
	}
	return dst
}

// appendGUID writes a GUID: a little-endian u32 and two u16, then eight bytes.
func appendGUID(dst, g []byte) []byte {
	const digits = "0123456789abcdef"
	order := [16]byte{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15}
	dst = append(dst, '{')
	for i, at := range order {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, digits[g[at]>>4], digits[g[at]&15])
	}
	return append(dst, '}')
}

// sidSize returns the size that a security identifier states, 0 if it is none.
//
//	+0  u8   revision, 1
//	+1  u8   number of sub-authorities, at most 15
//	+2  u48  authority, big-endian
//	+8  u32  sub-authorities
func sidSize(b []byte) int {
	if len(b) < 8 || b[0] != 1 || b[1] > 15 {
		return 0
	}
	return 8 + 4*int(b[1])
}

func appendSID(dst, b []byte) []byte {
	var authority uint64
	for _, c := range b[2:8] {
		authority = authority<<8 | uint64(c)
	}
	dst = append(dst, "S-1-"...)
	if authority < 1<<32 {
		dst = strconv.AppendUint(dst, authority, 10)
	} else { // MS-DTYP 2.4.2.1: in hex from 2^32 on
		dst = appendHex(dst, authority)
	}
	for b = b[8:]; len(b) > 0; b = b[4:] {
		dst = strconv.AppendUint(append(dst, '-'), uint64(le.Uint32(b)), 10)
	}
	return dst
}

// cp1252 holds the characters of the bytes 0x80 to 0x9f in Windows-1252; the
// five that it leaves out stay control characters, as Windows maps them.
var cp1252 = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8d, 'Ž', 0x8f,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9d, 'ž', 'Ÿ',
}

// appendCP1252 converts text of the writer's ANSI code page, which no log
// states; Windows-1252 never fails and fits most.
func appendCP1252(dst, b []byte) []byte {
	for _, c := range b {
		if c-0x80 < 0x20 {
			dst = utf8.AppendRune(dst, cp1252[c-0x80])
		} else {
			dst = utf8.AppendRune(dst, rune(c))
		}
	}
	return dst
}
