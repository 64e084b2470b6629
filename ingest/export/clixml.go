package export

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// knownClixml knows objects of PowerShell by their root, and events by the names
// of properties.
func knownClixml(l *lines) bool {
	first, _ := l.next()
	if !strings.HasPrefix(strings.TrimSpace(first.text), "<Objs ") {
		return false
	}
	var names []string
	for next := first; ; {
		for _, m := range propertyName.FindAllStringSubmatch(next.text, -1) {
			names = append(names, strings.ToLower(m[1]))
		}
		var ok bool
		if next, ok = l.next(); !ok {
			break
		}
	}
	return isEvents(names) || contains(names, "providername", "id", "recordid")
}

func contains(list []string, names ...string) bool {
	all := strings.Join(list, " ") + " "
	for _, name := range names {
		if !strings.Contains(all, name+" ") {
			return false
		}
	}
	return true
}

var propertyName = regexp.MustCompile(`<\w+ N="(\w+)"`)

// maxObject bounds the text of one token, and maxDepth how deep objects lie in
// each other.
const (
	maxObject = 16 << 20
	maxDepth  = 64
)

// clixmlRecords yields the objects of a file of Export-Clixml that are events:
//
//	<Objs>
//	  <Obj RefId="0">
//	    <TN><T>System.Diagnostics.Eventing.Reader.EventLogRecord</T> … </TN>
//	    <Props>
//	      <I32 N="Id">8229</I32>
//	      <DT N="TimeCreated">2010-03-14T23:02:31.5+01:00</DT>
//	      <Obj N="Properties"><LST><Obj><Props><S N="Value">…</S></Props></Obj></LST></Obj>
//	    </Props>
//	    <MS><S N="Message">…</S></MS>
//	  </Obj>
//
// ([MS-PSRP] 2.2.5 has the elements.) With a small -Depth the properties are there
// as the name of their type only, and the event has no fields.
func clixmlRecords(l *lines, report reporter) iter.Seq[record] {
	return func(yield func(record) bool) {
		in := &lineText{l: l}
		d := xml.NewDecoder(in)
		d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // decoded already
		o := objects{d: d, in: in}
		for {
			in.given = 0
			tok, err := d.Token()
			if err != nil {
				o.ended(err, report)
				return
			}
			if rec, ok := o.take(tok); ok && !yield(rec) {
				return
			}
			if len(o.open) > maxDepth {
				report(event.DamageLimit, in.at(d), true, fmt.Sprintf("objects lie more than %d deep in each other: the rest is not read", maxDepth))
				return
			}
		}
	}
}

// lineText is the decoded text, line by line. It remembers where the present
// lines stand in the source.
type lineText struct {
	l     *lines
	rest  string
	kept  []line // without their text; the first is line kept[0].no
	given int    // bytes since the last token
}

var errObject = errors.New("a token of more than 16 MiB")

func (t *lineText) Read(p []byte) (int, error) {
	if t.given > maxObject {
		return 0, errObject
	}
	if t.rest == "" {
		next, ok := t.l.next()
		if !ok {
			return 0, io.EOF
		}
		t.rest = next.text + "\n"
		next.text = ""
		t.kept = append(t.kept, next)
	}
	n := copy(p, t.rest)
	t.rest = t.rest[n:]
	t.given += n
	return n, nil
}

// at is where the decoder stands. What lies before is forgotten.
func (t *lineText) at(d *xml.Decoder) line {
	no, column := d.InputPos()
	for len(t.kept) > 1 && t.kept[0].no < no {
		t.kept = t.kept[1:]
	}
	if len(t.kept) == 0 {
		return line{no: no}
	}
	width := int64(1)
	if t.l.order != nil {
		width = 2
	}
	at := t.kept[0]
	at.offset += width * int64(max(0, column-1))
	return at
}

// objects follows the elements of the file.
type objects struct {
	d    *xml.Decoder
	in   *lineText
	open []element
	rec  record
	text strings.Builder
}

// An element that is open: what it is called, and the property that it is.
type element struct{ name, property string }

// take takes a token, and returns the record that it ends.
func (o *objects) take(tok xml.Token) (rec record, ok bool) {
	switch tok := tok.(type) {
	case xml.StartElement:
		o.text.Reset()
		e := element{name: tok.Name.Local}
		for _, a := range tok.Attr {
			if a.Name.Local == "N" {
				e.property = strings.ToLower(a.Value)
			}
		}
		if len(o.open) == 1 && e.name == "Obj" {
			o.rec = record{values: map[string]string{}, line: o.in.at(o.d)}
		}
		o.open = append(o.open, e)
	case xml.CharData:
		if o.text.Len() < maxMessage {
			o.text.Write(tok)
		}
	case xml.EndElement:
		return o.end()
	}
	return rec, false
}

