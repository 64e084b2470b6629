package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/index/notes"
	"github.com/vsswhy/vsswhy/ingest"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules"
	"github.com/vsswhy/vsswhy/rules/report"
	"github.com/vsswhy/vsswhy/rules/scene"
)

// An engine is the rules with what they look at.
type engine struct {
	set      *rules.Set
	rulesDir string // of one's own rules, "" if there are none
	interest *event.Interest
	scope    rules.Scope          // what is asked about
	stamp    func(*report.Report) // adds what only the program knows
}

func newEngine(cmd *cobra.Command) (*engine, error) {
	start := time.Now()
	set, err := rulesOf(cmd)
	if err != nil {
		return nil, err
	}
	logOf(cmd.Context()).Info("rules", "count", len(set.Rules()), "digest", set.Digest(), "took", since(start))
	generated, err := generatedAt()
	if err != nil {
		return nil, err
	}
	e := &engine{set: set, rulesDir: cmd.Flag(rulesDirFlag).Value.String(), interest: set.Interest()}
	e.interest.Merge(scene.Interest())
	e.stamp = func(r *report.Report) {
		r.Tool.Version = version()
		r.Args = append(r.Args, portable(os.Args[1:])...)
		r.Generated = report.Time{Time: generated}
	}
	return e, nil
}

// ask narrows what is read and reported to what is asked about.
func (e *engine) ask(scope rules.Scope) {
	e.scope = scope
	e.interest = e.interest.Within(e.set.Bounds(scope))
}

// versions are those that a case is made by, with the answers that are in it. One
// whose logs were once searched for what is left of earlier records stays so.
func (e *engine) versions(c *index.Case) index.Versions {
	return index.Versions{Tool: version(), Readers: ingest.Readers(ingest.Recovers(c.Versions().Readers)), Rules: e.set.Digest(), Interest: e.interest.Digest(), Answers: answersDigest(c)}
}

// answersOf returns what the engineer has answered in a case.
func answersOf(c *index.Case) []rules.Answer {
	var list []rules.Answer
	for _, n := range c.Notes().All(notes.Answer) {
		s := n.Subject
		list = append(list, rules.Answer{Rule: s.Rule, Host: s.Host, VM: s.VM, Volume: s.Volume, Criterion: s.Part, Value: n.Value, Note: n.Text, Time: n.Time})
	}
	return list
}

// answersDigest tells answers apart; "" stands for none.
func answersDigest(c *index.Case) string {
	list := answersOf(c)
	if len(list) == 0 {
		return ""
	}
	text, _ := json.Marshal(list) // of types that JSON has
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// A watcher sees how far a scan is.
type watcher struct {
	progress *ingest.Progress
	// live is called after every batch, with all that was read so far; it may be
	// nil.
	live func(b *scene.Builder)
}

// diagnose wires the layers: batches of events into the scene, the scene
// through the rules, into a report. Each batch is also given to also, which may
// be nil.
func (e *engine) diagnose(ctx context.Context, inputs []ingest.Input, opt ingest.Options, w watcher, also func(event.Batch), answers ...rules.Answer) (*scene.Scene, *report.Report) {
	opt.Interest, opt.Progress = e.interest, w.progress
	log, start := logOf(ctx), time.Now()
	b := scene.NewBuilder()
	filter := e.interest.Filter()
	for batch := range ingest.ScanInputs(ctx, inputs, opt) {
		if also != nil {
			also(batch)
		}
		if opt.All || opt.AllAgain {
			batch = relevant(batch, filter)
		}
		b.Add(batch)
		if batch.Last {
			logSource(log, batch.Source)
		}
		if w.live != nil {
			w.live(b)
		}
	}
	read := time.Now()
	log.Info("read all", "took", since(start))
	sc := b.Build()
	r := e.evaluate(sc, answers...)
	logReport(log, r, since(read))
	return sc, r
}

// evaluate makes the report of a scene.
func (e *engine) evaluate(sc *scene.Scene, answers ...rules.Answer) *report.Report {
	r := e.set.Diagnose(sc, e.scope, answers...)
	e.stamp(r)
	return r
}

// relevant is a batch without the events that were read for the case alone. It
// shares nothing with the batch, whose memory is mostly of those.
func relevant(b event.Batch, filter *event.Filter) event.Batch {
	var events []event.Event
	for i := range b.Events {
		if filter.Wants(&b.Events[i]) {
			events = append(events, b.Events[i])
		}
	}
	b.Events = events
	return b
}

// portable is a command line without the folders of the engineer's machine, and
// without passwords: reports are handed on.
func portable(args []string) []string {
	out := make([]string, len(args))
	for i, arg := range args {
		if i > 0 && args[i-1] == "--"+passwordFlag {
			out[i] = hiddenPassword
			continue
		}
		flag, value := cutFlag(arg)
		if flag == "--"+passwordFlag+"=" {
			value = hiddenPassword
		}
		if filepath.IsAbs(value) {
			value = filepath.Base(value)
		}
		out[i] = flag + value
	}
	return out
}

// cutFlag parts a flag from the value that stands in the same word: "--case=DIR", or
// "-oFILE".
func cutFlag(arg string) (flag, value string) {
	if m := shortOutput.FindStringSubmatch(arg); m != nil {
		return m[1], m[2]
	}
	if name, value, ok := strings.Cut(arg, "="); ok && strings.HasPrefix(arg, "-") {
		return name + "=", value
	}
	return "", arg
}

var shortOutput = regexp.MustCompile(`^(-[qvh]*o=?)(.+)$`)
