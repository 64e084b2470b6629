package rules

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Strings is one string or a list of them.
type Strings []string

// UnmarshalYAML takes a scalar for a list of one.
func (s *Strings) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*s = Strings{n.Value}
		return nil
	}
	return n.Decode((*[]string)(s))
}

// IDs is an event id, or a list of ids and ranges ("10108-10111").
type IDs []uint32

// maxIDRange bounds a range; event ids are 16 bits wide.
const maxIDRange = 1 << 16

// UnmarshalYAML takes numbers and ranges.
func (ids *IDs) UnmarshalYAML(n *yaml.Node) error {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	for _, item := range items {
		from, to, isRange := strings.Cut(item.Value, "-")
		if !isRange {
			to = from
		}
		lo, err1 := strconv.ParseUint(strings.TrimSpace(from), 10, 16)
		hi, err2 := strconv.ParseUint(strings.TrimSpace(to), 10, 16)
		if item.Kind != yaml.ScalarNode || err1 != nil || err2 != nil || lo > hi {
			return fmt.Errorf("line %d: %q is no event id: want 8229 or 10108-10111", item.Line, item.Value)
		}
		for id := lo; id <= hi && id < maxIDRange; id++ {
			*ids = append(*ids, uint32(id))
		}
	}
	return nil
}
