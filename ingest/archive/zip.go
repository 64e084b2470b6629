package archive

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zip"

	"github.com/vsswhy/vsswhy/ingest/archive/deflate64"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// The library reads a zip's table of contents, iterated as a list: its file
// system view takes 24 s and 1.4 GB for 24 MB of deep names. The members'
// bytes are read here, since the library's reader drops what it has when a
// size is off.
const zipLibrary = "klauspost/compress/zip"

// Bits and methods of a member's header (APPNOTE.TXT 4.4.4, 4.4.5).
const (
	zipEncrypted  = 1 << 0
	zipStrong     = 1 << 6
	zipDescriptor = 1 << 3 // sizes and checksum stand after the data
	zipStored     = 0
	zipDeflated   = 8
	zipDeflate64  = 9
	zipAES        = 99
)

var zipMethods = map[uint16]string{
	1: "Shrink", 2: "Reduce", 3: "Reduce", 4: "Reduce", 5: "Reduce", 6: "Implode", 10: "PKWARE Implode",
	12: "bzip2", 14: "LZMA", 16: "IBM CMPSC", 18: "IBM TERSE", 19: "IBM LZ77", 20: "Zstandard", 93: "Zstandard",
	94: "MP3", 95: "xz", 96: "JPEG", 97: "WavPack", 98: "PPMd",
}

// A zipMember is one file of a zip.
type zipMember struct {
	name         string
	method       uint16
	flags        uint16
	link         bool
	crc          uint32
	checked      bool  // crc and size are known
	unsummed     bool  // the crc is not, since an authentication code is
	packed, size int64 // in bytes
	offset       int64 // of the data
	fault        *Error
	crypt        *zipCrypt // nil: it is not encrypted
}

func listZip(l *lister, in *Content) error {
	in, err := l.seekable(in)
	if err != nil {
		return err
	}
	members, err := readDirectory(l, in)
	if err != nil {
		if l.m.ctx.Err() != nil || isSystem(err) {
			return err
		}
		l.damaged(directoryError(err))
		if members, err = findMembers(l, in); err != nil {
			return err
		}
	}
	l.damaged(dropOverlaps(&members))
	passwords := spellings(l.passwords)
	for i := range members {
		m := &members[i]
		content := m.content(in, passwords)
		e := entry{name: m.name, fault: m.fault, content: content}
		if m.link {
			e.skipped = "a symbolic link"
		}
		if err := l.add(&e); err != nil {
			return err
		}
	}
	return nil
}

func directoryError(err error) error {
	if e, ok := err.(*Error); ok {
		return e
	}
	return lost(event.DamageArchive, "the zip's central directory is missing or damaged: it was cut off, or is one of several volumes; its members are looked for by their local headers")
}

// readDirectory reads the central directory.
func readDirectory(l *lister, in *Content) (members []zipMember, err error) {
	left := l.m.limits.DirectoryBytes
	limit := func(h *zip.FileHeader) error {
		if left -= int64(len(h.Name) + len(h.Extra) + len(h.Comment) + 46); left < 0 {
			return lost(event.DamageLimit, "the table of contents has more than %s bytes", grouped(l.m.limits.DirectoryBytes))
		}
		h.Comment = ""
		return l.count()
	}
	var z *zip.Reader
	err = guarded(zipLibrary, func() (err error) {
		z, err = zip.NewReaderWithOptions(in.Section(l.m), in.Size, zip.ReaderOptions{NameDecoder: limit})
		return err
	})
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, err
	}
	for _, f := range z.File {
		if isFolder(f.Name) && f.UncompressedSize64 == 0 {
			continue
		}
		if err := l.m.ctx.Err(); err != nil {
			return nil, err
		}
		members = append(members, fromDirectory(f, in.Size))
	}
	return members, nil
}

// fromDirectory checks an entry of the central directory against the file.
func fromDirectory(f *zip.File, fileSize int64) zipMember {
	m := zipMember{
		name: strings.Clone(f.Name), method: f.Method, flags: f.Flags, link: f.Mode()&fs.ModeSymlink != 0,
		crc: f.CRC32, checked: true, packed: int64(f.CompressedSize64), size: int64(f.UncompressedSize64),
	}
	offset, err := f.DataOffset()
	switch {
	case err != nil:
		m.fault = lost(event.DamageArchive, "its local header is not where the zip's central directory says: the zip is damaged, or the last of several volumes")
	case m.packed < 0 || m.size < 0 || offset < 0 || offset > fileSize:
		m.fault = lost(event.DamageArchive, "the zip's central directory has impossible sizes for it")
	default:
		//lint:ignore SA1019 ZipCrypto is checked by the time as the header has it
		m.offset, m.fault = offset, m.examine(f.Extra, f.ModifiedTime)
	}
	return m
}

