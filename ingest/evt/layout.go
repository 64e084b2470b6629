package evt

import (
	"bytes"
	"encoding/binary"
)

var le = binary.LittleEndian

var magic = []byte("LfLe")

const (
	headerSize = 0x30
	endSize    = 0x28
	minRecord  = 0x38 + 4 // the fixed part, and the copy of the size
	maxRecord  = 1 << 20  // in bytes; Windows writes some 64 KiB at most
	padding    = 0x27     // a 32-bit word that fills the file's end where no record fits
)

const flagDirty = 1 << 0 // the log was not closed

// A fileHeader begins a log (ELF_LOGFILE_HEADER).
//
//	 0  u32  size of this header, 0x30     24  u32  number of the next record
//	 4  4    "LfLe"                        28  u32  number of the oldest record
//	 8  u32  major version, 1              32  u32  greatest size of the file
//	12  u32  minor version, 1              36  u32  flags: 1 dirty, 2 wrapped, 4 full, 8 archive
//	16  u32  offset of the oldest record   40  u32  retention in seconds
//	20  u32  offset of the end-of-file     44  u32  size of this header once more
//	         record
type fileHeader [headerSize]byte

func (h *fileHeader) major() uint32    { return le.Uint32(h[8:]) }
func (h *fileHeader) minor() uint32    { return le.Uint32(h[12:]) }
func (h *fileHeader) flags() uint32    { return le.Uint32(h[36:]) }
func (h *fileHeader) sizeCopy() uint32 { return le.Uint32(h[44:]) }

// An endRecord stands behind the newest record (ELF_EOF_RECORD).
//
//	 0  u32  its size, 0x28                20  u32  offset of the oldest record
//	 4  u32  0x11111111                    24  u32  offset of this record
//	 8  u32  0x22222222                    28  u32  number of the next record
//	12  u32  0x33333333                    32  u32  number of the oldest record
//	16  u32  0x44444444                    36  u32  its size once more
type endRecord [endSize]byte

func (r *endRecord) begin() uint32 { return le.Uint32(r[20:]) }

var endMagic = bytes.Join([][]byte{{endSize, 0, 0, 0}, bytes.Repeat([]byte{0x11}, 4), bytes.Repeat([]byte{0x22}, 4), bytes.Repeat([]byte{0x33}, 4), bytes.Repeat([]byte{0x44}, 4)}, nil)

// A record is one record (EVENTLOGRECORD). Offsets within are from its start.
//
//	 0  u32  size, a multiple of 4         36  u32  offset of the strings
//	 4  4    "LfLe"                        40  u32  size of the SID
//	 8  u32  number                        44  u32  offset of the SID
//	12  u32  time generated, seconds       48  u32  size of the data
//	16  u32  time written   since 1970     52  u32  offset of the data
//	20  u32  event id, qualifiers above    56       source, computer: UTF-16, each with a NUL;
//	24  u16  type                                   SID, strings, data, padding
//	26  u16  number of strings             -4  u32  size once more
//	28  u16  category
//	30  u16  reserved
//	32  u32  closing record number
type record []byte

func (r record) number() uint32    { return le.Uint32(r[8:]) }
func (r record) generated() uint32 { return le.Uint32(r[12:]) }
func (r record) id() uint16        { return le.Uint16(r[20:]) }
func (r record) qualifier() uint16 { return le.Uint16(r[22:]) }
func (r record) kind() uint16      { return le.Uint16(r[24:]) }
func (r record) strings() int      { return int(le.Uint16(r[26:])) }
func (r record) category() uint16  { return le.Uint16(r[28:]) }

const fixedSize = 56 // of a record, before the names

// part returns bytes of the record whose offset stands at one place of it and
// whose size is known, and whether they lie within it.
func (r record) part(offsetAt int, size uint32) ([]byte, bool) {
	from := uint64(le.Uint32(r[offsetAt:]))
	to := from + uint64(size)
	if size == 0 {
		return nil, true
	}
	if from < fixedSize || to > uint64(len(r)-4) {
		return nil, false
	}
	return r[from:to], true
}

// What stands at a place of the file.
const (
	isNothing = iota
	isRecord
	isEnd
	isCut // a record, or the end-of-file record, that the data ends within
	isPadding
)

// classify tells what b, which reaches to the end of the file or further than
// any record does, begins with, and its size in bytes. A record is one only if
// the copy of its size is where it says.
func classify(b []byte) (kind, size int) {
	if len(b) < 4 {
		return isNothing, 0
	}
	n := int(le.Uint32(b))
	switch {
	case n == padding && len(b) < minRecord:
		return isPadding, 4
	case n == endSize:
		if len(b) >= endSize && bytes.HasPrefix(b, endMagic) {
			return isEnd, endSize
		}
		if len(b) < endSize && bytes.HasPrefix(endMagic, b[:min(len(b), len(endMagic))]) {
			return isCut, endSize
		}
	case n < minRecord || n > maxRecord || n%4 != 0 || len(b) >= 8 && !bytes.Equal(b[4:8], magic):
	case len(b) < n:
		return isCut, n
	case int(le.Uint32(b[n-4:])) == n:
		return isRecord, n
	}
	return isNothing, 0
}
