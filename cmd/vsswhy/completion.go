package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// shells are those that can complete what is typed.
var shells = map[string]func(root *cobra.Command, w io.Writer) error{
	"bash":       func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) },
	"fish":       func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
	"powershell": (*cobra.Command).GenPowerShellCompletionWithDesc,
	"zsh":        (*cobra.Command).GenZshCompletion,
}

func newCompletion() *cobra.Command {
	names := slices.Sorted(maps.Keys(shells))
	return &cobra.Command{
		Use:   "completion " + strings.Join(names, "|"),
		Short: "Print what makes a shell complete commands, flags and values",
		Long: `Print what makes a shell complete commands, flags and their values, ids of rules,
codes, fields of queries, and cases. For one session:

  bash        source <(vsswhy completion bash)
  zsh         source <(vsswhy completion zsh)
  fish        vsswhy completion fish | source
  powershell  vsswhy completion powershell | Out-String | Invoke-Expression

For all sessions write it to where the shell looks:

  bash        /etc/bash_completion.d/vsswhy (needs the package bash-completion)
  zsh         a file _vsswhy in a folder of $fpath
  fish        ~/.config/fish/completions/vsswhy.fish
  powershell  a file that $PROFILE reads`,
		Args:      cobra.ExactArgs(1),
		ValidArgs: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			print := shells[args[0]]
			if print == nil {
				return fmt.Errorf("there is a completion for %s, and none for %q", strings.Join(names, ", "), args[0])
			}
			return print(cmd.Root(), cmd.OutOrStdout())
		},
	}
}
