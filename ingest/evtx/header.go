package evtx

import (
	"fmt"
	"hash/crc32"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// The units of a log, in bytes: a header, then chunks that each stand for
// themselves, as all offsets within are relative to the chunk.
const (
	fileHeaderSize   = 4096
	chunkSize        = 64 << 10
	chunkHeaderSize  = 512
	recordHeaderSize = 24
	minRecordSize    = recordHeaderSize + 4 // and the copy of the size
)

var (
	fileMagic  = []byte("ElfFile\x00")
	chunkMagic = []byte("ElfChnk\x00")
)

const recordMagic = 0x2a2a // "**\0\0"

// Flags of the file header and, the last one, of chunk headers.
const (
	flagDirty = 1 << 0 // not closed: the counts in the header are stale
	flagFull  = 1 << 1 // the log reached its greatest size
	flagNoCRC = 1 << 2 // checksums are not kept
)

// A fileHeader begins a log (libyal, "Windows XML Event Log (EVTX)").
//
//	 0  8  "ElfFile\0"             40  u16  size of this block, 4096
//	 8  u64  first chunk           42  u16  number of chunks, modulo 65536
//	16  u64  last chunk           120  u32  flags
//	24  u64  next record id       124  u32  CRC-32 of the first 120 bytes
//	32  u32  size of this header, 128
//	36  u16  minor version, 1 or 2
//	38  u16  major version, 3
type fileHeader [fileHeaderSize]byte

func (h *fileHeader) minor() uint16     { return le.Uint16(h[36:]) }
func (h *fileHeader) major() uint16     { return le.Uint16(h[38:]) }
func (h *fileHeader) blockSize() uint16 { return le.Uint16(h[40:]) }
func (h *fileHeader) chunks() uint16    { return le.Uint16(h[42:]) }
func (h *fileHeader) flags() uint32     { return le.Uint32(h[120:]) }
func (h *fileHeader) checksum() uint32  { return le.Uint32(h[124:]) }

// check reports what is wrong with the header. None of it is a loss: the header
// is not needed to read the chunks.
func (h *fileHeader) check(d *damages) {
	report := func(kind event.DamageKind, at int64, format string, args ...any) {
		d.add(event.Damage{Kind: kind, Offset: at, Detail: fmt.Sprintf(format, args...)})
	}
	if h.flags()&flagDirty != 0 {
		report(event.DamageDirty, 120, "the log was not closed: header counts are stale")
	}
	if h.major() != 3 || h.minor() < 1 || h.minor() > 2 {
		report(event.DamageFileHeader, 36, "version %d.%d is not known; read as 3.2", h.major(), h.minor())
	}
	if n := h.blockSize(); n != fileHeaderSize {
		report(event.DamageFileHeader, 40, "header block of %d bytes; read as 4096", n)
	}
	if odd := h.flags() &^ (flagDirty | flagFull | flagNoCRC); odd != 0 {
		report(event.DamageFileHeader, 120, "unknown flags %#x", odd)
	}
	if sum := crc32.ChecksumIEEE(h[:120]); sum != h.checksum() && h.flags()&flagNoCRC == 0 {
		report(event.DamageFileHeader, 124, "checksum of the file header is %08x, not %08x", sum, h.checksum())
	}
}

// A chunkHeader begins a chunk. We need neither the record numbers nor the
// tables of strings and templates (from 128 on), which may be damaged.
//
//	 0  8  "ElfChnk\0"              48  u32  offset of the free space
//	 8  u64  first record number    52  u32  CRC-32 of the records
//	16  u64  last record number    120  u32  flags
//	24  u64  first record id       124  u32  CRC-32 of bytes 0-119 and 128-511
//	32  u64  last record id        128  64 × u32  names by hash
//	40  u32  size of this header   384  32 × u32  templates by hash
//	44  u32  offset of the last record
type chunkHeader [chunkHeaderSize]byte

func (h *chunkHeader) free() uint32         { return le.Uint32(h[48:]) }
func (h *chunkHeader) dataChecksum() uint32 { return le.Uint32(h[52:]) }
func (h *chunkHeader) flags() uint32        { return le.Uint32(h[120:]) }
func (h *chunkHeader) checksum() uint32     { return le.Uint32(h[124:]) }

func (h *chunkHeader) sum() uint32 {
	return crc32.Update(crc32.ChecksumIEEE(h[:120]), crc32.IEEETable, h[128:])
}

// A recordHeader begins a record. Number and time are not to be relied on: logs
// saved from a selection have them renumbered and zero.
//
//	 0  4    "**\0\0"
//	 4  u32  size, a copy of which ends the record
//	 8  u64  record number
//	16  u64  time of writing, FILETIME
type recordHeader [recordHeaderSize]byte

func (h *recordHeader) id() uint64 { return le.Uint64(h[8:]) }

// time returns the time of writing; zero if there is none.
func (h *recordHeader) time() ticks { return ticks(le.Uint64(h[16:])).valid() }
