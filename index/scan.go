package index

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/index/store"
	"github.com/vsswhy/vsswhy/ingest"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules/report"
	"github.com/vsswhy/vsswhy/rules/scene"
)

// Keep says which events the store of a case has. The logs are kept whole in
// any case.
type Keep string

// What is kept.
const (
	KeepAll      Keep = "all"      // every event, up to MaxEvents
	KeepRelevant Keep = "relevant" // those that the rules look at
)

// MaxEvents is how many events a store gets at most: some 1.5 GB. Beyond it
// only relevant ones are added.
const MaxEvents = 20_000_000

// ScanOptions are the settings of a Scan.
type ScanOptions struct {
	Keep     Keep
	Scope    Scope // of the full-text index, which AddSearch adds
	Reread   bool  // the given paths are read even if the case has them
	Unlock   bool  // as Reread, for those that have something encrypted in them
	Versions Versions
	Interest *event.Interest // what is relevant
	Workers  int
}

// A Scan makes the next generation of a case. Its input goes through
// ingest.Scan with the Scan's Inputs and Options; each batch goes to Add, and
// what was made of them to Commit. Until then the case is what it was.
type Scan struct {
	c      *Case
	opt    ScanOptions
	inputs []plan
	filter *event.Filter
	shelf  *shelf
	again  bool // all events are read again: there is no store to start from

	writer  *store.Writer
	rows    int
	sources []event.Source
	fresh   bool // something was read that the case did not have
	err     error
}

// Scan begins a scan of what the case has and of the given paths.
func (c *Case) Scan(paths []string, opt ScanOptions) (*Scan, error) {
	if !c.Writable() {
		return nil, errors.New("the case was opened read-only")
	}
	plans, err := c.plan(paths, opt)
	if err != nil {
		return nil, err
	}
	known := c.now().schema.Inputs
	if opt.Reread {
		known = nil
	}
	s := &Scan{c: c, opt: opt, inputs: plans, filter: opt.Interest.Filter(), shelf: newShelf(c.logs, known, opt.Versions.Readers)}
	s.again = !c.hasStore(opt) || slices.ContainsFunc(plans, func(p plan) bool { return p.changed })
	return s, nil
}

// hasStore reports whether the store can be built upon.
func (c *Case) hasStore(opt ScanOptions) bool {
	old := c.now().schema.Versions
	sameInterest := opt.Keep == KeepAll || old.Interest == opt.Versions.Interest
	if c.now().schema.Store == nil || c.now().schema.Keep != opt.Keep || old.Readers != opt.Versions.Readers || !sameInterest {
		return false
	}
	r, err := c.Events()
	return err == nil && r.Verify() == nil
}

// Inputs returns what is to be scanned, in the order of the case.
func (s *Scan) Inputs() []ingest.Input {
	list := make([]ingest.Input, len(s.inputs))
	for i, p := range s.inputs {
		list[i] = p.Input
	}
	return list
}

// Options completes the options of the ingest.Scan.
func (s *Scan) Options(opt ingest.Options) ingest.Options {
	opt.Interest = s.opt.Interest
	opt.Shelf = s.shelf
	opt.Recover = ingest.Recovers(s.opt.Versions.Readers)
	opt.All = s.opt.Keep == KeepAll
	opt.AllAgain = opt.All && s.again
	return opt
}

// Add takes a batch: events into the store, and what is known of a source that
// has ended into the schema.
func (s *Scan) Add(b event.Batch) {
	if !b.Source.Recalled || s.again {
		s.addRows(b)
	}
	if b.Last {
		src := *b.Source
		src.Streams = nil // its reader finds them again
		s.sources = append(s.sources, src)
		s.fresh = s.fresh || !src.Recalled
	}
}

func (s *Scan) addRows(b event.Batch) {
	for i := range b.Events {
		e := &b.Events[i]
		if s.opt.Keep == KeepRelevant || s.rows >= MaxEvents {
			if !s.filter.Wants(e) {
				continue
			}
		}
		s.rows++
		s.write(Row(e, b.Source.Path))
	}
}

func (s *Scan) write(r store.Row) {
	if s.err == nil && s.writer == nil {
		s.err = s.createStore()
	}
	if s.err == nil {
		s.err = s.writer.Write([]store.Row{r})
	}
}

