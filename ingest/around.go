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
	if of.Format == "evtx" && !remains {
		part := chunksAround(log, offset)
		if events, at, err = pick(ctx, f, of.Path, part, part.size, offset, before, after, part.shift, false); err == nil && complete(events, at, before, after, part, log) {
			return events, at, nil
		}
	}
	return pick(ctx, f, of.Path, io.NewSectionReader(log, 0, log.Size()), log.Size(), offset, before, after, 0, remains)
}

// complete: neighbours are missing only where the log ends.
func complete(events []event.Event, at, before, after int, part *chunks, log Kept) bool {
	return (at >= before || part.from == headerBytes) && (len(events)-1-at >= after || part.from+part.size-headerBytes >= log.Size())
}

func formatNamed(name string) *format {
	i := slices.IndexFunc(formats, func(f format) bool { return f.log == name })
	if i < 0 || name == "" {
		return nil
	}
	return &formats[i]
}

// pick reads until the event and its neighbours are there. Shift is what is
// added to offsets.
func pick(ctx context.Context, f *format, label string, r io.Reader, size, offset int64, before, after int, shift int64, remains bool) (events []event.Event, at int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	src := &event.Source{Path: label}
	at = -1
	for batch := range f.read(ctx, input{r: r, size: size, workers: 1, recover: remains}, src) {
		for _, e := range batch {
			e.Offset += shift
			events = append(events, e)
			switch {
			case e.Offset == offset && at < 0:
				at = len(events) - 1
			case at < 0 && len(events) > before:
				events = events[1:]
			case at >= 0 && len(events)-1-at >= after:
				return events, at, nil
			}
		}
	}
	if at < 0 {
		return nil, 0, errors.Join(ErrNoEvent, ctx.Err())
	}
	return events, at, nil
}

// The layout of an EVTX file that chunksAround goes by (MS-EVEN6; libevtx's
// format document): a header of 4 KiB, then chunks of 64 KiB.
const (
	headerBytes = 4 << 10
	chunkBytes  = 64 << 10
)

// chunks is a part of an EVTX log that is a log again: the file's header, and
// some chunks behind it.
type chunks struct {
	log   Kept
	from  int64 // where the chunks begin in the log
	size  int64
	shift int64 // of an offset in the part to that in the log
	at    int64
}

// chunksAround is the chunk with an offset, and those beside it.
func chunksAround(log Kept, offset int64) *chunks {
	from := max(headerBytes, headerBytes+((offset-headerBytes)/chunkBytes-1)*chunkBytes)
	to := min(log.Size(), from+3*chunkBytes)
	return &chunks{log: log, from: from, size: headerBytes + max(0, to-from), shift: from - headerBytes}
}

func (c *chunks) Read(p []byte) (int, error) {
	n, err := c.ReadAt(p, c.at)
	c.at += int64(n)
	return n, err
}

func (c *chunks) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 || off >= c.size {
		return 0, io.EOF
	}
	if off < headerBytes {
		p = p[:min(int64(len(p)), headerBytes-off)]
		return c.log.ReadAt(p, off)
	}
	p = p[:min(int64(len(p)), c.size-off)]
	return c.log.ReadAt(p, off+c.shift)
}
