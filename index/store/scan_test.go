package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// valuesOf is the values of a row's column, the slow way.
func valuesOf(r *Row, c Column) []string {
	switch c {
	case ID:
		return []string{strconv.Itoa(int(r.ID))}
	case Level:
		return []string{strconv.Itoa(int(r.Level))}
	case VM:
		return r.VMs
	case Volume:
		return r.Volumes
	case Codes:
		var list []string
		for _, code := range r.Codes {
			list = append(list, code.String())
		}
		return list
	case Fields:
		var list []string
		for _, f := range r.Fields {
			list = append(list, f.Value)
		}
		return list
	}
	return []string{textOf(r, c)}
}

// textOf is the text of a row's column in the file.
func textOf(r *Row, c Column) string {
	if c == Source {
		return r.Source
	}
	return string(packed(appendRow(nil, r, 0)).text(c))
}

// plainly scans by a loop over the rows.
func plainly(rows []Row, match func(*Row) bool) []int64 {
	var list []int64
	for i := range rows {
		if match(&rows[i]) {
			list = append(list, int64(i))
		}
	}
	return list
}

func scan(t *testing.T, r *Reader, within *Set, p ...Predicate) *Set {
	t.Helper()
	set, err := r.Scan(context.Background(), within, p...)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// folded are rows whose pages have no letter, or one, that is the same as an
// ASCII one if case does not count: those with two hide mistakes about one.
func folded(t *testing.T, n int) map[string][]Row {
	t.Helper()
	list := map[string][]Row{}
	for _, odd := range []string{"", "\u212Aelvin", "\u0130stanbul", "Weiſſ"} {
		list[odd] = sorted(randomRowsOf(append(slices.Clone(plainWords), odd, "names=%"), 11, n))
	}
	return list
}

func TestContainsIsThePlainLoop(t *testing.T) {
	needles := append(slices.Clone(words), "k", "i", "s", "sql", "ueber", "Ü", "volume1\\SQL", "one\nLINE", "LINE two", "g l", "vmname", "names", "\t", "ng ", "zzz", "11long", "\t\n")
	for odd, rows := range folded(t, 800) {
		r := store(t, rows)
		for _, c := range []Column{Fields, Message, Provider, VM, Codes, Job} {
			for _, needle := range needles {
				low := strings.ToLower(needle)
				want := plainly(rows, func(row *Row) bool {
					return slices.ContainsFunc(valuesOf(row, c), func(v string) bool { return strings.Contains(strings.ToLower(v), low) })
				})
				if got := slices.Collect(scan(t, r, nil, Contains(c, needle)).All()); !slices.Equal(got, want) {
					t.Errorf("%q: %s contains %.20q: %d rows, want %d", odd, c, needle, len(got), len(want))
				}
			}
		}
	}
}

func TestScanIsThePlainLoop(t *testing.T) {
	rows := sorted(randomRows(12, 5000))
	r := store(t, rows)
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		id, host, level := int64(10100+rnd.IntN(40)), fmt.Sprintf("HV%02d", rnd.IntN(5)), int64(rnd.IntN(6))
		from, until := rows[rnd.IntN(len(rows))].Time, rows[rnd.IntN(len(rows))].Time
		odd := func(n int64) bool { return n&1 == 1 }
		within := NewSet(r.Rows())
		for i := range rows {
			if rnd.IntN(3) > 0 {
				within.Add(int64(i))
			}
		}
		got := scan(t, r, within, Text(Host, func(s string) bool { return s == host }), Number(ID, func(n int64) bool { return n >= id }),
			Number(Level, func(n int64) bool { return n <= level }), Since(from), Until(until), Number(Record, odd),
			Text(Message, func(s string) bool { return len(s) > 3 }))
		want := plainly(rows, func(row *Row) bool {
			return row.Host == host && int64(row.ID) >= id && int64(row.Level) <= level && !row.Time.Before(from) &&
				row.Time.Before(until) && row.Record&1 == 1 && len(row.Message) > 3
		})
		want = slices.DeleteFunc(want, func(i int64) bool { return !within.Has(i) })
		if !slices.Equal(slices.Collect(got.All()), want) {
			t.Fatalf("host %s id>=%d level<=%d %v–%v: %d rows, want %d", host, id, level, from, until, got.Len(), len(want))
		}
	}
}

