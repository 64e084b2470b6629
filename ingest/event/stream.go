package event

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// A StreamBuilder sums up the records of one source as Streams. Records may
// come in any order: Event Viewer exports the newest first, a ring buffer
// starts in the middle, and workers each see some pieces of a log. What it
// returns does not depend on that order.
//
// It keeps the ids as runs without holes. A log of a living machine is one run
// or a few; only a filtered export has about one per record, and it is the one
// whose runs are given up (Stream.Sparse) when the bound on them is reached.
//
// The zero value is ready to use. It is not safe for concurrent use: give each
// worker its own, and Merge them.
type StreamBuilder struct {
	streams  map[streamKey]*stream
	last     *stream // the stream of the last record: mostly that of the next
	runs     int     // of all streams
	names    int     // bytes of all names kept
	unlisted uint64
	one      [1]string // the provider of the record that is added
}

// Bounds on what a hostile source can make a StreamBuilder keep.
const (
	maxRuns      = 1 << 17 // of 64 bytes
	maxNameBytes = 4 << 20
	nameOverhead = 128 // what a map entry and a stream cost beside the name itself
)

type streamKey struct{ computer, channel string }

type stream struct {
	key          streamKey
	records      uint64
	first, last  time.Time
	low, high    uint64 // of the ids; 0 if none had one
	runs         []run  // the last one is open: it grows while ids follow each other
	sparse       bool
	providers    map[string]struct{}
	lastProvider string
}

// A run is a range of ids without a hole, with the times of its two ends.
// Where an id repeats with another time, an end keeps the time that makes the
// gap beside it wider: the earliest at hi, the latest at lo.
type run struct {
	lo, hi   uint64
	tLo, tHi time.Time
}

// A Run is records of one stream that a reader met one after the other, each with
// the id that follows the one before.
type Run struct {
	Computer, Channel string
	Providers         []string // of the records
	Records           uint64

	FirstID, LastID  uint64    // 0: one record, without an id
	First, Last      time.Time // of these two; zero: it bears none
	Earliest, Latest time.Time // of all records that bear one
}

// Add counts one record. A record without an id (0) counts, but says nothing
// of gaps; one without a time (zero) leaves First and Last alone.
func (b *StreamBuilder) Add(computer, channel string, id uint64, t time.Time, provider string) {
	b.one[0] = provider
	b.AddRun(&Run{computer, channel, b.one[:], 1, id, id, t, t, t, t})
}

// AddRun counts records, as Add does each of them. It copies the names that it
// keeps, and allocates nothing once a stream, its providers and its runs are known.
func (b *StreamBuilder) AddRun(r *Run) {
	s := b.stream(streamKey{r.Computer, r.Channel})
	if s == nil {
		b.unlisted += r.Records
		return
	}
	s.records += r.Records
	s.span(r.Earliest, r.Latest)
	s.reach(r.FirstID, r.LastID)
	for _, p := range r.Providers {
		if p != s.lastProvider && !b.addProvider(s, p) {
			b.unlisted++
		}
	}
	if ids := (run{r.FirstID, r.LastID, r.First, r.Last}); ids.lo != 0 && !s.sparse && !s.extend(ids) {
		s.runs = append(s.runs, ids)
		b.runs++
		b.bound()
	}
}

// Merge adds all that other has counted. Other must not be used afterwards.
func (b *StreamBuilder) Merge(other *StreamBuilder) {
	b.unlisted += other.unlisted
	for _, key := range slices.SortedFunc(maps.Keys(other.streams), streamKey.compare) {
		from := other.streams[key]
		s := b.stream(key)
		if s == nil {
			b.unlisted += from.records
			continue
		}
		s.records += from.records
		s.span(from.first, from.last)
		s.reach(from.low, from.high)
		for _, p := range slices.Sorted(maps.Keys(from.providers)) {
			if !b.addProvider(s, p) {
				b.unlisted++
			}
		}
		if from.sparse {
			b.giveUp(s)
		}
		if !s.sparse {
			s.runs = append(s.runs, from.runs...)
			b.runs += len(from.runs)
			b.bound()
		}
	}
}

// Streams returns what was counted, in order of computer and channel.
func (b *StreamBuilder) Streams() []Stream {
	var out []Stream
	for _, key := range slices.SortedFunc(maps.Keys(b.streams), streamKey.compare) {
		out = append(out, b.streams[key].sum())
	}
	return out
}

// Unlisted returns the number of records whose computer, channel or provider
// is missing from Streams, because the source has more distinct names than are
// kept. Readers report it as DamageLimit.
func (b *StreamBuilder) Unlisted() uint64 { return b.unlisted }

func (k streamKey) compare(o streamKey) int {
	return cmp.Or(strings.Compare(k.computer, o.computer), strings.Compare(k.channel, o.channel))
}

