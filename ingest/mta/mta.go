// Package mta reads the messages that Windows keeps beside an exported log: with
// "display information", or by "wevtutil archive-log", it writes
//
//	System.evtx
//	LocaleMetaData/System_1033.MTA
//
// where 1033 is the language (an LCID, in decimal). The file has the message of
// every event, wholly formatted. So it can be shown where the providers that wrote
// the events are not installed. It is for people: no rule may look at it, since it
// is in the language of the computer on which it was made.
//
// Start with [Open]. No document describes the format; what is below was found
// by comparing a file with Event Viewer's own export of the same log.
//
//	+0   8    "MTAFile\0"
//	+8   u32  major version, 1
//	+12  u32  minor version, 1
//	+16  u32  bytes of the table of sections
//	+20  u32  number of sections
//	+24       sections: u64 offset in the file, u64 size, u32 bytes of the name,
//	          the name in UTF-16
//
// A section ("EVT", "MSG", and "PUB", which is not read) is a list of pages with
// the records in between. All offsets in it count from its start.
//
//	+0   u32  0xffffffff
//	+4        14 × u32, the highest number of a record on the page
//	+60  u32  0xffffffff
//	+64  u64  number of the page
//	+72  u64  offset of the next page; of the last page, its own
//	+80  u64  its own offset
//	+88       100 × u64 offset of a record; 0: none
//
// A record is u32 its number, u32 its size, and so many bytes:
//
//	EVT: u64 EventRecordID, u32 number of a record of MSG, u32 0
//	MSG: u32 bytes of text, the text in UTF-16, ending with a NUL
package mta

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf16"

	"github.com/vsswhy/vsswhy/ingest/event"
)

const (
	fileHeader   = 24
	sectionEntry = 20
	pageSize     = 888
	pageRecords  = 100
	recordHeader = 8
	eventSize    = 16

	maxSections = 64
	maxName     = 256
	maxEvents   = 8 << 20 // of 12 bytes: far more than a log of Windows' default sizes has
	maxText     = 1 << 20 // bytes of a message; Windows allows for events of 64 KiB
)

var (
	le    = binary.LittleEndian
	magic = []byte("MTAFile\x00")
)

// Sniff reports whether a file begins like a file of messages.
func Sniff(head []byte) bool { return bytes.HasPrefix(head, magic) }

// A File has the messages of one log. It reads them when they are asked for, and
// is not safe for concurrent use.
type File struct {
	// Damage is what is wrong with the file, with offsets in it. It is never a
	// loss of events, only of their messages.
	Damage []event.Damage

	in     io.ReaderAt
	size   int64
	events []link  // sorted by record
	texts  []int64 // by number: offset in the file of a message's record; 0: there is none

	last     uint32 // the number of the message that was read last
	lastText string
	read     bool // there is such a one
}

// A link says which message an event has.
type link struct {
	record uint64
	text   uint32
}

// Open reads the tables of a file of size bytes. The error is that it is no such
// file, or that of in; what is damaged is in File.Damage, and the rest is there.
func Open(in io.ReaderAt, size int64) (*File, error) {
	f := &File{in: in, size: size}
	sections, err := f.sections()
	if err != nil {
		return nil, err
	}
	err = f.eachRecord(sections["EVT"], "EVT", f.addEvent)
	if err == nil {
		err = f.eachRecord(sections["MSG"], "MSG", f.addText)
	}
	slices.SortStableFunc(f.events, func(a, b link) int { return cmp.Compare(a.record, b.record) })
	return f, err
}

// Len is the number of events that have a message.
func (f *File) Len() int { return len(f.events) }

// Message returns the message of an event by its EventRecordID, with line ends as
// Windows writes them, and whether there is one.
func (f *File) Message(record uint64) (string, bool) {
	i, ok := slices.BinarySearchFunc(f.events, record, func(l link, record uint64) int { return cmp.Compare(l.record, record) })
	if !ok {
		return "", false
	}
	return f.text(f.events[i].text)
}

// text reads a message. The next event often has the same one.
func (f *File) text(number uint32) (string, bool) {
	if f.read && f.last == number {
		return f.lastText, true
	}
	if int64(number) >= int64(len(f.texts)) || f.texts[number] == 0 {
		return "", false
	}
	var head [recordHeader + 4]byte
	at := f.texts[number]
	if f.take(head[:], at) != nil {
		return "", false
	}
	n := min(le.Uint32(head[recordHeader:]), le.Uint32(head[4:])-4, maxText)
	raw := make([]byte, n&^1)
	if f.take(raw, at+int64(len(head))) != nil {
		return "", false
	}
	f.last, f.lastText, f.read = number, decode(raw), true
	return f.lastText, true
}

// decode decodes UTF-16 up to the NULs at its end.
func decode(raw []byte) string {
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = le.Uint16(raw[2*i:])
	}
	for len(units) > 0 && units[len(units)-1] == 0 {
		units = units[:len(units)-1]
	}
	return string(utf16.Decode(units))
}

