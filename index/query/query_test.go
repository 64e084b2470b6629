package query

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vsswhy/vsswhy/ingest/event"
)

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t
}

func fields(values ...string) []event.Field {
	var list []event.Field
	for i := 0; i < len(values); i += 2 {
		list = append(list, event.Field{Name: values[i], Value: values[i+1]})
	}
	return list
}

// samples are the events of the tests, by a letter each.
var samples = map[string]*event.Event{
	"v": {Computer: "HV01.contoso.com", Provider: "Microsoft-Windows-Hyper-V-VMMS", Channel: "Microsoft-Windows-Hyper-V-VMMS-Admin", ID: 10103, Level: 2,
		Time: at("2010-03-14T22:00:33.5Z"), Payload: "VmlEventLog",
		Fields: fields("Parameter0", "SQL 01", "Parameter1", "2B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E12", "Parameter2", `C:\ClusterStorage\Volume1\SQL 01\disk.vhd`)},
	"w": {Computer: "HV01", Provider: "VSS", Channel: "Application", ID: 8229, Level: 3, Time: at("2010-03-14T22:00:40Z"),
		Fields: fields("", "0x800423F4, The writer experienced a \"non-transient\" error.", "", "Straße/Größe", "Binary", "800423f5")},
	"c": {Computer: "hv02.contoso.com", Provider: "Microsoft-Windows-FailoverClustering", Channel: "Microsoft-Windows-FailoverClustering/Operational", ID: 5140, Level: 4,
		Time: at("2010-03-14T21:30:00Z"), Fields: fields("VolumeName", "Volume1", "ResourceName", "Cluster Disk 1")},
	"s": {Computer: "HV02.contoso.com", Provider: "Microsoft-Windows-Service Control Manager", EventSource: "Service Control Manager", Channel: "System", ID: 7036, Level: 0,
		Time: at("2010-03-13T23:00:00Z"), Fields: fields("param1", "Volume Shadow Copy", "param2", "running"), Message: "The service is running."},
	"l": {Computer: "HV01.contoso.com", Provider: "MSSQL$PROD", Channel: "Application", ID: 18210, Level: 1, Time: at("2010-03-15T01:00:00Z"),
		Fields: fields("", "-2147212300")},
}

// last is the time of the last of them.
var last = at("2010-03-15T01:00:00Z")

