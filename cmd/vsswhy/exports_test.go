package main

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/rules/report"
)

// An exportedEvent is an event as "events --format jsonl" prints it, as far as
// PowerShell exports it.
type exportedEvent struct {
	Time     time.Time
	Record   uint64
	Computer string
	Channel  string
	Provider string
	ID       int
	Level    int
	Fields   []struct{ Name, Value string }
}

// eventsOfLog are the events of one log.
func eventsOfLog(t *testing.T, path string) (list []exportedEvent) {
	t.Helper()
	for line := range strings.Lines(mustRun(t, 0, "events", path, "--format", "jsonl")) {
		var e exportedEvent
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

// exportCSV writes events as Get-WinEvent | Export-Csv does, an hour ahead.
func exportCSV(list []exportedEvent) string {
	var b strings.Builder
	b.WriteString("#TYPE System.Diagnostics.Eventing.Reader.EventLogRecord\r\n")
	w := csv.NewWriter(&b)
	w.Write([]string{"Message", "Id", "Level", "RecordId", "ProviderName", "LogName", "MachineName", "TimeCreated"})
	for _, e := range list {
		w.Write([]string{"a message", fmt.Sprint(e.ID), fmt.Sprint(e.Level), fmt.Sprint(e.Record), e.Provider, e.Channel, e.Computer, e.Time.Add(time.Hour).Format("02.01.2006 15:04:05")})
	}
	w.Flush()
	return b.String()
}

// exportClixml writes events as Get-WinEvent | Export-Clixml does.
func exportClixml(list []exportedEvent) string {
	var b strings.Builder
	b.WriteString(`<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">` + "\n")
	text := func(s string) string {
		var t strings.Builder
		xml.EscapeText(&t, []byte(s))
		return t.String()
	}
	for i, e := range list {
		fmt.Fprintf(&b, "<Obj RefId=\"%d\"><Props><I32 N=\"Id\">%d</I32><By N=\"Level\">%d</By><I64 N=\"RecordId\">%d</I64><S N=\"ProviderName\">%s</S><S N=\"LogName\">%s</S><S N=\"MachineName\">%s</S><DT N=\"TimeCreated\">%s</DT>",
			i, e.ID, e.Level, e.Record, e.Provider, e.Channel, e.Computer, e.Time.Add(time.Hour).Format("2006-01-02T15:04:05.9999999")+"+01:00")
		b.WriteString(`<Obj N="Properties" RefId="x"><LST>`)
		for _, f := range e.Fields {
			fmt.Fprintf(&b, `<Obj RefId="y"><Props><S N="Value">%s</S></Props></Obj>`, text(f.Value))
		}
		b.WriteString("</LST></Obj></Props></Obj>\n")
	}
	return b.String() + "</Objs>"
}

// exportAll writes every log of a folder in another form beside it, and removes
// the log if it is not to stay. It returns how many.
func exportAll(t *testing.T, dir, ending string, form func([]exportedEvent) string, stay func(path string) bool) (n int) {
	t.Helper()
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".evtx") {
			return err
		}
		n++
		text := form(eventsOfLog(t, path))
		if !stay(path) {
			os.Remove(path)
		}
		return os.WriteFile(strings.TrimSuffix(path, ".evtx")+ending, []byte(text), 0o600)
	})
	return n
}

// TestOtherForms: a log that is there as CSV or Clixml, too, counts once: the same
// findings, the same events in a case, whichever was there first.
func TestOtherForms(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the program many times")
	}
	for ending, form := range map[string]func([]exportedEvent) string{".csv": exportCSV, ".xml": exportClixml} {
		bare, both := unpacked(t, "iscsi-confirmed"), unpacked(t, "iscsi-confirmed")
		logs := exportAll(t, both, ending, form, func(string) bool { return true })
		a, b := parse(t, scanAny(t, bare)), parse(t, scanAny(t, both))
		if diff := cmp.Diff(findings(a), findings(b)); diff != "" {
			t.Errorf("with %s beside the logs:\n%s", ending, diff)
		}
		said := 0
		for _, s := range b.Sources {
			if strings.Contains(strings.Join(s.Remarks, "; "), "in another form: its events count once") {
				said++
			}
		}
		if said != logs {
			t.Errorf("%d of %d logs are said to be there in another form", said, logs)
		}
		one, two := filepath.Join(t.TempDir(), "1"), filepath.Join(t.TempDir(), "2")
		mustRun(t, 0, "scan", "--case", one, bare)
		mustRun(t, 0, "scan", "--case", two, both)
		if n, m := strings.Count(events(t, one, ""), "\n"), strings.Count(events(t, two, ""), "\n"); n != m {
			t.Errorf("a case has %d events, and with %s %d", n, ending, m)
		}
		for _, path := range []string{both, bare} { // the exports first, then the logs
			grown := filepath.Join(t.TempDir(), "g")
			only := unpacked(t, "iscsi-confirmed")
			exportAll(t, only, ending, form, func(string) bool { return false })
			mustRun(t, 0, "scan", "--case", grown, only)
			mustRun(t, 0, "scan", "--case", grown, path)
			if n, m := strings.Count(events(t, one, ""), "\n"), strings.Count(events(t, grown, ""), "\n"); n != m {
				t.Errorf("%s, then %s: %d events, want %d", ending, filepath.Base(path), m, n)
			}
		}
	}
}

