package tui

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/vsswhy/vsswhy/rules/report"
)

// jobs shows backup and restore jobs by host as bars over time: what overlaps,
// and what failed.
type jobs struct {
	quiet
	made *report.Report
	rows []jobRow
	list list
	zoom []timeSpan
}

// A jobRow is a host, a job of it, or a volume that it took over.
type jobRow struct {
	host string      // a heading
	job  *report.Job // the job, or what took the volume
	from *report.Job // a take-over: what had the volume before
	what string      // a take-over: the volume
}

func newJobs() *jobs { return &jobs{} }

func (v *jobs) title() string   { return "Jobs" }
func (v *jobs) scopes() []scope { return scopesOf["jobs"] }

func (v *jobs) arrange(r *report.Report) {
	if v.made == r {
		return
	}
	v.made, v.rows, v.zoom = r, nil, nil
	taken := takeOvers(r)
	byHost := map[string][]*report.Job{}
	for i := range r.Jobs {
		j := &r.Jobs[i]
		byHost[j.Host] = append(byHost[j.Host], j)
	}
	for _, host := range slices.Sorted(maps.Keys(byHost)) {
		v.rows = append(v.rows, jobRow{host: host})
		for _, j := range byHost[host] {
			v.rows = append(v.rows, taken[j]...)
			v.rows = append(v.rows, jobRow{job: j})
		}
	}
	v.list = list{}
	v.list.resize(len(v.rows))
	v.list.moveTo(max(0, slices.IndexFunc(v.rows, func(r jobRow) bool { return r.job != nil && r.job.Outcome == "failed" })))
	v.list.skip(actTop, v.heading)
}

func (v *jobs) heading(row int) bool { return v.rows[row].job == nil }

// takeOvers finds the jobs that took a cluster shared volume which the job
// before them had on another host.
func takeOvers(r *report.Report) map[*report.Job][]jobRow {
	byVolume := map[string][]*report.Job{}
	for i := range r.Jobs {
		j := &r.Jobs[i]
		if slices.ContainsFunc(j.Evidence, func(e report.Evidence) bool { return strings.HasSuffix(e.Provider, "FailoverClustering") }) {
			for _, name := range j.Volumes {
				byVolume[name] = append(byVolume[name], j)
			}
		}
	}
	taken := map[*report.Job][]jobRow{}
	for _, name := range slices.Sorted(maps.Keys(byVolume)) {
		list := byVolume[name]
		slices.SortStableFunc(list, func(a, b *report.Job) int {
			from, _ := span2(a)
			other, _ := span2(b)
			return from.Compare(other.Time)
		})
		for i, j := range list[1:] {
			if before := list[i]; before.Host != j.Host {
				taken[j] = append(taken[j], jobRow{job: j, from: before, what: name})
			}
		}
	}
	return taken
}

func (v *jobs) do(a *App, act action) (tea.Cmd, bool) {
	v.arrange(a.report)
	switch {
	case v.list.move(act):
		v.list.skip(act, v.heading)
	case act == actZoomIn:
		v.zoomIn()
	case act == actZoomOut || act == actBack && len(v.zoom) > 0:
		v.zoom = v.zoom[:max(0, len(v.zoom)-1)]
	case act == actOpen:
		return v.openJob(a), true
	default:
		return nil, false
	}
	return nil, true
}

// openJob goes to the first event of the job.
func (v *jobs) openJob(a *App) tea.Cmd {
	if j := v.job(); j != nil {
		for i := range j.Evidence {
			if j.Evidence[i].Provider != "" {
				return a.showEvidence(&j.Evidence[i])
			}
		}
	}
	if len(v.rows) > 0 {
		a.say("no event is cited for this job")
	}
	return nil
}

// job is the one of the cursor.
func (v *jobs) job() *report.Job {
	if v.list.cursor < len(v.rows) {
		return v.rows[v.list.cursor].job
	}
	return nil
}

func (v *jobs) click(a *App, x, y int) bool {
	row, ok := v.list.hit(x, y)
	if ok = ok && !v.heading(row); ok {
		v.list.moveTo(row)
	}
	return ok
}

