// Package evtx reads the binary event logs of Windows Vista and later (EVTX).
//
// Start with Read. It reads any log that it is given to the end: what is damaged
// is reported in Source.Damage with its offset, and all that is sound is still
// read. Nothing but the text of wanted events is kept in memory.
//
// # Method
//
// A log is a file header and chunks of 64 KiB, each of which stands for itself.
// Workers read blocks of 4 chunks; blocks are handed on in the log's order. A
// chunk holds records; a record is mostly a reference to a template (XML with
// holes) and the values for the holes. A template is compiled once into a plan
// that knows where provider, event id, time, computer and channel stand, so
// that a record that nobody wants costs a few comparisons and no memory. Only
// wanted records are decoded.
//
// # What becomes of the XML
//
// The children of System become the properties of the Event. Every other child
// of Event but RenderingInfo (whose Message becomes Event.Message) carries
// fields: EventData, the child of UserData, ProcessingErrorData and so on. Each
// leaf element there yields a field, also an empty one; so does each attribute
// that is not empty, except Data/@Name, which names its field, and xmlns.
// Names are local names. An element that depends on a value that is NULL is
// left out, and one that holds an array comes once for each item.
//
// # Damage
//
//   - DamageDirty: the header says that the log was not closed. Not a loss.
//   - DamageFileHeader: its checksum, version or counts are off, or there is none: the
//     chunks are read all the same. A loss if it counts more chunks than there are.
//   - DamageChunkChecksum: the checksum of a chunk header, or of the records,
//     is off; the chunk is read all the same. Not a loss.
//   - DamageChunkMagic: data where a chunk should be; a loss if it has a record.
//   - DamageRecord: a record that is not whole, or can't be decoded. A loss.
//   - DamageTruncated: the log ends within a chunk, or holds fewer chunks than
//     the header says; a loss if records are missing, or may be.
//   - DamageLimit: a limit was hit; Detail names it.
//
// The format is that of MS-EVEN6 (binary XML) and of libyal's "Windows XML Event
// Log (EVTX) format".
package evtx

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// Sniff reports whether a file begins like an EVTX log. The extension is no
// proof: logs come as .dat, .evtx_data, or without any.
func Sniff(head []byte) bool { return bytes.HasPrefix(head, fileMagic) }

// Options say how to read a log.
type Options struct {
	Interest *event.Interest // which events are wanted; nil: all
	Workers  int             // how many read at once; 0: GOMAXPROCS

	// Recover reads what is left of earlier records, too, in space that the log
	// does not use any more. Such events are marked, come behind all others, and
	// count in Source.Recovered and Relevant, but in no stream. It costs 8 bytes
	// of memory for each record of the log.
	Recover bool

	// Recycler is asked for the memory of events, and given it back by the
	// consumer; nil: all is new. Recover leaves it alone.
	Recycler *event.Recycler
}

// Read reads a log of size bytes (-1: not known) and yields its wanted events,
// in batches of at most a block of 256 KiB each, in the order of the file. By the
// time the sequence ends it has filled src's Records, Recovered, Undecodable,
// Relevant, Streams and Damage, and Err if r failed or ctx was cancelled. The
// caller sets all else; Ref.Source is src.ID.
//
// If r is an io.ReaderAt and the size is known, several workers read at once,
// and r's own position is not used; else r is read once, in order. The result
// is the same. When the sequence ends, for whatever reason, no worker is left.
//
// Each sequence may be used once.
func Read(ctx context.Context, r io.Reader, size int64, src *event.Source, opt Options) iter.Seq[[]event.Event] {
	return func(yield func([]event.Event) bool) {
		l := &log{src: src, opt: opt, size: size, r: r}
		l.at, _ = r.(io.ReaderAt)
		defer l.finish()
		if !l.readHeader() {
			return
		}
		for b := range l.blocks(ctx) {
			l.add(b)
			if len(b.events) > 0 && !yield(b.events) {
				return
			}
		}
		if err := context.Cause(ctx); err != nil && l.err == nil {
			l.err = err
		}
		l.checkCount()
		for batch := range l.recovered() {
			if !yield(batch) {
				return
			}
		}
	}
}

