package evtx

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/evtx/evtxtest"
)

// sampleXML has an event of each kind: of a manifest, of a classic source, with
// UserData, and with next to nothing.
const sampleXML = `<Events>
<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Hyper-V-VMMS' Guid='{6066f867-7ca1-4418-85fd-36e3f9c0600c}'/><EventID>10104</EventID><Version>0</Version><Level>2</Level><Task>0</Task><Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime='2010-03-01T22:00:14.1234567Z'/><EventRecordID>101</EventRecordID><Correlation ActivityID='{189ccb3f-d3de-0002-c0cb-9c18ded3db01}'/><Execution ProcessID='1912' ThreadID='7592'/><Channel>Microsoft-Windows-Hyper-V-VMMS-Admin</Channel><Computer>NODE-A.contoso.com</Computer><Security UserID='S-1-5-18'/></System><UserData><VmlEventLog xmlns:auto-ns2='urn:x' xmlns='http://www.microsoft.com/Windows/Virtualization/Events'><VmName>SQL01</VmName><VmId>6A0C7A4C-0000-4444-8888-0123456789AB</VmId><Error Code='0x800423f4' Retry='false'/><Path><Item>a &lt;b&gt; &amp; c</Item><Item/></Path></VmlEventLog></UserData></Event>
<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='VSS'/><EventID Qualifiers='0'>8194</EventID><Level>2</Level><Task>0</Task><Keywords>0x80000000000000</Keywords><TimeCreated SystemTime='2010-03-01T22:00:15.0000000Z'/><EventRecordID>5001</EventRecordID><Channel>Application</Channel><Computer>NODE-A.contoso.com</Computer><Security/></System><EventData><Data>0x80070005, Zugriff verweigert</Data><Data></Data><Data Name='count'>-1</Data><Data Name='big'>18446744073709551615</Data><Binary>2D20436F64653A20</Binary></EventData></Event>
<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Eventlog' Guid='{fc65ddd8-d6ef-4962-83d5-6e5cfe9ce148}' EventSourceName='EventLog'/><EventID>6005</EventID><TimeCreated SystemTime='2010-03-01T21:00:00.0000000Z'/><EventRecordID>7</EventRecordID><Channel>System</Channel><Computer>NODE-A</Computer></System><ProcessingErrorData><ErrorCode>15005</ErrorCode><EventPayload>0A0B</EventPayload></ProcessingErrorData></Event>
</Events>`

// manyXML returns n events, numbered from first.
func manyXML(first, n int) []byte {
	var b strings.Builder
	for i := first; i < first+n; i++ {
		fmt.Fprintf(&b, `<Event><System><Provider Name='P%d'/><EventID>%d</EventID><TimeCreated SystemTime='2010-03-01T00:%02d:%02d.0000000Z'/>`+
			`<EventRecordID>%d</EventRecordID><Channel>System</Channel><Computer>HOST</Computer></System>`+
			`<EventData><Data Name='n'>%d</Data><Data Name='t'>%s</Data></EventData></Event>`,
			i%3, 100+i%5, i/60%60, i%60, i, i, strings.Repeat("x", i%90))
	}
	return []byte(b.String())
}

// TestRoundTrip reads what the writer wrote, and compares it with the XML.
func TestRoundTrip(t *testing.T) {
	options := map[string][]evtxtest.Option{
		"templates":     nil,
		"direct":        {evtxtest.Direct()},
		"three chunks":  {evtxtest.PerChunk(1)},
		"version 3.2":   {evtxtest.Minor(2)},
		"no checksums":  {evtxtest.NoCRC()},
		"free at end":   {evtxtest.Free(0, chunkSize)},
		"free too far":  {evtxtest.Free(0, 0xffffffff)},
		"direct, split": {evtxtest.Direct(), evtxtest.PerChunk(2)},
	}
	want := eventsOfXML(t, []byte(sampleXML))
	for name, opts := range options {
		t.Run(name, func(t *testing.T) {
			events, src := readAll(t, evtxtest.Write([]byte(sampleXML), opts...), Options{})
			for i := range events {
				events[i].Ref = event.Ref{}
			}
			if diff := cmp.Diff(want, events); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if src.Records != 3 || src.Undecodable != 0 || src.Relevant != 3 || len(src.Damage) > 0 {
				t.Errorf("%d records, %d undecodable, %d relevant, %v", src.Records, src.Undecodable, src.Relevant, src.Damage)
			}
		})
	}
}

// TestLibevtxReadsWriter lets libevtx read what the writer wrote.
func TestLibevtxReadsWriter(t *testing.T) {
	for name, log := range map[string][]byte{
		"sample": evtxtest.Write([]byte(sampleXML)),
		"many":   evtxtest.Write(manyXML(1, 2000)),
		"split":  evtxtest.Write(manyXML(1, 50), evtxtest.PerChunk(7), evtxtest.Minor(2)),
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir() + "/log.evtx"
			writeFile(t, path, log)
			ours, _ := readAll(t, log, Options{})
			theirs := libevtxEvents(t, path)
			if len(theirs) != len(ours) {
				t.Errorf("%d events of libevtx, %d of ours", len(theirs), len(ours))
			}
			compareEvents(t, theirs, ours)
		})
	}
}

// TestRealRoundTrip writes what Windows exported, and reads it again.
func TestRealRoundTrip(t *testing.T) {
	for _, name := range []string{"Application", "Security", "System"} {
		raw := realLog(t, "ts-evtx/"+name+".xml")
		want := eventsOfXML(t, raw)
		for mode, opts := range map[string][]evtxtest.Option{"templates": nil, "direct": {evtxtest.Direct()}} {
			t.Run(name+"/"+mode, func(t *testing.T) {
				events, _ := readAll(t, evtxtest.Write(raw, opts...), Options{})
				for i := range events {
					events[i].Ref, events[i].Message = event.Ref{}, ""
				}
				if diff := cmp.Diff(want, events); diff != "" {
					t.Errorf("-want +got:\n%s", brief(diff))
				}
			})
		}
	}
}
