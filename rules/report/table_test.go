package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func tabled() *Report {
	at, one := Time{Time: time.Date(2010, 3, 14, 23, 2, 31, 0, time.UTC)}, 1
	return &Report{
		Schema: Schema, Complete: true,
		Failures: []Failure{
			{ID: "X1", Kind: "backup", Host: "HV01", VM: &VM{Name: "=cmd|' /C calc'!A0", ID: "2B"}, Volume: "Volume1", Time: at, Codes: []Code{{Code: "0x800423f4"}, {Code: "0x80070020"}},
				Causes: []Cause{{Finding: "F1", Verdict: "likely"}, {Finding: "F2", Verdict: "possible"}}},
			{ID: "X2", Kind: "restore", Host: "HV02", Time: at},
		},
		Findings: []Finding{
			{ID: "F1", Rule: "kb975354-1", Issue: &one, Title: "The host gave up", Verdict: "confirmed", Candidate: true},
			{ID: "F2", Rule: "disk-signature", Title: "A disk, \"the\" other", Verdict: "possible"},
			{ID: "F3", Rule: "vss-housekeeping", Title: "Housekeeping", Severity: "info", Verdict: "confirmed", Host: "HV01", First: at},
		},
		NotEvaluable: []NotEvaluable{{Rule: "csv-lost"}},
	}
}

func TestCSV(t *testing.T) {
	var b bytes.Buffer
	if err := tabled().WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	got, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	const at = "2010-03-14T23:02:31.0000000Z"
	want := [][]string{
		tableHead,
		{at, "", "backup", "HV01", "'=cmd|' /C calc'!A0", "2B", "Volume1", "0x800423f4 0x80070020", "likely", "candidate", "kb975354-1", "1", "The host gave up", "X1", "F1"},
		{at, "", "backup", "HV01", "'=cmd|' /C calc'!A0", "2B", "Volume1", "0x800423f4 0x80070020", "possible", "", "disk-signature", "", "A disk, \"the\" other", "X1", "F2"},
		{at, "", "restore", "HV02", "", "", "", "", "", "", "", "", "", "X2", ""},
		{at, "", "", "HV01", "", "", "", "", "note", "", "vss-housekeeping", "", "Housekeeping", "", "F3"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestJSONL(t *testing.T) {
	var b bytes.Buffer
	if err := tabled().WriteJSONL(&b); err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for text := range strings.Lines(b.String()) {
		var l struct {
			Kind string          `json:"kind"`
			Of   json.RawMessage `json:"of"`
		}
		if err := json.Unmarshal([]byte(text), &l); err != nil || len(l.Of) < 2 {
			t.Errorf("%s: %v", text, err)
		}
		kinds = append(kinds, l.Kind)
	}
	if diff := cmp.Diff([]string{"report", "failure", "failure", "finding", "finding", "finding", "not_evaluable"}, kinds); diff != "" {
		t.Error(diff)
	}
}
