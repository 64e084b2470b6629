package archive

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// No free program packs RAR archives, so the tests make their own, of stored
// members ("RAR 5.0 archive format", rarlab.com; technote.txt of RAR 4).

// rar4Block makes a block: the low half of a CRC-32, 1 type, 2 flags, 2 size, and
// what the type has.
func rar4Block(kind byte, flags uint16, fields []byte) []byte {
	b := binary.LittleEndian.AppendUint16([]byte{kind}, flags)
	b = binary.LittleEndian.AppendUint16(b, uint16(7+len(fields)))
	b = append(b, fields...)
	return append(binary.LittleEndian.AppendUint16(nil, uint16(crc32.ChecksumIEEE(b))), b...)
}

// rar4File makes the block of a stored file: 4 packed size, 4 size, 1 system (3 is
// Unix), 4 CRC-32, 4 time, 1 version, 1 method, 2 size of the name, 4 attributes,
// the name.
func rar4File(f file, flags uint16, attributes uint32) []byte {
	return rar4Part(f, len(f.data), flags, attributes)
}

// rar4Part is rar4File for a part of a file of size bytes.
func rar4Part(f file, size int, flags uint16, attributes uint32) []byte {
	h := binary.LittleEndian.AppendUint32(nil, uint32(len(f.data)))
	h = binary.LittleEndian.AppendUint32(h, uint32(size))
	h = append(h, 3)
	h = binary.LittleEndian.AppendUint32(h, crc32.ChecksumIEEE([]byte(f.data)))
	h = append(h, 0, 0, 0, 0, 29, 0x30)
	h = binary.LittleEndian.AppendUint16(h, uint16(len(f.name)))
	h = binary.LittleEndian.AppendUint32(h, attributes)
	return append(rar4Block(0x74, 0x8000|flags, append(h, f.name...)), f.data...)
}

func rar4(flags uint16, blocks ...[]byte) []byte {
	return append([]byte(rar4Magic), bytes.Join(append([][]byte{rar4Block(0x73, flags, make([]byte, 6))}, blocks...), nil)...)
}

var rar4End = rar4Block(0x7b, 0x4000, nil)

func makeRar4(files ...file) []byte {
	var blocks [][]byte
	for _, f := range files {
		blocks = append(blocks, rar4File(f, 0, 0o100644))
	}
	return rar4(0, append(blocks, rar4End)...)
}

// rar5Block makes a block: 4 CRC-32, then numbers: size, type, flags, size of the
// extra area if there is one, size of the data if there are any; the fields, the
// extra area; and the data.
func rar5Block(kind, flags uint64, fields, extra, data []byte) []byte {
	var h []byte
	if len(extra) > 0 {
		flags |= 1
	}
	if data != nil {
		flags |= 2
	}
	h = numbers(kind, flags)
	if len(extra) > 0 {
		h = binary.AppendUvarint(h, uint64(len(extra)))
	}
	if data != nil {
		h = binary.AppendUvarint(h, uint64(len(data)))
	}
	return append(rar5Header(append(append(h, fields...), extra...)), data...)
}

func rar5Header(h []byte) []byte {
	h = append(binary.AppendUvarint(nil, uint64(len(h))), h...)
	return append(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(h)), h...)
}

