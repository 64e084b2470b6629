package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/vsswhy/vsswhy/rules"
	"github.com/vsswhy/vsswhy/rules/report"
)

// batchOptions are the flags of batch.
type batchOptions struct {
	dir       string
	filesFrom string
	failOn    string
	jobs      int
	timeout   time.Duration
	resume    bool
	reading   readOptions
}

func newBatch() *cobra.Command {
	opt := &batchOptions{}
	cmd := &cobra.Command{
		Use:   "batch -o DIR BUNDLE...",
		Short: "Diagnose many bundles, and sum up what they have",
		Long: `Diagnose many bundles, each by itself: a file, archive or folder of one customer.
Each gets a report in DIR, as JSON, and a line in DIR/batch.jsonl; what they have in
common is printed. One that can't be read stops none of the others.

A run that was stopped goes on with --resume: bundles whose content and rules are
the same are not read again.`,
		Example: `  vsswhy batch -o reports bundles/*.zip
  find bundles -name '*.7z' | vsswhy batch -o reports --files-from - --resume`,
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := opt.batch(cmd, args)
			if err != nil {
				return err
			}
			return b.run(cmd)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&opt.dir, "output", "o", "", "folder for the reports")
	f.StringVar(&opt.filesFrom, "files-from", "", "read the paths of bundles from this file, one a line; - is standard input")
	f.StringVar(&opt.failOn, "fail-on", "", "exit with 1 if a finding is at least this: confirmed, likely, possible or ruled-out")
	f.IntVar(&opt.jobs, "jobs", 0, "how many bundles to read at once (0: as many as there are cores)")
	f.DurationVar(&opt.timeout, "timeout", 0, "give a bundle up after this time, such as 10m (0: never)")
	f.BoolVar(&opt.resume, "resume", false, "don't read again what an earlier run has done")
	f.BoolVar(&opt.reading.recover, "recover", false, "read what is left of earlier records in EVTX logs, too")
	f.StringArrayVar(&opt.reading.passwords, passwordFlag, nil, "password of encrypted zip, 7z and rar archives; may be given several times")
	return cmd
}

// A batch is a run over bundles.
type batch struct {
	opt    *batchOptions
	e      *engine
	failOn rules.Verdict
	paths  []string
	index  *batchIndex
	rows   []*batchRow // of the paths; nil: not done

	// For the progress line.
	bundles, read, total, causes atomic.Int64
	pace                         pace
}

// batch checks everything before anything is read.
func (o *batchOptions) batch(cmd *cobra.Command, args []string) (*batch, error) {
	if o.dir == "" {
		return nil, errors.New("say with -o DIR where the reports go")
	}
	failOn, err := verdictFlag(o.failOn)
	if err != nil {
		return nil, err
	}
	paths, err := o.paths(cmd.InOrStdin(), args)
	if err != nil {
		return nil, err
	}
	e, err := newEngine(cmd)
	if err != nil {
		return nil, err
	}
	index, err := openBatchIndex(o.dir, o.resume)
	if err != nil {
		return nil, err
	}
	return &batch{opt: o, e: e, failOn: failOn, paths: paths, index: index, rows: make([]*batchRow, len(paths))}, nil
}

// paths are the bundles, each once.
func (o *batchOptions) paths(stdin io.Reader, args []string) ([]string, error) {
	if o.filesFrom != "" {
		if o.filesFrom != "-" {
			f, err := os.Open(o.filesFrom)
			if err != nil {
				return nil, err
			}
			defer f.Close()
			stdin = f
		}
		lines := bufio.NewScanner(stdin)
		for lines.Scan() {
			if line := strings.TrimRight(lines.Text(), "\r"); line != "" {
				args = append(args, line)
			}
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("--files-from: %w", err)
		}
	}
	var paths []string
	for _, p := range args {
		if p = filepath.Clean(p); !slices.Contains(paths, p) {
			paths = append(paths, p)
		}
	}
	if len(paths) == 0 {
		return nil, errors.New("there is no bundle to read")
	}
	return paths, nil
}

