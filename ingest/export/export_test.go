package export

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/evtx"
)

func read(tb testing.TB, text []byte, opt Options) ([]event.Event, *event.Source) {
	tb.Helper()
	src := &event.Source{ID: 3}
	var events []event.Event
	for batch := range Read(context.Background(), bytes.NewReader(text), int64(len(text)), src, opt) {
		events = append(events, batch...)
	}
	return events, src
}

// sample are events as Get-WinEvent has them.
func sample() []event.Event {
	at := func(day, hour, minute, second int) time.Time {
		return time.Date(2010, 3, day, hour, minute, second, 0, time.UTC)
	}
	return []event.Event{
		{Record: 1001, Time: at(13, 23, 2, 31), Computer: "NODE-A.contoso.com", Channel: "Application", Provider: "VSS", ID: 8229, Level: 3, Keywords: 1 << 55,
			Message: "A VSS writer has rejected an event with error 0x800423f4.\nChanges, \"quoted\"; and more:\n\n  Operation: PostSnapshot", Payload: "EventData",
			Fields: []event.Field{{Value: "0x800423f4, \"non-transient\""}, {Value: "{66841cd4-6ded-4f4b-8f17-fd23f8ddc3de}"}, {Name: "Binary", Value: "00FF"}}},
		{Record: 1002, Time: at(14, 0, 0, 0), Computer: "NODE-A.contoso.com", Channel: "Application", Provider: "Microsoft-Windows-Hyper-V-VMMS", ProviderGUID: "{6066f867-7ca1-4418-85fd-36e3f9c0600c}",
			ID: 10104, Level: 2, Task: 4, Opcode: 1, Version: 1, ProcessID: 4711, ThreadID: 17, Keywords: 1 << 63, UserID: "S-1-5-18", ActivityID: "{00000000-0000-0000-0000-000000000001}",
			Message: "Überfüllt: 'FILE 07'", Payload: "EventData", Fields: []event.Field{{Value: "FILE 07"}}},
		{Record: 1003, Time: at(14, 12, 30, 5), Computer: "NODE-A.contoso.com", Channel: "Application", Provider: "ESENT", ID: 225, Qualifiers: 4, Level: 4, Message: "nothing"},
	}
}

// What each form keeps of an event.
var (
	noFields = cmpopts.IgnoreFields(event.Event{}, "Ref", "Line", "Fields", "Payload")
	fewer    = cmpopts.IgnoreFields(event.Event{}, "Ref", "Line", "Fields", "Payload", "Record", "Qualifiers", "Version", "Opcode", "Task", "Keywords", "ProcessID", "ThreadID", "ActivityID", "ProviderGUID")
	viewer   = cmpopts.IgnoreFields(event.Event{}, "Ref", "Line", "Fields", "Payload", "Record", "Qualifiers", "Version", "Opcode", "Task", "Keywords", "ProcessID", "ThreadID", "ActivityID", "ProviderGUID", "Computer", "Channel", "UserID")
)

// A form writes events as somebody's program does.
type form struct {
	name   string
	format string
	basis  event.Basis
	same   cmp.Option
	write  func(events []event.Event) string
}

var forms = []form{
	{"Export-Csv", "csv", event.BasisLocal, noFields, func(e []event.Event) string {
		return "#TYPE System.Diagnostics.Eventing.Reader.EventLogRecord\r\n" + properties(e, ',', "1/2/2006 3:04:05 PM")
	}},
	{"Export-Csv, European", "csv", event.BasisLocal, noFields, func(e []event.Event) string { return properties(e, ';', "02.01.2006 15:04:05") }},
	{"Format-List", "list", event.BasisLocal, noFields, formatList},
	{"wevtutil /f:text", "list", event.BasisLocal, fewer, wevtutilText},
	{"copied", "list", event.BasisLocal, fewer, copiedText},
	{"Event Viewer's CSV", "csv", event.BasisLocal, viewer, viewerCSV},
	{"Export-Clixml", "clixml", event.BasisUTC, cmpopts.IgnoreFields(event.Event{}, "Ref", "Line"), clixml},
}

var propertyNames = []string{"Message", "Id", "Version", "Qualifiers", "Level", "Task", "Opcode", "Keywords", "RecordId", "ProviderName", "ProviderId", "LogName", "ProcessId", "ThreadId",
	"MachineName", "UserId", "TimeCreated", "ActivityId", "ContainerLog", "LevelDisplayName", "Properties"}

