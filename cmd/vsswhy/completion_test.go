package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// bashLine completes a command line as bash does when Tab is pressed, and prints
// how its last word may go on. Where the package bash-completion is missing, the
// one function of it that counts is made up.
const bashLine = `
for f in /usr/share/bash-completion/bash_completion /opt/homebrew/etc/profile.d/bash_completion.sh; do
  [ -r $f ] && . $f
done
declare -F _get_comp_words_by_ref >/dev/null || _get_comp_words_by_ref() {
  cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
}
compopt() { :; } # there is no line that is being typed
. ./completion
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_TYPE=63 COMP_KEY=9
COMP_POINT=${#COMP_LINE}
__start_vsswhy
printf '%s\n' "${COMPREPLY[@]}"
`

// TestBashCompletion runs the completion in a real bash.
func TestBashCompletion(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("shells on Windows know other paths than its programs")
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, program)); err != nil {
		t.Skip("no symbolic links: ", err)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("completion", mustRun(t, 0, "completion", "bash"))
	write("line.sh", bashLine)
	for _, name := range []string{"acme.vsswhy", "other"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	mustRun(t, 0, "scan", "--case", filepath.Join(dir, "acme.vsswhy"), "--index", "off", bundle(t))

	for _, test := range []struct {
		line  []string
		want  []string // are offered
		never []string
	}{
		{[]string{"vsswhy", "sc"}, []string{"scan", "schema"}, []string{"build-index"}},
		{[]string{"vsswhy", "scan", "--format", ""}, []string{"csv", "ecs", "html", "json", "jsonl", "md", "text"}, []string{"parquet"}},
		{[]string{"vsswhy", "events", "--format", ""}, []string{"csv", "ecs", "jsonl", "parquet", "text"}, []string{"html"}},
		{[]string{"vsswhy", "scan", "--fail-on", "l"}, []string{"likely"}, []string{"confirmed"}},
		{[]string{"vsswhy", "scan", "--in"}, []string{"--index"}, nil},
		{[]string{"vsswhy", "rules", "explain", "kb975354-"}, []string{"kb975354-1", "kb975354-2", "kb975354-3", "kb975354-4"}, []string{"disk-signature"}},
		{[]string{"vsswhy", "rules", "explain", "disk-s"}, []string{"disk-signature"}, nil},
		{[]string{"vsswhy", "code", "VSS_E_PROVIDER_V"}, []string{"VSS_E_PROVIDER_VETO"}, nil},
		{[]string{"vsswhy", "code", "0x800423f4"}, []string{"0x800423f4"}, nil},
		{[]string{"vsswhy", "code", "vss/8229"}, []string{"vss/8229"}, nil},
		{[]string{"vsswhy", "report", ""}, []string{"acme.vsswhy", "other/"}, []string{"completion", "line.sh"}},
		{[]string{"vsswhy", "verify", "a"}, []string{"acme.vsswhy"}, []string{"other/"}},
		{[]string{"vsswhy", "events", "--where", "prov"}, []string{"prov:"}, nil},
		{[]string{"vsswhy", "events", "--facets", "pr"}, []string{"prov"}, nil},
		{[]string{"vsswhy", "schema", ""}, []string{"report", "rule"}, nil},
		{[]string{"vsswhy", "completion", "z"}, []string{"zsh"}, nil},
		{[]string{"vsswhy", "man", "rules", "e"}, []string{"explain"}, nil},
		{[]string{"vsswhy", "scan", "--password", ""}, nil, []string{"completion", "acme.vsswhy"}},
	} {
		cmd := exec.Command(bash, append([]string{"--norc", "line.sh"}, test.line...)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v: %s", test.line, err, out)
		}
		var got []string
		for line := range strings.Lines(string(out)) {
			word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
			got = append(got, word)
		}
		for _, w := range test.want {
			if !slices.Contains(got, w) {
				t.Errorf("%q: %q is not offered, but %q", test.line, w, got)
			}
		}
		for _, w := range test.never {
			if slices.Contains(got, w) {
				t.Errorf("%q: %q is offered", test.line, w)
			}
		}
	}
}

// TestCompletionScripts: there is one for each shell; the shells that are here
// can parse theirs.
func TestCompletionScripts(t *testing.T) {
	parse := map[string][]string{"bash": {"bash", "-n"}, "zsh": {"zsh", "-n"}, "fish": {"fish", "-n"}}
	for shell := range shells {
		script := mustRun(t, 0, "completion", shell)
		if !strings.Contains(script, "__complete") {
			t.Errorf("%s: %.200s", shell, script)
		}
		line := parse[shell]
		if line == nil {
			continue
		}
		if _, err := exec.LookPath(line[0]); err != nil {
			t.Logf("no %s here: not parsed", shell)
			continue
		}
		file := filepath.Join(t.TempDir(), fmt.Sprintf("completion.%s", shell))
		if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(line[0], append(line[1:], file)...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", shell, err, out)
		}
	}
	mustRun(t, 2, "completion", "tcsh")
	// Other shells than bash, which escapes the comma, can also complete this.
	if got := mustRun(t, 0, "__complete", "batch", "--format", "json,h"); !strings.Contains(got, "json,html\n") {
		t.Error(got)
	}
	if got := mustRun(t, 0, "__complete", "events", "--facets", "host,pr"); !strings.HasPrefix(got, "host,prov\t") {
		t.Errorf("the second of two fields: %q", got)
	}
}