// createStore begins the store, with what the old one has if that is good.
func (s *Scan) createStore() (err error) {
	s.writer, err = store.Create(s.c.path(s.name("events.%d.parquet")), store.Options{Workers: s.opt.Workers})
	if err != nil || s.again {
		return err
	}
	old, err := s.c.Events()
	if err != nil {
		return err
	}
	s.rows = int(old.Rows())
	return s.writer.Include(old, nil)
}

// Row returns the row of an event: what it says, and what it speaks of.
func Row(e *event.Event, source string) store.Row {
	var q query.EventRow
	q.Reset(e)
	r := store.FromEvent(e, source)
	r.VMs, r.Volumes, r.Codes = q.VMs(), q.Volumes(), q.Codes()
	return r
}

// name returns the name of a file of the generation that is being made.
func (s *Scan) name(format string) string { return fmt.Sprintf(format, s.c.now().schema.Generation+1) }

// Damaged reports whether what the case keeps of a given path can't be read, so
// that a Scan with Reread can mend it.
func (s *Scan) Damaged() bool {
	return slices.ContainsFunc(s.sources, func(src event.Source) bool {
		return keptIsDamaged(&src) && slices.ContainsFunc(s.inputs, func(p plan) bool { return p.given && within(src.Path, p.Label) })
	})
}

// unreadable says which log can't be read any more. A report without it must
// not take the place of one with it.
func (s *Scan) unreadable() error {
	for i := range s.sources {
		if src := &s.sources[i]; keptIsDamaged(src) {
			return fmt.Errorf("%w: what it keeps of %s can't be read; scan the bundle that it came in again", ErrDamaged, src.Path)
		}
	}
	return nil
}

func keptIsDamaged(src *event.Source) bool {
	return slices.ContainsFunc(src.Damage, func(d event.Damage) bool { return d.Kind == event.DamageKept })
}

// Close gives up what was not committed.
func (s *Scan) Close() {
	if s.writer != nil {
		s.writer.Close()
	}
}

// Commit makes what was added, and the report that was made of it, the case's
// next generation. If it fails, the case is what it was. A full-text index is
// added by AddSearch.
func (s *Scan) Commit(ctx context.Context, sc *scene.Scene, r *report.Report) error {
	if err := errors.Join(s.err, s.shelf.failed(), s.unreadable()); err != nil {
		return err
	}
	next := *s.c.now().schema
	next.Generation++
	next.Versions, next.Keep, next.Scope = s.opt.Versions, s.opt.Keep, s.opt.Scope
	next.Args, next.Generated = r.Args, r.Generated.Time
	next.Inputs = s.recorded()
	if s.nothingNew(&next, r) {
		return nil
	}
	if err := s.c.logs.Sync(); err != nil {
		return err
	}
	if err := s.commitStore(ctx, &next, sc, r); err != nil {
		return err
	}
	var text bytes.Buffer
	if err := r.WriteJSON(&text); err != nil {
		return err
	}
	var err error
	if next.Report, err = writeFile(s.c.dir, s.name("report.%d.json"), text.Bytes()); err != nil {
		return err
	}
	if next.Search != nil {
		next.Search, next.Earlier = nil, next.Search
	}
	return s.c.commit(&next)
}

// Amend puts a report that was made of the same logs in the place of the case's
// own: with other answers, say. The full-text index, which has findings too, is
// to be built again.
func (c *Case) Amend(r *report.Report, v Versions) error {
	if !c.Writable() {
		return errors.New("the case was opened read-only")
	}
	var text bytes.Buffer
	if err := r.WriteJSON(&text); err != nil {
		return err
	}
	next := *c.now().schema
	next.Generation++
	next.Versions = v
	var err error
	if next.Report, err = writeFile(c.dir, fmt.Sprintf("report.%d.json", next.Generation), text.Bytes()); err != nil {
		return err
	}
	if next.Search != nil {
		next.Search, next.Earlier = nil, next.Search
	}
	return c.commit(&next)
}

// nothingNew reports whether the case is up to date.
func (s *Scan) nothingNew(next *Schema, r *report.Report) bool {
	old, _, err := s.c.Report()
	if err != nil || s.fresh || s.again || next.Scope != s.c.now().schema.Scope || next.Versions != s.c.now().schema.Versions || !reflect.DeepEqual(next.Inputs, s.c.now().schema.Inputs) {
		return false
	}
	return sameResult(old, r)
}

