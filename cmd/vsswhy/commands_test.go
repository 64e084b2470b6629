package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestCommandReference holds docs/commands.md to the program.
func TestCommandReference(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Commands\n\nMade of the program by `go test ./cmd/vsswhy -run CommandReference -update`. The same is in `vsswhy COMMAND --help` and in the manual pages (`vsswhy man`).\n\n")
	list := commands(newRoot())
	for _, cmd := range list {
		fmt.Fprintf(&b, "- [%s](#%s): %s\n", cmd.CommandPath(), pageName(cmd), cmd.Short)
	}
	b.WriteString("\n## Exit codes\n\n| code | meaning |\n|---|---|\n")
	for _, e := range exitCodes {
		fmt.Fprintf(&b, "| %d | %s |\n", e.code, e.meaning)
	}
	b.WriteString("\n" + exitPrecedence + "\n\n## Flags of all commands\n\n")
	flagTable(&b, list[0].PersistentFlags())
	for _, cmd := range list {
		reference(&b, cmd)
	}
	golden(t, "../../docs/commands.md", b.String())
}

// reference is the section of a command.
func reference(b *strings.Builder, cmd *cobra.Command) {
	fmt.Fprintf(b, "\n<a id=\"%s\"></a>\n\n## %s\n\n    %s\n", pageName(cmd), cmd.CommandPath(), cmd.UseLine())
	for _, p := range paragraphs(about(cmd)) {
		b.WriteString("\n")
		for _, line := range p.lines {
			if p.verbatim {
				line = "  " + line
			} else {
				line = markdown.Replace(line)
			}
			b.WriteString(line + "\n")
		}
	}
	if flags := cmd.LocalNonPersistentFlags(); flags.HasAvailableFlags() {
		b.WriteString("\n")
		flagTable(b, flags)
	}
	if cmd.Example != "" {
		b.WriteString("\n```sh\n" + strings.ReplaceAll(strings.TrimPrefix(cmd.Example, "  "), "\n  ", "\n") + "\n```\n")
	}
}

// markdown escapes what Markdown would read as its own.
var markdown = strings.NewReplacer("*", `\*`, "<", `\<`, "|", `\|`, "_", `\_`)

func flagTable(b *strings.Builder, flags *pflag.FlagSet) {
	b.WriteString("| flag | for |\n|---|---|\n")
	flags.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			fmt.Fprintf(b, "| `%s` | %s |\n", spelled(f), markdown.Replace(usage(f)))
		}
	})
}

// TestManualPages: all pages are rendered by those who render such pages, without
// a warning, and show what the program says of itself.
func TestManualPages(t *testing.T) {
	dir := t.TempDir()
	mustRun(t, 0, "man", "--dir", dir)
	for _, cmd := range commands(newRoot()) {
		path := filepath.Join(dir, pageName(cmd)+".1")
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range page {
			if page[i] > 126 || page[i] < ' ' && page[i] != '\n' {
				t.Fatalf("%s: byte %#x at %d, which not every man can read", path, page[i], i)
			}
		}
		render(t, cmd, path)
	}
	if got := mustRun(t, 0, "man", "rules", "explain"); !strings.HasPrefix(got, `.TH "VSSWHY\-RULES\-EXPLAIN" 1 `) {
		t.Errorf("a page of a command below another: %.80s", got)
	}
	mustRun(t, 2, "man", "no-such-command")
	mustRun(t, 2, "man", "--dir", dir, "scan")
}

// render runs the renderers that are there.
func render(t *testing.T, cmd *cobra.Command, path string) {
	t.Helper()
	rendered := false
	for _, line := range [][]string{{"groff", "-man", "-ww", "-Tascii", "-P-cbou"}, {"mandoc", "-Tlint", "-Wwarning"}} {
		if _, err := exec.LookPath(line[0]); err != nil {
			continue
		}
		var out, trouble bytes.Buffer
		c := exec.Command(line[0], append(line[1:], path)...)
		c.Stdout, c.Stderr = &out, &trouble
		if line[0] == "mandoc" {
			c.Stdout = &trouble // it prints nothing else
		}
		if err := c.Run(); err != nil || trouble.Len() > 0 {
			t.Errorf("%s %s: %v: %s", line[0], path, err, &trouble)
		}
		if text := strings.Join(strings.Fields(out.String()), " "); line[0] == "groff" && !strings.Contains(text, cmd.Short) {
			t.Errorf("%s does not show %q", path, cmd.Short)
		}
		rendered = true
	}
	if !rendered {
		t.Skip("neither groff nor mandoc is here")
	}
}

// TestSettingsAreFlags: every setting of the configuration file sets a flag, and
// no password is one of them.
func TestSettingsAreFlags(t *testing.T) {
	flags := flagsBySetting(newRoot())
	for _, name := range fileSettings {
		if flags[name] == nil {
			t.Errorf("no command has a flag %q", name)
		}
		if name == passwordFlag {
			t.Error("the file may have a password")
		}
	}
	for name := range choices {
		if f := flags[name]; f == nil || f.DefValue != "" && checkSetting(name, f.DefValue) != nil {
			t.Errorf("choices of %q: %v", name, f)
		}
	}
}
