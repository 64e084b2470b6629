package artefact

import (
	"encoding/csv"
	"encoding/xml"
	"io"
	"iter"
	"slices"
	"strings"
)

// A record is one object that wmic or PowerShell printed: the properties of
// interest by lower-case name, each with its line. Names of properties are the
// same in every language.
type record map[string]property

type property struct {
	text string
	line line
}

// properties are the names of interest.
var properties = []string{
	"hotfixid", "installdate", "installedon", "csname", "pscomputername", "__server", "node", "source",
	"name", "filename", "fullname", "originalfilename", "version", "fileversion", "productversion",
}

// get returns the first of the properties that is there and not empty.
func (r record) get(names ...string) property {
	for _, name := range names {
		if p := r[name]; p.text != "" {
			return p
		}
	}
	return property{}
}

func (r record) set(name, value string, l line) {
	name = strings.ToLower(strings.TrimSpace(name))
	if _, again := r[name]; !again && slices.Contains(properties, name) {
		r[name] = property{strings.TrimSpace(value), l}
	}
}

// records yields the objects of a text, in whichever of the forms it is:
//
//	table   HotFixID   InstalledOn      a header of names, columns below it
//	CSV     Node,HotFixID,InstalledOn   a header of names, perhaps after #TYPE
//	list    HotFixID=KB975354           or "HotFixID : KB975354"; blank lines between
//	Clixml  <S N="HotFixID">KB975354</S>
func (t *text) records() iter.Seq[record] {
	first := t.header()
	switch {
	case strings.HasPrefix(strings.TrimSpace(first.text), "<Objs "):
		return t.clixml
	case listLine().MatchString(first.text):
		return t.list
	case separator(first.text) != 0:
		return t.csv(first)
	}
	return t.table(first)
}

// header returns the first line that says something: not PowerShell's type.
func (t *text) header() line {
	for l := range t.filled() {
		if !strings.HasPrefix(l.text, "#TYPE") {
			return l
		}
	}
	return line{}
}

// listLine is a property of the list form.
var listLine = pattern(`^(\w+)(?:=|\s*: )(.*)$`)

func (t *text) list(yield func(record) bool) {
	r := record{}
	for l := range t.lines() {
		m := listLine().FindStringSubmatch(l.text)
		if m == nil || r.get(strings.ToLower(m[1])).text != "" { // wmic leaves no blank line at times
			if len(r) > 0 && (m != nil || strings.TrimSpace(l.text) == "") {
				if !yield(r) {
					return
				}
				r = record{}
			}
		}
		if m != nil {
			r.set(m[1], m[2], l)
		}
	}
	if len(r) > 0 {
		yield(r)
	}
}

// separator returns what separates the names of a CSV header, or 0.
func separator(header string) rune {
	for _, sep := range []rune{',', ';', '\t'} {
		if strings.ContainsRune(header, sep) {
			return sep
		}
	}
	return 0
}

func csvLine(s string, sep rune) []string {
	r := csv.NewReader(strings.NewReader(s))
	r.Comma, r.LazyQuotes = sep, true
	fields, err := r.Read()
	if err != nil {
		return nil
	}
	return fields
}

func (t *text) csv(header line) iter.Seq[record] {
	return func(yield func(record) bool) {
		sep := separator(header.text)
		names := csvLine(header.text, sep)
		for l := range t.filled() {
			if l.no <= header.no {
				continue
			}
			r := record{}
			for i, value := range csvLine(l.text, sep) {
				if i < len(names) {
					r.set(names[i], value, l)
				}
			}
			if len(r) > 0 && !yield(r) {
				return
			}
		}
	}
}

// A column of a table reaches to the next one, in characters.
type column struct {
	name     string
	from, to int
}

var word = pattern(`\S+`)

// columns returns the columns of interest that a header names.
func columns(header string) []column {
	var all []column
	for _, m := range word().FindAllStringIndex(header, -1) {
		from := len([]rune(header[:m[0]]))
		if n := len(all); n > 0 {
			all[n-1].to = from
		}
		all = append(all, column{strings.ToLower(header[m[0]:m[1]]), from, maxLine})
		if len(all) == maxColumns {
			break
		}
	}
	return slices.DeleteFunc(all, func(c column) bool { return !slices.Contains(properties, c.name) })
}

// maxColumns is more than any tool prints.
const maxColumns = 64

func (t *text) table(header line) iter.Seq[record] {
	return func(yield func(record) bool) {
		cols := columns(header.text)
		if len(cols) == 0 { // as in most texts, which are no tables
			return
		}
		for l := range t.filled() {
			if l.no <= header.no || strings.HasPrefix(strings.TrimSpace(l.text), "---") {
				continue
			}
			r := record{}
			row := []rune(l.text)
			for _, c := range cols {
				value := strings.TrimSpace(string(row[min(c.from, len(row)):min(c.to, len(row))]))
				if !strings.HasSuffix(value, "...") && !strings.HasSuffix(value, "…") { // cut by PowerShell
					r.set(c.name, value, l)
				}
			}
			if len(r) > 0 && !yield(r) {
				return
			}
		}
	}
}

// clixml yields the objects of PowerShell's Export-Clixml: children of Objs,
// whose properties are elements with the name in N, at whatever depth.
func (t *text) clixml(yield func(record) bool) {
	var all strings.Builder
	for l := range t.lines() {
		all.WriteString(l.text + "\n")
	}
	d := xml.NewDecoder(strings.NewReader(all.String()))
	d.Strict = false
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // decoded already
	lineAt, stop := t.lineFinder()
	defer stop()

	r, prop := record{}, ""
	var value strings.Builder
	for depth := 0; depth < maxColumns; {
		tok, err := d.Token()
		if err != nil {
			break // the text may end early: what it says still holds
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			depth++
			prop = attribute(tok, "N")
			value.Reset()
		case xml.CharData:
			value.Write(tok)
		case xml.EndElement:
			depth--
			if prop != "" {
				r.set(prop, value.String(), lineAt(int(d.InputOffset())))
			}
			prop = ""
			if depth == 1 && len(r) > 0 {
				if !yield(r) {
					return
				}
				r = record{}
			}
		}
	}
	if len(r) > 0 {
		yield(r)
	}
}

// lineFinder returns a function that finds the line in which the first n bytes of
// the decoded lines, with "\n" after each, end. From call to call n must not fall.
func (t *text) lineFinder() (lineAt func(n int) line, stop func()) {
	next, stop := iter.Pull(t.lines())
	present, end := line{}, 0
	return func(n int) line {
		for end < n {
			l, ok := next()
			if !ok {
				break
			}
			present = l
			end += len(l.text) + len("\n")
		}
		return present
	}, stop
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
