package rules

import (
	"fmt"
	"io"
	"strings"
)

// Explain prints a rule as prose; false: there is none of that id.
func (s *Set) Explain(w io.Writer, id string) bool {
	r := s.rule(id)
	if r == nil {
		return false
	}
	p := &prose{w: w}
	p.line("%s", r.Title)
	p.line("%s, severity %s, evaluated for %s%s", r.ID, r.Severity, aboutWords[r.About], r.Applies.words())
	p.line("")
	p.line("It is thought of when: %s (%s)", r.AnchorText, r.AnchorGrade)
	for _, part := range []struct {
		role Role
		head string
	}{
		{RoleRequired, "To be confirmed, all of these must be so:"},
		{RoleDiscriminating, "These tell it from what looks alike; one of them makes it likely:"},
		{RoleSupporting, "These speak for it:"},
		{RoleExcluding, "These speak against it:"},
	} {
		p.criteria(r.Rule, part.role, part.head)
	}
	p.list("What no log shows:", r.NotChecked)
	p.list("Take care:", r.KnownFalse)
	p.steps(r.Remediation)
	for _, x := range r.References {
		p.line("See %s %s", x.Title, x.URL)
	}
	return true
}

var aboutWords = map[About]string{
	AboutBackupFailure: "each failed backup", AboutRestore: "each restore", AboutGuestBackup: "each backup of a host with a guest on it",
	AboutIncident: "each time its events occur, and the failed backups near that",
}

func (a Applies) words() string {
	switch {
	case a.From != "" && a.Below != "":
		return fmt.Sprintf(", for Windows %s and later, below %s", a.From, a.Below)
	case a.From != "":
		return fmt.Sprintf(", for Windows %s and later", a.From)
	case a.Below != "":
		return fmt.Sprintf(", for Windows below %s", a.Below)
	}
	return ""
}

// prose prints a rule for people.
type prose struct{ w io.Writer }

func (p *prose) line(format string, args ...any) {
	fmt.Fprintf(p.w, strings.TrimRight(format, " ")+"\n", args...)
}

func (p *prose) list(head string, items []string) {
	if len(items) == 0 {
		return
	}
	p.line("")
	p.line("%s", head)
	for _, s := range items {
		p.line("  - %s", s)
	}
}

func (p *prose) criteria(r *Rule, role Role, head string) {
	var items []string
	for _, c := range r.Criteria {
		if c.Role != role {
			continue
		}
		text := fmt.Sprintf("%s (%s%s)", c.Text, c.Grade, c.window())
		if role == RoleExcluding && c.Limit != NoVerdict {
			text += ": at most " + c.Limit.String() + " then"
		} else if role == RoleExcluding {
			text += ": ruled out then"
		}
		items = append(items, text)
	}
	p.list(head, items)
}

// window says in which time a test looks, where it says so at its top.
func (t *Test) window() string {
	for _, x := range []struct {
		d    Duration
		word string
	}{{t.Within, "within"}, {t.Before, "before, up to"}, {t.After, "after, up to"}} {
		if x.d > 0 {
			return fmt.Sprintf(", %s %s", x.word, x.d)
		}
	}
	return ""
}

func (p *prose) steps(steps []Step) {
	if len(steps) == 0 {
		return
	}
	p.line("")
	p.line("What to do:")
	for i, s := range steps {
		risk := ""
		if s.Risk != "" {
			risk = " (" + s.Risk + ")"
		}
		p.line("  %d. %s%s", i+1, s.Text, risk)
		if s.Run != "" {
			p.line("     %s> %s", s.Shell, s.Run)
		}
	}
}
