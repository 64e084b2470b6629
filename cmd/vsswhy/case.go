package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/ingest"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules/report"
	"github.com/vsswhy/vsswhy/rules/scene"
)

// caseOptions are the flags of commands that keep a case.
type caseOptions struct {
	dir   string // "": none is kept
	keep  string
	scope string
}

func (o *caseOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.keep, "keep", string(index.KeepAll), fmt.Sprintf("events of the case's event store: all (up to %d million, then relevant ones) or relevant", index.MaxEvents/1_000_000))
	f.StringVar(&o.scope, "index", string(index.ScopeRelevant), "events of the case's full-text index: all, relevant, findings or off")
}

func (o *caseOptions) check() error {
	switch index.Keep(o.keep) {
	case index.KeepAll, index.KeepRelevant:
	default:
		return fmt.Errorf("--keep %q is neither all nor relevant", o.keep)
	}
	switch index.Scope(o.scope) {
	case index.ScopeAll, index.ScopeRelevant, index.ScopeFindings, index.ScopeOff:
		return nil
	}
	return fmt.Errorf("--index %q is none of all, relevant, findings and off", o.scope)
}

// ownCase returns where the case of a path is kept that no folder was named for:
// beside the path, or if that can't be written, in the user's state folder.
func ownCase(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if path == "-" {
		abs = filepath.Join(filepath.Dir(abs), "stdin")
	}
	beside := abs + ".vsswhy"
	if index.IsCase(beside) || canMake(filepath.Dir(abs)) {
		return beside, nil
	}
	state, err := stateFolder()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(abs)) // two bundles may have one name
	return filepath.Join(state, fmt.Sprintf("%s-%x.vsswhy", filepath.Base(abs), sum[:4])), os.MkdirAll(state, 0o700)
}

// canMake reports whether something can be put into a folder.
func canMake(dir string) bool {
	probe, err := os.MkdirTemp(dir, ".vsswhy-*")
	if err != nil {
		return false
	}
	return os.Remove(probe) == nil
}

// stateFolder is where the system wants programs to keep what they know:
// XDG_STATE_HOME, or the user's folder for caches where there is no such thing.
func stateFolder() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "vsswhy"), nil
	}
	if runtime.GOOS != "windows" && runtime.GOOS != "darwin" {
		home, err := os.UserHomeDir()
		return filepath.Join(home, ".local", "state", "vsswhy"), err
	}
	dir, err := os.UserConfigDir()
	return filepath.Join(dir, "vsswhy", "cases"), err
}

// keep scans into a case. The report stands whatever becomes of the case: what
// could not be kept is said in it. The error is that another process has the
// case, or that the folder is none.
func (e *engine) keep(ctx context.Context, stderr io.Writer, paths []string, opt *scanOptions) (*report.Report, error) {
	c, err := index.OpenForWriting(opt.kept.dir)
	var locked *index.LockedError
	switch {
	case errors.As(err, &locked), errors.Is(err, index.ErrOccupied), err != nil && len(paths) == 0:
		return nil, err
	case err != nil:
		return notKept(e.scan(ctx, stderr, paths, opt.reading.options()), err), nil
	}
	defer c.Close()
	bar := newProgressLine(stderr)
	defer bar.stop()
	r, err := e.fill(ctx, c, paths, opt, bar.watch(e))
	if err != nil {
		return nil, err
	}
	return withNotes(r, c), nil
}

// fill scans into a case that is open.
func (e *engine) fill(ctx context.Context, c *index.Case, paths []string, opt *scanOptions, w watcher) (*report.Report, error) {
	s, sc, r, err := e.scanInto(ctx, c, paths, opt, w, false)
	if err != nil {
		return nil, err
	}
	if s.Damaged() { // and the bundle is at hand
		s.Close()
		if s, sc, r, err = e.scanInto(ctx, c, paths, opt, w, true); err != nil {
			return nil, err
		}
	}
	defer s.Close()
	if ctx.Err() != nil {
		return r, nil // the case is what it was
	}
	start := time.Now()
	if err := s.Commit(ctx, sc, r); err != nil {
		return notKept(r, err), nil
	}
	logOf(ctx).Info("case kept", "folder", opt.kept.dir, "took", since(start))
	if err := e.indexCase(ctx, c, opt.kept.dir); err != nil {
		r.Notices = append(r.Notices, fmt.Sprintf("Full-text search is off: %v.", err))
	}
	return r, nil
}

