package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestOwnRulesAreIndexed: the full-text index of a case has the events that rules of
// one's own ask for, too.
func TestOwnRulesAreIndexed(t *testing.T) {
	own := t.TempDir()
	const rule = `schema: 1
id: ours
title: Ours
about: incident
severity: low
signals:
  a: { provider: Ours, id: 77 }
  b: { provider: Ours, id: 79 }
anchor_text: a
anchor_grade: MS
anchor: { signal: a, on: subject }
criteria:
  - { id: near, role: supporting, text: b, grade: MS, signal: b, before: 1h }
tests:
  - { name: fires, events: 22:00:00 HV01 Ours/77, expect: confirmed }
  - { name: quiet, events: 22:00:00 HV01 Ours/78, expect: none }
`
	// The second one is looked at, but cited by nothing.
	const event = `<Events><Event><System><Provider Name='Ours'/><EventID>79</EventID><TimeCreated SystemTime='2010-03-12T20:00:00Z'/><EventRecordID>2</EventRecordID>` +
		`<Channel>Application</Channel><Computer>HV01</Computer></System><EventData><Data>y</Data></EventData></Event><Event><System><Provider Name='Ours'/><EventID>77</EventID><TimeCreated SystemTime='2010-03-14T20:00:00Z'/><EventRecordID>1</EventRecordID>` +
		`<Channel>Application</Channel><Computer>HV01</Computer></System><EventData><Data>x</Data></EventData></Event></Events>`
	log := filepath.Join(own, "log.xml")
	for name, text := range map[string]string{filepath.Join(own, "ours.yaml"): rule, log: event} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	documents := map[bool]int{}
	for _, with := range []bool{false, true} {
		dir := filepath.Join(t.TempDir(), "c")
		args := []string{"scan", "--case", dir, log}
		if with {
			args = append(args, "--rules-dir", own)
		}
		mustRun(t, 0, args...)
		text, err := os.ReadFile(filepath.Join(dir, "schema.json"))
		if err != nil {
			t.Fatal(err)
		}
		var schema struct {
			Search struct {
				Documents int `json:"documents"`
			} `json:"search"`
		}
		if err := json.Unmarshal(text, &schema); err != nil {
			t.Fatal(err)
		}
		documents[with] = schema.Search.Documents
	}
	if documents[true] != documents[false]+3 { // both events, and the finding
		t.Errorf("%d documents with the rule, %d without", documents[true], documents[false])
	}
}
