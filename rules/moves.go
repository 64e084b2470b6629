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
	// movesWithin is how long before a failure cluster groups are looked at.
	movesWithin = 10 * time.Minute
	// maxMoves is how many of them are told, the last ones.
	maxMoves = 5
)

// groupMoves are the moves of cluster groups that cluster logs tell of, in the order
// of time; those without one are left out.
func groupMoves(sc *scene.Scene) []*event.Fact {
	var list []*event.Fact
	for _, h := range sc.Hosts {
		for _, x := range h.Facts() {
			if x.Key == event.FactGroupMove && !x.Time.IsZero() {
				list = append(list, x)
			}
		}
	}
	slices.SortStableFunc(list, func(x, y *event.Fact) int { return x.Time.Compare(y.Time) })
	return list
}

// movesBefore tells which cluster groups came to the failure's host or left it shortly
// before. A group's name does not tell which volume it holds, so that no rule decides
// by them.
func (a *assembler) movesBefore(f *scene.Failure) []string {
	first, _ := slices.BinarySearchFunc(a.moves, f.At.Add(-movesWithin), func(x *event.Fact, t time.Time) int { return x.Time.Compare(t) })
	told := []string{}
	for _, x := range a.moves[first:] {
		if x.Time.After(f.At) {
			break
		}
		from, to, _ := strings.Cut(x.Value, " to ")
		if a.scene.SameHost(from, f.Host) || a.scene.SameHost(to, f.Host) {
			told = appendNew(told, fmt.Sprintf("%s the cluster group %s moved from %s (%s line %d)", report.Time{Time: x.Time}, text(x.Name), text(x.Value), sourceID(x.Source), x.Line))
		}
	}
	return told[max(0, len(told)-maxMoves):]
}
