package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// A tar is a sequence of 512-byte blocks: a header, the content padded to whole
// blocks, the next header, and at the end two blocks of zeros (POSIX.1-2001,
// "ustar interchange format"). Offset 257 of a header reads
//
//	"ustar\0" "00"    POSIX
//	"ustar "  " \0"   GNU
//
// Tars from before 1988 have neither and are not recognised.
const (
	tarBlock   = 512
	tarLibrary = "archive/tar"
)

var isTar = magic(257, "ustar\x0000", "ustar  \x00")

// listTar lists a tar in place if its content has random access.
func listTar(l *lister, in *Content) error {
	if in.At != nil {
		section := in.Section(l.m)
		return eachTar(l, section, in.Size, func(h *tar.Header, _ io.Reader) entry {
			// The tar reader reads whole blocks and no further: it stands where
			// the content starts.
			at, _ := section.Seek(0, io.SeekCurrent)
			return entry{content: part(in.At, at, h.Size, in.Size)}
		})
	}
	r, err := in.Open(l.m)
	if err != nil {
		return err
	}
	defer r.Close()
	return listTarStream(l, r)
}

// part is the content of a member of size bytes at the given offset. Where the
// tar is cut off it has fewer, and says so at their end.
func part(tar io.ReaderAt, offset, size, tarSize int64) Content {
	have := max(0, min(size, tarSize-offset))
	c := FileContent(io.NewSectionReader(tar, offset, have), have)
	if have == size {
		return c
	}
	return Content{Size: have, At: c.At, open: func(m *Meter) (io.ReadCloser, error) {
		return io.NopCloser(&whole{r: c.Section(m), size: size}), nil
	}}
}

func listTarStream(l *lister, r io.Reader) error {
	return eachTar(l, r, -1, func(_ *tar.Header, content io.Reader) entry {
		return entry{stream: content}
	})
}

// eachTar lists a tar of packed bytes (-1: not known). File makes an entry of a
// regular file; a sparse one, whose content does not lie in one piece, is always
// taken from the stream.
func eachTar(l *lister, r io.Reader, packed int64, file func(*tar.Header, io.Reader) entry) error {
	end := newEndOfTar(r)
	t := tar.NewReader(end.reader())
	content := &unpackedTar{t}
	for {
		var h *tar.Header
		err := guarded(tarLibrary, func() (err error) {
			h, err = t.Next()
			return err
		})
		if err == io.EOF {
			l.damaged(end.missing())
			return nil
		}
		if err != nil {
			return explainTar(err)
		}
		if err := l.count(); err != nil {
			return err
		}
		var e entry
		switch why := notAFile[h.Typeflag]; {
		case h.Typeflag == tar.TypeDir || h.Typeflag == tar.TypeXGlobalHeader || isFolder(h.Name):
			continue
		case why != "":
			e.skipped = why
		case isSparse(h):
			// Its holes unpack to zeros, without end if the header says so.
			e.stream = &unpacker{m: l.m, lib: tarLibrary, r: content, packed: max(packed, 0)}
		default:
			e = file(h, content)
		}
		e.name = h.Name
		if err := l.add(&e); err != nil {
			return err
		}
	}
}

// An endOfTar sees whether the blocks of zeros have come that end a tar: it counts
// the zeros that were read last. A tar that was cut between two members differs
// from a whole one by nothing else.
type endOfTar struct {
	r     io.Reader
	zeros int
}

func newEndOfTar(r io.Reader) *endOfTar { return &endOfTar{r: r} }

func (e *endOfTar) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if data := bytes.TrimRight(p[:n], "\x00"); len(data) > 0 {
		e.zeros = n - len(data)
	} else {
		e.zeros += n
	}
	return n, err
}

// reader is what the tar is read from; it seeks if r does, so that content need
// not be read to be passed over.
func (e *endOfTar) reader() io.Reader {
	if s, ok := e.r.(io.Seeker); ok {
		return struct {
			io.Reader
			io.Seeker
		}{e, s}
	}
	return e
}

// missing says that the tar has no end. Many tars have one block there and no
// second one.
func (e *endOfTar) missing() error {
	if e.zeros >= tarBlock {
		return nil
	}
	return lost(event.DamageTruncated, "the tar has no end: it may be cut, and members be missing")
}

// notAFile gives the reasons for skipping members that hold no bytes.
var notAFile = map[byte]string{
	tar.TypeLink:    "a hard link: its content stands in the archive under another name",
	tar.TypeSymlink: "a symbolic link",
	tar.TypeChar:    "a character device",
	tar.TypeBlock:   "a block device",
	tar.TypeFifo:    "a named pipe",
}

func isSparse(h *tar.Header) bool {
	_, gnu0 := h.PAXRecords["GNU.sparse.map"]
	_, gnu1 := h.PAXRecords["GNU.sparse.major"]
	return h.Typeflag == tar.TypeGNUSparse || gnu0 || gnu1
}

// unpackedTar guards and explains the reads of a member.
type unpackedTar struct{ t *tar.Reader }

func (u *unpackedTar) Read(p []byte) (n int, err error) {
	err = guarded(tarLibrary, func() (err error) {
		n, err = u.t.Read(p)
		return err
	})
	return n, explainTar(err)
}

func explainTar(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return lost(event.DamageTruncated, "the tar ends too early")
	case errors.Is(err, tar.ErrHeader):
		return lost(event.DamageArchive, "a tar header is damaged: the members after it are not read")
	}
	return explain(tarLibrary, err)
}
