package store

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"unicode/utf8"
)

// A packed is one row in memory and in the spill file, so that sorting a
// million rows leaves the garbage collector nothing to do:
//
//	0   4   size of the whole
//	4   4   number of the source: sources are numbered as they are first written
//	8   48  the numbers, 8 each, in the order of the columns
//	56  44  where each text ends, 4 each, from the start of the row
//	100 …   the texts, in the order of the columns; that of Source is empty
//
// All in little-endian order.
type packed []byte

const (
	packedNumbers = 8
	packedEnds    = packedNumbers + 8*numbers
	packedTexts   = packedEnds + 4*texts
)

func (p packed) source() uint32 { return binary.LittleEndian.Uint32(p[4:]) }

func (p packed) number(c Column) int64 {
	return int64(binary.LittleEndian.Uint64(p[packedNumbers+8*c:]))
}

func (p packed) text(c Column) []byte {
	start := uint32(packedTexts)
	if c > firstText {
		start = p.end(c - 1)
	}
	return p[start:p.end(c):p.end(c)]
}

func (p packed) end(c Column) uint32 {
	return binary.LittleEndian.Uint32(p[packedEnds+4*int(c-firstText):])
}

// comparePacked is the order of the file: time, source, offset. Rows that
// agree in these are told apart by their bytes, so that the order in which
// rows were written does not show in the file.
func comparePacked(a, b packed) int {
	return cmp.Or(cmp.Compare(a.number(Time), b.number(Time)), cmp.Compare(a.source(), b.source()),
		cmp.Compare(a.number(Offset), b.number(Offset)), bytes.Compare(a, b))
}

// A packing is a row that is being appended to bytes, text by text, so that
// nothing is made only to be copied.
type packing struct {
	bytes       []byte
	start, text int    // of the row, and of the text that is not ended
	next        Column // which that text is of
}

func beginPacked(b []byte, source uint32, n [numbers]int64) packing {
	p := packing{bytes: b, start: len(b), next: firstText}
	var head [packedTexts]byte
	binary.LittleEndian.PutUint32(head[4:], source)
	for i, v := range n {
		binary.LittleEndian.PutUint64(head[packedNumbers+8*i:], uint64(v))
	}
	p.bytes = append(p.bytes, head[:]...)
	p.text = len(p.bytes)
	return p
}

// add appends the next column's text.
func (p *packing) add(s string) {
	p.bytes = append(p.bytes, s...)
	p.end()
}

// end says that the next column's text was appended.
func (p *packing) end() {
	if text := p.bytes[p.text:]; !utf8.Valid(text) { // which is quicker to ask than to mend
		p.bytes = append(p.bytes[:p.text], bytes.ToValidUTF8(text, []byte("\uFFFD"))...)
	}
	p.text = len(p.bytes)
	binary.LittleEndian.PutUint32(p.bytes[p.start+packedEnds+4*int(p.next-firstText):], uint32(p.text-p.start))
	p.next++
}

// finish returns the bytes with the whole row.
func (p *packing) finish() []byte {
	binary.LittleEndian.PutUint32(p.bytes[p.start:], uint32(len(p.bytes)-p.start))
	return p.bytes
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// appendRow appends a row to b.
func appendRow(b []byte, r *Row, source uint32) []byte {
	p := beginPacked(b, source, [numbers]int64{
		Time: nanoseconds(r.Time), ID: int64(r.ID), Level: int64(r.Level), Record: int64(r.Record), Offset: r.Offset, Recovered: bit(r.Recovered),
	})
	p.add(r.Host)
	p.add(r.Channel)
	p.add(r.Provider)
	p.add(r.Classic)
	p.end() // of Source
	p.add(r.Job)
	p.bytes = appendLines(p.bytes, r.VMs)
	p.end()
	p.bytes = appendLines(p.bytes, r.Volumes)
	p.end()
	p.bytes = appendCodes(p.bytes, r.Codes)
	p.end()
	p.bytes = appendFields(p.bytes, r.Fields)
	p.end()
	p.add(r.Message)
	return p.finish()
}

// rowSize is about the length of what appendRow appends; escaping makes it
// more, at most three times as much.
func rowSize(r *Row) int {
	n := packedTexts + len(r.Host) + len(r.Channel) + len(r.Provider) + len(r.Classic) + len(r.Job) + len(r.Message)
	for _, list := range [...][]string{r.VMs, r.Volumes} {
		for _, s := range list {
			n += len(s) + len("\n")
		}
	}
	for i := range r.Fields {
		n += len(r.Fields[i].Name) + len(r.Fields[i].Value) + len("=\n")
	}
	return n + len(r.Codes)*len("0x800423f4 ")
}

// appendFlat appends a row that was read from a store.
func appendFlat(b []byte, f *flat, source uint32) []byte {
	p := beginPacked(b, source, f.numbers)
	for c := firstText; int(c) < columns; c++ {
		if c == Source {
			p.end()
		} else {
			p.add(*f.text(c))
		}
	}
	return p.finish()
}
