package archive

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"hash"
	"hash/crc32"
	"io"
	"slices"
	"sync"

	"golang.org/x/text/encoding/charmap"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// A zipCrypt is how a member is encrypted, and the password that opened it.
type zipCrypt struct {
	strength byte // of AES: 1, 2, 3 for keys of 128, 192, 256 bits; 0: ZipCrypto
	check    byte // of ZipCrypto: the last byte of its header, when it is decrypted

	mu    sync.Mutex
	found bool
	right string
}

func (c *zipCrypt) cipher() string {
	if c.strength == 0 {
		return "ZipCrypto"
	}
	return "AES"
}

// zipExtraAES is the extra field of a member that is encrypted by AES ("AES
// Encryption Information", WinZip):
//
//	0  2  0x9901
//	2  2  7
//	4  2  1, or 2 if the member has no CRC-32
//	6  2  "AE"
//	8  1  strength
//	9  2  compression method
const zipExtraAES = 0x9901

// readCrypt reads how a member is encrypted, if it is. Time is what its header
// states for its last change.
func (m *zipMember) readCrypt(extra []byte, time uint16) *Error {
	switch {
	case m.method == zipAES:
		field := zipExtra(extra, zipExtraAES)
		if len(field) < 7 || field[4] < 1 || field[4] > 3 {
			return lost(event.DamageArchive, "encrypted (AES), and the header that says how is damaged")
		}
		m.crypt = &zipCrypt{strength: field[4]}
		m.method = binary.LittleEndian.Uint16(field[5:])
		m.unsummed = field[0] == 2
	case m.flags&zipStrong != 0:
		return lost(event.DamageEncrypted, "encrypted (PKWARE's strong encryption), which is not supported")
	case m.flags&zipEncrypted != 0:
		m.crypt = &zipCrypt{check: byte(m.crc >> 24)}
		if m.flags&zipDescriptor != 0 { // the checksum was not known yet
			m.crypt.check = byte(time >> 8)
		}
	}
	return nil
}

// zipExtra returns the data of a field of the extra fields (APPNOTE.TXT 4.5.1):
// each is two bytes id, two bytes size n, n bytes data.
func zipExtra(extra []byte, id uint16) []byte {
	for len(extra) >= 4 {
		size := min(int(binary.LittleEndian.Uint16(extra[2:])), len(extra)-4)
		if binary.LittleEndian.Uint16(extra) == id {
			return extra[4 : 4+size]
		}
		extra = extra[4+size:]
	}
	return nil
}

// passwordPages are the code pages that programs of Windows write a password in: of
// Windows itself and of the console, in Western, Central and Eastern Europe. A zip says
// nothing of it.
var passwordPages = []*charmap.Charmap{
	charmap.Windows1252, charmap.CodePage850, charmap.CodePage437, charmap.Windows1250, charmap.CodePage852, charmap.Windows1251, charmap.CodePage866,
}

