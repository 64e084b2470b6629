package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/index/notes"
	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/index/store"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules/report"
)

// askQuery opens a text box for a query, which says at once what is wrong, and
// completes at Tab.
func (a *App) askQuery(label, text string, done func(a *App, text string) tea.Cmd) *prompt {
	p := a.ask(label, text, done)
	p.check = func(a *App, text string) error {
		q, err := query.Parse(text)
		if err != nil {
			return err
		}
		env, err := a.c.Env()
		if err != nil {
			return err
		}
		_, err = q.Resolve(env)
		return err
	}
	p.expand = complete
	return p
}

// askFilter asks for a filter, which is in force while it is typed. Esc brings
// back what was there.
func (v *events) askFilter(a *App) {
	if a.c == nil {
		return
	}
	before, old := v.filters, ""
	rest := before // the one filter that was typed is typed again; those of fields stay
	if len(before) == 1 && !before[0].negated && !before[0].off {
		old, rest = before[0].query, nil
	}
	apply := func(a *App, text string) tea.Cmd {
		v.filters = slices.Clone(rest)
		if text = strings.TrimSpace(text); text != "" {
			v.filters = append(v.filters, filter{query: text})
		}
		if v.query() == v.asking {
			return nil
		}
		return v.filter(a)
	}
	p := a.askQuery("filter", old, apply)
	p.live = apply
	p.undo = func(a *App) tea.Cmd {
		v.filters = before
		return v.filter(a)
	}
}

func (v *events) askSearch(a *App) {
	if a.c == nil {
		return
	}
	a.askQuery("search", v.search, func(a *App, text string) tea.Cmd {
		v.search = strings.TrimSpace(text)
		return v.find(a, true)
	})
}

// find looks for the rows of the search, if there is one.
func (v *events) find(a *App, asked bool) tea.Cmd {
	v.matches = nil
	if v.search == "" {
		return nil
	}
	ctx, c, text := a.ctx, a.c, v.search
	return func() tea.Msg {
		q, err := query.Parse(text)
		if err != nil {
			return searchedMsg{search: text, err: err}
		}
		rows, err := c.Find(ctx, q)
		return searchedMsg{text, rows, err, asked}
	}
}

func (v *events) searched(a *App, msg searchedMsg) tea.Cmd {
	switch {
	case msg.search != v.search:
	case msg.err != nil:
		v.search = ""
		a.say("%v", msg.err)
	default:
		v.matches = msg.rows
		if !msg.asked {
			return nil
		}
		a.say("%d events match; %s and %s go from one to the next", msg.rows.Len(), a.keys.key(actNextMatch), a.keys.key(actPrevMatch))
		if !msg.rows.Has(v.current()) && msg.rows.Len() > 0 {
			return v.jump(a, v.matches, true, "match")
		}
	}
	return nil
}

// findEvidence looks up which rows are evidence of a finding.
func (v *events) findEvidence(a *App) tea.Cmd {
	ctx, c := a.ctx, a.c
	return func() tea.Msg {
		q, err := query.Parse("verdict:confirmed,likely,possible,ruled-out")
		if err != nil {
			return nil
		}
		rows, err := c.Find(ctx, q)
		if err != nil {
			return nil
		}
		return findingsMsg{rows}
	}
}

// jump goes to the next row of a set that is in the list.
func (v *events) jump(a *App, set *store.Set, forward bool, what string) tea.Cmd {
	if set == nil {
		a.say("there is no %s", what)
		return nil
	}
	by := 1
	if !forward {
		by = -1
	}
	for i := v.list.cursor + by; i >= 0 && i < v.length(); i += by {
		if set.Has(v.row(i)) {
			return v.moveTo(a, i)
		}
	}
	a.say("no %s %s this one", what, map[bool]string{true: "after", false: "before"}[forward])
	return nil
}

// A jumpMsg has the rows that a jump may go to.
type jumpMsg struct {
	rows    *store.Set
	forward bool
	what    string
}

// jumpTo goes to the next row that a query matches; the answer is kept.
func (v *events) jumpTo(a *App, text string, forward bool, what string) tea.Cmd {
	if v.errors != nil {
		return v.jump(a, v.errors, forward, what)
	}
	ctx, c := a.ctx, a.c
	if c == nil {
		return nil
	}
	return func() tea.Msg {
		q, err := query.Parse(text)
		if err != nil {
			return sayMsg(err.Error())
		}
		rows, err := c.Find(ctx, q)
		if err != nil {
			return sayMsg(err.Error())
		}
		return jumpMsg{rows, forward, what}
	}
}

