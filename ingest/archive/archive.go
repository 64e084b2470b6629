// Package archive opens archives that come from strangers: zip, tar, gzip, bzip2,
// xz, zstd, cab, 7z, rar and what is nested in them. Start with [Sniff] and [Run.Open].
//
// An archive is recognised by its first bytes and never by its name. Its
// members are iterated in the order of the archive and returned sorted (see
// [Compare]). A member that can be read at any time, such as one of a zip, is
// left where it lies until it is read. One that comes by once, such as one of
// a compressed tar, is looked at by its first [HeadBytes] bytes, and kept in
// memory or in a private temporary folder if it is wanted.
//
// Promises: nothing is written under a name from an archive; names are labels.
// Memory, disk, time and nesting are bounded by [Limits]. What could not be
// read is said, and the rest is read all the same. A decoder that panics on
// damaged data damages its member only.
//
// # Formats
//
//	format                   members    nested without a copy
//	zip                      any time   if stored, in what has random access
//	tar                      any time   if in what has random access
//	gzip, bzip2, xz, zstd    any time   yes
//	a tar packed by these    once       yes
//	cab, 7z, rar             once       if stored, in what has random access
//
// Of the methods of zip those are read that Windows, Info-ZIP and 7-Zip use by
// default: stored, Deflate, Deflate64. Of 7z all but Deflate64 and those of its
// forks, of rar all since version 2. What is encrypted is read with a password
// (see [Run]): AES and ZipCrypto in zips, AES in 7z and in rar since version 3.
// Of a set of volumes only what is whole in the one is read.
//
// Another format is one file with one function of the type listFunc, and its
// line in the table formats.
package archive

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// HeadBytes is how much of a file's start is looked at to recognise it: in a list of
// events, which may be UTF-16, the message of the first one comes before most of its
// properties.
const HeadBytes = 16 << 10

// A format is one line of the table of formats.
type format struct {
	name string
	is   func(head []byte) bool
	list listFunc
}

// A listFunc iterates the members of an archive in their order and hands each
// to l.add. What is wrong with the archive itself goes to l.damaged; an error
// ends the list, and the members before it stay.
type listFunc func(l *lister, in *Content) error

var formats = []format{
	{"zip", magic(0, "PK\x03\x04", "PK\x05\x06", "PK\x07\x08PK\x03\x04"), listZip},
	{"gzip", magic(0, "\x1f\x8b\x08"), gzipFiles.list},
	{"tar", isTar, listTar},
	{"7z", magic(0, sevenZipMagic), listSevenZip},
	{"cab", magic(0, "MSCF\x00\x00\x00\x00"), listCab},
	{"rar", magic(0, rar4Magic, rar5Magic), listRar},
	{"xz", magic(0, "\xfd7zXZ\x00"), xzFiles.list},
	{"bzip2", isBzip2, bzip2Files.list},
	{"zstd", isZstd, zstdFiles.list},
}

func magic(offset int, alternatives ...string) func([]byte) bool {
	return func(head []byte) bool {
		return len(head) > offset && slices.ContainsFunc(alternatives, func(m string) bool {
			return bytes.HasPrefix(head[offset:], []byte(m))
		})
	}
}

func isBzip2(head []byte) bool {
	return len(head) >= 10 && string(head[:3]) == "BZh" && '1' <= head[3] && head[3] <= '9' && string(head[4:10]) == "1AY&SY"
}

// isZstd looks behind frames that are to be skipped (RFC 8878, 3.1.2), such as
// pzstd writes first: 4 bytes of 0x184d2a50 to 0x184d2a5f, 4 bytes size n, n bytes.
func isZstd(head []byte) bool {
	for len(head) >= 8 && binary.LittleEndian.Uint32(head)&^0xf == 0x184d2a50 {
		size := binary.LittleEndian.Uint32(head[4:])
		if uint64(size) > uint64(len(head)-8) {
			return false
		}
		head = head[8+size:]
	}
	return bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd"))
}

