// Package notes keeps what the engineer wrote in a case: notes, answers,
// triage states, bookmarks, ticked steps and saved filters. It is the one part
// of a case that nothing else can restore.
//
// Start with Open. A change is on disk when Put or Remove returns, twice: in
// two journals that are read together, so that damage of one loses nothing.
//
// # The journal
//
// Text, one change a line, appended and synced, each with a checksum of its
// own (CRC-32C, 8 hex digits) and a number that grows by one:
//
//	3f1b7a90 {"seq":17,"kind":"note","subject":{…},"text":"…","time":"…"}
//	7e02c4d1 {"seq":18,"kind":"note","subject":{…},"removed":true,"time":"…"}
//
// A last line that is cut off was never acknowledged. When most lines are
// outdated the journals are written anew, whole or not at all.
package notes

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Kind says what an entry is. There is one entry of a kind for a subject.
type Kind string

// The kinds, and what Value and Text are for them.
const (
	Note     Kind = "note"     // Text: the note; Value: Shared, or "" if it stays in the case
	Answer   Kind = "answer"   // Value: yes, no or unknown; Text: why; Subject.Part: the criterion
	Triage   Kind = "triage"   // Value: confirmed or dismissed; Text: the reason
	Bookmark Kind = "bookmark" // of an event
	Step     Kind = "step"     // a step of a remedy is done; Subject.Part: the step
	Filter   Kind = "filter"   // Value: the query; Subject.Part: its name
)

// Shared is the value of a note that is meant for whoever reads the report.
const Shared = "shared"

// A Subject is what an entry is about, named by content, so that the entry
// survives when logs are read again, in another order or out of another
// bundle. An event is known by Host, Channel, Record and Time, or where its
// record has no number or time by Log and Offset; a finding by Rule, Host, VM
// and Volume; a filter by its name.
type Subject struct {
	Log    string `json:"log,omitempty"` // SHA-256 of the log's content, hex digits
	Offset int64  `json:"offset,omitempty"`

	Host    string    `json:"host,omitempty"`
	Channel string    `json:"channel,omitempty"`
	Record  uint64    `json:"record,omitempty"`
	Time    time.Time `json:"time,omitzero"`

	Rule   string `json:"rule,omitempty"`
	VM     string `json:"vm,omitempty"`
	Volume string `json:"volume,omitempty"`
	Part   string `json:"part,omitempty"`
}

// identity is what makes two subjects the same. Computers' names are written
// in either case.
func (s Subject) identity() string {
	place := fmt.Sprintf("%s %d", s.Log, s.Offset)
	if s.Record != 0 && !s.Time.IsZero() {
		place = fmt.Sprintf("%d %d", s.Record, s.Time.UnixNano())
	}
	return fmt.Sprintf("%q", []string{place, strings.ToLower(s.Host), strings.ToLower(s.Channel), s.Rule, s.VM, s.Volume, s.Part})
}

// An Entry is one thing that the engineer wrote.
type Entry struct {
	Kind    Kind      `json:"kind"`
	Subject Subject   `json:"subject"`
	Value   string    `json:"value,omitempty"`
	Text    string    `json:"text,omitempty"`
	Time    time.Time `json:"time"` // when it was written
}

type key struct {
	kind     Kind
	identity string
}

func (e *Entry) key() key { return key{e.Kind, e.Subject.identity()} }

// Get returns the entry of a kind for a subject.
func (n *Notes) Get(kind Kind, s Subject) (Entry, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c, ok := n.live[key{kind, s.identity()}]
	return c.Entry, ok
}

// All returns the entries of the given kinds, or of all kinds, in the order in
// which they were last changed.
func (n *Notes) All(kinds ...Kind) []Entry {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []Entry
	for _, c := range n.sorted() {
		if len(kinds) == 0 || slices.Contains(kinds, c.Kind) {
			out = append(out, c.Entry)
		}
	}
	return out
}

// Put writes an entry, in place of an earlier one of its kind and subject.
func (n *Notes) Put(e Entry) error { return n.append(change{Entry: e}) }

// Remove takes back the entry of a kind for a subject, if there is one.
func (n *Notes) Remove(kind Kind, s Subject, when time.Time) error {
	if _, ok := n.Get(kind, s); !ok {
		return nil
	}
	return n.append(change{Entry: Entry{Kind: kind, Subject: s, Time: when}, Removed: true})
}

// sorted returns the live changes in their order.
func (n *Notes) sorted() []change {
	list := make([]change, 0, len(n.live))
	for _, c := range n.live {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b change) int { return cmp.Compare(a.Seq, b.Seq) })
	return list
}
