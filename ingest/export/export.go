package export

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// Options say what to read.
type Options struct {
	Interest *event.Interest // which events to yield; nil: all
	Channel  string          // where the text does not say it
}

// sniffLength is what Sniff looks at: the first event, with its message.
const sniffLength = 16 << 10

// A record is one event as a text has it: the values of its properties, by the
// names that PowerShell gives them, in lower case.
type record struct {
	values map[string]string
	fields []event.Field
	line   line   // where it begins
	wrong  string // why it can't be read; "" if it can
	bare   bool   // its properties are there as the name of their type only
}

// A textFormat is one line of the table of what can be read. Each yields the
// records of a text, and reports what is wrong between them.
type textFormat struct {
	name    string
	dated   bool // with dates as the user's Windows writes them
	known   func(head *lines) bool
	records func(l *lines, report reporter) iter.Seq[record]
}

// A reporter takes what is wrong with a text at a line.
type reporter func(kind event.DamageKind, at line, lost bool, detail string)

var formats = []textFormat{
	{"clixml", false, knownClixml, clixmlRecords},
	{"csv", true, knownCSV, csvRecords},
	{"list", true, knownList, listRecords},
	{"list", true, knownWevtutil, wevtutilRecords},
	{"list", true, knownCopied, copiedRecords},
}

// Sniff returns the format of a text with these first bytes, or "".
func Sniff(head []byte) string {
	if f := formatOf(head); f != nil {
		return f.name
	}
	return ""
}

func formatOf(head []byte) *textFormat {
	head = head[:min(len(head), sniffLength)]
	for i := range formats {
		if formats[i].known(newLines(bytes.NewReader(head), sniffLength)) {
			return &formats[i]
		}
	}
	return nil
}

// Read yields the events of a text of size bytes that are wanted, in its order,
// in batches that the caller may keep. It reads the text twice: first for the
// order of day and month in its dates. When the sequence ends, src has its
// Records, Undecodable, Relevant, Streams, Basis, Damage and Err. Read uses
// src.ID for the events' Refs. The sequence can be used once.
func Read(ctx context.Context, r io.ReaderAt, size int64, src *event.Source, opt Options) iter.Seq[[]event.Event] {
	return func(yield func([]event.Event) bool) {
		rd := &reader{ctx: ctx, r: r, size: size, src: src, opt: opt, filter: opt.Interest.Filter()}
		rd.run(yield)
		rd.finish()
	}
}

// Bounds of a batch, and of the list of damage.
const (
	maxBatch      = 256
	maxBatchBytes = 1 << 20
	maxDamage     = 200
)

type reader struct {
	ctx    context.Context
	r      io.ReaderAt
	size   int64
	src    *event.Source
	opt    Options
	filter *event.Filter
	format *textFormat
	order  order
	local  bool // times without an offset were met
	bare   int  // events without their fields

	batch   []event.Event
	bytes   int
	streams event.StreamBuilder
	omitted int
	lost    bool // something omitted was a loss
}

func (rd *reader) run(yield func([]event.Event) bool) {
	head := make([]byte, min(rd.size, sniffLength))
	if _, err := io.ReadFull(io.NewSectionReader(rd.r, 0, rd.size), head); err != nil {
		rd.src.Err = err.Error()
		return
	}
	if rd.format = formatOf(head); rd.format == nil {
		rd.src.Err = "no exported events"
		return
	}
	if rd.format.dated && !rd.decide() {
		return
	}
	text := rd.text()
	for rec := range rd.format.records(text, rd.damaged) {
		if rd.ctx.Err() != nil {
			break
		}
		rd.record(&rec)
		if len(rd.batch) == maxBatch || rd.bytes >= maxBatchBytes {
			if !yield(rd.batch) {
				return
			}
			rd.batch, rd.bytes = nil, 0
		}
	}
	rd.failed(text)
	if len(rd.batch) > 0 {
		yield(rd.batch)
	}
}

func (rd *reader) text() *lines { return newLines(io.NewSectionReader(rd.r, 0, rd.size), 64<<10) }

