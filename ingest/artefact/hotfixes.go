package artefact

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// knownHotfixes asks for an object with HotFixID, whose values are ids.
func knownHotfixes(t *text) bool {
	for r := range t.records() {
		if isHotfixID(r.get("hotfixid").text) {
			return true
		}
	}
	return false
}

var anyHotfix = pattern(`^(KB\d{5,8}(-v\d+)?|Q\d{6}|File \d+|` + guidPattern + `)$`)

func isHotfixID(s string) bool { return anyHotfix().MatchString(s) }

// A hotfixList is what the text lists of one computer.
type hotfixList struct {
	host  string
	first line
	count int
}

func readHotfixes(t *text, f *facts) {
	order := dateOrderOf(t)
	var lists []*hotfixList
	byHost := map[string]*hotfixList{}
	for r := range t.records() {
		id := r.get("hotfixid")
		if !isHotfixID(id.text) {
			continue
		}
		host := r.get("csname", "pscomputername", "__server", "node", "source").text
		list := byHost[host]
		if list == nil && len(lists) < maxFacts {
			list = &hotfixList{host: host, first: id.line}
			byHost[host] = list
			lists = append(lists, list)
		}
		if list != nil {
			list.count++
		}
		if kb := hotfixID().FindString(id.text); kb != "" {
			day := parseDay(r.get("installedon", "installdate").text, order)
			f.add(id.line, event.Fact{Host: host, Key: event.FactHotfix, Value: strings.ToUpper(kb), Time: day})
		}
	}
	for _, list := range lists {
		fact := event.Fact{Host: list.host, Key: event.FactHotfixList, Value: strconv.Itoa(list.count)}
		if list.count == 1 {
			fact.Note = "the list may be partial: it has a single entry"
		}
		f.add(list.first, fact)
	}
}

// A dateOrder says how dates with slashes are to be read.
type dateOrder uint8

const (
	orderUnknown dateOrder = iota
	monthFirst
	dayFirst
)

var (
	slashDate  = pattern(`^(\d{1,2})/(\d{1,2})/(\d{4})\b`)
	dottedDate = pattern(`^(\d{1,2})\. ?(\d{1,2})\. ?(\d{4})\b`)
	isoDate    = pattern(`^(\d{4})-(\d{2})-(\d{2})(?:T|\s|$)`)
	plainDate  = pattern(`^(\d{4})(\d{2})(\d{2})(?:\d{6}\.\d+[+-]\d+)?$`)
	hexTime    = pattern(`^[0-9a-fA-F]{16}$`)
)

// dateOrderOf tells the order of day and month from the dates of a text that
// allow only one. If they contradict each other, it is unknown.
func dateOrderOf(t *text) dateOrder {
	var month, day bool
	for r := range t.records() {
		if m := slashDate().FindStringSubmatch(r.get("installedon", "installdate").text); m != nil {
			month = month || atoi(m[2]) > 12
			day = day || atoi(m[1]) > 12
		}
	}
	switch {
	case month && !day:
		return monthFirst
	case day && !month:
		return dayFirst
	}
	return orderUnknown
}

// parseDay reads a day of installation, and returns the zero time for what it
// can't read or could read in two ways:
//
//	10/14/2009         month first, day first, or unknown: then only if both agree
//	14.10.2009         day first, everywhere
//	2009-10-14…, 20091014, 20091014101500.000000+060
//	01ca4cabd1d0e100   FILETIME in hex: wmic in Windows Server 2008
func parseDay(s string, order dateOrder) time.Time {
	if m := slashDate().FindStringSubmatch(s); m != nil {
		a, b, year := atoi(m[1]), atoi(m[2]), atoi(m[3])
		switch {
		case order == monthFirst, a == b:
			return day(year, a, b)
		case order == dayFirst:
			return day(year, b, a)
		}
		return time.Time{}
	}
	if m := dottedDate().FindStringSubmatch(s); m != nil {
		return day(atoi(m[3]), atoi(m[2]), atoi(m[1]))
	}
	for _, form := range []*regexp.Regexp{isoDate(), plainDate()} {
		if m := form.FindStringSubmatch(s); m != nil {
			return day(atoi(m[1]), atoi(m[2]), atoi(m[3]))
		}
	}
	if hexTime().MatchString(s) {
		return fileTimeDay(s)
	}
	return time.Time{}
}

func atoi(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}

func day(year, month, d int) time.Time {
	t := time.Date(year, time.Month(month), d, 0, 0, 0, 0, time.UTC)
	if t.Day() != d || t.Month() != time.Month(month) {
		return time.Time{}
	}
	return t
}

// fileTimeDay returns the day of a FILETIME: units of 100 ns since 1601. Only
// times since 1970 are taken.
func fileTimeDay(hex string) time.Time {
	const unixEpoch = 116444736000000000
	n, err := strconv.ParseUint(hex, 16, 63)
	if err != nil || n < unixEpoch {
		return time.Time{}
	}
	return time.Unix(int64((n-unixEpoch)/1e7), 0).UTC().Truncate(24 * time.Hour)
}
