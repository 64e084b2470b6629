package main

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/vsswhy/vsswhy/rules/report"
)

var reportSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	text, err := report.JSONSchema()
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("report.schema.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("report.schema.json")
})

// inSchema wants a report to be as its schema says.
func inSchema(t testing.TB, text string) {
	t.Helper()
	if err := validReport(text); err != nil {
		t.Errorf("the report is not as its schema says: %v", err)
	}
}

func validReport(text string) error {
	schema, err := reportSchema()
	if err != nil {
		return err
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return err
	}
	return schema.Validate(doc)
}

// TestReportSchema: every report that a test parses is held to the schema; here,
// that of each case, and that the schema refuses what is no report.
func TestReportSchema(t *testing.T) {
	text := mustRun(t, 0, "scan", "--format", "json", casesDir+"/csv-two-nodes.zip")
	parse(t, text)
	for _, tc := range []struct{ old, new string }{
		{`"verdict":"confirmed"`, `"verdict":"sure"`}, {`"schema":"vsswhy.report/v1"`, `"schema":"v2"`}, {`"complete":true`, `"complete":"yes"`},
		{`"args":`, `"arguments":`}, {`"generated":"2`, `"generated":"12`}, {`"state":"met"`, `"state":"perhaps"`},
	} {
		compact := strings.NewReplacer("\n", "", ": ", ":").Replace(text)
		broken := strings.Replace(compact, tc.old, tc.new, 1)
		if broken == compact {
			t.Fatalf("%s: nothing was changed", tc.old)
		}
		if validReport(broken) == nil {
			t.Errorf("%s is not refused", tc.new)
		}
	}
}
