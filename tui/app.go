package tui

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/rules/report"
)

// The smallest page on which anything can be told.
const minWidth, minHeight = 60, 15

// frameTime is how long a page that was shown stands while messages come in:
// Bubble Tea renders after each message, and shows at most 60 pages a second.
const frameTime = 8 * time.Millisecond

// An App is the program on screen. It belongs to Bubble Tea's goroutine alone;
// all others send it messages.
type App struct {
	cfg    Config
	keys   *keymap
	paint  *painter
	ctx    context.Context
	theme  int
	mouse  bool
	width  int
	height int

	report   *report.Report // of what was read so far
	c        *index.Case    // nil while the first scan runs
	session  Session
	scan     ScanState
	stopScan context.CancelFunc // nil: no scan runs

	screens map[action]view
	screen  action
	opened  []view  // on top of the screen
	trail   []place // where Esc goes back to from a screen that was jumped to
	prompt  *prompt
	status  string // the answer to the last action
	written int    // changes of notes: what was rendered before may be outdated

	ticking bool // a frame's time is running
	stale   bool // the page that is shown is older than the App
	shown   tea.View
}

// A place is what is on the page: a screen, and what was opened from it.
type place struct {
	screen action
	opened []view
}

// A frameMsg ends the time of a frame.
type frameMsg struct{}

func newApp(cfg Config, session Session) (*App, error) {
	keys, err := newKeymap(cfg.Keys)
	if err != nil {
		return nil, err
	}
	a := &App{cfg: cfg, keys: keys, session: session, mouse: cfg.Mouse, screen: actVerdicts, report: new(report.Report)}
	a.setTheme(themeIndex(cfg.Theme))
	a.screens = map[action]view{
		actVerdicts: newVerdicts(), actJobs: newJobs(), actEvents: newEvents(),
		actCoverage: newCoverage(), actNotes: newNotesView(), actRules: newRules(),
	}
	return a, nil
}

func (a *App) setTheme(i int) {
	a.theme = i % len(themes)
	a.paint = newPainter(themes[a.theme])
}

// top is the view that has the keys.
func (a *App) top() view {
	if n := len(a.opened); n > 0 {
		return a.opened[n-1]
	}
	return a.screens[a.screen]
}

// open puts a view on top.
func (a *App) open(v view) { a.opened = append(a.opened, v) }

// say shows the answer to an action on the last line.
func (a *App) say(format string, args ...any) { a.status = fmt.Sprintf(format, args...) }

// Init is Bubble Tea's.
func (a *App) Init() tea.Cmd {
	cmd := a.screens[actEvents].update(a, startMsg{})
	if a.cfg.Theme == "" {
		return tea.Batch(cmd, tea.RequestBackgroundColor)
	}
	return cmd
}

// startMsg is the first message: views may begin to load.
type startMsg struct{}

// Update is Bubble Tea's. The first message after a pause is shown at once; what
// comes within a frame's time of it is shown at its end.
func (a *App) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if _, ok := msg.(frameMsg); ok {
		a.ticking = false
		return a, nil
	}
	cmd := a.handle(msg)
	a.stale = true
	if a.ticking {
		return a, cmd
	}
	a.ticking = true
	a.render()
	return a, tea.Batch(cmd, tea.Tick(frameTime, func(time.Time) tea.Msg { return frameMsg{} }))
}

func (a *App) handle(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		a.width, a.height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		return a.key(msg)
	case tea.PasteMsg:
		if a.prompt != nil {
			a.prompt.insert(msg.Content)
			return a.prompt.changed(a)
		}
	case tea.MouseWheelMsg:
		return a.wheel(msg)
	case tea.MouseClickMsg:
		a.click(msg)
	case tea.BackgroundColorMsg:
		if a.cfg.Theme == "" {
			a.setTheme(themeIndex(map[bool]string{true: "dark", false: "light"}[msg.IsDark()]))
		}
	default:
		return a.message(msg)
	}
	return nil
}

// wheel moves three rows.
func (a *App) wheel(msg tea.MouseWheelMsg) tea.Cmd {
	act := actDown
	if msg.Button == tea.MouseWheelUp {
		act = actUp
	}
	var cmds []tea.Cmd
	for range 3 {
		cmd, _ := a.top().do(a, act)
		cmds = append(cmds, cmd)
	}
	return tea.Batch(cmds...)
}

