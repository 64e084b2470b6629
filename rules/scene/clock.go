package scene

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// A Skew is how far one computer's clock is ahead of another's: at least From,
// at most To.
type Skew struct{ From, To time.Duration }

// Mid is the middle of the bounds.
func (s Skew) Mid() time.Duration { return s.From + (s.To-s.From)/2 }

// Within is how far the difference may be from the middle.
func (s Skew) Within() time.Duration { return (s.To - s.From + 1) / 2 }

const (
	// regroup is how far apart the nodes that stay log that another was removed:
	// they agree on a new membership in one regroup, which takes about a second.
	regroup = 2 * time.Second

	// apart is how far an occurrence must be from the next of its kind to be told
	// from it: Kerberos keeps the clocks of a domain within five minutes, one may
	// be ahead and the other behind.
	apart = 10 * time.Minute

	// aStep is by how much a clock must be set to count: time services correct
	// smaller differences all the time.
	aStep = time.Second

	// maxClocks bounds the computers that are compared; the work grows with its
	// cube. A cluster has at most 64 nodes.
	maxClocks = 64
)

// clocks compares computers by what several of them logged:
//
//	1135 names node C on A   ┐ at one time, give or take a regroup
//	1135 names node C on B   ┘
//	21300 migration starts on the source       ┐
//	21306 it starts on the target              │ in this order
//	21301 it is completed on the source        ┘
//
// "First on A, then on B" bounds how far B's clock can be behind: the readings
// differ by at least as much as A's clock is ahead. All bounds together are a
// system of differences; the tightest that follow from them are its shortest
// paths.
//
// A clock that was set (Kernel-General 1) is only compared from then on.
type clocks struct {
	index  map[*Host]int
	ahead  [][]time.Duration // at most by how much the second's clock is ahead of the first's
	seen   map[*Host][]*Event
	setAt  map[*Host]time.Time
	steps  map[*Host][]clockStep // in the order of time
	events map[occurrence]map[*Host][]*Event
}

// An occurrence is what several computers can log: an event id, and of what.
type occurrence struct {
	id uint32
	of string
}

// unbounded is a bound that does not bind; the sum of two does not overflow.
const unbounded = time.Duration(math.MaxInt64 / 4)

func (s *Scene) compareClocks() {
	c := &clocks{index: map[*Host]int{}, seen: map[*Host][]*Event{}, setAt: map[*Host]time.Time{}, steps: map[*Host][]clockStep{}, events: map[occurrence]map[*Host][]*Event{}}
	for _, e := range s.Events {
		c.file(e)
	}
	all := slices.SortedFunc(maps.Keys(c.events), func(a, b occurrence) int { return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.of, b.of)) })
	for _, o := range all {
		switch o.id {
		case idNodeRemoved:
			c.compareRemovals(c.events[o])
		case idMigrationOut:
			c.compareMigrations(c.events[o], c.events[occurrence{idMigrationIn, o.of}], c.events[occurrence{idMigrationDone, o.of}])
		}
	}
	c.tighten()
	s.clocks = c
}

// file puts an event where it is compared, if it says anything of clocks.
func (c *clocks) file(e *Event) {
	var of string
	switch {
	case e.ID == idClockSet && e.From(kernelGeneral):
		if by := stepOf(e); by > aStep {
			c.setAt[e.Host] = e.Time
			c.steps[e.Host] = append(c.steps[e.Host], clockStep{e.Time, by})
		}
	case e.ID == idNodeRemoved && e.From(clustering):
		of = nodeOf(e)
	case (e.ID == idMigrationOut || e.ID == idMigrationIn || e.ID == idMigrationDone) && e.From(availability):
		of = machineOf(e)
	}
	if of == "" {
		return
	}
	o := occurrence{e.ID, of}
	if c.events[o] == nil {
		c.events[o] = map[*Host][]*Event{}
	}
	c.events[o][e.Host] = append(c.events[o][e.Host], e)
}

// nodeOf is the node that a cluster event names, without its domain.
func nodeOf(e *Event) string {
	name, ok := e.Field("NodeName")
	if !ok && len(e.Fields) > 0 {
		name = e.Fields[0].Value
	}
	return shortName(name)
}

// machineOf is the id of the machine that a migration's event names; its fields
// have no names that are known.
func machineOf(e *Event) string {
	i := slices.IndexFunc(e.Fields, func(f event.Field) bool { return isGUID(f.Value) })
	if i < 0 {
		return ""
	}
	return strings.ToLower(strings.Trim(e.Fields[i].Value, "{}"))
}

// A clockStep is that a clock was set, by more than time services do.
type clockStep struct {
	at time.Time
	by time.Duration
}

// ClockSet returns when a computer's clock was set so far, within a time, that what it
// says of that time can't be trusted: by half of it at least.
func (s *Scene) ClockSet(h *Host, in Interval) (at time.Time, ok bool) {
	steps := s.clocks.steps[h]
	i, _ := slices.BinarySearchFunc(steps, in.From, func(c clockStep, t time.Time) int { return c.at.Compare(t) })
	for ; i < len(steps) && !steps[i].at.After(in.To); i++ {
		if steps[i].by >= in.To.Sub(in.From)/2 {
			return steps[i].at, true
		}
	}
	return time.Time{}, false
}

