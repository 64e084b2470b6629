// Package report is the contract between the diagnosis and everything that
// shows it: the JSON form, schema vsswhy.report/v1, and the printers. It knows
// nothing of events or rules; a printer sees a Report and nothing else.
//
// Within v1 fields are added freely, never renamed or dropped. Times are
// RFC 3339 in UTC with seven fraction digits, as Windows keeps them.
//
// Where to look:
//
//	report.go, schema.go          the contract
//	page.go                       what a page is made of, and its order
//	page….go                      what it says: at its head, of failures, of a finding, of checks, of inputs
//	text.go, markdown.go, html.go set a page in type; template.go, draw….go are HTML's
//	table.go                      CSV and JSON lines, which are no pages
//	summary….go, periods.go       what many reports have in common
//	redact….go, pseudonym.go      a report without names; prose.go and trie.go find them in texts
package report

import (
	"encoding/json"
	"io"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// Schema names the version of the contract.
const Schema = "vsswhy.report/v1"

// A Report is the result of one scan.
type Report struct {
	Schema       string         `json:"schema"`
	Tool         Tool           `json:"tool"`
	Args         []string       `json:"args"`
	Generated    Time           `json:"generated"`
	Complete     bool           `json:"complete"`
	Redacted     bool           `json:"redacted,omitempty"` // pseudonyms stand for names, see Redact
	Asked        *Asked         `json:"asked,omitempty"`    // what the report is about; nil: everything
	Sources      []Source       `json:"sources"`
	Skipped      []Skipped      `json:"skipped"`
	Hosts        []Host         `json:"hosts"`
	Coverage     []Coverage     `json:"coverage"`
	Jobs         []Job          `json:"jobs"`
	Failures     []Failure      `json:"failures"`
	Findings     []Finding      `json:"findings"`
	Checked      []Checked      `json:"checked"`
	NotEvaluable []NotEvaluable `json:"not_evaluable"`
	Answers      []Answer       `json:"answers"`
	Errors       []Error        `json:"errors"`

	// Notes are those that the engineer marked as meant for the reader. All others
	// of a case stay in it.
	Notes []Note `json:"notes,omitempty"`

	// Notices say what the program could not do beside the diagnosis, such as
	// keeping a case.
	Notices []string `json:"notices"`
}

// Asked says which failures, restores and jobs a report is about: those of these
// computers, in this time. A zero time is no bound.
type Asked struct {
	Since           Time     `json:"since"`
	Until           Time     `json:"until"`
	Hosts           []string `json:"hosts"`            // as they were asked for; empty: all
	Computers       []string `json:"computers"`        // those of the logs that are asked about
	FailuresOutside int      `json:"failures_outside"` // that were seen, and are not reported
}

// Tool is the program that made the report.
type Tool struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	RulesDigest string `json:"rules_digest"`
}

// Logs returns how many logs hold records, and how many records all logs have.
// The lines of text artefacts are no records to anybody but their reader.
func (r *Report) Logs() (logs int, records uint64) {
	for i := range r.Sources {
		s := &r.Sources[i]
		if len(s.Streams) > 0 {
			logs++
		}
		if event.IsLog(s.Format) {
			records += s.Records
		}
	}
	return logs, records
}

// A Source is one log or text artefact that was read.
type Source struct {
	ID          string `json:"id"` // "S1"
	Path        string `json:"path"`
	Format      string `json:"format"`
	Bytes       int64  `json:"bytes"`
	SHA256      string `json:"sha256"`
	Records     uint64 `json:"records"`
	Recovered   uint64 `json:"recovered"`
	Undecodable uint64 `json:"undecodable"`
	Relevant    uint64 `json:"relevant"`
	Basis       string `json:"basis"` // of its times: utc, local, unknown
	Host        string `json:"host"`  // that a text artefact was attributed to; "" if nobody
	Same        string `json:"same"`  // the id of an earlier source with the same content, which is what counts; "" if there is none

	Messages     uint64   `json:"messages"`      // of a file of messages, how many it has; of a log, how many of its events have theirs from one
	MessagesFrom string   `json:"messages_from"` // of a log: the path of that file
	Remarks      []string `json:"remarks"`       // what else is to be said of it, for people

	Streams []Stream `json:"streams"`
	Damage  []Damage `json:"damage"`
	Error   string   `json:"error"`
}

// A Stream is what a source holds of one channel of one computer.
type Stream struct {
	Host    string `json:"host"`
	Channel string `json:"channel"`
	Records uint64 `json:"records"`
	First   Time   `json:"first"`
	Last    Time   `json:"last"`
	FirstID uint64 `json:"first_id"`
	LastID  uint64 `json:"last_id"`
	Gaps    []Gap  `json:"gaps"`
	Sparse  bool   `json:"sparse"` // a filtered export: too many gaps to list
}

// A Gap is a hole in the record ids of a stream.
type Gap struct {
	AfterID  uint64 `json:"after_id"`
	BeforeID uint64 `json:"before_id"`
	From     Time   `json:"from"`
	To       Time   `json:"to"`
}

