package evtx

import "github.com/vsswhy/vsswhy/ingest/event"

// A tally counts records of one stream, each with the id behind that of the record
// before, as nearly all are. To count one more of these is a few comparisons.
type tally struct {
	computer, channel string
	providers         []string
	round             uint32 // of the tally: what a provider in it bears

	records          uint64
	firstID, lastID  uint64
	first, last      ticks
	earliest, latest ticks
}

// count counts the present record for its stream.
func (d *decoder) count(h *head) {
	t := &d.tally
	if t.records == 0 || h.record != t.lastID+1 || h.record <= 1 || h.computer != t.computer || h.channel != t.channel {
		d.sumUp()
		t.computer, t.channel = h.computer, h.channel
		t.firstID, t.first = h.record, h.time
		t.earliest, t.latest = 0, 0
	}
	t.records++
	t.lastID, t.last = h.record, h.time
	if h.time != 0 && (t.earliest == 0 || h.time < t.earliest) {
		t.earliest = h.time
	}
	t.latest = max(t.latest, h.time)
	p := h.provider
	if p.name == "" {
		p = h.source
	}
	if p.round != t.round {
		p.round = t.round
		t.providers = append(t.providers, p.name)
	}
}

// sumUp hands the tally on, and begins the next one.
func (d *decoder) sumUp() {
	t := &d.tally
	if t.records > 0 {
		d.out.streams.AddRun(&event.Run{
			Computer: t.computer, Channel: t.channel, Providers: t.providers, Records: t.records,
			FirstID: t.firstID, LastID: t.lastID, First: t.first.time(), Last: t.last.time(),
			Earliest: t.earliest.time(), Latest: t.latest.time(),
		})
	}
	t.records, t.providers = 0, t.providers[:0]
	t.round++
}
