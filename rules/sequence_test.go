package rules_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/vsswhy/vsswhy/rules"
)

// TestSteps is about what binds the steps of a sequence: their order, the span of
// the whole, and a span and a join of each step.
func TestSteps(t *testing.T) {
	const rule = `schema: 1
id: rule
title: steps
severity: low
about: backup-failure
signals:
  failed: { provider: Microsoft-Windows-Hyper-V-VMMS, id: 10102 }
  first: { provider: VSS, id: 1 }
  second: { provider: Microsoft-Windows-Hyper-V-VMMS, id: 18012 }
anchor_text: it failed
anchor_grade: MS
anchor: { signal: failed, on: subject }
criteria:
  - id: steps
    role: required
    text: one after the other
    grade: MS
    sequence: [{ signal: first }, { signal: second, within: 2m, same: [vm] }]
    within: 10m
tests:
  - name: in order
    events: |
      22:00:00 HV01 VSS/1
      22:01:00 HV01 VMMS/18012 Parameter0=A Parameter1=0B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E10
      22:02:00 HV01 VMMS/10102 Parameter0=A Parameter1=0B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E10
    expect: confirmed
  - name: the second comes too late after the first
    events: |
      22:00:00 HV01 VSS/1
      22:03:00 HV01 VMMS/18012 Parameter0=A Parameter1=0B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E10
      22:04:00 HV01 VMMS/10102 Parameter0=A Parameter1=0B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E10
    expect: possible
  - name: an earlier first one is no use
    events: |
      21:56:00 HV01 VSS/1
      22:00:00 HV01 VSS/1
      22:01:00 HV01 VMMS/18012 Parameter0=A Parameter1=0B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E10
      22:02:00 HV01 VMMS/10102 Parameter0=A Parameter1=0B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E10
    expect: confirmed
  - name: of another machine
    events: |
      22:00:00 HV01 VSS/1
      22:01:00 HV01 VMMS/18012 Parameter0=B Parameter1=1B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E10
      22:02:00 HV01 VMMS/10102 Parameter0=A Parameter1=0B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E10
    expect: possible
  - name: the other way round
    events: |
      22:00:00 HV01 VMMS/18012 Parameter0=A Parameter1=0B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E10
      22:01:00 HV01 VSS/1
      22:02:00 HV01 VMMS/10102 Parameter0=A Parameter1=0B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E10
    expect: possible
  - { name: quiet, events: 22:00:00 HV01 VSS/1, expect: none }
`
	try(t, rule)
}

// TestDiffer is about events that are to name another machine than the subject's:
// not none, and not the same.
func TestDiffer(t *testing.T) {
	const rule = `schema: 1
id: rule
title: differ
severity: low
about: backup-failure
signals:
  failed: { provider: Microsoft-Windows-Hyper-V-VMMS, id: 10102 }
  other: { provider: Microsoft-Windows-Hyper-V-VMMS, id: 18012 }
anchor_text: it failed
anchor_grade: MS
anchor: { signal: failed, on: subject }
criteria:
  - { id: other, role: required, text: of another machine, grade: MS, signal: other, before: 10m, differ: [vm] }
tests:
  - name: another machine
    events: |
      22:00:00 HV01 VMMS/18012 Parameter0=B Parameter1=1B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E10
      22:02:00 HV01 VMMS/10102 Parameter0=A Parameter1=0B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E10
    expect: confirmed
  - name: the same
    events: |
      22:00:00 HV01 VMMS/18012 Parameter0=A Parameter1=0B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E10
      22:02:00 HV01 VMMS/10102 Parameter0=A Parameter1=0B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E10
    expect: possible
  - name: none is named
    events: |
      22:00:00 HV01 VMMS/18012
      22:02:00 HV01 VMMS/10102 Parameter0=A Parameter1=0B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E10
    expect: possible
  - { name: quiet, events: 22:00:00 HV01 VSS/1, expect: none }
`
	try(t, rule)
	_, err := rules.Load(fstest.MapFS{"rule.yaml": {Data: []byte(strings.Replace(rule, "differ: [vm]", "differ: [vm], same: [vm]", 1))}})
	if err == nil || !strings.Contains(err.Error(), "never be met") {
		t.Errorf("a join that can't be is not refused: %v", err)
	}
	try(t, strings.NewReplacer("differ: [vm]", "on: nodes, differ: [host]", "00 HV01 VMMS/18012", "00 HV02 VMMS/18012", "name: the same", "name: the same machine", "expect: possible", "expect: confirmed").Replace(rule))
}

// try runs the tests that a rule has.
func try(t *testing.T, rule string) {
	t.Helper()
	set, err := rules.Load(fstest.MapFS{"rule.yaml": {Data: []byte(rule)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, trial := range set.Try() {
		if len(trial.Failures) > 0 {
			t.Errorf("%s: %s", trial.Example, strings.Join(trial.Failures, "; "))
		}
	}
}
