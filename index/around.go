package index

import (
	"context"
	"fmt"

	"github.com/vsswhy/vsswhy/ingest"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// Around decodes an event out of its log, with all that the store does not have
// of it, and its neighbours there, whether anybody indexed them or not.
func (c *Case) Around(ctx context.Context, source string, offset int64, before, after int) (events []event.Event, at int, err error) {
	src := c.source(source)
	if src == nil || src.Kept == "" {
		return nil, 0, fmt.Errorf("the case does not keep %s", source)
	}
	log, err := c.logs.Open(src.Kept)
	if err != nil {
		return nil, 0, err
	}
	defer log.Close()
	texts := c.textsOf(src)
	if texts != nil {
		defer texts.Close()
	}
	return ingest.Around(ctx, log, texts, src, offset, before, after)
}

// textsOf opens what is kept of the messages of a log's events; nil: nothing is,
// or not any more. Without them the events are the same.
func (c *Case) textsOf(log *event.Source) ingest.Kept {
	src := c.source(log.MessagesFrom)
	if src == nil || src.Kept == "" {
		return nil
	}
	k, err := c.logs.Open(src.Kept)
	if err != nil {
		return nil
	}
	return k
}

// source finds what is recorded of a source.
func (c *Case) source(path string) *event.Source {
	for _, in := range c.now().schema.Inputs {
		for _, f := range in.Files {
			for i := range f.Sources {
				if f.Path+f.Sources[i].Path == path {
					return &f.Sources[i]
				}
			}
		}
	}
	return nil
}
