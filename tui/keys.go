package tui

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// An action is something that a key does. Its name stands in the command
// palette and in the configuration.
type action string

// A scope is where an action is valid. A view names its scopes; a key may do
// one thing only in each set of scopes that a view names.
type scope int

const (
	everywhere scope = iota
	lists            // what moves up and down
	choosing         // lists of which a row can be opened
	panes            // what has panes beside each other
	records          // what shows events
	eventList        // the list of all events
	timeScale        // what is drawn over time
	findings         // what shows a finding
	noting           // what can be noted
	written          // what was noted
	menus            // lists to choose from
)

const (
	actUp       action = "up"
	actDown     action = "down"
	actPageUp   action = "page-up"
	actPageDown action = "page-down"
	actTop      action = "top"
	actBottom   action = "bottom"

	actNarrow   action = "narrow"
	actOpen     action = "open"
	actBack     action = "back"
	actNextPane action = "next-pane"
	actPrevPane action = "previous-pane"
	actZoom     action = "zoom"

	actVerdicts action = "verdicts"
	actJobs     action = "jobs"
	actEvents   action = "events"
	actCoverage action = "coverage"
	actNotes    action = "notes"
	actRules    action = "rules"

	actHelp    action = "help"
	actPalette action = "palette"
	actQuit    action = "quit"
	actStop    action = "stop-scan"
	actMouse   action = "mouse"
	actTheme   action = "theme"
	actTimes   action = "times"
	actCopy    action = "copy"
	actWrite   action = "write"

	actNote     action = "note"
	actShare    action = "share-note"
	actConfirm  action = "confirm"
	actDismiss  action = "dismiss"
	actAnswer   action = "answer"
	actTick     action = "tick"
	actRemedy   action = "remedy"
	actBookmark action = "bookmark"

	actFilter      action = "filter"
	actFilterCell  action = "filter-from-field"
	actFilterStack action = "filter-stack"
	actSearch      action = "search"
	actNextMatch   action = "next-match"
	actPrevMatch   action = "previous-match"
	actNextError   action = "next-error"
	actPrevError   action = "previous-error"
	actNextProof   action = "next-evidence"
	actPrevProof   action = "previous-evidence"
	actNextMark    action = "next-bookmark"
	actPrevMark    action = "previous-bookmark"
	actHistogram   action = "histogram"
	actZoomIn      action = "zoom-in"
	actZoomOut     action = "zoom-out"
	actXML         action = "xml"
	actNeighbours  action = "neighbours"
	actContext     action = "in-context"
)

// A binding is one line of the key table.
type binding struct {
	action action
	scope  scope
	keys   []string // as Bubble Tea names them
	help   string
	hint   string // on the foot line; "": not there
}

// bindings is the key table, in the order of help and of the foot line: what a
// view is for comes first.
var bindings = []binding{
	{actOpen, choosing, []string{"enter"}, "open what the cursor is on", "open"},
	{actRemedy, findings, []string{"r"}, "to what to do", "what to do"},
	{actNextProof, findings, []string{"v"}, "to the next piece of evidence", "evidence"},
	{actPrevProof, findings, []string{"V"}, "to the previous piece of evidence", ""},
	{actContext, findings, []string{"o"}, "show this evidence among all events", "among events"},
	{actAnswer, findings, []string{"a"}, "answer what the logs can't tell: yes, no or unknown", "answer"},
	{actConfirm, findings, []string{"c"}, "confirm the finding, with a reason", "confirm"},
	{actDismiss, findings, []string{"x"}, "dismiss the finding, with a reason", "dismiss"},
	{actTick, findings, []string{"space"}, "tick a step that is done", "step done"},

	{actFilter, eventList, []string{"/"}, "show only the events that match a query", "filter"},
	{actFilterCell, eventList, []string{"f"}, "filter by a field of this event", "by field"},
	{actFilterStack, eventList, []string{"F"}, "the filters in use: switch, negate, remove, save", ""},
	{actSearch, eventList, []string{"s"}, "mark the events that match, and keep the others", "search"},
	{actNextMatch, eventList, []string{"n"}, "to the next match of the search", ""},
	{actPrevMatch, eventList, []string{"N"}, "to the previous match of the search", ""},
	{actNextError, eventList, []string{"e"}, "to the next error", "next error"},
	{actPrevError, eventList, []string{"E"}, "to the previous error", ""},
	{actNextProof, eventList, []string{"v"}, "to the next event that is evidence", "next evidence"},
	{actPrevProof, eventList, []string{"V"}, "to the previous event that is evidence", ""},
	{actNextMark, eventList, []string{"u"}, "to the next bookmark", ""},
	{actPrevMark, eventList, []string{"U"}, "to the previous bookmark", ""},
	{actHistogram, eventList, []string{"H"}, "show or hide the histogram", ""},
	{actZoom, eventList, []string{"z"}, "show or hide the event below the list", ""},

	{actZoomIn, timeScale, []string{"+", "="}, "only the time around this one", "zoom in"},
	{actZoomOut, timeScale, []string{"-"}, "a longer time again", ""},

	{actBookmark, records, []string{"b"}, "bookmark this event", "bookmark"},
	{actXML, records, []string{"X"}, "the event's XML", "XML"},
	{actNeighbours, records, []string{"p"}, "its neighbours in its own log", "neighbours"},

	{actNarrow, menus, []string{"/"}, "show only what contains a text", "narrow"},

	{actNextPane, panes, []string{"tab"}, "to the next pane", ""},
	{actPrevPane, panes, []string{"shift+tab"}, "to the previous pane", ""},
	{actZoom, panes, []string{"z"}, "this pane alone, or all of them", ""},

	{actShare, written, []string{"S"}, "show the note in reports, or no longer", "into reports"},

	{actUp, lists, []string{"up", "k"}, "one row up", ""},
	{actDown, lists, []string{"down", "j"}, "one row down", ""},
	{actPageUp, lists, []string{"pgup", "ctrl+b"}, "one page up", ""},
	{actPageDown, lists, []string{"pgdown", "ctrl+f"}, "one page down", ""},
	{actTop, lists, []string{"home", "g"}, "to the first row", ""},
	{actBottom, lists, []string{"end", "G"}, "to the last row", ""},

	{actNote, noting, []string{"i"}, "write a note", "note"},
	{actCopy, everywhere, []string{"y"}, "copy", "copy"},
	{actWrite, everywhere, []string{"w"}, "write this view or the report to a file", "write"},
	{actVerdicts, everywhere, []string{"1"}, "verdicts: what failed, and why", ""},
	{actJobs, everywhere, []string{"2"}, "jobs: backups and restores over time", ""},
	{actEvents, everywhere, []string{"3"}, "events: all of them, merged by time", ""},
	{actCoverage, everywhere, []string{"4"}, "coverage: which log covers which time", ""},
	{actNotes, everywhere, []string{"5"}, "notes: what you have written", ""},
	{actRules, everywhere, []string{"6"}, "rules: what was checked where", ""},
	{actTimes, everywhere, []string{"t"}, "times: in UTC, or before the last event", ""},
	{actTheme, everywhere, []string{"T"}, "next theme", ""},
	{actMouse, everywhere, []string{"m"}, "mouse on or off", ""},
	{actPalette, everywhere, []string{":"}, "every action by its name", ""},
	{actHelp, everywhere, []string{"?"}, "the keys that are valid here", ""},
	{actStop, everywhere, []string{"ctrl+x"}, "stop the scan that runs", ""},
	{actBack, everywhere, []string{"esc", "backspace"}, "back", ""},
	{actQuit, everywhere, []string{"q", "ctrl+c"}, "quit", ""},
}

