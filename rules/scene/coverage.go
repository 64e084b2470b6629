package scene

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
)

// An Interval is a span of time. A zero From means since the log's beginning.
type Interval struct{ From, To time.Time }

// Coverage is the time for which the logs of one channel of one computer can
// show what happened. Outside it, absence of an event means nothing.
type Coverage struct {
	Channel   string     // as the logs spell it
	Intervals []Interval // in order, disjoint
	Sources   []int      // ids of the sources that make it up

	Cleared *Event // the log was cleared, the last time by this; nil: never, as far as is known
	// Wrapped says that the log has no beginning, though it was not cleared: its
	// older records were overwritten.
	Wrapped bool
}

// ClearedBy is the account that cleared the log, or "".
func (c *Coverage) ClearedBy() string {
	if c.Cleared == nil {
		return ""
	}
	name, _ := c.Cleared.Field("SubjectUserName")
	return name
}

// Covers reports whether the whole span is covered. A zero from asks for all
// time before to.
func (c *Coverage) Covers(from, to time.Time) bool {
	if c == nil {
		return false
	}
	i, _ := slices.BinarySearchFunc(c.Intervals, to, func(in Interval, t time.Time) int { return in.To.Compare(t) })
	if i == len(c.Intervals) {
		return false
	}
	begin := c.Intervals[i].From // of the only one that can: they are disjoint
	return begin.IsZero() || !from.IsZero() && !begin.After(from)
}

// Span is the first and the last time covered.
func (c *Coverage) Span() Interval {
	if len(c.Intervals) == 0 {
		return Interval{}
	}
	return Interval{c.Intervals[0].From, c.Intervals[len(c.Intervals)-1].To}
}

// Gaps are the holes between the intervals.
func (c *Coverage) Gaps() []Interval {
	var gaps []Interval
	for i := 1; i < len(c.Intervals); i++ {
		gaps = append(gaps, Interval{c.Intervals[i-1].To, c.Intervals[i].From})
	}
	return gaps
}

// Coverage returns what the bundle covers of a channel of the computer, or nil
// if it has no log of it.
func (h *Host) Coverage(channel string) *Coverage { return h.coverage[known.CanonicalChannel(channel)] }

// Coverages lists the computer's channels in the order of their names.
func (h *Host) Coverages() []*Coverage {
	list := make([]*Coverage, 0, len(h.coverage))
	for _, c := range h.coverage {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *Coverage) int { return strings.Compare(a.Channel, b.Channel) })
	return list
}

// cover computes the coverage of every channel of every computer:
//
//  1. A stream covers from its first record to its last; from the beginning, or
//     from the last clearing before it, if record 1 is there.
//  2. The logs of one computer in one collection were exported together, so
//     each reaches to the latest record of any of them, unless its own end is
//     or may be missing, or the log was cleared meanwhile, so that it is an older copy.
//     Where older copies show several exports in one collection, a log reaches as far
//     as the first of them that it can be of.
//  3. What falls into a gap of the EventRecordIDs is not covered, be it within a
//     stream or before another one of that log: of an older name of the computer, or
//     of an archived log. A stream with many gaps is a filtered export, which is not
//     extended; with too many of them it covers nothing.
//  4. A log without a record covers all that time, and shows nothing.
func (s *Scene) cover() {
	ends := s.findExports()
	runs := map[*Coverage]*timeline{}
	s.eachStream(func(h *Host, src *event.Source, st *event.Stream) {
		c := h.addStream(src, st)
		if runs[c] == nil {
			runs[c] = &timeline{}
		}
		runs[c].add(st)
	})
	for _, t := range runs {
		t.sort()
	}
	s.eachStream(func(h *Host, src *event.Source, st *event.Stream) {
		c := h.Coverage(st.Channel)
		h.coverStream(c, src, st, ends.after(h, src, st.Last), runs[c])
	})
	for _, h := range s.Hosts {
		for _, src := range h.empty {
			h.addEmpty(src, ends.after(h, src, time.Time{}))
		}
		for _, c := range h.coverage {
			c.Intervals = union(c.Intervals)
		}
		// A node's cluster log may be quiet; that it has one makes it a node.
		h.cluster = h.cluster || h.Coverage(known.ClusterOper) != nil
	}
}

func (h *Host) channel(name string, src *event.Source) *Coverage {
	key := known.CanonicalChannel(name)
	c := h.coverage[key]
	if c == nil {
		c = &Coverage{Channel: name}
		if n := len(h.cleared[key]); n > 0 {
			c.Cleared = h.cleared[key][n-1]
		}
		h.coverage[key] = c
	}
	if n := len(c.Sources); n == 0 || c.Sources[n-1] != src.ID { // one that has several names of the computer
		c.Sources = append(c.Sources, src.ID)
	}
	return c
}

// addStream notes that the channel has a stream.
func (h *Host) addStream(src *event.Source, st *event.Stream) *Coverage {
	first := h.Coverage(st.Channel) == nil
	c := h.channel(st.Channel, src)
	// One copy that has record 1, or that is filtered, and nothing is known to be missing.
	c.Wrapped = (first || c.Wrapped) && st.FirstID > 1 && !st.Sparse && c.Cleared == nil
	return c
}

