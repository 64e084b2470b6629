package search

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/document"
	index "github.com/blevesearch/bleve_index_api"

	"github.com/vsswhy/vsswhy/index/query"
)

// A Key says what a document stands for: an event by its source and offset, or
// a finding by its name.
type Key struct {
	Source  string // of an event: what store.Row.Source calls its log
	Offset  int64
	Finding string // of a finding: a name that no other has; else ""
}

// A Document is an event or a finding as a query sees it. Text is searched in
// what Row.AnyText asks about; jobs, issues and verdicts are what Row.Labels
// says.
type Document struct {
	Key
	Row query.Row
}

// The fields of documents that are not those of a query, which go by its names.
const (
	fieldKind    = "kind"
	fieldClassic = "classic" // a provider's second name; a query's prov: looks there too
	fieldWord    = "word"
	fieldNum     = "num"
	fieldWhen    = "when"
	fieldTime    = "time"
	fieldLabels  = "labels"
)

// The terms of fieldKind.
const (
	kindEvent   = "event"
	kindFinding = "finding"
)

// nameFields are the fields in whose values text is searched too.
var nameFields = []string{string(query.Host), string(query.Provider), fieldClassic, string(query.Channel)}

// id returns the document's id: E, the digest of the source, and the offset; or
// F and the name of the finding.
func (k Key) id(source string) string {
	if k.Finding != "" {
		return "F" + k.Finding
	}
	return "E" + source + strconv.FormatInt(k.Offset, 36)
}

// digest stands for a source in ids: 96 bits of its SHA-256, as 16 characters.
func digest(source string) string {
	sum := sha256.Sum256([]byte(source))
	return base64.RawURLEncoding.EncodeToString(sum[:digestBytes])
}

const (
	digestBytes = 12
	digestChars = digestBytes * 8 / 6
)

// A draft is a document as terms, of which only the texts are not yet cut into
// tokens. Nothing of it belongs to the Row any more.
type draft struct {
	id     string
	labels string // a digest; see labelsOf
	terms  []fieldTerms
	texts  []string
	size   int // in bytes, of the texts
}

// fieldTerms are the terms of one field; no field stands twice in a draft.
type fieldTerms struct {
	field string
	terms []string
}

// newDraft makes the draft of a document whose source has the given digest.
func newDraft(d Document, source string) *draft {
	r := d.Row
	name, classic := r.Provider()
	names := []string{r.Computer(), name, classic, r.Channel()}
	p := &draft{id: d.id(source), labels: labelsOf(r)}
	kind := kindEvent
	if d.Finding != "" {
		kind = kindFinding
	}
	p.add(fieldKind, kind)
	for i, f := range nameFields {
		if names[i] != "" || f != fieldClassic { // most have no second name
			p.add(f, term(names[i]))
		}
	}
	p.add(string(query.ID), strconv.FormatUint(uint64(r.ID()), 10))
	p.add(string(query.Level), strconv.Itoa(int(r.Level())))
	for _, f := range [...]query.Field{query.Code, query.VM, query.Volume, query.Job, query.Issue, query.Verdict} {
		p.add(string(f), listTerms(query.Values(r, f))...)
	}
	p.addTime(timeTerm(clampTime(r.Time())))
	if p.labels != "" {
		p.add(fieldLabels, p.labels)
	}
	r.AnyText(func(s string) bool {
		if s != "" && !slices.Contains(names, s) {
			p.texts = append(p.texts, s)
			p.size += len(s)
		}
		return false // go on with the next
	})
	return p
}

func (p *draft) add(field string, terms ...string) {
	if len(terms) > 0 {
		p.terms = append(p.terms, fieldTerms{field, terms})
	}
}

func (p *draft) addTime(t string) {
	when := make([]string, len(levels))
	for i := range levels {
		when[i] = whenTerm(i, t)
	}
	p.add(fieldWhen, when...)
	p.add(fieldTime, t)
}

// term returns a value as a term. A term can't be empty, so that a NUL stands
// for the empty value and before a value that begins with one. Bytes that are
// not UTF-8 become U+FFFD each, as which a query compares them.
func term(value string) string {
	if !utf8.ValidString(value) {
		value = string([]rune(value))
	}
	if value == "" || value[0] == 0 {
		return "\x00" + value
	}
	return value
}

// valueOf is the inverse of term.
func valueOf(term string) string { return strings.TrimPrefix(term, "\x00") }

func listTerms(values []string) []string {
	terms := make([]string, len(values))
	for i, v := range values {
		terms[i] = term(v)
	}
	return terms
}

// labelsOf returns a digest of what is known of an event only when all logs are
// read, and may change when another is added. It is "" if there is nothing.
func labelsOf(r query.Row) string {
	h := fnv.New64a()
	some := false
	for _, f := range [...]query.Field{query.VM, query.Job, query.Issue, query.Verdict} {
		for _, v := range query.Values(r, f) {
			some = true
			h.Write([]byte(v))
			h.Write([]byte{0})
		}
		h.Write([]byte{0})
	}
	if !some {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
}

// knownFields are fields of one term that were made before: most documents have the
// same few.
type knownFields map[token]*field

// maxKnown is how many are kept, of terms of at most maxKnownTerm bytes.
const (
	maxKnown     = 4096
	maxKnownTerm = 256
)

func (k knownFields) field(t fieldTerms) *field {
	if len(t.terms) != 1 || t.field == fieldTime || len(t.terms[0]) > maxKnownTerm {
		return newField(t.field, t.terms)
	}
	key := token{t.field, t.terms[0]}
	f, ok := k[key]
	if !ok {
		f = newField(t.field, t.terms)
		if len(k) < maxKnown {
			k[key] = f
		}
	}
	return f
}

// bleveDocument returns the document as bleve takes it.
func (p *draft) bleveDocument(k knownFields) *document.Document {
	doc := document.NewDocument(p.id)
	for _, t := range p.terms {
		doc.AddField(k.field(t))
	}
	words, nums := index.TokenFrequencies{}, index.TokenFrequencies{}
	for _, s := range p.texts {
		eachToken(fold(s), func(t token) {
			if t.field == fieldWord {
				words[t.term] = once
			} else {
				nums[t.term] = once
			}
		})
	}
	doc.AddField(&field{fieldWord, words})
	doc.AddField(&field{fieldNum, nums})
	return doc
}

// A field is a field of a document with its terms as bleve takes them, made
// without an analyser. It is never changed.
type field struct {
	name  string
	terms index.TokenFrequencies
}

// once is the frequency of every term, since they are not counted.
var once = new(index.TokenFreq)

func newField(name string, terms []string) *field {
	f := &field{name, make(index.TokenFrequencies, len(terms))}
	for _, t := range terms {
		f.terms[t] = once
	}
	return f
}

// The methods of document.Field.

func (f *field) Name() string                                     { return f.name }
func (f *field) ArrayPositions() []uint64                         { return nil }
func (f *field) Options() index.FieldIndexingOptions              { return index.IndexField | index.SkipFreqNorm }
func (f *field) Analyze()                                         {}
func (f *field) Value() []byte                                    { return nil }
func (f *field) NumPlainTextBytes() uint64                        { return 0 }
func (f *field) EncodedFieldType() byte                           { return 't' } // of text
func (f *field) AnalyzedLength() int                              { return len(f.terms) }
func (f *field) AnalyzedTokenFrequencies() index.TokenFrequencies { return f.terms }

// Size is what bleve counts as memory in use.
func (f *field) Size() int {
	const entry = 64 // of a map with short strings
	return len(f.name) + entry*len(f.terms)
}
