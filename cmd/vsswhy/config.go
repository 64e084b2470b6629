package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/tui"
)

// A configFile is the configuration file as it was read: values for flags, and
// what the screen is to be like.
type configFile struct {
	path   string
	there  bool
	values map[string]fileValue // by setting

	screen   tui.Config
	screenAt map[string]string // setting → where it stands
}

// A fileValue is one value, and where it stands.
type fileValue struct {
	text, where string
}

// screenSettings are those that are no flags: only the file has them.
var screenSettings = []string{"keys", "mouse", "relative-times"}

// defaultConfig is where the configuration lies, "" on a system without such a
// folder.
func defaultConfig() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, program, "config.yaml")
}

// readConfig reads the file; there need be none unless it was asked for.
func readConfig(path string, asked bool) (*configFile, error) {
	c := &configFile{path: path, values: map[string]fileValue{}, screenAt: map[string]string{}}
	if path == "" {
		return c, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !asked {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("configuration file: %w", err)
	}
	c.there = true
	return c, c.parse(text)
}

// parse takes the flags' values out of the file, and hands the rest to the screen.
func (c *configFile) parse(text []byte) error {
	loader, err := yaml.NewLoader(bytes.NewReader(text))
	if err != nil {
		return err
	}
	var doc, second yaml.Node
	if err := loader.Load(&doc); errors.Is(err, io.EOF) {
		return nil // nothing but comments
	} else if err != nil {
		return c.undecoded(err)
	}
	if err := loader.Load(&second); !errors.Is(err, io.EOF) {
		return c.mistake(&second, "there is a second document")
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode {
		return c.mistake(top, "want settings, a line each, such as: format: json")
	}
	screen := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: top.Line, Column: top.Column}
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		switch {
		case slices.Contains(screenSettings, key.Value):
			screen.Content = append(screen.Content, key, value)
		case slices.Contains(fileSettings, key.Value):
			if err := c.take(key, value); err != nil {
				return err
			}
		default:
			return c.mistake(key, fmt.Sprintf("there is no setting %q here; there are %s", key.Value, strings.Join(configNames(), ", ")))
		}
	}
	return c.takeScreen(screen)
}

// take notes the value of a flag.
func (c *configFile) take(key, value *yaml.Node) error {
	if _, twice := c.values[key.Value]; twice {
		return c.mistake(key, key.Value+" is set twice")
	}
	if value.Kind != yaml.ScalarNode || value.ShortTag() == "!!null" {
		return c.mistake(value, fmt.Sprintf("want one value for %s", key.Value))
	}
	text := value.Value
	if slices.Contains(pathSettings, key.Value) && !filepath.IsAbs(text) {
		text = filepath.Join(filepath.Dir(c.path), text)
	}
	if err := checkSetting(key.Value, text); err != nil {
		return c.mistake(value, fmt.Sprintf("%s: %v", key.Value, err))
	}
	c.values[key.Value] = fileValue{text, fmt.Sprintf("%s:%d:%d", c.path, value.Line, value.Column)}
	return nil
}

// takeScreen takes what the screen is to be like.
func (c *configFile) takeScreen(n *yaml.Node) error {
	place := map[string]*yaml.Node{}
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Value != "keys" && value.ShortTag() != "!!bool" {
			return c.mistake(value, fmt.Sprintf("%s: %q is neither true nor false", key.Value, value.Value))
		}
		place[key.Value], c.screenAt[key.Value] = key, fmt.Sprintf("%s:%d:%d", c.path, value.Line, value.Column)
	}
	if err := n.Load(&c.screen, yaml.WithKnownFields()); err != nil {
		return c.undecoded(err)
	}
	if field, err := c.screen.Check(); err != nil {
		return c.mistake(place[field], err.Error())
	}
	return nil
}

func (c *configFile) mistake(n *yaml.Node, text string) error {
	return fmt.Errorf("%s:%d:%d: %s", c.path, n.Line, n.Column, text)
}

// undecoded is the first mistake that the decoder found.
func (c *configFile) undecoded(err error) error {
	var several *yaml.LoadErrors
	if errors.As(err, &several) && len(several.Errors) > 0 {
		err = several.Errors[0]
	}
	var one *yaml.LoadError
	if errors.As(err, &one) {
		return fmt.Errorf("%s:%d:%d: %s", c.path, one.Mark.Line, one.Mark.Column, one.Message)
	}
	return fmt.Errorf("%s: %w", c.path, err)
}

// configNames are all settings that the file may have.
func configNames() []string {
	names := slices.Concat(fileSettings, screenSettings)
	slices.Sort(names)
	return names
}

func newConfig() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print the settings, and where each comes from",
		Long: `Print the settings, and where each comes from: a flag, else the environment, else the
configuration file, else the default.

Every flag can be set by a variable: --fail-on by VSSWHY_FAIL_ON, --log-file by
VSSWHY_LOG_FILE; the form of "events" by VSSWHY_EVENTS_FORMAT,
the forms of "batch" by VSSWHY_BATCH_FORMAT. The file, config.yaml
in the user's configuration folder, has those that one sets once, a line each:

  ` + strings.Join(configNames(), "\n  ") + `

A relative path in it counts from its folder. A password is never read from it.`,
		Example: `  vsswhy config
  VSSWHY_FORMAT=json vsswhy config --json
  $EDITOR "$(vsswhy config path)"`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list := settingsOf(cmd.Context()).list(cmd)
			if asJSON {
				return writeIndented(cmd.OutOrStdout(), list)
			}
			return list.print(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	cmd.AddCommand(&cobra.Command{
		Use: "path", Short: "Print where the configuration file is, or is looked for", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, _ := configPath(cmd)
			_, err := fmt.Fprintln(cmd.OutOrStdout(), path)
			return err
		},
	})
	return cmd
}

func writeIndented(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// A settingsList is what "config" prints.
type settingsList struct {
	File     string       `json:"file"`
	There    bool         `json:"exists"`
	Settings []settingRow `json:"settings"`
	Unknown  []string     `json:"unknown"` // variables that set nothing
}

// A settingRow is one setting: from is flag, environment, file or default, and
// where the variable or the place in the file.
type settingRow struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	From  string `json:"from"`
	Where string `json:"where,omitempty"`
}

func (l *settingsList) print(w io.Writer) error {
	fmt.Fprintf(w, "configuration file: %s", event.Clean(l.File))
	if !l.There {
		fmt.Fprint(w, " (there is none)")
	}
	fmt.Fprint(w, "\n\n")
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range l.Settings {
		from := r.From
		if r.Where != "" {
			from = r.Where
		}
		value := r.Value
		if value == "" {
			value = "-"
		}
		fmt.Fprintf(tab, "%s\t%s\t%s\n", r.Name, event.Clean(value), event.Clean(from))
	}
	if err := tab.Flush(); err != nil || len(l.Unknown) == 0 {
		return err
	}
	_, err := fmt.Fprintf(w, "\nThese variables set nothing: %s\n", event.Clean(strings.Join(l.Unknown, ", ")))
	return err
}
