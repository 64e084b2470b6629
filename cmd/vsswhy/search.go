package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/index/search"
)

// buildIndex is the name of the command that a scan runs as a process of its
// own: what happens to the full-text library must not cost the diagnosis.
const buildIndex = "build-index"

// program is the name that the program goes by.
const program = "vsswhy"

func newBuildIndex() *cobra.Command {
	scope, name := "", ""
	cmd := &cobra.Command{
		Use:    buildIndex + " CASE",
		Short:  "Build the full-text index of a case (run by scan)",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			go endWith(cmd.InOrStdin())
			e, err := newEngine(cmd)
			if err != nil {
				return err
			}
			c, err := index.Open(args[0])
			if err != nil {
				return err
			}
			defer c.Close()
			m, err := c.BuildSearch(cmd.Context(), name, index.Scope(scope), e.interest)
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(m)
		},
	}
	cmd.Flags().StringVar(&name, "into", "", "the folder in the case that gets the index")
	cmd.Flags().StringVar(&scope, "index", string(index.ScopeRelevant), "what is indexed")
	return cmd
}

// endWith ends the process when its standard input ends: the one that holds the
// other end was killed, and nobody wants the index any more.
func endWith(stdin io.Reader) {
	io.Copy(io.Discard, stdin)
	os.Exit(exitInterrupted)
}

// indexCase gives a case the full-text index that it is to have.
func (e *engine) indexCase(ctx context.Context, c *index.Case, dir string) error {
	scope := c.WantedScope()
	if c.SearchScope(ctx) == scope {
		return nil
	}
	if err := c.DropSearch(); err != nil || scope == index.ScopeOff {
		return err
	}
	start := time.Now()
	name := c.NewSearchName()
	m, err := buildInChild(ctx, dir, name, scope, e.rulesDir)
	if err == nil {
		err = c.AddSearch(name, scope, m)
	}
	if err != nil {
		c.DropSearch()
	}
	logOf(ctx).Info("full-text index", "of", string(scope), "took", since(start))
	return err
}

// maxTrouble is how much of what a dying process says is passed on, in bytes.
const maxTrouble = 300

func buildInChild(ctx context.Context, dir, name string, scope index.Scope, rulesDir string) (m search.Manifest, err error) {
	self, err := os.Executable()
	if err != nil {
		return m, err
	}
	cmd := exec.CommandContext(ctx, self, buildIndex, "--into", name, "--index", string(scope), "--"+rulesDirFlag, rulesDir, "--", dir)
	cmd.Args[0] = program         // whatever this one was started as
	alive, err := cmd.StdinPipe() // it ends with this process, however that ends
	if err != nil {
		return m, err
	}
	defer alive.Close()
	var out bytes.Buffer
	trouble := &head{room: maxTrouble}
	cmd.Stdout, cmd.Stderr = &out, trouble
	if err := cmd.Run(); err != nil {
		if text := strings.TrimSpace(trouble.String()); text != "" {
			err = errors.New(strings.TrimPrefix(text, "vsswhy: "))
		}
		return m, fmt.Errorf("the full-text index can't be built: %w", err)
	}
	return m, json.Unmarshal(out.Bytes(), &m)
}

// head keeps the beginning of what is written to it.
type head struct {
	bytes.Buffer
	room int
}

func (h *head) Write(p []byte) (int, error) {
	n := min(h.room, len(p))
	h.room -= n
	h.Buffer.Write(p[:n])
	return len(p), nil
}

var _ io.Writer = (*head)(nil)
