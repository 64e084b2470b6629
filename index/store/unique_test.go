package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// unique leaves the first of each event, of rows in the order of the file.
func unique(rows []Row) []Row {
	seen := map[string]bool{}
	var list []Row
	for _, r := range rows {
		id := fmt.Sprintf("%d %q %q %d %q %d %q", r.Time.UnixNano(), strings.ToLower(r.Host), r.Channel, r.Record, r.Provider, r.ID, r.Fields)
		if twice := seen[id]; !twice || r.Time.IsZero() || r.Record == 0 {
			seen[id] = true
			list = append(list, r)
		}
	}
	return list
}

func TestDuplicates(t *testing.T) {
	at := time.Date(2010, 3, 14, 22, 0, 0, 0, time.UTC)
	first := Row{Time: at, ID: 8229, Level: 2, Record: 7, Source: "z.evtx", Offset: 4096, Host: "HV01", Channel: "Application", Provider: "VSS",
		Fields: []event.Field{{Name: "a", Value: "b"}}}
	change := func(f func(*Row)) Row {
		r := first
		r.Source, r.Offset = "a.evtx", 512
		f(&r)
		return r
	}
	for _, tt := range []struct {
		name  string
		other Row
		same  bool
	}{
		{"copy", change(func(r *Row) {}), true},
		{"other case, level, message", change(func(r *Row) { r.Host, r.Level, r.Message, r.Job = "hv01", 4, "rendered", "J1" }), true},
		{"other time", change(func(r *Row) { r.Time = at.Add(100) }), false},
		{"other computer", change(func(r *Row) { r.Host = "HV02" }), false},
		{"other channel", change(func(r *Row) { r.Channel = "System" }), false},
		{"other record", change(func(r *Row) { r.Record = 8 }), false},
		{"other provider", change(func(r *Row) { r.Provider = "volsnap" }), false},
		{"other id", change(func(r *Row) { r.ID = 8230 }), false},
		{"other field", change(func(r *Row) { r.Fields = []event.Field{{Name: "a", Value: "c"}} }), false},
		{"other name", change(func(r *Row) { r.Fields = []event.Field{{Name: "b", Value: "b"}} }), false},
		{"other edge between texts", change(func(r *Row) { r.Channel, r.Provider = "ApplicationV", "SS" }), false},
	} {
		rows := []Row{first, tt.other}
		want := []Row{first}
		if !tt.same {
			want = sorted(rows)
		}
		path, m := write(t, rows, Options{})
		if diff := gocmp.Diff(want, readAll(t, open(t, path, m))); diff != "" || m.Duplicates != int64(2-len(want)) {
			t.Errorf("%s: %d duplicates (-want +got):\n%s", tt.name, m.Duplicates, diff)
		}
	}
	for name, f := range map[string]func(*Row){"no time": func(r *Row) { r.Time = time.Time{} }, "no record id": func(r *Row) { r.Record = 0 }} {
		a, b := first, change(f)
		f(&a)
		if _, m := write(t, []Row{a, b}, Options{}); m.Rows != 2 || m.Duplicates != 0 {
			t.Errorf("%s: %d rows, %d duplicates", name, m.Rows, m.Duplicates)
		}
	}
}

// copied is rows of several sources that overlap, of few times.
func copied(seed uint64, n int, sources ...string) []Row {
	rnd := rand.New(rand.NewPCG(seed, 2))
	rows := randomRows(7, n) // the same for all seeds
	var list []Row
	for _, r := range rows {
		r.Time = r.Time.Truncate(50 * time.Microsecond)
		for _, s := range sources {
			if rnd.IntN(3) > 0 {
				r.Source = s
				list = append(list, r)
			}
		}
	}
	return list
}

