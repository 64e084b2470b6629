package ingest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/mta/mtatest"
)

// exportedLog is a log with its messages as Windows exports it.
func exportedLog(t *testing.T) (log, messages string) {
	t.Helper()
	dir := filepath.Join(sharedData(t), "mta")
	a, err := os.ReadFile(filepath.Join(dir, "test.evtx"))
	check(t, err)
	b, err := os.ReadFile(filepath.Join(dir, "test_1033.MTA"))
	check(t, err)
	return string(a), string(b)
}

// realScan scans with the real formats.
func realScan(t *testing.T, opt Options, inputs ...Input) (events []event.Event, sources []event.Source) {
	t.Helper()
	for b := range ScanInputs(t.Context(), inputs, opt) {
		events = append(events, b.Events...)
		if b.Last {
			sources = append(sources, *b.Source)
		}
	}
	return events, sources
}

func withMessage(events []event.Event) (n int) {
	for i := range events {
		if events[i].Message != "" {
			n++
		}
	}
	return n
}

// TestMessages: the events of a log get the messages that lie beside it, in a
// folder and in archives, before it or behind it in their order; and again out
// of a shelf.
func TestMessages(t *testing.T) {
	log, messages := exportedLog(t)
	bare, _ := realScan(t, Options{}, Input{Path: write(t, "test.evtx", log)})
	if len(bare) != 239 || withMessage(bare) != 0 {
		t.Fatalf("the log alone: %d events, %d messages", len(bare), withMessage(bare))
	}
	files := tree{{"n/TEST.EVTX", log}, {"n/localemetadata/test_1033.mta", messages}, {"n/z.evtx", log}, {"n/LocaleMetaData/gone_1033.MTA", messages}}
	paths := map[string]string{
		"folder":        files.folder(t),
		"zip":           write(t, "b.zip", files.zip(t)),
		"tar":           write(t, "b.tar", files.tar(t)),
		"tar.gz":        write(t, "b.tgz", gz(t, files.tar(t))),
		"cab":           write(t, "b.cab", files.cab()),
		"zip in tar.gz": write(t, "o.tgz", gz(t, tree{{"i.zip", files.zip(t)}}.tar(t))),
	}
	if _, err := exec.LookPath("7z"); err == nil {
		paths["7z"] = write(t, "b.7z", packed(t, files, "7z", "7z a -t7z $OUT . && mv $OUT* $OUT"))
	}
	for name, path := range paths {
		t.Run(name, func(t *testing.T) {
			shelf := newMemoryShelf()
			events, sources := realScan(t, Options{Shelf: shelf}, Input{Path: path})
			checkMessages(t, bare, events, sources)
			shelf.files = record(sources)
			again, sources := realScan(t, Options{Shelf: shelf}, Input{Path: path})
			checkMessages(t, bare, again, sources)
			replayed, sources := realScan(t, Options{Shelf: shelf}, Input{Recorded: record(sources)})
			checkMessages(t, bare, replayed, sources)
			checkAroundMessages(t, shelf, sources)
		})
	}
}

func checkMessages(t *testing.T, bare, events []event.Event, sources []event.Source) {
	t.Helper()
	if len(events) != 2*len(bare) || withMessage(events) != len(bare) {
		t.Fatalf("%d events, %d with a message", len(events), withMessage(events))
	}
	for i := range bare {
		if diff := cmp.Diff(bare[i], events[i], cmpopts.IgnoreFields(event.Event{}, "Message", "Source")); diff != "" {
			t.Fatal(diff)
		}
		if events[i].Message == "" {
			t.Fatalf("event %d has no message", i)
		}
	}
	for _, s := range sources {
		base := strings.ToLower(filepath.Base(s.Path))
		want := map[string]uint64{"test.evtx": 239, "test_1033.mta": 239, "gone_1033.mta": 239}[base]
		if s.Messages != want || (s.MessagesFrom != "") != (base == "test.evtx") || s.Lost() {
			t.Errorf("%+v", s)
		}
	}
}

// checkAroundMessages: neighbours out of a kept log have their messages, too.
func checkAroundMessages(t *testing.T, shelf *memoryShelf, sources []event.Source) {
	t.Helper()
	kept := map[string]Kept{}
	var log *event.Source
	for i := range sources {
		s := &sources[i]
		if s.Kept == "" {
			continue
		}
		kept[s.Path] = memory{bytes.NewReader(shelf.kept[s.Kept])}
		if s.MessagesFrom != "" {
			log = s
		}
	}
	const third = headerBytes + 512 // the first record
	events, _, err := Around(t.Context(), kept[log.Path], kept[log.MessagesFrom], log, third, 1, 2)
	if err != nil || len(events) != 3 || withMessage(events) != 3 {
		t.Errorf("%v: %+v", err, events)
	}
}

// TestMessageLanguages: English is preferred, then the lowest number; what the
// log says itself is not replaced; and damage of messages is no loss.
func TestMessageLanguages(t *testing.T) {
	log, messages := exportedLog(t)
	german := string(mtatest.Write(map[uint64]string{10: "deutsch"}))
	for name, tt := range map[string]struct {
		files tree
		from  string
		want  int
	}{
		"English":     {tree{{"x.evtx", log}, {"LocaleMetaData/x_1031.MTA", german}, {"LocaleMetaData/x_1033.MTA", messages}}, "x_1033.MTA", 239},
		"another one": {tree{{"x.evtx", log}, {"LocaleMetaData/x_1036.MTA", messages}, {"LocaleMetaData/x_1031.MTA", german}}, "x_1031.MTA", 1},
		"damaged":     {tree{{"x.evtx", log}, {"LocaleMetaData/x_1033.MTA", messages[:30_000]}}, "x_1033.MTA", -1},
		"no messages": {tree{{"x.evtx", log}, {"LocaleMetaData/x_1033.MTA", "MTAFile\x00" + strings.Repeat("\xff", 100)}}, "", 0},
		"elsewhere":   {tree{{"x.evtx", log}, {"LocaleMetaData/y_1033.MTA", messages}, {"x_1033.MTA", messages}, {"LocaleMetaData/x_de.MTA", german}}, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			events, sources := realScan(t, Options{}, Input{Path: write(t, "b.zip", tt.files.zip(t))})
			n := withMessage(events)
			if len(events) != 239 || n != tt.want && (tt.want >= 0 || n == 0 || n == 239) {
				t.Errorf("%d events, %d messages, want %d", len(events), n, tt.want)
			}
			for _, s := range sources {
				switch {
				case s.Format == "evtx" && (!strings.HasSuffix(s.MessagesFrom, tt.from) || s.Lost() || int(s.Messages) != n):
					t.Errorf("the log: %+v", s)
				case s.Format == "mta" && name == "damaged" && (len(s.Damage) == 0 || s.Lost()):
					t.Errorf("the messages: %+v", s)
				case s.Format == "mta" && name == "no messages" && s.Err == "":
					t.Errorf("no messages: %+v", s)
				}
			}
		})
	}
}
