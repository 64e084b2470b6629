package archive

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"math"
	"unicode/utf16"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// A 7z archive (7zFormat.txt of the LZMA SDK) is a signature header, packed
// streams, and at the end a table of contents, the header. Integers are
// little-endian; "number" is one of 1 to 9 bytes (see number).
//
//	 0  6  "7z\xbc\xaf\x27\x1c"
//	 6  2  version
//	 8  4  CRC-32 of the 20 bytes that follow
//	12  8  n, where the header starts, counted from 32
//	20  8  size of the header
//	28  4  CRC-32 of the header
//	32  n  packed streams, then the header
type sevenZipSignature [32]byte

func (s *sevenZipSignature) crc() uint32       { return binary.LittleEndian.Uint32(s[8:]) }
func (s *sevenZipSignature) offset() uint64    { return binary.LittleEndian.Uint64(s[12:]) }
func (s *sevenZipSignature) size() uint64      { return binary.LittleEndian.Uint64(s[20:]) }
func (s *sevenZipSignature) headerCRC() uint32 { return binary.LittleEndian.Uint32(s[28:]) }

const sevenZipMagic = "7z\xbc\xaf\x27\x1c"

// The parts of a header, by the byte that introduces them.
const (
	sevenEnd            = 0x00
	sevenHeader         = 0x01
	sevenProperties     = 0x02
	sevenMainStreams    = 0x04
	sevenFiles          = 0x05
	sevenPackInfo       = 0x06
	sevenUnpackInfo     = 0x07
	sevenSubStreams     = 0x08
	sevenSize           = 0x09
	sevenCRC            = 0x0a
	sevenFolder         = 0x0b
	sevenUnpackSize     = 0x0c
	sevenNumUnpack      = 0x0d
	sevenEmptyStream    = 0x0e
	sevenEmptyFile      = 0x0f
	sevenNames          = 0x11
	sevenAttributes     = 0x15
	sevenEncodedHeader  = 0x17
	maxSevenZipCoders   = 32 // of a folder, and their streams; 7-Zip itself takes no more
	sevenUnixExtension  = 0x8000
	sevenReparse        = 0x400
	sevenUnixType       = 0xf000
	sevenUnixLink       = 0xa000
	sevenUnixModeOffset = 16
)

// A sevenZipHeader is a table of contents.
type sevenZipHeader struct {
	folders []sevenZipFolder
	files   []sevenZipFile
}

// A sevenZipFolder is one unpacked stream: the packed streams and the coders
// that make it of them, and the files that lie in it one behind the other.
type sevenZipFolder struct {
	raw     []byte // the coders and how they are bound, as the header has them
	coders  []sevenZipCoder
	packs   int     // how many packed streams it takes
	outputs int     // how many streams its coders make
	offset  int64   // of its packed streams, in the archive
	packed  []int64 // their sizes
	sizes   []int64 // of the coders' outputs
	last    int     // the output that is the unpacked stream
	sum     sevenZipSum
	files   []sevenZipPart
}

func (f *sevenZipFolder) size() int64 { return f.sizes[f.last] }

// A sevenZipCoder is a method and its properties.
type sevenZipCoder struct {
	method string
	props  []byte
}

// A sevenZipPart is the part of a folder that is a file's content.
type sevenZipPart struct {
	offset, size int64
	sum          sevenZipSum
}

// A sevenZipSum is a CRC-32, if one is stated.
type sevenZipSum struct {
	crc    uint32
	stated bool
}

// A sevenZipFile is an entry of the list of files.
type sevenZipFile struct {
	name       string
	attributes uint32
	empty      bool // has no part in a folder
	directory  bool
}

func (f *sevenZipFile) link() bool {
	unix := f.attributes&sevenUnixExtension != 0 && f.attributes>>sevenUnixModeOffset&sevenUnixType == sevenUnixLink
	return unix || f.attributes&sevenReparse != 0
}

