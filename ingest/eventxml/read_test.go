package eventxml

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// The forms in which the same two events are exported.
const (
	header = "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\r\n"

	vssEvent = `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='VSS'/>` +
		`<EventID Qualifiers='0'>8229</EventID><Level>3</Level><Task>0</Task><Keywords>0x80000000000000</Keywords>` +
		`<TimeCreated SystemTime='2009-11-02T21:00:07.000000000Z'/><EventRecordID>4711</EventRecordID>` +
		`<Channel>Application</Channel><Computer>node-a.example.com</Computer><Security/></System>` +
		`<EventData><Data>0x800423f4, a &lt;writer&gt; failed &amp; more</Data><Data></Data><Data>` + "\n   Operation:\r\n      PrepareForSnapshot\n" + `</Data>` +
		`<Binary>2d20436f64653a</Binary></EventData></Event>`

	vmmsEvent = `<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System>` +
		`<Provider Name="Microsoft-Windows-Hyper-V-VMMS" Guid="{6066f867-7ca1-4418-85fd-36e3f9c0600c}"/><EventID>10103</EventID><Version>0</Version>` +
		`<Level>2</Level><Task>0</Task><Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords>` +
		`<TimeCreated SystemTime="2009-11-02T21:00:09.1234567+01:00"/><EventRecordID>12</EventRecordID>` +
		`<Correlation ActivityID="{00000000-0000-0000-0000-000000000001}"/><Execution ProcessID="2100" ThreadID="3320"/>` +
		`<Channel>Microsoft-Windows-Hyper-V-VMMS-Admin</Channel><Computer>node-a.example.com</Computer><Security UserID="S-1-5-18"/></System>` +
		`<UserData><VmlEventLog xmlns:auto-ns2="http://schemas.microsoft.com/win/2004/08/events" xmlns="http://www.microsoft.com/Windows/Virtualization/Events">` +
		`<Parameter0>web &gt; 1</Parameter0><Parameter1></Parameter1></VmlEventLog></UserData>` +
		`<RenderingInfo Culture="en-US"><Message>Failed to revert.&#13;&#10;Again.</Message><Level>Error</Level><Provider>x</Provider></RenderingInfo></Event>`
)

func vssWant(offset int64, line int) event.Event {
	return event.Event{
		Ref: event.Ref{Source: 7, Offset: offset}, Line: line, Record: 4711, Time: time.Date(2009, 11, 2, 21, 0, 7, 0, time.UTC),
		Computer: "node-a.example.com", Channel: "Application", Provider: "VSS", ID: 8229, Level: event.LevelWarning, Keywords: 0x80000000000000,
		Payload: "EventData",
		Fields: []event.Field{
			{Value: "0x800423f4, a <writer> failed & more"}, {}, {Value: "\n   Operation:\n      PrepareForSnapshot\n"}, {Name: "Binary", Value: "2D20436F64653A"},
		},
	}
}

func vmmsWant(offset int64, line int) event.Event {
	return event.Event{
		Ref: event.Ref{Source: 7, Offset: offset}, Line: line, Record: 12, Time: time.Date(2009, 11, 2, 20, 0, 9, 123456700, time.UTC),
		Computer: "node-a.example.com", Channel: "Microsoft-Windows-Hyper-V-VMMS-Admin",
		Provider: "Microsoft-Windows-Hyper-V-VMMS", ProviderGUID: "{6066f867-7ca1-4418-85fd-36e3f9c0600c}",
		ID: 10103, Level: event.LevelError, Keywords: 0x8000000000000000,
		ActivityID: "{00000000-0000-0000-0000-000000000001}", ProcessID: 2100, ThreadID: 3320, UserID: "S-1-5-18",
		Payload: "VmlEventLog",
		Fields:  []event.Field{{Name: "Parameter0", Value: "web > 1"}, {Name: "Parameter1"}},
		Message: "Failed to revert.\r\nAgain.",
	}
}

