package ingest_test

import (
	"bytes"
	"cmp"
	"context"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/eventxml"
	"github.com/vsswhy/vsswhy/ingest/evtx"
)

// A log and Windows' own XML export of it hold the same records: the two readers
// must give the same events and the same streams. Two things differ by nature: a
// log keeps no rendered message, and XML folds "\r\n" in values to "\n".
func TestBinaryAndExportedXMLAgree(t *testing.T) {
	dir := filepath.Join("..", "..", "shared", "data", "ts-evtx")
	for _, name := range []string{"Application", "Security", "System"} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			var binSrc, xmlSrc event.Source
			bin := open(t, filepath.Join(dir, name+".evtx"))
			fromBin := byRecord(evtx.Read(ctx, bin, bin.Size(), &binSrc, evtx.Options{}))
			fromXML := byRecord(eventxml.Read(ctx, open(t, filepath.Join(dir, name+".xml")), &xmlSrc, eventxml.Options{}))

			ignore := cmpopts.IgnoreFields(event.Event{}, "Ref", "Line", "Message")
			if diff := gocmp.Diff(fromXML, foldLineEnds(fromBin), ignore, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("events (-xml +evtx):\n%s", diff)
			}
			if diff := gocmp.Diff(xmlSrc.Streams, binSrc.Streams); diff != "" {
				t.Errorf("streams (-xml +evtx):\n%s", diff)
			}
			if xmlSrc.Records != binSrc.Records || len(fromXML) == 0 {
				t.Errorf("%d records in XML, %d in EVTX", xmlSrc.Records, binSrc.Records)
			}
		})
	}
}

func open(t *testing.T, name string) *bytes.Reader {
	b, err := os.ReadFile(name)
	if err != nil {
		t.Skipf("sample log missing: %v", err)
	}
	return bytes.NewReader(b)
}

func byRecord(batches iter.Seq[[]event.Event]) []event.Event {
	var events []event.Event
	for batch := range batches {
		events = append(events, batch...)
	}
	slices.SortFunc(events, func(a, b event.Event) int { return cmp.Compare(a.Record, b.Record) })
	return events
}

func foldLineEnds(events []event.Event) []event.Event {
	for i := range events {
		for j := range events[i].Fields {
			f := &events[i].Fields[j]
			f.Value = strings.ReplaceAll(f.Value, "\r\n", "\n")
		}
	}
	return events
}
