// Package evt reads the classic event logs of Windows NT to Windows Server 2003
// (.evt). Start with [Read].
//
// # Method
//
// A log is a header and a ring of records: when the log has reached its greatest
// size, writing goes on behind the header, and a record may begin at the end of
// the file and end at its start. One record, the end-of-file record, stands
// behind the newest and says where the oldest is. The header says so too, but
// only of a log that was closed; logs that are copied from a running system are
// not.
//
//	header │ …end of a record │ newest records │ EOF │ remains │ oldest records │ start of a record…
//
// The log is read once, from its start to its end, whatever it is read from. So
// events come in the order of the file: of a log that went round, the newest
// come first. What stands between the end-of-file record and the oldest record
// was overwritten in part, and is not read; in a log that did not go round yet,
// nothing behind the end-of-file record is.
//
// # What becomes of a record
//
// The same [event.Event] as of an EVTX record of a classic source: the strings
// are fields of EventData without names, the data is "Binary" in hex digits, the
// upper half of the event id is Qualifiers, and the record number is the
// EventRecordID. Times are whole seconds, in UTC. A record names no channel; see
// [Channel].
//
// # Damage
//
//   - DamageDirty: the header says that the log was not closed. Not a loss.
//   - DamageFileHeader: its sizes are off. Not a loss.
//   - DamageRecord: data that is no record where one should be, or a record whose
//     parts don't lie within it. A loss.
//   - DamageTruncated: the log ends within a record, or has no end-of-file record,
//     so that its newest records may be missing. A loss.
//
// The format is that of Microsoft's documentation of ELF_LOGFILE_HEADER,
// EVENTLOGRECORD and ELF_EOF_RECORD, and of libyal's "Windows Event Log (EVT)
// format".
package evt

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// Sniff reports whether a file begins like a classic log.
func Sniff(head []byte) bool {
	return len(head) >= 8 && le.Uint32(head) == headerSize && bytes.Equal(head[4:8], magic)
}

// Options say how to read a log.
type Options struct {
	Interest *event.Interest // which events are wanted; nil: all
	Channel  string          // what the log is of, where that is known; else it is guessed from its sources
}

// Read reads a log from its start and yields its wanted events in batches, in
// the order of the file. By the time the sequence ends it has filled src's
// Records, Undecodable, Relevant, Streams and Damage, and Err if r failed or ctx
// was cancelled. The caller sets all else; Ref.Source is src.ID.
func Read(ctx context.Context, r io.Reader, src *event.Source, opt Options) iter.Seq[[]event.Event] {
	return func(yield func([]event.Event) bool) {
		l := &log{src: src, w: window{r: r}, channel: opt.Channel, names: map[string]string{}}
		if opt.Interest != nil {
			l.filter = opt.Interest.Filter()
		}
		defer l.finish()
		if !l.readHeader() {
			return
		}
		for ctx.Err() == nil && l.step() {
			if l.full() && !l.flush(yield) {
				return
			}
		}
		if l.err == nil {
			l.err = context.Cause(ctx)
		}
		if l.err == nil {
			l.close()
		}
		l.flush(yield)
	}
}

// A log is what is known of a log while it is read.
type log struct {
	src     *event.Source
	w       window
	channel string
	filter  *event.Filter // nil: all is wanted
	header  fileHeader

	end  *endRecord // nil until it is met
	tail []byte     // behind the header: what belongs to the record at the end of the file
	done bool       // what follows is not part of the log
	gap  bool       // the end-of-file record was met, and the oldest record was not yet

	records int   // whole ones so far
	stray   run   // data that is no record
	cut     int64 // where in it a record would begin that the file ends within; 0: nowhere
	batch   []event.Event
	text    int               // bytes of the batch
	names   map[string]string // UTF-16 → text, of sources and computers
	streams event.StreamBuilder
	damages []event.Damage
	more    int // damages that are not in the list
	err     error
}

// A run is a piece of the file.
type run struct{ from, to int64 }

const (
	batchEvents = 1024
	batchBytes  = 1 << 20
	maxDamages  = 100
	maxNames    = 4096
)

func (l *log) full() bool { return len(l.batch) >= batchEvents || l.text >= batchBytes }

func (l *log) flush(yield func([]event.Event) bool) bool {
	batch := l.batch
	l.batch, l.text = nil, 0
	return len(batch) == 0 || yield(batch)
}

func (l *log) damaged(kind event.DamageKind, offset int64, lost bool, format string, args ...any) {
	if len(l.damages) == maxDamages {
		l.more++
		return
	}
	l.damages = append(l.damages, event.Damage{Kind: kind, Offset: offset, Lost: lost, Detail: fmt.Sprintf(format, args...)})
}

// readHeader reads the header, and reports whether records may follow.
func (l *log) readHeader() bool {
	b := l.w.peek(headerSize)
	switch {
	case l.w.failed() != nil:
		l.err = l.w.failed()
	case !Sniff(b):
		l.err = errors.New("not a classic event log")
	case len(b) < headerSize:
		l.damaged(event.DamageTruncated, int64(len(b)), true, "the log ends within its header")
	default:
		copy(l.header[:], b)
		l.w.skip(headerSize)
		l.checkHeader()
		if l.channel == "" {
			l.guessChannel(l.w.peek(maxRecord))
		}
		return true
	}
	return false
}

