package ecs

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/vsswhy/vsswhy/rules/report"
)

// object is a JSON object.
type object = map[string]any

// Template is the index template of the documents, for the interface _index_template
// of Elasticsearch (8 and later) and OpenSearch (2 and later). It is made of the types
// that documents are written from. What is not in it is refused (dynamic: strict), but
// for the data of events, whose names are those of the logs.
func Template() ([]byte, error) {
	return json.MarshalIndent(object{
		"index_patterns": []string{"vsswhy-*"},
		"priority":       200,
		"template": object{
			"settings": object{"index.mapping.total_fields.limit": 10_000},
			"mappings": object{
				"dynamic":        "strict",
				"date_detection": false,
				"dynamic_templates": []object{
					{"event_data": dataTemplate("winlog.event_data.*")},
					{"user_data": dataTemplate("winlog.user_data.*")},
				},
				"properties": properties(reflect.TypeFor[Doc]()),
			},
		},
		"_meta": object{"description": "Reports and events of vsswhy, in the terms of ECS " + Version},
	}, "", "  ")
}

func dataTemplate(path string) object {
	return object{"path_match": path, "mapping": keyword()}
}

// keyword: what is longer is kept, and not searched.
func keyword() object { return object{"type": "keyword", "ignore_above": 1024} }

// properties are the mappings of the fields of a struct.
func properties(t reflect.Type) object {
	fields := object{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" {
			fields[name] = mapping(f)
		}
	}
	return fields
}

func mapping(f reflect.StructField) object {
	if kind := f.Tag.Get("es"); kind != "" {
		return object{"type": kind}
	}
	t := f.Type
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[report.Time]():
		return object{"type": "date"}
	case t.Kind() == reflect.Struct:
		return object{"properties": properties(t)}
	case t.Kind() == reflect.Map:
		return object{"type": "object", "dynamic": "true"}
	case t.Kind() == reflect.Bool:
		return object{"type": "boolean"}
	case t.Kind() == reflect.String:
		return keyword()
	}
	return object{"type": "long"}
}
