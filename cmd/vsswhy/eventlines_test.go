package main

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// A line that copies from lines before is the same as one that is made alone.
func TestLineMaker(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	pick := func(of ...string) string { return of[rng.IntN(len(of))] }
	m := newLineMaker()
	for batch := range 50 {
		var events []event.Event
		for i := range 100 {
			e := event.Event{
				Ref: event.Ref{Offset: int64(i)}, Record: uint64(i), Time: time.Unix(int64(i), 0),
				Provider: pick("VSS", "a \"provider\"", "ESENT"), ID: 1 + 256*rng.Uint32N(2), // both ids have one place
				Computer: pick("A", "A", "A", "B"), Channel: pick("Application", "Application", "System"), ProviderGUID: pick("", "", "{0}"),
				Level: event.Level(rng.IntN(10) / 9), Keywords: uint64(rng.IntN(10) / 9), UserID: pick("", "S-1-5-18"), Message: pick("", "0x80070005 says the message"),
			}
			for range rng.IntN(4) {
				e.Fields = append(e.Fields, event.Field{
					Name:  pick("a", "b", "Binary"),
					Value: pick("", "plain", "tab\t", "0x800423f4", "(c00000b5)", "-2147212300", "800423f4800423f4"),
				})
			}
			events = append(events, e)
		}
		m.begin(nil, pick("log.evtx", "other.evtx"))
		var row query.EventRow
		for i := range events {
			from := len(m.b)
			row.Reset(&events[i])
			m.add(&events[i], &row)
			row.Reset(&events[i])
			if got, want := string(m.b[from:]), string(appendEvent(nil, m.path, &events[i], &row)); got != want {
				t.Fatalf("event %d of batch %d:\n%s\nwant\n%s", i, batch, got, want)
			}
		}
	}
}
