package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/index/notes"
	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/index/store"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
	"github.com/vsswhy/vsswhy/rules/report"
)

// events is the list of all events, merged by time. It holds row numbers, never
// rows but those near the page: rows and answers to queries are read by
// commands, and come as messages with the generation that they are of.
type events struct {
	list     list
	filters  []filter
	search   string
	shown    []uint32 // rows that match the filters, nil: all
	total    int64
	matches  *store.Set // of the search
	findings *store.Set // rows that are evidence
	errors   *store.Set // rows that are errors, when they have been asked for

	cache  map[int64]store.Row
	asked  map[int]bool // blocks of the list whose rows were asked for
	gen    int          // of the filters
	asking string       // what they say together
	cancel context.CancelFunc
	busy   bool
	failed string
	goTo   int64 // the row to be at, or near it, with whatever filters; -1: that of the cursor
	detail bool  // the pane with the event
	bars   bool  // the histogram
	zoom   []timeSpan
	counts index.Histogram
}

type timeSpan struct{ from, to time.Time }

// A filter is one chip: a query that can be switched off or negated.
type filter struct {
	query   string
	negated bool
	off     bool
}

func (f filter) text() string {
	if f.negated {
		return "-(" + f.query + ")"
	}
	return "(" + f.query + ")"
}

func newEvents() *events {
	return &events{cache: map[int64]store.Row{}, asked: map[int]bool{}, goTo: -1, detail: true, bars: true}
}

func (v *events) title() string   { return "Events" }
func (v *events) scopes() []scope { return scopesOf["events"] }

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

func (v *events) update(a *App, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case startMsg:
		return v.start(a)
	case ScanState:
		if msg.Case != nil {
			clear(v.cache) // another generation numbers its rows anew
			v.errors = nil
			return tea.Batch(v.start(a), v.find(a, false))
		}
	case foundMsg:
		return v.found(a, msg)
	case rowsMsg:
		v.take(msg)
	case searchedMsg:
		return v.searched(a, msg)
	case evidenceMsg:
		return v.reveal(a, msg)
	case findingsMsg:
		v.findings = msg.rows
	case jumpMsg:
		v.errors = msg.rows
		return v.jump(a, msg.rows, msg.forward, msg.what)
	case rawMsg:
		v.showRaw(a, msg)
	}
	return nil
}

// start begins with all events of a case.
func (v *events) start(a *App) tea.Cmd {
	if a.c == nil {
		return nil
	}
	return tea.Batch(v.filter(a), v.findEvidence(a))
}

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

func (v *events) do(a *App, act action) (tea.Cmd, bool) {
	if v.list.move(act) {
		v.goTo = -1
		return v.load(a), true
	}
	switch act {
	case actFilter:
		v.askFilter(a)
	case actFilterCell:
		return v.filterMenu(a), true
	case actFilterStack:
		v.stack(a)
	case actSearch:
		v.askSearch(a)
	case actNextMatch, actPrevMatch:
		if v.search != "" && v.matches == nil {
			a.say("still searching; the cursor goes to the next match when it is found")
			return nil, true
		}
		return v.jump(a, v.matches, act == actNextMatch, "match"), true
	case actNextProof, actPrevProof:
		return v.jump(a, v.findings, act == actNextProof, "evidence"), true
	case actNextError, actPrevError:
		return v.jumpTo(a, "level<=2", act == actNextError, "error"), true
	case actNextMark, actPrevMark:
		return v.jumpMark(a, act == actNextMark), true
	case actHistogram:
		v.bars = !v.bars
	case actZoom:
		v.detail = !v.detail
	case actZoomIn, actZoomOut:
		return v.zoomTime(a, act == actZoomIn), true
	case actBookmark, actNote, actOpen, actXML, actNeighbours:
		if r, ok := v.event(); ok && a.c != nil {
			return v.doEvent(a, act, &r), true
		}
	case actBack:
		if len(v.zoom) > 0 || len(v.filters) > 0 {
			v.popFilter()
			return v.filter(a), true
		}
		return nil, false
	default:
		return nil, false
	}
	return nil, true
}

// doEvent does what is done with one event.
func (v *events) doEvent(a *App, act action, r *store.Row) tea.Cmd {
	switch act {
	case actBookmark:
		a.bookmark(eventSubject(r))
	case actNote:
		a.noteEvent(eventSubject(r))
	case actOpen:
		v.openEvent(a, r)
	case actXML:
		return a.raw(r.Source, r.Offset, 0)
	case actNeighbours:
		return a.raw(r.Source, r.Offset, near)
	}
	return nil
}

// popFilter takes back the last narrowing: Esc goes back.
func (v *events) popFilter() {
	if n := len(v.zoom); n > 0 {
		v.zoom = v.zoom[:n-1]
		return
	}
	v.filters = v.filters[:len(v.filters)-1]
}

