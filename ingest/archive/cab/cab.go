// Package cab reads Microsoft cabinet files: stored, MSZIP and LZX. Start with
// [Open] and [Cabinet.NewReader].
//
// A cabinet's files lie in folders. A folder is one compressed stream, in which
// its files follow each other: to read the last one, all before it are unpacked.
// So a folder is read as a stream, from its start, and a caller takes the files
// from it in the order of their offsets.
//
// The format is described in [MS-CAB], MSZIP in [MS-MCI], LZX in [MS-PATCH] and
// in "Microsoft LZX Data Compression Format" of the Cabinet SDK. What the three
// leave open follows what cabextract reads. Integers are little-endian:
//
//	CFHEADER
//	 0  4  "MSCF"
//	 4  4  0
//	 8  4  size of the cabinet
//	12  4  0
//	16  4  offset of the first CFFILE
//	20  4  0
//	24  2  version, 3 and 1: there is no other, and it is not looked at
//	26  2  folders
//	28  2  files
//	30  2  flags: 1 a cabinet comes before, 2 one follows, 4 areas are reserved
//	32  4  set and place in it
//	if areas are reserved:
//	    2  size of the area that follows this header
//	    1  size of the one in each CFFOLDER
//	    1  size of the one in each CFDATA
//	       the area
//	if a cabinet comes before, and again if one follows:
//	       its file name and that of its disk, each ended by a zero
//
//	CFFOLDER, right behind it
//	 0  4  offset of the first CFDATA
//	 4  2  blocks
//	 6  2  method: 0 stored, 1 MSZIP, 2 Quantum, 3 LZX; LZX's window at bit 8
//	 8     reserved area
//
//	CFFILE
//	 0  4  size
//	 4  4  offset in the folder
//	 8  2  folder; FFFD it begins in the cabinet before, FFFE it goes on in
//	       the next one, FFFF both
//	10  4  date and time
//	14  2  attributes; bit 7: the name is UTF-8
//	16     name, ended by a zero
//
// A claim is checked against its container before anything is allocated. What
// the tables promise is compared with what the folder has when it is read.
package cab

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

const (
	flagPrevious = 1 << iota
	flagNext
	flagReserve
)

// longestName is the most that is read of a name. The format says 255; some
// write UTF-8 names of 255 characters.
const longestName = 1024

// Sizes of the entries, without reserved areas and names.
const (
	headerSize      = 36
	folderEntrySize = 8
	fileEntrySize   = 16
)

// The folder numbers of files that are not whole in this cabinet.
const (
	fromPrevious       = 0xfffd
	intoNext           = 0xfffe
	fromPreviousToNext = 0xffff
)

// A Cabinet is a cabinet's table of contents. The tables of the format end at
// 65,535 folders and files.
type Cabinet struct {
	Size           int64  // in bytes, as the header claims
	Previous, Next string // file names of the neighbours in a set of cabinets, as bytes
	Folders        []Folder
	Files          []File // in the order of the table

	in          io.ReaderAt
	size        int64
	dataReserve int
}

// A Folder is one compressed stream.
type Folder struct {
	Method   Method
	Packed   int64 // bytes from its start to another folder, or to the end
	Previous bool  // it begins in the cabinet before: it can't be read

	start  int64
	blocks int
}

// A File is one file of a cabinet.
type File struct {
	Name     string // as bytes, with backslashes between its levels
	Folder   int    // index in Folders; -1 if the cabinet has no such folder
	Offset   int64  // in the folder, in bytes
	Size     int64  // in bytes; a claim
	Previous bool   // it begins in the cabinet before
	Next     bool   // it goes on in the next one
}

// An Error says what is wrong with a cabinet, and where in it.
type Error struct {
	Offset int64
	Detail string
	err    error
}

func (e *Error) Error() string { return fmt.Sprintf("%s, at byte %d", e.Detail, e.Offset) }

// Unwrap returns io.ErrUnexpectedEOF where the cabinet ends too early, and
// ErrNext where it goes on in another one.
func (e *Error) Unwrap() error { return e.err }

// ErrNext is the error of a folder that goes on in the next cabinet.
var ErrNext = errors.New("the data goes on in the next cabinet")

// Open reads the table of contents of a cabinet of size bytes. If the table is
// damaged, the cabinet has the files before the damage, and is nil if there is
// no use in it. Accept, if not nil, is asked for each file before it is kept;
// its error ends the table. The error is an *Error, or that of in or accept.
func Open(in io.ReaderAt, size int64, accept func(*File) error) (*Cabinet, error) {
	c := &Cabinet{in: in, size: size}
	t := &table{in: in, size: size}
	folders, files, at := c.header(t)
	if t.err != nil {
		return nil, t.err
	}
	c.folders(t, folders.count, folders.reserve)
	if t.err != nil {
		return nil, t.err
	}
	t.seek(at)
	for range files {
		f := c.file(t)
		if t.err == nil && accept != nil {
			t.err = accept(&f)
		}
		if t.err != nil {
			break
		}
		c.Files = append(c.Files, f)
	}
	c.measure()
	if end := t.offset(); t.err == nil && c.unlisted(t) {
		return c, &Error{end, fmt.Sprintf("the header counts %d files, and more stand behind them", files), nil}
	}
	return c, t.err
}

type folderTable struct{ count, reserve int }

