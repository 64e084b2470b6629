package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vsswhy/vsswhy/rules/report"
)

// namesIn are the names of a report in its JSON form, by the keys that have them.
func namesIn(t *testing.T, text string) []string {
	t.Helper()
	var list []string
	add := func(s string) {
		if s = strings.ToLower(s); len(s) > 1 && !slices.Contains(list, s) && !sameEverywhere.MatchString(s) {
			list = append(list, s)
		}
	}
	var visit func(key string, v any)
	visit = func(key string, v any) {
		switch v := v.(type) {
		case map[string]any:
			isVM := v["id"] != nil && len(v) == 2
			for k, x := range v {
				if k == "name" && !isVM && key != "hosts" {
					continue // of a code, a fact or the program
				}
				visit(k, x)
			}
		case []any:
			for _, x := range v {
				visit(key, x)
			}
		case string:
			switch key {
			case "host", "hosts", "name", "aliases", "computers", "reference":
				add(v)
				add(strings.Split(v, ".")[0])
				add(strings.Join(strings.Split(v, ".")[1:], "."))
			case "volumes", "volume", "cleared_by":
				add(v)
			case "id":
				if len(v) == 36 {
					add(v)
				}
			case "path":
				for _, part := range regexp.MustCompile(`[/\\!]+`).Split(v, -1) {
					add(strings.TrimSuffix(strings.TrimSuffix(part, filepath.Ext(part)), "!"))
				}
			}
		}
	}
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	visit("", v)
	return list
}

// sameEverywhere are names that no customer has given.
var sameEverywhere = regexp.MustCompile(`^(volume[0-9]+|[a-z]:|hyper-v|sqlserverwriter|microsoft-windows-.*|system|application|setup|security|sysevent|systeminfo|hotfixes|vmms-version|iscsi|writers|registry|vss|vmms|com)$`)

// TestRedactCases: of no case a name is left in any form of its redacted report, and
// whoever has the mapping gets back the report as it was: nothing else was changed.
func TestRedactCases(t *testing.T) {
	found := 0
	for _, file := range caseNames(t) {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		code, text, stderr := runMain(t, "scan", "--format", "json", filepath.Join(casesDir, name+".zip"))
		if code != 0 && code != 3 {
			t.Fatalf("%s: %d %s", name, code, stderr)
		}
		r := parse(t, text)
		names := namesIn(t, text)
		red, list := report.Redact(r, nil)
		for form, write := range printers {
			var b bytes.Buffer
			if err := write(red, &b); err != nil {
				t.Fatal(err)
			}
			low := strings.ToLower(strings.ReplaceAll(b.String(), `\`, ""))
			for _, n := range names {
				found++
				if i := strings.Index(low, n); i >= 0 {
					t.Errorf("%s as %s has %q: …%s…", name, form, n, low[max(0, i-60):min(len(low), i+60)])
				}
			}
			if form == "json" {
				inSchema(t, b.String())
			}
		}
		if back := translated(t, red, list); !strings.EqualFold(back, withoutRedacted(t, r)) {
			t.Errorf("%s: with the mapping it is another report:\n%s", name, firstDifference(back, withoutRedacted(t, r)))
		}
	}
	if found < 1000 {
		t.Errorf("only %d names were looked for", found)
	}
}

// translated is the JSON of a redacted report with the names again.
func translated(t *testing.T, red *report.Report, list []report.Pseudonym) string {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b report.Pseudonym) int { return cmp.Compare(len(b.Pseudonym), len(a.Pseudonym)) })
	var pairs []string
	for _, p := range list {
		quoted, _ := json.Marshal(p.Name)
		pairs = append(pairs, p.Pseudonym, strings.Trim(string(quoted), `"`))
	}
	plain := *red
	plain.Redacted = false
	return strings.NewReplacer(pairs...).Replace(withoutRedacted(t, &plain))
}

func withoutRedacted(t *testing.T, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if !strings.EqualFold(x[i], y[i]) {
			return fmt.Sprintf("%s\n%s", x[i], y[i])
		}
	}
	return ""
}