func (o *objects) end() (rec record, ok bool) {
	if len(o.open) == 0 {
		return rec, false
	}
	e := o.open[len(o.open)-1]
	if o.rec.values != nil {
		o.value(e)
	}
	o.text.Reset()
	o.open = o.open[:len(o.open)-1]
	if len(o.open) == 1 && e.name == "Obj" {
		rec, o.rec = o.rec, record{}
		return rec, isEventObject(rec.values)
	}
	return rec, false
}

func isEventObject(values map[string]string) bool {
	_, created := values["timecreated"]
	_, generated := values["timegenerated"]
	return created || generated
}

// value takes what an element that ends holds.
func (o *objects) value(e element) {
	if e.name == "Obj" || e.name == "Props" || e.name == "LST" || e.name == "MS" || e.name == "TN" || e.name == "T" {
		return
	}
	inner := o.within()
	text := unescape(o.text.String())
	switch {
	case inner == "" && e.property == "data" && e.name == "BA": // of Get-EventLog
		o.binary(text)
	case inner == "" && e.property != "":
		if _, again := o.rec.values[e.property]; !again {
			o.rec.values[e.property] = text
		}
		o.rec.bare = o.rec.bare || e.property == "properties" && text != ""
	case inner == "userid" && e.name == "ToString":
		o.rec.values["userid"] = text
	case inner == "properties" && e.property == "value", inner == "properties" && o.inValue():
		o.field(e.name, text)
	case inner == "properties" && e.name == "S" && strings.HasPrefix(text, "System.Diagnostics.Eventing.Reader."):
		o.rec.bare = true
	case inner == "replacementstrings" && e.name == "S":
		o.field("S", text)
	}
}

// within is the property whose object the present element lies in; "" in the
// event's own.
func (o *objects) within() string {
	for _, e := range o.open[:len(o.open)-1] {
		if e.name == "Obj" && e.property != "" {
			return e.property
		}
	}
	return ""
}

// inValue reports whether the present element is an item of an array that is the
// value of a field: each is a field of its own.
func (o *objects) inValue() bool {
	n := len(o.open)
	return n > 2 && o.open[n-1].property == "" && o.open[n-2].name == "LST" && o.open[n-3].property == "value"
}

// field adds a value as event XML shows it.
func (o *objects) field(kind, text string) {
	switch kind {
	case "BA":
		o.binary(text)
		return
	case "DT":
		if t, err := time.Parse(time.RFC3339, text); err == nil {
			text = t.UTC().Format("2006-01-02T15:04:05.0000000Z")
		}
	case "G":
		text = braces(strings.ToUpper(text))
	}
	o.rec.fields = append(o.rec.fields, event.Field{Value: text})
}

func (o *objects) binary(text string) {
	if raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text)); err == nil && len(raw) > 0 {
		o.rec.fields = append(o.rec.fields, event.Field{Name: "Binary", Value: strings.ToUpper(hex.EncodeToString(raw))})
	}
}

// ended says why the file ended, unless it ended as it should.
func (o *objects) ended(err error, report reporter) {
	at := o.in.at(o.d)
	var syntax *xml.SyntaxError
	switch {
	case err == io.EOF && len(o.open) == 0:
	case err == io.EOF || errors.As(err, &syntax) && strings.Contains(syntax.Msg, "unexpected EOF"):
		report(event.DamageTruncated, at, true, "the text ends within the objects")
	case errors.Is(err, errObject):
		report(event.DamageLimit, at, true, errObject.Error()+": the rest is not read")
	default:
		report(event.DamageSyntax, at, true, "no XML from here on: the rest is not read")
	}
}

// escapes are characters that XML can't have, or that would be lost, as units of
// UTF-16: two of them may be one character.
var escapes = regexp.MustCompile(`(?:_x[0-9A-Fa-f]{4}_)+`)

func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	return escapes.ReplaceAllStringFunc(s, func(run string) string {
		units := make([]uint16, 0, len(run)/len("_x000A_"))
		for ; run != ""; run = run[len("_x000A_"):] {
			n, _ := strconv.ParseUint(run[2:6], 16, 16)
			units = append(units, uint16(n))
		}
		return string(utf16.Decode(units))
	})
}
