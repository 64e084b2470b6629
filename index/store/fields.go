package store

import (
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// The column of fields is text for eyes and for searching, from which the
// fields can be had again:
//
//	VmName=SQL 01
//	Parameter0=the first line
//	⇥the second line
//	=value without a name
//
// A line feed within a value is followed by a tab, as in the header of a mail.
// In names, which have none of these in honest logs, percent signs, equals
// signs, tabs and line feeds are written %XX. JSON would double the backslashes
// of paths, which nobody searching for one would type, and lose the order and
// the repetitions of names.

var (
	nameEscaper   = strings.NewReplacer("%", "%25", "=", "%3D", "\t", "%09", "\n", "%0A")
	nameUnescaper = strings.NewReplacer("%25", "%", "%3D", "=", "%09", "\t", "%0A", "\n")
)

func appendFields(b []byte, fields []event.Field) []byte {
	for i := range fields {
		name, value := fields[i].Name, fields[i].Value
		if strings.ContainsAny(name, "%=\t\n") {
			name = nameEscaper.Replace(name)
		}
		b = append(b, name...)
		b = append(b, '=')
		b = appendFolded(b, value)
		b = append(b, '\n')
	}
	return b
}

func appendFolded(b []byte, value string) []byte {
	for {
		line, rest, more := strings.Cut(value, "\n")
		b = append(b, line...)
		if !more {
			return b
		}
		b = append(b, "\n\t"...)
		value = rest
	}
}

func splitFields(s string) []event.Field {
	if s == "" {
		return nil
	}
	fields := make([]event.Field, 0, strings.Count(s, "\n")-strings.Count(s, "\n\t"))
	for s != "" {
		var f event.Field
		f, s = cutField(s)
		fields = append(fields, f)
	}
	return fields
}

// cutField takes the first field off s.
func cutField(s string) (f event.Field, rest string) {
	end := 0
	for {
		i := strings.IndexByte(s[end:], '\n')
		if i < 0 {
			end = len(s)
			break
		}
		if end += i; !strings.HasPrefix(s[end+1:], "\t") {
			rest = s[end+1:]
			break
		}
		end++
	}
	name, value, _ := strings.Cut(s[:end], "=")
	if strings.Contains(name, "%") {
		name = nameUnescaper.Replace(name)
	}
	return event.Field{Name: name, Value: strings.ReplaceAll(value, "\n\t", "\n")}, rest
}
