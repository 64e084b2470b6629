package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/ingest"
	"github.com/vsswhy/vsswhy/rules"
	"github.com/vsswhy/vsswhy/rules/ecs"
	"github.com/vsswhy/vsswhy/rules/report"
)

// scanOptions are the flags of a scan.
type scanOptions struct {
	printOptions
	reading readOptions
	asked   scopeOptions
	kept    caseOptions
	found   bool // the paths were not named, but met in a folder
}

// readOptions are the flags of what reads logs and archives.
type readOptions struct {
	workers   int
	recover   bool
	passwords []string
}

func (o *readOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVar(&o.workers, "workers", 0, "how many logs to read at once (0: as many as there are cores)")
	f.BoolVar(&o.recover, "recover", false, "read what is left of earlier records in EVTX logs, too; such events are marked")
	// An array, and not a slice, which would be cut at commas.
	f.StringArrayVar(&o.passwords, passwordFlag, nil, "password of encrypted zip, 7z and rar archives; may be given several times")
}

func (o *readOptions) check() error {
	if o.workers < 0 {
		return fmt.Errorf("--workers %d is less than 0", o.workers)
	}
	return nil
}

func (o *readOptions) options() ingest.Options {
	return ingest.Options{Workers: o.workers, Recover: o.recover, Passwords: o.passwords}
}

// passwordFlag is the flag whose values are told to nobody.
const passwordFlag = "password"

// hiddenPassword stands for a password.
const hiddenPassword = "***"

// printOptions are the flags of what prints a report.
type printOptions struct {
	format string
	output string
	failOn string
	redact bool
}

func newScan() *cobra.Command {
	opt := &scanOptions{}
	cmd := &cobra.Command{
		Use:   "scan PATH...",
		Short: "Scan logs and archives and print the report",
		Long: `Scan logs and archives and print the report.

With --case what was read is kept in a folder: "report", "events" and "verify"
need the logs no more then. A scan into a case that exists adds to it, and reads
only what is new.`,
		Example: `  vsswhy scan bundle.zip
  vsswhy scan --case acme.vsswhy node-a.zip node-b.zip
  vsswhy scan --around 2010-03-14T23:02 --host NODE-A bundle.zip
  vsswhy scan --password secret bundle.7z`,
		RunE: func(cmd *cobra.Command, paths []string) error {
			if len(paths) == 0 && opt.kept.dir == "" {
				return errors.New("scan needs a path")
			}
			return scan(cmd, paths, opt)
		},
	}
	opt.flags(cmd)
	opt.asked.flags(cmd)
	cmd.Flags().StringVar(&opt.kept.dir, "case", "", "keep what was read in this folder, or add to it")
	return cmd
}

func (o *scanOptions) flags(cmd *cobra.Command) {
	o.printOptions.flags(cmd)
	o.kept.flags(cmd)
	o.reading.flags(cmd)
}

func (o *printOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "text", "form of the report: text, json, jsonl, csv, md, html, or ecs (for the bulk interface of Elasticsearch and OpenSearch)")
	f.StringVarP(&o.output, "output", "o", "", "write the report to this file instead of standard output")
	f.BoolVar(&o.redact, "redact", false, "put pseudonyms in place of names, addresses, paths and ids of computers, machines, users and disks")
	f.StringVar(&o.failOn, "fail-on", "", "exit with 1 if a finding is at least this: confirmed, likely, possible or ruled-out")
}

// check is done before anything is read.
func (o *printOptions) check() error {
	if printers[o.format] == nil {
		return fmt.Errorf("--format %q is none of text, json, jsonl, csv, md, html and ecs", o.format)
	}
	_, err := verdictFlag(o.failOn)
	return err
}

