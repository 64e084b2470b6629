package evtx

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/evtx/evtxtest"
)

// TestLacks: the same values again, of another template, of an id that other texts are
// asked of, or that mean something else in another chunk, are looked at for themselves.
func TestLacks(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	in := new(event.Interest)
	in.WantHaving([]string{"quantum"}, "", 1)
	in.WantHaving([]string{"jump"}, "", 2)
	filter := in.Filter()
	wanted, spared := 0, 0
	for range 200 {
		log := sayings(rng, 0)
		log = append(log, sayings(rng, 1)[evtxtest.FileHeaderSize:]...)
		evtxtest.Fix(log)
		all, src := readAll(t, log, Options{})
		if len(all) != 60 {
			t.Fatalf("%d events: %v", len(all), src.Damage)
		}
		var want []event.Event
		for i := range all {
			if filter.Wants(&all[i]) {
				want = append(want, all[i])
			}
		}
		got, _ := readAll(t, log, Options{Interest: in, Workers: 1})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%d events, want %d of %d\n%s", len(got), len(want), len(all), brief(diff))
		}
		wanted += len(want)
		spared += len(all) - len(want)
	}
	if wanted < 1000 || spared < 1000 {
		t.Errorf("%d events have a text, and %d not: that shows little", wanted, spared)
	}
}

// sayings returns a log of 30 events with few different values. The template that all
// but the first refer to shows the first or the second of two values, by variant.
func sayings(rng *rand.Rand, variant int) []byte {
	var records []func(int) []byte
	payload := 0 // where the template stands, which all payloads use
	for i := range 30 {
		kind := rng.IntN(3)
		say := func() []evtxtest.Value {
			texts := []string{"nothing", "quantum", "jump"}
			number := evtxtest.Text(fmt.Sprint(kind / 2 * rng.IntN(20))) // so that many share places
			return []evtxtest.Value{evtxtest.Text(texts[rng.IntN(3)]), evtxtest.Text(texts[rng.IntN(3)]), number}
		}
		refer := func(a *assembler) {
			a.bytes(tokenTemplateInstance, 1, 2, 0, 0, 0).u32(uint32(payload)).values(say()...)
		}
		records = append(records, sayingEvent(1+rng.IntN(2), func(a *assembler) {
			switch {
			case i == 0:
				payload = a.at + len(a.b) + 10
				start := len(a.b)
				a.template(2, func() {
					a.openDefined(noDependency, "EventData").openDefined(noDependency, "Data").sub(variant).end().end()
				}, say()...)
				a.b[start+10+4+15] = byte(variant) // of its GUID
			case kind == 0: // two of them
				refer(a)
				refer(a)
			case kind == 1: // XML below
				a.template(3, func() {
					a.openDefined(noDependency, "EventData").openDefined(noDependency, "Data").sub(0).end().end()
				})
				a.b = a.b[:len(a.b)-4]
				below := new(assembler)
				refer(below)
				a.values(evtxtest.Value{Type: typeBinXML, Data: below.b})
			default:
				refer(a)
			}
		}))
	}
	return evtxtest.WriteBinary(records...)
}

// sayingEvent writes an event as Windows does: the payload is a value.
func sayingEvent(id int, payload func(a *assembler)) func(at int) []byte {
	return func(at int) []byte {
		a := &assembler{at: at}
		a.bytes(tokenFragmentHeader, 1, 1, 0).template(1, func() {
			a.openDefined(noDependency, "Event").openDefined(noDependency, "System")
			a.openDefined(noDependency, "EventID").sub(0).end().end().sub(1).end()
		})
		a.b = a.b[:len(a.b)-4] // the values come below
		a.u32(2).u16(2).bytes(typeUint16, 0)
		spec := len(a.b)
		a.u16(0).bytes(typeBinXML, 0).u16(id)
		p := &assembler{at: a.at + len(a.b)}
		payload(p)
		le.PutUint16(a.b[spec:], uint16(len(p.b)))
		return a.bytes(p.b...).bytes(tokenEOF).b
	}
}
