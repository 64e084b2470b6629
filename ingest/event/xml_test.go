package event

import (
	"encoding/xml"
	"strings"
	"testing"
	"time"
)

func TestXML(t *testing.T) {
	e := Event{
		Provider: "Microsoft-Windows-Hyper-V-VMMS", ID: 10103, Level: 2, Record: 7, Computer: "HV01", Channel: "Admin",
		Time: time.Date(2010, 3, 14, 22, 0, 0, 100, time.UTC), Payload: "VmlEventLog",
		Fields: []Field{{"VmName", "<SQL & Co>"}, {"Parameters/a", "1"}, {"Parameters/b", "2"}, {"Last", "3"}},
	}
	got := e.XML()
	for _, want := range []string{
		`<EventID>10103</EventID>`, `SystemTime="2010-03-14T22:00:00.0000001Z"`, `<VmName>&lt;SQL &amp; Co&gt;</VmName>`,
		"      <Parameters>\n        <a>1</a>\n        <b>2</b>\n      </Parameters>\n      <Last>3</Last>\n    </VmlEventLog>\n  </UserData>\n</Event>\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nlacks %s", got, want)
		}
	}
	checkXML(t, got)
}

func checkXML(t *testing.T, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := d.Token(); err != nil {
			if err.Error() != "EOF" {
				t.Errorf("%v in\n%s", err, text)
			}
			return
		}
	}
}

// FuzzXML: whatever an event holds, its XML is well-formed.
func FuzzXML(f *testing.F) {
	f.Add("EventData", "Name", "value", "a/b/c", "x")
	f.Add("Payload", "a/b", "1", "a/b/c", "2")
	f.Fuzz(func(t *testing.T, payload, n1, v1, n2, v2 string) {
		e := Event{Payload: payload, Provider: v1, Computer: n2, Fields: []Field{{n1, v1}, {n2, v2}, {n1, v2}}, Message: v1}
		checkXML(t, e.XML())
	})
}