// run reads the bundles, as many at once as there are jobs, and prints the summary.
func (b *batch) run(cmd *cobra.Command) error {
	defer b.index.close()
	for _, p := range b.paths {
		b.total.Add(sizeOf(p))
	}
	bar := newTellingLine(cmd.ErrOrStderr(), b.line)
	jobs := b.opt.jobs
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	next := make(chan int)
	var wg sync.WaitGroup
	var failed error
	var once sync.Once
	for range min(jobs, len(b.paths)) {
		wg.Go(func() {
			for i := range next {
				row, err := b.bundle(cmd.Context(), b.paths[i])
				if err != nil {
					once.Do(func() { failed = err })
				}
				b.rows[i] = row
				b.bundles.Add(1)
				b.read.Add(sizeOf(b.paths[i]))
				b.causes.Add(int64(len(row.Causes)))
			}
		})
	}
	b.feed(cmd.Context(), next)
	wg.Wait()
	bar.stop()
	if failed != nil {
		return failed
	}
	sum := summarize(b.rows)
	if err := sum.print(cmd.OutOrStdout()); err != nil {
		return err
	}
	return b.ending(cmd.Context().Err() != nil, sum)
}

// line says how far the batch is.
func (b *batch) line(spent time.Duration) string {
	const mib = 1 << 20
	text := fmt.Sprintf("%d of %d bundles, %d of %d MiB, %d findings", b.bundles.Load(), len(b.paths), b.read.Load()/mib, b.total.Load()/mib, b.causes.Load())
	if left, ok := b.pace.look(spent, b.read.Load(), b.total.Load()); ok {
		text += ", " + inWords(left)
	}
	return text
}

// sizeOf is the size of a bundle in bytes; 0 if it can't be told.
func sizeOf(path string) (size int64) {
	filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				size += info.Size()
			}
		}
		return nil
	})
	return size
}

// feed hands the bundles out until the program is interrupted.
func (b *batch) feed(ctx context.Context, next chan<- int) {
	defer close(next)
	for i := range b.paths {
		select {
		case next <- i:
		case <-ctx.Done():
			return
		}
	}
}

// bundle reads one. An error is one of the output, which ends all.
func (b *batch) bundle(ctx context.Context, path string) (*batchRow, error) {
	key, err := contentKey(path)
	if err != nil {
		return &batchRow{Bundle: path, Error: err.Error()}, nil
	}
	if row := b.index.done(path, key, b.e.set.Digest()); row != nil {
		return row, nil
	}
	if b.opt.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, b.opt.timeout, fmt.Errorf("given up after %v", b.opt.timeout))
		defer cancel()
	}
	reading := b.opt.reading
	reading.workers = 1 // the other cores have other bundles
	r := b.e.scan(ctx, io.Discard, []string{path}, reading.options())
	r.Args = portable([]string{"batch", path}) // and not all the others
	row := newBatchRow(path, key, r)
	if err := context.Cause(ctx); err != nil {
		row.Error = err.Error()
		return row, nil // it is read anew by the next run
	}
	if err := writeWhole(filepath.Join(b.opt.dir, row.Report), nil, r.WriteJSON); err != nil {
		return row, err
	}
	return row, b.index.add(row)
}

// ending is what the exit code is decided by.
func (b *batch) ending(interrupted bool, sum *batchSummary) error {
	return ending{
		interrupted: interrupted,
		content:     sum.withContent > 0,
		finding:     b.failOn != rules.NoVerdict && sum.strongest >= b.failOn,
		incomplete:  sum.whole < len(b.rows),
		lossesIn:    filepath.Join(b.opt.dir, batchFile) + " names it",
	}.err()
}

// newBatchRow sums up a report.
func newBatchRow(path, key string, r *report.Report) *batchRow {
	logs, records := r.Logs()
	row := &batchRow{
		Bundle: path, Content: key, Rules: r.Tool.RulesDigest, Version: r.Tool.Version, Report: reportName(path, key),
		Complete: r.Complete, Logs: logs, Records: records, Failures: len(r.Failures), Causes: []batchCause{}, Missing: []string{},
	}
	for i := range r.Findings {
		if f := &r.Findings[i]; !f.Note() {
			row.Causes = append(row.Causes, batchCause{f.Rule, f.Title, f.Verdict, f.Host, len(f.Occurrences)})
		}
	}
	for _, n := range r.NotEvaluable {
		for _, m := range n.Missing {
			if !slices.Contains(row.Missing, m) {
				row.Missing = append(row.Missing, m)
			}
		}
	}
	return row
}
