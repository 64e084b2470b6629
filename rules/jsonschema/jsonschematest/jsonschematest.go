// Package jsonschematest holds documents to schemas, for tests.
package jsonschematest

import (
	"bytes"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Validator returns a function that says what is wrong with a JSON text by the
// schema that make returns. The schema is compiled once.
func Validator(make func() ([]byte, error)) func(text string) error {
	schema := sync.OnceValues(func() (*jsonschema.Schema, error) {
		text, err := make()
		if err != nil {
			return nil, err
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return nil, err
		}
		c := jsonschema.NewCompiler()
		if err := c.AddResource("schema.json", doc); err != nil {
			return nil, err
		}
		return c.Compile("schema.json")
	})
	return func(text string) error {
		s, err := schema()
		if err != nil {
			return err
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			return err
		}
		return s.Validate(doc)
	}
}
