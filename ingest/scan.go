// Package ingest is the front door: paths go in, batches of events come out.
//
// [Scan] walks the paths, looks into archives, recognises logs and text
// artefacts by their first bytes, and has them read by the packages below, on
// all cores. The order of the batches depends on the input alone.
//
//	paths ─► queue of nodes ─► workers ─► one channel per node ─► batches in order
//	            ▲                  │
//	            └── folders' and archives' children
//
// A folder, a zip and a tar of the same files give the same sources in the same
// order. Archives are sources too, with a Format and without events; their
// members follow them. Folders are not, unless they can't be read.
package ingest

import (
	"context"
	"io"
	"iter"
	"maps"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vsswhy/vsswhy/ingest/archive"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// Options are the settings of a scan.
type Options struct {
	Interest *event.Interest // nil: everything
	Limits   archive.Limits  // zero: archive.DefaultLimits
	Workers  int             // 0: GOMAXPROCS
	Progress *Progress       // may be nil
	Shelf    Shelf           // keeps what is read, and knows what was read before; may be nil, but to replay

	// Passwords are tried on what is encrypted. Nothing that the scan yields tells
	// one. With a shelf, the logs that they open are kept in plain.
	Passwords []string

	// Recover has what is left of earlier records in EVTX logs read, too; such
	// events are marked (event.Event.Recovered).
	Recover bool

	// Unhashed spares the SHA-256 of what is read: Source.SHA256 is empty then. It
	// is for lists of events; a shelf needs the hashes.
	Unhashed bool

	// All has every event decoded, not only those that Interest wants; what
	// Source.Relevant counts stays the same. AllAgain is All for what the shelf
	// recalls: mostly its events are there already.
	All, AllAgain bool

	// Recycler gets back the memory of events that the consumer is done with; nil
	// if it keeps them.
	Recycler *event.Recycler
}

const (
	// stall is after how long without any data a source is given up. A file on
	// a dead network drive would stop the scan otherwise.
	stall = 60 * time.Second

	// farewell is how long the end of a scan waits for its workers. One that
	// hangs in a system call is left behind.
	farewell = 500 * time.Millisecond

	// maxOpen bounds the archives and folders that are held open by reading
	// ahead, and maxAhead the number of nodes in the queue: with more, only
	// the node that is due is read. Together with the workers' own files they
	// stay below the 64 descriptors that a small shell may have.
	maxOpen  = 16
	maxAhead = 250_000

	// batchesAhead is how many batches of a node are kept until it is due.
	batchesAhead = 2
)

// Scan reads every path (a file, a folder, an archive, or "-" for standard
// input) and yields batches in path order. It never fails as a whole: what
// could not be read is a source with Err or Damage that says so, and what is no
// log, archive or artefact is a source with Skipped, or with Err if it was
// named. Every source ends with a batch that has Last set, and no events.
//
// Limits on all archives together hold in path order: the member during which
// one is exceeded is read, or cut, as the limit says, and those after it are
// not. When ctx ends, so does the scan, at once: what was not read has Err
// "interrupted".
//
// With a shelf, the content of every log and artefact is kept (Source.Kept), and
// archives that lie in no other have a Source.SHA256. A file that the shelf knows
// is neither unpacked nor read once more but for its hash: its sources are
// replayed (Source.Recalled).
func Scan(ctx context.Context, paths []string, opt Options) iter.Seq[event.Batch] {
	inputs := make([]Input, len(paths))
	for i, p := range paths {
		inputs[i].Path = p
	}
	return ScanInputs(ctx, inputs, opt)
}

// ScanInputs is Scan for paths with labels, and for inputs that are replayed.
func ScanInputs(ctx context.Context, inputs []Input, opt Options) iter.Seq[event.Batch] {
	return func(yield func(event.Batch) bool) {
		s := newScan(inputs, opt)
		s.each(ctx, yield)
	}
}

// Replay yields again what was found in files before, without any path: logs are
// decoded out of opt.Shelf, and all else is as it was recorded. Where the shelf
// is damaged, the source has event.DamageKept.
func Replay(ctx context.Context, files []RecordedFile, opt Options) iter.Seq[event.Batch] {
	return ScanInputs(ctx, []Input{{Recorded: files}}, opt)
}

// A scan is the state of one call of Scan.
type scan struct {
	opt     Options
	formats []format
	stdin   io.Reader
	stall   time.Duration

	ctx   context.Context
	run   *archive.Run
	queue *queue
	large sync.Mutex // held by the one log that has several workers

	workers sync.WaitGroup
	mu      sync.Mutex
	held    map[*node]struct{} // the nodes that hold something open for their children
	open    atomic.Int64       // how many
	through atomic.Int64       // bytes unpacked for nodes that are done

	// Of the emitter.
	yield    func(event.Batch) bool
	lastID   int
	members  int   // of archives, so far
	input    int64 // bytes of the archives given so far
	unpacked int64 // bytes unpacked so far, in path order
	ticks    *time.Ticker
}

func newScan(inputs []Input, opt Options) *scan {
	if opt.Limits == (archive.Limits{}) {
		opt.Limits = archive.DefaultLimits()
	}
	if opt.Workers <= 0 {
		opt.Workers = runtime.GOMAXPROCS(0)
	}
	if opt.Progress == nil {
		opt.Progress = new(Progress)
	}
	s := &scan{opt: opt, formats: formats, stdin: os.Stdin, stall: stall, run: archive.NewRun(opt.Limits), held: map[*node]struct{}{}}
	s.run.Passwords = opt.Passwords
	s.queue = newQueue(2*opt.Workers, s.mayReadAhead, s.prepare)
	var given []*node
	for _, in := range inputs {
		given = append(given, s.given(in)...)
	}
	s.queue.insert(nil, given)
	return s
}

// total adds to the bytes that the scan will read.
func (s *scan) total(size int64) { s.opt.Progress.BytesTotal.Add(size) }

// mayReadAhead is the queue's ready: reading ahead stops where it would cost
// more than it may.
func (s *scan) mayReadAhead() bool {
	return s.open.Load() < maxOpen && s.queue.waiting < maxAhead && s.run.Unpacked()-s.through.Load() < s.opt.Limits.Output
}

// prepare is the queue's claim.
func (s *scan) prepare(n *node) {
	n.ctx, n.cancel = context.WithCancel(s.ctx)
	n.meter = s.run.Meter(n.ctx, n.outer)
	n.out = make(chan event.Batch, batchesAhead)
	n.src = &event.Source{Path: n.path, Root: n.root}
}

// work is one worker.
func (s *scan) work() {
	for n := s.queue.take(); n != nil; n = s.queue.take() {
		s.readNode(n)
	}
}

// readNode reads a node and puts its children into the queue.
func (s *scan) readNode(n *node) {
	defer close(n.out)
	n.read(n)
	// An archive that was handed over has its members handed over, too: as
	// interrupted, if the scan ends meanwhile.
	if len(n.children) > 0 && (n.finished || n.ctx.Err() == nil) {
		if n.close != nil {
			s.hold(n)
		}
		n.inserted = true
		s.queue.insert(n, n.children)
	}
	if n.after != nil {
		n.after()
	}
	if !n.inserted && n.close != nil {
		n.close()
		n.close = nil
	}
}

// hold notes that n holds something open for its children.
func (s *scan) hold(n *node) {
	s.open.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[n] = struct{}{}
}

// letGo frees what n holds, if anything.
func (s *scan) letGo(n *node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.held[n]; ok {
		delete(s.held, n)
		s.open.Add(-1)
		n.close()
	}
}

// end stops the workers and removes all that is temporary.
func (s *scan) end(cancel context.CancelFunc) {
	cancel()
	s.queue.close()
	done := make(chan struct{})
	go func() { s.workers.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(farewell):
	}
	for n := range s.allHeld() {
		s.letGo(n)
	}
	s.run.Close()
}

func (s *scan) allHeld() map[*node]struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.held)
}
