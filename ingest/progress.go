package ingest

import (
	"io"
	"sync/atomic"
)

// Progress is how far a scan is. It may be read while the scan runs.
type Progress struct {
	// BytesDone and BytesTotal count bytes of files as they lie on disk, and of
	// logs that are replayed. The total grows while folders are walked.
	BytesDone, BytesTotal atomic.Int64

	Sources, Events atomic.Int64 // that were yielded

	path atomic.Pointer[string]
}

// Path returns the label of the source that is being yielded.
func (p *Progress) Path() string {
	if s := p.path.Load(); s != nil {
		return *s
	}
	return ""
}

type readerAtCloser interface {
	io.ReaderAt
	io.Closer
}

// A countedFile counts the bytes read of a file, up to its size.
type countedFile struct {
	file readerAtCloser
	size int64
	done atomic.Int64
	p    *Progress
}

func (f *countedFile) ReadAt(b []byte, off int64) (int, error) {
	n, err := f.file.ReadAt(b, off)
	f.count(int64(n))
	return n, err
}

func (f *countedFile) count(n int64) {
	before := min(f.done.Add(n)-n, f.size)
	f.p.BytesDone.Add(min(n, f.size-before))
}

// Close counts what was not read.
func (f *countedFile) Close() error {
	f.count(f.size)
	return f.file.Close()
}
