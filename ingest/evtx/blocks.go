package evtx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
)

// blockSize is how much is read at once: enough that the calls cost little, and
// little enough to stay in the cache while it is decoded.
const blockSize = 4 * chunkSize

// blocks yields the blocks behind the file header, in order, until the log
// ends, ctx is cancelled or the consumer stops.
func (l *log) blocks(ctx context.Context) iter.Seq[*block] {
	return func(yield func(*block) bool) {
		if !l.parallel() {
			l.stream(ctx, yield)
			return
		}
		n := int((l.size - fileHeaderSize + blockSize - 1) / blockSize)
		workers := l.opt.Workers
		if workers <= 0 {
			workers = runtime.GOMAXPROCS(0)
		}
		if workers = min(workers, n); workers > 1 {
			l.share(ctx, n, workers, yield)
			return
		}
		w := l.newWorker()
		defer w.release()
		for i := 0; i < n && ctx.Err() == nil && yield(w.readAt(i)); i++ {
		}
	}
}

// stream reads blocks from a reader that can only be read in order.
func (l *log) stream(ctx context.Context, yield func(*block) bool) {
	r := l.r
	if l.size >= 0 {
		r = io.LimitReader(r, l.size-fileHeaderSize)
	}
	w := l.newWorker()
	defer w.release()
	w.reserve(blockSize)
	for off := int64(fileHeaderSize); ctx.Err() == nil; off += blockSize {
		n, err := io.ReadFull(r, w.buf)
		if !yield(w.block(w.buf[:n], off, err)) || err != nil {
			return
		}
	}
}

// share lets workers read the n blocks of the log at once:
//
//  1. A worker takes a ticket, then the next number of a block, and puts what
//     it read into the slot of that number.
//  2. The consumer empties the slots in order of the numbers, and gives the
//     ticket back.
//
// There are as many tickets as slots, so a slot is free when its next block
// comes, and a slow consumer stops the workers.
func (l *log) share(ctx context.Context, n, workers int, yield func(*block) bool) {
	slots := make([]chan *block, 2*workers)
	for i := range slots {
		slots[i] = make(chan *block, 1)
	}
	tickets, done := make(chan struct{}, len(slots)), make(chan struct{})
	var next atomic.Int64
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(done)
	for range workers {
		wg.Go(func() {
			w := l.newWorker()
			defer w.release()
			for {
				select {
				case tickets <- struct{}{}:
				case <-done:
					return
				}
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				slots[i%len(slots)] <- w.readAt(i)
			}
		})
	}
	for i := range n {
		select {
		case b := <-slots[i%len(slots)]:
			if <-tickets; !yield(b) {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// A worker reads blocks, and decodes them. Its memory is some 2 MiB, which the
// many small logs of a bundle share.
type worker struct {
	decoder
	log *log
	buf []byte
}

var workers = sync.Pool{New: func() any {
	w := new(worker)
	w.plans.enterBlock()
	return w
}}

func (l *log) newWorker() *worker {
	w := workers.Get().(*worker)
	w.log = l
	w.interest = l.opt.Interest
	w.unnamed = newProvider("", l.opt.Interest)
	w.source = l.src.ID
	w.recover = l.opt.Recover
	if !w.recover { // remains are kept to the end of the log
		w.recycler = l.opt.Recycler
	}
	w.noCRC = l.header.flags()&flagNoCRC != 0
	return w
}

// release gives the worker's memory back, without what it learnt of the log but
// for plans, which are compared before they are used again.
func (w *worker) release() {
	d := &w.decoder
	d.plans.enterBlock()
	clear(d.lacks)
	*w = worker{
		decoder: decoder{
			plans: d.plans,
			names: names{offsets: d.names.offsets.memory()},
			subs:  d.subs,
			text:  d.text,
			path:  d.path,
			lacks: d.lacks,
		},
		buf: w.buf,
	}
	workers.Put(w)
}

func (w *worker) reserve(n int) {
	if cap(w.buf) < n {
		w.buf = make([]byte, n)
	}
	w.buf = w.buf[:n]
}

// readAt reads the block of a number.
func (w *worker) readAt(i int) *block {
	off := fileHeaderSize + int64(i)*blockSize
	w.reserve(int(min(blockSize, w.log.size-off)))
	n, err := w.log.at.ReadAt(w.buf, off)
	if n == len(w.buf) {
		err = nil
	}
	return w.block(w.buf[:n], off, err)
}

// block decodes a block. err is what reading it ended with.
func (w *worker) block(data []byte, off int64, err error) *block {
	b := &block{bytes: int64(len(data)), err: w.log.readError(err, off+int64(len(data)))}
	w.out = b
	w.plans.enterBlock()
	w.data = data
	for w.at = 0; w.at < len(data); w.at += chunkSize {
		w.base = off + int64(w.at)
		w.readChunk(data[w.at:min(w.at+chunkSize, len(data))])
	}
	w.sumUp()
	w.out, w.expected = nil, len(b.events)+len(b.events)/16
	w.lend(b)
	return b
}

// readError says what is wrong if reading ended at an offset. A log whose size
// is not known ends where it ends.
func (l *log) readError(err error, at int64) error {
	switch {
	case err == nil:
		return nil
	case err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("reading at offset %d: %w", at, err)
	case at < l.size:
		return fmt.Errorf("the log ends at offset %d, but was said to have %d bytes", at, l.size)
	}
	return nil
}
