package ingest

import (
	"encoding/binary"
	"io"
)

// The layout of an EVTX file that a ring goes by (MS-EVEN6; libevtx's format
// document): a header of 4 KiB, then chunks of 64 KiB, each of which stands for
// itself. A chunk begins
//
//	+0   8    "ElfChnk\0"
//	+8   u64  number of its first record
//	+16  u64  number of its last record
//
// A log that has reached its size is a ring: the newest chunk stands before the
// oldest one.
const (
	headerBytes = 4 << 10
	chunkBytes  = 64 << 10
	chunkMagic  = "ElfChnk\x00"
)

// A ring is an EVTX log of some chunks of another one, in the order of their
// records: the file's header, and the chunks behind it.
type ring struct {
	log    Kept
	chunks []int64 // their numbers in the log
	at     int64
}

// ringAround is the chunk with an offset, and those before and after it. Whole
// ends say that there is none before, or after.
func ringAround(log Kept, offset int64) (r *ring, first, last bool) {
	i := max(0, (offset-headerBytes)/chunkBytes)
	r = &ring{log: log}
	if before, ok := r.before(i); ok {
		r.chunks = append(r.chunks, before)
	} else {
		first = true
	}
	r.chunks = append(r.chunks, i)
	if after, ok := r.after(i); ok {
		r.chunks = append(r.chunks, after)
	} else {
		last = true
	}
	return r, first, last
}

// wholeRing is all chunks, from the oldest one on.
func wholeRing(log Kept) *ring {
	r := &ring{log: log}
	n := r.count()
	oldest, falls := int64(0), 0
	var before uint64
	for i := range n {
		if first, _, ok := r.numbers(i); ok {
			if first < before {
				oldest = i
				falls++
			}
			before = first
		}
	}
	if falls != 1 {
		oldest = 0 // it is no ring
	}
	for i := range n {
		r.chunks = append(r.chunks, (oldest+i)%n)
	}
	return r
}

// count is how many chunks the log has; the last one may be cut.
func (r *ring) count() int64 {
	return max(0, (r.log.Size()-headerBytes+chunkBytes-1)/chunkBytes)
}

// numbers are those of the first and the last record of a chunk, as its header
// has them.
func (r *ring) numbers(i int64) (first, last uint64, ok bool) {
	var head [24]byte
	if n, _ := r.log.ReadAt(head[:], headerBytes+i*chunkBytes); n < len(head) || string(head[:8]) != chunkMagic {
		return 0, 0, false
	}
	return binary.LittleEndian.Uint64(head[8:]), binary.LittleEndian.Uint64(head[16:]), true
}

// before is the chunk with the records before those of chunk i. Where headers say
// nothing, it is the one that stands before it.
func (r *ring) before(i int64) (int64, bool) {
	first, _, ok := r.numbers(i)
	if i == 0 {
		end := r.count() - 1
		_, last, also := r.numbers(end)
		return end, ok && also && end > 0 && last+1 == first
	}
	_, last, also := r.numbers(i - 1)
	return i - 1, !ok || !also || last < first
}

func (r *ring) after(i int64) (int64, bool) {
	_, last, ok := r.numbers(i)
	if i == r.count()-1 {
		first, _, also := r.numbers(0)
		return 0, ok && also && i > 0 && last+1 == first
	}
	first, _, also := r.numbers(i + 1)
	return i + 1, !ok || !also || last < first
}

// Size is the size of the ring as a log, in bytes.
func (r *ring) Size() int64 { return headerBytes + int64(len(r.chunks))*chunkBytes }

// offset is where an offset of the ring stands in the log.
func (r *ring) offset(off int64) int64 {
	if off < headerBytes {
		return off
	}
	i := (off - headerBytes) / chunkBytes
	return off + (r.chunks[i]-i)*chunkBytes
}

func (r *ring) Read(p []byte) (int, error) {
	n, err := r.ReadAt(p, r.at)
	r.at += int64(n)
	return n, err
}

// ReadAt reads up to the end of a piece: the header or a chunk. What a cut chunk
// lacks is zero.
func (r *ring) ReadAt(p []byte, off int64) (n int, err error) {
	for len(p) > 0 {
		if off >= r.Size() {
			return n, io.EOF
		}
		end := int64(headerBytes)
		if off >= headerBytes {
			end = headerBytes + ((off-headerBytes)/chunkBytes+1)*chunkBytes
		}
		part := p[:min(int64(len(p)), end-off)]
		got, err := r.log.ReadAt(part, r.offset(off))
		if err != nil && err != io.EOF {
			return n + got, err
		}
		clear(part[got:])
		n, off, p = n+len(part), off+int64(len(part)), p[len(part):]
	}
	return n, nil
}
