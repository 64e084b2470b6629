package rules

import (
	"fmt"
	"time"

	"github.com/vsswhy/vsswhy/rules/report"
	"github.com/vsswhy/vsswhy/rules/scene"
)

// skewMargin: without an estimate, clocks are taken to agree this far, so that
// events of different hosts closer than this have no order (domain, section 4.1).
const skewMargin = 5 * time.Second

// assumed is the skew of two clocks of which nothing else is known.
var assumed = scene.Skew{From: -skewMargin, To: skewMargin}

// skew returns how far b's clock was ahead of a's, and whether that was
// estimated. An estimate that says no more than what is assumed is none.
func skew(sc *scene.Scene, a, b *scene.Host, at time.Time) (scene.Skew, bool) {
	if a == b {
		return scene.Skew{}, true
	}
	s, known := sc.Skew(a, b, at)
	if !known || s.From <= assumed.From && s.To >= assumed.To {
		return assumed, false
	}
	return s, true
}

// skew returns how far a host's clock was ahead of the subject's.
func (ev *evaluator) skew(h *scene.Host) scene.Skew {
	s, _ := skew(ev.scene, ev.sub.host, h, ev.sub.at)
	return s
}

// noOrder says why events have no order.
func (ev *evaluator) noOrder(h *scene.Host) string {
	if s, known := skew(ev.scene, ev.sub.host, h, ev.sub.at); known && h != ev.sub.host {
		return fmt.Sprintf("the clocks of the hosts: how far %s was ahead of %s is known to %v only", h.Name, ev.sub.host.Name, s.Within().Round(time.Millisecond))
	}
	return fmt.Sprintf("the clocks of the hosts: events less than %v apart have no order", skewMargin)
}

// clock compares a host's clock with that of the first host in order for which
// that can be done.
func (a *assembler) clock(h *scene.Host) report.Clock {
	for _, ref := range a.clocks {
		if s, known := skew(a.scene, ref, h, forever); known && (ref != h || a.reference(h)) {
			return report.Clock{
				Reference: text(ref.Name), OffsetMS: s.Mid().Milliseconds(), WithinMS: s.Within().Milliseconds(), Known: true,
				Evidence: collect(citeEvents(a.scene.Compared(h)), a.evidence),
			}
		}
	}
	return report.Clock{Evidence: []report.Evidence{}}
}

// reference reports whether any other host's clock can be compared with h's.
func (a *assembler) reference(h *scene.Host) bool {
	for _, o := range a.clocks {
		if _, known := skew(a.scene, h, o, forever); known && o != h {
			return true
		}
	}
	return false
}

// clockRemark says how far the times of two hosts could be compared.
func (a *assembler) clockRemark(sub *subject, h *scene.Host) string {
	s, known := skew(a.scene, sub.host, h, sub.at)
	if !known {
		return fmt.Sprintf("the clocks of the hosts were not compared; events of different hosts less than %v apart were given no order", skewMargin)
	}
	const unit = 100 * time.Millisecond
	return fmt.Sprintf("the clock of %s was %s that of %s, give or take %v, as events that both logged show; the order allows for it",
		text(h.Name), ahead(s.Mid().Round(unit)), text(sub.host.Name), max(unit, s.Within().Round(unit)))
}

func ahead(d time.Duration) string {
	switch {
	case d > 0:
		return fmt.Sprint(d, " ahead of")
	case d < 0:
		return fmt.Sprint(-d, " behind")
	}
	return "even with"
}
