package export

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
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
// with or without seconds and the half of the day, as the cultures of Windows have
// them: 3/14/2010 11:02:31 PM, 14.03.2010 23:02:31, 14. 3. 2010 23.02.31,
// 2010. 03. 14. 23:02:31, 2010/3/14 下午 11:02:31.
func parseNumeric(s string, o order) (m moment, ok bool) {
	p, ok := splitMoment(s)
	if !ok {
		return m, false
	}
	date, clock := p.numbers[:3], p.numbers[3:]
	hour, ok := hourOf(clock[0], p.half())
	if !ok {
		return m, false
	}
	a, b, year := date[0], date[1], date[2]
	sure := false
	switch {
	case a > 31:
		year, a, b, o, sure = date[0], date[1], date[2], monthFirst, true
	case p.between[1][0] == '.': // nobody writes months first with these
		o, sure = dayFirst, true
	}
	if year > buddhist+1990 {
		year -= buddhist
	}
	at := func(month, day int) time.Time {
		t := time.Date(year, time.Month(month), day, hour, clock[1], clock[2], 0, time.UTC)
		if year < 1990 || year > 2200 || t.Day() != day || int(t.Month()) != month || t.Minute() != clock[1] || t.Second() != clock[2] {
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

// buddhist is how many years the calendar of Thailand is ahead.
const buddhist = 543

// momentParts are the numbers of a date and a time, and what stands before,
// between and behind them.
type momentParts struct {
	numbers [6]int // the seconds are 0 if there are none
	between [7]string
	n       int // of the numbers
}

// splitMoment splits a date and a time, if the text is of their shape.
func splitMoment(s string) (p momentParts, ok bool) {
	for {
		i := strings.IndexFunc(s, isDigit)
		if i < 0 {
			break
		}
		p.between[p.n], s = s[:i], s[i:]
		end := strings.IndexFunc(s, func(r rune) bool { return !isDigit(r) })
		if end < 0 {
			end = len(s)
		}
		if p.n == len(p.numbers) || end > len("2010") {
			return p, false
		}
		p.numbers[p.n], _ = strconv.Atoi(s[:end])
		p.n, s = p.n+1, s[end:]
	}
	p.between[p.n] = s
	return p, p.n >= 5 && p.isShaped()
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

func (p *momentParts) isShaped() bool {
	inDate := strings.TrimSpace(p.between[1])
	inClock := p.between[4]
	return p.between[0] == "" && len(inDate) == 1 && strings.Contains("/.-", inDate) && strings.HasPrefix(p.between[1], inDate) &&
		strings.TrimSpace(p.between[2]) == inDate &&
		strings.ContainsFunc(p.between[3], func(r rune) bool { return unicode.IsSpace(r) || r == ',' }) &&
		(inClock == ":" || inClock == ".") && (p.n == 5 || p.between[5] == inClock)
}

// half is the word for the half of the day, in lower case and without dots and
// blanks: Chinese and Korean have it before the time. Other words are Danish "kl."
// and Bulgarian "г.", behind the year.
func (p *momentParts) half() string {
	plain := strings.NewReplacer(".", "", ",", "").Replace(strings.ToLower(p.between[3] + " " + p.between[p.n]))
	words := slices.DeleteFunc(strings.Fields(plain), func(word string) bool { return word == "kl" || word == "г" })
	return strings.Join(words, "")
}

// halves are those of English, Spanish, Greek, Chinese, Japanese and Korean: whether
// it is the second one.
var halves = map[string]bool{
	"am": false, "πμ": false, "上午": false, "午前": false, "오전": false,
	"pm": true, "μμ": true, "下午": true, "午後": true, "오후": true,
}

func hourOf(hour int, half string) (int, bool) {
	if half == "" {
		return hour, hour < 24
	}
	second, known := halves[half]
	if !known || hour < 1 || hour > 12 {
		return 0, false
	}
	if hour %= 12; second {
		hour += 12
	}
	return hour, true
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
