package rules

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vsswhy/vsswhy/rules/builtin"
)

// manyThings are scenes that have much of one thing: these events, again and again. {i}
// is the number of the repetition, {ms} a time some milliseconds after the one before,
// {min} some minutes after it.
var manyThings = []struct {
	name  string
	times int
	lines string
}{
	{"machines that fail within minutes", 2000, `{ms} HV01 VMMS/10102 VmName=vm{i}`},
	{"time zones", 300, "{ms} HV01 EventLog/6013 =1 \"=-60 Here\"\n{ms} HV01 VMMS/10102 VmName=vm{i}"},
}

// TestScale: whatever there is much of, four times as much takes about four times as
// long, and not sixteen times as what looks at all of it for each does.
func TestScale(t *testing.T) {
	set, err := Load(builtin.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, many := range manyThings {
		t.Run(many.name, func(t *testing.T) {
			little, much := repeated(t, many.lines, many.times), repeated(t, many.lines, 4*many.times)
			var small, large [2]time.Duration
			for range 6 { // others use the machine, too
				small, large = fastest(small, little.timed(set)), fastest(large, much.timed(set))
				if large[0] < 8*small[0] && large[1] < 8*small[1] {
					return
				}
			}
			t.Errorf("%d times take %v to build and to diagnose, %d times %v", many.times, small, 4*many.times, large)
		})
	}
}

// timed is how long it takes to build the scene of a world, and to diagnose it.
func (w *world) timed(set *Set) [2]time.Duration {
	start := time.Now()
	sc := w.build()
	built := time.Now()
	set.Diagnose(sc, Scope{})
	return [2]time.Duration{built.Sub(start), time.Since(built)}
}

// fastest is the lesser of both times; zero is none.
func fastest(a, b [2]time.Duration) [2]time.Duration {
	for i := range a {
		if a[i] == 0 || b[i] < a[i] {
			a[i] = b[i]
		}
	}
	return a
}

// repeated is a world with the events n times.
func repeated(t *testing.T, lines string, n int) *world {
	t.Helper()
	w := &world{covered: true}
	for i := range n {
		after := func(d time.Duration) string { return exampleDay.Add(time.Duration(i) * d).Format(time.RFC3339Nano) }
		numbered := strings.NewReplacer("{i}", strconv.Itoa(i), "{ms}", after(40*time.Millisecond), "{min}", after(4*time.Minute))
		for line := range strings.Lines(numbered.Replace(lines)) {
			e, err := exampleEvent(strings.TrimSpace(line))
			if err != nil {
				t.Fatal(err)
			}
			w.events = append(w.events, e)
		}
	}
	return w
}