// stream returns the stream of a key, and makes it if there is room for it.
func (b *StreamBuilder) stream(key streamKey) *stream {
	if b.last != nil && b.last.key == key {
		return b.last
	}
	s := b.streams[key]
	if s == nil {
		if !b.reserve(len(key.computer) + len(key.channel) + nameOverhead) {
			return nil
		}
		if b.streams == nil {
			b.streams = map[streamKey]*stream{}
		}
		key = streamKey{strings.Clone(key.computer), strings.Clone(key.channel)}
		s = &stream{key: key, providers: map[string]struct{}{}}
		b.streams[key] = s
	}
	b.last = s
	return s
}

// addProvider notes a provider of s; false means that there is no room for it.
func (b *StreamBuilder) addProvider(s *stream, provider string) bool {
	if provider == "" {
		return true
	}
	if _, known := s.providers[provider]; !known {
		if !b.reserve(len(provider) + nameOverhead) {
			return false
		}
		provider = strings.Clone(provider)
		s.providers[provider] = struct{}{}
	}
	s.lastProvider = provider
	return true
}

func (b *StreamBuilder) reserve(n int) bool {
	if b.names+n > maxNameBytes {
		return false
	}
	b.names += n
	return true
}

// bound keeps the runs within maxRuns: it joins those that turned out to be
// neighbours, and if that doesn't halve them, gives up the streams that have
// most. So the cost of joining is spread over at least maxRuns/2 records.
func (b *StreamBuilder) bound() {
	if b.runs <= maxRuns {
		return
	}
	b.runs = 0
	for _, s := range b.streams {
		s.runs = join(s.runs)
		b.runs += len(s.runs)
	}
	byRuns := slices.SortedFunc(maps.Values(b.streams), func(x, y *stream) int {
		return cmp.Or(cmp.Compare(len(y.runs), len(x.runs)), x.key.compare(y.key))
	})
	for _, s := range byRuns {
		if b.runs <= maxRuns/2 {
			return
		}
		b.giveUp(s)
	}
}

func (b *StreamBuilder) giveUp(s *stream) {
	b.runs -= len(s.runs)
	s.runs, s.sparse = nil, true
}

// span widens the stream's time by that from first to last.
func (s *stream) span(first, last time.Time) {
	if !first.IsZero() && (s.first.IsZero() || first.Before(s.first)) {
		s.first = first
	}
	if last.After(s.last) {
		s.last = last
	}
}

// reach widens the stream's ids by those from low to high.
func (s *stream) reach(low, high uint64) {
	if low != 0 && (s.low == 0 || low < s.low) {
		s.low = low
	}
	s.high = max(s.high, high)
}

// extend puts ids into the open run, if they belong there.
func (s *stream) extend(ids run) bool {
	if len(s.runs) == 0 {
		return false
	}
	r := &s.runs[len(s.runs)-1]
	switch {
	case ids.lo == r.hi+1: // never true by wrapping round: an id is at least 1
		r.hi, r.tHi = ids.hi, ids.tHi
	case ids.hi == r.lo-1:
		r.lo, r.tLo = ids.lo, ids.tLo
	default:
		return false
	}
	return true
}

func (s *stream) sum() Stream {
	out := Stream{
		Computer:  s.key.computer,
		Channel:   s.key.channel,
		Records:   s.records,
		First:     s.first,
		Last:      s.last,
		FirstID:   s.low,
		LastID:    s.high,
		Sparse:    s.sparse,
		Providers: slices.Sorted(maps.Keys(s.providers)),
	}
	runs := join(slices.Clone(s.runs))
	for i := 1; i < len(runs); i++ {
		if i > MaxGaps {
			out.Sparse = true
			break
		}
		a, z := &runs[i-1], &runs[i]
		out.Gaps = append(out.Gaps, Gap{AfterID: a.hi, BeforeID: z.lo, From: a.tHi, To: z.tLo})
	}
	return out
}

// join sorts runs and joins those that touch or overlap, in place.
func join(runs []run) []run {
	slices.SortFunc(runs, func(a, b run) int { return cmp.Compare(a.lo, b.lo) })
	out := runs[:0]
	for _, r := range runs {
		if n := len(out); n > 0 && r.lo-1 <= out[n-1].hi {
			out[n-1].absorb(r)
		} else {
			out = append(out, r)
		}
	}
	return out
}

// absorb widens a by b, which begins within or right after a.
func (a *run) absorb(b run) {
	if b.lo == a.lo && b.tLo.After(a.tLo) {
		a.tLo = b.tLo
	}
	switch {
	case b.hi > a.hi:
		a.hi, a.tHi = b.hi, b.tHi
	case b.hi == a.hi && b.tHi.Before(a.tHi):
		a.tHi = b.tHi
	}
}
