package scene

import "github.com/vsswhy/vsswhy/ingest/event"

// Speaks returns what one event speaks of, without knowledge of any other: the
// virtual machines (names, and ids in capitals without braces) and the cluster
// shared volumes (plain names). A Scene knows more: which of several values is
// the name of a machine.
func Speaks(e *event.Event) (vms, volumes []string) {
	se := Event{Event: e}
	se.read()
	if aboutVMs(e) {
		id, names := vmValues(e)
		if vms = names; id != "" {
			vms = append(vms, id)
		}
	}
	return vms, se.Volumes
}
