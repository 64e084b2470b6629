package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/vsswhy/vsswhy/ingest"
	"github.com/vsswhy/vsswhy/rules"
	"github.com/vsswhy/vsswhy/rules/builtin"
	"github.com/vsswhy/vsswhy/rules/report"
	"github.com/vsswhy/vsswhy/rules/scene"
)

// scanOptions are the flags of a scan.
type scanOptions struct {
	format  string
	output  string
	failOn  string
	workers int
}

func newScan() *cobra.Command {
	opt := &scanOptions{}
	cmd := &cobra.Command{
		Use:   "scan PATH...",
		Short: "Scan logs and archives and print the report",
		Args:  cobra.MinimumNArgs(1),
		RunE:  func(cmd *cobra.Command, paths []string) error { return scan(cmd, paths, opt) },
	}
	opt.flags(cmd)
	return cmd
}

func (o *scanOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "text", "form of the report: text or json")
	f.StringVarP(&o.output, "output", "o", "", "write the report to this file instead of standard output")
	f.StringVar(&o.failOn, "fail-on", "", "exit with 1 if a finding is at least this: confirmed, likely, possible or ruled-out")
	f.IntVar(&o.workers, "workers", 0, "how many logs to read at once (0: as many as there are cores)")
}

// printers are the forms of the report.
var printers = map[string]func(*report.Report, io.Writer) error{
	"text": (*report.Report).WriteText,
	"json": (*report.Report).WriteJSON,
}

// scan is the whole program for one set of paths: read, diagnose, print. When
// it is interrupted it prints what is known by then.
func scan(cmd *cobra.Command, paths []string, opt *scanOptions) error {
	print, ok := printers[opt.format]
	if !ok {
		return fmt.Errorf("--format %q is neither text nor json", opt.format)
	}
	if opt.workers < 0 {
		return fmt.Errorf("--workers %d is less than 0", opt.workers)
	}
	failOn, err := verdictFlag(opt.failOn)
	if err != nil {
		return err
	}
	generated, err := generatedAt()
	if err != nil {
		return err
	}
	set, err := rules.Load(builtin.FS)
	if err != nil {
		return err
	}
	r := diagnose(cmd.Context(), cmd.ErrOrStderr(), set, paths, opt.workers)
	r.Tool.Version = version()
	r.Args = append(r.Args, os.Args[1:]...)
	r.Generated = report.Time{Time: generated}
	if err := writeWhole(opt.output, cmd.OutOrStdout(), func(w io.Writer) error { return print(r, w) }); err != nil {
		return err
	}
	return outcome(r, failOn, cmd.Context().Err() != nil)
}

// diagnose wires the layers: batches of events into the scene, the scene
// through the rules, into a report.
func diagnose(ctx context.Context, stderr io.Writer, set *rules.Set, paths []string, workers int) *report.Report {
	interest := set.Interest()
	interest.Merge(scene.Interest())
	bar := newProgressLine(stderr)
	defer bar.stop()
	b := scene.NewBuilder()
	for batch := range ingest.Scan(ctx, paths, ingest.Options{Interest: interest, Workers: workers, Progress: bar.progress}) {
		b.Add(batch)
	}
	return set.Diagnose(b.Build())
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
