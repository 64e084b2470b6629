package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/index/store"
	"github.com/vsswhy/vsswhy/ingest"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules/report"
	"github.com/vsswhy/vsswhy/rules/scene"
	"github.com/vsswhy/vsswhy/tui"
)

// screenOptions are the flags of what opens the terminal UI.
type screenOptions struct {
	theme string
	ascii bool
}

func (o *screenOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.theme, "theme", "", fmt.Sprintf("colours of the terminal UI: one of %v", tui.ThemeNames()))
	f.BoolVar(&o.ascii, "ascii", false, "no characters beyond ASCII in the frames of the terminal UI")
}

// config is what the screen is to be like: the flags, and the rest of the
// configuration file.
func (o *screenOptions) config(ctx context.Context) (tui.Config, error) {
	cfg := settingsOf(ctx).file.screen
	cfg.Theme, cfg.ASCII = o.theme, o.ascii || os.Getenv("TERM") == "linux"
	if field, err := cfg.Check(); err != nil {
		return cfg, fmt.Errorf("--%s %w", field, err)
	}
	return cfg, nil
}

// onScreen reports whether there is a terminal to show something on.
func onScreen(cmd *cobra.Command) bool {
	return isTerminal(cmd.OutOrStdout()) && isTerminal(cmd.InOrStdin()) && os.Getenv("TERM") != "dumb"
}

