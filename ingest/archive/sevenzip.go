package archive

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"slices"

	"github.com/bodgit/sevenzip"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// The library unpacks one folder at a time, from an archive of its own that
// holds nothing else. The table of contents is read here, and what the library
// sees of it is written here: it allocates by the counts that a header states,
// so that a forged one of a hundred bytes would end the process, and takes time
// that grows with the square of the number of members.
const sevenZipLibrary = "bodgit/sevenzip"

const (
	sevenZipLZMA  = "\x03\x01\x01"
	sevenZipLZMA2 = "\x21"
	sevenZipPPMd  = "\x03\x04\x01"
	sevenZipAES   = "\x06\xf1\x07\x01"
)

// sevenZipMethods are those that are read; their memory is bounded by prepare, or
// is small.
var sevenZipMethods = map[string]bool{
	"\x00": true, sevenZipLZMA: true, sevenZipLZMA2: true, sevenZipPPMd: true, sevenZipAES: true,
	"\x04\x01\x08": true, "\x04\x02\x02": true, // deflate, bzip2
	// filters: Delta; x86, as one stream and as four; PowerPC, ARM, SPARC, ARM64
	"\x03": true, "\x03\x03\x01\x03": true, "\x03\x03\x01\x1b": true,
	"\x03\x03\x02\x05": true, "\x03\x03\x05\x01": true, "\x03\x03\x08\x05": true, "\x0a": true,
}

// sevenZipOthers are the names of methods that are not read.
var sevenZipOthers = map[string]string{
	"\x04\x01\x09": "Deflate64", "\x04\xf7\x11\x01": "Zstandard", "\x04\xf7\x11\x02": "Brotli",
	"\x04\xf7\x11\x04": "LZ4", "\x04\xf7\x11\x05": "LZ5", "\x04\xf7\x11\x06": "Lizard", "\x0b": "RISC-V",
}

// maxKeyRounds bounds the hashing for the keys of one archive, which says how
// much that is: 7-Zip has 2¹⁹ rounds, some 0.1 s, and one key an archive.
const maxKeyRounds = 1 << 25

// listSevenZip lists a 7z archive. The files of one of its folders share a
// packed stream (the archive is "solid"): they come by once.
func listSevenZip(l *lister, in *Content) error {
	in, err := l.seekable(in)
	if err != nil {
		return err
	}
	s := &sevenZipStream{l: l, in: afterProgram(in), folder: -1, keys: map[string]bool{}}
	defer s.close()
	h, err := s.header()
	if err != nil {
		return err
	}
	s.folders = h.folders
	for i := range h.files {
		if err := l.count(); err != nil {
			return err
		}
		if err := s.add(&h.files[i]); err != nil {
			return err
		}
	}
	return nil
}

// A sevenZipStream goes through the folders of an archive, from file to file.
type sevenZipStream struct {
	l       *lister
	in      *Content
	folders []sevenZipFolder
	at      int // the folder of the file that is due,
	part    int // and which of its files that is

	folder int       // that is open, or -1
	r      io.Reader // its content, within the limits
	pos    int64     // of r
	err    error     // why it can't be read on, io.EOF at its end
	shut   func()

	keys   map[string]bool // that were made
	rounds int             // of hashing for them
	memory int64           // that the folders before took, in bytes
}

// header reads the table of contents, which may be packed and encrypted itself.
func (s *sevenZipStream) header() (h sevenZipHeader, err error) {
	header, err := readSevenZipTail(s.l, s.in)
	for depth := 0; err == nil && len(header) > 0 && header[0] == sevenEncodedHeader; depth++ {
		if depth == 4 {
			return h, lost(event.DamageArchive, "the table of contents is packed %d times over", depth)
		}
		header, err = s.unpackHeader(header[1:])
	}
	if err != nil || len(header) == 0 {
		return h, err // an archive without files has no header
	}
	return parseSevenZip(s.cursor(header))
}

func (s *sevenZipStream) cursor(header []byte) *sevenZipCursor {
	return &sevenZipCursor{b: header, most: s.l.m.limits.ArchiveEntries, size: s.in.Size}
}

