package report

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// TestSorts: every string of the contract is declared as our own text, a name of a
// kind, or free text, and nothing is declared that is not there.
func TestSorts(t *testing.T) {
	seen := map[string]bool{}
	var visit func(t reflect.Type)
	visit = func(rt reflect.Type) {
		for i := range rt.NumField() {
			f := rt.Field(i)
			of := f.Type
			for of.Kind() == reflect.Slice || of.Kind() == reflect.Pointer {
				of = of.Elem()
			}
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			key := rt.Name() + "." + name
			switch {
			case of == timeType:
			case of.Kind() == reflect.Struct:
				if !seen[of.Name()] {
					seen[of.Name()] = true
					visit(of)
				}
			case of.Kind() == reflect.String:
				seen[key] = true
				if _, ok := sorts[key]; !ok {
					t.Errorf("%s is not declared: say in sorts what it is, so that Redact knows", key)
				}
			case !slices.Contains([]reflect.Kind{reflect.Bool, reflect.Int, reflect.Int64, reflect.Uint64, reflect.Uint32, reflect.Float64}, of.Kind()):
				t.Errorf("%s is a %v, which Redact does not look into", key, of.Kind())
			}
		}
	}
	visit(reflect.TypeFor[Report]())
	for key := range sorts {
		if !seen[key] {
			t.Errorf("%s is declared, and no such field is there", key)
		}
	}
}