// coverStream adds what a stream covers.
func (h *Host) coverStream(c *Coverage, src *event.Source, st *event.Stream, latest time.Time, all *timeline) {
	if st.Sparse {
		return
	}
	beginning := st.First
	if cleared := h.clearedAt(st.Channel, st.Last); st.FirstID == 1 && !cleared.After(st.First) && !filtered(st) {
		beginning = cleared
	}
	runs := runsOf(st)
	for i, r := range runs {
		in := Interval{r.from, all.reach(r, latest)}
		if i == 0 {
			in.From = beginning
		}
		whole := i == len(runs)-1 && !cutOff(src) && !filtered(st) && !h.clearedAt(st.Channel, latest).After(st.Last)
		if in.To.Equal(latest) && !whole || in.To.Before(r.to) {
			in.To = r.to
		}
		if in.To.After(in.From) || i == len(runs)-1 {
			c.Intervals = append(c.Intervals, in)
		}
	}
}

// filtered reports whether a stream is of some records only, picked by what they are: a
// log that lost a part of them has many between two gaps, and most of all. What such a
// stream lacks before its first record and behind its last one is not known.
func filtered(st *event.Stream) bool {
	gaps := uint64(len(st.Gaps))
	return 3*gaps > st.Records || gaps > 3 && 2*st.Records < st.LastID-st.FirstID
}

// A run is records of a stream without a gap between their ids.
type run struct {
	lo, hi   uint64
	from, to time.Time
}

func (r run) compare(o run) int { return cmp.Or(r.from.Compare(o.from), cmp.Compare(r.lo, o.lo)) }

func runsOf(st *event.Stream) []run {
	var runs []run
	r := run{lo: st.FirstID, from: st.First}
	for _, g := range st.Gaps {
		r.hi, r.to = g.AfterID, g.From
		runs = append(runs, r)
		r = run{lo: g.BeforeID, from: g.To}
	}
	r.hi, r.to = st.LastID, st.Last
	return append(runs, r)
}

// A timeline is the runs of all streams of a channel, by the time when they begin.
type timeline struct {
	runs   []run
	latest []time.Time // when the last of those up to this one ends
}

func (t *timeline) add(st *event.Stream) {
	if !st.Sparse {
		t.runs = append(t.runs, runsOf(st)...)
	}
}

func (t *timeline) sort() {
	slices.SortFunc(t.runs, run.compare)
	t.latest = make([]time.Time, len(t.runs))
	for i, r := range t.runs {
		t.latest[i] = r.to
		if i > 0 {
			t.latest[i] = later(r.to, t.latest[i-1])
		}
	}
}

// reach tells until when no record is missing behind a run whose collection was made
// at a time: till then, unless a later run shows that there were more. Where that one
// goes on with the next id, it is till there.
func (t *timeline) reach(r run, until time.Time) time.Time {
	next, _ := slices.BinarySearchFunc(t.runs, r.to, func(other run, to time.Time) int {
		if other.from.After(to) {
			return 1
		}
		return -1
	})
	if next > 0 && t.latest[next-1].After(r.to) {
		return r.to // the other one goes on
	}
	if next == len(t.runs) || t.runs[next].from.After(until) {
		return until
	}
	begins := t.runs[next].from
	if _, ok := slices.BinarySearchFunc(t.runs, run{lo: r.hi + 1, from: begins}, run.compare); ok {
		return begins
	}
	return r.to
}

// cutOff reports whether the end of a log may be missing, so that it can't be said
// to reach as far as the others of its collection. Records that were lost leave a
// gap only before others.
func cutOff(src *event.Source) bool { return src.Err != "" || src.Lost() }

func (h *Host) addEmpty(src *event.Source, latest time.Time) {
	name := channelOfFile(src.Path)
	if name == "" || src.Lost() || latest.IsZero() {
		return
	}
	c := h.channel(name, src)
	c.Intervals = append(c.Intervals, Interval{h.clearedAt(name, latest), latest})
}

// channelOfFile guesses the channel of a log without records from its file's
// name: "/" is written %4 or "-", and bundles put the computer's name and
// "_evt_" before it.
func channelOfFile(label string) string {
	base := path.Base(strings.ReplaceAll(label, "!", ""))
	base = strings.TrimSuffix(base, path.Ext(base))
	if _, after, ok := strings.Cut(base, "_evt_"); ok {
		base = after
	}
	name := known.CanonicalChannel(base)
	for _, ch := range known.AllChannels() {
		if canon := known.CanonicalChannel(ch); name == canon || strings.HasSuffix(name, "_"+canon) {
			return ch
		}
	}
	return ""
}

// anyChannel stands for the channel that was cleared where the event does not name it.
const anyChannel = ""

// clearedAt is when a channel's log was last cleared until then, zero if never.
func (h *Host) clearedAt(channel string, until time.Time) time.Time {
	var at time.Time
	for _, list := range [][]*Event{h.cleared[known.CanonicalChannel(channel)], h.cleared[anyChannel]} {
		if last, _ := around(list, until); last != nil {
			at = later(at, last.Time)
		}
	}
	return at
}

// union merges overlapping intervals.
func union(list []Interval) []Interval {
	slices.SortFunc(list, func(a, b Interval) int { return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To)) })
	var out []Interval
	for _, in := range list {
		if n := len(out); n > 0 && !in.From.After(out[n-1].To) {
			if in.To.After(out[n-1].To) {
				out[n-1].To = in.To
			}
			continue
		}
		out = append(out, in)
	}
	return out
}
