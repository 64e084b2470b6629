package index

import (
	"fmt"
	"sync"

	"github.com/vsswhy/vsswhy/index/logs"
	"github.com/vsswhy/vsswhy/ingest"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// A shelf is the case's logs as a scan uses them: it keeps what is read, and
// recalls what was found before in files of the same content.
type shelf struct {
	folder *logs.Folder
	files  map[string][]event.Source // by the SHA-256 of the file
	sizes  map[int64]bool

	mu  sync.Mutex
	err error // the first one
}

func newShelf(folder *logs.Folder, inputs []Input, readers string) *shelf {
	s := &shelf{folder: folder, files: map[string][]event.Source{}, sizes: map[int64]bool{}}
	for _, in := range inputs {
		for _, f := range in.Files {
			if f.SHA256 != "" && f.Readers == readers {
				s.files[f.SHA256] = f.Sources
				s.sizes[f.Size] = true
			}
		}
	}
	return s
}

func (s *shelf) KnowsSize(size int64) bool { return s.sizes[size] }

func (s *shelf) Recall(sha256 string) ([]event.Source, bool) {
	sources, ok := s.files[sha256]
	return sources, ok
}

func (s *shelf) Open(name string) (ingest.Kept, error) {
	l, err := s.folder.Open(name)
	if err != nil {
		return nil, err // not a nil *Log as a Kept
	}
	return l, nil
}

func (s *shelf) Keep() (ingest.Keeper, error) {
	w, err := s.folder.Create()
	if err != nil {
		return nil, s.note(err)
	}
	return &keeper{w, s}, nil
}

// note remembers the first error.
func (s *shelf) note(err error) error {
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.err == nil {
			s.err = err
		}
	}
	return err
}

// failed returns why something could not be kept.
func (s *shelf) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		return nil
	}
	return fmt.Errorf("keep the logs: %w", s.err)
}

// A keeper is one content that is being kept.
type keeper struct {
	*logs.Writer
	s *shelf
}

func (k *keeper) Write(p []byte) (int, error) {
	n, err := k.Writer.Write(p)
	return n, k.s.note(err)
}

func (k *keeper) Commit(name string) error { return k.s.note(k.Writer.Commit(name)) }