// A section is a part of the file.
type section struct{ off, size int64 }

func (f *File) sections() (map[string]section, error) {
	var head [fileHeader]byte
	if err := f.take(head[:], 0); err != nil || !Sniff(head[:]) {
		return nil, errors.New("not a file of messages")
	}
	if major := le.Uint32(head[8:]); major != 1 {
		return nil, fmt.Errorf("version %d.%d of the format is not known", major, le.Uint32(head[12:]))
	}
	list := map[string]section{}
	at := int64(fileHeader)
	for range min(le.Uint32(head[20:]), maxSections) {
		var entry [sectionEntry]byte
		if err := f.take(entry[:], at); err != nil {
			f.damaged(at, "the table of sections is cut")
			break
		}
		name := make([]byte, min(le.Uint32(entry[16:]), maxName))
		if err := f.take(name, at+sectionEntry); err != nil {
			f.damaged(at, "the table of sections is cut")
			break
		}
		list[decode(name)] = section{int64(min(le.Uint64(entry[:]), uint64(f.size))), int64(min(le.Uint64(entry[8:]), uint64(f.size)))}
		at += sectionEntry + int64(len(name))
	}
	return list, nil
}

// eachRecord calls add for the records of a section, with the number of each, the
// offset in the file at which it stands, and the first of its bytes. The error is
// that of the input.
func (f *File) eachRecord(s section, name string, add func(number uint32, at int64, payload []byte)) error {
	end := min(s.off+s.size, f.size)
	if s.off+s.size > f.size {
		f.damaged(f.size, "the file ends within the section "+name)
	}
	var page [pageSize]byte
	for at := s.off; ; {
		if at+pageSize > end || f.take(page[:], at) != nil {
			f.damaged(at, "the list of pages of the section "+name+" is cut")
			return nil
		}
		if le.Uint32(page[:]) != 0xffffffff || int64(le.Uint64(page[80:])) != at-s.off {
			f.damaged(at, "no page of the section "+name+" begins here")
			return nil
		}
		if err := f.records(s.off, end, page[88:], add); err != nil {
			return err
		}
		next := s.off + int64(min(le.Uint64(page[72:]), uint64(f.size)))
		if next <= at { // the last page is its own next one; a loop is none
			return nil
		}
		at = next
	}
}

// records reads the records of a page whose offsets are given.
func (f *File) records(base, end int64, offsets []byte, add func(number uint32, at int64, payload []byte)) error {
	var b [recordHeader + eventSize]byte
	for i := range pageRecords {
		off := le.Uint64(offsets[8*i:])
		if off == 0 {
			continue
		}
		at := base + int64(min(off, uint64(f.size)))
		if at+recordHeader > end {
			f.damaged(at, "a record that lies outside of its section")
			continue
		}
		n := int(min(int64(len(b)), end-at))
		if err := f.take(b[:n], at); err != nil {
			return err
		}
		size := int64(le.Uint32(b[4:]))
		if at+recordHeader+size > end {
			f.damaged(at, "a record that is cut")
			continue
		}
		add(le.Uint32(b[:]), at, b[recordHeader:min(int64(n), recordHeader+size)])
	}
	return nil
}

func (f *File) addEvent(_ uint32, at int64, payload []byte) {
	switch {
	case len(payload) < eventSize:
		f.damaged(at, "an event of too few bytes")
	case len(f.events) == maxEvents:
		f.damaged(at, fmt.Sprintf("more than %d events: the rest has no message", maxEvents))
	default:
		f.events = append(f.events, link{le.Uint64(payload), le.Uint32(payload[8:])})
	}
}

// addText notes where a message stands. Numbers follow each other, so that one
// far beyond what the file has room for is damage.
func (f *File) addText(number uint32, at int64, payload []byte) {
	if len(payload) < 4 || int64(number) > f.size/recordHeader || number > maxEvents {
		f.damaged(at, "a message that can't be one")
		return
	}
	if need := int(number) + 1; need > len(f.texts) {
		f.texts = append(f.texts, make([]int64, need-len(f.texts))...)
	}
	f.texts[number] = at
}

// maxDamage bounds the list, which is for people.
const maxDamage = 20

func (f *File) damaged(at int64, what string) {
	if len(f.Damage) < maxDamage {
		f.Damage = append(f.Damage, event.Damage{Kind: event.DamageRecord, Offset: min(at, f.size), Detail: "messages: " + what})
	}
}

// take reads exactly len(b) bytes.
func (f *File) take(b []byte, at int64) error {
	if at < 0 || at+int64(len(b)) > f.size {
		return io.ErrUnexpectedEOF
	}
	n, err := f.in.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	return cmp.Or(err, io.ErrUnexpectedEOF)
}
