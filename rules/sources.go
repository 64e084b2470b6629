package rules

import (
	"fmt"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules/report"
)

// sources splits what was met into logs and artefacts, skipped files and errors.
func (a *assembler) sources(r *report.Report) {
	seen := newSeenSources(a.scene.Sources)
	for _, s := range a.scene.Sources {
		if s.Lost() {
			r.Complete = false
		}
		if s.Skipped != "" {
			r.Skipped = append(r.Skipped, report.Skipped{Path: text(s.Path), Reason: text(s.Skipped)})
			continue
		}
		if s.Err != "" {
			r.Errors = append(r.Errors, report.Error{Path: text(s.Path), Detail: text(s.Err)})
		}
		r.Sources = append(r.Sources, a.source(s, seen))
	}
}

func (a *assembler) source(s *event.Source, seen *seenSources) report.Source {
	out := report.Source{
		ID: sourceID(s.ID), Path: text(s.Path), Format: s.Format, Bytes: s.Size, SHA256: s.SHA256,
		Records: s.Records, Recovered: s.Recovered, Undecodable: s.Undecodable, Relevant: s.Relevant,
		Messages: s.Messages, MessagesFrom: text(s.MessagesFrom),
		Basis: s.Basis.String(), Host: a.owners[s.ID], Error: text(s.Err),
		Streams: collect(s.Streams, stream), Remarks: []string{},
		Damage: collect(s.Damage, func(d event.Damage) report.Damage {
			return report.Damage{Kind: string(d.Kind), Offset: d.Offset, Detail: text(d.Detail), Lost: d.Lost}
		}),
	}
	if first := seen.byContent[s.SHA256]; first != nil && first != s {
		out.Same = sourceID(first.ID)
		out.Remarks = append(out.Remarks, fmt.Sprintf("the same content as %s, %s: it counts once", out.Same, text(first.Path)))
	}
	if better := a.scene.Form(s.ID); better != nil {
		out.Remarks = append(out.Remarks, fmt.Sprintf("the same log as %s, %s, in another form: its events count once", sourceID(better.ID), text(better.Path)))
	} else if why := a.scene.Aside(s.ID); why != "" {
		out.Remarks = append(out.Remarks, why)
	}
	switch log, _, isMessages := event.MessagesOf(s.Path); {
	case s.MessagesFrom != "":
		out.Remarks = append(out.Remarks, fmt.Sprintf("%d of its events have their message from %s", s.Messages, out.MessagesFrom))
	case s.Format == "mta" && (!isMessages || !seen.logs[log]):
		out.Remarks = append(out.Remarks, fmt.Sprintf("%d messages, and the log that they are of is missing", s.Messages))
	case s.Format == "mta":
		out.Remarks = append(out.Remarks, fmt.Sprintf("%d messages of the log beside it", s.Messages))
	}
	return out
}

// seenSources are what one source has to do with others.
type seenSources struct {
	byContent map[string]*event.Source // SHA-256 → the first log or artefact with it
	logs      map[string]bool          // event.LogKey of the logs
}

func newSeenSources(list []*event.Source) *seenSources {
	seen := &seenSources{map[string]*event.Source{}, map[string]bool{}}
	for _, s := range list {
		if s.SHA256 != "" && seen.byContent[s.SHA256] == nil {
			seen.byContent[s.SHA256] = s
		}
		if event.IsLog(s.Format) {
			seen.logs[event.LogKey(s.Path)] = true
		}
	}
	return seen
}

func stream(s event.Stream) report.Stream {
	return report.Stream{
		Host: text(s.Computer), Channel: text(s.Channel), Records: s.Records, First: at(s.First), Last: at(s.Last),
		FirstID: s.FirstID, LastID: s.LastID, Sparse: s.Sparse,
		Gaps: collect(s.Gaps, func(g event.Gap) report.Gap {
			return report.Gap{AfterID: g.AfterID, BeforeID: g.BeforeID, From: at(g.From), To: at(g.To)}
		}),
	}
}
