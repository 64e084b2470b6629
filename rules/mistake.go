package rules

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
)

// mistake says where something is wrong, and shows the line:
//
//	sample.yaml:3:1: there is no field "titel" (did you mean "title"?)
//	  3 | titel: A sample
//	    | ^
func (f *file) mistake(line, column int, text string) error {
	at := fmt.Sprintf("%s:%d:%d: %s", f.name, line, column, text)
	lines := bytes.Split(f.text, []byte("\n"))
	if line < 1 || line > len(lines) {
		return errors.New(at)
	}
	shown := strings.ReplaceAll(string(bytes.TrimRight(lines[line-1], "\r")), "\t", " ")
	number := fmt.Sprint(line)
	return fmt.Errorf("%s\n  %s | %.120s\n  %*s | %*s", at, number, shown, len(number), "", max(1, column), "^")
}

// undecoded are the mistakes that strict decoding found.
func (f *file) undecoded(err error) []error {
	var several *yaml.LoadErrors
	var one *yaml.LoadError
	var list []*yaml.LoadError
	switch {
	case errors.As(err, &several):
		list = several.Errors
	case errors.As(err, &one):
		list = []*yaml.LoadError{one}
	default:
		return []error{fmt.Errorf("%s: %w", f.name, err)}
	}
	errs := make([]error, len(list))
	for i, e := range list {
		errs[i] = f.mistake(e.Mark.Line, e.Mark.Column, plain(e.Message))
	}
	return errs
}

// passedOver finds what decoding passes over: a key that is no text, such as a
// merge, a value that is left out, and a tag of one's own. nil: there is none.
func passedOver(n *yaml.Node) (*yaml.Node, string) {
	for i, child := range n.Content {
		isKey := n.Kind == yaml.MappingNode && i%2 == 0
		switch tag := child.ShortTag(); {
		case isKey && (child.Kind != yaml.ScalarNode || tag == "!!null" || tag == "!!merge"):
			return child, "this is no name of a field"
		case child.Kind == yaml.ScalarNode && tag == "!!null":
			return child, "there is nothing here"
		case strings.HasPrefix(tag, "!") && !strings.HasPrefix(tag, "!!"):
			return child, fmt.Sprintf("%s is a tag, and means nothing here", tag)
		}
		if found, text := passedOver(child); found != nil {
			return found, text
		}
	}
	return nil, ""
}

var noField = regexp.MustCompile(`field (\S+) not found in type rules\.(\w+)`)

// plain says without the program's own terms what the decoder found, and offers
// the field that may be meant.
func plain(message string) string {
	m := noField.FindStringSubmatch(message)
	if m == nil {
		return message
	}
	return fmt.Sprintf("there is no field %q here%s", m[1], suggest(m[1], fieldsOf(m[2])))
}

// fieldsOf are the fields of a part of a rule.
func fieldsOf(part string) []string {
	for _, v := range []any{Rule{}, Shared{}, Criterion{}, Test{}, Matcher{}, Update{}, Step{}, Reference{}, LogNeed{}, Applies{}, Example{}} {
		if t := reflect.TypeOf(v); t.Name() == part {
			return yamlFields(t)
		}
	}
	return nil
}

func yamlFields(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		name, rest, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if rest == "inline" {
			names = append(names, yamlFields(t.Field(i).Type)...)
		} else {
			names = append(names, name)
		}
	}
	return names
}
