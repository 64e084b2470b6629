package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/rules/report"
)

// TestCases runs every case of testdata/cases in every form in which customers
// send logs, and compares with what the case expects. The verdicts must not
// depend on the form.
func TestCases(t *testing.T) {
	for _, file := range caseNames(t) {
		c := readCase(t, file)
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			committed := filepath.Join(casesDir, c.name+".zip")
			c.checkCommitted(t, committed)
			c.check(t, "zip", committed)

			for name, as := range map[string]form{"folder": asEVTX, "xml": asXML, "utf16": asXMLUTF16} {
				dir := filepath.Join(t.TempDir(), name)
				writeFolder(t, c.tree(t, as), dir)
				c.check(t, name, dir)
			}
		})
	}
}

// checkCommitted compares the committed archive of a case with its source, or with
// -update makes it. Its members count, and not how a release of the library packs them.
func (c *triageCase) checkCommitted(t *testing.T, path string) {
	t.Helper()
	data := packZip(t, c.tree(t, asEVTX))
	have, err := os.ReadFile(path)
	diff := ""
	if err == nil {
		diff = cmp.Diff(unzip(t, "", data), unzip(t, "", have))
	}
	switch {
	case err == nil && diff == "":
	case *update:
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s is not what its source makes (%v); run the tests with -update\n%.1000s", path, err, diff)
	}
}

// check scans one form of the case and compares with what it expects.
func (c *triageCase) check(t *testing.T, form, target string) {
	t.Helper()
	code, stdout, stderr := runMain(t, "scan", "--format", "json", target)
	var r report.Report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("%s: %v\n%s", form, err, stderr)
	}
	wantCode := 0
	for _, e := range c.expect {
		if err := expectation(&r, e); err != nil {
			t.Errorf("%s: %s: %v\nfindings:\n%s", form, e, err, findingLines(&r))
		}
		fmt.Sscanf(e, "exit %d", &wantCode)
	}
	if code != wantCode {
		t.Errorf("%s: exit code %d, want %d: %s", form, code, wantCode, stderr)
	}
	if extra := unexpected(&r, c.expect); extra != "" {
		t.Errorf("%s: unexpected findings:\n%s", form, extra)
	}
}

// expectation checks one line of a case's head.
func expectation(r *report.Report, line string) error {
	words := strings.Fields(line)
	switch words[0] {
	case "expect":
		for i := range r.Findings {
			if diff := cmp.Diff(strings.Join(words[1:], " "), findingLine(&r.Findings[i])); diff == "" {
				return nil
			}
		}
		return fmt.Errorf("no such finding")
	case "absent":
		for _, f := range r.Findings {
			if f.Rule == words[1] {
				return fmt.Errorf("found %s", findingLine(&f))
			}
		}
	case "unevaluable":
		for _, n := range r.NotEvaluable {
			if n.Rule == words[1] && n.Host == words[2] {
				return nil
			}
		}
		return fmt.Errorf("it is not among those that could not be evaluated")
	case "checked":
		for _, n := range r.Checked {
			if n.Rule == words[1] && n.Host == words[2] {
				return nil
			}
		}
		return fmt.Errorf("it is not among those that were checked")
	case "failures":
		if have := fmt.Sprint(len(r.Failures)); have != words[1] {
			return fmt.Errorf("there are %s", have)
		}
	case "exit":
	default:
		return fmt.Errorf("unknown expectation")
	}
	return nil
}

// findingLine is a finding as cases write it.
func findingLine(f *report.Finding) string {
	s := fmt.Sprintf("%s %s %s", f.Rule, f.Verdict, f.Host)
	if f.VM != nil {
		s += " vm=" + strings.ReplaceAll(f.VM.Name, " ", "_")
	}
	if f.Volume != "" {
		s += " volume=" + f.Volume
	}
	if f.Candidate {
		s += " candidate"
	}
	return s
}

func findingLines(r *report.Report) string {
	var b strings.Builder
	for i := range r.Findings {
		f := &r.Findings[i]
		fmt.Fprintln(&b, " ", findingLine(f))
		for _, c := range f.Criteria {
			fmt.Fprintf(&b, "      %-14s %-8s %s %v\n", c.Role, c.State, c.ID, c.Missing)
		}
	}
	for _, n := range r.NotEvaluable {
		fmt.Fprintf(&b, "  unevaluable %s %s %v\n", n.Rule, n.Host, n.Missing)
	}
	return b.String()
}

// unexpected lists the findings that no line of the case expects.
func unexpected(r *report.Report, expect []string) string {
	var b strings.Builder
	for i := range r.Findings {
		line := "expect " + findingLine(&r.Findings[i])
		found := false
		for _, e := range expect {
			found = found || strings.Join(strings.Fields(e), " ") == line
		}
		if !found {
			fmt.Fprintln(&b, line)
		}
	}
	return b.String()
}

// TestPages compares the page for people with golden files, which are reviewed
// like code.
func TestPages(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	for _, name := range []string{"csv-two-nodes", "lookalike-other-writer", "restore-ruled-out-original", "guest-backup-likely"} {
		_, got, _ := runMain(t, "scan", "testdata/cases/"+name+".zip")
		golden(t, filepath.Join("cmd", "vsswhy", "testdata", "pages", name+".txt"), got)
	}
}

// golden holds a file to what it is made of.
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

// TestReadmeShowsARealRun: what the README prints is what the program prints.
func TestReadmeShowsARealRun(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, got, _ := runMain(t, "scan", "testdata/cases/csv-two-nodes.zip")
	_, sample, ok := strings.Cut(string(readme), "part of what it prints:\n\n```\n")
	sample, _, closed := strings.Cut(sample, "```")
	if !ok || !closed {
		t.Fatal("the README has no sample")
	}
	for _, part := range strings.Split(sample, "[…]\n") {
		if !strings.Contains(got, strings.TrimSuffix(part, "[…]")) {
			t.Errorf("the program does not print this part of the README:\n%s", part)
		}
	}
}