func hits(t *testing.T, text string) string {
	t.Helper()
	q, err := Parse(text)
	if err != nil {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	match, err := q.Compile(Env{Last: last})
	if err != nil {
		t.Fatalf("Compile(%q): %v", text, err)
	}
	var row EventRow
	found := ""
	for _, name := range strings.Split("vwcsl", "") {
		row.Reset(samples[name])
		if match(&row) {
			found += name
		}
	}
	return found
}

func TestMatch(t *testing.T) {
	for _, tt := range []struct{ query, want string }{
		{"", "vwcsl"},
		{"host:HV01", "vwl"}, {"host:hv01.contoso.COM", "vl"}, {"host:HV01,hv02", "vwcsl"}, {"host:hv0*", "vwcsl"}, {"host:HV", ""}, {"Host:contoso", ""},
		{"prov:vmms", "v"}, {"prov:Hyper-V-VMMS", "v"}, {"prov:microsoft-windows-hyper-v-vmms", "v"}, {"prov:VMM", ""}, {"prov:VM*", "v"},
		{"prov:mssql$*", "l"}, {"prov:failoverclustering,vss", "wc"}, {`prov:"service control manager"`, "s"}, {"prov:*", "vwcsl"}, {"prov:Microsoft-*", "vcs"},
		{"chan:vmms-admin", "v"}, {"chan:System,Application", "wsl"}, {"chan:failoverclustering/*", "c"},
		{"id:8229", "w"}, {"id:5140,10102-10111", "vc"}, {"id:0-4294967295", "vwcsl"},
		{"level:error", "v"}, {"level=2", "v"}, {"level<=2", "vl"}, {"level<2", "l"}, {"level>=warning", "wcs"}, {"level>Warning", "cs"},
		{"level:0", "cs"}, {"level:critical,3", "wl"}, {"level<=information", "vwcsl"},
		{"code:0x800423f4", "wl"}, {"code:-2147212300", "wl"}, {"code:2147754996", "wl"}, {"code:%%2147754996", "wl"}, {"code:800423F4", "wl"}, {"code:0x800423f5", ""},
		{`vm:"SQL 01"`, "v"}, {`vm:sql*`, "v"}, {"vm:2b0e7a58-6d6c-4c5f-9b44-0c2f3a1d2e12", "v"}, {"vm:{2B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E12}", "v"}, {"vm:SQL", ""},
		{"vol:volume1", "vc"}, {"vol:Volume1,Volume2", "vc"}, {"vol:Volume", ""},
		{"since:2010-03-14T22:00:33.5", "vwl"}, {"until:2010-03-14T22:00:33.5Z", "cs"}, {"since:2010-03-14", "vwcl"}, {`since:"2010-03-14 22:00"`, "vwl"},
		{"since:00:30", "l"}, {"until:00:30:00", "vwcs"}, {"since:-3h", "vwl"}, {"until:-1d", "s"}, {"since:-1d3h", "vwcsl"}, {"since:-0s", "l"},
		{"since:2010-03-14T21:30 until:+30m", "c"}, {"until:+31m since:2010-03-14T21:30", "vwc"}, {"since:2010-03-14T21:30 -until:+30m", "vwl"},
		{"since:2010-03-13 (until:+1d OR id:8229)", "ws"}, {"since:2010-03-13 since:2010-03-14T21:30 until:+30m", "c"}, {"since:2010-03-13 (since:2010-03-14T21:30 until:+30m)", "c"},
		{"writer", "w"}, {"WRITER", "w"}, {"-writer", "vcsl"}, {`"experienced a"`, "w"}, {`"non-transient\" error"`, "w"}, {"volume", "vcs"},
		{"STRASSE", ""}, {"straße/GRÖSSE", ""}, {"STRAßE/GRÖßE", "w"}, {"hv02", "cs"}, {"mssql$prod", "l"}, {"service", "s"}, {`C\ClusterStorage`, ""}, {`"C:\ClusterStorage"`, "v"},
		{`"C:\\ClusterStorage\Volume1"`, "v"}, {"/(?i)c:\\\\cluster/", "v"}, {"/Straße\\/G/", "w"}, {"/0x8004230[0-9a-f]/", ""}, {"/0x800423F[0-9]/", "w"}, {"/^running$/", "s"}, {"/^$/", ""},
		{"id:8229 OR id:5140", "wc"}, {"id:8229 OR id:5140 host:hv02 OR level:critical", "wcl"}, {"(id:8229 OR id:5140) host:hv02", "c"},
		{"-(id:8229 OR id:5140)", "vsl"}, {"NOT id:8229 NOT id:5140", "vsl"}, {"--id:8229", "w"}, {"-NOT id:8229", "w"}, {"host:hv01 AND level<=2", "vl"},
		{"8229", "w"}, {"10103", "v"}, {"1010", ""}, {"08229", ""}, {"4294975525", ""}, {`"8229"`, "w"}, {"-8229", "vcsl"}, {"18210 OR 2147212300", "l"},
		{`"OR"`, "vw"}, {"or", "vw"}, {" ( ( id:8229 ) ) ", "w"},
	} {
		if got := hits(t, tt.query); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.query, got, tt.want)
		}
	}
}

func TestCanonical(t *testing.T) {
	for _, tt := range []struct{ query, want string }{
		{"  ", ""},
		{"HOST:a,\"b c\"  x", `host:a,"b c" x`},
		{"level=error LEVEL<=Warning level:9,1", "level:error level<=3 level:9,critical"},
		{"code:-2147212300,%%2147754996", "code:0x800423f4,0x800423f4"},
		{"id:007,1-1,3-4", "id:7,1,3-4"},
		{"((a b) (c)) OR (d OR (e))", "a b c OR d OR e"},
		{"NOT (a OR -b) AND NOT -c", "-(a OR -b) c"},
		{"-(a b)", "-(a b)"},
		{"(since:22:00 until:+90m) a (b c)", "(since:22:00 until:+1h30m) a b c"},
		{"since:2010-03-14T00:00:00Z until:22:00:00", "since:2010-03-14 until:22:00"},
		{"since:2010-03-14T10:00:00.50 until:-14d", "since:2010-03-14T10:00:00.5 until:-2w"},
		{`"plain" "a:b" "-a" "/a" "OR" "a,b" "a\b\\" "say \"x\""`, `plain "a:b" "-a" "/a" "OR" a,b a\b\ "say \"x\""`},
		{`/a\/b\\\//`, `/a\/b\\\//`},
		{"verdict:LIKELY issue:2 vm:{2B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E12}", "verdict:likely issue:2 vm:2B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E12"},
	} {
		q, err := Parse(tt.query)
		if err != nil {
			t.Errorf("Parse(%q): %v", tt.query, err)
			continue
		}
		if diff := cmp.Diff(tt.want, q.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.query, diff)
		}
		checkCanonical(t, q)
	}
}

