package archive

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"slices"

	"github.com/vsswhy/vsswhy/ingest/archive/cab"
	"github.com/vsswhy/vsswhy/ingest/event"
)

const cabLibrary = "cab"

// listCab lists a cabinet. The files of one of its folders share a compressed
// stream: they come by once, in the order of their offsets, whatever the order
// of the table.
func listCab(l *lister, in *Content) error {
	in, err := l.seekable(in)
	if err != nil {
		return err
	}
	var c *cab.Cabinet
	err = guarded(cabLibrary, func() (err error) {
		c, err = cab.Open(in.Section(l.m), in.Size, cabLimit(l))
		return err
	})
	l.damaged(explainCab(err))
	if c == nil {
		return nil
	}
	if c.Size > in.Size {
		l.damaged(lost(event.DamageTruncated, "ends after %s of %s bytes", grouped(in.Size), grouped(c.Size)))
	}
	l.damaged(cabSet(c))
	slices.SortStableFunc(c.Files, func(a, b cab.File) int {
		return cmp.Or(cmp.Compare(a.Folder, b.Folder), cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Size, b.Size))
	})
	s := &cabStream{l: l, c: c, r: c.NewReader(), folder: -1}
	for i := range c.Files {
		if err := s.add(&c.Files[i]); err != nil {
			return err
		}
	}
	return nil
}

// cabLimit bounds the table of contents.
func cabLimit(l *lister) func(*cab.File) error {
	left := l.m.limits.DirectoryBytes
	return func(f *cab.File) error {
		if left -= int64(len(f.Name) + 17); left < 0 {
			return lost(event.DamageLimit, "the table of contents has more than %s bytes", grouped(l.m.limits.DirectoryBytes))
		}
		return l.count()
	}
}

// cabSet says that a cabinet is one of a set. What is lost by that is said of
// the members that are not whole.
func cabSet(c *cab.Cabinet) error {
	before, _ := label(c.Previous)
	after, _ := label(c.Next)
	e := &Error{Kind: event.DamageUnsupported}
	switch {
	case c.Previous != "" && c.Next != "":
		e.Detail = "one of a set of cabinets, between " + before + " and " + after
	case c.Previous != "":
		e.Detail = "the last of a set of cabinets, after " + before
	case c.Next != "":
		e.Detail = "the first of a set of cabinets, before " + after
	default:
		return nil
	}
	e.Detail = shorten(e.Detail) + ": they are read one by one, and no member across two of them"
	return e
}

// A cabStream goes through the folders of a cabinet, from file to file.
type cabStream struct {
	l *lister
	c *cab.Cabinet
	r *cab.Reader

	folder int       // that is open, or -1
	in     io.Reader // its content, within the limits
	pos    int64     // of in
	last   *cab.File // the file before, in the same folder
	err    error     // why it can't be read on, io.EOF at its end
}

func (s *cabStream) add(f *cab.File) error {
	e := entry{name: f.Name, fault: s.fault(f)}
	switch {
	case e.fault != nil:
	case f.Size == 0:
		e.content = FileContent(bytes.NewReader(nil), 0)
	default:
		s.seek(f, &e)
	}
	if err := s.l.broken(s.err); err != nil {
		return err
	}
	if err := s.l.add(&e); err != nil {
		return err
	}
	return s.l.broken(s.err)
}

// fault says why a file can't be read, from the tables alone.
func (s *cabStream) fault(f *cab.File) *Error {
	before, _ := label(s.c.Previous)
	switch {
	case f.Folder < 0:
		return lost(event.DamageArchive, "the cabinet's table of contents has no such folder as it is said to be in")
	case f.Previous:
		return lost(event.DamageUnsupported, "begins in the cabinet before, %s: not read", shorten(before))
	case s.c.Folders[f.Folder].Previous:
		return lost(event.DamageUnsupported, "is packed together with what begins in the cabinet before, %s: not read", shorten(before))
	case !s.c.Folders[f.Folder].Method.Readable():
		return lost(event.DamageUnsupported, "compression method %s is not supported", s.c.Folders[f.Folder].Method)
	}
	return nil
}

