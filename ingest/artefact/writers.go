package artefact

import (
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
)

const guidPattern = `\{[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}\}`

// The lines of a writer, in all languages:
//
//	Writer name: 'Microsoft Hyper-V VSS Writer'      * WRITER "Microsoft Hyper-V VSS Writer"
//	   Writer Id: {66841cd4-…}                           - Status: 1 (VSS_WS_STABLE)
//	   Writer Instance Id: {…}                           - Writer ID: {66841cd4-…}
//	   State: [1] Stable                                 - Instance ID: {…}
var (
	writerGUID  = pattern(`^\s.*[:：=][\s\x{a0}]*(` + guidPattern + `)\s*$`)
	writerState = pattern(`^\s.*[:：][\s\x{a0}]*\[(\d{1,2})\]`)
	shadowState = pattern(`^\s.*[:：=]\s*(\d{1,2}) \(VSS_WS_[A-Z_]+\)`)
	shadowName  = pattern(`^\s*\* \S+ ".*"\s*$`)
)

// knownWriters asks for two GUIDs and a state in a row, or for diskshadow's name
// of a writer and a GUID soon after it.
func knownWriters(t *text) bool {
	row, name := 0, 0
	for l := range t.filled() {
		isGUID := writerGUID().MatchString(l.text)
		switch {
		case row == 2 && writerState().MatchString(l.text), isGUID && name > 0 && l.no-name <= 4:
			return true
		case isGUID:
			row++
		default:
			row = 0
		}
		if shadowName().MatchString(l.text) {
			name = l.no
		}
	}
	return false
}

// readWriters takes the first GUID of each writer and its state. A writer begins
// at a line that is not indented, or that begins with "*".
func readWriters(t *text, f *facts) {
	var id, state string
	var place line
	flush := func() {
		if id != "" && state != "" {
			f.add(place, event.Fact{Key: event.FactWriterState, Name: strings.ToLower(id), Value: state})
		}
		id, state = "", ""
	}
	for l := range t.filled() {
		if l.text[0] != ' ' && l.text[0] != '\t' || shadowName().MatchString(l.text) {
			flush()
			continue
		}
		if m := writerGUID().FindStringSubmatch(l.text); m != nil && id == "" {
			id = m[1]
		}
		m := writerState().FindStringSubmatch(l.text)
		if m == nil {
			m = shadowState().FindStringSubmatch(l.text)
		}
		if m != nil && state == "" {
			state, place = m[1], l
		}
	}
	flush()
}
