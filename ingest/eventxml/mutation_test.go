package eventxml

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// TestMutations changes bytes of exported XML: each costs the event that it stands
// in, and at most two beside it; and what is lost is said.
func TestMutations(t *testing.T) {
	const events = 120
	var sound bytes.Buffer
	sound.WriteString("<Events>\n")
	for i := range events {
		fmt.Fprintf(&sound, "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='VSS'/><EventID>8224</EventID><TimeCreated SystemTime='2010-03-01T00:00:%02d.1234567Z'/>"+
			"<EventRecordID>%d</EventRecordID><Channel>Application</Channel><Computer>A</Computer></System><EventData><Data Name='n'>a &amp; b %d</Data></EventData></Event>\n", i%60, i+1, i)
	}
	sound.WriteString("</Events>\n")
	rounds, err := strconv.Atoi(os.Getenv("VSSWHY_MUTATIONS"))
	if err != nil {
		rounds = 1500
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range rounds {
		data := bytes.Clone(sound.Bytes())
		flips := 1 + rng.IntN(6)
		for range flips {
			data[rng.IntN(len(data))] = byte(rng.IntN(256))
		}
		src := &event.Source{}
		found, start := 0, time.Now()
		for batch := range Read(context.Background(), bytes.NewReader(data), src, Options{}) {
			found += len(batch)
		}
		if spent := time.Since(start); spent > 2*time.Second || found < events-3*flips {
			t.Errorf("mutation %d, %d bytes: %d of %d events in %v; %v", i, flips, found, events, spent, src.Damage)
		}
		if found < events && !src.Lost() {
			t.Errorf("mutation %d: %d of %d events, and nothing says so", i, found, events)
		}
	}
}
