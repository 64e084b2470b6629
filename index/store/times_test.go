package store

import (
	"context"
	"testing"
)

func TestTimesOfRows(t *testing.T) {
	rows := randomRows(5, 3*maxGroupRows/2)
	r := store(t, rows)
	times, err := r.Times(context.Background())
	if err != nil || int64(len(times)) != r.Rows() {
		t.Fatal(len(times), err)
	}
	for i := int64(0); i < r.Rows(); i += 997 {
		row, err := r.At(i)
		if err != nil {
			t.Fatal(err)
		}
		if nanoseconds(row.Time) != times[i] {
			t.Errorf("row %d: %v, want %v", i, times[i], row.Time)
		}
	}
}
