package report

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
)

var summaryTemplate = htmlTemplate("summary.html")

// maxBundles is how many bundles the page lists: nobody scrolls on.
const maxBundles = 5000

// The summary in the terms of its template. Every text is clean.
type (
	summaryPage struct {
		Title, Head, Origin string
		Verdicts            []string
		Causes              []summaryCause
		Chart               *chart // nil: nothing has a time
		Lacks               []countedText
		Lost                []lostBundle
		Bundles             []summaryRow
		Cut                 int // bundles that are not listed
	}
	summaryCause struct {
		Title, From string
		Bundles     [4]int // by Verdicts
	}
	countedText struct {
		Text  string
		Count int
	}
	lostBundle struct {
		Bundle string
		Errors []string
	}
	summaryRow struct {
		Name, Link, Verdict, Said, More, Hosts string
		Failures, Logs                         int
	}
)

// WriteHTML writes the summary as a page to look at. Its links lead to the reports
// beside it.
func (s *Summary) WriteHTML(w io.Writer) error {
	p := summaryPage{
		Title: "vsswhy: " + count(len(s.Bundles), "bundle"), Head: s.head(), Verdicts: verdictWords, Chart: s.chart(),
		Origin: fmt.Sprintf("%s %s, rules %.12s, %s", s.Tool.Name, event.Clean(s.Tool.Version), s.Tool.RulesDigest, s.Generated),
	}
	for _, c := range s.causes() {
		p.Causes = append(p.Causes, summaryCause{event.Clean(c.title), issueText(c.issue, c.rule), c.bundles})
	}
	for _, l := range s.lacks() {
		p.Lacks = append(p.Lacks, countedText{event.Clean(l.what), l.bundles})
	}
	for i, b := range s.Bundles {
		if !b.Complete {
			p.Lost = append(p.Lost, b.lostOnPage())
		}
		if i < maxBundles {
			p.Bundles = append(p.Bundles, b.row())
		}
	}
	p.Cut = len(s.Bundles) - len(p.Bundles)
	return summaryTemplate().Execute(w, p)
}

func (b *Bundle) lostOnPage() lostBundle {
	l := lostBundle{Bundle: event.Clean(b.Bundle)}
	for i, e := range b.Errors {
		if i == maxListed {
			l.Errors = append(l.Errors, fmt.Sprintf("and %d more", len(b.Errors)-maxListed))
			break
		}
		l.Errors = append(l.Errors, event.Clean(e))
	}
	return l
}

func (b *Bundle) row() summaryRow {
	row := summaryRow{
		Name: event.Clean(b.Bundle), Link: b.link(), Verdict: b.Verdict, Said: event.Clean(b.said()),
		Hosts: event.Clean(listed(b.Hosts)), Failures: b.Failures.Count(), Logs: b.Logs,
	}
	if len(b.Causes) == 0 {
		return row
	}
	row.Said = event.Clean(b.Causes[0].Title)
	var more []string
	for _, c := range b.Causes[1:] {
		if c.Rule != b.Causes[0].Rule && c.Verdict != "ruled-out" {
			more = appendNew(more, c.Verdict+": "+c.Rule)
		}
	}
	row.More = event.Clean(listed(more))
	return row
}

// link leads to the report that is best to look at.
func (b *Bundle) link() string {
	best := ""
	for _, f := range b.Files {
		if best == "" || strings.HasSuffix(f, ".html") {
			best = f
		}
	}
	return (&url.URL{Path: best}).String()
}

// A chart has a row for all failures and one for each of the commonest causes, with
// a bar for each day, week, month or year.
type chart struct {
	Unit, First, Last, Text string
	Rows                    []chartRow
	Table                   []chartLine
	Height, LabelY          int
	Undated                 int
}

type (
	chartRow struct {
		Label, Class        string
		Drawn               string // as much of the label as there is room for
		Count, TextY, BaseY int
		Bars                []chartBar
		counts              []int // by period
	}
	chartBar struct {
		X, Y, Width, Height string // with one digit after the point
		Text                string
	}
	chartLine struct {
		Label  string
		Counts []int
	}
)

