package ingest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/evtx/evtxtest"
)

// TestCalledALog reads files that only their name says to be logs: what they have
// is read, and that they have nothing is a loss.
func TestCalledALog(t *testing.T) {
	one := "<Event><System><Provider Name='P'/><EventID>7</EventID><TimeCreated SystemTime='2010-03-01T00:00:00Z'/><EventRecordID>1</EventRecordID>" +
		"<Channel>System</Channel><Computer>A</Computer></System></Event>"
	raw := evtxtest.Write([]byte(strings.Repeat(one, 3)), evtxtest.NoFileHeader())
	dir := tree{
		{"._System.evtx", "\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        "},
		{"SysEvent.Evt", strings.Repeat("\x00", 1<<17)},
		{"System.evtx", string(raw)},
		{"Zeros.EVTX", strings.Repeat("\x00", 1<<17)},
		{"zeros.log", strings.Repeat("\x00", 1<<17)},
	}.folder(t)
	var got []string
	var records uint64
	for b := range Scan(t.Context(), []string{dir}, Options{}) {
		if b.Last {
			got = append(got, brief(*b.Source, dir))
			records += b.Source.Records
		}
	}
	want := []string{
		"._System.evtx | " + notALog,
		"SysEvent.Evt | evt | not a classic event log",
		"System.evtx | evtx | file-header false: there is no file header: the chunks are read without it",
		"Zeros.EVTX | evtx | not an EVTX log",
		"zeros.log | " + notALog,
	}
	if diff := cmp.Diff(want, got); diff != "" || records != 3 {
		t.Errorf("%d records, -want +got:\n%s", records, diff)
	}
}
