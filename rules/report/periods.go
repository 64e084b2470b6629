package report

import (
	"slices"
	"time"
)

// Periods cut the time of a chart into days, weeks, months or years, whichever are
// no more than can be told apart.
type periods struct {
	unit   string // "day"
	labels []string
	index  map[string]int // of labels
	label  func(time.Time) string
}

// maxPeriods is how many bars a chart has at most, but for years.
const maxPeriods = 60

// newPeriods covers days such as "2010-03-14"; nil if there are none.
func newPeriods(days []string) *periods {
	days = slices.DeleteFunc(slices.Clone(days), func(d string) bool { _, err := time.Parse(time.DateOnly, d); return err != nil })
	if len(days) == 0 {
		return nil
	}
	first, _ := time.Parse(time.DateOnly, slices.Min(days))
	last, _ := time.Parse(time.DateOnly, slices.Max(days))
	span := int(last.Sub(first).Hours()/24) + 1
	p := &periods{index: map[string]int{}}
	step := func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }
	switch {
	case span <= maxPeriods:
		p.unit, p.label = "day", func(t time.Time) string { return t.Format(time.DateOnly) }
	case span <= maxPeriods*7:
		p.unit, p.label = "week", func(t time.Time) string { return monday(t).Format(time.DateOnly) }
	case span <= maxPeriods*30:
		p.unit, p.label = "month", func(t time.Time) string { return t.Format("2006-01") }
	default:
		p.unit, p.label = "year", func(t time.Time) string { return t.Format("2006") }
		first = time.Date(first.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
		step = func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }
	}
	for t := first; !t.After(last); t = step(t) {
		p.add(p.label(t))
	}
	p.add(p.label(last))
	return p
}

func (p *periods) add(label string) {
	if _, ok := p.index[label]; !ok {
		p.index[label] = len(p.labels)
		p.labels = append(p.labels, label)
	}
}

// of is the period of a day; false if it is no day.
func (p *periods) of(day string) (int, bool) {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return 0, false
	}
	i, ok := p.index[p.label(t)]
	return i, ok
}

// monday is that of a day's week.
func monday(t time.Time) time.Time {
	return t.AddDate(0, 0, -(int(t.Weekday())+6)%7)
}
