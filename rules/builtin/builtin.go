// Package builtin holds the rules that come with the program, one YAML file
// each, and shared.yaml with what several of them use. rules.Load reads them.
package builtin

import "embed"

// FS holds the rule files.
//
//go:embed *.yaml
var FS embed.FS