// checkCanonical: the canonical text parses to the same tree, and is its own
// canonical text.
func checkCanonical(t *testing.T, q *Query) {
	t.Helper()
	again, err := Parse(q.String())
	if err != nil {
		t.Fatalf("%q became %q: %v", q.text, q.String(), err)
	}
	if diff := cmp.Diff(q.root, again.root, treeOptions); diff != "" {
		t.Fatalf("%q became %q (-before +after):\n%s", q.text, q.String(), diff)
	}
	if q.String() != again.String() {
		t.Fatalf("%q, then %q", q.String(), again.String())
	}
}

var treeOptions = cmp.Options{
	cmp.AllowUnexported(term{}, moment{}, levels{}, idRange{}, not{}),
	cmpopts.IgnoreFields(term{}, "start", "end"),
	cmp.Comparer(func(a, b *regexp.Regexp) bool { return a.String() == b.String() }),
}

func TestErrors(t *testing.T) {
	for _, tt := range []struct{ query, want string }{
		{"a hots:HV01", "there is no field \"hots\"; did you mean host: ?\n  a hots:HV01\n    ^^^^"},
		{"provider:x", "there is no field \"provider\"; did you mean prov: ?\n  provider:x\n  ^^^^^^^^"},
		{`C:\x`, "there is no field \"C\"; quote text that has such a sign in it; the fields are host prov chan id level code vm vol job issue verdict since until\n  C:\\x\n  ^"},
		{"größe id:x,1", "id: \"x\" is no event id; want 8229 or 10102-10111\n  größe id:x,1\n           ^"},
		{"日本 id:9-3", "id: this range is empty; want 3-9\n  日本 id:9-3\n          ^^^"},
		{"id:", "id: needs a value here; event ids and ranges: 8229,10102-10111\n  id:\n     ^"},
		{"id:1,,2", "id: needs a value here; event ids and ranges: 8229,10102-10111\n  id:1,,2\n       ^"},
		{"id<=5", "id: has no operator but \":\"\n  id<=5\n    ^^"},
		{"level:bad", "level: \"bad\" is no level; want 0 to 255, critical, error, warning, information, verbose\n  level:bad\n        ^^^"},
		{"level<=1,2", "level: a list of levels can only be equal; write level:error,warning\n  level<=1,2\n           ^"},
		{"code:hello", "code: \"hello\" is no error code; want 0x800423f4, 800423f4, -2147212300 or 2147754996\n  code:hello\n       ^^^^^"},
		{"since:yesterday", "since: \"yesterday\" is no time; want 2010-03-14, 2010-03-14T22:00, 22:00, -2h or, after until:, +30m; always UTC\n  since:yesterday\n        ^^^^^^^^^"},
		{"since:-9999999w", "since: \"-9999999w\" is no time; want 2010-03-14, 2010-03-14T22:00, 22:00, -2h or, after until:, +30m; always UTC\n  since:-9999999w\n        ^^^^^^^^^"},
		{"since:+30m", "since: only until: can be after since:; want 2010-03-14T22:00, 22:00 or -2h\n  since:+30m\n        ^^^^"},
		{"until:1:00,2:00", "until: a list of times makes no sense\n  until:1:00,2:00\n             ^^^^"},
		{"verdict:sure", "verdict: \"sure\" is no verdict; want confirmed, likely, possible, ruled-out\n  verdict:sure\n          ^^^^"},
		{"a (b", "this bracket is not closed; quote it to search for it: \"(\"\n  a (b\n    ^"},
		{"a)", "no bracket is open that this could close; quote it to search for it: \")\"\n  a)\n   ^"},
		{"()", "a term is missing here\n  ()\n   ^"},
		{"OR a", "a term is missing beside OR; quote it to search for it: \"OR\"\n  OR a\n  ^^"},
		{"a AND", "a term is missing beside AND; quote it to search for it: \"AND\"\n  a AND\n    ^^^"},
		{"a OR (NOT)", "a term is missing beside NOT; quote it to search for it: \"NOT\"\n  a OR (NOT)\n        ^^^"},
		{"a - b", "nothing follows that this could negate; quote it to search for it: \"-\"\n  a - b\n    ^"},
		{`vm:"SQL`, "this quotation mark is not closed; in quotes, \\\" is a quotation mark\n  vm:\"SQL\n     ^"},
		{`""`, "nothing is quoted here\n  \"\"\n  ^^"},
		{"a /b", "this slash begins a regular expression that has no end; quote text that begins with a slash\n  a /b\n    ^"},
		{"/a[b/", "regular expression: missing closing ]\n  /a[b/\n    ^^"},
		{"/a/i", "this can't follow the term before it; flags stand within: /(?i)error/ ignores case; a slash is written \\/\n  /a/i\n     ^"},
		{`a"b"`, "this can't follow the term before it; put a space between terms\n  a\"b\"\n   ^"},
		{"a\xff", "this byte is not UTF-8\n  a·\n   ^"},
		{"x\x1b[31m id:y", "id: \"y\" is no event id; want 8229 or 10102-10111\n  x·[31m id:y\n            ^"},
		{strings.Repeat("a", 100) + " id:y " + strings.Repeat("b", 100), "id: \"y\" is no event id; want 8229 or 10102-10111\n  …" +
			strings.Repeat("a", 36) + " id:y " + strings.Repeat("b", 39) + "…\n  " + strings.Repeat(" ", 41) + "^"},
		{strings.Repeat("(", 65) + "a" + strings.Repeat(")", 65), "brackets are nested deeper than 64\n  …" + strings.Repeat("(", 41) + "a" + strings.Repeat(")", 39) + "…\n  " + strings.Repeat(" ", 41) + "^"},
	} {
		_, err := Parse(tt.query)
		checkError(t, tt.query, err, tt.want)
	}
	if _, err := Parse(strings.Repeat("(", 64) + "a" + strings.Repeat(")", 64)); err != nil {
		t.Error(err)
	}
	_, err := Parse(strings.Repeat("é", maxLength))
	checkError(t, "a long query", err, "the query is longer than 65536 bytes\n  …"+strings.Repeat("é", 40)+"\n  "+strings.Repeat(" ", 41)+"^")
}

