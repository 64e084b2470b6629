package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/tui"
)

// A flag that the command line does not give is set by the environment, else by
// the configuration file. Flag.Changed stays what it is: given on the command line.
const (
	configFlag = "config"
	envPrefix  = "VSSWHY_"

	// settingName annotates a flag whose setting has another name than the flag.
	settingName = "setting"
)

// fileSettings are the flags that the configuration file can set: those that an
// engineer chooses once. A password is none of them.
var fileSettings = []string{"ascii", "fail-on", "format", "index", "jobs", "keep", logFileFlag, quietFlag, "redact", rulesDirFlag, "theme", verboseFlag, "workers"}

// pathSettings are those whose values are paths.
var pathSettings = []string{logFileFlag, rulesDirFlag}

// settings are where the values of a command's flags come from.
type settings struct {
	file *configFile
	set  map[string]string // flag → the variable or the place in the file that set it
}

type settingsKey struct{}

// settingsOf returns the settings of a command that runs; empty ones before.
func settingsOf(ctx context.Context) *settings {
	if ctx != nil {
		if s, ok := ctx.Value(settingsKey{}).(*settings); ok {
			return s
		}
	}
	return &settings{file: &configFile{}}
}

// unset reports whether a command is to work whatever the configuration says.
func unset(cmd *cobra.Command) bool {
	for c := cmd; c != nil; c = c.Parent() {
		switch c.Name() {
		case "help", "completion", cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd, buildIndex, "man", "path", "version":
			return true
		}
	}
	return false
}

// applySettings reads the configuration file, and sets the flags of a command.
func applySettings(cmd *cobra.Command) (*settings, error) {
	path, asked := configPath(cmd)
	file, err := readConfig(path, asked)
	s := &settings{file: file, set: map[string]string{}}
	if err != nil {
		return s, err
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if err == nil && !f.Changed {
			err = s.apply(f)
		}
	})
	return s, err
}

// configPath is where the configuration is, and whether it was asked for.
func configPath(cmd *cobra.Command) (path string, asked bool) {
	if path = cmd.Flag(configFlag).Value.String(); path != "" {
		return path, true
	}
	if path = os.Getenv(envName(configFlag)); path != "" {
		return path, true
	}
	return defaultConfig(), false
}

// apply sets a flag, if something says to what.
func (s *settings) apply(f *pflag.Flag) error {
	row := s.find(f)
	if row.Where == "" {
		return nil
	}
	s.set[f.Name] = row.Where
	if err := f.Value.Set(row.Value); err != nil {
		return fmt.Errorf("%s: %w", row.Where, wrongType(f, row.Value))
	}
	return nil
}

// find says what a flag is to be if the command line does not give it.
func (s *settings) find(f *pflag.Flag) settingRow {
	row := settingRow{Name: nameOf(f), Value: f.DefValue, From: "default"}
	if !isSetting(f) {
		return row
	}
	if text := os.Getenv(envName(row.Name)); text != "" {
		row.Value, row.From, row.Where = text, "environment", envName(row.Name)
	} else if v, ok := s.file.values[row.Name]; ok {
		row.Value, row.From, row.Where = v.text, "file", v.where
	}
	return row
}

// isSetting: help and version are asked for, not set.
func isSetting(f *pflag.Flag) bool { return f.Name != "help" && f.Name != "version" }

// nameOf is the name of a flag's setting.
func nameOf(f *pflag.Flag) string {
	if names := f.Annotations[settingName]; len(names) > 0 {
		return names[0]
	}
	return f.Name
}

func envName(setting string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(setting, "-", "_"))
}

// checkSetting looks at a value in the file before any command does.
func checkSetting(name, value string) (err error) {
	if list := choices[name]; list != nil && value != "" && !slices.Contains(list(), value) {
		return fmt.Errorf("%q is none of %s", value, strings.Join(list(), ", "))
	}
	f := flagsBySetting(newRoot())[name]
	if f == nil {
		return nil
	}
	switch f.Value.Type() {
	case "bool":
		_, err = strconv.ParseBool(value)
	case "int":
		_, err = strconv.Atoi(value)
	case "duration":
		_, err = time.ParseDuration(value)
	}
	if err != nil {
		return wrongType(f, value)
	}
	return nil
}

