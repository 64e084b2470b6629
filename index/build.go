package index

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/index/search"
	"github.com/vsswhy/vsswhy/index/store"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
	"github.com/vsswhy/vsswhy/rules/report"
)

// Scope says what the full-text index of a case has.
type Scope string

// The scopes. Findings and their evidence are in all of them but ScopeOff.
const (
	ScopeAll      Scope = "all"      // all events of the store
	ScopeRelevant Scope = "relevant" // what the rules look at, and warnings and errors of the same providers
	ScopeFindings Scope = "findings"
	ScopeOff      Scope = "off"
)

// NewSearchName returns a name for a full-text index that no other has: a
// process that outlives the one it was started by must not write into the index
// of the next.
func (c *Case) NewSearchName() string {
	b := make([]byte, 4)
	rand.Read(b)
	return fmt.Sprintf("search.%d.%x", c.now().schema.Generation, b)
}

// BuildSearch makes the full-text index of the case's generation, in a folder of
// that name that AddSearch then adds. Run it in a process of its own: a panic in
// one of the index's goroutines must not cost more than the index.
func (c *Case) BuildSearch(ctx context.Context, name string, scope Scope, interest *event.Interest) (search.Manifest, error) {
	if c.now().schema.Generation == 0 {
		return search.Manifest{}, ErrUnfinished
	}
	if ok, _ := filepath.Match("search.*", name); !ok || name != filepath.Base(name) {
		return search.Manifest{}, fmt.Errorf("%q is no name of a full-text index", name)
	}
	opt := search.Options{Content: fmt.Sprintf("%s %s %s", c.now().schema.Versions.Readers, scope, c.now().schema.Versions.Interest)}
	if old := c.now().schema.Earlier; old != nil && old.Scope == scope {
		opt.From, opt.FromManifest = c.path(filepath.Base(old.Name)), old.Manifest
	}
	return search.Build(ctx, c.path(name), opt, c.documents(ctx, scope, interest))
}

// AddSearch makes an index that BuildSearch has made the case's own.
func (c *Case) AddSearch(name string, scope Scope, m search.Manifest) error {
	if !c.Writable() {
		return errors.New("the case was opened read-only")
	}
	if _, err := search.Open(c.path(name), m); err != nil {
		return err
	}
	next := *c.now().schema
	next.Search, next.Earlier = &SearchFolder{Name: name, Scope: scope, Manifest: m}, nil
	return c.commit(&next)
}

// SearchScope returns what the full-text index has: ScopeOff if there is none
// that can be used.
func (c *Case) SearchScope(ctx context.Context) Scope {
	if x, err := c.now().search(); err != nil || x == nil || x.Verify(ctx) != nil {
		return ScopeOff
	}
	return c.now().schema.Search.Scope
}

// SearchMissing says so if the case is to have a full-text index and has none.
func (c *Case) SearchMissing() error {
	if c.now().schema.Search == nil && c.WantedScope() != ScopeOff {
		return errors.New("the full-text index is missing")
	}
	return nil
}

// WantedScope returns what the full-text index was asked to have.
func (c *Case) WantedScope() Scope {
	if c.now().schema.Scope == "" {
		return ScopeOff
	}
	return c.now().schema.Scope
}

// DropSearch removes the full-text index, and what failed builds have left.
func (c *Case) DropSearch() error {
	if !c.Writable() {
		return errors.New("the case was opened read-only")
	}
	if c.now().schema.Search == nil {
		c.sweep()
		return nil
	}
	next := *c.now().schema
	next.Search = nil
	return c.commit(&next)
}

