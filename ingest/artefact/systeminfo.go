package artefact

import (
	"encoding/csv"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// osVersion is the value that names the system, in every language a version and,
// after words, its last number once more:
//
//	6.1.7601 Service Pack 1 Build 7601
//	6.1.7600 Nicht zutreffend Build 7600
var osVersion = pattern(`^(\d{1,2}\.\d{1,2}\.(\d{4,5}))\s.*\D(\d{4,5})$`)

// osBuild returns the version in such a value, or "". BIOS versions and the names
// of a virtual machine's maker hold numbers too, but never the same one twice.
func osBuild(value string) string {
	if m := osVersion().FindStringSubmatch(value); m != nil && m[2] == m[3] {
		return m[1]
	}
	return ""
}

// knownSystemInfo recognises
//
//	Host Name:                 NODE-A            "Host Name","OS Name","OS Version",…
//	OS Name:                   Microsoft …       "NODE-A","Microsoft …","6.1.7601 Service Pack 1 Build 7601",…
//	OS Version:                6.1.7601 Service Pack 1 Build 7601
//
// The version is the third value, and the first one is a name of one word.
func knownSystemInfo(t *text) bool {
	var values []string
	for l := range t.filled() {
		if len(values) == 0 && isInfoRow(csvFields(l.text)) {
			return true
		}
		if _, value, ok := labelled(l.text); ok {
			values = append(values, value)
		}
		if len(values) == 3 {
			return isName(values[0]) && osBuild(values[2]) != ""
		}
		if l.no-t.before.no > 20 {
			return false
		}
	}
	return false
}

func isInfoRow(fields []string) bool {
	return len(fields) >= 10 && isName(fields[0]) && osBuild(fields[2]) != ""
}

// isName reports whether a computer may be called so. An expression that counts to
// longestName would take 10 ms and 10 MB at each start of the program.
func isName(s string) bool {
	if s == "" || utf8.RuneCountInString(s) > longestName || strings.ContainsRune("._-", rune(s[0])) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !strings.ContainsRune("._-", r)
	})
}

const longestName = 255 // characters of a DNS name

// csvFields splits a line of quoted values, and returns nil for any other line.
func csvFields(s string) []string {
	if !strings.HasPrefix(s, `"`) {
		return nil
	}
	r := csv.NewReader(strings.NewReader(s))
	fields, err := r.Read()
	if err != nil {
		return nil
	}
	return fields
}

func readSystemInfo(t *text, f *facts) {
	s := systemInfo{f: f}
	for l := range t.lines() {
		if isPrompt(l.text) {
			continue
		}
		if fields := csvFields(l.text); isInfoRow(fields) {
			s.row(l, fields)
			continue
		}
		s.line(l)
	}
	s.endBlock()
}

// systemInfo reads the list form line by line.
type systemInfo struct {
	f       *facts
	values  int
	builds  int // versions met: one for each computer
	above   string
	block   []event.Fact // hotfixes of the present block of "[01]: …"
	place   line         // where it begins
	entries int
}

func (s *systemInfo) line(l line) {
	if m := entry().FindStringSubmatch(l.text); m != nil {
		s.entry(l, m[1])
		return
	}
	s.endBlock()
	_, value, ok := labelled(l.text)
	if !ok {
		return
	}
	s.above = value
	s.values++
	switch {
	case s.values == 1 && isName(value):
		s.f.computer(l, value)
	case osBuild(value) != "":
		s.build(l, value)
	}
}

// build states the version; a second one belongs to another computer.
func (s *systemInfo) build(l line, value string) {
	if s.builds++; s.builds == 1 {
		s.f.add(l, event.Fact{Key: event.FactOSBuild, Value: osBuild(value)})
	} else if s.builds == 2 {
		s.f.damage(event.DamageUnsupported, l.offset, "a listing of several computers: only the first one is read")
	}
}

// entry is an item of a numbered list: processors, hotfixes, network cards and
// their addresses.
var entry = pattern(`^\s+\[\d+\]:\s*(.*?)\s*$`)

// hotfixID is a hotfix at the start of an item; Windows Server 2003 adds remarks.
var hotfixID = pattern(`^(?i:KB)\d{5,8}\b`)

func (s *systemInfo) entry(l line, item string) {
	if s.entries == 0 {
		s.place = l
	}
	s.entries++
	if id := hotfixID().FindString(item); id != "" && len(s.block) < maxFacts {
		s.block = append(s.block, event.Fact{Ref: event.Ref{Offset: l.offset}, Line: l.no, Key: event.FactHotfix, Value: strings.ToUpper(id)})
	}
}

// endBlock states the hotfixes of a block that has any. The line above it says
// how many there are; systeminfo cuts long lists.
func (s *systemInfo) endBlock() {
	if len(s.block) > 0 && s.builds <= 1 {
		list := event.Fact{Key: event.FactHotfixList, Value: strconv.Itoa(s.entries)}
		if n := leadingNumber().FindString(s.above); n != "" && n != list.Value {
			list.Note = "the list may be partial: it says that there are " + n
		}
		s.f.add(s.place, list)
		for _, h := range s.block {
			s.f.add(line{no: h.Line, offset: h.Offset}, h)
		}
	}
	s.block, s.entries = nil, 0
}

var leadingNumber = pattern(`^\d+`)

// row reads the CSV form: the hotfixes are one value, "2 … ,[01]: KB1,[02]: KB2".
func (s *systemInfo) row(l line, fields []string) {
	if s.builds == 0 {
		s.f.computer(l, fields[0])
	}
	s.build(l, fields[2])
	for _, field := range fields {
		head, items, ok := strings.Cut(field, ",[01]:")
		if !ok {
			continue
		}
		s.above = head
		for _, item := range csvEntry().Split(items, -1) {
			s.entry(l, strings.TrimSpace(item))
		}
		s.endBlock()
	}
}

var csvEntry = pattern(`,\[\d+\]:`)
