package report

import (
	"reflect"
	"strings"

	"github.com/vsswhy/vsswhy/rules/jsonschema"
)

// JSONSchema is the JSON Schema of a report (draft 2020-12), made of the types that
// it is written from.
func JSONSchema() ([]byte, error) {
	m := schemaMaker()
	return m.Make(Report{}, "A report of vsswhy", nil)
}

// BundleSchema is the JSON Schema of a line of the summary of a batch.
func BundleSchema() ([]byte, error) {
	m := schemaMaker()
	return m.Make(Bundle{}, "What became of one bundle of a batch of vsswhy", nil)
}

func schemaMaker() jsonschema.Maker {
	return jsonschema.Maker{Tag: "json", Words: reportWords, Type: jsonForm, Nulls: true, Needs: func(f reflect.StructField) bool {
		return !strings.Contains(f.Tag.Get("json"), "omitempty")
	}}
}

// reportWords are the words of fields that take one of a few, by type and field.
var reportWords = map[string][]string{
	"Report.schema":    {Schema},
	"Finding.verdict":  verdictWords,
	"Cause.verdict":    verdictWords,
	"Finding.severity": {"critical", "high", "medium", "low", "info"},
	"Criterion.role":   {"anchor", "required", "discriminating", "supporting", "excluding"},
	"Criterion.state":  {"met", "unmet", "unknown"},
	"Failure.kind":     {"backup", "restore"},
	"Job.kind":         {"backup", "restore"},

	"Bundle.verdict":      append([]string{""}, verdictWords...),
	"BundleCause.verdict": verdictWords,
}

var verdictWords = []string{"confirmed", "likely", "possible", "ruled-out"}

// jsonForm is the schema of types that are written in a form of their own.
func jsonForm(t reflect.Type) jsonschema.Schema {
	if t == reflect.TypeFor[Time]() {
		return jsonschema.Schema{"type": "string", "pattern": `^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{7}Z)?$`}
	}
	return nil
}