// guessChannel looks for a source that writes to one channel only among the
// first records.
func (l *log) guessChannel(b []byte) {
	for len(b) > 0 && l.channel == "" {
		kind, size := classify(b)
		if kind != isRecord {
			b = b[min(4, len(b)):]
			continue
		}
		if source, _, err := l.namesOf(b[:size]); err == nil {
			l.channel = channelOf(source)
		}
		b = b[size:]
	}
}

func (l *log) checkHeader() {
	if l.header.flags()&flagDirty != 0 {
		l.damaged(event.DamageDirty, 36, false, "the log was not closed: the header's offsets are stale")
	}
	if major, minor := l.header.major(), l.header.minor(); major != 1 || minor != 1 {
		l.damaged(event.DamageFileHeader, 8, false, "version %d.%d is not known; read as 1.1", major, minor)
	}
	if n := l.header.sizeCopy(); n != headerSize {
		l.damaged(event.DamageFileHeader, 44, false, "the header ends with the size %d, not %d", n, headerSize)
	}
}

// step reads on by one record, or by a piece that is none. It reports whether
// there is more to read.
func (l *log) step() bool {
	b := l.w.peek(maxRecord)
	if l.err = l.w.failed(); l.err != nil || len(b) == 0 || l.done {
		return false
	}
	switch kind, size := classify(b); kind {
	case isRecord:
		l.endStray()
		l.next(b[:size])
		l.w.skip(size)
	case isEnd:
		l.endStray()
		l.meetEnd(b)
	case isCut:
		if !l.straddling(b, size) {
			l.cut = cmp.Or(l.cut, l.w.pos)
			l.skipStray(4, b)
		}
	case isPadding:
		l.endStray()
		l.w.skip(4)
	default:
		l.skipStray(min(4, len(b)), b)
	}
	return true
}

// next takes a record that is whole. Between the end-of-file record and the
// oldest one are remains, which may be whole, and of records that stand elsewhere
// once more.
func (l *log) next(b record) {
	if l.gap && l.w.pos < int64(l.end.begin()) {
		return
	}
	l.gap = false
	l.record(b, l.w.pos)
}

// skipStray takes a few bytes that are no record: of the record at the end of
// the file, if none was met yet, else of none.
func (l *log) skipStray(n int, b []byte) {
	if l.records == 0 && l.end == nil && len(l.tail) < maxRecord {
		l.tail = append(l.tail, b[:n]...)
	} else if l.gap {
		// overwritten in part
	} else if n == 4 && le.Uint32(b) != 0 {
		if l.stray == (run{}) {
			l.stray.from = l.w.pos
		}
		l.stray.to = l.w.pos + int64(n)
	}
	l.w.skip(n)
}

// endStray reports a piece that is no record, once its end is known. Zeros are
// room that was not used yet.
func (l *log) endStray() {
	if s := l.stray; s != (run{}) {
		l.damaged(event.DamageRecord, s.from, true, "%d bytes are no record", s.to-s.from)
	}
	l.stray, l.cut = run{}, 0
}

// meetEnd takes the end-of-file record: what is read from there on are the
// oldest records, if the log went round.
func (l *log) meetEnd(b []byte) {
	end := endRecord(b[:endSize])
	l.end = &end
	l.gap = int64(end.begin()) > l.w.pos
	l.done = !l.gap
	l.w.skip(endSize)
}

// straddling joins the record that the file ends within, of some size, and what
// stands of it behind the header. It reports whether they are one.
func (l *log) straddling(b []byte, size int) bool {
	rest := size - len(b)
	if rest > len(l.tail) || rest < 4 || int(le.Uint32(l.tail[rest-4:])) != size {
		return false
	}
	joined := append(bytes.Clone(b), l.tail[:rest]...)
	switch kind, _ := classify(joined); kind {
	case isRecord:
		l.endStray()
		l.next(joined)
	case isEnd:
		l.endStray()
		end := endRecord(joined)
		l.end = &end
	default:
		return false
	}
	l.tail = l.tail[rest:]
	l.w.skip(len(b))
	return true
}

// close looks at what is left when the file has ended.
func (l *log) close() {
	if l.cut > 0 && l.cut == l.stray.from {
		l.damaged(event.DamageTruncated, l.cut, true, "the log ends within a record")
		l.stray = run{}
	}
	l.endStray()
	if left := bytes.Trim(l.tail, "\x00"); len(left) > 0 {
		l.damaged(event.DamageRecord, headerSize, true, "%d bytes behind the header are no record, and the file does not end within one", len(l.tail))
	}
	if l.gap {
		l.damaged(event.DamageTruncated, l.w.pos, true, "the log went round, and its oldest records are missing")
	}
	if l.end == nil {
		l.damaged(event.DamageTruncated, l.w.pos, true, "there is no end-of-file record: the newest records may be missing")
	}
}

// finish fills src with what is known only at the end.
func (l *log) finish() {
	l.src.Streams = l.streams.Streams()
	if l.more > 0 {
		l.damages = append(l.damages, event.Damage{Kind: event.DamageLimit, Offset: -1, Lost: true, Detail: fmt.Sprintf("%d more defects are not listed", l.more)})
	}
	if n := l.streams.Unlisted(); n > 0 {
		l.damages = append(l.damages, event.Damage{Kind: event.DamageLimit, Offset: -1, Detail: fmt.Sprintf("too many computers, channels or sources: %d records are in no stream", n)})
	}
	l.src.Damage = append(l.src.Damage, l.damages...)
	if l.err != nil {
		l.src.Err = l.err.Error()
	}
}
