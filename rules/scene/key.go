package scene

import (
	"cmp"
	"strings"
)

// A Key is what an event may be about: one machine, volume or disk. Names are in lower
// case. The zero Key is that of events which name no machine.
type Key struct {
	VM           *VM
	Volume, Disk string
}

// Keys returns all that an event is about.
func (s *Scene) Keys(e *Event) []Key {
	keys := []Key{{VM: e.VM}}
	for _, v := range e.Volumes {
		keys = append(keys, Key{Volume: strings.ToLower(v)})
		if disk := cmp.Or(e.Resource, s.resource(e.Host, v)); disk != "" {
			keys = append(keys, Key{Disk: strings.ToLower(disk)})
		}
	}
	return keys
}

// VolumeKeys returns the keys one of which each event has that SameVolume tells.
func (s *Scene) VolumeKeys(h *Host, volume string) []Key {
	keys := []Key{{Volume: strings.ToLower(volume)}}
	if disk := s.resource(h, volume); disk != "" {
		keys = append(keys, Key{Disk: strings.ToLower(disk)})
	}
	return keys
}
