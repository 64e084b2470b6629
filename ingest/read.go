package ingest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/archive"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// Why something is not read. The first two are no loss unless it was named.
const (
	notALog     = "is no event log, archive or known text artefact"
	empty       = "is empty"
	interrupted = "interrupted"

	// A loss, since the name says what was in it.
	emptyPromise  = "is empty, though called a log or an archive"
	brokenPromise = "is no event log or archive, though called so"
)

// largeLog is from what size on a log is worth several workers, in bytes.
const largeLog = 16 << 20

// child adds a child, which is read after the node itself.
func (n *node) child(label string) *node {
	c := &node{path: label, root: n.root, parent: n, index: len(n.children), depth: n.depth, outer: n.outer}
	if n.inner != "" {
		c.root = n.inner
	}
	n.children = append(n.children, c)
	return c
}

// fail finishes the source: it can't be read.
func (n *node) fail(why string) {
	n.src.Err = why
	n.finish()
}

// failed is fail for an error of a content.
func (n *node) failed(err error) {
	n.note(err, -1)
	n.finish()
}

// skip finishes the source: it is none. If it was named, that is an error.
func (n *node) skip(why string) {
	if n.named {
		n.fail(why)
		return
	}
	n.src.Skipped = why
	n.finish()
}

// finish hands over the last batch.
func (n *node) finish() { n.finished = n.send(event.Batch{Source: n.src, Last: true}) }

// send hands over a batch, and reports whether anyone wants it.
func (n *node) send(b event.Batch) bool {
	select {
	case n.out <- b:
		return true
	case <-n.ctx.Done():
		return false
	}
}

// note records why reading the source ended at the given offset.
func (n *node) note(err error, offset int64) {
	var damage *archive.Error
	switch {
	case err == nil:
	case errors.As(err, &damage):
		n.src.Damage = append(n.src.Damage, outer(damage.Damage(offset)))
	case errors.Is(err, context.Canceled):
		n.src.Err = interrupted
	default:
		n.src.Err = reason(err)
	}
}

// outer marks damage that is not of the content of a source.
func outer(d event.Damage) event.Damage {
	d.Outer = true
	return d
}

// inspect looks at a file's or member's first bytes and reads it accordingly.
// It calls free when the content is not needed any more.
func (s *scan) inspect(n *node, c archive.Content, free func()) {
	r, err := c.Open(n.meter)
	if err != nil {
		free()
		n.failed(err)
		return
	}
	defer r.Close()
	head, err := readHead(r, c.Size)
	n.src.Size = max(c.Size, 0)
	container := archive.Sniff(head)
	var f *format
	var name string
	if container == "" {
		if f, name = s.recognise(n.path, head); f == nil {
			container = s.behind(n, &c, &free, head, errorReader(err, r))
		}
	}
	known := container != "" || f != nil
	switch {
	case known && s.recall(n, &c):
	case container != "":
		s.readArchive(n, container, c, free)
		return
	case f != nil:
		n.src.Format = name
		s.readLog(n, f, c, io.MultiReader(bytes.NewReader(head), errorReader(err, r)))
	case err != nil:
		n.failed(err)
	case promises(n.path) && len(head) == 0:
		n.fail(emptyPromise)
	case promises(n.path):
		n.fail(brokenPromise)
	case len(head) == 0:
		n.skip(empty)
	default:
		n.skip(notALog)
	}
	free()
}

// promised are the endings of files that hold logs, if they hold anything.
var promised = map[string]bool{
	".evtx": true, ".evt": true, ".zip": true, ".7z": true, ".rar": true, ".cab": true, ".tar": true, ".tgz": true, ".gz": true, ".xz": true, ".bz2": true, ".zst": true,
}

// promises reports whether a file is called like a log or an archive: if it is none, its
// content was lost on the way here. What macOS puts beside each file of an archive,
// "._" and its name, is not meant.
func promises(label string) bool {
	name := path.Base(label)
	return promised[strings.ToLower(path.Ext(name))] && !strings.HasPrefix(name, "._")
}