// readSevenZipTail returns the header as it stands in the archive.
func readSevenZipTail(l *lister, in *Content) ([]byte, error) {
	var s sevenZipSignature
	section := in.Section(l.m)
	if _, err := section.ReadAt(s[:], 0); err != nil {
		if err == io.EOF {
			err = lost(event.DamageTruncated, "ends within its first %d bytes", len(s))
		}
		return nil, err
	}
	room := uint64(max(0, in.Size-int64(len(s))))
	switch {
	case crc32.ChecksumIEEE(s[12:]) != s.crc():
		return nil, lost(event.DamageArchive, "its first %d bytes, which say where the table of contents is, do not match their checksum", len(s))
	case s.offset() > room || s.size() > room-s.offset():
		return nil, lost(event.DamageTruncated, "ends after %s bytes, before its table of contents: it was cut off, or is the first of several volumes", grouped(in.Size))
	case s.size() > uint64(l.m.limits.DirectoryBytes):
		return nil, lost(event.DamageLimit, "the table of contents has more than %s bytes", grouped(l.m.limits.DirectoryBytes))
	}
	header := make([]byte, s.size())
	if _, err := section.ReadAt(header, int64(len(s))+int64(s.offset())); err != nil && err != io.EOF {
		return nil, err
	}
	if crc32.ChecksumIEEE(header) != s.headerCRC() {
		return nil, lost(event.DamageArchive, "the table of contents does not match its checksum")
	}
	return header, nil
}

// A sevenZipCursor reads a header. After its first error it yields zeros, which
// nobody looks at.
type sevenZipCursor struct {
	b    []byte
	pos  int
	most int   // of anything that is counted
	size int64 // of the archive
	err  *Error
}

func (c *sevenZipCursor) fail(format string, args ...any) {
	if c.err == nil {
		c.err = lost(event.DamageArchive, "the table of contents is damaged at its byte %d: "+format, append([]any{c.pos}, args...)...)
	}
}

// take returns the next n bytes, or nil.
func (c *sevenZipCursor) take(n uint64) []byte {
	if c.err == nil && n > uint64(len(c.b)-c.pos) {
		c.fail("it ends there")
	}
	if c.err != nil {
		return nil
	}
	b := c.b[c.pos : c.pos+int(n)]
	c.pos += int(n)
	return b
}

func (c *sevenZipCursor) byte() byte {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

// number reads an integer: the leading ones of its first byte say how many
// bytes follow, lowest first; the other bits of the first byte are the highest.
func (c *sevenZipCursor) number() (v uint64) {
	first := c.byte()
	mask := byte(0x80)
	for i := 0; i < 8; i++ {
		if first&mask == 0 {
			return v | uint64(first&(mask-1))<<(8*i)
		}
		v |= uint64(c.byte()) << (8 * i)
		mask >>= 1
	}
	return v
}

// length reads a size in bytes, of something that need not be in memory.
func (c *sevenZipCursor) length() int64 {
	n := c.number()
	if n > math.MaxInt64/4 {
		c.fail("a size of %d bytes is impossible", n)
		return 0
	}
	return int64(n)
}

// count reads how many there are of something, at most most.
func (c *sevenZipCursor) count(what string, most int) int {
	n := c.number()
	if n > uint64(most) && c.err == nil {
		c.err = lost(event.DamageLimit, "the table of contents states %d %s, more than %s: not read", n, what, grouped(most))
	}
	if c.err != nil {
		return 0
	}
	return int(n)
}

func (c *sevenZipCursor) bits(n int) []bool {
	packed := c.take(uint64(n+7) / 8)
	if packed == nil {
		return make([]bool, n)
	}
	bits := make([]bool, n)
	for i := range bits {
		bits[i] = packed[i/8]&(0x80>>(i%8)) != 0
	}
	return bits
}

// stated reads which of n things have a value: all, or some.
func (c *sevenZipCursor) stated(n int) []bool {
	if c.byte() == 0 {
		return c.bits(n)
	}
	bits := make([]bool, n)
	for i := range bits {
		bits[i] = true
	}
	return bits
}

func (c *sevenZipCursor) uint32() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *sevenZipCursor) sums(n int) []sevenZipSum {
	sums := make([]sevenZipSum, n)
	for i, stated := range c.stated(n) {
		if stated {
			sums[i] = sevenZipSum{c.uint32(), true}
		}
	}
	return sums
}

// parseSevenZip reads a header that is not encoded.
//
//	header = 01 [02 properties] [04 streams] [05 files] 00
func parseSevenZip(c *sevenZipCursor) (h sevenZipHeader, err error) {
	if c.byte() != sevenHeader {
		c.fail("it is of an unknown kind")
	}
	part := c.byte()
	if part == sevenProperties {
		for c.byte() != sevenEnd && c.err == nil {
			c.take(c.number())
		}
		part = c.byte()
	}
	if part == sevenMainStreams {
		h.folders = c.streams()
		part = c.byte()
	}
	if part == sevenFiles {
		h.files = c.files()
		part = c.byte()
	}
	if part != sevenEnd {
		c.fail("part %#02x is not expected there", part)
	}
	h.match(c)
	if c.err != nil {
		return sevenZipHeader{}, c.err
	}
	return h, nil
}

