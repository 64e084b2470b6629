package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"sync"

	"github.com/vsswhy/vsswhy/ingest/archive"
)

// hashing computes the SHA-256 of what is read from it, and has it kept. Where
// its reader fails, it ends, and remembers why: what was read is decoded all the
// same.
type hashing struct {
	r      io.Reader
	keeper Keeper    // nil: it is not kept
	hash   hash.Hash // nil: it is not computed
	n      int64
	err    error // nil at a regular end
}

func newHashing(r io.Reader, keeper Keeper) *hashing {
	return &hashing{r: r, keeper: keeper, hash: sha256.New()}
}

// newReading is newHashing for a scan that may want no hashes.
func (s *scan) newReading(r io.Reader) *hashing {
	if s.opt.Unhashed {
		return &hashing{r: r}
	}
	return newHashing(r, s.keeper())
}

func (h *hashing) Read(p []byte) (int, error) {
	if h.err != nil {
		return 0, io.EOF
	}
	n, err := h.r.Read(p)
	if h.hash != nil {
		h.hash.Write(p[:n])
	}
	h.keep(p[:n])
	h.n += int64(n)
	if err != nil && err != io.EOF {
		h.err, err = err, io.EOF
	}
	return n, err
}

// keep hands a piece to the keeper. One that fails is given up: the shelf knows
// why.
func (h *hashing) keep(p []byte) {
	if h.keeper == nil {
		return
	}
	if _, err := h.keeper.Write(p); err != nil {
		h.discard()
	}
}

func (h *hashing) discard() {
	if h.keeper != nil {
		h.keeper.Discard()
		h.keeper = nil
	}
}

// commit ends keeping, and returns the name that the content was kept under, or
// "".
func (h *hashing) commit() string {
	if h.keeper == nil {
		return ""
	}
	name := h.sum()
	if h.keeper.Commit(name) != nil {
		return ""
	}
	return name
}

// sum returns the SHA-256 of what was read, in hex digits; "" if it was not
// computed.
func (h *hashing) sum() string {
	if h.hash == nil {
		return ""
	}
	return hex.EncodeToString(h.hash.Sum(nil))
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

// hashContent reads a content to its end.
func hashContent(m *archive.Meter, c *archive.Content, keeper Keeper) *hashing {
	r, err := c.Open(m)
	if err != nil {
		h := newHashing(nil, keeper)
		h.err = err
		return h
	}
	defer r.Close()
	h := newHashing(r, keeper)
	h.drain()
	return h
}
