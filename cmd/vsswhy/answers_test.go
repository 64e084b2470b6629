package main

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/index/notes"
	"github.com/vsswhy/vsswhy/rules/report"
)

// answer writes an answer to each unknown criterion of a case's first finding.
func answer(t *testing.T, dir, value string) {
	t.Helper()
	c, err := index.OpenForWriting(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r, _, err := c.Report()
	if err != nil {
		t.Fatal(err)
	}
	f := findingOf(t, r, "kb975354-1")
	for _, k := range f.Criteria {
		if k.Role != "required" || k.State != "unknown" && k.Answer == nil {
			continue
		}
		s := notes.Subject{Rule: f.Rule, Host: f.Host, VM: f.VM.Name, Volume: f.Volume, Part: k.ID}
		if err := c.Notes().Put(notes.Entry{Kind: notes.Answer, Subject: s, Value: value, Text: "asked the customer", Time: time.Unix(1268611200, 0).UTC()}); err != nil {
			t.Fatal(err)
		}
	}
}

func parse(t *testing.T, text string) *report.Report {
	t.Helper()
	r := new(report.Report)
	if err := json.Unmarshal([]byte(text), r); err != nil {
		t.Fatal(err)
	}
	inSchema(t, text)
	return r
}

// TestAnswers: answers in a case count at once, are shown as answers, survive a
// new scan, and can be changed.
func TestAnswers(t *testing.T) {
	in := filepath.Join(casesDir, "iscsi-likely.zip")
	dir := filepath.Join(t.TempDir(), "c")
	before := parse(t, mustRun(t, 0, "scan", "--case", dir, "--format", "json", in))
	if v := before.Findings[0].Verdict; v != "likely" {
		t.Fatal(v)
	}
	for _, step := range []struct{ value, verdict string }{{"yes", "confirmed"}, {"no", "ruled-out"}, {"unknown", "likely"}, {"yes", "confirmed"}} {
		answer(t, dir, step.value)
		for range 2 { // evaluated, and as it was kept
			r := parse(t, mustRun(t, 0, "report", dir, "--format", "json"))
			if f := findingOf(t, r, "kb975354-1"); f.Verdict != step.verdict || len(r.Answers) == 0 || !f.Candidate && step.verdict == "confirmed" {
				t.Errorf("%s: %s, candidate %v, answers %+v", step.value, f.Verdict, f.Candidate, r.Answers)
			}
		}
		mustRun(t, 0, "verify", dir)
	}
	again := parse(t, mustRun(t, 0, "scan", "--case", dir, "--format", "json", in, filepath.Join(casesDir, "normal-backup.zip")))
	if f := findingOf(t, again, "kb975354-1"); f.Verdict != "confirmed" {
		t.Errorf("after another bundle: %s", f.Verdict)
	}
}

// findingOf is the report's finding of a rule.
func findingOf(t *testing.T, r *report.Report, rule string) *report.Finding {
	t.Helper()
	i := slices.IndexFunc(r.Findings, func(f report.Finding) bool { return f.Rule == rule })
	if i < 0 {
		t.Fatalf("no finding of %s", rule)
	}
	return &r.Findings[i]
}

// TestEvaluator: what the screen evaluates is what report prints.
func TestEvaluator(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "c")
	mustRun(t, 0, "scan", "--case", dir, filepath.Join(casesDir, "iscsi-likely.zip"))
	answer(t, dir, "yes")
	e, err := newEngine(newRoot())
	if err != nil {
		t.Fatal(err)
	}
	c, err := index.OpenForWriting(dir)
	if err != nil {
		t.Fatal(err)
	}
	evaluate := e.evaluator(c)
	for range 2 {
		r, err := evaluate(context.Background())
		if err != nil || r.Findings[0].Verdict != "confirmed" {
			t.Fatal(r.Findings[0].Verdict, err)
		}
	}
	if err := new(engine).indexCase(context.Background(), c, dir); err != nil {
		t.Error(err)
	}
	c.Close()
	r := parse(t, mustRun(t, 0, "report", dir, "--format", "json"))
	if r.Findings[0].Verdict != "confirmed" {
		t.Error(r.Findings[0].Verdict)
	}
}
