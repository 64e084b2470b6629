package rules_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest"
	"github.com/vsswhy/vsswhy/rules"
	"github.com/vsswhy/vsswhy/rules/builtin"
	"github.com/vsswhy/vsswhy/rules/report"
	"github.com/vsswhy/vsswhy/rules/scene"
)

// diagnoseCase scans a bundle of testdata/cases and evaluates the built-in
// rules with the answers.
func diagnoseCase(t *testing.T, name string, answers ...rules.Answer) *report.Report {
	t.Helper()
	set, err := rules.Load(builtin.FS)
	if err != nil {
		t.Fatal(err)
	}
	interest := set.Interest()
	interest.Merge(scene.Interest())
	b := scene.NewBuilder()
	input := ingest.Input{Path: "../testdata/cases/" + name + ".zip"}
	for batch := range ingest.ScanInputs(t.Context(), []ingest.Input{input}, ingest.Options{Interest: interest}) {
		b.Add(batch)
	}
	return set.Diagnose(b.Build(), rules.Scope{}, answers...)
}

// told is a finding in short.
type told struct {
	Verdict             string
	Candidate, Answered bool
}

func toldOf(r *report.Report, rule string) told {
	for _, f := range r.Findings {
		if f.Rule == rule {
			return told{f.Verdict, f.Candidate, f.Answered}
		}
	}
	return told{}
}

var answeredAt = time.Date(2010, 3, 16, 9, 0, 0, 0, time.UTC)

// iscsi makes answers about the machine FS03 of the iSCSI cases.
func iscsi(pairs ...string) []rules.Answer {
	return answersOf(rules.Answer{Rule: "kb975354-1", Host: "HV01.contoso.com", VM: "FS03"}, pairs...)
}

func answersOf(about rules.Answer, pairs ...string) []rules.Answer {
	var list []rules.Answer
	for i := 0; i < len(pairs); i += 2 {
		about.Criterion, about.Value, about.Note, about.Time = pairs[i], pairs[i+1], "the customer said so", answeredAt
		list = append(list, about)
	}
	return list
}

func TestAnswersInCases(t *testing.T) {
	csv := rules.Answer{Rule: "kb975354-2", Host: "NODE-A.contoso.com", VM: "FILE07", Volume: "Volume1"}
	guest := rules.Answer{Rule: "kb975354-3", Host: "HV01.contoso.com", VM: "SQL01"}
	restore := rules.Answer{Rule: "kb975354-4", Host: "HV01", VM: "6B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E16"}
	for _, tc := range []struct {
		name, bundle, rule string
		answers            []rules.Answer
		want               told
	}{
		{"nothing said", "iscsi-possible", "kb975354-1", nil, told{"possible", true, false}},
		{"one discriminates", "iscsi-possible", "kb975354-1", iscsi("guest_is_2003", "yes"), told{"likely", true, true}},
		{"all required", "iscsi-possible", "kb975354-1", iscsi("guest_is_2003", "yes", "guest_uses_iscsi", "yes"), told{"confirmed", true, true}},
		{"another guest rules out", "iscsi-possible", "kb975354-1", iscsi("guest_is_2003", "no"), told{"ruled-out", true, true}},
		{"no iSCSI keeps the look-alike", "iscsi-possible", "kb975354-1", iscsi("guest_is_2003", "yes", "guest_uses_iscsi", "no"), told{"possible", true, false}},
		{"an artefact rules out", "iscsi-possible", "kb975354-1", iscsi("same_signature", "yes"), told{"ruled-out", true, true}},
		{"silence taken for a no", "iscsi-possible", "kb975354-1", iscsi("saved_state", "yes"), told{"ruled-out", true, true}},
		{"unknown", "iscsi-possible", "kb975354-1", iscsi("guest_is_2003", "unknown"), told{"possible", true, false}},
		{"another machine", "iscsi-possible", "kb975354-1",
			answersOf(rules.Answer{Rule: "kb975354-1", Host: "HV01", VM: "WEB01"}, "guest_is_2003", "no"), told{"possible", true, false}},
		{"another volume", "iscsi-possible", "kb975354-1",
			answersOf(rules.Answer{Rule: "kb975354-1", Host: "HV01", VM: "FS03", Volume: "Volume1"}, "guest_is_2003", "no"), told{"possible", true, false}},
		{"gate and iSCSI", "iscsi-likely", "kb975354-1", iscsi("gate", "yes", "guest_uses_iscsi", "yes"), told{"confirmed", true, true}},
		{"gate alone", "iscsi-likely", "kb975354-1", iscsi("gate", "yes"), told{"likely", true, false}},
		{"no gate rules out", "iscsi-likely", "kb975354-1", iscsi("gate", "no"), told{"ruled-out", true, true}},
		{"the logs contradict", "iscsi-ruled-out-newer-guest", "kb975354-1", iscsi("guest_is_2003", "yes", "guest_is_other", "no"), told{"ruled-out", true, false}},
		{"the logs confirm", "iscsi-confirmed", "kb975354-1", iscsi("guest_is_2003", "yes"), told{"confirmed", true, false}},
		{"node's updates", "csv-likely", "kb975354-2", answersOf(csv, "gate", "yes"), told{"confirmed", true, true}},
		{"other node", "csv-possible-one-node", "kb975354-2", answersOf(csv, "taken_there", "no"), told{"ruled-out", true, true}},
		{"the application froze", "guest-backup-possible-open-end", "kb975354-3", answersOf(guest, "reached_app", "yes"), told{"possible", true, false}},
		{"it froze, and the backups overlap", "guest-backup-possible-open-end", "kb975354-3", answersOf(guest, "reached_app", "yes", "overlap", "yes"), told{"likely", true, true}},
		{"restore, by short name and id", "restore-likely", "kb975354-4", answersOf(restore, "gate", "yes"), told{"confirmed", true, true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := diagnoseCase(t, tc.bundle, tc.answers...)
			if diff := cmp.Diff(tc.want, toldOf(r, tc.rule)); diff != "" {
				t.Error(diff)
			}
			for _, f := range r.Failures {
				for _, c := range f.Causes {
					if r.Findings[0].ID == c.Finding && c.Answered != r.Findings[0].Answered {
						t.Errorf("cause %+v of finding %+v", c, toldOf(r, tc.rule))
					}
				}
			}
		})
	}
}

