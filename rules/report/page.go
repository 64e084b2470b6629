package report

import (
	"fmt"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// A page is what a report says to people, in the order in which they need it:
// what failed and what explains it, the evidence of each finding, what was ruled
// out, what is missing, and what to do. The printers (text, Markdown, HTML) only
// set it in type.
//
// A report may be read from a case that comes from a stranger, so all text is
// cleaned on its way into a page.
type page struct {
	report *Report
	full   bool // with timelines, gaps, inputs and their hashes; else short enough for a mail
	nodes  []node
	cited  map[string]bool   // ids of sources
	told   map[string]string // rule → the finding that told what to do
}

// A node is one part of a page.
type node struct {
	kind  kind
	mark  string // what stands before the text: "X1", "needs:"
	state string // met, unmet or unknown, of a criterion; or a verdict
	text  rich
	cite  *Evidence
	kids  []node
	drawn drawing // what a printer that can draw shows in place of the kids
	fold  bool    // most readers skip it
}

// A drawing is a *timeline, a *coverageChart or a *table.
type drawing any

// A table has cells of several lines; the first cell of a row names it.
type table struct {
	caption string
	columns []column
	rows    []row
	more    string // what it leaves out; "" if nothing
}

type column struct{ title, class string }

type row struct {
	id    string // that refs name
	cells [][]rich
}

type kind int

const (
	heading  kind = iota
	para          // a paragraph
	group         // items under a line of text, which may be empty
	item          // of a list, with kids below it
	citation      // evidence
	code          // a command to copy; its mark is the shell
	answer        // an item: what the report comes to
	remark        // an item: a note of the engineer
	title         // a paragraph: what the section is about
)

// rich is text in parts.
type rich []span

type span struct {
	text string
	as   style
}

type style int

const (
	plain   style = iota
	literal       // a path or a hash, to be copied
	link          // a URL of a rule
	ref           // the id of a finding or a source, which a page may link to it
	badge         // a verdict
	risk          // of a step, in brackets
)

func txt(format string, args ...any) rich {
	return rich{{event.Clean(fmt.Sprintf(format, args...)), plain}}
}

func (r rich) lit(s string) rich { return r.as(literal, s) }

func (r rich) as(as style, s string) rich { return append(r, span{event.Clean(s), as}) }

func (r rich) txt(format string, args ...any) rich { return append(r, txt(format, args...)...) }

// String is the text without its styles.
func (r rich) String() string {
	var b strings.Builder
	for _, s := range r {
		b.WriteString(s.text)
	}
	return b.String()
}

const (
	maxDetailed = 50   // what the page tells in full: nobody reads on
	maxListed   = 8    // lists that grow with the bundle; the JSON form has all
	maxInputs   = 1000 // the list of what was read, and of what was not
	maxOpen     = 4    // computers whose coverage is not folded
)

// page makes the page of a report.
func (r *Report) page(full bool) *page {
	p := &page{report: r, full: full, cited: map[string]bool{}, told: map[string]string{}}
	p.head()
	p.notes()
	p.failures()
	for i := range r.Findings {
		if i == maxDetailed {
			p.heading(txt("and %d more findings, all of them in --format json", len(r.Findings)-maxDetailed))
			break
		}
		p.finding(&r.Findings[i])
	}
	p.unexplained()
	p.notEvaluable()
	p.checked()
	p.answers()
	if full {
		p.inputs()
	} else {
		p.sourcesCited()
	}
	p.input()
	if full {
		p.origin()
	}
	return p
}

func (p *page) add(n ...node) { p.nodes = append(p.nodes, n...) }

func (p *page) heading(text rich) { p.add(node{kind: heading, text: text}) }

func (p *page) para(mark string, text rich) { p.add(node{kind: para, mark: mark, text: text}) }

// group adds items under a line of text, unless there are none.
func (p *page) group(text string, items []node) {
	if len(items) > 0 {
		p.add(node{kind: group, text: txt("%s", text), kids: items})
	}
}

// folded is group for what most readers skip.
func (p *page) folded(text string, items []node) {
	if p.group(text, items); len(items) > 0 {
		p.nodes[len(p.nodes)-1].fold = true
	}
}

func entry(mark string, text rich, kids ...node) node {
	return node{kind: item, mark: event.Clean(mark), text: text, kids: kids}
}

// entries lists texts, each with the same mark.
func entries(mark string, texts []string) []node {
	var list []node
	for _, s := range texts {
		list = append(list, entry(mark, txt("%s", s)))
	}
	return list
}

// shorten cuts a list of n things, of which items were made, and says so.
func shorten[T any](list []T, most int, more string, tell func(*T) node) []node {
	var items []node
	for i := range list {
		if i == most {
			return append(items, entry("", txt(more, len(list)-most)))
		}
		items = append(items, tell(&list[i]))
	}
	return items
}

// cite makes citations, and notes their sources.
func (p *page) cite(list []Evidence) []node {
	var nodes []node
	for i := range list {
		p.cited[list[i].Source] = true
		nodes = append(nodes, node{kind: citation, cite: &list[i]})
	}
	return nodes
}