func (c *Cabinet) header(t *table) (folders folderTable, files int, at int64) {
	h := t.take(headerSize)
	if t.err == nil && string(h[:4]) != "MSCF" {
		t.err = &Error{0, "no cabinet: its first bytes are not MSCF", nil}
	}
	if t.err != nil {
		return
	}
	c.Size, at = int64(u32(h[8:])), int64(u32(h[16:]))
	folders.count, files = u16(h[26:]), u16(h[28:])
	flags := u16(h[30:])
	if flags&flagReserve != 0 {
		r := t.take(4)
		t.take(u16(r))
		folders.reserve, c.dataReserve = int(r[2]), int(r[3])
	}
	if flags&flagPrevious != 0 {
		c.Previous = t.text()
		t.text()
	}
	if flags&flagNext != 0 {
		c.Next = t.text()
		t.text()
	}
	return folders, files, at
}

func (c *Cabinet) folders(t *table, n, reserve int) {
	for range n {
		h := t.take(folderEntrySize + reserve)
		if t.err != nil {
			return
		}
		c.Folders = append(c.Folders, Folder{start: int64(u32(h)), blocks: u16(h[4:]), Method: Method(u16(h[6:]))})
	}
}

// unlisted reports whether one more file stands in the table, between the last
// that the header counts and the data.
func (c *Cabinet) unlisted(t *table) bool {
	trial := *t
	h := trial.take(fileEntrySize)
	folder, name := u16(h[8:]), trial.text()
	data := c.size
	for i := range c.Folders {
		data = min(data, c.Folders[i].start)
	}
	return trial.err == nil && name != "" && (folder < len(c.Folders) || folder >= fromPrevious) && trial.offset() <= data
}

func (c *Cabinet) file(t *table) File {
	h := t.take(fileEntrySize)
	f := File{Size: int64(u32(h)), Offset: int64(u32(h[4:])), Folder: u16(h[8:]), Name: t.text()}
	switch last := len(c.Folders) - 1; {
	case f.Folder == fromPrevious:
		f.Folder, f.Previous = 0, true
	case f.Folder == intoNext:
		f.Folder, f.Next = last, true
	case f.Folder == fromPreviousToNext:
		f.Folder, f.Previous, f.Next = 0, true, true
	case f.Folder > last:
		f.Folder = -1
	}
	if len(c.Folders) == 0 {
		f.Folder = -1
	}
	if f.Previous && f.Folder == 0 {
		c.Folders[0].Previous = true
	}
	return f
}

// measure finds out how many bytes each folder has: up to where another one
// begins. Of those that begin at the same byte the first has them, so that no
// byte of the cabinet is unpacked twice.
func (c *Cabinet) measure() {
	order := make([]*Folder, len(c.Folders))
	for i := range order {
		order[i] = &c.Folders[i]
	}
	slices.SortStableFunc(order, func(a, b *Folder) int { return cmp.Compare(a.start, b.start) })
	end := c.size
	for i := len(order) - 1; i >= 0; i-- {
		if f := order[i]; i == 0 || order[i-1].start < f.start {
			f.Packed, end = max(0, end-f.start), min(end, f.start)
		}
	}
}

// A table is a cursor in the tables. It keeps the first error, and gives only
// zeros after it, which nobody uses.
type table struct {
	in    io.ReaderAt
	size  int64
	pos   int64 // of buf's end
	buf   []byte
	space [4 << 10]byte
	none  [folderEntrySize + 255]byte
	err   error
}

func (t *table) seek(pos int64) { t.pos, t.buf = pos, nil }

// offset is where the next byte stands.
func (t *table) offset() int64 { return t.pos - int64(len(t.buf)) }

func (t *table) fail(detail string, err error) {
	if t.err == nil {
		t.err = &Error{t.offset(), detail, err}
	}
}

// fill reads on if there are fewer than n bytes in buf, and reports whether
// there are n.
func (t *table) fill(n int) bool {
	if len(t.buf) >= n {
		return true
	}
	kept := copy(t.space[:], t.buf)
	most := min(int64(len(t.space)-kept), max(0, t.size-t.pos))
	got, err := t.in.ReadAt(t.space[kept:kept+int(most)], t.pos)
	t.buf = t.space[:kept+got]
	t.pos += int64(got)
	if err != nil && err != io.EOF && t.err == nil {
		t.err = err
	}
	return len(t.buf) >= n
}

// take returns the next n bytes, until the next call. An area of 64 KB is
// skipped and not returned.
func (t *table) take(n int) []byte {
	if n > len(t.none) {
		t.seek(t.offset() + int64(n))
		return nil
	}
	if t.err == nil && !t.fill(n) {
		t.fail("the cabinet ends in its table of contents", io.ErrUnexpectedEOF)
	}
	if t.err != nil {
		return t.none[:n]
	}
	b := t.buf[:n]
	t.buf = t.buf[n:]
	return b
}

// text returns the bytes up to the next zero.
func (t *table) text() string {
	if t.err != nil {
		return ""
	}
	t.fill(longestName + 1)
	n := bytes.IndexByte(t.buf[:min(len(t.buf), longestName+1)], 0)
	switch {
	case n >= 0:
		s := string(t.buf[:n])
		t.buf = t.buf[n+1:]
		return s
	case len(t.buf) > longestName:
		t.fail(fmt.Sprintf("a name of more than %d bytes in the table of contents", longestName), nil)
	default:
		t.fail("the cabinet ends in its table of contents", io.ErrUnexpectedEOF)
	}
	return ""
}

func u16(b []byte) int    { return int(binary.LittleEndian.Uint16(b)) }
func u32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }
