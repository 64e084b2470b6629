package tui

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/vsswhy/vsswhy/index"
)

// A player is the App with Bubble Tea's loop around it and no terminal: commands
// run beside it, and each message is followed by a View, as the program does it.
type player struct {
	a        *App
	messages chan tea.Msg
}

func newPlayer(t testing.TB, c *index.Case) *player {
	t.Helper()
	a, err := newApp(Config{Theme: "dark"}, Session{Name: "million", Case: c, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	a.ctx = ctx
	if err := a.load(c); err != nil {
		t.Fatal(err)
	}
	p := &player{a, make(chan tea.Msg, 10_000)}
	p.send(tea.WindowSizeMsg{Width: 160, Height: 45})
	p.start(a.Init())
	return p
}

func (p *player) send(msg tea.Msg) {
	_, cmd := p.a.Update(msg)
	p.start(cmd)
	p.a.View()
}

// start runs a command beside the loop.
func (p *player) start(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	go func() {
		switch msg := cmd().(type) {
		case nil:
		case tea.BatchMsg:
			for _, c := range msg {
				p.start(c)
			}
		default:
			p.messages <- msg
		}
	}()
}

// until runs the loop until the page is as wanted, and returns how long it took.
func (p *player) until(t testing.TB, what string, want func(page string) bool) time.Duration {
	t.Helper()
	began := time.Now()
	late := time.After(20 * time.Second)
	for !want(p.a.View().Content) {
		select {
		case msg := <-p.messages:
			p.send(msg)
		case <-late:
			t.Fatalf("%s: never\n%s", what, stripSGR(p.a.View().Content))
		}
	}
	return time.Since(began)
}

func (p *player) press(keys ...string) {
	for _, k := range keys {
		if key, ok := namedKeys[k]; ok {
			p.send(tea.KeyPressMsg(key))
			continue
		}
		for _, r := range k {
			p.send(tea.KeyPressMsg{Code: r, Text: string(r)})
		}
	}
}

// key presses a key and waits for a page that is another one, with all its rows.
func (p *player) key(t testing.TB, k string) time.Duration {
	t.Helper()
	before := p.a.View().Content
	began := time.Now()
	p.press(k)
	p.until(t, k, func(page string) bool { return page != before && loaded(page) })
	return time.Since(began)
}

// change presses a key and waits for a page that is another one.
func (p *player) change(t testing.TB, k string) time.Duration {
	t.Helper()
	before := p.a.View().Content
	began := time.Now()
	p.press(k)
	p.until(t, k, func(page string) bool { return page != before })
	return time.Since(began)
}

// loaded reports whether a page has no row that is still to be read.
func loaded(page string) bool { return !strings.Contains(page, " …  ") }

func percentile(list []time.Duration, p float64) time.Duration {
	slices.Sort(list)
	return list[min(len(list)-1, int(p*float64(len(list))))]
}

// busy is how much slower than promised a run may be before it fails: tests run
// beside others. The figures are printed in any case.
const busy = 4

// TestSpeed measures what is promised for a million events at 160x45.
func TestSpeed(t *testing.T) {
	openMillion(t) // written before the clock runs
	dir, _ := millionCase()
	began := time.Now()
	c, err := index.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	p := newPlayer(t, c)
	p.press("3")
	p.until(t, "first page", func(page string) bool {
		return strings.Contains(page, "of 1000000 events") && strings.Contains(page, "7036")
	})
	first := time.Since(began)
	p.until(t, "the store", func(page string) bool { return loaded(page) })

	var downs, pages, jumps, during []time.Duration
	for range 300 {
		downs = append(downs, p.key(t, "j"))
	}
	for range 100 {
		pages = append(pages, p.key(t, "pgdown"))
	}
	for range 50 {
		jumps = append(jumps, p.key(t, "G"), p.key(t, "g"))
	}
	for i := range 40 {
		p.press("/", "ctrl+u", fmt.Sprintf("attempt %d", i%10))
		during = append(during, p.change(t, "enter"), p.change(t, "2"), p.change(t, "3"))
		p.until(t, "filter", func(string) bool { return !p.a.screens[actEvents].(*events).busy })
		p.press("esc")
		p.until(t, "no filter", func(string) bool { return !p.a.screens[actEvents].(*events).busy })
	}

	var filters []time.Duration
	for _, query := range []string{"level<=2", "attempt", "nothing like this", "/number 12.*5/", "host:HV03", "-service", "code:0x800423f4", "id:153 host:HV03"} {
		began := time.Now()
		p.press("/", "ctrl+u")
		p.send(tea.PasteMsg{Content: query})
		p.press("enter")
		v := p.a.screens[actEvents].(*events)
		p.until(t, query, func(page string) bool { return loaded(page) && (!v.busy || v.shown != nil && v.length() > 0) })
		first := time.Since(began)
		if v.length() > 0 {
			filters = append(filters, first)
		}
		p.until(t, query, func(page string) bool { return !v.busy && loaded(page) })
		t.Logf("filter %-20q first rows %4d ms, all %4d ms, %d events", query, first.Milliseconds(), time.Since(began).Milliseconds(), v.length())
		p.press("esc")
		p.until(t, "no filter", func(string) bool { return !v.busy })
	}

	p.press("g")
	p.until(t, "the top", func(page string) bool { return loaded(page) && strings.Contains(page, "at 1.") })
	began = time.Now()
	for range 2000 {
		p.press("j")
	}
	p.until(t, "2000 keys", func(page string) bool { return loaded(page) && strings.Contains(page, "at 2001") })
	drained := time.Since(began)

	runtime.GC()
	for _, figure := range []struct {
		what     string
		is, most time.Duration
	}{
		{"first page of a case", first, 300 * time.Millisecond},
		{"j, p95", percentile(downs, 0.95), 25 * time.Millisecond},
		{"PgDn, p95", percentile(pages, 0.95), 25 * time.Millisecond},
		{"G and g, p95", percentile(jumps, 0.95), 25 * time.Millisecond},
		{"keys while a filter runs, p95", percentile(during, 0.95), 25 * time.Millisecond},
		{"slowest filter, first rows", slices.Max(filters), 150 * time.Millisecond},
		{"2000 keys", drained, 500 * time.Millisecond},
	} {
		t.Logf("%-30s %8.1f ms (promised: %d)", figure.what, float64(figure.is.Microseconds())/1000, figure.most.Milliseconds())
		if figure.is > busy*figure.most && !race {
			t.Errorf("%s took %v", figure.what, figure.is)
		}
	}
	debug.FreeOSMemory() // what other tests have left is not the screen's
	t.Logf("resident %d MiB (promised: 200)", resident()>>20)
	if resident() > 200<<20 && !race {
		t.Error("too much memory")
	}
}

// resident is the memory of the process, in bytes; 0 where the system does not
// say.
func resident() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}
