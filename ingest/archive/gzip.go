package archive

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/vsswhy/vsswhy/ingest/event"
)

const gzipLibrary = "klauspost/compress/gzip"

// listGzip lists a gzip file (RFC 1952): its one content, or the members of the
// tar that it is.
func listGzip(l *lister, in *Content) error {
	return listCompressed(l, in, "gz", openGzip)
}

// listCompressed lists a stream compressor's file. Suffix is what its files are
// called, without the dot.
func listCompressed(l *lister, in *Content, suffix string, open func(*Meter, *Content) (io.ReadCloser, error)) error {
	r, err := open(l.m, in)
	if err != nil {
		return err
	}
	defer r.Close()
	stream := bufio.NewReaderSize(r, 64<<10)
	if head, _ := stream.Peek(tarBlock); isTar(head) {
		l.a.Format = "tar." + suffix
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
		name:    uncompressedName(l.name, suffix),
		content: Content{Size: -1, open: func(m *Meter) (io.ReadCloser, error) { return open(m, in) }},
	})
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

func openGzip(m *Meter, in *Content) (io.ReadCloser, error) {
	packed, err := in.Open(m)
	if err != nil {
		return nil, err
	}
	var z *gzip.Reader
	err = guarded(gzipLibrary, func() (err error) {
		z, err = gzip.NewReader(bufio.NewReaderSize(packed, 64<<10))
		return err
	})
	if err != nil {
		packed.Close()
		return nil, explain(gzipLibrary, noEOF(err))
	}
	r := &unpacker{m: m, lib: gzipLibrary, r: trailing{z}, packed: in.Size}
	return readCloser{r, func() { z.Close(); packed.Close() }}, nil
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
