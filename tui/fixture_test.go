package tui

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/ingest"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules"
	"github.com/vsswhy/vsswhy/rules/builtin"
	"github.com/vsswhy/vsswhy/rules/report"
	"github.com/vsswhy/vsswhy/rules/scene"
)

// fixtures is the folder of the cases that several tests share.
var fixtures string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "vsswhy-tui-")
	if err != nil {
		panic(err)
	}
	fixtures = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// engine is the built-in rules with what they and the scene look at.
var engine = sync.OnceValues(func() (*rules.Set, *event.Interest) {
	set, err := rules.Load(builtin.FS)
	if err != nil {
		panic(err)
	}
	interest := set.Interest()
	interest.Merge(scene.Interest())
	return set, interest
})

// bundles are the inputs of the case that most tests look at: three known
// issues, a look-alike, and what could not be checked.
var bundles = []string{"csv-confirmed-paused", "iscsi-confirmed", "restore-likely", "guest-backup-likely", "lookalike-other-writer"}

// scanned has the folders of cases that were made, by the names of their
// bundles.
var scanned = struct {
	sync.Mutex
	dirs map[string]string
}{dirs: map[string]string{}}

// makeCase returns a case of its own of bundles of ../testdata/cases. They are
// scanned once; further cases are copies.
func makeCase(t testing.TB, names ...string) *index.Case {
	t.Helper()
	scanned.Lock()
	defer scanned.Unlock()
	key := strings.Join(names, " ")
	if scanned.dirs[key] == "" {
		scanned.dirs[key] = scanBundles(t, names)
	}
	dir := filepath.Join(t.TempDir(), "case")
	if err := os.CopyFS(dir, os.DirFS(scanned.dirs[key])); err != nil {
		t.Fatal(err)
	}
	c, err := index.OpenForWriting(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func scanBundles(t testing.TB, names []string) (dir string) {
	t.Helper()
	dir, err := os.MkdirTemp(fixtures, "case-*")
	if err != nil {
		t.Fatal(err)
	}
	c, err := index.OpenForWriting(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var paths []string
	for _, name := range names {
		paths = append(paths, filepath.Join("..", "testdata", "cases", name+".zip"))
	}
	if err := scanInto(t.Context(), c, paths); err != nil {
		t.Fatal(err)
	}
	return dir
}

// scanInto does what the program does for a scan that keeps a case.
func scanInto(ctx context.Context, c *index.Case, paths []string) error {
	set, interest := engine()
	s, err := c.Scan(paths, index.ScanOptions{Keep: index.KeepAll, Scope: index.ScopeOff, Interest: interest, Versions: index.Versions{Rules: set.Digest()}})
	if err != nil {
		return err
	}
	defer s.Close()
	b := scene.NewBuilder()
	filter := interest.Filter()
	for batch := range ingest.ScanInputs(ctx, s.Inputs(), s.Options(ingest.Options{})) {
		s.Add(batch)
		batch.Events = relevant(batch.Events, filter)
		b.Add(batch)
	}
	sc := b.Build()
	r := set.Diagnose(sc, rules.Scope{})
	r.Tool.Version, r.Tool.RulesDigest = "test", "test"
	return s.Commit(ctx, sc, r)
}

func relevant(events []event.Event, filter *event.Filter) (out []event.Event) {
	for i := range events {
		if filter.Wants(&events[i]) {
			out = append(out, events[i])
		}
	}
	return out
}

// storeOf makes a case of events that no log holds, with a report.
func storeOf(dir string, r *report.Report, events func(yield func([]event.Event) bool)) (*index.Case, error) {
	c, err := index.OpenForWriting(dir)
	if err != nil {
		return nil, err
	}
	_, interest := engine()
	s, err := c.Scan(nil, index.ScanOptions{Keep: index.KeepAll, Scope: index.ScopeOff, Interest: interest})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	src := &event.Source{ID: 1, Path: "generated.evtx", Root: "generated.evtx", Format: "evtx"}
	for list := range events {
		s.Add(event.Batch{Source: src, Events: list})
	}
	s.Add(event.Batch{Source: src, Last: true})
	return c, s.Commit(context.Background(), scene.NewBuilder().Build(), r)
}

const million = 1_000_000

// millionCase is a case of a million events, closed again.
var millionCase = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(fixtures, "million")
	c, err := storeOf(dir, new(report.Report), func(yield func([]event.Event) bool) {
		for from := 0; from < million; from += 1000 {
			list := make([]event.Event, 1000)
			for i := range list {
				list[i] = numbered(from + i)
			}
			if !yield(list) {
				return
			}
		}
	})
	if err != nil {
		return "", err
	}
	return dir, c.Close()
})

// numbered is an event of a busy host: each tenth a warning, each hundredth an
// error with a code.
func numbered(n int) event.Event {
	e := event.Event{
		Ref: event.Ref{Source: 1, Offset: int64(n) * 512}, Record: uint64(n + 1),
		Time:     time.Date(2010, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n) * 1300 * time.Millisecond),
		Computer: fmt.Sprintf("HV%02d.contoso.com", n%7+1), Channel: "System", Provider: "Service Control Manager", ID: 7036, Level: event.LevelInformation,
		Fields: []event.Field{{Name: "param1", Value: fmt.Sprintf("service number %d", n*7919%10007)}, {Name: "param2", Value: "running"}},
	}
	switch {
	case n%100 == 99:
		e.Provider, e.ID, e.Level = "VSS", 8229, event.LevelError
		e.Fields = []event.Field{{Value: "0x800423f4, The writer experienced a non-transient error."}, {Value: fmt.Sprint("attempt ", n)}}
	case n%10 == 9:
		e.Provider, e.ID, e.Level = "disk", 153, event.LevelWarning
	}
	return e
}

// openMillion opens the case of a million events.
func openMillion(t testing.TB) *index.Case {
	t.Helper()
	if testing.Short() {
		t.Skip("a million events take a while to write")
	}
	dir, err := millionCase()
	if err != nil {
		t.Fatal(err)
	}
	c, err := index.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}
