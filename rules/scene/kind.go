package scene

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"

	"github.com/vsswhy/vsswhy/ingest/known"
)

// eventKind is what the events of a list of Kinds have in common. Names are as written: to
// compare them without regard to case would cost each event what it costs each kind.
type eventKind struct {
	provider, source string
	id               uint32
	codes            string // in their order
}

func kindOf(e *Event) eventKind { return eventKind{e.Provider, e.EventSource, e.ID, packed(e.Codes)} }

// packed makes codes comparable.
func packed(codes []known.Code) string {
	if len(codes) == 0 {
		return ""
	}
	b := make([]byte, 0, 64)
	for _, c := range codes {
		b = binary.LittleEndian.AppendUint32(b, uint32(c))
	}
	return string(b)
}

// sortByKind puts the events of each kind into a list of their own.
func (h *Host) sortByKind() {
	places := map[eventKind]int{}
	latest := map[uint32]int{} // by id: the next event of an id is mostly of the kind of the last one
	h.kinds, h.byID = nil, map[uint32][]int{}
	for _, e := range h.Events {
		i, ok := latest[e.ID]
		if !ok || !sameKind(e, h.kinds[i][0]) {
			i = h.placeOf(e, places)
			latest[e.ID] = i
		}
		h.kinds[i] = append(h.kinds[i], e)
	}
}

func sameKind(a, b *Event) bool {
	return a.ID == b.ID && a.Provider == b.Provider && a.EventSource == b.EventSource && slices.Equal(a.Codes, b.Codes)
}

// placeOf finds the place of an event's kind, or makes one.
func (h *Host) placeOf(e *Event, places map[eventKind]int) int {
	k := kindOf(e)
	i, ok := places[k]
	if !ok {
		i = len(h.kinds)
		places[k] = i
		h.byID[e.ID] = append(h.byID[e.ID], i)
		h.kinds = append(h.kinds, nil)
	}
	return i
}

// Kinds returns the computer's events apart by what most tells them from one another:
// those of one list have provider, classic source, id and codes in common, so that one
// of them answers for all whatever is asked about these. Each list is in the order of
// time.
func (h *Host) Kinds() [][]*Event { return h.kinds }

// KindsOf is Kinds for events with one of these ids.
func (h *Host) KindsOf(ids []uint32) [][]*Event {
	var list [][]*Event
	for _, id := range ids {
		for _, i := range h.byID[id] {
			list = append(list, h.kinds[i])
		}
	}
	return list
}

// Merge makes one list of several, all in the order of time.
func Merge(lists [][]*Event) []*Event {
	switch n := len(lists); n {
	case 0:
		return nil
	case 1:
		return lists[0]
	default:
		return merge(Merge(lists[:n/2]), Merge(lists[n/2:]))
	}
}

func merge(a, b []*Event) []*Event {
	out := make([]*Event, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if inOrder(a[0], b[0]) <= 0 {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// inOrder compares events by time, and where they stand.
func inOrder(a, b *Event) int {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Offset, b.Offset))
}

// Between returns the events, of a list in order of time, from one time to
// another, inclusive.
func Between(list []*Event, from, to time.Time) []*Event {
	byTime := func(e *Event, t time.Time) int { return e.Time.Compare(t) }
	lo, _ := slices.BinarySearchFunc(list, from, byTime)
	list = list[lo:]
	hi, _ := slices.BinarySearchFunc(list, to.Add(1), byTime)
	return list[:hi]
}