func numbers(list ...uint64) (b []byte) {
	for _, n := range list {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

// rar5Fields makes the fields of a file: flags (4: with CRC-32), size, attributes,
// 4 CRC-32, compression, system (1 is Unix), size of the name, name.
func rar5Fields(f file, compression, size uint64) []byte {
	h := binary.LittleEndian.AppendUint32(numbers(4, size, 0o100644), crc32.ChecksumIEEE([]byte(f.data)))
	return append(append(h, numbers(compression, 1, uint64(len(f.name)))...), f.name...)
}

func rar5File(f file) []byte {
	return rar5Block(2, 0, rar5Fields(f, 0, uint64(len(f.data))), nil, []byte(f.data))
}

func rar5(flags []byte, blocks ...[]byte) []byte {
	return append([]byte(rar5Magic), bytes.Join(append([][]byte{rar5Block(1, 0, flags, nil, nil)}, blocks...), nil)...)
}

var rar5End = rar5Block(5, 0, numbers(0), nil, nil)

func makeRar5(files ...file) []byte {
	var blocks [][]byte
	for _, f := range files {
		blocks = append(blocks, rar5File(f))
	}
	return rar5(numbers(0), append(blocks, rar5End)...)
}

func TestRar(t *testing.T) {
	a, b, no := file{"d/a", "first"}, file{"b", noise(3000)}, file{"no", "no" + noise(30000)}
	first := []string{"rar", "b = 3000 bytes", `d/a = "first"`}
	huge := file{"h", "packed"}
	for _, tt := range []struct {
		name string
		data []byte
		want []string
	}{
		{"4", makeRar4(a, b), first},
		{"5", makeRar5(a, b), first},
		{"4, solid", rar4(8, rar4File(no, 0, 0), rar4File(a, 0x10, 0), rar4End), []string{"rar", `d/a = "first"`, "no | not wanted"}},
		{"4, without an end", rar4(0, rar4File(a, 0, 0), rar4File(b, 0, 0)), first},
		{"4, folder and link", rar4(0, rar4File(file{"d", ""}, 0xe0, 0), rar4File(file{"l", "d/a"}, 0, 0o120777), rar4End), []string{"rar", "l | a symbolic link"}},
		{"5, links", rar5(numbers(0),
			rar5Block(2, 0, rar5Fields(file{"l", ""}, 0, 0), append(numbers(7), append(numbers(5, 1, 0, 3), "d/a"...)...), nil),
			rar5Block(2, 0, rar5Fields(file{"m", ""}, 0, 0), append(numbers(7), append(numbers(5, 4, 0, 3), "d/a"...)...), nil), rar5End),
			[]string{"rar", "l | a symbolic link", "m | a second name: its content stands in the archive under another name"}},
		{"names that lead out", makeRar5(file{"../../x", "y"}), []string{"rar", `x = "y" | suspicious-name false: its name in the archive would lead out of the folder it is unpacked to`}},
		{"4, encrypted", rar4(0, rar4File(a, 4, 0), rar4File(b, 0, 0), rar4End), []string{"rar", "b = 3000 bytes", "d/a | encrypted true: encrypted (RAR): give its password with --password"}},
		{"4, encrypted names", rar4(0x80, noiseBytes(50)), []string{"rar | encrypted true: the names are encrypted (RAR): give its password with --password"}},
		{"5, encrypted names", append([]byte(rar5Magic), rar5Block(4, 0, append(numbers(0, 0, 3), make([]byte, 16)...), nil, nil)...),
			[]string{"rar | encrypted true: the names are encrypted (RAR): give its password with --password"}},
		{"4, first volume", rar4(1, rar4File(a, 0, 0), rar4Part(b, 5000, 2, 0), rar4Block(0x7b, 0x4001, nil)),
			[]string{"rar | unsupported true: goes on in the next volume: read up to there",
				"b = 3000 bytes | unsupported true: goes on in the next volume: read up to there", `d/a = "first"`}},
		{"4, last volume", rar4(1, rar4File(b, 1, 0), rar4File(a, 0, 0), rar4End),
			[]string{"rar | unsupported true: what begins in another volume is not read", `d/a = "first"`}},
		{"5, first volume", rar5(numbers(1), rar5File(a), rar5Block(2, 0x10, rar5Fields(b, 0, 5000), nil, []byte(b.data)), rar5Block(5, 0, numbers(1), nil, nil)),
			[]string{"rar | unsupported true: goes on in the next volume: read up to there",
				"b = 3000 bytes | unsupported true: goes on in the next volume: read up to there", `d/a = "first"`}},
		{"5, second volume", rar5(numbers(3, 1), rar5File(a), rar5End), []string{"rar | unsupported true: one of several volumes, and not the first: not read"}},
		{"4 GiB dictionary", rar5(numbers(0), rar5File(a), rar5Block(2, 0, rar5Fields(huge, 15<<10|3<<7, 1<<40), nil, []byte(huge.data)), rar5End),
			[]string{"rar | limit true: it needs a dictionary of more than 268,435,456 bytes: not read", `d/a = "first"`}},
		{"unknown method", rar5(numbers(0), rar5Block(2, 0, rar5Fields(huge, 9|3<<7, 100), nil, []byte(huge.data)), rar5File(a), rar5End),
			[]string{"rar", `d/a = "first"`, "h | unsupported true: its compression method is not supported"}},
		{"4, cut in what is wanted", makeRar4(a, b)[:2000], []string{"rar | truncated true: ends after 2,000 of at least 3,093 bytes",
			"b = 1907 bytes | truncated true: nwaples/rardecode: the compressed data ends too early", `d/a = "first"`}},
		{"4, cut in what is not", makeRar4(a, no)[:28000], []string{"rar | truncated true: ends after 28,000 of at least 30,096 bytes", `d/a = "first"`, "no | not wanted"}},
		{"5, cut behind", makeRar5(a, b)[:60], []string{"rar | truncated true: nwaples/rardecode: the compressed data ends too early", `d/a = "first"`}},
		{"4, content", flip(makeRar4(a, b), 60), nil},
		{"5, content", flip(makeRar5(a, b), 40), nil},
		{"5, header", flip(makeRar5(a, b), 20), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := list(t, DefaultLimits(), tt.data)
			if tt.want == nil {
				if !strings.Contains(strings.Join(got, "\n"), " | ") {
					t.Errorf("damage is not said: %q", got)
				}
			} else if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func flip(data []byte, at int) []byte {
	data[at] ^= 1
	return data
}

func noiseBytes(n int) []byte { return []byte(noise(n)) }

// encryptRar5 makes the block of a stored, encrypted file. Its extra area has a
// record: type 1, version, flags (1: with the check value), 1 logarithm of the
// rounds, 16 salt, 16 initial vector, 12 check value.
func encryptRar5(f file, password string) []byte {
	const log = 4
	salt, iv := bytes.Repeat([]byte{7}, 16), bytes.Repeat([]byte{9}, aes.BlockSize)
	derive := func(rounds int) []byte {
		key, _ := pbkdf2.Key(sha256.New, password, salt, rounds, 32)
		return key
	}
	value := make([]byte, 8)
	for i, b := range derive(1<<log + 32) {
		value[i%8] ^= b
	}
	sum := sha256.Sum256(value)
	record := append(numbers(1, 0, 1), log)
	for _, part := range [][]byte{salt, iv, value, sum[:4]} {
		record = append(record, part...)
	}
	data := append([]byte(f.data), make([]byte, -len(f.data)&15)...)
	block, _ := aes.NewCipher(derive(1 << log))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(data, data)
	return rar5Block(2, 0, rar5Fields(f, 0, uint64(len(f.data))), append(numbers(uint64(len(record))), record...), data)
}

func TestRarPasswords(t *testing.T) {
	data := rar5(numbers(0), rar5File(file{"open", "text"}), encryptRar5(file{"a", "first"}, "secret"), encryptRar5(file{"b", noise(3000)}, "secret"), rar5End)
	for _, tt := range []struct{ passwords, want []string }{
		{nil, []string{"rar", "a | encrypted true: encrypted (RAR): give its password with --password", "b | encrypted true: encrypted (RAR): give its password with --password", `open = "text"`}},
		{[]string{"x", "secret"}, []string{"rar", `a = "first"`, "b = 3000 bytes", `open = "text"`}},
		{[]string{"x"}, []string{"rar", "a | encrypted true: encrypted (RAR), and not with a password that was given with --password, or it is damaged",
			"b | encrypted true: encrypted (RAR), and not with a password that was given with --password, or it is damaged", `open = "text"`}},
	} {
		if diff := cmp.Diff(tt.want, list(t, DefaultLimits(), data, tt.passwords...)); diff != "" {
			t.Errorf("%q: -want +got:\n%s", tt.passwords, diff)
		}
	}
	// What needs none is read whatever was given.
	if diff := cmp.Diff([]string{"rar", `a = "first"`}, list(t, DefaultLimits(), makeRar4(file{"a", "first"}), "x", "y")); diff != "" {
		t.Error(diff)
	}
}

// TestForgedRar: sizes that a header claims cost neither time nor memory.
func TestForgedRar(t *testing.T) {
	for name, data := range map[string][]byte{
		"size":         rar5(numbers(0), rar5Block(2, 0, rar5Fields(file{"a", "x"}, 3<<7, 1<<62), nil, []byte("x")), rar5End),
		"packed size":  rar5(numbers(0), rar5Header(append(numbers(2, 2, 1<<63+5), rar5Fields(file{"a", "x"}, 0, 1)...))),
		"service data": rar5(numbers(0), rar5Header(append(numbers(3, 2, 1<<63+5), rar5Fields(file{"a", "x"}, 0, 1)...)), rar5End),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		list(t, DefaultLimits(), data)
		runtime.ReadMemStats(&after)
		if took, bytes := time.Since(start), after.TotalAlloc-before.TotalAlloc; took > time.Second || bytes > 64<<20 {
			t.Errorf("%s: took %v and %d bytes", name, took, bytes)
		}
	}
}

// FuzzRar fuzzes what a header with right checksums says: two readings give the
// same.
func FuzzRar(f *testing.F) {
	one := file{"a", "content"}
	f.Add(false, rar4File(one, 0, 0)[7:], []byte("x"))
	f.Add(true, append(numbers(2, 2, 7), rar5Fields(one, 0, 7)...), []byte(one.data))
	f.Add(true, append(numbers(2, 2, 7), rar5Fields(one, 3<<7, 7)...), []byte(one.data))
	f.Fuzz(func(t *testing.T, five bool, header, data []byte) {
		all := rar4(8, rar4Block(0x74, 0x8000, header[:min(len(header), 60_000)]), data, rar4End)
		if five {
			all = rar5(numbers(0), rar5Header(header), data, rar5End)
		}
		checkArchive(t, "rar", inMemory(all))
		if diff := cmp.Diff(list(t, fuzzLimits(), all), list(t, fuzzLimits(), all)); diff != "" {
			t.Errorf("read again: %s", diff)
		}
	})
}
