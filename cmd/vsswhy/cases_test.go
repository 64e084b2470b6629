package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/klauspost/compress/zip"
	"golang.org/x/tools/txtar"

	"github.com/vsswhy/vsswhy/ingest/evt/evttest"
	"github.com/vsswhy/vsswhy/ingest/evtx/evtxtest"
	"github.com/vsswhy/vsswhy/ingest/known"
)

var update = flag.Bool("update", false, "rewrite golden files and the archives of testdata/cases")

// A triageCase is one bundle with what is to be found in it, written in a text
// file of testdata/cases/src. Its head says what it proves, and expects:
//
//	expect RULE VERDICT HOST [vm=NAME] [volume=NAME] [candidate]
//	absent RULE                  no finding of this rule
//	unevaluable RULE HOST        the rule lacks logs of that host
//	checked RULE HOST            the rule was evaluated there, and has no finding
//	failures N                   so many backups and restores failed
//	exit CODE
//
// Its files follow. A folder whose name ends in .zip or .tar.gz becomes an
// archive. A .evtx or .xml file holds one event a line; other files are as
// they stand (.reg as UTF-16). An event is
//
//	TIME COMPUTER PROVIDER/ID [#RECORD] [chan=…] [level=N] [@PAYLOAD] [NAME=VALUE]...
//
// with ="…" for a value without a name, and @VmlEventLog for UserData.
type triageCase struct {
	name   string
	expect []string
	files  []txtar.File
}

func readCase(t *testing.T, file string) *triageCase {
	t.Helper()
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c := &triageCase{name: strings.TrimSuffix(filepath.Base(file), ".txt"), files: ar.Files}
	for line := range strings.Lines(string(ar.Comment)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			c.expect = append(c.expect, line)
		}
	}
	return c
}

// The short names of providers in cases.
var caseProviders = map[string]string{
	"VMMS": "Microsoft-Windows-Hyper-V-VMMS", "Worker": "Microsoft-Windows-Hyper-V-Worker", "Config": "Microsoft-Windows-Hyper-V-Config",
	"Cluster": "Microsoft-Windows-FailoverClustering", "Backup": "Microsoft-Windows-Backup", "Servicing": "Microsoft-Windows-Servicing",
	"Update": "Microsoft-Windows-WindowsUpdateClient", "Log": "Microsoft-Windows-Eventlog", "VHDMP": "Microsoft-Windows-VHDMP", "SCM": "Service Control Manager",
	"IcSvc": "Microsoft-Windows-Hyper-V-Guest-Drivers-IcSvc", "HA": "Microsoft-Windows-Hyper-V-High-Availability",
}

// caseEvents turns the lines of a log into event XML, as wevtutil writes it.
func caseEvents(t *testing.T, file txtar.File) string {
	t.Helper()
	var b strings.Builder
	record := 1000
	for line := range strings.Lines(string(file.Data)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		record++
		if err := caseEvent(&b, line, &record); err != nil {
			t.Fatalf("%s: %q: %v", file.Name, line, err)
		}
	}
	return b.String()
}

func caseEvent(b *strings.Builder, line string, record *int) error {
	words := caseWords(line)
	if len(words) < 3 {
		return fmt.Errorf("want TIME COMPUTER PROVIDER/ID")
	}
	when, err := time.Parse(time.RFC3339Nano, words[0])
	if err != nil {
		return err
	}
	provider, idText, _ := strings.Cut(words[2], "/")
	provider = cmp.Or(caseProviders[provider], provider)
	var id uint32
	if _, err := fmt.Sscan(idText, &id); err != nil {
		return err
	}
	channel, level, payload, fields := "Application", 2, "EventData", []string{}
	if ch := known.Channels(provider, id); len(ch) > 0 {
		channel = ch[0]
	}
	for _, w := range words[3:] {
		switch {
		case strings.HasPrefix(w, "#"):
			fmt.Sscan(w[1:], record)
		case strings.HasPrefix(w, "@"):
			payload = w[1:]
		case strings.HasPrefix(w, "chan="):
			channel = w[5:]
		case strings.HasPrefix(w, "level="):
			fmt.Sscan(w[6:], &level)
		default:
			fields = append(fields, w)
		}
	}
	fmt.Fprintf(b, `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='%s'/><EventID>%d</EventID><Version>0</Version><Level>%d</Level><Task>0</Task><Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime='%s'/><EventRecordID>%d</EventRecordID><Correlation/><Execution ProcessID='4' ThreadID='8'/><Channel>%s</Channel><Computer>%s</Computer><Security/></System>`,
		provider, id, level, when.UTC().Format("2006-01-02T15:04:05.0000000Z"), *record, channel, words[1])
	casePayload(b, payload, fields)
	b.WriteString("</Event>\n")
	return nil
}

// caseClassic turns the lines of a log into a classic one, whatever the form:
// Windows exports these as they are.
func caseClassic(t *testing.T, file txtar.File) []byte {
	t.Helper()
	var log evttest.Log
	for line := range strings.Lines(string(file.Data)) {
		words := caseWords(strings.TrimSpace(line))
		if len(words) < 3 {
			continue
		}
		r := evttest.Record{Number: uint32(1001 + len(log.Records)), Computer: words[1], Type: 4}
		var err error
		if r.Time, err = time.Parse(time.RFC3339Nano, words[0]); err != nil {
			t.Fatalf("%s: %q: %v", file.Name, line, err)
		}
		source, id, _ := strings.Cut(words[2], "/")
		if _, err := fmt.Sscan(id, &r.ID); err != nil {
			t.Fatalf("%s: %q: %v", file.Name, line, err)
		}
		r.Source = source
		for _, w := range words[3:] {
			if text, ok := strings.CutPrefix(w, "="); ok {
				r.Strings = append(r.Strings, text)
			} else {
				fmt.Sscanf(w, "type=%d", &r.Type)
			}
		}
		log.Records = append(log.Records, r)
	}
	return log.Bytes()
}

