package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules/report"
)

// redacted redacts a report, with the pseudonyms of a case if there is one.
func redacted(cmd *cobra.Command, r *report.Report, dir string) (*report.Report, error) {
	return redactIn(cmd.Context(), cmd.ErrOrStderr(), r, dir)
}

func redactIn(ctx context.Context, stderr io.Writer, r *report.Report, dir string) (*report.Report, error) {
	if dir == "" || !index.IsCase(dir) { // as where it could not be made; the report says so
		out, _ := report.Redact(r, nil)
		return out, nil
	}
	out, err := index.Redact(ctx, dir, r)
	var notKept *index.NotKeptError
	if errors.As(err, &notKept) {
		fmt.Fprintln(stderr, "vsswhy:", event.Clean(notKept.Error()))
		err = nil
	}
	return out, err
}

// printMapping prints which names the pseudonyms of a case stand for.
func (o *printOptions) printMapping(cmd *cobra.Command, dir string) error {
	if o.format != "text" && o.format != "json" {
		return fmt.Errorf("--mapping is printed as text or json, and not as %s", o.format)
	}
	list, err := index.Pseudonyms(dir)
	if err != nil {
		return err
	}
	return writeWhole(o.output, cmd.OutOrStdout(), func(w io.Writer) error {
		if o.format == "json" {
			return writeMappingJSON(w, list)
		}
		return writeMapping(w, list)
	})
}

func writeMapping(w io.Writer, list []report.Pseudonym) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "no report of this case was redacted yet")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, p := range list {
		fmt.Fprintf(table, "%s\t%s\t%s\n", event.Clean(p.Pseudonym), event.Clean(p.Kind), event.Clean(p.Name))
	}
	return table.Flush()
}

func writeMappingJSON(w io.Writer, list []report.Pseudonym) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(append([]report.Pseudonym{}, list...))
}
