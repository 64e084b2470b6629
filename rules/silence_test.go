package rules_test

import (
	"strings"
	"testing"
)

// silent is a rule that rests on what a backup product did not log, whose log this
// program knows nothing of.
const silent = `schema: 1
id: rule
title: The agent was never asked
severity: low
about: backup-failure
signals:
  failed: { provider: Microsoft-Windows-Hyper-V-VMMS, id: 10102 }
  asked: { provider: OurAgent, id: 7 }
LOGS
anchor_text: it failed
anchor_grade: MS
anchor: { signal: failed, on: subject }
criteria:
  - { id: never_asked, role: required, text: the agent was not asked, grade: VEN, not: { signal: asked, before: 10m } }
tests:
  - { name: covered, events: 22:00:00 HV01 VMMS/10102 Parameter0=FS03, expect: COVERED }
  - { name: not covered, covered: none, events: 22:00:00 HV01 VMMS/10102 Parameter0=FS03, expect: possible }
  - { name: asked, events: "21:59:00 HV01 OurAgent/7 CHANNEL\n22:00:00 HV01 VMMS/10102 Parameter0=FS03", expect: possible }
  - { name: another event, events: 22:00:00 HV01 VMMS/13002 Parameter0=FS03, expect: none }
`

// TestSilenceOfUnknownLogs: that a provider logged nothing counts only if it is known
// where it logs, which the rule may say, and that log covers the time.
func TestSilenceOfUnknownLogs(t *testing.T) {
	for name, replace := range map[string][]string{
		"the rule does not say": {"LOGS\n", "", "COVERED", "possible", " CHANNEL", ""},
		"a known channel":       {"LOGS", "logs: [{ of: host, channel: Application }]", "COVERED", "confirmed", " CHANNEL", ""},
		"one of its own":        {"LOGS", "logs: [{ of: host, channel: OurAgent/Operational }]", "COVERED", "confirmed", "CHANNEL", "chan=OurAgent/Operational"},
	} {
		t.Run(name, func(t *testing.T) { try(t, strings.NewReplacer(replace...).Replace(silent)) })
	}
}
