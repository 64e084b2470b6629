package rules

import (
	"fmt"
	"regexp"
	"strings"
)

// A rule's id is its file's name, too, and stands in lists and on command lines.
var idForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// New returns a rule to begin with.
func (s *Set) New(id string) (string, error) {
	if !idForm.MatchString(id) {
		return "", fmt.Errorf("%q can't be a rule's id: want letters, digits and hyphens, as in backup-agent", id)
	}
	if s.rule(id) != nil {
		return "", fmt.Errorf("there is a rule %q already", id)
	}
	return strings.Replace(Template, "id: ID", "id: "+id, 1), nil
}

// Template is a whole rule to begin with; ID stands for its id. It is valid as it
// is, and its tests pass.
const Template = `# A rule says how to recognise one cause, and what to do. Its file is named after
# its id. Check it with "vsswhy rules lint DIR" and "vsswhy rules test DIR".
schema: 1
id: ID
title: Say here in a sentence what went wrong
severity: high # critical, high, medium, low; info is for what is no failure
# What it is evaluated for: incident (the events of its signal, and the failed
# backups near them), backup-failure, restore, guest-backup.
about: incident
near: 30m # so far from the events is a failed backup that they explain
applies: { os_from: "6.1" } # versions of Windows; leave it out for all

# The logs without which the rule can't be evaluated, and how to get them.
logs:
  - of: host
    channel: Application
    collect: "Application log of the host: wevtutil epl Application Application.evtx"

# Signals are events by what no language changes: provider, id, code, writer (a
# class id), contains (part of a parameter), field (NAME: VALUE).
signals:
  agent_failed: { provider: MyBackupAgent, id: [100, 101], code: "0x80070005" }
  agent_paused: { provider: MyBackupAgent, id: 90 }

# The anchor: without it nobody would think of this cause.
anchor_text: The agent says that it may not read the machine's files
anchor_grade: VEN # MS, SRC (binaries), VEN (vendor), COM (community), INF (inferred), MEM (memory)
anchor: { signal: agent_failed, on: subject }

# required: all must be met to confirm it. discriminating: one met makes it likely.
# supporting: for people. excluding: rules it out, or with a limit keeps it down.
criteria:
  - id: backup_failed
    role: required
    text: A backup failed at that time
    grade: INF
    subject: backup-failed
  - id: paused
    role: excluding
    text: The agent was paused by hand
    grade: VEN
    signal: agent_paused
    before: 10m
    silence: unmet

remediation:
  - text: Show who may read the files
    run: icacls <folder>
    shell: cmd # or powershell
    risk: read-only # or change, restart
references:
  - { title: Manual of the agent, url: "https://example.com/agent" }
known_false:
  - Event 100 also occurs when a job is cancelled

# Tests: events a line each (time, computer, PROVIDER/ID, NAME=VALUE or =VALUE), and
# the verdict that must come of it: confirmed, likely, possible, ruled-out or none.
tests:
  - name: the agent fails, and the backup does
    facts:
      HV01: { os.build: 6.1.7601 }
    events: |
      22:02:00 HV01 MyBackupAgent/100 "=access denied" =0x80070005
      22:02:36 HV01 VMMS/10102 Parameter0=FS03 Parameter1=0B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E10
    expect: confirmed
  - name: another error
    events: |
      22:02:00 HV01 MyBackupAgent/100 "=timeout" =0x800705b4
      22:02:36 HV01 VMMS/10102 Parameter0=FS03 Parameter1=0B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E10
    expect: none
`
