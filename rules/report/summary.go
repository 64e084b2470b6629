package report

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// A Summary is what the reports of many bundles have in common.
type Summary struct {
	Tool      Tool
	Generated Time
	Bundles   []*Bundle // in the order in which they were asked for
	Undone    int       // bundles that were asked for and not reached
	Earlier   int       // of Bundles, those of an earlier run
}

// A Bundle is what became of one bundle: a line of the summary.
type Bundle struct {
	Bundle   string        `json:"bundle"`  // its path, as it was given
	Content  string        `json:"content"` // SHA-256 of a file; of a folder, of its names, sizes and times
	Tool     Tool          `json:"tool"`    // what read it
	Options  string        `json:"options"` // that change what is read
	Files    []string      `json:"files"`   // of its report, relative to the summary
	Case     string        `json:"case"`    // folder, relative to the summary; "" if none was kept
	Complete bool          `json:"complete"`
	Verdict  string        `json:"verdict"` // of its strongest cause; "" if nothing known fits
	Hosts    []string      `json:"hosts"`
	VMs      []string      `json:"vms"` // of failures and findings
	Logs     int           `json:"logs"`
	Records  uint64        `json:"records"`
	Failures Times         `json:"failures"`
	Causes   []BundleCause `json:"causes"`  // the strongest first
	Missing  []string      `json:"missing"` // what rules lacked
	Errors   []string      `json:"errors"`  // what could not be read, and why
	Duration int64         `json:"duration_ms"`
}

// A BundleCause is a cause that was found in a bundle, on one host.
type BundleCause struct {
	Rule    string `json:"rule"`
	Issue   *int   `json:"issue"`
	Title   string `json:"title"`
	Verdict string `json:"verdict"`
	Host    string `json:"host"`
	Times   Times  `json:"times"`
}

// Times is how often something happened, by days in UTC as "2010-03-14"; what has
// no time is counted under "".
type Times map[string]int

// Count is how often in all.
func (t Times) Count() (n int) {
	for _, k := range t {
		n += k
	}
	return n
}

func (t Times) add(at Time) {
	day, _, _ := strings.Cut(at.String(), "T")
	t[day]++
}

// Bundle sums the report up.
func (r *Report) Bundle() *Bundle {
	logs, records := r.Logs()
	b := &Bundle{
		Tool: r.Tool, Logs: logs, Records: records,
		Files: []string{}, Hosts: []string{}, VMs: []string{}, Failures: Times{}, Causes: []BundleCause{}, Missing: []string{}, Errors: []string{},
	}
	for i := range r.Hosts {
		b.Hosts = append(b.Hosts, r.Hosts[i].Name)
	}
	for i := range r.Failures {
		b.Failures.add(r.Failures[i].Time)
		b.VMs = appendNew(b.VMs, vmNames(r.Failures[i].VM)...)
	}
	for i := range r.Findings {
		if f := &r.Findings[i]; !f.Note() {
			b.Causes = append(b.Causes, f.cause())
			b.VMs = appendNew(b.VMs, vmNames(f.VM)...)
		}
	}
	for _, n := range r.NotEvaluable {
		b.Missing = appendNew(b.Missing, n.Missing...)
	}
	for _, e := range r.Errors {
		b.Errors = append(b.Errors, e.Path+": "+e.Detail)
	}
	for i := range r.Sources {
		if text := r.Sources[i].lost(); text != "" {
			b.Errors = append(b.Errors, r.Sources[i].Path+": "+text)
		}
	}
	b.Errors = append(b.Errors, r.Notices...)
	b.Complete = r.Complete && len(r.Notices) == 0
	slices.Sort(b.VMs)
	slices.SortStableFunc(b.Causes, func(a, c BundleCause) int { return cmp.Compare(rank(c.Verdict), rank(a.Verdict)) })
	if len(b.Causes) > 0 {
		b.Verdict = b.Causes[0].Verdict
	}
	return b
}

func (f *Finding) cause() BundleCause {
	c := BundleCause{Rule: f.Rule, Issue: f.Issue, Title: f.Title, Verdict: f.Verdict, Host: f.Host, Times: Times{}}
	for _, o := range f.Occurrences {
		if o.Verdict == f.Verdict {
			c.Times.add(o.First)
		}
	}
	return c
}

// lost says what damage cost something; "" if none did.
func (s *Source) lost() string {
	first, n := "", 0
	for _, d := range s.Damage {
		if d.Lost {
			n++
			first = cmp.Or(first, cmp.Or(d.Detail, d.Kind)+atOffset(d.Offset))
		}
	}
	if n > 1 {
		return fmt.Sprintf("%s and %d more", first, n-1)
	}
	return first
}

func vmNames(vm *VM) []string {
	if name := cmp.Or(vm.name(), vm.id()); name != "" {
		return []string{name}
	}
	return nil
}

// rank orders verdicts: the higher, the stronger; 0 is none.
func rank(verdict string) int {
	if i := slices.Index(verdictWords, verdict); i >= 0 {
		return len(verdictWords) - i
	}
	return 0
}

// Whole is how many bundles were read without losing anything.
func (s *Summary) Whole() (n int) {
	for _, b := range s.Bundles {
		if b.Complete {
			n++
		}
	}
	return n
}

// failures is how many backups and restores failed.
func (s *Summary) failures() (n int) {
	for _, b := range s.Bundles {
		n += b.Failures.Count()
	}
	return n
}

