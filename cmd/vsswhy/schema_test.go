package main

import (
	"strings"
	"testing"

	"github.com/vsswhy/vsswhy/rules/jsonschema/jsonschematest"
	"github.com/vsswhy/vsswhy/rules/report"
)

var validReport = jsonschematest.Validator(report.JSONSchema)

// inSchema wants a report to be as its schema says.
func inSchema(t testing.TB, text string) {
	t.Helper()
	if err := validReport(text); err != nil {
		t.Errorf("the report is not as its schema says: %v", err)
	}
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
