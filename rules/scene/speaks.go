package scene

import (
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
)

// Speaks returns what one event speaks of, without knowledge of any other: the
// error codes in its fields, the virtual machines (names, and ids in capitals
// without braces) and the cluster shared volumes (plain names). A Scene knows
// more: which of several values is the name of a machine, and which code is
// only quoted.
func Speaks(e *event.Event) (codes []known.Code, vms, volumes []string) {
	se := Event{Event: e}
	se.read()
	if aboutVMs(e) {
		id, names := vmValues(e)
		if vms = names; id != "" {
			vms = append(vms, id)
		}
	}
	return se.Codes, vms, se.Volumes
}
