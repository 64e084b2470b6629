package tui

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/index/store"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules/report"
)

// hostile are texts that do something to a terminal, or to the columns of a
// page.
var hostile = []string{
	"\x1b[2J\x1b[H", "\x1b]0;title\x07", "\x1b]8;;http://evil.example/\x1b\\link", "\x1b]52;c;cm0gLXJm\x07", "\x1bPq#0;2;0;0;0\x1b\\", "\x1b]2;never ended",
	"\x9b31mred", "\u009b31mred\u009d", "real text\rfake", "a\u202eb\u2066c\u2069", "zero\u200bwidth\u200d\ufeff", "\xff\xfe\x80", "tab\tand\nline\r\nend\u2028", "\x00\x07\x08\x7f",
	"東京サーバー", "東", "e\u0301\u0302\u0303", "\u0301starts with a mark", strings.Repeat("\u0300", 300), "देवनागरी", "👩‍👩‍👧‍👦🇩🇪", "ൎ", "각각", "\u0600١", "[31m", "",
}

// hostilePages renders every screen with a text wherever text of a log can
// stand, and gives each page to check.
func hostilePages(t testing.TB, c *index.Case, text string, width, height int, check func(a *App)) {
	a, err := newApp(Config{Theme: "dark"}, Session{Name: text, Now: time.Now, Formats: []string{text}})
	if err != nil {
		t.Fatal(err)
	}
	a.ctx, a.c, a.report, a.width, a.height = t.Context(), c, hostileReport(text), width, height
	v := a.screens[actEvents].(*events)
	row := hostileRow(text)
	v.total, v.cache[0] = 1, row
	v.filters, v.search, v.failed = []filter{{query: text}}, text, text
	v.list.resize(1)
	for _, act := range screenOrder {
		a.show(act)
		check(a)
	}
	a.show(actVerdicts)
	for range len(a.screens[actVerdicts].(*verdicts).rows) {
		a.top().do(a, actDown)
		check(a)
	}
	a.show(actEvents)
	v.openEvent(a, &row)
	check(a)
	e := event.Event{Provider: text, Computer: text, Channel: text, Fields: row.Fields, Message: text, Payload: text}
	a.open(xmlView(&e))
	check(a)
	a.open(newNeighbours(rawMsg{events: []event.Event{e}, source: text}))
	check(a)
	a.show(actEvents)
	v.filterMenu(a)
	check(a)
	a.openCopy()
	check(a)
	a.ask(text, text, nil).err = text
	check(a)
	a.prompt = nil
	a.say("%s", text)
	check(a)
	a.scan = ScanState{Err: fmt.Errorf("%s", text)}
	check(a)
}

func hostileRow(s string) store.Row {
	return store.Row{
		Time: time.Unix(1268611200, 0), ID: 8229, Level: event.LevelError, Source: s, Host: s, Channel: s, Provider: s, Classic: s, Job: s, VMs: []string{s}, Volumes: []string{s},
		Fields: []event.Field{{Name: s, Value: s}, {Value: s}}, Message: s,
	}
}

func hostileReport(s string) *report.Report {
	at := report.Time{Time: time.Unix(1268611200, 0)}
	vm, issue := &report.VM{Name: s, ID: s}, 2
	code := []report.Code{{Code: s, Name: s, Meaning: s}}
	cite := []report.Evidence{
		{Source: "S1", Path: s, Record: 1, Time: at, Host: s, Provider: s, ID: 1, Summary: s},
		{Source: "S1", Path: s, Line: 3, Host: s, Summary: s},
		{Source: "S2", Path: s, Record: 2, Offset: 7, Time: at, Host: "other", Provider: "FailoverClustering", ID: 1, Summary: s},
	}
	var criteria []report.Criterion
	for _, role := range []string{"anchor", "required", "discriminating", "excluding", "supporting"} {
		criteria = append(criteria, report.Criterion{ID: s, Text: s, Role: role, State: "unknown", Grade: s, Evidence: cite, Missing: []string{s}, Collect: s})
	}
	return &report.Report{
		Tool:     report.Tool{Version: s, RulesDigest: s},
		Sources:  []report.Source{{ID: "S1", Path: s, Undecodable: 1, Damage: []report.Damage{{Detail: s, Lost: true}}}},
		Skipped:  []report.Skipped{{Path: s, Reason: s}},
		Errors:   []report.Error{{Path: s, Detail: s}},
		Hosts:    []report.Host{{Name: s, Role: s, OSBuild: s, VM: vm, Clock: report.Clock{Known: true, OffsetMS: 3200}}},
		Coverage: []report.Coverage{{Host: s, Channel: s, From: at, To: at, Gaps: []report.TimeSpan{{From: at, To: at}}}},
		Jobs: []report.Job{
			{ID: "J1", Kind: s, Host: s, VMs: []report.VM{*vm}, Volumes: []string{s}, From: at, To: at, Outcome: s, Codes: code, Evidence: cite},
			{ID: "J2", Kind: "backup", Host: s + "2", Volumes: []string{s}, From: at, To: at, Outcome: "failed", Codes: code, Evidence: cite},
		},
		Failures: []report.Failure{{ID: "X1", Kind: s, Host: s, VM: vm, Volume: s, Time: at, Codes: code, Evidence: cite, Causes: []report.Cause{{Finding: "F1", Verdict: s}, {Finding: "F1", Verdict: "likely"}}}},
		Findings: []report.Finding{{
			ID: "F1", Rule: s, Issue: &issue, Title: s, Verdict: s, Host: s, VM: vm, Volume: s, First: at, Last: at, Criteria: criteria, Remarks: []string{s},
			Remediation: []report.Step{{Text: s, Run: s, Shell: s, Risk: s}}, References: []report.Reference{{Title: s, URL: s}},
		}},
		Checked:      []report.Checked{{Rule: s, Title: s, Host: s}},
		NotEvaluable: []report.NotEvaluable{{Rule: s, Title: s, Host: s, Missing: []string{s}, Collect: []string{s}}},
	}
}

