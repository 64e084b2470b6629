// Command speed measures the program on one log, in one run, against what its
// speed is judged by: a crc32 and a SHA-256 pass over the same file, and other
// readers where they are installed (evtxexport of Debian's libevtx-utils, evtx_dump
// of the crate evtx). Times depend on the machine and on what else it does; read
// the ratios.
//
//	python3 ../shared/tools/grow_evtx.py ../shared/data/plaso/System.evtx grown.evtx 256
//	go run ./.ci/speed grown.evtx
//	go run ./.ci/speed -bundles 200 grown20.evtx   # vsswhy batch, over that many archives
package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/evtx"
	"github.com/vsswhy/vsswhy/rules"
	"github.com/vsswhy/vsswhy/rules/builtin"
	"github.com/vsswhy/vsswhy/rules/scene"
)

// A job is one thing that is measured.
type job struct {
	name  string
	run   func() error
	slow  bool // it is run once
	times []time.Duration
	wants []target
}

// A target is what a job's time is judged by.
type target struct {
	most float64  // at most so many times the time of by; negative: at least so many times as fast
	by   []string // the slowest of these jobs
}

func main() {
	log.SetFlags(0)
	rounds := flag.Int("rounds", 5, "how often each is run; the median counts")
	bundles := flag.Int("bundles", 0, "measure vsswhy batch over so many archives of the log instead")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: speed [-rounds N | -bundles N] LOG.evtx")
	}
	if err := measure(flag.Arg(0), *rounds, *bundles); err != nil {
		log.Fatal(err)
	}
}

func measure(path string, rounds, bundles int) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "speed")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "vsswhy")
	if out, err := exec.Command("go", "build", "-o", program, "./cmd/vsswhy").CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	if bundles > 0 {
		return measureBatch(program, dir, path, bundles)
	}
	jobs, err := list(path, program)
	if err != nil {
		return err
	}
	// In turn, so that what else the machine does slows all of them.
	for round := range rounds {
		for _, j := range jobs {
			if j.slow && round > 0 {
				continue
			}
			start := time.Now()
			if err := j.run(); err != nil {
				return fmt.Errorf("%s: %w", j.name, err)
			}
			j.times = append(j.times, time.Since(start))
		}
	}
	print(jobs, info.Size())
	return nil
}

// list makes the jobs, without those whose program is not there.
func list(path, program string) ([]*job, error) {
	set, err := rules.Load(builtin.FS)
	if err != nil {
		return nil, err
	}
	in := set.Interest()
	in.Merge(scene.Interest())
	jobs := []*job{
		{name: "crc32", run: func() error { return sum(path, crc32.NewIEEE()) }},
		{name: "SHA-256", run: func() error { return sum(path, sha256.New()) }},
		{name: "reader, 1 core: the rules' events", run: read(path, evtx.Options{Interest: in, Workers: 1}), wants: []target{{4, []string{"crc32"}}}},
		{name: "reader, all cores: the rules' events", run: read(path, evtx.Options{Interest: in})},
		{name: "reader, 1 core: every record", run: read(path, evtx.Options{Workers: 1}), wants: []target{{-1.5, []string{"evtx_dump, 1 thread: XML"}}, {-40, []string{"evtxexport: XML"}}}},
		{name: "vsswhy scan", run: command(program, "scan", "--format", "json", path), wants: []target{{1.2, []string{"SHA-256", "reader, 1 core: the rules' events"}}}},
		{name: "vsswhy events --format jsonl", run: command(program, "events", "--format", "jsonl", path), wants: []target{{-1, []string{"evtx_dump: JSON lines"}}}},
	}
	if _, err := exec.LookPath("evtxexport"); err == nil {
		jobs = append(jobs, &job{name: "evtxexport: XML", run: command("evtxexport", "-f", "xml", path), slow: true})
	}
	if _, err := exec.LookPath("evtx_dump"); err == nil {
		jobs = append(jobs,
			&job{name: "evtx_dump, 1 thread: XML", run: command("evtx_dump", "-t", "1", "-o", "xml", path)},
			&job{name: "evtx_dump: JSON lines", run: command("evtx_dump", "-o", "jsonl", path)})
	}
	return jobs, nil
}

func sum(path string, h hash.Hash) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyBuffer(h, struct{ io.Reader }{f}, make([]byte, 1<<20))
	return err
}

// read reads a log as the list of all events does, and looks at nothing.
func read(path string, opt evtx.Options) func() error {
	return func() error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		src := &event.Source{}
		opt.Recycler = new(event.Recycler)
		for batch := range evtx.Read(context.Background(), f, info.Size(), src, opt) {
			opt.Recycler.Done(batch)
		}
		if src.Records == 0 || src.Err != "" {
			return fmt.Errorf("%d records, %s", src.Records, src.Err)
		}
		return nil
	}
}

// command runs a program whose output nobody reads. That of vsswhy ends with 3
// where a log is damaged, which is no failure here.
func command(name string, args ...string) func() error {
	return func() error {
		cmd := exec.Command(name, args...)
		err := cmd.Run()
		if code := cmd.ProcessState.ExitCode(); code == 3 {
			return nil
		}
		return err
	}
}

func (j *job) median() time.Duration {
	slices.SortFunc(j.times, cmp.Compare)
	return j.times[len(j.times)/2]
}

func print(jobs []*job, size int64) {
	base := slowest(jobs, []string{"crc32"})
	fmt.Printf("%-38s %9s %8s %9s  %s\n", fmt.Sprintf("%d MB", size/1e6), "median", "MB/s", "x crc32", "wanted")
	for _, j := range jobs {
		m := j.median()
		fmt.Printf("%-38s %9s %8.0f %9.2f", j.name, m.Round(time.Millisecond), float64(size)/1e6/m.Seconds(), float64(m)/float64(base))
		for i, w := range j.wants {
			if i > 0 {
				fmt.Printf("\n%67s", "")
			}
			fmt.Printf("  %s", w.verdict(m, slowest(jobs, w.by)))
		}
		fmt.Println()
	}
}

// slowest is the longest of the jobs' times, 0 if none of them was run.
func slowest(jobs []*job, names []string) (most time.Duration) {
	for _, j := range jobs {
		if slices.Contains(names, j.name) {
			most = max(most, j.median())
		}
	}
	return most
}

// verdict compares a time with what it is judged by.
func (w target) verdict(took, by time.Duration) string {
	name := strings.Join(w.by, " or ")
	if by == 0 {
		return name + " is not installed"
	}
	times := float64(took) / float64(by)
	ok, text := times <= w.most, fmt.Sprintf("at most %.1f x %s: %.2f", w.most, name, times)
	if w.most < 0 {
		ok, text = 1/times >= -w.most, fmt.Sprintf("at least %.1f x as fast as %s: %.2f", -w.most, name, 1/times)
	}
	if !ok {
		text += " (missed)"
	}
	return text
}
