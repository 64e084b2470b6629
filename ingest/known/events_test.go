package known

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// An event is what Summary goes by.
type event struct {
	provider string
	id       uint32
}

func TestSummaryTable(t *testing.T) {
	seen := map[event]string{}
	for line := range strings.Lines(eventsTSV) {
		line = strings.TrimSuffix(line, "\n")
		provider, first, last, text, err := parseSummary(line)
		if err != nil {
			t.Error(err)
			continue
		}
		if n := len([]rune(text)); n == 0 || n > 90 || text != strings.TrimSpace(text) || strings.HasSuffix(text, ".") {
			t.Errorf("text of %d characters, want a line of up to 90 without a full stop: %q", n, line)
		}
		for id := first; id <= last; id++ {
			key := event{strings.ToLower(provider), id}
			if other, twice := seen[key]; twice {
				t.Errorf("%v is there twice: %q and %q", key, other, text)
			}
			seen[key] = text
		}
	}
}

func TestSummary(t *testing.T) {
	tests := []struct {
		provider string
		id       uint32
		want     string // a part of the text
	}{
		{"Microsoft-Windows-Hyper-V-VMMS", 10103, "2012 R2"},
		{"MICROSOFT-WINDOWS-HYPER-V-VMMS", 10102, "backup of the virtual machine"},
		{"Microsoft-Windows-Hyper-V-Config", 4096, "configuration"},
		{"Microsoft-Windows-Hyper-V-Integration-KvpExchange", 4096, "harmless"},
		{"VolSnap", 25, "did not grow in time"},
		{"MSSQLSERVER", 3197, "frozen"},
		{"MSSQL$PROD", 3197, "frozen"},
		{"VSS", 8224, "normal"},
		{"VSS", 4105, "COM+"},
	}
	for _, tt := range tests {
		if got := Summary(tt.provider, tt.id); !strings.Contains(got, tt.want) {
			t.Errorf("Summary(%q, %d) = %q, want something with %q", tt.provider, tt.id, got, tt.want)
		}
	}
	for _, e := range []event{{"VSS", 99999}, {"", 0}, {"Microsoft-Windows-Hyper-V-VMMS", 4096}, {"System Restore", 8194}} {
		if got := Summary(e.provider, e.id); got != "" {
			t.Errorf("Summary(%q, %d) = %q, want none", e.provider, e.id, got)
		}
	}
}

// Every event that a diagnosis of these products needs has a line.
func TestSummaryIsComplete(t *testing.T) {
	for provider, ranges := range map[string][][2]uint32{
		"Microsoft-Windows-Hyper-V-VMMS":       {{10102, 10105}, {10107, 10111}, {16300, 16300}, {16310, 16310}, {16330, 16330}, {12240, 12240}, {15268, 15268}, {20100, 20100}},
		"Microsoft-Windows-Backup":             {{1, 23}, {49, 50}, {52, 52}, {224, 228}, {517, 519}, {521, 528}, {544, 547}, {561, 561}, {564, 564}, {737, 740}, {1025, 1029}, {1040, 1043}},
		"Microsoft-Windows-FailoverClustering": {{1069, 1069}, {1135, 1135}, {1146, 1146}, {1230, 1230}, {1584, 1584}, {5120, 5126}, {5128, 5157}},
		"VSS":                                  {{8193, 8230}, {12289, 12333}},
		"iScsiPrt":                             {{1, 72}},
		"ESENT":                                {{210, 213}, {224, 225}, {2001, 2006}},
		"EventLog":                             {{6005, 6006}, {6008, 6009}, {6011, 6011}, {6013, 6013}},
		"Microsoft-Windows-Eventlog":           {{104, 104}, {1102, 1102}},
	} {
		for _, r := range ranges {
			for id := r[0]; id <= r[1]; id++ {
				if Summary(provider, id) == "" {
					t.Errorf("no line for %s %d", provider, id)
				}
			}
		}
	}
}

// The reference tables list more providers than matter; of those that do, no
// event may be without a line.
func TestSummaryCoversReference(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "domain", "events.tsv"))
	if err != nil {
		t.Skipf("reference table missing: %v", err)
	}
	all := map[string]bool{
		"Microsoft-Windows-Hyper-V-VMMS": true, "Microsoft-Windows-Hyper-V-Worker": true, "Microsoft-Windows-Hyper-V-Config": true,
		"Microsoft-Windows-Hyper-V-Integration-KvpExchange": true, "VSS": true, "iScsiPrt": true, "ESE": true, "SQLWRITER": true, "SQLVDI": true,
	}
	for line := range strings.Lines(string(b)) {
		cols := strings.Split(line, "\t")
		id, err := strconv.ParseUint(cols[3], 10, 32)
		if err == nil && all[cols[0]] && Summary(cols[0], uint32(id)) == "" {
			t.Errorf("no line for %s %d", cols[0], id)
		}
	}
}

func TestWriters(t *testing.T) {
	for guid, want := range map[string]string{
		"{66841cd4-6ded-4f4b-8f17-fd23f8ddc3de}": "Hyper-V",
		"66841CD4-6DED-4F4B-8F17-FD23F8DDC3DE":   "Hyper-V",
		"{00000000-0000-0000-0000-000000000000}": "",
		"":                                       "",
	} {
		if got := WriterName(guid); got != want {
			t.Errorf("WriterName(%q) = %q, want %q", guid, got, want)
		}
	}
	for n, want := range map[int]string{-1: "", 0: "unknown", 1: "stable", 5: "waiting for backup complete", 8: "failed at prepare snapshot", 15: "failed at backup shutdown", 16: ""} {
		if got := WriterState(n); got != want {
			t.Errorf("WriterState(%d) = %q, want %q", n, got, want)
		}
	}
}