func TestMatchesIsThePlainLoop(t *testing.T) {
	exprs := []string{"SQL", "(?i)sql", "(?i)k", "(?i)S", "(?i)i", "^$", "^line", "(?m)^line", "one\nline", "0x80042[0-9a-f]+", "(Über|ÜBER)prüfung", "(long ){3}x*",
		"(?i)kelvin|stanbul", `\\Volume\d\\sql`, "a=b", "\\t\\tt", "=", "[^a-z]", "日.", "\u212A", "(?i)(erro)r", "x?\\x00", "(SQL )+0", "(?i)weiss", "names"}
	for odd, rows := range folded(t, 500) {
		r := store(t, rows)
		for _, expr := range exprs {
			re := regexp.MustCompile(expr)
			for _, c := range []Column{Fields, Message, Provider, VM} {
				match := func(v string) bool { return (v != "" || c == Fields) && re.MatchString(v) }
				want := plainly(rows, func(row *Row) bool { return slices.ContainsFunc(valuesOf(row, c), match) })
				if got := slices.Collect(scan(t, r, nil, Matches(c, re)).All()); !slices.Equal(got, want) {
					t.Errorf("%q: %s matches %s: %d rows, want %d", odd, c, expr, len(got), len(want))
				}
			}
		}
	}
}

func TestRequired(t *testing.T) {
	for expr, want := range map[string]string{
		"0x8004230[0-9a-f]": "0x8004230", "(?i)ERROR": "error", "a+(bcd)+": "bcd", "ab|cd": "", "(?:)": "", "x{2,}yz*": "x", "é日abc\nd": "abc", "a?": "", ".*abc$": "abc",
	} {
		if got := string(newRegexpFinder(regexp.MustCompile(expr)).probe); got != want {
			t.Errorf("%s: %q, want %q", expr, got, want)
		}
	}
}

// TestTimeBounds: times that no row can have, and rows without a time.
func TestTimeBounds(t *testing.T) {
	var rows []Row
	for _, year := range []int{1, 1500, 1678, 2010, 2010, 2261, 2500} {
		rows = append(rows, Row{Time: time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), Offset: int64(len(rows))})
	}
	r := store(t, rows)
	rows = readAll(t, r) // with the nearest times
	for _, year := range []int{-5, 1, 2, 1677, 1678, 1679, 2010, 2011, 2262, 2263, 3000} {
		for _, ns := range []int{-1, 0, 1} {
			at := time.Date(year, 1, 1, 0, 0, 0, ns, time.UTC)
			since := plainly(rows, func(row *Row) bool { return !row.Time.Before(at) })
			until := plainly(rows, func(row *Row) bool { return row.Time.Before(at) })
			if diff := gocmp.Diff([][]int64{since, until}, [][]int64{
				slices.Collect(scan(t, r, nil, Since(at)).All()), slices.Collect(scan(t, r, nil, Until(at)).All())}); diff != "" {
				t.Errorf("%v (-want +got):\n%s", at, diff)
			}
		}
	}
}

func TestPick(t *testing.T) {
	rows := sorted(randomRows(15, 20_000))
	r := store(t, rows)
	rnd := rand.New(rand.NewPCG(3, 3))
	for _, n := range []int{0, 1, 50, 3000} {
		list, want := []int64{}, []Row{}
		for range n {
			i := rnd.IntN(len(rows))
			list, want = append(list, int64(i)), append(want, rows[i])
		}
		got, err := r.Pick(list)
		if diff := gocmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%d rows: %v (-want +got):\n%s", n, err, diff)
		}
	}
	for _, row := range []int64{-1, 20_000} {
		if _, err := r.Pick([]int64{5, row}); err == nil {
			t.Errorf("row %d: no error", row)
		}
	}
}

func TestFacets(t *testing.T) {
	rows := sorted(randomRows(13, 3000))
	r := store(t, rows)
	within := scan(t, r, nil, Text(Host, func(s string) bool { return s == "HV02" }))
	for _, c := range []Column{ID, Level, Host, Provider, Classic, Source, Job, VM, Volume, Codes} {
		for _, set := range []*Set{nil, within, NewSet(r.Rows())} {
			want := map[string]int64{}
			for i := range rows {
				if set == nil || set.Has(int64(i)) {
					for _, v := range valuesOf(&rows[i], c) {
						want[v]++
					}
				}
			}
			counts, err := r.Facet(context.Background(), c, set)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]int64{}
			for i, n := range counts {
				got[n.Value] = n.Rows
				if i > 0 && counts[i-1].Rows < n.Rows {
					t.Errorf("%s: not in order of count", c)
				}
			}
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c, diff)
			}
		}
	}
}