// TestExportsAlone: with nothing but exports, their events are there, no finding
// is surer than it is with the logs themselves, neither that it is the cause nor
// that it is ruled out, and what is not judged is said.
func TestExportsAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the program many times")
	}
	order := map[string]int{"": 0, "ruled-out": 0, "possible": 1, "likely": 2, "confirmed": 3}
	judged := 0
	for _, name := range exportedCases(t) {
		whole := best(parse(t, scanAny(t, unpackedDeep(t, name))))
		for ending, form := range map[string]func([]exportedEvent) string{".csv": exportCSV, ".xml": exportClixml} {
			dir := unpackedDeep(t, name)
			want := strings.Count(mustRun(t, 0, "events", dir, "--format", "jsonl"), "\n")
			exportAll(t, dir, ending, form, func(path string) bool { return ending == ".csv" && filepath.Base(path) == "System.evtx" })
			got := strings.Count(mustRun(t, 0, "events", dir, "--format", "jsonl"), "\n")
			if ending == ".xml" && got != want || got < want {
				t.Errorf("%s as %s: %d events, want %d", name, ending, got, want)
			}
			r := parse(t, scanAny(t, dir))
			for rule, verdict := range best(r) {
				judged++
				v := whole[rule]
				surer := order[verdict] > max(order[v], order["possible"]) || verdict == "ruled-out" && v != verdict
				if surer {
					t.Errorf("%s as %s: %s is %s, and %s by the logs", name, ending, rule, verdict, v)
				}
			}
		}
	}
	if judged == 0 {
		t.Error("nothing was found in any export")
	}
}

// exportedCases are the cases that are scanned as exports: all whose logs are
// EVTX.
func exportedCases(t *testing.T) (names []string) {
	for _, file := range caseNames(t) {
		if name := strings.TrimSuffix(filepath.Base(file), ".txt"); !strings.Contains(name, "classic") {
			names = append(names, name)
		}
	}
	return names
}

// best are the verdicts by rule.
func best(r *report.Report) map[string]string {
	verdicts := map[string]string{}
	for i := len(r.Findings) - 1; i >= 0; i-- { // the strongest is first
		verdicts[r.Findings[i].Rule] = r.Findings[i].Verdict
	}
	return verdicts
}

// unpackedDeep is unpacked, with the archives in it unpacked, too.
func unpackedDeep(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	c := readCase(t, filepath.Join(casesDir, "src", name+".txt"))
	for i := range c.files {
		c.files[i].Name = strings.ReplaceAll(c.files[i].Name, ".zip/", "/")
	}
	writeFolder(t, c.tree(t, asEVTX), dir)
	return dir
}

// TestCopied: what Event Viewer copies is read from standard input: the XML behind
// it, in any language, or else its labels.
func TestCopied(t *testing.T) {
	const head = "Protokollname: System\r\nQuelle:        Microsoft-Windows-Kernel-General\r\nDatum:         14.03.2010 23:02:31\r\nEreignis-ID:   12\r\nBeschreibung:\r\nText: mit Doppelpunkt\r\nEreignis-XML:\r\n"
	const event = "<Event xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\">\r\n  <System>\r\n    <Provider Name=\"Microsoft-Windows-Kernel-General\" />\r\n    <EventID>%d</EventID>\r\n    <TimeCreated SystemTime=\"2010-03-14T22:02:31.5Z\" />\r\n    <EventRecordID>7</EventRecordID>\r\n    <Channel>System</Channel>\r\n    <Computer>hv01</Computer>\r\n  </System>\r\n  <EventData>\r\n    <Data Name=\"a\">1</Data>\r\n  </EventData>\r\n</Event>\r\n"
	const labels = "Log Name:      System\r\nSource:        VSS\r\nDate:          3/14/2010 11:02:31 PM\r\nEvent ID:      8229\r\nTask Category: None\r\nLevel:         Warning\r\nComputer:      hv01\r\nDescription:\r\nA writer has rejected an event.\r\n"
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"XML in German", head + fmt.Sprintf(event, 12) + "\r\n" + head + fmt.Sprintf(event, 13), []string{"2010-03-14T22:02:31.5000000Z hv01 information Kernel-General 12", "Kernel-General 13", "record 7"}},
		{"English without XML", labels + "\r\n" + labels, []string{"2010-03-14T23:02:31.0000000Z hv01 warning VSS 8229"}},
	} {
		cmd := vsswhy(t, "events", "-")
		cmd.Stdin = strings.NewReader(tt.text)
		out, err := cmd.Output()
		if err != nil || strings.Count(string(out), "\n") != 2 {
			t.Errorf("%s: %v\n%s", tt.name, err, out)
		}
		for _, want := range tt.want {
			if !strings.Contains(strings.Join(strings.Fields(string(out)), " "), want) {
				t.Errorf("%s: no %q in\n%s", tt.name, want, out)
			}
		}
	}
}