// unpackHeader unpacks a header, which is told of by another one.
func (s *sevenZipStream) unpackHeader(streams []byte) ([]byte, error) {
	c := s.cursor(streams)
	folders := c.streams()
	switch {
	case c.err != nil:
		return nil, c.err
	case len(folders) != 1:
		return nil, lost(event.DamageArchive, "the table of contents is packed in %d folders", len(folders))
	case folders[0].size() > s.l.m.limits.DirectoryBytes:
		return nil, lost(event.DamageLimit, "the table of contents has more than %s bytes", grouped(s.l.m.limits.DirectoryBytes))
	}
	header, err := s.readWhole(&folders[0])
	if e, ok := err.(*Error); ok {
		return nil, lost(e.Kind, "the table of contents can't be read: %s", e.Detail)
	}
	return header, err
}

func (s *sevenZipStream) readWhole(f *sevenZipFolder) ([]byte, error) {
	r, err := s.unlock(f)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(f.files[0].verified(r))
}

func (p *sevenZipPart) verified(r io.Reader) *verifier {
	return &verifier{r: r, by: "7z", size: p.size, crc: p.sum.crc, sized: true, summed: p.sum.stated}
}

func (s *sevenZipStream) add(f *sevenZipFile) error {
	e := entry{name: f.name}
	switch {
	case f.directory:
		return nil
	case f.empty:
		e.content = FileContent(bytes.NewReader(nil), 0)
	case f.link():
		s.next()
		e.skipped = "a symbolic link"
	default:
		s.seek(s.next(), &e)
	}
	if err := s.l.broken(s.err); err != nil {
		return err
	}
	if err := s.l.add(&e); err != nil {
		return err
	}
	return s.l.broken(s.err)
}

// next returns the part of the file that is due.
func (s *sevenZipStream) next() *sevenZipPart {
	for s.part == len(s.folders[s.at].files) {
		s.at, s.part = s.at+1, 0
	}
	s.part++
	return &s.folders[s.at].files[s.part-1]
}

// seek goes to a file's part and makes e its entry.
func (s *sevenZipStream) seek(p *sevenZipPart, e *entry) {
	if s.folder != s.at {
		s.open()
	}
	if s.err == nil {
		_, s.err = io.CopyN(io.Discard, sevenZipReads{s}, p.offset-s.pos)
	}
	if s.err != nil {
		e.fault = s.unreached(p)
		return
	}
	stream := bufio.NewReaderSize(p.verified(io.LimitReader(sevenZipReads{s}, p.size)), 16)
	if _, err := stream.Peek(1); p.size > 0 && err != nil {
		if fault, ok := err.(*Error); ok {
			e.fault = fault
			return
		}
	}
	e.stream = stream
}

// open opens the folder that is due.
func (s *sevenZipStream) open() {
	s.close()
	s.folder, s.pos, s.err = s.at, 0, nil
	r, err := s.unlock(&s.folders[s.at])
	if err != nil {
		s.err = err
		return
	}
	s.r, s.shut = r, func() { r.Close() }
}

func (s *sevenZipStream) close() {
	if s.shut != nil {
		s.shut()
	}
	s.r, s.shut = nil, nil
}

// unreached is why a file is not read whose folder ends before it.
func (s *sevenZipStream) unreached(p *sevenZipPart) *Error {
	e, ok := s.err.(*Error)
	switch {
	case !ok:
		return lost(event.DamageTruncated, "what it is packed in ends before it, after %s bytes", grouped(s.pos))
	case p.offset == 0 || s.r == nil:
		return e
	}
	return lost(e.Kind, "what is packed before it can't be read: %s", e.Detail)
}

// sevenZipReads reads s.r and keeps its place.
type sevenZipReads struct{ s *sevenZipStream }

func (r sevenZipReads) Read(p []byte) (int, error) {
	if r.s.err != nil {
		return 0, r.s.err
	}
	n, err := r.s.r.Read(p)
	r.s.pos += int64(n)
	r.s.err = err
	return n, err
}

