package rules_test

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/rules"
	"github.com/vsswhy/vsswhy/rules/report"
)

var update = flag.Bool("update", false, "rewrite the pages of testdata")

// TestPages compares the pages for people with golden files, which are reviewed
// like code.
func TestPages(t *testing.T) {
	for _, tc := range []struct {
		bundle  string
		answers []rules.Answer
	}{
		{bundle: "csv-two-nodes"},
		{"iscsi-possible", iscsi("guest_is_2003", "yes", "guest_uses_iscsi", "yes", "revert_failed", "no", "gate", "yes", "sense", "yes")},
		{"iscsi-likely", iscsi("gate", "no")},
	} {
		r := diagnoseCase(t, tc.bundle, tc.answers...)
		r.Tool.Version, r.Tool.RulesDigest = "1.0", "0123456789abcdef" // the digest changes with any rule
		r.Args = []string{"scan", tc.bundle + ".zip"}
		r.Generated = report.Time{Time: answeredAt}
		r.Notices = []string{"A notice of the program."}
		for ext, write := range map[string]func(*report.Report, io.Writer) error{
			"txt": (*report.Report).WriteText, "md": (*report.Report).WriteMarkdown, "html": (*report.Report).WriteHTML,
		} {
			var got bytes.Buffer
			if err := write(r, &got); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", "pages", tc.bundle+"."+ext), got.String())
		}
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: run the tests with -update and review:\n%s", file, diff)
	}
}
