package rules_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/vsswhy/vsswhy/rules"
	"github.com/vsswhy/vsswhy/rules/builtin"
)

// TestCatalogue holds the page of all rules to the rules.
func TestCatalogue(t *testing.T) {
	set, err := rules.Load(builtin.FS)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("# The rules\n\nMade of the rules by `go test ./rules -run Catalogue -update`. How sure a statement is stands in brackets: MS (Microsoft's text), SRC (message\ntables of the binaries), VEN (a vendor), COM (a report), INF (inferred), MEM (from memory). How to write a rule: [docs/rules.md](../../docs/rules.md).\n\n| rule | severity | cause |\n|---|---|---|\n")
	for _, r := range set.Rules() {
		b.WriteString("| [" + r.ID + "](#" + r.ID + ") | " + r.Severity + " | " + r.Title + " |\n")
	}
	for _, r := range set.Rules() {
		b.WriteString("\n## " + r.ID + "\n\n```\n")
		set.Explain(&b, r.ID)
		b.WriteString("```\n")
	}
	golden(t, filepath.Join("builtin", "README.md"), b.String())
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("[%d other causes]", len(set.Rules())-4); !strings.Contains(string(readme), want) {
		t.Errorf("the README does not speak of %s", want)
	}
}

// TestGuide holds the guide for authors to what the loader knows: each field of a
// rule and each fact and property is told, and the rule to begin with is shown.
func TestGuide(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "rules.md"))
	if err != nil {
		t.Fatal(err)
	}
	guide := string(text)
	if !strings.Contains(guide, "```yaml\n"+rules.Template+"```") {
		t.Error("the guide does not show what rules new prints")
	}
	for _, v := range []any{rules.Rule{}, rules.Criterion{}, rules.Test{}, rules.Matcher{}, rules.Example{}, rules.Update{}} {
		typ := reflect.TypeOf(v)
		for i := range typ.NumField() {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("yaml"), ",")
			if name != "" && !regexp.MustCompile(`\b`+name+`\b`).MatchString(guide) {
				t.Errorf("the guide does not tell of %s in a %s", name, typ.Name())
			}
		}
	}
	schema, err := rules.Schema()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile(`"((?:host|guest|restore)\.[a-z_]+)"`).FindAllStringSubmatch(string(schema), -1) {
		if !strings.Contains(guide, name[1]) {
			t.Errorf("the guide does not tell of the fact %s", name[1])
		}
	}
}
