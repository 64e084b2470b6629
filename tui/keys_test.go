package tui

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKeysDoNotCollide(t *testing.T) {
	for name, scopes := range scopesOf {
		taken := map[string]action{}
		for _, b := range bindings {
			if b.scope != everywhere && !slices.Contains(scopes, b.scope) {
				continue
			}
			for _, key := range b.keys {
				if other, ok := taken[key]; ok {
					t.Errorf("%s: %q is both %s and %s", name, key, other, b.action)
				}
				taken[key] = b.action
			}
		}
	}
}

// TestScopes wants the scopes of every view to be among those that are checked.
func TestScopes(t *testing.T) {
	c := makeCase(t, bundles...)
	seen := map[string]bool{}
	for _, s := range screens {
		d := newDriver(t, c, 80, 24)
		d.keys(strings.Fields(s.keys)...)
		found := false
		for name, scopes := range scopesOf {
			if slices.Equal(scopes, d.a.top().scopes()) {
				seen[name], found = true, true
			}
		}
		if !found {
			t.Errorf("%s: the scopes %v are not checked", s.name, d.a.top().scopes())
		}
	}
	for name := range scopesOf {
		if !seen[name] {
			t.Errorf("no view has the scopes %q", name)
		}
	}
}

func TestHelpIsComplete(t *testing.T) {
	for _, b := range bindings {
		if b.help == "" || len(b.keys) == 0 {
			t.Errorf("%s has no help or no key", b.action)
		}
	}
}

func TestNewKeymap(t *testing.T) {
	for _, tt := range []struct {
		name    string
		changed map[string][]string
		want    string
	}{
		{"nothing", nil, ""},
		{"another key", map[string][]string{"quit": {"Q"}}, ""},
		{"no key", map[string][]string{"mouse": {}}, ""},
		{"no such action", map[string][]string{"fly": {"F"}}, `keys: there is no action "fly"`},
		{"taken", map[string][]string{"copy": {"q"}}, `keys: "q" is both copy and quit in choice`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := newKeymap(tt.changed)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestKeyName(t *testing.T) {
	got := map[string]string{}
	for _, key := range []string{"pgdown", "shift+tab", "ctrl+x", "+", "ctrl++", "esc", "G", "space"} {
		got[key] = keyName(key)
	}
	want := map[string]string{"pgdown": "PgDn", "shift+tab": "shift+Tab", "ctrl+x": "ctrl+x", "+": "+", "ctrl++": "ctrl++", "esc": "Esc", "G": "G", "space": "Space"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
