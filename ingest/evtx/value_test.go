package evtx

import (
	"math"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/evtx/evtxtest"
)

func utf16Bytes(units ...uint16) []byte {
	var b []byte
	for _, u := range units {
		b = le.AppendUint16(b, u)
	}
	return b
}

func utf16Text(s string) []byte { return utf16Bytes(utf16.Encode([]rune(s))...) }

func real32(f float32) []byte { return le.AppendUint32(nil, math.Float32bits(f)) }
func real64(f float64) []byte { return le.AppendUint64(nil, math.Float64bits(f)) }

// TestValueText holds what Windows shows for a value of each type. Where there
// are several texts, the value is an array, and the element is repeated.
func TestValueText(t *testing.T) {
	guid := []byte{0x03, 0x02, 0x01, 0x00, 0x05, 0x04, 0x07, 0x06, 8, 9, 10, 11, 12, 13, 14, 0xff}
	sid := []byte{1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0}
	tests := []struct {
		name string
		typ  byte
		data []byte
		want []string
	}{
		{"null", typeNull, nil, []string{""}},
		{"null with a size", typeNull, []byte{1, 2, 3}, []string{""}},
		{"string", typeString, utf16Text("Jméno 𝄞"), []string{"Jméno 𝄞"}},
		{"string, NUL at the end", typeString, utf16Text("a b \x00\x00"), []string{"a b "}},
		{"string, NUL within", typeString, utf16Text("a\x00b"), []string{"a\x00b"}},
		{"string, control characters", typeString, utf16Text("a\x1b[1m\r\n\u2028"), []string{"a\x1b[1m\r\n\u2028"}},
		{"string, lone high surrogate", typeString, utf16Bytes('a', 0xd834, 'b'), []string{"a\ufffdb"}},
		{"string, lone low surrogate", typeString, utf16Bytes(0xdd1e, 'b'), []string{"\ufffdb"}},
		{"string, cut surrogate", typeString, utf16Bytes('a', 0xd834), []string{"a\ufffd"}},
		{"string, U+FFFE", typeString, utf16Bytes(0xfffe), []string{"\ufffe"}},
		{"string, odd size", typeString, append(utf16Text("ab"), 'c'), []string{"ab"}},
		{"string, empty", typeString, nil, []string{""}},
		{"string, long", typeString, utf16Text("0123456789abcdefghijklmnopqrstuvwxyž0123456789"), []string{"0123456789abcdefghijklmnopqrstuvwxyž0123456789"}},
		{"ansi", typeAnsi, []byte("Gr\xfc\xdfe \x80\x81\x00"), []string{"Grüße €\u0081"}},
		{"int8", typeInt8, []byte{0xff}, []string{"-1"}},
		{"uint8", typeUint8, []byte{0xff}, []string{"255"}},
		{"int16", typeInt16, []byte{0x00, 0x80}, []string{"-32768"}},
		{"uint16", typeUint16, []byte{0x00, 0x80}, []string{"32768"}},
		{"int32", typeInt32, []byte{0xf4, 0x23, 0x04, 0x80}, []string{"-2147212300"}},
		{"uint32", typeUint32, []byte{0xf4, 0x23, 0x04, 0x80}, []string{"2147754996"}},
		{"int64", typeInt64, []byte{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, []string{"-2"}},
		{"uint64", typeUint64, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, []string{"18446744073709551615"}},
		{"uint32, wrong size", typeUint32, []byte{0xab, 0xcd, 0xef}, []string{"ABCDEF"}},
		{"real32", typeReal32, real32(1.5), []string{"1.5"}},
		{"real32, rounded", typeReal32, real32(0.1), []string{"0.1"}},
		{"real64", typeReal64, real64(-12345.678), []string{"-12345.678"}},
		{"real64, whole", typeReal64, real64(3), []string{"3"}},
		{"real64, small", typeReal64, real64(1.25e-7), []string{"1.25e-007"}},
		{"real64, large", typeReal64, real64(1e300), []string{"1e+300"}},
		{"real64, infinite", typeReal64, real64(math.Inf(-1)), []string{"-1.#INF"}},
		{"real32, no number", typeReal32, real32(float32(math.NaN())), []string{"-1.#IND"}},
		{"bool", typeBool, []byte{1, 0, 0, 0}, []string{"true"}},
		{"bool, irregular", typeBool, []byte{0, 0, 0, 0x80}, []string{"true"}},
		{"bool, false", typeBool, []byte{0, 0, 0, 0}, []string{"false"}},
		{"bool of one byte", typeBool, []byte{1}, []string{"true"}},
		{"binary", typeBinary, []byte{0x01, 0xab, 0xf0}, []string{"01ABF0"}},
		{"guid", typeGUID, guid, []string{"{00010203-0405-0607-0809-0a0b0c0d0eff}"}},
		{"guid, wrong size", typeGUID, guid[:3], []string{"030201"}},
		{"size of 4 bytes", typeSize, []byte{0x10, 0, 0, 0}, []string{"0x10"}},
		{"size of 8 bytes", typeSize, []byte{0, 0, 0, 0, 1, 0, 0, 0}, []string{"0x100000000"}},
		{"filetime", typeFileTime, le.AppendUint64(nil, 133938405000513480), []string{"2025-06-08T07:15:00.0513480Z"}},
		{"filetime zero", typeFileTime, make([]byte, 8), []string{"1601-01-01T00:00:00.0000000Z"}},
		{"filetime, last", typeFileTime, le.AppendUint64(nil, fileTimeLimit-1), []string{"9999-12-31T23:59:59.9999999Z"}},
		{"filetime, too late", typeFileTime, le.AppendUint64(nil, fileTimeLimit), []string{"0040C0D15E5AC824"}},
		{"systemtime", typeSystemTime, utf16Bytes(2019, 3, 5, 8, 23, 23, 5, 7), []string{"2019-03-08T23:23:05.0070000Z"}},
		{"systemtime, none", typeSystemTime, utf16Bytes(2019, 13, 5, 8, 23, 23, 5, 7), []string{"E3070D0005000800170017000500" + "0700"}},
		{"sid", typeSID, sid, []string{"S-1-5-32-544"}},
		{"sid, large authority", typeSID, []byte{1, 0, 0, 1, 0, 0, 0, 0}, []string{"S-1-0x100000000"}},
		{"sid, wrong size", typeSID, sid[:12], []string{"010200000000000520000000"}},
		{"hexint32", typeHexInt32, []byte{0xf4, 0x23, 0x04, 0x80}, []string{"0x800423f4"}},
		{"hexint64", typeHexInt64, []byte{0, 0, 0, 0, 0, 0, 0, 0x80}, []string{"0x8000000000000000"}},
		{"handle", typeHandle, []byte{0x2a, 0, 0, 0}, []string{"0x2a"}},
		{"xml", typeXML, utf16Text("<a/>"), []string{"<a/>"}},
		{"unknown", 0x6d, []byte{0xde, 0xad}, []string{"DEAD"}},

		{"strings", typeArray | typeString, utf16Text("a\x00\x00bc\x00"), []string{"a", "", "bc"}},
		{"strings, the last without NUL", typeArray | typeString, utf16Text("a\x00bc"), []string{"a", "bc"}},
		{"strings, all empty", typeArray | typeString, utf16Text("\x00\x00"), []string{"", ""}},
		{"strings, none", typeArray | typeString, nil, []string{""}},
		{"ansi strings", typeArray | typeAnsi, []byte("a\x00\xe4"), []string{"a", "ä"}},
		{"uint16s", typeArray | typeUint16, []byte{1, 0, 2, 0}, []string{"1", "2"}},
		{"uint16s, odd size", typeArray | typeUint16, []byte{1, 0, 2}, []string{"1", "02"}},
		{"int8s", typeArray | typeInt8, []byte{1, 0xff}, []string{"1", "-1"}},
		{"uint64s", typeArray | typeUint64, append(le.AppendUint64(nil, 1), le.AppendUint64(nil, 2)...), []string{"1", "2"}},
		{"real32s", typeArray | typeReal32, append(real32(1), real32(0.5)...), []string{"1", "0.5"}},
		{"bools", typeArray | typeBool, []byte{1, 0, 0, 0, 0, 0, 0, 0}, []string{"true", "false"}},
		{"guids", typeArray | typeGUID, append(guid[:16:16], guid...), []string{"{00010203-0405-0607-0809-0a0b0c0d0eff}", "{00010203-0405-0607-0809-0a0b0c0d0eff}"}},
		{"sizes", typeArray | typeSize, make([]byte, 16), []string{"0x0", "0x0"}},
		{"sizes of 4 bytes", typeArray | typeSize, make([]byte, 12), []string{"0x0", "0x0", "0x0"}},
		{"filetimes", typeArray | typeFileTime, make([]byte, 16), []string{"1601-01-01T00:00:00.0000000Z", "1601-01-01T00:00:00.0000000Z"}},
		{"sids", typeArray | typeSID, append(sid[:16:16], sid...), []string{"S-1-5-32-544", "S-1-5-32-544"}},
		{"hexint32s", typeArray | typeHexInt32, make([]byte, 8), []string{"0x0", "0x0"}},
		{"hexint64s", typeArray | typeHexInt64, make([]byte, 8), []string{"0x0"}},
		{"binaries", typeArray | typeBinary, []byte{1, 2}, []string{"0102"}},
		{"unknowns", typeArray | 0x6d, []byte{1, 2}, []string{"0102"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			log := evtxtest.WriteValues(`<Provider Name="P"/><EventID>1</EventID>`, evtxtest.Value{Type: tt.typ, Data: tt.data})
			events, src := readAll(t, log, Options{})
			if len(events) != 1 {
				t.Fatalf("%d events; %v", len(events), src.Damage)
			}
			var want []event.Field
			for _, v := range tt.want {
				want = append(want, event.Field{Name: "0", Value: v})
			}
			if diff := cmp.Diff(want, events[0].Fields); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestTell gives a step values that follow each other with the same bytes but of
// different types, the same once more, and with different bytes: each is told as
// if it stood alone.
func TestTell(t *testing.T) {
	one, two, text := []byte{1, 0, 0, 0}, []byte{2, 0, 0, 0}, utf16Text("é\x00")
	values := []value{
		{}, {typeUint32, one}, {typeUint32, one}, {typeHexInt32, one}, {typeBool, one}, {typeBinary, one}, {typeBinary, one[:2]},
		{typeUint32, two}, {}, {typeString, nil}, {typeString, text}, {typeString, text}, {typeAnsi, text}, {typeUint32, one},
	}
	d, o := &decoder{budget: baseBudget}, &op{kind: opText, leaf: true}
	for i, v := range values {
		d.at = len(d.data)
		d.data = append(d.data, v.data...)
		d.chunk = d.data[d.at:]
		if err := d.substitute(o, "", substitution(len(v.data)|int(v.typ)<<16)); err != nil {
			t.Fatal(err)
		}
		if got, want := d.fields[i].Value, string(v.appendText(nil)); got != want {
			t.Errorf("%#02x % x: %q, want %q", v.typ, v.data, got, want)
		}
	}
}