// behind returns the format of the archive that a content ends with, or "". One that
// can be read only once is copied for that, if it may be of this kind: what it had is
// freed with it.
func (s *scan) behind(n *node, c *archive.Content, free *func(), head []byte, rest io.Reader) string {
	if c.At == nil && mayHaveBehind(n.path, head) {
		copied, freeCopy, err := s.run.Spool(n.meter, io.MultiReader(bytes.NewReader(head), rest))
		if err != nil {
			return "" // and it is no log
		}
		had := *free
		*c, *free = copied, func() { freeCopy(); had() }
	}
	return archive.Behind(*c)
}

// mayHaveBehind reports whether a file may have an archive behind its beginning: a
// program that unpacks itself, or a zip that is the last of its volumes, or that some
// server put a header before.
func mayHaveBehind(label string, head []byte) bool {
	name := strings.ToLower(path.Base(label))
	return bytes.HasPrefix(head, []byte("MZ")) && path.Ext(name) == ".exe" || strings.Contains(name, ".zip")
}

// readHead reads what a file is recognised by. Its size, -1 if nothing says it, may be
// a lie: some more is read.
func readHead(r io.Reader, size int64) ([]byte, error) {
	want := int64(archive.HeadBytes)
	if size >= 0 {
		want = min(want, size+512)
	}
	head := make([]byte, want)
	n, err := fill(r, head)
	if err == io.EOF {
		err = nil
	}
	return head[:n], err
}

// errorReader returns r, or a reader of the error that r has already given.
func errorReader(err error, r io.Reader) io.Reader {
	if err != nil {
		return failedReader{err}
	}
	return r
}

type failedReader struct{ err error }

func (f failedReader) Read([]byte) (int, error) { return 0, f.err }

// recognise finds the format of a log or artefact by its first bytes. It
// returns nil if there is none.
func (s *scan) recognise(label string, head []byte) (*format, string) {
	for i := range s.formats {
		if name := s.formats[i].sniff(path.Base(label), head); name != "" {
			return &s.formats[i], name
		}
	}
	return nil, ""
}

// want is asked for members that have to be kept if they are to be read.
func (s *scan) want(label string, head []byte) (skip string) {
	f, _ := s.recognise(label, head)
	switch {
	case promises(label) || f != nil || archive.Sniff(head) != "" || len(head) > 0 && mayHaveBehind(label, head):
		return ""
	case len(head) == 0:
		return empty
	}
	return notALog
}

// readArchive makes children of an archive's members.
func (s *scan) readArchive(n *node, format string, c archive.Content, free func()) {
	limits := &s.opt.Limits
	n.src.Format = format
	if n.depth >= limits.Depth {
		free()
		n.src.Damage = append(n.src.Damage, event.Damage{
			Kind: event.DamageLimit, Offset: -1, Lost: true,
			Detail: fmt.Sprintf("archives nested more than %d deep are not opened", limits.Depth),
		})
		n.finish()
		return
	}
	if n.depth == 0 {
		n.inner, n.outer = n.path, max(c.Size, 0)
		n.meter.SetInput(n.outer)
	}
	hash := s.hashFile(n, &c)
	a := s.run.Open(n.meter, format, path.Base(n.path), c, s.want)
	n.close = func() { a.Close(); free() }
	n.src.Format = a.Format
	n.src.Damage = append(n.src.Damage, a.Damage...)
	n.note(a.Err, -1)
	beside := sidecars{}
	for i := range a.Members {
		if m := &a.Members[i]; m.Readable() {
			beside.add(m.Name, n.path+"!/"+m.Name, func(*archive.Meter) (archive.Content, func(), error) { return m.Content, func() {}, nil })
		}
	}
	for i := range a.Members {
		m := &a.Members[i]
		child := n.child(n.path + "!/" + m.Name)
		child.depth++
		child.read = func(c *node) { s.readMember(c, m) }
		child.messages = beside.of(m.Name)
	}
	n.after = func() {
		n.src.SHA256 = hash()
		n.finish()
	}
}

// hashFile computes the hash of an archive that was given, while it is unpacked; or if
// there is a shelf to know them by, of any archive that lies in no other one. It
// returns a function that waits for it.
func (s *scan) hashFile(n *node, c *archive.Content) (wait func() string) {
	given := n.parent == nil || s.opt.Shelf != nil && n.depth == 0
	if s.opt.Unhashed || !given || n.sha256 != "" {
		return func() string { return n.sha256 }
	}
	hashed := make(chan *hashing, 1)
	go func() {
		c := uncounted(c)
		hashed <- hashContent(n.meter, &c, nil)
	}()
	return func() string {
		h := <-hashed
		if h.err != nil {
			return "" // unpacking meets it too
		}
		return h.sum()
	}
}

