package index

import (
	"context"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/index/store"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/known"
)

// Tell says on one line what an event means and what it is about; or what its
// fields say, if we don't know what it means. Most bounds the bytes of fields.
// The text is clean.
func Tell(provider string, id uint32, fields []event.Field, vms, volumes []string, codes []known.Code, most int) string {
	what := known.Summary(provider, id)
	if what == "" {
		return cut(event.Clean(JoinFields(fields, most)), most)
	}
	if len(vms) > 0 {
		what += ", VM " + vms[0]
	}
	for _, name := range volumes {
		what += ", volume " + name
	}
	for _, c := range codes {
		what += strings.TrimRight(", "+c.String()+" "+c.Name(), " ")
	}
	return event.Clean(what)
}

// TellRow is Tell for a row of the store.
func TellRow(r *store.Row, most int) string {
	return Tell(r.Provider, r.ID, r.Fields, r.VMs, r.Volumes, r.Codes, most)
}

// JoinFields lists fields, up to the one that makes it longer than enough.
func JoinFields(fields []event.Field, enough int) string {
	var b strings.Builder
	for i, f := range fields {
		if i > 0 {
			b.WriteString("; ")
		}
		if f.Name != "" {
			b.WriteString(f.Name + "=")
		}
		if value := f.Value; len(value) > enough {
			b.WriteString(strings.ToValidUTF8(value[:enough+1], ""))
			break
		}
		if b.WriteString(f.Value); b.Len() > enough {
			break
		}
	}
	return b.String()
}

// cut shortens a text to n bytes, at the end of a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// A Histogram is how many events there are in each of some spans of time, all
// equally long.
type Histogram struct {
	From, To time.Time // of the first and last event
	Counts   []int
}

// Histogram counts the rows of a set (nil: all) in n spans between the first and
// the last of them that has a time.
func (c *Case) Histogram(ctx context.Context, set *store.Set, n int) (Histogram, error) {
	times, err := c.now().times()
	if err != nil {
		return Histogram{}, err
	}
	if set != nil {
		some := make([]int64, 0, set.Len())
		for row := range set.All() {
			some = append(some, times[row])
		}
		times = some
	}
	none := sort.Search(len(times), func(i int) bool { return times[i] > earliest })
	if times = times[none:]; len(times) == 0 || ctx.Err() != nil {
		return Histogram{}, ctx.Err()
	}
	h := Histogram{From: time.Unix(0, times[0]).UTC(), To: time.Unix(0, times[len(times)-1]).UTC(), Counts: make([]int, n)}
	step := float64(times[len(times)-1]-times[0])/float64(n) + 1
	at := 0
	for i := range h.Counts {
		end := times[0] + int64(float64(i+1)*step)
		next, _ := slices.BinarySearch(times[at:], end)
		h.Counts[i] = next
		at += next
	}
	h.Counts[n-1] += len(times) - at
	return h, nil
}

// earliest is what store.Times has for a row without a time.
const earliest = -1 << 63
