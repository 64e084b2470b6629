package evtx

import (
	"testing"
	"time"
)

// TestTicks: the time of an event in all forms, and what stands for none.
func TestTicks(t *testing.T) {
	fileTime := func(n uint64) value { return value{typeFileTime, le.AppendUint64(nil, n)} }
	text := func(s string) value { return value{typeString, utf16Text(s)} }
	for _, tt := range []struct {
		name string
		v    value
		want string // "": none
	}{
		{"FILETIME", fileTime(116444736001234567), "1970-01-01T00:00:00.1234567Z"},
		{"none", fileTime(0), ""},
		{"too early", fileTime(uint64(firstTime) - 1), ""},
		{"first", fileTime(uint64(firstTime)), "1601-01-02T00:00:00Z"},
		{"last", fileTime(fileTimeLimit - 1), "9999-12-31T23:59:59.9999999Z"},
		{"too late", fileTime(fileTimeLimit), ""},
		{"text", text("2010-03-01T22:00:14.1234567Z"), "2010-03-01T22:00:14.1234567Z"},
		{"text with an offset", text("2010-03-01T22:00:14.5+02:00"), "2010-03-01T20:00:14.5Z"},
		{"text of a time too early", text("0900-03-01T22:00:14+02:00"), ""},
		{"no time", text("yesterday"), ""},
		{"SYSTEMTIME", value{typeSystemTime, utf16Bytes(2010, 3, 1, 1, 22, 0, 14, 123)}, "2010-03-01T22:00:14.123Z"},
		{"NULL", value{}, ""},
	} {
		got := ""
		if at := tt.v.ticks().time(); !at.IsZero() {
			got = at.Format(time.RFC3339Nano)
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
