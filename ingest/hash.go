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
	sum hash.Hash
	n   int64
	err error // nil at a regular end
}

func newHashing(r io.Reader) *hashing { return &hashing{r: r, sum: sha256.New()} }

func (h *hashing) Read(p []byte) (int, error) {
	if h.err != nil {
		return 0, io.EOF
	}
	n, err := h.r.Read(p)
	h.sum.Write(p[:n])
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
