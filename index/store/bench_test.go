package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/vsswhy/vsswhy/ingest"
	"github.com/vsswhy/vsswhy/ingest/known"
)

// samples is the folder of real logs, which is not part of the repository.
var samples = filepath.Join("..", "..", "..", "shared", "data")

// realRows returns the events of the real logs, or nil.
var realRows = sync.OnceValue(func() []Row {
	if _, err := os.Stat(samples); err != nil {
		return nil
	}
	var rows []Row
	for batch := range ingest.Scan(context.Background(), []string{samples}, ingest.Options{}) {
		for i := range batch.Events {
			row := FromEvent(&batch.Events[i], batch.Source.Path)
			for _, f := range row.Fields {
				if codes := known.Codes(f.Value); len(codes) > 0 && f.Name != "Binary" && len(row.Codes) == 0 {
					row.Codes = codes
				}
			}
			rows = append(rows, row)
		}
	}
	return rows
})

const million = 1_000_000

// someRows are rows that look like real ones: those over and over, with other
// digits each time, so that compression isn't flattered by copies.
var someRows = sync.OnceValue(func() []Row {
	real := realRows()
	if len(real) == 0 {
		real = randomRows(1, 5000)
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	rows := make([]Row, million/10)
	for i := range rows {
		r := real[i%len(real)]
		r.Source = fmt.Sprint(r.Source, i/len(real)%8)
		r.Fields = slices.Clone(r.Fields)
		for j := range r.Fields {
			r.Fields[j].Value = otherDigits(rnd, r.Fields[j].Value)
		}
		rows[i] = r
	}
	return rows
})

func otherDigits(rnd *rand.Rand, s string) string {
	b := []byte(s)
	for i, c := range b {
		if '0' <= c && c <= '9' {
			b[i] = '0' + byte(rnd.Uint32()%10)
		}
	}
	return string(b)
}

// writeRows writes n rows in batches as the scanner has them. Rows that repeat
// do so at other times.
func writeRows(w *Writer, n int) error {
	rnd := rand.New(rand.NewPCG(2, 2))
	rows := someRows()
	batch := make([]Row, 1000)
	for from := 0; from < n; from += len(batch) {
		for i := range batch {
			r := &batch[i]
			*r = rows[(from+i)%len(rows)]
			r.Time = r.Time.Add(time.Duration(rnd.Int64N(int64(24 * time.Hour))))
			r.Record += uint64((from + i) / len(rows) * million)
			r.Offset += int64(rnd.IntN(1 << 20))
		}
		if err := w.Write(batch); err != nil {
			return err
		}
	}
	return nil
}

// millionStore is a store of a million rows.
var millionStore = sync.OnceValues(func() (*Reader, error) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) // the Reader has it open
	path := filepath.Join(dir, "events.parquet")
	w, err := Create(path, Options{})
	if err != nil {
		return nil, err
	}
	defer w.Close()
	if err := writeRows(w, million); err != nil {
		return nil, err
	}
	m, err := w.Finish(context.Background(), Labels{})
	if err != nil {
		return nil, err
	}
	return Open(path, m, VerifyLazy)
})

// BenchmarkWrite writes a million rows, from Create to what Finish returns.
func BenchmarkWrite(b *testing.B) {
	if testing.Short() {
		b.Skip("a million rows are slow to make")
	}
	someRows()
	var m Manifest
	for b.Loop() {
		w, err := Create(filepath.Join(b.TempDir(), "events.parquet"), Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := writeRows(w, million); err != nil {
			b.Fatal(err)
		}
		if m, err = w.Finish(b.Context(), Labels{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(million)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(m.Bytes)/million, "bytes/event")
}

func benchmarkMillion(b *testing.B, f func(r *Reader) error) {
	if testing.Short() {
		b.Skip("a million rows are slow to make")
	}
	r, err := millionStore()
	if err != nil {
		b.Fatal(err)
	}
	if err := f(r); err != nil { // with which row groups are verified
		b.Fatal(err)
	}
	var times []time.Duration
	for b.Loop() {
		start := time.Now()
		if err := f(r); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)*95/100].Microseconds())/1000, "p95-ms")
}

