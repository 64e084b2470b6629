package archive

import (
	"fmt"
	"hash/crc32"
	"io"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// A verifier compares a member with the size and the CRC-32 that its archive
// states, where it does.
type verifier struct {
	r      io.Reader
	by     string // the kind of archive
	size   int64
	crc    uint32
	sized  bool // size is known
	summed bool // crc is known

	sum uint32
	n   int64
}

func (v *verifier) Read(p []byte) (int, error) {
	n, err := v.r.Read(p)
	if v.sized && int64(n) > v.size-v.n {
		n = int(v.size - v.n)
		err = lost(event.DamageArchive, "unpacks to more than the %s bytes that the %s states", grouped(v.size), v.by)
	}
	v.n += int64(n)
	v.sum = crc32.Update(v.sum, crc32.IEEETable, p[:n])
	if err == io.EOF {
		err = v.atEnd()
	}
	return n, err
}

func (v *verifier) atEnd() error {
	switch {
	case v.sized && v.n < v.size:
		return lost(event.DamageTruncated, "ends after %s of %s bytes", grouped(v.n), grouped(v.size))
	case v.summed && v.sum != v.crc:
		return &Error{Kind: event.DamageArchive, Detail: fmt.Sprintf("the content does not match its checksum (crc32 %08x, stated %08x)", v.sum, v.crc)}
	}
	return io.EOF
}
