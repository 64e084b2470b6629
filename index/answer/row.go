package answer

import (
	"time"

	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/index/store"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
)

// A Row is a row of a store as a query sees it.
type Row struct {
	row    *store.Row
	labels func(field query.Field, source string, offset int64) []string
}

// NewRow returns r as a query's row, which shares its memory. labels finds the
// values of Issue and Verdict for the event of a source and offset; it may be
// nil if they aren't asked for.
func NewRow(r *store.Row, labels func(field query.Field, source string, offset int64) []string) Row {
	return Row{r, labels}
}

// The methods of query.Row.

func (r Row) Computer() string        { return r.row.Host }
func (r Row) Provider() (_, _ string) { return r.row.Provider, r.row.Classic }
func (r Row) Channel() string         { return r.row.Channel }
func (r Row) ID() uint32              { return r.row.ID }
func (r Row) Level() event.Level      { return r.row.Level }
func (r Row) Time() time.Time         { return r.row.Time }
func (r Row) Codes() []known.Code     { return r.row.Codes }
func (r Row) VMs() []string           { return r.row.VMs }
func (r Row) Volumes() []string       { return r.row.Volumes }

func (r Row) Labels(field query.Field) []string {
	switch {
	case field == query.Job && r.row.Job != "":
		return []string{r.row.Job}
	case field == query.Job || r.labels == nil:
		return nil
	}
	return r.labels(field, r.row.Source, r.row.Offset)
}

func (r Row) AnyText(match func(string) bool) bool {
	for i := range r.row.Fields {
		if match(r.row.Fields[i].Value) {
			return true
		}
	}
	for _, s := range [...]string{r.row.Provider, r.row.Classic, r.row.Channel, r.row.Host, r.row.Message} {
		if s != "" && match(s) {
			return true
		}
	}
	return false
}
