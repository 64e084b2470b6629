package searchtest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEventsAreTheSame(t *testing.T) {
	a, b := slices.Collect(Events(1, 500)), slices.Collect(Events(1, 500))
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error(diff)
	}
	if cmp.Equal(a, slices.Collect(Events(2, 500))) {
		t.Error("another seed makes the same events")
	}
}

func BenchmarkEvents(b *testing.B) {
	for b.Loop() {
		for range Events(1, 1000) {
		}
	}
}
