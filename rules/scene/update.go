package scene

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
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
// newer files are present, so a list alone does not prove absence):
//
//  1. events that say when it was installed or removed;
//  2. the version of the file that the hotfix replaces;
//  3. a list of hotfixes;
//  4. a Setup log that covers all the time up to then without such an event.
//
// Lists and file versions tell of the day on which they were collected, so what
// was installed after the time was missing then. If another service pack was on by
// that day, they tell nothing of the time before: it has the updates, and no list
// names them any more.
func (h *Host) Update(kb, file, fixedIn string, at time.Time) Value {
	if v := h.installedByEvents(kb, at); v.Known {
		return v
	}
	then := h.OSBuild(at).Text
	if v := h.fact(event.FactFileVersion, file); v.Known && !otherPack(then, v.Text) {
		return byVersion(v, file, fixedIn)
	}
	if v := h.listed(kb, at); v.Known {
		return v
	}
	if v := h.fact(event.FactHotfixList, ""); v.Known && !otherPack(then, h.collectedBuild()) {
		v.Cites[0].Text = fmt.Sprintf("list of %s hotfixes without %s", v.Text, kb)
		v.Text = Missing
		return v
	}
	if cover := h.Coverage(known.Setup); cover != nil && cover.Covers(time.Time{}, at) {
		return known1(Missing, Citation{Cover: cover, Host: h, Text: "no event says that " + kb + " was installed"})
	}
	return Value{}
}

// collectedBuild is the Windows version on the day of collection: the one that the
// artefacts state, else the one that was booted last; "" if nothing tells.
func (h *Host) collectedBuild() string {
	if v := h.fact(event.FactOSBuild, ""); v.Known {
		return v.Text
	}
	if n := len(h.boots); n > 0 {
		return bootBuild(h.boots[n-1])
	}
	return ""
}

// otherPack reports whether two versions, "6.1.7600" and "6.1.7601.17514", are of one
// Windows with different service packs. Files that are numbered otherwise are not.
func otherPack(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	return len(as) >= 3 && len(bs) >= 3 && as[0] == bs[0] && as[1] == bs[1] && as[2] != bs[2]
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

// installedByEvents: the last change up to the time decides; else the first one
// after it, which tells what was before.
func (h *Host) installedByEvents(kb string, at time.Time) Value {
	before, after := around(h.changesOf(kb), at)
	switch {
	case before != nil:
		state := changeOf(before, kb)
		return known1(state, Citation{Event: before, Host: h, Text: kb + " became " + state})
	case after != nil:
		state := changeOf(after, kb)
		return known1(opposite(state), Citation{Event: after, Host: h, Text: kb + " became " + state + " only after the failure"})
	}
	return Value{}
}

// updateMemo keeps which of a host's changes are of one hotfix, since each failure asks
// for the same few. Whoever asks may be several at once.
type updateMemo struct {
	sync.Mutex
	changes map[string][]*Event
}

// changesOf returns what tells of a hotfix that its state changed, in the order of time.
func (h *Host) changesOf(kb string) []*Event {
	memo := &h.updates
	memo.Lock()
	defer memo.Unlock()
	list, ok := memo.changes[kb]
	if !ok && len(h.changes) > 0 {
		for _, e := range h.changes {
			if changeOf(e, kb) != "" {
				list = append(list, e)
			}
		}
		if memo.changes == nil {
			memo.changes = map[string][]*Event{}
		}
		memo.changes[kb] = list
	}
	return list
}

// changeOf reads what one of a host's changes says that became of a hotfix: Servicing 2 names
// the state that the package went to (Absent is 5000, Installed 5112, the words
// are the same in every language), WindowsUpdateClient 19 tells of an
// installation.
func changeOf(e *Event, kb string) string {
	switch {
	case !mentions(e, kb):
		return ""
	case e.ID == idUpdateDone:
		return Installed
	case failedChange(e):
		return ""
	}
	for _, name := range []string{"IntendedPackageState", "IntendedPackageStateTextized"} {
		if v, ok := e.Field(name); ok && (v == "5000" || strings.EqualFold(v, "Absent")) {
			return Missing
		}
	}
	return Installed
}

func failedChange(e *Event) bool {
	v, ok := e.Field("ErrorCode")
	if !ok || strings.EqualFold(v, "0x0") || v == "0" || v == "" {
		return false
	}
	return len(known.Codes(v)) > 0 || len(e.Codes) > 0
}

func opposite(state string) string {
	if state == Installed {
		return Missing
	}
	return Installed
}

// listed looks for the hotfix in lists.
func (h *Host) listed(kb string, at time.Time) Value {
	f := h.hotfixes[strings.ToLower(kb)]
	if f == nil {
		return Value{}
	}
	return dated(f.Time, at, Citation{Fact: f, Host: h, Text: kb + " is in the list of hotfixes"})
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
