package evtx

import "time"

// A ticks is a FILETIME: units of 100 ns since 1601, UTC. Zero stands for no time.
type ticks uint64

// firstTime is the earliest time that is taken for one, the second day of 1601: a
// FILETIME near zero stands for none.
const firstTime ticks = 24 * 60 * 60 * 1e7

// time returns what t stands for.
func (t ticks) time() time.Time {
	if t == 0 {
		return time.Time{}
	}
	at, _ := fileTime(uint64(t))
	return at
}

// ticksOf returns the ticks of a time, zero if no event can be of then.
func ticksOf(t time.Time) ticks {
	return ticks(t.Unix()*1e7 + int64(t.Nanosecond())/100 + fileTimeEpoch).valid()
}

// valid returns t if it can be the time of an event, else zero.
func (t ticks) valid() ticks {
	if t < firstTime || t >= fileTimeLimit {
		return 0
	}
	return t
}

// Offset of 1601-01-01, where FILETIMEs begin, to 1970 in units of 100 ns, and
// the first FILETIME that has a year of five digits.
const (
	fileTimeEpoch = 116444736000000000
	fileTimeLimit = 2650467744000000000
)

// fileTime converts a FILETIME: units of 100 ns since 1601, UTC.
func fileTime(n uint64) (time.Time, bool) {
	if n >= fileTimeLimit {
		return time.Time{}, false
	}
	units := int64(n) - fileTimeEpoch
	return time.Unix(units/1e7, units%1e7*100).UTC(), true
}

// systemTime converts a SYSTEMTIME, whose eight uint16 are year, month, day of
// week, day, hour, minute, second, millisecond.
func systemTime(b []byte) (time.Time, bool) {
	part := func(i int) int { return int(le.Uint16(b[2*i:])) }
	return date(part(0), part(1), part(3), part(4), part(5), part(6), part(7)*1e6, part(7) < 1000)
}

// maxTimeText is more than a time has characters, also with an offset.
const maxTimeText = 40

// parseTime reads a time as it is written in records without templates:
// 2010-03-01T22:00:14.1234567Z, with any number of digits behind the point. The
// rare other forms of RFC 3339 are left to package time.
func parseTime(b []byte) (time.Time, bool) {
	const form = "0000-00-00T00:00:00"
	if len(b) <= len(form) || b[len(b)-1] != 'Z' {
		t, err := time.Parse(time.RFC3339Nano, string(b))
		return t.UTC().Truncate(100), err == nil
	}
	var parts [6]int
	part := 0
	for i, c := range []byte(form) {
		switch {
		case c != '0' && b[i] == c:
			part++
		case c == '0' && b[i]-'0' <= 9:
			parts[part] = 10*parts[part] + int(b[i]-'0')
		default:
			return time.Time{}, false
		}
	}
	ns, ok := parseFraction(b[len(form) : len(b)-1])
	return date(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], ns, ok)
}

// parseFraction reads a point and digits as nanoseconds, cut to 100.
func parseFraction(b []byte) (ns int, ok bool) {
	if len(b) > 0 && b[0] != '.' {
		return 0, false
	}
	for i, scale := 1, int(1e8); i < len(b); i, scale = i+1, scale/10 {
		if b[i]-'0' > 9 {
			return 0, false
		}
		ns += int(b[i]-'0') * scale
	}
	return ns / 100 * 100, true
}

// date is time.Date for parts that must be in their ranges.
func date(year, month, day, hour, minute, second, ns int, ok bool) (time.Time, bool) {
	t := time.Date(year, time.Month(month), day, hour, minute, second, ns, time.UTC)
	return t, ok && year >= 1601 && year <= 9999 && int(t.Month()) == month && t.Day() == day &&
		t.Hour() == hour && t.Minute() == minute && t.Second() == second
}

func appendTime(dst []byte, t time.Time) []byte {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = append(appendPadded(dst, year, 4), '-')
	dst = append(appendPadded(dst, int(month), 2), '-')
	dst = append(appendPadded(dst, day, 2), 'T')
	dst = append(appendPadded(dst, hour, 2), ':')
	dst = append(appendPadded(dst, minute, 2), ':')
	dst = append(appendPadded(dst, second, 2), '.')
	return append(appendPadded(dst, t.Nanosecond()/100, 7), 'Z')
}

func appendPadded(dst []byte, n, width int) []byte {
	dst = append(dst, "0000000"[:width]...)
	for i := len(dst) - 1; n > 0; i-- {
		dst[i] = '0' + byte(n%10)
		n /= 10
	}
	return dst
}
