package main

import (
	"context"
	"errors"
	"fmt"

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

// outcome decides the exit code of a scan by its report, in order of
// precedence.
func outcome(r *report.Report, failOn rules.Verdict, interrupted bool) error {
	switch {
	case interrupted:
		return errInterrupted
	case !hasContent(r):
		return &codeError{code: exitNothing, err: errors.New("nothing to analyse: no event log, archive or known text artefact could be read")}
	case failOn != rules.NoVerdict && strongest(r) >= failOn:
		return &codeError{code: exitFinding}
	case !r.Complete:
		return &codeError{code: exitIncomplete, err: errors.New("part of the input could not be read; the report names it")}
	}
	return nil
}

// hasContent reports whether any source held something to go by: a record, a
// line of an artefact, or a sound log without records.
func hasContent(r *report.Report) bool {
	for _, s := range r.Sources {
		if s.Records > 0 || s.Error == "" && isLog(s.Format) {
			return true
		}
	}
	return false
}

// isLog: an empty log is an answer, too; an empty archive is none.
func isLog(format string) bool { return format == "evtx" || format == "xml" }

func strongest(r *report.Report) rules.Verdict {
	best := rules.NoVerdict
	for _, f := range r.Findings {
		if v, err := rules.ParseVerdict(f.Verdict); err == nil {
			best = max(best, v)
		}
	}
	return best
}
