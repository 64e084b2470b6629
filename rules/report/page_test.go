package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// filled is a report with every part, whose free text is s throughout. What is
// chosen from a few words keeps its word.
func filled(s string) *Report {
	words := map[string]string{"Verdict": "likely", "State": "met", "Role": "required", "Grade": "MS", "Logs": "silent", "Severity": "high", "URL": "https://example.org/kb", "ID": "S1", "Source": "S1", "Answer": "yes", "Limit": "", "Kind": "backup"}
	r := &Report{}
	fill(reflect.ValueOf(r).Elem(), s, words)
	f := r.Findings[0]
	f.ID, r.Failures[0].Causes[0].Finding = "F1", "F1"
	f.Criteria = nil
	for _, role := range []string{"anchor", "required", "discriminating", "supporting", "excluding"} {
		for _, state := range []string{"met", "unmet", "unknown"} {
			c := r.Findings[0].Criteria[0]
			c.Role, c.State = role, state
			f.Criteria = append(f.Criteria, c)
		}
	}
	out := f
	out.ID, out.Verdict, out.Candidate = "F2", "ruled-out", true
	r.Findings = []Finding{f, out}
	return r
}

// fill sets strings to s, numbers to 1, times to one time, and gives each list
// one element.
func fill(v reflect.Value, s string, words map[string]string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), s, words)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), s, words)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[Time]() {
			v.Set(reflect.ValueOf(Time{time.Date(2010, 3, 14, 23, 0, 0, 0, time.UTC)}))
			return
		}
		for i := range v.NumField() {
			if word, ok := words[v.Type().Field(i).Name]; ok && v.Field(i).Kind() == reflect.String {
				v.Field(i).SetString(word)
				continue
			}
			fill(v.Field(i), s, words)
		}
	}
}

func written(t testing.TB, write func(*Report, io.Writer) error, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(r, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var hostile = []string{
	"<script>alert(1)</script>", "</style></p></body>", `" onload="x`, "<!-- x", "<![CDATA[", "&lt;b&amp;", "]]>", "{{.}}",
	"`code`", "``` fence", "a `` b", "`", "\\", "\\`x`", "**bold** _it_ ~~s~~", "| a | b |", "[x](http://a.example)", "![i](x)", "[x]: y", "<https://a.example>", "http://a.example www.a.example a@b.example",
	"# head", "- item", "+ item", "1. item", "12) item", "---", "===", "> quote", "    indented", "&copy;", "$x$", ":skull:", "#12 @team", "x  ", "[ ] x", "-", "=>", "//x",
	"\x1b[31mred\x1b[0m\a\b", "a\r\nb\n\n# c", "\u202egnp.exe", "\u200bx\ufeff", "\xff\xfe", "\u00a0- x", "a\u2028# b",
}

// TestHostileText: whatever names, paths and notes hold, each page has the
// structure that it has with harmless words, and no control character.
func TestHostileText(t *testing.T) {
	for _, s := range hostile {
		checkStructure(t, s)
	}
}

func FuzzPages(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(checkStructure)
}

func checkStructure(t *testing.T, s string) {
	clean := strings.TrimSpace(event.Clean(s))
	if clean == "" || strings.ContainsFunc(clean, isNoncharacter) {
		return // what is empty is left out; XML has no noncharacters
	}
	r, plain := filled(s), filled("word")
	html := written(t, (*Report).WriteHTML, r)
	got, text := elements(t, html)
	want, _ := elements(t, written(t, (*Report).WriteHTML, plain))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%q changes the elements of the HTML page:\n%s", s, diff)
	}
	if shown := event.Clean(s); !strings.Contains(text, shown) {
		t.Errorf("%q is not shown as %q in the HTML page", s, shown)
	}
	md := written(t, (*Report).WriteMarkdown, r)
	if diff := cmp.Diff(skeleton(written(t, (*Report).WriteMarkdown, plain)), skeleton(md)); diff != "" {
		t.Errorf("%q changes the structure of the Markdown page:\n%s", s, diff)
	}
	for form, page := range map[string]string{"text": written(t, (*Report).WriteText, r), "Markdown": md, "HTML": html} {
		if i := strings.IndexFunc(page, func(r rune) bool { return r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf) }); i >= 0 {
			t.Errorf("%q: control character in the %s page: %q", s, form, page[i:min(len(page), i+10)])
		}
	}
}

func isNoncharacter(r rune) bool { return r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef }

// lengths are values of attributes that say where in a picture something is.
var lengths = regexp.MustCompile(`^[0-9 MVHvhml-]+$`)

