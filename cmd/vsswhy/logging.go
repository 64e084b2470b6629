package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules/report"
)

const (
	quietFlag   = "quiet"
	verboseFlag = "verbose"
	logFileFlag = "log-file"
)

// sayOptions are the flags of what a command says besides its results.
type sayOptions struct {
	quiet, verbose bool
	logFile        string
}

func (o *sayOptions) flags(cmd *cobra.Command) {
	f := cmd.PersistentFlags()
	f.BoolVarP(&o.quiet, quietFlag, "q", false, "say nothing but errors: no progress, no notes")
	f.BoolVarP(&o.verbose, verboseFlag, "v", false, "say what is read and decided, and how long it takes")
	f.StringVar(&o.logFile, logFileFlag, "", "append what --verbose says to this file, with times")
}

// A speaker is where a command says what it does. Results are no business of it.
type speaker struct {
	start   time.Time
	trouble io.Writer    // errors, even of a quiet command
	log     *slog.Logger // to standard error and the file, as was asked for
	file    *slog.Logger // to the file alone
	close   func() error
}

type speakerKey struct{}

// speakerOf returns who speaks for a command; one that is mute before it runs.
func speakerOf(ctx context.Context) *speaker {
	if ctx != nil {
		if s, ok := ctx.Value(speakerKey{}).(*speaker); ok {
			return s
		}
	}
	return newSpeaker(os.Stderr)
}

func newSpeaker(trouble io.Writer) *speaker {
	mute := slog.New(slog.DiscardHandler)
	return &speaker{log: mute, file: mute, trouble: trouble, close: func() error { return nil }}
}

// logOf is the log of a command.
func logOf(ctx context.Context) *slog.Logger { return speakerOf(ctx).log }

// troubleOf is where a command says what is lost, even if it is quiet.
func troubleOf(cmd *cobra.Command) io.Writer { return speakerOf(cmd.Context()).trouble }

// offScreen is a context whose log leaves standard error alone, for as long as
// the terminal UI has the screen.
func offScreen(ctx context.Context) context.Context {
	s := *speakerOf(ctx)
	s.log = s.file
	return context.WithValue(ctx, speakerKey{}, &s)
}

// begin makes a command speak as its flags say.
func (o *sayOptions) begin(cmd *cobra.Command) error {
	if cmd.Flags().Changed(quietFlag) && cmd.Flags().Changed(verboseFlag) && o.quiet && o.verbose {
		return errors.New("--quiet and --verbose exclude one another")
	}
	if o.quiet && o.verbose { // one of them is a setting: the command line has the last word
		o.quiet, o.verbose = !cmd.Flags().Changed(verboseFlag), cmd.Flags().Changed(verboseFlag)
	}
	s := newSpeaker(cmd.ErrOrStderr())
	s.start = time.Now()
	var to []slog.Handler
	if o.logFile != "" {
		f, err := os.OpenFile(o.logFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("--%s: %w", logFileFlag, err)
		}
		to = append(to, slog.NewTextHandler(f, nil))
		s.file, s.close = slog.New(to[0]), f.Close
	}
	switch root := cmd.Root(); {
	case o.quiet:
		root.SetErr(io.Discard)
	case o.verbose:
		to = append(to, newPlainHandler(s.trouble))
		root.SetErr(struct{ io.Writer }{s.trouble}) // no terminal: a progress line would be torn
	}
	s.log = slog.New(slog.NewMultiHandler(to...))
	cmd.SetContext(context.WithValue(cmd.Context(), speakerKey{}, s))
	s.log.Info("begin", "version", version(), "command", cmd.CommandPath(), "args", portable(os.Args[1:]), "cores", runtime.GOMAXPROCS(0))
	o.settings(cmd, s.log)
	return nil
}

// settings says which flags the command line did not set.
func (o *sayOptions) settings(cmd *cobra.Command, log *slog.Logger) {
	set := settingsOf(cmd.Context())
	if set.file.there {
		log.Info("configuration", "file", set.file.path)
	}
	for _, row := range set.list(cmd).Settings {
		if row.Where != "" && row.From != "flag" {
			log.Info("setting", "name", row.Name, "value", row.Value, "from", row.Where)
		}
	}
	for _, name := range unknownVariables(flagsBySetting(cmd.Root())) {
		log.Warn("variable sets nothing", "name", name)
	}
}

// end says how a command ended.
func (s *speaker) end(err error, code int) {
	if s.start.IsZero() {
		return
	}
	if err != nil {
		s.log.Warn("end", "exit", code, "took", since(s.start), "why", err.Error())
	} else {
		s.log.Info("end", "exit", code, "took", since(s.start))
	}
	s.close()
}

// since is how long something took, as exactly as people want it.
func since(start time.Time) time.Duration { return time.Since(start).Round(time.Millisecond) }

// logSource says what became of a source.
func logSource(log *slog.Logger, src *event.Source) {
	level := slog.LevelInfo
	if src.Lost() {
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{slog.String("path", event.Clean(src.Path)), slog.String("format", src.Format), slog.Int64("bytes", src.Size), slog.Uint64("records", src.Records)}
	if src.Lost() {
		attrs = append(attrs, slog.String("lost", event.Clean(lossOf(src))))
	}
	log.LogAttrs(context.Background(), level, "read", attrs...)
}

// logReport says what was decided.
func logReport(log *slog.Logger, r *report.Report, took time.Duration) {
	for i := range r.Findings {
		f := &r.Findings[i]
		log.Info("finding", "id", f.ID, "rule", f.Rule, "verdict", f.Verdict, "host", f.Host)
	}
	log.Info("evaluated", "failures", len(r.Failures), "findings", len(r.Findings), "not_evaluable", len(r.NotEvaluable), "complete", r.Complete, "took", took)
}

// A plainHandler writes records for people: "vsswhy: read: path=… records=21".
type plainHandler struct {
	slog.Handler // writes the attributes into line
	mu           *sync.Mutex
	line         *bytes.Buffer
	w            io.Writer
}

func newPlainHandler(w io.Writer) *plainHandler {
	line := new(bytes.Buffer)
	bare := func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
			return slog.Attr{}
		}
		return a
	}
	return &plainHandler{slog.NewTextHandler(line, &slog.HandlerOptions{ReplaceAttr: bare}), new(sync.Mutex), line, w}
}

func (h *plainHandler) Handle(ctx context.Context, r slog.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.line.Reset()
	if err := h.Handler.Handle(ctx, r); err != nil {
		return err
	}
	_, err := fmt.Fprintf(h.w, "vsswhy: %s: %s", r.Message, h.line)
	return err
}

func (h *plainHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &plainHandler{h.Handler.WithAttrs(attrs), h.mu, h.line, h.w}
}

func (h *plainHandler) WithGroup(name string) slog.Handler {
	return &plainHandler{h.Handler.WithGroup(name), h.mu, h.line, h.w}
}
