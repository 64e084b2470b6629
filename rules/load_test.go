package rules_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/vsswhy/vsswhy/rules"
	"github.com/vsswhy/vsswhy/rules/builtin"
)

func TestBuiltinRulesLoad(t *testing.T) {
	set, err := rules.Load(builtin.FS)
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Rules()) < 4 {
		t.Fatalf("%d rules", len(set.Rules()))
	}
	for i, r := range set.Rules()[:4] {
		if r.Issue != i+1 {
			t.Errorf("rule %d is %s, issue %d", i, r.ID, r.Issue)
		}
	}
	in := set.Interest()
	for _, want := range []struct {
		provider string
		id       uint32
	}{{"VSS", 8229}, {"Microsoft-Windows-FailoverClustering", 5142}, {"MSSQL$PROD", 18264}, {"iScsiPrt", 20}} {
		if !in.Wants(want.provider, want.id) {
			t.Errorf("the rules do not ask for %s %d", want.provider, want.id)
		}
	}
	if in.Wants("VSS", 1) {
		t.Error("the rules ask for everything")
	}
}

// good is a small sound rule; the tests below break it in one place.
const good = `schema: 1
id: sample
title: A sample
severity: low
about: backup-failure
signals:
  failed: { provider: Microsoft-Windows-Hyper-V-VMMS, id: [10102, 10108-10111] }
anchor_text: it failed
anchor_grade: MS
anchor: { signal: failed, on: subject }
criteria:
  - id: one
    role: required
    text: one
    grade: MS
    signal: failed
    within: 10m
tests:
  - name: it failed
    events: 22:00:00 HV01 VMMS/10102 Parameter0=FS03
    expect: confirmed
  - name: another event
    events: 22:00:00 HV01 VMMS/13002 Parameter0=FS03
    expect: none
`

func load(name, text string) error {
	_, err := rules.Load(fstest.MapFS{name: {Data: []byte(text)}})
	return err
}

func TestMistakesAreNamedWithTheirPlace(t *testing.T) {
	if err := load("sample.yaml", good); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, old, new, want string }{
		{"unknown field", "title:", "titel:", `sample.yaml:3:1: there is no field "titel" here (did you mean "title"?)`},
		{"unknown signal", "signal: failed\n    within", "signal: faild\n    within", `sample.yaml:16:5: "faild" is not defined (did you mean "failed"?)`},
		{"no operator", "    signal: failed\n", "", "sample.yaml:12:5: a test has exactly one of"},
		{"two operators", "    within: 10m\n", "    within: 10m\n    fact: host.role\n    is: host\n", "this has 2: signal, fact"},
		{"two windows", "    within: 10m\n", "    within: 10m\n    before: 5m\n", "at most one of within"},
		{"bad duration", "10m", "ten", `"ten" is no duration`},
		{"no time at all", "within: 10m", "within: 0s", `"0s" is no duration`},
		{"ten years", "within: 10m", "within: 87600h", `"87600h" is no duration`},
		{"no error", "id: [10102, 10108-10111]", "id: 10102, code: \"0x00042301\"", `sample.yaml:7:66: "0x00042301" is no error`},
		{"bad id", "10108-10111", "10111-10108", `"10111-10108" is no event id`},
		{"bad role", "role: required", "role: requird", `sample.yaml:13:5: "requird" is not one of required, discriminating, supporting, excluding (did you mean "required"?)`},
		{"bad grade", "    grade: MS", "    grade: XX", `sample.yaml:15:5: grade "XX"`},
		{"no grade", "    grade: MS\n", "", "sample.yaml:12:5: a grade is missing"},
		{"short name", "provider: Microsoft-Windows-Hyper-V-VMMS", "provider: VMMS", `"VMMS" stands for "Microsoft-Windows-Hyper-V-VMMS" in tests alone`},
		{"no error in a not", "id: [10102, 10108-10111]", "id: 10102, not: { any: [{ code: \"0x00042301\" }] }", `"0x00042301" is no error`},
		{"nothing in a not", "id: [10102, 10108-10111]", "id: 10102, not: {}", "sample.yaml:7:66: there is nothing here"},
		{"no class id", "id: [10102, 10108-10111]", "id: 10102, writer: 66841cd4-6ded-4f4b-8f17-fd23f8ddc3de", "sample.yaml:7:66: \"66841cd4-6ded-4f4b-8f17-fd23f8ddc3de\" is no class id"},
		{"no name", "provider: Microsoft-Windows-Hyper-V-VMMS", "provider: \"\"", "sample.yaml:7:13: a provider has a name"},
		{"no text", "id: [10102, 10108-10111]", "id: 10102, contains: \"\"", "every value contains an empty one"},
		{"no version", "about:", "applies: { os_from: 2012 R2 }\nabout:", `sample.yaml:5:12: "2012 R2" is no version`},
		{"no version of an event", "id: [10102, 10108-10111]", "id: 10102, os_below: Vista", `"Vista" is no version`},
		{"no version to compare", "signal: failed\n    within: 10m", "fact: host.os_build\n    below: SP1", `"SP1" is no version`},
		{"no limit", "role: required", "role: excluding\n    limit: confirmed", "limit goes with an excluding criterion, and is possible or likely"},
		{"yields to itself", "about:", "yields_to: [sample]\nabout:", "sample.yaml:5:1: a rule does not yield to itself"},
		{"no provider", "provider: Microsoft-Windows-Hyper-V-VMMS, ", "", "sample.yaml:7:3: a signal names its provider"},
		{"other id", "id: sample", "id: simple", `sample.yaml:2:1: id "simple" is not the file's name`},
		{"limit", "    within: 10m\n", "    within: 10m\n    limit: possible\n", "limit goes with an excluding criterion"},
		{"implies nothing", "    within: 10m\n", "    within: 10m\n    if_yes: { two: met }\n", `sample.yaml:18:15: "two" is no other criterion of this rule`},
		{"implies itself", "    within: 10m\n", "    within: 10m\n    if_no: { one: met }\n", `"one" is no other criterion`},
		{"implies what", "    within: 10m\n", "    within: 10m\n    if_no: { one: yes }\n", `"yes" is neither met nor unmet`},
		{"first step", "signal: failed\n    within: 10m", "sequence: [{ signal: failed, within: 1m }, { signal: failed }]\n    within: 10m", "a step has no window but within"},
		{"window of a step", "signal: failed\n    within: 10m", "sequence: [{ signal: failed }, { signal: failed, before: 1m }]\n    within: 10m", "a step has no window but within"},
		{"a failure's step", "signal: failed\n    within: 10m", "sequence: [{ signal: failed }, { signal: failed, on: failure, within: 1m }]\n    within: 10m", "a step is of computers"},
		{"no window of a failure", "    within: 10m\n", "    on: failure\n", "only a signal with within is looked for at the failed backup"},
		{"a volume of its own", "    within: 10m\n", "    volume_of: failed\n    on: subject\n", "only a signal of computers has volume_of"},
		{"a volume of what", "    within: 10m\n", "    volume_of: faild\n", `"faild" is not defined`},
		{"unbound", "    within: 10m\n", "    between: [a, b]\n", `"a" is bound by no earlier criterion`},
		{"newer schema", "schema: 1", "schema: 2", "a newer one may be needed"},
		{"no YAML", "anchor:", "anchor: [", "sample.yaml"},
		{"no tests", good[strings.Index(good, "tests:"):], "", "a rule needs tests"},
		{"tests that all fire", "expect: none", "expect: possible", "a rule needs tests"},
		{"no verdict", "expect: none", "expect: nothing", `"nothing" is no verdict`},
		{"no event", "22:00:00 HV01 VMMS/13002 Parameter0=FS03", "22:00:00 HV01", `want TIME COMPUTER PROVIDER/ID`},
		{"no level", "VMMS/13002 Parameter0=FS03", "VMMS/13002 level=high", `"high" is no level`},
		{"no field", "VMMS/13002 Parameter0=FS03", "VMMS/13002 FS03", `"FS03" is neither NAME=VALUE nor =VALUE`},
		{"no time", "events: 22:00:00 HV01 VMMS/13002", "events: ten HV01 VMMS/13002", `"ten" is no time`},
		{"replaces nothing", "severity: low", "severity: low\noverride: true", `sample.yaml:5:1: there is no rule "sample" whose place`},
		{"yields to nobody", "about:", "yields_to: [other]\nabout:", `there is no rule "other"`},
	} {
		text := strings.Replace(good, tc.old, tc.new, 1)
		if text == good {
			t.Fatalf("%s: nothing was changed", tc.name)
		}
		if err := load("sample.yaml", text); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v\nwant %s", tc.name, err, tc.want)
		}
	}
}