// Damage is one defect of a source; Offset is -1 where it has no place.
type Damage struct {
	Kind   string `json:"kind"`
	Offset int64  `json:"offset"`
	Detail string `json:"detail"`
	Lost   bool   `json:"lost"`
}

// Skipped is a file that is no log, archive or artefact.
type Skipped struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// A Host is a computer of the bundle.
type Host struct {
	Name    string   `json:"name"`
	Aliases []string `json:"aliases"`
	Role    string   `json:"role"`     // host, guest, unknown
	OSBuild string   `json:"os_build"` // at its latest event; "" if unknown
	VM      *VM      `json:"vm"`       // of a guest, if known
	Facts   []Fact   `json:"facts"`
	Clock   Clock    `json:"clock"`
}

// A Fact is what a text artefact states of a host.
type Fact struct {
	Key    string `json:"key"`
	Name   string `json:"name"`
	Value  string `json:"value"`
	Source string `json:"source"`
	Record uint64 `json:"record"`
	Line   int    `json:"line"`
	Time   Time   `json:"time"` // since when it holds, or when it was; "" if that is not stated
	Note   string `json:"note"` // a remark for people
}

// A Clock is a host's clock against a reference host: ahead of it by OffsetMS
// milliseconds, give or take WithinMS, as the events in Evidence show.
type Clock struct {
	Reference string     `json:"reference"`
	OffsetMS  int64      `json:"offset_ms"`
	WithinMS  int64      `json:"within_ms"`
	Known     bool       `json:"known"`
	Evidence  []Evidence `json:"evidence"`
}

// Coverage is the time for which a channel's logs can show what happened. An
// empty From means since the log's beginning.
type Coverage struct {
	Host    string     `json:"host"`
	Channel string     `json:"channel"`
	From    Time       `json:"from"`
	To      Time       `json:"to"`
	Gaps    []TimeSpan `json:"gaps"`
	Sources []string   `json:"sources"`

	Cleared   Time   `json:"cleared"`    // the last time, if it is known to have been
	ClearedBy string `json:"cleared_by"` // the account
	Wrapped   bool   `json:"wrapped"`    // the log has no beginning: older records were overwritten
}

// A TimeSpan is a span of time.
type TimeSpan struct {
	From Time `json:"from"`
	To   Time `json:"to"`
}

// A VM is a virtual machine.
type VM struct {
	Name string `json:"name"`
	ID   string `json:"id"`
}

// A Job is one run of a backup or a restore.
type Job struct {
	ID      string   `json:"id"` // "J1"
	Kind    string   `json:"kind"`
	Host    string   `json:"host"`
	VMs     []VM     `json:"vms"`
	Volumes []string `json:"volumes"`
	From    Time     `json:"from"`
	To      Time     `json:"to"`
	Outcome string   `json:"outcome"`
	Codes   []Code   `json:"codes"`

	Evidence []Evidence `json:"evidence"` // the events that tell of it
}

// A Code is an error code with what is known of it.
type Code struct {
	Code    string `json:"code"`
	Name    string `json:"name"`
	Meaning string `json:"meaning"`
}

// A Failure is one backup or restore that failed, with the findings that may
// explain it, the strongest first.
type Failure struct {
	ID       string     `json:"id"` // "X1"
	Kind     string     `json:"kind"`
	Host     string     `json:"host"`
	VM       *VM        `json:"vm"`
	Volume   string     `json:"volume"`
	Time     Time       `json:"time"`
	Local    string     `json:"local"` // by the host's own clock, "2010-03-15 00:02:31 +01:00"; "" if its time zone is not known
	Codes    []Code     `json:"codes"`
	Shared   bool       `json:"shared"` // a code without a machine was given to several machines
	Evidence []Evidence `json:"evidence"`
	Findings []string   `json:"findings"`
	Causes   []Cause    `json:"causes"`  // the same findings, with what each is for this failure
	Remarks  []string   `json:"remarks"` // what else was then, for people
}

// A Cause is what a finding is for one failure: a finding has the verdict of
// its strongest occurrence, and this failure may be a weaker one.
type Cause struct {
	Finding  string `json:"finding"`
	Verdict  string `json:"verdict"`
	Answered bool   `json:"answered"` // the verdict rests on an answer
}

// A Finding is one issue for one host and one machine or volume.
type Finding struct {
	ID          string       `json:"id"` // "F1"
	Rule        string       `json:"rule"`
	Issue       *int         `json:"issue"` // of KB975354, else null
	Title       string       `json:"title"`
	Severity    string       `json:"severity"`
	Verdict     string       `json:"verdict"`
	Candidate   bool         `json:"candidate"` // a met required criterion is inferred or answered, not sourced
	Answered    bool         `json:"answered"`  // without the engineer's answers the verdict is another one
	Host        string       `json:"host"`
	Hosts       []string     `json:"hosts"`
	VM          *VM          `json:"vm"`
	Volume      string       `json:"volume"`
	First       Time         `json:"first"`
	Last        Time         `json:"last"`
	Occurrences []Occurrence `json:"occurrences"`
	Criteria    []Criterion  `json:"criteria"`
	NotChecked  []string     `json:"not_checked"`
	Remarks     []string     `json:"remarks"`
	Remediation []Step       `json:"remediation"`
	References  []Reference  `json:"references"`
	KnownFalse  []string     `json:"known_false"` // when the same evidence means something else
}

