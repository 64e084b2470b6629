package scene

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
)

// Logs that were exported as text (CSV, lists, Clixml) often lie beside the log
// itself, and mostly have the times of the clock on the wall. So their events
// wait for what else is in the bundle:
//
//  1. Where the log is there in a better form, that one counts.
//  2. Times without offset are converted by what the computer's own logs say of
//     its time zone (EventLog 6013), near that time.
//  3. Where nothing tells the offset, events are for people: no rule looks at them.
//  4. Exports have no names of fields. Where they are needed, it is the same.

// formRank orders the forms of one log; a lower one says more. What is not in it
// is no form of a log, or one that says all.
var formRank = map[string]int{"clixml": 1, "csv": 2, "list": 3}

// OtherForms finds logs that are there in a better form: source → the better one.
// Both must say the same of the computer and the channel, or if the lesser one
// says nothing of these, lie under the same name but for the ending; and the better
// one must reach as far, and be undamaged.
func OtherForms(sources []*event.Source) map[int]*event.Source {
	found := map[int]*event.Source{}
	logs := logsByForm(sources)
	for _, s := range sources {
		rank := formRank[s.Format]
		if rank == 0 || len(s.Streams) == 0 {
			continue
		}
		same := logs[formsOf(s, s.Streams[:1])[0]]
		same = same[:min(len(same), maxForms)]
		i := slices.IndexFunc(same, func(better *event.Source) bool { return formRank[better.Format] < rank && covers(better, s) })
		if i >= 0 {
			found[s.ID] = same[i]
		}
	}
	return found
}

// maxForms is how many logs of one channel of one computer, or of one name, are looked at
// for each export. Of one in no better form the events count, but those of other logs once.
const maxForms = 500

// logsByForm finds the undamaged logs that something may be another form of.
func logsByForm(sources []*event.Source) map[string][]*event.Source {
	logs := map[string][]*event.Source{}
	for _, s := range sources {
		if !event.IsLog(s.Format) || s.Lost() {
			continue
		}
		keys := append(formsOf(s, s.Streams), event.LogKey(s.Path))
		slices.Sort(keys)
		for _, key := range slices.Compact(keys) {
			logs[key] = append(logs[key], s)
		}
	}
	return logs
}

// formsOf are what the forms of one log have in common: computer and channel of a stream,
// or if it does not say them, the name.
func formsOf(s *event.Source, streams []event.Stream) []string {
	keys := make([]string, len(streams))
	for i := range streams {
		keys[i] = event.LogKey(s.Path)
		if st := &streams[i]; st.Computer != "" && st.Channel != "" {
			short, _, _ := strings.Cut(strings.ToLower(st.Computer), ".")
			keys[i] = short + "\x00" + known.CanonicalChannel(st.Channel)
		}
	}
	return keys
}

func covers(better, s *event.Source) bool {
	sameName := event.LogKey(better.Path) == event.LogKey(s.Path)
	for i := range s.Streams {
		st := &s.Streams[i]
		if !slices.ContainsFunc(better.Streams, func(b event.Stream) bool { return reaches(&b, st, sameName) }) {
			return false
		}
	}
	return true
}

// widestOffset is how far a local time may be from UTC.
const widestOffset = 14*time.Hour + time.Minute

func reaches(b, st *event.Stream, sameName bool) bool {
	switch {
	case st.Computer == "" && !sameName, st.Computer != "" && !sameComputer(b.Computer, st.Computer):
		return false
	case st.Channel == "" && !sameName, st.Channel != "" && known.CanonicalChannel(b.Channel) != known.CanonicalChannel(st.Channel):
		return false
	case st.FirstID > 0 && (st.FirstID < b.FirstID || st.LastID > b.LastID):
		return false
	}
	return st.Records <= b.Records && !st.First.Before(b.First.Add(-widestOffset)) && !st.Last.After(b.Last.Add(widestOffset))
}

// sameComputer compares names, of which one may be short.
func sameComputer(a, b string) bool {
	shortA, _, fullA := strings.Cut(a, ".")
	shortB, _, fullB := strings.Cut(b, ".")
	if fullA && fullB {
		return strings.EqualFold(a, b)
	}
	return strings.EqualFold(shortA, shortB)
}

// isExport reports whether events of a format wait for Build.
func isExport(format string) bool { return formRank[format] > 0 }

// Aside says why no rule looks at the events of a source; "": rules look at them.
func (s *Scene) Aside(source int) string { return s.aside[source] }

// Form returns the better form of a log; nil: there is none.
func (s *Scene) Form(source int) *event.Source { return s.forms[source] }

// sortOut returns those of the exported events, by source, that rules look at.
// Others are the events of the other logs.
func (s *Scene) sortOut(others []*event.Event, exported map[int][]*event.Event) (events []*event.Event) {
	s.forms, s.aside = OtherForms(s.Sources), map[int]string{}
	zones := zonesOf(others)
	for _, src := range s.Sources {
		waiting := exported[src.ID]
		switch {
		case !isExport(src.Format):
		case s.forms[src.ID] != nil:
			s.aside[src.ID] = "the same log is there in a better form, which counts"
		case src.Basis == event.BasisUTC:
			events = append(events, s.readable(src, waiting)...)
		case src.Basis == event.BasisUnknown:
			s.aside[src.ID] = "its times can't be told: its events are listed, and no rule looks at them"
		default:
			inUTC := zones.convert(waiting)
			events = append(events, s.readable(src, inUTC)...)
			if len(inUTC) < len(waiting) || len(waiting) == 0 && src.Records > 0 {
				s.aside[src.ID] = "its times are local, and no log of its computer tells the offset near them (EventLog 6013 in System): such events are listed, and no rule looks at them"
			}
		}
	}
	return events
}

