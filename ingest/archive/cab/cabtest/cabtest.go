// Package cabtest makes cabinet files for tests: sound ones by default, and
// with whatever a test wants to be wrong. Start with [Cabinet.Bytes]; [LZX]
// makes the blocks that no free program makes.
package cabtest

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
)

const frameSize = 32 << 10

// Methods of folders; LZX has its window's bits as well.
const (
	Stored  = 0
	MSZIP   = 1
	Quantum = 2
	LZX15   = 3 | 15<<8
)

// A Cabinet is what is written.
type Cabinet struct {
	Previous, Next string // neighbours in a set
	HeaderReserve  int    // bytes of the reserved areas
	FolderReserve  int
	DataReserve    int
	SumReserve     bool // checksums count the reserved area, as [MS-CAB] has it
	Folders        []Folder
	Files          []File
}

// A Folder has a method and blocks.
type Folder struct {
	Method uint16
	Blocks []Block
}

// A Block is one CFDATA.
type Block struct {
	Packed []byte
	Size   int // when unpacked
}

// A File is one entry of the table.
type File struct {
	Name         string
	Size, Offset int
	Folder       int
	Attributes   uint16
}

// Make returns a cabinet with files of these contents, in one folder.
func Make(method uint16, names []string, contents ...string) *Cabinet {
	c := &Cabinet{}
	var all []byte
	for i, s := range contents {
		c.Files = append(c.Files, File{Name: names[i], Size: len(s), Offset: len(all)})
		all = append(all, s...)
	}
	c.Folders = []Folder{{method, Pack(method, all)}}
	return c
}

// Pack returns the blocks of data, in LZX as literals only.
func Pack(method uint16, data []byte) []Block {
	switch method & 15 {
	case MSZIP:
		return packMSZIP(data)
	case Stored:
		var blocks []Block
		for ; len(data) > 0; data = data[min(len(data), frameSize):] {
			n := min(len(data), frameSize)
			blocks = append(blocks, Block{data[:n], n})
		}
		return blocks
	}
	x := NewLZX(uint(method>>8), 0)
	for i := 0; len(data) > 0; i++ {
		n := min(len(data), 50_000)
		x.Verbatim(Literals(data[:n]))
		data = data[n:]
	}
	return x.Blocks()
}

// packMSZIP deflates each block with what came before it as its dictionary, or
// stores it if that takes more than MSZIP allows.
func packMSZIP(data []byte) (blocks []Block) {
	const most = frameSize + 12
	for at := 0; at < len(data); at += frameSize {
		end := min(len(data), at+frameSize)
		packed := deflate(flate.DefaultCompression, data[max(0, at-frameSize):at], data[at:end])
		if len(packed) > most {
			packed = deflate(flate.NoCompression, nil, data[at:end])
		}
		blocks = append(blocks, Block{packed, end - at})
	}
	return blocks
}

func deflate(level int, before, data []byte) []byte {
	b := bytes.NewBufferString("CK")
	w, err := flate.NewWriterDict(b, level, before)
	if err == nil {
		w.Write(data)
		err = w.Close()
	}
	if err != nil {
		panic(err) // memory only, and a level that exists
	}
	return b.Bytes()
}

var le = binary.LittleEndian

// Bytes returns the file. See package cab for its layout.
func (c *Cabinet) Bytes() []byte {
	b := append([]byte("MSCF"), make([]byte, 32)...)
	b[24], b[25] = 3, 1
	le.PutUint16(b[26:], uint16(len(c.Folders)))
	le.PutUint16(b[28:], uint16(len(c.Files)))
	var flags uint16
	if c.HeaderReserve+c.FolderReserve+c.DataReserve > 0 {
		flags |= 4
		b = le.AppendUint16(b, uint16(c.HeaderReserve))
		b = append(b, byte(c.FolderReserve), byte(c.DataReserve))
		b = append(b, reserved(c.HeaderReserve)...)
	}
	for i, name := range []string{c.Previous, c.Next} {
		if name != "" {
			flags |= 1 << i
			b = append(b, name+"\x00disk\x00"...)
		}
	}
	le.PutUint16(b[30:], flags)
	folders := len(b)
	for _, f := range c.Folders {
		b = append(b, 0, 0, 0, 0)
		b = le.AppendUint16(b, uint16(len(f.Blocks)))
		b = le.AppendUint16(b, f.Method)
		b = append(b, reserved(c.FolderReserve)...)
	}
	le.PutUint32(b[16:], uint32(len(b)))
	for _, f := range c.Files {
		b = le.AppendUint32(b, uint32(f.Size))
		b = le.AppendUint32(b, uint32(f.Offset))
		b = le.AppendUint16(b, uint16(f.Folder))
		b = append(b, 0, 0, 0, 0)
		b = le.AppendUint16(b, f.Attributes)
		b = append(b, f.Name+"\x00"...)
	}
	for i, f := range c.Folders {
		le.PutUint32(b[folders+i*(8+c.FolderReserve):], uint32(len(b)))
		for _, block := range f.Blocks {
			b = c.appendBlock(b, block)
		}
	}
	le.PutUint32(b[8:], uint32(len(b)))
	return b
}

func (c *Cabinet) appendBlock(b []byte, block Block) []byte {
	var sizes []byte
	sizes = le.AppendUint16(sizes, uint16(len(block.Packed)))
	sizes = le.AppendUint16(sizes, uint16(block.Size))
	checksum := sum(block.Packed) ^ sum(sizes)
	if c.SumReserve {
		checksum ^= sum(reserved(c.DataReserve))
	}
	b = le.AppendUint32(b, checksum)
	b = append(b, sizes...)
	b = append(b, reserved(c.DataReserve)...)
	return append(b, block.Packed...)
}

func reserved(n int) []byte { return bytes.Repeat([]byte{0xaa}, n) }

// sum is the checksum, byte by byte.
func sum(b []byte) (sum uint32) {
	whole := len(b) &^ 3
	for i, c := range b[:whole] {
		sum ^= uint32(c) << (8 * (i & 3))
	}
	var rest uint32
	for _, c := range b[whole:] {
		rest = rest<<8 | uint32(c)
	}
	return sum ^ rest
}
