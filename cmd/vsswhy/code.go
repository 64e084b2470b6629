package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/vsswhy/vsswhy/ingest/known"
)

func newCode() *cobra.Command {
	return &cobra.Command{
		Use:                "code CODE...",
		Short:              "Explain error codes, in any spelling: 0x800423f4, -2147212300, 2147754996, %%2147754996",
		Args:               cobra.MinimumNArgs(1),
		DisableFlagParsing: true, // -2147212300 is a code, no flag
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, arg := range args {
				if arg == "-h" || arg == "--help" {
					return cmd.Help()
				}
				c, err := known.ParseCode(arg)
				if err != nil {
					return err
				}
				explain(cmd, c)
			}
			return nil
		},
	}
}

// explain prints a code, its other spellings, and what is known of it.
func explain(cmd *cobra.Command, c known.Code) {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%v = %d = %d = %%%%%d\n", c, int32(c), uint32(c), uint32(c))
	if c.Name() != "" {
		fmt.Fprintf(out, "  %s\n", c.Name())
	}
	if c.Meaning() == "" {
		fmt.Fprintln(out, "  not in the table of backup, virtual disk and Windows codes")
		return
	}
	fmt.Fprintf(out, "  %s\n", c.Meaning())
}