// examine says why a member with such a header can't be read, or returns nil.
func (m *zipMember) examine(extra []byte, time uint16) *Error {
	if fault := m.readCrypt(extra, time); fault != nil {
		return fault
	}
	switch m.method {
	case zipStored, zipDeflated, zipDeflate64:
		return nil
	}
	return lost(event.DamageUnsupported, "compression method %d (%s) is not supported", m.method, cmp.Or(zipMethods[m.method], "unknown"))
}

// dropOverlaps removes members that share bytes of the file with another one.
// No zip program writes such, but a bomb of a few hundred kilobytes can hold
// thousands that unpack the same data.
func dropOverlaps(members *[]zipMember) error {
	order := make([]int, len(*members))
	for i := range order {
		order[i] = i
	}
	at := func(i int) *zipMember { return &(*members)[i] }
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(at(i).offset, at(j).offset) })
	end, dropped := int64(0), make(map[int]bool)
	for _, i := range order {
		m := at(i)
		switch {
		case m.fault != nil || m.packed == 0:
		case m.offset < end:
			dropped[i] = true
		default:
			end = m.offset + m.packed
		}
	}
	if len(dropped) == 0 {
		return nil
	}
	kept := (*members)[:0]
	first := ""
	for i, m := range *members {
		if !dropped[i] {
			kept = append(kept, m)
		} else if first == "" {
			first, _ = label(m.name)
		}
	}
	*members = kept
	return lost(event.DamageArchive, "%s members share their data with others and are not read, the first is %s", grouped(len(dropped)), shorten(first))
}

// content returns how to read the member. Stored content has random access.
func (m *zipMember) content(in *Content, passwords []string) Content {
	if m.crypt != nil && m.fault == nil && len(passwords) == 0 {
		m.fault = locked(m.crypt.cipher(), nil)
	}
	if m.fault != nil {
		return Content{}
	}
	c := Content{Size: m.size, open: func(meter *Meter) (io.ReadCloser, error) {
		if m.crypt != nil {
			return m.unlock(meter, in, passwords)
		}
		return m.unpack(meter, in, io.NewSectionReader(meteredAt{in.At, meter}, m.offset, m.packed)), nil
	}}
	if !m.checked {
		c.Size = -1
	}
	if m.crypt == nil && m.method == zipStored && m.checked && m.packed == m.size && m.size <= in.Size-m.offset {
		c.At = io.NewSectionReader(in.At, m.offset, m.size)
	}
	return c
}

// unpack reads the member from its packed data.
func (m *zipMember) unpack(meter *Meter, in *Content, packed io.Reader) io.ReadCloser {
	z := inflaters.Get().(*inflater)
	lib := z.reset(packed, m)
	r := &unpacker{m: meter, lib: lib, r: z.r, packed: min(m.packed, in.Size)}
	return readCloser{m.verified(r), func() { inflaters.Put(z) }}
}

// An inflater is the buffers of one member's reader, kept for the next: a
// buffer of compressed data, and a decompressor of some 40 kB, or of 200 kB
// where there is Deflate64.
type inflater struct {
	buf       *bufio.Reader
	flate     io.ReadCloser
	deflate64 *deflate64.Reader // nil before the first such member
	r         io.Reader
}

var inflaters = sync.Pool{New: func() any {
	buf := bufio.NewReaderSize(nil, 32<<10)
	return &inflater{buf: buf, flate: flate.NewReader(buf)}
}}

// reset makes z.r a reader of the member, and returns the name of its library.
func (z *inflater) reset(packed io.Reader, m *zipMember) (lib string) {
	z.buf.Reset(packed)
	switch {
	case m.method == zipStored || m.packed == 0: // some write nothing for an empty file
		z.r = z.buf
	case m.method == zipDeflate64:
		if z.deflate64 == nil {
			z.deflate64 = deflate64.NewReader(z.buf)
		}
		z.deflate64.Reset(z.buf)
		z.r = z.deflate64
		return "deflate64"
	default:
		z.flate.(flate.Resetter).Reset(z.buf, nil)
		z.r = z.flate
	}
	return "klauspost/compress/flate"
}

// verified compares what is unpacked with the size and checksum that the zip
// states.
func (m *zipMember) verified(r io.Reader) *verifier {
	return &verifier{r: r, by: "zip", size: m.size, crc: m.crc, sized: m.checked, summed: m.checked && !m.unsummed}
}
