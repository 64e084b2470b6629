package tui

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

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
	opened  []view // on top of the screen
	prompt  *prompt
	status  string // the answer to the last action

	ticking bool // a frame's time is running
	stale   bool // the page that is shown is older than the App
	shown   tea.View
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
func (a *App) Init() tea.Cmd { return a.screens[actEvents].update(a, startMsg{}) }

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
		}
	case tea.MouseWheelMsg:
		return a.wheel(msg)
	default:
		return a.message(msg)
	}
	return nil
}

func (a *App) wheel(msg tea.MouseWheelMsg) tea.Cmd {
	act := actDown
	if msg.Button == tea.MouseWheelUp {
		act = actUp
	}
	for range 3 {
		a.top().do(a, act)
	}
	return nil
}

// message hands on what commands have found out.
func (a *App) message(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case ScanState:
		a.scan = msg
		if msg.Report != nil {
			a.report = msg.Report
		}
		if msg.Case != nil {
			a.c = msg.Case
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
func (a *App) show(act action) { a.screen, a.opened = act, nil }

// back goes back one level, at last to the first screen.
func (a *App) back() {
	switch n := len(a.opened); {
	case n > 0:
		a.opened = a.opened[:n-1]
	default:
		a.screen = actVerdicts
	}
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
	if a.width < minWidth || a.height < minHeight {
		return page([]string{fmt.Sprintf("terminal too small (%dx%d needed)", minWidth, minHeight)}, a.width, a.height)
	}
	lines := []string{a.where(), a.tabs()}
	body := a.height - 3
	if a.prompt != nil {
		body -= a.prompt.height()
	}
	lines = append(lines, a.top().render(a, a.width, body)...)
	if a.prompt != nil {
		lines = append(lines, a.prompt.render(a, a.width)...)
	}
	return append(lines, a.foot())
}

// where says which case this is, and what was opened from what.
func (a *App) where() string {
	trail := []string{"vsswhy", clean(a.session.Name), a.screens[a.screen].title()}
	for _, v := range a.opened {
		trail = append(trail, clean(v.title()))
	}
	right := a.scan.line()
	left := fit(" "+strings.Join(trail, a.glyph(" › ", " > ")), max(0, a.width-len(right)-1))
	return a.paint.paint(title, left) + a.paint.paint(dim, fit(right+" ", a.width-len([]rune(left))))
}

func (a *App) tabs() string {
	var b strings.Builder
	for _, act := range screenOrder {
		name := fmt.Sprintf(" %s %s ", a.keys.key(act), a.screens[act].title())
		if act == a.screen {
			b.WriteString(a.paint.paint(selected, name))
		} else {
			b.WriteString(name)
		}
		b.WriteByte(' ')
	}
	return fit(b.String(), a.width)
}

// foot is the answer to the last action, or else the keys that are of most use.
func (a *App) foot() string {
	if a.status != "" {
		return fit(" "+clean(a.status), a.width)
	}
	var hints []string
	for _, b := range a.keys.valid(a.top().scopes()) {
		if b.scope != everywhere && b.scope != lists || b.action == actOpen || b.action == actHelp {
			if len(b.keys) > 0 {
				hints = append(hints, keyName(b.keys[0])+" "+strings.ReplaceAll(string(b.action), "-", " "))
			}
		}
	}
	hints = append([]string{keyName(a.keys.key(actHelp)) + " keys", a.keys.key(actQuit) + " quit"}, hints...)
	return a.paint.paint(dim, fit(" "+strings.Join(hints, "  "), a.width))
}

// glyph chooses between a character and its form in ASCII.
func (a *App) glyph(unicode, ascii string) string {
	if a.cfg.ASCII {
		return ascii
	}
	return unicode
}
