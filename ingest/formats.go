package ingest

import (
	"context"
	"io"
	"iter"
	"path"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/artefact"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/eventxml"
	"github.com/vsswhy/vsswhy/ingest/evt"
	"github.com/vsswhy/vsswhy/ingest/evtx"
	"github.com/vsswhy/vsswhy/ingest/export"
	"github.com/vsswhy/vsswhy/ingest/mta"
)

// A format is one line of the table of what can be read.
type format struct {
	// sniff returns the name of the format that a file with this name and
	// these first bytes has, or "".
	sniff func(name string, head []byte) string
	read  reader
	log   string // the name, if it is a log's: only those are decoded again
	seeks bool   // read needs random access
}

// A reader decodes a source piece by piece. It fills src, except for its ID,
// path, root, format, size and hash, and says there what is damaged.
type reader func(ctx context.Context, in input, src *event.Source) iter.Seq2[[]event.Event, []event.Fact]

// An input is what a reader gets.
type input struct {
	r        io.Reader // an io.ReaderAt too if size is not negative
	size     int64
	interest *event.Interest
	all      bool // decode counts what is of interest, the reader doesn't
	workers  int  // that the reader may use
	recover  bool // what is left of earlier records, too
	recycler *event.Recycler
}

// formats is the table of logs and text artefacts. The first line that knows a
// file gets it.
var formats = []format{
	{sniff: is("evtx", evtx.Sniff), read: readEVTX, log: "evtx"},
	{sniff: is("xml", eventxml.Sniff), read: readXML, log: "xml"},
	{sniff: is("evt", evt.Sniff), read: readEVT, log: "evt"},
	{sniff: is("copied-xml", eventxml.SniffAmid), read: readCopied, log: "copied-xml"},
	{sniff: exported("clixml"), read: readExport, log: "clixml", seeks: true},
	{sniff: exported("csv"), read: readExport, log: "csv", seeks: true},
	{sniff: exported("list"), read: readExport, log: "list", seeks: true},
	{sniff: is("mta", mta.Sniff), read: readMTA, seeks: true},
	{sniff: artefact.Sniff, read: readArtefact},
	{sniff: called("evtx"), read: readEVTX},
	{sniff: called("evt"), read: readEVT},
}

func readEVTX(ctx context.Context, in input, src *event.Source) iter.Seq2[[]event.Event, []event.Fact] {
	return events(evtx.Read(ctx, in.r, in.size, src, evtx.Options{Interest: in.interest, Workers: in.workers, Recover: in.recover, Recycler: in.recycler}))
}

func readXML(ctx context.Context, in input, src *event.Source) iter.Seq2[[]event.Event, []event.Fact] {
	return events(eventxml.Read(ctx, in.r, src, eventxml.Options{Interest: in.interest}))
}

// readCopied reads event XML in the midst of text, as Event Viewer copies it.
func readCopied(ctx context.Context, in input, src *event.Source) iter.Seq2[[]event.Event, []event.Fact] {
	return events(eventxml.Read(ctx, in.r, src, eventxml.Options{Interest: in.interest, Amid: true}))
}

func readExport(ctx context.Context, in input, src *event.Source) iter.Seq2[[]event.Event, []event.Fact] {
	return events(export.Read(ctx, in.r.(io.ReaderAt), in.size, src, export.Options{Interest: in.interest, Channel: evt.Channel(path.Base(src.Path))}))
}

// exported makes a sniffer of one of the formats of exported text.
func exported(name string) func(string, []byte) string {
	return is(name, func(head []byte) bool { return export.Sniff(head) == name })
}

func readEVT(ctx context.Context, in input, src *event.Source) iter.Seq2[[]event.Event, []event.Fact] {
	return events(evt.Read(ctx, in.r, src, evt.Options{Interest: in.interest, Channel: evt.Channel(path.Base(src.Path))}))
}

func readArtefact(_ context.Context, in input, src *event.Source) iter.Seq2[[]event.Event, []event.Fact] {
	return func(yield func([]event.Event, []event.Fact) bool) {
		yield(nil, artefact.Read(in.r, src.Format, src))
	}
}

// events turns what a reader of logs yields into what a reader yields.
func events(batches iter.Seq[[]event.Event]) iter.Seq2[[]event.Event, []event.Fact] {
	return func(yield func([]event.Event, []event.Fact) bool) {
		for b := range batches {
			if !yield(b, nil) {
				return
			}
		}
	}
}

// called makes a sniffer of what only the name says to be a log: one that lost its
// beginning, or all of it. Passing it over would lose records without a word.
func called(name string) func(string, []byte) string {
	return func(file string, head []byte) string {
		if len(head) > 0 && promises(file) && strings.EqualFold(path.Ext(file), "."+name) {
			return name
		}
		return ""
	}
}

// is makes a sniffer of one that looks at the bytes alone.
func is(name string, sniff func([]byte) bool) func(string, []byte) string {
	return func(_ string, head []byte) string {
		if sniff(head) {
			return name
		}
		return ""
	}
}
