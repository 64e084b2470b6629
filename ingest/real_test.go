package ingest

import (
	"archive/zip"
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/evtx"
)

// sharedData returns the folder of real logs, or skips the test.
func sharedData(tb testing.TB) string {
	dir := filepath.Join("..", "..", "shared", "data")
	if _, err := os.Stat(dir); err != nil {
		tb.Skip("needs the real logs in ../shared/data")
	}
	return dir
}

// expected reads the number of records that an independent scanner found, by
// path.
func expected(tb testing.TB, dir string) map[string]uint64 {
	f, err := os.Open(filepath.Join(dir, "expected.tsv"))
	check(tb, err)
	defer f.Close()
	records := map[string]uint64{}
	for sc := bufio.NewScanner(f); sc.Scan(); {
		fields := strings.Split(sc.Text(), "\t")
		if n, err := strconv.ParseUint(fields[4], 10, 64); err == nil {
			records[fields[0]] = n
		}
	}
	return records
}

// Every real log is found, recognised, and read to the number of records that
// an independent scanner found.
func TestRealLogs(t *testing.T) {
	dir := sharedData(t)
	want := expected(t, dir)
	got := map[string]uint64{}
	inZip := 0
	for b := range Scan(t.Context(), []string{dir}, Options{Interest: &event.Interest{}}) {
		s := b.Source
		if !b.Last || s.Format != "evtx" {
			continue
		}
		name := strings.TrimPrefix(s.Path, filepath.ToSlash(dir)+"/")
		if strings.Contains(name, "!/") {
			inZip++
		} else if _, ok := want[name]; ok {
			got[name] = s.Records
		}
		if len(s.SHA256) != 64 || s.Size == 0 {
			t.Errorf("%s: hash %q, %d bytes", name, s.SHA256, s.Size)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if inZip != 309 {
		t.Errorf("%d logs in the zip, want 309", inZip)
	}
}

// The logs of a zip give the same as each of them read by itself.
func TestRealZip(t *testing.T) {
	path := filepath.ToSlash(filepath.Join(sharedData(t), "splunk-attack-data", "procdump_t1003.001_capattack.zip"))
	z, err := zip.OpenReader(path)
	check(t, err)
	defer z.Close()
	want := map[string]event.Source{}
	for _, f := range z.File {
		if src, ok := readAlone(t, f); ok {
			want[path+"!/"+strings.ReplaceAll(f.Name, `\`, "/")] = src
		}
	}
	got := map[string]event.Source{}
	events := map[string]uint64{}
	for b := range Scan(t.Context(), []string{path}, Options{}) {
		events[b.Source.Path] += uint64(len(b.Events))
		if b.Last && b.Source.Format == "evtx" {
			src := *b.Source
			if n := events[src.Path]; n != src.Relevant {
				t.Errorf("%s: %d events, %d relevant", src.Path, n, src.Relevant)
			}
			got[src.Path] = event.Source{Records: src.Records, Relevant: src.Relevant, Size: src.Size, Streams: src.Streams, Damage: src.Damage}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Within bounds a scan gives the events that lie there, of logs of every form, and
// the streams of all.
func TestBounds(t *testing.T) {
	data := sharedData(t)
	for _, name := range []string{"ts-evtx/System.evtx", "ts-evtx/System.xml", "plaso/SysEvent.Evt"} {
		path := filepath.Join(data, filepath.FromSlash(name))
		all, src := scanLog(t, path, nil)
		middle := all[len(all)/2]
		always := new(event.Interest)
		always.Want(all[0].Provider, all[0].ID)
		for _, b := range []event.Bounds{
			{From: middle.Time}, {To: middle.Time}, {From: middle.Time, To: middle.Time.Add(time.Hour), Always: always},
			{Computer: func(name string) bool { return name == middle.Computer }}, {Computer: func(string) bool { return false }},
		} {
			in := (*event.Interest)(nil).Within(b)
			filter := in.Filter()
			var want []event.Event
			for _, e := range all {
				if filter.Wants(&e) {
					want = append(want, e)
				}
			}
			got, part := scanLog(t, path, in)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %d events, want %d of %d", name, len(got), len(want), len(all))
			}
			if diff := cmp.Diff(src.Streams, part.Streams); diff != "" {
				t.Errorf("%s: streams (-all +within):\n%s", name, diff)
			}
		}
	}
}

func scanLog(t *testing.T, path string, in *event.Interest) (events []event.Event, src event.Source) {
	t.Helper()
	for b := range Scan(t.Context(), []string{path}, Options{Interest: in}) {
		events = append(events, b.Events...)
		src = *b.Source
	}
	if len(events) != int(src.Relevant) {
		t.Errorf("%s: %d events, %d relevant", path, len(events), src.Relevant)
	}
	return events, src
}

func readAlone(t *testing.T, f *zip.File) (src event.Source, ok bool) {
	r, err := f.Open()
	check(t, err)
	defer r.Close()
	head := make([]byte, 64)
	n, _ := io.ReadFull(r, head)
	if !evtx.Sniff(head[:n]) {
		return src, false
	}
	r, err = f.Open()
	check(t, err)
	defer r.Close()
	for range evtx.Read(context.Background(), r, -1, &src, evtx.Options{}) {
	}
	src.Size = int64(f.UncompressedSize64)
	return src, true
}

// Logs, exports and artefacts are told apart, and give events and facts.
func TestRecognised(t *testing.T) {
	const xml = `<Events><Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='VSS'/><EventID>12293</EventID>` +
		`<TimeCreated SystemTime='2010-02-01T10:00:00Z'/><EventRecordID>7</EventRecordID><Channel>Application</Channel><Computer>node-a</Computer></System></Event></Events>`
	const reg = "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Virtualization\\VssRequestor]\r\n\"BackupType\"=dword:00000000\r\n"
	path := write(t, "x.zip", tree{{"a.txt", xml}, {"b.log", reg}, {"c", "\x30\x00\x00\x00LfLe\x01"}}.zip(t))
	var got []string
	for b := range Scan(t.Context(), []string{path}, Options{}) {
		for _, e := range b.Events {
			got = append(got, fmt.Sprint(e.Source, " event ", e.Provider, " ", e.ID))
		}
		for _, f := range b.Facts {
			got = append(got, fmt.Sprint(f.Source, " fact ", f.Key, " ", f.Value))
		}
		if b.Last {
			got = append(got, brief(*b.Source, path+"!"))
		}
	}
	want := []string{
		filepath.ToSlash(path) + " | zip", "2 event VSS 12293", "a.txt | xml", "3 fact vssrequestor.backup 0", "b.log | registry",
		"c | evt | truncated true: the log ends within its header",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestFormatsAreLogs: what is decoded again out of a case is what event.IsLog
// calls a log.
func TestFormatsAreLogs(t *testing.T) {
	for i := range formats {
		if log := formats[i].log; log != "" && (!event.IsLog(log) || formatNamed(log) != &formats[i]) {
			t.Errorf("%s is in the table of formats, and no log", log)
		}
	}
	for _, name := range []string{"evtx", "xml", "evt", "copied-xml", "clixml", "csv", "list"} {
		if formatNamed(name) == nil {
			t.Errorf("%s is not in the table of formats", name)
		}
	}
	for _, name := range []string{"", "zip", "systeminfo", "mta"} {
		if event.IsLog(name) || formatNamed(name) != nil {
			t.Errorf("%q is no log", name)
		}
	}
}
