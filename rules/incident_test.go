package rules_test

import (
	"strings"
	"testing"
)

// TestAnchors: incidents are made of what the signal matches, however it is put
// together, and whatever of it a kind, an event or only the subject decides.
func TestAnchors(t *testing.T) {
	const rule = `schema: 1
id: rule
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
		t.Run(signal, func(t *testing.T) { try(t, strings.Replace(rule, "SIGNAL", signal, 1)) })
	}
}

// TestOnFailure: what is looked for at the failed backup is not taken from another part
// of the incident, nor from another failed backup; the failure's own events count
// however late its job ended.
func TestOnFailure(t *testing.T) {
	const rule = `schema: 1
id: rule
title: tied
severity: low
about: incident
signals:
  a: { any: [{ provider: volsnap, id: 25 }, { provider: VSS, id: 12293, code: "0x8004231f" }] }
  code: { any: [{ provider: VSS, id: 12293 }, { provider: Microsoft-Windows-Backup, id: 5 }], code: "0x8004231f" }
anchor_text: a
anchor_grade: MS
anchor: { signal: a, on: subject }
criteria:
  - { id: apart, role: excluding, limit: possible, text: apart, grade: MS, not: { if_known: { signal: code, on: failure, within: 10m } } }
tests:
  - name: near the failure
    events: |
      22:00:00 HV01 volsnap/25 =x =D:
      22:02:00 HV01 VSS/12293 =x =0x8004231f
      22:04:00 HV01 VMMS/10102 Parameter0=FS03 Parameter1=0B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E10
    expect: confirmed
  - name: in the incident, but not near the failure
    events: |
      22:00:00 HV01 volsnap/25 =x =D:
      22:02:00 HV01 VSS/12293 =x =0x8004231f
      22:24:00 HV01 VMMS/10102 Parameter0=FS03 Parameter1=0B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E10
    expect: possible
  - name: the failure's job ended late
    events: |
      22:00:00 HV01 Backup/1 level=4 BackupTemplateID=x
      22:01:00 HV01 volsnap/25 =x =D:
      22:04:00 HV01 VMMS/10102 Parameter0=FS03 Parameter1=0B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E10
      23:55:00 HV01 Backup/5 HRESULT=0x80780049 DetailedHRESULT=0x8004231f
    expect: confirmed
  - name: no failure
    events: 22:02:00 HV01 VSS/12293 =x =0x8004231f
    expect: possible
  - { name: quiet, events: 22:02:00 HV01 VSS/12293 =x =0x80042316, expect: none }
`
	try(t, rule)
}