// BenchmarkOpen opens a million rows and reads a screenful, verifying what it
// reads.
func BenchmarkOpen(b *testing.B) {
	benchmarkMillion(b, func(r *Reader) error {
		again := &Reader{file: r.file, manifest: r.manifest}
		if err := guard(func() error { return again.open(VerifyLazy) }); err != nil {
			return err
		}
		_, err := again.Read(million/2, 50)
		return err
	})
}

func BenchmarkRandom45(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 1))
	benchmarkMillion(b, func(r *Reader) error {
		_, err := r.Read(rnd.Int64N(million-45), 45)
		return err
	})
}

// BenchmarkTypical is what a screen asks for: a provider on one day, the page of
// the newest 50, and three facets.
func BenchmarkTypical(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 1))
	benchmarkMillion(b, func(r *Reader) error {
		row, err := r.At(rnd.Int64N(million))
		if err != nil {
			return err
		}
		is := func(s string) bool { return s == row.Provider }
		day := row.Time.Truncate(24 * time.Hour)
		set, err := r.Scan(b.Context(), nil, Since(day), Until(day.Add(24*time.Hour)), Text(Provider, is))
		if err != nil {
			return err
		}
		var page []int64
		for row := range set.Backward() {
			if page = append(page, row); len(page) == 50 {
				break
			}
		}
		if _, err := r.Pick(page); err != nil {
			return err
		}
		for _, c := range []Column{Host, ID, Codes} {
			if _, err := r.Facet(b.Context(), c, set); err != nil {
				return err
			}
		}
		return nil
	})
}

// BenchmarkScattered picks rows that share no page.
func BenchmarkScattered(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 1))
	benchmarkMillion(b, func(r *Reader) error {
		page := make([]int64, 50)
		for i := range page {
			page[i] = rnd.Int64N(million)
		}
		_, err := r.Pick(page)
		return err
	})
}

func BenchmarkHostIDLevel(b *testing.B) {
	benchmarkMillion(b, func(r *Reader) error {
		host := someRows()[0].Host
		_, err := r.Scan(b.Context(), nil, Text(Host, func(s string) bool { return s == host }),
			Number(ID, func(n int64) bool { return n > 1000 }), Number(Level, func(n int64) bool { return n <= 4 }))
		return err
	})
}

// BenchmarkText looks into fields and messages for what few and many rows have.
func BenchmarkText(b *testing.B) {
	for _, bench := range []struct {
		name      string
		predicate func(Column) Predicate
	}{
		{"rare", func(c Column) Predicate { return Contains(c, "clusterstorage") }},
		{"common", func(c Column) Predicate { return Contains(c, "windows") }},
		{"regexp", func(c Column) Predicate { return Matches(c, regexp.MustCompile("0x8004230[0-9a-f]")) }},
		{"regexp-any-case", func(c Column) Predicate { return Matches(c, regexp.MustCompile("(?i)cluster.*storage")) }},
		{"regexp-alone", func(c Column) Predicate { return Matches(c, regexp.MustCompile("[0-9a-f]{40}$")) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			benchmarkMillion(b, func(r *Reader) error {
				for _, c := range []Column{Fields, Message} {
					if _, err := r.Scan(b.Context(), nil, bench.predicate(c)); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
}

func BenchmarkFacet(b *testing.B) {
	for _, c := range []Column{Host, ID, Codes, Provider, Source} {
		b.Run(c.String(), func(b *testing.B) {
			benchmarkMillion(b, func(r *Reader) error {
				_, err := r.Facet(b.Context(), c, nil)
				return err
			})
		})
	}
}

// BenchmarkInclude adds a tenth to a store of a million rows.
func BenchmarkInclude(b *testing.B) {
	benchmarkMillion(b, func(r *Reader) error {
		w, err := Create(filepath.Join(b.TempDir(), "events.parquet"), Options{})
		if err != nil {
			return err
		}
		defer w.Close()
		if err := w.Include(r, nil); err != nil {
			return err
		}
		if err := writeRows(w, million/10); err != nil {
			return err
		}
		_, err = w.Finish(b.Context(), Labels{})
		return err
	})
}