func checkError(t *testing.T, query string, err error, want string) {
	t.Helper()
	var at *Error
	if !errors.As(err, &at) {
		t.Errorf("%s: got %v, want an *Error", query, err)
		return
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", query, diff)
	}
}

func TestCompileErrors(t *testing.T) {
	for _, tt := range []struct {
		query, want string
		env         Env
	}{
		{"a issue:2", "issue: needs a case; events alone don't tell it\n  a issue:2\n    ^^^^^^^", Env{Labels: []Field{Job, Verdict}}},
		{"since:-2h", "this counts from the last event, and none is known; give day and time: 2010-03-14T22:00\n  since:-2h\n  ^^^^^^^^^", Env{}},
		{"a OR until:22:00", "this counts from the last event, and none is known; give day and time: 2010-03-14T22:00\n  a OR until:22:00\n       ^^^^^^^^^^^", Env{}},
		{"since:1:00 OR until:+5m", "no since: stands beside this, after which it could be; write since:22:00 until:+30m\n  since:1:00 OR until:+5m\n                ^^^^^^^^^", Env{Last: last}},
	} {
		q, err := Parse(tt.query)
		if err != nil {
			t.Fatal(err)
		}
		_, err = q.Compile(tt.env)
		checkError(t, tt.query, err, tt.want)
	}
}

func TestEnv(t *testing.T) {
	for query, want := range map[string]bool{"a": false, "since:2010-03-14": false, "-(a OR since:-2h)": true, "(a until:22:00) OR b": true, "since:2010-03-14 until:+2h": false} {
		if q, err := Parse(query); err != nil || q.NeedsLast() != want {
			t.Errorf("%s: %v, NeedsLast is not %v", query, err, want)
		}
	}
	q, _ := Parse("since:22:00 until:+40s")
	match, err := q.Compile(Env{Last: last, Day: at("2010-03-14T12:00:00Z")})
	if err != nil {
		t.Fatal(err)
	}
	var row EventRow
	if row.Reset(samples["v"]); !match(&row) {
		t.Error("22:00 is not of the given day")
	}
}

// A labelled is a row of a case.
type labelled struct {
	EventRow
	issue string
}

func (r *labelled) Labels(f Field) []string {
	if f == Issue {
		return []string{r.issue}
	}
	return nil
}

func TestLabels(t *testing.T) {
	q, _ := Parse("issue:2 prov:vss")
	match, err := q.Compile(Env{Labels: []Field{Issue}})
	if err != nil {
		t.Fatal(err)
	}
	for issue, want := range map[string]bool{"2": true, "1": false, "": false} {
		row := &labelled{issue: issue}
		row.Reset(samples["w"])
		if match(row) != want {
			t.Errorf("issue %q: want %v", issue, want)
		}
	}
}

