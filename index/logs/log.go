package logs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"

	seekable "github.com/SaveTheRbtz/zstd-seekable-format-go/pkg"
	"github.com/SaveTheRbtz/zstd-seekable-format-go/pkg/framecache"
	"github.com/klauspost/compress/zstd"
)

// Sizes of the seek table's parts, in bytes.
const (
	tableHead  = 8  // magic number and size of the skippable frame
	tableEntry = 12 // a frame's two sizes and its checksum
	tableFoot  = 9  // number of frames, flags, magic number
)

// maxPacked bounds a compressed frame: what does not compress grows by a few
// bytes per 128 KiB.
const maxPacked = frameSize + 4<<10

// cachedFrames is how many unpacked frames a Log keeps, so that reading in small
// steps unpacks none twice, also where two places are read by turns.
const cachedFrames = 2

var decoder = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(frameSize), zstd.WithDecoderMaxWindow(frameSize))
})

// A Log is a content that can be read anywhere. It is safe for concurrent use.
type Log struct {
	file   io.Closer
	size   int64
	table  seekable.SeekTable
	frames *seekable.Reader
}

func openLog(file *os.File) (*Log, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	l, err := newLog(file, info.Size())
	if err != nil {
		return nil, explain(err, "")
	}
	l.file = file
	return l, nil
}

// newLog reads the table of a file.
func newLog(file io.ReaderAt, size int64) (*Log, error) {
	dec, err := decoder()
	if err != nil {
		return nil, err
	}
	cache := framecache.NewLRU(framecache.Limits{MaxFrames: cachedFrames})
	frames, err := seekable.NewReader(nil, dec, seekable.WithReaderEnvironment(&container{file, size}), seekable.WithReaderFrameCache(cache))
	if err != nil {
		return nil, err
	}
	table, err := frames.SeekTable()
	if err != nil {
		return nil, err
	}
	if err := checkTable(&table, size); err != nil {
		return nil, err
	}
	return &Log{size: int64(table.Size()), table: table, frames: frames}, nil
}

// checkTable compares what a table states with the file, and with what a Writer
// writes: frames that are not too large, with checksums, and nothing between
// them and the table.
func checkTable(t *seekable.SeekTable, size int64) error {
	if !t.HasChecksums() {
		return errors.New("the table has no checksums")
	}
	n := t.NumFrames()
	end := int64(0)
	for i := range n {
		e, _ := t.EntryByID(i)
		if e.DecompressedSize == 0 || e.DecompressedSize > frameSize {
			return fmt.Errorf("frame %d is said to hold %d bytes", i, e.DecompressedSize)
		}
		end += int64(e.CompressedSize)
	}
	if table := tableHead + n*tableEntry + tableFoot; end != size-table {
		return fmt.Errorf("the frames are said to have %d bytes, and the table has %d, of a file of %d", end, table, size)
	}
	return nil
}

// Size returns the size of the content in bytes.
func (l *Log) Size() int64 { return l.size }

// frame returns how many bytes the frame at an offset holds from there on.
func (l *Log) frame(off int64) int64 {
	e, _ := l.table.EntryByDecompressedOffset(uint64(off))
	return int64(e.DecompressedOffset) + int64(e.DecompressedSize) - off
}

// ReadAt implements io.ReaderAt. Its error is io.EOF, one of the system, or
// wraps ErrDamaged; the bytes before it are sound.
func (l *Log) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fmt.Errorf("negative offset %d", off)
	}
	n, err = l.frames.ReadAt(p, off)
	if err != nil && err != io.EOF {
		err = explain(err, fmt.Sprintf(" at its byte %d", off+int64(n)))
	}
	return n, err
}

// Close closes the content. It must not be read any more.
func (l *Log) Close() error { return l.file.Close() }

// explain tells damage from errors of the system.
func explain(err error, where string) error {
	var system *fs.PathError
	if errors.As(err, &system) {
		return err
	}
	return fmt.Errorf("%w%s: %s", ErrDamaged, where, err)
}

// A container is a file as the seekable library reads it. It reads no more than
// a Writer may have written, whatever the library was told by the file.
type container struct {
	file io.ReaderAt
	size int64
}

func (c *container) GetFrameByIndex(e seekable.FrameOffsetEntry) ([]byte, error) {
	return c.read(int64(e.CompressedOffset), int64(e.CompressedSize), maxPacked)
}

func (c *container) ReadFooter() ([]byte, error) {
	return c.read(c.size-tableFoot, tableFoot, tableFoot)
}

func (c *container) ReadSkipFrame(size int64) ([]byte, error) {
	return c.read(c.size-size, size, tableHead+maxFrames*tableEntry+tableFoot)
}

func (c *container) read(off, n, most int64) ([]byte, error) {
	if off < 0 || n > most || off > c.size-n {
		return nil, fmt.Errorf("%d bytes at offset %d, of a file of %d, can't be a part of it", n, off, c.size)
	}
	p := make([]byte, n)
	if m, err := c.file.ReadAt(p, off); m < len(p) {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return p, nil
}
