package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vsswhy/vsswhy/ingest/known"
)

func newCode() *cobra.Command {
	return &cobra.Command{
		Use:   "code CODE|NAME|PROVIDER/ID|GUID...",
		Short: "Explain error codes in any spelling, events, and VSS writers",
		Example: `  vsswhy code 0x800423f4 -2147212300 %%2147754996 VSS_E_PROVIDER_VETO
  vsswhy code VSS/8229 vmms/10103
  vsswhy code {66841cd4-6ded-4f4b-8f17-fd23f8ddc3de}`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return buffered(cmd.OutOrStdout(), func(out io.Writer) error {
				for _, arg := range args {
					if err := explainAny(out, arg); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}

var isNegative = regexp.MustCompile(`^-[0-9]+$`)

// codesAsArgs ends the flags of "code" before the first negative number, which is
// a code and no flag.
func codesAsArgs(args []string) []string {
	i := slices.IndexFunc(args, isNegative.MatchString)
	if i < 0 || !slices.Contains(args[:i], "code") || slices.Contains(args[:i], "--") {
		return args
	}
	return slices.Insert(slices.Clone(args), i, "--")
}

// explainAny tells an event and a writer's class id from a code by their form.
func explainAny(out io.Writer, arg string) error {
	if provider, id, ok := strings.Cut(arg, "/"); ok {
		return explainEvent(out, provider, id)
	}
	if name := known.WriterName(arg); name != "" {
		fmt.Fprintf(out, "%s\n  the class id of a VSS writer: %s\n", arg, name)
		return nil
	}
	if isGUID.MatchString(arg) {
		fmt.Fprintf(out, "%s\n  not in the table of VSS writers\n", arg)
		return nil
	}
	if list := known.CodesNamed(arg); len(list) > 0 {
		for _, c := range list {
			explain(out, c)
		}
		return nil
	}
	c, err := known.ParseCode(arg)
	if err != nil {
		return fmt.Errorf("%w, or a name as VSS_E_PROVIDER_VETO; an event is PROVIDER/ID, as VSS/8229", err)
	}
	explain(out, c)
	return nil
}

var isGUID = regexp.MustCompile(`^\{?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?$`)

// explainEvent prints what an event means, and the logs that it stands in. What
// Microsoft's names begin with may be left out.
func explainEvent(out io.Writer, provider, number string) error {
	id, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return fmt.Errorf("%q is no event id", number)
	}
	for _, begin := range []string{"", "Microsoft-Windows-Hyper-V-", "Microsoft-Windows-"} {
		text := known.Summary(begin+provider, uint32(id))
		if text == "" {
			continue
		}
		fmt.Fprintf(out, "%s%s %d\n  %s\n", begin, provider, id, text)
		if logs := known.Channels(begin+provider, uint32(id)); len(logs) > 0 {
			fmt.Fprintf(out, "  in the log %s\n", strings.Join(logs, ", or "))
		}
		return nil
	}
	fmt.Fprintf(out, "%s %d\n  not in the table of events\n", provider, id)
	return nil
}

// explain prints a code, its other spellings, and what is known of it.
func explain(out io.Writer, c known.Code) {
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
