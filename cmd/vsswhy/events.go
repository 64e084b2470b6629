package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/index/store"
	"github.com/vsswhy/vsswhy/ingest"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules/report"
)

// eventsOptions are the flags of the list of events.
type eventsOptions struct {
	where   string
	format  string
	output  string
	facets  string
	limit   int
	reading readOptions
}

func newEvents() *cobra.Command {
	opt := &eventsOptions{}
	cmd := &cobra.Command{
		Use:   "events CASE|PATH...",
		Short: "List the events that match a query",
		Long: `List the events that match a query: of a case in the order of time, each once; of
logs in the order of the logs. A log that is there twice is listed twice then
(but in parquet), and times that count from the last event need a reading of all logs before, so
that it takes longer.

Of a case, jsonl has what the event store has: the columns of events.*.parquet.

The query:
` + query.Help(),
		Example: `  vsswhy events bundle.zip --where 'prov:vss,vmms level<=2 since:-1d'
  vsswhy events bundle.zip --where 'code:0x800423f4 -host:HV02' --format csv -o hits.csv
  vsswhy events bundle.zip --where 'level<=2' --facets prov,id`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, paths []string) error { return listEvents(cmd, paths, opt) },
	}
	f := cmd.Flags()
	f.StringVar(&opt.where, "where", "", "list only the events that match this query")
	f.StringVar(&opt.format, "format", "text", "form of the list: text, jsonl, csv, ecs (for the bulk interface of Elasticsearch and OpenSearch), or parquet (a file that DuckDB and pandas open; needs -o)")
	f.SetAnnotation("format", settingName, []string{"events-format"}) // VSSWHY_FORMAT is that of reports
	f.StringVarP(&opt.output, "output", "o", "", "write the list to this file instead of standard output")
	f.StringVar(&opt.facets, "facets", "", "count the events by the values of these fields, such as host,prov,id,code")
	f.IntVar(&opt.limit, "limit", 0, "list at most this many events (0: all), or values of a facet (0: 20)")
	opt.reading.flags(cmd)
	return cmd
}

// A hit is an event that was found.
type hit struct {
	path  string // of its source
	event *event.Event
	row   query.Row

	stored bool // event has what the store of a case has, and no more
}

// A sink takes the events that were found, one by one and in order.
type sink interface {
	add(h hit)
	end() error // prints what is left to print
}

// newSink returns the sink that the flags ask for. It prints to w, the errors of
// which are seen when it is flushed.
func (o *eventsOptions) newSink(ctx context.Context, w *bufio.Writer, notes io.Writer) (sink, error) {
	if o.facets != "" {
		return newFacets(o, w, notes)
	}
	switch o.format {
	case "text":
		return textEvents{w}, nil
	case "jsonl":
		return jsonEvents{w}, nil
	case "csv":
		return newCSVEvents(w), nil
	case "ecs":
		return ecsEvents{w}, nil
	case "parquet":
		if o.output == "" {
			return nil, errors.New("--format parquet needs a file: -o events.parquet")
		}
		return &storedEvents{ctx: ctx, path: o.output, opt: store.Options{Workers: o.reading.workers}}, nil
	}
	return nil, errFormat(o.format)
}

func errFormat(format string) error {
	return fmt.Errorf("--format %q is none of text, jsonl, csv, ecs and parquet", format)
}

// listEvents is the command: parse the query, read, print what matches.
func listEvents(cmd *cobra.Command, paths []string, opt *eventsOptions) error {
	if opt.limit < 0 {
		return fmt.Errorf("--limit %d is less than 0", opt.limit)
	}
	if err := errors.Join(opt.reading.check(), notInput(opt.output, paths)); err != nil {
		return err
	}
	q, err := query.Parse(opt.where)
	if err != nil {
		return fmt.Errorf("--where: %w", err)
	}
	if _, err := opt.newSink(cmd.Context(), bufio.NewWriter(io.Discard), io.Discard); err != nil {
		return err // before anything is read
	}
	if dir := theCase(paths); dir != "" {
		return listCase(cmd, dir, opt, q)
	}
	l := &lister{ctx: cmd.Context(), paths: paths, opt: opt, query: q, stdout: cmd.OutOrStdout(), stderr: cmd.ErrOrStderr(), trouble: troubleOf(cmd)}
	if err := l.compile(); err != nil {
		return fmt.Errorf("--where: %w", err)
	}
	if err := l.write(); err != nil {
		return err
	}
	l.notes()
	return ending{interrupted: l.ctx.Err() != nil, content: l.content || l.found > 0, incomplete: l.losses > 0, lossesIn: "the lines above name it"}.err()
}

// theCase returns the path if it is that of one case, "" if it is of logs.
func theCase(paths []string) string {
	if len(paths) == 1 && index.IsCase(paths[0]) {
		return paths[0]
	}
	return ""
}

// write writes the list where it is to go. A store writes its own file.
func (l *lister) write() error {
	if l.opt.facets == "" && l.opt.format == "parquet" {
		return l.list(io.Discard)
	}
	return writeWhole(l.opt.output, l.stdout, l.list)
}

