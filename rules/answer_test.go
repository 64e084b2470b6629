package rules

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/rules/scene"
)

// TestAnswersThroughJudge: an answer does for a criterion that the logs leave
// open what the logs would have done, and nothing where they speak.
func TestAnswersThroughJudge(t *testing.T) {
	assumed := func(o *outcome) { o.assumed = true }
	// The rest of the finding: likely, and confirmed once the one that is asked is.
	rest := func() []*outcome { return []*outcome{oc(RoleAnchor, Met), oc(RoleDiscriminating, Met)} }
	type want struct{ yes, no, unknown Verdict }
	for _, tc := range []struct {
		name  string
		asked func() *outcome
		want  want
	}{
		{"required, open", func() *outcome { return oc(RoleRequired, Unknown) }, want{Confirmed, Possible, Likely}},
		{"required, from memory, open", func() *outcome { return oc(RoleRequired, Unknown, graded(GradeMEM)) }, want{Confirmed, Possible, Likely}},
		{"required, met", func() *outcome { return oc(RoleRequired, Met) }, want{Confirmed, Confirmed, Confirmed}},
		{"required, met from memory", func() *outcome { return oc(RoleRequired, Met, graded(GradeMEM)) }, want{Likely, Likely, Likely}},
		{"required, unmet", func() *outcome { return oc(RoleRequired, Unmet) }, want{Possible, Possible, Possible}},
		{"required, unmet by silence", func() *outcome { return oc(RoleRequired, Unmet, assumed) }, want{Confirmed, Possible, Possible}},
		{"discriminating, open", func() *outcome { return oc(RoleDiscriminating, Unknown) }, want{Confirmed, Possible, Confirmed}},
		{"discriminating, unmet", func() *outcome { return oc(RoleDiscriminating, Unmet) }, want{Possible, Possible, Possible}},
		{"supporting, open", func() *outcome { return oc(RoleSupporting, Unknown) }, want{Confirmed, Confirmed, Confirmed}},
		{"excluding, open", func() *outcome { return oc(RoleExcluding, Unknown) }, want{RuledOut, Confirmed, Likely}},
		{"excluding, met", func() *outcome { return oc(RoleExcluding, Met) }, want{RuledOut, RuledOut, RuledOut}},
		{"excluding, unmet", func() *outcome { return oc(RoleExcluding, Unmet) }, want{Confirmed, Confirmed, Confirmed}},
		{"excluding, unmet by silence", func() *outcome { return oc(RoleExcluding, Unmet, assumed) }, want{RuledOut, Confirmed, Confirmed}},
		{"excluding, only artefacts show it", func() *outcome { return oc(RoleExcluding, Unknown, artefact) }, want{RuledOut, Confirmed, Confirmed}},
		{"excluding with a limit, open", func() *outcome { return oc(RoleExcluding, Unknown, limit(Possible)) }, want{Possible, Confirmed, Likely}},
	} {
		verdict := func(value string) Verdict {
			o := tc.asked()
			o.hear(&said{Answer: Answer{Value: value}, state: answerValues[value]})
			return judge(append(rest(), o))
		}
		got := want{verdict("yes"), verdict("no"), verdict("unknown")}
		if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(want{})); diff != "" {
			t.Errorf("%s:\n%s", tc.name, diff)
		}
	}
}

// TestAnswersStandNoHigherThanInferences: what an answer meets has the grade
// INF, so that a required one makes a candidate; any that lifts the verdict does.
func TestAnswersStandNoHigherThanInferences(t *testing.T) {
	for _, role := range []Role{RoleRequired, RoleDiscriminating, RoleExcluding} {
		for _, value := range []string{"yes", "no"} {
			asked := oc(role, Unknown)
			f := &finding{outcomes: []*outcome{oc(RoleAnchor, Met), oc(RoleRequired, Unknown), asked}}
			f.unaided = judge(f.outcomes)
			asked.hear(&said{Answer: Answer{Value: value}, state: answerValues[value]})
			f.verdict = judge(f.outcomes)
			if asked.grade != GradeINF {
				t.Errorf("%s, %s: grade %s", role, value, asked.grade)
			}
			if f.verdict > f.unaided && !f.candidate() {
				t.Errorf("%s, %s: lifted from %v to %v, and no candidate", role, value, f.unaided, f.verdict)
			}
		}
	}
}

