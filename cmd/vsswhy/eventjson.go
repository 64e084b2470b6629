package main

import (
	"bufio"
	"io"
	"runtime"
	"strconv"
	"sync"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
)

// JSON lines of all events of a bundle are gigabytes, so they are appended by
// hand, and batches are made into lines on all cores.

// appendEvent appends an event as one line of JSON, with its end. Text is that of
// the log, with U+FFFD for bytes that are no UTF-8, and escapes for what could act
// on a terminal.
func appendEvent(b []byte, path string, e *event.Event, row query.Row) []byte {
	o := jsonObject{append(b, '{')}
	o.time(`"time":`, e.Time)
	o.text(`,"computer":`, e.Computer)
	o.text(`,"channel":`, e.Channel)
	o.text(`,"provider":`, e.Provider)
	o.some(`,"provider_guid":`, e.ProviderGUID)
	o.some(`,"event_source":`, e.EventSource)
	o.number(`,"id":`, uint64(e.ID))
	o.number(`,"qualifiers":`, uint64(e.Qualifiers))
	o.number(`,"version":`, uint64(e.Version))
	o.number(`,"level":`, uint64(e.Level))
	o.number(`,"task":`, uint64(e.Task))
	o.number(`,"opcode":`, uint64(e.Opcode))
	o.hex(`,"keywords":`, e.Keywords)
	o.some(`,"activity_id":`, e.ActivityID)
	o.number(`,"process_id":`, uint64(e.ProcessID))
	o.number(`,"thread_id":`, uint64(e.ThreadID))
	o.some(`,"user_id":`, e.UserID)
	o.text(`,"payload":`, e.Payload)
	o.fields(`,"fields":[`, e.Fields)
	o.some(`,"message":`, e.Message)
	o.codes(`,"codes":[`, row.Codes())
	o.text(`,"summary":`, known.Summary(e.Provider, e.ID))
	o.text(`,"source":`, path)
	o.number(`,"record":`, e.Record)
	o.b = strconv.AppendInt(append(o.b, `,"offset":`...), e.Offset, 10)
	if e.Line != 0 {
		o.number(`,"line":`, uint64(e.Line))
	}
	if e.Recovered {
		o.b = append(o.b, `,"recovered":true`...)
	}
	return append(o.b, '}', '\n')
}

// A jsonObject is an object that is being appended. Keys are given as they are
// written, with the comma before and the colon behind: each costs one copy.
type jsonObject struct{ b []byte }

func (o *jsonObject) text(key, value string) {
	o.b = appendJSONText(append(o.b, key...), value)
}

// some is text for a value that is left out if it is empty.
func (o *jsonObject) some(key, value string) {
	if value != "" {
		o.text(key, value)
	}
}

func (o *jsonObject) number(key string, n uint64) {
	o.b = append(o.b, key...)
	if n < 10 {
		o.b = append(o.b, byte('0'+n))
		return
	}
	o.b = strconv.AppendUint(o.b, n, 10)
}

// hex is for numbers of 64 bits: JSON's end at 53.
func (o *jsonObject) hex(key string, n uint64) {
	o.b = append(append(o.b, key...), `"0x0000000000000000"`...)
	for i := len(o.b) - 2; n > 0; i, n = i-1, n>>4 {
		o.b[i] = "0123456789abcdef"[n&0xf]
	}
}

func (o *jsonObject) time(key string, t time.Time) {
	o.b = append(append(o.b, key...), '"')
	if !t.IsZero() {
		o.b = appendTime(o.b, t.UTC())
	}
	o.b = append(o.b, '"')
}

// appendTime appends a time as reports write it, "2006-01-02T15:04:05.0000000Z".
func appendTime(b []byte, t time.Time) []byte {
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return t.AppendFormat(b, "2006-01-02T15:04:05.0000000Z")
	}
	hour, minute, second := t.Clock()
	for _, part := range [...]struct {
		n, digits int
		end       byte
	}{{year, 4, '-'}, {int(month), 2, '-'}, {day, 2, 'T'}, {hour, 2, ':'}, {minute, 2, ':'}, {second, 2, '.'}, {t.Nanosecond() / 100, 7, 'Z'}} {
		b = append(b, "0000000"[:part.digits]...)
		for i, n := len(b)-1, part.n; n > 0; i, n = i-1, n/10 {
			b[i] = byte('0' + n%10)
		}
		b = append(b, part.end)
	}
	return b
}

// fields are a list, because names repeat.
func (o *jsonObject) fields(key string, fields []event.Field) {
	o.b = append(o.b, key...)
	for i := range fields {
		o.b = append(o.b, `{"name":`...)
		o.b = appendJSONText(o.b, fields[i].Name)
		o.b = append(o.b, `,"value":`...)
		o.b = append(appendJSONText(o.b, fields[i].Value), '}', ',')
	}
	o.end(len(fields))
}

func (o *jsonObject) codes(key string, codes []known.Code) {
	o.b = append(o.b, key...)
	for _, c := range codes {
		o.b = append(appendJSONText(o.b, c.String()), ',')
	}
	o.end(len(codes))
}

