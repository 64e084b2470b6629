package ingest

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/mta"
)

// ErrNoEvent says that no event stands at an offset of a log.
var ErrNoEvent = errors.New("no event stands there")

// Around decodes the event at an offset of a log that was kept of a source, and
// as many of its neighbours in that log before and after it, in the order of the
// log. At is the index of the event itself. Texts, which may be nil, is what was
// kept of the messages of the log's events.
func Around(ctx context.Context, log, texts Kept, of *event.Source, offset int64, before, after int) (events []event.Event, at int, err error) {
	events, at, err = around(ctx, log, of, offset, before, after)
	if err == nil && texts != nil {
		if f, err := mta.Open(texts, texts.Size()); err == nil {
			(&messages{file: f}).fill(events)
		}
	}
	return events, at, err
}

func around(ctx context.Context, log Kept, of *event.Source, offset int64, before, after int) (events []event.Event, at int, err error) {
	f := formatNamed(of.Format)
	if f == nil {
		return nil, 0, errors.New("it is no event log")
	}
	events, at, err = pickFrom(ctx, f, log, of, offset, before, after, false)
	if of.Format == "evtx" && errors.Is(err, ErrNoEvent) && ctx.Err() == nil {
		return pickFrom(ctx, f, log, of, offset, before, after, true)
	}
	return events, at, err
}

// pickFrom looks for the event in a log, or among what is left of earlier records
// in it.
func pickFrom(ctx context.Context, f *format, log Kept, of *event.Source, offset int64, before, after int, remains bool) (events []event.Event, at int, err error) {
	p := picker{ctx: ctx, format: f, label: of.Path, offset: offset, before: before, after: after, remains: remains}
	if of.Format != "evtx" {
		return p.pick(io.NewSectionReader(log, 0, log.Size()), log.Size(), func(off int64) int64 { return off })
	}
	if !remains { // which come behind all records
		part, first, last := ringAround(log, offset)
		events, at, err = p.pick(part, part.Size(), part.offset)
		if err == nil && (at >= before || first) && (len(events)-1-at >= after || last) {
			return events, at, nil
		}
	}
	whole := wholeRing(log)
	return p.pick(whole, whole.Size(), whole.offset)
}

func formatNamed(name string) *format {
	i := slices.IndexFunc(formats, func(f format) bool { return f.log == name })
	if i < 0 || name == "" {
		return nil
	}
	return &formats[i]
}

// A picker looks for the event at an offset of a log.
type picker struct {
	ctx           context.Context
	format        *format
	label         string
	offset        int64
	before, after int
	remains       bool
}

// pick reads a log until the event and its neighbours are there. Place says where
// an offset of it stands in the log that is looked for.
func (p *picker) pick(r io.Reader, size int64, place func(int64) int64) (events []event.Event, at int, err error) {
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	src := &event.Source{Path: p.label}
	at = -1
	for batch := range p.format.read(ctx, input{r: r, size: size, workers: 1, recover: p.remains}, src) {
		for _, e := range batch {
			e.Offset = place(e.Offset)
			events = append(events, e)
			switch {
			case e.Offset == p.offset && at < 0:
				at = len(events) - 1
			case at < 0 && len(events) > p.before:
				events = events[1:]
			case at >= 0 && len(events)-1-at >= p.after:
				return events, at, nil
			}
		}
	}
	if at < 0 {
		return nil, 0, errors.Join(ErrNoEvent, ctx.Err())
	}
	return events, at, nil
}