// TestImpliedAnswers: what an answer implies counts only where the logs are
// silent, nothing else was said, and no other answer implies the contrary.
func TestImpliedAnswers(t *testing.T) {
	criteria := []*Criterion{
		{ID: "a", Role: RoleRequired, Text: "A", IfYes: map[string]State{"c": Met}},
		{ID: "b", Role: RoleRequired, Text: "B", IfYes: map[string]State{"c": Unmet}, IfNo: map[string]State{"c": Met}},
		{ID: "c", Role: RoleRequired, Text: "C"},
	}
	rule := &compiledRule{Rule: &Rule{ID: "r", Criteria: criteria}}
	host := &scene.Host{Name: "H"}
	for _, tc := range []struct {
		name    string
		logs    State // what they say of c
		answers map[string]string
		want    State
		from    string
	}{
		{"implied", Unknown, map[string]string{"a": "yes"}, Met, "A"},
		{"implied by a no", Unknown, map[string]string{"b": "no"}, Met, "B"},
		{"twice", Unknown, map[string]string{"a": "yes", "b": "no"}, Met, "A"},
		{"the contrary, too", Unknown, map[string]string{"a": "yes", "b": "yes"}, Unknown, ""},
		{"said itself", Unknown, map[string]string{"a": "yes", "c": "no"}, Unmet, ""},
		{"said to be unknown", Unknown, map[string]string{"a": "yes", "c": "unknown"}, Unknown, ""},
		{"the logs speak", Unmet, map[string]string{"a": "yes"}, Unmet, ""},
	} {
		b := &answerBook{index: map[answerKey]*said{}}
		f := &finding{rule: rule, sub: &subject{host: host}}
		for _, c := range criteria {
			o := &outcome{c, result{grade: GradeMS}}
			if c.ID == "c" {
				o.state = tc.logs
			}
			f.outcomes = append(f.outcomes, o)
			if value, ok := tc.answers[c.ID]; ok {
				b.add(answerKey{rule: "r", criterion: c.ID, host: host}, &said{Answer: Answer{Value: value}, state: answerValues[value]})
			}
		}
		b.settle(f)
		from := ""
		if r := f.outcomes[2].reply; r != nil {
			from = r.from
		}
		if got := f.outcomes[2].state; got != tc.want || from != tc.from {
			t.Errorf("%s: c is %v from %q, want %v from %q", tc.name, got, from, tc.want, tc.from)
		}
	}
}

// TestYieldingByAnswers: a finding that yields to one whose verdict rests on an
// answer has a verdict that rests on it, too.
func TestYieldingByAnswers(t *testing.T) {
	for _, tc := range []struct {
		name                            string
		verdict, unaided                Verdict // of the issue that is yielded to
		own, ownUnaided                 Verdict
		wantVerdict, wantUnaided, other Verdict
	}{
		{"without answers", Confirmed, Confirmed, Likely, Likely, Possible, Possible, Confirmed},
		{"an answer lifts the other", Confirmed, Possible, Likely, Likely, Possible, Likely, Confirmed},
		{"an answer rules the other out", RuledOut, Likely, Likely, Likely, Likely, Possible, RuledOut},
		{"ruled out itself", Confirmed, Confirmed, RuledOut, Likely, RuledOut, Possible, Confirmed},
	} {
		failure := &scene.Failure{}
		two := &finding{rule: &compiledRule{Rule: &Rule{ID: "two"}}, sub: &subject{failure: failure}, outcomes: []*outcome{oc(RoleAnchor, Met)},
			verdict: tc.verdict, unaided: tc.unaided}
		one := &finding{rule: &compiledRule{Rule: &Rule{ID: "one", YieldsTo: []string{"two"}}}, sub: &subject{failure: failure}, verdict: tc.own, unaided: tc.ownUnaided}
		d := &diagnosis{findings: []*finding{one, two}}
		d.yield()
		if one.verdict != tc.wantVerdict || one.unaided != tc.wantUnaided || two.verdict != tc.other {
			t.Errorf("%s: %v (alone %v) beside %v", tc.name, one.verdict, one.unaided, two.verdict)
		}
	}
}

// TestLaterAnswerCounts: of two answers to one question the later one counts,
// in whatever order they are given.
func TestLaterAnswerCounts(t *testing.T) {
	early := &said{Answer: Answer{Value: "no", Time: time.Unix(1, 0)}}
	late := &said{Answer: Answer{Value: "yes", Time: time.Unix(2, 0)}}
	for _, order := range [][]*said{{early, late}, {late, early}} {
		early.fault, late.fault = "", ""
		b := &answerBook{index: map[answerKey]*said{}}
		for _, x := range order {
			b.add(answerKey{}, x)
		}
		if b.index[answerKey{}] != late || early.fault == "" || late.fault != "" {
			t.Errorf("%q first: early %q, late %q", order[0].Value, early.fault, late.fault)
		}
	}
}
