package tui

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules/report"
)

// coverage shows which logs cover which time, host by host, and what could not
// be read, with the reason.
type coverage struct {
	quiet
	made *report.Report
	rows []coverageRow
	list list
}

type coverageRow struct {
	heading string
	cover   *report.Coverage
	text    string   // of damage, an error, a skipped file, a source
	more    []string // lines below it, where there is room
	role    role
}

func newCoverage() *coverage { return &coverage{} }

func (v *coverage) title() string   { return "Coverage" }
func (v *coverage) scopes() []scope { return scopesOf["list"] }

func (v *coverage) arrange(r *report.Report) {
	if v.made == r {
		return
	}
	v.made, v.rows = r, nil
	host := ""
	for i := range r.Coverage {
		c := &r.Coverage[i]
		if c.Host != host || i == 0 {
			host = c.Host
			v.rows = append(v.rows, coverageRow{heading: clean(host) + hostNote(r, host)})
		}
		v.rows = append(v.rows, coverageRow{cover: c})
	}
	v.section("Damage", damageRows(r))
	v.section("Not read, and why", unreadRows(r))
	v.section("What was read", sourceRows(r))
	v.section("To know", noticeRows(r))
	v.list = list{}
	v.list.resize(len(v.rows))
	v.list.skip(actTop, v.heading)
}

func (v *coverage) section(heading string, rows []coverageRow) {
	if len(rows) > 0 {
		v.rows = append(append(v.rows, coverageRow{heading: heading}), rows...)
	}
}

// hostNote is what is known of a computer.
func hostNote(r *report.Report, name string) string {
	for _, h := range r.Hosts {
		if h.Name != name {
			continue
		}
		note := "  " + clean(h.Role)
		if h.VM != nil {
			note += " (VM " + clean(vmName(h.VM)) + ")"
		}
		if h.OSBuild != "" {
			note += ", Windows " + clean(h.OSBuild)
		}
		return note
	}
	return ""
}

func damageRows(r *report.Report) (rows []coverageRow) {
	for _, s := range r.Sources {
		for _, d := range s.Damage {
			row := coverageRow{text: fmt.Sprintf("%s: %s", clean(s.Path), clean(d.Detail)), role: dim}
			if d.Lost {
				row.text, row.role = "LOST "+row.text, critical
			}
			rows = append(rows, row)
		}
		if s.Undecodable > 0 {
			rows = append(rows, coverageRow{text: fmt.Sprintf("LOST %s: %d records can't be decoded", clean(s.Path), s.Undecodable), role: critical})
		}
	}
	return rows
}

func unreadRows(r *report.Report) (rows []coverageRow) {
	for _, e := range r.Errors {
		rows = append(rows, coverageRow{text: "ERROR " + clean(e.Path) + ": " + clean(e.Detail), role: critical})
	}
	for _, s := range r.Skipped {
		rows = append(rows, coverageRow{text: clean(s.Path) + ": " + clean(s.Reason), role: dim})
	}
	return rows
}

// noticeRows are what could not be done beside the diagnosis.
func noticeRows(r *report.Report) (rows []coverageRow) {
	for _, n := range r.Notices {
		rows = append(rows, coverageRow{text: clean(n), role: critical})
	}
	return rows
}

// sourceRows are the logs and artefacts, with what each says of itself.
func sourceRows(r *report.Report) (rows []coverageRow) {
	for i := range r.Sources {
		s := &r.Sources[i]
		row := coverageRow{text: fmt.Sprintf("%s %s: %s, %s", clean(s.ID), clean(s.Path), clean(s.Format), count(int(s.Bytes), "byte"))}
		if event.IsLog(s.Format) {
			row.text += ", " + count(int(s.Records), "record")
		}
		if s.Same != "" {
			row.text, row.role = row.text+", the same as "+clean(s.Same), dim
		}
		row.more = sourceLines(s)
		rows = append(rows, row)
	}
	return rows
}

func sourceLines(s *report.Source) (lines []string) {
	for _, st := range s.Streams {
		line := fmt.Sprintf("%s of %s: %s, %s to %s, ids %d to %d", clean(st.Channel), clean(st.Host), count(int(st.Records), "record"), st.First, st.Last, st.FirstID, st.LastID)
		switch {
		case st.Sparse:
			line += ", a filtered export"
		case len(st.Gaps) > 0:
			line += ", " + count(len(st.Gaps), "gap")
		}
		lines = append(lines, line)
	}
	for _, remark := range s.Remarks {
		lines = append(lines, clean(remark))
	}
	if s.SHA256 != "" {
		lines = append(lines, "SHA-256 "+clean(s.SHA256))
	}
	return lines
}

func (v *coverage) do(a *App, act action) (tea.Cmd, bool) {
	v.arrange(a.report)
	if !v.list.move(act) {
		return nil, false
	}
	v.list.skip(act, v.heading)
	return nil, true
}

func (v *coverage) heading(row int) bool { return v.rows[row].heading != "" }

func (v *coverage) click(a *App, x, y int) bool { return v.list.click(a, x, y) }

