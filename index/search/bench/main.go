// Command bench measures the index of vsswhy against bleve's default mapping
// and SQLite's FTS5, on the same events in one run. It prints a Markdown table.
//
//	go run . -events 100000
//
// Each engine runs in a process of its own, so that their memory can be told
// apart.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/index/search/searchtest"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// An engine is one way to index events.
type engine interface {
	// build indexes the events into dir.
	build(ctx context.Context, dir string, events func(yield func(*event.Event) bool)) error
	// open makes what was built ready for search.
	open(ctx context.Context, dir string) error
	// search answers one of the questions with the number of hits.
	search(ctx context.Context, question string) (int, error)
}

var engines = []struct {
	name string
	make func() engine
}{
	{"vsswhy", func() engine { return new(ours) }},
	{"bleve, default mapping", func() engine { return new(defaultBleve) }},
	{"SQLite FTS5", func() engine { return new(sqlite) }},
}

// questions are what is asked, by the names that the table has for them.
var questions = []string{
	"id", "provider", "word", "three words", "code", "GUID", "path", "substring",
	"provider + day, newest 50, 3 facets", "facet of all hosts", "facet of all machines", "newest 50 of all",
}

// A result is what one engine did.
type result struct {
	Engine   string
	Build    time.Duration
	CPU      time.Duration // of building
	Bytes    int64
	Peak     int64 // resident while building
	Open     time.Duration
	Hits     map[string]int
	P50, P95 map[string]time.Duration
}

var (
	count  = flag.Int("events", 100_000, "`number` of events")
	only   = flag.Int("engine", -1, "run only this engine, and print JSON")
	rounds = flag.Int("rounds", 41, "times that each question is asked")
	skip   = flag.String("skip", "", "`name` of an engine to leave out")
)

func main() {
	log.SetFlags(0)
	flag.Parse()
	if *only >= 0 {
		r, err := measure(context.Background(), *only)
		if err != nil {
			log.Fatal(err)
		}
		json.NewEncoder(os.Stdout).Encode(r)
		return
	}
	var results []result
	for i, e := range engines {
		if e.name != *skip {
			results = append(results, child(i))
		}
	}
	print(results)
}

// child measures an engine in another process.
func child(i int) result {
	cmd := exec.Command(os.Args[0], "-engine", fmt.Sprint(i), "-events", fmt.Sprint(*count), "-rounds", fmt.Sprint(*rounds))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		log.Fatalf("%s: %v", engines[i].name, err)
	}
	var r result
	if err := json.Unmarshal(out, &r); err != nil {
		log.Fatal(err)
	}
	return r
}

func measure(ctx context.Context, i int) (result, error) {
	r := result{Engine: engines[i].name, Hits: map[string]int{}, P50: map[string]time.Duration{}, P95: map[string]time.Duration{}}
	parent, err := os.MkdirTemp("", "bench")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(parent)
	dir := filepath.Join(parent, "index")
	x := engines[i].make()

	generate, start, before := generation(), time.Now(), cpu()
	if err := x.build(ctx, dir, searchtest.Events(1, *count)); err != nil {
		return r, err
	}
	r.Build = time.Since(start) - generate
	r.CPU = cpu() - before - generate
	r.Peak = peak()
	if r.Bytes, err = size(dir); err != nil {
		return r, err
	}
	start = time.Now()
	if err := x.open(ctx, dir); err != nil {
		return r, err
	}
	r.Open = time.Since(start)
	for _, q := range questions {
		if err := r.ask(ctx, x, q); err != nil {
			return r, fmt.Errorf("%s: %w", q, err)
		}
	}
	return r, nil
}

// generation is how long it takes to make the events, which is not the
// engine's.
func generation() time.Duration {
	start := time.Now()
	for range searchtest.Events(1, *count) {
	}
	return time.Since(start)
}

func (r *result) ask(ctx context.Context, x engine, question string) error {
	var times []time.Duration
	for range *rounds {
		start := time.Now()
		n, err := x.search(ctx, question)
		if err != nil {
			return err
		}
		r.Hits[question] = n
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	r.P50[question], r.P95[question] = times[len(times)/2], times[len(times)*95/100]
	return nil
}

func size(dir string) (int64, error) {
	sum := int64(0)
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return sum, err
}

// peak is the most memory that was resident, as Linux counts; else 0.
func peak() int64 {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		var kib int64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
			return kib << 10
		}
	}
	return 0
}

// cpu is the time that the process has used of all processors, as Linux counts;
// else 0. The fields after the process's name, which ends in a bracket, are
// state, ten numbers, and user and system time in hundredths of a second.
func cpu() time.Duration {
	stat, _ := os.ReadFile("/proc/self/stat")
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

func print(results []result) {
	row := func(name string, cell func(result) string) {
		fmt.Printf("| %s |", name)
		for _, r := range results {
			fmt.Printf(" %s |", cell(r))
		}
		fmt.Println()
	}
	row(fmt.Sprintf("%d events", *count), func(r result) string { return r.Engine })
	fmt.Println("|" + strings.Repeat("---|", len(results)+1))
	row("build, events/s", func(r result) string { return fmt.Sprintf("%.0f", float64(*count)/r.Build.Seconds()) })
	row("CPU, µs an event", func(r result) string { return fmt.Sprintf("%.0f", r.CPU.Seconds()*1e6/float64(*count)) })
	row("bytes an event", func(r result) string { return fmt.Sprint(r.Bytes / int64(*count)) })
	row("resident, MiB", func(r result) string { return fmt.Sprint(r.Peak >> 20) })
	row("open", func(r result) string { return millis(r.Open) })
	for _, q := range questions {
		row(q, func(r result) string {
			return fmt.Sprintf("%s, %s (%d)", millis(r.P50[q]), millis(r.P95[q]), r.Hits[q])
		})
	}
}

func millis(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1000) }
