package ingest

import "io"

// aheadBuffers of aheadSize bytes each are what an ahead holds.
const aheadBuffers, aheadSize = 4, 256 << 10

// An ahead reads from a reader on another goroutine, so that unpacking goes on
// while what was unpacked is hashed and decoded. It must be read up to an
// error; then it does not use its reader any more.
type ahead struct {
	full chan aheadPiece
	free chan []byte
	now  aheadPiece
	rest []byte // of now
}

type aheadPiece struct {
	data []byte
	err  error // after data
}

func newAhead(r io.Reader) *ahead {
	a := &ahead{full: make(chan aheadPiece, aheadBuffers), free: make(chan []byte, aheadBuffers)}
	for range aheadBuffers {
		a.free <- make([]byte, aheadSize)
	}
	go func() {
		for {
			buf := (<-a.free)[:aheadSize]
			n, err := fill(r, buf)
			a.full <- aheadPiece{buf[:n], err}
			if err != nil {
				return
			}
		}
	}()
	return a
}

func (a *ahead) Read(p []byte) (int, error) {
	for len(a.rest) == 0 {
		if a.now.err != nil {
			return 0, a.now.err
		}
		if a.now.data != nil {
			a.free <- a.now.data
		}
		a.now = <-a.full
		a.rest = a.now.data
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// fill reads until buf is full or r fails.
func fill(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var m int
		m, err = r.Read(buf[n:])
		n += m
	}
	return n, err
}