// A lister is one run of the command.
type lister struct {
	ctx            context.Context
	paths          []string
	opt            *eventsOptions
	query          *query.Query
	stdout, stderr io.Writer
	trouble        io.Writer // what is lost, also if stderr is quiet

	match    query.Match
	interest *event.Interest // what may match
	last     time.Time       // of the last event, if the query needs it
	found    int             // events that matched
	more     bool            // there are more than --limit
	content  bool
	losses   int
	lost     []string // what says so, at most maxLosses
}

const maxLosses = 100

// compile makes the query a function. One that counts from the last event needs
// to know its time, for which all is read, though nothing is decoded.
func (l *lister) compile() (err error) {
	if l.query.NeedsLast() {
		if slices.Contains(l.paths, "-") {
			return errFromLast
		}
		l.last = lastEvent(l.ctx, l.progressTo(), l.paths, l.opt.reading.options())
	}
	env := query.Env{Last: l.last}
	if l.last.IsZero() {
		env.Last = time.Unix(0, 0) // no event has a time, and any does
	}
	if l.match, err = l.query.Compile(env); err != nil {
		return err
	}
	bounds, err := l.query.Bounds(env)
	l.interest = l.query.Interest().Within(bounds)
	return err
}

// errFromLast: standard input can be read but once.
var errFromLast = errors.New("times count from the last event, which standard input shows too late; give day and time: 2010-03-14T22:00")

// lastEvent is the time of the last event of paths. Nothing is decoded for it.
func lastEvent(ctx context.Context, stderr io.Writer, paths []string, opt ingest.Options) time.Time {
	var last time.Time
	for b := range scanPaths(ctx, stderr, paths, opt, new(event.Interest)) {
		if !b.Last {
			continue
		}
		for i := range b.Source.Streams {
			if t := b.Source.Streams[i].Last; t.After(last) {
				last = t
			}
		}
	}
	return last
}

// scanPaths reads all paths, and shows on stderr how far it is.
func scanPaths(ctx context.Context, stderr io.Writer, paths []string, opt ingest.Options, interest *event.Interest) iter.Seq[event.Batch] {
	return func(yield func(event.Batch) bool) {
		bar := newProgressLine(stderr)
		defer bar.stop()
		opt.Interest, opt.Progress, opt.Unhashed = interest, bar.progress, true
		for b := range ingest.Scan(ctx, paths, opt) {
			if b.Last {
				logSource(logOf(ctx), b.Source)
			}
			if !yield(b) {
				return
			}
		}
	}
}

// progressTo is where progress is shown: nowhere if that would disturb the list.
func (l *lister) progressTo() io.Writer {
	if l.opt.output == "" && isTerminal(l.stdout) {
		return io.Discard
	}
	return l.stderr
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// list prints batch by batch, so that its memory does not grow with the input.
func (l *lister) list(w io.Writer) error {
	if l.opt.format == "jsonl" && l.opt.facets == "" {
		return l.listLines(w)
	}
	out := bufio.NewWriterSize(w, 64<<10)
	s, err := l.opt.newSink(l.ctx, out, l.stderr)
	if err != nil {
		return err
	}
	for b := range scanPaths(l.ctx, l.progressTo(), l.paths, l.opt.reading.options(), l.interest) {
		if l.batch(b, s); l.more {
			break
		}
		if err := out.Flush(); err != nil {
			return err // such as a pipe that was closed: nobody reads on
		}
	}
	if err := s.end(); err != nil {
		return err
	}
	return out.Flush()
}

// batch hands the events of a batch that match to the sink.
func (l *lister) batch(b event.Batch, s sink) {
	var row query.EventRow
	for i := range b.Events {
		if row.Reset(&b.Events[i]); !l.match(&row) {
			continue
		}
		if l.opt.facets == "" && l.opt.limit > 0 && l.found == l.opt.limit {
			l.more = true
			return
		}
		l.found++
		s.add(hit{path: b.Source.Path, event: &b.Events[i], row: &row})
	}
	if b.Last {
		l.source(b.Source)
	}
}

// source notes what a source means for the exit code.
func (l *lister) source(src *event.Source) {
	l.content = l.content || event.HasContent(src.Records, src.Format, src.Err)
	if !src.Lost() {
		return
	}
	l.losses++
	if len(l.lost) < maxLosses {
		l.lost = append(l.lost, src.Path+lossOf(src))
	}
}

// lossOf says why part of a source is lost.
func lossOf(src *event.Source) string {
	for _, d := range src.Damage {
		if d.Lost && d.Offset >= 0 {
			return fmt.Sprintf(" at offset %d: %s", d.Offset, d.Detail)
		}
		if d.Lost {
			return ": " + d.Detail
		}
	}
	if src.Err != "" {
		return ": " + src.Err
	}
	return fmt.Sprintf(": %d records can't be decoded", src.Undecodable)
}

// notes says on standard error what the list does not show.
func (l *lister) notes() {
	for _, s := range l.lost {
		fmt.Fprintln(l.trouble, "LOST:", event.Clean(s))
	}
	if l.losses > len(l.lost) {
		fmt.Fprintf(l.trouble, "LOST: parts of %d more files\n", l.losses-len(l.lost))
	}
	if l.more {
		fmt.Fprintf(l.stderr, "vsswhy: there are more than %d events; the rest of the input was not read\n", l.opt.limit)
	}
	if l.found == 0 && !l.last.IsZero() {
		fmt.Fprintln(l.stderr, "vsswhy: no event matches; times count from the last event, of", report.Time{Time: l.last})
	}
}
