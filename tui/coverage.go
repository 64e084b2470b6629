package tui

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

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
	text    string // of damage, an error, a skipped file
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
	v.section("Not read", unreadRows(r))
	v.list.resize(len(v.rows))
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
		note := "  " + h.Role
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

func (v *coverage) do(a *App, act action) (tea.Cmd, bool) {
	v.arrange(a.report)
	return nil, v.list.move(act)
}

func (v *coverage) render(a *App, width, height int) []string {
	v.arrange(a.report)
	if len(v.rows) == 0 {
		return page([]string{"", " No log has been read so far."}, width, height)
	}
	from, to := v.reach()
	head := a.paint.paint(dim, fit(fmt.Sprintf(" %s to %s; a bar is the time that a log covers, a gap in it a hole in its record ids", a.time(from), a.time(to)), width))
	return append([]string{head}, v.list.render(width, height-1, func(i int) string { return v.line(a, i, width, from, to) })...)
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

const channelCells = 36

func (v *coverage) line(a *App, i, width int, from, to report.Time) string {
	r := v.rows[i]
	text, as := " "+r.heading, title
	switch {
	case r.cover != nil:
		cells := max(10, width-channelCells-26)
		text = "   " + fitLeft(clean(r.cover.Channel), channelCells-4) + " " + fit(coverBar(a, r.cover, cells, from.Time, to.Time), cells) + " " + coverSpan(a, r.cover)
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
	full, hole := []rune(a.glyph("█", "#"))[0], []rune(a.glyph("·", "."))[0]
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
