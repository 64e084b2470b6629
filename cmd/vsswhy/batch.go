package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules"
)

// batchOptions are the flags of batch.
type batchOptions struct {
	out       string
	filesFrom string
	formats   []string
	failOn    string
	jobs      int
	timeout   time.Duration
	resume    bool
	cases     bool
	redact    bool
	reading   readOptions
	kept      caseOptions
	found     map[string]bool // bundles that were met in a folder
}

func newBatch() *cobra.Command {
	opt := &batchOptions{}
	cmd := &cobra.Command{
		Use:   "batch --out DIR PATH...",
		Short: "Diagnose many bundles, and sum up what they have",
		Long: `Diagnose many bundles, each by itself. A file is a bundle, and so is whatever lies
in a folder that is named: a file, an archive, or a folder of one customer.

In the folder of --out, reports/ has a report of each. index.html is the summary to
look at, summary.jsonl and summary.csv have a line for each bundle (vsswhy schema
summary tells of what), and journal.jsonl is what --resume goes by.
A bundle that can't be read stops none of the others.

A run that was stopped goes on with --resume: bundles are not read again whose
content is the same, by the same rules. Of a file the content counts, of a folder
the names, sizes and times of what is in it. With --password those are read again
of which part could not be read.`,
		Example: `  vsswhy batch --out result bundles/
  vsswhy batch --out result --cases --fail-on confirmed acme.zip contoso.7z
  find /srv/bundles -name '*.7z' | vsswhy batch --out result --files-from - --resume`,
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := opt.batch(cmd, args)
			if err != nil {
				return err
			}
			return b.run(cmd)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&opt.out, "out", "o", "", "folder for the reports and the summary")
	f.StringVar(&opt.filesFrom, "files-from", "", "read the paths of bundles from this file, one a line; - is standard input")
	f.StringSliceVar(&opt.formats, "format", []string{"json", "html"}, "forms of each report: text, json, jsonl, csv, md, html, ecs; several with commas")
	f.SetAnnotation("format", settingName, []string{"batch-format"}) // VSSWHY_FORMAT is that of one report
	f.StringVar(&opt.failOn, "fail-on", "", "exit with 1 if a finding is at least this: confirmed, likely, possible or ruled-out")
	f.IntVar(&opt.jobs, "jobs", 0, "how many bundles to read at once (0: as many as there are cores)")
	f.DurationVar(&opt.timeout, "timeout", 0, "give a bundle up after this time, such as 10m (0: never)")
	f.BoolVar(&opt.resume, "resume", false, "don't read again what an earlier run has done")
	f.BoolVar(&opt.cases, "cases", false, "keep a case of each bundle, too, for vsswhy open (takes several times as long)")
	f.BoolVar(&opt.redact, "redact", false, "replace names in reports and summary; journal.jsonl tells which bundle is which, and of cases report --mapping the rest")
	f.BoolVar(&opt.reading.recover, "recover", false, "read what is left of earlier records in EVTX logs, too")
	f.StringArrayVar(&opt.reading.passwords, passwordFlag, nil, "password of encrypted zip, 7z and rar archives; may be given several times")
	opt.kept.flags(cmd)
	return cmd
}

// batch checks everything before anything is read.
func (o *batchOptions) batch(cmd *cobra.Command, args []string) (*batch, error) {
	if o.out == "" {
		return nil, errors.New("say with --out DIR where the reports go")
	}
	if o.jobs < 0 {
		return nil, fmt.Errorf("--jobs %d is less than 0", o.jobs)
	}
	if o.timeout < 0 {
		return nil, fmt.Errorf("--timeout %v is less than 0", o.timeout)
	}
	for _, form := range o.formats {
		if printers[form] == nil {
			return nil, fmt.Errorf("--format %q is none of text, json, jsonl, csv, md, html and ecs", form)
		}
	}
	failOn, err := verdictFlag(o.failOn)
	if err := errors.Join(err, o.kept.check()); err != nil {
		return nil, err
	}
	paths, err := o.paths(cmd, args)
	if err != nil {
		return nil, err
	}
	e, err := newEngine(cmd)
	if err != nil {
		return nil, err
	}
	journal, err := openJournal(o.out, o.resume, o.cases)
	if err != nil {
		return nil, err
	}
	jobs := min(cmp.Or(o.jobs, runtime.GOMAXPROCS(0)), len(paths))
	o.reading.workers = max(1, runtime.GOMAXPROCS(0)/jobs)
	return &batch{opt: o, e: e, failOn: failOn, paths: paths, jobs: jobs, journal: journal, bundles: make([]batchItem, len(paths)), stderr: cmd.ErrOrStderr()}, nil
}

