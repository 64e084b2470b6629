package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/ingest"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules"
	"github.com/vsswhy/vsswhy/rules/report"
)

// Files of a batch, in the folder of --out.
const (
	summaryFile  = "summary.jsonl"
	summaryTable = "summary.csv"
	summaryPage  = "index.html"
	batchReports = "reports"
	batchCases   = "cases"
)

// A batch is a run over bundles.
type batch struct {
	opt     *batchOptions
	e       *engine
	failOn  rules.Verdict
	paths   []string
	jobs    int
	journal *journal
	bundles []batchItem // of the paths
	stderr  io.Writer

	done, total, causes atomic.Int64 // for the progress line
	pace                pace
}

// A batchItem is a bundle of the batch and how far it is.
type batchItem struct {
	size     int64 // bytes on the disk
	progress ingest.Progress
	ended    atomic.Bool
	line     *report.Bundle // nil: not reached
	alias    string         // what the summary calls it
	earlier  bool           // the line is of an earlier run
}

// A bundle has some 3 MB in use and makes as much garbage, so that the collector would
// run for every second one. With batchGCPercent it runs a quarter as often, which takes
// 2 % off the time; batchMemory (in bytes, for each job) keeps a bundle that has much
// in use from taking five times as much.
const (
	batchGCPercent = 400
	batchMemory    = 256 << 20
)

// run reads the bundles, as many at once as there are jobs, and sums them up. Only
// output that can't be written ends it before.
func (b *batch) run(cmd *cobra.Command) error {
	defer b.journal.close()
	defer debug.SetGCPercent(debug.SetGCPercent(batchGCPercent))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(min(debug.SetMemoryLimit(-1), int64(b.jobs)*batchMemory)))
	for i, p := range b.paths {
		b.bundles[i].size = sizeOf(p)
		b.total.Add(b.bundles[i].size)
	}
	bar := newTellingLine(cmd.ErrOrStderr(), b.line)
	ctx, stop := context.WithCancelCause(cmd.Context())
	defer stop(nil)
	next := make(chan int)
	var wg sync.WaitGroup
	for range b.jobs {
		wg.Go(func() {
			for i := range next {
				if err := b.bundle(ctx, i); err != nil {
					stop(&outputError{err})
				}
			}
		})
	}
	b.feed(ctx, next)
	wg.Wait()
	bar.stop()
	var failed *outputError
	if errors.As(context.Cause(ctx), &failed) {
		return fmt.Errorf("%w; what is done is kept, --resume goes on", failed)
	}
	if err := b.sumUp(cmd.OutOrStdout()); err != nil {
		return err
	}
	return b.ending(cmd.Context().Err() != nil)
}

// An outputError ends a batch: the next bundle's report could not be written, either.
type outputError struct{ error }

func (e *outputError) Unwrap() error { return e.error }

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

// line says how far the batch is.
func (b *batch) line(spent time.Duration) string {
	const mib = 1 << 20
	var read int64
	for i := range b.bundles {
		x := &b.bundles[i]
		if x.ended.Load() {
			read += x.size
		} else {
			read += min(x.size, x.progress.BytesDone.Load())
		}
	}
	total := b.total.Load()
	text := fmt.Sprintf("%d of %d bundles, %d of %d MiB, %d findings", b.done.Load(), len(b.paths), read/mib, total/mib, b.causes.Load())
	if left, ok := b.pace.look(spent, read, total); ok {
		text += ", " + inWords(left)
	}
	return text
}

// sizeOf is the size of a bundle in bytes; 0 if it can't be told.
func sizeOf(path string) (size int64) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
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

// bundle reads one, unless an earlier run has. An error is one of the output.
func (b *batch) bundle(ctx context.Context, i int) error {
	path, x := b.paths[i], &b.bundles[i]
	defer x.ended.Store(true)
	x.alias = bundleName(path)
	key, err := contentKey(path)
	if b.opt.redact {
		x.alias = b.name(path, key)
	}
	if err != nil {
		x.line = b.unread(path, err)
		b.done.Add(1)
		return nil
	}
	if x.line = b.journal.done(b.expected(path, key), b.opt); x.line != nil {
		x.earlier = true
	} else {
		start := time.Now()
		r, err := b.read(ctx, path, key, x)
		if ctx.Err() != nil {
			return nil // it is not done, and read anew by the next run
		}
		if r != nil {
			x.line = r.Bundle()
		} else {
			x.line = b.unread(path, err)
		}
		x.line.Duration = duration(start)
		if err := b.write(x.line, b.expected(path, key), r, err); err != nil {
			return err
		}
	}
	b.done.Add(1)
	b.causes.Add(int64(len(x.line.Causes)))
	return nil
}

// unread is the line of a bundle that nothing is known of.
func (b *batch) unread(path string, err error) *report.Bundle {
	line := new(report.Report).Bundle()
	var of *fs.PathError
	if b.opt.redact && errors.As(err, &of) {
		err = of.Err
	}
	line.Bundle, line.Errors = bundleName(path), []string{fmt.Sprint(err)}
	return line
}

// duration is how long something took in milliseconds; 0 where results are to be
// reproducible.
func duration(start time.Time) int64 {
	if os.Getenv("SOURCE_DATE_EPOCH") != "" {
		return 0
	}
	return time.Since(start).Milliseconds()
}

