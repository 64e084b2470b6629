package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/vsswhy/vsswhy/rules"
	"github.com/vsswhy/vsswhy/rules/builtin"
	"github.com/vsswhy/vsswhy/rules/report"
)

// rulesDirFlag names a folder with a team's own rules.
const rulesDirFlag = "rules-dir"

// loadRules loads the built-in rules, and those of a folder if there is one.
func loadRules(dir string) (*rules.Set, error) {
	folders := []fs.FS{builtin.FS}
	if dir != "" {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return nil, errors.Join(err, fmt.Errorf("--%s: %s is no folder", rulesDirFlag, dir))
		}
		folders = append(folders, os.DirFS(dir))
	}
	return rules.Load(folders...)
}

// ownRules loads the rules of a folder that is to be checked, and so has some.
func ownRules(dir string) (*rules.Set, error) {
	set, err := loadRules(dir)
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(os.DirFS(dir), "*.yaml")
	if err == nil && len(names) == 0 {
		err = fmt.Errorf("there is no rule in %s: no file whose name ends in .yaml", dir)
	}
	return set, err
}

// rulesOf loads the rules that a command is to use.
func rulesOf(cmd *cobra.Command) (*rules.Set, error) {
	return loadRules(cmd.Flag(rulesDirFlag).Value.String())
}

func newRules() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "Show, check and test the rules",
		Long: `Show, check and test the rules: what the program knows of the causes of failed
backups and restores. A team's own rules stand in a folder that --rules-dir names.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRulesList(), newRulesExplain(), newRulesLint(), newRulesTest(), newRulesSchema(), newRulesNew(), newRulesCoverage())
	return cmd
}

func newRulesList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the rules", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			set, err := rulesOf(cmd)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, r := range set.Rules() {
				fmt.Fprintf(w, "%s\t%s\t%s\n", r.ID, r.Severity, r.Title)
			}
			return w.Flush()
		},
	}
}

func newRulesExplain() *cobra.Command {
	return &cobra.Command{
		Use: "explain ID...", Short: "Print rules as prose", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, ids []string) error {
			set, err := rulesOf(cmd)
			if err != nil {
				return err
			}
			return buffered(cmd.OutOrStdout(), func(out io.Writer) error {
				for i, id := range ids {
					if i > 0 {
						fmt.Fprintln(out)
					}
					if !set.Explain(out, id) {
						return fmt.Errorf("there is no rule %q; vsswhy rules list shows all", id)
					}
				}
				return nil
			})
		},
	}
}

func newRulesLint() *cobra.Command {
	return &cobra.Command{
		Use: "lint DIR", Short: "Look for mistakes in a folder of rules", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := ownRules(args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "no mistakes; with the built-in ones there are %d rules\n", len(set.Rules()))
			return err
		},
	}
}

func newRulesTest() *cobra.Command {
	return &cobra.Command{
		Use:   "test [DIR]",
		Short: "Run the tests that stand in the rules",
		Long: `Run the tests that stand in the rules, of a folder too if one is given. Of each
test that makes a rule likely or confirmed, the evidence of one criterion after the
other is spoilt: left out, moved to another time, machine or volume, put in the
reverse order, its coverage taken away. The verdict must fall each time, else the
criterion says nothing.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := rulesOf(cmd)
			if len(args) == 1 {
				set, err = ownRules(args[0])
			}
			if err != nil {
				return err
			}
			return buffered(cmd.OutOrStdout(), func(out io.Writer) error { return printTrials(out, set.Try()) })
		},
	}
}

func printTrials(w io.Writer, trials []rules.Trial) error {
	failed, mutations := 0, 0
	for _, t := range trials {
		mutations += t.Mutations
		if len(t.Failures) > 0 {
			failed++
		}
		for _, f := range t.Failures {
			fmt.Fprintf(w, "FAIL  %s, %q: %s\n", t.Rule, t.Example, f)
		}
	}
	fmt.Fprintf(w, "%d tests and %d mutations of them, %d failed\n", len(trials), mutations, failed)
	if failed > 0 {
		return &codeError{exitFinding, nil}
	}
	return nil
}

func newRulesSchema() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of a rule file", Args: cobra.NoArgs,
		Long: `Print the JSON Schema of a rule file. An editor that knows YAML's language server
uses it if the file begins with
# yaml-language-server: $schema=rule.schema.json`,
		RunE: func(cmd *cobra.Command, _ []string) error { return printSchema(cmd, "rule") },
	}
}

func newRulesNew() *cobra.Command {
	return &cobra.Command{
		Use: "new ID", Short: "Print a rule to begin with", Args: cobra.ExactArgs(1),
		Example: "  vsswhy rules new backup-agent > my-rules/backup-agent.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := loadRules("") // the shell may have made the new file in the folder already
			if err != nil {
				return err
			}
			text, err := set.New(args[0])
			if err != nil {
				return err
			}
			_, err = io.WriteString(cmd.OutOrStdout(), text)
			return err
		},
	}
}

func newRulesCoverage() *cobra.Command {
	opt := &readOptions{}
	cmd := &cobra.Command{
		Use: "coverage PATH...", Short: "Say which rules could be evaluated on these logs, and what the others lack", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, paths []string) error {
			e, err := newEngine(cmd)
			if err != nil {
				return err
			}
			r := e.scan(cmd.Context(), cmd.ErrOrStderr(), paths, opt.options())
			end := endingOfLacks(cmd, r)
			if end.interrupted || !end.content {
				return end.err()
			}
			if err := buffered(cmd.OutOrStdout(), func(out io.Writer) error { return printCoverage(out, e.set, r) }); err != nil {
				return err
			}
			return end.err()
		},
	}
	opt.flags(cmd)
	return cmd
}

func printCoverage(out io.Writer, set *rules.Set, r *report.Report) error {
	missing := map[string][]string{}
	for _, n := range r.NotEvaluable {
		for _, m := range n.Missing {
			if !slices.Contains(missing[n.Rule], m) {
				missing[n.Rule] = append(missing[n.Rule], m)
			}
		}
	}
	for _, rule := range set.Rules() {
		if list := missing[rule.ID]; len(list) > 0 {
			fmt.Fprintf(out, "?  %s: lacks %s\n", rule.ID, strings.Join(list, "; "))
		} else {
			fmt.Fprintf(out, "✓  %s\n", rule.ID)
		}
	}
	return nil
}
