package ingest

import (
	"path/filepath"
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
	files := tree{
		{"._System.evtx", "\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        "},
		{"._a.zip", "\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        "},
		{"NODE-A.zip", ""},
		{"NODE-B.7z", strings.Repeat("\x00", 1<<17)},
		{"SysEvent.Evt", strings.Repeat("\x00", 1<<17)},
		{"Setup.evtx", ""},
		{"System.evtx", string(raw)},
		{"Zeros.EVTX", strings.Repeat("\x00", 1<<17)},
		{"zeros.log", strings.Repeat("\x00", 1<<17)},
	}
	want := []string{
		"._System.evtx | " + notALog,
		"._a.zip | " + notALog,
		"NODE-A.zip | " + emptyPromise,
		"NODE-B.7z | " + brokenPromise,
		"Setup.evtx | " + emptyPromise,
		"SysEvent.Evt | evt | not a classic event log",
		"System.evtx | evtx | file-header false: there is no file header: the chunks are read without it",
		"Zeros.EVTX | evtx | not an EVTX log",
		"zeros.log | " + notALog,
	}
	for name, path := range map[string]string{"folder": files.folder(t), "zip": write(t, "x.zip", files.zip(t)), "tgz": write(t, "x.tgz", gz(t, files.tar(t)))} {
		var got []string
		var records uint64
		for b := range Scan(t.Context(), []string{path}, Options{}) {
			if b.Last && b.Source.Path != filepath.ToSlash(path) {
				got = append(got, strings.TrimPrefix(strings.TrimPrefix(brief(*b.Source, path), filepath.ToSlash(path)), "!/"))
				records += b.Source.Records
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || records != 3 {
			t.Errorf("%s: %d records, -want +got:\n%s", name, records, diff)
		}
	}
}
