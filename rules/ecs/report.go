package ecs

import (
	"bufio"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules/report"
)

// WriteReport writes the findings of a report, its failures, and the events that they
// cite. Findings come first, in the report's order, then failures.
func WriteReport(r *report.Report, w io.Writer) error {
	p := &printer{r: r, hosts: map[string]*Host{}, ids: map[string]string{}, cited: map[string]bool{}}
	p.of = Report{r.Tool.Version, r.Complete, r.Redacted, inputs(r)}
	for i := range r.Hosts {
		p.hosts[r.Hosts[i].Name] = newHost(&r.Hosts[i])
	}
	for i := range r.Findings {
		p.finding(&r.Findings[i])
	}
	for i := range r.Failures {
		p.failure(&r.Failures[i])
	}
	out := bufio.NewWriter(w)
	for _, list := range [][]Doc{p.docs, p.events} {
		for i := range list {
			if _, err := list[i].WriteTo(out); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}

// A printer makes the documents of a report.
type printer struct {
	r            *report.Report
	of           Report
	hosts        map[string]*Host
	ids          map[string]string // of findings: "F1" → the document's
	cited        map[string]bool   // ids of events
	docs, events []Doc
}

const maxInputs = 20

// inputs are the outermost archives of a report, and the folders of files that lie in
// none.
func inputs(r *report.Report) []string {
	var list []string
	for i := range r.Sources {
		outer, _, packed := strings.Cut(r.Sources[i].Path, "!/")
		if !packed && event.IsLog(r.Sources[i].Format) {
			outer = path.Dir(outer)
		}
		if list = appendNew(list, outer); len(list) == maxInputs {
			break
		}
	}
	return list
}

func newHost(h *report.Host) *Host {
	out := &Host{Name: h.Name}
	if h.OSBuild != "" {
		out.OS = &OS{"windows", "windows", h.OSBuild}
	}
	return out
}

func (p *printer) host(name string) *Host {
	if h := p.hosts[name]; h != nil {
		return h
	}
	return &Host{Name: name}
}

// add gives a document its id, and what is of this run.
func (p *printer) add(d Doc) string {
	d.identifyByContent()
	d.Event.Created = at(p.r.Generated)
	d.Own.Report = &p.of
	p.docs = append(p.docs, d)
	return d.id
}

// severities of findings, the greater the worse.
var severities = []string{"info", "low", "medium", "high", "critical"}

func (p *printer) finding(f *report.Finding) {
	d := newDoc(ReportIndex, "alert", findingSet)
	d.Timestamp, d.Event.Start, d.Event.End = at(f.First), at(f.First), at(f.Last)
	d.Message = f.Title
	d.Event.Category, d.Event.Type = []string{"host"}, []string{"info"}
	if n := slices.Index(severities, f.Severity); n >= 0 {
		d.Event.Severity = &n
	}
	d.Host = p.host(f.Host)
	d.Rule = &Rule{ID: f.Rule, Name: f.Title, Ruleset: "vsswhy", Version: p.r.Tool.RulesDigest}
	for _, ref := range f.References {
		d.Own.References = append(d.Own.References, ref.URL)
	}
	if len(d.Own.References) > 0 {
		d.Rule.Reference = d.Own.References[0]
	}
	d.Own.Verdict, d.Own.Candidate, d.Own.Answered, d.Own.Severity, d.Own.Issue = f.Verdict, &f.Candidate, &f.Answered, f.Severity, f.Issue
	d.Own.Hosts, d.Own.Occurrences = f.Hosts, len(f.Occurrences)
	d.about(f.VM, f.Volume)
	p.criteria(&d, f.Criteria)
	p.ids[f.ID] = p.add(d)
}

func (p *printer) criteria(d *Doc, list []report.Criterion) {
	for i := range list {
		c := &list[i]
		switch c.State {
		case "met":
			d.Own.Met = append(d.Own.Met, c.ID)
		case "unmet":
			d.Own.Unmet = append(d.Own.Unmet, c.ID)
		default:
			d.Own.Unknown = append(d.Own.Unknown, c.ID)
			for _, m := range c.Missing {
				d.Own.Missing = appendNew(d.Own.Missing, m)
			}
		}
		p.cite(d, c.Evidence)
	}
}

func (p *printer) failure(f *report.Failure) {
	d := newDoc(ReportIndex, "event", failureSet)
	d.Timestamp = at(f.Time)
	d.Message = "a " + f.Kind + " failed"
	d.Event.Category, d.Event.Type, d.Event.Outcome = []string{"host"}, []string{"end"}, "failure"
	d.Host = p.host(f.Host)
	d.Own.Kind = f.Kind
	d.about(f.VM, f.Volume)
	for _, c := range f.Codes {
		d.addCode(c.Code, c.Name, c.Meaning)
	}
	for _, c := range f.Causes {
		d.Own.Findings = append(d.Own.Findings, p.ids[c.Finding])
		d.Own.Verdicts = append(d.Own.Verdicts, c.Verdict)
		for i := range p.r.Findings {
			if p.r.Findings[i].ID == c.Finding {
				d.Own.Rules = append(d.Own.Rules, p.r.Findings[i].Rule)
			}
		}
	}
	p.cite(&d, f.Evidence)
	p.add(d)
}

// about says which machine and volume a document is about.
func (d *Doc) about(vm *report.VM, volume string) {
	if vm != nil {
		d.Own.VM = []VM{{vm.Name, vm.ID}}
	}
	if volume != "" {
		d.Own.Volumes = []string{volume}
	}
}

// addCode adds an error code; the first is ECS's error.
func (d *Doc) addCode(code, name, meaning string) {
	if d.Error == nil {
		d.Error = &Error{Code: code, Type: name, Message: meaning}
	}
	d.Own.Codes = append(d.Own.Codes, code)
	if name != "" {
		d.Own.Names = append(d.Own.Names, name)
	}
}

// AddCode adds an error code and its name, which may be "".
func (d *Doc) AddCode(code, name string) { d.addCode(code, name, "") }

// AddVM adds a virtual machine by its name or its id.
func (d *Doc) AddVM(label string) {
	vm := VM{Name: label}
	if guid.MatchString(label) {
		vm = VM{ID: label}
	}
	d.Own.VM = append(d.Own.VM, vm)
}

var guid = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// cite notes the events that a document rests on, each of which becomes a document of
// its own.
func (p *printer) cite(d *Doc, list []report.Evidence) {
	for i := range list {
		e := &list[i]
		if e.Provider == "" { // a line of an artefact, or the coverage of a log
			continue
		}
		doc := newDoc(EventIndex, "event", eventSet)
		doc.fill(e.Time.Time, e.Host, e.Provider, e.ID, e.Record, e.Path)
		doc.Host = p.host(e.Host)
		doc.Winlog.Channel = p.channel(e)
		doc.Message, doc.Own.Summary = e.Summary, e.Summary
		doc.Tags = []string{"evidence"}
		doc.Own.Record = &Place{e.Offset, e.Line, e.Recovered}
		doc.Own.Report = &p.of
		doc.identifyEvent(e.Offset)
		d.Own.Evidence = appendNew(d.Own.Evidence, doc.id)
		if !p.cited[doc.id] {
			p.cited[doc.id] = true
			p.events = append(p.events, doc)
		}
	}
}

// channel is that of an event, if its log has only one.
func (p *printer) channel(e *report.Evidence) string {
	for i := range p.r.Sources {
		if s := &p.r.Sources[i]; s.ID == e.Source && len(s.Streams) > 0 {
			for _, other := range s.Streams[1:] {
				if !strings.EqualFold(other.Channel, s.Streams[0].Channel) {
					return ""
				}
			}
			return s.Streams[0].Channel
		}
	}
	return ""
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
