package rules

import (
	"maps"
	"reflect"
	"slices"

	"github.com/vsswhy/vsswhy/rules/jsonschema"
)

// Schema is the JSON Schema of a rule file (draft 2020-12), made of the types that
// rules are decoded into and of the words that the linter allows, so that editors
// know what may be written. It says nothing of what only the linter sees: names
// that are not defined, tests without an operator, missing tests.
func Schema() ([]byte, error) {
	m := jsonschema.Maker{Tag: "yaml", Words: allowed, Type: yamlForm}
	return m.Make(Rule{}, "A rule of vsswhy", jsonschema.Schema{
		"required": []string{"schema", "id", "title", "severity", "about", "anchor", "anchor_text", "anchor_grade", "tests"},
	})
}

// allowed are the words of fields that take one of a few, by type and field.
var allowed = map[string][]string{
	"Rule.severity": severityWords, "Rule.about": aboutNames,
	"Criterion.role":  roleWords,
	"Criterion.limit": {Possible.String(), Likely.String()},
	"Test.on":         onWords, "Test.same": sameWords, "Test.differ": differWords, "Test.silence": silenceWords, "Test.job": jobWords,
	"Test.fact": slices.Sorted(maps.Keys(facts)), "Test.subject": slices.Sorted(maps.Keys(properties)),
	"Matcher.under": underWords, "Step.risk": riskWords, "Step.shell": shellWords, "LogNeed.of": ofWords,
	"Example.covered": coveredWords, "Example.expect": append(slices.Clone(verdictNames[1:]), expectNone),
}

// yamlForm is the schema of types that are written in a form of their own. Text may
// be written as a number or a truth value, which YAML takes for such.
func yamlForm(t reflect.Type) jsonschema.Schema {
	type schema = jsonschema.Schema
	scalar := schema{"type": []string{"string", "number", "boolean"}}
	oneOrMore := func(s schema) schema { return schema{"anyOf": []schema{s, {"type": "array", "items": s}}} }
	switch t {
	case reflect.TypeFor[Strings]():
		return oneOrMore(scalar)
	case reflect.TypeFor[IDs]():
		return oneOrMore(schema{"anyOf": []schema{{"type": "integer", "minimum": 0, "maximum": 65535}, {"type": "string", "pattern": `^[0-9]+-[0-9]+$`}}})
	case reflect.TypeFor[Duration]():
		return schema{"type": "string", "pattern": `^([0-9.]+(h|m|s|ms))+$`}
	case reflect.TypeFor[State]():
		return jsonschema.Enum([]string{Met.String(), Unmet.String()})
	case reflect.TypeFor[Grade]():
		var names []string
		for g := range gradeOrder {
			names = append(names, string(g))
		}
		return jsonschema.Enum(names)
	}
	if t.Kind() == reflect.String {
		return scalar
	}
	return nil
}
