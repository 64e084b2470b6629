package logs

import (
	"cmp"
	"context"
	"errors"
	"os"
	"runtime"
	"sync"

	seekable "github.com/SaveTheRbtz/zstd-seekable-format-go/pkg"
	"github.com/klauspost/compress/zstd"
)

// Bytes of content that the first frame and each other one hold; the last one
// holds less.
const (
	headSize  = 4 << 10
	frameSize = 1 << 20
)

// maxFrames bounds the table of one content (4 MiB), and with it the content
// (some 340 GiB).
const maxFrames = 4 << 20 / tableEntry

// encoder is shared by all: each core's part of it is some hundred KiB. The
// fastest level makes 28 bytes of an event of a busy log and takes half of the
// time of the default one, which makes 27.
var encoder = sync.OnceValues(func() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(true))
})

// buffers holds frames that are being filled.
var buffers = sync.Pool{New: func() any { return new([frameSize]byte) }}

var errTooLarge = errors.New("the content is too large to be kept")

// A Writer takes one content, piece by piece. It is not safe for concurrent use.
// After an error it takes no more, and Write and Commit return the error again.
//
// A log is a frame or two, which are compressed when they are full or the content
// ends. From the third frame on, others do that (see pipeline), so that a large
// log is compressed as fast as it is read.
type Writer struct {
	folder *Folder
	file   *os.File
	temp   string // its name
	z      *seekable.Writer
	err    error

	buf    *[frameSize]byte // the frame that is being filled
	n      int              // how much of it is
	size   int              // how much there will be
	frames int              // that are full

	pipe *pipeline // nil before the third frame
}

func newWriter(f *Folder, file *os.File, temp string) (*Writer, error) {
	w := &Writer{folder: f, file: file, temp: temp, buf: buffers.Get().(*[frameSize]byte), size: headSize}
	enc, err := encoder()
	if err == nil {
		w.z, err = seekable.NewWriter(file, enc)
	}
	if err != nil {
		w.Discard()
		return nil, err
	}
	return w, nil
}

// Write takes the next piece, which the caller may change afterwards.
func (w *Writer) Write(p []byte) (taken int, err error) {
	for len(p) > 0 && w.err == nil {
		n := copy(w.buf[w.n:w.size], p)
		p = p[n:]
		taken += n
		if w.n += n; w.n == w.size {
			w.err = w.endFrame()
		}
	}
	return taken, w.err
}

// endFrame has the frame compressed, if there is anything in it.
func (w *Writer) endFrame() error {
	if w.n == 0 {
		return nil
	}
	if w.frames++; w.frames > maxFrames {
		return errTooLarge
	}
	frame := w.buf[:w.n]
	w.n, w.size = 0, frameSize
	if w.frames <= 2 {
		_, err := w.z.Write(frame)
		return err
	}
	if w.pipe == nil {
		w.pipe = newPipeline(w.z)
	}
	w.buf = new([frameSize]byte)
	return w.pipe.add(frame)
}

// Commit ends the content and gives it its name, the SHA-256 of what was written
// in lower-case hex digits: then it is on the disk (see [Folder.Sync] for its
// name). If there is such a content already, the new one is dropped. If it fails,
// nothing is left.
func (w *Writer) Commit(name string) error {
	err := cmp.Or(w.err, checkName(name))
	if err == nil {
		err = w.endFrame()
	}
	err = cmp.Or(err, w.pipe.end())
	if err == nil {
		err = cmp.Or(w.z.Close(), w.file.Sync())
	}
	err = cmp.Or(err, w.file.Close())
	if err == nil {
		err = w.folder.adopt(w.temp, name)
	}
	if err != nil {
		w.folder.root.Remove(w.temp)
	}
	w.release()
	return err
}

// Discard gives the content up. After Commit it does nothing.
func (w *Writer) Discard() {
	if w.err == errEnded {
		return
	}
	w.pipe.end()
	w.file.Close()
	w.folder.root.Remove(w.temp)
	w.release()
}

var errEnded = errors.New("the content was committed or discarded already")

func (w *Writer) release() {
	if w.buf != nil {
		buffers.Put(w.buf)
	}
	w.buf, w.pipe, w.err = nil, nil, errEnded
}

// A pipeline compresses frames beside the one who writes them. A nil pipeline is
// one that has nothing to do.
type pipeline struct {
	frames chan []byte
	ended  chan error // one value, when the pipeline stops
	err    error      // that value
}

// maxCompressing bounds the frames of one content that are compressed at a time.
// Four cores compress as fast as one computes the SHA-256 of what they get.
const maxCompressing = 4

func newPipeline(z *seekable.Writer) *pipeline {
	p := &pipeline{frames: make(chan []byte), ended: make(chan error, 1)}
	next := func() ([]byte, error) { return <-p.frames, nil } // nil is the end
	go func() {
		p.ended <- z.WriteMany(context.Background(), next, seekable.WithConcurrency(min(maxCompressing, runtime.GOMAXPROCS(0))))
	}()
	return p
}

// add hands over a frame, which nobody may change any more. It waits if the
// pipeline is full.
func (p *pipeline) add(frame []byte) error {
	select {
	case p.frames <- frame:
		return nil
	case p.err = <-p.ended:
		return p.err
	}
}

// end waits for all frames to be written.
func (p *pipeline) end() error {
	if p == nil || p.err != nil {
		return nil // its error is known
	}
	close(p.frames)
	return <-p.ended
}