// A causeCount counts the bundles that a rule was found in, by their strongest
// verdict.
type causeCount struct {
	rule, title string
	issue       *int
	bundles     [4]int // by verdictWords
	times       Times  // but for what was ruled out
}

// causes are those of all bundles, the most important first.
func (s *Summary) causes() []*causeCount {
	counts := map[string]*causeCount{}
	for _, b := range s.Bundles {
		best := map[string]int{}
		for i := range b.Causes {
			c := &b.Causes[i]
			n := counts[c.Rule]
			if n == nil {
				n = &causeCount{rule: c.Rule, title: c.Title, issue: c.Issue, times: Times{}}
				counts[c.Rule] = n
			}
			best[c.Rule] = max(best[c.Rule], rank(c.Verdict))
			if c.Verdict != "ruled-out" {
				for day, k := range c.Times {
					n.times[day] += k
				}
			}
		}
		for rule, v := range best {
			if v > 0 {
				counts[rule].bundles[len(verdictWords)-v]++
			}
		}
	}
	return slices.SortedFunc(maps.Values(counts), func(a, b *causeCount) int {
		return cmp.Or(-slices.Compare(a.bundles[:], b.bundles[:]), strings.Compare(a.rule, b.rule))
	})
}

// A lack is a log or fact that rules missed in some bundles.
type lack struct {
	what    string
	bundles int
}

// lacks are what most bundles miss first.
func (s *Summary) lacks() []lack {
	counts := map[string]int{}
	for _, b := range s.Bundles {
		own := map[string]bool{}
		for _, m := range b.Missing {
			what, _, _ := strings.Cut(m, " of ") // of whom differs from bundle to bundle
			own[what] = true
		}
		for what := range own {
			counts[what]++
		}
	}
	var list []lack
	for what, n := range counts {
		list = append(list, lack{what, n})
	}
	slices.SortFunc(list, func(a, b lack) int { return cmp.Or(b.bundles-a.bundles, strings.Compare(a.what, b.what)) })
	return list
}

// head is the summary in a line.
func (s *Summary) head() string {
	text := fmt.Sprintf("%s, %d read whole; %s", count(len(s.Bundles), "bundle"), s.Whole(), count(s.failures(), "failed backup or restore"))
	if s.Undone > 0 {
		text = fmt.Sprintf("INTERRUPTED: %s not reached. ", count(s.Undone, "bundle")) + text
	}
	return text
}

// mostLacks is how many things that bundles lack are listed.
const mostLacks = 10

// WriteText writes the summary for a terminal.
func (s *Summary) WriteText(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, s.head())
	if s.Earlier > 0 { // which no file says: they are the same however many runs it took
		fmt.Fprintf(w, "; %d read by an earlier run", s.Earlier)
	}
	fmt.Fprintln(w)
	for i, c := range s.causes() {
		if i == 0 {
			fmt.Fprintf(w, "\nconfirmed\tlikely\tpossible\truled out\trule\tcause\n")
		}
		fmt.Fprintf(w, "%d\t%d\t%d\t%d\t%s\t%s\n", c.bundles[0], c.bundles[1], c.bundles[2], c.bundles[3], event.Clean(c.rule), event.Clean(c.title))
	}
	lacks := s.lacks()
	for i, l := range lacks[:min(len(lacks), mostLacks)] {
		if i == 0 {
			fmt.Fprintf(w, "\nbundles\tlack\n")
		}
		fmt.Fprintf(w, "%d\t%s\n", l.bundles, event.Clean(l.what))
	}
	fmt.Fprintf(w, "\nbundle\tfailures\tverdict\tcause\n")
	for _, b := range s.Bundles {
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", event.Clean(b.Bundle), b.Failures.Count(), cmp.Or(b.Verdict, "-"), event.Clean(b.said()))
	}
	return w.Flush()
}

// WriteJSONL writes a line for each bundle.
func (s *Summary) WriteJSONL(w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	for _, b := range s.Bundles {
		if err := out.Encode(b); err != nil {
			return err
		}
	}
	return nil
}

var summaryHead = []string{"bundle", "verdict", "rule", "issue", "cause", "causes", "failures", "hosts", "vms", "complete", "logs", "records", "errors", "missing", "duration_ms", "report"}

// WriteCSV writes a row for each bundle, for spreadsheets: no cell is taken for a
// formula.
func (s *Summary) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	rows := [][]string{summaryHead}
	for _, b := range s.Bundles {
		rows = append(rows, b.cells())
	}
	return out.WriteAll(rows)
}

func (b *Bundle) cells() []string {
	var first BundleCause
	var rules []string
	for i, c := range b.Causes {
		if i == 0 {
			first = c
		}
		rules = appendNew(rules, c.Rule)
	}
	list := func(names []string) string { return strings.Join(names, "; ") }
	row := []string{
		b.Bundle, b.Verdict, first.Rule, issueNumber(first.Issue), first.Title, list(rules), strconv.Itoa(b.Failures.Count()),
		list(b.Hosts), list(b.VMs), strconv.FormatBool(b.Complete), strconv.Itoa(b.Logs), strconv.FormatUint(b.Records, 10),
		list(b.Errors), list(b.Missing), strconv.FormatInt(b.Duration, 10), list(b.Files),
	}
	for i := range row {
		row[i] = event.Cell(row[i])
	}
	return row
}
