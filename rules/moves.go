package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules/report"
	"github.com/vsswhy/vsswhy/rules/scene"
)

const (
	// movesBefore is how long before a failure cluster groups are looked at.
	movesBefore = 10 * time.Minute
	// maxMoves is how many of them are told, the last ones.
	maxMoves = 5
)

// moves tells which cluster groups came to the failure's host or left it shortly
// before, as cluster logs have it. A group's name does not tell which volume it
// holds, so that no rule decides by them.
func (a *assembler) moves(f *scene.Failure) []string {
	var list []*event.Fact
	for _, h := range a.scene.Hosts {
		for _, x := range h.Facts() {
			from, to, _ := strings.Cut(x.Value, " to ")
			if x.Key == event.FactGroupMove && !x.Time.After(f.At) && f.At.Sub(x.Time) <= movesBefore &&
				(a.scene.SameHost(from, f.Host) || a.scene.SameHost(to, f.Host)) {
				list = append(list, x)
			}
		}
	}
	slices.SortStableFunc(list, func(x, y *event.Fact) int { return x.Time.Compare(y.Time) })
	told := []string{}
	for _, x := range list {
		told = appendNew(told, fmt.Sprintf("%s the cluster group %s moved from %s (%s line %d)", report.Time{Time: x.Time}, text(x.Name), text(x.Value), sourceID(x.Source), x.Line))
	}
	return told[max(0, len(told)-maxMoves):]
}
