package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules"
)

// A batchSummary is what bundles have in common.
type batchSummary struct {
	rows        []*batchRow
	whole       int // bundles that were read to their ends
	withContent int
	earlier     int
	failures    int
	strongest   rules.Verdict
	causes      []*causeCount
	missing     map[string]int // bundles that lack it
}

// A causeCount counts the bundles that a rule was found in, by their strongest
// verdict.
type causeCount struct {
	rule, title string
	bundles     [rules.Confirmed + 1]int
}

func summarize(rows []*batchRow) *batchSummary {
	s := &batchSummary{rows: rows, missing: map[string]int{}}
	counts := map[string]*causeCount{}
	for _, row := range rows {
		if row == nil {
			continue // interrupted
		}
		s.count(row)
		best := map[string]rules.Verdict{}
		for _, c := range row.Causes {
			v, err := rules.ParseVerdict(c.Verdict)
			if err != nil {
				continue
			}
			best[c.Rule] = max(best[c.Rule], v)
			if counts[c.Rule] == nil {
				counts[c.Rule] = &causeCount{rule: c.Rule, title: c.Title}
				s.causes = append(s.causes, counts[c.Rule])
			}
		}
		for rule, v := range best {
			counts[rule].bundles[v]++
			s.strongest = max(s.strongest, v)
		}
	}
	slices.SortFunc(s.causes, func(a, b *causeCount) int {
		for v := rules.Confirmed; v > rules.NoVerdict; v-- {
			if c := cmp.Compare(b.bundles[v], a.bundles[v]); c != 0 {
				return c
			}
		}
		return strings.Compare(a.rule, b.rule)
	})
	return s
}

func (s *batchSummary) count(row *batchRow) {
	if row.Complete && row.Error == "" {
		s.whole++
	}
	if row.Logs > 0 {
		s.withContent++
	}
	if row.earlier {
		s.earlier++
	}
	s.failures += row.Failures
	lacks := map[string]bool{}
	for _, m := range row.Missing {
		what, _, _ := strings.Cut(m, " of ") // of whom differs from bundle to bundle
		lacks[what] = true
	}
	for what := range lacks {
		s.missing[what]++
	}
}

// print prints the summary as text.
func (s *batchSummary) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%d bundles, %d read whole, %d by an earlier run; %d failed backups and restores\n", len(s.rows), s.whole, s.earlier, s.failures)
	for i, c := range s.causes {
		if i == 0 {
			fmt.Fprintf(w, "\nconfirmed\tlikely\tpossible\truled out\trule\tcause\n")
		}
		fmt.Fprintf(w, "%d\t%d\t%d\t%d\t%s\t%s\n", c.bundles[rules.Confirmed], c.bundles[rules.Likely], c.bundles[rules.Possible], c.bundles[rules.RuledOut], c.rule, event.Clean(c.title))
	}
	s.printMissing(w)
	s.printBundles(w)
	return w.Flush()
}

// mostMissing is how many things that bundles lack are listed.
const mostMissing = 10

func (s *batchSummary) printMissing(w io.Writer) {
	var list []string
	for what := range s.missing {
		list = append(list, what)
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(cmp.Compare(s.missing[b], s.missing[a]), strings.Compare(a, b)) })
	for i, what := range list[:min(len(list), mostMissing)] {
		if i == 0 {
			fmt.Fprintf(w, "\nbundles\tlack\n")
		}
		fmt.Fprintf(w, "%d\t%s\n", s.missing[what], event.Clean(what))
	}
}

// printBundles lists the bundles with their strongest cause, and why one was not
// read.
func (s *batchSummary) printBundles(w io.Writer) {
	fmt.Fprintf(w, "\nbundle\tfailures\tverdict\tcause\n")
	for _, row := range s.rows {
		if row == nil {
			continue
		}
		cells := []string{event.Clean(row.Bundle), fmt.Sprint(row.Failures), "-", "nothing known"}
		if len(row.Causes) > 0 { // the strongest is first
			cells[2], cells[3] = row.Causes[0].Verdict, event.Clean(row.Causes[0].Rule)
		}
		switch {
		case row.Error != "":
			cells[3] = "NOT READ: " + event.Clean(row.Error)
		case !row.Complete:
			cells[3] += " (part of it could not be read)"
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
}