// readByName are the providers of whose events fields are read by their names:
// without these, an event may say less than in its log. All others are read by
// shape and position.
var readByName = []string{backup, servicing}

// readable returns those of exported events that say nothing wrong without the
// names of their fields, and says if there are others: of Servicing, one that
// tells that a hotfix was taken off looks like one that tells of its installation.
func (s *Scene) readable(src *event.Source, events []*event.Event) (list []*event.Event) {
	for _, e := range events {
		if !e.From(servicing) {
			list = append(list, e)
		}
	}
	if len(list) < len(events) {
		s.aside[src.ID] = "it has no names of fields: events of " + servicing + " are listed, and no rule looks at them"
	}
	return list
}

// counted reports whether a stream tells of coverage: not in another form, and
// of an export only if rules see in its events what they would see in the log's:
// those of Clixml, where they have their fields, and need no names.
func (s *Scene) counted(src *event.Source, st *event.Stream) bool {
	switch {
	case s.forms[src.ID] != nil:
		return false
	case !isExport(src.Format):
		return true
	}
	fieldless := func(d event.Damage) bool { return d.Kind == event.DamageFields }
	return src.Format == "clixml" && src.Basis == event.BasisUTC && !slices.ContainsFunc(src.Damage, fieldless) &&
		!slices.ContainsFunc(readByName, func(name string) bool { return containsFold(st.Providers, name) })
}

// zones are what computers say of their time zones: short name in lower case → what is
// to be added to its local time for UTC → when it said so, in order.
type zones map[string]map[time.Duration][]time.Time

// maxZones is how many time zones one computer may be said to be in.
const maxZones = 64

func zonesOf(events []*event.Event) zones {
	z := zones{}
	for _, e := range events {
		if bias, ok := biasOf(e); ok {
			name := shortName(e.Computer)
			if z[name] == nil {
				z[name] = map[time.Duration][]time.Time{}
			}
			z[name][bias] = append(z[name][bias], e.Time)
		}
	}
	for _, told := range z {
		for _, times := range told {
			slices.SortFunc(times, time.Time.Compare)
		}
	}
	return z
}

// biasOf reads the time zone out of EventLog 6013, whose last value is such as
// "-60 W. Europe Standard Time": minutes from local time to UTC.
func biasOf(e *event.Event) (time.Duration, bool) {
	if e.ID != idUptime || !e.From(eventLog) || len(e.Fields) == 0 {
		return 0, false
	}
	for i := len(e.Fields) - 1; i >= 0; i-- {
		if e.Fields[i].Name == "Binary" {
			continue
		}
		number, name, ok := strings.Cut(e.Fields[i].Value, " ")
		minutes, err := strconv.Atoi(number)
		bias := time.Duration(minutes) * time.Minute
		return bias, ok && name != "" && err == nil && bias.Abs() <= widestOffset
	}
	return 0, false
}

// A zone is what one event says of a computer's time zone.
type zone struct {
	at      time.Time
	bias    time.Duration // see zones
	changes int           // how often another one was told until then
}

// zoneList is in the order of time.
type zoneList []zone

func (l zoneList) add(at time.Time, bias time.Duration) zoneList {
	z := zone{at: at, bias: bias}
	if n := len(l); n > 0 {
		z.changes = l[n-1].changes
		if bias != l[n-1].bias {
			z.changes++
		}
	}
	return append(l, z)
}

// between returns the only zone that is told from one time to another, inclusive.
func (l zoneList) between(from, to time.Time) (bias time.Duration, ok bool) {
	byTime := func(z zone, t time.Time) int { return z.at.Compare(t) }
	lo, _ := slices.BinarySearchFunc(l, from, byTime)
	hi, _ := slices.BinarySearchFunc(l, to.Add(1), byTime)
	if lo == hi || l[lo].changes != l[hi-1].changes {
		return 0, false
	}
	return l[lo].bias, true
}

// LocalTime is a time by the computer's own clock, where its log tells the time
// zone near it (EventLog 6013), and tells but one.
func (h *Host) LocalTime(t time.Time) (local time.Time, ok bool) {
	bias, ok := h.zones.between(t.Add(-nearZone), t.Add(nearZone))
	return t.In(time.FixedZone("", -int(bias.Seconds()))), ok
}

// nearZone is how far from an event its computer may have told its time zone: it
// does so daily.
const nearZone = 36 * time.Hour

// convert returns those of the events whose offset is known, in UTC. It leaves
// the events themselves as they are. Where the zone told before and the one told
// after differ, such as on the day when summer time begins, nothing is sure.
func (z zones) convert(events []*event.Event) (inUTC []*event.Event) {
	for _, e := range events {
		if bias, ok := z.at(shortName(e.Computer), e.Time); ok {
			moved := *e
			moved.Time = e.Time.Add(bias)
			inUTC = append(inUTC, &moved)
		}
	}
	return inUTC
}

func (z zones) at(computer string, local time.Time) (bias time.Duration, ok bool) {
	if len(z[computer]) > maxZones {
		return 0, false
	}
	for b, times := range z[computer] {
		if !toldNear(times, local.Add(b)) {
			continue
		}
		if ok {
			return 0, false
		}
		bias, ok = b, true
	}
	return bias, ok
}

// toldNear reports whether one of the times, which are in order, is near another one.
func toldNear(times []time.Time, t time.Time) bool {
	i, _ := slices.BinarySearchFunc(times, t.Add(-nearZone), time.Time.Compare)
	return i < len(times) && !times[i].After(t.Add(nearZone))
}
