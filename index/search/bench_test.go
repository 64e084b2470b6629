package search

import (
	"context"
	"path/filepath"
	"testing"
)

// BenchmarkBuild indexes 100,000 events; making them is not timed.
func BenchmarkBuild(b *testing.B) {
	const n = 100_000
	events := generated(1, n)
	var bytes int64
	for b.Loop() {
		m, err := Build(context.Background(), filepath.Join(b.TempDir(), "index"), Options{}, documents(events))
		if err != nil {
			b.Fatal(err)
		}
		bytes = 0
		for _, f := range m.Files {
			bytes += f.Bytes
		}
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(bytes)/n, "bytes/event")
}