func notKept(r *report.Report, why error) *report.Report {
	r.Notices = append(r.Notices, fmt.Sprintf("The case could not be kept: %v.", why))
	return r
}

// scanInto reads what the case has and the paths, and diagnoses them together.
func (e *engine) scanInto(ctx context.Context, c *index.Case, paths []string, opt *scanOptions, w watcher, reread bool) (*index.Scan, *scene.Scene, *report.Report, error) {
	v := e.versions(c)
	if opt.reading.recover {
		v.Readers = ingest.Readers(true)
	}
	s, err := c.Scan(paths, index.ScanOptions{
		Keep: index.Keep(opt.kept.keep), Scope: index.Scope(opt.kept.scope), Reread: reread, Unlock: len(opt.reading.passwords) > 0,
		Versions: v, Interest: e.interest, Workers: opt.reading.workers,
	})
	if err != nil {
		return nil, nil, nil, err
	}
	inputs := s.Inputs()
	for i := range inputs {
		inputs[i].Found = opt.found
	}
	sc, r := e.diagnose(ctx, inputs, s.Options(opt.reading.options()), w, s.Add, answersOf(c)...)
	if len(paths) == 0 {
		asMade(r, c)
	}
	return s, sc, r, nil
}

// report opens a case and returns its report; if a part of the case is damaged,
// missing or of another version, it is made again from the logs. What could not
// be mended is said in the report.
func (e *engine) report(ctx context.Context, stderr io.Writer, dir string) (*report.Report, error) {
	c, err := index.Open(dir)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	r, err := e.sound(ctx, stderr, c, dir)
	if err != nil {
		return nil, err
	}
	return withNotes(r, c), nil
}

func (e *engine) sound(ctx context.Context, stderr io.Writer, c *index.Case, dir string) (*report.Report, error) {
	r, _, err := c.Report()
	if errors.Is(err, index.ErrUnfinished) {
		return nil, &codeError{exitNothing, fmt.Errorf("%s: %w", dir, err)}
	}
	if err == nil && e.current(c) {
		if err := c.SearchMissing(); err != nil {
			r.Notices = append(r.Notices, fmt.Sprintf("Full-text search is off: %v; vsswhy verify --repair makes it again.", err))
		}
		return r, nil
	}
	if err != nil {
		fmt.Fprintf(stderr, "vsswhy: %s; making it again from the logs\n", event.Clean(err.Error()))
	} else {
		fmt.Fprintln(stderr, "vsswhy: rules or answers have changed since the case was made; evaluating it again")
	}
	return e.renew(ctx, stderr, c, dir)
}

// current reports whether a case was made by the same rules and readers.
func (e *engine) current(c *index.Case) bool {
	now := e.versions(c)
	now.Tool = c.Versions().Tool
	return c.Versions() == now
}

// renew makes what is derived again: in the case, or if that can't be written,
// only for this answer.
func (e *engine) renew(ctx context.Context, stderr io.Writer, c *index.Case, dir string) (*report.Report, error) {
	r, err := e.keep(ctx, stderr, nil, again(c, dir))
	if err == nil {
		return r, nil
	}
	fmt.Fprintf(stderr, "vsswhy: %s; it is left as it is\n", event.Clean(err.Error()))
	r = e.again(ctx, stderr, c)
	asMade(r, c)
	return r, nil
}

// asMade gives a report that is made again the command line and time of the
// first one: nothing was asked anew.
func asMade(r *report.Report, c *index.Case) {
	if args, when := c.Made(); args != nil {
		r.Args, r.Generated = args, report.Time{Time: when}
	}
}

func newReport() *cobra.Command {
	opt, asked, mapping := &printOptions{}, &scopeOptions{}, false
	cmd := &cobra.Command{
		Use:   "report CASE",
		Short: "Print the report of a case",
		Long: `Print the report of a case.

With --redact, pseudonyms stand for the names in it: HOST-1 for a computer, VM-1 for
a machine, and so on. The case keeps which is which, so that all its reports have the
same, and --mapping prints that. Don't hand on the case, nor the mapping.`,
		Example: `  vsswhy report acme.vsswhy
  vsswhy report acme.vsswhy --redact --format html -o report.html
  vsswhy report acme.vsswhy --mapping
  vsswhy report acme.vsswhy --since 2010-03-14 --host NODE-A --format md`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := opt.check(); err != nil {
				return err
			}
			if mapping {
				return opt.printMapping(cmd, args[0])
			}
			e, err := newEngine(cmd)
			if err != nil {
				return err
			}
			r, err := e.report(cmd.Context(), cmd.ErrOrStderr(), args[0])
			if err == nil && asked.given() {
				r, err = e.narrowed(cmd, args[0], asked)
			}
			if err != nil {
				return err
			}
			return opt.print(cmd, r, args[0])
		},
	}
	opt.flags(cmd)
	asked.flags(cmd)
	cmd.Flags().BoolVar(&mapping, "mapping", false, "print what the pseudonyms of redacted reports stand for, as text or json, and no report")
	return cmd
}

