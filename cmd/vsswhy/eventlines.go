package main

import (
	"bufio"
	"io"
	"runtime"
	"slices"
	"strconv"
	"sync"

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
	var m lineMaker
	m.begin(b, path)
	m.add(e, row)
	return m.b
}

// A lineMaker appends events as lines, see appendEvent. Most of an event is as it
// was in the one before of its provider and id: that much is copied from its line.
type lineMaker struct {
	jsonObject // the lines
	path       string
	recent     []line // by what recall makes of provider and id; nil: nothing is copied
	none       line
	fieldEnds  []int // of each line, where the first field begins, and where name and value of each end
}

// A line is what is known of the line of an event.
type line struct {
	event     *event.Event // nil: there is none
	head      span         // from the computer to the keywords
	summary   span         // and the source
	fieldEnds int          // where its own are
	coded     bool         // it has codes
}

// A span is a piece of the lines.
type span struct{ from, to int }

func newLineMaker() *lineMaker { return &lineMaker{recent: make([]line, 256)} }

// begin prepares for the events of a batch, which do not change until the next.
func (m *lineMaker) begin(b []byte, path string) {
	m.b, m.path, m.fieldEnds = b, path, m.fieldEnds[:0]
	clear(m.recent)
}

// add appends an event.
func (m *lineMaker) add(e *event.Event, row query.Row) {
	old := m.recall(e)
	now := line{event: e, fieldEnds: len(m.fieldEnds)}
	m.b = append(m.b, '{')
	m.time(`"time":`, e.Time)
	now.head = m.head(e, old)
	m.some(`,"activity_id":`, e.ActivityID)
	m.number(`,"process_id":`, uint64(e.ProcessID))
	m.number(`,"thread_id":`, uint64(e.ThreadID))
	m.some(`,"user_id":`, e.UserID)
	m.text(`,"payload":`, e.Payload)
	now.coded = m.fields(e, old)
	m.some(`,"message":`, e.Message)
	now.coded = m.codes(now.coded, row)
	now.summary = m.summary(e, old)
	m.b = strconv.AppendUint(m.b, e.Record, 10)
	m.b = strconv.AppendInt(append(m.b, `,"offset":`...), e.Offset, 10)
	if e.Line != 0 {
		m.number(`,"line":`, uint64(e.Line))
	}
	if e.Recovered {
		m.b = append(m.b, `,"recovered":true`...)
	}
	m.b = append(m.b, '}', '\n')
	*old = now
}

// recall returns the line of the event before of the same provider and id; an
// empty one if it is not known. It is the place for the line of e.
func (m *lineMaker) recall(e *event.Event) *line {
	old := &m.none
	if m.recent != nil {
		old = &m.recent[(uint(e.ID)*31+uint(len(e.Provider)))%uint(len(m.recent))]
	}
	if old.event != nil && (old.event.ID != e.ID || old.event.Provider != e.Provider) {
		*old = line{}
	}
	return old
}

// copy appends a piece of the lines.
func (m *lineMaker) copy(s span) { m.b = append(m.b, m.b[s.from:s.to]...) }

func (m *lineMaker) head(e *event.Event, old *line) span {
	from := len(m.b)
	if old.event != nil && sameHead(e, old.event) {
		m.copy(old.head)
		return span{from, len(m.b)}
	}
	m.text(`,"computer":`, e.Computer)
	m.text(`,"channel":`, e.Channel)
	m.text(`,"provider":`, e.Provider)
	m.some(`,"provider_guid":`, e.ProviderGUID)
	m.some(`,"event_source":`, e.EventSource)
	m.number(`,"id":`, uint64(e.ID))
	m.number(`,"qualifiers":`, uint64(e.Qualifiers))
	m.number(`,"version":`, uint64(e.Version))
	m.number(`,"level":`, uint64(e.Level))
	m.number(`,"task":`, uint64(e.Task))
	m.number(`,"opcode":`, uint64(e.Opcode))
	m.hex(`,"keywords":`, e.Keywords)
	return span{from, len(m.b)}
}