// end ends a list of n elements, each with a comma behind it.
func (o *jsonObject) end(n int) {
	if n > 0 {
		o.b[len(o.b)-1] = ']'
	} else {
		o.b = append(o.b, ']')
	}
}

// appendJSONText appends a string with its quotation marks.
func appendJSONText(b []byte, s string) []byte {
	b = append(b, '"')
	for len(s) > 0 {
		n := plainPrefix(s)
		b = append(b, s[:n]...)
		if s = s[n:]; len(s) > 0 {
			r, size := utf8.DecodeRuneInString(s)
			b = appendJSONRune(b, r)
			s = s[size:]
		}
	}
	return append(b, '"')
}

// plainPrefix is how many bytes from the start stand for themselves. It looks at
// eight at once: most text is ASCII.
func plainPrefix(s string) int {
	const each, high = 0x0101010101010101, 0x8080808080808080
	n := 0
	for ; n+8 <= len(s); n += 8 {
		p := s[n : n+8]
		w := uint64(p[0]) | uint64(p[1])<<8 | uint64(p[2])<<16 | uint64(p[3])<<24 | uint64(p[4])<<32 | uint64(p[5])<<40 | uint64(p[6])<<48 | uint64(p[7])<<56
		quote, back, del := w^each*'"', w^each*'\\', w^each*0x7f
		// The high bit of a byte is set where it is below ' ', equal to one of the
		// three, or not ASCII; or behind such a byte, which the table then decides.
		if (w|(w-each*' ')|(quote-each)&^quote|(back-each)&^back|(del-each)&^del)&high != 0 {
			break
		}
	}
	for n < len(s) && plainJSON[s[n]] {
		n++
	}
	return n
}

// plainJSON are the bytes that stand for themselves.
var plainJSON = func() (table [256]bool) {
	for c := ' '; c < 0x7f; c++ {
		table[c] = c != '"' && c != '\\'
	}
	return table
}()

func appendJSONRune(b []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(b, '\\', byte(r))
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	if s := string(r); event.Clean(s) == s {
		return append(b, s...)
	}
	for _, unit := range utf16.AppendRune(nil, r) {
		b = append(b, '\\', 'u', "0123456789abcdef"[unit>>12], "0123456789abcdef"[unit>>8&0xf], "0123456789abcdef"[unit>>4&0xf], "0123456789abcdef"[unit&0xf])
	}
	return b
}

// A lineBatch is a batch on its way to lines.
type lineBatch struct {
	event.Batch
	path   string // Source.Path, which the scan writes again when the source ends
	lines  []byte
	buffer *[]byte       // whose memory the lines are in
	ends   []int         // of each line
	made   chan struct{} // closed when the lines are there
}

// listLines prints the events that match as JSON lines, in order.
func (l *lister) listLines(w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10)
	n := runtime.GOMAXPROCS(0)
	todo, done := make(chan *lineBatch, n), make(chan *lineBatch, 2*n)
	stop := make(chan struct{}) // closed when no more is wanted
	opt := l.opt.reading.options()
	opt.Recycler = new(event.Recycler)
	for range n {
		go func() {
			for b := range todo {
				l.makeLines(b)
				opt.Recycler.Done(b.Events)
				close(b.made)
			}
		}()
	}
	go func() {
		defer close(done)
		defer close(todo)
		for b := range scanPaths(l.ctx, l.progressTo(), l.paths, opt, l.interest) {
			batch := &lineBatch{Batch: b, path: b.Source.Path, made: make(chan struct{})}
			select {
			case done <- batch: // at most so many are ahead
				todo <- batch
			case <-stop:
				return
			}
		}
	}()
	var err error
	for b := range done {
		<-b.made
		if err != nil || l.more {
			continue // the rest only comes to its end
		}
		if err = l.putLines(out, b); err != nil || l.more {
			close(stop)
		}
	}
	if err != nil {
		return err
	}
	return out.Flush()
}

// lineBuffers are of batches that were written.
var lineBuffers = sync.Pool{New: func() any { return new([]byte) }}

func (l *lister) makeLines(b *lineBatch) {
	b.buffer = lineBuffers.Get().(*[]byte)
	b.lines = (*b.buffer)[:0]
	var row query.EventRow
	for i := range b.Events {
		e := &b.Events[i]
		if row.Reset(e); l.match(&row) {
			b.lines = appendEvent(b.lines, b.path, e, &row)
			b.ends = append(b.ends, len(b.lines))
		}
	}
}

// putLines writes the lines of a batch, up to --limit.
func (l *lister) putLines(out *bufio.Writer, b *lineBatch) error {
	n := len(b.ends)
	if l.opt.limit > 0 && l.found+n > l.opt.limit {
		n, l.more = l.opt.limit-l.found, true
	}
	l.found += n
	if n > 0 {
		out.Write(b.lines[:b.ends[n-1]])
	}
	*b.buffer = b.lines
	lineBuffers.Put(b.buffer)
	if b.Last {
		l.source(b.Source)
	}
	return out.Flush()
}
