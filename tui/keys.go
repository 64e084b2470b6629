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
	lists            // what has a cursor
	panes            // what has panes beside each other
	records          // what shows events
	eventList        // the list of all events
	findings         // what shows a finding
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
}

// bindings is the key table.
var bindings = []binding{
	{actUp, lists, []string{"up", "k"}, "one row up"},
	{actDown, lists, []string{"down", "j"}, "one row down"},
	{actPageUp, lists, []string{"pgup", "ctrl+b"}, "one page up"},
	{actPageDown, lists, []string{"pgdown", "ctrl+f"}, "one page down"},
	{actTop, lists, []string{"home", "g"}, "to the first row"},
	{actBottom, lists, []string{"end", "G"}, "to the last row"},
	{actOpen, lists, []string{"enter"}, "open what the cursor is on"},

	{actNarrow, menus, []string{"/"}, "show only what contains a text"},

	{actNextPane, panes, []string{"tab"}, "to the next pane"},
	{actPrevPane, panes, []string{"shift+tab"}, "to the previous pane"},
	{actZoom, panes, []string{"z"}, "this pane alone, or all of them"},

	{actNextProof, findings, []string{"v"}, "to the next piece of evidence"},
	{actPrevProof, findings, []string{"V"}, "to the previous piece of evidence"},
	{actContext, findings, []string{"o"}, "show this evidence among all events"},
	{actConfirm, findings, []string{"c"}, "confirm the finding, with a reason"},
	{actDismiss, findings, []string{"x"}, "dismiss the finding, with a reason"},
	{actAnswer, findings, []string{"a"}, "answer what the logs can't tell: yes, no or unknown"},
	{actRemedy, findings, []string{"r"}, "to what to do"},
	{actTick, findings, []string{"space"}, "tick a step that is done"},

	{actFilter, eventList, []string{"/"}, "show only the events that match a query"},
	{actFilterCell, eventList, []string{"f"}, "filter by a field of this event"},
	{actFilterStack, eventList, []string{"F"}, "the filters in use: switch, negate, remove, save"},
	{actSearch, eventList, []string{"s"}, "mark the events that match, and keep the others"},
	{actNextMatch, eventList, []string{"n"}, "to the next match of the search"},
	{actPrevMatch, eventList, []string{"N"}, "to the previous match of the search"},
	{actNextError, eventList, []string{"e"}, "to the next error"},
	{actPrevError, eventList, []string{"E"}, "to the previous error"},
	{actNextProof, eventList, []string{"v"}, "to the next event that is evidence"},
	{actPrevProof, eventList, []string{"V"}, "to the previous event that is evidence"},
	{actNextMark, eventList, []string{"u"}, "to the next bookmark"},
	{actPrevMark, eventList, []string{"U"}, "to the previous bookmark"},
	{actHistogram, eventList, []string{"H"}, "show or hide the histogram"},
	{actZoomIn, eventList, []string{"+"}, "only the time around this event"},
	{actZoomOut, eventList, []string{"-"}, "a longer time again"},

	{actBookmark, records, []string{"b"}, "bookmark this event"},
	{actXML, records, []string{"X"}, "the event's XML"},
	{actNeighbours, records, []string{"p"}, "its neighbours in its own log"},

	{actNote, everywhere, []string{"i"}, "write a note"},
	{actCopy, everywhere, []string{"y"}, "copy"},
	{actWrite, everywhere, []string{"w"}, "write this view or the report to a file"},
	{actVerdicts, everywhere, []string{"1"}, "verdicts"},
	{actJobs, everywhere, []string{"2"}, "jobs"},
	{actEvents, everywhere, []string{"3"}, "events"},
	{actCoverage, everywhere, []string{"4"}, "coverage"},
	{actNotes, everywhere, []string{"5"}, "notes"},
	{actRules, everywhere, []string{"6"}, "rules"},
	{actTimes, everywhere, []string{"t"}, "times: absolute, relative"},
	{actTheme, everywhere, []string{"T"}, "next theme"},
	{actMouse, everywhere, []string{"m"}, "mouse on or off"},
	{actPalette, everywhere, []string{":"}, "every action by its name"},
	{actHelp, everywhere, []string{"?"}, "the keys that are valid here"},
	{actStop, everywhere, []string{"ctrl+x"}, "stop the scan that runs"},
	{actBack, everywhere, []string{"esc", "backspace"}, "back"},
	{actQuit, everywhere, []string{"q", "ctrl+c"}, "quit"},
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
	"verdicts": {lists, panes, findings},
	"events":   {lists, panes, eventList, records},
	"event":    {lists, records},
	"list":     {lists},
	"text":     {lists},
	"menu":     {lists, menus},
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
	return strings.NewReplacer("pgdown", "PgDn", "pgup", "PgUp", "enter", "Enter", "esc", "Esc", "space", "Space", "tab", "Tab").Replace(key)
}
