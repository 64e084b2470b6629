package rules

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
	"github.com/vsswhy/vsswhy/rules/scene"
)

// An Example is a test of a rule that stands in the rule's own file: what is
// logged, and the verdict that must come of it.
type Example struct {
	Name string `yaml:"name"`
	// Facts by computer: what text artefacts say, as event.FactKey names it, with
	// the fact's name behind a space: "os.build", "file.version vmms.exe".
	Facts map[string]map[string]Strings `yaml:"facts"`
	// Events, one a line: TIME COMPUTER PROVIDER/ID [level=N] [chan=…] [NAME=VALUE | =VALUE]…
	// A time is of one day, 22:02:31, or whole. Words with spaces stand in quotes.
	Events string `yaml:"events"`
	// Covered "none": the logs cover nothing but their own events. Else every log
	// of each computer covers all time.
	Covered string `yaml:"covered"`
	Expect  string `yaml:"expect"` // a verdict, or "none"
}

// exampleDay is the day of times without one.
var exampleDay = time.Date(2010, 3, 14, 0, 0, 0, 0, time.UTC)

// shortProviders are the names that examples may use.
var shortProviders = map[string]string{
	"VMMS": "Microsoft-Windows-Hyper-V-VMMS", "Worker": "Microsoft-Windows-Hyper-V-Worker", "Config": "Microsoft-Windows-Hyper-V-Config",
	"Cluster": "Microsoft-Windows-FailoverClustering", "Backup": "Microsoft-Windows-Backup", "VHDMP": "Microsoft-Windows-VHDMP",
	"SCM": "Service Control Manager", "IcSvc": "Microsoft-Windows-Hyper-V-Guest-Drivers-IcSvc",
}

// A world is what an example describes.
type world struct {
	events  []event.Event
	facts   []event.Fact
	covered bool
}

func (x *Example) world() (*world, error) {
	w := &world{covered: x.Covered != "none"}
	for line := range strings.Lines(x.Events) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		e, err := exampleEvent(line)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
		w.events = append(w.events, e)
	}
	for _, host := range slices.Sorted(maps.Keys(x.Facts)) {
		for _, key := range slices.Sorted(maps.Keys(x.Facts[host])) {
			kind, name, _ := strings.Cut(key, " ")
			for _, value := range x.Facts[host][key] {
				w.facts = append(w.facts, event.Fact{Host: host, Key: event.FactKey(kind), Name: name, Value: value})
			}
		}
	}
	return w, nil
}

func exampleEvent(line string) (event.Event, error) {
	var e event.Event
	words := exampleWords(line)
	if len(words) < 3 {
		return e, errors.New("want TIME COMPUTER PROVIDER/ID")
	}
	var err error
	if e.Time, err = exampleTime(words[0]); err != nil {
		return e, err
	}
	provider, id, _ := strings.Cut(words[2], "/")
	n, err := strconv.ParseUint(id, 10, 16)
	if err != nil {
		return e, fmt.Errorf("%q is no PROVIDER/ID", words[2])
	}
	e.Computer, e.Provider, e.ID, e.Level = words[1], cmp.Or(shortProviders[provider], provider), uint32(n), event.LevelError
	e.Channel = known.Application
	if list := known.Channels(e.Provider, e.ID); len(list) > 0 {
		e.Channel = list[0]
	}
	for _, w := range words[3:] {
		switch name, value, ok := strings.Cut(w, "="); {
		case !ok:
			return e, fmt.Errorf("%q is neither NAME=VALUE nor =VALUE", w)
		case name == "level":
			level, err := strconv.ParseUint(value, 10, 8)
			if err != nil {
				return e, fmt.Errorf("%q is no level", value)
			}
			e.Level = event.Level(level)
		case name == "chan":
			e.Channel = value
		default:
			e.Fields = append(e.Fields, event.Field{Name: name, Value: value})
		}
	}
	return e, nil
}

