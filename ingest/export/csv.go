package export

import (
	"iter"
	"slices"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// viewerColumns are those that Event Viewer exports, in this order, and the
// message behind them, which has no name. Of Security it has keywords instead of
// a level.
var viewerColumns = []string{"leveldisplayname", "timecreated", "providername", "id", "taskdisplayname", "message"}

// A table is what the header of a CSV says.
type table struct {
	names     []string // of the columns, in lower case
	separator rune
}

// knownCSV knows a table by its header, and that of Event Viewer, whose names are
// in any language, by its first row.
func knownCSV(l *lines) bool {
	_, ok := header(l)
	return ok
}

// header reads the header.
func header(l *lines) (table, bool) {
	first, ok := l.next()
	for ok && (strings.HasPrefix(first.text, "#TYPE") || strings.TrimSpace(first.text) == "") {
		first, ok = l.next()
	}
	for _, separator := range []rune{',', ';', '\t'} {
		names, whole := split(first.text, separator)
		if !whole || len(names) < 4 {
			continue
		}
		for i := range names {
			names[i] = strings.ToLower(strings.TrimSpace(names[i]))
		}
		if isEvents(names) {
			return table{names, separator}, true
		}
		if len(names) == len(viewerColumns)-1 && viewerRow(l, separator) {
			return table{viewerColumns, separator}, true
		}
	}
	return table{}, false
}

// isEvents reports whether names are those of Get-WinEvent or Get-EventLog. Of what
// Select-Object left no provider, every record is lost; it is not passed over.
func isEvents(names []string) bool {
	has := func(name string) bool { return slices.Contains(names, name) }
	return has("timecreated") && has("id") && (has("providername") || has("leveldisplayname") || has("recordid")) || has("timegenerated") && has("source") && (has("eventid") || has("instanceid"))
}

// viewerRow reports whether the next line is a row of Event Viewer.
func viewerRow(l *lines, separator rune) bool {
	row, ok := l.next()
	if !ok {
		return false
	}
	l.unread(row)
	values, _ := split(row.text, separator)
	if len(values) < len(viewerColumns) {
		return false
	}
	_, isID := numbers(values[3], "")
	_, monthFirst := parseMoment(values[1], monthFirst)
	_, dayFirst := parseMoment(values[1], dayFirst)
	return isID && values[3] != "" && (monthFirst || dayFirst)
}

// split splits a row of one line. Whole is false if a quote is open at its end:
// the row goes on in the next line.
func split(text string, separator rune) (values []string, whole bool) {
	r := row{separator: separator}
	whole = r.add(text)
	return r.finish(), whole
}

// A row is split at separators outside of quotes, line by line. A value is quoted
// if it begins with a quotation mark; two of them in it stand for one.
type row struct {
	separator rune
	values    []string
	value     strings.Builder
	quoted    bool
}

// add takes a line, and reports whether the row is whole.
func (r *row) add(text string) bool {
	for {
		if !r.quoted && r.value.Len() == 0 && strings.HasPrefix(text, `"`) {
			r.quoted, text = true, text[1:]
		}
		if r.quoted {
			if text = r.quotation(text); r.quoted {
				return false
			}
		}
		i := strings.IndexRune(text, r.separator)
		if i < 0 {
			r.value.WriteString(text)
			return true
		}
		r.value.WriteString(text[:i])
		r.next()
		text = text[i+1:]
	}
}

// quotation takes text up to the quotation mark that ends the value, and returns
// what is behind it.
func (r *row) quotation(text string) string {
	for {
		i := strings.IndexByte(text, '"')
		if i < 0 {
			r.value.WriteString(text)
			return ""
		}
		r.value.WriteString(text[:i])
		if text = text[i+1:]; !strings.HasPrefix(text, `"`) {
			r.quoted = false
			return text
		}
		r.value.WriteByte('"')
		text = text[1:]
	}
}

func (r *row) next() {
	r.values = append(r.values, r.value.String())
	r.value.Reset()
}

func (r *row) finish() []string {
	r.next()
	return r.values
}

// maxRow bounds a row of several lines, in bytes.
const maxRow = 4 << 20

func csvRecords(l *lines, report reporter) iter.Seq[record] {
	return func(yield func(record) bool) {
		t, ok := header(l)
		if !ok {
			return
		}
		for {
			first, ok := l.next()
			switch {
			case !ok:
				return
			case strings.TrimSpace(first.text) == "" || strings.HasPrefix(first.text, "#TYPE"):
				continue
			}
			if !yield(t.row(l, first, report)) {
				return
			}
		}
	}
}

// row reads the row that begins with a line.
func (t *table) row(l *lines, first line, report reporter) record {
	rec := record{values: map[string]string{}, line: first}
	r := row{separator: t.separator}
	for size, whole := len(first.text), r.add(first.text); !whole; {
		more, ok := l.next()
		if !ok {
			report(event.DamageTruncated, first, true, "the text ends within a row")
			break
		}
		if size += len(more.text) + 1; size > maxRow {
			rec.wrong = "a row of more than 4 MiB, or a quotation mark that is not closed"
			return rec
		}
		r.value.WriteByte('\n')
		whole = r.add(more.text)
	}
	if first.cut {
		rec.wrong = "a line of more than 4 MiB"
	}
	values := r.finish()
	for i, name := range t.names[:min(len(t.names), len(values))] {
		rec.values[name] = values[i]
	}
	return rec
}
