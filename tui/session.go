package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/index/store"
	"github.com/vsswhy/vsswhy/rules/report"
)

// A Session is what is shown, and what the program does for the screens. The
// screens themselves read no logs and evaluate no rules.
type Session struct {
	Name string      // of the case
	Case *index.Case // nil while its first scan runs

	// Scan runs the first scan, if there is one to run, and sends how far it is.
	// The last state has Done set, and the Case, or an error why there is none.
	// Run returns when it has.
	Scan func(ctx context.Context, send func(ScanState))

	// Evaluate makes the report anew, with the answers that the case has.
	Evaluate func(ctx context.Context) (*report.Report, error)

	// Write writes a report in one of the Formats.
	Write   func(r *report.Report, format string, w io.Writer) error
	Formats []string

	// Save has write fill the file of a path, whole or not at all.
	Save func(path string, write func(io.Writer) error) error

	// Export writes events of the case as csv or jsonl; nil: they can't be.
	Export func(ctx context.Context, c *index.Case, rows *store.Set, format string, w io.Writer) error

	Now func() time.Time
}

// A ScanState is how far a scan is.
type ScanState struct {
	Read, Total int64 // bytes
	Events      int64
	Left        string         // how long it will still take, in words; "" if nothing is known
	Path        string         // what is being read
	Report      *report.Report // of what was read so far; nil: as before
	Done        bool
	Case        *index.Case
	Err         error
}

// ErrStopped ends a scan that the engineer stopped. A narrow page has room for these
// words beside where one is.
var ErrStopped = errors.New("the scan was stopped; it is not kept")

// over says why there will be no case although the scan has ended; "": there is one,
// or the scan still runs.
func (s ScanState) over() string {
	switch {
	case !s.Done || s.Err == nil:
		return ""
	case errors.Is(s.Err, ErrStopped):
		return s.Err.Error()
	}
	return "the scan failed: " + clean(s.Err.Error())
}

// line is the state in a few words.
func (s ScanState) line() string {
	const mib = 1 << 20
	switch {
	case errors.Is(s.Err, ErrStopped):
		return s.Err.Error()
	case s.Err != nil:
		return "scan failed: " + clean(s.Err.Error())
	case s.Done || s.Total == 0:
		return ""
	}
	line := fmt.Sprintf("scanning: %d%% of %.1f MiB, %d events", 100*s.Read/s.Total, float64(s.Total)/mib, s.Events)
	if s.Left != "" {
		line += ", " + s.Left
	}
	return line
}

// Run shows a session until the engineer quits. The terminal is restored however
// it ends.
func Run(ctx context.Context, s Session, cfg Config, opts ...tea.ProgramOption) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a, err := newApp(cfg, s)
	if err != nil {
		return err
	}
	a.ctx = ctx
	if err := a.load(s.Case); err != nil {
		return err
	}
	p := tea.NewProgram(a, append([]tea.ProgramOption{tea.WithContext(ctx)}, opts...)...)
	if s.Scan != nil {
		var scanning context.Context
		scanning, a.stopScan = context.WithCancel(ctx)
		var running sync.WaitGroup
		running.Go(func() { s.Scan(scanning, func(state ScanState) { p.Send(state) }) })
		defer running.Wait()
		defer cancel()
	}
	_, err = p.Run()
	if errors.Is(err, tea.ErrProgramKilled) && ctx.Err() != nil {
		return context.Canceled
	}
	return err
}

// load takes over a case.
func (a *App) load(c *index.Case) error {
	if c == nil {
		return nil
	}
	r, _, err := c.Report()
	if err != nil {
		return err
	}
	a.c, a.report = c, r
	return nil
}
