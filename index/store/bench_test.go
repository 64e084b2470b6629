package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/vsswhy/vsswhy/ingest"
	"github.com/vsswhy/vsswhy/ingest/event"
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

// millionStore is a store of a million rows: real ones over and over, with
// other digits each time, so that compression isn't flattered by copies.
var millionStore = sync.OnceValues(func() (*Reader, error) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "events.parquet")
	m, err := writeMillion(path)
	if err != nil {
		return nil, err
	}
	return Open(path, m, VerifyLazy)
})

func writeMillion(path string) (Manifest, error) {
	w, err := Create(path, Options{})
	if err != nil {
		return Manifest{}, err
	}
	defer w.Close()
	v := newVariety()
	batch := make([]Row, 1000)
	for range million / len(batch) {
		for i := range batch {
			batch[i] = v.next()
		}
		if err := w.Write(batch); err != nil {
			return Manifest{}, err
		}
	}
	return w.Finish(context.Background())
}

// A variety yields rows that look like real ones.
type variety struct {
	rows []Row
	n    int
	rnd  *rand.Rand
}

func newVariety() *variety {
	v := &variety{rows: realRows(), rnd: rand.New(rand.NewPCG(1, 1))}
	if len(v.rows) == 0 {
		v.rows = randomRows(1, 5000)
	}
	return v
}

func (v *variety) next() Row {
	r := v.rows[v.n%len(v.rows)]
	round := v.n / len(v.rows)
	v.n++
	r.Time = r.Time.Add(time.Duration(v.rnd.Int64N(int64(24 * time.Hour))))
	r.Record += uint64(round) * 100_000
	r.Source = fmt.Sprint(r.Source, round%8)
	r.Offset += int64(v.rnd.IntN(1 << 20))
	fields := make([]event.Field, len(r.Fields))
	for i, f := range r.Fields {
		fields[i] = event.Field{Name: f.Name, Value: v.otherDigits(f.Value)}
	}
	r.Fields = fields
	return r
}

func (v *variety) otherDigits(s string) string {
	b := []byte(s)
	bits := v.rnd.Uint64()
	for i, c := range b {
		if '0' <= c && c <= '9' {
			b[i] = '0' + byte(bits%10)
			if bits /= 10; bits == 0 {
				bits = v.rnd.Uint64()
			}
		}
	}
	return string(b)
}

// BenchmarkWrite writes a million rows, all different; making them is not timed.
func BenchmarkWrite(b *testing.B) {
	batch := make([]Row, 10_000)
	var m Manifest
	for b.Loop() {
		b.StopTimer()
		v := newVariety()
		w, err := Create(filepath.Join(b.TempDir(), "events.parquet"), Options{})
		if err != nil {
			b.Fatal(err)
		}
		for range million / len(batch) {
			for i := range batch {
				batch[i] = v.next()
			}
			b.StartTimer()
			if err := w.Write(batch); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
		}
		b.StartTimer()
		if m, err = w.Finish(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(million)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(m.Bytes)/million, "bytes/event")
}

func benchmarkMillion(b *testing.B, f func(r *Reader) error) {
	r, err := millionStore()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := f(r); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(r.manifest.Bytes)/million, "bytes/event")
}

func BenchmarkRandom45(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 1))
	benchmarkMillion(b, func(r *Reader) error {
		_, err := r.Read(rnd.Int64N(million-45), 45)
		return err
	})
}

func BenchmarkHostIDLevel(b *testing.B) {
	host := ""
	benchmarkMillion(b, func(r *Reader) error {
		if host == "" {
			row, err := r.At(million / 2)
			if err != nil {
				return err
			}
			host = row.Host
		}
		_, err := r.Scan(b.Context(), nil, Text(Host, func(s string) bool { return s == host }),
			Number(ID, func(n int64) bool { return n > 1000 }), Number(Level, func(n int64) bool { return n <= 4 }))
		return err
	})
}

func BenchmarkSubstring(b *testing.B) {
	benchmarkMillion(b, func(r *Reader) error {
		set, err := r.Scan(b.Context(), nil, Contains(Fields, "clusterstorage"))
		if err != nil {
			return err
		}
		message, err := r.Scan(b.Context(), nil, Contains(Message, "clusterstorage"))
		if err == nil {
			set.Or(message)
		}
		return err
	})
}

func BenchmarkFacet(b *testing.B) {
	benchmarkMillion(b, func(r *Reader) error {
		_, err := r.Facet(b.Context(), Provider, nil)
		return err
	})
}
