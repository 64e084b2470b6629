package archive

import (
	"bytes"
	"encoding/binary"
	"io"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// A localHeader precedes each member's data (APPNOTE.TXT 4.3.7), integers are
// little-endian:
//
//	 0  4  "PK\x03\x04"
//	 4  2  version needed
//	 6  2  flags
//	 8  2  method
//	10  2  time of the last change
//	12  2  date
//	14  4  CRC-32          these three are 0 if bit 3 of the flags is set:
//	18  4  packed size     they follow the data then
//	22  4  size
//	26  2  n, length of the name
//	28  2  m, length of the extra field
//	30  n  name
//	    m  extra field, then the data
type localHeader [30]byte

func (h *localHeader) flags() uint16  { return binary.LittleEndian.Uint16(h[6:]) }
func (h *localHeader) method() uint16 { return binary.LittleEndian.Uint16(h[8:]) }
func (h *localHeader) time() uint16   { return binary.LittleEndian.Uint16(h[10:]) }
func (h *localHeader) crc() uint32    { return binary.LittleEndian.Uint32(h[14:]) }
func (h *localHeader) packed() uint32 { return binary.LittleEndian.Uint32(h[18:]) }
func (h *localHeader) size() uint32   { return binary.LittleEndian.Uint32(h[22:]) }
func (h *localHeader) name() int64    { return int64(binary.LittleEndian.Uint16(h[26:])) }
func (h *localHeader) extra() int64   { return int64(binary.LittleEndian.Uint16(h[28:])) }

// sized reports whether the header states where the data ends. A size of all
// ones stands in a zip64 extra field instead.
func (h *localHeader) sized() bool {
	return h.flags()&zipDescriptor == 0 && h.packed() != 1<<32-1 && h.size() != 1<<32-1
}

const localMagic = "PK\x03\x04"

// findMembers looks for the members of a zip whose central directory is of no
// use, such as one that was cut off. A member whose header states no size
// extends to the next header; where deflate says that it ends, it ends.
func findMembers(l *lister, in *Content) ([]zipMember, error) {
	var members []zipMember
	l.entries = 0
	data := in.Section(l.m)
	for pos := int64(0); ; {
		start, err := find(data, pos, localMagic)
		if err != nil || start < 0 {
			return members, err
		}
		m, next := readLocal(data, start)
		if m == nil {
			pos = start + 4
			continue
		}
		if err := l.count(); err != nil {
			l.damaged(err)
			return members, nil
		}
		if !m.checked {
			if next, err = find(data, m.offset, localMagic); err != nil {
				return nil, err
			}
			if next < 0 {
				next = in.Size
			}
			m.packed = next - m.offset
		}
		if !isFolder(m.name) {
			members = append(members, *m)
		}
		pos = next
	}
}

// readLocal reads the local header at offset start. It returns nil if it is
// none, and where the data ends if the header says so.
func readLocal(data *io.SectionReader, start int64) (m *zipMember, end int64) {
	var h localHeader
	if _, err := data.ReadAt(h[:], start); err != nil || h.method() > zipAES {
		return nil, 0
	}
	rest := make([]byte, h.name()+h.extra()) // at most 128 KiB
	if _, err := data.ReadAt(rest, start+int64(len(h))); err != nil || h.name() == 0 {
		return nil, 0
	}
	m = &zipMember{
		name: string(rest[:h.name()]), method: h.method(), flags: h.flags(), crc: h.crc(),
		offset: start + int64(len(h)) + h.name() + h.extra(),
	}
	m.fault = m.examine(rest[h.name():], h.time())
	if h.sized() {
		m.checked, m.packed, m.size = true, int64(h.packed()), int64(h.size())
	} else if m.method == zipStored && m.fault == nil {
		m.fault = lost(event.DamageArchive, "stored without its size, which only the zip's central directory states")
	}
	return m, m.offset + m.packed
}

// find returns the offset of the first occurrence of magic at or after pos, or
// -1.
func find(data *io.SectionReader, pos int64, magic string) (int64, error) {
	buf := make([]byte, 64<<10)
	for {
		n, err := data.ReadAt(buf, pos)
		if i := bytes.Index(buf[:n], []byte(magic)); i >= 0 {
			return pos + int64(i), nil
		}
		if err == io.EOF {
			return -1, nil
		}
		if err != nil {
			return -1, err
		}
		pos += int64(n - len(magic) + 1)
	}
}