func newOpen() *cobra.Command {
	screen, print := &screenOptions{}, &printOptions{}
	cmd := &cobra.Command{
		Use:   "open CASE",
		Short: "Browse a case on screen",
		Long: `Browse a case on screen: what failed and why, the evidence, all events, jobs,
coverage, and your notes. Without a terminal its report is printed.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := newEngine(cmd)
			if err != nil {
				return err
			}
			if onScreen(cmd) {
				return e.openScreen(cmd, args[0], screen)
			}
			r, err := e.report(cmd.Context(), cmd.ErrOrStderr(), args[0])
			if err != nil {
				return err
			}
			return print.print(cmd, r, args[0])
		},
	}
	print.format = "text"
	screen.flags(cmd)
	return cmd
}

// openScreen shows a case. It is opened for writing if nobody else has it.
func (e *engine) openScreen(cmd *cobra.Command, dir string, screen *screenOptions) error {
	cfg, err := screen.config(cmd.Context())
	if err != nil {
		return err
	}
	cmd.SetContext(offScreen(cmd.Context()))
	if _, err := e.report(cmd.Context(), cmd.ErrOrStderr(), dir); err != nil {
		return err // now what is derived is sound and current, or can't be
	}
	c, err := index.OpenForWriting(dir)
	if err != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "vsswhy: %s; opened read-only\n", event.Clean(err.Error()))
		if c, err = index.Open(dir); err != nil {
			return err
		}
	}
	defer c.Close()
	s := e.session(dir, c)
	s.Case = c
	if c.Writable() {
		s.Evaluate = e.evaluator(c)
	}
	return e.show(cmd, s, cfg, c, dir)
}

// evaluator returns what makes the report of a case anew when an answer was
// given. The logs are read once for it; then the scene stays.
func (e *engine) evaluator(c *index.Case) func(context.Context) (*report.Report, error) {
	var mu sync.Mutex
	var sc *scene.Scene
	return func(ctx context.Context) (*report.Report, error) {
		mu.Lock()
		defer mu.Unlock()
		if sc == nil {
			inputs, options := c.Again()
			read, _ := e.diagnose(ctx, inputs, options, watcher{}, nil)
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			sc = read
		}
		r := e.evaluate(sc, answersOf(c)...)
		asMade(r, c)
		if err := c.Amend(r, e.versions(c)); err != nil {
			return r, fmt.Errorf("the new report is not kept: %w", err)
		}
		return r, nil
	}
}

// show runs the screen. The full-text index, which has findings too, is made
// again at the end if an answer has changed them: until then the store answers.
func (e *engine) show(cmd *cobra.Command, s tui.Session, cfg tui.Config, c *index.Case, dir string) error {
	err := tui.Run(cmd.Context(), s, cfg)
	if err == nil && c.Writable() && c.SearchMissing() != nil {
		err = e.indexCase(cmd.Context(), c, dir)
	}
	return err
}

// session is what every screen needs.
func (e *engine) session(dir string, c *index.Case) tui.Session {
	return tui.Session{
		Name:    filepath.Base(dir),
		Formats: slices.Sorted(maps.Keys(printers)),
		Write:   func(r *report.Report, format string, w io.Writer) error { return printers[format](withNotes(r, c), w) },
		Save:    func(path string, write func(io.Writer) error) error { return writeWhole(path, nil, write) },
		Export:  exportRows,
		Now:     time.Now,
	}
}

// exportRows writes events as "events" prints them.
func exportRows(ctx context.Context, c *index.Case, rows *store.Set, format string, w io.Writer) error {
	l := &caseLister{lister{ctx: ctx, opt: &eventsOptions{format: format}, stderr: io.Discard}, c, rows}
	return l.list(w)
}

// scanScreen scans paths into a case, and shows what is found as it is found.
func (e *engine) scanScreen(cmd *cobra.Command, paths []string, opt *scanOptions, screen *screenOptions) error {
	cfg, err := screen.config(cmd.Context())
	if err != nil {
		return err
	}
	cmd.SetContext(offScreen(cmd.Context()))
	c, err := index.OpenForWriting(opt.kept.dir)
	if err != nil {
		return err
	}
	defer c.Close()
	s := e.session(opt.kept.dir, c)
	var last tui.ScanState
	s.Scan = func(ctx context.Context, send func(tui.ScanState)) { last = e.liveScan(ctx, c, paths, opt, send) }
	s.Evaluate = e.evaluator(c)
	if err := e.show(cmd, s, cfg, c, opt.kept.dir); err != nil {
		return err
	}
	return keptWhere(cmd.ErrOrStderr(), last, opt.kept.dir)
}

// keptWhere says at the end where the case is, or why it is not kept: on the screen
// nobody can see it any more.
func keptWhere(stderr io.Writer, s tui.ScanState, dir string) error {
	switch {
	case errors.Is(s.Err, tui.ErrStopped):
		fmt.Fprintln(stderr, "vsswhy:", s.Err)
		return nil
	case s.Err != nil:
		return s.Err
	case len(s.Report.Notices) > 0:
		return &codeError{code: exitIncomplete, err: errors.New(s.Report.Notices[0])}
	}
	fmt.Fprintln(stderr, "vsswhy: the case is kept in", event.Clean(dir))
	return nil
}

// How often a running scan is shown, and when rules are evaluated over what was
// read so far: early, since a failure is often in the first small logs of a
// bundle; then so that it takes a fifth of the time at most.
const (
	showEvery     = 200 * time.Millisecond
	evaluateFirst = 300 * time.Millisecond
	evaluateEvery = 2 * time.Second
	evaluateShare = 5
)

// live evaluates the rules now and then over what was read so far, and hands the
// report to show.
func (e *engine) live(show func(*report.Report)) func(*scene.Builder) {
	due := time.Now().Add(evaluateFirst)
	return func(b *scene.Builder) {
		start := time.Now()
		if start.Before(due) {
			return
		}
		show(e.evaluate(b.Build()))
		due = time.Now().Add(max(evaluateEvery, evaluateShare*time.Since(start)))
	}
}

// liveScan scans, and sends how far it is and what it has found. It returns the last
// state that it sent.
func (e *engine) liveScan(ctx context.Context, c *index.Case, paths []string, opt *scanOptions, send func(tui.ScanState)) tui.ScanState {
	progress := new(ingest.Progress)
	done := make(chan struct{})
	defer close(done)
	go func() {
		tick := time.NewTicker(showEvery)
		defer tick.Stop()
		var p pace
		for start := time.Now(); ; {
			select {
			case <-done:
				return
			case <-tick.C:
				state := stateOf(progress)
				if left, ok := p.look(time.Since(start), state.Read, state.Total); ok {
					state.Left = inWords(left)
				}
				send(state)
			}
		}
	}()
	live := e.live(func(r *report.Report) {
		state := stateOf(progress)
		state.Report = r
		send(state)
	})
	r, err := e.fill(ctx, c, paths, opt, watcher{progress, live})
	state := stateOf(progress)
	state.Done, state.Report, state.Err = true, r, err
	switch {
	case err != nil:
	case ctx.Err() != nil:
		state.Err = tui.ErrStopped
	default:
		state.Case = c
	}
	send(state)
	return state
}

func stateOf(p *ingest.Progress) tui.ScanState {
	return tui.ScanState{Read: p.BytesDone.Load(), Total: p.BytesTotal.Load(), Events: p.Events.Load(), Path: p.Path()}
}
