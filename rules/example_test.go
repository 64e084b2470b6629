package rules_test

import (
	"testing"

	"github.com/vsswhy/vsswhy/rules"
	"github.com/vsswhy/vsswhy/rules/builtin"
)

// TestExamples runs the tests that stand in the rules, and spoils the evidence of
// those that fire.
func TestExamples(t *testing.T) {
	set, err := rules.Load(builtin.FS)
	if err != nil {
		t.Fatal(err)
	}
	mutations := 0
	for _, trial := range set.Try() {
		for _, failure := range trial.Failures {
			t.Errorf("%s, %q: %s", trial.Rule, trial.Example, failure)
		}
		mutations += trial.Mutations
	}
	if mutations < 60 {
		t.Errorf("only %d mutations were tried", mutations)
	}
}