// seek goes to a file and makes e its entry.
func (s *cabStream) seek(f *cab.File, e *entry) {
	if s.folder != f.Folder {
		s.open(f.Folder)
	}
	last := s.last
	if last != nil && f.Offset < last.Offset+last.Size {
		name, _ := label(last.Name)
		if f.Offset == last.Offset && f.Size == last.Size {
			e.skipped = "a second name: its content stands in the archive as " + shorten(name)
		} else {
			e.fault = lost(event.DamageArchive, "shares a part of its data with %s: not read", shorten(name))
		}
		return
	}
	s.last = f
	if s.err == nil {
		_, s.err = io.CopyN(io.Discard, readsOf{s}, f.Offset-s.pos)
	}
	if s.err == nil {
		e.stream = &cabFile{s: s, f: f}
		return
	}
	e.fault = s.unreached()
}

func (s *cabStream) open(folder int) {
	s.r.Open(folder)
	s.folder, s.pos, s.last, s.err = folder, 0, nil, nil
	s.in = &unpacker{m: s.l.m, lib: cabLibrary, r: cabReader{s}, packed: s.c.Folders[folder].Packed}
}

// unreached is why a file is not read whose folder ends before it.
func (s *cabStream) unreached() *Error {
	if e, ok := s.err.(*Error); ok {
		return lost(e.Kind, "what is packed before it can't be read: %s", e.Detail)
	}
	return lost(event.DamageTruncated, "the data of its folder ends before it, after %s bytes", grouped(s.pos))
}

// cabReader reads the folder that is open. Where it goes on in another cabinet
// it says in which.
type cabReader struct{ s *cabStream }

func (r cabReader) Read(p []byte) (int, error) {
	n, err := r.s.r.Read(p)
	if errors.Is(err, cab.ErrNext) {
		return n, r.s.goesOn()
	}
	return n, explainCab(err)
}

// explainCab keeps what the reader says of a cabinet that was cut off.
func explainCab(err error) error {
	if e, ok := err.(*cab.Error); ok && errors.Is(e, io.ErrUnexpectedEOF) {
		return lost(event.DamageTruncated, "%s: %s", cabLibrary, e)
	}
	return explain(cabLibrary, err)
}

func (s *cabStream) goesOn() error {
	after, _ := label(s.c.Next)
	return lost(event.DamageUnsupported, "goes on in the next cabinet, %s: read up to there", shorten(after))
}

// readsOf reads s.in and keeps its place.
type readsOf struct{ s *cabStream }

func (r readsOf) Read(p []byte) (int, error) {
	n, err := r.s.in.Read(p)
	r.s.pos += int64(n)
	return n, err
}

// A cabFile is the content of one file, read from the stream.
type cabFile struct {
	s *cabStream
	f *cab.File
}

func (c *cabFile) Read(p []byte) (int, error) {
	left := c.f.Offset + c.f.Size - c.s.pos
	if left == 0 {
		return 0, c.atEnd()
	}
	n, err := readsOf{c.s}.Read(p[:min(int64(len(p)), left)])
	c.s.err = err
	if err == io.EOF {
		err = c.ended()
	}
	return n, err
}

func (c *cabFile) atEnd() error {
	if c.s.r.Unsound() > c.f.Offset {
		return &Error{Kind: event.DamageArchive, Detail: "a block of the cabinet that it lies in does not match its checksum"}
	}
	return io.EOF
}

// ended is the error where the folder ends within the file.
func (c *cabFile) ended() error {
	if c.f.Next {
		return c.s.goesOn()
	}
	return lost(event.DamageTruncated, "ends after %s of %s bytes", grouped(c.s.pos-c.f.Offset), grouped(c.f.Size))
}
