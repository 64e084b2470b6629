package event

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                         "plain",
		"Volume für Jiří, ボリューム":        "Volume für Jiří, ボリューム",
		"a\tb":                          "a b",
		"a\r\nb\nc\rd":                  "a ⏎ b ⏎ c ⏎ d",
		"\x1b[2J\x1b]0;title\x07":       "·[2J·]0;title·",
		"\u009b31m":                     "·31m",
		"abc\u202ecba\u2066x":           "abc·cba·x",
		"zero\u200bwidth\ufeff":         "zero·width·",
		"bad\xff\xfeutf8":               "bad··utf8",
		"line\u2028sep":                 "line ⏎ sep",
		"nul\x00del\x7f":                "nul·del·",
		"tag\U000e0041":                 "tag·",
		"\x1b]8;;http://x\x1b\\l\x1b]8": "·]8;;http://x·\\l·]8",
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
	if got := CleanLines("a\x1b\nb\r\nc"); got != "a·\nb\nc" {
		t.Errorf("CleanLines: %q", got)
	}
}

// FuzzClean: nothing that a terminal acts on is left, and clean text stays as
// it is.
func FuzzClean(f *testing.F) {
	f.Add("\x1b[31mred\u202e\xff\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		c := Clean(s)
		if !utf8.ValidString(c) {
			t.Fatalf("Clean(%q) = %q is not UTF-8", s, c)
		}
		if i := strings.IndexFunc(c, func(r rune) bool { return unicode.IsControl(r) || unicode.In(r, unicode.Cf) }); i >= 0 {
			t.Fatalf("Clean(%q) = %q has a control character at %d", s, c, i)
		}
		if Clean(c) != c {
			t.Fatalf("Clean(%q) is not clean", c)
		}
	})
}

func TestInterest(t *testing.T) {
	in := new(Interest)
	in.Want("VSS", 8229, 12289)
	in.Want("Microsoft-Windows-Hyper-V-VMMS")
	in.Want("MSSQL$*", 3197)
	other := new(Interest)
	other.Want("vss", 8194)
	other.Want("iScsiPrt")
	in.Merge(other)
	for _, tc := range []struct {
		provider string
		id       uint32
		want     bool
	}{
		{"VSS", 8229, true}, {"vss", 8229, true}, {"VSS", 8224, false}, {"VSS", 8194, true},
		{"microsoft-windows-hyper-v-vmms", 1, true}, {"MSSQL$PROD", 3197, true}, {"MSSQL$PROD", 3198, false},
		{"MSSQLSERVER", 3197, false}, {"ISCSIPRT", 20, true}, {"", 0, false},
	} {
		if got := in.Wants(tc.provider, tc.id); got != tc.want {
			t.Errorf("Wants(%q, %d) = %v", tc.provider, tc.id, got)
		}
	}
	var everything *Interest
	if !everything.Wants("x", 1) || new(Interest).Wants("x", 1) {
		t.Error("a nil interest wants everything, an empty one nothing")
	}
	if !in.Provider("nobody").Nothing() || in.Provider("VSS").Nothing() {
		t.Error("Nothing")
	}
}

// TestHaving: an event is wanted for what it says, unless its id is wanted anyway.
func TestHaving(t *testing.T) {
	some, all := new(Interest), new(Interest)
	some.WantHaving([]string{"MSiSCSI", "vss"}, "SCM", 7036, 7040)
	all.Want("scm", 7040)
	both := new(Interest)
	both.Merge(some)
	both.Merge(all)
	for _, tc := range []struct {
		in    *Interest
		id    uint32
		value string
		want  bool
	}{
		{some, 7036, "the msiscsi service", true}, {some, 7036, "Volume Shadow Copy (VSS)", true}, {some, 7036, "Spooler", false}, {some, 7040, "Spooler", false},
		{some, 7035, "MSiSCSI", false}, {all, 7040, "Spooler", true}, {both, 7040, "Spooler", true}, {both, 7036, "Spooler", false}, {both, 7036, "VSS", true},
	} {
		e := &Event{Provider: "SCM", ID: tc.id, Fields: []Field{{"param1", "x"}, {"param2", tc.value}}}
		if got := tc.in.Filter().Wants(e); got != tc.want || got && !tc.in.Wants("scm", tc.id) {
			t.Errorf("%d %q: %v", tc.id, tc.value, got)
		}
	}
	again := new(Interest)
	again.Want("SCM", 7040)
	again.WantHaving([]string{"VSS", "msiscsi"}, "SCM", 7036)
	if both.Digest() != again.Digest() || both.Digest() == some.Digest() {
		t.Error("digests")
	}
}

// TestBounds: an interest within bounds, and what is wanted at any time.
func TestBounds(t *testing.T) {
	noon := time.Date(2010, 3, 14, 12, 0, 0, 0, time.UTC)
	in, always := new(Interest), new(Interest)
	in.Want("VSS")
	always.Want("EventLog", 6009)
	b := Bounds{From: noon, To: noon.Add(time.Hour), Computer: func(s string) bool { return s == "A" }, Always: always}
	for _, tc := range []struct {
		in       *Interest
		provider string
		id       uint32
		computer string
		at       time.Duration
		want     bool
	}{
		{in, "VSS", 1, "A", 0, true}, {in, "VSS", 1, "A", time.Hour - 1, true}, {in, "VSS", 1, "A", time.Hour, false},
		{in, "VSS", 1, "A", -1, false}, {in, "VSS", 1, "B", 0, false}, {in, "disk", 1, "A", 0, false},
		{in, "eventlog", 6009, "B", -1, true}, {in, "eventlog", 6010, "A", 0, false},
		{nil, "disk", 1, "A", 0, true}, {nil, "disk", 1, "A", -1, false}, {nil, "EventLog", 6009, "B", -1, true},
	} {
		e := &Event{Provider: tc.provider, ID: tc.id, Computer: tc.computer, Time: noon.Add(tc.at)}
		if got := tc.in.Within(b).Filter().Wants(e); got != tc.want {
			t.Errorf("%+v: %v", tc, got)
		}
	}
	if in.Within(b).Provider("EventLog").Nothing() || !in.Within(b).Provider("disk").Nothing() || in.Within(b).Wants("disk", 1) || !in.Within(b).Wants("eventlog", 6009) {
		t.Error("what may be wanted of a provider")
	}
	if e := (&Event{Provider: "VSS", Computer: "B"}); !in.Filter().Wants(e) || !in.Within(Bounds{}).Filter().Wants(e) {
		t.Error("without bounds, any time and computer is within")
	}
}

func TestFields(t *testing.T) {
	e := Event{Provider: "Service Control Manager", EventSource: "SCM", Fields: []Field{{"VmName", "a"}, {"vmname", "b"}}}
	if v, ok := e.Field("VMNAME"); !ok || v != "a" {
		t.Errorf("Field = %q, %v", v, ok)
	}
	if _, ok := e.Field("VmId"); ok {
		t.Error("a field that is not there")
	}
	if !e.From("scm") || !e.From("service control manager") || e.From("") {
		t.Error("From")
	}
}