func TestValues(t *testing.T) {
	got := map[string][]string{}
	var row EventRow
	for _, name := range []string{"v", "s"} {
		row.Reset(samples[name])
		for _, f := range []Field{Host, Provider, Channel, ID, Level, Code, VM, Volume, Job, Since} {
			got[name] = append(got[name], Values(&row, f)...)
		}
	}
	want := map[string][]string{
		"v": {"HV01.contoso.com", "Microsoft-Windows-Hyper-V-VMMS", "Microsoft-Windows-Hyper-V-VMMS-Admin", "10103", "error", "SQL 01", "2B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E12", "Volume1"},
		"s": {"HV02.contoso.com", "Microsoft-Windows-Service Control Manager", "System", "7036", "information"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := Term(VM, `SQL "01", old`); got != `vm:"SQL \"01\", old"` {
		t.Error(got)
	}
	for name, want := range map[string]string{"Microsoft-Windows-Hyper-V-VMMS": "VMMS", "Microsoft-Windows-Backup": "Backup", "VSS": "VSS", "microsoft-windows-": "microsoft-windows-"} {
		if got := ShortName(name); got != want {
			t.Errorf("ShortName(%q) = %q", name, got)
		}
	}
}

func TestInterest(t *testing.T) {
	type pair struct {
		provider string
		id       uint32
	}
	pairs := []pair{{"VSS", 8229}, {"VSS", 1}, {"Microsoft-Windows-Hyper-V-VMMS", 10103}, {"Microsoft-Windows-Hyper-V-VMMS", 1}, {"MSSQL$A", 1}, {"x", 8229}}
	const everything = "nil"
	for _, tt := range []struct{ query, want string }{
		{"", everything}, {"id:8229", everything}, {"-prov:vss", everything}, {"prov:vss OR id:1", everything}, {"host:a text", everything},
		{"prov:VSS", "0 1"}, {"prov:vss id:8229", "0"}, {"id:8229 (prov:vss OR prov:vmms) text", "0"}, {"prov:mssql$* level<=2", "4"},
		{"prov:vmms id:10000-10200", "2"}, {"prov:vmms id:0-4294967295", "2 3"}, {"prov:vmms id:2-1026", "2 3"}, {"prov:vss id:8229 OR prov:vmms id:1", "0 3"},
		{"prov:none", ""}, {"prov:vss -id:1", "0 1"},
	} {
		q, err := Parse(tt.query)
		if err != nil {
			t.Fatal(err)
		}
		in := q.Interest()
		var got []string
		for i, p := range pairs {
			if in.Wants(p.provider, p.id) {
				got = append(got, fmt.Sprint(i))
			}
		}
		text := strings.Join(got, " ")
		if in == nil {
			text = everything
		}
		if text != tt.want {
			t.Errorf("%s: wants %q, want %q", tt.query, text, tt.want)
		}
	}
}

func TestComplete(t *testing.T) {
	rows := func(f Field) []string {
		return map[Field][]string{VM: {"SQL 01", "sql02", "WEB"}, Host: {"HV01"}, Level: {"error", "9"}}[f]
	}
	for _, tt := range []struct {
		text string // with the cursor at |
		want []string
	}{
		{"i|", []string{"id:", "issue:"}},
		{"level:error -ho|", []string{"level:error -host:"}},
		{"(pro| x)", []string{"(prov: x)"}},
		{"vm:s|", []string{`vm:"SQL 01"`, "vm:sql02"}},
		{`vm:"SQL 0|`, []string{`vm:"SQL 01"`}},
		{`vm:WEB,"a b",sq|`, []string{`vm:WEB,"a b","SQL 01"`, `vm:WEB,"a b",sql02`}},
		{"level<=e|", []string{"level<=error"}},
		{"level:|", []string{"level:critical", "level:error", "level:warning", "level:information", "level:verbose", "level:9"}},
		{"verdict:l|", []string{"verdict:likely"}},
		{`"two ho|`, nil}, {`"two"|`, nil}, {"/ho|", nil}, {"nofield:|", nil}, {`"x" h|`, []string{`"x" host:`}},
	} {
		before, after, _ := strings.Cut(tt.text, "|")
		var got []string
		for _, c := range Complete(before+after, len(before), rows) {
			got = append(got, (before + after)[:c.Start]+c.Insert+(before + after)[c.End:])
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.text, diff)
		}
	}
	if got := len(Complete("", 0, nil)); got != len(fieldSpecs) {
		t.Errorf("%d completions of nothing", got)
	}
}

// Every field is in the package's documentation of the language by its name.
func TestFieldsHaveDocs(t *testing.T) {
	for _, s := range fieldSpecs {
		if s.doc == "" || specOf(string(s.field)) == nil {
			t.Errorf("%s: no documentation", s.field)
		}
	}
}