// jumpMark goes to the next event with a bookmark, by its time.
func (v *events) jumpMark(a *App, forward bool) tea.Cmd {
	if a.c == nil {
		return nil
	}
	r, ok := v.event()
	marks := a.c.Notes().All(notes.Bookmark)
	if !ok || len(marks) == 0 {
		a.say("no bookmarks; %s sets one", a.keys.key(actBookmark))
		return nil
	}
	slices.SortFunc(marks, func(x, y notes.Entry) int { return x.Subject.Time.Compare(y.Subject.Time) })
	if !forward {
		slices.Reverse(marks)
	}
	for _, m := range marks {
		if after := m.Subject.Time.Compare(r.Time); forward && after > 0 || !forward && after < 0 {
			return a.showSubject(m.Subject)
		}
	}
	a.say("no bookmark %s this one", map[bool]string{true: "after", false: "before"}[forward])
	return nil
}

// bookmark sets a bookmark, or takes it back.
func (a *App) bookmark(s notes.Subject) {
	if err := a.canWrite(); err != nil {
		a.say("%v", err)
		return
	}
	if a.has(notes.Bookmark, s) {
		a.remove(notes.Bookmark, s, "bookmark removed")
		return
	}
	a.put(notes.Entry{Kind: notes.Bookmark, Subject: s}, "bookmark saved")
}

func (a *App) noteEvent(s notes.Subject) {
	if err := a.canWrite(); err != nil {
		a.say("%v", err)
		return
	}
	old, _ := a.entry(notes.Note, s)
	a.ask("note", old.Text, func(a *App, text string) tea.Cmd {
		a.saveNote(s, text)
		return nil
	})
}

// zoomTime narrows the list to the time around the event, ten times each step,
// or widens it again.
func (v *events) zoomTime(a *App, in bool) tea.Cmd {
	n := len(v.zoom)
	if !in {
		if n > 0 {
			v.zoom = v.zoom[:n-1]
			return v.filter(a)
		}
		return nil
	}
	r, ok := v.event()
	if !ok || r.Time.IsZero() {
		return nil
	}
	whole := v.counts.To.Sub(v.counts.From)
	if n > 0 {
		whole = v.zoom[n-1].to.Sub(v.zoom[n-1].from)
	}
	half := max(whole/20, time.Second)
	v.zoom = append(v.zoom, timeSpan{r.Time.Add(-half), r.Time.Add(half)})
	return v.filter(a)
}

// filterMenu offers filters by what the event of the cursor says.
func (v *events) filterMenu(a *App) tea.Cmd {
	r, ok := v.event()
	if !ok {
		return nil
	}
	var items []menuItem
	add := func(name, q string, negated bool) {
		items = append(items, menuItem{name, q, func(a *App) tea.Cmd {
			v.filters = append(v.filters, filter{query: q, negated: negated})
			return v.filter(a)
		}})
	}
	for _, q := range fieldQueries(&r) {
		add("only", q, false)
	}
	if !r.Time.IsZero() {
		at := r.Time.UTC().Format(queryTime)
		add("before this", "until:"+at, false)
		add("from this on", "since:"+at, false)
	}
	for _, q := range fieldQueries(&r) {
		add("without", q, true)
	}
	a.open(newMenu("filter by", items))
	return nil
}

// fieldQueries are the queries that find an event by one of its properties.
func fieldQueries(r *store.Row) []string {
	list := []string{"level:" + query.LevelName(r.Level)}
	add := func(field query.Field, values ...string) {
		for _, value := range values {
			if value != "" && len(value) <= maxName {
				list = append(list, query.Term(field, value))
			}
		}
	}
	add(query.Host, r.Host)
	add(query.ID, fmt.Sprint(r.ID))
	add(query.Provider, provider(r))
	add(query.Channel, r.Channel)
	add(query.Job, r.Job)
	add(query.VM, r.VMs...)
	add(query.Volume, r.Volumes...)
	for _, c := range r.Codes {
		add(query.Code, c.String())
	}
	return list
}

