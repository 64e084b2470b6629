package evtx

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestLayout: what a plan remembers of the record before never shows in where the
// values of the next one are found.
func TestLayout(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	var l layout
	specs := make([]byte, 0, layoutSize)
	same := 0
	for range 10_000 {
		switch n := len(specs) / 4; {
		case n == 0 || rng.IntN(50) == 0: // another number of values
			specs = specs[:4*rng.IntN(layoutSize/4+1)]
		case rng.IntN(5) == 0: // another size or type of any
			specs[rng.IntN(len(specs))] = byte(rng.Uint32())
		default: // of the last
			specs[4*n-4+rng.IntN(4)] = byte(rng.Uint32())
			same++
		}
		if got, want := l.locate(specs), locate(nil, specs); !slices.Equal(got, want) {
			t.Fatalf("values of % x:\n%x, want\n%x", specs, got, want)
		}
	}
	if same < 1000 {
		t.Errorf("only %d layouts like the one before", same)
	}
}
