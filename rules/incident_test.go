package rules_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/vsswhy/vsswhy/rules"
)

// TestAnchors: incidents are made of what the signal matches, however it is put
// together, and whatever of it a kind, an event or only the subject decides.
func TestAnchors(t *testing.T) {
	const rule = `schema: 1
id: anchors
title: anchors
severity: low
about: incident
signals:
  a: SIGNAL
anchor_text: a
anchor_grade: MS
anchor: { signal: a, on: subject }
tests:
  - { name: fires, events: 22:00:00 HV01 VSS/8194 =0x80070005, expect: confirmed }
  - { name: another code, events: 22:00:00 HV01 VSS/8194 =0x80070020, expect: none }
  - { name: another id, events: 22:00:00 HV01 VSS/8195 =0x80070005, expect: none }
`
	for _, signal := range []string{
		`{ provider: vss, id: 8194, code: "0x80070005" }`,
		`{ provider: "VS*", id: [8193-8194], code: "0x80070005" }`,
		`{ any: [{ provider: SQLVDI, id: 1 }, { provider: VSS, id: 8194, code: "0x80070005" }] }`,
		`{ code: "0x80070005", any: [{ provider: SQLVDI, id: 1 }, { provider: VSS, id: 8194 }] }`,
		`{ not: { code: "0x80070020" }, any: [{ any: [{ provider: "VSS*", id: 8194 }], code: "0x80070005" }] }`,
		`{ provider: VSS, id: 8194, contains: ["80070005"] }`,
		`{ any: [{ provider: VSS, id: 8194, contains: ["%vm"] }, { provider: VSS, id: 8194, code: "0x80070005" }] }`,
		`{ not: { contains: ["%vm"] }, any: [{ provider: VSS, id: 8194, not: { contains: ["80070020"] } }] }`,
	} {
		set, err := rules.Load(fstest.MapFS{"anchors.yaml": {Data: []byte(strings.Replace(rule, "SIGNAL", signal, 1))}})
		if err != nil {
			t.Fatal(err)
		}
		for _, trial := range set.Try() {
			if len(trial.Failures) > 0 {
				t.Errorf("%s: %s: %s", signal, trial.Example, strings.Join(trial.Failures, "; "))
			}
		}
	}
}
