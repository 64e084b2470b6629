package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/index/store"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
)

// listCase lists events of a case. If its event store is damaged it is made
// again from the logs first.
func listCase(cmd *cobra.Command, dir string, opt *eventsOptions, q *query.Query) error {
	err := listStored(cmd, dir, opt, q)
	if !errors.Is(err, index.ErrDamaged) && !errors.Is(err, store.ErrDamaged) {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "vsswhy: %s; making it again from the logs\n", event.Clean(err.Error()))
	if err := mend(cmd, dir); err != nil {
		return err
	}
	return listStored(cmd, dir, opt, q)
}

// A caseLister is one run of the command over a case.
type caseLister struct {
	lister
	c    *index.Case
	rows *store.Set
}

func listStored(cmd *cobra.Command, dir string, opt *eventsOptions, q *query.Query) error {
	c, err := index.Open(dir)
	if err != nil {
		return err
	}
	defer c.Close()
	rows, err := c.Find(cmd.Context(), q)
	var wrong *query.Error
	if errors.As(err, &wrong) {
		return fmt.Errorf("--where: %w", err)
	}
	if err != nil {
		return err
	}
	l := &caseLister{lister{ctx: cmd.Context(), opt: opt, query: q, stdout: cmd.OutOrStdout(), stderr: cmd.ErrOrStderr(), trouble: troubleOf(cmd)}, c, rows}
	if opt.facets == "" && opt.format == "parquet" {
		err = l.list(io.Discard)
	} else {
		err = writeWhole(opt.output, l.stdout, l.list)
	}
	if err != nil {
		return err
	}
	l.notes()
	return ending{interrupted: l.ctx.Err() != nil, content: true}.err()
}

// list prints the events in the order of time.
func (l *caseLister) list(w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10)
	s, err := l.opt.newSink(l.ctx, out, l.stderr)
	if err != nil {
		return err
	}
	if f, ok := s.(*facets); ok {
		err = l.count(f)
	} else {
		err = l.print(s, out)
	}
	if err != nil {
		return err
	}
	if err := s.end(); err != nil {
		return err
	}
	return out.Flush()
}

// print hands the rows to the sink; neighbours are read together.
func (l *caseLister) print(s sink, out *bufio.Writer) error {
	l.found = 0
	for row, err := range l.c.Rows(l.ctx, l.rows) {
		if err != nil {
			return err
		}
		if l.opt.limit > 0 && l.found == l.opt.limit {
			l.more = true
			return nil
		}
		l.found++
		seen, err := l.c.Row(row)
		if err != nil {
			return err
		}
		s.add(hit{path: row.Source, event: eventOf(row), row: seen, stored: true})
		if out.Available() < out.Size()/2 {
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// eventOf is a row as an event, with what the store has of it.
func eventOf(r *store.Row) *event.Event {
	return &event.Event{
		Ref: event.Ref{Offset: r.Offset}, Record: r.Record, Time: r.Time, Computer: r.Host, Channel: r.Channel,
		Provider: r.Provider, EventSource: r.Classic, ID: r.ID, Level: r.Level, Fields: r.Fields, Message: r.Message, Recovered: r.Recovered,
	}
}

// facetColumns are where the values of countable fields are.
var facetColumns = map[query.Field]store.Column{
	query.Host: store.Host, query.Provider: store.Provider, query.ID: store.ID, query.Code: store.Codes,
	query.Level: store.Level, query.Channel: store.Channel, query.VM: store.VM, query.Volume: store.Volume,
}

// count fills in the facets from the columns, without looking at single rows.
func (l *caseLister) count(f *facets) error {
	r, err := l.c.Events()
	if err != nil {
		return err
	}
	for i, field := range f.fields {
		list, err := r.Facet(l.ctx, facetColumns[field], l.rows)
		if err != nil {
			return err
		}
		for _, c := range list {
			if v := facetValue(field, c.Value); v != "" {
				f.counts[i][v] += int(c.Rows)
			}
		}
	}
	return nil
}

// facetValue is a column's value as a query has it.
func facetValue(field query.Field, value string) string {
	switch field {
	case query.Level:
		var n uint8
		fmt.Sscan(value, &n)
		return query.LevelName(event.Level(n))
	case query.Code:
		if c, err := known.ParseCode(value); err == nil {
			return c.String()
		}
	}
	return value
}
