package known

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// Summary returns what an event means for backup and restore, in one line of our
// own words, or "" if it is not known. It is for people; the id alone never
// decides, and where an id means different things by Windows version the line
// says so. Provider names compare without regard to case.
func Summary(provider string, id uint32) string {
	provider = strings.ToLower(provider)
	if strings.HasPrefix(provider, "mssql$") { // named instances
		provider = "mssqlserver"
	}
	return summaries()[event{provider, id}]
}

// An event is what Summary goes by.
type event struct {
	provider string // in lower case
	id       uint32
}

// eventsTSV has one line for an event or for a range of ids that mean the same:
// provider, id or first-last, text.
//
//go:embed events.tsv
var eventsTSV string

// summaries is parsed on first use, like codeTable.
var summaries = sync.OnceValue(func() map[event]string {
	table := map[event]string{}
	for line := range strings.Lines(eventsTSV) {
		provider, first, last, text, err := parseSummary(strings.TrimSuffix(line, "\n"))
		if err != nil {
			panic("known: " + err.Error()) // embedded: a test reads every line
		}
		for id := first; id <= last; id++ {
			table[event{strings.ToLower(provider), id}] = text
		}
	}
	return table
})

func parseSummary(line string) (provider string, first, last uint32, text string, err error) {
	cols := strings.Split(line, "\t")
	if len(cols) != 3 {
		return "", 0, 0, "", fmt.Errorf("events.tsv: want three columns: %q", line)
	}
	low, high, isRange := strings.Cut(cols[1], "-")
	if !isRange {
		high = low
	}
	a, errLow := strconv.ParseUint(low, 10, 32)
	z, errHigh := strconv.ParseUint(high, 10, 32)
	if errLow != nil || errHigh != nil || a > z {
		return "", 0, 0, "", fmt.Errorf("events.tsv: no id or range of ids: %q", line)
	}
	return cols[0], uint32(a), uint32(z), cols[2], nil
}