// paths are the bundles, each once, in the order in which they were named.
func (o *batchOptions) paths(cmd *cobra.Command, args []string) ([]string, error) {
	var paths []string
	o.found = map[string]bool{}
	for _, arg := range args {
		in, err := o.bundlesIn(cmd.ErrOrStderr(), arg)
		if err != nil {
			return nil, err
		}
		paths = append(paths, in...)
	}
	listed, err := o.listed(cmd.InOrStdin())
	if err != nil {
		return nil, fmt.Errorf("--files-from: %w", err)
	}
	seen := map[string]bool{}
	paths = slices.DeleteFunc(append(paths, listed...), func(p string) bool {
		whole, err := filepath.Abs(p)
		again := err == nil && seen[whole]
		seen[whole] = true
		return again
	})
	if len(paths) == 0 {
		return nil, errors.New("there is no bundle to read")
	}
	return paths, nil
}

// bundlesIn are the bundles of a path: itself, or what lies in the folder. Hidden
// files, cases and our own results are none.
func (o *batchOptions) bundlesIn(stderr io.Writer, path string) ([]string, error) {
	if info, err := os.Stat(path); err != nil || !info.IsDir() || index.IsCase(path) {
		return []string{filepath.Clean(path)}, nil // what is wrong is said in its line
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return []string{filepath.Clean(path)}, nil // so are others read beside it
	}
	into := sameFile(path, o.out)
	var list []string
	for _, d := range entries {
		p := filepath.Join(path, d.Name())
		switch {
		case strings.HasPrefix(d.Name(), "."), sameFile(p, o.out), into && isResult(d.Name()):
		case isBatch(p):
			fmt.Fprintf(stderr, "vsswhy: %s has the results of a batch and is no bundle; left out\n", event.Clean(p))
		case index.IsCase(p):
			fmt.Fprintf(stderr, "vsswhy: %s is a case and no bundle; left out\n", event.Clean(p))
		default:
			list = append(list, p)
			o.found[p] = true
		}
	}
	return list, nil
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	y, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(x, y)
}

// isBatch reports whether a folder has the results of a batch, perhaps of another
// one.
func isBatch(dir string) bool {
	journal, err := os.Lstat(filepath.Join(dir, journalFile))
	reports, err2 := os.Lstat(filepath.Join(dir, batchReports))
	return err == nil && err2 == nil && journal.Mode().IsRegular() && reports.IsDir()
}

// isResult reports whether a batch calls something so, in the folder of --out.
func isResult(name string) bool {
	return slices.Contains([]string{batchReports, batchCases, journalFile, summaryFile, summaryTable, summaryPage}, name)
}

// listed are the paths of --files-from. A folder in that list is a bundle.
func (o *batchOptions) listed(stdin io.Reader) ([]string, error) {
	switch o.filesFrom {
	case "":
		return nil, nil
	case "-":
	default:
		f, err := os.Open(o.filesFrom)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		stdin = f
	}
	// Windows PowerShell writes UTF-16.
	data, err := io.ReadAll(transform.NewReader(stdin, unicode.BOMOverride(encoding.Nop.NewDecoder())))
	var paths []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			paths = append(paths, filepath.Clean(line))
		}
	}
	return paths, err
}

// ending is what the exit code is decided by.
func (b *batch) ending(interrupted bool) error {
	e := ending{interrupted: interrupted, lossesIn: filepath.Join(b.opt.out, summaryFile) + " names it"}
	for i := range b.bundles {
		if line := b.bundles[i].line; line != nil {
			e.content = e.content || line.Logs > 0 || line.Records > 0 || len(line.Hosts) > 0 // as of a systeminfo alone
			e.incomplete = e.incomplete || !line.Complete
			v, err := rules.ParseVerdict(line.Verdict)
			e.finding = e.finding || err == nil && b.failOn != rules.NoVerdict && v >= b.failOn
		}
	}
	return e.err()
}
