package store

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
)

// write makes a store of the rows, which are handed over in the given order in
// uneven batches.
func write(t testing.TB, rows []Row, opt Options) (string, Manifest) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "events.parquet")
	w, err := Create(path, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for n := 1; len(rows) > 0; n = n*3 + 1 {
		n = min(n, len(rows), 5000)
		if err := w.Write(rows[:n]); err != nil {
			t.Fatal(err)
		}
		rows = rows[n:]
	}
	m, err := w.Finish(context.Background(), Labels{})
	if err != nil {
		t.Fatal(err)
	}
	return path, m
}

func open(t testing.TB, path string, m Manifest) *Reader {
	t.Helper()
	r, err := Open(path, m, VerifyAll)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func store(t testing.TB, rows []Row) *Reader {
	t.Helper()
	path, m := write(t, rows, Options{})
	return open(t, path, m)
}

// sorted is the order that the file promises, without ties, if the rows are
// written in the given one.
func sorted(rows []Row) []Row {
	rank := map[string]int{}
	for i := range rows {
		if _, known := rank[rows[i].Source]; !known {
			rank[rows[i].Source] = len(rank)
		}
	}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b Row) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(rank[a.Source], rank[b.Source]), cmp.Compare(a.Offset, b.Offset))
	})
	return rows
}

// shuffled changes the order of the rows, but not the rank of their sources.
func shuffled(rows []Row) []Row {
	rows = slices.Clone(rows)
	var first []Row
	for i := 0; i < len(rows); i++ {
		if !slices.ContainsFunc(first, func(r Row) bool { return r.Source == rows[i].Source }) {
			first = append(first, rows[i])
			rows = slices.Delete(rows, i, i+1)
			i--
		}
	}
	rand.New(rand.NewPCG(7, 7)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	return append(first, rows...)
}

// plainWords are values and names with the traps of text, but without letters
// that are the same as an ASCII one if case does not count.
var plainWords = []string{"", "SQL 01", `C:\ClusterStorage\Volume1\sql.vhd`, "Überprüfung", "ÜBERPRÜFUNG", "ERROR", "0x800423f4",
	"line one\nline two", "\tindented\n\ttwice", "a=b", "50%", "%3D", "\x00", "日本", "ß", "=", "\n", strings.Repeat("long ", 900)}

var words = append(slices.Clone(plainWords), "\u212Aelvin", "\u0130stanbul", "Weiſſ")

// randomRows makes rows with all the traps: repeated and missing times, lists,
// names and values that the text of fields has to escape.
func randomRows(seed uint64, n int) []Row { return randomRowsOf(words, seed, n) }

func randomRowsOf(words []string, seed uint64, n int) []Row {
	rnd := rand.New(rand.NewPCG(seed, 1))
	word := func() string { return words[rnd.IntN(len(words))] }
	base := time.Date(2010, 3, 14, 22, 0, 0, 0, time.UTC)
	rows := make([]Row, n)
	for i := range rows {
		r := &rows[i]
		*r = Row{
			ID: uint32(rnd.IntN(40) + 10100), Level: event.Level(rnd.IntN(6)), Record: rnd.Uint64(),
			Source: fmt.Sprintf("bundle.zip!/%d.evtx", rnd.IntN(4)), Offset: int64(i) << 9,
			Host: fmt.Sprintf("HV%02d", rnd.IntN(5)), Channel: "System", Provider: word(), Classic: word(), Message: word(),
		}
		if rnd.IntN(50) > 0 {
			r.Time = base.Add(time.Duration(rnd.IntN(n)) * 100)
		}
		for range rnd.IntN(3) {
			r.Fields = append(r.Fields, event.Field{Name: word(), Value: word()})
		}
		if rnd.IntN(5) == 0 {
			r.VMs, r.Volumes, r.Job = []string{"SQL 01", "2B0E7A58"}, []string{"Volume1"}, "J1"
			r.Codes = []known.Code{0x800423f4, 0x80042301}
		}
	}
	return rows
}

func readAll(t testing.TB, r *Reader) []Row {
	t.Helper()
	rows := []Row{}
	for int64(len(rows)) < r.Rows() {
		part, err := r.Read(int64(len(rows)), 1000)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, part...)
	}
	return rows
}

func TestRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 2, 257, 3000} {
		rows := randomRows(uint64(n), n)
		r := store(t, shuffled(rows))
		if diff := gocmp.Diff(sorted(rows), readAll(t, r)); diff != "" {
			t.Errorf("%d rows (-want +got):\n%s", n, diff)
		}
	}
}

// TestBytesDependOnRowsOnly writes the same rows in other orders, with other
// workers, and through many spilled runs.
func TestBytesDependOnRowsOnly(t *testing.T) {
	rows := randomRows(3, 4000)
	rows = append(rows, rows[:10]...) // copies
	path, m := write(t, rows, Options{Workers: 1})
	want, _ := os.ReadFile(path)
	for _, opt := range []Options{{}, {Workers: 5}, {SortBytes: 1}, {SortBytes: 50_000, Workers: 3}} {
		path, got := write(t, shuffled(rows), opt)
		if diff := gocmp.Diff(m, got); diff != "" {
			t.Errorf("%+v: manifest (-want +got):\n%s", opt, diff)
		}
		if b, _ := os.ReadFile(path); !bytes.Equal(b, want) {
			t.Errorf("%+v: other bytes", opt)
		}
		if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
			t.Errorf("%+v: left behind: %v", opt, left)
		}
	}
}

