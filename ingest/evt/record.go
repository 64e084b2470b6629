package evt

import (
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// Event types of a record.
const (
	typeError        = 1
	typeWarning      = 2
	typeInformation  = 4
	typeAuditSuccess = 8
	typeAuditFailure = 16
)

// The keywords that Windows Vista and later give to events of classic sources.
const (
	keywordClassic      = 0x0080000000000000
	keywordAuditSuccess = 0x0020000000000000
	keywordAuditFailure = 0x0010000000000000
)

var (
	errNames   = errors.New("the names of its source and computer have no end")
	errStrings = errors.New("its strings do not lie within it")
	errSID     = errors.New("its user's SID does not lie within it")
	errData    = errors.New("its data does not lie within it")
)

// record counts a record, and decodes it if it is wanted.
func (l *log) record(b record, at int64) {
	l.records++
	l.src.Records++
	source, computer, err := l.namesOf(b)
	if err != nil {
		l.undecodable(at, b, err)
		return
	}
	when := seconds(b.generated())
	l.streams.Add(computer, l.channel, uint64(b.number()), when, source)
	if l.filter != nil && !l.filter.WantsAt(source, "", uint32(b.id()), computer, when) {
		return
	}
	e := event.Event{
		Ref: event.Ref{Source: l.src.ID, Offset: at}, Record: uint64(b.number()), Time: when,
		Computer: computer, Channel: l.channel, Provider: source, ID: uint32(b.id()), Qualifiers: b.qualifier(),
		Task: b.category(), Payload: "EventData",
	}
	e.Level, e.Keywords = levelOf(b.kind())
	if err := decode(b, &e); err != nil {
		l.undecodable(at, b, err)
		return
	}
	if l.filter != nil && !l.filter.Wants(&e) {
		return
	}
	l.src.Relevant++
	l.batch = append(l.batch, e)
	l.text += len(b)
}

func (l *log) undecodable(at int64, b record, err error) {
	l.src.Undecodable++
	l.damaged(event.DamageRecord, at, true, "record %d can't be decoded: %v", b.number(), err)
}

// namesOf reads the names of the source and the computer.
func (l *log) namesOf(b record) (source, computer string, err error) {
	rest := b[fixedSize : len(b)-4]
	first, rest, ok := cutNUL(rest)
	second, _, also := cutNUL(rest)
	if !ok || !also {
		return "", "", errNames
	}
	return l.name(first), l.name(second), nil
}

// name decodes a name, each once.
func (l *log) name(b []byte) string {
	s, ok := l.names[string(b)]
	if !ok {
		s = decodeUTF16(b)
		if len(l.names) < maxNames {
			l.names[string(b)] = s
		}
	}
	return s
}

// decode fills what the variable part of a record holds.
func decode(b record, e *event.Event) error {
	if n := le.Uint32(b[40:]); n > 0 {
		sid, ok := b.part(44, n)
		if !ok {
			return errSID
		}
		e.UserID = sidText(sid)
	}
	if b.strings() > 0 {
		from := uint64(le.Uint32(b[36:]))
		if from < fixedSize || from > uint64(len(b)-4) {
			return errStrings
		}
		rest := b[from : len(b)-4]
		for range b.strings() {
			s, after, ok := cutNUL(rest)
			if !ok {
				return errStrings
			}
			e.Fields = append(e.Fields, event.Field{Value: decodeUTF16(s)})
			rest = after
		}
	}
	data, ok := b.part(52, le.Uint32(b[48:]))
	if !ok {
		return errData
	}
	if len(data) > 0 {
		e.Fields = append(e.Fields, event.Field{Name: "Binary", Value: strings.ToUpper(hex.EncodeToString(data))})
	}
	return nil
}

// levelOf translates a record's type as Windows does for events of classic
// sources. Audits have no level; success and failure are keywords.
func levelOf(kind uint16) (event.Level, uint64) {
	switch kind {
	case typeError:
		return event.LevelError, keywordClassic
	case typeWarning:
		return event.LevelWarning, keywordClassic
	case typeInformation:
		return event.LevelInformation, keywordClassic
	case typeAuditSuccess:
		return event.LevelAlways, keywordClassic | keywordAuditSuccess
	case typeAuditFailure:
		return event.LevelAlways, keywordClassic | keywordAuditFailure
	}
	return event.LevelAlways, keywordClassic
}

// seconds is a time of the format: seconds since 1970 in UTC; zero is none.
func seconds(n uint32) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(int64(n), 0).UTC()
}

// cutNUL returns UTF-16 text up to its NUL, and what follows that.
func cutNUL(b []byte) (text, rest []byte, ok bool) {
	for i := 0; i+2 <= len(b); i += 2 {
		if b[i] == 0 && b[i+1] == 0 {
			return b[:i], b[i+2:], true
		}
	}
	return nil, nil, false
}

// decodeUTF16 decodes little-endian UTF-16; a surrogate without its partner
// becomes U+FFFD.
func decodeUTF16(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = le.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// sidText writes a SID as S-1-…, or as hex digits if it is none (MS-DTYP 2.4.2:
// revision, number of sub-authorities, authority in six bytes, big-endian, and
// the sub-authorities, little-endian).
func sidText(b []byte) string {
	if len(b) < 8 || b[0] != 1 || len(b) != 8+4*int(b[1]) {
		return strings.ToUpper(hex.EncodeToString(b))
	}
	authority := uint64(0)
	for _, x := range b[2:8] {
		authority = authority<<8 | uint64(x)
	}
	text := "S-1-" + strconv.FormatUint(authority, 10)
	for i := 8; i < len(b); i += 4 {
		text += "-" + strconv.FormatUint(uint64(le.Uint32(b[i:])), 10)
	}
	return text
}
