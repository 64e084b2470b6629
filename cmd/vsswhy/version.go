package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/vsswhy/vsswhy/rules/report"
)

// Set by the linker for releases, which are built without the state of the
// repository; else what the toolchain has recorded counts.
var release, commit string

// version is the program's version: of the release, of the module that it was
// installed from, or "devel".
func version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

// revision is the commit that the program was built from, "" if not recorded.
func revision() string {
	if commit != "" {
		return commit
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}

// versionLine is the version for people.
func versionLine() string {
	return fmt.Sprintf("vsswhy %s (%s, %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func newVersion() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !asJSON {
				_, err := io.WriteString(cmd.OutOrStdout(), versionLine())
				return err
			}
			set, err := loadRules("")
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{
				"name": program, "version": version(), "commit": revision(),
				"go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH,
				"rules": len(set.Rules()), "rules_digest": set.Digest(), "report_schema": report.Schema,
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	return cmd
}