func values(e *event.Event, layout string) []string {
	num := func(n any) string { return fmt.Sprint(n) }
	return []string{strings.ReplaceAll(e.Message, "\n", "\r\n"), num(e.ID), num(e.Version), num(e.Qualifiers), num(uint8(e.Level)), num(e.Task), num(e.Opcode), num(int64(e.Keywords)), num(e.Record),
		e.Provider, strings.ToLower(strings.Trim(e.ProviderGUID, "{}")), e.Channel, num(e.ProcessID), num(e.ThreadID), e.Computer, e.UserID, e.Time.Format(layout), strings.Trim(e.ActivityID, "{}"), "application",
		"whatever", "System.Collections.Generic.List`1[System.Diagnostics.Eventing.Reader.EventProperty]"}
}

func properties(events []event.Event, separator rune, layout string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.Comma, w.UseCRLF = separator, true
	w.Write(propertyNames)
	for i := range events {
		w.Write(values(&events[i], layout))
	}
	w.Flush()
	return b.String()
}

func formatList(events []event.Event) string {
	var b strings.Builder
	for i := range events {
		b.WriteString("\r\n\r\n")
		for j, value := range values(&events[i], "1/2/2006 3:04:05 PM") {
			indent := "\r\n" + strings.Repeat(" ", 23)
			fmt.Fprintf(&b, "%-20s : %s\r\n", propertyNames[j], strings.ReplaceAll(value, "\r\n", indent))
		}
	}
	return b.String()
}

var levelNames = []string{"", "Critical", "Error", "Warning", "Information"}

func wevtutilText(events []event.Event) string {
	var b strings.Builder
	for i := range events {
		e := &events[i]
		fmt.Fprintf(&b, "Event[%d]:\r\n  Log Name: %s\r\n  Source: %s\r\n  Date: %s\r\n  Event ID: %d\r\n  Task: N/A\r\n  Level: %s\r\n  Opcode: N/A\r\n  Keyword: Classic\r\n  User: %s\r\n  User Name: N/A\r\n  Computer: %s\r\n  Description: \r\n%s\r\n\r\n",
			i, e.Channel, e.Provider, e.Time.Format("2006-01-02T15:04:05.000"), e.ID, levelNames[e.Level], orNA(e.UserID), e.Computer, e.Message)
	}
	return b.String()
}

func orNA(s string) string {
	if s == "" {
		return ""
	}
	return s
}

func copiedText(events []event.Event) string {
	var b strings.Builder
	for i := range events {
		e := &events[i]
		fmt.Fprintf(&b, "Log Name:      %s\r\nSource:        %s\r\nDate:          %s\r\nEvent ID:      %d\r\nTask Category: None\r\nLevel:         %s\r\nKeywords:      Classic\r\nUser:          %s\r\nComputer:      %s\r\nDescription:\r\n%s\r\n\r\n",
			e.Channel, e.Provider, e.Time.Format("1/2/2006 3:04:05 PM"), e.ID, levelNames[e.Level], e.UserID, e.Computer, e.Message)
	}
	return b.String()
}

func viewerCSV(events []event.Event) string {
	var b strings.Builder
	b.WriteString("Ebene,Datum und Uhrzeit,Quelle,Ereignis-ID,Aufgabenkategorie\r\n")
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	for i := range events {
		e := &events[i]
		w.Write([]string{levelNames[e.Level], e.Time.Format("02.01.2006 15:04:05"), e.Provider, fmt.Sprint(e.ID), "(1)", e.Message})
	}
	w.Flush()
	return b.String()
}

