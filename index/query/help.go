package query

import (
	"fmt"
	"strings"
)

// Help describes the language for people, a line for each field and for each
// way to join terms.
func Help() string {
	var b strings.Builder
	line := func(term, doc string) { fmt.Fprintf(&b, "  %-12s %s\n", term, doc) }
	for _, s := range fieldSpecs {
		line(string(s.field)+":", s.doc)
	}
	line("word", `text in any field of the event, in provider, channel, host or message; "two words"; a number is also an event id`)
	line("/regex/", "the same with an RE2 expression; /(?i)regex/ ignores case")
	line("a b", "both must match; a OR b: one of them; -a or NOT a: not; brackets group")
	line("a,b", "in a value: any of them; name* is any name that begins so")
	return b.String()
}