// wrongType says that a flag can't have a value.
func wrongType(f *pflag.Flag, value string) error {
	switch t := f.Value.Type(); t {
	case "bool":
		return fmt.Errorf("%q is neither true nor false", value)
	case "int":
		return fmt.Errorf("%q is no whole number", value)
	case "duration":
		return fmt.Errorf("%q is no span of time such as 10m", value)
	default:
		return fmt.Errorf("%q is no %s", value, t)
	}
}

// choices are the values of flags that have but some.
var choices = map[string]func() []string{
	"format":        func() []string { return slices.Sorted(maps.Keys(printers)) },
	"events-format": func() []string { return []string{"csv", "ecs", "jsonl", "parquet", "text"} },
	"fail-on":       query.Verdicts,
	"keep":          func() []string { return []string{string(index.KeepAll), string(index.KeepRelevant)} },
	"index": func() []string {
		return []string{string(index.ScopeAll), string(index.ScopeRelevant), string(index.ScopeFindings), string(index.ScopeOff)}
	},
	"theme": tui.ThemeNames,
}

// flagsBySetting are the flags of all commands, by the names of their settings.
func flagsBySetting(root *cobra.Command) map[string]*pflag.Flag {
	all := map[string]*pflag.Flag{}
	for _, cmd := range commands(root) {
		for _, set := range []*pflag.FlagSet{cmd.LocalFlags(), cmd.PersistentFlags()} {
			set.VisitAll(func(f *pflag.Flag) {
				if name := nameOf(f); all[name] == nil && isSetting(f) {
					all[name] = f
				}
			})
		}
	}
	return all
}

// commands are a command and those below it that people use, by name.
func commands(cmd *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{cmd}
	for _, c := range cmd.Commands() {
		if !c.Hidden && c.Name() != "help" {
			list = append(list, commands(c)...)
		}
	}
	return list
}

// explain adds to an error about a flag that the command line does not give what
// has set it.
func (s *settings) explain(err error) error {
	if err == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(s.set)) {
		if strings.Contains(err.Error(), "--"+name+" ") || strings.Contains(err.Error(), "--"+name+":") {
			return fmt.Errorf("%w (set by %s)", err, s.set[name])
		}
	}
	return err
}

// list is all that the file can set, and what else the environment does.
func (s *settings) list(cmd *cobra.Command) *settingsList {
	l := &settingsList{File: s.file.path, There: s.file.there, Unknown: []string{}}
	flags := flagsBySetting(cmd.Root())
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		f := flags[name]
		row := s.find(f)
		switch {
		case name == configFlag, cmd.LocalNonPersistentFlags().Lookup(f.Name) == f:
			continue
		case f.Changed:
			row.Value, row.From, row.Where = f.Value.String(), "flag", "--"+f.Name
		case row.Where == "" && !slices.Contains(fileSettings, name):
			continue
		}
		if name == passwordFlag {
			row.Value = hiddenPassword
		}
		l.Settings = append(l.Settings, row)
	}
	l.Settings = append(l.Settings, s.file.screenRows()...)
	l.Unknown = append(l.Unknown, unknownVariables(flags)...)
	return l
}

// screenRows are the settings that only the file has.
func (c *configFile) screenRows() []settingRow {
	keys, _ := json.Marshal(c.screen.Keys) // a map of strings
	value := map[string]string{"keys": string(keys), "mouse": strconv.FormatBool(c.screen.Mouse), "relative-times": strconv.FormatBool(c.screen.RelativeTimes)}
	if c.screen.Keys == nil {
		value["keys"] = ""
	}
	var rows []settingRow
	for _, name := range screenSettings {
		row := settingRow{Name: name, Value: value[name], From: "default"}
		if where := c.screenAt[name]; where != "" {
			row.From, row.Where = "file", where
		}
		rows = append(rows, row)
	}
	return rows
}

// unknownVariables are those that look like settings and are none.
func unknownVariables(flags map[string]*pflag.Flag) (names []string) {
	known := map[string]bool{}
	for name := range flags {
		known[envName(name)] = true
	}
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, envPrefix) && !known[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
