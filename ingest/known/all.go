package known

import (
	"slices"
	"strings"
)

// AllCodes are the codes of the table, in order.
func AllCodes() []Code {
	var list []Code
	for c := range codeTable() {
		list = append(list, c)
	}
	slices.Sort(list)
	return list
}

// CodesNamed are the codes that have this symbol in the Windows headers, in any
// case: more than one if an HRESULT and a Win32 error are named alike.
func CodesNamed(symbol string) []Code {
	return slices.DeleteFunc(AllCodes(), func(c Code) bool { return c.Name() == "" || !strings.EqualFold(c.Name(), symbol) })
}

// An EventText is what Summary says of one event, or of the first of a range
// that means the same.
type EventText struct {
	Provider string
	ID       uint32
	Text     string
}

// AllEvents are the events of the table, as it has them.
func AllEvents() []EventText {
	var list []EventText
	for line := range strings.Lines(eventsTSV) {
		provider, first, _, text, err := parseSummary(strings.TrimSuffix(line, "\n"))
		if err != nil {
			panic("known: " + err.Error()) // embedded: a test reads every line
		}
		list = append(list, EventText{provider, first, text})
	}
	return list
}
