package eventxml

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// Options says what to read.
type Options struct {
	Interest *event.Interest // which events to yield; nil: all
	Amid     bool            // text around the events is meant, and no damage
}

// Bounds of a batch, and of the list of damage.
const (
	maxBatch      = 256
	maxBatchBytes = 1 << 20 // of text
	maxDamage     = 200
)

// Read yields the events of r that are wanted, in the order of the file, in
// batches that the caller may keep. When the sequence ends, src has its Records,
// Undecodable, Relevant, Streams, Damage and Err; Err is set if r fails or ctx
// ends, and what was read until then is kept. Read uses src.ID for the events'
// Refs. The sequence can be used once.
func Read(ctx context.Context, r io.Reader, src *event.Source, opt Options) iter.Seq[[]event.Event] {
	return func(yield func([]event.Event) bool) {
		rd := newReader(ctx, r, src, opt)
		rd.yield = yield
		rd.run()
		rd.finish()
	}
}

// A reader walks the text between the events, and hands each event to the builder.
type reader struct {
	in    *input
	src   *event.Source
	build builder
	yield func([]event.Event) bool
	amid  bool // text around the events is no damage
	done  bool // the consumer wants no more

	rescans int

	batch   []event.Event
	bytes   int // of the text of batch
	streams event.StreamBuilder
	roots   []string // names of the open elements around the events
	astray  bool     // after a syntax error: what comes before the next event is part of it
	stray   strayKind
	omitted int  // damage that is not listed
	lost    bool // some of the omitted was a loss
}

// A strayKind says what was reported of the text since the last event.
type strayKind uint8

const (
	strayNothing strayKind = iota
	strayText              // text outside of any event
	strayPart              // the end of an event whose beginning is missing: a loss
)

func newReader(ctx context.Context, r io.Reader, src *event.Source, opt Options) *reader {
	src.Basis = event.BasisUTC
	return &reader{
		in:    newInput(ctx, r),
		amid:  opt.Amid,
		src:   src,
		build: builder{names: names{}, want: opt.Interest.Filter()},
	}
}

// run walks the source: white space, markup and garbage until an event begins,
// then that event, and so on.
func (rd *reader) run() {
	for !rd.done {
		text := rd.in.text()
		rd.in.consume(blank(text))
		text = rd.in.text()
		is, enough := isEvent(text)
		switch {
		case is:
			rd.event()
		case enough:
			rd.between()
		case rd.in.more() != nil:
			if len(text) > 0 {
				rd.skip(len(text), strayText)
			}
			return
		}
	}
}

// event reads the event at the start of the window.
func (rd *reader) event() {
	rd.astray, rd.stray = false, strayNothing
	for {
		n, err := rd.build.read(rd.in.text())
		if err == nil {
			rd.accept(n)
			return
		}
		if fail, ok := err.(*scanError); ok {
			rd.reject(fail.kind(), fail.detail)
			rd.recover(max(fail.at, 1))
			return
		}
		switch err := rd.in.more(); err {
		case nil:
			continue
		case errTooLong:
			rd.reject(event.DamageLimit, fmt.Sprintf("more than %d MiB; reading goes on after these", maxEvent>>20))
		case io.EOF:
			rd.damage(event.DamageTruncated, true, "the source ends within an event")
			rd.roots = nil // reported with it
		}
		rd.recover(rd.nextEvent())
		return
	}
}

// maxRescans bounds how often text is looked at again that was taken for a part
// of an event without end: a comment that is not closed, say.
const maxRescans = 64

// nextEvent is where in the window another event may begin behind an event, or
// markup, without end; else it is the end of the window.
func (rd *reader) nextEvent() int {
	text := rd.in.text()
	i := bytes.Index(text[min(1, len(text)):], []byte("<Event "))
	if rd.rescans++; i < 0 || rd.rescans > maxRescans {
		return len(text)
	}
	return 1 + i
}

// reject counts an event that can't be read.
func (rd *reader) reject(kind event.DamageKind, detail string) {
	rd.src.Records++
	rd.src.Undecodable++
	rd.damage(kind, true, "event not readable: "+detail)
}

func (e *scanError) kind() event.DamageKind {
	if e.limit {
		return event.DamageLimit
	}
	return event.DamageSyntax
}

// recover goes on n bytes further, and takes all as part of the damage that was
// reported until the next event begins.
func (rd *reader) recover(n int) {
	rd.in.consume(n)
	rd.astray = true
}

// accept takes the event of n bytes that was read.
func (rd *reader) accept(n int) {
	b, src := &rd.build, rd.src
	ev := &b.ev
	if !b.isSystem || !b.isID {
		rd.reject(event.DamageRecord, "it has no System, or no number as EventID")
		rd.in.consume(n)
		return
	}
	if b.bad != "" {
		rd.damage(event.DamageRecord, false, "a value of another type in System, left out: "+b.bad)
	}
	src.Records++
	rd.streams.Add(ev.Computer, ev.Channel, ev.Record, ev.Time, cmp.Or(ev.Provider, ev.EventSource))
	if b.keep {
		b.finish()
	}
	if b.keep && b.want.Wants(ev) {
		src.Relevant++
		ev.Ref = event.Ref{Source: src.ID, Offset: rd.in.offset}
		ev.Line = rd.in.line
		rd.add(*ev, len(b.arena))
	}
	rd.in.consume(n)
}

func (rd *reader) add(ev event.Event, size int) {
	if rd.batch == nil {
		rd.batch = make([]event.Event, 0, maxBatch)
	}
	rd.batch = append(rd.batch, ev)
	rd.bytes += size
	if len(rd.batch) == maxBatch || rd.bytes >= maxBatchBytes {
		rd.flush()
	}
}