// expected is what the line of a bundle has that is known before it is read.
func (b *batch) expected(path, key string) report.Bundle {
	x := report.Bundle{Bundle: bundleName(path), Content: key, Options: fmt.Sprintf("recover=%t redact=%t", b.opt.reading.recover, b.opt.redact), Files: []string{}}
	x.Tool = report.Tool{Name: "vsswhy", Version: version(), RulesDigest: b.e.set.Digest()}
	file := b.name(path, key)
	for _, form := range b.opt.formats {
		x.Files = append(x.Files, batchReports+"/"+file+"."+formatExt[form])
	}
	if b.opt.cases {
		x.Case = batchCases + "/" + file + ".vsswhy"
		x.Options += fmt.Sprintf("%s%s index=%s", caseOptionsIn, b.opt.kept.keep, b.opt.kept.scope)
	}
	return x
}

// bundleName is a path as JSON gives it back: bytes that are no UTF-8 are told by their
// numbers, so that two names stay two.
func bundleName(path string) string {
	var b strings.Builder
	for i, r := range filepath.ToSlash(path) {
		if r == utf8.RuneError && !strings.HasPrefix(path[i:], string(utf8.RuneError)) {
			fmt.Fprintf(&b, `\x%02x`, path[i])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// formatExt are the extensions of reports, by format.
var formatExt = map[string]string{"text": "txt", "json": "json", "jsonl": "jsonl", "csv": "csv", "md": "md", "html": "html", "ecs": "ndjson"}

// errGivenUp is the cause of a bundle's end that took too long.
type errGivenUp struct{ after time.Duration }

func (e errGivenUp) Error() string { return fmt.Sprintf("given up after %v", e.after) }

// read diagnoses one bundle. An error is said in its line; then the report, if there
// is one, has what was known by then.
func (b *batch) read(ctx context.Context, path, key string, x *batchItem) (r *report.Report, err error) {
	defer func() {
		if v := recover(); v != nil {
			fmt.Fprintf(b.stderr, "vsswhy: %s: a bug: %v\n%s", event.Clean(path), v, debug.Stack())
			r, err = nil, fmt.Errorf("a bug of vsswhy: %v", v)
		}
	}()
	if index.IsCase(path) {
		return nil, errors.New("it is a case, and no bundle; vsswhy report prints its report")
	}
	if b.opt.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, b.opt.timeout, errGivenUp{b.opt.timeout})
		defer cancel()
	}
	r = b.scan(ctx, path, key, x)
	r.Args = portable([]string{"batch", noFlag(path)}) // and not all the others
	if b.opt.redact {
		if r, err = redactIn(context.WithoutCancel(ctx), b.stderr, r, filepath.Join(b.opt.out, b.expected(path, key).Case)); err != nil {
			return nil, err
		}
	}
	var late errGivenUp
	if errors.As(context.Cause(ctx), &late) {
		return r, late
	}
	return r, nil
}

// noFlag is a path that is taken for no flag.
func noFlag(path string) string {
	if strings.HasPrefix(path, "-") {
		return "./" + path
	}
	return path
}

func (b *batch) scan(ctx context.Context, path, key string, x *batchItem) *report.Report {
	if b.opt.cases {
		opt := &scanOptions{reading: b.opt.reading, kept: b.opt.kept, found: b.opt.found[path]}
		opt.kept.dir = filepath.Join(b.opt.out, b.expected(path, key).Case)
		r, err := b.e.keep(ctx, io.Discard, []string{path}, opt)
		if err == nil {
			return r
		}
		return notKept(b.scanOnly(ctx, path, key, x), err)
	}
	return b.scanOnly(ctx, path, key, x)
}

func (b *batch) scanOnly(ctx context.Context, path, key string, x *batchItem) *report.Report {
	in := ingest.Input{Path: path, Found: b.opt.found[path]}
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() { // else the key is no hash of a file
		in.SHA256 = key
	}
	_, r := b.e.diagnose(ctx, []ingest.Input{in}, b.opt.reading.options(), watcher{progress: &x.progress}, nil)
	return r
}

// write completes a bundle's line, writes its report, and notes in the journal that
// it is done, unless it is to be read again.
func (b *batch) write(line *report.Bundle, known report.Bundle, r *report.Report, notRead error) error {
	line.Bundle, line.Content, line.Tool, line.Options = known.Bundle, known.Content, known.Tool, known.Options
	if r == nil {
		return nil
	}
	if notRead != nil {
		line.Complete, line.Errors = false, append([]string{notRead.Error()}, line.Errors...)
	}
	for i, form := range b.opt.formats {
		name := filepath.Join(b.opt.out, known.Files[i])
		if err := writeWhole(name, nil, func(w io.Writer) error { return printers[form](r, w) }); err != nil {
			return err
		}
	}
	line.Files, line.Case = known.Files, known.Case
	b.journal.dropOutdated(line)
	if notRead != nil || len(r.Notices) > 0 { // a case that is not whole is made by the next run, as after ^C
		return nil
	}
	return b.journal.add(line)
}

// sumUp writes the summary in all its forms.
func (b *batch) sumUp(stdout io.Writer) error {
	generated, err := generatedAt()
	if err != nil {
		return err
	}
	s := &report.Summary{Generated: report.Time{Time: generated}, Tool: report.Tool{Name: "vsswhy", Version: version(), RulesDigest: b.e.set.Digest()}}
	for i := range b.bundles {
		x := &b.bundles[i]
		if x.line == nil {
			s.Undone++
			continue
		}
		line := *x.line
		line.Bundle = x.alias
		s.Bundles = append(s.Bundles, &line)
		if x.earlier {
			s.Earlier++
		}
	}
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{{summaryFile, s.WriteJSONL}, {summaryTable, s.WriteCSV}, {summaryPage, s.WriteHTML}} {
		if err := writeWhole(filepath.Join(b.opt.out, f.name), nil, f.write); err != nil {
			return err
		}
	}
	return s.WriteText(stdout)
}
