package known

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCodesKnowsEverySpelling(t *testing.T) {
	const f4 = Code(0x800423f4)
	for _, tc := range []struct {
		text string
		want []Code
	}{
		{"0x800423f4", []Code{f4}},
		{"0X800423F4", []Code{f4}},
		{"0x800423f4L", []Code{f4}},
		{"failed: [800423f4]", []Code{f4}},
		{"-2147212300", []Code{f4}},
		{"2147754996", []Code{f4}},
		{"%%2147754996", []Code{f4}},
		{"hr = 0x800423f4, the writer failed", []Code{f4}},
		{`<Volume HResult="-2147212300"/>`, []Code{f4}},
		{"2155348129", []Code{0x807800a1}},
		{"%%2147942432", []Code{0x80070020}},
		{"STATUS_IO_TIMEOUT(c00000b5)", []Code{0xc00000b5}},
		{"ERROR_TIMEOUT(1460)", []Code{1460}},
		{"c0130021", []Code{0xc0130021}},
		{"C00000B5", []Code{0xc00000b5}},
		{"0x80042409 … Old failure: 0x800423f4 again 0x800423f4", []Code{0x80042409, f4}},
		// What only looks like a code.
		{"DeviceIoControl(x - 000000000000024C,0x0053c008,0)", nil},
		{"0x8000000000000000", nil},
		{"0x0", nil},
		{"size 4294967000 bytes", nil},
		{"%%16903", nil},
		{"Volume (12345678)", nil},
		{"Foo(1460)", nil},
		{"{800423f4-0000-0000-0000-000000000000}", nil},
		{"2147483", nil},
		{"80070005", nil},
		{"cafebabe", nil},
		{"volume c0130021", nil},
	} {
		if diff := cmp.Diff(tc.want, Codes(tc.text)); diff != "" {
			t.Errorf("Codes(%q): %s", tc.text, diff)
		}
	}
}

func TestParseCode(t *testing.T) {
	for _, s := range []string{"0x800423f4", "800423F4", "-2147212300", "2147754996", "%%2147754996", "0x800423f4L", "[800423f4]", " 0X800423f4 "} {
		if c, err := ParseCode(s); err != nil || c != WriterNonRetryable {
			t.Errorf("ParseCode(%q) = %v, %v", s, c, err)
		}
	}
	for s, want := range map[string]Code{"80042415": 0x80042415, "00000005": 5, "0000000a": 10, "1460": 1460} {
		if c, err := ParseCode(s); err != nil || c != want {
			t.Errorf("ParseCode(%q) = %v, %v, want %v", s, c, err, want)
		}
	}
	for _, s := range []string{"", "0x", "hello", "0x1234567890", "99999999999", "-99999999999"} {
		if c, err := ParseCode(s); err == nil {
			t.Errorf("ParseCode(%q) = %v, want an error", s, c)
		}
	}
}

func TestCodeTable(t *testing.T) {
	if n, want := len(codeTable()), strings.Count(codesTSV, "\n"); n != want || n < 100 {
		t.Errorf("%d codes from %d lines", n, want)
	}
	for c, row := range codeTable() {
		if row.meaning == "" {
			t.Errorf("%v has no meaning", c)
		}
	}
}

// FuzzCodes: every code that is found must be found again in its own spellings,
// and finding never depends on what stands behind a space.
func FuzzCodes(f *testing.F) {
	f.Add("hr = 0x800423f4, [80070005] -2147212300 %%2147754996", uint32(0x800423f4))
	f.Add("C0004200", uint32(0x800423f4))
	f.Fuzz(func(t *testing.T, text string, n uint32) {
		c := Code(n) | severityBit
		for _, s := range []string{c.String(), strings.ToUpper(c.String()[2:]), fmt.Sprintf("%%%%%d", uint32(c))} {
			if got, err := ParseCode(s); err != nil || got != c {
				t.Fatalf("ParseCode(%q) = %v, %v", s, got, err)
			}
		}
		base := Codes(text)
		want := codesIn(text)
		if len(text) == hexDigits { // a status that is the whole value; no other spelling is so short
			want = append(want, bareStatus(text)...)
		}
		if !slices.Equal(base, want) {
			t.Fatalf("Codes(%q) = %v, want %v", text, base, want)
		}
		with := Codes(text + " " + c.String())
		if len(with) < len(base) || len(base) < maxCodes && !contains(with, c) {
			t.Fatalf("Codes(%q + %v) = %v, without it %v", text, c, with, base)
		}
	})
}