func TestManyRowGroups(t *testing.T) {
	const n = 200_000
	rows := make([]Row, n)
	for i := range rows {
		rows[i] = Row{Time: time.Unix(int64(i/3), 0).UTC(), ID: uint32(i % 7), Source: "s", Offset: int64(i), Host: fmt.Sprint("H", i%3)}
	}
	r := store(t, shuffled(rows))
	if len(r.groups) != 4 || r.Rows() != n {
		t.Fatalf("%d rows in %d groups", r.Rows(), len(r.groups))
	}
	for c := Column(0); int(c) < columns; c++ {
		if index, err := r.groups[1].columns[c].OffsetIndex(); err != nil || index.NumPages() != maxGroupRows/pageRows || index.FirstRowIndex(3) != 3*pageRows {
			t.Errorf("column %s: pages are not of %d rows", c, pageRows)
		}
	}
	got, err := r.Read(65_500, 100) // over the edge of two groups
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(rows[65_500:65_600], got); diff != "" {
		t.Error(diff)
	}
	if row, err := r.At(n - 1); err != nil || row.Offset != n-1 {
		t.Errorf("last row: %v, %v", row, err)
	}
	set, err := r.Scan(context.Background(), nil, Number(ID, func(id int64) bool { return id == 3 }),
		Since(time.Unix(100, 0)), Until(time.Unix(60_000, 0)))
	if err != nil {
		t.Fatal(err)
	}
	want := int64(0)
	for _, row := range rows {
		if row.ID == 3 && row.Time.Unix() >= 100 && row.Time.Unix() < 60_000 {
			want++
		}
	}
	if set.Len() != want {
		t.Errorf("scan: %d rows, want %d", set.Len(), want)
	}
}

// TestGroupsAreBoundedByBytes: a group of large rows must not be held whole.
func TestGroupsAreBoundedByBytes(t *testing.T) {
	rows := make([]Row, 40)
	for i := range rows {
		rows[i] = Row{Offset: int64(i), Message: strings.Repeat(string(rune('a'+i)), 2<<20)}
	}
	path, m := write(t, rows, Options{SortBytes: 8 << 20})
	r := open(t, path, m)
	if len(r.groups) != 2 {
		t.Errorf("80 MiB in %d groups", len(r.groups))
	}
	if diff := gocmp.Diff(rows, readAll(t, r)); diff != "" {
		t.Error("rows differ")
	}
	odd := func(n int64) bool { return n&1 == 1 }
	want := plainly(rows, func(row *Row) bool { return odd(row.Offset) && row.Message[0] > 'c' })
	set := scan(t, r, scan(t, r, nil, Number(Offset, odd)), Text(Message, func(s string) bool { return s[0] > 'c' }))
	if got := slices.Collect(set.All()); !slices.Equal(got, want) {
		t.Errorf("rows %v, want %v", got, want)
	}
}

func TestTimes(t *testing.T) {
	for _, tt := range []struct{ in, want time.Time }{
		{time.Time{}, time.Time{}},
		{time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC), minTime},
		{time.Date(30828, 9, 14, 2, 48, 5, 477580700, time.UTC), maxTime},
		{time.Unix(0, 0).UTC(), time.Unix(0, 0).UTC()},
		{time.Date(2010, 3, 14, 22, 0, 0, 1234567*100, time.FixedZone("", 3600)), time.Date(2010, 3, 14, 21, 0, 0, 1234567*100, time.UTC)},
	} {
		if got, err := store(t, []Row{{Time: tt.in}}).At(0); err != nil || !got.Time.Equal(tt.want) || got.Time.Location() != time.UTC {
			t.Errorf("%v: got %v (%v), want %v", tt.in, got.Time, err, tt.want)
		}
	}
}

// TestNormalForm: what Row's documentation says of text and lists.
func TestNormalForm(t *testing.T) {
	got, err := store(t, []Row{{Host: "a\xffb", VMs: []string{"", "one\r\nline"}, Volumes: []string{""}}}).At(0)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(Row{Host: "a\uFFFDb", VMs: []string{"one line"}}, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzFields(f *testing.F) {
	f.Add("Name", "value", "", "two\nlines")
	f.Add("a=b%\n\t", "\n\t\n", "%25", "=")
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2 string) {
		fields := []event.Field{{Name: name1, Value: value1}, {Name: name2, Value: value2}}
		if diff := gocmp.Diff(fields, splitFields(string(appendFields(nil, fields)))); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWriterErrors(t *testing.T) {
	if _, err := Create(filepath.Join(t.TempDir(), "no", "folder", "x"), Options{}); err == nil {
		t.Error("Create in a folder that does not exist: no error")
	}
	path := filepath.Join(t.TempDir(), "x")
	w, err := Create(path, Options{SortBytes: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(randomRows(1, 10)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := w.Finish(ctx, Labels{}); err == nil {
		t.Error("Finish after the context's end: no error")
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if w.Write(randomRows(1, 1)) == nil {
		t.Error("Write after Finish: no error")
	}
}