// render shows the chips, the histogram, the list, and the event.
func (v *events) render(a *App, width, height int) []string {
	if a.c == nil {
		return page([]string{"", " The events can be searched when the scan has ended."}, width, height)
	}
	lines := []string{a.paint.paint(dim, fit(v.chips(a), width))}
	if v.bars && height > 18 {
		lines = append(lines, v.histogram(a, width)...)
	}
	rest := height - len(lines)
	detail := 0
	if v.detail && rest > 14 {
		detail = min(rest/3, 14)
	}
	if v.length() == 0 {
		lines = append(lines, page([]string{"", " " + v.none()}, width, rest-detail)...)
	} else {
		if rest-detail > 8 {
			lines, rest = append(lines, a.paint.paint(dim, columnNames(width))), rest-1
		}
		lines = append(lines, v.list.render(0, len(lines), width, rest-detail, func(i int) string { return v.line(a, i, width) })...)
	}
	if detail > 0 {
		lines = append(lines, a.paint.paint(dim, strings.Repeat("─", width)))
		lines = append(lines, v.preview(a, width, detail-1)...)
	}
	return lines
}

func (v *events) click(a *App, x, y int) bool {
	v.goTo = -1
	return v.list.click(a, x, y)
}

func (v *events) none() string {
	switch {
	case v.busy:
		return "looking…"
	case v.failed != "":
		return clean(v.failed)
	}
	return "no event matches; Esc takes the last filter back"
}

// chips are the filters, and how much they leave.
func (v *events) chips(a *App) string {
	var b strings.Builder
	fmt.Fprintf(&b, " %d of %d events", v.length(), v.total)
	if v.length() > 0 {
		fmt.Fprintf(&b, ", at %d", v.list.cursor+1)
	}
	if v.busy {
		b.WriteString(" (looking)")
	}
	for _, f := range v.filters {
		mark := ""
		if f.off {
			mark = "off:"
		}
		if f.negated {
			mark += "not "
		}
		fmt.Fprintf(&b, "  [%s%s]", mark, strings.TrimRight(cell(f.query, 40), " "))
	}
	if n := len(v.zoom); n > 0 {
		fmt.Fprintf(&b, "  [%s to %s]", a.time(report.Time{Time: v.zoom[n-1].from}), a.time(report.Time{Time: v.zoom[n-1].to}))
	}
	if v.search != "" {
		n := int64(0)
		if v.matches != nil {
			n = v.matches.Len()
		}
		fmt.Fprintf(&b, "  search: %s (%d)", clean(v.search), n)
	}
	if len(v.filters) == 0 && v.search == "" {
		fmt.Fprintf(&b, ".  %s filters; %s goes to what is evidence (◆), %s to errors", a.keys.key(actFilter), a.keys.key(actNextProof), a.keys.key(actNextError))
	}
	return b.String()
}

// columnCells are the widths of the first columns: time, host, level, provider,
// id. What an event says has the rest, so on a narrow page they give way.
type columnCells [5]int

func columnsFor(width int) columnCells {
	switch {
	case width >= 120:
		return columnCells{23, hostCells, 5, 18, 6}
	case width >= 80:
		return columnCells{14, 9, 5, 12, 5}
	}
	return columnCells{14, 8, 5, 0, 5}
}

const hostCells = 14

