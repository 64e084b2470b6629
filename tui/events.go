package tui

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/index/notes"
	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/index/store"
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

func (v *events) click(a *App, x, y int) bool {
	v.goTo = -1
	return v.list.click(a, x, y)
}

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
