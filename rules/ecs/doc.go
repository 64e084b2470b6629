// Package ecs writes reports and events in the terms of the Elastic Common Schema,
// for Elasticsearch and OpenSearch: lines for their bulk interface, and the index
// template that the documents fit into.
//
// Start with [WriteReport], [NewEvent] and [Template]. Fields of Windows' event logs
// are called as Winlogbeat calls them, and what neither schema has is below
// "vsswhy". A document has an id that its content decides, so that what is sent
// twice is there once.
package ecs

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules/report"
)

// Version is that of the Elastic Common Schema.
const Version = "9.4.0"

// The indices that documents go to: what the program says, and what it read.
const (
	ReportIndex = "vsswhy-reports"
	EventIndex  = "vsswhy-events"
)

// The datasets, by which documents can be told.
const (
	findingSet = "vsswhy.finding"
	failureSet = "vsswhy.failure"
	eventSet   = "vsswhy.event"
)

// A Doc is one document. Empty fields are left out. The tag es gives the type that a
// field has in the index, where the type in Go does not.
type Doc struct {
	index string
	id    string

	Timestamp *report.Time `json:"@timestamp,omitempty"`
	Message   string       `json:"message,omitempty" es:"text"`
	Tags      []string     `json:"tags,omitempty"`
	ECS       ECS          `json:"ecs"`
	Event     Event        `json:"event"`
	Host      *Host        `json:"host,omitempty"`
	Log       *Log         `json:"log,omitempty"`
	Error     *Error       `json:"error,omitempty"`
	Rule      *Rule        `json:"rule,omitempty"`
	Winlog    *Winlog      `json:"winlog,omitempty"`
	Own       Own          `json:"vsswhy"`
}

// ECS says which version of the schema a document follows.
type ECS struct {
	Version string `json:"version"`
}

// Event is ECS's event.*.
type Event struct {
	ID       string       `json:"id"` // the document's
	Kind     string       `json:"kind"`
	Category []string     `json:"category,omitempty"`
	Type     []string     `json:"type,omitempty"`
	Outcome  string       `json:"outcome,omitempty"`
	Module   string       `json:"module"`
	Dataset  string       `json:"dataset"`
	Provider string       `json:"provider,omitempty"`
	Code     string       `json:"code,omitempty"`
	Severity *int         `json:"severity,omitempty"` // 0 to 4, the greater the worse
	Created  *report.Time `json:"created,omitempty"`
	Start    *report.Time `json:"start,omitempty"`
	End      *report.Time `json:"end,omitempty"`
}

// Host is ECS's host.*.
type Host struct {
	Name string `json:"name"`
	OS   *OS    `json:"os,omitempty"`
}

// OS is ECS's host.os.*.
type OS struct {
	Type    string `json:"type"`
	Family  string `json:"family"`
	Version string `json:"version"`
}

// Log is ECS's log.*.
type Log struct {
	Level string   `json:"level,omitempty"`
	File  *LogFile `json:"file,omitempty"`
}

// LogFile is ECS's log.file.*: a path may lead into archives, "a.zip!/System.evtx".
type LogFile struct {
	Path string `json:"path"`
}

// Error is ECS's error.*; all codes are in vsswhy.codes.
type Error struct {
	Code    string `json:"code,omitempty"`
	Type    string `json:"type,omitempty"`
	Message string `json:"message,omitempty" es:"text"`
}

// Rule is ECS's rule.*.
type Rule struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Ruleset   string `json:"ruleset"`
	Version   string `json:"version"`
	Reference string `json:"reference,omitempty"`
}

// Winlog is Winlogbeat's winlog.*.
type Winlog struct {
	Channel      string         `json:"channel,omitempty"`
	ComputerName string         `json:"computer_name"`
	ProviderName string         `json:"provider_name"`
	ProviderGUID string         `json:"provider_guid,omitempty"`
	EventID      string         `json:"event_id"`
	RecordID     string         `json:"record_id,omitempty"`
	ActivityID   string         `json:"activity_id,omitempty"`
	Version      *int           `json:"version,omitempty"`
	Task         string         `json:"task,omitempty"`
	Opcode       string         `json:"opcode,omitempty"`
	Keywords     []string       `json:"keywords,omitempty"`
	Process      *Process       `json:"process,omitempty"`
	User         *User          `json:"user,omitempty"`
	EventData    map[string]any `json:"event_data,omitempty"`
	UserData     map[string]any `json:"user_data,omitempty"`
}

