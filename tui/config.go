package tui

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v4"
)

// A Config is what the engineer has chosen, in the file config.yaml of the
// user's configuration folder.
type Config struct {
	Theme         string              `yaml:"theme"` // one of ThemeNames; "": by the terminal's background
	ASCII         bool                `yaml:"ascii"` // no characters beyond ASCII in borders and marks
	Mouse         bool                `yaml:"mouse"`
	RelativeTimes bool                `yaml:"relative-times"`
	Keys          map[string][]string `yaml:"keys"` // action → keys
}

// ConfigPath is where the configuration lies.
func ConfigPath() (string, error) {
	dir, err := os.UserConfigDir()
	return filepath.Join(dir, "vsswhy", "config.yaml"), err
}

// LoadConfig reads the configuration; there may be none.
func LoadConfig(path string) (Config, error) {
	var cfg Config
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return cfg, nil
	}
	if err != nil {
		return cfg, err
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&cfg); err != nil && len(bytes.TrimSpace(text)) > 0 {
		return cfg, fmt.Errorf("%s: %w", path, err)
	}
	if cfg.Theme != "" && !slices.Contains(ThemeNames(), cfg.Theme) {
		return cfg, fmt.Errorf("%s: theme %q is none of %v", path, cfg.Theme, ThemeNames())
	}
	if _, err := newKeymap(cfg.Keys); err != nil {
		return cfg, fmt.Errorf("%s: %w", path, err)
	}
	return cfg, nil
}
