// Package evtxtest writes binary event logs for tests, from event XML as Windows
// exports it. What it writes is sound unless damage is asked for: checksums,
// tables of names and templates, templates that are defined once in a chunk and
// referred to afterwards, values of the types that Windows uses.
//
// Start with Write. It panics on XML that it can't express, as that is a mistake
// in the test. The same arguments give the same bytes.
//
// The layout follows libyal's "Windows XML Event Log (EVTX) format" and
// MS-EVEN6, 2.2.12. Text becomes a value of another type than string only where
// a reader shows that value as the very same text.
package evtxtest

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// Sizes in bytes.
const (
	FileHeaderSize  = 4096
	ChunkSize       = 64 << 10
	ChunkHeaderSize = 512
)

var le = binary.LittleEndian

// An Option changes how a log is written, or damages it.
//
// Damage to records and chunks is done before the checksums are computed, so
// that it is the only damage. Records and chunks are counted from 0.
type Option func(*config)

type config struct {
	direct    bool // no templates
	perChunk  int  // records; 0: as many as fit
	minor     uint16
	flags     uint32
	chunkFlag uint32

	chunks []func(l *log) // changes before the checksums
	bytes  []func(l *log) // changes after them
}

// Direct writes each record as XML of its own, without a template, as forwarded
// events are.
func Direct() Option { return func(c *config) { c.direct = true } }

// PerChunk begins a new chunk after n records.
func PerChunk(n int) Option { return func(c *config) { c.perChunk = n } }

// Minor sets the minor version of the format; the default is 1.
func Minor(v uint16) Option { return func(c *config) { c.minor = v } }

// Dirty sets the flag of a log that was not closed.
func Dirty() Option { return func(c *config) { c.flags |= 1 } }

// NoCRC sets the flags that say that no checksums are kept, and writes none.
func NoCRC() Option { return func(c *config) { c.flags |= 4; c.chunkFlag |= 4 } }

// HeaderChunks sets the number of chunks that the file header states.
func HeaderChunks(n uint16) Option {
	return after(func(l *log) {
		le.PutUint16(l.b[42:], n)
		le.PutUint32(l.b[124:], crc32.ChecksumIEEE(l.b[:120]))
	})
}

// BadFileChecksum spoils the checksum of the file header.
func BadFileChecksum() Option { return after(func(l *log) { l.b[124] ^= 0xff }) }

// NoFileHeader writes zeros in place of the file header.
func NoFileHeader() Option { return after(func(l *log) { clear(l.b[:FileHeaderSize]) }) }

// BadHeaderChecksum spoils the checksum of a chunk's header.
func BadHeaderChecksum(chunk int) Option { return after(func(l *log) { l.chunk(chunk)[124] ^= 0xff }) }

// BadDataChecksum spoils the checksum of a chunk's records.
func BadDataChecksum(chunk int) Option {
	return after(func(l *log) {
		c := l.chunk(chunk)
		c[52] ^= 0xff
		fixHeader(c)
	})
}

// Truncate cuts the log to n bytes, or by -n bytes if n is negative.
func Truncate(n int) Option {
	return after(func(l *log) {
		if n < 0 {
			n += len(l.b)
		}
		l.b = l.b[:n]
	})
}

// ZeroChunk makes a chunk all zeroes.
func ZeroChunk(chunk int) Option { return after(func(l *log) { clear(l.chunk(chunk)) }) }

// BadChunkMagic spoils the magic of a chunk.
func BadChunkMagic(chunk int) Option { return after(func(l *log) { l.chunk(chunk)[0] = 'X' }) }

// Free sets the free-space offset of a chunk.
func Free(chunk int, off uint32) Option {
	return before(func(l *log) { le.PutUint32(l.chunk(chunk)[48:], off) })
}

// BadMagic spoils the magic of a record.
func BadMagic(record int) Option { return before(func(l *log) { l.record(record)[0] = 'X' }) }

