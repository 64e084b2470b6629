package evtx

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// A block is what was read of up to blockSize bytes of a log.
type block struct {
	events  []event.Event
	streams event.StreamBuilder

	bytes       int64
	chunks      int // with the magic of one
	records     uint64
	recovered   uint64
	undecodable uint64
	heads       []uint64 // keys of the records; only if remains are asked for
	remains     []remain
	ruins       uint64
	damages     damages
	err         error // why reading ended within the block
}

// damages is a list of bounded length.
type damages struct {
	list    []event.Damage
	dropped int
	lost    bool // one of those dropped was a loss
}

// maxDamages bounds the list of a source; it is for people, who give up earlier.
const maxDamages = 1000

func (d *damages) add(x event.Damage) {
	if len(d.list) < maxDamages {
		d.list = append(d.list, x)
		return
	}
	d.dropped++
	d.lost = d.lost || x.Lost
}

func (d *damages) addAll(from damages) {
	for _, x := range from.list {
		d.add(x)
	}
	d.dropped += from.dropped
	d.lost = d.lost || from.lost
}

func (d *damages) hasLoss() bool {
	return d.lost || slices.ContainsFunc(d.list, func(x event.Damage) bool { return x.Lost })
}

// final returns the list, with a last entry that stands for those dropped.
func (d *damages) final() []event.Damage {
	if d.dropped == 0 {
		return d.list
	}
	return append(d.list, event.Damage{
		Kind: event.DamageLimit, Offset: -1, Lost: d.lost,
		Detail: fmt.Sprintf("%d more defects", d.dropped),
	})
}

// report adds a defect at an offset of the present chunk.
func (d *decoder) report(kind event.DamageKind, off int, lost bool, format string, args ...any) {
	d.out.damages.add(event.Damage{
		Kind: kind, Offset: d.base + int64(off), Lost: lost, Detail: fmt.Sprintf(format, args...),
	})
}

// readChunk reads a chunk, or the part of one that ends a truncated log.
func (d *decoder) readChunk(chunk []byte) {
	whole := len(chunk) == chunkSize
	switch {
	case !bytes.HasPrefix(chunk, chunkMagic):
		d.foreign(chunk)
	case len(chunk) < chunkHeaderSize:
		d.out.chunks++
		d.report(event.DamageTruncated, len(chunk), true, "the log ends within the header of a chunk")
		return
	default:
		d.out.chunks++
		if !d.readRecords(chunk) {
			d.report(event.DamageTruncated, len(chunk), true, "the log ends within the records of a chunk")
			return
		}
	}
	if !whole {
		d.report(event.DamageTruncated, len(chunk), false, "the log ends within a chunk, behind its records")
	}
}

// readRecords reads what has the magic of a chunk, and reports whether it got
// to the end of the records: not so where the log is cut.
func (d *decoder) readRecords(chunk []byte) bool {
	h := (*chunkHeader)(chunk)
	free := int(min(max(h.free(), chunkHeaderSize), chunkSize))
	used := chunk[:min(free, len(chunk))]
	trusted := !d.noCRC && h.flags()&flagNoCRC == 0 && d.checkSums(h, used, free)
	d.enter(chunk, trusted)
	whole := d.walk(used, len(used) < free)
	if d.recover && len(chunk) > free {
		d.recoverFrom(chunk, free)
	}
	return whole
}

// checkSums reports checksums that are off, and whether both are right. The
// chunk is read all the same: its records are checked one by one, and a log that
// is copied while it is written has one such chunk.
func (d *decoder) checkSums(h *chunkHeader, used []byte, free int) bool {
	head := h.sum()
	if head != h.checksum() {
		d.report(event.DamageChunkChecksum, 124, false,
			"checksum of the chunk header is %08x, not %08x", head, h.checksum())
	}
	if len(used) < free {
		return false // truncated, and reported as such
	}
	data := crc32.ChecksumIEEE(used[chunkHeaderSize:])
	if data != h.dataChecksum() {
		d.report(event.DamageChunkChecksum, 52, false,
			"checksum of the records is %08x, not %08x", data, h.dataChecksum())
	}
	return head == h.checksum() && data == h.dataChecksum()
}

