package rules_test

import (
	"testing"

	"github.com/vsswhy/vsswhy/rules"
	"github.com/vsswhy/vsswhy/rules/builtin"
)

func TestBuiltinRulesLoad(t *testing.T) {
	set, err := rules.Load(builtin.FS)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range set.Rules() {
		if r.Issue != i+1 {
			t.Errorf("rule %d is %s, issue %d", i, r.ID, r.Issue)
		}
	}
}
