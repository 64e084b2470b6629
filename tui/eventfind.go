package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/index/store"
)

// Messages of the commands.
type (
	foundMsg struct {
		gen    int
		rows   []uint32 // nil: all
		total  int64
		counts index.Histogram
		err    error
		rest   tea.Cmd // finds the others: these are only the newest; nil: these are all
	}
	rowsMsg struct {
		gen  int
		rows map[int64]store.Row
		err  error
	}
	searchedMsg struct {
		search string
		rows   *store.Set
		err    error
		asked  bool // just now, and not found anew after a scan: the cursor goes to a match
	}
	evidenceMsg struct {
		row   int64
		found bool
		err   error
	}
	findingsMsg struct{ rows *store.Set }
)

// query is what the filters say together.
func (v *events) query() string {
	var parts []string
	for _, f := range v.filters {
		if !f.off {
			parts = append(parts, f.text())
		}
	}
	if n := len(v.zoom); n > 0 {
		z := v.zoom[n-1]
		parts = append(parts, fmt.Sprintf("since:%s until:%s", z.from.UTC().Format("2006-01-02T15:04:05.000Z"), z.to.UTC().Format("2006-01-02T15:04:05.000Z")))
	}
	return strings.Join(parts, " ")
}

// filter starts to look for the rows that match; what is under way is given up.
func (v *events) filter(a *App) tea.Cmd {
	if v.cancel != nil {
		v.cancel()
	}
	ctx, cancel := context.WithCancel(a.ctx)
	v.gen++
	v.cancel, v.busy, v.failed = cancel, true, ""
	v.asking = v.query()
	if v.goTo < 0 {
		v.goTo = v.current()
	}
	gen, text, c := v.gen, v.asking, a.c
	all := func() tea.Msg { return findRows(ctx, c, gen, text) }
	if text == "" || v.total <= newest {
		return all
	}
	return func() tea.Msg { return findNewest(ctx, c, gen, text, all) }
}

// bucketCount is how many bars the histogram has at most.
const bucketCount = 200

// newest is how many of the latest rows are looked through first: some
// hundredths of a second.
const newest = 150_000

// findNewest finds the rows that match among the newest ones, so that there is
// something to see; the answer says how to find the rest.
func findNewest(ctx context.Context, c *index.Case, gen int, text string, rest tea.Cmd) tea.Msg {
	r, err := c.Events()
	if err != nil {
		return foundMsg{gen: gen, err: err}
	}
	first, err := r.At(max(0, r.Rows()-newest))
	if err != nil || first.Time.IsZero() {
		return rest()
	}
	msg := foundMsg{gen: gen, total: r.Rows(), rest: rest}
	msg.rows, _, msg.err = matching(ctx, c, "since:"+first.Time.Format(queryTime)+" "+text)
	return msg
}

// queryTime is the form of a time in a query.
const queryTime = "2006-01-02T15:04:05.0000000Z"

// matching returns the rows for which a query holds.
func matching(ctx context.Context, c *index.Case, text string) ([]uint32, *store.Set, error) {
	q, err := query.Parse(text)
	if err != nil {
		return nil, nil, err
	}
	set, err := c.Find(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	rows := make([]uint32, 0, set.Len())
	for row := range set.All() {
		rows = append(rows, uint32(row))
	}
	return rows, set, nil
}

func findRows(ctx context.Context, c *index.Case, gen int, text string) tea.Msg {
	msg := foundMsg{gen: gen}
	r, err := c.Events()
	if err != nil {
		msg.err = err
		return msg
	}
	msg.total = r.Rows()
	var set *store.Set
	if text != "" {
		if msg.rows, set, msg.err = matching(ctx, c, text); msg.err != nil {
			return msg
		}
	}
	msg.counts, msg.err = c.Histogram(ctx, set, bucketCount)
	return msg
}

func (v *events) found(a *App, msg foundMsg) tea.Cmd {
	if msg.gen != v.gen {
		return nil // of filters that were changed meanwhile
	}
	v.busy = msg.rest != nil
	if msg.err != nil {
		v.busy, v.failed, v.goTo = false, msg.err.Error(), -1
		return nil
	}
	at, line := v.goTo, v.list.cursor-v.list.top // and on the same line of the page
	if at < 0 {
		at = v.current()
	}
	v.shown, v.total = msg.rows, msg.total
	clear(v.asked)
	v.list.resize(v.length())
	if at >= 0 {
		v.list.moveTo(v.indexOf(at))
		v.list.top = v.list.cursor - line
		v.list.scroll()
	}
	if msg.rest == nil {
		v.counts = msg.counts
	}
	return tea.Batch(v.load(a), msg.rest)
}

// length is the number of rows in the list.
func (v *events) length() int {
	if v.shown != nil {
		return len(v.shown)
	}
	return int(v.total)
}

// row is the row of the store at an index of the list.
func (v *events) row(i int) int64 {
	if v.shown == nil {
		return int64(i)
	}
	return int64(v.shown[i])
}

// indexOf is the index of a row, or of the first one after it.
func (v *events) indexOf(row int64) int {
	if v.shown == nil {
		return int(row)
	}
	i, _ := slices.BinarySearch(v.shown, uint32(row))
	return min(i, max(0, len(v.shown)-1))
}

// current is the row of the cursor; -1: there is none.
func (v *events) current() int64 {
	if v.list.cursor < v.length() {
		return v.row(v.list.cursor)
	}
	return -1
}

// moveTo puts the cursor where it stays when filters change.
func (v *events) moveTo(a *App, i int) tea.Cmd {
	v.list.moveTo(i)
	v.goTo = -1
	return v.load(a)
}

// event is the row of the cursor, if it has been read.
func (v *events) event() (store.Row, bool) {
	r, ok := v.cache[v.current()]
	return r, ok
}

// Rows are read in blocks: one row costs nearly as much as all of a block.
const (
	rowsInBlock = 128
	maxCached   = 4000 // rows
)

// load reads the blocks of the list that the page is in, with a page before and
// after, as far as they are not there.
func (v *events) load(a *App) tea.Cmd {
	if a.c == nil || v.length() == 0 {
		return nil
	}
	if len(v.cache) > maxCached {
		clear(v.cache)
		clear(v.asked)
	}
	var rows []int64
	page := max(20, v.list.height)
	last := min(v.length()-1, v.list.top+2*page)
	for block := max(0, v.list.top-page) / rowsInBlock; block <= last/rowsInBlock; block++ {
		if v.asked[block] {
			continue
		}
		v.asked[block] = true
		for i := block * rowsInBlock; i < min(v.length(), (block+1)*rowsInBlock); i++ {
			rows = append(rows, v.row(i))
		}
	}
	if len(rows) == 0 {
		return nil
	}
	c, gen := a.c, v.gen
	return func() tea.Msg { return readRows(c, gen, rows) }
}

func readRows(c *index.Case, gen int, rows []int64) tea.Msg {
	msg := rowsMsg{gen: gen, rows: map[int64]store.Row{}}
	r, err := c.Events()
	if err != nil {
		msg.err = err
		return msg
	}
	list, err := r.Pick(rows)
	if err != nil {
		msg.err = err
		return msg
	}
	for i, row := range rows {
		msg.rows[row] = list[i]
	}
	return msg
}

func (v *events) take(msg rowsMsg) {
	if msg.err != nil {
		v.failed = msg.err.Error()
	}
	for n, row := range msg.rows {
		v.cache[n] = row
	}
}
