package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
	"go.yaml.in/yaml/v4"
)

// schemaVersion is what this program understands.
const schemaVersion = 1

// maxRuleFile bounds a rule file. The built-in ones are a tenth of it at most.
const maxRuleFile = 1 << 20

// A Set is a set of checked rules, ready to be evaluated.
type Set struct {
	rules  []*compiledRule // in the order of issue, id
	digest string
}

// Digest identifies the rules by their content; it stands in each report.
func (s *Set) Digest() string { return s.digest }

// rule returns the rule with the id, or nil.
func (s *Set) rule(id string) *compiledRule {
	i := slices.IndexFunc(s.rules, func(r *compiledRule) bool { return r.ID == id })
	if i < 0 {
		return nil
	}
	return s.rules[i]
}

// Rules returns the definitions, in the order of issue, then id.
func (s *Set) Rules() []*Rule {
	list := make([]*Rule, len(s.rules))
	for i, r := range s.rules {
		list[i] = r.Rule
	}
	return list
}

// Interest returns the events that the rules ask for.
func (s *Set) Interest() *event.Interest {
	in := new(event.Interest)
	for _, r := range s.rules {
		for _, m := range r.signals {
			m.source.want(in)
		}
	}
	return in
}

// compiledRule is a rule with its signals compiled and the shared parts in.
type compiledRule struct {
	*Rule
	signals map[string]*matcher
	terms   map[string]*Test
}

// Load reads the rules of a folder: shared.yaml, whose signals and terms all
// may use, and one file per rule, named after it. All mistakes are reported at
// once, each as file:line:column.
func Load(fsys fs.FS) (*Set, error) {
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, err
	}
	l := &loader{fsys: fsys, hash: sha256.New()}
	shared := &Shared{}
	if slices.Contains(names, sharedFile) {
		if root := l.read(sharedFile, shared, &shared.Schema); root != nil {
			l.report(sharedFile, root, lintShared(shared))
		}
	}
	set := &Set{}
	for _, name := range names {
		if name == sharedFile {
			continue
		}
		r := &Rule{}
		if root := l.read(name, r, &r.Schema); root != nil {
			c := link(r, shared)
			l.report(name, root, lint(c, strings.TrimSuffix(name, path.Ext(name))))
			set.rules = append(set.rules, c)
		}
	}
	if err := errors.Join(l.errs...); err != nil {
		return nil, err
	}
	if err := checkYields(set.rules); err != nil {
		return nil, err
	}
	for _, r := range set.rules {
		r.compile()
	}
	slices.SortFunc(set.rules, byIssue)
	set.digest = hex.EncodeToString(l.hash.Sum(nil))
	return set, nil
}

const sharedFile = "shared.yaml"

// byIssue puts the four of KB975354 first.
func byIssue(a, b *compiledRule) int {
	if a.Issue != b.Issue && a.Issue != 0 && b.Issue != 0 {
		return a.Issue - b.Issue
	}
	if (a.Issue == 0) != (b.Issue == 0) {
		return b.Issue - a.Issue
	}
	return strings.Compare(a.ID, b.ID)
}

// link gives a rule its own and the shared signals and terms.
func link(r *Rule, shared *Shared) *compiledRule {
	c := &compiledRule{Rule: r, signals: map[string]*matcher{}, terms: map[string]*Test{}}
	for _, table := range []map[string]*Matcher{shared.Signals, r.Signals} {
		for name, m := range table {
			c.signals[name] = &matcher{source: m}
		}
	}
	for _, table := range []map[string]*Test{shared.Terms, r.Terms} {
		for name, t := range table {
			c.terms[name] = t
		}
	}
	return c
}

// criterion returns the criterion with the id, or nil.
func (c *compiledRule) criterion(id string) *Criterion {
	i := slices.IndexFunc(c.Criteria, func(cr *Criterion) bool { return cr != nil && cr.ID == id })
	if i < 0 {
		return nil
	}
	return c.Criteria[i]
}

func (c *compiledRule) compile() {
	for name, m := range c.signals {
		c.signals[name] = compileMatcher(m.source)
	}
}

func checkYields(list []*compiledRule) error {
	var errs []error
	for _, r := range list {
		for _, id := range r.YieldsTo {
			if !slices.ContainsFunc(list, func(o *compiledRule) bool { return o.ID == id }) {
				errs = append(errs, fmt.Errorf("%s.yaml: yields_to: there is no rule %q", r.ID, id))
			}
		}
	}
	return errors.Join(errs...)
}

// loader reads files and collects mistakes.
type loader struct {
	fsys fs.FS
	hash hash.Hash
	errs []error
}

// read decodes one file strictly, and returns its node tree for the positions
// of later mistakes; nil if it could not be read.
func (l *loader) read(name string, into any, schema *int) *yaml.Node {
	data, err := fs.ReadFile(l.fsys, name)
	if err == nil && len(data) > maxRuleFile {
		err = fmt.Errorf("larger than %d bytes", maxRuleFile)
	}
	if err != nil {
		l.errs = append(l.errs, fmt.Errorf("%s: %w", name, err))
		return nil
	}
	fmt.Fprintf(l.hash, "%s\x00%d\x00", name, len(data))
	l.hash.Write(data)
	root := &yaml.Node{}
	if err := yaml.Load(data, root); err != nil {
		l.errs = append(l.errs, fmt.Errorf("%s: %w", name, err))
		return nil
	}
	if err := yaml.Load(data, into, yaml.WithKnownFields()); err != nil {
		l.errs = append(l.errs, fmt.Errorf("%s: %w", name, err))
		return nil
	}
	if *schema != schemaVersion {
		l.errs = append(l.errs, fmt.Errorf("%s: schema %d: this vsswhy understands schema %d; a newer one may be needed", name, *schema, schemaVersion))
		return nil
	}
	return root
}

func (l *loader) report(name string, root *yaml.Node, mistakes []mistake) {
	for _, m := range mistakes {
		line, col := locate(root, m.path)
		l.errs = append(l.errs, fmt.Errorf("%s:%d:%d: %s", name, line, col, m.text))
	}
}

// locate finds where a path such as criteria.2.signal stands, or as much of it
// as is there.
func locate(n *yaml.Node, steps []string) (line, column int) {
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	line, column = n.Line, n.Column
	if len(steps) == 0 {
		return line, column
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == steps[0] {
				if len(steps) == 1 {
					return n.Content[i].Line, n.Content[i].Column
				}
				return locate(n.Content[i+1], steps[1:])
			}
		}
	case yaml.SequenceNode:
		var i int
		if _, err := fmt.Sscan(steps[0], &i); err == nil && i < len(n.Content) {
			return locate(n.Content[i], steps[1:])
		}
	}
	return line, column
}