// Process is Winlogbeat's winlog.process.*.
type Process struct {
	PID    uint32  `json:"pid"`
	Thread *Thread `json:"thread,omitempty"`
}

// Thread is Winlogbeat's winlog.process.thread.*.
type Thread struct {
	ID uint32 `json:"id"`
}

// User is Winlogbeat's winlog.user.*.
type User struct {
	Identifier string `json:"identifier"` // the account's SID
}

// Own is what no other schema has.
type Own struct {
	Summary string   `json:"summary,omitempty" es:"text"` // what an event means, in our words
	Kind    string   `json:"kind,omitempty"`              // of a failure: backup or restore
	VM      []VM     `json:"vm,omitempty"`
	Volumes []string `json:"volumes,omitempty"`
	Hosts   []string `json:"hosts,omitempty"` // whose evidence is cited
	Codes   []string `json:"codes,omitempty"`
	Names   []string `json:"code_names,omitempty"`

	Verdict     string   `json:"verdict,omitempty"`
	Candidate   *bool    `json:"candidate,omitempty"`
	Answered    *bool    `json:"answered,omitempty"`
	Severity    string   `json:"severity,omitempty"`
	Issue       *int     `json:"issue,omitempty"` // of KB975354
	Occurrences int      `json:"occurrences,omitempty"`
	Met         []string `json:"met,omitempty"` // ids of criteria
	Unmet       []string `json:"unmet,omitempty"`
	Unknown     []string `json:"unknown,omitempty"`
	Missing     []string `json:"missing,omitempty"`    // what would settle the unknown ones
	References  []string `json:"references,omitempty"` // URLs

	Rules    []string `json:"rules,omitempty"`    // of a failure: ids of the rules that may explain it, the strongest first
	Verdicts []string `json:"verdicts,omitempty"` // theirs for the failure; of an event, of the findings that cite it
	Findings []string `json:"finding_ids,omitempty"`
	Evidence []string `json:"evidence_ids,omitempty"` // of the events, in their index
	Jobs     []string `json:"jobs,omitempty"`
	Issues   []string `json:"issues,omitempty"`

	Record *Place  `json:"record,omitempty"`
	Report *Report `json:"report,omitempty"`
}

// VM is a virtual machine. Where there are several, names and ids are searched each
// by itself.
type VM struct {
	Name string `json:"name,omitempty"`
	ID   string `json:"id,omitempty"`
}

// Place says where in its log an event stands.
type Place struct {
	Offset    int64 `json:"offset"`
	Line      int   `json:"line,omitempty"`
	Recovered bool  `json:"recovered,omitempty"`
}

// Report says which report a document is of.
type Report struct {
	Version  string `json:"version"` // of the program
	Complete bool   `json:"complete"`
	Redacted bool   `json:"redacted"`

	Inputs []string `json:"inputs,omitempty"` // the archives and folders that it was made of, at most maxInputs
}

// newDoc is what all documents have.
func newDoc(index, kind, dataset string) Doc {
	return Doc{index: index, ECS: ECS{Version}, Event: Event{Kind: kind, Module: "vsswhy", Dataset: dataset}}
}

// at is a time that a document may lack.
func at(t report.Time) *report.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// identify gives a document the id that these values decide.
func (d *Doc) identify(values ...string) {
	sum := sha256.Sum256([]byte(strings.Join(append([]string{d.Event.Dataset}, values...), "\x00")))
	d.id = hex.EncodeToString(sum[:16])
	d.Event.ID = d.id
}

// identifyByContent gives a document the id that its content decides, which must not
// have anything of the run that made it yet.
func (d *Doc) identifyByContent() {
	d.id, d.Event.ID = "", ""
	d.identify(string(encode(d)))
}

// An action is the line before a document. What is there already is left alone.
type action struct {
	Create struct {
		Index string `json:"_index"`
		ID    string `json:"_id"`
	} `json:"create"`
}

// WriteTo writes the document and the line before it.
func (d *Doc) WriteTo(w io.Writer) (int64, error) {
	var a action
	a.Create.Index, a.Create.ID = d.index, d.id
	n, err := w.Write(append(encode(a), encode(d)...))
	return int64(n), err
}

// encode is a value on a line of JSON, with the end of it. What could act on a terminal
// is escaped.
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // of types that JSON has
	}
	return append([]byte(event.CleanJSON(strings.TrimSuffix(b.String(), "\n"))), '\n')
}
