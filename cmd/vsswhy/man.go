package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newMan() *cobra.Command {
	dir := ""
	cmd := &cobra.Command{
		Use:   "man [COMMAND]",
		Short: "Print a manual page, or write all of them",
		Long: `Print the manual page of the program or of one of its commands, in the language of
man. With --dir all pages are written to a folder, each to a file of its own.`,
		Example: `  vsswhy man scan | man -l -
  vsswhy man --dir /usr/local/share/man/man1`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if dir != "" && len(args) > 0 {
				return errors.New("--dir writes the pages of all commands: name none")
			}
			if dir != "" {
				return writePages(cmd.Root(), dir)
			}
			for _, c := range commands(cmd.Root()) {
				if strings.Join(append([]string{program}, args...), " ") == c.CommandPath() {
					return manPage(cmd.OutOrStdout(), c)
				}
			}
			return fmt.Errorf("there is no command %q", strings.Join(args, " "))
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "write all pages to this folder, which is made if need be")
	return cmd
}

// pages completes the name of a command.
func pages(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	at, _, err := cmd.Root().Find(args)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var list []string
	for _, c := range at.Commands() {
		if !c.Hidden {
			list = append(list, cobra.CompletionWithDesc(c.Name(), c.Short))
		}
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}

func writePages(root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, c := range commands(root) {
		var page bytes.Buffer
		if err := manPage(&page, c); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, pageName(c)+".1"), page.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// A roff collects a manual page.
type roff struct {
	bytes.Buffer
	opened bool // a section was just begun: its first paragraph begins with it
}

// manPage writes the page of a command.
func manPage(w io.Writer, cmd *cobra.Command) error {
	date, err := generatedAt()
	if err != nil {
		return err
	}
	var r roff
	fmt.Fprintf(&r, ".TH %s 1 %s \"%s %s\"\n", quoted(strings.ToUpper(pageName(cmd))), date.UTC().Format(time.DateOnly), program, roffText(version()))
	r.section("NAME")
	r.line(pageName(cmd) + " \x00 " + cmd.Short) // \x00: the dash between, which is no hyphen
	r.section("SYNOPSIS")
	r.line(cmd.UseLine())
	r.section("DESCRIPTION")
	r.text(about(cmd))
	if list := below(cmd); len(list) > 0 {
		r.section("COMMANDS")
		for _, c := range list {
			r.item(c.CommandPath(), c.Short)
		}
	}
	r.flags("OPTIONS", cmd.NonInheritedFlags())
	r.flags("GLOBAL OPTIONS", cmd.InheritedFlags())
	if cmd.Example != "" {
		r.section("EXAMPLES")
		r.block(strings.Split(cmd.Example, "\n"))
	}
	if !cmd.HasParent() {
		r.program()
	}
	r.seeAlso(cmd)
	_, err = r.WriteTo(w)
	return err
}

// program is what stands on the first page alone.
func (r *roff) program() {
	r.section("EXIT STATUS")
	for _, e := range exitCodes {
		r.item(fmt.Sprint(e.code), e.meaning)
	}
	r.text(exitPrecedence)
	r.section("ENVIRONMENT")
	r.item(envPrefix+"FLAG", "sets a flag that the command line does not give; --fail-on is "+envName("fail-on"))
	r.item("NO_COLOR", "no colours on screen")
	r.item("SOURCE_DATE_EPOCH", "the time that reports give as theirs, in seconds since 1970")
	r.section("FILES")
	r.item("config.yaml", "settings, in the folder "+program+" of the user's configuration folder; see vsswhy config")
	r.item("PATH.vsswhy", "the case of PATH")
}

func (r *roff) seeAlso(cmd *cobra.Command) {
	var list []string
	if cmd.HasParent() {
		list = append(list, pageName(cmd.Parent())+"(1)")
	}
	for _, c := range below(cmd) {
		list = append(list, pageName(c)+"(1)")
	}
	if len(list) > 0 {
		r.section("SEE ALSO")
		r.line(strings.Join(list, ", "))
	}
}

func (r *roff) section(name string) {
	fmt.Fprintf(r, ".SH %s\n", name)
	r.opened = true
}

func (r *roff) paragraph() {
	if !r.opened {
		r.WriteString(".PP\n")
	}
	r.opened = false
}

// line writes a line of running text.
func (r *roff) line(text string) {
	text = roffText(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	r.WriteString(strings.ReplaceAll(text, "\x00", `\-`) + "\n")
}

// text writes paragraphs; lines that are indented stay as they are.
func (r *roff) text(text string) {
	for _, p := range paragraphs(text) {
		if p.verbatim {
			r.block(p.lines)
			continue
		}
		r.paragraph()
		for _, line := range p.lines {
			r.line(line)
		}
	}
}

func (r *roff) block(lines []string) {
	r.paragraph()
	r.WriteString(".RS 4\n.nf\n")
	for _, line := range lines {
		r.line(strings.TrimPrefix(line, "  "))
	}
	r.WriteString(".fi\n.RE\n")
}

func (r *roff) item(term, text string) {
	r.opened = false
	fmt.Fprintf(r, ".TP\n.B %s\n", quoted(term))
	r.line(text)
}

func (r *roff) flags(title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	r.section(title)
	flags.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			r.item(spelled(f), usage(f))
		}
	})
}

