package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vsswhy/vsswhy/ingest/known"
	"github.com/vsswhy/vsswhy/rules"
	"github.com/vsswhy/vsswhy/rules/report"
)

// collectScript is for PowerShell 2.0, as Windows Server 2008 R2 has it. {{LOGS}}
// stands for the names of the logs, a line each.
//
//go:embed collect.ps1
var collectScript string

// collectOptions are the flags of collect.
type collectOptions struct {
	reading readOptions
	script  bool
	output  string
}

func newCollect() *cobra.Command {
	opt := &collectOptions{}
	cmd := &cobra.Command{
		Use:   "collect [PATH...]",
		Short: "Say what to ask the customer for, or print a script that gathers it",
		Long: `Say what to ask the customer for: a text that can be sent as it is. With --script, a
PowerShell script that gathers it (for PowerShell 2.0 and later; it only reads, and
leaves one cabinet). Without a path it is all that the rules can use; with the logs
that are there already, only what they lack, computer by computer.`,
		Example: `  vsswhy collect --script -o collect.ps1
  vsswhy collect bundle.zip
  vsswhy collect --script bundle.zip -o rest.ps1`,
		RunE: func(cmd *cobra.Command, paths []string) error {
			if err := errors.Join(opt.reading.check(), notInput(opt.output, paths)); err != nil {
				return err
			}
			e, err := newEngine(cmd)
			if err != nil {
				return err
			}
			if len(paths) == 0 {
				return opt.print(cmd, everything(e.set))
			}
			r := e.scan(cmd.Context(), cmd.ErrOrStderr(), paths, opt.reading.options())
			end := endingOfLacks(cmd, r)
			if end.interrupted || !end.content {
				return end.err() // a list of what was not looked at would say that all is there
			}
			if err := opt.print(cmd, lacking(r)); err != nil {
				return err
			}
			return end.err()
		},
	}
	opt.reading.flags(cmd)
	cmd.Flags().BoolVar(&opt.script, "script", false, "print a script for PowerShell that gathers it")
	cmd.Flags().StringVarP(&opt.output, "output", "o", "", "write it to this file instead of standard output")
	return cmd
}

// A wantList is what is to be collected, by computer; "" is any.
type wantList struct {
	names []string // of all computers and machines
	hosts []string
	items map[string][]wantItem
	logs  []string // channels
	ways  []string // how to get it

	incomplete bool // there was more, which could not be read
}

// A wantItem is one thing that is missing, and the rules that lack it.
type wantItem struct {
	what  string
	rules []string
}

func (o *collectOptions) print(cmd *cobra.Command, list *wantList) error {
	return writeWhole(o.output, cmd.OutOrStdout(), func(w io.Writer) error {
		if o.script {
			return list.script(w)
		}
		return list.request(w)
	})
}

// everything is all that rules can use.
func everything(set *rules.Set) *wantList {
	list := &wantList{items: map[string][]wantItem{}, logs: known.AllChannels()}
	for _, ch := range list.logs {
		list.add("", ch+" log", "")
	}
	for _, r := range set.Rules() {
		for _, c := range r.Criteria {
			list.way(c.Collect)
		}
	}
	return list
}

// lacking takes from a report what could not be evaluated, and what would settle
// the open questions of its findings.
func lacking(r *report.Report) *wantList {
	l := &wantList{items: map[string][]wantItem{}, incomplete: !r.Complete}
	for _, h := range r.Hosts {
		l.names = append(l.names, h.Name)
	}
	for i := range r.Findings {
		if vm := r.Findings[i].VM; vm != nil {
			l.names = append(l.names, vm.Name)
		}
	}
	for _, n := range r.NotEvaluable {
		for _, m := range n.Missing {
			l.add(n.Host, m, n.Rule)
		}
		for _, way := range n.Collect {
			l.way(way)
		}
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Verdict == "ruled-out" || f.Note() {
			continue
		}
		for _, c := range f.Criteria {
			for _, m := range c.Missing {
				l.add(f.Host, m, f.Rule)
			}
			if len(c.Missing) > 0 {
				l.way(c.Collect)
			}
		}
	}
	return l
}

// add notes that something of a computer is missing, for a rule.
func (l *wantList) add(host, what, rule string) {
	host, what = l.owner(host, what)
	for _, ch := range known.AllChannels() {
		if strings.HasPrefix(what, ch+" log") && !slices.Contains(l.logs, ch) {
			l.logs = append(l.logs, ch)
		}
	}
	if !slices.Contains(l.hosts, host) {
		l.hosts = append(l.hosts, host)
	}
	i := slices.IndexFunc(l.items[host], func(x wantItem) bool { return x.what == what })
	if i < 0 {
		i = len(l.items[host])
		l.items[host] = append(l.items[host], wantItem{what: what})
	}
	if x := &l.items[host][i]; rule != "" && !slices.Contains(x.rules, rule) {
		x.rules = append(x.rules, rule)
	}
}

// owner finds the computer or machine that a thing is of: it stands at the end,
// else it is the host.
func (l *wantList) owner(host, what string) (owner, thing string) {
	for _, name := range append([]string{host}, l.names...) {
		for _, of := range []string{" of the guest ", " of "} {
			if thing, ok := strings.CutSuffix(what, of+name); ok && name != "" {
				return name, strings.TrimSuffix(thing, ",")
			}
		}
	}
	return host, what
}

func (l *wantList) way(text string) {
	if text != "" && !slices.Contains(l.ways, text) {
		l.ways = append(l.ways, text)
	}
}

// script prints the script, for the logs that are wanted.
func (l *wantList) script(w io.Writer) error {
	quoted := make([]string, len(l.logs))
	for i, ch := range l.logs {
		quoted[i] = "    '" + ch + "'"
	}
	text := strings.Replace(collectScript, "{{LOGS}}", strings.Join(quoted, ",\n"), 1)
	_, err := io.WriteString(w, strings.ReplaceAll(text, "\n", "\r\n"))
	return err
}

// request prints a text that can be sent to the customer.
func (l *wantList) request(w io.Writer) error {
	var b strings.Builder
	if len(l.hosts) == 0 {
		b.WriteString("Nothing is missing: every rule could be evaluated, and no question is open.\n")
		if l.incomplete {
			b.WriteString("But part of what is there could not be read.\n")
		}
		_, err := io.WriteString(w, b.String())
		return err
	}
	b.WriteString("To find out why the backup or restore failed, we need:\n")
	for _, host := range l.hosts {
		if host == "" {
			b.WriteString("\nof every Hyper-V host and cluster node, and of each virtual machine whose backup failed:\n")
		} else {
			fmt.Fprintf(&b, "\nof %s:\n", host)
		}
		for _, x := range l.items[host] {
			fmt.Fprintf(&b, "  - %s%s\n", x.what, forRules(x.rules))
		}
	}
	if len(l.ways) > 0 {
		b.WriteString("\nHow to get it by hand:\n")
	}
	for _, way := range l.ways {
		fmt.Fprintf(&b, "  - %s\n", way)
	}
	b.WriteString("\nOr run the script collect.ps1 (vsswhy collect --script) there as administrator, and send the cabinet\nthat it names: powershell -ExecutionPolicy Bypass -File collect.ps1\nPlease do not clear any log before.\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func forRules(rules []string) string {
	const shown = 4
	switch n := len(rules); {
	case n == 0:
		return ""
	case n > shown:
		return fmt.Sprintf(" (for %s and %d more)", strings.Join(rules[:shown], ", "), n-shown)
	}
	return " (for " + strings.Join(rules, ", ") + ")"
}
