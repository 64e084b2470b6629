package eventxml

import (
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// systemAttrs takes the attributes of an element of System.
func (p *builder) systemAttrs(name []byte) {
	if len(p.attrs) == 0 || len(p.open) != 2 {
		return
	}
	ev := &p.ev
	switch string(name) {
	case "Provider":
		ev.Provider = p.attrName("Name")
		ev.ProviderGUID = p.attrName("Guid")
		ev.EventSource = p.attrName("EventSourceName")
	case "EventID":
		ev.Qualifiers = uint16(p.attrNumber("Qualifiers", 16))
	case "TimeCreated":
		p.time()
	case "Correlation":
		if raw, ok := p.attribute("ActivityID"); ok {
			p.scratch = p.appendAttr(p.scratch[:0], raw)
			p.activity = p.store(p.scratch)
		}
	case "Execution":
		ev.ProcessID = uint32(p.attrNumber("ProcessID", 32))
		ev.ThreadID = uint32(p.attrNumber("ThreadID", 32))
	case "Security":
		ev.UserID = p.attrName("UserID")
	}
}

// leaveSystem takes the text of an element of System. At the end of System itself
// it is known whether the event is wanted.
func (p *builder) leaveSystem(name, text []byte) {
	switch len(p.open) {
	case 2:
		p.keep = p.isID && p.want.WantsAt(p.ev.Provider, p.ev.EventSource, p.ev.ID, p.ev.Computer, p.ev.Time)
	case 3:
		p.property(name, trim(text))
	}
}

func (p *builder) property(name, text []byte) {
	ev := &p.ev
	switch string(name) {
	case "EventID":
		n, ok := number(text, 32)
		ev.ID, p.isID = uint32(n), ok
	case "Version":
		ev.Version = uint8(p.number("Version", text, 8))
	case "Level":
		ev.Level = event.Level(p.number("Level", text, 8))
	case "Task":
		ev.Task = uint16(p.number("Task", text, 16))
	case "Opcode":
		ev.Opcode = uint8(p.number("Opcode", text, 8))
	case "Keywords":
		ev.Keywords = p.number("Keywords", text, 64)
	case "EventRecordID":
		ev.Record = p.number("EventRecordID", text, 64)
	case "Channel":
		ev.Channel = p.intern(text)
	case "Computer":
		ev.Computer = p.intern(text)
	}
}

func (p *builder) attrName(name string) string {
	raw, ok := p.attribute(name)
	if !ok {
		return ""
	}
	p.scratch = p.appendAttr(p.scratch[:0], raw)
	return p.intern(p.scratch)
}

func (p *builder) attrNumber(name string, bits int) uint64 {
	raw, ok := p.attribute(name)
	if !ok {
		return 0
	}
	return p.number(name, raw, bits)
}

// number reads a property; an empty one is zero, and a wrong one is remembered.
func (p *builder) number(name string, text []byte, bits int) uint64 {
	n, ok := number(text, bits)
	if !ok && len(text) > 0 && p.bad == "" {
		p.bad = name
	}
	return n
}

func (p *builder) time() {
	raw, ok := p.attribute("SystemTime")
	if !ok {
		return
	}
	t, ok := parseTime(raw)
	switch {
	case ok && t.After(noTime):
		p.ev.Time = t
	case !ok && p.bad == "":
		p.bad = "TimeCreated"
	}
}

// noTime is a FILETIME of zero, and the hours that a wrong offset may have added.
var noTime = time.Date(1601, 1, 2, 0, 0, 0, 0, time.UTC)

// number reads an unsigned number of that many bits, decimal or after 0x
// hexadecimal.
func number(text []byte, bits int) (uint64, bool) {
	base := uint64(10)
	if len(text) > 2 && text[0] == '0' && text[1]|0x20 == 'x' {
		text, base = text[2:], 16
	}
	largest := ^uint64(0) >> (64 - bits)
	var n uint64
	for _, c := range text {
		d := digit(c)
		if d >= base || n > (largest-d)/base {
			return 0, false
		}
		n = n*base + d
	}
	return n, len(text) > 0
}

// digit returns the value of a hexadecimal digit, or 16 for another character.
func digit(c byte) uint64 {
	switch {
	case c >= '0' && c <= '9':
		return uint64(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return uint64(c|0x20-'a') + 10
	}
	return 16
}

// parseTime reads SystemTime and truncates it to the 100 ns of Windows:
//
//	2009-10-14T07:14:05.1454614Z    0 to 9 digits of fraction, or more
//	2009-10-14T09:14:05+02:00       an offset
//	2009-10-14T07:14:05             none: UTC
func parseTime(b []byte) (time.Time, bool) {
	const layout = "2006-01-02T15:04:05"
	if len(b) < len(layout) {
		return time.Time{}, false
	}
	var f [6]int
	at := 0
	for i := range f {
		width := 2
		if i == 0 {
			width = 4
		}
		n, ok := number(b[at:at+width], 32)
		if !ok || i > 0 && b[at-1] != layout[at-1] && !(at-1 == 10 && b[10] == ' ') {
			return time.Time{}, false
		}
		f[i], at = int(n), at+width+1
	}
	nanos, rest := fraction(b[len(layout):])
	offset, ok := zone(rest)
	if !ok || f[3] > 23 || f[4] > 59 || f[5] > 59 {
		return time.Time{}, false
	}
	t := time.Date(f[0], time.Month(f[1]), f[2], f[3], f[4], f[5], nanos/100*100, time.UTC)
	if t.Month() != time.Month(f[1]) || t.Day() != f[2] {
		return time.Time{}, false
	}
	return t.Add(-offset), true
}

// fraction reads a fraction of a second, and returns what follows it.
func fraction(b []byte) (nanos int, rest []byte) {
	if len(b) == 0 || b[0] != '.' {
		return 0, b
	}
	i := 1
	for unit := 100_000_000; i < len(b) && b[i] >= '0' && b[i] <= '9'; i++ {
		nanos += int(b[i]-'0') * unit
		unit /= 10
	}
	return nanos, b[i:]
}

// zone reads "Z", "+hh:mm", "-hh:mm" or nothing.
func zone(b []byte) (time.Duration, bool) {
	if len(b) == 0 || len(b) == 1 && b[0]|0x20 == 'z' {
		return 0, true
	}
	if len(b) != 6 || b[3] != ':' || b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	h, ok1 := number(b[1:3], 32)
	m, ok2 := number(b[4:6], 32)
	if !ok1 || !ok2 || h > 23 || m > 59 {
		return 0, false
	}
	d := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if b[0] == '-' {
		d = -d
	}
	return d, true
}