func (v *coverage) render(a *App, width, height int) []string {
	v.arrange(a.report)
	if len(v.rows) == 0 {
		return page([]string{"", " No log has been read so far."}, width, height)
	}
	from, to := v.reach()
	lines := []string{a.paint.paint(dim, fit(fmt.Sprintf(" Bars: %s  █ covered  · gap in the record ids", a.fromTo(from, to)), width))}
	detail := 0
	if height > 11 {
		detail = min(6, height/3)
	}
	lines = append(lines, v.list.render(0, 1, width, height-1-detail, func(i int) string { return v.line(a, i, width, from, to) })...)
	if detail > 0 {
		lines = append(lines, a.paint.paint(dim, strings.Repeat("─", width)))
		lines = append(lines, page(v.describe(a, width), width, detail-1)...)
	}
	return lines
}

// describe says all of the row of the cursor.
func (v *coverage) describe(a *App, width int) []string {
	r := v.rows[v.list.cursor]
	if r.cover == nil {
		lines := hang(" ", r.heading+r.text, width)
		for _, line := range r.more {
			lines = append(lines, hang("   ", line, width)...)
		}
		return lines
	}
	from := "its beginning"
	if !r.cover.From.IsZero() {
		from = a.time(r.cover.From)
	}
	lines := hang(" ", fmt.Sprintf("%s on %s: from %s to %s, out of %s", clean(r.cover.Channel), clean(r.cover.Host), from, a.time(r.cover.To), count(len(r.cover.Sources), "log"))+clean(r.cover.Beginning()), width)
	for _, g := range r.cover.Gaps {
		lines = append(lines, hang(" gap: ", fmt.Sprintf("%s to %s (%s)", a.time(g.From), a.time(g.To), span(g.To.Sub(g.From.Time))), width)...)
	}
	return lines
}

func (v *coverage) reach() (from, to report.Time) {
	for _, r := range v.rows {
		if r.cover == nil {
			continue
		}
		if c := r.cover; !c.From.IsZero() && (from.IsZero() || c.From.Before(from.Time)) {
			from = c.From
		}
		if r.cover.To.After(to.Time) {
			to = r.cover.To
		}
	}
	return from, to
}

func (v *coverage) line(a *App, i, width int, from, to report.Time) string {
	r := v.rows[i]
	text, as := " "+r.heading, title
	switch {
	case r.cover != nil:
		names := min(50, width*2/5)
		cells := max(10, width-names-22)
		text = "   " + fitLeft(clean(r.cover.Channel), names-4) + " " + fit(coverBar(a, r.cover, cells, from.Time, to.Time), cells) + " " + coverSpan(a, r.cover)
		as = plain
	case r.text != "":
		text, as = "   "+r.text, r.role
	}
	row := fit(text, width)
	if i == v.list.cursor {
		return a.paint.paint(selected, row)
	}
	return a.paint.paint(as, row)
}

func coverSpan(a *App, c *report.Coverage) string {
	gaps := ""
	if n := len(c.Gaps); n > 0 {
		gaps = fmt.Sprintf(", %d gaps", n)
	}
	if c.From.IsZero() {
		return "from its beginning" + gaps
	}
	return span(c.To.Sub(c.From.Time)) + gaps
}

// coverBar draws the time that a channel's logs cover.
func coverBar(a *App, c *report.Coverage, cells int, from, to time.Time) string {
	whole := to.Sub(from)
	at := func(t time.Time) int {
		if t.Before(from) || whole <= 0 {
			return 0
		}
		return min(cells-1, int(float64(cells-1)*float64(t.Sub(from))/float64(whole)))
	}
	bar := []rune(strings.Repeat(" ", cells))
	full, hole := []rune("█")[0], []rune("·")[0]
	for i := at(c.From.Time); i <= at(c.To.Time); i++ {
		bar[i] = full
	}
	for _, g := range c.Gaps {
		for i := at(g.From.Time); i <= at(g.To.Time); i++ {
			bar[i] = hole
		}
	}
	return string(bar)
}

func (v *coverage) copies(*App) []copyItem {
	if v.list.cursor >= len(v.rows) {
		return nil
	}
	r := v.rows[v.list.cursor]
	if r.cover != nil {
		return []copyItem{{"this line", fmt.Sprintf("%s %s %s to %s", clean(r.cover.Host), clean(r.cover.Channel), r.cover.From, r.cover.To)}}
	}
	return []copyItem{{"this line", r.heading + r.text}}
}

func (v *coverage) table(*App) (head []string, rows [][]string) {
	for _, r := range v.rows {
		switch {
		case r.cover != nil:
			rows = append(rows, []string{r.cover.Host, r.cover.Channel, r.cover.From.String(), r.cover.To.String(), fmt.Sprint(len(r.cover.Gaps)), strings.TrimPrefix(r.cover.Beginning(), ", ")})
		case r.text != "":
			rows = append(rows, []string{"", "", "", "", "", r.text})
		}
	}
	return []string{"host", "channel", "from", "to", "gaps", "note"}, rows
}