// match checks that there are as many files with content as there is content.
func (h *sevenZipHeader) match(c *sevenZipCursor) {
	parts, full := 0, 0
	for i := range h.folders {
		parts += len(h.folders[i].files)
	}
	for i := range h.files {
		if !h.files[i].empty {
			full++
		}
	}
	if parts != full {
		c.fail("it lists %d files and has content for %d", full, parts)
	}
}

// streams reads what the packed streams are and how they are unpacked.
//
//	streams = [06 pack info] [07 unpack info] [08 substreams] 00
func (c *sevenZipCursor) streams() []sevenZipFolder {
	part := c.byte()
	var packed []int64
	offset := int64(len(sevenZipSignature{}))
	if part == sevenPackInfo {
		offset, packed = c.packInfo(offset)
		part = c.byte()
	}
	var folders []sevenZipFolder
	if part == sevenUnpackInfo {
		folders = c.unpackInfo()
		part = c.byte()
	}
	for i := range folders {
		folders[i].files = []sevenZipPart{{size: folders[i].size(), sum: folders[i].sum}}
	}
	if part == sevenSubStreams {
		c.substreams(folders)
		part = c.byte()
	}
	if part != sevenEnd {
		c.fail("part %#02x is not expected there", part)
	}
	c.place(folders, offset, packed)
	return folders
}

// place gives each folder its packed streams, which lie in their order.
func (c *sevenZipCursor) place(folders []sevenZipFolder, offset int64, packed []int64) {
	for i := range folders {
		f := &folders[i]
		if c.err != nil {
			return
		}
		if f.packs > len(packed) {
			c.fail("folder %d has no packed streams", i)
			return
		}
		f.offset, f.packed, packed = offset, packed[:f.packs], packed[f.packs:]
		for _, size := range f.packed {
			if size > c.size-offset {
				c.fail("the packed streams of folder %d lie behind the end of the archive", i)
				return
			}
			offset += size
		}
	}
}

// packInfo reads where the packed streams lie.
//
//	pack info = offset, n, [09 n sizes] [0a sums] 00
func (c *sevenZipCursor) packInfo(base int64) (offset int64, sizes []int64) {
	offset = base + c.length()
	sizes = make([]int64, c.count("packed streams", c.most))
	part := c.byte()
	if part == sevenSize {
		for i := range sizes {
			sizes[i] = c.length()
		}
		part = c.byte()
	}
	if part == sevenCRC {
		c.sums(len(sizes))
		part = c.byte()
	}
	if part != sevenEnd {
		c.fail("part %#02x is not expected there", part)
	}
	if offset > c.size {
		c.fail("the packed streams lie behind the end of the archive")
	}
	return offset, sizes
}

// unpackInfo reads the folders.
//
//	unpack info = 0b, n, 00, n folders, 0c, sizes of all outputs, [0a sums] 00
func (c *sevenZipCursor) unpackInfo() []sevenZipFolder {
	if c.byte() != sevenFolder {
		c.fail("the folders are not there")
	}
	folders := make([]sevenZipFolder, c.count("folders", c.most))
	c.inPlace()
	for i := range folders {
		if c.err == nil {
			c.folder(&folders[i])
		}
	}
	if c.byte() != sevenUnpackSize {
		c.fail("the sizes of the folders are not there")
	}
	for i := range folders {
		f := &folders[i]
		f.sizes = make([]int64, max(1, f.outputs))
		for j := range f.outputs {
			f.sizes[j] = c.length()
		}
	}
	part := c.byte()
	if part == sevenCRC {
		for i, sum := range c.sums(len(folders)) {
			folders[i].sum = sum
		}
		part = c.byte()
	}
	if part != sevenEnd {
		c.fail("part %#02x is not expected there", part)
	}
	return folders
}

// inPlace reads that what follows stands there, and not in another stream.
func (c *sevenZipCursor) inPlace() {
	if c.byte() != 0 {
		c.fail("a part of it lies elsewhere, which no program does")
	}
}

