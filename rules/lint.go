package rules

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/known"
)

// The words of fields that take one of a few; Schema tells them, too.
var (
	severityWords = []string{"critical", "high", "medium", "low", severityInfo}
	aboutNames    = []string{string(AboutBackupFailure), string(AboutRestore), string(AboutGuestBackup), string(AboutIncident)}
	roleWords     = []string{string(RoleRequired), string(RoleDiscriminating), string(RoleSupporting), string(RoleExcluding)}
	riskWords     = []string{"read-only", "change", "restart"}
	shellWords    = []string{"powershell", "cmd"}
	ofWords       = []string{"host", "guest"}
	onWords       = []string{"host", "guest", "others", "nodes", "subject", ofFailure}
	sameWords     = []string{"vm", "volume"}
	differWords   = []string{"vm", "volume", "host"}
	silenceWords  = []string{silenceUnknown, silenceUnmet}
	jobWords      = []string{"backup", "restore"}
	underWords    = []string{"target"}
	coveredWords  = []string{"all", "none"}
)

// lastWin32 is above all Win32 error numbers, which events give behind their symbol.
const lastWin32 = 0xffff

// A mistake is what strict decoding does not see: a name that is not defined,
// an operator that lacks something.
type mistake struct {
	path []string
	text string
}

// linter walks a rule and collects mistakes with their paths.
type linter struct {
	rule     *compiledRule
	mistakes []mistake
	bound    map[string]bool
	using    []string // named tests being expanded, against circles
}

func lint(c *compiledRule, fileID string) []mistake {
	l := &linter{rule: c, bound: map[string]bool{subjectEvent: true}}
	l.head(fileID)
	l.named(c.Signals, c.Terms)
	if c.Anchor == nil {
		l.bad("an anchor is needed: the evidence without which nobody would think of the issue")
	} else {
		l.test(c.Anchor, "anchor")
	}
	l.incident()
	l.examples()
	seen := map[string]bool{}
	for i, cr := range c.Criteria {
		l.criterion(cr, seen, "criteria", strconv.Itoa(i))
	}
	return l.mistakes
}

// examples checks that the rule has tests: one that it fires in, and one that it
// stays quiet in.
func (l *linter) examples() {
	fires, quiet := false, false
	for i, x := range l.rule.Rule.Tests {
		at := []string{"tests", strconv.Itoa(i)}
		if x == nil || x.Name == "" {
			l.bad("a test needs a name", at...)
			continue
		}
		v, err := x.expected()
		if err != nil {
			l.bad(err.Error()+", or none", append(at, "expect")...)
		}
		if _, err := x.world(); err != nil {
			l.bad(err.Error(), append(at, "events")...)
		}
		if x.Covered != "" {
			l.oneOf(x.Covered, coveredWords, append(at, "covered")...)
		}
		fires, quiet = fires || v >= Possible, quiet || err == nil && v <= RuledOut
	}
	if !fires || !quiet {
		l.bad("a rule needs tests: at least one that it fires in, and one that it stays quiet in (expect: none or ruled-out)")
	}
}

// incident checks what goes with rules about incidents, and with no other.
func (l *linter) incident() {
	r := l.rule
	switch {
	case r.About != AboutIncident && (r.Near > 0 || r.OnlyNear || r.WholeHost):
		l.bad("near, only_near and whole_host go with rules about an incident")
	case r.About != AboutIncident || r.Anchor == nil:
	case r.Anchor.Signal == "" || r.Anchor.On != "subject":
		l.bad("a rule about an incident has an anchor of one signal, on: subject", "anchor")
	case r.signals[r.Anchor.Signal] != nil && !r.signals[r.Anchor.Signal].source.allHaveIDs():
		l.bad("the signal of an incident names its event ids", "anchor", "signal")
	}
}

func (m *Matcher) allHaveIDs() bool {
	return (len(m.Any) > 0 || len(m.ID) > 0) && !slices.ContainsFunc(m.Any, func(alt *Matcher) bool { return alt == nil || !alt.allHaveIDs() })
}

// lintShared checks parts that several rules use; they may use those of all.
func lintShared(shared, all *Shared) []mistake {
	l := &linter{rule: link(&Rule{}, all), bound: map[string]bool{}}
	l.named(shared.Signals, shared.Terms)
	return l.mistakes
}

func (l *linter) named(signals map[string]*Matcher, terms map[string]*Test) {
	for _, name := range slices.Sorted(maps.Keys(signals)) {
		l.matcher(signals[name], "signals", name)
	}
	for _, name := range slices.Sorted(maps.Keys(terms)) {
		l.test(terms[name], "terms", name)
	}
}