// A log is what is known of a log while it is read.
type log struct {
	src  *event.Source
	opt  Options
	r    io.Reader
	at   io.ReaderAt // nil if r is none
	size int64       // -1: not known

	header  fileHeader // zero if there is none
	read    int64      // bytes
	chunks  int        // with the magic of one
	streams event.StreamBuilder
	damages damages
	remains remains
	err     error
}

var errNoLog = errors.New("not an EVTX log")

// parallel reports whether blocks can be read in any order.
func (l *log) parallel() bool { return l.at != nil && l.size >= 0 }

// readHeader reads the file header, and reports whether chunks may follow.
func (l *log) readHeader() bool {
	r := l.r
	if l.parallel() {
		r = io.NewSectionReader(l.at, 0, l.size)
	}
	n, err := io.ReadFull(r, l.header[:])
	l.read = int64(n)
	ended := err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF)
	switch {
	case err != nil && !ended:
		l.err = l.readError(err, l.read)
	case !Sniff(l.header[:n]) && ended:
		l.err = errNoLog
	case !Sniff(l.header[:n]):
		// Its first sectors may be lost. Each chunk stands for itself.
		l.header = fileHeader{}
		l.damages.add(event.Damage{Kind: event.DamageFileHeader, Offset: 0, Detail: "there is no file header: the chunks are read without it"})
		return true
	case ended:
		l.damages.add(event.Damage{
			Kind: event.DamageTruncated, Offset: int64(n), Lost: true, Detail: "the log ends within its header",
		})
	default:
		l.header.check(&l.damages)
		return true
	}
	return false
}

// headless reports whether the log has lost its header.
func (l *log) headless() bool { return !Sniff(l.header[:]) }

// add counts what was read of a block.
func (l *log) add(b *block) {
	l.read += b.bytes
	l.chunks += b.chunks
	l.src.Records += b.records
	l.src.Recovered += b.recovered
	l.src.Undecodable += b.undecodable
	l.src.Relevant += uint64(len(b.events))
	l.streams.Merge(&b.streams)
	l.damages.addAll(b.damages)
	l.remains.add(b)
	if l.err == nil {
		l.err = b.err
	}
}

// checkCount compares the number of chunks with that in the header, which is
// kept modulo 65536. A log that is shorter than the header says lost its end in a
// copy. In a log that was not closed the number is stale: it may be too small, but
// logs don't shrink.
func (l *log) checkCount() {
	if l.err != nil {
		return
	}
	if l.headless() && l.chunks == 0 && !l.damages.hasLoss() { // it is anything else
		l.damages, l.err = damages{}, errNoLog
		return
	}
	dirty := l.headless() || l.header.flags()&flagDirty != 0
	said, room := l.header.chunks(), (l.read-fileHeaderSize+chunkSize-1)/chunkSize
	switch {
	case int64(said) > room:
		l.damages.add(event.Damage{
			Kind: event.DamageTruncated, Offset: l.read, Lost: true,
			Detail: fmt.Sprintf("the header counts %d chunks, but the log ends after %d", said, room),
		})
	case dirty && (room == 0 || (l.read-fileHeaderSize)%chunkSize != 0):
		l.damages.add(event.Damage{
			Kind: event.DamageTruncated, Offset: l.read, Lost: true,
			Detail: "the log was cut, and nothing tells how many chunks it had: its newest records may be missing",
		})
	case int(said) > l.chunks: // zeros stand in their place, or other data
		l.damages.add(event.Damage{
			Kind: event.DamageFileHeader, Offset: 42, Lost: true,
			Detail: fmt.Sprintf("the header counts %d chunks, the log holds %d: the records of %d are lost", said, l.chunks, int(said)-l.chunks),
		})
	case !dirty && said != uint16(l.chunks):
		l.damages.add(event.Damage{
			Kind: event.DamageFileHeader, Offset: 42,
			Detail: fmt.Sprintf("the header counts %d chunks, the log holds %d", said, l.chunks),
		})
	}
}

// finish fills src with what is known only at the end.
func (l *log) finish() {
	l.src.Streams = l.streams.Streams()
	if n := l.streams.Unlisted(); n > 0 {
		l.damages.add(event.Damage{
			Kind: event.DamageLimit, Offset: -1,
			Detail: fmt.Sprintf("too many computers, channels or providers: %d records are in no stream", n),
		})
	}
	l.src.Damage = append(l.src.Damage, l.damages.final()...)
	if l.err != nil {
		l.src.Err = l.err.Error()
	}
}