// A keymap finds the action of a key.
type keymap struct{ bindings []binding }

// newKeymap applies what the configuration says of keys: action → keys.
func newKeymap(changed map[string][]string) (*keymap, error) {
	list := slices.Clone(bindings)
	for _, name := range slices.Sorted(maps.Keys(changed)) {
		found := false
		for i := range list {
			if string(list[i].action) == name {
				list[i].keys, found = changed[name], true
			}
		}
		if !found {
			return nil, fmt.Errorf("keys: there is no action %q", name)
		}
	}
	k := &keymap{list}
	return k, k.check()
}

// scopesOf are the sets of scopes that views name.
var scopesOf = map[string][]scope{
	"verdicts":   {lists, choosing, panes, findings, noting},
	"events":     {lists, choosing, eventList, timeScale, records, noting},
	"event":      {lists, records, noting},
	"neighbours": {lists, choosing, records, noting},
	"jobs":       {lists, choosing, timeScale},
	"list":       {lists},
	"notes":      {lists, choosing, written},
	"choice":     {lists, choosing},
	"text":       {lists},
	"menu":       {lists, choosing, menus},
}

// check wants each key to do one thing only wherever it is valid.
func (k *keymap) check() error {
	for _, name := range slices.Sorted(maps.Keys(scopesOf)) {
		taken := map[string]action{}
		for _, b := range k.valid(scopesOf[name]) {
			for _, key := range b.keys {
				if other, ok := taken[key]; ok && other != b.action {
					return fmt.Errorf("keys: %q is both %s and %s in %s", key, other, b.action, name)
				}
				taken[key] = b.action
			}
		}
	}
	return nil
}

// valid returns the lines of the table for some scopes.
func (k *keymap) valid(scopes []scope) []binding {
	var out []binding
	for _, b := range k.bindings {
		if b.scope == everywhere || slices.Contains(scopes, b.scope) {
			out = append(out, b)
		}
	}
	return out
}

// find returns the action of a key, "" if it has none here.
func (k *keymap) find(key string, scopes []scope) action {
	for _, b := range k.valid(scopes) {
		if slices.Contains(b.keys, key) {
			return b.action
		}
	}
	return ""
}

// key returns the first key of an action, for hints.
func (k *keymap) key(act action) string {
	for _, b := range k.bindings {
		if b.action == act && len(b.keys) > 0 {
			return keyName(b.keys[0])
		}
	}
	return ""
}

// keyName is how a key is shown.
func keyName(key string) string {
	head, last := "", key
	if i := strings.LastIndexByte(key[:max(0, len(key)-1)], '+'); i >= 0 {
		head, last = key[:i+1], key[i+1:]
	}
	if name, ok := keyNames[last]; ok {
		last = name
	}
	return head + last
}

var keyNames = map[string]string{
	"pgdown": "PgDn", "pgup": "PgUp", "enter": "Enter", "esc": "Esc", "space": "Space", "tab": "Tab", "backspace": "Backspace",
	"up": "Up", "down": "Down", "home": "Home", "end": "End",
}