// zoomIn narrows the scale to a tenth, around the job of the cursor.
func (v *jobs) zoomIn() {
	j := v.job()
	if j == nil {
		return
	}
	from, to := v.scale()
	first, last := span2(j)
	half := max(to.Sub(from)/20, last.Sub(first.Time), time.Minute)
	middle := first.Add(last.Sub(first.Time) / 2)
	if next := (timeSpan{middle.Add(-half), middle.Add(half)}); next.to.Sub(next.from) < to.Sub(from) {
		v.zoom = append(v.zoom, next)
	}
}

// scale is the time that the bars are drawn over.
func (v *jobs) scale() (from, to time.Time) {
	if n := len(v.zoom); n > 0 {
		return v.zoom[n-1].from, v.zoom[n-1].to
	}
	first, last := v.reach()
	return first.Time, last.Time
}

func (v *jobs) render(a *App, width, height int) []string {
	v.arrange(a.report)
	if len(v.rows) == 0 {
		return page([]string{"", " No backup or restore job was found in the logs."}, width, height)
	}
	from, to := v.scale()
	scale := fmt.Sprintf(" Bars: %s (%s)  ▲ volume changed owner  ░ no end seen", a.fromTo(report.Time{Time: from}, report.Time{Time: to}), span(to.Sub(from)))
	lines := []string{a.paint.paint(dim, fit(scale, width))}
	detail := 0
	if height > 11 {
		detail = min(6, height/3)
	}
	lines = append(lines, v.list.render(0, 1, width, height-1-detail, func(i int) string {
		row := fit(v.line(a, i, width, from, to), width)
		switch {
		case i == v.list.cursor:
			return a.paint.paint(selected, row)
		case v.rows[i].job == nil:
			return a.paint.paint(title, row)
		case v.rows[i].from != nil:
			return a.paint.paint(warning, row)
		}
		return a.paint.paint(outcomeRole(v.rows[i].job.Outcome), row)
	})...)
	if detail > 0 {
		lines = append(lines, a.paint.paint(dim, strings.Repeat("─", width)))
		lines = append(lines, page(v.describe(a, width), width, detail-1)...)
	}
	return lines
}

// reach is the time from the first job to the last.
func (v *jobs) reach() (from, to report.Time) {
	for _, r := range v.rows {
		if r.job == nil {
			continue
		}
		first, last := span2(r.job)
		if from.IsZero() || first.Before(from.Time) {
			from = first
		}
		if last.After(to.Time) {
			to = last
		}
	}
	return from, to
}

// span2 is when a job began and ended, as far as that is known.
func span2(j *report.Job) (from, to report.Time) {
	from, to = j.From, j.To
	if from.IsZero() {
		from = to
	}
	if to.IsZero() {
		to = from
	}
	return from, to
}

// Cells of a line before its bar.
const jobCells = 59

func (v *jobs) line(a *App, i, width int, from, to time.Time) string {
	r := v.rows[i]
	if r.job == nil {
		return " " + clean(r.host)
	}
	first, last := span2(r.job)
	cells := max(8, width-jobCells-2)
	if r.from != nil {
		label := fmt.Sprintf("  ▲ %s from %s", clean(r.what), clean(shortHost(r.from.Host)))
		return fit(label, 29) + " " + fit(a.minute(first), jobCells-30) + " " + drawn(cells, from, to, first.Time, first.Time, "▲", "▲")
	}
	mark := map[string]string{"succeeded": "✓", "failed": "✗"}[r.job.Outcome]
	if mark == "" {
		mark = "?"
	}
	label := fmt.Sprintf("  %s %-4s %-7s %s %s %s %s", mark, clean(r.job.ID), cell(r.job.Kind, 7), fit(jobSubject(r.job), 12), fit(a.minute(first), 11), fit(lasted(r.job), 6), outcomeWord(r.job))
	return fit(label, jobCells) + " " + bar(r.job, cells, from, to, first.Time, last.Time)
}

// lasted is how long a job ran, if that is known.
func lasted(j *report.Job) string {
	if j.From.IsZero() || j.To.IsZero() || j.Outcome == "unknown" {
		return "?"
	}
	return span(j.To.Sub(j.From.Time))
}

func outcomeWord(j *report.Job) string {
	if word, ok := map[string]string{"completed with errors": "errors", "unknown": "no end"}[j.Outcome]; ok {
		return word
	}
	return clean(j.Outcome)
}