// stepOf is by how much the clock was set. Where the two times have no names, they are
// the only ones of the event; where they are missing, as in exports as text, it may
// have been set by any time.
func stepOf(e *Event) time.Duration {
	var at []time.Time
	for _, f := range e.Fields {
		named := strings.EqualFold(f.Name, "OldTime") || strings.EqualFold(f.Name, "NewTime")
		if t, err := time.Parse(time.RFC3339Nano, f.Value); err == nil && (named || f.Name == "") {
			at = append(at, t)
		}
	}
	if len(at) < 2 {
		if len(e.Fields) == 0 {
			return unbounded
		}
		return 0
	}
	return at[1].Sub(at[0]).Abs()
}

func (c *clocks) compareRemovals(logged map[*Host][]*Event) {
	hosts := byName(logged)
	for i, a := range hosts {
		for _, b := range hosts[i+1:] {
			if !a.MayShareCluster(b) {
				continue
			}
			for n, x := range logged[a] {
				if y := partner(n, logged[a], logged[b]); y != nil {
					c.order(x, y, regroup)
					c.order(y, x, regroup)
				}
			}
		}
	}
}

func (c *clocks) compareMigrations(out, in, done map[*Host][]*Event) {
	for _, source := range byName(out) {
		for _, target := range byName(in) {
			if source == target {
				continue
			}
			for n, start := range out[source] {
				arrival := partner(n, out[source], in[target])
				if arrival == nil {
					continue
				}
				c.order(start, arrival, 0)
				if end := next(start, done[source]); end != nil {
					c.order(arrival, end, 0)
				}
			}
		}
	}
}

// partner finds the event among theirs that must be of the same occurrence as
// own[i]: the only one near, where that is the only one of its own.
func partner(i int, own, theirs []*Event) *Event {
	x := own[i].Time
	if i > 0 && x.Sub(own[i-1].Time) <= apart || i+1 < len(own) && own[i+1].Time.Sub(x) <= apart {
		return nil
	}
	near := Between(theirs, x.Add(-apart), x.Add(apart))
	if len(near) != 1 {
		return nil
	}
	return near[0]
}

// next is the first event after x, if it is near enough to be of the same
// occurrence.
func next(x *Event, list []*Event) *Event {
	if near := Between(list, x.Time, x.Time.Add(apart)); len(near) > 0 {
		return near[0]
	}
	return nil
}

// order notes that x happened before y, or at most slack after it.
func (c *clocks) order(x, y *Event, slack time.Duration) {
	if x.Time.Before(c.setAt[x.Host]) || y.Time.Before(c.setAt[y.Host]) {
		return
	}
	i, j := c.place(x.Host), c.place(y.Host)
	if i < 0 || j < 0 {
		return
	}
	c.ahead[i][j] = min(c.ahead[i][j], y.Time.Sub(x.Time)+slack)
	c.note(x)
	c.note(y)
}

// note keeps what a computer's clock was compared by.
func (c *clocks) note(e *Event) {
	if list := c.seen[e.Host]; len(list) < maxSeen && !slices.Contains(list, e) {
		c.seen[e.Host] = append(list, e)
	}
}

// place returns the computer's place in the table, or -1 if that is full.
func (c *clocks) place(h *Host) int {
	if i, ok := c.index[h]; ok {
		return i
	}
	n := len(c.ahead)
	if n == maxClocks {
		return -1
	}
	for i := range c.ahead {
		c.ahead[i] = append(c.ahead[i], unbounded)
	}
	c.ahead = append(c.ahead, slices.Repeat([]time.Duration{unbounded}, n+1))
	c.ahead[n][n], c.index[h] = 0, n
	return n
}

// tighten finds the tightest bounds that follow (Floyd and Warshall).
func (c *clocks) tighten() {
	for k := range c.ahead {
		for i := range c.ahead {
			for j := range c.ahead {
				if over := c.ahead[i][k] + c.ahead[k][j]; over < c.ahead[i][j] {
					c.ahead[i][j] = max(over, -unbounded)
				}
			}
		}
	}
}

// Skew returns how far b's clock was ahead of a's at a time, and whether
// anything says so from both sides. Contradicting logs say nothing.
func (s *Scene) Skew(a, b *Host, at time.Time) (skew Skew, known bool) {
	c := s.clocks
	i, ok := c.index[a]
	j, too := c.index[b]
	if !ok || !too || at.Before(c.setAt[a]) || at.Before(c.setAt[b]) {
		return Skew{}, false
	}
	skew = Skew{From: -c.ahead[j][i], To: c.ahead[i][j]}
	sound := c.ahead[i][i] >= 0 && c.ahead[j][j] >= 0 && skew.From <= skew.To
	if !sound || c.ahead[i][j] >= unbounded/2 || c.ahead[j][i] >= unbounded/2 {
		return Skew{}, false
	}
	return skew, true
}

// Clocks lists the computers whose clocks were compared with others, in the order of names.
func (s *Scene) Clocks() []*Host {
	return slices.SortedFunc(maps.Keys(s.clocks.index), func(a, b *Host) int { return strings.Compare(a.Name, b.Name) })
}

// Compared returns the events that a computer's clock was compared by, in the
// order of time.
func (s *Scene) Compared(h *Host) []*Event {
	list := slices.Clone(s.clocks.seen[h])
	slices.SortFunc(list, func(a, b *Event) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Offset, b.Offset))
	})
	return list
}

// byName orders the computers that logged something; no more of them than are compared,
// since each is compared with each.
func byName(logged map[*Host][]*Event) []*Host {
	hosts := slices.SortedFunc(maps.Keys(logged), func(a, b *Host) int { return strings.Compare(a.Name, b.Name) })
	return hosts[:min(len(hosts), maxClocks)]
}