// read collects all events; the batches' bounds are checked on the way.
func read(t testing.TB, r io.Reader, opt Options) ([]event.Event, *event.Source) {
	t.Helper()
	src := &event.Source{ID: 7}
	var events []event.Event
	for batch := range Read(context.Background(), r, src, opt) {
		if len(batch) == 0 || len(batch) > maxBatch {
			t.Errorf("a batch of %d events", len(batch))
		}
		events = append(events, batch...)
	}
	return events, src
}

func toUTF16(s string, order binary.AppendByteOrder) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

func TestReadForms(t *testing.T) {
	both := header + "<Events>" + vssEvent + vmmsEvent + "</Events>"
	second := int64(len(header) + len("<Events>"))
	tests := []struct {
		name  string
		input string
		at    [2]int64
		line  [2]int
	}{
		{"Event Viewer", both, [2]int64{second, second + int64(len(vssEvent))}, [2]int{2, 5}},
		{"byte order mark", "\ufeff" + both, [2]int64{second + 3, second + 3 + int64(len(vssEvent))}, [2]int{2, 5}},
		{"no root", vssEvent + "\r\n" + vmmsEvent + "\r\n", [2]int64{0, int64(len(vssEvent)) + 2}, [2]int{1, 5}},
		{"several roots", "<Events>" + vssEvent + "</Events>\ufeff\n<Result>" + vmmsEvent + "</Result>",
			[2]int64{8, int64(len(vssEvent)) + 8 + 9 + 3 + 1 + 8}, [2]int{1, 5}},
		{"UTF-16LE", string(toUTF16("\ufeff"+both, binary.LittleEndian)), [2]int64{2 + 2*second, 2 + 2*second + 2*int64(len(vssEvent))}, [2]int{2, 5}},
		{"UTF-16LE, no mark", string(toUTF16(both, binary.LittleEndian)), [2]int64{2 * second, 2*second + 2*int64(len(vssEvent))}, [2]int{2, 5}},
		{"UTF-16BE", string(toUTF16("\ufeff"+both, binary.BigEndian)), [2]int64{2 + 2*second, 2 + 2*second + 2*int64(len(vssEvent))}, [2]int{2, 5}},
		{"UTF-16BE, no mark", string(toUTF16(both, binary.BigEndian)), [2]int64{2 * second, 2*second + 2*int64(len(vssEvent))}, [2]int{2, 5}},
		{"UTF-16 before it was converted", strings.Replace(both, "utf-8", "utf-16", 1), [2]int64{second + 1, second + 1 + int64(len(vssEvent))}, [2]int{2, 5}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !Sniff([]byte(tt.input)) {
				t.Error("not recognised")
			}
			want := []event.Event{vssWant(tt.at[0], tt.line[0]), vmmsWant(tt.at[1], tt.line[1])}
			for _, r := range []io.Reader{strings.NewReader(tt.input), iotest.OneByteReader(strings.NewReader(tt.input)), iotest.DataErrReader(strings.NewReader(tt.input))} {
				got, src := read(t, r, Options{})
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
				wantSrc := &event.Source{ID: 7, Records: 2, Relevant: 2, Streams: []event.Stream{
					{Computer: "node-a.example.com", Channel: "Application", Records: 1, First: want[0].Time, Last: want[0].Time, FirstID: 4711, LastID: 4711, Providers: []string{"VSS"}},
					{Computer: "node-a.example.com", Channel: "Microsoft-Windows-Hyper-V-VMMS-Admin", Records: 1, First: want[1].Time, Last: want[1].Time, FirstID: 12, LastID: 12, Providers: []string{"Microsoft-Windows-Hyper-V-VMMS"}},
				}}
				if diff := cmp.Diff(wantSrc, src); diff != "" {
					t.Errorf("source (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestReadInterest(t *testing.T) {
	in := &event.Interest{}
	in.Want("microsoft-windows-hyper-v-vmms", 10103)
	got, src := read(t, strings.NewReader(vssEvent+vmmsEvent), Options{Interest: in})
	if diff := cmp.Diff([]event.Event{vmmsWant(int64(len(vssEvent)), 4)}, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if src.Records != 2 || src.Relevant != 1 || len(src.Streams) != 2 || src.Streams[0].Records != 1 {
		t.Errorf("a skipped record must count: %+v", src)
	}
	classic := strings.Replace(vssEvent, "Name='VSS'", "Name='Microsoft-Windows-X' EventSourceName='hyper'", 1)
	in.Want("Hyper")
	if got, _ := read(t, strings.NewReader(classic), Options{Interest: in}); len(got) != 1 {
		t.Errorf("wanted by its classic source name: %d events, want 1", len(got))
	}
}

// small builds an event with this payload.
func small(payload string) string {
	return "<Event><System><Provider Name='P'/><EventID>1</EventID><Computer>C</Computer></System>" + payload + "</Event>"
}

func TestReadPayload(t *testing.T) {
	type F = []event.Field
	tests := []struct {
		name, input, payload string
		fields               F
	}{
		{"none", small(""), "", nil},
		{"empty EventData", small("<EventData/>"), "EventData", nil},
		{"named and unnamed", small("<EventData><Data Name='a'>1</Data><Data>2</Data><Data/></EventData>"), "EventData",
			F{{Name: "a", Value: "1"}, {Value: "2"}, {}}},
		{"an array", small("<EventData><Data Name='a'>1</Data><Data Name='a'>2</Data></EventData>"), "EventData",
			F{{Name: "a", Value: "1"}, {Name: "a", Value: "2"}}},
		{"white space is kept", small("<EventData>\n  <Data> x\t</Data>\n  <Data> </Data></EventData>"), "EventData", F{{Value: " x\t"}, {Value: " "}}},
		{"line ends", small("<EventData><Data>a\r\nb\rc&#13;&#10;d</Data></EventData>"), "EventData", F{{Value: "a\nb\nc\r\nd"}}},
		{"'>' and the other quote in an attribute", small(`<EventData><Data Name="a>'b">1</Data><Data Name='/>"'>2</Data></EventData>`), "EventData",
			F{{Name: "a>'b", Value: "1"}, {Name: `/>"`, Value: "2"}}},
		{"references", small("<EventData><Data Name='&lt;'>&amp;lt; &#65;&#x42; &apos;&quot; &unknown; &#xD800; &#1; & &;</Data></EventData>"), "EventData",
			F{{Name: "<", Value: "&lt; AB '\" &unknown; \ufffd \x01 & &;"}}},
		{"CDATA with an event", small("<EventData><Data>a<![CDATA[<Event>&amp;</Event>]]>b</Data></EventData>"), "EventData", F{{Value: "a<Event>&amp;</Event>b"}}},
		{"comments and instructions", small("<EventData><!-- </Event> --><Data>a<!-- > -->b<?pi </Event>?>c</Data></EventData>"), "EventData", F{{Value: "abc"}}},
		{"namespace prefixes", "<e:Event xmlns:e='x'><e:System><e:EventID>1</e:EventID></e:System><e:EventData><e:Data e:Name='n'>v</e:Data></e:EventData></e:Event>", "EventData",
			F{{Name: "n", Value: "v"}}},
		{"UserData with nesting and attributes", small("<UserData><Chain xmlns='ns' flags='7'>\n<Cert name='c'><Id>1</Id><Id>2</Id></Cert><Empty a='b' c=''/><Text a='b'>t</Text></Chain></UserData>"), "Chain",
			F{{Name: "@flags", Value: "7"}, {Name: "Cert@name", Value: "c"}, {Name: "Cert/Id", Value: "1"}, {Name: "Cert/Id", Value: "2"},
				{Name: "Empty@a", Value: "b"}, {Name: "Empty"}, {Name: "Text@a", Value: "b"}, {Name: "Text", Value: "t"}}},
		{"an element Event in UserData", small("<UserData><X xmlns='y'><Event>1</Event></X></UserData>"), "X", F{{Name: "Event", Value: "1"}}},
		{"ProcessingErrorData", small("<ProcessingErrorData><ErrorCode>15003</ErrorCode><DataItemName>x</DataItemName></ProcessingErrorData>"), "ProcessingErrorData",
			F{{Name: "ErrorCode", Value: "15003"}, {Name: "DataItemName", Value: "x"}}},
		{"BinaryEventData", small("<BinaryEventData>0AFF</BinaryEventData>"), "BinaryEventData", F{{Value: "0AFF"}}},
		{"elements in Data", small("<EventData><Data Name='a'><b>1</b></Data></EventData>"), "EventData", F{{Name: "a/b", Value: "1"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, src := read(t, strings.NewReader(tt.input), Options{})
			if len(got) != 1 || len(src.Damage) > 0 {
				t.Fatalf("%d events, damage %v", len(got), src.Damage)
			}
			if got[0].Payload != tt.payload {
				t.Errorf("payload %q, want %q", got[0].Payload, tt.payload)
			}
			if diff := cmp.Diff(tt.fields, got[0].Fields); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadDamage(t *testing.T) {
	ok := small("<EventData/>")
	n := int64(len(ok))
	lost := func(kind event.DamageKind, offset int64, detail string) []event.Damage {
		return []event.Damage{{Kind: kind, Offset: offset, Detail: detail, Lost: true}}
	}
	harmless := func(kind event.DamageKind, offset int64, detail string) []event.Damage {
		return []event.Damage{{Kind: kind, Offset: offset, Detail: detail}}
	}
	tests := []struct {
		name                 string
		input                string
		events               int
		records, undecodable uint64
		damage               []event.Damage
	}{
		{"nothing", "", 0, 0, 0, nil},
		{"an empty export", "<Events></Events>", 0, 0, 0, nil},
		{"cut within an event", ok + "\n" + ok[:40], 1, 1, 0, lost(event.DamageTruncated, n+1, "line 2: the source ends within an event")},
		{"cut within a tag's name", ok + ok[:3], 1, 1, 0, harmless(event.DamageSyntax, n, "line 1: text outside of any event")},
		{"cut between events", "<Events>" + ok, 1, 1, 0, lost(event.DamageTruncated, n+8, "line 1: the source ends before its root element does")},
		{"garbage between events", ok + "\x00\x01 > garbage & <more" + ok, 2, 2, 0, harmless(event.DamageSyntax, n, "line 1: text outside of any event")},
		{"an event without beginning", "or</Data></EventData></Event>" + ok, 1, 1, 0, []event.Damage{
			{Kind: event.DamageSyntax, Detail: "line 1: text outside of any event"},
			{Kind: event.DamageSyntax, Offset: 2, Detail: "line 1: a part of an event whose beginning is missing", Lost: true}}},
		{"an event without end", ok[:len(ok)-8] + ok, 1, 2, 1, lost(event.DamageSyntax, 0, "line 1: event not readable: another event begins before this one ends")},
		{"a cut file, and another one after it", "<Events>" + vssEvent[:500] + header + "<Events>" + vssEvent + "</Events>", 1, 2, 1,
			lost(event.DamageSyntax, 8, "line 1: event not readable: another event begins before this one ends")},
		{"a quote too few", strings.Replace(ok, "'P'", "'P", 1) + ok, 1, 2, 1, lost(event.DamageSyntax, 0, "line 1: event not readable: '<' in an attribute's value")},
		{"an end tag of another name", small("<EventData></Eventdata>") + ok, 1, 2, 1, lost(event.DamageSyntax, 0, "line 1: event not readable: an end tag without its start tag")},
		{"'<' in text", small("<EventData><Data>a < b</Data></EventData>") + ok, 1, 2, 1, lost(event.DamageSyntax, 0, "line 1: event not readable: no name where one is due")},
		{"no System", "<Event><EventData/></Event>" + ok, 1, 2, 1, lost(event.DamageRecord, 0, "line 1: event not readable: it has no System, or no number as EventID")},
		{"no EventID", "<Event><System/></Event>" + ok, 1, 2, 1, lost(event.DamageRecord, 0, "line 1: event not readable: it has no System, or no number as EventID")},
		{"EventID is no number", strings.Replace(ok, ">1<", ">x<", 1), 0, 1, 1, lost(event.DamageRecord, 0, "line 1: event not readable: it has no System, or no number as EventID")},
		{"Level is no number", strings.Replace(ok, "<Computer>", "<Level>256</Level><Computer>", 1), 1, 1, 0, harmless(event.DamageRecord, 0, "line 1: a value of another type in System, left out: Level")},
		{"a time that is none", strings.Replace(ok, "<Computer>", "<TimeCreated SystemTime='2009-02-30T00:00:00Z'/><Computer>", 1), 1, 1, 0,
			harmless(event.DamageRecord, 0, "line 1: a value of another type in System, left out: TimeCreated")},
		{"entities", "<!DOCTYPE Events [<!ENTITY a \"b>\">\n]>\n<Events>" + small("<EventData><Data>&a;</Data></EventData>") + "</Events>", 1, 1, 0,
			harmless(event.DamageUnsupported, 0, "line 1: document type declaration not used: entities stay as they are written")},
		{"unknown encoding", "<?xml version='1.0' encoding='klingon'?>" + ok, 1, 1, 0, harmless(event.DamageEncoding, 0, `line 1: declared encoding "klingon" is not known: read as UTF-8`)},
		{"too deep", small("<UserData>"+strings.Repeat("<a>", maxDepth)+strings.Repeat("</a>", maxDepth)+"</UserData>") + ok, 1, 2, 1,
			lost(event.DamageLimit, 0, "line 1: event not readable: elements are nested too deeply")},
		{"too many attributes", small("<UserData><a "+strings.Repeat("b='' ", maxAttrs+1)+"/></UserData>") + ok, 1, 2, 1,
			lost(event.DamageLimit, 0, "line 1: event not readable: an element has too many attributes")},
		{"too many fields", small("<EventData>"+strings.Repeat("<Data/>", maxFields+1)+"</EventData>") + ok, 1, 2, 1,
			lost(event.DamageLimit, 0, "line 1: event not readable: an event has too many fields")},
		{"too long a name", small("<UserData><a><"+strings.Repeat("n", maxPath+1)+"/></a></UserData>") + ok, 1, 2, 1,
			lost(event.DamageLimit, 0, "line 1: event not readable: a field has too long a name")},
		{"too long", small("<EventData><Data>"+strings.Repeat("x", 2*maxEvent)+"</Data></EventData>") + ok, 1, 2, 1,
			lost(event.DamageLimit, 0, "line 1: event not readable: more than 16 MiB; reading goes on after these")},
		{"half a character", string(toUTF16(ok, binary.LittleEndian)) + "x", 1, 1, 0, harmless(event.DamageTruncated, 2*n, "line 1: the source ends in half a character")},
		{"lone surrogates", string(toUTF16(small("<EventData><Data>"), binary.LittleEndian)[:2*(len(small("<EventData><Data>"))-8)]) + "\x00\xd8a\x00\x00\xdc" +
			string(toUTF16("</Data></EventData></Event>", binary.LittleEndian)), 1, 1, 0,
			harmless(event.DamageEncoding, int64(2*len(small("<EventData><Data></Data></EventData>"))+6), "line 1: text that is not in the source's encoding")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, src := read(t, strings.NewReader(tt.input), Options{})
			want := &event.Source{ID: 7, Records: tt.records, Undecodable: tt.undecodable, Relevant: uint64(tt.events), Damage: tt.damage}
			src.Streams = nil
			if diff := cmp.Diff(want, src); diff != "" {
				t.Errorf("source (-want +got):\n%s", diff)
			}
			if len(got) != tt.events {
				t.Errorf("%d events, want %d", len(got), tt.events)
			}
		})
	}
}

func TestReadManyDefects(t *testing.T) {
	_, src := read(t, strings.NewReader(strings.Repeat("<Event></Event>", 1000)), Options{})
	if n := len(src.Damage); n != maxDamage+1 || src.Undecodable != 1000 {
		t.Fatalf("%d entries of damage, %d undecodable", n, src.Undecodable)
	}
	want := event.Damage{Kind: event.DamageLimit, Offset: -1, Detail: fmt.Sprint(1000-maxDamage, " more defects are not listed"), Lost: true}
	if diff := cmp.Diff(want, src.Damage[maxDamage]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Unclosed markup must not make each of many events scan all that follows.
func TestReadHostileIsLinear(t *testing.T) {
	for _, piece := range []string{"<Event><![CDATA[", "<Event><!--", "<Event><?", "<Event a='", "<Event>", "<Event a", "<", "<!--", "<![CDATA[", "<!D[", "</", "<Event><System><a>", "<Event><System><EventID>1</EventID></System>"} {
		start := time.Now()
		src := &event.Source{}
		for range Read(context.Background(), strings.NewReader(strings.Repeat(piece, 8<<20/len(piece))), src, Options{Interest: &event.Interest{}}) {
		}
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("8 MiB of %q took %v", piece, d)
		}
		if len(src.Damage) == 0 {
			t.Errorf("%q: no damage reported", piece)
		}
	}
}

func TestReadEncodings(t *testing.T) {
	german := small("<EventData><Data Name='größe'>Vorgang für Bänder</Data></EventData>")
	japaneseText := "<?xml version='1.0' encoding='shift_jis'?>" + small("<EventData><Data>ボリューム表</Data></EventData>")
	encode := func(enc interface{ String(string) (string, error) }, s string) string {
		out, err := enc.String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	tests := []struct {
		name, input string
		want        event.Field
		damaged     bool
	}{
		{"UTF-8", german, event.Field{Name: "größe", Value: "Vorgang für Bänder"}, false},
		{"UTF-16", string(toUTF16("\ufeff"+strings.ReplaceAll(german, "für", "\U0001f512"), binary.LittleEndian)), event.Field{Name: "größe", Value: "Vorgang \U0001f512 Bänder"}, false},
		{"console", encode(charmap.CodePage850.NewEncoder(), german), event.Field{Name: "größe", Value: "Vorgang für Bänder"}, true},
		{"desktop", encode(charmap.Windows1252.NewEncoder(), german), event.Field{Name: "größe", Value: "Vorgang für Bänder"}, true},
		{"declared code page", encode(charmap.CodePage852.NewEncoder(), "<?xml version='1.0' encoding='IBM852'?>"+small("<EventData><Data>záloha řídí</Data></EventData>")),
			event.Field{Value: "záloha řídí"}, false},
		{"declared, of several bytes", encode(japanese.ShiftJIS.NewEncoder(), japaneseText), event.Field{Value: "ボリューム表"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, src := read(t, strings.NewReader(tt.input), Options{})
			if len(got) != 1 {
				t.Fatalf("%d events, damage %v", len(got), src.Damage)
			}
			if diff := cmp.Diff([]event.Field{tt.want}, got[0].Fields); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
			if damaged := len(src.Damage) == 1 && src.Damage[0].Kind == event.DamageEncoding && !src.Lost(); damaged != tt.damaged {
				t.Errorf("damage: %v", src.Damage)
			}
		})
	}
}

func TestReadFailingReader(t *testing.T) {
	for _, prefix := range []string{"", "\ufeff"} {
		input := []byte(prefix + vssEvent + vmmsEvent[:100])
		if prefix != "" {
			input = toUTF16(string(input), binary.LittleEndian)
		}
		r := io.MultiReader(bytes.NewReader(input), iotest.ErrReader(io.ErrUnexpectedEOF))
		got, src := read(t, r, Options{})
		if len(got) != 1 || src.Err != io.ErrUnexpectedEOF.Error() {
			t.Errorf("%d events, error %q", len(got), src.Err)
		}
	}
}

func TestReadStops(t *testing.T) {
	input := strings.Repeat(small(""), 3*maxBatch)
	batches := 0
	for range Read(context.Background(), strings.NewReader(input), &event.Source{}, Options{}) {
		batches++
		break
	}
	if batches != 1 {
		t.Errorf("%d batches after break", batches)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("enough"))
	src := &event.Source{}
	for range Read(ctx, strings.NewReader(input), src, Options{}) {
		t.Error("events after the context ended")
	}
	if src.Err == "" {
		t.Error("no error after the context ended")
	}
}

func TestParseTime(t *testing.T) {
	at := func(ns int) time.Time { return time.Date(2009, 11, 2, 21, 0, 7, ns, time.UTC) }
	tests := []struct {
		in   string
		want time.Time
		ok   bool
	}{
		{"2009-11-02T21:00:07Z", at(0), true},
		{"2009-11-02T21:00:07", at(0), true},
		{"2009-11-02 21:00:07.5Z", at(500_000_000), true},
		{"2009-11-02T21:00:07.1234567Z", at(123456700), true},
		{"2009-11-02T21:00:07.123456789Z", at(123456700), true},
		{"2009-11-02T21:00:07.12345678999999Z", at(123456700), true},
		{"2009-11-02T23:00:07+02:00", at(0), true},
		{"2009-11-02T16:30:07-04:30", at(0), true},
		{"1601-01-01T00:00:00.0000000Z", time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC), true},
		{"", time.Time{}, false},
		{"2009-11-02", time.Time{}, false},
		{"2009-02-29T00:00:00Z", time.Time{}, false},
		{"2009-13-01T00:00:00Z", time.Time{}, false},
		{"2009-11-02T24:00:00Z", time.Time{}, false},
		{"2009-11-02T21:00:07X", time.Time{}, false},
		{"2009-11-02T21:00:07+2:00", time.Time{}, false},
		{"2009/11/02T21:00:07Z", time.Time{}, false},
	}
	for _, tt := range tests {
		got, ok := parseTime([]byte(tt.in))
		if !got.Equal(tt.want) || ok != tt.ok {
			t.Errorf("parseTime(%q) = %v, %v; want %v, %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}

func TestNumber(t *testing.T) {
	tests := []struct {
		in   string
		bits int
		want uint64
		ok   bool
	}{
		{"0", 8, 0, true}, {"255", 8, 255, true}, {"256", 8, 0, false},
		{"0xFF", 8, 255, true}, {"0x100", 8, 0, false},
		{"18446744073709551615", 64, 1<<64 - 1, true}, {"18446744073709551616", 64, 0, false},
		{"0x8000000000000000", 64, 1 << 63, true}, {"0x10000000000000000", 64, 0, false},
		{"", 8, 0, false}, {"0x", 8, 0, false}, {"-1", 8, 0, false}, {"1a", 8, 0, false}, {"0xg", 8, 0, false}, {" 1", 8, 0, false},
	}
	for _, tt := range tests {
		if got, ok := number([]byte(tt.in), tt.bits); got != tt.want || ok != tt.ok {
			t.Errorf("number(%q, %d) = %d, %v; want %d, %v", tt.in, tt.bits, got, ok, tt.want, tt.ok)
		}
	}
}

func TestSniff(t *testing.T) {
	tests := []struct {
		in   string
		want bool
	}{
		{vssEvent, true},
		{header + "<!-- x -->\n<Events>" + vssEvent, true},
		{"<!DOCTYPE Events []><Events><Event><System>", true},
		{"<e:Events xmlns:e='x'><e:Event><e:System/>", true},
		{"<Events/>", true},
		{"<Events></Events>", true},
		{"<Event xmlns='http://schemas.micro", true},
		{"<Events><Event ", true},
		{"", false},
		{"<", false},
		{"<Even", false},
		{"<html><Event>", false},
		{"<Events><Meeting>", false},
		{"<Event><Title>", false},
		{"<EventData>", false},
		{"<Objs Version='1.1.0.1'><Obj><Event>", false},
		{"text <Event>", false},
		{"ElfFile\x00", false},
		{"PK\x03\x04", false},
		{"\x00\x00\x00\x00", false},
	}
	for _, tt := range tests {
		for _, in := range []string{tt.in, "\ufeff" + tt.in, string(toUTF16(tt.in, binary.LittleEndian)), string(toUTF16("\ufeff"+tt.in, binary.BigEndian))} {
			if got := Sniff([]byte(in)); got != tt.want {
				t.Errorf("Sniff(%.40q) = %v, want %v", in, got, tt.want)
			}
		}
	}
}

// exports returns the logs that Event Viewer exported.
func exports(t testing.TB) []string {
	names, _ := filepath.Glob(filepath.Join("..", "..", "..", "shared", "data", "ts-evtx", "*.xml"))
	if len(names) == 0 {
		t.Skip("no sample logs in ../shared/data")
	}
	return names
}

func TestReadLikeEncodingXML(t *testing.T) {
	for _, name := range exports(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, bytes.TrimPrefix(text, []byte("\ufeff")))
		})
	}
}

// compare holds the reader against encoding/xml, if that can read the text.
func compare(t *testing.T, text []byte) {
	want, err := oracle(text)
	if err != nil {
		return
	}
	src := &event.Source{}
	var got []event.Event
	for batch := range Read(context.Background(), bytes.NewReader(text), src, Options{}) {
		got = append(got, batch...)
	}
	for _, d := range src.Damage {
		if d.Kind == event.DamageLimit {
			return
		}
	}
	if len(want) != len(got) {
		t.Fatalf("%d events, want %d; %+v", len(got), len(want), src)
	}
	skipped := &event.Source{}
	for range Read(context.Background(), bytes.NewReader(text), skipped, Options{Interest: &event.Interest{}}) {
		t.Fatal("an event that nobody wants")
	}
	if diff := cmp.Diff(src.Streams, skipped.Streams); diff != "" || skipped.Records != src.Records {
		t.Fatalf("%d records skipped of %d; streams (-read +skipped):\n%s", skipped.Records, src.Records, diff)
	}
	for i := range want {
		if diff := cmp.Diff(want[i], got[i]); diff != "" {
			t.Fatalf("event at %d (-encoding/xml +got):\n%s", want[i].Offset, diff)
		}
	}
}

func FuzzReadLikeEncodingXML(f *testing.F) {
	for _, s := range []string{
		header + "<Events>" + vssEvent + vmmsEvent + "</Events>",
		small("<EventData><Data Name='a>b'>1<![CDATA[<Event>]]>\r\n</Data><Binary>0a</Binary></EventData>"),
		small("<UserData><a:X xmlns:a='y' b='c'>t<Y z='1'/><Y>&#13;&lt;</Y></a:X></UserData>") + "<!-- x -->\n<R>" + small("<DebugData><A/></DebugData>") + "</R>",
		"<e:Event><e:System><e:EventID>1</e:EventID><e:TimeCreated e:SystemTime='2009-11-02T21:00:07Z'/></e:System></e:Event>",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) { compare(t, text) })
}

// What the reader promises of any input: it ends, counts add up, offsets point
// to events, and a UTF-16 copy of valid text gives the same events.
func FuzzRead(f *testing.F) {
	for _, s := range []string{vssEvent + "garbage" + vmmsEvent, vssEvent[:500] + vmmsEvent + "</Events>", header + "<Events><Event><System>", "\xff\xfe<\x00E\x00v\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		Sniff(text)
		got, src := read(t, bytes.NewReader(text), Options{})
		if src.Relevant != uint64(len(got)) || src.Records != src.Relevant+src.Undecodable {
			t.Fatalf("%d events of %+v", len(got), src)
		}
		isUTF16 := utf16Order(text) != nil
		for _, ev := range got {
			if !isUTF16 && text[ev.Offset] != '<' {
				t.Fatalf("no event at offset %d", ev.Offset)
			}
		}
		if src.Undecodable > 0 && !src.Lost() {
			t.Fatalf("a loss that is not reported: %+v", src)
		}
		if isUTF16 || !isASCII(text) || len(text) < 2 || bytes.Contains(text, []byte("encoding")) {
			return
		}
		again, _ := read(t, bytes.NewReader(toUTF16("\ufeff"+string(text), binary.BigEndian)), Options{})
		for i := range again {
			again[i].Offset = again[i].Offset/2 - 1
		}
		if diff := cmp.Diff(got, again); diff != "" {
			t.Fatalf("as UTF-16 (-want +got):\n%s", diff)
		}
	})
}
