package query

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
)

// A Field is what a term is about, by the name that the language has for it.
type Field string

// The fields.
const (
	Host     Field = "host"
	Provider Field = "prov"
	Channel  Field = "chan"
	ID       Field = "id"
	Level    Field = "level"
	Code     Field = "code"
	VM       Field = "vm"
	Volume   Field = "vol"
	Job      Field = "job"
	Issue    Field = "issue"
	Verdict  Field = "verdict"
	Since    Field = "since"
	Until    Field = "until"
)

// A fieldSpec is what the parser, the completion and the help know of a field.
type fieldSpec struct {
	field Field
	doc   string
	parse func(op string, words []word) (value, *mistake)
}

var fieldSpecs = []fieldSpec{
	{Host, "computer, by its full or short name", parseNames},
	{Provider, "provider; Microsoft-Windows- and Hyper-V- may be left out", parseNames},
	{Channel, "channel; Microsoft-Windows- and Hyper-V- may be left out", parseNames},
	{ID, "event ids and ranges: 8229,10102-10111", parseIDs},
	{Level, "critical, error, warning, information, verbose; also level<=2", parseLevels},
	{Code, "error code in any spelling", parseCodes},
	{VM, "virtual machine, by name or id", parseVMs},
	{Volume, "cluster shared volume, by its plain name", parseNames},
	{Job, "backup or restore job", parseNames},
	{Issue, "KB975354 issue of a finding", parseNames},
	{Verdict, "confirmed, likely, possible, ruled-out", parseVerdicts},
	{Since, "from this time on: 2010-03-14T22:00, 22:00, -2h", parseSince},
	{Until, "before this time: 2010-03-14T22:00, 22:00, -2h, +30m", parseUntil},
}

func specOf(name string) *fieldSpec {
	for i := range fieldSpecs {
		if string(fieldSpecs[i].field) == name {
			return &fieldSpecs[i]
		}
	}
	return nil
}

// Verdicts are the values of the field verdict, the strongest first.
func Verdicts() []string { return []string{"confirmed", "likely", "possible", "ruled-out"} }

// A word is one value as written.
type word struct {
	text       string
	start, end int // bytes of the query
}

// A mistake is what a parse function finds wrong with a word.
type mistake struct {
	word       word
	text, hint string
}

// A value is what a term compares with. Its text parses to the same value.
type value interface{ text() string }

type (
	names  []string
	ids    []idRange
	codes  []known.Code
	levels struct {
		op   string // of equality ":", else as written
		list []event.Level
	}
	freeText string
	regex    struct{ *regexp.Regexp }
)

// An idRange is the event ids from first to last.
type idRange struct{ first, last uint32 }

func parseNames(_ string, words []word) (value, *mistake) {
	list := make(names, len(words))
	for i, w := range words {
		list[i] = w.text
	}
	return list, nil
}

// parseVMs takes the braces off ids.
func parseVMs(_ string, words []word) (value, *mistake) {
	const guid = len("{2b0e7a58-6d6c-4c5f-9b44-0c2f3a1d2e12}")
	list := make(names, len(words))
	for i, w := range words {
		if list[i] = w.text; len(w.text) == guid && w.text[0] == '{' && w.text[guid-1] == '}' {
			list[i] = w.text[1 : guid-1]
		}
	}
	return list, nil
}

func parseVerdicts(_ string, words []word) (value, *mistake) {
	list := make(names, len(words))
	for i, w := range words {
		if list[i] = strings.ToLower(w.text); !slices.Contains(Verdicts(), list[i]) {
			return nil, &mistake{w, fmt.Sprintf("%q is no verdict", w.text), "want " + strings.Join(Verdicts(), ", ")}
		}
	}
	return list, nil
}

func parseIDs(_ string, words []word) (value, *mistake) {
	list := make(ids, len(words))
	for i, w := range words {
		low, high, isRange := strings.Cut(w.text, "-")
		if !isRange {
			high = low
		}
		first, errLow := strconv.ParseUint(low, 10, 32)
		last, errHigh := strconv.ParseUint(high, 10, 32)
		if errLow != nil || errHigh != nil {
			return nil, &mistake{w, fmt.Sprintf("%q is no event id", w.text), "want 8229 or 10102-10111"}
		}
		if first > last {
			return nil, &mistake{w, "this range is empty", fmt.Sprintf("want %d-%d", last, first)}
		}
		list[i] = idRange{uint32(first), uint32(last)}
	}
	return list, nil
}

