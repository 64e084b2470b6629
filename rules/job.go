package rules

import (
	"time"

	"github.com/vsswhy/vsswhy/rules/scene"
)

// job looks for a job of the kind whose time meets the window.
func (ev *evaluator) job(t *Test) result {
	hosts, missing := ev.hosts(t.On)
	if missing != "" {
		return result{missing: lacks(missing)}
	}
	from, to := ev.span(t)
	var met []*scene.Job
	doubtful := false
	for _, h := range hosts {
		skew := ev.margin(t, h)
		ev.finder.spend(len(h.Jobs()))
		for _, j := range h.Jobs() {
			if string(j.Kind) != t.Job || j == ev.sub.job || j.From.IsZero() {
				continue
			}
			if !j.From.After(to.Add(skew.From)) && !j.To.Before(from.Add(skew.To)) {
				met = append(met, j)
			} else if !j.From.After(to.Add(skew.To)) && (j.MayRun(from.Add(skew.From)) || !j.To.Before(from.Add(skew.From))) {
				doubtful = true
			}
		}
	}
	if len(met) > 0 {
		return result{state: Met, cites: citeJobs(met)}
	}
	if doubtful || t.During && ev.sub.job != nil && ev.sub.job.Open {
		return result{missing: lacks("when the jobs on both sides ended, by clocks that agree")}
	}
	return ev.absentJob(t, hosts, from, to)
}

func citeJobs(jobs []*scene.Job) (list []scene.Citation) {
	for _, j := range ends(jobs, maxCites) {
		list = append(list, citeEvents(j.Events)...)
	}
	return list
}

func (ev *evaluator) absentJob(t *Test, hosts []*scene.Host, from, to time.Time) result {
	r := result{state: Unmet}
	window := scene.Interval{From: from, To: to}
	for _, h := range hosts {
		cover := h.Coverage(backupChannel)
		if cover == nil && t.Silence == silenceUnmet {
			continue
		}
		if !covers(cover, window) {
			return result{missing: []lack{need(h, backupChannel, cover, window)}}
		}
		r.cites = append(r.cites, scene.Citation{Cover: cover, Host: h, Text: "no backup job", Within: window})
	}
	return r
}