func clixml(events []event.Event) string {
	var b strings.Builder
	text := func(s string) string {
		var t strings.Builder
		xml.EscapeText(&t, []byte(strings.ReplaceAll(s, "\n", "_x000A_")))
		return t.String()
	}
	b.WriteString(`<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">` + "\r\n")
	for i := range events {
		e := &events[i]
		fmt.Fprintf(&b, "  <Obj RefId=\"%d\">\r\n    <TN RefId=\"0\">\r\n      <T>System.Diagnostics.Eventing.Reader.EventLogRecord</T>\r\n    </TN>\r\n    <ToString>System.Diagnostics.Eventing.Reader.EventLogRecord</ToString>\r\n    <Props>\r\n", i)
		fmt.Fprintf(&b, "<I32 N=\"Id\">%d</I32><By N=\"Version\">%d</By><I32 N=\"Qualifiers\">%d</I32><By N=\"Level\">%d</By><I32 N=\"Task\">%d</I32><I16 N=\"Opcode\">%d</I16><I64 N=\"Keywords\">%d</I64><I64 N=\"RecordId\">%d</I64>",
			e.ID, e.Version, e.Qualifiers, e.Level, e.Task, e.Opcode, int64(e.Keywords), e.Record)
		fmt.Fprintf(&b, "<S N=\"ProviderName\">%s</S><S N=\"LogName\">%s</S><S N=\"MachineName\">%s</S><I32 N=\"ProcessId\">%d</I32><I32 N=\"ThreadId\">%d</I32>\r\n", text(e.Provider), e.Channel, e.Computer, e.ProcessID, e.ThreadID)
		fmt.Fprintf(&b, "<DT N=\"TimeCreated\">%s</DT>", e.Time.In(time.FixedZone("", 3600)).Format(time.RFC3339Nano))
		optional(&b, "G", "ProviderId", strings.Trim(e.ProviderGUID, "{}"))
		optional(&b, "G", "ActivityId", strings.Trim(e.ActivityID, "{}"))
		if e.UserID != "" {
			fmt.Fprintf(&b, `<Obj N="UserId" RefId="90%d"><TN RefId="1"><T>System.Security.Principal.SecurityIdentifier</T></TN><ToString>%s</ToString><Props><S N="Value">%s</S></Props></Obj>`, i, e.UserID, e.UserID)
		}
		b.WriteString(`<Obj N="Properties" RefId="7"><TN RefId="2"><T>System.Collections.Generic.List</T></TN><LST>`)
		for _, f := range e.Fields {
			kind, value := "S", text(f.Value)
			if f.Name == "Binary" {
				raw, _ := hex.DecodeString(f.Value)
				kind, value = "BA", base64.StdEncoding.EncodeToString(raw)
			}
			fmt.Fprintf(&b, `<Obj RefId="8"><TNRef RefId="3" /><ToString>System.Diagnostics.Eventing.Reader.EventProperty</ToString><Props><%s N="Value">%s</%s></Props></Obj>`, kind, value, kind)
		}
		fmt.Fprintf(&b, "</LST></Obj>\r\n    </Props>\r\n    <MS>\r\n      <S N=\"Message\">%s</S>\r\n    </MS>\r\n  </Obj>\r\n", text(e.Message))
	}
	return b.String() + "</Objs>"
}

func optional(b *strings.Builder, kind, name, value string) {
	if value == "" {
		fmt.Fprintf(b, `<Nil N="%s" />`, name)
	} else {
		fmt.Fprintf(b, `<%s N="%s">%s</%s>`, kind, name, value, kind)
	}
}

// encodings of a text.
func encodings(text string) map[string][]byte {
	units := utf16.Encode([]rune(text))
	le, be := []byte{0xff, 0xfe}, []byte{0xfe, 0xff}
	for _, u := range units {
		le = append(le, byte(u), byte(u>>8))
		be = append(be, byte(u>>8), byte(u))
	}
	western := make([]byte, 0, len(text))
	for _, r := range text {
		western = append(western, byte(r)) // of these texts, CP 1252 is Latin-1
	}
	return map[string][]byte{"UTF-8": []byte(text), "UTF-8 with BOM": []byte("\ufeff" + text), "UTF-16LE": le, "UTF-16BE": be, "1252": western}
}

// TestForms: the events that each program writes are read again, in every
// encoding, as far as the form has them; and each at its own place.
func TestForms(t *testing.T) {
	want := sample()
	for _, f := range forms {
		for name, text := range encodings(f.write(want)) {
			t.Run(f.name+"/"+name, func(t *testing.T) {
				if got := Sniff(text); got != f.format {
					t.Fatalf("it is taken for %q", got)
				}
				got, src := read(t, text, Options{})
				if diff := cmp.Diff(want, got, f.same); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
				if src.Records != 3 || src.Relevant != 3 || src.Undecodable != 0 || src.Basis != f.basis || len(src.Damage) > 0 || src.Err != "" {
					t.Errorf("%+v", src)
				}
				for i := range got {
					if got[i].Source != 3 || got[i].Line == 0 || i > 0 && (got[i].Offset <= got[i-1].Offset || got[i].Line <= got[i-1].Line) {
						t.Errorf("event %d stands at %d, line %d", i, got[i].Offset, got[i].Line)
					}
				}
			})
		}
	}
}

