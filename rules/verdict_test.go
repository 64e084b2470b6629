package rules

import (
	"testing"

	"github.com/vsswhy/vsswhy/rules/scene"
)

// oc makes an outcome.
func oc(role Role, state State, change ...func(*outcome)) *outcome {
	o := &outcome{&Criterion{Role: role}, result{state: state, grade: GradeMS}}
	for _, f := range change {
		f(o)
	}
	return o
}

func limit(v Verdict) func(*outcome)  { return func(o *outcome) { o.Limit = v } }
func artefact(o *outcome)             { o.Artefact = true }
func graded(g Grade) func(o *outcome) { return func(o *outcome) { o.grade = g } }

func TestJudge(t *testing.T) {
	anchor := oc(RoleAnchor, Met)
	for _, tc := range []struct {
		name     string
		want     Verdict
		outcomes []*outcome
	}{
		{"anchor alone", Confirmed, []*outcome{}},
		{"all required", Confirmed, []*outcome{oc(RoleRequired, Met), oc(RoleDiscriminating, Met), oc(RoleExcluding, Unmet)}},
		{"all required, what tells it apart unknown", Possible, []*outcome{oc(RoleRequired, Met), oc(RoleDiscriminating, Unknown)}},
		{"required unknown", Possible, []*outcome{oc(RoleRequired, Unknown)}},
		{"required unknown, discriminating met", Likely, []*outcome{oc(RoleRequired, Unknown), oc(RoleDiscriminating, Met)}},
		{"one discriminating met, one unknown", Likely, []*outcome{oc(RoleRequired, Unknown), oc(RoleDiscriminating, Met), oc(RoleDiscriminating, Unknown)}},
		{"one discriminating unmet", Possible, []*outcome{oc(RoleRequired, Unknown), oc(RoleDiscriminating, Met), oc(RoleDiscriminating, Unmet)}},
		{"required unmet", Possible, []*outcome{oc(RoleRequired, Unmet), oc(RoleDiscriminating, Met)}},
		{"supporting never decides", Confirmed, []*outcome{oc(RoleRequired, Met), oc(RoleSupporting, Unmet)}},
		{"excluding met outranks all", RuledOut, []*outcome{oc(RoleRequired, Met), oc(RoleDiscriminating, Met), oc(RoleExcluding, Met)}},
		{"excluding unknown, logs could show it", Likely, []*outcome{oc(RoleRequired, Met), oc(RoleDiscriminating, Met), oc(RoleExcluding, Unknown)}},
		{"excluding unknown, only artefacts can show it", Confirmed, []*outcome{oc(RoleRequired, Met), oc(RoleExcluding, Unknown, artefact)}},
		{"limit", Possible, []*outcome{oc(RoleRequired, Met), oc(RoleDiscriminating, Met), oc(RoleExcluding, Met, limit(Possible))}},
		{"limit and ruled out", RuledOut, []*outcome{oc(RoleExcluding, Met, limit(Possible)), oc(RoleExcluding, Met)}},
		{"from memory", Likely, []*outcome{oc(RoleRequired, Met, graded(GradeMEM)), oc(RoleDiscriminating, Met)}},
		{"inferred", Confirmed, []*outcome{oc(RoleRequired, Met, graded(GradeINF))}},
	} {
		if got := judge(append([]*outcome{anchor}, tc.outcomes...)); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

// Whatever is taken from a confirmed finding, the verdict falls; nothing that
// is added against it lets it rise.
func TestJudgeFalls(t *testing.T) {
	states := []State{Unmet, Unknown, Met}
	roles := []Role{RoleRequired, RoleDiscriminating, RoleExcluding}
	for _, a := range states {
		for _, b := range states {
			for _, c := range states {
				list := []*outcome{oc(RoleAnchor, Met), oc(roles[0], a), oc(roles[1], b), oc(roles[2], c)}
				whole := judge(list)
				for i, o := range list[1:] {
					worse := o.state - 1
					if o.Role == RoleExcluding {
						worse = o.state + 1
					}
					if worse < Unmet || worse > Met {
						continue
					}
					changed := append([]*outcome{}, list...)
					changed[i+1] = oc(o.Role, worse)
					if got := judge(changed); got > whole {
						t.Errorf("%v %v %v: worse %s lifts %v to %v", a, b, c, o.Role, whole, got)
					}
				}
			}
		}
	}
}

func TestParseVerdict(t *testing.T) {
	for v := RuledOut; v <= Confirmed; v++ {
		if got, err := ParseVerdict(v.String()); err != nil || got != v {
			t.Errorf("ParseVerdict(%q) = %v, %v", v, got, err)
		}
	}
	if _, err := ParseVerdict("sure"); err == nil {
		t.Error("no error for an unknown verdict")
	}
}

// parts makes an evaluator whose named tests have fixed outcomes.
func parts(t *testing.T) (*evaluator, map[State]*Test) {
	t.Helper()
	yes, no := true, false
	job := &scene.Job{Target: "", HasTarget: true}
	ev := &evaluator{sub: &subject{host: &scene.Host{Name: "A"}, job: job}, scene: &scene.Scene{}, finder: newFinder()}
	return ev, map[State]*Test{
		Met:     {Fact: "restore.target", Empty: &yes},
		Unmet:   {Fact: "restore.target", Empty: &no},
		Unknown: {Fact: "host.san_policy", Is: "3"},
	}
}

// TestThreeValuedLogic: all is the minimum, any the maximum, not turns met and
// unmet around, and if_known lets unknown be unmet.
func TestThreeValuedLogic(t *testing.T) {
	ev, part := parts(t)
	for _, a := range []State{Unmet, Unknown, Met} {
		if got := ev.test(part[a], GradeMS).state; got != a {
			t.Fatalf("part %v is %v", a, got)
		}
		if got := ev.test(&Test{Not: part[a]}, GradeMS).state; got != -a {
			t.Errorf("not %v = %v", a, got)
		}
		want := a
		if a == Unknown {
			want = Unmet
		}
		if got := ev.test(&Test{IfKnown: part[a]}, GradeMS).state; got != want {
			t.Errorf("if_known %v = %v", a, got)
		}
		for _, b := range []State{Unmet, Unknown, Met} {
			if got := ev.test(&Test{All: []*Test{part[a], part[b]}}, GradeMS).state; got != min(a, b) {
				t.Errorf("all %v %v = %v", a, b, got)
			}
			if got := ev.test(&Test{Any: []*Test{part[a], part[b]}}, GradeMS).state; got != max(a, b) {
				t.Errorf("any %v %v = %v", a, b, got)
			}
		}
	}
	if r := ev.test(&Test{All: []*Test{part[Met], part[Unknown]}}, GradeMS); len(r.missing) != 1 {
		t.Errorf("an unknown says what would settle it: %v", r.missing)
	}
}

// TestGrades: all is as sure as its weakest part, any as its best met one.
func TestGrades(t *testing.T) {
	ev, part := parts(t)
	weak := *part[Met]
	weak.Sure = GradeMEM
	if r := ev.test(&Test{All: []*Test{part[Met], &weak}}, GradeMS); r.grade != GradeMEM {
		t.Errorf("all: %s", r.grade)
	}
	if r := ev.test(&Test{Any: []*Test{&weak, part[Met]}}, GradeMS); r.grade != GradeMS {
		t.Errorf("any: %s", r.grade)
	}
	if r := ev.test(&Test{Any: []*Test{&weak, part[Unmet]}}, GradeMS); r.grade != GradeMEM {
		t.Errorf("any with one met part: %s", r.grade)
	}
}