// TestAnswersAreReported: the criterion says by whom it was settled and cites no
// log, and every answer is listed with what became of it.
func TestAnswersAreReported(t *testing.T) {
	answers := iscsi("guest_is_2003", "yes", "revert_failed", "no", "anchor", "yes", "sense", "yes", "gate", "perhaps", "guest_uses_iscsi", "unknown")
	answers = append(answers, rules.Answer{Rule: "kb1", Host: "HV01", Criterion: "x", Value: "yes"}, rules.Answer{Rule: "kb975354-2", Host: "ELSEWHERE", Criterion: "gate", Value: "yes"},
		rules.Answer{Rule: "kb975354-2", Host: "HV01", Criterion: "gate", Value: "yes", Note: "a\x1b[31mb"})
	r := diagnoseCase(t, "iscsi-possible", answers...)
	type fate struct {
		Criterion, Outcome string
		Used               bool
	}
	var got []fate
	for _, a := range r.Answers {
		got = append(got, fate{a.Criterion, a.Outcome, a.Used})
	}
	want := []fate{
		{"guest_is_2003", "counts, because the logs are silent", true},
		{"revert_failed", "the logs contradict it", false},
		{"anchor", "only logs can show the anchor", false},
		{"sense", `the rule has no criterion "sense"`, false},
		{"gate", `"perhaps" is neither yes, no nor unknown`, false},
		{"guest_uses_iscsi", "leaves the question as it is", false},
		{"x", `there is no rule "kb1"`, false},
		{"gate", "there are no logs of that computer", false},
		{"gate", "there is no such finding", false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if note := r.Answers[8].Note; note != "a·[31mb" {
		t.Errorf("note %q", note)
	}
	replies := map[string]*report.CriterionAnswer{}
	for _, c := range r.Findings[0].Criteria {
		if c.Answer == nil {
			continue
		}
		replies[c.ID] = c.Answer
		if c.Answer.Logs == "silent" && len(c.Evidence) > 0 {
			t.Errorf("%s is answered, and cites %v", c.ID, c.Evidence)
		}
	}
	reply := func(value, from, logs string) *report.CriterionAnswer {
		return &report.CriterionAnswer{Value: value, Note: "the customer said so", Time: report.Time{Time: answeredAt}, From: from, Logs: logs}
	}
	const asked = "The guest runs Windows Server 2003"
	if diff := cmp.Diff(map[string]*report.CriterionAnswer{
		"guest_is_2003": reply("yes", "", "silent"), "known_2003": reply("yes", asked, "silent"), "guest_is_other": reply("no", asked, "silent"),
		"revert_failed": reply("no", "", "disagree"), "guest_uses_iscsi": reply("unknown", "", "silent"),
	}, replies); diff != "" {
		t.Error(diff)
	}
}

// TestNoAnswersChangeNothing: a report without answers, or with answers that
// never count, differs in nothing but its list of answers.
func TestNoAnswersChangeNothing(t *testing.T) {
	useless := []rules.Answer{{Rule: "kb975354-1", Host: "HV01", VM: "OTHER", Criterion: "guest_is_2003", Value: "no"}, {}}
	for _, name := range []string{"iscsi-possible", "csv-two-nodes", "restore-likely"} {
		plain, with := diagnoseCase(t, name), diagnoseCase(t, name, useless...)
		if len(with.Answers) != len(useless) {
			t.Errorf("%d answers listed", len(with.Answers))
		}
		with.Answers = plain.Answers
		var a, b bytes.Buffer
		if err := plain.WriteJSON(&a); err != nil {
			t.Fatal(err)
		}
		if err := with.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a.String(), b.String()); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}
