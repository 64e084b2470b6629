package archive

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
)

// maxProgram is how far into a program an archive is looked for, in bytes: those
// of 7-Zip and WinRAR that unpack themselves have some 300 kB before it.
const maxProgram = 2 << 20

// Behind returns the format of an archive that content which Sniff does not know
// ends with, or "": archives that unpack themselves are programs with an archive
// behind them.
func Behind(c Content) string {
	if isZipBehind(c) {
		return "zip"
	}
	format, _ := behindProgram(c)
	return format
}

// isZipBehind reports whether content ends as a zip does.
func isZipBehind(c Content) bool {
	const size = 22 // of the end of the central directory, without a comment
	var end [size]byte
	if c.At == nil || c.Size < size {
		return false
	}
	_, err := c.At.ReadAt(end[:], c.Size-size)
	return (err == nil || err == io.EOF) && bytes.HasPrefix(end[:], []byte("PK\x05\x06")) && end[20] == 0 && end[21] == 0
}

// behindProgram finds a 7z or rar archive in a program of Windows or Linux, and
// where it starts; 0 if there is none.
func behindProgram(c Content) (format string, start int64) {
	var head [4]byte
	if c.At == nil || c.Size < int64(len(head)) {
		return "", 0
	}
	if n, _ := c.At.ReadAt(head[:], 0); n < len(head) || string(head[:2]) != "MZ" && string(head[:]) != "\x7fELF" {
		return "", 0
	}
	data := make([]byte, min(maxProgram, c.Size))
	n, _ := c.At.ReadAt(data, 0)
	data = data[:n]
	for _, kind := range []struct {
		format, magic string
		sound         func([]byte) bool
	}{{"7z", sevenZipMagic, isSevenZipStart}, {"rar", rar4Magic, isRar4Start}, {"rar", rar5Magic, isRar5Start}} {
		for at := 0; ; at++ {
			next := bytes.Index(data[at:], []byte(kind.magic))
			if next < 0 {
				break
			}
			if at += next; kind.sound(data[at:]) {
				return kind.format, int64(at)
			}
		}
	}
	return "", 0
}

// afterProgram is the archive in a program, or the content itself.
func afterProgram(c *Content) *Content {
	_, start := behindProgram(*c)
	if start == 0 {
		return c
	}
	rest := FileContent(io.NewSectionReader(c.At, start, c.Size-start), c.Size-start)
	return &rest
}

// The programs that unpack such archives have their magic in them, too. So the
// checksum of the first header must be right.

func isSevenZipStart(b []byte) bool {
	var s sevenZipSignature
	return copy(s[:], b) == len(s) && crc32.ChecksumIEEE(s[12:]) == s.crc()
}

// isRar4Start: 2 bytes, the low half of the CRC-32 of the 11 bytes that follow.
func isRar4Start(b []byte) bool {
	b = b[len(rar4Magic):]
	return len(b) >= 13 && uint16(crc32.ChecksumIEEE(b[2:13])) == binary.LittleEndian.Uint16(b)
}

// isRar5Start: 4 bytes, the CRC-32 of the size that follows, a number, and of as
// many bytes behind it.
func isRar5Start(b []byte) bool {
	b = b[len(rar5Magic):]
	if len(b) < 5 {
		return false
	}
	size, n := binary.Uvarint(b[4:])
	if n < 1 || size > uint64(len(b)-4-n) {
		return false
	}
	return crc32.ChecksumIEEE(b[4:4+n+int(size)]) == binary.LittleEndian.Uint32(b)
}
