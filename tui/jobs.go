package tui

import (
	"fmt"
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
}

// A jobRow is a host, a job of it, or an owner change of a volume.
type jobRow struct {
	host string // a heading
	job  *report.Job
}

func newJobs() *jobs { return &jobs{} }

func (v *jobs) title() string   { return "Jobs" }
func (v *jobs) scopes() []scope { return scopesOf["list"] }

func (v *jobs) arrange(r *report.Report) {
	if v.made == r {
		return
	}
	v.made, v.rows = r, nil
	byHost := map[string][]*report.Job{}
	var hosts []string
	for i := range r.Jobs {
		j := &r.Jobs[i]
		if byHost[j.Host] == nil {
			hosts = append(hosts, j.Host)
		}
		byHost[j.Host] = append(byHost[j.Host], j)
	}
	slices.Sort(hosts)
	for _, h := range hosts {
		v.rows = append(v.rows, jobRow{host: h})
		for _, j := range byHost[h] {
			v.rows = append(v.rows, jobRow{job: j})
		}
	}
	v.list.resize(len(v.rows))
}

func (v *jobs) do(a *App, act action) (tea.Cmd, bool) {
	v.arrange(a.report)
	if v.list.move(act) {
		return nil, true
	}
	if act != actOpen || v.list.cursor >= len(v.rows) {
		return nil, false
	}
	j := v.rows[v.list.cursor].job
	if j == nil {
		return nil, true
	}
	for i := range j.Evidence {
		if j.Evidence[i].Provider != "" {
			return a.showEvidence(&j.Evidence[i]), true
		}
	}
	a.say("no event is cited for this job")
	return nil, true
}

func (v *jobs) render(a *App, width, height int) []string {
	v.arrange(a.report)
	if len(v.rows) == 0 {
		return page([]string{"", " No backup or restore job was found in the logs."}, width, height)
	}
	from, to := v.reach()
	head := []string{a.paint.paint(dim, fit(fmt.Sprintf(" %s to %s; each line is one job, Enter goes to its first event", a.time(from), a.time(to)), width))}
	detail := 0
	if height > 14 {
		detail = 5
	}
	body := v.list.render(width, height-1-detail, func(i int) string {
		row := fit(v.line(a, i, width, from, to), width)
		switch {
		case i == v.list.cursor:
			return a.paint.paint(selected, row)
		case v.rows[i].job == nil:
			return a.paint.paint(title, row)
		}
		return a.paint.paint(outcomeRole(v.rows[i].job.Outcome), row)
	})
	lines := append(head, body...)
	if detail > 0 {
		lines = append(lines, a.paint.paint(dim, strings.Repeat(a.glyph("─", "-"), width)))
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
const jobCells = 44

func (v *jobs) line(a *App, i, width int, from, to report.Time) string {
	r := v.rows[i]
	if r.job == nil {
		return " " + clean(r.host)
	}
	j := r.job
	mark := map[string]string{"succeeded": a.glyph("✓", "+"), "failed": a.glyph("✗", "x")}[j.Outcome]
	if mark == "" {
		mark = "?"
	}
	label := fmt.Sprintf("  %s %-4s %-7s %s %s", mark, j.ID, j.Kind, fit(jobSubject(j), 14), clean(j.Outcome))
	return fit(label, jobCells) + " " + v.bar(a, j, max(10, width-jobCells-2), from, to)
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
		return "(host)"
	}
	return strings.Join(names, ",")
}

// bar draws a job on the scale of all jobs; an end that was not seen is open.
func (v *jobs) bar(a *App, j *report.Job, cells int, from, to report.Time) string {
	whole := to.Sub(from.Time)
	first, last := span2(j)
	at := func(t time.Time) int {
		if whole <= 0 {
			return 0
		}
		return int(float64(cells-1) * float64(t.Sub(from.Time)) / float64(whole))
	}
	begin, end := at(first.Time), at(last.Time)
	full, open := a.glyph("█", "#"), a.glyph("░", ".")
	bar := strings.Repeat(" ", begin) + strings.Repeat(full, max(1, end-begin+1))
	if j.Outcome == "unknown" {
		bar = strings.Repeat(" ", begin) + full + strings.Repeat(open, max(0, min(cells-begin-1, 6)))
	}
	return bar
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
	if v.list.cursor >= len(v.rows) || v.rows[v.list.cursor].job == nil {
		return nil
	}
	j := v.rows[v.list.cursor].job
	from, to := span2(j)
	lines := hang(" ", fmt.Sprintf("%s: %s on %s, %s to %s (%s), %s", j.ID, j.Kind, clean(j.Host), a.time(from), a.time(to), span(to.Sub(from.Time)), clean(j.Outcome)), width)
	for _, c := range j.Codes {
		lines = append(lines, hang(" "+clean(c.Code)+" ", strings.TrimSpace(clean(c.Name)+"  "+clean(c.Meaning)), width)...)
	}
	var others []string
	for _, r := range v.rows {
		if r.job == nil || r.job == j {
			continue
		}
		f, t := span2(r.job)
		if f.Before(to.Time) && from.Before(t.Time) {
			others = append(others, fmt.Sprintf("%s on %s (%s)", r.job.ID, clean(shortHost(r.job.Host)), jobSubject(r.job)))
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