func TestOverlappingSources(t *testing.T) {
	rows := copied(1, 3000, "b", "c", "a")
	want := unique(sorted(rows))
	path, m := write(t, rows, Options{SortBytes: 40_000})
	if diff := gocmp.Diff(want, readAll(t, open(t, path, m))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if n := int64(len(rows) - len(want)); m.Duplicates != n || m.Rows != int64(len(want)) || n == 0 {
		t.Errorf("%d rows and %d duplicates, want %d and %d", m.Rows, m.Duplicates, len(want), n)
	}
	if diff := gocmp.Diff([]string{"b", "c", "a"}, m.Sources); diff != "" {
		t.Error(diff)
	}
}

// TestManyTwins: a time that very many events have costs bounded memory.
func TestManyTwins(t *testing.T) {
	s := newSieve()
	s.limit = 1000
	var b []byte
	row := Row{Time: time.Unix(1, 0)}
	for i := range s.limit + 10 {
		row.Record = uint64(i + 1)
		if b = appendRow(b[:0], &row, 0); !s.pass(b) {
			t.Fatal("an event was dropped that is there once")
		}
	}
	if !s.pass(b) || s.dropped != 0 || len(s.seen) > s.limit {
		t.Errorf("%d of %d dropped", s.dropped, len(s.seen))
	}
	row.Time = time.Unix(2, 0)
	for i, want := range []bool{true, false} {
		if s.pass(appendRow(nil, &row, 0)) != want {
			t.Errorf("row %d of the next time: want %v", i, want)
		}
	}
}

func TestDrop(t *testing.T) {
	rows := copied(3, 2000, "x", "y", "z")
	path := filepath.Join(t.TempDir(), "events.parquet")
	w, err := Create(path, Options{SortBytes: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Write(rows[:len(rows)/2]); err != nil {
		t.Fatal(err)
	}
	w.Drop("x")
	w.Drop("unheard of")
	if err := w.Write(rows[len(rows)/2:]); err != nil {
		t.Fatal(err)
	}
	m, err := w.Finish(context.Background(), Labels{})
	if err != nil {
		t.Fatal(err)
	}
	rows = slices.DeleteFunc(rows, func(r Row) bool { return r.Source == "x" })
	want := unique(sorted(rows))
	if diff := gocmp.Diff(want, readAll(t, open(t, path, m))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if m.Duplicates != int64(len(rows)-len(want)) || !slices.Equal(m.Sources, []string{"y", "z"}) {
		t.Errorf("%d duplicates, sources %v", m.Duplicates, m.Sources)
	}
}

// including writes rows to a store that includes another.
func including(t *testing.T, old *Reader, keep func(string) bool, rows []Row, labels Labels) (string, Manifest) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "events.parquet")
	w, err := Create(path, Options{SortBytes: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Include(old, keep); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	m, err := w.Finish(context.Background(), labels)
	if err != nil {
		t.Fatal(err)
	}
	return path, m
}

func writeLabelled(t *testing.T, rows []Row, labels Labels) (string, Manifest) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "events.parquet")
	w, err := Create(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	m, err := w.Finish(context.Background(), labels)
	if err != nil {
		t.Fatal(err)
	}
	return path, m
}

// named adds its name to the id of a machine, once.
var named = Labels{
	Job: func(source string, offset int64) string {
		if offset%3 == 0 {
			return ""
		}
		return fmt.Sprint(source, offset%2)
	},
	VMs: func(list []string) []string {
		if slices.Contains(list, "2B0E7A58") && !slices.Contains(list, "WEB 01") {
			list = append(slices.Clip(list), "WEB 01")
		}
		return list
	},
}

func TestInclude(t *testing.T) {
	a, b := copied(1, 9000, "s1", "s0"), copied(2, 9000, "s3", "s1", "s2")
	wantPath, want := writeLabelled(t, append(slices.Clone(a), b...), named)
	wantBytes := mustRead(t, wantPath)
	for _, labels := range []Labels{{}, named} {
		path, m := writeLabelled(t, a, labels)
		path, m = including(t, open(t, path, m), nil, b, named)
		if diff := gocmp.Diff(want, m); diff != "" {
			t.Errorf("manifest (-want +got):\n%s", diff)
		}
		if !bytes.Equal(wantBytes, mustRead(t, path)) {
			t.Error("other bytes")
		}
	}

	// A source that is left out and written again is as it was.
	path, m := writeLabelled(t, a, Labels{})
	again := append(slices.Clone(b), slices.DeleteFunc(slices.Clone(a), func(r Row) bool { return r.Source != "s1" })...)
	path, m = including(t, open(t, path, m), func(s string) bool { return s != "s1" }, again, named)
	if got := mustRead(t, path); !bytes.Equal(wantBytes, got) {
		t.Errorf("a source that is written again: other bytes (%d rows, want %d)", m.Rows, want.Rows)
	}
}

func TestIncludeKeepsLabels(t *testing.T) {
	path, m := writeLabelled(t, copied(1, 500, "s"), named)
	old := open(t, path, m)
	path, m = including(t, old, nil, nil, Labels{})
	if diff := gocmp.Diff(readAll(t, old), readAll(t, open(t, path, m))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestIncludeErrors(t *testing.T) {
	path, m := write(t, copied(1, 10_000, "s", "t"), Options{})
	r := open(t, path, m)
	w, err := Create(filepath.Join(t.TempDir(), "x"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Include(r, nil); err != nil {
		t.Error(err)
	}
	if w.Include(r, nil) == nil {
		t.Error("Include twice: no error")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := w.Finish(ctx, Labels{}); err == nil {
		t.Error("Finish after the context's end: no error")
	}
	if w.Include(r, nil) == nil {
		t.Error("Include after Finish: no error")
	}

	unnamed := m
	unnamed.Sources = unnamed.Sources[:1]
	if w, err = Create(filepath.Join(t.TempDir(), "x"), Options{}); err != nil {
		t.Fatal(err)
	}
	if err := w.Include(open(t, path, unnamed), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Finish(context.Background(), Labels{}); !errors.Is(err, ErrDamaged) {
		t.Errorf("a source that the manifest does not name: %v", err)
	}

	bad := mustRead(t, path)
	bad[len(bad)/2] ^= 1
	if err := os.WriteFile(path, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	lazy, err := Open(path, m, VerifyLazy)
	if err != nil {
		t.Fatal(err)
	}
	defer lazy.Close()
	into := filepath.Join(t.TempDir(), "events.parquet")
	if w, err = Create(into, Options{}); err != nil {
		t.Fatal(err)
	}
	if err := w.Include(lazy, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Finish(context.Background(), Labels{}); err == nil {
		t.Error("a damaged store was included")
	}
	if left, _ := os.ReadDir(filepath.Dir(into)); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestLabels(t *testing.T) {
	rows := randomRows(5, 3000)
	path, m := writeLabelled(t, rows, named)
	want := sorted(rows)
	for i := range want {
		r := &want[i]
		r.Job = named.Job(r.Source, r.Offset)
		if len(r.VMs) > 0 {
			r.VMs = named.VMs(r.VMs)
		}
	}
	r := open(t, path, m)
	if diff := gocmp.Diff(want, readAll(t, r)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if n := scan(t, r, nil, Text(VM, func(s string) bool { return s == "WEB 01" })).Len(); n == 0 {
		t.Error("no row is found by the name that was added")
	}
}

func TestRemoveLeftovers(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(filepath.Join(dir, "events.1.parquet"), Options{SortBytes: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(randomRows(1, 10)); err != nil {
		t.Fatal(err)
	}
	if err := w.sorter.settle(); err != nil { // and then it is killed
		t.Fatal(err)
	}
	defer w.Close()
	for _, name := range []string{"events.1.parquet", ".events-12.tmp", ".events-notes", "events-1.sort"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if runtime.GOOS == "windows" {
		t.Skip("open files can't be removed")
	}
	if err := RemoveLeftovers(dir); err != nil {
		t.Fatal(err)
	}
	var left []string
	list, _ := os.ReadDir(dir)
	for _, f := range list {
		left = append(left, f.Name())
	}
	if diff := gocmp.Diff([]string{".events-notes", "events-1.sort", "events.1.parquet"}, left); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
