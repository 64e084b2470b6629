package evt

import "io"

// A window reads a file once, from its start, and shows what comes next.
type window struct {
	r    io.Reader
	buf  []byte // read, from pos on
	room []byte
	pos  int64
	err  error // why no more can be read; io.EOF at the end
}

// peek returns the next n bytes, or fewer where the file ends. They are valid
// until the next call.
func (w *window) peek(n int) []byte {
	if len(w.buf) < n && w.err == nil {
		w.fill()
	}
	return w.buf[:min(n, len(w.buf))]
}

// fill moves what is left to the start of the room and fills that: it is twice
// as large as what is peeked at most, so that each byte is moved once.
func (w *window) fill() {
	if w.room == nil {
		w.room = make([]byte, 2*maxRecord)
	}
	have := copy(w.room, w.buf)
	for have < len(w.room) && w.err == nil {
		var got int
		got, w.err = w.r.Read(w.room[have:])
		have += got
	}
	w.buf = w.room[:have]
}

func (w *window) skip(n int) {
	w.buf = w.buf[n:]
	w.pos += int64(n)
}

// failed returns why reading failed, if it did, as soon as all that was read
// before is used.
func (w *window) failed() error {
	if w.err == io.EOF || len(w.buf) >= minRecord {
		return nil
	}
	return w.err
}