// Sniff returns the name of the archive format that a file with these first
// bytes has, or "" if it is no archive.
func Sniff(head []byte) string {
	for i := range formats {
		if formats[i].is(head) {
			return formats[i].name
		}
	}
	return ""
}

// IsFormat reports whether an Archive may have this Format.
func IsFormat(name string) bool {
	return strings.HasPrefix(name, "tar.") || slices.ContainsFunc(formats, func(f format) bool { return f.name == name })
}

// A Run is what the archives of one run share: the limits, and the room for
// unpacked members. It is safe for concurrent use.
type Run struct {
	// Passwords are tried in their order on what is encrypted. Set them before
	// the first Open. No error and no damage tells one.
	Passwords []string

	limits Limits
	pool   pool
	total  atomic.Int64
}

// NewRun starts a run. Close must be called at its end.
func NewRun(limits Limits) *Run {
	return &Run{limits: limits, pool: pool{memory: limits.Memory}}
}

// Close removes all temporary files.
func (r *Run) Close() error { return r.pool.close() }

// Unpacked returns how many bytes the run has unpacked so far.
func (r *Run) Unpacked() int64 { return r.total.Load() }

// Meter returns a meter for one step, such as reading one member of an archive
// that was given and has input bytes.
func (r *Run) Meter(ctx context.Context, input int64) *Meter {
	m := &Meter{ctx: ctx, limits: &r.limits, total: &r.total}
	m.SetInput(input)
	return m
}

// Spool copies what can be read only once, such as standard input. Free must
// be called when the content is not needed any more.
func (r *Run) Spool(m *Meter, in io.Reader) (c Content, free func(), err error) {
	s := &spool{pool: &r.pool}
	all := &soft{r: &unpacker{m: m, lib: "input", r: in, packed: -1}}
	data, err := s.add(all)
	if err == nil {
		err = all.err
	}
	if err != nil {
		s.close()
		return Content{}, nil, err
	}
	return FileContent(data, data.Size()), s.close, nil
}

// An Archive is an archive's sorted table of contents.
type Archive struct {
	Format  string // "zip", "tar", "tar.gz", …
	Members []Member
	Damage  []event.Damage // what is wrong with the archive itself
	Err     error          // the system's error or the context's, if one ended the list

	spool spool
}

// Close frees the members' memory and temporary files.
func (a *Archive) Close() { a.spool.close() }

// A Member is one file in an archive. Folders are not members.
type Member struct {
	Name    string         // label of the path in the archive: slashes, no way out
	Skipped string         // why it is not to be read, without anything being lost
	Damage  []event.Damage // what is known to be wrong with it; if a loss, Content is zero
	Content Content
}

// Readable reports whether the member's content can be opened.
func (m *Member) Readable() bool { return m.Content.open != nil || m.Content.At != nil }

// A Want decides by a member's name and first bytes whether it is worth
// keeping. It returns why not, or "".
type Want func(name string, head []byte) (skip string)

// Open reads the table of contents of an archive. Format is what Sniff
// returned for it. The name of a compressed file's content is derived from
// name, the label of the archive. Want is asked for members that come by only
// once. What is wrong is in the result, which must be closed.
func (r *Run) Open(m *Meter, format, name string, in Content, want Want) *Archive {
	a := &Archive{Format: format, spool: spool{pool: &r.pool}}
	l := &lister{m: m, a: a, name: name, want: want, passwords: r.Passwords}
	for i := range formats {
		if formats[i].name == format {
			l.damaged(formats[i].list(l, &in))
		}
	}
	slices.SortStableFunc(a.Members, func(x, y Member) int { return Compare(x.Name, y.Name) })
	return a
}

// A lister collects the members of one archive.
type lister struct {
	m       *Meter
	a       *Archive
	name    string
	want    Want
	entries int

	passwords []string
}

// An entry is a member as its format describes it.
type entry struct {
	name    string // as in the archive
	skipped string // why it is no file that could be read, such as a link
	fault   *Error // why it can't be read, though it is a file

	// The content: one that can be read at any time, or a stream that is
	// read before add returns.
	content Content
	stream  io.Reader
}