// TestWrongQuestions are mistakes of the program, but no panics.
func TestWrongQuestions(t *testing.T) {
	r := store(t, randomRows(1, 100))
	for _, p := range []Predicate{Text(ID, func(string) bool { return true }), Number(Host, func(int64) bool { return true }), Number(99, nil), {}} {
		if _, err := r.Scan(context.Background(), nil, p); err == nil {
			t.Errorf("%+v: no error", p)
		}
	}
	for _, c := range []Column{Time, Record, Fields, Message, -1, 99} {
		if _, err := r.Facet(context.Background(), c, nil); err == nil {
			t.Errorf("facet of column %d: no error", int(c))
		}
	}
	for _, at := range []int64{-5, 100, 1 << 60} {
		if rows, err := r.Read(at, 1<<62); err != nil || at > 0 && len(rows) > 0 {
			t.Errorf("Read(%d): %d rows, %v", at, len(rows), err)
		}
	}
	if _, err := r.At(100); err == nil {
		t.Error("At(100) of 100 rows: no error")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.Scan(ctx, nil); err == nil {
		t.Error("Scan after the context's end: no error")
	}
}

func TestSet(t *testing.T) {
	const n = 200
	a, b := NewSet(n), NewSet(n)
	for i := int64(0); i < n; i += 3 {
		a.Add(i)
	}
	for i := int64(0); i < n; i += 5 {
		b.Add(i)
	}
	collect := func(f func(i int64) bool) (list []int64) {
		for i := range int64(n) {
			if f(i) {
				list = append(list, i)
			}
		}
		return list
	}
	check := func(name string, s *Set, f func(i int64) bool) {
		t.Helper()
		want := collect(f)
		if diff := gocmp.Diff(want, slices.Collect(s.All())); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		slices.Reverse(want)
		if diff := gocmp.Diff(want, slices.Collect(s.Backward())); diff != "" {
			t.Errorf("%s backward: %s", name, diff)
		}
		if s.Len() != int64(len(want)) {
			t.Errorf("%s: Len %d", name, s.Len())
		}
	}
	b.Not()
	check("not", b, func(i int64) bool { return i%5 != 0 })
	a.And(b)
	check("and", a, func(i int64) bool { return i%3 == 0 && i%5 != 0 })
	b.Not()
	a.Or(b)
	check("or", a, func(i int64) bool { return i%3 == 0 || i%5 == 0 })
	c := a.Clone()
	a.Without(b)
	check("without", a, func(i int64) bool { return i%3 == 0 && i%5 != 0 })
	check("clone", c, func(i int64) bool { return i%3 == 0 || i%5 == 0 })
}

// FuzzSetSlice: what is cut out and put back is what was there.
func FuzzSetSlice(f *testing.F) {
	f.Add(uint64(1), uint8(10), uint8(100))
	f.Add(uint64(2), uint8(64), uint8(64))
	f.Add(uint64(3), uint8(0), uint8(0))
	f.Fuzz(func(t *testing.T, seed uint64, from, n uint8) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		total := int64(from) + int64(n) + rnd.Int64N(70)
		s := NewSet(total)
		var want, part []int64
		for row := range total {
			if rnd.IntN(5) > 0 {
				continue
			}
			s.Add(row)
			if row >= int64(from) && row < int64(from)+int64(n) {
				want, part = append(want, row), append(part, row-int64(from))
			}
		}
		cut := s.slice(int64(from), int64(n))
		back := NewSet(total)
		back.paste(int64(from), cut)
		if !slices.Equal(slices.Collect(cut.All()), part) || !slices.Equal(slices.Collect(back.All()), want) ||
			!slices.Equal(slices.Collect(s.between(int64(from), int64(from)+int64(n))), want) || s.any(int64(from), int64(from)+int64(n)) != (len(want) > 0) {
			t.Errorf("rows %d to %d of %d", from, int(from)+int(n), total)
		}
	})
}

func FuzzLower(f *testing.F) {
	f.Add("AZaz@[`{ÄK0123456789")
	f.Fuzz(func(t *testing.T, s string) {
		want := []byte(s)
		for i, c := range want {
			if 'A' <= c && c <= 'Z' {
				want[i] = c + 'a' - 'A'
			}
		}
		if got := appendLower([]byte("X"), []byte(s)); string(got) != "X"+string(want) {
			t.Errorf("%q: %q", s, got)
		}
	})
}
