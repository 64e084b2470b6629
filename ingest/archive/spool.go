package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// A pool is the room that a run has for unpacked members: so much memory, and
// then a private folder. It is safe for concurrent use.
type pool struct {
	mu     sync.Mutex
	memory int64 // bytes left
	dir    string
	closed bool
}

// take reserves up to n bytes of memory and returns how many it got.
func (p *pool) take(n int64) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	n = min(n, p.memory)
	p.memory -= n
	return n
}

func (p *pool) give(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.memory += n
}

// file creates a temporary file that only this user can read. Where the system
// allows it, its name is gone at once, and so is the file if the program dies.
func (p *pool) file() (*os.File, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errors.New("the temporary folder is already closed")
	}
	if p.dir == "" {
		dir, err := os.MkdirTemp("", "vsswhy-") // mode 0700
		if err != nil {
			return nil, err
		}
		p.dir = dir
	}
	f, err := os.CreateTemp(p.dir, "member-")
	if err == nil {
		os.Remove(f.Name()) // fails on Windows, where close does it
	}
	return f, err
}

// close removes the folder. Spools that are still open lose their files.
func (p *pool) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.dir == "" {
		return nil
	}
	return os.RemoveAll(p.dir)
}

// A spool holds the unpacked members of one archive: the first ones in memory,
// and those that the pool has no memory for one after another in one file, so
// that a thousand members need one descriptor. It has one writer.
type spool struct {
	pool  *pool
	taken int64 // bytes of the pool's memory
	f     *os.File
	end   int64 // where the next member starts in f
}

// section is what a spool holds of one member.
type section interface {
	io.Reader
	io.ReaderAt
	Size() int64
}

// add copies r to its end. Its errors are those of the spool: r must turn its
// own into io.EOF (see soft).
func (s *spool) add(r *soft) (section, error) {
	mem, full := s.fill(r)
	if !full {
		return bytes.NewReader(s.trim(mem)), nil
	}
	defer s.untake(int64(cap(mem)))
	if s.f == nil {
		f, err := s.pool.file()
		if err != nil {
			return nil, fmt.Errorf("temporary folder: %w", err)
		}
		s.f = f
	}
	start := s.end
	n, err := io.CopyBuffer(writerAt{s.f, &s.end}, io.MultiReader(bytes.NewReader(mem), r), make([]byte, 256<<10))
	if err != nil {
		return nil, fmt.Errorf("temporary file: %w", err)
	}
	return io.NewSectionReader(s.f, start, n), nil
}

// fill reads r into memory. It is full if the pool had no more of it.
func (s *spool) fill(r *soft) (mem []byte, full bool) {
	for {
		if len(mem) == cap(mem) {
			grown := s.grow(mem)
			if grown == nil {
				return mem, true
			}
			mem = grown
		}
		n, err := r.Read(mem[len(mem):cap(mem)])
		mem = mem[:len(mem)+n]
		if err != nil {
			return mem, false
		}
	}
}

// grow returns mem with room for more, or nil if the pool has none.
func (s *spool) grow(mem []byte) []byte {
	want := max(64<<10, 2*int64(cap(mem)))
	got := s.pool.take(want)
	s.taken += got
	if got < want {
		s.untake(got)
		return nil
	}
	grown := append(make([]byte, 0, want), mem...)
	s.untake(int64(cap(mem)))
	return grown
}

// trim gives back what a member did not fill.
func (s *spool) trim(mem []byte) []byte {
	if len(mem) > cap(mem)/2 {
		return mem
	}
	s.untake(int64(cap(mem) - len(mem)))
	return bytes.Clone(mem)[:len(mem):len(mem)]
}

func (s *spool) untake(n int64) {
	s.pool.give(n)
	s.taken -= n
}

// close frees the memory and the file.
func (s *spool) close() {
	s.untake(s.taken)
	if s.f != nil {
		s.f.Close()
		os.Remove(s.f.Name()) // for Windows
		s.f = nil
	}
}

// writerAt appends to a file without its seek position, which the readers of
// the sections do not use either.
type writerAt struct {
	f   *os.File
	end *int64
}

func (w writerAt) Write(p []byte) (int, error) {
	n, err := w.f.WriteAt(p, *w.end)
	*w.end += int64(n)
	return n, err
}

// A soft reader ends where its reader fails, and remembers why: what was read
// is used all the same.
type soft struct {
	r   io.Reader
	err error // nil at a regular end
}

func (s *soft) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, io.EOF
	}
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err, err = err, io.EOF
	}
	return n, err
}
