package rules

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Schema is the JSON Schema of a rule file (draft 2020-12), made of the types that
// rules are decoded into and of the words that the linter allows, so that editors
// know what may be written. It says nothing of what only the linter sees: names
// that are not defined, tests without an operator, missing tests.
func Schema() ([]byte, error) {
	s := &schemaMaker{defs: map[string]any{}}
	root := s.object(reflect.TypeOf(Rule{}))
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "A rule of vsswhy"
	root["required"] = []string{"schema", "id", "title", "severity", "about", "anchor", "anchor_text", "anchor_grade", "tests"}
	root["$defs"] = s.defs
	return json.MarshalIndent(root, "", "  ")
}

// allowed are the words of fields that take one of a few, by type and field.
var allowed = map[string][]string{
	"Rule.severity": severityWords, "Rule.about": aboutNames,
	"Criterion.role":  roleWords,
	"Criterion.limit": {Possible.String(), Likely.String()},
	"Test.on":         onWords, "Test.same": sameWords, "Test.silence": silenceWords, "Test.job": jobWords,
	"Test.fact": slices.Sorted(maps.Keys(facts)), "Test.subject": slices.Sorted(maps.Keys(properties)),
	"Matcher.under": underWords, "Step.risk": riskWords, "Step.shell": shellWords, "LogNeed.of": ofWords,
	"Example.covered": coveredWords, "Example.expect": append(slices.Clone(verdictNames[1:]), expectNone),
}

// schemaMaker makes a schema of Go types.
type schemaMaker struct{ defs map[string]any }

type schema = map[string]any

// object makes the schema of a struct: no other fields than those.
func (s *schemaMaker) object(t reflect.Type) schema {
	fields := schema{}
	s.fields(t, fields)
	return schema{"type": "object", "additionalProperties": false, "properties": fields}
}

func (s *schemaMaker) fields(t reflect.Type, into schema) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, rest, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if rest == "inline" {
			s.fields(f.Type, into)
			continue
		}
		field := s.of(f.Type)
		if words := allowed[t.Name()+"."+name]; words != nil {
			field = enum(words)
			if f.Type.Kind() == reflect.Slice {
				field = schema{"type": "array", "items": field}
			}
		}
		into[name] = field
	}
}

func enum(words []string) schema {
	words = slices.Clone(words)
	slices.Sort(words)
	return schema{"enum": words}
}

// of is the schema of a type. Types with a form of their own come first.
func (s *schemaMaker) of(t reflect.Type) schema {
	scalar := schema{"type": []string{"string", "number", "boolean"}}
	switch t {
	case reflect.TypeFor[Strings]():
		return schema{"anyOf": []schema{scalar, {"type": "array", "items": scalar}}}
	case reflect.TypeFor[IDs]():
		id := schema{"anyOf": []schema{{"type": "integer", "minimum": 0, "maximum": 65535}, {"type": "string", "pattern": `^[0-9]+-[0-9]+$`}}}
		return schema{"anyOf": []schema{id, {"type": "array", "items": id}}}
	case reflect.TypeFor[Duration]():
		return schema{"type": "string", "pattern": `^([0-9.]+(h|m|s|ms))+$`}
	case reflect.TypeFor[State]():
		return enum([]string{Met.String(), Unmet.String()})
	case reflect.TypeFor[Grade]():
		return enum(gradeNames())
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.Struct:
		s.define(t)
		return schema{"$ref": "#/$defs/" + t.Name()}
	case reflect.Slice:
		return schema{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Int:
		return schema{"type": "integer"}
	}
	return scalar
}

// define adds a type to the definitions, once: types refer to themselves.
func (s *schemaMaker) define(t reflect.Type) {
	if _, ok := s.defs[t.Name()]; !ok {
		s.defs[t.Name()] = nil
		s.defs[t.Name()] = s.object(t)
	}
}

func gradeNames() (names []string) {
	for g := range gradeOrder {
		names = append(names, string(g))
	}
	return names
}
