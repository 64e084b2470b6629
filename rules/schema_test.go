package rules_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/vsswhy/vsswhy/rules"
	"github.com/vsswhy/vsswhy/rules/builtin"
	"github.com/vsswhy/vsswhy/rules/jsonschema/jsonschematest"
)

var validRule = jsonschematest.Validator(rules.Schema)

// inSchema validates the YAML of a rule against the schema.
func inSchema(t *testing.T, text []byte) error {
	t.Helper()
	var v any
	if err := yaml.Load(text, &v); err != nil {
		return err
	}
	j, err := json.Marshal(withTextKeys(v))
	if err != nil {
		return err
	}
	return validRule(string(j))
}

// withTextKeys makes text of the keys of maps, as JSON has them.
func withTextKeys(v any) any {
	switch v := v.(type) {
	case map[any]any:
		m := map[string]any{}
		for k, x := range v {
			m[fmt.Sprint(k)] = withTextKeys(x)
		}
		return m
	case map[string]any:
		for k, x := range v {
			v[k] = withTextKeys(x)
		}
	case []any:
		for i, x := range v {
			v[i] = withTextKeys(x)
		}
	}
	return v
}

// TestSchema wants the schema to take what the loader takes, and to refuse what a
// schema can see.
func TestSchema(t *testing.T) {
	names, err := fs.Glob(builtin.FS, "*.yaml")
	if err != nil || len(names) < 32 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		text, err := builtin.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if name == "shared.yaml" {
			continue
		}
		if err := inSchema(t, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := inSchema(t, []byte(rules.Template)); err != nil {
		t.Error(err)
	}
	for _, tc := range []struct{ old, new string }{
		{"title:", "titel:"}, {"severity: low", "severity: lw"}, {"about: backup-failure", "about: backup"}, {"role: required", "role: must"},
		{"grade: MS", "grade: XX"}, {"within: 10m", "within: ten"}, {"within: 10m", "on: everybody"}, {"10108-10111", "ten"}, {"expect: none", "expect: nothing"},
		{"signal: failed\n    within", "signals: failed\n    within"}, {"anchor_text: it failed\n", ""}, {"within: 10m", "silence: golden"}, {"within: 10m", "same: [planet]"},
	} {
		text := strings.Replace(good, tc.old, tc.new, 1)
		if text == good {
			t.Fatalf("%s: nothing was changed", tc.old)
		}
		inLoader, bySchema := load("sample.yaml", text), inSchema(t, []byte(text))
		if inLoader == nil || bySchema == nil {
			t.Errorf("%q: the loader says %v, the schema %v", tc.new, inLoader, bySchema)
		}
	}
}