// elements reads a page as XML, which takes no mistake, and returns its elements
// with their attributes, and its text.
func elements(t testing.TB, page string) (list []string, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	var b strings.Builder
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return list, b.String()
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			for i, a := range tok.Attr {
				if lengths.MatchString(a.Value) { // how high a picture is depends on its words
					tok.Attr[i].Value = "0"
				}
			}
			e := fmt.Sprint(tok.Name.Local, tok.Attr)
			if n := len(list); tok.Name.Local == "text" && n > 1 && list[n-2] == e {
				list = list[:n-2] // so does how many lines they take
			}
			list = append(list, e)
		case xml.EndElement:
			list = append(list, "/"+tok.Name.Local)
		case xml.CharData:
			b.Write(tok)
		case xml.Comment, xml.ProcInst:
			list = append(list, fmt.Sprintf("%T", tok))
		}
	}
}

// skeleton is what acts in a Markdown page: of each line its indent and bullet,
// and its special characters; without what is escaped and without code.
func skeleton(page string) []string {
	page = regexp.MustCompile("(?m)^( *)(`{3,}).*\n.*\n *`{3,}$").ReplaceAllString(page, "$1fence")
	special := regexp.MustCompile(`^ *(?:[-+] |[0-9]+[.)] |=+|-+)?|[\\*_\[\]<>&|~$@#` + "`" + `]|://|www\.|:[a-z+-]`)
	var out []string
	for line := range strings.Lines(page) {
		out = append(out, strings.Join(special.FindAllString(bare(line), -1), ""))
	}
	return out
}

// bare takes escaped characters and code spans out of a line, by CommonMark's
// rules: a span has as many backquotes at its end as at its beginning.
func bare(line string) string {
	rows := regexp.MustCompile("`+")
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == '\\' && i+1 < len(line) && strings.IndexByte("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", line[i+1]) >= 0:
			b.WriteByte('x')
			i++
		case line[i] == '`':
			fence := rows.FindString(line[i:])
			i += len(fence)
			for _, row := range rows.FindAllStringIndex(line[i:], -1) {
				if row[1]-row[0] == len(fence) {
					b.WriteByte('x')
					i, fence = i+row[1]-1, ""
					break
				}
			}
			b.WriteString(fence) // never closed
		default:
			b.WriteByte(line[i])
		}
	}
	return b.String()
}

// TestSelfContained: nothing in an HTML page is loaded, and nothing is run but our
// own script, which the page's policy names by its hash.
func TestSelfContained(t *testing.T) {
	page := written(t, (*Report).WriteHTML, filled("word"))
	if m := regexp.MustCompile(`(?i)(src(set)?=|@import|url\(|javascript:|unsafe-|\son[a-z]+=|\sstyle=)`).FindString(page); m != "" {
		t.Errorf("the page holds %q", m)
	}
	if !strings.Contains(page, "prefers-color-scheme: dark") || !strings.Contains(page, "@media print") {
		t.Error("no dark or printed form")
	}
	want := map[string]int{"meta": 5, "style": 1, "script": 1, "link": 0, "iframe": 0, "img": 0, "object": 0, "form": 0, "base": 0}
	texts, got := map[string]string{}, map[string]int{}
	for name := range want {
		got[name] = 0
	}
	policy, in := "", ""
	d := xml.NewDecoder(strings.NewReader(page))
	for tok, err := d.Token(); err == nil; tok, err = d.Token() {
		switch tok := tok.(type) {
		case xml.StartElement:
			in = tok.Name.Local
			if _, ok := want[in]; ok {
				got[in]++
			}
			if in == "meta" && tok.Attr[0].Value == "Content-Security-Policy" {
				policy = tok.Attr[1].Value
			}
		case xml.CharData:
			texts[in] += string(tok)
		case xml.EndElement:
			in = ""
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	wantPolicy := fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; script-src 'sha256-%s'; base-uri 'none'; form-action 'none'", sum(texts["style"]), sum(texts["script"]))
	if policy != wantPolicy {
		t.Errorf("policy %q, want %q", policy, wantPolicy)
	}
}

func sum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// TestLinks: only a plain web address becomes a link.
func TestLinks(t *testing.T) {
	for url, want := range map[string]bool{
		"https://support.microsoft.com/kb/975354": true, "javascript:alert(1)": false, "https://a.example/> <b>": false, "data:text/html,x": false,
	} {
		r := filled("word")
		r.Findings[0].References[0].URL = url
		if got := strings.Contains(written(t, (*Report).WriteMarkdown, r), "<"+url+">"); got != want {
			t.Errorf("Markdown: %s is a link: %t", url, got)
		}
		if page := written(t, (*Report).WriteHTML, r); strings.Contains(page, `href="javascript`) || strings.Contains(page, `href="data`) {
			t.Errorf("HTML: %s is a link", url)
		}
	}
}
