package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/vsswhy/vsswhy/rules"
	"github.com/vsswhy/vsswhy/rules/ecs"
	"github.com/vsswhy/vsswhy/rules/report"
)

// schemas are of what the program reads and writes as JSON or YAML; that of ecs is an
// index template.
var schemas = map[string]func() ([]byte, error){
	"report":  report.JSONSchema,
	"summary": report.BundleSchema,
	"rule":    rules.Schema,
	"ecs":     ecs.Template,
}

func newSchema() *cobra.Command {
	return &cobra.Command{
		Use:   "schema report|summary|rule|ecs",
		Short: "Print the JSON Schema of a report, of a line of a batch's summary, or of a rule file, or the index template of --format ecs",
		Args:  cobra.ExactArgs(1), ValidArgs: []string{"report", "summary", "rule", "ecs"},
		RunE: func(cmd *cobra.Command, args []string) error { return printSchema(cmd, args[0]) },
	}
}

func printSchema(cmd *cobra.Command, name string) error {
	schema := schemas[name]
	if schema == nil {
		return fmt.Errorf("there is a schema of a report, a summary, a rule and ecs, and none of %q", name)
	}
	text, err := schema()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", text)
	return err
}