// Lines of the page above the body.
const headLines = 2

// click goes to a screen of the tab bar, or puts the cursor on a row.
func (a *App) click(msg tea.MouseClickMsg) {
	if msg.Button != tea.MouseLeft || a.prompt != nil {
		return
	}
	if msg.Y != headLines-1 {
		a.top().click(a, msg.X, msg.Y-headLines)
		return
	}
	x := 0
	for _, act := range screenOrder {
		if x += ansi.StringWidth(a.tab(act)); msg.X < x {
			a.show(act)
			return
		}
	}
}

// message hands on what commands have found out.
func (a *App) message(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case ScanState:
		if a.scan.Done && !msg.Done {
			return nil // it was sent beside the last one, and is older
		}
		a.scan = msg
		if msg.Report != nil {
			a.report = msg.Report
		}
		if msg.Case != nil {
			a.c = msg.Case
		}
		if n := a.report.Notices; msg.Done && len(n) > 0 {
			a.say("%s", n[0]) // such as that nothing is kept
		}
	case sayMsg:
		a.status = string(msg)
		return nil
	}
	var cmds []tea.Cmd
	for _, v := range a.views() {
		cmds = append(cmds, v.update(a, msg))
	}
	return tea.Batch(cmds...)
}

// sayMsg is what a command has to say.
type sayMsg string

// views are all that may wait for a message, in a fixed order.
func (a *App) views() []view {
	var list []view
	for _, act := range screenOrder {
		list = append(list, a.screens[act])
	}
	return append(list, a.opened...)
}

// screenOrder is the order of the tab bar.
var screenOrder = []action{actVerdicts, actJobs, actEvents, actCoverage, actNotes, actRules}

// key does what a key means: in a text box it is text, else an action.
func (a *App) key(msg tea.KeyPressMsg) tea.Cmd {
	a.status = ""
	if msg.String() == "ctrl+c" {
		return a.quit()
	}
	if a.prompt != nil {
		return a.promptKey(msg)
	}
	return a.act(a.keys.find(msg.String(), a.top().scopes()))
}

