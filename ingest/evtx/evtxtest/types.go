package evtxtest

import (
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// Types of values (MS-EVEN6, 2.2.12).
const (
	typeNull     = 0x00
	typeString   = 0x01
	typeUint8    = 0x04
	typeUint16   = 0x06
	typeInt32    = 0x07
	typeUint32   = 0x08
	typeInt64    = 0x09
	typeUint64   = 0x0a
	typeBool     = 0x0d
	typeBinary   = 0x0e
	typeGUID     = 0x0f
	typeFileTime = 0x11
	typeSID      = 0x13
	typeHexInt32 = 0x14
	typeHexInt64 = 0x15
	typeBinXML   = 0x21
)

// Text returns a value of type string.
func Text(s string) Value {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = le.AppendUint16(b, u)
	}
	return Value{typeString, b}
}

// typedAs returns text as a value of a type; as a string where it is none of
// that type, and as a NULL where it is empty.
func typedAs(typ byte, s string) Value {
	if s == "" {
		return Value{Type: typeNull}
	}
	var v Value
	ok := false
	switch typ {
	case typeUint8, typeUint16, typeUint32, typeUint64:
		v, ok = unsigned(typ, s)
	case typeHexInt64:
		v, ok = hexNumber(s)
		v = Value{typ, append(v.Data, make([]byte, 8)...)[:8]}
	case typeFileTime:
		v, ok = fileTime(s)
	case typeGUID:
		v, ok = guid(s)
	case typeSID:
		v, ok = sid(s)
	}
	if !ok {
		return Text(s)
	}
	return v
}

// typed returns text as a value of the type that it has the form of.
func typed(s string) Value {
	for _, form := range []func(string) (Value, bool){number, hexNumber, boolean, fileTime, guid, sid} {
		if v, ok := form(s); ok {
			return v
		}
	}
	return Text(s)
}

var sizes = map[byte]int{
	typeUint8: 1, typeUint16: 2, typeUint32: 4, typeUint64: 8,
}

// unsigned takes a decimal number without leading zeroes that fits the type.
func unsigned(typ byte, s string) (Value, bool) {
	size := sizes[typ]
	n, err := strconv.ParseUint(s, 10, 8*size)
	if err != nil || strconv.FormatUint(n, 10) != s {
		return Value{}, false
	}
	return Value{typ, le.AppendUint64(nil, n)[:size]}, true
}

// number takes a decimal number, as the narrowest type that holds it; negative
// ones as Windows' usual 32 bits, if they fit.
func number(s string) (Value, bool) {
	for _, typ := range []byte{typeUint8, typeUint16, typeUint32, typeUint64} {
		if v, ok := unsigned(typ, s); ok {
			return v, true
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != s {
		return Value{}, false
	}
	if int64(int32(n)) == n {
		return Value{typeInt32, le.AppendUint32(nil, uint32(n))}, true
	}
	return Value{typeInt64, le.AppendUint64(nil, uint64(n))}, true
}

// hexNumber takes 0x and lower-case digits without leading zeroes.
func hexNumber(s string) (Value, bool) {
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 64)
	if err != nil || "0x"+strconv.FormatUint(n, 16) != s {
		return Value{}, false
	}
	if n < 1<<32 {
		return Value{typeHexInt32, le.AppendUint32(nil, uint32(n))}, true
	}
	return Value{typeHexInt64, le.AppendUint64(nil, n)}, true
}

func boolean(s string) (Value, bool) {
	switch s {
	case "true":
		return Value{typeBool, []byte{1, 0, 0, 0}}, true
	case "false":
		return Value{typeBool, []byte{0, 0, 0, 0}}, true
	}
	return Value{}, false
}

// fileTime takes a time with seven digits of fraction.
func fileTime(s string) (Value, bool) {
	const form = "2006-01-02T15:04:05.0000000Z"
	t, err := time.Parse(form, s)
	if err != nil || t.Format(form) != s || t.Year() < 1601 {
		return Value{}, false
	}
	n := uint64(t.Unix()+11644473600)*1e7 + uint64(t.Nanosecond()/100)
	return Value{typeFileTime, le.AppendUint64(nil, n)}, true
}

var guidForm = regexp.MustCompile(`^\{[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}$`)

// guid takes a GUID in braces and lower case.
func guid(s string) (Value, bool) {
	if !guidForm.MatchString(s) {
		return Value{}, false
	}
	b, _ := hex.DecodeString(strings.NewReplacer("{", "", "}", "", "-", "").Replace(s))
	for _, r := range [][2]int{{0, 4}, {4, 6}, {6, 8}} { // the first three numbers are little-endian
		for i, j := r[0], r[1]-1; i < j; i, j = i+1, j-1 {
			b[i], b[j] = b[j], b[i]
		}
	}
	return Value{typeGUID, b}, true
}

// sid takes a security identifier of revision 1.
func sid(s string) (Value, bool) {
	parts := strings.Split(s, "-")
	if len(parts) < 3 || len(parts) > 18 || parts[0] != "S" || parts[1] != "1" {
		return Value{}, false
	}
	b := []byte{1, byte(len(parts) - 3), 0, 0}
	for i, p := range parts[2:] {
		n, err := strconv.ParseUint(p, 10, 32)
		if err != nil || strconv.FormatUint(n, 10) != p {
			return Value{}, false
		}
		if i == 0 { // the authority is big-endian
			b = append(b, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
		} else {
			b = le.AppendUint32(b, uint32(n))
		}
	}
	return Value{typeSID, b}, true
}

// binary16 takes hex digits in capitals.
func binary16(s string) ([]byte, bool) {
	b, err := hex.DecodeString(s)
	return b, err == nil && s != "" && strings.ToUpper(s) == s
}