// failed notes why reading ended early, if it did.
func (rd *reader) failed(text *lines) bool {
	switch {
	case rd.ctx.Err() != nil:
		rd.src.Err = context.Cause(rd.ctx).Error()
	case text.err != nil:
		rd.src.Err = text.err.Error()
	}
	return rd.src.Err != ""
}

// decide looks at all dates. False: the text can't be read.
func (rd *reader) decide() bool {
	var d decider
	text := rd.text()
	for rec := range rd.format.records(text, func(event.DamageKind, line, bool, string) {}) {
		if rd.ctx.Err() != nil {
			break
		}
		d.add(rec.time())
	}
	if rd.failed(text) {
		return false
	}
	sure := false
	rd.order, sure = d.order()
	if !sure {
		rd.src.Basis = event.BasisUnknown
		rd.damaged(event.DamageTime, line{offset: -1}, false, "whether its dates are month/day or day/month can't be told: they are shown as month/day, and no rule goes by them")
	}
	return true
}

// record counts a record, and takes it if it is wanted.
func (rd *reader) record(rec *record) {
	rd.src.Records++
	e, err := rd.event(rec)
	if err != "" {
		rd.src.Undecodable++
		rd.damaged(event.DamageRecord, rec.line, true, "record not readable: "+err)
		return
	}
	if rec.bare {
		rd.bare++
	}
	rd.streams.Add(e.Computer, e.Channel, e.Record, e.Time, cmp.Or(e.Provider, e.EventSource))
	if !rd.filter.Wants(&e) {
		return
	}
	rd.src.Relevant++
	rd.batch = append(rd.batch, e)
	rd.bytes += len(e.Message) + 64*len(e.Fields)
}

// maxMessage bounds a message, in bytes.
const maxMessage = 1 << 20

// event makes an event of a record, or says why it can't be one.
func (rd *reader) event(rec *record) (e event.Event, why string) {
	if rec.wrong != "" {
		return e, rec.wrong
	}
	id, ok := rec.number("id", "eventid", "instanceid") // Get-EventLog's list has the last one alone
	if !ok {
		return e, "it has no event id"
	}
	m, ok := parseMoment(rec.time(), rd.order)
	if !ok {
		return e, fmt.Sprintf("its time %.40q is none", rec.time())
	}
	rd.local = rd.local || !m.exact
	e = event.Event{
		Ref: event.Ref{Source: rd.src.ID, Offset: rec.line.offset}, Line: rec.line.no,
		ID: uint32(id & 0xffff), Time: m.at,
		Provider: rec.text("providername", "source"), Computer: rec.text("machinename"), Channel: rec.text("logname", "containerlog"),
		ProviderGUID: braces(rec.text("providerid")), ActivityID: braces(rec.text("activityid")), UserID: rec.text("userid", "username"),
		Fields: rec.fields, Message: rec.text("message"),
	}
	if e.Provider == "" {
		return e, "it has no provider"
	}
	if len(rec.fields) > 0 {
		e.Payload = "EventData"
	}
	e.Channel = cmp.Or(e.Channel, rd.opt.Channel)
	e.Message = e.Message[:min(len(e.Message), maxMessage)]
	rec.properties(&e, id)
	return e, ""
}

// properties fills what is a number. One that is missing is zero.
func (rec *record) properties(e *event.Event, id uint64) {
	number := func(names ...string) uint64 {
		n, _ := rec.number(names...)
		return n
	}
	e.Record = number("recordid", "index")
	e.Qualifiers = uint16(number("qualifiers") | number("instanceid")>>16 | id>>16)
	e.Version, e.Opcode, e.Task = uint8(number("version")), uint8(number("opcode")), uint16(number("task", "categorynumber"))
	e.Keywords, e.ProcessID, e.ThreadID = number("keywords"), uint32(number("processid")), uint32(number("threadid"))
	level, ok := rec.number("level")
	if !ok {
		level = levels[strings.ToLower(rec.text("leveldisplayname", "entrytype", "level"))]
	}
	e.Level = event.Level(level)
}

