package index

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/vsswhy/vsswhy/index/logs"
)

// A Problem is something in a case that is not what was written.
type Problem struct {
	What    string // the file or folder
	Detail  string
	Derived bool // the next scan makes it again, from the logs
}

func (p Problem) String() string { return p.What + ": " + p.Detail }

// Verify reads all of a case and compares it with its hashes. It changes
// nothing. The error is that of ctx.
func (c *Case) Verify(ctx context.Context) ([]Problem, error) {
	var found []Problem
	report := func(what string, derived bool, err error) {
		if err != nil && ctx.Err() == nil {
			found = append(found, Problem{what, err.Error(), derived})
		}
	}
	for _, d := range c.damage {
		report("schema", true, errors.New(d))
	}
	for _, d := range c.notes.Damage() {
		report("notes", false, errors.New(d))
	}
	_, err := Pseudonyms(c.dir)
	report(pseudonymsName, false, err)
	if c.now().schema.Generation == 0 {
		report("report", true, ErrUnfinished)
		return found, ctx.Err()
	}
	_, _, err = c.Report()
	report(c.now().schema.Report.Name, true, err)
	report("events", true, c.verifyStore())
	report("search", true, c.verifySearch(ctx))
	for _, name := range c.kept() {
		report("logs/"+name, false, c.verifyLog(ctx, name))
	}
	return found, ctx.Err()
}

func (c *Case) verifyStore() error {
	r, err := c.Events()
	if err != nil {
		return err
	}
	return r.Verify()
}

func (c *Case) verifySearch(ctx context.Context) error {
	x, err := c.now().search()
	if err != nil {
		return err
	}
	if x == nil {
		return c.SearchMissing()
	}
	return x.Verify(ctx)
}

func (c *Case) verifyLog(ctx context.Context, name string) error {
	err := c.logs.Verify(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("is missing; scan the bundle that it came in again")
	}
	if errors.Is(err, logs.ErrDamaged) {
		return fmt.Errorf("%w; scan the bundle that it came in again", err)
	}
	return err
}

// kept returns the names of the logs that the case needs, sorted.
func (c *Case) kept() []string {
	names := map[string]bool{}
	var list []string
	for _, in := range c.now().schema.Inputs {
		for _, f := range in.Files {
			for _, s := range f.Sources {
				if s.Kept != "" && !names[s.Kept] {
					names[s.Kept] = true
					list = append(list, s.Kept)
				}
			}
		}
	}
	slices.Sort(list)
	return list
}
