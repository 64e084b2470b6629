package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// summaryOf is a summary of two bundles whose free text is s.
func summaryOf(s string) *Summary {
	b := filled(s).Bundle()
	b.Bundle, b.Files = "store/"+s, []string{"reports/a.json", "reports/" + s + ".html"}
	lost := *b
	lost.Complete = false
	return &Summary{Tool: Tool{Name: "vsswhy", Version: s}, Bundles: []*Bundle{b, &lost}, Undone: 1}
}

func writtenSummary(t testing.TB, write func(*Summary, io.Writer) error, s *Summary) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(s, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestSummaryHostile: whatever names and paths hold, the page of a batch has the
// elements that it has with harmless words, but for where its links lead; and no
// line or cell more.
func TestSummaryHostile(t *testing.T) {
	want, _ := elements(t, writtenSummary(t, (*Summary).WriteHTML, summaryOf("word")))
	lines := strings.Count(writtenSummary(t, (*Summary).WriteText, summaryOf("word")), "\n")
	for _, s := range hostile {
		if strings.TrimSpace(event.Clean(s)) == "" {
			continue
		}
		page := writtenSummary(t, (*Summary).WriteHTML, summaryOf(s))
		got, text := elements(t, page)
		if diff := cmp.Diff(withoutLinks(want), withoutLinks(got)); diff != "" {
			t.Errorf("%q changes the elements:\n%s", s, diff)
		}
		if !strings.Contains(text, event.Clean("store/"+s)) {
			t.Errorf("%q is not shown", s)
		}
		for _, l := range got {
			if strings.HasPrefix(l, "a[") && !strings.Contains(l, "reports/") && !strings.Contains(l, "#main") {
				t.Errorf("%q makes a link elsewhere: %s", s, l)
			}
		}
		if n := strings.Count(writtenSummary(t, (*Summary).WriteText, summaryOf(s)), "\n"); n != lines {
			t.Errorf("%q: %d lines of text, %d with harmless words", s, n, lines)
		}
		rows, err := csv.NewReader(strings.NewReader(writtenSummary(t, (*Summary).WriteCSV, summaryOf(s)))).ReadAll()
		if err != nil || len(rows) != 3 {
			t.Errorf("%q: %d rows, %v", s, len(rows), err)
		}
	}
}

func withoutLinks(list []string) []string {
	list = slices.Clone(list)
	for i, l := range list {
		if strings.HasPrefix(l, "a[") {
			list[i] = "a"
		}
	}
	return list
}

// TestBundleRoundTrip: a line that is read again is what was written.
func TestBundleRoundTrip(t *testing.T) {
	want := summaryOf("word").Bundles[0]
	text := writtenSummary(t, (*Summary).WriteJSONL, &Summary{Bundles: []*Bundle{want}})
	got := &Bundle{}
	if err := json.Unmarshal([]byte(text), got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestSummaryCounts: a bundle counts once for a rule, by the strongest verdict; what
// is ruled out is in no chart; of what lacks nobody's name is told.
func TestSummaryCounts(t *testing.T) {
	cause := func(rule, verdict, day string) BundleCause {
		return BundleCause{Rule: rule, Title: rule, Verdict: verdict, Times: Times{day: 2}}
	}
	s := &Summary{Bundles: []*Bundle{
		{Bundle: "a", Complete: true, Logs: 1, Failures: Times{"2010-03-14": 3, "": 1}, Causes: []BundleCause{cause("x", "confirmed", "2010-03-14"), cause("x", "possible", "2010-03-15")}, Missing: []string{"System log of A", "System log of B"}},
		{Bundle: "b", Complete: true, Logs: 1, Failures: Times{"2010-03-20": 1}, Causes: []BundleCause{cause("y", "likely", "2010-03-20"), cause("x", "ruled-out", "2010-03-20")}, Missing: []string{"System log of C"}},
		{Bundle: "c", Errors: []string{"no such file"}},
	}}
	var got []string
	for _, c := range s.causes() {
		got = append(got, fmt.Sprint(c.rule, c.bundles))
	}
	if diff := cmp.Diff([]string{"x[1 0 0 1]", "y[0 1 0 0]"}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]lack{{"System log", 2}}, s.lacks(), cmp.AllowUnexported(lack{})); diff != "" {
		t.Error(diff)
	}
	c := s.chart()
	if c.Unit != "day" || c.First != "2010-03-14" || c.Last != "2010-03-20" || c.Undated != 1 {
		t.Errorf("%s from %s to %s, %d without a time", c.Unit, c.First, c.Last, c.Undated)
	}
	for i, want := range []int{4, 4, 2} {
		if c.Rows[i].Count != want {
			t.Errorf("row %s: %d, want %d", c.Rows[i].Label, c.Rows[i].Count, want)
		}
	}
	if text := writtenSummary(t, (*Summary).WriteText, s); !strings.HasPrefix(text, "3 bundles, 2 read whole; 5 failed backups or restores\n") || !strings.Contains(text, "NOT READ: no such file") {
		t.Error(text)
	}
}

// TestPeriods: each day is in one period, and the periods are in the order of time
// and without a hole.
func TestPeriods(t *testing.T) {
	for _, tc := range []struct {
		first, last, unit string
		n                 int
	}{
		{"2010-03-14", "2010-03-14", "day", 1}, {"2010-03-14", "2010-05-12", "day", 60}, {"2010-03-14", "2010-05-13", "week", 10},
		{"2009-12-31", "2010-06-30", "week", 27}, {"2010-01-31", "2012-02-01", "month", 26}, {"1999-12-31", "2010-01-01", "year", 12},
	} {
		p := newPeriods([]string{tc.last, "", tc.first, "no day"})
		if p.unit != tc.unit || len(p.labels) != tc.n || !slices.IsSorted(p.labels) {
			t.Errorf("%s to %s: %d %ss: %v", tc.first, tc.last, len(p.labels), p.unit, p.labels)
		}
		if i, ok := p.of(tc.first); i != 0 || !ok {
			t.Errorf("%s is in %d", tc.first, i)
		}
		if i, ok := p.of(tc.last); i != tc.n-1 || !ok {
			t.Errorf("%s is in %d", tc.last, i)
		}
	}
	if newPeriods([]string{""}) != nil {
		t.Error("periods of nothing")
	}
}