// TestInterest: only wanted events are yielded, all are counted.
func TestInterest(t *testing.T) {
	in := new(event.Interest)
	in.Want("vss")
	for _, f := range forms {
		got, src := read(t, []byte(f.write(sample())), Options{Interest: in, Channel: "X"})
		if len(got) != 1 || got[0].ID != 8229 || src.Records != 3 || src.Relevant != 1 || len(src.Streams) == 0 || got[0].Channel == "" {
			t.Errorf("%s: %d events, %+v", f.name, len(got), src)
		}
	}
}

// TestEventLog: objects of Get-EventLog.
func TestEventLog(t *testing.T) {
	table := "\"EventID\",\"MachineName\",\"Data\",\"Index\",\"Category\",\"CategoryNumber\",\"EntryType\",\"Message\",\"Source\",\"ReplacementStrings\",\"InstanceId\",\"TimeGenerated\",\"UserName\"\r\n" +
		"\"8229\",\"HV01\",\"System.Byte[]\",\"77\",\"(0)\",\"0\",\"Warning\",\"text\",\"VSS\",\"System.String[]\",\"8229\",\"3/14/2010 11:02:33 PM\",\r\n"
	objects := `<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04"><Obj RefId="0"><Props><I32 N="EventID">8229</I32><S N="MachineName">HV01</S><BA N="Data">AP8=</BA><I32 N="Index">77</I32>` +
		`<Obj N="EntryType" RefId="1"><ToString>Warning</ToString><I32>2</I32></Obj><S N="Message">text</S><S N="Source">VSS</S>` +
		`<Obj N="ReplacementStrings" RefId="2"><LST><S>0x800423f4</S><S></S></LST></Obj><I64 N="InstanceId">8229</I64><DT N="TimeGenerated">2010-03-14T23:02:33+00:00</DT></Props></Obj></Objs>`
	list := "\r\n\r\nIndex              : 77\r\nEntryType          : Warning\r\nInstanceId         : 8229\r\nMessage            : text\r\nCategory           : (0)\r\nCategoryNumber     : 0\r\n" +
		"ReplacementStrings : {0x800423f4, }\r\nSource             : VSS\r\nTimeGenerated      : 3/14/2010 11:02:33 PM\r\nTimeWritten        : 3/14/2010 11:02:33 PM\r\nUserName           : \r\n\r\n"
	for name, text := range map[string]string{"csv": table, "clixml": objects, "list": list} {
		got, src := read(t, []byte(text), Options{Channel: "Application"})
		want := event.Event{Record: 77, Time: time.Date(2010, 3, 14, 23, 2, 33, 0, time.UTC), Computer: "HV01", Channel: "Application", Provider: "VSS", ID: 8229, Message: "text"}
		if name == "list" { // which names no computer
			want.Computer = ""
		}
		if len(got) != 1 || src.Undecodable > 0 {
			t.Fatalf("%s: %d events, %+v", name, len(got), src)
		}
		if diff := cmp.Diff(want, got[0], cmpopts.IgnoreFields(event.Event{}, "Ref", "Line", "Level", "Fields", "Payload")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if name == "clixml" {
			if diff := cmp.Diff([]event.Field{{Name: "Binary", Value: "00FF"}, {Value: "0x800423f4"}, {}}, got[0].Fields); diff != "" {
				t.Error(diff)
			}
		}
	}
}

// TestNoProvider: a selection of properties without the provider is a loss.
func TestNoProvider(t *testing.T) {
	table := "\"TimeCreated\",\"Id\",\"LevelDisplayName\",\"Message\"\r\n\"3/14/2010 11:02:31 PM\",\"8229\",\"Error\",\"x\"\r\n"
	if got, src := read(t, []byte(table), Options{}); len(got) != 0 || src.Records != 1 || src.Undecodable != 1 || !src.Lost() {
		t.Errorf("%d events, %+v", len(got), src)
	}
}

// TestLongMessage: a list is known though the message of its first event is long, and
// its text UTF-16.
func TestLongMessage(t *testing.T) {
	message := strings.Repeat("A VSS writer has rejected an event.\r\n"+strings.Repeat(" ", 15), 60)
	list := "\r\n\r\nMessage      : " + message + "\r\nId           : 8229\r\nProviderName : VSS\r\nMachineName  : HV01\r\nTimeCreated  : 14.03.2010 23:02:33\r\n\r\n"
	for name, text := range encodings(list) {
		if got, src := read(t, text, Options{}); len(got) != 1 || src.Err != "" || src.Undecodable > 0 {
			t.Errorf("%s: %d events, %+v", name, len(got), src)
		}
	}
}

// TestLanguages: what wevtutil and Event Viewer write in another language.
func TestLanguages(t *testing.T) {
	german := "Event[0]:\r\n  Protokollname: Application\r\n  Quelle: VSS\r\n  Datum: 2010-03-14T23:02:33.000\r\n  Ereignis-ID: 8229\r\n  Aufgabe: Nicht zutreffend\r\n  Ebene: Warnung\r\n" +
		"  Opcode: Info\r\n  Schl\u00fcsselwort: Klassisch\r\n  Benutzer: Nicht zutreffend\r\n  Benutzername: Nicht zutreffend\r\n  Computer: HV01\r\n  Beschreibung: \r\nVorgang:\r\n   [1]\r\nWriter[3]\r\n\r\n"
	japanese := "レベル,日付と時刻,ソース,イベント ID,タスクのカテゴリ\r\n警告,2010/03/14 23:02:33,VSS,8229,なし,\"操作:\r\n   x\"\r\n"
	for _, tt := range []struct {
		text string
		want event.Event
	}{
		{german, event.Event{Computer: "HV01", Channel: "Application", Message: "Vorgang:\n   [1]\nWriter[3]"}},
		{strings.ReplaceAll(german, "Event[0]", "Ereignis[0]"), event.Event{Computer: "HV01", Channel: "Application", Message: "Vorgang:\n   [1]\nWriter[3]"}},
		{japanese, event.Event{Channel: "Application", Message: "操作:\n   x"}},
	} {
		tt.want.ID, tt.want.Provider, tt.want.Level, tt.want.Time = 8229, "VSS", event.LevelWarning, time.Date(2010, 3, 14, 23, 2, 33, 0, time.UTC)
		got, src := read(t, []byte(tt.text+strings.TrimPrefix(tt.text, japanese)), Options{Channel: "Application"})
		if len(got) == 0 || src.Undecodable > 0 {
			t.Fatalf("%.20q: %d events, %+v", tt.text, len(got), src)
		}
		for _, e := range got {
			if diff := cmp.Diff(tt.want, e, cmpopts.IgnoreFields(event.Event{}, "Ref", "Line")); diff != "" {
				t.Errorf("%.20q: %s", tt.text, diff)
			}
		}
	}
}

// days are dates from 3 April on, or back, that may be of either order.
func days(layout string, n, step int) (list []string) {
	for i := 0; len(list) < n; i++ {
		if at := time.Date(2010, 4, 3+i*step, 1, 0, 0, 0, time.UTC); at.Day() <= 12 {
			list = append(list, at.Format(layout))
		}
	}
	return list
}

// TestDates: the order of day and month is told by a number above 12, or by the
// order of the records; else it is said that it can't be told.
func TestDates(t *testing.T) {
	row := func(dates ...string) string {
		text := "Id,ProviderName,TimeCreated,MachineName\r\n"
		for i, d := range dates {
			text += fmt.Sprintf("%d,VSS,%s,A\r\n", i+1, d)
		}
		return text
	}
	at := func(month, day int) string { return fmt.Sprintf("2010-%02d-%02d", month, day) }
	for _, tt := range []struct {
		dates []string
		first string
		basis event.Basis
	}{
		{[]string{"3/4/2010 23:00:00", "3/14/2010 1:00:00"}, at(3, 4), event.BasisLocal},
		{[]string{"3/4/2010 23:00:00", "14/4/2010 1:00:00"}, at(4, 3), event.BasisLocal},
		{days("2/1/2006 15:04:05", 40, 1), at(4, 3), event.BasisLocal}, // rising from 3 April on
		{days("1/2/2006 15:04:05", 40, -1), at(4, 3), event.BasisLocal},
		{[]string{"5/3/2010 1:00:00", "4/4/2010 1:00:00", "3/4/2010 1:00:00"}, at(5, 3), event.BasisUnknown}, // two logs, the day first; falling with the month first
		{[]string{"3/4/2010 23:00:00", "3/4/2010 23:10:00"}, at(3, 4), event.BasisUnknown},
		{[]string{"3/14/2010 1:00:00", "14/3/2010 1:00:00"}, at(3, 14), event.BasisUnknown},
		{[]string{"2010-03-04T10:00:00Z"}, at(3, 4), event.BasisUTC},
		{[]string{"2010-03-04 10:00:00"}, at(3, 4), event.BasisLocal},
		{[]string{"04.03.2010 10:00:00"}, at(3, 4), event.BasisLocal},
	} {
		got, src := read(t, []byte(row(tt.dates...)), Options{})
		if len(got) == 0 || got[0].Time.Format("2006-01-02") != tt.first || src.Basis != tt.basis || (len(src.Damage) > 0) != (tt.basis == event.BasisUnknown) {
			t.Errorf("%q: %v, %+v", tt.dates, got, src)
		}
	}
	late := time.Date(2010, 3, 14, 23, 2, 31, 0, time.UTC)
	for _, s := range []string{
		"3/14/2010 11:02:31 PM", "3/14/2010, 11:02:31\u202fPM", "14.03.2010 23:02:31", "14/03/2010 23:02:31", "14-3-2010 23:02:31", "2010-03-14 23:02:31",
		"14. 3. 2010 23:02:31", "14.3.2010. 23:02:31", "14.3.2010 23.02.31", "14-03-2010 23.02.31", "14-03-2010 kl. 23:02:31", "14.3.2010 г. 23:02:31",
		"14/3/2010 11:02:31 μμ", "14/3/2010 11:02:31 μ.μ.", "14/03/2010 11:02:31 p. m.", "2010. 03. 14. 23:02:31", "2010.03.14. 23:02:31",
		"2010/3/14 23:02:31", "2010/3/14 下午 11:02:31", "2010-03-14 오후 11:02:31", "2010/03/14 午後 11:02:31", "14/3/2553 23:02:31",
	} {
		if m, ok := parseMoment(s, dayFirst); !ok || !m.at.Equal(late) && !m.other.Equal(late) {
			if m, ok = parseMoment(s, monthFirst); !ok || !m.at.Equal(late) {
				t.Errorf("%q is taken for %v", s, m)
			}
		}
	}
	for _, s := range []string{"3/4-2010 1:00", "3/4/2010 1:02.03", "3 /4/2010 1:00", "3/4/2010-1:00", "3/4/2010 1:00 xx", "14.03.2010.1:00", "3/4/2010 1:00:00:00", "3/4/20100 1:00",
		"", "yesterday", "3/4/2010", "31/31/2010 1:00", "2/30/2010 1:00", "3/4/2010 25:00", "3/4/2010 13:00 PM", "3/4/2010 1:00 vorm.", "1/2/3 4:5:6", "3/4/2010 1:61"} {
		if m, ok := parseMoment(s, monthFirst); ok {
			t.Errorf("%q is taken for %v", s, m)
		}
	}
}

// TestDamage: what can't be read is counted and said, and the rest is there.
func TestDamage(t *testing.T) {
	head := "Id,ProviderName,TimeCreated,MachineName\r\n"
	good := "1,VSS,3/14/2010 1:00:00,A\r\n"
	whole := clixml(sample())
	for _, tt := range []struct {
		name, text                  string
		events, records, unreadable int
		kind                        event.DamageKind
	}{
		{"no id", head + good + "x,VSS,3/14/2010 1:00:00,A\r\n" + good, 2, 3, 1, event.DamageRecord},
		{"no time", head + good + "2,VSS,soon,A\r\n", 1, 2, 1, event.DamageRecord},
		{"no provider", head + "2,,3/14/2010 1:00:00,A\r\n" + good, 1, 2, 1, event.DamageRecord},
		{"an open quote", head + good + "3,\"VSS,3/14/2010 1:00:00,A\r\n" + good, 1, 2, 1, event.DamageTruncated},
		{"a long row", head + good + "3,\"" + strings.Repeat("x\r\n", 2<<20) + "\"\r\n" + good, 1, 0, -1, event.DamageRecord},
		{"cut objects", whole[:len(whole)*2/3], 1, 1, 0, event.DamageTruncated},
		{"no XML", whole[:len(whole)/2] + "<<<>" + whole[len(whole)/2:], 1, 1, 0, event.DamageSyntax},
		{"deep objects", "<Objs x=''><Obj><I32 N=\"Id\">1</I32><S N=\"ProviderName\">V</S><I64 N=\"RecordId\">1</I64>" + strings.Repeat("<Obj>", 100_000), 0, 0, 0, event.DamageLimit},
	} {
		got, src := read(t, []byte(tt.text), Options{})
		if len(got) < tt.events || tt.unreadable >= 0 && (len(got) != tt.events || int(src.Records) != tt.records || int(src.Undecodable) != tt.unreadable) || !src.Lost() {
			t.Errorf("%s: %d events, %+v", tt.name, len(got), src)
		}
		found := false
		for _, d := range src.Damage {
			found = found || d.Kind == tt.kind && d.Lost
		}
		if !found {
			t.Errorf("%s: %+v", tt.name, src.Damage)
		}
	}
}

// TestClixmlFields: fields keep their places, whatever they are; characters of two
// units are one; an object without a time is said; and where -Depth cut the fields
// off, that is said, too.
func TestClixmlFields(t *testing.T) {
	object := func(properties string) string {
		return `<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04"><Obj RefId="0"><Props><I32 N="Id">7</I32><S N="ProviderName">V</S><I64 N="RecordId">1</I64>` +
			`<DT N="TimeCreated">2010-03-14T23:02:31.5+01:00</DT>` + properties + `</Props></Obj></Objs>`
	}
	list := func(items string) string {
		return `<Obj N="Properties" RefId="1"><TN RefId="1"><T>List</T></TN><LST>` + items + `</LST></Obj>`
	}
	item := func(value string) string { return `<Obj RefId="9"><Props>` + value + `</Props></Obj>` }
	const typeName = "System.Diagnostics.Eventing.Reader.EventProperty"
	for _, tt := range []struct {
		name, text string
		want       []string
		bare       bool
	}{
		{"two units", object(list(item(`<S N="Value">a_xD83D__xDE00__x005F_x000A_</S>`))), []string{"a\U0001F600_x000A_"}, false},
		{"none, and a number", object(list(item(`<Nil N="Value" />`) + item(`<U32 N="Value">5</U32>`))), []string{"", "5"}, false},
		{"an array", object(list(item(`<Obj N="Value" RefId="3"><TN RefId="2"><T>System.String[]</T></TN><LST><S>a</S><S>b</S></LST></Obj>`) + item(`<S N="Value">c</S>`))), []string{"a", "b", "c"}, false},
		{"types of items", object(list("<S>" + typeName + "</S><S>" + typeName + "</S>")), nil, true},
		{"the type of the list", object("<S N=\"Properties\">System.Collections.Generic.List`1[" + typeName + "]</S>"), nil, true},
	} {
		got, src := read(t, []byte(tt.text), Options{})
		if len(got) != 1 {
			t.Errorf("%s: %d events, %+v", tt.name, len(got), src)
			continue
		}
		var values []string
		for _, f := range got[0].Fields {
			values = append(values, f.Value)
		}
		if diff := cmp.Diff(tt.want, values); diff != "" {
			t.Errorf("%s: -want +got:\n%s", tt.name, diff)
		}
		if said := len(src.Damage) == 1 && src.Damage[0].Kind == event.DamageFields; said != tt.bare || src.Lost() {
			t.Errorf("%s: %+v", tt.name, src.Damage)
		}
	}
	timeless := strings.Replace(object(""), `<DT N="TimeCreated">2010-03-14T23:02:31.5+01:00</DT>`, `<Nil N="TimeCreated" />`, 1)
	if got, src := read(t, []byte(timeless), Options{}); len(got) != 0 || src.Records != 1 || src.Undecodable != 1 || !src.Lost() {
		t.Errorf("without a time: %d events, %+v", len(got), src)
	}
}

// TestNoExport: what is not told apart for sure is nothing.
func TestNoExport(t *testing.T) {
	for _, text := range []string{
		"", "text", "a,b,c,d,e\r\n1,2,3,4,5,6\r\n", "Name,Id,Time\r\nx,1,2\r\n", "Source,Destination\r\n1,2\r\n", "HotFixID,InstalledOn,CSName,Description\r\nKB1,1/1/2010,A,x\r\n",
		"Host Name: A\r\nOS Name: B\r\n", "Event[0]:\r\nother\r\n", "<Objs Version=\"1.1\"><Obj><S N=\"HotFixID\">KB1</S></Obj></Objs>", "Log Name: x\r\nSource: y\r\nno\r\n", "Id : 5\r\nName : x\r\n",
	} {
		if got := Sniff([]byte(text)); got != "" {
			t.Errorf("%q is taken for %s", text, got)
		}
	}
}

// TestEventViewer: Event Viewer's own export of a real log has its events, in the
// reverse order and by the clock on the wall.
func TestEventViewer(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "data", "mta")
	table, err := os.ReadFile(filepath.Join(dir, "test.csv"))
	if err != nil {
		t.Skip("no ../shared/data/mta")
	}
	log, err := os.ReadFile(filepath.Join(dir, "test.evtx"))
	if err != nil {
		t.Fatal(err)
	}
	got, src := read(t, table, Options{})
	if len(got) != 239 || src.Basis != event.BasisLocal || len(src.Damage) > 0 {
		t.Fatalf("%d events, %+v", len(got), src)
	}
	i := len(got)
	for batch := range evtx.Read(context.Background(), bytes.NewReader(log), int64(len(log)), &event.Source{}, evtx.Options{}) {
		for _, want := range batch {
			i--
			e := got[i]
			ahead := e.Time.Sub(want.Time.Truncate(time.Second))
			if e.ID != want.ID || e.Provider != want.Provider || e.Level != event.LevelInformation && e.Level != want.Level || e.Message == "" || ahead%(15*time.Minute) != 0 || ahead.Abs() > 14*time.Hour {
				t.Fatalf("event %d is %+v, want %+v", i, e, want)
			}
		}
	}
}

