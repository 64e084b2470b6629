package scene

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
)

// States of an update on a computer.
const (
	Installed = "installed"
	Missing   = "missing"
)

// Update returns whether a hotfix was on the computer at a time: "installed" or
// "missing". What decides, in this order (KB975354: the installer refuses where
// newer files are present, so the list alone does not prove absence):
//
//  1. the version of the file that the hotfix replaces;
//  2. a list of hotfixes, or an event that says it was installed;
//  3. a Setup log that covers all the time up to then without such an event.
//
// A date of installation after the time means that it was missing then.
func (h *Host) Update(kb, file, fixedIn string, at time.Time) Value {
	if v := h.fact(event.FactFileVersion, file); v.Known {
		return byVersion(v, file, fixedIn)
	}
	if v := h.installed(kb, at); v.Known {
		return v
	}
	if v := h.fact(event.FactHotfixList, ""); v.Known {
		v.Cites[0].Text = fmt.Sprintf("list of %s hotfixes without %s", v.Text, kb)
		v.Text = Missing
		return v
	}
	if cover := h.Coverage(known.Setup); cover != nil && cover.Covers(time.Time{}, at) {
		return known1(Missing, Citation{Cover: cover, Host: h, Text: "no event says that " + kb + " was installed"})
	}
	return Value{}
}

func byVersion(v Value, file, fixedIn string) Value {
	state := Missing
	if CompareVersions(v.Text, fixedIn) >= 0 {
		state = Installed
	}
	v.Cites[0].Text = file + " " + v.Text
	v.Text = state
	return v
}

// installed looks for the hotfix in lists and events.
func (h *Host) installed(kb string, at time.Time) Value {
	for _, f := range h.facts {
		if f.Key == event.FactHotfix && strings.EqualFold(f.Value, kb) {
			return dated(f.Time, at, Citation{Fact: f, Host: h, Text: kb + " is in the list of hotfixes"})
		}
	}
	for _, e := range h.Events {
		if (e.ID == idPackageState && e.From(servicing) || e.ID == idUpdateDone && e.From(updates)) && mentions(e, kb) {
			return dated(e.Time, at, Citation{Event: e, Host: h, Text: kb + " was installed"})
		}
	}
	return Value{}
}

func dated(since, at time.Time, c Citation) Value {
	if since.IsZero() || !since.After(at) {
		return known1(Installed, c)
	}
	c.Text += fmt.Sprintf(" on %s, after the failure", since.UTC().Format(time.DateOnly))
	return known1(Missing, c)
}

func mentions(e *Event, word string) bool {
	for _, f := range e.Fields {
		if strings.Contains(strings.ToLower(f.Value), strings.ToLower(word)) {
			return true
		}
	}
	return false
}

// CompareVersions compares dotted numbers part by part; a missing part is zero.
func CompareVersions(a, b string) int {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(as), len(bs)) {
		if d := part(as, i) - part(bs, i); d != 0 {
			return d
		}
	}
	return 0
}

func part(parts []string, i int) int {
	if i >= len(parts) {
		return 0
	}
	n, err := strconv.Atoi(parts[i])
	if err != nil {
		return 0
	}
	return n
}
