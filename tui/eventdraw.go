package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/index/notes"
	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/index/store"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
	"github.com/vsswhy/vsswhy/rules/report"
)

// render shows the chips, the histogram, the list, and the event.
func (v *events) render(a *App, width, height int) []string {
	if a.c == nil {
		if why := a.scan.over(); why != "" {
			return page(append([]string{""}, hang(" ", "No events can be searched: "+why+".", width)...), width, height)
		}
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
