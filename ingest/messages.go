package ingest

import (
	"context"
	"io"
	"iter"
	"path"

	"github.com/vsswhy/vsswhy/ingest/archive"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/mta"
)

// Messages of events lie in files beside their log, one for each language:
//
//	NODE-A/System.evtx
//	NODE-A/LocaleMetaData/System_1033.MTA
//
// A folder, an archive and a recorded input each know which files they have, so
// that a log finds its messages whichever of them is read first.

// sidecars are the files of messages of one folder or archive, by the key of
// their log.
type sidecars map[string]*sidecar

type sidecar struct {
	path     string // Source.Path
	language int
	open     func(*archive.Meter) (c archive.Content, free func(), err error)
}

// add notes a file if it is one of messages by its path within the folder or
// archive. Of several languages the best one stays.
func (s sidecars) add(rel, label string, open func(*archive.Meter) (archive.Content, func(), error)) {
	log, language, ok := event.MessagesOf(rel)
	if old := s[log]; ok && (old == nil || event.BetterLanguage(language, old.language)) {
		s[log] = &sidecar{label, language, open}
	}
}

// of returns the messages of a log, or nil.
func (s sidecars) of(rel string) *sidecar { return s[event.LogKey(rel)] }

// messages fills in the messages of a log's events.
type messages struct {
	file *mta.File
	free func()
}

// openMessages opens those of a node's log, if there are any. What is wrong with
// them is said where they are a source themselves.
func (s *scan) openMessages(n *node) *messages {
	if n.messages == nil || !event.IsLog(n.src.Format) {
		return nil
	}
	c, free, err := n.messages.open(n.meter)
	if err != nil {
		return nil
	}
	if c.At == nil {
		if c, free, err = s.spooled(n, c, free); err != nil {
			return nil
		}
	}
	f, err := mta.Open(c.Section(n.meter), c.Size)
	if err != nil {
		free()
		return nil
	}
	n.src.MessagesFrom = n.messages.path
	return &messages{f, free}
}

// spooled is content with random access, of one that has none. Free is of what
// it came from, and is called.
func (s *scan) spooled(n *node, c archive.Content, free func()) (archive.Content, func(), error) {
	defer free()
	r, err := c.Open(n.meter)
	if err != nil {
		return c, free, err
	}
	defer r.Close()
	return s.run.Spool(n.meter, r)
}

// fill gives events their messages, unless the log itself has them, and returns
// how many got one.
func (m *messages) fill(events []event.Event) (filled uint64) {
	if m == nil {
		return 0
	}
	for i := range events {
		e := &events[i]
		if e.Message != "" {
			continue
		}
		if text, ok := m.file.Message(e.Record); ok {
			e.Message = text
			filled++
		}
	}
	return filled
}

func (m *messages) close() {
	if m != nil {
		m.free()
	}
}

// readMTA reads a file of messages as a source of its own: how many it has, and
// what is wrong with it.
func readMTA(_ context.Context, in input, src *event.Source) iter.Seq2[[]event.Event, []event.Fact] {
	return func(func([]event.Event, []event.Fact) bool) {
		f, err := mta.Open(in.r.(io.ReaderAt), in.size)
		if err != nil {
			src.Err = err.Error()
			return
		}
		src.Messages = uint64(f.Len())
		src.Damage = append(src.Damage, f.Damage...)
	}
}

// recordedSidecars finds the files of messages among recorded ones, which the
// shelf keeps. Each is given with its path, and the label of its source.
func (s *scan) recordedSidecars(found sidecars, prefix string, sources []event.Source) {
	for i := range sources {
		was := &sources[i]
		if was.Format != "mta" || was.Kept == "" {
			continue
		}
		found.add(prefix+was.Path, prefix+was.Path, func(*archive.Meter) (archive.Content, func(), error) {
			k, err := s.opt.Shelf.Open(was.Kept)
			if err != nil {
				return archive.Content{}, nil, err
			}
			return archive.FileContent(k, k.Size()), func() { k.Close() }, nil
		})
	}
}

// besides returns what recorded files have beside each other.
func (s *scan) besides(files []RecordedFile) sidecars {
	found := sidecars{}
	for _, f := range files {
		if len(f.Sources) == 1 {
			s.recordedSidecars(found, f.Path, f.Sources)
		}
	}
	return found
}

// isMessages reports whether a folder of this name has files of messages.
func isMessages(name string) bool { return event.IsMessagesFolder(path.Base(name)) }