func jobSubject(j *report.Job) string {
	var names []string
	for i := range j.VMs {
		names = append(names, clean(vmName(&j.VMs[i])))
	}
	for _, n := range j.Volumes {
		names = append(names, clean(n))
	}
	if len(names) == 0 {
		return "the host"
	}
	return strings.Join(names, ",")
}

// bar draws a job on a scale; an end that was not seen is open.
func bar(j *report.Job, cells int, from, to, first, last time.Time) string {
	if j.Outcome == "unknown" {
		return drawn(cells, from, to, first, first.Add(to.Sub(from)/8), "█", "░")
	}
	return drawn(cells, from, to, first, last, "█", "█")
}

// drawn is what happens from one time to another on a scale: its first cell, and
// the others. What is off the scale is shown by an arrow at that end.
func drawn(cells int, from, to, first, last time.Time, head, body string) string {
	whole := to.Sub(from)
	at := func(t time.Time) int {
		if whole <= 0 {
			return 0
		}
		return int(float64(cells-1) * float64(t.Sub(from)) / float64(whole))
	}
	switch {
	case last.Before(from):
		return "‹"
	case first.After(to):
		return strings.Repeat(" ", cells-1) + "›"
	case first.Before(from):
		return strings.Repeat(body, min(cells, at(last)+1))
	}
	begin := at(first)
	return strings.Repeat(" ", begin) + head + strings.Repeat(body, max(0, min(cells-1, at(last))-begin))
}

func outcomeRole(outcome string) role {
	switch outcome {
	case "succeeded":
		return good
	case "failed":
		return critical
	case "unknown":
		return dim
	}
	return warning
}

// describe says all of the job of the cursor, and which others it overlaps.
func (v *jobs) describe(a *App, width int) []string {
	j := v.job()
	if j == nil {
		return nil
	}
	from, to := span2(j)
	lines := hang(" ", fmt.Sprintf("%s: %s of %s on %s, %s to %s (%s), %s", clean(j.ID), clean(j.Kind), jobSubject(j), clean(j.Host), a.time(from), a.time(to), lasted(j), clean(j.Outcome)), width)
	if r := v.rows[v.list.cursor]; r.from != nil {
		began, _ := span2(r.from)
		lines = hang(" ", fmt.Sprintf("%s took %s at %s, %s after %s (%s) had begun its backup of it: two nodes on one volume", clean(j.Host), clean(r.what), a.time(from), span(from.Sub(began.Time)), clean(r.from.Host), clean(r.from.ID)), width)
	}
	for _, c := range j.Codes {
		lines = append(lines, hang(" "+clean(c.Code)+" ", strings.TrimSpace(clean(c.Name)+"  "+clean(c.Meaning)), width)...)
	}
	var others []string
	for _, r := range v.rows {
		if r.job == nil || r.job == j || r.from != nil {
			continue
		}
		f, t := span2(r.job)
		if f.Before(to.Time) && from.Before(t.Time) {
			others = append(others, fmt.Sprintf("%s on %s (%s)", clean(r.job.ID), clean(shortHost(r.job.Host)), jobSubject(r.job)))
		}
	}
	if len(others) > 0 {
		lines = append(lines, hang(" overlaps ", strings.Join(others, ", "), width)...)
	}
	return lines
}

func (v *jobs) copies(a *App) []copyItem {
	var lines []string
	for _, l := range v.describe(a, 10_000) {
		lines = append(lines, strings.TrimSpace(l))
	}
	if len(lines) == 0 {
		return nil
	}
	return []copyItem{{"this job", strings.Join(lines, "\n")}}
}

func (v *jobs) table(*App) (head []string, rows [][]string) {
	for _, r := range v.rows {
		if r.job == nil {
			continue
		}
		from, to := span2(r.job)
		what := r.job.Kind
		if r.from != nil {
			what, to = "volume moved from "+r.from.Host, from
		}
		rows = append(rows, []string{r.job.ID, what, r.job.Host, jobSubject(r.job), from.String(), to.String(), r.job.Outcome})
	}
	return []string{"job", "kind", "host", "subject", "from", "to", "outcome"}, rows
}
