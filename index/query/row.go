package query

import (
	"strconv"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
	"github.com/vsswhy/vsswhy/rules/scene"
)

// A Row is one event as a query sees it. A query calls only the methods that
// its terms need, the cheap ones first, so a Row may compute the others when
// they are called.
type Row interface {
	Computer() string
	Provider() (name, classic string) // classic: the event source name, "" if it has none
	Channel() string
	ID() uint32
	Level() event.Level
	Time() time.Time // zero if the event has none

	Codes() []known.Code
	VMs() []string     // names, and ids without braces
	Volumes() []string // plain names

	// Labels returns the event's jobs, issues or verdicts. It is asked only
	// for the fields of Env.Labels.
	Labels(Field) []string

	// AnyText reports whether match holds for one of the texts in which free
	// text is searched.
	AnyText(match func(string) bool) bool
}

// An EventRow is a decoded event as a Row, without labels. Reset it for each
// event, so that one EventRow serves a whole scan. It is not safe for
// concurrent use.
//
// It knows what the event itself says: a machine that the event names by id
// only is not found by its name.
type EventRow struct {
	e       *event.Event
	coded   bool // codes are there
	spoken  bool // vms and volumes are
	codes   []known.Code
	vms     []string
	volumes []string
}

// Reset makes the row that of e.
func (r *EventRow) Reset(e *event.Event) { *r = EventRow{e: e} }

func (r *EventRow) speaks() *EventRow {
	if !r.spoken {
		r.vms, r.volumes = scene.Speaks(r.e)
		r.spoken = true
	}
	return r
}

// The methods of Row.

func (r *EventRow) Computer() string            { return r.e.Computer }
func (r *EventRow) Provider() (_, _ string)     { return r.e.Provider, r.e.EventSource }
func (r *EventRow) Channel() string             { return r.e.Channel }
func (r *EventRow) ID() uint32                  { return r.e.ID }
func (r *EventRow) Level() event.Level          { return r.e.Level }
func (r *EventRow) Time() time.Time             { return r.e.Time }
func (r *EventRow) VMs() []string               { return r.speaks().vms }
func (r *EventRow) Volumes() []string           { return r.speaks().volumes }
func (r *EventRow) Labels(field Field) []string { return nil }

func (r *EventRow) Codes() []known.Code {
	if !r.coded {
		r.codes, r.coded = scene.Codes(r.e), true
	}
	return r.codes
}

func (r *EventRow) AnyText(match func(string) bool) bool {
	for i := range r.e.Fields {
		if match(r.e.Fields[i].Value) {
			return true
		}
	}
	e := r.e
	for _, s := range [...]string{e.Provider, e.EventSource, e.Channel, e.Computer, e.Message} {
		if s != "" && match(s) {
			return true
		}
	}
	return false
}

// Values returns the values of a field by which a query finds the row: for
// each of them, Term is a query that matches. It has none for times and text.
func Values(r Row, f Field) []string {
	var values []string
	switch f {
	case Host:
		values = []string{r.Computer()}
	case Provider:
		name, classic := r.Provider()
		values = []string{name}
		if name == "" {
			values = []string{classic}
		}
	case Channel:
		values = []string{r.Channel()}
	case ID:
		return []string{strconv.FormatUint(uint64(r.ID()), 10)}
	case Level:
		return []string{LevelName(r.Level())}
	case Code:
		for _, c := range r.Codes() {
			values = append(values, c.String())
		}
	case VM:
		values = r.VMs()
	case Volume:
		values = r.Volumes()
	case Job, Issue, Verdict:
		values = r.Labels(f)
	}
	return nonEmpty(values)
}

func nonEmpty(list []string) []string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// Term returns the term of a field with one value, as Values returns them. Bytes
// that are not UTF-8 become U+FFFD, which matches them.
func Term(f Field, value string) string {
	return string(f) + ":" + quoteValue(string([]rune(value)))
}
