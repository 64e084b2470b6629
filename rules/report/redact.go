package report

import (
	"cmp"
	"crypto/sha256"
	"reflect"
	"slices"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/known"
)

// A Pseudonym is what a redacted report has in place of a name.
type Pseudonym struct {
	Pseudonym string `json:"pseudonym"` // "HOST-1"
	Kind      string `json:"kind"`      // host, domain, vm, user, volume, folder, …
	Name      string `json:"name"`      // as it was first met
}

// Redact returns a copy of a report in which pseudonyms stand for the names of
// computers, virtual machines, users, domains, volumes, folders and files, for
// addresses, and for ids of machines, disks and accounts; and all pseudonyms: those
// that were given before, and the new ones behind them. A name that has a pseudonym
// keeps it, in whatever case it is written. The numbers are given in an order that
// says nothing of the alphabet. A report that is redacted already is returned as it
// is.
func Redact(r *Report, given []Pseudonym) (*Report, []Pseudonym) {
	if r.Redacted {
		return r, given
	}
	x := newRedactor(r, given)
	out := x.rewritten(r)
	out.Redacted = true
	return out, x.list
}

// A sort says what a string of the contract is.
type sort int

const (
	told    sort = iota // our words, with names among them
	own                 // our words, a number, a hash: no name
	foreign             // somebody else's words
	detail              // our words, or those of the system, which may quote anything
	args                // the command line
	hostName
	vmName
	userName
	volumeName
	guidName
	pathName
	channelName // of a log, or of what writes to it
	factName    // as the fact's key says
)

// sorts say of each string of the contract what it is, by type and field, as
// reportWords do. What is not listed here is taken for text with names, and a test
// wants it to be listed.
var sorts = map[string]sort{
	"Report.schema": own, "Report.args": args, "Report.notices": detail,
	"Asked.hosts": hostName, "Asked.computers": hostName,
	"Tool.name": own, "Tool.version": own, "Tool.rules_digest": own,
	"Source.id": own, "Source.path": pathName, "Source.format": own, "Source.sha256": own, "Source.basis": own, "Source.host": hostName, "Source.same": own,
	"Source.messages_from": pathName, "Source.remarks": told, "Source.error": detail,
	"Stream.host": hostName, "Stream.channel": channelName,
	"Damage.kind": own, "Damage.detail": detail,
	"Skipped.path": pathName, "Skipped.reason": detail,
	"Host.name": hostName, "Host.aliases": hostName, "Host.role": own, "Host.os_build": own,
	"Fact.key": own, "Fact.name": factName, "Fact.value": factName, "Fact.source": own, "Fact.note": told,
	"Clock.reference": hostName,
	"Coverage.host":   hostName, "Coverage.channel": channelName, "Coverage.sources": own, "Coverage.cleared_by": userName,
	"VM.name": vmName, "VM.id": guidName,
	"Job.id": own, "Job.kind": own, "Job.host": hostName, "Job.volumes": volumeName, "Job.outcome": own,
	"Code.code": own, "Code.name": own, "Code.meaning": own,
	"Failure.id": own, "Failure.kind": own, "Failure.host": hostName, "Failure.volume": volumeName, "Failure.local": own, "Failure.findings": own, "Failure.remarks": told,
	"Cause.finding": own, "Cause.verdict": own,
	"Finding.id": own, "Finding.rule": own, "Finding.title": own, "Finding.severity": own, "Finding.verdict": own, "Finding.host": hostName, "Finding.hosts": hostName,
	"Finding.volume": volumeName, "Finding.not_checked": own, "Finding.remarks": told, "Finding.known_false": own,
	"Occurrence.verdict": own,
	"Criterion.id":       own, "Criterion.text": own, "Criterion.role": own, "Criterion.state": own, "Criterion.grade": own, "Criterion.limit": own,
	"Criterion.missing": told, "Criterion.collect": own,
	"CriterionAnswer.value": own, "CriterionAnswer.note": foreign, "CriterionAnswer.from": own, "CriterionAnswer.logs": own,
	"Evidence.source": own, "Evidence.path": pathName, "Evidence.host": hostName, "Evidence.provider": channelName, "Evidence.summary": told,
	"Step.text": own, "Step.run": own, "Step.shell": own, "Step.risk": own,
	"Reference.title": own, "Reference.url": own,
	"Checked.rule": own, "Checked.title": own, "Checked.host": hostName,
	"NotEvaluable.rule": own, "NotEvaluable.title": own, "NotEvaluable.host": hostName, "NotEvaluable.missing": told, "NotEvaluable.collect": own,
	"Answer.rule": own, "Answer.host": hostName, "Answer.vm": vmName, "Answer.volume": volumeName, "Answer.criterion": told, "Answer.text": own,
	"Answer.answer": own, "Answer.note": foreign, "Answer.outcome": told,
	"Note.finding": own, "Note.rule": own, "Note.host": hostName, "Note.volume": volumeName, "Note.channel": channelName, "Note.text": foreign,
	"Error.path": pathName, "Error.detail": detail,
}

// sortOf returns what a field is.
func sortOf(t reflect.Type, f reflect.StructField) sort {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return sorts[t.Name()+"."+name]
}

// A redactor rewrites one report.
type redactor struct {
	registry
	pass  pass
	words *words // of texts of our own
	trie  *trie  // names in texts; nil in the first pass
	paths map[string]bool
	done  map[request]string // of this pass: a report repeats its paths and sentences
}

// A request is to rewrite a string.
type request struct {
	text string
	as   sort
}

// A pass is one walk over the report. The first learns the names of fields, the
// second those that are found in texts and paths by what the first has learned,
// and the third writes. So all names are known before one of them gets a number.
type pass int

