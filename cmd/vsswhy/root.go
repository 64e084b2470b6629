package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// run is the program without its process: arguments and streams in, exit code
// out.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := newRoot()
	root.SetArgs(codesAsArgs(args))
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	err = settingsOf(cmd.Context()).explain(err)
	if coded, ok := errors.AsType[*codeError](err); err != nil && (!ok || coded.err != nil) {
		fmt.Fprintln(stderr, "vsswhy:", event.CleanLines(err.Error())) // it may name a stranger's file
	}
	code := exitCode(err)
	speakerOf(cmd.Context()).end(err, code)
	return code
}

func newRoot() *cobra.Command {
	opt, screen, say := &scanOptions{}, &screenOptions{}, &sayOptions{}
	root := &cobra.Command{
		Use:   "vsswhy [PATH...]",
		Short: "Tells why a Hyper-V backup or restore failed",
		Long: `vsswhy reads the event logs and text artefacts that a customer sends (EVTX, event
XML, folders, archives of all common kinds) and says which known issue made a Hyper-V
backup or restore fail, on which evidence, what was ruled out and why, what is
missing to be sure, and what to do.

With paths and no command it scans them and shows what it finds on screen;
without a terminal it prints the report. It keeps a case in PATH.vsswhy, or where
that can't be written, in the user's state folder.`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
	}
	root.SuggestionsMinimumDistance = 2
	root.RunE = func(cmd *cobra.Command, paths []string) error {
		if len(paths) == 0 {
			return cmd.Help()
		}
		if err := mistyped(root, paths[0]); err != nil {
			return err
		}
		if index.IsCase(paths[0]) && len(paths) == 1 {
			return fmt.Errorf("%s is a case; its report: vsswhy report %s", paths[0], paths[0])
		}
		dir, err := ownCase(paths[0])
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(paths, isThere) && !index.IsCase(dir) {
			return nothingToAnalyse(fmt.Sprintf("%s: no such file or folder", paths[0])) // of which no case is made
		}
		opt.kept.dir = dir
		if onScreen(cmd) && !cmd.Flags().Changed("format") && !cmd.Flags().Changed("redact") && opt.output == "" && !cmd.Flags().Changed("fail-on") {
			e, err := newEngine(cmd)
			if err != nil {
				return err
			}
			return e.scanScreen(cmd, paths, opt, screen)
		}
		fmt.Fprintln(cmd.ErrOrStderr(), "vsswhy: the case is kept in", event.Clean(dir))
		return scan(cmd, paths, opt)
	}
	opt.flags(root)
	screen.flags(root)
	root.PersistentFlags().String(rulesDirFlag, "", "a folder with more rules, of your own")
	root.PersistentFlags().String(configFlag, "", "configuration file (default: config.yaml in the user's configuration folder)")
	say.flags(root)
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return begin(cmd, say) }
	root.SetVersionTemplate(versionLine())
	root.AddCommand(newScan(), newOpen(), newReport(), newVerify(), newEvents(), newCode(), newRules(), newCollect(), newBatch(), newSchema(), newConfig(), newCompletion(), newMan(), newVersion(), newBuildIndex())
	root.CompletionOptions.DisableDefaultCmd = true
	complete(root)
	return root
}

// isThere reports whether a path is one of something, or of standard input.
func isThere(path string) bool {
	_, err := os.Stat(path)
	return path == "-" || !errors.Is(err, fs.ErrNotExist)
}

// begin applies the settings, and has the command speak as they say.
func begin(cmd *cobra.Command, say *sayOptions) error {
	if unset(cmd) {
		return nil
	}
	s, err := applySettings(cmd)
	cmd.SetContext(context.WithValue(cmd.Context(), settingsKey{}, s))
	if err != nil {
		return err
	}
	return say.begin(cmd)
}

// mistyped catches a command that was meant: a word that is no path and near
// to a command's name. A folder that is called so needs "./".
func mistyped(root *cobra.Command, word string) error {
	if _, err := os.Lstat(word); err == nil || strings.ContainsAny(word, `./\-`) {
		return nil
	}
	near := root.SuggestionsFor(word)
	if slices.Contains(near, word) || len(near) == 0 {
		return nil
	}
	return fmt.Errorf("there is no command and no path %q; did you mean %q?", word, near[0])
}
