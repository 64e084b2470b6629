package report

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// tableHead are the columns of the CSV form.
var tableHead = []string{"time", "local", "kind", "host", "vm", "vm_id", "volume", "codes", "verdict", "candidate", "rule", "issue", "cause", "failure", "finding"}

// WriteCSV writes a row for each cause of each failure, for each failure without a
// cause, and for each finding without a failure, for spreadsheets: no cell is taken
// for a formula.
func (r *Report) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	rows := append([][]string{tableHead}, r.rows()...)
	for _, row := range rows {
		for i := range row {
			row[i] = event.Cell(row[i])
		}
	}
	return out.WriteAll(rows)
}

func (r *Report) rows() [][]string {
	var rows [][]string
	explains, findings := map[string]bool{}, map[string]*Finding{}
	for i := range r.Findings {
		findings[r.Findings[i].ID] = &r.Findings[i]
	}
	for i := range r.Failures {
		f := &r.Failures[i]
		row := []string{f.Time.String(), f.Local, f.Kind, f.Host, f.VM.name(), f.VM.id(), f.Volume, codeList(f.Codes)}
		for _, c := range f.Causes {
			explains[c.Finding] = true
			rows = append(rows, append(row[:len(row):len(row)], causeCells(findings[c.Finding], c, f.ID)...))
		}
		if len(f.Causes) == 0 {
			rows = append(rows, append(row, "", "", "", "", "", f.ID, ""))
		}
	}
	for i := range r.Findings {
		if f := &r.Findings[i]; !explains[f.ID] {
			row := []string{f.First.String(), "", "", f.Host, f.VM.name(), f.VM.id(), f.Volume, ""}
			rows = append(rows, append(row, causeCells(f, Cause{Finding: f.ID, Verdict: f.Verdict}, "")...))
		}
	}
	return rows
}

// causeCells are those of a cause, whose finding may be missing.
func causeCells(f *Finding, c Cause, failure string) []string {
	if f == nil {
		return []string{c.Verdict, "", "", "", "", failure, c.Finding}
	}
	verdict, candidate := c.Verdict, ""
	if f.Note() && c.Verdict != "ruled-out" {
		verdict = "note"
	}
	if f.Candidate {
		candidate = "candidate"
	}
	return []string{verdict, candidate, f.Rule, issueNumber(f.Issue), f.Title, failure, f.ID}
}

func issueNumber(issue *int) string {
	if issue == nil {
		return ""
	}
	return strconv.Itoa(*issue)
}

func (v *VM) name() string {
	if v == nil {
		return ""
	}
	return v.Name
}

func (v *VM) id() string {
	if v == nil {
		return ""
	}
	return v.ID
}

func codeList(codes []Code) string {
	list := make([]string, len(codes))
	for i, c := range codes {
		list[i] = c.Code
	}
	return strings.Join(list, " ")
}

// A line is one line of the JSONL form. What it is of stands in Kind.
type line struct {
	Kind string `json:"kind"`
	Of   any    `json:"of"`
}

// WriteJSONL writes one object a line: {"kind":"report","of":{…}}, which says how the
// report was made and whether it is complete, then failures, findings, what could
// not be evaluated, errors, and notes. Each is what the JSON form has in its lists.
func (r *Report) WriteJSONL(w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	lines := []line{{"report", map[string]any{"schema": r.Schema, "tool": r.Tool, "args": r.Args, "generated": r.Generated, "complete": r.Complete, "redacted": r.Redacted, "notices": r.Notices}}}
	for i := range r.Failures {
		lines = append(lines, line{"failure", &r.Failures[i]})
	}
	for i := range r.Findings {
		lines = append(lines, line{"finding", &r.Findings[i]})
	}
	for i := range r.NotEvaluable {
		lines = append(lines, line{"not_evaluable", &r.NotEvaluable[i]})
	}
	for i := range r.Errors {
		lines = append(lines, line{"error", &r.Errors[i]})
	}
	for i := range r.Notes {
		lines = append(lines, line{"note", &r.Notes[i]})
	}
	for _, l := range lines {
		if err := out.Encode(l); err != nil {
			return err
		}
	}
	return nil
}
