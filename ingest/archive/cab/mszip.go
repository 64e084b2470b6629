package cab

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
)

// mszip unpacks MSZIP: each block is "CK" and a Deflate stream of its own,
// which may refer to the 32 KB before it.
type mszip struct {
	in    bytes.Reader
	flate io.ReadCloser
	buf   [2 * blockSize]byte // a block is unpacked behind what came before it
	end   int
}

func newMSZIP() *mszip {
	z := &mszip{}
	z.flate = flate.NewReader(&z.in)
	return z
}

func (z *mszip) reset() { z.end = 0 }

func (z *mszip) decode(packed []byte, size int) ([]byte, error) {
	if !bytes.HasPrefix(packed, []byte("CK")) {
		return nil, errors.New("no MSZIP signature")
	}
	z.in.Reset(packed[2:])
	before := z.before()
	if err := z.flate.(flate.Resetter).Reset(&z.in, before); err != nil {
		return nil, err
	}
	block := z.buf[z.end : z.end+size]
	if n, err := io.ReadFull(z.flate, block); err != nil {
		return nil, inflateError(n, size, err)
	}
	var more [1]byte
	if n, err := z.flate.Read(more[:]); n > 0 {
		return nil, fmt.Errorf("it unpacks to more than the %d bytes that it is said to have", size)
	} else if err != io.EOF {
		return nil, inflateError(size, size, err)
	}
	z.end += size
	return block, nil
}

// before moves the last 32 KB to the front of buf and returns them.
func (z *mszip) before() []byte {
	z.end = copy(z.buf[:], z.buf[max(0, z.end-blockSize):z.end])
	return z.buf[:z.end]
}

func inflateError(n, size int, err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.As(err, &corrupt):
		return fmt.Errorf("its compressed data is wrong at byte %d", int64(corrupt))
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return fmt.Errorf("its compressed data ends before byte %d of %d", n, size)
	}
	return err
}
