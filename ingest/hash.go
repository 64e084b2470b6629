package ingest

import (
	"crypto/sha256"
	"hash"
	"io"
	"sync"
)

// hashing computes the SHA-256 of what is read from it. Where its reader fails,
// it ends, and remembers why: what was read is decoded all the same.
type hashing struct {
	r   io.Reader
	w   io.Writer // the hash, or what feeds it
	sum hash.Hash
	n   int64
	err error // nil at a regular end
}

func newHashing(r io.Reader) *hashing {
	sum := sha256.New()
	return &hashing{r: r, w: sum, sum: sum}
}

func (h *hashing) Read(p []byte) (int, error) {
	if h.err != nil {
		return 0, io.EOF
	}
	n, err := h.r.Read(p)
	h.w.Write(p[:n])
	h.n += int64(n)
	if err != nil && err != io.EOF {
		h.err, err = err, io.EOF
	}
	return n, err
}

// drain reads what the decoder left, for the hash and the checksums.
func (h *hashing) drain() {
	buf := drainBuffers.Get().(*[]byte)
	defer drainBuffers.Put(buf)
	for {
		if _, err := h.Read(*buf); err != nil {
			return
		}
	}
}

var drainBuffers = sync.Pool{New: func() any {
	b := make([]byte, 256<<10)
	return &b
}}

// A hashApart passes what is written to it on to a hash on another goroutine.
type hashApart struct {
	buf  []byte
	full chan []byte
	free chan []byte
	done chan struct{}
}

func newHashApart(sum hash.Hash) *hashApart {
	const buffers, size = 4, 256 << 10
	h := &hashApart{full: make(chan []byte, buffers), free: make(chan []byte, buffers), done: make(chan struct{})}
	for range buffers {
		h.free <- make([]byte, 0, size)
	}
	h.buf = <-h.free
	go func() {
		defer close(h.done)
		for b := range h.full {
			sum.Write(b)
			h.free <- b[:0]
		}
	}()
	return h
}

func (h *hashApart) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := min(len(rest), cap(h.buf)-len(h.buf))
		h.buf = append(h.buf, rest[:n]...)
		rest = rest[n:]
		if len(h.buf) == cap(h.buf) {
			h.full <- h.buf
			h.buf = <-h.free
		}
	}
	return len(p), nil
}

// wait returns when all that was written has been hashed.
func (h *hashApart) wait() {
	h.full <- h.buf
	close(h.full)
	<-h.done
}
