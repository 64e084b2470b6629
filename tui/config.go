package tui

import (
	"fmt"
	"slices"
)

// A Config is what the engineer has chosen. Tagged fields are those of the
// configuration file; theme and ASCII are flags of the program.
type Config struct {
	Theme         string              `yaml:"-"` // one of ThemeNames; "": by the terminal's background
	ASCII         bool                `yaml:"-"` // no characters beyond ASCII in borders and marks
	Mouse         bool                `yaml:"mouse"`
	RelativeTimes bool                `yaml:"relative-times"`
	Keys          map[string][]string `yaml:"keys"` // action → keys
}

// Check returns what is wrong with a configuration, and the field that it stands in.
func (c *Config) Check() (field string, err error) {
	if c.Theme != "" && !slices.Contains(ThemeNames(), c.Theme) {
		return "theme", fmt.Errorf("%q is none of %v", c.Theme, ThemeNames())
	}
	_, err = newKeymap(c.Keys)
	return "keys", err
}