// uncounted is a content that is read a second time: each byte counts once.
func uncounted(c *archive.Content) archive.Content {
	again := *c
	if f, ok := c.At.(*countedFile); ok {
		again.At = f.file
	}
	return again
}

func (s *scan) readMember(n *node, m *archive.Member) {
	for _, d := range m.Damage {
		n.src.Damage = append(n.src.Damage, outer(d))
	}
	switch {
	case m.Skipped != "":
		n.skip(m.Skipped)
	case m.Readable():
		s.inspect(n, m.Content, func() {})
	default:
		n.finish()
	}
}

// readLog decodes a log or artefact. Stream is the content once more, from its
// start: content without random access is read from it.
func (s *scan) readLog(n *node, f *format, c archive.Content, stream io.Reader) {
	in := input{all: s.opt.All, recover: s.opt.Recover, recycler: s.opt.Recycler}
	whole := !n.src.Lost() // what was kept of a member may be a part
	if f.seeks && c.At == nil {
		var free func()
		var err error
		if c, free, err = s.run.Spool(n.meter, stream); err != nil {
			n.failed(err)
			return
		}
		defer free()
	}
	var got *hashing
	if c.At != nil {
		got = s.readTwice(n, f, in, c)
	} else {
		got = s.readOnce(n, f, in, stream, c.Size)
	}
	n.src.Size = got.n
	n.note(got.err, got.n)
	if got.n == 0 || errors.Is(got.err, context.Canceled) {
		got.discard()
	}
	n.src.Kept = got.commit()
	var damage *archive.Error
	if whole && (got.err == nil || errors.As(got.err, &damage) && !damage.Lost) {
		n.src.SHA256 = cmp.Or(got.sum(), n.sha256)
	}
	n.finish()
}

// readTwice decodes content that has random access, and computes its hash at
// the same time on another goroutine: of a large file, each of the two takes
// about as long.
func (s *scan) readTwice(n *node, f *format, in input, c archive.Content) *hashing {
	if s.opt.Unhashed || n.sha256 != "" && s.opt.Shelf == nil {
		s.decodeAnywhere(n, f, in, c)
		return &hashing{n: c.Size}
	}
	hashed := make(chan *hashing, 1)
	go func() { hashed <- hashContent(n.meter, &c, s.keeper()) }()
	s.decodeAnywhere(n, f, in, uncounted(&c))
	return <-hashed
}

// decodeAnywhere decodes content that has random access.
func (s *scan) decodeAnywhere(n *node, f *format, in input, c archive.Content) {
	in.r, in.size, in.workers = c.Section(n.meter), c.Size, 1
	if c.Size >= largeLog && s.large.TryLock() {
		// One log at a time, so that memory stays bounded.
		in.workers = s.opt.Workers
		defer s.large.Unlock()
	}
	s.decode(n, f, in)
}

// readOnce decodes content that comes by once.
func (s *scan) readOnce(n *node, f *format, in input, stream io.Reader, size int64) *hashing {
	if (size >= largeLog || size < 0) && s.opt.Workers > 1 {
		stream = newAhead(stream)
	}
	h := s.newReading(stream)
	in.r, in.size, in.workers = h, -1, 1
	s.decode(n, f, in)
	h.drain()
	return h
}

// keeper begins to keep a content, if there is a shelf, and it can.
func (s *scan) keeper() Keeper {
	if s.opt.Shelf == nil {
		return nil
	}
	k, err := s.opt.Shelf.Keep()
	if err != nil {
		return nil
	}
	return k
}

func (s *scan) decode(n *node, f *format, in input) {
	in.interest = s.opt.Interest
	var relevant relevance
	if in.all && in.interest != nil {
		relevant.filter, in.interest = in.interest.Filter(), nil
		defer func() { n.src.Relevant = relevant.n }()
	}
	messages := s.openMessages(n)
	defer messages.close()
	for events, facts := range f.read(n.ctx, in, n.src) {
		relevant.count(events)
		n.src.Messages += messages.fill(events)
		if !n.send(event.Batch{Source: n.src, Events: events, Facts: facts}) {
			return
		}
	}
}
