package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/ingest/known"
)

// A completer says how the word that is being typed may go on.
type completer = cobra.CompletionFunc

// complete gives all commands what the shell completes: values of flags and
// arguments. Where nothing is said here the shell completes names of files.
func complete(root *cobra.Command) {
	args := map[string]completer{
		"open": cases, "report": cases, "verify": cases, "config": nothing, "code": codes,
		"explain": ruleIDs, "list": nothing, "new": nothing, "lint": folders, "test": folders, "man": pages,
	}
	for _, cmd := range commands(root) {
		if f := args[cmd.Name()]; f != nil {
			cmd.ValidArgsFunction = f
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { completeFlag(cmd, f) })
	}
}

// completeFlag has the values of a flag completed.
func completeFlag(cmd *cobra.Command, f *pflag.Flag) {
	values := map[string]completer{
		"format": formats, "where": where, "facets": fields, rulesDirFlag: folders, "case": cases,
		"since": nothing, "until": nothing, "around": nothing, "host": nothing, "limit": nothing,
		"workers": nothing, "jobs": nothing, "timeout": nothing, passwordFlag: nothing,
	}
	complete := values[f.Name]
	if list := choices[nameOf(f)]; list != nil {
		complete = cobra.FixedCompletions(list(), cobra.ShellCompDirectiveNoFileComp)
	}
	if complete != nil {
		cmd.RegisterFlagCompletionFunc(f.Name, complete) // fails for a flag that has one, which is as good
	}
}

// formats completes the last of several formats, which a batch takes.
func formats(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	before, _ := cutLast(begun)
	var list []string
	for _, form := range slices.Sorted(maps.Keys(printers)) {
		list = append(list, before+form)
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}

// cutLast parts the last of several values from those before it.
func cutLast(begun string) (before, last string) {
	i := strings.LastIndexByte(begun, ',') + 1
	return begun[:i], begun[i:]
}

func nothing(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveNoFileComp
}

func folders(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// cases are folders that are cases, and folders that may lead to one.
func cases(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	parent, _ := filepath.Split(begun)
	entries, _ := os.ReadDir(filepath.Join(parent, "."))
	var found, others []string
	for _, entry := range entries {
		path := parent + entry.Name()
		if info, err := os.Stat(path); err != nil || !info.IsDir() || !strings.HasPrefix(path, begun) {
			continue
		}
		if index.IsCase(path) {
			found = append(found, path)
		} else if !strings.HasPrefix(entry.Name(), ".") {
			others = append(others, path+string(filepath.Separator))
		}
	}
	if len(found) > 0 {
		return append(found, others...), cobra.ShellCompDirectiveNoFileComp
	}
	return others, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// ruleIDs are the rules, of one's own too, with their titles.
func ruleIDs(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	if _, err := applySettings(cmd); err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	set, err := rulesOf(cmd)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var list []string
	for _, r := range set.Rules() {
		list = append(list, cobra.CompletionWithDesc(r.ID, r.Title))
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}

// codes are codes, their symbols, and events, each with its meaning.
func codes(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	var list []string
	offer := func(word, text string) {
		if len(word) >= len(begun) && strings.EqualFold(word[:len(begun)], begun) {
			list = append(list, cobra.CompletionWithDesc(begun+word[len(begun):], text)) // shells look at the case
		}
	}
	for _, c := range known.AllCodes() {
		offer(c.String(), c.Name()+": "+c.Meaning())
		if c.Name() != "" {
			offer(c.Name(), c.Meaning())
		}
	}
	for _, e := range known.AllEvents() {
		short := strings.TrimPrefix(strings.TrimPrefix(e.Provider, "Microsoft-Windows-"), "Hyper-V-")
		offer(short+"/"+strconv.Itoa(int(e.ID)), e.Text)
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}

// where completes the last word of a query.
func where(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	var list []string
	for _, c := range query.Complete(begun, len(begun), nil) {
		list = append(list, cobra.CompletionWithDesc(begun[:c.Start]+c.Insert, c.Doc))
	}
	return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// fields completes the last of several names of fields.
func fields(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	before, last := cutLast(begun)
	var list []string
	for _, c := range query.Complete(last, len(last), nil) {
		if name, isField := strings.CutSuffix(c.Insert, ":"); isField {
			list = append(list, cobra.CompletionWithDesc(before+name, c.Doc))
		}
	}
	return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
