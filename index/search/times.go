package search

import (
	"fmt"
	"strconv"
	"time"
)

// The field time has a document's time as 23 digits, so that terms stand in
// order of time; trailing zeros of the fraction are left out:
//
//	02010 03 14 22 05 12 .1234567
//	year  mo da ho mi se fraction
//
// The field when has five terms, each the beginning of it behind a letter for
// its length, so that those of one length stand together:
//
//	a0201003  b020100314  c02010031422  d020100314220  e0201003142205
//	month     day         hour          ten minutes    minute
//
// A range of time is then a few ranges of such terms, and, at its two edges, of
// whole times within one minute. A datetime field of bleve costs twice the CPU
// of all other fields together, and a range over whole times takes seconds in a
// million events.
const timeLayout = "20060102150405.999999999"

// levels are the lengths of time that when has, the largest first.
var levels = [...]struct {
	digits int // of the time
	floor  func(time.Time) time.Time
	next   func(time.Time) time.Time // of a floor
}{
	{7, func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC) },
		func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }},
	{9, truncate(24 * time.Hour), add(24 * time.Hour)},
	{11, truncate(time.Hour), add(time.Hour)},
	{12, truncate(10 * time.Minute), add(10 * time.Minute)},
	{13, truncate(time.Minute), add(time.Minute)},
}

func truncate(d time.Duration) func(time.Time) time.Time {
	return func(t time.Time) time.Time { return t.Truncate(d) }
}

func add(d time.Duration) func(time.Time) time.Time {
	return func(t time.Time) time.Time { return t.Add(d) }
}

// Times are kept within these: FILETIME ends in 30828, and year 0 is before
// the zero time of an event without a time. endTime is after all.
var (
	minTime = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	maxTime = time.Date(99_998, 1, 1, 0, 0, 0, 0, time.UTC)
	endTime = maxTime.AddDate(1, 0, 0)
)

func clampTime(t time.Time) time.Time {
	switch t = t.UTC(); {
	case t.Before(minTime):
		return minTime
	case t.After(maxTime):
		return maxTime
	}
	return t
}

// timeTerm returns the term of a time, which is clamped.
func timeTerm(t time.Time) string {
	b := make([]byte, 0, len("0")+len(timeLayout))
	if t.Year() <= 9999 {
		b = append(b, '0')
	}
	b = t.AppendFormat(b, timeLayout)
	if len(b) > wholeSeconds { // the point of a fraction is in the way of order
		b = append(b[:wholeSeconds], b[wholeSeconds+1:]...)
	}
	return string(b)
}

// wholeSeconds is the length of a time's term without a fraction.
const wholeSeconds = len("020100314220512")

// parseTimeTerm is the inverse of timeTerm. Terms come from files.
func parseTimeTerm(term string) (time.Time, error) {
	if len(term) < wholeSeconds {
		return time.Time{}, fmt.Errorf("%q is no time", term)
	}
	year, err := strconv.Atoi(term[:5])
	if err != nil {
		return time.Time{}, err
	}
	t, err := time.Parse("0102150405.999999999", term[5:wholeSeconds]+"."+term[wholeSeconds:]+"0")
	return t.AddDate(year-t.Year(), 0, 0), err
}

// whenTerm returns the term of a level for a time's term.
func whenTerm(level int, timeTerm string) string {
	return string(rune('a'+level)) + timeTerm[:levels[level].digits]
}

// A termRange is the terms of a field from low up to and without high.
type termRange struct{ field, low, high string }

// timeRanges returns the ranges of terms of when and time that together are the
// documents from one time up to and without another: whole months, and what is
// left on both sides of them in days, and so on.
func timeRanges(from, to time.Time) []termRange { return rangesBelow(0, from, to) }

func rangesBelow(level int, from, to time.Time) []termRange {
	if !from.Before(to) {
		return nil
	}
	if level == len(levels) {
		return []termRange{{fieldTime, timeTerm(from), timeTerm(to)}}
	}
	l := levels[level]
	low, high := l.floor(from), l.floor(to)
	if low.Before(from) {
		low = l.next(low)
	}
	if !low.Before(high) {
		return rangesBelow(level+1, from, to)
	}
	whole := termRange{fieldWhen, whenTerm(level, timeTerm(low)), whenTerm(level, timeTerm(high))}
	return append(append([]termRange{whole}, rangesBelow(level+1, from, low)...), rangesBelow(level+1, high, to)...)
}
