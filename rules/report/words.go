package report

import (
	"fmt"
	"slices"
	"strings"
)

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, strings.Replace(noun, "backup or", "backups or", 1))
}

// verdictWord is the verdict with what it rests on: an inference, or an answer
// of the engineer, which must not read as if logs had shown it.
func (f *Finding) word() string {
	if f.Note() && f.Verdict != "ruled-out" {
		return "NOTE"
	}
	return verdictWord(f.Verdict, f.Candidate, f.Answered)
}

func verdictWord(verdict string, candidate, answered bool) string {
	word := strings.ToUpper(strings.ReplaceAll(verdict, "-", " "))
	var rests []string
	if candidate && verdict != "ruled-out" {
		rests = append(rests, "candidate")
	}
	if answered {
		rests = append(rests, "by an answer")
	}
	if len(rests) == 0 {
		return word
	}
	return word + " (" + strings.Join(rests, ", ") + ")"
}

func where(host string, vm *VM, volume string) string {
	parts := []string{host}
	if vm != nil {
		name := vm.Name
		if name == "" {
			name = vm.ID
		}
		parts = append(parts, "VM "+name)
	}
	if volume != "" {
		parts = append(parts, "volume "+volume)
	}
	return strings.Join(parts, ", ")
}

func codeText(c Code) string {
	s := c.Code
	if c.Name != "" {
		s += " " + c.Name
	}
	if c.Meaning != "" {
		s += ": " + c.Meaning
	}
	return s
}

func issueText(issue *int, rule string) string {
	if issue == nil {
		return rule
	}
	return fmt.Sprintf("KB975354 issue %d", *issue)
}

// event says when, where and what an evidence is, without its place.
func (e *Evidence) event() string {
	var parts []string
	if !e.Time.IsZero() {
		parts = append(parts, e.Time.String())
	}
	parts = append(parts, e.Host)
	if e.Provider != "" {
		parts = append(parts, fmt.Sprintf("%s %d:", shortProvider(e.Provider), e.ID))
	}
	return strings.Join(append(parts, e.Summary), " ")
}

// shortProvider leaves out what all of Microsoft's providers begin with.
func shortProvider(name string) string {
	return strings.TrimPrefix(strings.TrimPrefix(name, "Microsoft-Windows-"), "Hyper-V-")
}

// within says where in its source a citation stands; "" for the whole of it.
func (e *Evidence) within() string {
	switch {
	case e.Recovered:
		return fmt.Sprintf(" record %d, offset %d, recovered: left over from an earlier use of the log", e.Record, e.Offset)
	case e.Record > 0:
		return fmt.Sprintf(" record %d, offset %d", e.Record, e.Offset)
	case e.Line > 0:
		return fmt.Sprintf(" line %d", e.Line)
	}
	return ""
}

func atOffset(offset int64) string {
	if offset < 0 {
		return ""
	}
	return fmt.Sprintf(" at offset %d", offset)
}

func coverageText(c *Coverage) string {
	if c.To.IsZero() {
		return c.Channel + ": covers nothing (a filtered export)"
	}
	from := c.From.String()
	if c.From.IsZero() {
		from = "its beginning"
	}
	s := fmt.Sprintf("%s: %s to %s", c.Channel, from, c.To)
	if len(c.Gaps) > 0 {
		s += fmt.Sprintf(", %s", count(len(c.Gaps), "gap"))
	}
	if !c.Cleared.IsZero() { // that older records were overwritten is so of nearly every log
		s += c.Beginning()
	}
	return s
}

// Beginning says, behind a comma, why a log begins where it does, if that is
// known; else it is "".
func (c *Coverage) Beginning() string {
	switch {
	case !c.Cleared.IsZero() && c.ClearedBy != "":
		return fmt.Sprintf(", cleared %s by %s", c.Cleared, c.ClearedBy)
	case !c.Cleared.IsZero():
		return fmt.Sprintf(", cleared %s", c.Cleared)
	case c.Wrapped:
		return ", older records were overwritten"
	}
	return ""
}

func listed(names []string) string {
	if len(names) <= maxListed {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:maxListed], ", "), len(names)-maxListed)
}

// groupBy splits a list into runs of the same key, in the order of the first.
func groupBy[T any](list []T, key func(T) string) [][]T {
	index := map[string]int{}
	var groups [][]T
	for _, x := range list {
		i, ok := index[key(x)]
		if !ok {
			i = len(groups)
			index[key(x)] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], x)
	}
	return groups
}

func appendNew(list []string, more ...string) []string {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// split parts a list in two.
func split[T any](list []T, first func(T) bool) (a, b []T) {
	for _, x := range list {
		if first(x) {
			a = append(a, x)
		} else {
			b = append(b, x)
		}
	}
	return a, b
}