func casePayload(b *strings.Builder, payload string, fields []string) {
	if payload == "EventData" {
		b.WriteString("<EventData>")
		for _, f := range fields {
			name, value, _ := strings.Cut(f, "=")
			switch name {
			case "":
				fmt.Fprintf(b, "<Data>%s</Data>", escape(value))
			case "Binary":
				fmt.Fprintf(b, "<Binary>%s</Binary>", escape(value))
			default:
				fmt.Fprintf(b, "<Data Name='%s'>%s</Data>", name, escape(value))
			}
		}
		b.WriteString("</EventData>")
		return
	}
	fmt.Fprintf(b, "<UserData><%s xmlns='http://www.microsoft.com/Windows/Virtualization/Events'>", payload)
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		fmt.Fprintf(b, "<%s>%s</%s>", name, escape(value), name)
	}
	fmt.Fprintf(b, "</%s></UserData>", payload)
}

func escape(s string) string {
	var b bytes.Buffer
	xml.EscapeText(&b, []byte(s))
	return b.String()
}

// caseWords splits at spaces outside double quotes, and takes the quotes off.
func caseWords(line string) []string {
	var words []string
	var word strings.Builder
	quoted, begun := false, false
	for _, r := range line {
		switch {
		case r == '"':
			quoted, begun = !quoted, true
		case r == ' ' && !quoted:
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if begun {
		words = append(words, word.String())
	}
	return words
}

// A form decides how the logs of a case are written.
type form int

const (
	asEVTX form = iota
	asXML       // wevtutil's run of events without a root
	asXMLUTF16
)

// content makes a case's file what it stands for, and says its name.
func content(t *testing.T, f txtar.File, as form) (name string, data []byte) {
	t.Helper()
	switch ext := strings.ToLower(path.Ext(f.Name)); {
	case ext == ".evtx" && as == asEVTX:
		return f.Name, evtxtest.Write([]byte(caseEvents(t, f)))
	case ext == ".evtx" && as == asXMLUTF16:
		return strings.TrimSuffix(f.Name, ext) + ".xml", utf16le("<Events>" + caseEvents(t, f) + "</Events>")
	case ext == ".evtx" || ext == ".xml":
		return strings.TrimSuffix(f.Name, ext) + ".xml", []byte(caseEvents(t, f))
	case ext == ".evt":
		return f.Name, caseClassic(t, f)
	case ext == ".reg":
		return f.Name, utf16le(strings.ReplaceAll(string(f.Data), "\n", "\r\n"))
	}
	return f.Name, f.Data
}

func utf16le(s string) []byte {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

// A node is a file or a folder of a bundle.
type node struct {
	name     string
	data     []byte
	children []*node
}

func (c *triageCase) tree(t *testing.T, as form) *node {
	root := &node{}
	for _, f := range c.files {
		name, data := content(t, f, as)
		at := root
		parts := strings.Split(name, "/")
		for _, part := range parts[:len(parts)-1] {
			at = at.child(part)
		}
		at.child(parts[len(parts)-1]).data = data
	}
	return root
}

func (n *node) child(name string) *node {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	c := &node{name: name}
	n.children = append(n.children, c)
	slices.SortFunc(n.children, func(a, b *node) int { return cmp.Compare(a.name, b.name) })
	return c
}

// files lists what lies below a folder; archives among them are packed.
func (n *node) files(t *testing.T, prefix string, add func(name string, data []byte)) {
	for _, c := range n.children {
		switch {
		case c.children == nil:
			add(prefix+c.name, c.data)
		case strings.HasSuffix(c.name, ".zip"):
			add(prefix+c.name, packZip(t, c))
		case strings.HasSuffix(c.name, ".tar.gz"):
			add(prefix+c.name, packTarGz(t, c))
		default:
			c.files(t, prefix+c.name+"/", add)
		}
	}
}

// caseTime is the time of every member, so that archives are reproducible.
var caseTime = time.Date(2010, 3, 15, 8, 0, 0, 0, time.UTC)

func packZip(t *testing.T, n *node) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	n.files(t, "", func(name string, data []byte) {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: caseTime})
		if err == nil {
			_, err = f.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// unzip returns the members of a zip, and of zips within, in their order: path, time,
// method and a digest of the content of each.
func unzip(t *testing.T, prefix string, data []byte) (members []string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if name := prefix + f.Name; strings.HasSuffix(name, ".zip") {
			members = append(members, unzip(t, name+"!/", content)...)
		} else {
			members = append(members, fmt.Sprintf("%s %v %d %x", name, f.Modified.UTC(), f.Method, sha256.Sum256(content)))
		}
	}
	return members
}

func packTarGz(t *testing.T, n *node) []byte {
	t.Helper()
	var b bytes.Buffer
	gz := gzip.NewWriter(&b)
	w := tar.NewWriter(gz)
	n.files(t, "", func(name string, data []byte) {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(data)), ModTime: caseTime}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	})
	if err := cmp.Or(w.Close(), gz.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func writeFolder(t *testing.T, n *node, dir string) {
	n.files(t, "", func(name string, data []byte) {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	})
}

const casesDir = "../../testdata/cases"

// caseNames are the cases of the repository.
func caseNames(t testing.TB) []string {
	files, err := filepath.Glob(filepath.Join(casesDir, "src", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	return files
}

// runMain runs the program in this process.
func runMain(t testing.TB, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}