// unlock opens a folder, with the first password that is right if it needs one.
func (s *sevenZipStream) unlock(f *sevenZipFolder) (io.ReadCloser, error) {
	if fault := s.prepare(f); fault != nil {
		return nil, fault
	}
	if !f.encrypted() {
		return s.unpack(f, "")
	}
	for i, password := range s.l.passwords {
		right, err := s.isRight(f, password)
		if err != nil {
			return nil, err
		}
		if right { // so it is for the next folder, mostly
			s.l.passwords = append([]string{password}, slices.Delete(slices.Clone(s.l.passwords), i, i+1)...)
			return s.unpack(f, password)
		}
	}
	return nil, locked("AES", s.l.passwords)
}

// prepare says why a folder can't be unpacked, and makes its dictionary no
// larger than what it unpacks to, since the rest of it would be of no use.
func (s *sevenZipStream) prepare(f *sevenZipFolder) *Error {
	if len(f.coders) != f.outputs || f.last != len(f.coders)-1 {
		return lost(event.DamageUnsupported, "its compression methods are combined in a way that is not supported")
	}
	for i := range f.coders {
		c := &f.coders[i]
		if !sevenZipMethods[c.method] {
			return lost(event.DamageUnsupported, "compression method %x%s is not supported", c.method, parenthesised(sevenZipOthers[c.method]))
		}
		memory := c.shrink(f.sizes[i])
		if memory > maxDictionary {
			return tooHungry()
		}
		if c.method == sevenZipPPMd { // its model is often larger than what it unpacks to
			memory /= 4
		}
		s.memory += memory
	}
	// What is allocated must be zeroed, which takes time: for all folders together
	// not much more than for what they may unpack to.
	if most := 4 * s.l.m.max; s.memory > most {
		return lost(event.DamageLimit, "the dictionaries of its folders take more than %s bytes: not read", grouped(most))
	}
	return nil
}

func parenthesised(name string) string {
	if name == "" {
		return ""
	}
	return " (" + name + ")"
}

func (f *sevenZipFolder) encrypted() bool {
	for i := range f.coders {
		if f.coders[i].method == sevenZipAES {
			return true
		}
	}
	return false
}

// shrink returns how much memory a coder takes that makes size bytes, after
// having it take less if it can.
//
//	LZMA   1 byte lc, lp and pb; 4 bytes size of the dictionary
//	LZMA2  1 byte n: the dictionary has (2 | n&1) << (n/2 + 11) bytes
//	PPMd   1 byte order; 4 bytes size of the model
func (c *sevenZipCoder) shrink(size int64) int64 {
	switch {
	case c.method == sevenZipLZMA && len(c.props) == 5:
		const least = 4 << 10 // that the library takes
		dictionary := min(int64(binary.LittleEndian.Uint32(c.props[1:])), max(size, least))
		binary.LittleEndian.PutUint32(c.props[1:], uint32(dictionary))
		return dictionary
	case c.method == sevenZipLZMA2 && len(c.props) == 1:
		n := min(c.props[0], 40)
		for n > 0 && lzma2Dictionary(n-1) >= size {
			n--
		}
		c.props[0] = n
		return lzma2Dictionary(n)
	case c.method == sevenZipPPMd && len(c.props) == 5:
		return int64(binary.LittleEndian.Uint32(c.props[1:]))
	}
	return 0
}

func lzma2Dictionary(n byte) int64 { return (2 | int64(n&1)) << (n/2 + 11) }

// isRight reports whether a password is right: whether the first file of the
// folder matches its checksum. Wrong ones make any bytes of it.
func (s *sevenZipStream) isRight(f *sevenZipFolder, password string) (bool, error) {
	if fault := s.countKey(f, password); fault != nil {
		return false, fault
	}
	r, err := s.unpack(f, password)
	if err == nil {
		defer r.Close()
		p := &f.files[0]
		_, err = io.Copy(io.Discard, p.verified(io.LimitReader(r, p.size)))
	}
	return err == nil, s.l.broken(err)
}