// sameResult compares reports but for when and how they were asked for.
func sameResult(a, b *report.Report) bool {
	x, y := *a, *b
	x.Args, x.Generated = y.Args, y.Generated
	var tx, ty bytes.Buffer
	return x.WriteJSON(&tx) == nil && y.WriteJSON(&ty) == nil && bytes.Equal(tx.Bytes(), ty.Bytes())
}

// commitStore writes the store, unless the one there is has the same rows and
// labels.
func (s *Scan) commitStore(ctx context.Context, next *Schema, sc *scene.Scene, r *report.Report) error {
	if s.writer == nil && !s.again && s.sameLabels(next, r) {
		return nil
	}
	if s.writer == nil {
		if err := s.createStore(); err != nil {
			return err
		}
	}
	for _, src := range sc.Sources {
		if sc.Form(src.ID) != nil {
			s.writer.Drop(src.Path)
		}
	}
	l := newLabels(r, next.paths())
	m, err := s.writer.Finish(ctx, store.Labels{Job: l.job, VMs: machines(sc)})
	if err != nil {
		return err
	}
	next.Store = &StoreFile{Name: s.name("events.%d.parquet"), Manifest: m}
	return nil
}

// sameLabels reports whether the rows of the store would get what they have.
func (s *Scan) sameLabels(next *Schema, r *report.Report) bool {
	old, _, err := s.c.Report()
	return err == nil && next.Versions == s.c.now().schema.Versions &&
		reflect.DeepEqual(next.paths(), s.c.now().schema.paths()) && reflect.DeepEqual(old.Jobs, r.Jobs)
}

// commit makes a schema the case's, and removes what only the old one named.
func (c *Case) commit(next *Schema) error {
	if err := next.write(c.dir); err != nil {
		return err
	}
	c.take(next)
	c.sweep()
	return nil
}

// recorded sorts the sources into the inputs and files that they came with. A path
// at which nothing is was mistyped: the report says so, and the case forgets it, which
// would else lack it for good.
func (s *Scan) recorded() []Input {
	inputs := make([]Input, 0, len(s.inputs))
	n := 0
	for _, p := range s.inputs {
		in := Input{Label: p.Label, Origin: p.origin}
		for ; n < len(s.sources) && within(s.sources[n].Path, p.Label); n++ {
			in.add(s.sources[n], s.opt.Versions.Readers)
		}
		if !p.mistyped() || in.hasContent() {
			inputs = append(inputs, in)
		}
	}
	return inputs
}

// hasContent reports whether something was read of an input.
func (in *Input) hasContent() bool {
	return slices.ContainsFunc(in.Files, func(f ingest.RecordedFile) bool { return f.Size > 0 || f.SHA256 != "" })
}

// within reports whether a source came with the input of a label: it is the
// input, lies in the folder, or in the archive.
func within(path, label string) bool {
	rest, ok := strings.CutPrefix(path, label)
	return ok && (rest == "" || rest[0] == '/' || strings.HasPrefix(rest, "!/"))
}

// add records a source: a file, or what was found in the file before it.
func (in *Input) add(src event.Source, readers string) {
	if n := len(in.Files); n > 0 {
		if f := &in.Files[n-1]; f.Path == src.Root && strings.HasPrefix(src.Path, f.Path+"!/") {
			src.Path = src.Path[len(f.Path):]
			f.Sources = append(f.Sources, stripped(src))
			return
		}
	}
	f := ingest.RecordedFile{Path: src.Path, Root: src.Root, SHA256: src.SHA256, Size: src.Size, Readers: readers}
	src.Path = ""
	f.Sources = append(f.Sources, stripped(src))
	in.Files = append(in.Files, f)
}

// stripped is a source without what the next reading gives anew.
func stripped(src event.Source) event.Source {
	src.ID, src.Root, src.Recalled = 0, "", false
	return src
}

// plan is an input with how it is read.
type plan struct {
	ingest.Input
	origin  string
	given   bool // and not only known
	changed bool // the case has it, and it is not what it was
}

// mistyped reports whether an input is new, and not there.
func (p *plan) mistyped() bool {
	if p.Path == "" || p.Path == "-" || p.changed {
		return false
	}
	_, err := os.Stat(p.Path)
	return errors.Is(err, fs.ErrNotExist)
}
