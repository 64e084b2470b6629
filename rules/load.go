package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

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

// Load reads rules, folder after folder: shared.yaml, whose signals and terms all
// rules of this and the later folders may use, and one file per rule, named after
// it. A rule takes the place of one of an earlier folder only if it says so. All
// mistakes are reported at once, each as file:line:column, and nothing is loaded
// then.
func Load(folders ...fs.FS) (*Set, error) {
	l := &loader{hash: sha256.New(), shared: &Shared{Signals: map[string]*Matcher{}, Terms: map[string]*Test{}}}
	for i, folder := range folders {
		l.fsys, l.earlier = folder, slices.Clone(l.set.rules)
		if err := l.folder(); err != nil {
			return nil, fmt.Errorf("rules, folder %d: %w", i+1, err)
		}
	}
	if err := errors.Join(l.errs...); err != nil {
		return nil, err
	}
	set := &l.set
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
	fsys    fs.FS
	hash    hash.Hash
	shared  *Shared         // of all folders so far
	earlier []*compiledRule // of the folders before this one
	set     Set
	errs    []error
}

// folder reads the rules of one.
func (l *loader) folder() error {
	names, err := fs.Glob(l.fsys, "*.yaml")
	if err != nil {
		return err
	}
	passed, err := fs.Glob(l.fsys, "*.yml")
	if err != nil {
		return err
	}
	for _, name := range passed { // whoever wrote it takes it for a rule that counts
		l.errs = append(l.errs, fmt.Errorf("%s: the names of rule files end in .yaml", name))
	}
	if i := slices.Index(names, sharedFile); i >= 0 { // what it has goes for all others
		names = slices.Insert(slices.Delete(names, i, i+1), 0, sharedFile)
	}
	for _, f := range decodeAll(l.fsys, names) {
		l.take(f)
	}
	return nil
}

// take adds what a file has, if it could be decoded.
func (l *loader) take(f *file) {
	fmt.Fprintf(l.hash, "%s\x00%d\x00", f.name, len(f.text))
	l.hash.Write(f.text)
	switch {
	case len(f.errs) > 0:
		l.errs = append(l.errs, f.errs...)
	case f.name == sharedFile:
		l.report(f, l.share(f.shared))
	default:
		c := link(f.rule, l.shared)
		mistakes := lint(c, strings.TrimSuffix(f.name, path.Ext(f.name)))
		l.report(f, append(mistakes, l.add(c)...))
	}
}

// share adds what all later rules may use, and returns the mistakes in it.
func (l *loader) share(s *Shared) (mistakes []mistake) {
	for name, m := range s.Signals {
		if l.shared.Signals[name] != nil {
			mistakes = append(mistakes, mistake{[]string{"signals", name}, fmt.Sprintf("there is a signal %q already", name)})
		}
		l.shared.Signals[name] = m
	}
	for name, t := range s.Terms {
		if l.shared.Terms[name] != nil {
			mistakes = append(mistakes, mistake{[]string{"terms", name}, fmt.Sprintf("there is a term %q already", name)})
		}
		l.shared.Terms[name] = t
	}
	return append(mistakes, lintShared(s, l.shared)...)
}

// add takes a rule into the set, in the place of an earlier one if it says so.
func (l *loader) add(c *compiledRule) []mistake {
	same := func(o *compiledRule) bool { return o.ID == c.ID }
	switch there := slices.ContainsFunc(l.earlier, same); {
	case there && !c.Override:
		return []mistake{{[]string{"id"}, fmt.Sprintf("there is a rule %q already; override: true puts this one in its place", c.ID)}}
	case !there && c.Override:
		return []mistake{{[]string{"override"}, fmt.Sprintf("there is no rule %q whose place this one could take", c.ID)}}
	}
	l.set.rules = append(slices.DeleteFunc(l.set.rules, same), c)
	return nil
}

// A file is a rule file as it was read, for the places of later mistakes.
type file struct {
	name   string
	text   []byte
	root   *yaml.Node
	shared *Shared // what it has if it is shared.yaml
	rule   *Rule   // else
	errs   []error
}

// decodeAll decodes files on all cores, each by itself, since they are what a start of the
// program waits for.
func decodeAll(fsys fs.FS, names []string) []*file {
	files := make([]*file, len(names))
	var taken atomic.Int64
	var workers sync.WaitGroup
	for range min(len(names), runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for i := taken.Add(1) - 1; i < int64(len(names)); i = taken.Add(1) - 1 {
				files[i] = decode(fsys, names[i])
			}
		})
	}
	workers.Wait()
	return files
}

// decode decodes one file strictly. A panic of the decoder is a mistake in the file: who
// reads rules could not catch it here.
func decode(fsys fs.FS, name string) *file {
	f := &file{name: name, root: &yaml.Node{}, shared: &Shared{}, rule: &Rule{}}
	defer func() {
		if p := recover(); p != nil {
			f.errs = append(f.errs, fmt.Errorf("%s: it can't be decoded: %v", name, p))
		}
	}()
	f.errs = f.decode(fsys)
	return f
}

func (f *file) decode(fsys fs.FS) []error {
	var err error
	if f.text, err = fs.ReadFile(fsys, f.name); err == nil && len(f.text) > maxRuleFile {
		err = fmt.Errorf("larger than %d bytes", maxRuleFile)
	}
	if err != nil {
		return []error{fmt.Errorf("%s: %w", f.name, err)}
	}
	into, schema := any(f.rule), &f.rule.Schema
	if f.name == sharedFile {
		into, schema = f.shared, &f.shared.Schema
	}
	if err = yaml.Load(f.text, f.root); err == nil {
		err = f.root.Load(into, yaml.WithKnownFields())
	}
	if err != nil {
		return f.undecoded(err)
	}
	if n, text := passedOver(f.root); n != nil {
		return []error{f.mistake(n.Line, n.Column, text)}
	}
	if *schema != schemaVersion {
		return []error{fmt.Errorf("%s: schema %d: this vsswhy understands schema %d; a newer one may be needed", f.name, *schema, schemaVersion)}
	}
	return nil
}

func (l *loader) report(f *file, mistakes []mistake) {
	for _, m := range mistakes {
		line, col := locate(f.root, m.path)
		l.errs = append(l.errs, f.mistake(line, col, m.text))
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
