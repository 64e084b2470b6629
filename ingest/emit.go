package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// each runs the scan and yields its batches.
func (s *scan) each(ctx context.Context, yield func(event.Batch) bool) {
	ctx, cancel := context.WithCancel(ctx)
	s.ctx, s.yield = ctx, yield
	defer s.end(cancel)
	s.ticks = time.NewTicker(time.Second)
	defer s.ticks.Stop()
	for range s.opt.Workers {
		s.workers.Go(s.work)
	}
	for n := s.queue.first(); n != nil; n = s.queue.advance() {
		if !s.emit(n) {
			return
		}
	}
}

// emit yields all batches of a node. It returns false if no more are wanted.
func (s *scan) emit(n *node) bool {
	e := emission{s: s, n: n}
	var more bool
	switch p := n.parent; {
	case p != nil && n.index >= p.keep:
		s.drop(n)
		more = true
	case s.ctx.Err() != nil:
		s.drop(n)
		more = e.end(interrupted)
	case n.depth > 0 && s.unpacked >= s.opt.Limits.MaxOutput(s.input):
		s.drop(n)
		more = e.refuse()
	default:
		if s.queue.takeHead(n) {
			s.workers.Go(func() { s.readNode(n) })
		}
		more = e.forward()
	}
	s.done(n)
	return more
}

// drop gives up a node that is not to be read.
func (s *scan) drop(n *node) {
	if !s.queue.drop(n) {
		return // nobody reads it
	}
	n.cancel()
	for {
		if _, why := s.next(n); why != "" {
			n.left = why != closed
			return
		}
	}
}

// done frees what is not needed any more when a node is through.
func (s *scan) done(n *node) {
	if n.cancel != nil {
		n.cancel()
		s.through.Add(n.meter.Unpacked())
	}
	if n.left {
		return // its reader may still use it; end frees what it holds
	}
	if n.inserted {
		n.pending = len(n.children)
	}
	for n != nil && n.pending == 0 && !n.left {
		s.letGo(n)
		if n = n.parent; n != nil {
			n.pending--
		}
	}
}

// Why next has no batch.
const (
	closed  = "closed"
	stalled = "no progress for %s"
)

// next waits for a node's next batch. If there is none, why says so: the node
// has been read, it got no data for too long, or the scan was interrupted.
func (s *scan) next(n *node) (b event.Batch, why string) {
	reads, idle := n.meter.Reads(), time.Duration(0)
	for {
		select {
		case b, ok := <-n.out:
			if !ok {
				return b, closed
			}
			return b, ""
		case <-s.ctx.Done():
			return b, interrupted
		case <-s.ticks.C:
			// Ticks are counted, not the clock, which runs on while a
			// computer sleeps.
			idle += time.Second
			if now := n.meter.Reads(); now != reads || n.slow {
				reads, idle = now, 0
			}
			if idle >= s.stall {
				return b, fmt.Sprintf(stalled, s.stall)
			}
		}
	}
}

// An emission is a node on its way out. Readers fill a Source of their own;
// the one that is yielded is filled here, so that a reader that was given up
// can't change it.
type emission struct {
	s    *scan
	n    *node
	src  *event.Source
	last bool
}

// forward yields the batches of a node that is being read.
func (e *emission) forward() bool {
	s, n := e.s, e.n
	for !e.last {
		b, why := s.next(n)
		if why == closed && s.ctx.Err() == nil {
			n.keep = len(n.children) // a folder, which has no batches
			break
		}
		if why != "" {
			n.left = why != closed
			return e.end(why)
		}
		if !e.pass(b) {
			return false
		}
	}
	for range n.out { // only its children are still put into the queue
	}
	s.unpacked += n.meter.Unpacked()
	return true
}

// pass yields a batch.
func (e *emission) pass(b event.Batch) bool {
	e.begin()
	e.src.Format, e.src.Recalled = e.n.src.Format, e.n.src.Recalled
	if b.Last {
		id := e.src.ID
		*e.src = *e.n.src
		e.src.ID = id
		e.limitMembers()
	}
	return e.yield(b)
}

// begin makes the Source, whose ID counts in the order of emission.
func (e *emission) begin() {
	if e.src != nil {
		return
	}
	e.s.lastID++
	e.src = &event.Source{ID: e.s.lastID, Path: e.n.path, Root: e.n.root}
	e.s.opt.Progress.path.Store(&e.src.Path)
	e.s.opt.Progress.Sources.Add(1)
}

func (e *emission) yield(b event.Batch) bool {
	b.Source = e.src
	for i := range b.Events {
		b.Events[i].Source = e.src.ID
	}
	for i := range b.Facts {
		b.Facts[i].Source = e.src.ID
	}
	e.s.opt.Progress.Events.Add(int64(len(b.Events)))
	e.last = b.Last
	return e.s.yield(b)
}

// end finishes a node that was not, or not wholly, read.
func (e *emission) end(why string) bool {
	if e.last {
		return true
	}
	e.begin()
	if why == closed {
		why = interrupted
	}
	e.src.Err = why
	return e.yield(event.Batch{Last: true})
}

// refuse finishes a member that is not read since enough has been unpacked, in
// the name of all members after it.
func (e *emission) refuse() bool {
	p := e.n.parent
	p.keep = e.n.index
	e.begin()
	e.src.Damage = append(e.src.Damage, event.Damage{
		Kind: event.DamageLimit, Offset: -1, Lost: true,
		Detail: fmt.Sprintf("%d bytes have been unpacked, and no more are for an input of %d bytes: this member and the %d after it are not read",
			e.s.unpacked, e.s.input, len(p.children)-e.n.index-1),
	})
	return e.yield(event.Batch{Last: true})
}

// limitMembers decides how many of the children are read.
func (e *emission) limitMembers() {
	s, n := e.s, e.n
	n.keep = len(n.children)
	if n.src.Format == "" || n.src.Recalled || n.keep == 0 {
		return // no archive that is unpacked, or a folder that could be read in part
	}
	if n.depth == 0 {
		s.input += n.outer
	}
	s.members += n.keep
	if over := s.members - s.opt.Limits.Entries; over > 0 {
		n.keep = max(0, n.keep-over)
		e.src.Damage = append(e.src.Damage, event.Damage{
			Kind: event.DamageLimit, Offset: -1, Lost: true,
			Detail: fmt.Sprintf("all archives together have more than %d members: the last %d of this one are not read", s.opt.Limits.Entries, len(n.children)-n.keep),
		})
	}
}