// namesReport has names in all that a report is made of.
func namesReport(texts ...string) *Report {
	r := &Report{
		Schema: Schema, Args: []string{"scan", "--format", "html", "--host=NODE-A", "/home/eng/Acme Corp/acme-4711.zip"},
		Sources: []Source{
			{ID: "S1", Path: "acme-4711.zip!/NODE-A/System.evtx", Format: "evtx", SHA256: strings.Repeat("ab", 32), Host: "NODE-A.contoso.com", Remarks: []string{},
				Streams: []Stream{{Host: "NODE-A.contoso.com", Channel: "System"}, {Host: "node-a", Channel: "Microsoft-Windows-Hyper-V-VMMS-Admin"}},
				Damage:  []Damage{{Kind: "record", Detail: `the member "Payroll Q3" of node-a is damaged`}}, MessagesFrom: "acme-4711.zip!/NODE-A/LocaleMetaData/System_1033.MTA"},
			{ID: "S2", Path: `acme-4711.zip!/NODE-B_systeminfo.txt`, Error: "open /srv/Acme Corp/x.zip: no such file or directory"},
			{ID: "S3", Path: `\\fs9.contoso.com\Finance\Exports 2010\FILE07_A1B2C3.avhdx`},
		},
		Hosts: []Host{
			{Name: "NODE-A.contoso.com", Aliases: []string{"NODE-A", "WIN-7QX2"}, Role: "host", Facts: []Fact{{Key: "guest.physical-host", Value: "hyper9.fabrikam.de"}, {Key: "disk.signature", Name: "0", Value: "3F2A9B11"}, {Key: "os.build", Value: "6.1.7600"},
				{Key: "cluster.group-move", Name: "Billing", Value: "NODE-A to NODE-Q", Note: "of NODE-Q"}, {Key: "cluster.group-move", Name: "Available Storage", Value: "NODE-A to NODE-B"}}},
			{Name: "NODE-B.contoso.com", Aliases: []string{}, Role: "host"},
			{Name: "backup", Aliases: []string{}, Role: "guest", VM: &VM{Name: "backup"}},
			{Name: "C", Aliases: []string{}, Role: "unknown"},
		},
		Coverage: []Coverage{{Host: "NODE-A.contoso.com", Channel: "System", ClearedBy: `CONTOSO\j.doe`, Sources: []string{"S1"}}},
		Jobs:     []Job{{ID: "J1", Host: "NODE-B.contoso.com", VMs: []VM{{"system", "2B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E12"}, {"SQL (prod) [1]+.*", ""}, {"DC", ""}}, Volumes: []string{"Volume1", "Payroll-CSV", "C:", `\\?\Volume{11111111-2222-3333-4444-555555555555}\`}}},
		Failures: []Failure{{ID: "X1", Kind: "backup", Host: "NODE-A.contoso.com", VM: &VM{"FILE07", "3B0E7A58-6D6C-4C5F-9B44-0C2F3A1D2E13"}, Volume: "Payroll-CSV", Remarks: []string{"the cluster group Billing moved from NODE-A to NODE-Q (S4 line 3)"}}},
		Findings: []Finding{{ID: "F1", Title: "The system could not make a backup", Host: "NODE-A.contoso.com", Remarks: texts, Criteria: []Criterion{{
			ID: "a", Text: "A backup failed", Missing: []string{"System log of backup", "logs of the cluster node NODE-Z, NODE-Y"},
			Evidence: []Evidence{
				{Source: "S1", Path: "acme-4711.zip!/NODE-A/System.evtx", Host: "NODE-A.contoso.com", Provider: "VSS", Summary: "a writer rejected, VM FILE07, volume Payroll-CSV, 0x800423f4"},
				{Source: "S1", Provider: "Microsoft-Windows-Hyper-V-VMMS", ID: 10102, Summary: `the backup of the virtual machine could not be created, VM backup, C:\ClusterStorage\Payroll-CSV\FILE07\FILE07_A1B2C3.avhdx`},
			},
			Answer: &CriterionAnswer{Value: "yes", Note: "asked them (j.doe@contoso.com) about FILE07 and system on 10.20.30.40"},
		}}}},
		Answers: []Answer{{Host: "NODE-B", VM: "FILE07", Note: "said so for backup"}},
		Errors:  []Error{{Path: "acme-4711.zip", Detail: `open C:\Users\j.doe\Desktop\acme-4711.zip: access is denied`}},
		Notices: []string{"The case could not be kept: mkdir /mnt/Acme Corp/case: permission denied."},
	}
	return r
}

// formats are the forms of a report, but for those outside this package.
var formats = map[string]func(*Report, io.Writer) error{
	"text": (*Report).WriteText, "json": (*Report).WriteJSON, "jsonl": (*Report).WriteJSONL, "csv": (*Report).WriteCSV, "md": (*Report).WriteMarkdown, "html": (*Report).WriteHTML,
}

// TestRedactLeavesNothing: no name is left in any form of a report, wherever it
// stood and however it was written.
func TestRedactLeavesNothing(t *testing.T) {
	r := namesReport("the clock of NODE-B.contoso.com was 1s ahead of that of Node-A", `see FILE07backup and \\FS9\finance$\x on node-a.contoso.com`, "writer of 3b0e7a58-6d6c-4c5f-9b44-0c2f3a1d2e13")
	red, list := Redact(r, nil)
	for name, write := range formats {
		var b bytes.Buffer
		if err := write(red, &b); err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"NODE-", "WIN-7QX2", "contoso", "fabrikam", "hyper9", "FILE07", "SQL (prod)", "Payroll", "Acme", "4711", "doe", "fs9", "finance", "Exports", "A1B2C3", "3F2A9B11",
			"10.20.30.40", "2B0E7A58", "3B0E7A58", "11111111-2222", "/home/eng", "/srv/Acme", "Corp", "Billing"} {
			if i := strings.Index(strings.ToLower(b.String()), strings.ToLower(secret)); i >= 0 {
				t.Errorf("%s has %q: …%s…", name, secret, b.String()[max(0, i-80):min(b.Len(), i+80)])
			}
		}
		if name == "text" && !strings.Contains(b.String(), "REDACTED") || name == "json" && !strings.Contains(b.String(), `"redacted": true`) {
			t.Errorf("%s does not say that it is redacted", name)
		}
	}
	for _, p := range list {
		if p.Name == "" || p.Pseudonym == "" || p.Kind == "" {
			t.Errorf("the mapping has %+v", p)
		}
	}
	if r.Redacted || r.Hosts[0].Name != "NODE-A.contoso.com" {
		t.Error("the report itself was changed")
	}
	if again, _ := Redact(red, nil); again != red {
		t.Error("a redacted report was redacted again")
	}
}

// TestRedactKeeps: what is the same for every customer stays readable: our own
// sentences, also where a machine is called as one of their words, the names of
// Windows' logs, letters of drives, hashes and times.
func TestRedactKeeps(t *testing.T) {
	red, _ := Redact(namesReport(), nil)
	var b bytes.Buffer
	if err := red.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"The system could not make a backup", "the backup of the virtual machine could not be created, VM ", "/System.evtx", "LocaleMetaData/System_1033.MTA", "_systeminfo.txt", `"C:"`, `"Volume1"`,
		strings.Repeat("ab", 32), "Microsoft-Windows-Hyper-V-VMMS-Admin", "6.1.7600", "System log of ", "ClusterStorage", "Available Storage", ": no such file or directory", "--host=HOST-", `"scan"`, `"html"`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is gone", want)
		}
	}
	if strings.Contains(b.String(), `VM backup`) || strings.Contains(b.String(), `log of backup`) || strings.Contains(b.String(), `and system on`) {
		t.Error("a machine that is called as a word of ours is still there where a name is due")
	}
}

// TestRedactText: names in free text.
func TestRedactText(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"NODE-A, node-a.contoso.com and Node-A.CONTOSO.com", "HOST-a, HOST-a.domain-1.example and HOST-a.domain-1.example"},
		{`CONTOSO\j.doe and J.DOE@contoso.com; NT AUTHORITY\SYSTEM stays`, `DOMAIN-1\user-1 and user-1@domain-1.example; NT AUTHORITY\SYSTEM stays`},
		{`CONTOSO\NODE-A$ did`, `DOMAIN-1\HOST-a$ did`},
		{"xFILE07y", "xVM-fy"},
		{"the DCOM server DC", "the DCOM server VM-d"},
		{"the SQL (prod) [1]+.* machine", "the VM-s machine"},
		{"volume Payroll-CSV is full, volume Volume1 is not, C: is", "volume VOLUME-1 is full, volume Volume1 is not, C: is"},
		{"10.20.30.41:443, fe80::1%3, [2001:db8::7] and ::1 and 127.0.0.1", "IP-?:443, IP-?, [IP-?] and ::1 and 127.0.0.1"},
		{"at 23:02:31 of 2010-03-14T23:02:31.0000000Z, version 6.1.7600.16385", "at 23:02:31 of 2010-03-14T23:02:31.0000000Z, version 6.1.7600.16385"},
		{"00-15-5D-01-02-03 = 00:15:5d:01:02:03 = 00155D010203", "MAC-1 = MAC-1 = MAC-1"},
		{"S-1-5-21-1-2-3-500 and S-1-5-18 and S-1-5-32-544", "SID-1 and S-1-5-18 and S-1-5-32-544"},
		{"writer {66841cd4-6ded-4f4b-8f17-fd23f8ddc3de}, disk {0d3c7a9e-1111-4222-8333-444455556666}", "writer {66841cd4-6ded-4f4b-8f17-fd23f8ddc3de}, disk {00000000-0000-0000-0000-?}"},
		{`\\?\Volume{0d3c7a9e-1111-4222-8333-444455556666}\System Volume Information`, `\\?\Volume{00000000-0000-0000-0000-?}\System Volume Information`},
		{`\\fs9\c$\Windows\System32 and \\fs9.contoso.com\Home`, `\\HOST-?\c$\Windows\System32 and \\HOST-?.domain-1.example\share-?`},
		{`copied D:\VMs\Contoso\FILE07\FILE07.vhdx, C:\Windows\Temp\y.log: access is denied`, `copied D:\folder-?\DOMAIN-1\VM-f\VM-f.vhdx, C:\Windows\Temp\file-?.log: access is denied`},
		{`, VM FILE07, \\fs9\Kunden, Intern$\Old (2009)\snap 1.avhd, C:\x (not found)`, `, VM VM-f, \\HOST-?\share-?\folder-?\disk-?.avhd, C:\archive-? (not found)`},
		{"file:///C:/Users/j.doe/b.txt and file://fs9/Home/b.txt", "file:///C:/Users/user-1/file-?.txt and file://HOST-?/share-?/file-?.txt"},
		{"https://support.microsoft.com/kb/975354 and https://jira.acme.com:8080/wiki", "https://support.microsoft.com/kb/975354 and https://HOST-?.domain-?.example:8080/folder-?"},
		{"MSSQL$SALES has iqn.2004-04.com.contoso:disk1", "MSSQL$INSTANCE-1 has iscsi-1"},
		{"the same log as S1, acme-4711.zip!/NODE-A/System.evtx, in another form: its events count once", "the same log as S1, archive-?.zip!/HOST-a/System.evtx, in another form: its events count once"},
		{"registry export of Services\\partmgr\\Parameters of NODE-B.contoso.com", "registry export of Services\\partmgr\\Parameters of HOST-b.domain-1.example"},
		{"a backup of the system began at 2003; the case is closed", "a backup of the system began at 2003; the case is closed"},
		{"Ж FILE07 é\xff FILE07", "Ж VM-f é\xff VM-f"},
	} {
		red, list := Redact(namesReport(tc.text), nil)
		got := red.Findings[0].Remarks[0]
		for letter, name := range map[string]string{"HOST-a": "NODE-A", "HOST-b": "NODE-B", "VM-f": "FILE07", "VM-d": "DC", "VM-s": "SQL (prod) [1]+.*"} {
			tc.want = strings.ReplaceAll(tc.want, letter, pseudonymOf(list, name))
		}
		want := strings.NewReplacer(`\?`, `[0-9]+`).Replace(regexp.QuoteMeta(strings.ReplaceAll(tc.want, `\\?\`, "\x00")))
		want = strings.ReplaceAll(want, "\x00", `\\\\\?\\`)
		if tc.want != got && !regexp.MustCompile("^"+want+"$").MatchString(got) {
			t.Errorf("%s\nbecomes %s\nwant    %s", tc.text, got, tc.want)
		}
	}
}

func pseudonymOf(list []Pseudonym, name string) string {
	for _, p := range list {
		if strings.EqualFold(p.Name, name) {
			return p.Pseudonym
		}
	}
	return "(none)"
}

// TestRedactIsStable: a name has one pseudonym, in a report and in the next one that
// knows the mapping, and what comes new does not take one that was given.
func TestRedactIsStable(t *testing.T) {
	first, list := Redact(namesReport(), nil)
	if other, same := Redact(namesReport(), nil); !reflect.DeepEqual(first, other) || !slices.Equal(list, same) {
		t.Error("the same report was redacted in two ways")
	}
	more := namesReport("ALPHA.contoso.com and FILE07")
	more.Hosts = append([]Host{{Name: "ALPHA.contoso.com", Role: "host"}}, more.Hosts...)
	more.Sources[0].SHA256 = "another"
	second, longer := Redact(more, list)
	if !slices.Equal(longer[:len(list)], list) || len(longer) == len(list) {
		t.Errorf("the mapping had %d names, and has %d", len(list), len(longer))
	}
	if second.Hosts[1].Name != first.Hosts[0].Name || second.Failures[0].VM.Name != first.Failures[0].VM.Name {
		t.Error("a name has another pseudonym in the second report")
	}
	seen := map[string]string{}
	for _, p := range longer {
		if seen[p.Pseudonym] != "" {
			t.Errorf("%s is %s and %s", p.Pseudonym, p.Name, seen[p.Pseudonym])
		}
		seen[p.Pseudonym] = p.Name
	}
	named := namesReport()
	named.Hosts = append(named.Hosts, Host{Name: "HOST-1", Role: "host"})
	_, list = Redact(named, nil)
	for _, p := range list {
		if p.Pseudonym == "HOST-1" {
			t.Errorf("%s is called by the name of another computer, HOST-1", p.Name)
		}
	}
}

// TestRedactAliases: it stays clear that the names of a computer are one's, and that
// two computers of different domains are two.
func TestRedactAliases(t *testing.T) {
	r := &Report{Hosts: []Host{
		{Name: "web.contoso.com", Aliases: []string{"WEB-OLD", "web-old.contoso.com"}}, {Name: "sql.contoso.com"}, {Name: "SQL.fabrikam.com"},
	}}
	red, list := Redact(r, nil)
	web, _, _ := strings.Cut(red.Hosts[0].Name, ".")
	if got, want := red.Hosts[0].Aliases, []string{web + "-2", web + "-2." + pseudonymOf(list, "contoso.com")}; !slices.Equal(got, want) {
		t.Errorf("the aliases are %q, want %q", got, want)
	}
	if a, b := shortName(red.Hosts[1].Name), shortName(red.Hosts[2].Name); a == b {
		t.Errorf("sql.contoso.com and SQL.fabrikam.com are both %s", a)
	}
}

// TestRedactOrder: the numbers don't follow the alphabet.
func TestRedactOrder(t *testing.T) {
	r := &Report{Sources: []Source{{SHA256: "x"}}}
	for i := range 26 {
		r.Hosts = append(r.Hosts, Host{Name: fmt.Sprintf("%c-SERVER", 'A'+i), Role: "host"})
	}
	_, list := Redact(r, nil)
	if slices.IsSortedFunc(list, func(a, b Pseudonym) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("HOST-1 is the first of the alphabet")
	}
}

// TestRedactLongText: what a long text costs does not grow with its square, which
// would be minutes.
func TestRedactLongText(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	for _, piece := range []string{"::", "C:\\x, ", "FILE07 ", "a@b ", "x!/y (", "backup "} {
		text := strings.Repeat(piece, 64<<10/len(piece))
		start := time.Now()
		red, _ := Redact(namesReport(text), nil)
		if spent := time.Since(start); spent > time.Minute {
			t.Errorf("%q took %v", piece, spent)
		}
		if piece == "FILE07 " && strings.Contains(red.Findings[0].Remarks[0], "FILE07") {
			t.Error("a name is left in a long text")
		}
	}
}

var plainName = regexp.MustCompile(`^[a-z][a-z0-9]+([ ._-][a-z0-9]+)*$`)

// FuzzRedact: no text makes it fail or hang, and no name is left that is part of no
// word of ours.
func FuzzRedact(f *testing.F) {
	f.Add("NODE-A", "on NODE-A and C:\\x, \\\\y")
	f.Add("a", "::1 S-1-5-21-1 !/x file://")
	f.Fuzz(func(t *testing.T, name, text string) {
		name, text = event.Clean(name), event.Clean(text)
		r := &Report{Hosts: []Host{{Name: name}}, Findings: []Finding{{Remarks: []string{text, text + name + text}}}, Sources: []Source{{Path: text + "/" + name}}}
		red, list := Redact(r, nil)
		var b bytes.Buffer
		if err := red.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		shown := strings.ToLower(strings.Join(append(red.Findings[0].Remarks, red.Sources[0].Path, red.Hosts[0].Name), "\x00"))
		words := wordsOf(r)
		for _, p := range list {
			low := strings.ToLower(p.Name)
			if len(low) < 4 || words.contains(low) || hexOnly().MatchString(low) || digitsOnly().MatchString(low) || !plainName.MatchString(low) {
				continue
			}
			if strings.Contains(shown, low) && !slices.ContainsFunc(list, func(q Pseudonym) bool { return strings.Contains(strings.ToLower(q.Pseudonym), low) }) {
				t.Errorf("%q of %q and %q is left in %q", p.Name, name, text, shown)
			}
		}
	})
}
