package evtx

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// libevtxEvents returns what Debian's evtxexport makes of a log, in order. It
// stops at the first record that it can't render.
func libevtxEvents(t *testing.T, path string) []event.Event {
	t.Helper()
	tool, err := exec.LookPath("evtxexport")
	if err != nil {
		t.Skip("evtxexport (package libevtx-utils) is not installed")
	}
	out, err := exec.Command(tool, "-f", "xml", path).Output()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var events []event.Event
	d := xml.NewDecoder(bytes.NewReader(out[max(bytes.IndexByte(out, '<'), 0):]))
	d.Strict = false
	for {
		var n xmlNode
		if err := d.Decode(&n); err == io.EOF {
			return events
		} else if err != nil {
			t.Logf("evtxexport's XML ends after %d events: %v", len(events), err)
			return events
		}
		if n.XMLName.Local == "Event" {
			events = append(events, eventOfXML(t, &n))
		}
	}
}

var fraction = regexp.MustCompile(`(\d\d:\d\d:\d\d)\.(\d*?)0*Z$`)

// normalise takes out of an event what libevtx 2018 shows in another way than
// Windows does: GUIDs in capitals, hex digits of full width, sizes in decimal,
// times with nine digits, two's complements without the complement, what follows
// a lone surrogate, and markup in text without escapes.
func normalise(e *event.Event) {
	e.Ref, e.Message = event.Ref{}, ""
	e.ProviderGUID, e.ActivityID = strings.ToLower(e.ProviderGUID), strings.ToLower(e.ActivityID)
	for i := range e.Fields {
		e.Fields[i].Value = normalText(e.Fields[i].Value)
	}
}

func normalText(s string) string {
	if strings.ContainsAny(s, "<\uFFFD") {
		return ""
	}
	if n, err := strconv.ParseInt(s, 0, 64); err == nil {
		return strconv.FormatInt(max(n, -1), 10)
	}
	s = fraction.ReplaceAllString(s, "${1}.${2}Z")
	return strings.Join(strings.Fields(strings.ToLower(s)), " ")
}

// TestLibevtx compares the reader with libevtx on the real logs.
func TestLibevtx(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	err := filepath.WalkDir(realData, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			t.Skipf("real logs are not at hand: %v", err)
		}
		if filepath.Ext(path) != ".evtx" {
			return nil
		}
		name, _ := filepath.Rel(realData, path)
		t.Run(name, func(t *testing.T) {
			ours, _ := readAll(t, realLog(t, name), Options{})
			compareEvents(t, libevtxEvents(t, path), ours)
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// compareEvents looks for each event of libevtx among ours; of those with the
// same id and time, in order.
func compareEvents(t *testing.T, theirs, ours []event.Event) {
	t.Helper()
	type key struct {
		record uint64
		time   int64
	}
	byKey := map[key][]event.Event{}
	for _, e := range ours {
		k := key{e.Record, e.Time.UnixNano()}
		byKey[k] = append(byKey[k], e)
	}
	bad := 0
	for _, want := range theirs {
		k := key{want.Record, want.Time.UnixNano()}
		if len(byKey[k]) == 0 {
			t.Errorf("libevtx has record %d of %v, we have not", want.Record, want.Time)
			continue
		}
		got := byKey[k][0]
		byKey[k] = byKey[k][1:]
		normalise(&want)
		normalise(&got)
		if !reflect.DeepEqual(want, got) { // faster than cmp
			t.Errorf("record %d (-libevtx +ours):\n%s", want.Record, brief(cmp.Diff(want, got)))
			if bad++; bad == 3 {
				return
			}
		}
	}
	t.Logf("%d events of libevtx, %d of ours", len(theirs), len(ours))
}