// spellings are the bytes that each password may have in a zip.
func spellings(passwords []string) (all []string) {
	for _, password := range passwords {
		all = append(all, password)
		for _, page := range passwordPages {
			if s, err := page.NewEncoder().String(password); err == nil && !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	return all
}

// unlock opens an encrypted member with the first password that is right.
func (m *zipMember) unlock(meter *Meter, in *Content, passwords []string) (io.ReadCloser, error) {
	c := m.crypt
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.found {
		r, _, err := m.decrypt(meter, in, c.right)
		return r, err
	}
	for _, password := range passwords {
		right, err := m.isRight(meter, in, password)
		if err != nil {
			return nil, err
		}
		if right {
			c.found, c.right = true, password
			r, _, err := m.decrypt(meter, in, password)
			return r, err
		}
	}
	return nil, locked(c.cipher(), passwords)
}

// isRight reports whether a password is right. One wrong one in 65,536 fits by
// chance; but with ZipCrypto one in 256, so there the content must be right, too.
func (m *zipMember) isRight(meter *Meter, in *Content, password string) (bool, error) {
	r, fits, err := m.decrypt(meter, in, password)
	if err != nil || !fits {
		return false, err
	}
	defer r.Close()
	if m.crypt.strength != 0 {
		return true, nil
	}
	_, err = io.Copy(io.Discard, r)
	if _, damaged := err.(*Error); damaged && meter.Unpacked() <= meter.max {
		return false, nil
	}
	return err == nil, err
}

// decrypt opens the member with a password, if that fits what it says of it.
func (m *zipMember) decrypt(meter *Meter, in *Content, password string) (r io.ReadCloser, fits bool, err error) {
	packed := io.NewSectionReader(meteredAt{in.At, meter}, m.offset, m.packed)
	if m.crypt.strength == 0 {
		plain, err := newZipCrypto(packed, password, m.crypt.check)
		if plain == nil {
			return nil, false, err
		}
		return m.unpack(meter, in, plain), true, nil
	}
	plain, err := newZipAES(packed, password, m.crypt.strength)
	if plain == nil {
		return nil, false, err
	}
	unpacked := m.unpack(meter, in, plain)
	if !m.checked { // where it ends, and the code starts, is not known
		return unpacked, true, nil
	}
	return readCloser{&authenticated{Reader: unpacked, encrypted: plain}, func() { unpacked.Close() }}, true, nil
}

// newZipAES opens what AES has encrypted, or returns nil if the password does
// not fit. The key, the key of the authentication code, and two bytes to compare
// are made of the password.
//
//	0      s   salt of 8, 12 or 16 bytes
//	s      2   the bytes to compare
//	s+2    n   the data, as a stream cipher with a counter of 16 bytes
//	s+2+n  10  HMAC-SHA1 of the encrypted data, its first 10 bytes
func newZipAES(packed *io.SectionReader, password string, strength byte) (*zipAESReader, error) {
	const rounds, code = 1000, 10
	key, salt := 8+8*int(strength), 4+4*int(strength)
	start := make([]byte, salt+2)
	n := packed.Size() - int64(len(start)) - code
	if n < 0 {
		return nil, lost(event.DamageTruncated, "ends within what its encryption needs")
	}
	if _, err := io.ReadFull(packed, start); err != nil {
		return nil, cutShort(err)
	}
	keys, err := pbkdf2.Key(sha1.New, password, start[:salt], rounds, 2*key+2)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(keys[2*key:], start[salt:]) {
		return nil, nil
	}
	block, err := aes.NewCipher(keys[:key])
	if err != nil {
		return nil, err
	}
	return &zipAESReader{
		r: io.LimitReader(packed, n), tail: packed,
		block: block, mac: hmac.New(sha1.New, keys[key:2*key]),
	}, nil
}

// A zipAESReader decrypts, and at its end compares the authentication code. Its
// counter is little-endian, which that of the standard library is not.
type zipAESReader struct {
	r     io.Reader // the data
	tail  io.Reader // the code behind it
	block cipher.Block
	mac   hash.Hash

	counter uint64
	pad     [aes.BlockSize]byte
	left    int // bytes of pad that are not used
}

func (z *zipAESReader) Read(p []byte) (int, error) {
	n, err := z.r.Read(p)
	z.mac.Write(p[:n])
	for rest := p[:n]; len(rest) > 0; {
		if z.left == 0 {
			z.counter++
			var count [aes.BlockSize]byte
			binary.LittleEndian.PutUint64(count[:], z.counter)
			z.block.Encrypt(z.pad[:], count[:])
			z.left = len(z.pad)
		}
		done := subtle.XORBytes(rest, rest, z.pad[len(z.pad)-z.left:])
		z.left -= done
		rest = rest[done:]
	}
	return n, err
}

// verify compares the authentication code, when all has been read.
func (z *zipAESReader) verify() error {
	if _, err := io.Copy(io.Discard, z); err != nil {
		return err
	}
	var code [10]byte
	if _, err := io.ReadFull(z.tail, code[:]); err != nil {
		return cutShort(err)
	}
	if !hmac.Equal(code[:], z.mac.Sum(nil)[:len(code)]) {
		return &Error{Kind: event.DamageArchive, Detail: "the encrypted content does not match its authentication code"}
	}
	return io.EOF
}

// cutShort explains the end of a file where the zip says that there is more.
func cutShort(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return lost(event.DamageTruncated, "ends within what its encryption needs")
	}
	return err
}

// authenticated compares the code after the content, once.
type authenticated struct {
	io.Reader
	encrypted *zipAESReader
	end       error // what came of it
}

func (a *authenticated) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	if err == io.EOF {
		if a.end == nil {
			a.end = a.encrypted.verify()
		}
		err = a.end
	}
	return n, err
}

// A zipCrypto is the traditional cipher of PKZIP (APPNOTE.TXT 6.1): three keys
// that each byte of the plain text changes. The data is preceded by 12 bytes, the
// last of which tells whether the password may be right.
type zipCrypto struct {
	r    io.Reader
	keys [3]uint32
}

func newZipCrypto(packed io.Reader, password string, check byte) (*zipCrypto, error) {
	z := &zipCrypto{r: packed, keys: [3]uint32{0x12345678, 0x23456789, 0x34567890}}
	for i := range len(password) {
		z.update(password[i])
	}
	var header [12]byte
	if _, err := io.ReadFull(z, header[:]); err != nil {
		return nil, cutShort(err)
	}
	if header[len(header)-1] != check {
		return nil, nil
	}
	return z, nil
}

func (z *zipCrypto) update(plain byte) {
	k := &z.keys
	k[0] = crc32.IEEETable[byte(k[0])^plain] ^ k[0]>>8
	k[1] = (k[1]+k[0]&0xff)*134775813 + 1
	k[2] = crc32.IEEETable[byte(k[2])^byte(k[1]>>24)] ^ k[2]>>8
}

func (z *zipCrypto) Read(p []byte) (int, error) {
	n, err := z.r.Read(p)
	for i := range n {
		t := z.keys[2]&0xffff | 2
		p[i] ^= byte(t * (t ^ 1) >> 8)
		z.update(p[i])
	}
	return n, err
}