// BadSize sets the size of a record, not its copy.
func BadSize(record int, size uint32) Option {
	return before(func(l *log) { le.PutUint32(l.record(record)[4:], size) })
}

// BadSizeCopy spoils the copy of the size that ends a record.
func BadSizeCopy(record int) Option {
	return before(func(l *log) {
		r := l.record(record)
		r[le.Uint32(r[4:])-4] ^= 0xff
	})
}

// Broken overwrites the binary XML of a record with bytes that are none.
func Broken(record int) Option {
	return before(func(l *log) {
		r := l.record(record)
		for i := 24; i < int(le.Uint32(r[4:]))-4; i++ {
			r[i] = 0xee
		}
	})
}

// MissingTemplate makes a record refer to a template that the chunk lacks.
func MissingTemplate(record int) Option {
	return before(func(l *log) { le.PutUint32(l.record(record)[34:], 0xfff0) })
}

// Patch changes the bytes of a record, header included.
func Patch(record int, change func(r []byte)) Option {
	return before(func(l *log) {
		r := l.record(record)
		change(r[:le.Uint32(r[4:])])
	})
}

func before(f func(*log)) Option { return func(c *config) { c.chunks = append(c.chunks, f) } }
func after(f func(*log)) Option  { return func(c *config) { c.bytes = append(c.bytes, f) } }

// Write returns a log of the events in some XML: one or several Event elements,
// with or without a root around them. An event without EventRecordID is
// numbered by its place, from 1.
func Write(xml []byte, opts ...Option) []byte {
	c := config{minor: 1}
	for _, o := range opts {
		o(&c)
	}
	var events []document
	for i, n := range parse(xml) {
		events = append(events, newDocument(n, uint64(i+1)))
	}
	return write(events, &c)
}

// A Value is a value of any type, for what XML can't express.
type Value struct {
	Type byte   // MS-EVEN6, 2.2.12
	Data []byte // as stored
}

// WriteValues returns a log of one event, with the given System element and an
// EventData whose Data elements, named "0", "1" and so on, hold values.
func WriteValues(system string, values ...Value) []byte {
	n := parse([]byte("<Event><System>" + system + "</System></Event>"))[0]
	d := newDocument(n, 1)
	data := &element{name: "EventData"}
	in := &instance{root: data}
	for i, v := range values {
		data.content = append(data.content, &element{
			name:    "Data",
			attrs:   []attr{{"Name", literal(itoa(i))}},
			content: []any{substitution{index: i, typ: v.Type}},
		})
		in.values = append(in.values, Value{v.Type, v.Data})
	}
	d.payloads = append(d.payloads, in)
	return write([]document{d}, &config{minor: 1})
}

// WriteBinary returns a log of one chunk, whose records hold the given binary
// XML. Each function is told the offset in the chunk at which its XML will stand.
func WriteBinary(records ...func(at int) []byte) []byte {
	var events []document
	for _, r := range records {
		events = append(events, document{raw: r})
	}
	return write(events, &config{minor: 1})
}

// Fix computes the checksums of a log anew: after it was changed by hand.
func Fix(log []byte) {
	if len(log) >= FileHeaderSize {
		le.PutUint32(log[124:], crc32.ChecksumIEEE(log[:120]))
	}
	for off := FileHeaderSize; off+ChunkSize <= len(log); off += ChunkSize {
		if c := log[off : off+ChunkSize]; bytes.HasPrefix(c, chunkMagic) {
			FixChunk(c)
		}
	}
}

// FixChunk computes the checksums of a chunk anew.
func FixChunk(c []byte) {
	free := min(max(int(le.Uint32(c[48:])), ChunkHeaderSize), ChunkSize)
	le.PutUint32(c[52:], crc32.ChecksumIEEE(c[ChunkHeaderSize:free]))
	fixHeader(c)
}

func fixHeader(c []byte) {
	le.PutUint32(c[124:], crc32.Update(crc32.ChecksumIEEE(c[:120]), crc32.IEEETable, c[128:ChunkHeaderSize]))
}
