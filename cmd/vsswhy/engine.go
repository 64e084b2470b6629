package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/ingest"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules"
	"github.com/vsswhy/vsswhy/rules/builtin"
	"github.com/vsswhy/vsswhy/rules/report"
	"github.com/vsswhy/vsswhy/rules/scene"
)

// An engine is the rules with what they look at.
type engine struct {
	set      *rules.Set
	interest *event.Interest
	stamp    func(*report.Report) // adds what only the program knows
}

func newEngine() (*engine, error) {
	set, err := rules.Load(builtin.FS)
	if err != nil {
		return nil, err
	}
	generated, err := generatedAt()
	if err != nil {
		return nil, err
	}
	e := &engine{set: set, interest: set.Interest()}
	e.interest.Merge(scene.Interest())
	e.stamp = func(r *report.Report) {
		r.Tool.Version = version()
		r.Args = append(r.Args, portable(os.Args[1:])...)
		r.Generated = report.Time{Time: generated}
	}
	return e, nil
}

// versions are those that a case is made by.
func (e *engine) versions() index.Versions {
	return index.Versions{Tool: version(), Readers: ingest.Version, Rules: e.set.Digest(), Interest: e.interest.Digest()}
}

// diagnose wires the layers: batches of events into the scene, the scene
// through the rules, into a report. Each batch is also given to also, which may
// be nil.
func (e *engine) diagnose(ctx context.Context, inputs []ingest.Input, opt ingest.Options, also func(event.Batch)) (*scene.Scene, *report.Report) {
	opt.Interest = e.interest
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
	}
	sc := b.Build()
	r := e.set.Diagnose(sc)
	e.stamp(r)
	return sc, r
}

// relevant is a batch without the events that were read for the case alone.
func relevant(b event.Batch, filter *event.Filter) event.Batch {
	b.Events = slices.DeleteFunc(slices.Clone(b.Events), func(e event.Event) bool { return !filter.Wants(&e) })
	return b
}

// portable is a command line without the folders of the engineer's machine:
// reports are handed on.
func portable(args []string) []string {
	out := make([]string, len(args))
	for i, arg := range args {
		flag, value, ok := strings.Cut(arg, "=")
		if !ok || !strings.HasPrefix(arg, "-") {
			flag, value = "", arg
		} else {
			flag += "="
		}
		if filepath.IsAbs(value) {
			value = filepath.Base(value)
		}
		out[i] = flag + value
	}
	return out
}