// stack lists the filters in use, and those that were saved.
func (v *events) stack(a *App) {
	var items []menuItem
	for i := range v.filters {
		f := &v.filters[i]
		items = append(items,
			menuItem{map[bool]string{true: "switch on", false: "switch off"}[f.off], f.query, func(a *App) tea.Cmd { f.off = !f.off; return v.filter(a) }},
			menuItem{"negate", f.query, func(a *App) tea.Cmd { f.negated = !f.negated; return v.filter(a) }},
			menuItem{"remove", f.query, func(a *App) tea.Cmd { v.filters = slices.Delete(v.filters, i, i+1); return v.filter(a) }},
			menuItem{"save", f.query, func(a *App) tea.Cmd { return v.saveFilter(a, f.query) }})
	}
	if a.c != nil {
		for _, e := range a.c.Notes().All(notes.Filter) {
			items = append(items, menuItem{"use " + e.Subject.Part, e.Value, func(a *App) tea.Cmd {
				v.filters = append(v.filters, filter{query: e.Value})
				return v.filter(a)
			}})
		}
	}
	if len(items) == 0 {
		a.say("no filter in use, and none saved")
		return
	}
	a.open(newMenu("filters", items))
}

func (v *events) saveFilter(a *App, q string) tea.Cmd {
	if err := a.canWrite(); err != nil {
		a.say("%v", err)
		return nil
	}
	a.ask("name of the filter", "", func(a *App, name string) tea.Cmd {
		a.put(notes.Entry{Kind: notes.Filter, Subject: notes.Subject{Part: name}, Value: q}, "filter saved")
		return nil
	})
	return nil
}

// histogram is two lines: bars, of which the one of the cursor is marked, and
// the times at its ends.
func (v *events) histogram(a *App, width int) []string {
	cells := width - 2
	counts := regroup(v.counts.Counts, cells)
	most := slices.Max(append(counts, 1))
	levels := []rune(" ▁▂▃▄▅▆▇█")
	bars := make([]rune, cells)
	for i, n := range counts {
		bars[i] = levels[0]
		if n > 0 {
			bars[i] = levels[1+n*(len(levels)-2)/most]
		}
	}
	from, to := "", ""
	if !v.counts.From.IsZero() {
		from, to = a.time(report.Time{Time: v.counts.From}), a.time(report.Time{Time: v.counts.To})
	}
	between := []rune(strings.Repeat(" ", max(1, cells-len(from)-len(to))))
	line := string(bars)
	if at, ok := v.needle(cells); ok {
		line = string(bars[:at]) + a.paint.paint(selected, string(bars[at])) + string(bars[at+1:])
		if under := at - len(from); 0 < under && under < len(between)-1 {
			between[under] = '▲'
		}
	}
	return []string{exactly(" "+line, width), a.paint.paint(dim, fit(" "+from+string(between)+to, width))}
}

// needle is the cell of the histogram where the cursor is.
func (v *events) needle(cells int) (at int, ok bool) {
	r, ok := v.event()
	whole := v.counts.To.Sub(v.counts.From)
	if !ok || whole <= 0 || r.Time.IsZero() {
		return 0, false
	}
	return int(float64(cells-1) * min(1, max(0, float64(r.Time.Sub(v.counts.From))/float64(whole)))), true
}

// regroup fits counts into fewer or more cells.
func regroup(counts []int, cells int) []int {
	out := make([]int, max(0, cells))
	if len(counts) == 0 || cells <= 0 {
		return out
	}
	for i, n := range counts {
		out[i*cells/len(counts)] += n
	}
	return out
}

// showEvidence goes to an event that the report cites, in the list of all.
func (a *App) showEvidence(e *report.Evidence) tea.Cmd {
	if why := a.scan.over(); a.c == nil && why != "" {
		a.say("no events can be seen: %s", why)
		return nil
	}
	if a.c == nil {
		a.say("the events can be seen when the scan has ended")
		return nil
	}
	ctx, c, source, offset := a.ctx, a.c, e.Source, e.Offset
	return func() tea.Msg {
		row, found, err := c.RowOf(ctx, source, offset)
		return evidenceMsg{row, found, err}
	}
}

// showSubject goes to an event that was noted.
func (a *App) showSubject(s notes.Subject) tea.Cmd {
	if a.c == nil {
		return nil
	}
	ctx, c := a.ctx, a.c
	return func() tea.Msg {
		row, found, err := c.RowOfEvent(ctx, s)
		return evidenceMsg{row, found, err}
	}
}

// reveal shows an event among all others: filters that hide it are switched off.
func (v *events) reveal(a *App, msg evidenceMsg) tea.Cmd {
	switch {
	case msg.err != nil:
		a.say("%v", msg.err)
		return nil
	case !msg.found:
		a.say("the case's event store does not have this event")
		return nil
	}
	if a.screen != actEvents || len(a.opened) > 0 {
		a.jump(actEvents)
	}
	if v.shown == nil {
		return v.moveTo(a, int(msg.row))
	}
	if i := v.indexOf(msg.row); v.length() > 0 && v.row(i) == msg.row {
		return v.moveTo(a, i)
	}
	for i := range v.filters {
		v.filters[i].off = true
	}
	v.zoom, v.goTo = nil, msg.row
	a.say("the filters are switched off: they hide this event")
	return v.filter(a)
}

