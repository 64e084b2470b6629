package main

import (
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// A jsonObject is an object that is being appended. Keys are given as they are
// written, with the comma before and the colon behind: each costs one copy.
type jsonObject struct {
	b    []byte
	day  int64  // of the last time: its first second, since 1970
	date string // as it is written
}

func (o *jsonObject) text(key, value string) {
	o.b = appendJSONText(append(o.b, key...), value)
}

// some is text for a value that is left out if it is empty.
func (o *jsonObject) some(key, value string) {
	if value != "" {
		o.text(key, value)
	}
}

func (o *jsonObject) number(key string, n uint64) {
	o.b = append(o.b, key...)
	if n < 10 {
		o.b = append(o.b, byte('0'+n))
		return
	}
	o.b = strconv.AppendUint(o.b, n, 10)
}

// hex is for numbers of 64 bits: JSON's end at 53.
func (o *jsonObject) hex(key string, n uint64) {
	o.b = append(append(o.b, key...), `"0x0000000000000000"`...)
	for i := len(o.b) - 2; n > 0; i, n = i-1, n>>4 {
		o.b[i] = "0123456789abcdef"[n&0xf]
	}
}

func (o *jsonObject) time(key string, t time.Time) {
	o.b = append(append(o.b, key...), '"')
	if !t.IsZero() {
		o.b = o.appendTime(o.b, t)
	}
	o.b = append(o.b, '"')
}

// appendTime appends a time as reports write it, "2006-01-02T15:04:05.0000000Z". The day
// is mostly that of the time before.
func (o *jsonObject) appendTime(b []byte, t time.Time) []byte {
	const form, secondsOfDay = "00:00:00.0000000Z", 24 * 60 * 60
	seconds := t.Unix()
	second := int((seconds%secondsOfDay + secondsOfDay) % secondsOfDay)
	if day := seconds - int64(second); o.day != day || o.date == "" {
		o.day, o.date = day, t.UTC().Format("2006-01-02T")
	}
	b = append(append(b, o.date...), form...)
	at := b[len(b)-len(form):]
	putDigits(at[0:2], second/(60*60))
	putDigits(at[3:5], second/60%60)
	putDigits(at[6:8], second%60)
	putDigits(at[9:16], t.Nanosecond()/100)
	return b
}

// putDigits writes a number at the end of zeroes.
func putDigits(b []byte, n int) {
	for i := len(b) - 1; n > 0; i, n = i-1, n/10 {
		b[i] = byte('0' + n%10)
	}
}

// appendJSONText appends a string with its quotation marks.
func appendJSONText(b []byte, s string) []byte {
	b = append(b, '"')
	for len(s) > 0 {
		n := plainPrefix(s)
		b = append(b, s[:n]...)
		if s = s[n:]; len(s) > 0 {
			r, size := utf8.DecodeRuneInString(s)
			b = appendJSONRune(b, r)
			s = s[size:]
		}
	}
	return append(b, '"')
}

// plainPrefix is how many bytes from the start stand for themselves. It looks at
// eight at once, the last time at some of them again: most text is ASCII.
func plainPrefix(s string) int {
	const each, high = 0x0101010101010101, 0x8080808080808080
	n := 0
	for len(s) >= 8 && n < len(s) {
		p := s[min(n, len(s)-8):]
		w := uint64(p[0]) | uint64(p[1])<<8 | uint64(p[2])<<16 | uint64(p[3])<<24 | uint64(p[4])<<32 | uint64(p[5])<<40 | uint64(p[6])<<48 | uint64(p[7])<<56
		quote, back, del := w^each*'"', w^each*'\\', w^each*0x7f
		// The high bit of a byte is set where it is below ' ', equal to one of the
		// three, or not ASCII; or behind such a byte.
		if (w|(w-each*' ')|(quote-each)&^quote|(back-each)&^back|(del-each)&^del)&high != 0 {
			break
		}
		n = min(n+8, len(s))
	}
	for n < len(s) && plainJSON[s[n]] {
		n++
	}
	return n
}

// plainJSON are the bytes that stand for themselves.
var plainJSON = func() (table [256]bool) {
	for c := ' '; c < 0x7f; c++ {
		table[c] = c != '"' && c != '\\'
	}
	return table
}()

func appendJSONRune(b []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(b, '\\', byte(r))
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	if s := string(r); event.Clean(s) == s {
		return append(b, s...)
	}
	for _, unit := range utf16.AppendRune(nil, r) {
		b = append(b, '\\', 'u', "0123456789abcdef"[unit>>12], "0123456789abcdef"[unit>>8&0xf], "0123456789abcdef"[unit>>4&0xf], "0123456789abcdef"[unit&0xf])
	}
	return b
}