// print prints a report where it is to go, and returns what the exit code is
// decided by. The pseudonyms of a redacted report are those of the case of a folder,
// "" if there is none.
func (o *printOptions) print(cmd *cobra.Command, r *report.Report, dir string) error {
	write := printers[o.format]
	start := time.Now()
	if o.redact {
		var err error
		if r, err = redacted(cmd, r, dir); err != nil {
			return err
		}
	}
	if err := writeWhole(o.output, cmd.OutOrStdout(), func(w io.Writer) error { return write(r, w) }); err != nil {
		return err
	}
	logOf(cmd.Context()).Info("printed", "format", o.format, "to", o.output, "took", since(start))
	failOn, err := verdictFlag(o.failOn)
	if err != nil {
		return err
	}
	return outcome(r, failOn, cmd.Context().Err() != nil)
}

// printers are the forms of the report.
var printers = map[string]func(*report.Report, io.Writer) error{
	"text":  (*report.Report).WriteText,
	"json":  (*report.Report).WriteJSON,
	"jsonl": (*report.Report).WriteJSONL,
	"csv":   (*report.Report).WriteCSV,
	"md":    (*report.Report).WriteMarkdown,
	"html":  (*report.Report).WriteHTML,
	"ecs":   ecs.WriteReport,
}

// scan is the whole program for one set of paths: read, diagnose, print. When
// it is interrupted it prints what is known by then.
func scan(cmd *cobra.Command, paths []string, opt *scanOptions) error {
	if err := errors.Join(opt.check(), opt.reading.check(), opt.kept.check(), notInput(opt.output, paths)); err != nil {
		return err
	}
	for _, p := range paths {
		if index.IsCase(p) {
			return fmt.Errorf("%s is a case; its report: vsswhy report %s", p, p)
		}
	}
	if opt.kept.dir != "" && opt.asked.given() {
		return errors.New("a case has all that was read: scan into it without --since, --until, --around and --host, and give those to vsswhy report")
	}
	e, err := newEngine(cmd)
	if err != nil {
		return err
	}
	if err := e.askPaths(cmd, paths, opt); err != nil {
		return err
	}
	var r *report.Report
	if opt.kept.dir != "" {
		r, err = e.keep(cmd.Context(), cmd.ErrOrStderr(), paths, opt)
		if err != nil {
			return err
		}
	} else {
		r = e.scan(cmd.Context(), cmd.ErrOrStderr(), paths, opt.reading.options())
	}
	return opt.print(cmd, r, opt.kept.dir)
}

// errNoEvent: times can't count from the last event where none was read.
var errNoEvent = errors.New("there is no event")

// askPaths has the engine answer what is asked about the logs of paths.
func (e *engine) askPaths(cmd *cobra.Command, paths []string, opt *scanOptions) error {
	scope, err := opt.asked.scope(func() (time.Time, error) {
		if slices.Contains(paths, "-") {
			return time.Time{}, errFromLast
		}
		last := lastEvent(cmd.Context(), cmd.ErrOrStderr(), paths, opt.reading.options())
		if last.IsZero() {
			return last, errNoEvent
		}
		return last, nil
	})
	if errors.Is(err, errNoEvent) {
		return nil // there is nothing to narrow; why, the report says
	}
	if err == nil && opt.asked.given() {
		e.ask(scope)
	}
	return err
}

// scan diagnoses paths without keeping anything.
func (e *engine) scan(ctx context.Context, stderr io.Writer, paths []string, opt ingest.Options) *report.Report {
	bar := newProgressLine(stderr)
	defer bar.stop()
	inputs := make([]ingest.Input, len(paths))
	for i, p := range paths {
		inputs[i].Path = p
	}
	_, r := e.diagnose(ctx, inputs, opt, bar.watch(e), nil)
	return r
}

func verdictFlag(s string) (rules.Verdict, error) {
	if s == "" {
		return rules.NoVerdict, nil
	}
	v, err := rules.ParseVerdict(s)
	if err != nil {
		return v, fmt.Errorf("--fail-on: %w", err)
	}
	return v, nil
}

// generatedAt is now, or SOURCE_DATE_EPOCH (seconds since 1970), which makes
// reports reproducible.
func generatedAt() (time.Time, error) {
	s := os.Getenv("SOURCE_DATE_EPOCH")
	if s == "" {
		return time.Now(), nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH=%q is no number of seconds", s)
	}
	return time.Unix(n, 0), nil
}
