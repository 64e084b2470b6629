package ingest

import (
	"context"
	"sync"

	"github.com/vsswhy/vsswhy/ingest/archive"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// A node is one thing to be read: a path, a file met in a folder, a member of
// an archive. Reading it gives batches, or children.
type node struct {
	// Fixed when the node is made.
	path   string // Source.Path
	root   string // Source.Root
	inner  string // Source.Root of the children; set while reading
	parent *node  // the folder or archive that it was met in; nil for a path that was asked for
	index  int    // among the parent's children
	depth  int    // number of archives around it
	outer  int64  // size of the outermost archive around it, or that it is
	named  bool   // asked for, and not met on the way
	slow   bool   // may wait for its data for as long as it takes
	read   func(*node)

	messages *sidecar // what has the messages of its events, if it is a log; may be nil

	// Of the queue.
	next    *node
	claimed bool // someone reads it, or nobody will

	// Made when it is claimed.
	ctx    context.Context
	cancel context.CancelFunc
	meter  *archive.Meter
	out    chan event.Batch // closed when the node has been read

	// Of the goroutine that reads it, until out gives them.
	src      *event.Source
	children []*node
	finished bool   // the last batch was handed over
	inserted bool   // the children are in the queue
	sha256   string // of a file, if it was computed before the file was read
	after    func() // finishes the source while its children are read; nil if that is done
	close    func() // frees what the children need

	// Of the one that emits.
	keep    int  // how many of the children are read; all, but for limits
	pending int  // how many of them are not done
	left    bool // given up while it was being read
}

// A queue is the list of nodes in the order in which they are emitted. Workers
// claim nodes in that order, up to window nodes ahead of the one that is being
// emitted; children take their place after their parent.
//
// The list always moves: the node at its head is claimed by the emitter itself
// if no worker has done so, since all of them may be waiting to hand over
// later ones.
type queue struct {
	window int
	ready  func() bool // whether reading ahead is allowed at the moment
	claim  func(*node) // prepares a node for reading; called with mu held

	mu      sync.Mutex
	changed sync.Cond
	head    *node
	waiting int // nodes in the list
	closed  bool
}

func newQueue(window int, ready func() bool, claim func(*node)) *queue {
	q := &queue{window: window, ready: ready, claim: claim}
	q.changed.L = &q.mu
	return q
}

// take returns the next node for a worker, or nil when there will be none.
func (q *queue) take() *node {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.closed {
		if n := q.unclaimed(); n != nil {
			n.claimed = true
			q.claim(n)
			return n
		}
		q.changed.Wait()
	}
	return nil
}

func (q *queue) unclaimed() *node {
	n := q.head
	for range q.window {
		if n == nil || !n.claimed {
			break
		}
		n = n.next
	}
	if n == nil || n.claimed || n != q.head && !q.ready() {
		return nil
	}
	return n
}

// takeHead claims a node that is to be emitted now, and reports whether it was
// still free.
func (q *queue) takeHead(n *node) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if n.claimed {
		return false
	}
	n.claimed = true
	q.claim(n)
	return true
}

// drop takes a node away from the workers, and reports whether one has it.
func (q *queue) drop(n *node) (claimed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	claimed, n.claimed = n.claimed, true
	return claimed
}

// insert puts nodes after n, or at the head if n is nil.
func (q *queue) insert(n *node, nodes []*node) {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := &q.head
	if n != nil {
		at = &n.next
	}
	rest := *at
	for _, c := range nodes {
		*at, at = c, &c.next
	}
	*at = rest
	q.waiting += len(nodes)
	q.changed.Broadcast()
}

// first returns the head of the list.
func (q *queue) first() *node {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.head
}

// advance takes the head off the list and returns the new one.
func (q *queue) advance() *node {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.head = q.head.next
	q.waiting--
	q.changed.Broadcast()
	return q.head
}

// close sends the workers home.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.changed.Broadcast()
}