func (rd *reader) flush() {
	if len(rd.batch) > 0 && !rd.done {
		rd.done = !rd.yield(rd.batch)
	}
	rd.batch, rd.bytes = nil, 0
}

// between takes one piece of what stands around the events.
func (rd *reader) between() {
	text := rd.in.text()
	if text[0] != '<' {
		if len(text) < len("\ufeff") && rd.in.more() == nil {
			return // it may be a byte order mark
		}
		rd.skip(until(text, '<'), strayText)
		return
	}
	if rd.astray && !bytes.HasPrefix(text, []byte("</")) {
		rd.in.consume(1 + until(text[1:], '<'))
		return
	}
	s := &rd.build.scanner
	s.reset(text)
	kind, err := s.next()
	switch {
	case err == nil:
		rd.around(kind, s)
		rd.in.consume(s.i)
	case err != errShort:
		rd.skip(max(s.i, 1), strayText)
	case rd.in.more() != nil:
		kind := strayPart // markup without end, and so what it was
		if rd.amid {
			kind = strayText
		}
		rd.skip(rd.nextEvent(), kind)
	}
}

// around takes markup around the events.
func (rd *reader) around(kind tokenKind, s *scanner) {
	switch kind {
	case tokenPI:
		rd.declaration(s.data)
	case tokenDTD:
		rd.damage(event.DamageUnsupported, false, "document type declaration not used: entities stay as they are written")
	case tokenStart:
		if string(s.local()) == "System" {
			rd.report(strayPart)
		}
		if !s.empty && len(rd.roots) < maxDepth {
			rd.roots = append(rd.roots, string(s.data[:min(len(s.data), maxName)]))
		}
	case tokenEnd:
		if n := len(rd.roots); n > 0 && rd.roots[n-1] == string(s.data) {
			rd.roots = rd.roots[:n-1]
			rd.astray = false
		} else {
			rd.report(strayPart)
		}
	case tokenCDATA:
		rd.report(strayText)
	}
}

// skip passes over n bytes that belong to no event.
func (rd *reader) skip(n int, kind strayKind) {
	rd.report(kind)
	rd.in.consume(n)
}

// report reports text that belongs to no event, each kind once between two events.
func (rd *reader) report(kind strayKind) {
	if rd.astray || kind <= rd.stray || rd.amid && kind == strayText {
		return
	}
	rd.stray = kind
	if kind == strayPart {
		rd.damage(event.DamageSyntax, true, "a part of an event whose beginning is missing")
	} else {
		rd.damage(event.DamageSyntax, false, "text outside of any event")
	}
}

// declaration takes the encoding that an XML declaration names.
func (rd *reader) declaration(pi []byte) {
	attrs, ok := bytes.CutPrefix(pi, []byte("xml"))
	if !ok || rd.in.utf16 != nil {
		return
	}
	var s scanner
	s.reset(append(bytes.Clone(attrs), '>'))
	for {
		if c, err := s.space(); err != nil || c == '>' || s.attr() != nil {
			break
		}
	}
	name := ""
	for _, a := range s.attrs {
		if string(a.name) == "encoding" {
			name = string(a.value)
		}
	}
	if !rd.build.charset.declare(name) {
		rd.damage(event.DamageEncoding, false, fmt.Sprintf("declared encoding %.40q is not known: read as UTF-8", name))
	}
}

// damage reports what begins at the start of the window.
func (rd *reader) damage(kind event.DamageKind, lost bool, detail string) {
	if len(rd.src.Damage) >= maxDamage {
		rd.omitted++
		rd.lost = rd.lost || lost
		return
	}
	rd.src.Damage = append(rd.src.Damage, event.Damage{
		Kind: kind, Offset: rd.in.offset, Detail: fmt.Sprintf("line %d: %s", rd.in.line, detail), Lost: lost,
	})
}

// finish reports what can only be told at the end.
func (rd *reader) finish() {
	rd.flush()
	src, in := rd.src, rd.in
	src.Streams = rd.streams.Streams()
	switch {
	case rd.done:
	case in.err != nil && in.err != io.EOF:
		src.Err = in.err.Error()
	case len(rd.roots) > 0:
		rd.damage(event.DamageTruncated, true, "the source ends before its root element does")
	}
	if rd.build.charset.invalid || in.utf16 != nil && in.utf16.lone {
		rd.damage(event.DamageEncoding, false, "text that is not in the source's encoding")
	}
	if in.utf16 != nil && in.utf16.oddTail {
		rd.damage(event.DamageTruncated, false, "the source ends in half a character")
	}
	if n := rd.streams.Unlisted(); n > 0 {
		rd.damage(event.DamageLimit, false, fmt.Sprintf("too many computers, channels or providers: %d records are missing from the streams", n))
	}
	if rd.omitted > 0 {
		src.Damage = append(src.Damage, event.Damage{
			Kind: event.DamageLimit, Offset: -1, Lost: rd.lost, Detail: fmt.Sprintf("%d more defects are not listed", rd.omitted),
		})
	}
}

// blank returns the length of the white space and byte order marks at the start.
func blank(text []byte) int {
	n := 0
	for n < len(text) {
		switch {
		case isSpace(text[n]):
			n++
		case bytes.HasPrefix(text[n:], []byte("\ufeff")):
			n += len("\ufeff")
		default:
			return n
		}
	}
	return n
}

// until returns the index of c, or the length of text.
func until(text []byte, c byte) int {
	if i := bytes.IndexByte(text, c); i >= 0 {
		return i
	}
	return len(text)
}
