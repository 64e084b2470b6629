package evtxtest

import (
	"maps"
	"slices"
	"strconv"
	"unicode/utf16"
)

var (
	fileMagic  = []byte("ElfFile\x00")
	chunkMagic = []byte("ElfChnk\x00")
)

// A log is a log while it is written.
type log struct {
	b       []byte
	records []int // offsets
}

func (l *log) chunk(i int) []byte  { return l.b[FileHeaderSize+i*ChunkSize:][:ChunkSize] }
func (l *log) record(i int) []byte { return l.b[l.records[i]:] }
func (l *log) chunkCount() int     { return (len(l.b) - FileHeaderSize) / ChunkSize }

// write writes a log. A chunk is closed when the next record does not fit.
func write(events []document, c *config) []byte {
	l := &log{b: make([]byte, FileHeaderSize)}
	k := newChunk(c, 1)
	for i, d := range events {
		if k.records > 0 && k.records == c.perChunk || !k.add(d, uint64(i+1)) {
			k = l.close(k)
			if !k.add(d, uint64(i+1)) {
				panic("evtxtest: an event does not fit into a chunk")
			}
		}
		l.records = append(l.records, len(l.b)+k.last)
	}
	if k.records > 0 || len(events) == 0 {
		l.close(k)
	}
	for _, change := range c.chunks {
		change(l)
	}
	l.header(c, uint64(len(events)))
	if c.flags&4 == 0 {
		Fix(l.b)
	}
	for _, change := range c.bytes {
		change(l)
	}
	return l.b
}

// close appends a chunk, and returns the next one.
func (l *log) close(k *chunk) *chunk {
	l.b = append(l.b, k.bytes()...)
	return newChunk(k.config, k.first+uint64(k.records))
}

// header writes the file header.
func (l *log) header(c *config, records uint64) {
	h := l.b[:FileHeaderSize]
	copy(h, fileMagic)
	le.PutUint64(h[16:], uint64(max(l.chunkCount()-1, 0)))
	le.PutUint64(h[24:], records+1)
	le.PutUint32(h[32:], 128)
	le.PutUint16(h[36:], c.minor)
	le.PutUint16(h[38:], 3)
	le.PutUint16(h[40:], FileHeaderSize)
	le.PutUint16(h[42:], uint16(l.chunkCount()))
	le.PutUint32(h[120:], c.flags)
}

// A chunk is a chunk while it is written. Its header holds two tables of linked
// lists: names by hash at 128, templates by the first bytes of their GUID at 384.
type chunk struct {
	config    *config
	b         []byte
	first     uint64 // number of the first record
	records   int
	last      int // offset of the last record
	names     map[string]int
	templates map[[16]byte]int
}

func newChunk(c *config, first uint64) *chunk {
	return &chunk{
		config: c, first: first, b: make([]byte, ChunkHeaderSize, ChunkSize),
		names: map[string]int{}, templates: map[[16]byte]int{},
	}
}

// add writes a record, or reports that there is no room for it.
func (k *chunk) add(d document, number uint64) bool {
	start, tables := len(k.b), slices.Clone(k.b[:ChunkHeaderSize])
	k.b = append(k.b, "**\x00\x00\x00\x00\x00\x00"...)
	k.u64(number)
	k.u64(d.written)
	k.xml(d)
	for len(k.b)%8 != 4 { // so that the next record begins at a multiple of 8
		k.b = append(k.b, 0)
	}
	k.u32(uint32(len(k.b) - start + 4))
	le.PutUint32(k.b[start+4:], uint32(len(k.b)-start))
	if len(k.b) >= ChunkSize { // a record that ends where the chunk does is cut for libevtx
		k.b = k.b[:start]
		copy(k.b, tables)
		maps.DeleteFunc(k.names, func(_ string, off int) bool { return off >= start })
		maps.DeleteFunc(k.templates, func(_ [16]byte, off int) bool { return off >= start })
		return false
	}
	k.last = start
	k.records++
	return true
}

// bytes finishes the chunk's header, but for the checksums.
func (k *chunk) bytes() []byte {
	free := len(k.b)
	b := append(k.b, make([]byte, ChunkSize-free)...)
	copy(b, chunkMagic)
	last := k.first + uint64(k.records) - 1
	for i, v := range []uint64{k.first, last, k.first, last} {
		le.PutUint64(b[8+8*i:], v)
	}
	le.PutUint32(b[40:], 128)
	le.PutUint32(b[44:], uint32(k.last))
	le.PutUint32(b[48:], uint32(free))
	le.PutUint32(b[120:], k.config.chunkFlag)
	return b
}

func (k *chunk) u8(v ...byte) { k.b = append(k.b, v...) }
func (k *chunk) u16(v int)    { k.b = le.AppendUint16(k.b, uint16(v)) }
func (k *chunk) u32(v uint32) { k.b = le.AppendUint32(k.b, v) }
func (k *chunk) u64(v uint64) { k.b = le.AppendUint64(k.b, v) }

// sized writes a u32 size, and then what has that size.
func (k *chunk) sized(content func()) {
	at := len(k.b)
	k.u32(0)
	content()
	le.PutUint32(k.b[at:], uint32(len(k.b)-at-4))
}

// link puts what begins at the end of the chunk at the head of a list, and
// writes the offset of the next one in it.
func (k *chunk) link(head int) {
	next := le.Uint32(k.b[head:])
	le.PutUint32(k.b[head:], uint32(len(k.b)))
	k.u32(next)
}

// name writes a reference to a name, and the name itself if it is the first.
func (k *chunk) name(s string) {
	if off, ok := k.names[s]; ok {
		k.u32(uint32(off))
		return
	}
	k.u32(uint32(len(k.b) + 4))
	k.names[s] = len(k.b)
	units := utf16.Encode([]rune(s))
	var hash uint32
	for _, u := range units {
		hash = hash*65599 + uint32(u)
	}
	k.link(128 + 4*int(hash%64))
	k.u16(int(uint16(hash)))
	k.u16(len(units))
	k.units(append(units, 0))
}

func (k *chunk) units(units []uint16) {
	for _, u := range units {
		k.u16(int(u))
	}
}

// text writes a string with its length before it.
func (k *chunk) text(s string) {
	units := utf16.Encode([]rune(s))
	k.u16(len(units))
	k.units(units)
}

func itoa(n int) string { return strconv.Itoa(n) }
