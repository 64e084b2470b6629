package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vsswhy/vsswhy/rules/report"
)

// realData is the folder of real logs, or the test skips.
func realData(t testing.TB) string {
	dir := filepath.Join("..", "..", "..", "shared", "data")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the real logs are not here: %v", err)
	}
	return dir
}

func scanJSON(t testing.TB, args ...string) *report.Report {
	t.Helper()
	_, stdout, stderr := runMain(t, append([]string{"scan", "--format", "json"}, args...)...)
	r := new(report.Report)
	if err := json.Unmarshal([]byte(stdout), r); err != nil {
		t.Fatalf("scan %v: %v\n%s", args, err, stderr)
	}
	inSchema(t, stdout)
	return r
}

// TestRealLogsShowNoIssue: none of the real logs is of a Hyper-V failure, so
// every finding above ruled-out is a false one; but for a workstation that lost
// its shadow copies for want of room (volsnap 36), with no backup near it.
func TestRealLogsShowNoIssue(t *testing.T) {
	data := realData(t)
	paths := []string{data}
	for _, pattern := range []string{"*/*.evtx", "*/*.xml", "*/*.zip"} {
		more, _ := filepath.Glob(filepath.Join(data, pattern))
		paths = append(paths, more...)
	}
	for _, path := range paths {
		for _, f := range scanJSON(t, path).Findings {
			if f.Verdict != "ruled-out" && (f.Rule != "shadow-storage" || f.Verdict != "possible") {
				t.Errorf("%s: %s", path, findingLine(&f))
			}
		}
	}
}

// comparable is what must be equal between two reports of the same logs,
// whatever they came in: not the arguments, the time and the containers, and
// paths cut to the member.
func comparable() cmp.Options {
	return cmp.Options{
		cmpopts.IgnoreFields(report.Report{}, "Args", "Generated"),
		cmpopts.EquateEmpty(),
	}
}

var container = regexp.MustCompile(`^(zip|tar|gzip|gz|tar\.gz)$`)

// member cuts a report to what does not depend on the container: the path
// below root, and no sources that are archives. Source ids are counted anew.
func member(r *report.Report, root string) *report.Report {
	ids := map[string]string{}
	var sources []report.Source
	cut := func(path string) string {
		return strings.TrimLeft(strings.TrimPrefix(path, root), "!/")
	}
	for _, s := range r.Sources {
		if container.MatchString(s.Format) && cut(s.Path) == "" {
			continue
		}
		s.Path = cut(s.Path)
		ids[s.ID] = s.Path
		s.ID = s.Path
		sources = append(sources, s)
	}
	r.Sources = sources
	fix := func(list []report.Evidence) {
		for i := range list {
			list[i].Source, list[i].Path = ids[list[i].Source], cut(list[i].Path)
		}
	}
	for i := range r.Findings {
		for j := range r.Findings[i].Criteria {
			fix(r.Findings[i].Criteria[j].Evidence)
		}
	}
	for i := range r.Failures {
		fix(r.Failures[i].Evidence)
	}
	for i := range r.Jobs {
		fix(r.Jobs[i].Evidence)
	}
	for i := range r.Coverage {
		for j, id := range r.Coverage[i].Sources {
			r.Coverage[i].Sources[j] = ids[id]
		}
	}
	for i := range r.Hosts {
		for j, f := range r.Hosts[i].Facts {
			r.Hosts[i].Facts[j].Source = ids[f.Source]
		}
	}
	for i := range r.Skipped {
		r.Skipped[i].Path = cut(r.Skipped[i].Path)
	}
	return r
}

// TestSameReportFromEveryContainer: a folder, a zip and a tar.gz of the same
// logs, and any number of workers, give the same report.
func TestSameReportFromEveryContainer(t *testing.T) {
	for _, name := range []string{"csv-two-nodes", "iscsi-confirmed", "restore-confirmed"} {
		c := readCase(t, filepath.Join(casesDir, "src", name+".txt"))
		tree := c.tree(t, asEVTX)
		dir := t.TempDir()
		folder, zipped, tarred := filepath.Join(dir, "folder"), filepath.Join(dir, "a.zip"), filepath.Join(dir, "a.tar.gz")
		writeFolder(t, tree, folder)
		os.WriteFile(zipped, packZip(t, tree), 0o600)
		os.WriteFile(tarred, packTarGz(t, tree), 0o600)
		want := member(scanJSON(t, zipped), filepath.ToSlash(zipped))
		for _, other := range []string{folder, tarred} {
			if diff := cmp.Diff(want, member(scanJSON(t, other), filepath.ToSlash(other)), comparable()); diff != "" {
				t.Errorf("%s: zip and %s differ:\n%s", name, filepath.Base(other), diff)
			}
		}
		for _, workers := range []string{"1", "7"} {
			got := member(scanJSON(t, "--workers", workers, zipped), filepath.ToSlash(zipped))
			if diff := cmp.Diff(want, got, comparable()); diff != "" {
				t.Errorf("%s: %s workers differ:\n%s", name, workers, diff)
			}
		}
	}
}

// TestSameBytes: with SOURCE_DATE_EPOCH the report is the same to the byte.
func TestSameBytes(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1268600000")
	bundle := filepath.Join(casesDir, "csv-two-nodes.zip")
	_, first, _ := runMain(t, "scan", "--format", "json", bundle)
	for range 5 {
		if _, again, _ := runMain(t, "scan", "--format", "json", bundle); again != first {
			t.Fatal(cmp.Diff(first, again))
		}
	}
	if !strings.Contains(first, `"generated": "2010-03-14T20:53:20.0000000Z"`) {
		t.Error("generated does not honour SOURCE_DATE_EPOCH")
	}
	if strings.Contains(first, ": null") && strings.Count(first, ": null") != strings.Count(first, `"vm": null`)+strings.Count(first, `"issue": null`) {
		t.Error("a list is null")
	}
}
