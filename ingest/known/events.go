package known

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// Summary returns what an event means for backup and restore, in one line of our
// own words, or "" if it is not known. It is for people; the id alone never
// decides, and where an id means different things by Windows version the line
// says so. Provider names compare without regard to case.
func Summary(provider string, id uint32) string { return summariesOf(provider)[id] }

// spellings are of providers that were asked for, each with its summaries. There are
// as many as logs have; those of hostile ones are not kept.
var (
	spellings    sync.Map // string → map[uint32]string
	spellingsLen atomic.Int32
)

const maxSpellings = 4096

// summariesOf are the summaries of a provider, by id.
func summariesOf(provider string) map[uint32]string {
	if known, ok := spellings.Load(provider); ok {
		return known.(map[uint32]string)
	}
	plain := strings.ToLower(provider)
	if strings.HasPrefix(plain, "mssql$") { // named instances
		plain = "mssqlserver"
	}
	found := summaries()[plain]
	if spellingsLen.Load() < maxSpellings {
		spellingsLen.Add(1)
		spellings.Store(strings.Clone(provider), found)
	}
	return found
}

// eventsTSV has one line for an event or for a range of ids that mean the same:
// provider, id or first-last, text.
//
//go:embed events.tsv
var eventsTSV string

// summaries is parsed on first use, like codeTable: by provider in lower case, and id.
var summaries = sync.OnceValue(func() map[string]map[uint32]string {
	table := map[string]map[uint32]string{}
	for line := range strings.Lines(eventsTSV) {
		provider, first, last, text, err := parseSummary(strings.TrimSuffix(line, "\n"))
		if err != nil {
			panic("known: " + err.Error()) // embedded: a test reads every line
		}
		provider = strings.ToLower(provider)
		if table[provider] == nil {
			table[provider] = map[uint32]string{}
		}
		for id := first; id <= last; id++ {
			table[provider][id] = text
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