// countKey bounds the time for the keys of an archive.
//
//	0  1  bits 0-5: n, there are 2ⁿ rounds, or none if n is 63;
//	      bits 6 and 7: add one to the sizes that follow
//	1  1  size of the initial vector, and in bits 4-7 of the salt
//	2     salt, initial vector
func (s *sevenZipStream) countKey(f *sevenZipFolder, password string) *Error {
	for _, c := range f.coders {
		if c.method != sevenZipAES || len(c.props) < 2 {
			continue
		}
		n := c.props[0] & 0x3f
		salt := int(c.props[0]>>7 + c.props[1]>>4)
		key := password + "\x00" + string(c.props[:1]) + string(c.props[2:min(len(c.props), 2+salt)])
		if n == 63 || s.keys[key] {
			continue
		}
		s.keys[key] = true
		s.rounds += 1 << min(n, 30)
		if s.rounds > maxKeyRounds {
			return lost(event.DamageLimit, "its keys take more than %s rounds of hashing: not read", grouped(int64(maxKeyRounds)))
		}
	}
	return nil
}

// unpack opens the content of a folder.
func (s *sevenZipStream) unpack(f *sevenZipFolder, password string) (io.ReadCloser, error) {
	archive, size, packed := f.alone(s.in.Section(s.l.m))
	var r io.ReadCloser
	err := guarded(sevenZipLibrary, func() error {
		z, err := sevenzip.NewReaderWithPassword(archive, size, password)
		if err == nil {
			r, err = z.File[0].Open()
		}
		return err
	})
	if err != nil {
		return nil, explain(sevenZipLibrary, noEOF(err))
	}
	return readCloser{
		&unpacker{m: s.l.m, lib: sevenZipLibrary, r: r, packed: packed},
		func() { guarded(sevenZipLibrary, r.Close) },
	}, nil
}

// alone makes an archive that holds one folder, as one file: the signature
// header, the packed streams of the folder, and a header of our own.
func (f *sevenZipFolder) alone(in io.ReaderAt) (archive io.ReaderAt, size, packed int64) {
	number := func(b []byte, n int64) []byte { return binary.LittleEndian.AppendUint64(append(b, 0xff), uint64(n)) }
	h := []byte{sevenHeader, sevenMainStreams, sevenPackInfo, 0, byte(len(f.packed)), sevenSize}
	for _, n := range f.packed {
		h = number(h, n)
		packed += n
	}
	h = append(h, sevenEnd, sevenUnpackInfo, sevenFolder, 1, 0)
	h = append(h, f.raw...)
	h = append(h, sevenUnpackSize)
	for _, n := range f.sizes {
		h = number(h, n)
	}
	h = append(h, sevenEnd, sevenEnd, sevenFiles, 1, sevenEnd, sevenEnd)

	var start sevenZipSignature
	copy(start[:], sevenZipMagic+"\x00\x04")
	binary.LittleEndian.PutUint64(start[12:], uint64(packed))
	binary.LittleEndian.PutUint64(start[20:], uint64(len(h)))
	binary.LittleEndian.PutUint32(start[28:], crc32.ChecksumIEEE(h))
	binary.LittleEndian.PutUint32(start[8:], crc32.ChecksumIEEE(start[12:]))
	parts := joined{
		io.NewSectionReader(bytes.NewReader(start[:]), 0, int64(len(start))),
		io.NewSectionReader(in, f.offset, packed),
		io.NewSectionReader(bytes.NewReader(h), 0, int64(len(h))),
	}
	return parts, int64(len(start)) + packed + int64(len(h)), packed
}

// joined is several contents, one behind the other.
type joined []*io.SectionReader

func (j joined) ReadAt(p []byte, off int64) (n int, err error) {
	for _, part := range j {
		if off >= part.Size() {
			off -= part.Size()
			continue
		}
		m, err := part.ReadAt(p[n:], off)
		n, off = n+m, 0
		if n == len(p) {
			return n, nil
		}
		if err != nil && err != io.EOF {
			return n, err
		}
	}
	return n, io.EOF
}