// TestMutations changes bytes of every form: reading ends in little time, and
// what is lost is said.
func TestMutations(t *testing.T) {
	var events []event.Event
	for range 20 {
		events = append(events, sample()...)
	}
	rounds, err := strconv.Atoi(os.Getenv("VSSWHY_MUTATIONS"))
	if err != nil {
		rounds = 1000
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range rounds {
		f := &forms[i%len(forms)]
		text := []byte(f.write(events))
		for range 1 + rng.IntN(6) {
			text[rng.IntN(len(text))] = byte(rng.IntN(256))
		}
		start := time.Now()
		got, src := read(t, text, Options{})
		if spent := time.Since(start); spent > 2*time.Second {
			t.Errorf("mutation %d, %s: %v", i, f.name, spent)
		}
		if f.format == "clixml" && len(got) < len(events)-6 && !src.Lost() {
			t.Errorf("mutation %d, %s: %d of %d events, and nothing says so", i, f.name, len(got), len(events))
		}
	}
}

// FuzzRead: any text is read to its end, no event is longer than the text, they
// stand in it, in its order, and another reading gives the same.
func FuzzRead(f *testing.F) {
	for _, form := range forms {
		f.Add([]byte(form.write(sample())))
		f.Add(encodings(form.write(sample()[:1]))["UTF-16LE"])
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, src := read(t, text, Options{})
		size, last := 0, int64(-1)
		for i := range got {
			e := &got[i]
			size += len(e.Message) + len(e.Provider)
			for _, field := range e.Fields {
				size += len(field.Value) / 2 // hex digits
			}
			if e.Offset < last || e.Offset >= int64(len(text)) {
				t.Fatalf("event %d stands at %d of %d, after one at %d", i, e.Offset, len(text), last)
			}
			last = e.Offset
		}
		if size > 3*len(text) || src.Records < uint64(len(got)) || src.Undecodable > src.Records {
			t.Fatalf("%d bytes of %d; %+v", size, len(text), src)
		}
		again, _ := read(t, text, Options{})
		if diff := cmp.Diff(got, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	for _, f := range forms {
		b.Run(f.name, func(b *testing.B) {
			var events []event.Event
			for range 2000 {
				events = append(events, sample()...)
			}
			text := []byte(f.write(events))
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, src := read(b, text, Options{}); src.Records != 6000 {
					b.Fatal(src.Records)
				}
			}
		})
	}
}