func exampleTime(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	t, err := time.Parse("15:04:05", s)
	if err != nil {
		return t, fmt.Errorf("%q is no time: want 22:02:31 or 2010-03-14T22:02:31Z", s)
	}
	return exampleDay.Add(t.Sub(t.Truncate(24 * time.Hour))), nil
}

// exampleWords splits at spaces outside double quotes, and takes the quotes off.
func exampleWords(line string) []string {
	var words []string
	var word strings.Builder
	quoted, begun := false, false
	end := func() {
		if begun {
			words = append(words, word.String())
		}
		word.Reset()
		begun = false
	}
	for _, r := range line {
		switch {
		case r == '"':
			quoted, begun = !quoted, true
		case r == ' ' && !quoted:
			end()
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	end()
	return words
}

// build makes a scene of the world: one source for each computer's logs, and one
// for what text states of it. The logs that the rule names are there besides those that
// are known.
func (w *world) build(logs ...LogNeed) *scene.Scene {
	b := scene.NewBuilder()
	hosts := map[string][]event.Event{}
	for _, f := range w.facts {
		hosts[f.Host] = nil
	}
	for _, e := range w.events {
		hosts[e.Computer] = append(hosts[e.Computer], e)
	}
	id := 0
	for _, host := range slices.Sorted(maps.Keys(hosts)) {
		id++
		src := &event.Source{ID: id, Path: "example/" + host, Root: "example", Format: "evtx", Records: uint64(len(hosts[host]))}
		streams := new(event.StreamBuilder)
		for i := range hosts[host] {
			e := &hosts[host][i]
			e.Source, e.Offset, e.Record = id, int64(i), uint64(i+2)
			streams.Add(e.Computer, e.Channel, e.Record, e.Time, e.Provider)
		}
		src.Streams = streams.Streams()
		if w.covered && len(hosts[host]) > 0 {
			src.Streams = append(src.Streams, wholeStreams(host, logs)...)
		}
		b.Add(event.Batch{Source: src, Events: hosts[host], Last: true})
	}
	for _, host := range slices.Sorted(maps.Keys(hosts)) {
		id++
		var list []event.Fact
		for _, f := range w.facts {
			if f.Host == host {
				f.Source, f.Line = id, len(list)+1
				list = append(list, f)
			}
		}
		b.Add(event.Batch{Source: &event.Source{ID: id, Path: "example/facts", Root: "example", Format: "text", Records: uint64(len(list))}, Facts: list, Last: true})
	}
	return b.Build()
}

// wholeStreams say that every log of a computer is there from its beginning.
func wholeStreams(host string, logs []LogNeed) []event.Stream {
	var list []event.Stream
	named := collect(logs, func(n LogNeed) string { return n.Channel })
	for _, ch := range appendNew(known.AllChannels(), named...) {
		list = append(list, event.Stream{Computer: host, Channel: ch, Records: 2, FirstID: 1, LastID: 1 << 20,
			First: exampleDay.AddDate(-1, 0, 0), Last: exampleDay.AddDate(0, 0, 2)})
	}
	return list
}

// run evaluates one rule over a world, and returns its strongest finding; nil:
// there is none.
func (w *world) run(rule *compiledRule) *finding {
	set := &Set{rules: []*compiledRule{rule}}
	list := set.diagnose(w.build(rule.Logs...), Scope{}, nil).findings
	if len(list) == 0 {
		return nil
	}
	return slices.MaxFunc(list, func(a, b *finding) int { return cmp.Compare(a.verdict, b.verdict) })
}

func verdictOf(f *finding) Verdict {
	if f == nil {
		return NoVerdict
	}
	return f.verdict
}

// expected is what Expect says; "none" is no verdict.
func (x *Example) expected() (Verdict, error) {
	if x.Expect == expectNone {
		return NoVerdict, nil
	}
	return ParseVerdict(x.Expect)
}

const expectNone = "none"