// set puts values into the columns; one without a width is left out.
func (c columnCells) set(values [5]string) string {
	var b strings.Builder
	for i, value := range values {
		if c[i] > 0 {
			b.WriteString(cell(value, c[i]))
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// when is a time for its column.
func (c columnCells) when(a *App, t time.Time) string {
	if c[0] < len("2006-01-02 15:04:05.000") && !a.cfg.RelativeTimes && !t.IsZero() {
		return t.UTC().Format("01-02 15:04:05")
	}
	return a.time(report.Time{Time: t})
}

func columnNames(width int) string {
	return fit(" "+columnsFor(width).set([5]string{"time", "host", "level", "provider", "id"})+"what it says", width)
}

// line is one event. Each column is cut hard, so that a wide or strange
// character shifts nothing.
func (v *events) line(a *App, i, width int) string {
	n := v.row(i)
	r, ok := v.cache[n]
	if !ok {
		row := fit(" …", width)
		if i == v.list.cursor {
			return a.paint.paint(selected, row)
		}
		return row
	}
	mark := " "
	switch {
	case a.has(notes.Bookmark, eventSubject(&r)):
		mark = "★"
	case a.has(notes.Note, eventSubject(&r)):
		mark = "✎"
	case v.findings != nil && v.findings.Has(n):
		mark = "◆"
	}
	columns := columnsFor(width)
	row := mark + columns.set([5]string{columns.when(a, r.Time), shortHost(r.Host), levelWord(r.Level), query.ShortName(provider(&r)), fmt.Sprint(r.ID)}) +
		brief(index.TellRow(&r, 400), width)
	row = fit(row, width)
	switch {
	case i == v.list.cursor:
		return a.paint.paint(selected, row)
	case v.matches != nil && v.matches.Has(n):
		return a.paint.paint(match, row)
	}
	return a.paint.paint(levelRole(r.Level), row)
}

func provider(r *store.Row) string {
	if r.Provider != "" {
		return r.Provider
	}
	return r.Classic
}

func levelWord(l event.Level) string {
	return map[event.Level]string{1: "CRIT", 2: "ERROR", 3: "WARN", 5: "verb"}[l]
}

func levelRole(l event.Level) role {
	switch l {
	case event.LevelCritical, event.LevelError:
		return critical
	case event.LevelWarning:
		return warning
	}
	return plain
}

// preview is the event of the cursor, as far as there is room.
func (v *events) preview(a *App, width, height int) []string {
	r, ok := v.event()
	if !ok {
		return page(nil, width, height)
	}
	return page(describeEvent(a, &r, width, height), width, height)
}

// describeEvent says all that the store has of an event, in some lines more
// than the given number at most.
func describeEvent(a *App, r *store.Row, width, most int) []string {
	enough := min(maxText, most*width) // bytes of one text
	lines := hang(" ", fmt.Sprintf("%s  %s  %s  %s %d  %s", a.time(report.Time{Time: r.Time}), clean(r.Host), query.LevelName(r.Level), clean(provider(r)), r.ID, clean(r.Channel)), width)
	if s := known.Summary(r.Provider, r.ID); s != "" {
		lines = append(lines, hang(" it means: ", s, width)...)
	}
	for _, c := range r.Codes {
		lines = append(lines, hang(" "+c.String()+" ", strings.TrimSpace(c.Name()+"  "+c.Meaning()), width)...)
	}
	if e, ok := a.entry(notes.Note, eventSubject(r)); ok {
		lines = append(lines, hang(noteMark(e), clean(e.Text), width)...)
	}
	names := 0
	for _, f := range r.Fields {
		names = max(names, min(30, ansi.StringWidth(cutBytes(f.Name, 64))))
	}
	for _, f := range r.Fields {
		if len(lines) > most {
			return lines
		}
		if f == (event.Field{}) {
			continue // a classic event has many of them
		}
		lines = append(lines, hang(" "+cell(f.Name, names)+"  ", clean(cutBytes(f.Value, enough)), width)...)
	}
	if r.Message != "" {
		for line := range strings.SplitSeq(event.CleanLines(cutBytes(r.Message, enough)), "\n") {
			lines = append(lines, hang(" ", line, width)...)
		}
	}
	if r.Recovered {
		lines = append(lines, hang(" ", "recovered: the log no longer counts this record as its own; it is left over from an earlier use", width)...)
	}
	return append(lines, hang(" in ", fmt.Sprintf("%s record %d, offset %d", clean(r.Source), r.Record, r.Offset), width)...)
}

// allLines is more lines than an event has on screen.
const allLines = 100_000

// eventSubject names an event by content, for notes.
func eventSubject(r *store.Row) notes.Subject {
	return notes.Subject{Log: named(r.Source), Offset: r.Offset, Host: named(r.Host), Channel: named(r.Channel), Record: r.Record, Time: r.Time}
}

// openEvent shows the event alone.
func (v *events) openEvent(a *App, r *store.Row) {
	t := newText(fmt.Sprintf("%s %d", query.ShortName(provider(r)), r.ID), func(a *App, width int) []string { return describeEvent(a, r, width, allLines) })
	t.item = func(a *App) []copyItem { return copyEvent(a, r) }
	t.keys = scopesOf["event"]
	t.more = func(a *App, act action) (tea.Cmd, bool) {
		switch act {
		case actXML, actNeighbours, actBookmark, actNote:
			return v.doEvent(a, act, r), true
		}
		return nil, false
	}
	a.open(t)
}

// copies are the forms of the event of the cursor.
func (v *events) copies(a *App) []copyItem {
	r, ok := v.event()
	if !ok {
		return nil
	}
	return copyEvent(a, &r)
}

func copyEvent(a *App, r *store.Row) []copyItem {
	when := report.Time{Time: r.Time}.String()
	line := fmt.Sprintf("%s %s %s %d: %s [%s record %d]", when, clean(r.Host), clean(query.ShortName(provider(r))), r.ID, clean(index.TellRow(r, 400)), clean(r.Source), r.Record)
	full := describeEvent(a, r, 10_000, allLines)
	for i := range full {
		full[i] = strings.TrimSpace(full[i])
	}
	return []copyItem{
		{"one line", line},
		{"the full text", strings.Join(full, "\n")},
		{"as a query", fmt.Sprintf("host:%s prov:%s id:%d", quoted(r.Host), quoted(provider(r)), r.ID)},
	}
}

// quoted is a value as a query writes it.
func quoted(s string) string {
	_, value, _ := strings.Cut(query.Term(query.Host, clean(s)), ":")
	return value
}
