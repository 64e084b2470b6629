package archive

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"time"

	"github.com/nwaples/rardecode/v2"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// The library reads RAR archives of versions 1.5 to 7, one member after the
// other. It opens no other volume, and its file system view is not used. Of the
// checksums it compares the CRC-32, and not the BLAKE2 that RAR 5 has on request.
const rarLibrary = "nwaples/rardecode"

const (
	rar4Magic = "Rar!\x1a\x07\x00"
	rar5Magic = "Rar!\x1a\x07\x01\x00"

	// rarPatience bounds the time that the library takes to get from member to
	// member of an archive: a hostile one has it unpack what it skips, clear its
	// dictionary and hash passwords.
	rarPatience = 2 * time.Minute
)

// rarErrors is what the library's errors mean.
var rarErrors = []struct {
	err error
	is  *Error
}{
	{rardecode.ErrDictionaryTooLarge, tooHungry()},
	{rardecode.ErrMultiVolume, lost(event.DamageUnsupported, "goes on in the next volume: read up to there")},
	{rardecode.ErrBadVolumeNumber, lost(event.DamageUnsupported, "one of several volumes, and not the first: not read")},
	{rardecode.ErrInvalidFileBlock, lost(event.DamageUnsupported, "what begins in another volume is not read")},
	{rardecode.ErrBadFileChecksum, &Error{Kind: event.DamageArchive, Detail: "the content does not match its checksum"}},
	{rardecode.ErrShortFile, lost(event.DamageTruncated, "unpacks to less than the archive states")},
	{rardecode.ErrUnexpectedArcEnd, lost(event.DamageTruncated, "the archive ends before it does")},
	{rardecode.ErrUnknownDecoder, lost(event.DamageUnsupported, "its compression method is not supported")},
	{rardecode.ErrUnsupportedDecoder, lost(event.DamageUnsupported, "its compression method, of RAR 1.5, is not supported")},
	{rardecode.ErrMultipleDecoders, lost(event.DamageUnsupported, "packed by another version than the members before: not supported")},
	{rardecode.ErrUnknownEncryptMethod, lost(event.DamageEncrypted, "encrypted by a method that is not supported")},
}

// listRar lists a RAR archive. Its members come by once.
func listRar(l *lister, in *Content) error {
	in, err := l.seekable(in)
	if err != nil {
		return err
	}
	in = afterProgram(in)
	s := &rarStream{l: l, in: in, solid: isSolidRar(in.Section(l.m))}
	if err := s.unlock(); err != nil {
		return err
	}
	for {
		if s.split {
			return s.explain(rardecode.ErrMultiVolume)
		}
		h, err := s.next()
		switch {
		case err == nil:
		case err == io.EOF:
			return s.file.cut()
		case s.isFirst() && errors.Is(err, rardecode.ErrInvalidFileBlock):
			l.damaged(s.explain(err))
			continue
		default:
			return s.explain(err)
		}
		if err := l.count(); err != nil {
			return err
		}
		if err := s.add(h); err != nil {
			return err
		}
	}
}

// A rarStream goes through an archive, from member to member.
type rarStream struct {
	l     *lister
	in    *Content
	solid bool // or it can't be told

	file   *rarFile
	r      *rardecode.Reader
	opened bool          // by a password
	blocks int           // that were asked for
	spent  time.Duration // on getting from member to member
	split  bool          // a member goes on in the next volume
}

// isFirst reports whether the first block was asked for last.
func (s *rarStream) isFirst() bool { return s.blocks == 1 }

// open starts to read the archive, with a password or none.
func (s *rarStream) open(passwords ...string) error {
	s.file, s.opened = &rarFile{SectionReader: s.in.Section(s.l.m)}, len(passwords) > 0
	s.blocks, s.split = 0, false
	options := []rardecode.Option{rardecode.MaxDictionarySize(maxDictionary), rardecode.BufferSize(64 << 10)}
	for _, p := range passwords {
		options = append(options, rardecode.Password(p))
	}
	return guarded(rarLibrary, func() (err error) {
		s.r, err = rardecode.NewReader(s.file, options...)
		return err
	})
}

// unlock opens the archive with the first password that is right, or without.
func (s *rarStream) unlock() error {
	for _, password := range s.l.passwords {
		right, err := s.isRight(password)
		if err != nil {
			return err
		}
		if right {
			return s.explain(s.open(password))
		}
	}
	return s.explain(s.open())
}

// isRight reports whether a password opens the first member that is encrypted,
// if any is.
func (s *rarStream) isRight(password string) (bool, error) {
	if err := s.open(password); err != nil {
		return false, s.l.broken(s.explain(err))
	}
	for {
		h, err := s.next()
		if err != nil {
			return err == io.EOF, s.l.broken(s.explain(err))
		}
		if !h.Encrypted && !s.solid || h.IsDir || h.UnPackedSize == 0 {
			continue
		}
		_, err = io.Copy(io.Discard, s.content(h))
		if h.Encrypted {
			goesOn, _ := err.(*Error)
			return err == nil || goesOn != nil && goesOn.Kind == event.DamageUnsupported, s.l.broken(err)
		}
	}
}

