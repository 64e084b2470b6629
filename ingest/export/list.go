package export

import (
	"iter"
	"regexp"
	"slices"
	"strings"
)

// propertyLine is a property as Format-List shows it. The names are padded to one
// width; longer values go on in lines that begin with so many spaces.
var propertyLine = regexp.MustCompile(`^([A-Za-z]\w*) *: ?(.*)$`)

// knownList knows a list by the names of properties.
func knownList(l *lines) bool {
	var names []string
	for next, ok := l.next(); ok; next, ok = l.next() {
		if m := propertyLine.FindStringSubmatch(next.text); m != nil {
			names = append(names, strings.ToLower(m[1]))
		} else if len(names) == 0 && strings.TrimSpace(next.text) != "" {
			return false
		}
	}
	return isEvents(names)
}

// maxText bounds the text of one record, in bytes.
const maxText = 4 << 20

func listRecords(l *lines, _ reporter) iter.Seq[record] {
	return func(yield func(record) bool) {
		b, width := recordBuilder{}, 0
		for next, ok := l.next(); ok; next, ok = l.next() {
			m := propertyLine.FindStringSubmatch(next.text)
			if m == nil {
				b.more(cutIndent(next.text, width))
				continue
			}
			name := strings.ToLower(m[1])
			if b.has(name) && !b.flush(yield) {
				return
			}
			width = len(next.text) - len(m[2])
			b.set(name, m[2], next)
		}
		b.flush(yield)
	}
}

// cutIndent cuts up to so many spaces off.
func cutIndent(text string, width int) string {
	n := len(text) - len(strings.TrimLeft(text, " "))
	return text[min(n, width):]
}

// A recordBuilder collects the properties of a record from lines.
type recordBuilder struct {
	rec  record
	name string   // of the property that is being read
	text []string // its lines
	size int
}

func (b *recordBuilder) has(name string) bool {
	_, ok := b.rec.values[name]
	return ok || b.name == name
}

// set begins a property.
func (b *recordBuilder) set(name, value string, at line) {
	b.close()
	if b.rec.values == nil {
		b.rec.values, b.rec.line = map[string]string{}, at
	}
	b.name, b.text = name, []string{value}
	b.grow(len(value))
	if at.cut {
		b.rec.wrong = "a line of more than 4 MiB"
	}
}

// more adds a line to the property.
func (b *recordBuilder) more(text string) {
	if b.name != "" && b.rec.wrong == "" {
		b.text = append(b.text, text)
		b.grow(len(text) + 1)
	}
}

func (b *recordBuilder) grow(n int) {
	if b.size += n; b.size > maxText {
		b.rec.wrong = "a record of more than 4 MiB"
	}
}

func (b *recordBuilder) close() {
	if b.name != "" {
		b.rec.values[b.name] = strings.TrimSpace(strings.Join(b.text, "\n"))
	}
	b.name, b.text = "", nil
}

// flush yields the record, if there is one, and begins another.
func (b *recordBuilder) flush(yield func(record) bool) bool {
	b.close()
	rec := b.rec
	*b = recordBuilder{}
	return rec.values == nil || yield(rec)
}

// labels are those of wevtutil's text and of Event Viewer's copies, in English.
var labels = map[string]string{
	"log name": "logname", "source": "providername", "date": "timecreated", "event id": "id", "task": "task", "task category": "taskdisplayname",
	"level": "level", "opcode": "opcode", "keyword": "keywordsdisplay", "keywords": "keywordsdisplay", "user": "userid", "user name": "username",
	"computer": "machinename", "description": "message",
}

// labelled splits a line at its label, if it begins with one.
func labelled(text string) (name, value string, ok bool) {
	label, value, ok := strings.Cut(text, ":")
	name, known := labels[strings.ToLower(strings.TrimSpace(label))]
	if value = strings.TrimSpace(value); value == "N/A" {
		value = ""
	}
	return name, value, ok && known
}

// wevtutil begins each event with its number, behind a word of the user's language.
var wevtutilEvent = regexp.MustCompile(`^(\p{L}+)\[\d+\]:?\s*$`)

// wevtutilNames are what its lines say, in their order: no language changes that.
var wevtutilNames = []string{
	"logname", "providername", "timecreated", "id", "task", "level", "opcode", "keywordsdisplay", "userid", "username", "machinename", "message",
}

// knownWevtutil knows the first event by its number, and by the form of its time and
// its id.
func knownWevtutil(l *lines) bool {
	first, _ := l.next()
	if !wevtutilEvent.MatchString(first.text) {
		return false
	}
	rec := record{values: map[string]string{}}
	for _, name := range wevtutilNames[:4] {
		next, _ := l.next()
		_, rec.values[name], _ = strings.Cut(next.text, ":")
	}
	_, isTime := parseMoment(rec.time(), monthFirst)
	_, isID := rec.number("id")
	return isTime && isID
}

// wevtutilRecords reads the records. All lines behind that of the message are the
// message's, up to the next record.
func wevtutilRecords(l *lines, _ reporter) iter.Seq[record] {
	return func(yield func(record) bool) {
		b, n, event := recordBuilder{}, 0, ""
		for next, ok := l.next(); ok; next, ok = l.next() {
			m := wevtutilEvent.FindStringSubmatch(next.text)
			if m != nil && (event == "" || event == m[1]) {
				if !b.flush(yield) {
					return
				}
				b.rec.values, b.rec.line = map[string]string{}, next
				n, event = 0, m[1]
			} else if _, value, ok := strings.Cut(next.text, ":"); ok && n < len(wevtutilNames) {
				b.set(wevtutilNames[n], wevtutilValue(wevtutilNames[n], strings.TrimSpace(value)), next)
				n++
			} else if n == len(wevtutilNames) {
				b.more(next.text)
			}
		}
		b.flush(yield)
	}
}

// wevtutilValue is a value without the words for "N/A", in whichever language.
func wevtutilValue(name, value string) string {
	if name == "userid" && !strings.HasPrefix(value, "S-1-") || name == "username" && !strings.Contains(value, `\`) {
		return ""
	}
	return value
}

// knownCopied knows what was copied from Event Viewer by its first labels.
func knownCopied(l *lines) bool {
	var names []string
	for next, ok := l.next(); ok && len(names) < 4; next, ok = l.next() {
		if strings.TrimSpace(next.text) == "" && len(names) == 0 {
			continue
		}
		name, _, ok := labelled(next.text)
		if !ok {
			break
		}
		names = append(names, name)
	}
	return slices.Equal(names, []string{"logname", "providername", "timecreated", "id"})
}

func copiedRecords(l *lines, _ reporter) iter.Seq[record] {
	return labelledRecords(l, func(next line) bool {
		name, _, ok := labelled(next.text)
		return ok && name == "logname" && !strings.HasPrefix(next.text, " ")
	})
}

// labelledRecords reads records that begin with a line of a kind. Behind the
// label of the message all lines are the message's, up to the next record.
func labelledRecords(l *lines, begins func(line) bool) iter.Seq[record] {
	return func(yield func(record) bool) {
		b := recordBuilder{}
		for next, ok := l.next(); ok; next, ok = l.next() {
			if begins(next) {
				if !b.flush(yield) {
					return
				}
				b.rec.values, b.rec.line = map[string]string{}, next
			}
			name, value, ok := labelled(next.text)
			switch {
			case ok && b.name != "message" && !b.has(name):
				b.set(name, value, next)
			case b.name == "message":
				b.more(next.text)
			}
		}
		b.flush(yield)
	}
}
