// Package evttest writes classic event logs (.evt) for tests: sound ones, rings
// that went round, and such that were not closed. See package evt for the format.
package evttest

import (
	"bytes"
	"encoding/binary"
	"time"
	"unicode/utf16"
)

var le = binary.LittleEndian

// A Record is what one record holds.
type Record struct {
	Number           uint32
	Time             time.Time
	ID               uint32 // with the qualifiers above
	Type, Category   uint16
	Source, Computer string
	SID              []byte
	Strings          []string
	Data             []byte
}

// Bytes returns the record as it stands in a log.
func (r *Record) Bytes() []byte {
	var b bytes.Buffer
	b.Write(make([]byte, 56))
	b.Write(text(r.Source))
	b.Write(text(r.Computer))
	for b.Len()%4 != 0 {
		b.WriteByte(0)
	}
	sid := b.Len()
	b.Write(r.SID)
	strings := b.Len()
	for _, s := range r.Strings {
		b.Write(text(s))
	}
	data := b.Len()
	b.Write(r.Data)
	for b.Len()%4 != 0 {
		b.WriteByte(0)
	}
	size := uint32(b.Len() + 4)
	out := le.AppendUint32(b.Bytes(), size)
	le.PutUint32(out, size)
	copy(out[4:], "LfLe")
	le.PutUint32(out[8:], r.Number)
	le.PutUint32(out[12:], uint32(r.Time.Unix()))
	le.PutUint32(out[16:], uint32(r.Time.Unix()))
	le.PutUint32(out[20:], r.ID)
	le.PutUint16(out[24:], r.Type)
	le.PutUint16(out[26:], uint16(len(r.Strings)))
	le.PutUint16(out[28:], r.Category)
	le.PutUint32(out[36:], uint32(strings))
	le.PutUint32(out[40:], uint32(len(r.SID)))
	le.PutUint32(out[44:], uint32(sid))
	le.PutUint32(out[48:], uint32(len(r.Data)))
	le.PutUint32(out[52:], uint32(data))
	return out
}

// text is UTF-16 with a NUL behind it.
func text(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = le.AppendUint16(b, u)
	}
	return append(b, 0, 0)
}

// A Log is a file.
type Log struct {
	Records []Record // the oldest first
	Size    int      // of a ring, in bytes; 0: one that did not go round
	Start   int      // of a ring: where the oldest record begins, behind the header
	Dirty   bool     // not closed: the header's offsets are those of an empty log
}

const (
	headerSize = 0x30
	endSize    = 0x28
)

// Bytes returns the file. In a ring, records and the end-of-file record go on
// behind the header when the file ends; what is not written is 0xAB.
func (l *Log) Bytes() []byte {
	var all []byte
	for i := range l.Records {
		all = append(all, l.Records[i].Bytes()...)
	}
	size, start := l.Size, headerSize+l.Start
	if size == 0 {
		size, start = headerSize+len(all)+endSize, headerSize
	}
	room := size - headerSize
	at := func(n int) uint32 { return uint32(headerSize + (start-headerSize+n)%room) }
	file := bytes.Repeat([]byte{0xAB}, size)
	next, oldest := uint32(1), uint32(0)
	if n := len(l.Records); n > 0 {
		next, oldest = l.Records[n-1].Number+1, l.Records[0].Number
	}
	end := le.AppendUint32(nil, endSize)
	for _, n := range []uint32{0x11111111, 0x22222222, 0x33333333, 0x44444444, at(0), at(len(all)), next, oldest, endSize} {
		end = le.AppendUint32(end, n)
	}
	for i, b := range append(all[:len(all):len(all)], end...) {
		file[at(i)] = b
	}
	header(file, at(0), at(len(all)), next, oldest, l.Dirty)
	return file
}

func header(file []byte, begin, end, next, oldest uint32, dirty bool) {
	flags := uint32(0)
	if dirty {
		begin, end, next, oldest, flags = headerSize, headerSize, 1, 0, 1
	}
	for i, n := range []uint32{headerSize, 0x654c664c, 1, 1, begin, end, next, oldest, uint32(len(file)), flags, 0, headerSize} {
		le.PutUint32(file[4*i:], n)
	}
}
