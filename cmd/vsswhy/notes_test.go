package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/index/notes"
)

// TestSharedNotes: a note that is meant for the reader is in every form of a case's
// report but tables, with the finding or event it is on; no other note is in any, nor is
// one in the report that the case keeps.
func TestSharedNotes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "c")
	in := filepath.Join(casesDir, "csv-two-nodes.zip")
	mustRun(t, 0, "scan", "--case", dir, in)
	f := parse(t, mustRun(t, 0, "report", dir, "--format", "json")).Findings[0]
	finding := notes.Subject{Rule: f.Rule, Host: strings.ToUpper(f.Host), VM: f.VM.Name, Volume: f.Volume}
	e := f.Criteria[0].Evidence[0]
	event := notes.Subject{Host: e.Host, Channel: "System", Record: e.Record, Time: e.Time.Time}
	write(t, dir, notes.Entry{Kind: notes.Note, Subject: finding, Text: "Private thought."})
	for _, format := range []string{"text", "md", "html", "json", "jsonl", "csv"} {
		if out := mustRun(t, 0, "report", dir, "--format", format); strings.Contains(out, "Private thought") || strings.Contains(out, `"notes"`) {
			t.Errorf("%s has a private note", format)
		}
	}
	write(t, dir, notes.Entry{Kind: notes.Note, Value: notes.Shared, Subject: finding, Text: "Please look at <node B> first."})
	write(t, dir, notes.Entry{Kind: notes.Note, Value: notes.Shared, Subject: event, Text: "Seen at two more customers."})
	write(t, dir, notes.Entry{Kind: notes.Triage, Value: "dismissed", Subject: finding, Text: "Private reason."})
	for format, want := range map[string][]string{
		"text":  {"Please look at <node B> first.", "F1", "Seen at two more customers.", "record 1002"},
		"md":    {`Please look at \<node B\> first.`, "Seen at two more customers."},
		"html":  {"Please look at &lt;node B&gt; first.", "Seen at two more customers."},
		"jsonl": {`{"kind":"note","of":{"finding":"F1","rule":"kb975354-2"`},
	} {
		for _, narrow := range [][]string{nil, {"--host", f.Host}} {
			out := mustRun(t, 0, append([]string{"report", dir, "--format", format}, narrow...)...)
			for _, w := range want {
				if !strings.Contains(out, w) {
					t.Errorf("%s %v lacks %q", format, narrow, w)
				}
			}
			if strings.Contains(out, "Private reason") {
				t.Errorf("%s tells the reason of a triage", format)
			}
		}
	}
	again := parse(t, mustRun(t, 0, "scan", "--case", dir, "--format", "json", in))
	if len(again.Notes) != 2 || again.Notes[0].Finding != f.ID || again.Notes[0].Written.IsZero() || again.Notes[1].Record != e.Record {
		t.Errorf("%+v", again.Notes)
	}
	c, err := index.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	kept, _, err := c.Report()
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := json.Marshal(kept); strings.Contains(string(text), "Please look") {
		t.Error("the case keeps notes in its report")
	}
	mustRun(t, 0, "verify", dir)
}

// write puts a note into a case.
func write(t *testing.T, dir string, e notes.Entry) {
	t.Helper()
	c, err := index.OpenForWriting(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	e.Time = time.Unix(1268611200, 0).UTC()
	if err := c.Notes().Put(e); err != nil {
		t.Fatal(err)
	}
}