// checkPage wants lines of exactly the page's width, with nothing in them that
// a terminal acts on but our own colours.
func checkPage(t testing.TB, a *App) {
	t.Helper()
	own := ownSGR(a.paint)
	lines := a.lines()
	if len(lines) != a.height {
		t.Errorf("%s: %d lines on a page of %d", a.top().title(), len(lines), a.height)
	}
	for i, line := range lines {
		text := own.Replace(line)
		if at := strings.IndexFunc(text, acts); at >= 0 || !utf8.ValidString(text) {
			t.Errorf("%q, line %d has what a terminal acts on at %d: %q", a.top().title(), i, at, text)
		}
		if n := ansi.StringWidth(line); n != a.width {
			t.Errorf("%q, line %d is %d cells wide on a page of %d: %q", a.top().title(), i, n, a.width, text)
		}
	}
}

func acts(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }

// ownSGR takes the painter's colours off, and those of the text box's cursor.
func ownSGR(p *painter) *strings.Replacer {
	pairs := []string{"\x1b[7m", "", "\x1b[m", "", "\x1b[0m", ""}
	for r := range roles {
		for _, seq := range []string{p.on[r], p.off[r]} {
			if seq != "" {
				pairs = append(pairs, seq, "")
			}
		}
	}
	return strings.NewReplacer(pairs...)
}

// emptyCase is a case without events: rows are put into the screens by hand.
var emptyCase = sync.OnceValues(func() (*index.Case, error) {
	return storeOf(fixtures+"/empty", new(report.Report), func(func([]event.Event) bool) {})
})

func openEmpty(t testing.TB) *index.Case {
	t.Helper()
	c, err := emptyCase()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestHostileText(t *testing.T) {
	for _, text := range append(hostile, strings.Join(hostile, " ")) {
		for _, size := range [][2]int{{60, 15}, {80, 24}, {160, 45}} {
			hostilePages(t, openEmpty(t), text, size[0], size[1], func(a *App) { checkPage(t, a) })
		}
	}
}

// TestHugeField wants a page of an event with 10 MiB in one field as quickly as
// any other.
func TestHugeField(t *testing.T) {
	size := 10 << 20
	if race {
		size = 1 << 20 // which is ten times as slow
	}
	for _, unit := range []string{"long words ", "\x1b[31m", "\u0300"} {
		text := strings.Repeat(unit, size/len(unit))
		hostilePages(t, openEmpty(t), text, 160, 45, func(a *App) {
			if took := fastestOf(3, func() { checkPage(t, a) }); took > 2*time.Second && !race {
				t.Errorf("%.10q…: %v for a page of %.20q", unit, took, a.top().title())
			}
		})
	}
}

// fastestOf is the shortest time that f takes: what else the machine does makes
// it longer. It is tried again only if it took long.
func fastestOf(tries int, f func()) time.Duration {
	fastest := time.Hour
	for range tries {
		began := time.Now()
		f()
		if fastest = min(fastest, time.Since(began)); fastest < 100*time.Millisecond {
			break
		}
	}
	return fastest
}

// TestASCII wants nothing but ASCII on the pages of a report that has only that.
func TestASCII(t *testing.T) {
	for _, s := range screens {
		d := newDriver(t, makeCase(t, bundles...), 80, 24)
		d.a.cfg.ASCII = true
		d.keys(strings.Fields(s.keys)...)
		for i, line := range strings.Split(d.page(), "\n") {
			if at := strings.IndexFunc(line, func(r rune) bool { return r > unicode.MaxASCII }); at >= 0 {
				t.Errorf("%s, line %d: %q", s.name, i, line)
			}
		}
	}
}

// TestSizes wants exact pages whatever the size is, and however often it
// changes.
func TestSizes(t *testing.T) {
	d := newDriver(t, makeCase(t, bundles...), 80, 24)
	for i, keys := range []string{"", "enter", "2", "3", "3 e enter", "4", "5", "6", "?", ": jo", "3 / level<="} {
		d.keys("esc", "esc", "esc", "esc", "1")
		d.keys(strings.Fields(keys)...)
		for n := range 60 {
			d.send(tea.WindowSizeMsg{Width: 40 + (n*37+i*11)%180, Height: 5 + (n*17+i*7)%60})
			checkPage(t, d.a)
		}
	}
}

// FuzzView is about text of events and reports on every screen.
func FuzzView(f *testing.F) {
	for i, text := range hostile {
		f.Add(text, byte(60+i*5), byte(15+i))
	}
	f.Fuzz(func(t *testing.T, text string, width, height byte) {
		hostilePages(t, openEmpty(t), text, int(width), int(height), func(a *App) { checkPage(t, a) })
	})
}
