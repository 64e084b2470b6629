package query

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A moment is a time as a query gives it.
type moment struct {
	kind momentKind
	time time.Time     // of an absolute moment
	span time.Duration // since midnight, or from the last event or the since
}

type momentKind uint8

const (
	absolute   momentKind = iota // 2010-03-14T22:00
	clock                        // 22:00
	beforeLast                   // -2h; span is positive
	afterSince                   // +30m
)

const day = 24 * time.Hour

// units are those of relative times, the largest first.
var units = []struct {
	letter byte
	length time.Duration
}{{'w', 7 * day}, {'d', day}, {'h', time.Hour}, {'m', time.Minute}, {'s', time.Second}}

// maxSpan bounds relative times, far above the age of any event log.
const maxSpan = 100 * 365 * day

func parseSince(op string, words []word) (value, *mistake) {
	v, wrong := parseUntil(op, words)
	if m, ok := v.(moment); ok && m.kind == afterSince {
		return nil, &mistake{words[0], "only until: can be after since:", "want 2010-03-14T22:00, 22:00 or -2h"}
	}
	return v, wrong
}

func parseUntil(_ string, words []word) (value, *mistake) {
	if len(words) > 1 {
		return nil, &mistake{words[1], "a list of times makes no sense", ""}
	}
	m, ok := parseMoment(words[0].text)
	if !ok {
		return nil, &mistake{words[0], fmt.Sprintf("%q is no time", words[0].text), "want 2010-03-14, 2010-03-14T22:00, 22:00, -2h or, after until:, +30m; always UTC"}
	}
	return m, nil
}

func parseMoment(s string) (moment, bool) {
	switch {
	case strings.HasPrefix(s, "-"):
		span, ok := parseSpan(s[1:])
		return moment{kind: beforeLast, span: span}, ok
	case strings.HasPrefix(s, "+"):
		span, ok := parseSpan(s[1:])
		return moment{kind: afterSince, span: span}, ok
	}
	s = strings.TrimSuffix(strings.TrimSuffix(s, "Z"), "z")
	for _, layout := range []string{"2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return moment{kind: absolute, time: t}, true
		}
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return moment{kind: clock, span: t.Sub(t.Truncate(day))}, true
		}
	}
	return moment{}, false
}

// parseSpan reads 90m, 1d12h.
func parseSpan(s string) (time.Duration, bool) {
	var sum time.Duration
	for rest := s; rest != ""; {
		digits := 0
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		if digits == len(rest) {
			return 0, false
		}
		n, err := strconv.ParseInt(rest[:digits], 10, 64)
		unit := unitLength(rest[digits])
		if err != nil || unit == 0 || time.Duration(n) > (maxSpan-sum)/unit {
			return 0, false
		}
		sum += time.Duration(n) * unit
		rest = rest[digits+1:]
	}
	return sum, s != ""
}

func unitLength(letter byte) time.Duration {
	for _, u := range units {
		if u.letter == letter {
			return u.length
		}
	}
	return 0
}

func (m moment) text() string {
	switch m.kind {
	case clock:
		return ":" + trimSeconds(time.Time{}.Add(m.span).Format("15:04:05.999999999"))
	case beforeLast:
		return ":-" + spanText(m.span)
	case afterSince:
		return ":+" + spanText(m.span)
	}
	return ":" + strings.TrimSuffix(trimSeconds(m.time.Format("2006-01-02T15:04:05.999999999")), "T00:00")
}

func trimSeconds(s string) string {
	if strings.Count(s, ":") == 2 {
		s = strings.TrimSuffix(s, ":00")
	}
	return s
}

func spanText(d time.Duration) string {
	var b strings.Builder
	for _, u := range units {
		if n := d / u.length; n > 0 {
			fmt.Fprintf(&b, "%d%c", n, u.letter)
			d -= n * u.length
		}
	}
	if b.Len() == 0 {
		return "0s"
	}
	return b.String()
}