const (
	learnFields pass = iota
	learnTexts
	write
)

func newRedactor(r *Report, given []Pseudonym) *redactor {
	makeForms()
	x := &redactor{registry: newRegistry(given, salt(r)), words: wordsOf(r), paths: map[string]bool{}}
	x.learnHosts(r)
	for _, x.pass = range []pass{learnFields, learnTexts} {
		x.rewritten(r)
		x.number()
		x.trie = x.makeTrie()
	}
	x.pass = write
	return x
}

// salt makes the order of numbers one of this input: who knows the names that a
// customer may have could else tell from the order which are there.
func salt(r *Report) string {
	h := sha256.New()
	for i := range r.Sources {
		h.Write([]byte(r.Sources[i].SHA256))
	}
	return string(h.Sum(nil))
}

// rewritten is the report with every string rewritten as its field wants it.
func (x *redactor) rewritten(r *Report) *Report {
	x.done = map[request]string{}
	out := x.value(reflect.ValueOf(*r), told).Interface().(Report)
	return &out
}

var timeType = reflect.TypeFor[Time]()

func (x *redactor) value(v reflect.Value, as sort) reflect.Value {
	t := v.Type()
	switch {
	case t == timeType:
		return v
	case t.Kind() == reflect.Struct:
		return x.object(v)
	case t.Kind() == reflect.Pointer && !v.IsNil():
		out := reflect.New(t.Elem())
		out.Elem().Set(x.value(v.Elem(), as))
		return out
	case t.Kind() == reflect.Slice && !v.IsNil():
		return x.slice(v, as)
	case t.Kind() == reflect.String:
		return reflect.ValueOf(x.text(v.String(), as)).Convert(t)
	}
	return v
}

func (x *redactor) slice(v reflect.Value, as sort) reflect.Value {
	if as == args {
		return reflect.ValueOf(x.args(v.Interface().([]string)))
	}
	out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
	for i := range v.Len() {
		out.Index(i).Set(x.value(v.Index(i), as))
	}
	return out
}

func (x *redactor) object(v reflect.Value) reflect.Value {
	switch o := v.Interface().(type) {
	case Fact:
		return reflect.ValueOf(x.fact(o))
	case Evidence:
		return reflect.ValueOf(x.evidence(o))
	}
	out := reflect.New(v.Type()).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		out.Field(i).Set(x.value(v.Field(i), sortOf(v.Type(), f)))
	}
	return out
}

// text rewrites one string.
func (x *redactor) text(s string, as sort) string {
	if as == own {
		return s
	}
	q := request{s, as}
	out, ok := x.done[q]
	if !ok {
		out = x.rewrite(s, as)
		x.done[q] = out
	}
	return out
}

func (x *redactor) rewrite(s string, as sort) string {
	switch as {
	case hostName:
		return x.host(s)
	case vmName:
		return x.vm(s)
	case userName:
		return x.user(s)
	case volumeName:
		return x.volume(s)
	case guidName:
		return x.guid(s)
	case pathName:
		return x.path(s)
	case channelName:
		return x.channel(s)
	}
	return x.prose(s, as)
}

// evidence leaves our own words for the event as they are: only what follows them
// can be a name.
func (x *redactor) evidence(e Evidence) Evidence {
	head, rest := cutSummary(&e)
	if x.pass == learnFields {
		x.learnSummary(rest)
	}
	e.Path, e.Host, e.Summary = x.text(e.Path, pathName), x.text(e.Host, hostName), head+x.text(rest, told)
	e.Provider = x.text(e.Provider, channelName)
	return e
}

// cutSummary parts an event's summary: our words, and what it speaks of.
func cutSummary(e *Evidence) (head, rest string) {
	if head = known.Summary(e.Provider, e.ID); head != "" && strings.HasPrefix(e.Summary, head) {
		return head, e.Summary[len(head):]
	}
	return "", e.Summary
}

func (x *redactor) fact(f Fact) Fact {
	switch f.Key {
	case "computer", "guest.physical-host":
		f.Value = x.host(f.Value)
	case "guest.virtual-machine":
		f.Value = x.vm(f.Value)
	case "disk.signature":
		f.Value = x.disk(f.Value)
	case "cluster.group-move":
		from, to, _ := strings.Cut(f.Value, " to ")
		f.Name, f.Value = x.group(f.Name), x.host(from)+" to "+x.host(to)
	case "hotfix", "hotfix.list", "os.build", "file.version":
	default:
		f.Value = x.prose(f.Value, told)
	}
	if f.Key != "cluster.group-move" {
		f.Name = x.prose(f.Name, told)
	}
	f.Note = x.prose(f.Note, told)
	return f
}

// learnHosts learns which names are one computer's, and which computers only share
// the first part of their names.
func (x *redactor) learnHosts(r *Report) {
	for i := range r.Hosts {
		h := &r.Hosts[i]
		short := shortName(h.Name)
		x.shared[short]++
		if h.Role == "host" {
			x.hypervisors[short] = true
		}
		for _, alias := range h.Aliases {
			if a := shortName(alias); a != short {
				x.aliasOf[a] = short
			}
		}
	}
}

// number gives pseudonyms to the names that were learned since it was last called.
func (x *redactor) number() {
	slices.SortStableFunc(x.learned, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), strings.Compare(x.shuffled(a.key), x.shuffled(b.key)))
	})
	for _, c := range x.learned {
		x.give(c)
	}
	x.learned = nil
}

func (x *redactor) shuffled(key string) string {
	sum := sha256.Sum256([]byte(x.salt + key))
	return string(sum[:])
}
