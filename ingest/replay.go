package ingest

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/vsswhy/vsswhy/ingest/archive"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// recall replays what the shelf knows of a file. It reports whether that is all
// that is to be done. If not, and if the file's hash is known by then, n has it.
func (s *scan) recall(n *node, c *archive.Content) bool {
	shelf := s.opt.Shelf
	if shelf == nil || n.depth > 0 || !shelf.KnowsSize(c.Size) {
		return false
	}
	h := hashContent(n.meter, c, nil)
	if h.err != nil {
		return false // it is read, and the error met again
	}
	n.sha256 = h.sum()
	sources, ok := shelf.Recall(n.sha256)
	if !ok || !standsFor(sources) || len(s.opt.Passwords) > 0 && Locked(sources) {
		return false
	}
	s.replay(n, sources)
	return true
}

// recorded makes the nodes of files that are not read, but replayed.
func (s *scan) recorded(files []RecordedFile) (nodes []*node) {
	beside := s.besides(files)
	for _, f := range files {
		if len(f.Sources) == 0 {
			continue
		}
		n := &node{path: f.Path, root: f.Root}
		n.read = func(n *node) { s.replay(n, f.Sources) }
		n.messages = beside.of(f.Path)
		nodes = append(nodes, n)
	}
	return nodes
}

// replay yields again what was found in the file that n stands for. All that was
// in it becomes children of n, however deep it lay: nothing has to be unpacked,
// and the order is known.
func (s *scan) replay(n *node, sources []event.Source) {
	n.inner = n.path
	beside := sidecars{}
	s.recordedSidecars(beside, n.path, sources)
	for i := range sources {
		if sources[i].Kept != "" {
			s.total(sources[i].Size)
		}
		if i > 0 {
			c := n.child(n.path + sources[i].Path)
			c.read = func(c *node) { s.replaySource(c, &sources[i]) }
			c.messages = beside.of(c.path)
		}
	}
	s.replaySource(n, &sources[0])
}

// replaySource yields a source again. Logs are decoded again, since the interest
// may be another now; all else is as it was.
func (s *scan) replaySource(n *node, was *event.Source) {
	src := *was
	src.ID, src.Path, src.Root, src.Recalled = 0, n.path, n.root, true
	src.Damage = slices.DeleteFunc(slices.Clone(was.Damage), func(d event.Damage) bool { return d.Kind == event.DamageKept })
	*n.src = src
	if was.Kept != "" {
		s.replayLog(n, &src)
	}
	n.finish()
}

// replayLog decodes a log out of the shelf. The content is what was read before,
// so that what is wrong with it is found again. What was wrong around it is not,
// and is taken from was.
func (s *scan) replayLog(n *node, was *event.Source) {
	before, after := outerDamage(was.Damage)
	*n.src = event.Source{
		Path: was.Path, Root: was.Root, Format: was.Format, Size: was.Size, SHA256: was.SHA256,
		Kept: was.Kept, Recalled: true, Damage: before,
	}
	k := openShelved(s.opt.Shelf, was)
	file := &countedFile{file: k, size: was.Size, p: s.opt.Progress}
	defer file.Close()
	if err := s.decodeShelved(n, archive.FileContent(file, was.Size)); err != nil {
		k.fail(err, 0)
	}
	n.src.Damage = append(n.src.Damage, after...)
	switch {
	case n.ctx.Err() != nil:
		n.src.Err = interrupted
	case k.err != nil:
		n.src.Damage = append(n.src.Damage, k.damage())
		n.src.Err = was.Err
	default:
		n.src.Err = was.Err
	}
}

func (s *scan) decodeShelved(n *node, c archive.Content) error {
	head, err := readHead(c.Section(n.meter), c.Size) // a part of it may do
	f, name := s.recognise(n.path, head)
	switch {
	case f == nil && err != nil:
		return err
	case f == nil:
		return errors.New("it " + notALog)
	}
	n.src.Format = name
	s.decodeAnywhere(n, f, input{all: s.opt.AllAgain, recover: s.opt.Recover, recycler: s.opt.Recycler}, c)
	return nil
}

// outerDamage returns what was wrong around a source: what was noted before its
// content was read, and what after that.
func outerDamage(damage []event.Damage) (before, after []event.Damage) {
	n := slices.IndexFunc(damage, func(d event.Damage) bool { return !d.Outer })
	if n < 0 {
		return damage, nil
	}
	for _, d := range damage[n:] {
		if d.Outer {
			after = append(after, d)
		}
	}
	return damage[:n:n], after
}

// A shelved content remembers what is wrong with what was kept: a reader would
// take it for a defect of the log.
type shelved struct {
	kept Kept // nil: it can't be opened

	mu  sync.Mutex
	err error
	at  int64 // in bytes from the start of the content
}

func openShelved(shelf Shelf, was *event.Source) *shelved {
	kept, err := shelf.Open(was.Kept)
	if err != nil {
		return &shelved{err: err}
	}
	if kept.Size() != was.Size {
		kept.Close()
		return &shelved{err: fmt.Errorf("it has %d bytes, and had %d", kept.Size(), was.Size)}
	}
	return &shelved{kept: kept}
}

func (k *shelved) ReadAt(p []byte, off int64) (int, error) {
	if k.kept == nil {
		return 0, k.err
	}
	n, err := k.kept.ReadAt(p, off)
	if err != nil && err != io.EOF {
		k.fail(err, off+int64(n))
	}
	return n, err
}

// fail notes an error. The one at the lowest offset stays, whatever the order in
// which workers meet them.
func (k *shelved) fail(err error, at int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err == nil || at < k.at {
		k.err, k.at = err, at
	}
}

func (k *shelved) damage() event.Damage {
	return event.Damage{
		Kind: event.DamageKept, Offset: k.at, Lost: true, Outer: true,
		Detail: fmt.Sprintf("what was kept of it can't be read: %s; give what it came in again", reason(k.err)),
	}
}

func (k *shelved) Close() error {
	if k.kept == nil {
		return nil
	}
	return k.kept.Close()
}