// act does an action: the view on top may know it, else the App does.
func (a *App) act(act action) tea.Cmd {
	if act == "" {
		return nil
	}
	if cmd, ok := a.top().do(a, act); ok {
		return cmd
	}
	switch act {
	case actBack:
		a.back()
	case actQuit:
		return a.quit()
	case actStop:
		a.stop()
	case actHelp:
		a.open(newHelp(a, a.top().scopes()))
	case actPalette:
		a.openPalette()
	case actTheme:
		a.setTheme(a.theme + 1)
		a.say("theme %s", themes[a.theme].name)
	case actMouse:
		a.mouse = !a.mouse
		a.say("mouse %s", onOff(a.mouse))
	case actTimes:
		a.cfg.RelativeTimes = !a.cfg.RelativeTimes
	case actCopy:
		a.openCopy()
	case actWrite:
		a.openWrite()
	default:
		if _, ok := a.screens[act]; ok {
			a.show(act)
		}
	}
	return nil
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

// show goes to a screen.
func (a *App) show(act action) { a.screen, a.opened, a.trail = act, nil, nil }

// jump goes to a screen from which Esc comes back here.
func (a *App) jump(act action) {
	trail := append(a.trail, place{a.screen, a.opened})
	a.show(act)
	a.trail = trail
}

// back goes back one level, at last to the first screen.
func (a *App) back() {
	if n := len(a.opened); n > 0 {
		a.opened = a.opened[:n-1]
		return
	}
	if n := len(a.trail); n > 0 {
		last := a.trail[n-1]
		a.screen, a.opened, a.trail = last.screen, last.opened, a.trail[:n-1]
		return
	}
	a.screen = actVerdicts
}

// stop ends a scan that runs; what it has found so far stays on screen.
func (a *App) stop() {
	if a.stopScan == nil || a.scan.Done {
		a.say("no scan runs")
		return
	}
	a.stopScan()
	a.say("stopping the scan")
}

// quit ends the program. Everything was saved when it was done.
func (a *App) quit() tea.Cmd {
	return tea.Quit
}

// View is Bubble Tea's. While a frame's time runs, the page stands.
func (a *App) View() tea.View {
	if a.stale && !a.ticking {
		a.render()
	}
	return a.shown
}

func (a *App) render() { a.shown, a.stale = a.page(), false }

func (a *App) page() tea.View {
	v := tea.NewView(strings.Join(a.lines(), "\n"))
	v.AltScreen = true
	v.WindowTitle = "vsswhy " + clean(a.session.Name)
	if a.mouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	return v
}

// lines are the page: where one is, the screens, the body, the answer.
func (a *App) lines() []string {
	lines := page(a.parts(), a.width, a.height)
	if a.cfg.ASCII {
		for i := range lines {
			lines[i] = inASCII.Replace(lines[i])
		}
	}
	return lines
}

func (a *App) parts() []string {
	if a.width < minWidth || a.height < minHeight {
		return wrap(fmt.Sprintf("terminal too small (%dx%d needed)", minWidth, minHeight), a.width)
	}
	lines := []string{a.where(), a.tabs()}
	body := a.height - headLines - 1
	if a.prompt != nil {
		body -= a.prompt.height()
	}
	lines = append(lines, a.top().render(a, a.width, body)...)
	if a.prompt != nil {
		lines = append(lines, a.prompt.render(a, a.width)...)
	}
	return append(lines, a.foot())
}

// where says which case this is, what was opened from what, and how much has
// been read.
func (a *App) where() string {
	trail := []string{"vsswhy", clean(a.session.Name), a.screens[a.screen].title()}
	for _, v := range a.opened {
		trail = append(trail, clean(v.title()))
	}
	left := " " + strings.Join(trail, " › ")
	right := a.read() + " "
	room := max(0, a.width-ansi.StringWidth(right)-2)
	return a.paint.paint(title, fit(left, max(room, a.width/2))) + a.paint.paint(dim, fit("  "+right, a.width-max(room, a.width/2)))
}

// read says how much has been read, and whether all could be.
func (a *App) read() string {
	if line := a.scan.line(); line != "" {
		return line
	}
	_, records := a.report.Logs()
	line := fmt.Sprintf("%d hosts, %d records, %s", len(a.report.Hosts), records, map[bool]string{false: "UTC", true: "before the last event"}[a.cfg.RelativeTimes])
	if len(a.report.Sources) > 0 && !a.report.Complete {
		line = "! NOT ALL WAS READ (" + a.keys.key(actCoverage) + "), " + line
	} else if len(a.report.Notices) > 0 {
		line = "! SEE " + a.keys.key(actCoverage) + ", " + line
	}
	return line
}

func (a *App) tabs() string {
	var b strings.Builder
	for _, act := range screenOrder {
		if name := a.tab(act); act == a.screen {
			b.WriteString(a.paint.paint(selected, name))
		} else {
			b.WriteString(name)
		}
	}
	return fit(b.String(), a.width)
}

func (a *App) tab(act action) string {
	return fmt.Sprintf(" %s %s ", a.keys.key(act), a.screens[act].title())
}

// foot is the answer to the last action, or else the keys that are of most use;
// the ones without which one is lost are always there.
func (a *App) foot() string {
	if a.status != "" {
		return a.paint.paint(strong, fit(" "+clean(a.status), a.width))
	}
	if a.prompt != nil {
		return a.paint.paint(dim, fit(" Enter done  Esc cancel  ctrl+u clear"+map[bool]string{true: "  Tab complete"}[a.prompt.expand != nil], a.width))
	}
	always := []string{a.hint(actHelp, "keys"), a.hint(actBack, "back"), a.hint(actQuit, "quit")}
	room := a.width - ansi.StringWidth(strings.Join(always, "  ")) - 2
	line := ""
	for _, b := range a.keys.valid(a.top().scopes()) {
		if b.hint == "" || len(b.keys) == 0 {
			continue
		}
		hint := keyName(b.keys[0]) + " " + b.hint + "  "
		if ansi.StringWidth(line+hint) > room {
			break
		}
		line += hint
	}
	return a.paint.paint(dim, fit(" "+line+strings.Join(always, "  "), a.width))
}

func (a *App) hint(act action, what string) string { return a.keys.key(act) + " " + what }
