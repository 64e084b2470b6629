package main

import (
	"cmp"
	"strings"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/index/notes"
	"github.com/vsswhy/vsswhy/rules/report"
)

// withNotes returns the report with the notes of a case that are meant for its
// reader. They are no part of the report that the case keeps.
func withNotes(r *report.Report, c *index.Case) *report.Report {
	out := *r
	out.Notes = nil
	for _, n := range c.Notes().All(notes.Note) {
		if n.Value == notes.Shared {
			out.Notes = append(out.Notes, sharedNote(r, &n))
		}
	}
	return &out
}

func sharedNote(r *report.Report, n *notes.Entry) report.Note {
	s := &n.Subject
	note := report.Note{Rule: s.Rule, Host: s.Host, Volume: s.Volume, Channel: s.Channel, Record: s.Record, Time: report.Time{Time: s.Time}, Text: n.Text, Written: report.Time{Time: n.Time}}
	if s.VM != "" {
		note.VM = &report.VM{Name: s.VM}
	}
	for i := range r.Findings {
		if f := &r.Findings[i]; s.Rule == f.Rule && strings.EqualFold(s.Host, f.Host) && s.VM == vmName(f.VM) && s.Volume == f.Volume {
			note.Finding = f.ID
		}
	}
	return note
}

// nameOf names a machine as a note's subject does.
func vmName(vm *report.VM) string {
	if vm == nil {
		return ""
	}
	return cmp.Or(vm.Name, vm.ID)
}
