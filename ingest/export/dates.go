package export

import (
	"strconv"
	"strings"
	"time"
)

// An order is that of day and month in dates such as 3/4/2010.
type order uint8

const (
	monthFirst order = iota
	dayFirst
)

// A moment is a time as a text has it.
type moment struct {
	at    time.Time // in UTC if exact; else of the clock on the wall, as if it were UTC
	exact bool      // it has its offset
	other time.Time // with day and month the other way round, where both are possible
}

// layouts of times that leave no doubt about day and month. Fractions of a second
// are taken whatever their number of digits.
var layouts = []struct {
	layout string
	exact  bool
}{
	{"2006-01-02T15:04:05Z07:00", true},
	{"2006-01-02T15:04:05", false},
	{"2006-01-02 15:04:05", false},
	{"2006/01/02 15:04:05", false},
	{"2006-01-02 15:04", false},
}

// parseMoment reads a time.
func parseMoment(s string, o order) (moment, bool) {
	s = strings.TrimSpace(s)
	if len(s) < len("2006-01-02 15:04") || s[4] != '-' && s[4] != '/' {
		return parseNumeric(s, o)
	}
	for _, l := range layouts {
		if t, err := time.Parse(l.layout, s); err == nil {
			return moment{at: t.UTC(), exact: l.exact}, true
		}
	}
	return parseNumeric(s, o)
}

// parseNumeric reads dates of numbers, with the year last or first, and a time
// with or without seconds and AM or PM: 3/14/2010 11:02:31 PM, 14.03.2010 23:02:31.
func parseNumeric(s string, o order) (m moment, ok bool) {
	fields := strings.Fields(strings.ReplaceAll(s, ",", " "))
	if len(fields) < 2 {
		return m, false
	}
	date, ok := numbers(fields[0], "/.-")
	clock, also := numbers(fields[1], ":")
	if !ok || !also || len(date) != 3 || len(clock) < 2 {
		return m, false
	}
	hour, ok := hourOf(clock[0], strings.ToLower(strings.ReplaceAll(strings.Join(fields[2:], ""), ".", "")))
	if !ok {
		return m, false
	}
	second := 0
	if len(clock) > 2 {
		second = clock[2]
	}
	a, b, year := date[0], date[1], date[2]
	sure := false
	switch {
	case a > 31:
		year, a, b, o, sure = date[0], date[1], date[2], monthFirst, true
	case strings.ContainsRune(fields[0], '.'): // nobody writes months first with these
		o, sure = dayFirst, true
	}
	at := func(month, day int) time.Time {
		t := time.Date(year, time.Month(month), day, hour, clock[1], second, 0, time.UTC)
		if year < 1990 || year > 2200 || t.Day() != day || int(t.Month()) != month || t.Minute() != clock[1] || t.Second() != second {
			return time.Time{}
		}
		return t
	}
	m.at, m.other = at(a, b), at(b, a)
	if o == dayFirst {
		m.at, m.other = m.other, m.at
	}
	if sure {
		m.other = time.Time{}
	}
	return m, !m.at.IsZero()
}

func hourOf(hour int, half string) (int, bool) {
	switch half {
	case "":
		return hour, hour < 24
	case "am", "pm":
		if hour < 1 || hour > 12 {
			return 0, false
		}
		if hour %= 12; half == "pm" {
			hour += 12
		}
		return hour, true
	}
	return 0, false
}

// numbers splits digits at one of the separators.
func numbers(s, separators string) (list []int, ok bool) {
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 {
			return nil, false
		}
		list = append(list, n)
	}
	return list, true
}

// A decider sees all dates of a text, and tells the order of day and month: by a
// number that can't be a month, or else by the order of the records, which is
// that of time, whichever way.
type decider struct {
	monthOnly  int // dates that are one with the month first, and not the other way
	dayOnly    int
	either     int
	month, day trend
}

// A trend is whether times only ever rise, or only ever fall.
type trend struct {
	last     time.Time
	up, down bool
	days     int // that differ from the one before
}

func (t *trend) add(at time.Time) {
	if !at.Truncate(24 * time.Hour).Equal(t.last.Truncate(24 * time.Hour)) {
		t.days++
	}
	if !t.last.IsZero() {
		t.up = t.up || at.After(t.last)
		t.down = t.down || at.Before(t.last)
	}
	t.last = at
}

func (t *trend) steady() bool { return !(t.up && t.down) }

// enoughDays is how many days have to be in order: a few are so by chance in the
// wrong order, too, above all where logs of two channels stand behind each other.
const enoughDays = 8

func (d *decider) add(s string) {
	m, ok := parseMoment(s, monthFirst)
	if !ok {
		if _, ok := parseMoment(s, dayFirst); ok {
			d.dayOnly++
		}
		return
	}
	switch {
	case m.exact:
		return
	case m.other.IsZero():
		if asksOrder(s) {
			d.monthOnly++
		}
		return
	}
	d.either++
	d.month.add(m.at)
	d.day.add(m.other)
}

// asksOrder reports whether a date is of those whose order differs.
func asksOrder(s string) bool {
	first, _, _ := strings.Cut(strings.TrimSpace(s), " ")
	date, ok := numbers(first, "/-")
	return ok && len(date) == 3 && date[0] <= 31
}

// order returns the order, and whether it is sure; without a date that asks, any
// is.
func (d *decider) order() (o order, sure bool) {
	switch {
	case d.monthOnly > 0 && d.dayOnly == 0:
		return monthFirst, true
	case d.dayOnly > 0 && d.monthOnly == 0:
		return dayFirst, true
	case d.monthOnly > 0: // a text of two makes
		return monthFirst, false
	case d.either == 0:
		return monthFirst, true
	case d.month.steady() && !d.day.steady():
		return monthFirst, d.month.days >= enoughDays
	case d.day.steady() && !d.month.steady():
		return dayFirst, d.day.days >= enoughDays
	}
	return monthFirst, false
}
