package archive

import (
	"context"
	"io"
	"sync/atomic"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// A Content is the bytes of a file or member. It can be read any number of
// times, at the same time too, as long as its Archive is open.
type Content struct {
	Size int64       // in bytes; a claim, if the content was packed; -1 if nothing says
	At   io.ReaderAt // gives random access to content that is not packed; else nil

	// open, if not nil, is how to read the content from its start, with its
	// checksums verified. If it is nil, At is read.
	open func(m *Meter) (io.ReadCloser, error)
}

// FileContent returns the content of an open file.
func FileContent(f io.ReaderAt, size int64) Content { return Content{Size: size, At: f} }

// Open returns a reader of the content from its start. Its errors are io.EOF,
// *Error, the context's error, or the system's.
func (c *Content) Open(m *Meter) (io.ReadCloser, error) {
	if c.open != nil {
		return c.open(m)
	}
	return io.NopCloser(&whole{r: c.Section(m), size: c.Size}), nil
}

// Section returns random access to a content whose At is not nil.
func (c *Content) Section(m *Meter) *io.SectionReader {
	return io.NewSectionReader(meteredAt{c.At, m}, 0, c.Size)
}

// A whole reports content that has fewer bytes than its table states.
type whole struct {
	r    io.Reader
	n    int64
	size int64
}

func (w *whole) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	w.n += int64(n)
	if err == io.EOF && w.n < w.size {
		err = lost(event.DamageTruncated, "ends after %s of %s bytes", grouped(w.n), grouped(w.size))
	}
	return n, err
}

// A Meter belongs to one step of a run, such as reading one member. It carries
// the step's context, counts what the step reads and unpacks, and stops it at
// its limits. It is safe for concurrent use.
type Meter struct {
	ctx      context.Context
	limits   *Limits
	max      int64         // bytes that the step may unpack
	total    *atomic.Int64 // of the run
	unpacked atomic.Int64
	reads    atomic.Int64
}

// Unpacked returns how many bytes the step has unpacked so far.
func (m *Meter) Unpacked() int64 { return m.unpacked.Load() }

// SetInput says how large the archive is that was given, once it is known: it
// decides how much may be unpacked. It must not be called while m is in use.
func (m *Meter) SetInput(size int64) { m.max = m.limits.MaxOutput(size) }

// Reads returns a number that grows as long as the step gets data.
func (m *Meter) Reads() int64 { return m.reads.Load() }

// meteredAt makes random access heed the step's context.
type meteredAt struct {
	io.ReaderAt
	m *Meter
}

func (r meteredAt) ReadAt(p []byte, off int64) (int, error) {
	if err := r.m.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.ReaderAt.ReadAt(p, off)
	r.m.reads.Add(1)
	return n, err
}

// An unpacker reads from a decompressor of the library named lib, within the
// limits.
type unpacker struct {
	m      *Meter
	lib    string
	r      io.Reader
	packed int64 // size of the compressed data; -1 if unknown
	n      int64
}

func (u *unpacker) Read(p []byte) (n int, err error) {
	if err := u.m.ctx.Err(); err != nil {
		return 0, err
	}
	err = guarded(u.lib, func() (err error) {
		n, err = u.r.Read(p)
		return err
	})
	u.n += int64(n)
	u.m.reads.Add(1)
	u.m.total.Add(int64(n))
	if total := u.m.unpacked.Add(int64(n)); total > u.m.max && err == nil {
		err = lost(event.DamageLimit, "stopped at %s bytes, the most that is unpacked", grouped(u.m.max))
	}
	if u.bomb() && err == nil {
		err = lost(event.DamageLimit, "stopped at %s bytes unpacked from %s: more than %d to 1", grouped(u.n), grouped(u.packed), u.m.limits.MemberRatio)
	}
	return n, explain(u.lib, err)
}

func (u *unpacker) bomb() bool {
	return u.packed >= 0 && u.n > u.m.limits.MemberOutput && u.n/u.m.limits.MemberRatio > u.packed
}

// readCloser joins a reader and what is to be done when it is not needed any more.
type readCloser struct {
	io.Reader
	close func()
}

func (r readCloser) Close() error { r.close(); return nil }