// levels by their names: as Get-EventLog has them in any language, and as Event Viewer,
// wevtutil and LevelDisplayName do in those that Windows Server is most sold in.
var levels = map[string]uint64{
	"critical": 1, "error": 2, "warning": 3, "information": 4, "verbose": 5,
	"kritisch": 1, "fehler": 2, "warnung": 3, "informationen": 4, "ausführlich": 5, // German
	"critique": 1, "erreur": 2, "avertissement": 3, "commentaires": 5, // French, and "information"
	"crítico": 1, "advertencia": 3, "información": 4, "detallado": 5, // Spanish, and "error"
	"critico": 1, "errore": 2, "avviso": 3, "informazioni": 4, "dettagliato": 5, // Italian
	"erro": 2, "aviso": 3, "informações": 4, "detalhado": 5, // Portuguese, and "crítico"
	"kritiek": 1, "fout": 2, "waarschuwing": 3, "informatie": 4, "uitgebreid": 5, // Dutch
	"kritisk": 1, "fel": 2, "varning": 3, // Swedish, and "information"
	"fejl": 2, "advarsel": 3, "oplysninger": 4, // Danish, and "kritisk"
	"krytyczne": 1, "błąd": 2, "ostrzeżenie": 3, "informacje": 4, // Polish
	"kritická": 1, "chyba": 2, "upozornění": 3, "informace": 4, // Czech
	"kritikus": 1, "hiba": 2, "figyelmeztetés": 3, "információ": 4, // Hungarian
	"kritik": 1, "hata": 2, "uyarı": 3, "bilgi": 4, // Turkish
	"критический": 1, "ошибка": 2, "предупреждение": 3, "сведения": 4, // Russian
	"重大": 1, "エラー": 2, "警告": 3, "情報": 4, // Japanese
	"关键": 1, "错误": 2, "信息": 4, // Chinese, and "警告"
	"錯誤": 2, "資訊": 4, // of Taiwan, and "重大" and "警告"
	"위험": 1, "오류": 2, "경고": 3, "정보": 4, // Korean
}

func (rec *record) time() string { return rec.text("timecreated", "timegenerated") }

// text returns the first value that is there and not empty.
func (rec *record) text(names ...string) string {
	for _, name := range names {
		if s := rec.values[name]; s != "" {
			return s
		}
	}
	return ""
}

// number returns the first value that is a number. Keywords are signed in
// PowerShell.
func (rec *record) number(names ...string) (uint64, bool) {
	for _, name := range names {
		s := strings.TrimSpace(rec.values[name])
		if n, err := strconv.ParseUint(s, 10, 64); err == nil {
			return n, true
		}
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return uint64(n), true
		}
	}
	return 0, false
}

// braces writes a GUID as event XML does.
func braces(guid string) string {
	if guid == "" || guid[0] == '{' {
		return guid
	}
	return "{" + guid + "}"
}

func (rd *reader) damaged(kind event.DamageKind, at line, lost bool, detail string) {
	if len(rd.src.Damage) >= maxDamage {
		rd.omitted++
		rd.lost = rd.lost || lost
		return
	}
	if at.no > 0 {
		detail = fmt.Sprintf("line %d: %s", at.no, detail)
	}
	rd.src.Damage = append(rd.src.Damage, event.Damage{Kind: kind, Offset: at.offset, Detail: detail, Lost: lost})
}

func (rd *reader) finish() {
	if rd.local && rd.src.Basis == event.BasisUTC {
		rd.src.Basis = event.BasisLocal
	}
	rd.src.Streams = rd.streams.Streams()
	if rd.bare > 0 {
		rd.damaged(event.DamageFields, line{offset: -1}, false, fmt.Sprintf("%d events came without their fields: export with a greater -Depth", rd.bare))
	}
	if rd.omitted > 0 {
		rd.src.Damage = append(rd.src.Damage, event.Damage{Kind: event.DamageLimit, Offset: -1, Lost: rd.lost, Detail: fmt.Sprintf("%d more defects are not listed", rd.omitted)})
	}
}
