package index

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/rules/report"
	"github.com/vsswhy/vsswhy/rules/scene"
)

// A place is where an event stands.
type place struct {
	source string // its path
	offset int64
}

// labels are what the report says of single events: the job that an event
// belongs to, and the findings that it is evidence of.
type labels struct {
	paths  map[string]string // report.Source.ID → path, unchanged
	places map[query.Field]map[place][]string
}

func newLabels(r *report.Report, paths map[string]string) *labels {
	l := &labels{paths, map[query.Field]map[place][]string{query.Job: {}, query.Issue: {}, query.Verdict: {}}}
	for _, j := range r.Jobs {
		l.add(query.Job, j.Evidence, j.ID)
	}
	for _, f := range r.Findings {
		for _, c := range f.Criteria {
			l.add(query.Issue, c.Evidence, f.Rule, issueNumber(f.Issue))
			l.add(query.Verdict, c.Evidence, f.Verdict)
		}
	}
	return l
}

func issueNumber(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func (l *labels) add(field query.Field, evidence []report.Evidence, values ...string) {
	for _, e := range evidence {
		if e.Provider == "" {
			continue // a line of an artefact, or the coverage of a log
		}
		at := place{l.paths[e.Source], e.Offset}
		for _, v := range values {
			if v != "" && !slices.Contains(l.places[field][at], v) {
				l.places[field][at] = append(l.places[field][at], v)
			}
		}
	}
}

// of returns the labels of one event.
func (l *labels) of(field query.Field, source string, offset int64) []string {
	return l.places[field][place{source, offset}]
}

func (l *labels) job(source string, offset int64) string {
	if jobs := l.of(query.Job, source, offset); len(jobs) > 0 {
		return jobs[0]
	}
	return ""
}

// machines returns a function that adds its name to the id of a machine.
func machines(sc *scene.Scene) func([]string) []string {
	names := map[string]string{} // by id in lower case
	for _, v := range sc.VMs {
		if v.ID != "" && v.Name != "" {
			names[strings.ToLower(v.ID)] = v.Name
		}
	}
	return func(list []string) []string {
		for _, id := range list {
			if name := names[strings.ToLower(id)]; name != "" && !slices.Contains(list, name) {
				list = append(slices.Clip(list), name)
			}
		}
		return list
	}
}
