package archive

import (
	"bufio"
	"compress/bzip2"
	"errors"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/mikelolasagasti/xz"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// maxDictionary bounds the memory that a decompressor takes for its dictionary,
// in bytes: the largest that the usual programs make, with their highest level,
// is half of it.
const maxDictionary = 256 << 20

// A compressor is a format that packs one stream of bytes. Each may consist of
// several streams one behind the other.
type compressor struct {
	suffix string // what its files are called, without the dot
	lib    string
	open   func(packed io.Reader) (r io.Reader, close func(), err error)
}

var (
	// RFC 1952
	gzipFiles = compressor{"gz", "klauspost/compress/gzip", func(packed io.Reader) (io.Reader, func(), error) {
		z, err := gzip.NewReader(packed)
		return trailing{z}, func() {}, err
	}}
	bzip2Files = compressor{"bz2", "compress/bzip2", func(packed io.Reader) (io.Reader, func(), error) {
		return bzip2.NewReader(packed), func() {}, nil
	}}
	xzFiles = compressor{"xz", "mikelolasagasti/xz", func(packed io.Reader) (io.Reader, func(), error) {
		z, err := xz.NewReader(packed, maxDictionary)
		return z, func() {}, err
	}}
	// RFC 8878. The decoder refuses a window that is larger than it may take.
	zstdFiles = compressor{"zst", "klauspost/compress/zstd", func(packed io.Reader) (io.Reader, func(), error) {
		z, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxDictionary))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	}}
)

// list lists a compressed file: its one content, or the members of the tar that
// it is.
func (c *compressor) list(l *lister, in *Content) error {
	r, err := c.unpack(l.m, in)
	if err != nil {
		return err
	}
	defer r.Close()
	stream := bufio.NewReaderSize(r, 64<<10)
	if head, _ := stream.Peek(tarBlock); isTar(head) {
		l.a.Format = "tar." + c.suffix
		if err := listTarStream(l, stream); err != nil {
			return err
		}
		_, err := io.Copy(io.Discard, stream) // up to the checksum
		return err
	}
	if err := l.count(); err != nil {
		return err
	}
	return l.add(&entry{
		name:    uncompressedName(l.name, c.suffix),
		content: Content{Size: -1, open: func(m *Meter) (io.ReadCloser, error) { return c.unpack(m, in) }},
	})
}

// unpack opens the content of a compressed file.
func (c *compressor) unpack(m *Meter, in *Content) (io.ReadCloser, error) {
	packed, err := in.Open(m)
	if err != nil {
		return nil, err
	}
	var z io.Reader
	var done func()
	err = guarded(c.lib, func() (err error) {
		z, done, err = c.open(bufio.NewReaderSize(packed, 64<<10))
		return err
	})
	if err != nil {
		packed.Close()
		return nil, explain(c.lib, noEOF(err))
	}
	r := &unpacker{m: m, lib: c.lib, r: z, packed: in.Size}
	return readCloser{r, func() { done(); packed.Close() }}, nil
}

// uncompressedName names the content of a compressed file. The name that a
// gzip header may carry is not used: it often is that of a temporary file.
func uncompressedName(name, suffix string) string {
	name = name[strings.LastIndexByte(name, '/')+1:]
	dot := len(name) - len(suffix) - 1
	if dot > 0 && name[dot] == '.' && strings.EqualFold(name[dot+1:], suffix) {
		return name[:dot]
	}
	return name
}

// noEOF makes an unexpected end of an end of file.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// trailing reports what follows the last gzip stream, such as the padding of
// a tape, as damage without loss.
type trailing struct{ z *gzip.Reader }

func (t trailing) Read(p []byte) (int, error) {
	n, err := t.z.Read(p)
	if errors.Is(err, gzip.ErrHeader) {
		err = &Error{Kind: event.DamageArchive, Detail: "data after the end of the gzip stream is ignored"}
	}
	return n, err
}