// TestEnding: a rule whose file ends otherwise would count for nothing, and nobody would know.
func TestEnding(t *testing.T) {
	if err := load("sample.yml", good); err == nil || !strings.Contains(err.Error(), "sample.yml: the names of rule files end in .yaml") {
		t.Errorf("a rule in a file that ends in .yml: %v", err)
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	text := strings.Replace(good, "severity: low", "severity: lw", 1)
	text = strings.Replace(text, "role: required", "role: must", 1)
	err := load("sample.yaml", text)
	if err == nil || !strings.Contains(err.Error(), `"lw"`) || !strings.Contains(err.Error(), `"must"`) {
		t.Errorf("both mistakes are to be reported: %v", err)
	}
}

func TestCircularTests(t *testing.T) {
	text := good + "terms:\n  a: { uses: b }\n  b: { not: { uses: a } }\n"
	if err := load("sample.yaml", text); err == nil || !strings.Contains(err.Error(), "uses itself") {
		t.Errorf("a circle: %v", err)
	}
}

// TestBombs wants what grows or nests beyond all measure refused, and soon.
func TestBombs(t *testing.T) {
	aliases := "schema: 1\nx0: &x0 [a, a, a, a, a, a, a, a, a]\n"
	for i := range 12 {
		aliases += fmt.Sprintf("x%d: &x%d [%s]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*x%d, ", i), 9))
	}
	for name, text := range map[string]string{
		"aliases": aliases, "depth": "schema: 1\nanchor: " + strings.Repeat("{ not: ", 100_000), "size": good + strings.Repeat("# comment\n", 200_000),
		"range": strings.Replace(good, "10108-10111", "0-99999999", 1),
	} {
		began := time.Now()
		if err := load("sample.yaml", text); err == nil {
			t.Errorf("%s: it loads", name)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: refused after %v", name, took)
		}
	}
}

// FuzzLoad: a rule file never makes the loader panic, and what loads once
// loads again with the same digest.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(good))
	names, _ := fs.Glob(builtin.FS, "*.yaml")
	for _, name := range names {
		data, _ := builtin.FS.ReadFile(name)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		files := fstest.MapFS{"sample.yaml": {Data: data}}
		set, err := rules.Load(files)
		if err != nil {
			return
		}
		if again, err := rules.Load(files); err != nil || again.Digest() != set.Digest() {
			t.Fatalf("loaded once and not again: %v", err)
		}
		set.Interest()
		set.Try()
		if err := inSchema(t, data); err != nil {
			t.Fatalf("it loads, and the schema says: %v", err)
		}
	})
}