func quoted(s string) string { return `"` + strings.ReplaceAll(roffText(s), `"`, `\(dq`) + `"` }

// roffText spells what roff would read as its own, and what is not ASCII.
func roffText(s string) string {
	var b strings.Builder
	for _, c := range s {
		switch {
		case c == '\\':
			b.WriteString(`\e`)
		case c == '-':
			b.WriteString(`\-`)
		case c == '`' || c == '^' || c == '~' || c == '\'':
			fmt.Fprintf(&b, `\[u%04X]`, c)
		case c > 126:
			fmt.Fprintf(&b, `\[u%04X]`, c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// A paragraph is one of a command's long text.
type paragraph struct {
	lines    []string
	verbatim bool // they are indented
}

// paragraphs parts a text: empty lines end a paragraph, and so does a change of
// indentation.
func paragraphs(text string) (list []paragraph) {
	open := false
	for _, line := range strings.Split(text, "\n") {
		if strings.TrimSpace(line) == "" {
			open = false
			continue
		}
		verbatim := strings.HasPrefix(line, "  ")
		if !open || list[len(list)-1].verbatim != verbatim {
			list, open = append(list, paragraph{verbatim: verbatim}), true
		}
		last := &list[len(list)-1]
		last.lines = append(last.lines, line)
	}
	return list
}

// about is what a command says of itself.
func about(cmd *cobra.Command) string {
	if cmd.Long != "" {
		return cmd.Long
	}
	return cmd.Short + "."
}

// below are the commands of a command that people use.
func below(cmd *cobra.Command) (list []*cobra.Command) {
	for _, c := range commands(cmd)[1:] {
		if c.Parent() == cmd {
			list = append(list, c)
		}
	}
	return list
}

// spelled is how a flag is given: -o, --output FILE.
func spelled(f *pflag.Flag) string {
	s := "--" + f.Name
	if f.Shorthand != "" {
		s = "-" + f.Shorthand + ", " + s
	}
	if kind, _ := pflag.UnquoteUsage(f); kind != "" {
		s += " " + strings.ToUpper(strings.TrimSuffix(strings.TrimSuffix(kind, "Array"), "s"))
	}
	return s
}

// usage is what a flag is for, and its default.
func usage(f *pflag.Flag) string {
	_, text := pflag.UnquoteUsage(f)
	if d := f.DefValue; d != "" && d != "false" && d != "0" && d != "[]" && d != "0s" {
		text += fmt.Sprintf(" (default %s)", d)
	}
	return text
}