const (
	chartCauses = 8
	chartWidth  = 360
	rowHeight   = 52
	tallest     = 30
)

// chart draws when failures and causes were; nil if nothing has a time.
func (s *Summary) chart() *chart {
	all := Times{}
	for _, b := range s.Bundles {
		for day, n := range b.Failures {
			all[day] += n
		}
	}
	causes := s.causes()
	days := all.days()
	for _, c := range causes {
		days = append(days, c.times.days()...)
	}
	ps := newPeriods(days)
	if ps == nil {
		return nil
	}
	c := &chart{Unit: ps.unit, First: ps.labels[0], Last: ps.labels[len(ps.labels)-1], Undated: all[""]}
	c.add("failed backups and restores", "fail", all, ps)
	for _, cause := range causes {
		if len(c.Rows) <= chartCauses && len(cause.times) > 0 {
			c.add(cause.rule, fmt.Sprintf("lane-%d", 1+(len(c.Rows)-1)%6), cause.times, ps)
		}
	}
	c.LabelY = len(c.Rows)*rowHeight + 12
	c.Height = c.LabelY + 6
	c.Text = c.inWords()
	c.table(ps)
	return c
}

// add adds a row whose highest bar has the full height.
func (c *chart) add(label, class string, times Times, ps *periods) {
	row := chartRow{Label: event.Clean(label), Drawn: wrapped(event.Clean(label), chartWidth-60, 1)[0], Class: class, counts: make([]int, len(ps.labels)), TextY: len(c.Rows)*rowHeight + 12, BaseY: (len(c.Rows)+1)*rowHeight - 4}
	highest := 1
	for day, n := range times {
		if i, ok := ps.of(day); ok {
			row.counts[i] += n
			row.Count += n
			highest = max(highest, row.counts[i])
		}
	}
	step := float64(chartWidth) / float64(len(ps.labels))
	for i, n := range row.counts {
		if n > 0 {
			h := max(2, float64(n)/float64(highest)*tallest)
			row.Bars = append(row.Bars, chartBar{
				X: tenth(float64(i)*step + step*.1), Y: tenth(float64(row.BaseY) - h), Width: tenth(max(1, step*.8)), Height: tenth(h),
				Text: fmt.Sprintf("%s: %d", ps.labels[i], n),
			})
		}
	}
	c.Rows = append(c.Rows, row)
}

func tenth(x float64) string { return fmt.Sprintf("%.1f", x) }

// inWords tells of each row how often and when most.
func (c *chart) inWords() string {
	var parts []string
	for _, r := range c.Rows {
		parts = append(parts, fmt.Sprintf("%s: %d", r.Label, r.Count))
	}
	return fmt.Sprintf("From %s to %s. %s.", c.First, c.Last, strings.Join(parts, "; "))
}

// table has the periods in which something was.
func (c *chart) table(ps *periods) {
	for i, label := range ps.labels {
		l := chartLine{Label: label}
		sum := 0
		for _, r := range c.Rows {
			l.Counts = append(l.Counts, r.counts[i])
			sum += r.counts[i]
		}
		if sum > 0 {
			c.Table = append(c.Table, l)
		}
	}
}

// days are those that something is known of.
func (t Times) days() (list []string) {
	for day := range t {
		if day != "" {
			list = append(list, day)
		}
	}
	return list
}

// said is a bundle's cause, or why there is none, in a few words.
func (b *Bundle) said() string {
	switch {
	case len(b.Errors) > 0 && b.Logs == 0:
		return "NOT READ: " + b.Errors[0]
	case b.Logs == 0 && b.Records == 0:
		return "no log in it"
	}
	text := "nothing known"
	if len(b.Causes) > 0 {
		text = cmp.Or(b.Causes[0].Rule, text)
	}
	if !b.Complete {
		text += " (part of it could not be read)"
	}
	return text
}
