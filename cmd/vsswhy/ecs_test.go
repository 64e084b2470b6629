package main

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An ecsChecker holds documents to the index template, as an index does that refuses
// what it does not know.
type ecsChecker struct {
	properties map[string]any
	used       map[string]bool   // fields that some document has
	documents  map[string]string // id → index
}

func newECSChecker(t *testing.T) *ecsChecker {
	t.Helper()
	var template struct {
		Template struct {
			Mappings struct {
				Dynamic    string
				Properties map[string]any
			}
		}
		Patterns []string `json:"index_patterns"`
	}
	if err := json.Unmarshal([]byte(mustRun(t, 0, "schema", "ecs")), &template); err != nil {
		t.Fatal(err)
	}
	if m := template.Template.Mappings; m.Dynamic != "strict" || len(m.Properties) < 10 || fmt.Sprint(template.Patterns) != "[vsswhy-*]" {
		t.Fatalf("the template is %v", template)
	}
	return &ecsChecker{template.Template.Mappings.Properties, map[string]bool{}, map[string]string{}}
}

// check wants pairs of an action and a document. It returns the ids.
func (c *ecsChecker) check(t *testing.T, name, text string) (ids []string) {
	t.Helper()
	lines := strings.Split(text, "\n")
	if lines[len(lines)-1] != "" || len(lines)%2 != 1 {
		t.Fatalf("%s: %d lines, or the last has no end", name, len(lines)-1)
	}
	for i := 0; i+1 < len(lines); i += 2 {
		var a struct {
			Create struct {
				Index string `json:"_index"`
				ID    string `json:"_id"`
			}
		}
		var doc map[string]any
		if err := json.Unmarshal([]byte(lines[i]), &a); err != nil || a.Create.ID == "" || !strings.HasPrefix(a.Create.Index, "vsswhy-") {
			t.Fatalf("%s: %v in %s", name, err, lines[i])
		}
		if err := json.Unmarshal([]byte(lines[i+1]), &doc); err != nil {
			t.Fatalf("%s: %v in %s", name, err, lines[i+1])
		}
		if id := doc["event"].(map[string]any)["id"]; id != a.Create.ID {
			t.Errorf("%s: the document %s says that it is %v", name, a.Create.ID, id)
		}
		for _, err := range c.object("", doc, c.properties, nil) {
			t.Errorf("%s: %v in %s", name, err, lines[i+1])
		}
		c.documents[a.Create.ID] = a.Create.Index
		ids = append(ids, a.Create.ID)
	}
	return ids
}

func (c *ecsChecker) object(path string, doc, properties map[string]any, errs []error) []error {
	for key, value := range doc {
		m, ok := properties[key].(map[string]any)
		if !ok || strings.Contains(key, ".") {
			errs = append(errs, fmt.Errorf("%s%s has no mapping", path, key))
			continue
		}
		c.used[path+key] = true
		values, isList := value.([]any)
		if !isList {
			values = []any{value}
		}
		for _, v := range values {
			errs = c.value(path+key, v, m, errs)
		}
	}
	return errs
}

func (c *ecsChecker) value(path string, v any, m map[string]any, errs []error) []error {
	if below, ok := m["properties"].(map[string]any); ok {
		o, ok := v.(map[string]any)
		if !ok {
			return append(errs, fmt.Errorf("%s is %v, and no object", path, v))
		}
		return c.object(path+".", o, below, errs)
	}
	ok := false
	switch m["type"] {
	case "keyword", "text":
		_, ok = v.(string)
	case "boolean":
		_, ok = v.(bool)
	case "long":
		n, isNumber := v.(float64)
		ok = isNumber && n == math.Trunc(n)
	case "date":
		s, _ := v.(string)
		_, err := time.Parse(time.RFC3339Nano, s)
		ok = err == nil && strings.HasSuffix(s, "Z")
	case "object":
		ok = m["dynamic"] == "true" && plainData(v)
	}
	if !ok {
		errs = append(errs, fmt.Errorf("%s is %v, and no %v", path, v, m["type"]))
	}
	return errs
}

// plainData reports whether all is text by names that an index takes.
func plainData(v any) bool {
	o, ok := v.(map[string]any)
	for key, value := range o {
		if strings.Contains(key, ".") || strings.TrimSpace(key) == "" {
			return false
		}
		values, isList := value.([]any)
		if !isList {
			values = []any{value}
		}
		for _, x := range values {
			if _, isText := x.(string); !isText {
				return false
			}
		}
	}
	return ok
}

// TestECS: what is written of each case, its report and all its events, fits into the
// index template; documents that are referred to are there; an event that a report
// cites is the same document as in the list of events, of logs and of a case.
func TestECS(t *testing.T) {
	c := newECSChecker(t)
	for _, file := range caseNames(t) {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		path := filepath.Join(casesDir, name+".zip")
		code, text, stderr := runMain(t, "scan", "--format", "ecs", path)
		if code != 0 && code != 3 {
			t.Fatalf("%s: %d %s", name, code, stderr)
		}
		ids := c.check(t, name, text)
		for line := range strings.Lines(text) {
			var doc struct {
				Own struct {
					Findings []string `json:"finding_ids"`
					Evidence []string `json:"evidence_ids"`
				} `json:"vsswhy"`
			}
			if err := json.Unmarshal([]byte(line), &doc); err != nil {
				t.Fatal(err)
			}
			for _, id := range append(doc.Own.Findings, doc.Own.Evidence...) {
				if c.documents[id] == "" {
					t.Errorf("%s refers to %q, which is not there", name, id)
				}
			}
		}
		_, events, _ := runMain(t, "events", path, "--format", "ecs")
		listed := map[string]bool{}
		for _, id := range c.check(t, name, events) {
			listed[id] = true
		}
		for _, id := range ids {
			if c.documents[id] == "vsswhy-events" && !listed[id] {
				t.Errorf("%s: the event %s is cited, and not in the list of all", name, id)
			}
		}
	}
	for _, field := range []string{"@timestamp", "event.severity", "host.os.version", "error.code", "rule.reference", "winlog.event_data", "winlog.user_data", "vsswhy.verdict", "vsswhy.rules", "vsswhy.missing"} {
		if !c.used[field] {
			t.Errorf("no document has %s", field)
		}
	}
}

// TestECSOfCase: the events of a case are the documents of its logs, with what its
// report says of them.
func TestECSOfCase(t *testing.T) {
	c := newECSChecker(t)
	dir, path := filepath.Join(t.TempDir(), "case"), filepath.Join(casesDir, "csv-two-nodes.zip")
	mustRun(t, 0, "scan", "--case", dir, path)
	of := map[string]bool{}
	for _, id := range c.check(t, "logs", mustRun(t, 0, "events", path, "--format", "ecs")) {
		of[id] = true
	}
	ids := c.check(t, "case", mustRun(t, 0, "events", dir, "--format", "ecs"))
	if len(ids) != len(of) {
		t.Errorf("the case has %d events, its logs %d", len(ids), len(of))
	}
	for _, id := range ids {
		if !of[id] {
			t.Errorf("the event %s of the case is none of its logs", id)
		}
	}
	if !c.used["vsswhy.issues"] || !c.used["vsswhy.verdicts"] {
		t.Error("no event says which issue it is evidence of")
	}
	once := mustRun(t, 0, "report", dir, "--format", "ecs")
	if again := mustRun(t, 0, "report", dir, "--format", "ecs"); again != once {
		t.Error("the same report has other documents the second time")
	}
	c.check(t, "report", once)
}
