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
	"report": report.JSONSchema,
	"ecs":    ecs.Template,
	"rule":   rules.Schema,
}

func newSchema() *cobra.Command {
	return &cobra.Command{
		Use: "schema report|rule|ecs", Short: "Print the JSON Schema of a report or of a rule file, or the index template of --format ecs", Args: cobra.ExactArgs(1), ValidArgs: []string{"report", "rule", "ecs"},
		RunE: func(cmd *cobra.Command, args []string) error { return printSchema(cmd, args[0]) },
	}
}

func printSchema(cmd *cobra.Command, name string) error {
	schema := schemas[name]
	if schema == nil {
		return fmt.Errorf("there is a schema of a report, of a rule and of ecs, and none of %q", name)
	}
	text, err := schema()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", text)
	return err
}