func (l *linter) bad(text string, path ...string) {
	l.mistakes = append(l.mistakes, mistake{slices.Clone(path), text})
}

func (l *linter) head(fileID string) {
	r := l.rule
	if r.ID != fileID {
		l.bad(fmt.Sprintf("id %q is not the file's name %q", r.ID, fileID), "id")
	}
	if r.Title == "" || r.AnchorText == "" {
		l.bad("title and anchor_text are needed")
	}
	l.oneOf(r.Severity, severityWords, "severity")
	l.oneOf(string(r.About), aboutNames, "about")
	l.grade(r.AnchorGrade, true, "anchor_grade")
	l.version(r.Applies.From, "applies", "os_from")
	l.version(r.Applies.Below, "applies", "os_below")
	if slices.Contains(r.YieldsTo, r.ID) {
		l.bad("a rule does not yield to itself", "yields_to")
	}
	for i, s := range r.Remediation {
		if s.Text == "" {
			l.bad("a step needs a text", "remediation", strconv.Itoa(i))
		}
		if s.Run != "" {
			l.oneOf(s.Risk, riskWords, "remediation", strconv.Itoa(i), "risk")
			l.oneOf(s.Shell, shellWords, "remediation", strconv.Itoa(i), "shell")
		}
	}
	for i, n := range r.Logs {
		l.oneOf(n.Of, ofWords, "logs", strconv.Itoa(i), "of")
	}
}

func (l *linter) oneOf(value string, allowed []string, path ...string) {
	if !slices.Contains(allowed, value) {
		l.bad(fmt.Sprintf("%q is not one of %s%s", value, strings.Join(allowed, ", "), suggest(value, allowed)), path...)
	}
}

func (l *linter) grade(g Grade, needed bool, path ...string) {
	const all = "MS, SRC, VEN, COM, INF, MEM"
	switch _, ok := gradeOrder[g]; {
	case ok:
	case g != "":
		l.bad(fmt.Sprintf("grade %q is not one of %s", g, all), path...)
	case needed:
		l.bad("a grade is missing, which says how sure this is: one of "+all, path...)
	}
}

func (l *linter) criterion(c *Criterion, seen map[string]bool, path ...string) {
	if c == nil {
		l.bad("there is nothing here", path...)
		return
	}
	if c.ID == "" || seen[c.ID] {
		l.bad(fmt.Sprintf("a criterion needs an id of its own, not %q", c.ID), append(path, "id")...)
	}
	seen[c.ID] = true
	if c.Text == "" {
		l.bad("a criterion needs a text", path...)
	}
	l.oneOf(string(c.Role), roleWords, append(path, "role")...)
	l.grade(c.Grade, true, append(path, "grade")...)
	if c.Limit != NoVerdict && (c.Role != RoleExcluding || c.Limit != Possible && c.Limit != Likely) {
		l.bad("limit goes with an excluding criterion, and is possible or likely", append(path, "limit")...)
	}
	l.implied(c, c.IfYes, append(path, "if_yes"))
	l.implied(c, c.IfNo, append(path, "if_no"))
	l.test(&c.Test, path...)
}

func (l *linter) implied(c *Criterion, states map[string]State, path []string) {
	for _, id := range slices.Sorted(maps.Keys(states)) {
		if id == c.ID || l.rule.criterion(id) == nil {
			l.bad(fmt.Sprintf("%q is no other criterion of this rule", id), append(path, id)...)
		}
	}
}

// test checks that a node has exactly one operator, with what it needs.
func (l *linter) test(t *Test, path ...string) {
	if t == nil {
		l.bad("there is nothing here", path...)
		return
	}
	ops := operators(t)
	if len(ops) != 1 {
		l.bad(fmt.Sprintf("a test has exactly one of all, any, not, if_known, uses, signal, job, sequence, fact, subject, update; this has %d: %s", len(ops), strings.Join(ops, ", ")), path...)
		return
	}
	l.grade(t.Sure, false, append(path, "sure")...)
	l.when(t, path)
	if t.On != "" {
		l.oneOf(t.On, onWords, append(path, "on")...)
	}
	if t.On == ofFailure && (t.Signal == "" || t.Within == 0) {
		l.bad("only a signal with within is looked for at the failed backup", append(path, "on")...)
	}
	if t.Silence != "" {
		l.oneOf(t.Silence, silenceWords, append(path, "silence")...)
	}
	if t.VolumeOf != "" {
		l.defined(t.VolumeOf, l.rule.signals, append(path, "volume_of"))
		if t.Signal == "" || t.On == "subject" || t.On == ofFailure {
			l.bad("only a signal of computers has volume_of", append(path, "volume_of")...)
		}
	}
	for _, key := range t.Same {
		l.oneOf(key, sameWords, append(path, "same")...)
	}
	for _, key := range t.Differ {
		l.oneOf(key, differWords, append(path, "differ")...)
		if slices.Contains(t.Same, key) {
			l.bad(fmt.Sprintf("this can never be met: %q is to be the same and to differ", key), append(path, "differ")...)
		}
	}
	l.operator(t, ops[0], append(path, ops[0]))
}