// documents yields what the index is to have: findings, then events in the
// order of the store.
func (c *Case) documents(ctx context.Context, scope Scope, interest *event.Interest) iter.Seq2[search.Document, error] {
	return func(yield func(search.Document, error) bool) {
		r, _, err := c.Report()
		if err != nil {
			yield(search.Document{}, err)
			return
		}
		for i := range r.Findings {
			f := &r.Findings[i]
			if !yield(search.Document{Key: search.Key{Finding: f.ID}, Row: findingRow{f}}, nil) {
				return
			}
		}
		l, err := c.now().labels()
		if err == nil {
			wanted := indexed(scope, interest, l)
			err = c.eachRow(ctx, func(row *store.Row) bool {
				if !wanted(row) {
					return true
				}
				q, _ := c.Row(row)
				return yield(search.Document{Key: search.Key{Source: row.Source, Offset: row.Offset}, Row: q}, nil)
			})
		}
		if err != nil {
			yield(search.Document{}, err)
		}
	}
}

// rowsAtOnce is how many rows are read from the store at a time.
const rowsAtOnce = 4096

// eachRow calls f for all rows in order until it returns false.
func (c *Case) eachRow(ctx context.Context, f func(*store.Row) bool) error {
	r, err := c.Events()
	if err != nil {
		return err
	}
	for from := int64(0); from < r.Rows(); from += rowsAtOnce {
		if err := ctx.Err(); err != nil {
			return err
		}
		rows, err := r.Read(from, rowsAtOnce)
		if err != nil {
			return err
		}
		for i := range rows {
			if !f(&rows[i]) {
				return nil
			}
		}
	}
	return nil
}

// indexed returns which events a scope has.
func indexed(scope Scope, interest *event.Interest, l *labels) func(*store.Row) bool {
	cited := func(row *store.Row) bool {
		return l.of(query.Verdict, row.Source, row.Offset) != nil || l.of(query.Job, row.Source, row.Offset) != nil
	}
	switch scope {
	case ScopeAll:
		return func(*store.Row) bool { return true }
	case ScopeFindings:
		return cited
	}
	filter := interest.Filter()
	return func(row *store.Row) bool {
		if filter.Wants(&event.Event{Provider: row.Provider, EventSource: row.Classic, ID: row.ID, Fields: row.Fields}) || cited(row) {
			return true
		}
		bad := row.Level != event.LevelAlways && row.Level <= event.LevelWarning
		return bad && !(filter.Provider(row.Provider).Nothing() && filter.Provider(row.Classic).Nothing())
	}
}

// A findingRow is a finding as a query sees it: its text is what it says.
type findingRow struct{ f *report.Finding }

// The methods of query.Row.

func (r findingRow) Computer() string        { return r.f.Host }
func (r findingRow) Provider() (_, _ string) { return "", "" }
func (r findingRow) Channel() string         { return "" }
func (r findingRow) ID() uint32              { return 0 }
func (r findingRow) Level() event.Level      { return event.LevelAlways }
func (r findingRow) Time() time.Time         { return r.f.Last.Time }
func (r findingRow) Volumes() []string       { return nonEmpty(r.f.Volume) }

func (r findingRow) VMs() []string {
	if r.f.VM == nil {
		return nil
	}
	return nonEmpty(r.f.VM.Name, r.f.VM.ID)
}

func (r findingRow) Codes() []known.Code {
	var codes []known.Code
	for _, c := range r.f.Criteria {
		for _, e := range c.Evidence {
			for word := range strings.FieldsSeq(e.Summary) {
				if code, err := known.ParseCode(strings.Trim(word, ",.;:()")); err == nil && strings.HasPrefix(word, "0x") {
					codes = append(codes, code)
				}
			}
		}
	}
	return codes
}

func (r findingRow) Labels(f query.Field) []string {
	switch f {
	case query.Issue:
		return nonEmpty(r.f.Rule, issueNumber(r.f.Issue))
	case query.Verdict:
		return []string{r.f.Verdict}
	}
	return nil
}

func (r findingRow) AnyText(match func(string) bool) bool {
	if match(r.f.Title) || match(r.f.Rule) || match(r.f.Host) {
		return true
	}
	for _, c := range r.f.Criteria {
		if match(c.Text) {
			return true
		}
		for _, e := range c.Evidence {
			if match(e.Summary) {
				return true
			}
		}
	}
	return false
}

func nonEmpty(list ...string) []string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}
