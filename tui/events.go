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
	asked  map[int64]bool
	gen    int // of the filters
	cancel context.CancelFunc
	busy   bool
	failed string
	goTo   int64 // the row to go to when the list is there; -1: none
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
	return &events{cache: map[int64]store.Row{}, asked: map[int64]bool{}, goTo: -1, detail: true, bars: true}
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
			return v.start(a)
		}
	case foundMsg:
		return v.found(a, msg)
	case rowsMsg:
		v.take(msg)
	case searchedMsg:
		v.searched(a, msg)
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
	gen, text, c := v.gen, v.query(), a.c
	return func() tea.Msg { return findRows(ctx, c, gen, text) }
}

// bucketCount is how many bars the histogram has at most.
const bucketCount = 200

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
		q, err := query.Parse(text)
		if err == nil {
			set, err = c.Find(ctx, q)
		}
		if err != nil {
			msg.err = err
			return msg
		}
		msg.rows = make([]uint32, 0, set.Len())
		for row := range set.All() {
			msg.rows = append(msg.rows, uint32(row))
		}
	}
	msg.counts, msg.err = c.Histogram(ctx, set, bucketCount)
	return msg
}

func (v *events) found(a *App, msg foundMsg) tea.Cmd {
	if msg.gen != v.gen {
		return nil // of filters that were changed meanwhile
	}
	v.busy = false
	if msg.err != nil {
		v.failed = msg.err.Error()
		return nil
	}
	at := v.current() // stay at the event, or near it
	v.shown, v.total, v.counts = msg.rows, msg.total, msg.counts
	v.list.resize(v.length())
	if v.goTo >= 0 {
		at, v.goTo = v.goTo, -1
	}
	if at >= 0 {
		v.list.moveTo(v.indexOf(at))
	}
	return v.load(a)
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

// event is the row of the cursor, if it has been read.
func (v *events) event() (store.Row, bool) {
	r, ok := v.cache[v.current()]
	return r, ok
}

// maxCached is how many rows are kept.
const maxCached = 2000

// load reads the rows of the page, and of the ones before and after, that are
// not there.
func (v *events) load(a *App) tea.Cmd {
	if a.c == nil || v.length() == 0 {
		return nil
	}
	page := max(50, v.list.height)
	set := []int64{}
	for i := max(0, v.list.top-page); i < min(v.length(), v.list.top+2*page); i++ {
		if row := v.row(i); !v.asked[row] {
			set = append(set, row)
		}
	}
	if len(set) == 0 {
		return nil
	}
	if len(v.cache) > maxCached {
		clear(v.cache)
		clear(v.asked)
		return v.load(a)
	}
	for _, row := range set {
		v.asked[row] = true
	}
	c, gen := a.c, v.gen
	return func() tea.Msg { return readRows(c, gen, set) }
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
	case actBookmark:
		v.bookmark(a)
	case actNote:
		v.note(a)
	case actOpen:
		v.openEvent(a)
	case actXML, actNeighbours:
		return v.raw(a, act), true
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
		lines = append(lines, v.list.render(width, rest-detail, func(i int) string { return v.line(a, i, width) })...)
	}
	if detail > 0 {
		lines = append(lines, a.paint.paint(dim, strings.Repeat(a.glyph("─", "-"), width)))
		lines = append(lines, v.preview(a, width, detail-1)...)
	}
	return lines
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
		fmt.Fprintf(&b, ", %d", v.list.cursor+1)
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
		fmt.Fprintf(&b, "  [%s%s]", mark, clean(f.query))
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
		fmt.Fprintf(&b, "   %s filters, %s searches", a.keys.key(actFilter), a.keys.key(actSearch))
	}
	return b.String()
}

// The columns of the list, in cells.
const (
	timeCells     = 23
	hostCells     = 14
	levelCells    = 5
	providerCells = 18
	idCells       = 6
)

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
		mark = a.glyph("★", "*")
	case a.has(notes.Note, eventSubject(&r)):
		mark = a.glyph("✎", "n")
	case v.findings != nil && v.findings.Has(n):
		mark = a.glyph("◆", "!")
	}
	row := mark + fit(a.time(report.Time{Time: r.Time}), timeCells) + " " + fit(clean(shortHost(r.Host)), hostCells) + " " +
		fit(levelWord(r.Level), levelCells) + " " + fit(clean(query.ShortName(provider(&r))), providerCells) + " " + fit(fmt.Sprint(r.ID), idCells) + " " +
		clean(index.TellRow(&r, 400))
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
	return page(describeEvent(a, &r, width), width, height)
}

// describeEvent says all that the store has of an event.
func describeEvent(a *App, r *store.Row, width int) []string {
	lines := hang(" ", fmt.Sprintf("%s  %s  %s  %s %d  %s", a.time(report.Time{Time: r.Time}), clean(r.Host), query.LevelName(r.Level), clean(provider(r)), r.ID, clean(r.Channel)), width)
	if s := known.Summary(r.Provider, r.ID); s != "" {
		lines = append(lines, hang(" it means: ", s, width)...)
	}
	for _, c := range r.Codes {
		lines = append(lines, hang(" "+c.String()+" ", strings.TrimSpace(c.Name()+"  "+c.Meaning()), width)...)
	}
	if e, ok := a.entry(notes.Note, eventSubject(r)); ok {
		lines = append(lines, hang(" your note: ", clean(e.Text), width)...)
	}
	names := 0
	for _, f := range r.Fields {
		names = max(names, min(30, ansi.StringWidth(clean(f.Name))))
	}
	for _, f := range r.Fields {
		// A field may have megabytes; what is beyond this is in its XML.
		value := clean(cutBytes(f.Value, 64<<10))
		lines = append(lines, hang(" "+fit(clean(f.Name), names)+"  ", value, width)...)
	}
	if r.Message != "" {
		for line := range strings.SplitSeq(event.CleanLines(cutBytes(r.Message, 64<<10)), "\n") {
			lines = append(lines, hang(" ", line, width)...)
		}
	}
	return append(lines, hang(" in ", fmt.Sprintf("%s record %d, offset %d", clean(r.Source), r.Record, r.Offset), width)...)
}

// cutBytes shortens text to n bytes, at the end of a character.
func cutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// eventSubject names an event by content, for notes.
func eventSubject(r *store.Row) notes.Subject {
	return notes.Subject{Log: r.Source, Offset: r.Offset, Host: r.Host, Channel: r.Channel, Record: r.Record, Time: r.Time}
}

// openEvent shows the event alone.
func (v *events) openEvent(a *App) {
	r, ok := v.event()
	if !ok {
		return
	}
	t := newText(fmt.Sprintf("%s %d", query.ShortName(provider(&r)), r.ID), func(a *App, width int) []string { return describeEvent(a, &r, width) })
	t.item = func(a *App) []copyItem { return copyEvent(a, &r) }
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
	full := describeEvent(a, r, 10_000)
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
