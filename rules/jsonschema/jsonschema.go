// Package jsonschema makes a JSON Schema (draft 2020-12) of Go types, so that what
// is published about a file can't differ from what the program reads or writes.
//
// Start with Maker.
package jsonschema

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// A Schema is a JSON Schema as encoding/json writes it.
type Schema = map[string]any

// A Maker makes the schema of a type.
type Maker struct {
	Tag   string                           // of the fields' names: "json" or "yaml"
	Words map[string][]string              // the words of fields that take one of a few, by "Type.field"
	Type  func(t reflect.Type) Schema      // the schema of types with a form of their own; nil: it is as usual
	Needs func(f reflect.StructField) bool // whether a field is always there; nil: none is
	Nulls bool                             // a nil pointer is written as null

	defs map[string]any
}

// Make returns the schema of a struct, indented. It has no other fields than the
// struct's. More is added to the outermost object.
func (m *Maker) Make(v any, title string, more Schema) ([]byte, error) {
	m.defs = map[string]any{}
	root := m.object(reflect.TypeOf(v))
	root["$schema"], root["title"], root["$defs"] = "https://json-schema.org/draft/2020-12/schema", title, m.defs
	for k, x := range more {
		root[k] = x
	}
	return json.MarshalIndent(root, "", "  ")
}

// Enum is the schema of one of some words.
func Enum(words []string) Schema {
	words = slices.Clone(words)
	slices.Sort(words)
	return Schema{"enum": words}
}

func (m *Maker) object(t reflect.Type) Schema {
	fields, required := Schema{}, []string{}
	m.fields(t, fields, &required)
	s := Schema{"type": "object", "additionalProperties": false, "properties": fields}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

func (m *Maker) fields(t reflect.Type, into Schema, required *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, rest, _ := strings.Cut(f.Tag.Get(m.Tag), ",")
		if rest == "inline" {
			m.fields(f.Type, into, required)
			continue
		}
		into[name] = m.field(t, f, name)
		if m.Needs != nil && m.Needs(f) {
			*required = append(*required, name)
		}
	}
}

func (m *Maker) field(t reflect.Type, f reflect.StructField, name string) Schema {
	words := m.Words[t.Name()+"."+name]
	switch {
	case words == nil:
		return m.of(f.Type)
	case f.Type.Kind() == reflect.Slice:
		return Schema{"type": "array", "items": Enum(words)}
	}
	return Enum(words)
}

// of is the schema of a type.
func (m *Maker) of(t reflect.Type) Schema {
	if s := m.Type(t); s != nil {
		return s
	}
	switch t.Kind() {
	case reflect.Pointer:
		if m.Nulls {
			return Schema{"anyOf": []Schema{{"type": "null"}, m.of(t.Elem())}}
		}
		return m.of(t.Elem())
	case reflect.Struct:
		return m.defined(t)
	case reflect.Slice:
		return Schema{"type": "array", "items": m.of(t.Elem())}
	case reflect.Map:
		return Schema{"type": "object", "additionalProperties": m.of(t.Elem())}
	case reflect.Bool:
		return Schema{"type": "boolean"}
	case reflect.String:
		return Schema{"type": "string"}
	case reflect.Float32, reflect.Float64:
		return Schema{"type": "number"}
	}
	return Schema{"type": "integer"}
}

// defined refers to the definition of a struct, which may refer to itself.
func (m *Maker) defined(t reflect.Type) Schema {
	if _, ok := m.defs[t.Name()]; !ok {
		m.defs[t.Name()] = nil
		m.defs[t.Name()] = m.object(t)
	}
	return Schema{"$ref": "#/$defs/" + t.Name()}
}