func operators(t *Test) []string {
	var ops []string
	for _, op := range []struct {
		name string
		used bool
	}{
		{"all", len(t.All) > 0}, {"any", len(t.Any) > 0}, {"not", t.Not != nil}, {"if_known", t.IfKnown != nil},
		{"uses", t.Uses != ""}, {"signal", t.Signal != ""}, {"job", t.Job != ""}, {"sequence", len(t.Sequence) > 0},
		{"fact", t.Fact != ""}, {"subject", t.Subject != ""}, {"update", t.Update != nil},
	} {
		if op.used {
			ops = append(ops, op.name)
		}
	}
	return ops
}

func (l *linter) operator(t *Test, op string, path []string) {
	switch op {
	case "all", "any":
		for i, part := range slices.Concat(t.All, t.Any) {
			l.test(part, append(path, strconv.Itoa(i))...)
		}
	case "not":
		l.test(t.Not, path...)
	case "if_known":
		l.test(t.IfKnown, path...)
	case "uses":
		l.uses(t.Uses, path)
	case "signal":
		l.defined(t.Signal, l.rule.signals, path)
		if t.As != "" {
			l.bound[t.As] = true
		}
	case "job":
		l.oneOf(t.Job, jobWords, path...)
	case "sequence":
		l.sequence(t, path)
	case "fact":
		l.defined(t.Fact, facts, path)
		if n := comparisons(t); n != 1 {
			l.bad(fmt.Sprintf("a fact is compared with exactly one of is, is_not, below, at_least, empty; this has %d", n), path...)
		}
		l.version(t.Below, path...)
		l.version(t.AtLeast, path...)
	case "subject":
		l.defined(t.Subject, properties, path)
	case "update":
		if t.Update.KB == "" || t.Update.File == "" || t.Update.FixedIn == "" {
			l.bad("update needs kb, file and fixed_in", path...)
		}
		l.version(t.Update.FixedIn, append(path, "fixed_in")...)
	}
}

func (l *linter) sequence(t *Test, path []string) {
	if len(t.Sequence) < 2 || t.Within == 0 {
		l.bad("a sequence needs two steps or more, and within", path...)
	}
	for i, step := range t.Sequence {
		if step == nil || step.Signal == "" {
			l.bad("a step of a sequence is a signal", append(path, strconv.Itoa(i))...)
			continue
		}
		l.test(step, append(path, strconv.Itoa(i))...)
		if step.On == ofFailure || step.VolumeOf != "" {
			l.bad("a step is of computers, and has no volume_of", append(path, strconv.Itoa(i))...)
		}
		if i == 0 && step.Within > 0 || step.Before > 0 || step.After > 0 || step.During || len(step.Between) > 0 {
			l.bad("a step has no window but within: how soon after the step before it", append(path, strconv.Itoa(i))...)
		}
	}
}

func (l *linter) uses(name string, path []string) {
	t := l.rule.terms[name]
	if t == nil {
		l.defined(name, l.rule.terms, path)
		return
	}
	if slices.Contains(l.using, name) {
		l.bad(fmt.Sprintf("term %q uses itself", name), path...)
		return
	}
	l.using = append(l.using, name)
	l.test(t, path...)
	l.using = l.using[:len(l.using)-1]
}

func (l *linter) when(t *Test, path []string) {
	n := 0
	for _, used := range []bool{t.Within > 0, t.Before > 0, t.After > 0, t.During, len(t.Between) > 0} {
		if used {
			n++
		}
	}
	if n > 1 {
		l.bad("at most one of within, before, after, during, between", path...)
	}
	for _, name := range t.Between {
		if !l.bound[name] {
			l.bad(fmt.Sprintf("between: %q is bound by no earlier criterion", name), append(path, "between")...)
		}
	}
	if n := len(t.Between); n != 0 && n != 2 {
		l.bad("between takes two bound events", append(path, "between")...)
	}
}