// Note reports whether the finding explains no failure: it tells what looks like
// one and is none.
func (f *Finding) Note() bool { return f.Severity == "info" }

// An Occurrence is one failure that the finding was made for.
type Occurrence struct {
	First    Time   `json:"first"`
	Last     Time   `json:"last"`
	Verdict  string `json:"verdict"`
	Answered bool   `json:"answered"` // the verdict rests on an answer
}

// A Criterion is one question and its answer.
type Criterion struct {
	ID       string     `json:"id"`
	Text     string     `json:"text"`
	Role     string     `json:"role"`
	State    string     `json:"state"`
	Grade    string     `json:"grade"`
	Limit    string     `json:"limit,omitempty"` // an excluding one: the best verdict that remains
	Evidence []Evidence `json:"evidence"`
	Missing  []string   `json:"missing"` // what would settle it
	Collect  string     `json:"collect"` // how to get that

	Answer *CriterionAnswer `json:"answer,omitempty"` // what the engineer said to it, if anything
}

// A CriterionAnswer is what the engineer said to a criterion, and the logs to
// that. It made the criterion's state only if they are silent.
type CriterionAnswer struct {
	Value string `json:"value"` // yes, no, unknown
	Note  string `json:"note"`  // how the engineer knows
	Time  Time   `json:"time"`
	From  string `json:"from,omitempty"` // the question that was answered, if this follows from it
	Logs  string `json:"logs"`           // silent, agree, disagree
}

// Evidence is one citation: an event, a line of an artefact, or the coverage
// of a log (then Provider is "").
type Evidence struct {
	Source   string `json:"source"`
	Path     string `json:"path"`
	Record   uint64 `json:"record"`
	Offset   int64  `json:"offset"`
	Line     int    `json:"line"`
	Time     Time   `json:"time"`
	Host     string `json:"host"`
	Provider string `json:"provider"`
	ID       uint32 `json:"id"`
	Summary  string `json:"summary"`
	// Recovered says that the log no longer counts the record as its own.
	Recovered bool `json:"recovered,omitempty"`
}

// A Step is one step of the remedy; Run is to copy, never run by the program.
type Step struct {
	Text  string `json:"text"`
	Run   string `json:"run"`
	Shell string `json:"shell"`
	Risk  string `json:"risk"`
}

// A Reference is something to read.
type Reference struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

// Checked is a rule that was looked for on a host and had no anchor there.
type Checked struct {
	Rule  string `json:"rule"`
	Issue *int   `json:"issue"`
	Title string `json:"title"`
	Host  string `json:"host"`
}

// NotEvaluable is a rule that the bundle can't answer for a host.
type NotEvaluable struct {
	Rule    string   `json:"rule"`
	Issue   *int     `json:"issue"`
	Title   string   `json:"title"`
	Host    string   `json:"host"`
	Missing []string `json:"missing"`
	Collect []string `json:"collect"`
}

// An Answer is what the engineer said to a criterion of a finding, whether or
// not it counts.
type Answer struct {
	Rule      string `json:"rule"`
	Host      string `json:"host"`
	VM        string `json:"vm"`
	Volume    string `json:"volume"`
	Criterion string `json:"criterion"`
	Text      string `json:"text"`   // the criterion's; "" if there is none
	Answer    string `json:"answer"` // yes, no, unknown
	Note      string `json:"note"`
	Time      Time   `json:"time"`
	Used      bool   `json:"used"`    // it made the outcome of a criterion
	Outcome   string `json:"outcome"` // what became of it, for people
}

// A Note is what the engineer wants the reader to know of a finding, or of an
// event, which then is known by Host, Channel, Record and Time.
type Note struct {
	Finding string `json:"finding"` // its id, or "" if the report does not have it
	Rule    string `json:"rule"`    // of a finding
	Host    string `json:"host"`
	VM      *VM    `json:"vm"`
	Volume  string `json:"volume"`
	Channel string `json:"channel"` // of an event
	Record  uint64 `json:"record"`
	Time    Time   `json:"time"`
	Text    string `json:"text"`
	Written Time   `json:"written"`
}

// An Error is input that could not be read.
type Error struct {
	Path   string `json:"path"`
	Detail string `json:"detail"`
}

// Time is a time in the contract's form; the zero Time is "".
type Time struct{ time.Time }

const timeLayout = "2006-01-02T15:04:05.0000000Z"

func (t Time) String() string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(timeLayout)
}

// MarshalText writes the contract's form.
func (t Time) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// MarshalJSON writes the contract's form.
func (t Time) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// UnmarshalJSON reads the contract's form.
func (t *Time) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil || s == "" {
		*t = Time{}
		return err
	}
	v, err := time.Parse(time.RFC3339Nano, s)
	*t = Time{v}
	return err
}

// WriteJSON writes the report in its JSON form. Lists are never null, and the
// same report gives the same bytes.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}