// foreign deals with what is no chunk. Zeroes are space that was allocated but
// not used yet. Other data is damage, and a loss if it holds a record: without
// its chunk header it may be anything, so it is not read.
func (d *decoder) foreign(data []byte) {
	switch {
	case allZero(data):
	case d.recover && nextSound(data, 0) >= 0:
		d.report(event.DamageChunkMagic, 0, true, "data without a chunk header; what records it holds are taken for remains")
		d.enter(data, false)
		d.recoverFrom(data, 0)
	case nextSound(data, 0) >= 0:
		d.report(event.DamageChunkMagic, 0, true, "data without a chunk header, which holds records")
	default:
		d.report(event.DamageChunkMagic, 0, false, "data that is no chunk and holds no records")
	}
}

func allZero(b []byte) bool {
	for len(b) >= 8 {
		if le.Uint64(b) != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// walk reads the records of a chunk:
//
//  1. A record counts if magic and size are plausible, and the next one follows
//     right behind it.
//  2. If the copy of the size, which ends it, differs, it was not written whole:
//     parts of it may be of an older record, so it is not decoded.
//  3. Zeroes up to the end of the used space are its end.
//  4. Else reading goes on at the next place where magic, size and copy agree;
//     what is found from there on counts as recovered.
//
// The used space ends at the free-space offset: what lies behind it is left
// over from an earlier use of the chunk. walk reports whether it got to that
// end; cut says that a truncated log ends before it.
func (d *decoder) walk(used []byte, cut bool) bool {
	count := &d.out.records
	for off := chunkHeaderSize; off < len(used); {
		if size, ok := soundAt(used, off); ok {
			*count++
			d.readRecord(off, size)
			off += size
			continue
		}
		if allZero(used[off:]) {
			return true
		}
		why := "no record begins here, or its size is wrong"
		if size, ok := sizeAt(used, off); ok {
			*count++
			d.out.undecodable++
			why = fmt.Sprintf("record of %d bytes does not end with a copy of its size", size)
			if follows(used, off+size) {
				d.report(event.DamageRecord, off, true, "%s", why)
				off += size
				continue
			}
		}
		next := nextSound(used, off+1)
		switch {
		case next >= 0:
			d.report(event.DamageRecord, off, true, "%s; the next sound one is %d bytes on", why, next-off)
		case cut:
			return false
		default:
			d.report(event.DamageRecord, off, true, "%s; no sound one follows in the chunk", why)
			return true
		}
		count, off = &d.out.recovered, next
	}
	return !cut
}

// follows reports whether a record, or the end of the records, is at off.
func follows(used []byte, off int) bool {
	_, ok := sizeAt(used, off)
	return ok || allZero(used[off:])
}

// sizeAt returns the size of the record at off, and whether one may be there:
// the magic is, and the size fits into b.
func sizeAt(b []byte, off int) (int, bool) {
	if off > len(b)-minRecordSize || le.Uint32(b[off:]) != recordMagic {
		return 0, false
	}
	size := int64(le.Uint32(b[off+4:]))
	return int(size), size >= minRecordSize && size <= int64(len(b)-off)
}

// soundAt is sizeAt for a record that ends with a copy of its size.
func soundAt(b []byte, off int) (int, bool) {
	size, ok := sizeAt(b, off)
	return size, ok && int(le.Uint32(b[off+size-4:])) == size
}

// nextSound returns the offset of the first sound record at or behind off, or -1.
func nextSound(b []byte, off int) int {
	magic := le.AppendUint32(nil, recordMagic)
	for {
		i := bytes.Index(b[off:], magic)
		if i < 0 {
			return -1
		}
		if _, ok := soundAt(b, off+i); ok {
			return off + i
		}
		off += i + 1
	}
}
