package search

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/index/search/searchtest"
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

// BenchmarkSearch asks an index of 100,000 events what the screens ask.
func BenchmarkSearch(b *testing.B) {
	x, _ := built(b, Options{}, documents(generated(1, 100_000)))
	for name, r := range map[string]Request{
		"provider and day": {Query: parse(b, "prov:VMMS since:2010-03-14 until:2010-03-15"), Size: 50, Facets: []query.Field{query.Host, query.ID, query.Code}},
		"newest of all":    {Query: parse(b, ""), Size: 50},
		"facet of all":     {Query: parse(b, ""), Facets: []query.Field{query.VM}},
		"words":            {Query: parse(b, "backup operation failed")},
		"GUID":             {Query: parse(b, searchtest.MachineID(7))},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := x.Search(b.Context(), r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
