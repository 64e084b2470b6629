package rules

import (
	"slices"

	"github.com/vsswhy/vsswhy/rules/scene"
)

// joins reports whether an event agrees with the subject in what a test wants to be the
// same, and does not in what is to differ.
func (ev *evaluator) joins(t *Test, e *scene.Event) bool {
	for _, key := range t.Same {
		switch key {
		case "vm":
			if !ev.sameMachine(e) {
				return false
			}
		case "volume":
			if !ev.scene.SameVolume(e, ev.sub.host, ev.sub.volume) {
				return false
			}
		}
	}
	return !slices.ContainsFunc(t.Differ, func(key string) bool { return !ev.differs(key, e) })
}

// differs reports whether an event surely is about another machine or volume than
// the subject, or of another computer. What names none is no other.
func (ev *evaluator) differs(key string, e *scene.Event) bool {
	switch key {
	case "vm":
		return ev.sub.vm != nil && e.VM != nil && e.VM != ev.sub.vm && !e.Mentions(ev.sub.vm.Name)
	case "volume":
		return ev.sub.volume != "" && len(e.Volumes) > 0 && !ev.scene.SameVolume(e, ev.sub.host, ev.sub.volume)
	}
	return e.Host != ev.sub.host
}

// sameMachine: the event names the subject's machine, or files of it. A backup
// that failed without naming a machine may be any one's; a restore that names
// none is only of those whose files lie where it went.
func (ev *evaluator) sameMachine(e *scene.Event) bool {
	sub := ev.sub
	switch {
	case sub.vm != nil:
		return e.VM == sub.vm || e.VM == nil && e.Mentions(sub.vm.Name)
	case sub.name != "":
		return e.Mentions(sub.name)
	case sub.job != nil && sub.job.Kind == scene.KindRestore:
		return sub.job.Holds(e)
	}
	return true
}