// complete completes the word before the cursor, if there is one way to.
func complete(text string, at int) (string, int) {
	runes := []rune(text)
	cursor := len(string(runes[:min(at, len(runes))]))
	list := query.Complete(text, cursor, nil)
	if len(list) != 1 {
		return text, at
	}
	c := list[0]
	return text[:c.Start] + c.Insert + text[c.End:], len([]rune(text[:c.Start] + c.Insert))
}

// near is how many neighbours of an event are shown, before and after.
const near = 50

// raw reads an event out of its own log, with some of its neighbours there.
func (a *App) raw(source string, offset int64, near int) tea.Cmd {
	ctx, c := a.ctx, a.c
	return func() tea.Msg {
		list, at, err := c.Around(ctx, source, offset, near, near)
		return rawMsg{list, at, near > 0, source, err}
	}
}

// A rawMsg has events as their log has them.
type rawMsg struct {
	events     []event.Event
	at         int
	neighbours bool
	source     string
	err        error
}

func (v *events) showRaw(a *App, msg rawMsg) {
	if msg.err != nil {
		a.say("%v", msg.err)
		return
	}
	if msg.neighbours {
		a.open(newNeighbours(msg))
		return
	}
	a.open(xmlView(&msg.events[msg.at]))
}

// maxXML is how much of an event's XML is shown, in bytes; all of it can be
// copied.
const maxXML = 256 << 10

func xmlView(e *event.Event) *textView {
	text := e.XML()
	t := newText("XML", func(_ *App, width int) []string {
		var lines []string
		for line := range strings.SplitSeq(event.CleanLines(cutBytes(text, maxXML)), "\n") {
			lines = append(lines, wrap(" "+line, width)...)
		}
		return lines
	})
	t.item = func(*App) []copyItem { return []copyItem{{"the XML", event.CleanLines(text)}} }
	return t
}

// neighbours are events as they stand in their own log.
type neighbours struct {
	quiet
	msg  rawMsg
	list list
}

func newNeighbours(msg rawMsg) *neighbours {
	n := &neighbours{msg: msg}
	n.list.resize(len(msg.events))
	n.list.cursor = msg.at
	return n
}

func (n *neighbours) title() string   { return "neighbours in " + n.msg.source }
func (n *neighbours) scopes() []scope { return scopesOf["neighbours"] }

func (n *neighbours) do(a *App, act action) (tea.Cmd, bool) {
	switch act {
	case actOpen, actXML:
		a.open(xmlView(&n.msg.events[n.list.cursor]))
	case actBookmark:
		a.bookmark(n.subject())
	case actNote:
		a.noteEvent(n.subject())
	case actNeighbours:
		return a.raw(n.msg.source, n.msg.events[n.list.cursor].Offset, near), true
	default:
		return nil, n.list.move(act)
	}
	return nil, true
}

func (n *neighbours) click(a *App, x, y int) bool { return n.list.click(a, x, y) }

// subject names the event of the cursor, for notes.
func (n *neighbours) subject() notes.Subject {
	e := &n.msg.events[n.list.cursor]
	return notes.Subject{Log: named(n.msg.source), Offset: e.Offset, Host: named(e.Computer), Channel: named(e.Channel), Record: e.Record, Time: e.Time}
}

func (n *neighbours) copies(*App) []copyItem {
	return []copyItem{{"the XML", event.CleanLines(n.msg.events[n.list.cursor].XML())}}
}

func (n *neighbours) render(a *App, width, height int) []string {
	return n.list.render(0, 0, width, height, func(i int) string {
		e := &n.msg.events[i]
		row := fit(fmt.Sprintf(" %s #%-8d %s %s %d  %s", a.time(report.Time{Time: e.Time}), e.Record, fit(levelWord(e.Level), 5),
			cell(query.ShortName(e.Provider), 14), e.ID, brief(index.Tell(e.Provider, e.ID, e.Fields, nil, nil, nil, 400), width)), width)
		switch {
		case i == n.list.cursor:
			return a.paint.paint(selected, row)
		case i == n.msg.at:
			return a.paint.paint(strong, row)
		}
		return a.paint.paint(levelRole(e.Level), row)
	})
}