// narrowed evaluates a case's logs for what is asked about. The case stays as it
// is.
func (e *engine) narrowed(cmd *cobra.Command, dir string, asked *scopeOptions) (*report.Report, error) {
	c, err := index.Open(dir)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	scope, err := asked.scope(func() (time.Time, error) {
		env, err := c.Env()
		return env.Last, err
	})
	if err != nil {
		return nil, err
	}
	e.ask(scope)
	return withNotes(e.again(cmd.Context(), cmd.ErrOrStderr(), c), c), nil
}

// again evaluates a case's logs, and leaves the case as it is.
func (e *engine) again(ctx context.Context, stderr io.Writer, c *index.Case) *report.Report {
	bar := newProgressLine(stderr)
	defer bar.stop()
	inputs, options := c.Again()
	_, r := e.diagnose(ctx, inputs, options, watcher{progress: bar.progress}, nil, answersOf(c)...)
	return r
}

func newVerify() *cobra.Command {
	repair := false
	cmd := &cobra.Command{
		Use:   "verify CASE",
		Short: "Compare all files of a case with their hashes",
		Long: `Compare all files of a case with their hashes. What is derived from the logs
(report, event store, full-text index) is made again by --repair; a log that is
damaged is mended by scanning the bundle that it came in into the case again.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if repair {
				return repairCase(cmd, args[0])
			}
			return verifyCase(cmd, args[0])
		},
	}
	cmd.Flags().BoolVar(&repair, "repair", false, "make again what is damaged and derived from the logs")
	return cmd
}

func verifyCase(cmd *cobra.Command, dir string) error {
	c, err := index.Open(dir)
	if err != nil {
		return err
	}
	defer c.Close()
	problems, err := c.Verify(cmd.Context())
	if err != nil {
		return err
	}
	derived := false
	for _, p := range problems {
		fmt.Fprintln(cmd.OutOrStdout(), "DAMAGED:", event.Clean(p.String()))
		derived = derived || p.Derived
	}
	switch {
	case len(problems) == 0:
		fmt.Fprintf(cmd.OutOrStdout(), "%s is as it was written\n", event.Clean(dir))
		return nil
	case derived:
		fmt.Fprintf(cmd.OutOrStdout(), "vsswhy verify --repair %s makes again what is derived from the logs\n", event.Clean(dir))
	}
	return &codeError{code: exitIncomplete, err: fmt.Errorf("%d parts of the case are damaged", len(problems))}
}

// repairCase makes derived files again if one of them is damaged, and verifies
// the result.
func repairCase(cmd *cobra.Command, dir string) error {
	if err := mend(cmd, dir); err != nil {
		return err
	}
	return verifyCase(cmd, dir)
}

// mend makes again what is damaged and derived from the logs. Opening a case
// for writing mends what there are two copies of.
func mend(cmd *cobra.Command, dir string) error {
	c, err := index.OpenForWriting(dir)
	if err != nil {
		return err
	}
	problems, err := c.Verify(cmd.Context())
	opt := again(c, dir)
	c.Close()
	if err != nil || !slices.ContainsFunc(problems, func(p index.Problem) bool { return p.Derived }) {
		return err
	}
	e, err := newEngine(cmd)
	if err != nil {
		return err
	}
	r, err := e.keep(cmd.Context(), cmd.ErrOrStderr(), nil, opt)
	if err == nil && len(r.Notices) > 0 {
		err = errors.New(r.Notices[0])
	}
	return err
}

// again are the options that a case was made with.
func again(c *index.Case, dir string) *scanOptions {
	return &scanOptions{kept: caseOptions{dir: dir, keep: string(c.Keep()), scope: string(c.WantedScope())}}
}
