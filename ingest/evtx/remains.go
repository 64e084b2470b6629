package evtx

import (
	"fmt"
	"hash/maphash"
	"iter"
	"slices"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// Remains are records that a log no longer counts as its own: behind the used
// space of a chunk, left over from an earlier use of it, or in data whose chunk
// header is gone. They are read only if Options.Recover asks for it, and yielded
// behind all others, without those that the log itself still has.

const (
	// maxRemains bounds the remains of a log that are kept until its end.
	maxRemains = 1 << 18
	// maxHeads bounds the records that remains are compared with: 8 bytes each.
	maxHeads = 16 << 20
)

// A remain is a record outside of the used space.
type remain struct {
	key   uint64
	event *event.Event // nil: nobody wants it
}

// seed is that of all keys of this process.
var seed = maphash.MakeSeed()

// key tells records apart over a log: by computer, channel, EventRecordID and
// time.
func (h *head) key() uint64 {
	return maphash.Comparable(seed, struct {
		computer, channel string
		record            uint64
		time              ticks
	}{h.computer, h.channel, h.record, h.time})
}

// recoverFrom reads the records that stand in the chunk at or behind an offset.
// What can't be decoded is no loss: it was overwritten in part, and is counted.
func (d *decoder) recoverFrom(chunk []byte, off int) {
	for off = nextSound(chunk, off); off >= 0; off = nextSound(chunk, off) {
		size, _ := soundAt(chunk, off)
		if !d.readRemain(off, size) {
			size = 1 // what looks like a record may begin within
		}
		if off += size; off >= len(chunk) {
			return
		}
	}
}

// readRemain reads one, and reports whether it is a record.
func (d *decoder) readRemain(off, size int) bool {
	d.depth = 0
	r := &d.record
	r.off, r.end, r.header = off, off+size-4, (*recordHeader)(d.chunk[off:])
	if err := d.open(r); err != nil || r.time == 0 || r.time > lastTime {
		d.out.ruins++
		return false
	}
	remain := remain{key: r.key()}
	if d.mayWant(r) {
		n := len(d.out.events)
		d.budget = baseBudget + expansion*size
		if d.decode(r) != nil {
			d.out.ruins++
			return false
		}
		if len(d.out.events) > n {
			e := d.out.events[n]
			e.Recovered = true
			remain.event, d.out.events = &e, d.out.events[:n]
		}
	}
	d.out.remains = append(d.out.remains, remain)
	return true
}

// lastTime is later than any event of Windows.
var lastTime = ticksOf(time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC))

// remains is what is known of them while a log is read.
type remains struct {
	list  []remain
	heads []uint64 // keys of the log's own records
	ruins uint64   // what can't be decoded
	cut   bool     // there were more than maxRemains
	blind bool     // there were more than maxHeads records
}

func (m *remains) add(b *block) {
	m.ruins += b.ruins
	room := maxRemains - len(m.list)
	m.cut = m.cut || len(b.remains) > room
	m.list = append(m.list, b.remains[:min(len(b.remains), room)]...)
	room = maxHeads - len(m.heads)
	m.blind = m.blind || len(b.heads) > room
	m.heads = append(m.heads, b.heads[:min(len(b.heads), room)]...)
}

// recovered yields the remains that are wanted, each once, and counts them.
func (l *log) recovered() iter.Seq[[]event.Event] {
	return func(yield func([]event.Event) bool) {
		m := &l.remains
		slices.Sort(m.heads)
		seen := map[uint64]bool{}
		var batch []event.Event
		for _, r := range m.list {
			if _, has := slices.BinarySearch(m.heads, r.key); has || seen[r.key] {
				continue
			}
			seen[r.key] = true
			l.src.Recovered++
			if r.event == nil {
				continue
			}
			l.src.Relevant++
			if batch = append(batch, *r.event); len(batch) == 256 {
				if !yield(batch) {
					return
				}
				batch = nil
			}
		}
		l.tellRemains()
		if len(batch) > 0 {
			yield(batch)
		}
	}
}

// tellRemains says what was not, or not surely, recovered.
func (l *log) tellRemains() {
	m := &l.remains
	tell := func(kind event.DamageKind, format string, args ...any) {
		l.damages.add(event.Damage{Kind: kind, Offset: -1, Detail: fmt.Sprintf(format, args...)})
	}
	if m.ruins > 0 {
		tell(event.DamageRecord, "%d remains of records outside of the used space can't be decoded", m.ruins)
	}
	if m.cut {
		tell(event.DamageLimit, "more than %d remains of records: the rest is not recovered", maxRemains)
	}
	if m.blind {
		tell(event.DamageLimit, "more than %d records: remains may be copies of the last of them", maxHeads)
	}
}