func (s *rarStream) next() (h *rardecode.FileHeader, err error) {
	s.blocks++
	start := time.Now()
	s.file.deadline = start.Add(rarPatience - s.spent)
	defer func() {
		s.file.deadline = time.Time{}
		s.spent += time.Since(start)
	}()
	err = guarded(rarLibrary, func() (err error) {
		h, err = s.r.Next()
		return err
	})
	return h, err
}

func (s *rarStream) add(h *rardecode.FileHeader) error {
	e := entry{name: h.Name}
	switch {
	case h.IsDir:
		return nil
	case h.LinkType == rardecode.LinkTypeHardLink, h.LinkType == rardecode.LinkTypeFileCopy:
		e.skipped = "a second name: its content stands in the archive under another name"
	case h.LinkType != rardecode.LinkTypeNone, h.Mode()&fs.ModeSymlink != 0:
		e.skipped = "a symbolic link"
	case h.Encrypted && !s.opened:
		e.fault = locked("RAR", s.l.passwords)
	}
	if e.skipped != "" || e.fault != nil {
		return s.l.add(&e)
	}
	content := s.content(h)
	stream := bufio.NewReaderSize(content, 16)
	if _, err := stream.Peek(1); errors.As(err, &e.fault) && !e.fault.Lost {
		e.fault = nil
	}
	e.stream = stream
	if err := s.l.add(&e); err != nil || !s.solid {
		return err
	}
	// The library would unpack the rest without a limit.
	_, err := io.Copy(io.Discard, content)
	return s.l.broken(err)
}

// content is the content of the member that is due.
func (s *rarStream) content(h *rardecode.FileHeader) io.Reader {
	return &unpacker{m: s.l.m, lib: rarLibrary, r: rarMember{s}, packed: max(0, h.PackedSize)}
}

// A rarMember explains the library's errors.
type rarMember struct{ s *rarStream }

func (m rarMember) Read(p []byte) (int, error) {
	n, err := m.s.r.Read(p)
	m.s.split = m.s.split || errors.Is(err, rardecode.ErrMultiVolume)
	return n, m.s.explain(err)
}

func (s *rarStream) explain(err error) error {
	for _, e := range rarErrors {
		if errors.Is(err, e.err) {
			return e.is
		}
	}
	switch {
	case errors.Is(err, rardecode.ErrArchiveEncrypted):
		e := locked("RAR", s.l.passwords)
		e.Detail = "the names are " + e.Detail
		return e
	case errors.Is(err, rardecode.ErrArchivedFileEncrypted), errors.Is(err, rardecode.ErrBadPassword):
		return locked("RAR", s.l.passwords)
	}
	return explain(rarLibrary, err)
}

// A rarFile is the archive as the library reads it. It seeks over what it does
// not unpack, also where there is nothing any more.
type rarFile struct {
	*io.SectionReader
	deadline time.Time // for the step to the next member; zero: none
	end      int64     // the furthest place that was sought
}

func (f *rarFile) Read(p []byte) (int, error) {
	if !f.deadline.IsZero() && time.Now().After(f.deadline) {
		return 0, lost(event.DamageLimit, "finding its members takes more than %s: the rest is not read", rarPatience)
	}
	return f.SectionReader.Read(p)
}

func (f *rarFile) Seek(offset int64, whence int) (int64, error) {
	n, err := f.SectionReader.Seek(offset, whence)
	f.end = max(f.end, n)
	return n, err
}

// cut says if the archive ends in a member that was not unpacked.
func (f *rarFile) cut() error {
	if f.end > f.Size() {
		return lost(event.DamageTruncated, "ends after %s of at least %s bytes", grouped(f.Size()), grouped(f.end))
	}
	return nil
}

// isSolidRar reports whether each member needs those before it to be unpacked,
// or that can't be told. The archive's header follows the signature:
//
//	RAR 1.5 to 4: 2 CRC, 1 0x73, 2 flags, of which 0x08 says so
//	RAR 5: 4 CRC, then numbers, lowest 7 bits first, 0x80 for more: size, 1, flags,
//	[with flag 1: size of the extra area], flags of the archive, of which 4 says so
func isSolidRar(in io.ReaderAt) bool {
	var b [64]byte
	in.ReadAt(b[:], 0)
	if string(b[:len(rar4Magic)]) == rar4Magic {
		h := b[len(rar4Magic):]
		return h[2] != 0x73 || h[3]&0x08 != 0
	}
	h := b[len(rar5Magic)+4:]
	number := func() uint64 {
		v, n := binary.Uvarint(h)
		h = h[max(n, 0):]
		return v
	}
	_, kind, flags := number(), number(), number()
	if flags&1 != 0 {
		number()
	}
	return kind != 1 || number()&4 != 0
}
