package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// TestMutatedBundles: whatever bytes a bundle has, the program ends in time
// with one of its exit codes, and says what it could not read.
func TestMutatedBundles(t *testing.T) {
	seeds := []string{"csv-two-nodes", "iscsi-confirmed", "guest-backup-likely", "restore-confirmed"}
	rounds := 150
	if testing.Short() {
		rounds = 10
	}
	rng := rand.New(rand.NewPCG(1, 2))
	file := filepath.Join(t.TempDir(), "mutated.zip")
	for _, seed := range seeds {
		whole, err := os.ReadFile(filepath.Join(casesDir, seed+".zip"))
		if err != nil {
			t.Fatal(err)
		}
		for round := range rounds {
			if err := os.WriteFile(file, mutate(rng, whole), 0o600); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			code, stdout, stderr := runMain(t, "scan", file)
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("%s, round %d: took %v", seed, round, took)
			}
			if code != exitDone && code != exitIncomplete && code != exitNothing {
				t.Errorf("%s, round %d: exit code %d: %s", seed, round, code, stderr)
			}
			if stdout == "" {
				t.Errorf("%s, round %d: no report", seed, round)
			}
		}
	}
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	if mem.Sys > 512<<20 {
		t.Errorf("%d MiB taken from the system", mem.Sys>>20)
	}
}

// mutate changes up to 64 bytes, or cuts, or repeats a part.
func mutate(rng *rand.Rand, whole []byte) []byte {
	b := append([]byte(nil), whole...)
	switch rng.IntN(4) {
	case 0:
		return b[:rng.IntN(len(b))]
	case 1:
		at := rng.IntN(len(b))
		n := min(rng.IntN(4096), len(b)-at)
		return append(b[:at+n:at+n], b[at:]...)
	}
	for range 1 + rng.IntN(64) {
		b[rng.IntN(len(b))] = byte(rng.Uint32())
	}
	return b
}