func parseCodes(_ string, words []word) (value, *mistake) {
	list := make(codes, len(words))
	for i, w := range words {
		c, err := known.ParseCode(w.text)
		if err != nil {
			return nil, &mistake{w, fmt.Sprintf("%q is no error code", w.text), "want 0x800423f4, 800423f4, -2147212300 or 2147754996"}
		}
		list[i] = c
	}
	return list, nil
}

// levelNames are the names of event.LevelCritical and the following; other
// levels have only their numbers.
var levelNames = []string{"critical", "error", "warning", "information", "verbose"}

// LevelName returns the name that a query has for a level; level 0 counts as
// information.
func LevelName(l event.Level) string {
	if l = effective(l); int(l) <= len(levelNames) {
		return levelNames[l-1]
	}
	return strconv.Itoa(int(l))
}

// effective: what is always logged (0) is no more severe than information.
func effective(l event.Level) event.Level {
	if l == event.LevelAlways {
		return event.LevelInformation
	}
	return l
}

func parseLevels(op string, words []word) (value, *mistake) {
	if op == "=" {
		op = ":"
	}
	if op != ":" && len(words) > 1 {
		return nil, &mistake{words[1], "a list of levels can only be equal", "write level:error,warning"}
	}
	list := make([]event.Level, len(words))
	for i, w := range words {
		l, ok := parseLevel(w.text)
		if !ok {
			return nil, &mistake{w, fmt.Sprintf("%q is no level", w.text), "want 0 to 255, " + strings.Join(levelNames, ", ")}
		}
		list[i] = effective(l)
	}
	return levels{op, list}, nil
}

func parseLevel(s string) (event.Level, bool) {
	if i := slices.Index(levelNames, strings.ToLower(s)); i >= 0 {
		return event.LevelCritical + event.Level(i), true
	}
	n, err := strconv.ParseUint(s, 10, 8)
	return event.Level(n), err == nil
}

func (v names) text() string { return ":" + joined(v, quoteValue) }

func (v ids) text() string {
	return ":" + joined(v, func(r idRange) string {
		if r.first == r.last {
			return fmt.Sprint(r.first)
		}
		return fmt.Sprintf("%d-%d", r.first, r.last)
	})
}

func (v codes) text() string { return ":" + joined(v, known.Code.String) }

func (v levels) text() string {
	if v.op == ":" {
		return v.op + joined(v.list, LevelName)
	}
	return fmt.Sprint(v.op, v.list[0])
}

func joined[T any](list []T, text func(T) string) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = text(v)
	}
	return strings.Join(out, ",")
}

// text quotes what would not be read as text again.
func (v freeText) text() string {
	s := string(v)
	_, op := cutField(s)
	if op != "" || s[0] == '-' || s[0] == '/' || isKeyword(s) || strings.ContainsFunc(s, isDelimiter) {
		return quote(s)
	}
	return s
}

// text puts the expression between slashes, and a backslash before those in it.
func (v regex) text() string {
	var b strings.Builder
	b.WriteByte('/')
	for s := v.String(); s != ""; {
		n := 1
		switch {
		case s[0] == '/':
			b.WriteByte('\\')
		case s[0] == '\\' && len(s) > 1:
			n = 2
		}
		b.WriteString(s[:n])
		s = s[n:]
	}
	b.WriteByte('/')
	return b.String()
}

func quoteValue(s string) string {
	if s == "" || strings.ContainsFunc(s, isDelimiter) || strings.ContainsRune(s, ',') {
		return quote(s)
	}
	return s
}

// quote puts s in quotation marks. A backslash is doubled only where it would
// be read with what follows.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		last := i == len(s)-1
		if s[i] == '"' || s[i] == '\\' && (last || s[i+1] == '"' || s[i+1] == '\\') {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	b.WriteByte('"')
	return b.String()
}
