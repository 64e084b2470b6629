package evtx

import (
	"encoding/hex"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// TestHaving: of real logs, exactly those events are read that have a text,
// whatever kind of value has it and however it is written.
func TestHaving(t *testing.T) {
	logs, _ := filepath.Glob(filepath.Join(realData, "*", "*.evtx"))
	if len(logs) == 0 {
		t.Skip("no sample logs in ../shared/data")
	}
	rng := rand.New(rand.NewPCG(5, 6))
	wanted, spared := 0, 0
	for _, path := range logs {
		rel, _ := filepath.Rel(realData, path)
		log := realLog(t, rel)
		all, _ := readAll(t, log, Options{})
		for range 6 {
			in := new(event.Interest)
			texts := []string{piece(rng, all), piece(rng, all)}
			in.WantHaving(texts, "*")
			filter := in.Filter()
			var want []event.Event
			for i := range all {
				if filter.Wants(&all[i]) {
					want = append(want, all[i])
				}
			}
			got, src := readAll(t, log, Options{Interest: in})
			if diff := cmp.Diff(want, got); diff != "" || int(src.Relevant) != len(want) {
				t.Fatalf("%s, %q: %d events, want %d of %d\n%s", rel, texts, len(got), len(want), len(all), brief(diff))
			}
			wanted += len(want)
			spared += len(all) - len(want)
		}
	}
	if wanted < 1000 || spared < 1000 {
		t.Errorf("%d events have a text, and %d not: that shows little", wanted, spared)
	}
}

// piece is a part of a value of some event.
func piece(rng *rand.Rand, events []event.Event) string {
	for range 50 {
		if len(events) == 0 {
			break
		}
		fields := events[rng.IntN(len(events))].Fields
		if len(fields) == 0 {
			continue
		}
		runes := []rune(fields[rng.IntN(len(fields))].Value)
		if len(runes) > 3 {
			from := rng.IntN(len(runes) - 3)
			text := string(runes[from : from+3+rng.IntN(min(40, len(runes)-from-2))])
			if rng.IntN(2) == 0 {
				text = strings.ToUpper(text)
			}
			return text
		}
	}
	return "no such text"
}

// TestHavingValues: texts in strings and digits of binary data, in any case, and
// beginning in the middle of a byte; and what leaves it open.
func TestHavingValues(t *testing.T) {
	bin := []byte("\x12M\x00S\x00i\x00S\x00C\x00S\x00I\x00\x34")
	digits := strings.ToLower(hex.EncodeToString(bin))
	for _, tt := range []struct {
		v     value
		texts []string
		want  bool
	}{
		{value{typeString, utf16Text("the MSiSCSI service")}, []string{"msiscsi"}, true},
		{value{typeString, utf16Text("the MSiSCS service")}, []string{"msiscsi"}, false},
		{value{typeString, utf16Text("MSİSCSI")}, []string{"msiscsi"}, true}, // its lower case is i
		{value{typeString | typeArray, utf16Text("a\x00msiscsi\x00")}, []string{"none", "msiscsi"}, true},
		{value{typeAnsi, []byte("MSISCSI")}, []string{"msiscsi"}, true},
		{value{typeBinary, bin}, []string{digits[2:26]}, true},
		{value{typeBinary, bin}, []string{digits[3:28]}, true},
		{value{typeBinary, bin}, []string{digits[2:25] + "e"}, false},
		{value{typeUint32, []byte("msiscsi!")}, []string{"msiscsi"}, false},
		{value{typeBinXML, bin}, []string{"msiscsi"}, true},
	} {
		h := newHaving(tt.texts)
		if got := h.in(tt.v); !h.sure || got != tt.want {
			t.Errorf("%q in %q: %v, want %v (sure: %v)", tt.texts, tt.v.data, got, tt.want, h.sure)
		}
	}
	for _, text := range []string{"7036", "true", "müh", "abcdef", "s-1-5"} {
		if newHaving([]string{"msiscsi", text}).sure {
			t.Errorf("%q can only be in strings", text)
		}
	}
}
