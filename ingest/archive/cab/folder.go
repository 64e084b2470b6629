package cab

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// Sizes of a block's data. Compression may add to a block that can't be made
// smaller.
const (
	blockSize   = 32 << 10
	mostPacked  = blockSize + 6144
	blockHeader = 8
)

// A Method is how a folder is compressed.
type Method uint16

func (m Method) kind() int   { return int(m & 15) }
func (m Method) window() int { return int(m >> 8 & 31) }

const (
	kindStored = iota
	kindMSZIP
	kindQuantum
	kindLZX
)

// Readable reports whether folders of the method can be read.
func (m Method) Readable() bool {
	switch m.kind() {
	case kindStored, kindMSZIP:
		return true
	case kindLZX:
		return leastWindow <= m.window() && m.window() <= mostWindow
	}
	return false
}

func (m Method) String() string {
	switch m.kind() {
	case kindStored:
		return "stored"
	case kindMSZIP:
		return "MSZIP"
	case kindQuantum:
		return "Quantum"
	case kindLZX:
		return fmt.Sprintf("LZX, window of %d bits", m.window())
	}
	return fmt.Sprintf("%d", m.kind())
}

// A decoder unpacks the blocks of a folder in their order. The slice that it
// returns has size bytes, and holds until the next call.
type decoder interface {
	decode(packed []byte, size int) ([]byte, error)
}

// A Reader gives the bytes of one folder after another.
//
// A folder is a sequence of CFDATA:
//
//	0  4  checksum, or 0
//	4  2  n, bytes of data, at most 38,912
//	6  2  bytes when unpacked, at most 32,768; 0 if the data goes on in the next cabinet
//	8     reserved area
//	   n  data
type Reader struct {
	c       *Cabinet
	in      *bufio.Reader
	at      int64 // of the next block
	blocks  int   // that are left
	cut     bool  // another folder follows
	decoder decoder
	mszip   *mszip
	lzx     *lzx
	packed  []byte
	block   []byte // what is left of the block
	n       int64  // bytes of the folder that were unpacked
	unsound int64
	err     error
}

// NewReader returns a reader without a folder. It has the buffers of all the
// folders that are opened with it.
func (c *Cabinet) NewReader() *Reader {
	return &Reader{c: c, in: bufio.NewReaderSize(nil, 64<<10), err: io.EOF}
}

// Open goes to the start of a folder, whose method is Readable.
func (r *Reader) Open(folder int) {
	f := &r.c.Folders[folder]
	r.in.Reset(io.NewSectionReader(r.c.in, f.start, f.Packed))
	r.cut = f.start+f.Packed < r.c.size
	r.at, r.blocks, r.block, r.n, r.unsound, r.err = f.start, f.blocks, nil, 0, 0, nil
	switch f.Method.kind() {
	case kindStored:
		r.decoder = stored{}
	case kindMSZIP:
		if r.mszip == nil {
			r.mszip = newMSZIP()
		}
		r.mszip.reset()
		r.decoder = r.mszip
	case kindLZX:
		if r.lzx == nil {
			r.lzx = &lzx{}
		}
		r.lzx.reset(f.Method.window())
		r.decoder = r.lzx
	}
}

// Read reads on in the folder. Its errors are io.EOF, *Error, and those of the
// file. After an error the rest of the folder can't be read.
func (r *Reader) Read(p []byte) (int, error) {
	for len(r.block) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.err = r.next()
	}
	n := copy(p, r.block)
	r.block = r.block[n:]
	return n, nil
}

// Unsound returns up to which byte of the folder content that was read may be
// wrong: the end of the last block that is not what its checksum says, though
// it could be unpacked; 0 if there was none.
func (r *Reader) Unsound() int64 { return r.unsound }

// next unpacks a block.
func (r *Reader) next() error {
	if r.blocks == 0 {
		return io.EOF
	}
	r.blocks--
	var space [blockHeader + 255]byte
	header := space[:blockHeader+r.c.dataReserve]
	if err := r.fill(header); err != nil {
		return err
	}
	packed, size := u16(header[4:]), u16(header[6:])
	if packed > mostPacked || size > blockSize {
		return r.fail(fmt.Sprintf("a block of %d bytes that are said to be %d when unpacked: more than any has", packed, size), nil)
	}
	if cap(r.packed) < packed {
		r.packed = make([]byte, mostPacked)
	}
	r.packed = r.packed[:packed]
	if err := r.fill(r.packed); err != nil {
		return err
	}
	if size == 0 && packed > 0 {
		return r.fail(ErrNext.Error(), ErrNext)
	}
	sound := isSound(header, r.packed)
	block, err := r.decoder.decode(r.packed, size)
	if err != nil && !sound {
		return r.fail("a block does not match its checksum: "+err.Error(), nil)
	}
	if err != nil {
		return r.fail("a block is damaged: "+err.Error(), nil)
	}
	r.at += int64(len(header) + packed)
	r.n += int64(size)
	if !sound {
		r.unsound = r.n
	}
	r.block = block
	return nil
}

func (r *Reader) fill(p []byte) error {
	_, err := io.ReadFull(r.in, p)
	switch {
	case err != io.EOF && err != io.ErrUnexpectedEOF:
		return err
	case r.cut:
		return r.fail("a block reaches into the next folder", nil)
	}
	return r.fail("the cabinet ends in a block", io.ErrUnexpectedEOF)
}

func (r *Reader) fail(detail string, err error) error { return &Error{r.at, detail, err} }

// isSound compares a block with its checksum. It covers the header behind it
// and the data; [MS-CAB] counts the reserved area too, some programs do not.
func isSound(header, packed []byte) bool {
	stated := u32(header)
	if stated == 0 {
		return true
	}
	sum := checksum(packed) ^ checksum(header[4:blockHeader])
	return sum == stated || sum^checksum(header[blockHeader:]) == stated
}

// checksum is the exclusive or of the 32-bit integers that b holds. What is
// left of b at the end counts with its first byte as the highest.
func checksum(b []byte) uint32 {
	var wide uint64
	for ; len(b) >= 8; b = b[8:] {
		wide ^= binary.LittleEndian.Uint64(b)
	}
	sum := uint32(wide) ^ uint32(wide>>32)
	if len(b) >= 4 {
		sum ^= u32(b)
		b = b[4:]
	}
	var rest uint32
	for _, c := range b {
		rest = rest<<8 | uint32(c)
	}
	return sum ^ rest
}

// stored blocks are not compressed.
type stored struct{}

func (stored) decode(packed []byte, size int) ([]byte, error) {
	if len(packed) != size {
		return nil, fmt.Errorf("%d stored bytes are said to be %d", len(packed), size)
	}
	return packed, nil
}