// damaged notes what is wrong with the archive, if anything.
func (l *lister) damaged(err error) {
	if e, ok := err.(*Error); ok {
		if d := e.Damage(-1); !slices.Contains(l.a.Damage, d) {
			l.a.Damage = append(l.a.Damage, d)
		}
	} else if err != nil && l.a.Err == nil {
		l.a.Err = err
	}
}

// count counts an entry, also one that is no member. Its error is that there
// are too many.
func (l *lister) count() error {
	if err := l.m.ctx.Err(); err != nil {
		return err
	}
	if l.entries++; l.entries > l.m.limits.ArchiveEntries {
		return lost(event.DamageLimit, "more than %s entries: the rest is not read", grouped(l.m.limits.ArchiveEntries))
	}
	return nil
}

// add adds a member. Its error ends the list: a stream that can't be read on,
// or a spool that can't be written.
func (l *lister) add(e *entry) error {
	raw := e.name
	if len(raw) > l.m.limits.NameBytes {
		raw = strings.ToValidUTF8(raw[:l.m.limits.NameBytes], "")
	}
	name, escapes := label(raw)
	m := Member{Name: name, Skipped: e.skipped}
	if escapes {
		m.Damage = append(m.Damage, event.Damage{Kind: event.DamageSuspiciousName, Offset: -1, Detail: "its name in the archive would lead out of the folder it is unpacked to"})
	}
	if fault := l.tooLong(name, len(e.name)); fault != nil {
		m.Name, e.fault = shorten(name), fault
	}
	var err error
	switch {
	case e.skipped != "":
	case e.fault != nil:
		m.Damage = append(m.Damage, e.fault.Damage(-1))
	case e.stream != nil:
		err = l.keep(&m, e.stream)
	default:
		m.Content = e.content
	}
	if err == nil || m.Readable() {
		l.a.Members = append(l.a.Members, m)
	}
	return err
}

// broken returns of an error of one of several streams what ends not only that
// stream but the list: an error of the system, or that no more is unpacked.
func (l *lister) broken(err error) error {
	if err == nil || err == io.EOF {
		return nil
	}
	if _, ok := err.(*Error); ok && l.m.Unpacked() <= l.m.max {
		return nil
	}
	return err
}

func (l *lister) tooLong(name string, size int) *Error {
	if size > l.m.limits.NameBytes {
		return lost(event.DamageLimit, "its name has %s bytes, more than %s: not read", grouped(size), grouped(l.m.limits.NameBytes))
	}
	if levels := 1 + bytes.Count([]byte(name), []byte("/")); levels > l.m.limits.NameLevels {
		return lost(event.DamageLimit, "its name has %d levels, more than %d: not read", levels, l.m.limits.NameLevels)
	}
	return nil
}

// keep spools a member that comes by only once, if it is wanted. What can be
// read of a damaged one is kept.
func (l *lister) keep(m *Member, r io.Reader) error {
	in := &soft{r: r}
	head, err := io.ReadAll(io.LimitReader(in, HeadBytes))
	if err != nil {
		return err
	}
	if in.err == nil || len(head) == HeadBytes {
		if m.Skipped = l.want(m.Name, head); m.Skipped != "" {
			return nil
		}
	}
	data, err := l.a.spool.add(&soft{r: io.MultiReader(bytes.NewReader(head), in)})
	if err != nil {
		return err
	}
	m.Content = FileContent(data, data.Size())
	if e, ok := in.err.(*Error); ok {
		m.Damage = append(m.Damage, e.Damage(data.Size()))
		return nil // the format's next step fails too, and says so for the archive
	}
	return in.err
}

// seekable returns the content with random access: itself, or a spooled copy.
// What is wrong with a copy is noted; what was read of it is used.
func (l *lister) seekable(in *Content) (*Content, error) {
	if in.At != nil {
		return in, nil
	}
	r, err := in.Open(l.m)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	all := &soft{r: r}
	data, err := l.a.spool.add(all)
	if err != nil {
		return nil, err
	}
	l.damaged(all.err)
	c := FileContent(data, data.Size())
	return &c, nil
}