// folder reads the coders of a folder. A flag of 0x10 says that a coder has not
// one stream in and one out, 0x20 that it has properties.
//
//	folder = n, n × (flags | size of method, method, [ins, outs], [size, properties]),
//	         (outs-1) × (in, out that it is bound to), ins not bound, if more than one
func (c *sevenZipCursor) folder(f *sevenZipFolder) {
	start := c.pos
	ins := 0
	for range c.count("coders of a folder", maxSevenZipCoders) {
		flags := c.byte()
		coder := sevenZipCoder{method: string(c.take(uint64(flags & 0x0f)))}
		in, out := 1, 1
		if flags&0x10 != 0 {
			in, out = c.count("streams of a coder", maxSevenZipCoders), c.count("streams of a coder", maxSevenZipCoders)
		}
		if flags&0x20 != 0 {
			coder.props = c.take(c.number())
		}
		f.coders = append(f.coders, coder)
		ins, f.outputs = ins+in, f.outputs+out
	}
	bound := make([]bool, max(1, f.outputs))
	for range f.outputs - 1 {
		in, out := c.number(), c.number()
		if in >= uint64(ins) || out >= uint64(f.outputs) {
			c.fail("a coder is bound to none")
			return
		}
		bound[out] = true
	}
	for f.last < f.outputs && bound[f.last] {
		f.last++
	}
	f.packs = ins - (f.outputs - 1)
	if f.outputs == 0 || f.packs < 1 || f.last == f.outputs {
		c.fail("a folder has no stream in or none out")
		f.last, f.packs = 0, 0
		return
	}
	for range f.packs {
		if f.packs > 1 && c.number() >= uint64(ins) {
			c.fail("a packed stream goes nowhere")
		}
	}
	f.raw = c.b[start:c.pos]
}

// substreams reads how the folders are divided into files: the last file's size
// is what the others leave, and a sum is stated where the folder has none.
//
//	substreams = [0d a number of files for each folder] [09 sizes] [0a sums] 00
func (c *sevenZipCursor) substreams(folders []sevenZipFolder) {
	part := c.byte()
	if part == sevenNumUnpack {
		left := c.most
		for i := range folders {
			n := c.count("files", left)
			left -= n
			folders[i].files = make([]sevenZipPart, n)
		}
		part = c.byte()
	}
	sized := part == sevenSize
	for i := range folders {
		c.divide(&folders[i], sized)
	}
	if sized {
		part = c.byte()
	}
	if part == sevenCRC {
		c.partSums(folders)
		part = c.byte()
	}
	if part != sevenEnd {
		c.fail("part %#02x is not expected there", part)
	}
}

func (c *sevenZipCursor) divide(f *sevenZipFolder, sized bool) {
	offset, left := int64(0), f.size()
	for i := range f.files {
		size := left
		if i < len(f.files)-1 && sized {
			size = c.length()
		}
		if size > left {
			c.fail("a file is larger than what it lies in")
			return
		}
		f.files[i].offset, f.files[i].size = offset, size
		offset, left = offset+size, left-size
	}
	if len(f.files) == 1 {
		f.files[0].sum = f.sum
	}
}

func (c *sevenZipCursor) partSums(folders []sevenZipFolder) {
	var open []*sevenZipPart
	for i := range folders {
		for j := range folders[i].files {
			if p := &folders[i].files[j]; !p.sum.stated {
				open = append(open, p)
			}
		}
	}
	for i, sum := range c.sums(len(open)) {
		open[i].sum = sum
	}
}

// files reads the list of files: the kind of a property, its size, and its
// values for all files.
//
//	files = n, (kind, size, values) …, 00
func (c *sevenZipCursor) files() []sevenZipFile {
	files := make([]sevenZipFile, c.count("files", c.most))
	var empty []*sevenZipFile
	for c.err == nil {
		kind := c.byte()
		if kind == sevenEnd {
			break
		}
		p := &sevenZipCursor{b: c.take(c.number())}
		switch kind {
		case sevenEmptyStream:
			empty = empty[:0]
			for i, is := range p.bits(len(files)) {
				if files[i].empty, files[i].directory = is, is; is {
					empty = append(empty, &files[i])
				}
			}
		case sevenEmptyFile:
			for i, is := range p.bits(len(empty)) {
				empty[i].directory = !is
			}
		case sevenNames:
			p.inPlace()
			for i := range files {
				files[i].name = p.name()
			}
		case sevenAttributes:
			stated := p.stated(len(files))
			p.inPlace()
			for i := range files {
				if stated[i] {
					files[i].attributes = p.uint32()
				}
			}
		}
		if c.err == nil && p.err != nil {
			c.fail("what it says of the files is cut off")
		}
	}
	return files
}

// name reads a name in UTF-16, up to its zero.
func (c *sevenZipCursor) name() string {
	var units []uint16
	for {
		b := c.take(2)
		if b == nil {
			return ""
		}
		unit := binary.LittleEndian.Uint16(b)
		if unit == 0 {
			return string(utf16.Decode(units))
		}
		units = append(units, unit)
	}
}
