package main

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/index/store"
)

// writeMillion writes an export of so many events of three hosts over ten days,
// no two alike.
func writeMillion(b testing.TB, n int) string {
	path := filepath.Join(b.TempDir(), "million.xml")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	rng := rand.New(rand.NewPCG(1, 2))
	providers := []struct {
		name, channel string
		id            int
	}{
		{"Microsoft-Windows-Hyper-V-VMMS", "Microsoft-Windows-Hyper-V-VMMS-Admin", 18304}, {"VSS", "Application", 8224}, {"Service Control Manager", "System", 7036},
		{"Microsoft-Windows-FailoverClustering", "Microsoft-Windows-FailoverClustering/Operational", 1635}, {"Ntfs", "System", 98}, {"disk", "System", 153},
		{"Microsoft-Windows-Security-Auditing", "Security", 4624}, {"ESENT", "Application", 326},
	}
	at := time.Date(2010, 3, 4, 0, 0, 0, 0, time.UTC)
	fmt.Fprint(w, "<Events>")
	for i := range n {
		p := providers[rng.IntN(len(providers))]
		level := 4
		if rng.IntN(50) == 0 {
			level = 2 + rng.IntN(2)
		}
		at = at.Add(time.Duration(rng.IntN(1_700_000_000)))
		fmt.Fprintf(w, "<Event><System><Provider Name='%s'/><EventID>%d</EventID><Level>%d</Level><TimeCreated SystemTime='%s'/><EventRecordID>%d</EventRecordID>"+
			"<Channel>%s</Channel><Computer>HV0%d.contoso.com</Computer></System><EventData><Data Name='Name'>service %d</Data><Data Name='Id'>{%08x-1111-2222-3333-%012x}</Data>"+
			"<Data Name='Path'>C:\\ClusterStorage\\Volume%d\\VM%d\\disk%d.vhd</Data><Data Name='Size'>%d</Data></EventData></Event>\n",
			p.name, p.id+rng.IntN(5), level, at.Format("2006-01-02T15:04:05.0000000Z"), i+1, p.channel, 1+rng.IntN(3), rng.IntN(5000), rng.Uint32(), rng.Uint64()>>16,
			rng.IntN(4), rng.IntN(60), rng.IntN(9), rng.Uint32())
	}
	fmt.Fprint(w, "</Events>")
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkMillion makes a case of a million events, opens it, and asks it what
// a screen asks. It prints the figures; run it with -benchtime 1x.
func BenchmarkMillion(b *testing.B) {
	if testing.Short() {
		b.Skip("a million events")
	}
	const n = 1_000_000
	in, dir := writeMillion(b, n), filepath.Join(b.TempDir(), "c")
	for b.Loop() {
		os.RemoveAll(dir)
		start := time.Now()
		cmd := vsswhy(b, "scan", "--case", dir, in)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		b.ReportMetric(n/time.Since(start).Seconds(), "events/s-scan")
	}
}

// measure returns the median and the 95th percentile of some runs, in ms.
func measure(b *testing.B, runs int, f func(i int)) (p50, p95 float64) {
	var ms []float64
	for i := range runs {
		start := time.Now()
		f(i)
		ms = append(ms, float64(time.Since(start).Microseconds())/1000)
	}
	slices.Sort(ms)
	return ms[runs/2], ms[runs*95/100]
}

func BenchmarkCaseOfAMillion(b *testing.B) {
	if testing.Short() {
		b.Skip("a million events")
	}
	in, dir := writeMillion(b, 1_000_000), filepath.Join(b.TempDir(), "c")
	if out, err := vsswhy(b, "scan", "--case", dir, in).CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	open := func() *index.Case {
		c, err := index.Open(dir)
		if err != nil {
			b.Fatal(err)
		}
		if _, _, err := c.Report(); err != nil {
			b.Fatal(err)
		}
		if _, err := c.Env(); err != nil {
			b.Fatal(err)
		}
		return c
	}
	c := open()
	defer c.Close()
	ctx := context.Background()
	typical := func(day int) {
		q, err := query.Parse(fmt.Sprintf("prov:vmms since:2010-03-%02d until:2010-03-%02d", 4+day, 5+day))
		if err != nil {
			b.Fatal(err)
		}
		set, err := c.Find(ctx, q)
		if err != nil {
			b.Fatal(err)
		}
		r, _ := c.Events()
		var newest []int64
		for row := range set.Backward() {
			if newest = append(newest, row); len(newest) == 50 {
				break
			}
		}
		if _, err := r.Pick(newest); err != nil {
			b.Fatal(err)
		}
		for _, column := range []store.Column{store.Host, store.ID, store.Codes} {
			if _, err := r.Facet(ctx, column, set); err != nil {
				b.Fatal(err)
			}
		}
	}
	for b.Loop() {
		p50, p95 := measure(b, 20, func(int) { open().Close() })
		b.ReportMetric(p50, "ms-open-p50")
		b.ReportMetric(p95, "ms-open-p95")
		p50, p95 = measure(b, 100, func(i int) { typical(i % 9) })
		b.ReportMetric(p50, "ms-typical-p50")
		b.ReportMetric(p95, "ms-typical-p95")
	}
}
