package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules"
	"github.com/vsswhy/vsswhy/rules/report"
)

// Exit codes. Where several apply, the precedence is 130, 2, 4, 1, 3, 0.
const (
	exitDone        = 0   // done
	exitFinding     = 1   // a finding at or above --fail-on
	exitUsage       = 2   // usage or rule error, output not writable, a bug
	exitIncomplete  = 3   // done, but input was lost
	exitNothing     = 4   // nothing to analyse
	exitInterrupted = 130 // ^C
)

// exitCodes are what the exit codes mean, for the manual.
var exitCodes = []struct {
	code    int
	meaning string
}{
	{exitDone, "done"},
	{exitFinding, "a finding at or above --fail-on"},
	{exitUsage, "usage or rule error, output that can't be written, or a case that another process writes to"},
	{exitIncomplete, "done, but part of the input could not be read, or the case or its search could not be kept; the report says so"},
	{exitNothing, "nothing to analyse"},
	{exitInterrupted, "interrupted; the report has what was known by then"},
}

const exitPrecedence = "Where several apply: 130, 2, 4, 1, 3, 0. Results go to standard output, everything else to standard error."

// errInterrupted ends a command that was stopped after it said what it knew.
var errInterrupted = errors.New("interrupted")

// codeError is an error with an exit code of its own; Err nil says nothing.
type codeError struct {
	code int
	err  error
}

func (e *codeError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *codeError) Unwrap() error { return e.err }

// exitCode is the exit code for a command's error; anything not said otherwise
// is a matter of usage or of the output.
func exitCode(err error) int {
	var coded *codeError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &coded):
		return coded.code
	}
	return exitUsage
}

// An ending is what decides the exit code of a command that read input.
type ending struct {
	interrupted bool
	content     bool   // there was something to go by
	finding     bool   // one at or above --fail-on
	incomplete  bool   // input was lost
	lossesIn    string // what names the losses
}

// err is the command's error, in order of precedence.
func (e ending) err() error {
	switch {
	case e.interrupted:
		return errInterrupted
	case !e.content:
		return nothingToAnalyse("no event log, archive or known text artefact could be read")
	case e.finding:
		return &codeError{code: exitFinding}
	case e.incomplete:
		return &codeError{code: exitIncomplete, err: fmt.Errorf("part of the input could not be read; %s", e.lossesIn)}
	}
	return nil
}

func nothingToAnalyse(why string) error {
	return &codeError{code: exitNothing, err: errors.New("nothing to analyse: " + why)}
}

// outcome decides the exit code of a scan by its report.
func outcome(r *report.Report, failOn rules.Verdict, interrupted bool) error {
	return endingOf(r, failOn, interrupted).err()
}

func endingOf(r *report.Report, failOn rules.Verdict, interrupted bool) ending {
	return ending{
		interrupted: interrupted,
		content: slices.ContainsFunc(r.Sources, func(s report.Source) bool {
			return event.HasContent(s.Records, s.Format, s.Error)
		}),
		finding:    failOn != rules.NoVerdict && strongest(r) >= failOn,
		incomplete: !r.Complete || len(r.Notices) > 0,
		lossesIn:   "the report names it",
	}
}

// endingOfLacks is the ending of a command that prints what a report lacks, and not
// the report: what was lost is said on standard error, since it may be just that.
func endingOfLacks(cmd *cobra.Command, r *report.Report) ending {
	e := endingOf(r, rules.NoVerdict, cmd.Context().Err() != nil)
	e.content = e.content && len(r.Hosts) > 0 // of whom nothing is known nothing is lacking, either
	e.lossesIn = "the lines above name it"
	if e.interrupted {
		return e // all that was not reached is lost then
	}
	lost := r.Bundle().Errors
	for _, text := range lost[:min(len(lost), maxLosses)] {
		fmt.Fprintln(troubleOf(cmd), "LOST:", event.Clean(text))
	}
	if more := len(lost) - maxLosses; more > 0 {
		fmt.Fprintf(troubleOf(cmd), "LOST: %d more\n", more)
	}
	return e
}

func strongest(r *report.Report) rules.Verdict {
	best := rules.NoVerdict
	for i := range r.Findings {
		f := &r.Findings[i]
		if v, err := rules.ParseVerdict(f.Verdict); err == nil && !f.Note() {
			best = max(best, v)
		}
	}
	return best
}