func comparisons(t *Test) int {
	n := 0
	for _, used := range []bool{t.Is != "", t.IsNot != "", t.Below != "", t.AtLeast != "", t.Empty != nil} {
		if used {
			n++
		}
	}
	return n
}

// defined checks that a name is a key of the table.
func (l *linter) defined(name string, table any, path []string) {
	var keys []string
	switch t := table.(type) {
	case map[string]*matcher:
		keys = slices.Sorted(maps.Keys(t))
	case map[string]*Test:
		keys = slices.Sorted(maps.Keys(t))
	case map[string]factSource:
		keys = slices.Sorted(maps.Keys(t))
	case map[string]func(*evaluator) result:
		keys = slices.Sorted(maps.Keys(t))
	}
	if !slices.Contains(keys, name) {
		l.bad(fmt.Sprintf("%q is not defined%s", name, suggest(name, keys)), path...)
	}
}

func (l *linter) matcher(m *Matcher, path ...string) {
	if m == nil {
		l.bad("there is nothing here", path...)
		return
	}
	if len(m.Any) == 0 && len(m.Provider) == 0 {
		l.bad("a signal names its provider, since ids are used by several", path...)
	}
	l.conditions(m, path...)
	for i, alt := range m.Any {
		l.matcher(alt, append(path, "any", strconv.Itoa(i))...)
	}
}

// conditions checks what an event must have, or of not, must not have.
func (l *linter) conditions(m *Matcher, path ...string) {
	if len(m.Any) > 0 && len(m.Provider) > 0 {
		l.bad("the parts of any name their providers", path...)
	}
	for _, p := range m.Provider {
		if long := shortProviders[p]; long != "" {
			l.bad(fmt.Sprintf("%q stands for %q in tests alone; write that", p, long), append(path, "provider")...)
		}
	}
	for _, c := range m.Code {
		switch code, err := known.ParseCode(c); {
		case err != nil:
			l.bad(err.Error(), append(path, "code")...)
		case !code.Failed() && (code == 0 || code > lastWin32):
			l.bad(fmt.Sprintf("%q is no error, so that no event is ever found by it", c), append(path, "code")...)
		}
	}
	if m.Under != "" {
		l.oneOf(m.Under, underWords, append(path, "under")...)
	}
	if m.Writer != "" && !classID.MatchString(m.Writer) {
		l.bad(fmt.Sprintf("%q is no class id in braces, so that no event is ever found by it", m.Writer), append(path, "writer")...)
	}
	if slices.Contains(m.Provider, "") {
		l.bad("a provider has a name", append(path, "provider")...)
	}
	if slices.Contains(m.Contains, "") {
		l.bad("every value contains an empty one", append(path, "contains")...)
	}
	l.version(m.OSFrom, append(path, "os_from")...)
	l.version(m.OSBelow, append(path, "os_below")...)
	if m.Not != nil {
		l.excluded(m.Not, append(path, "not")...)
	}
}

// excluded checks what an event must not be. It needs no provider, but something.
func (l *linter) excluded(m *Matcher, path ...string) {
	if m == nil || reflect.ValueOf(*m).IsZero() {
		l.bad("there is nothing here", path...)
		return
	}
	l.conditions(m, path...)
	for i, alt := range m.Any {
		l.excluded(alt, append(path, "any", strconv.Itoa(i))...)
	}
}

// classID is how VSS writers are named.
var classID = regexp.MustCompile(`^(?i)\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}$`)

// version checks what versions are compared with, number by number; "" is none.
func (l *linter) version(v string, path ...string) {
	if v != "" && !versionForm.MatchString(v) {
		l.bad(fmt.Sprintf("%q is no version: want for example 6.1 or 6.1.7601", v), path...)
	}
}

var versionForm = regexp.MustCompile(`^[0-9]{1,9}(\.[0-9]{1,9})*$`)

// suggest offers the nearest name, if one is near enough to be meant.
func suggest(name string, names []string) string {
	best, bestDist := "", 3
	for _, n := range names {
		if d := distance(name, n); d < bestDist {
			best, bestDist = n, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

// distance is the edit distance of two short names.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diag
			if a[i] != b[j] {
				cost = 1 + min(diag, row[j], row[j+1])
			}
			diag, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
