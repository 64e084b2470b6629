// Package mtatest writes files of messages, as package mta reads them.
package mtatest

import (
	"encoding/binary"
	"maps"
	"slices"
	"unicode/utf16"
)

var le = binary.LittleEndian

// Write makes a file that has these messages, by EventRecordID.
func Write(messages map[uint64]string) []byte {
	var events, texts [][]byte
	numbers := map[string]uint32{}
	for _, record := range slices.Sorted(maps.Keys(messages)) {
		text := messages[record]
		number, known := numbers[text]
		if !known {
			number = uint32(len(texts))
			numbers[text] = number
			units := wide(text + "\x00")
			texts = append(texts, append(le.AppendUint32(nil, uint32(len(units))), units...))
		}
		e := le.AppendUint64(nil, record)
		events = append(events, le.AppendUint32(le.AppendUint32(e, number), 0))
	}
	names := []string{"EVT", "MSG", "PUB"}
	contents := [][]byte{section(events), section(texts), section(nil)}
	const table = 3 * (20 + 6)
	b := append([]byte("MTAFile\x00"), 1, 0, 0, 0, 1, 0, 0, 0, table, 0, 0, 0, 3, 0, 0, 0)
	off := uint64(len(b) + table)
	for i, name := range names {
		b = le.AppendUint64(le.AppendUint64(b, off), uint64(len(contents[i])))
		b = append(le.AppendUint32(b, 6), wide(name)...)
		off += uint64(len(contents[i]))
	}
	return append(b, slices.Concat(contents...)...)
}

// section makes pages of up to 100 records each.
func section(records [][]byte) (b []byte) {
	const perPage, pageSize = 100, 888
	pages := max(1, (len(records)+perPage-1)/perPage)
	for page := range pages {
		part := records[min(len(records), page*perPage):min(len(records), (page+1)*perPage)]
		self, next := uint64(len(b)), uint64(len(b)+pageSize)
		var offsets, body []byte
		for i, r := range part {
			offsets = le.AppendUint64(offsets, next+uint64(len(body)))
			body = le.AppendUint32(le.AppendUint32(body, uint32(page*perPage+i)), uint32(len(r)))
			body = append(body, r...)
		}
		next += uint64(len(body))
		if page == pages-1 {
			next = self
		}
		b = le.AppendUint32(b, 0xffffffff)
		for range 14 {
			b = le.AppendUint32(b, uint32(max(0, page*perPage+len(part)-1)))
		}
		b = le.AppendUint32(b, 0xffffffff)
		b = le.AppendUint64(le.AppendUint64(le.AppendUint64(b, uint64(page)), next), self)
		b = append(b, append(offsets, make([]byte, 8*perPage-len(offsets))...)...)
		b = append(b, body...)
	}
	return b
}

func wide(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = le.AppendUint16(b, u)
	}
	return b
}
