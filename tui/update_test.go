package tui

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/index/notes"
	"github.com/vsswhy/vsswhy/index/store"
	"github.com/vsswhy/vsswhy/rules/report"
)

// TestWhere is about where keys lead, by the line that says where one is.
func TestWhere(t *testing.T) {
	c := makeCase(t, bundles...)
	for _, tt := range []struct{ keys, want string }{
		{"", "Verdicts"},
		{"esc esc", "Verdicts"},
		{"2", "Jobs"},
		{"2 esc", "Verdicts"},
		{"2 + + esc", "Jobs"},
		{"2 + + esc esc esc", "Verdicts"},
		{"2 enter", "Events"},
		{"2 enter esc", "Jobs"},
		{"enter v o", "Events"},
		{"enter v o esc", "Verdicts"},
		{"enter v enter esc", "Verdicts"},
		{"3 enter", "Events › EventLog 6009"},
		{"3 enter X", "Events › EventLog 6009 › XML"},
		{"3 enter X esc esc", "Events"},
		{"3 enter p", "Events › EventLog 6009 › neighbours in csv-confirmed-paused.zip!/NODE-A.zip!/System.evtx"},
		{"3 / id:6009 enter esc", "Events"},
		{"3 / id:6009 enter esc esc", "Verdicts"},
		{"3 / q esc esc", "Verdicts"},
		{"? esc", "Verdicts"},
		{"? / jobs enter", "Jobs"},
		{": jobs enter", "Jobs"},
		{": esc esc", "Verdicts"},
		{"6 enter", "Verdicts"},
		{"6 enter esc", "Rules"},
		{"6 G enter", "Rules › what is missing"},
		{"c 1234q?:m esc", "Verdicts"},
		{"c reason enter 5 enter", "Verdicts"},
		{"3 b 5 enter", "Events"},
		{"y", "Verdicts › copy"},
		{"w esc", "Verdicts"},
	} {
		t.Run(tt.keys, func(t *testing.T) {
			d := newDriver(t, c, 300, 40)
			d.keys(strings.Fields(tt.keys)...)
			line, _, _ := strings.Cut(d.page(), "\n")
			place, _, _ := strings.Cut(strings.TrimPrefix(line, "  vsswhy › acme › "), "   ")
			if diff := cmp.Diff(tt.want, place); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestTextBox wants a text box to take every printable key, and none of them to
// be an action.
func TestTextBox(t *testing.T) {
	for _, keys := range [][]string{{"c"}, {"x"}, {"i"}, {"3", "/"}, {"3", "s"}, {":"}, {"?", "/"}, {"w", "enter"}} {
		d := newDriver(t, makeCase(t, bundles...), 80, 24)
		d.keys(keys...)
		if d.a.prompt == nil {
			t.Fatalf("%v: no text box", keys)
		}
		d.send(tea.KeyPressMsg(namedKeys["ctrl+u"]))
		want := ""
		for r := rune(0x20); r < 0x7f; r++ {
			d.send(tea.KeyPressMsg{Code: r, Text: string(r)})
			want += string(r)
		}
		if d.a.prompt == nil {
			t.Fatalf("%v: a key closed the text box", keys)
		}
		if diff := cmp.Diff(want, d.a.prompt.input.Value()); diff != "" {
			t.Errorf("%v: %s", keys, diff)
		}
	}
}

// TestCursorStays wants the cursor at its event again when a filter is taken back
// that does not match the event, as many do not while they are typed.
func TestCursorStays(t *testing.T) {
	d := newDriver(t, makeCase(t, "csv-two-nodes"), 120, 40)
	v := d.a.screens[actEvents].(*events)
	d.keys("3", "down", "down", "down")
	want := v.current()
	d.keys("/", "nothing has these words", "ctrl+u")
	if v.current() != want {
		t.Errorf("the prompt is empty again, and the cursor at row %d, not %d", v.current(), want)
	}
	d.keys("nothing has these words", "enter")
	if v.current() != -1 {
		t.Errorf("the filter lets row %d through", v.current())
	}
	d.keys("esc")
	if v.current() != want {
		t.Errorf("the filter was taken back, and the cursor is at row %d, not %d", v.current(), want)
	}
	d.keys("/", "level<=2", "enter")
	if near := v.current(); near <= want {
		t.Errorf("the cursor is at row %d, not at the next after %d", near, want)
	}
	d.keys("down")
	want = v.current()
	d.keys("esc")
	if v.current() != want {
		t.Errorf("the cursor was moved to row %d, and is at %d without the filter", want, v.current())
	}
}

// TestSearchSurvives wants the keys for matches to work while the search is under
// way, and after a scan that numbers all rows anew.
func TestSearchSurvives(t *testing.T) {
	c := makeCase(t, "csv-two-nodes")
	d := newDriver(t, c, 120, 40)
	v := d.a.screens[actEvents].(*events)
	d.keys("3", "s", "8229", "enter")
	match := v.current()
	if r, ok := v.event(); !ok || r.ID != 8229 {
		t.Fatalf("the search for a number goes to event %d", r.ID)
	}
	d.keys("g", "g")
	d.send(ScanState{Case: c})
	if v.matches == nil || !v.matches.Has(match) {
		t.Errorf("the search is not made again: %v", v.matches)
	}
	if v.list.cursor != 0 {
		t.Errorf("the scan took the cursor to row %d", v.list.cursor)
	}
	v.matches = nil // as long as it is under way
	d.keys("n")
	if page := d.page(); !strings.Contains(page, "still searching") {
		t.Errorf("%s", page)
	}
}

func TestPaste(t *testing.T) {
	d := newDriver(t, makeCase(t, "iscsi-confirmed"), 80, 24)
	d.keys("i")
	d.send(tea.PasteMsg{Content: "one\ntwo\x1b[31m\u202e"})
	if diff := cmp.Diff("one ⏎ two·[31m·", d.a.prompt.input.Value()); diff != "" {
		t.Error(diff)
	}
}

// TestNotesSurvive wants what was written to be there when the case is opened
// again, and after another scan of the same logs.
func TestNotesSurvive(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "case")
	c, err := index.OpenForWriting(dir)
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{filepath.Join("..", "testdata", "cases", "iscsi-confirmed.zip")}
	if err := scanInto(t.Context(), c, paths); err != nil {
		t.Fatal(err)
	}
	d := newDriver(t, c, 120, 40)
	d.keys("x", "not this", "enter", "i", "to do", "enter", "r", "space", "3", "e", "b", "i", "look", "enter", "F", "/", "level<=2", "enter", "F")
	d.keys("down", "down", "down", "enter", "mine", "enter", "5")
	want := d.page()
	if n := len(c.Notes().All()); n != 6 {
		t.Fatalf("%d notes were written:\n%s", n, want)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}

	if c, err = index.OpenForWriting(dir); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := scanInto(t.Context(), c, paths); err != nil {
		t.Fatal(err)
	}
	d = newDriver(t, c, 120, 40)
	d.keys("5")
	if diff := cmp.Diff(want, d.page()); diff != "" {
		t.Error(diff)
	}
	d.keys("1")
	if page := d.page(); !strings.Contains(page, "(you dismissed it)") || !strings.Contains(page, "not this") {
		t.Errorf("the finding does not show what was written:\n%s", page)
	}
}

// TestShareNote: S on the notes' page marks a note as meant for reports, and takes
// that back; a note that is written anew stays what it was, and nothing else can be marked.
func TestShareNote(t *testing.T) {
	c := makeCase(t, "iscsi-confirmed")
	d := newDriver(t, c, 120, 40)
	d.keys("i", "for you", "enter", "x", "not this", "enter", "5")
	shared := func() bool { return c.Notes().All(notes.Note)[0].Value == notes.Shared }
	d.keys("S") // on the dismissal, which was written last
	if page := d.page(); shared() || !strings.Contains(page, "only notes can be shown in reports") {
		t.Errorf("%s", page)
	}
	d.keys("down", "S")
	if page := d.page(); !shared() || !strings.Contains(page, "reports show the note from now on") || !strings.Contains(page, "shared  for you") {
		t.Errorf("%s", page)
	}
	d.keys("1", "i", " all", "enter")
	if e := c.Notes().All(notes.Note)[0]; !shared() || e.Text != "for you all" || !strings.Contains(d.page(), "your note, in reports: for you all") {
		t.Errorf("%+v\n%s", e, d.page())
	}
	d.keys("5", "S")
	if shared() {
		t.Error("the mark is not taken back")
	}
}

// TestNotesTell wants each row of the notes' page, and what is copied of it, to say
// what was written about: the finding's machine and volume, the criterion of an
// answer, the step, the event.
func TestNotesTell(t *testing.T) {
	c := makeCase(t, "csv-two-nodes")
	d := newDriver(t, c, 200, 40)
	d.a.session.Evaluate = func(context.Context) (*report.Report, error) { return d.a.report, nil }
	d.keys("down", "a", "enter", "I asked", "enter", "r", "space", "3", "b", "5")
	copied := d.a.top().copies(d.a)[0].text
	for _, want := range []string{
		"kb975354-1 NODE-A FILE07 Volume1",
		"yes  The guest runs Windows Server 2003: I asked",
		"done  Until it is fixed: back the guest's iSCSI disks up inside the guest",
		"NODE-A #1001 2010-02-01 06:00:00.000",
	} {
		if page := d.page(); !strings.Contains(page, want) {
			t.Errorf("%q is not on the page:\n%s", want, page)
		}
		if !strings.Contains(copied, want) {
			t.Errorf("%q is not in the copy:\n%s", want, copied)
		}
	}
}

// TestExportIncomplete wants no file of events while the rest of them is still looked
// for: it would have the newest only, and nobody would know.
func TestExportIncomplete(t *testing.T) {
	d := newDriver(t, makeCase(t, "csv-two-nodes"), 120, 40)
	t.Chdir(t.TempDir())
	d.a.session.Export = func(context.Context, *index.Case, *store.Set, string, io.Writer) error { return nil }
	d.a.screens[actEvents].(*events).busy = true
	d.keys("3", "w", "/", "these events", "enter")
	if page := d.page(); !strings.Contains(page, "still looking") {
		t.Errorf("\n%s", page)
	}
	d.keys("enter")
	if files, _ := os.ReadDir("."); len(files) > 0 {
		t.Errorf("%d files were written", len(files))
	}
}

// TestYears wants times of several years to be told apart: logs may go back far.
func TestYears(t *testing.T) {
	c := makeCase(t, "csv-two-nodes")
	r, _, err := c.Report()
	if err != nil {
		t.Fatal(err)
	}
	later := *r
	later.Failures = append(later.Failures, r.Failures[0])
	later.Failures[1].Time.Time = r.Failures[0].Time.AddDate(15, 0, 0)
	later.Jobs = append([]report.Job{}, r.Jobs...)
	later.Jobs[1].To.Time = r.Jobs[1].To.AddDate(15, 0, 0)
	later.Coverage = append([]report.Coverage{}, r.Coverage...)
	later.Coverage[0].To.Time = r.Coverage[0].To.AddDate(15, 0, 0)
	d := newDriver(t, c, 120, 40)
	d.a.report = &later
	for key, want := range map[string]string{"1": "✗ 2025-03-14 23:02 backup", "2": "Bars: 2010-03-14 23:00 to 2025-03-14", "4": "Bars: 2010-02-01 06:00 to 2025-03-15"} {
		d.keys(key)
		if page := d.page(); !strings.Contains(page, want) {
			t.Errorf("%q is not on the page:\n%s", want, page)
		}
	}
}

// TestNothingRead wants a folder without any log to be told from one without any
// failure.
func TestNothingRead(t *testing.T) {
	c, err := index.OpenForWriting(filepath.Join(t.TempDir(), "case"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := scanInto(t.Context(), c, []string{t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	if page := newDriver(t, c, 80, 24).page(); strings.Contains(page, "No failed backup") || !strings.Contains(page, "Nothing to analyse") {
		t.Errorf("\n%s", page)
	}
}

// TestReadOnly wants a case that can't be written to be shown, and nothing to be
// taken that would be lost.
func TestReadOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "case")
	c, err := index.OpenForWriting(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := scanInto(t.Context(), c, []string{filepath.Join("..", "testdata", "cases", "iscsi-confirmed.zip")}); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if c, err = index.Open(dir); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, keys := range []string{"c", "x", "i", "3 b", "3 i", "r space"} {
		d := newDriver(t, c, 80, 24)
		d.keys(strings.Fields(keys)...)
		if d.a.prompt != nil || !strings.Contains(d.page(), "read-only") {
			t.Errorf("%s:\n%s", keys, d.page())
		}
	}
}

// TestAnswer wants an answer to be saved, evaluated and shown.
func TestAnswer(t *testing.T) {
	c := makeCase(t, "iscsi-likely")
	d := newDriver(t, c, 120, 40)
	evaluated := 0
	d.a.session.Evaluate = func(context.Context) (*report.Report, error) {
		evaluated++
		r := *d.a.report
		r.Findings = append([]report.Finding(nil), r.Findings...)
		for i := range r.Findings {
			r.Findings[i].Verdict, r.Findings[i].Answered = "confirmed", true
		}
		r.Failures = append([]report.Failure(nil), r.Failures...)
		for i := range r.Failures {
			r.Failures[i].Causes = []report.Cause{{Finding: r.Findings[0].ID, Verdict: "confirmed", Answered: true}}
		}
		return &r, nil
	}
	d.keys("a", "enter", "asked the customer", "enter")
	answers := c.Notes().All(notes.Answer)
	if len(answers) != 1 || answers[0].Value != "yes" || answers[0].Text != "asked the customer" || evaluated != 1 {
		t.Errorf("%d evaluations of %+v", evaluated, answers)
	}
	if page := d.page(); !strings.Contains(page, "evaluated: confirmed") || !strings.Contains(page, "CONFIRMED") {
		t.Errorf("\n%s", page)
	}
	if page := d.page(); !strings.Contains(page, "● confirmed (by an answer) issue 1") || !strings.Contains(page, "an inference; by an answer)") {
		t.Errorf("the verdict reads as if the logs had shown it:\n%s", page)
	}
	d.keys("6")
	if page := d.page(); !strings.Contains(page, "by an answer") {
		t.Errorf("\n%s", page)
	}
	d.keys("1")
	d.a.session.Evaluate = func(context.Context) (*report.Report, error) { return nil, errors.New("no logs") }
	d.keys("a", "enter", "enter")
	if page := d.page(); !strings.Contains(page, "not evaluated: no logs") {
		t.Errorf("\n%s", page)
	}
}

func notKept(r *report.Report) *report.Report {
	out := *r
	out.Notices = []string{"The case could not be kept: disk full."}
	return &out
}

// TestStopped is about the screens after the first scan was stopped: nothing says
// that it goes on, nor that it is kept.
func TestStopped(t *testing.T) {
	r, _, err := makeCase(t, bundles...).Report()
	if err != nil {
		t.Fatal(err)
	}
	d := newDriver(t, nil, 80, 24)
	d.send(ScanState{Read: 1 << 20, Total: 4 << 20, Report: r})
	d.send(ScanState{Read: 2 << 20, Total: 4 << 20, Report: r, Done: true, Err: ErrStopped})
	for _, keys := range []string{"1", "1 c", "1 enter v o", "3"} {
		d.keys(strings.Fields(keys)...)
		if page := d.page(); !strings.Contains(page, ErrStopped.Error()) || strings.Contains(page, "has not ended") || strings.Contains(page, "has ended") || strings.Contains(page, "failed: the scan") {
			t.Errorf("%s:\n%s", keys, page)
		}
	}
	d.keys("1", "c")
	if page := d.page(); !strings.Contains(page, "nothing can be written: "+ErrStopped.Error()) {
		t.Errorf("\n%s", page)
	}
}

// TestScanning is about the screens while the first scan runs.
func TestScanning(t *testing.T) {
	done := makeCase(t, bundles...)
	r, _, err := done.Report()
	if err != nil {
		t.Fatal(err)
	}
	d := newDriver(t, nil, 80, 24)
	d.send(ScanState{Read: 1 << 20, Total: 4 << 20, Events: 1000})
	for _, step := range []struct {
		msg  tea.Msg
		keys string
		want string
	}{
		{nil, "", "scanning: 25% of 4.0 MiB, 1000 events"},
		{nil, "", "Nothing found so far"},
		{nil, "3", "can be searched when the scan has ended"},
		{nil, "1 c", "choose a finding first"},
		{ScanState{Read: 2 << 20, Total: 4 << 20, Events: 2000, Report: r}, "", "● confirmed issue 1"},
		{nil, "c", "the scan has not ended"},
		{nil, "enter v enter", "when the scan has ended"},
		{ScanState{Err: errors.New("disk full")}, "", "scan failed: disk full"},
		{ScanState{Done: true, Case: done, Report: r}, "esc 3", "57 of 57 events"},
		{ScanState{Done: true, Case: done, Report: notKept(r)}, "", "The case could not be kept: disk full."},
		{ScanState{Read: 3 << 20, Total: 4 << 20}, "", "5 hosts, "},
		{nil, "1", "! SEE 4, "},
		{nil, "4 G", "The case could not be kept: disk full."},
	} {
		if step.msg != nil {
			d.send(step.msg)
		}
		d.keys(strings.Fields(step.keys)...)
		if page := d.page(); !strings.Contains(page, step.want) {
			t.Errorf("%q is not on the page:\n%s", step.want, page)
		}
	}
}

func TestTheme(t *testing.T) {
	for _, tt := range []struct {
		cfg  string
		back string
		want string
	}{{"", "#000000", "dark"}, {"", "#ffffff", "light"}, {"safe", "#ffffff", "safe"}} {
		a, err := newApp(Config{Theme: tt.cfg}, Session{})
		if err != nil {
			t.Fatal(err)
		}
		a.Update(tea.BackgroundColorMsg{Color: lipgloss.Color(tt.back)})
		if got := themes[a.theme].name; got != tt.want {
			t.Errorf("theme %q on %s: %s", tt.cfg, tt.back, got)
		}
	}
}

func TestMouse(t *testing.T) {
	d := newDriver(t, makeCase(t, bundles...), 120, 40)
	click := func(x, y int) { d.send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft}) }
	click(25, 1)
	if d.a.screen != actEvents {
		t.Errorf("a click on Events shows %s", d.a.screen)
	}
	click(30, 8)
	d.send(tea.MouseWheelMsg{Button: tea.MouseWheelDown})
	if got := d.a.screens[actEvents].(*events).list.cursor; got != 5 {
		t.Errorf("a click on the third row, and the wheel: row %d", got+1)
	}
	d.keys("1")
	click(100, 4)
	if v := d.a.screens[actVerdicts].(*verdicts); !v.inside || v.right.cursor != 2 {
		t.Errorf("a click on the right pane: inside %v, line %d", v.inside, v.right.cursor)
	}
}

// TestExport writes what can be written, and nothing over what is there.
func TestExport(t *testing.T) {
	c := makeCase(t, bundles...)
	dir := t.TempDir()
	for _, tt := range []struct{ view, keys, file, want string }{
		{"", "w enter", "report.txt", "vsswhy: "},
		{"", "w down enter", "report.json", "{\n"},
		{"", "w down down enter", "page.txt", " Failed backups"},
		{"2", "w down down down enter", "jobs.csv", "job,kind,host,subject,from,to,outcome\n"},
		{"6", "w down down down down enter", "rules.jsonl", `{"host":"HV01`},
	} {
		t.Run(tt.file, func(t *testing.T) {
			d := newDriver(t, c, 80, 24)
			d.keys(strings.Fields(tt.view + " " + tt.keys)...)
			path := filepath.Join(dir, tt.file)
			d.send(tea.KeyPressMsg(namedKeys["ctrl+u"]))
			d.send(tea.PasteMsg{Content: path})
			d.keys("enter")
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatalf("%v\n%s", err, d.page())
			}
			if !strings.HasPrefix(string(got), tt.want) {
				t.Errorf("%.200s", got)
			}
			d.keys(strings.Fields(tt.keys)...)
			d.send(tea.KeyPressMsg(namedKeys["ctrl+u"]))
			d.send(tea.PasteMsg{Content: path})
			d.keys("enter")
			if page := d.page(); !strings.Contains(page, "is there already") {
				t.Errorf("written over:\n%s", page)
			}
		})
	}
}

// TestSpan is how durations read.
func TestSpan(t *testing.T) {
	got := map[time.Duration]string{}
	for _, d := range []time.Duration{0, 1500 * time.Millisecond, 95 * time.Second, 100 * time.Minute, 50 * time.Hour} {
		got[d] = span(d)
	}
	want := map[time.Duration]string{0: "0.0s", 1500 * time.Millisecond: "1.5s", 95 * time.Second: "1m35s", 100 * time.Minute: "1h40m", 50 * time.Hour: "2d"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
