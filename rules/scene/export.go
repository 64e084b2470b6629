package scene

import (
	"path"
	"slices"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
)

// A collection is what may have been exported together: the logs of one computer in
// one outermost archive or folder. If there are several exports in that, it is those
// of one folder.
type collection struct {
	host   *Host
	root   string
	folder string // "" for all
}

// exports tell when the logs of each collection were exported.
type exports struct {
	several map[collection]bool        // of whole roots: there is more than one
	ends    map[collection][]time.Time // in order: the last record of each
}

// after is the end of the first export that a log of a computer can be of: one that
// reaches to that time. A log that is there in several copies tells when the older
// ones were made.
func (x *exports) after(h *Host, src *event.Source, last time.Time) time.Time {
	ends := x.ends[x.of(h, src)]
	i, _ := slices.BinarySearchFunc(ends, last, time.Time.Compare)
	if i == len(ends) {
		return time.Time{}
	}
	return ends[i]
}

func (x *exports) of(h *Host, src *event.Source) collection {
	c := collection{host: h, root: src.Root}
	if x.several[c] {
		c.folder = path.Dir(src.Path)
	}
	return c
}

// A copyOfLog is one of the copies of a channel's log.
type copyOfLog struct {
	src *event.Source
	st  *event.Stream
}

func (s *Scene) findExports() *exports {
	x := &exports{several: map[collection]bool{}, ends: map[collection][]time.Time{}}
	for c := range s.olderCopies(x) {
		x.several[c] = true
	}
	for c, ends := range s.olderCopies(x) { // of each folder now, where there are several
		x.ends[c] = ends
	}
	latest := map[collection]time.Time{}
	s.eachStream(func(h *Host, src *event.Source, st *event.Stream) {
		c := x.of(h, src)
		latest[c] = later(latest[c], st.Last)
	})
	for c, end := range latest {
		x.ends[c] = append(x.ends[c], end)
		slices.SortFunc(x.ends[c], time.Time.Compare)
	}
	return x
}

// olderCopies tells of each collection when those logs end of which it has a later
// copy. What a log goes on with, when it was full and archived, is none.
func (s *Scene) olderCopies(x *exports) map[collection][]time.Time {
	type logOf struct {
		collection
		channel string
	}
	logs := map[logOf][]copyOfLog{}
	s.eachStream(func(h *Host, src *event.Source, st *event.Stream) {
		// An export of part of a log ends before the log does.
		if !st.Sparse && len(st.Gaps) == 0 && !isExport(src.Format) && !cutOff(src) {
			log := logOf{x.of(h, src), known.CanonicalChannel(st.Channel)}
			logs[log] = append(logs[log], copyOfLog{src, st})
		}
	})
	ends := map[collection][]time.Time{}
	for log, copies := range logs {
		slices.SortFunc(copies, func(a, b copyOfLog) int { return a.st.Last.Compare(b.st.Last) })
		begins := map[uint64]bool{}
		for _, c := range copies {
			begins[c.st.FirstID] = true
		}
		newest := copies[len(copies)-1].st.Last
		for _, c := range copies {
			if c.st.Last.Before(newest) && !begins[c.st.LastID+1] {
				ends[log.collection] = append(ends[log.collection], c.st.Last)
			}
		}
	}
	return ends
}
