package main

import (
	"bufio"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/ingest/known"
	"github.com/vsswhy/vsswhy/rules/ecs"
)

// ecsEvents prints an event as a document for Elasticsearch and OpenSearch.
type ecsEvents struct{ w *bufio.Writer }

func (p ecsEvents) add(h hit) {
	e, row := h.event, h.row
	d := ecs.NewEvent(e, h.path)
	d.Own.Summary = known.Summary(e.Provider, e.ID)
	if d.Message == "" {
		d.Message = index.Tell(e.Provider, e.ID, e.Fields, row.VMs(), row.Volumes(), row.Codes(), maxTold)
	}
	for _, c := range row.Codes() {
		d.AddCode(c.String(), c.Name())
	}
	for _, vm := range row.VMs() {
		d.AddVM(vm)
	}
	d.Own.Volumes = row.Volumes()
	if h.stored {
		d.Own.Jobs, d.Own.Issues, d.Own.Verdicts = row.Labels(query.Job), row.Labels(query.Issue), row.Labels(query.Verdict)
	}
	d.WriteTo(p.w) // whose errors are seen when it is flushed
}

func (p ecsEvents) end() error { return nil }
