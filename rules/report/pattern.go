package report

import (
	"regexp"
	"sync"
)

// pattern is an expression that is compiled when it is first used: most starts of the
// program need none of them.
func pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