// sameHead compares what head writes.
func sameHead(a, b *event.Event) bool {
	return a.Keywords == b.Keywords && a.Qualifiers == b.Qualifiers && a.Version == b.Version && a.Level == b.Level && a.Task == b.Task && a.Opcode == b.Opcode &&
		a.ID == b.ID && a.Computer == b.Computer && a.Channel == b.Channel && a.Provider == b.Provider && a.ProviderGUID == b.ProviderGUID && a.EventSource == b.EventSource
}

// fields are a list, because names repeat. It reports whether they may have codes.
func (m *lineMaker) fields(e *event.Event, old *line) (mayCode bool) {
	mayCode = old.event == nil || old.coded
	var before []event.Field
	if old.event != nil {
		before = old.event.Fields
	}
	m.b = append(m.b, `,"fields":[`...)
	m.fieldEnds = append(m.fieldEnds, len(m.b))
	for i := range e.Fields {
		f := &e.Fields[i]
		from := len(m.b)
		if i < len(before) && before[i].Name == f.Name {
			ends := m.fieldEnds[old.fieldEnds+2*i:] // the comma before it belongs to a field
			if before[i].Value == f.Value {
				m.copy(span{ends[0], ends[2]})
				m.fieldEnds = append(m.fieldEnds, from+ends[1]-ends[0], len(m.b))
				continue
			}
			m.copy(span{ends[0], ends[1]})
		} else {
			if i > 0 {
				m.b = append(m.b, ',')
			}
			m.text(`{"name":`, f.Name)
			m.b = append(m.b, `,"value":`...)
		}
		m.fieldEnds = append(m.fieldEnds, len(m.b))
		m.b = append(appendJSONText(m.b, f.Value), '}')
		m.fieldEnds = append(m.fieldEnds, len(m.b))
		mayCode = mayCode || len(known.Codes(f.Value)) > 0
	}
	m.b = append(m.b, ']')
	return mayCode
}

// codes reports whether there are any.
func (m *lineMaker) codes(may bool, row query.Row) bool {
	var codes []known.Code
	if may {
		codes = row.Codes()
	}
	m.b = append(m.b, `,"codes":[`...)
	for i, c := range codes {
		if i > 0 {
			m.b = append(m.b, ',')
		}
		m.b = appendJSONText(m.b, c.String())
	}
	m.b = append(m.b, ']')
	return len(codes) > 0
}

func (m *lineMaker) summary(e *event.Event, old *line) span {
	from := len(m.b)
	if old.event != nil {
		m.copy(old.summary)
	} else {
		m.text(`,"summary":`, known.Summary(e.Provider, e.ID))
		m.text(`,"source":`, m.path)
		m.b = append(m.b, `,"record":`...)
	}
	return span{from, len(m.b)}
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
	todo, done := make(chan *lineBatch, n), make(chan *lineBatch, n)
	stop := make(chan struct{}) // closed when no more is wanted
	opt := l.opt.reading.options()
	opt.Recycler = new(event.Recycler)
	for range n {
		go func() {
			m := newLineMaker()
			for b := range todo {
				l.makeLines(m, b)
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

// lineSize is about what a line has, in bytes.
const lineSize = 1 << 10

// lineBuffers are of batches that were written.
var lineBuffers = sync.Pool{New: func() any { return new([]byte) }}

func (l *lister) makeLines(m *lineMaker, b *lineBatch) {
	b.ends = make([]int, 0, len(b.Events))
	b.buffer = lineBuffers.Get().(*[]byte)
	m.begin(slices.Grow((*b.buffer)[:0], lineSize*len(b.Events)), b.path)
	var row query.EventRow
	for i := range b.Events {
		e := &b.Events[i]
		if row.Reset(e); l.match(&row) {
			m.add(e, &row)
			b.ends = append(b.ends, len(m.b))
		}
	}
	b.lines = m.b
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
