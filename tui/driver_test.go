package tui

import (
	"context"
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/rules/report"
)

// A driver is the App without a terminal: keys go in, and what commands find out
// comes back, before the next key.
type driver struct {
	t testing.TB
	a *App
}

func newDriver(t testing.TB, c *index.Case, width, height int) *driver {
	t.Helper()
	a, err := newApp(Config{Theme: "mono"}, Session{
		Name: "acme", Case: c, Now: func() time.Time { return time.Unix(1268611200, 0) },
		Formats: []string{"text", "json"},
		Write: func(r *report.Report, format string, w io.Writer) error {
			if format == "json" {
				return r.WriteJSON(w)
			}
			return r.WriteText(w)
		},
		Save: saveFile,
	})
	if err != nil {
		t.Fatal(err)
	}
	a.ctx = context.Background()
	if err := a.load(c); err != nil {
		t.Fatal(err)
	}
	d := &driver{t, a}
	d.send(tea.WindowSizeMsg{Width: width, Height: height})
	d.run(a.Init())
	return d
}

// saveFile writes a file as a session does.
func saveFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

func (d *driver) send(msg tea.Msg) {
	d.a.ticking = false
	_, cmd := d.a.Update(msg)
	d.run(cmd)
}

// run runs a command and takes its messages, but for those of the clock.
func (d *driver) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	done := make(chan tea.Msg, 1)
	go func() { done <- cmd() }()
	var msg tea.Msg
	select {
	case msg = <-done:
	case <-time.After(20 * time.Second):
		d.t.Fatal("a command does not end")
	}
	switch msg := msg.(type) {
	case nil, frameMsg:
	case tea.BatchMsg:
		for _, c := range msg {
			d.run(c)
		}
	default:
		if !strings.Contains(reflect.TypeOf(msg).PkgPath(), "vsswhy") {
			return // for Bubble Tea
		}
		d.send(msg)
	}
}

// keys presses keys; a word of several letters that is no key's name is typed.
func (d *driver) keys(list ...string) {
	for _, k := range list {
		if msg, ok := namedKeys[k]; ok {
			d.send(tea.KeyPressMsg(msg))
			continue
		}
		for _, r := range k {
			d.send(tea.KeyPressMsg{Code: r, Text: string(r)})
		}
	}
}

var namedKeys = map[string]tea.Key{
	"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "tab": {Code: tea.KeyTab}, "down": {Code: tea.KeyDown}, "up": {Code: tea.KeyUp},
	"pgdown": {Code: tea.KeyPgDown}, "space": {Code: tea.KeySpace, Text: " "}, "ctrl+u": {Code: 'u', Mod: tea.ModCtrl}, "backspace": {Code: tea.KeyBackspace},
}

// page is what is shown. A line with what is selected begins with ">".
func (d *driver) page() string {
	d.a.ticking = false
	lines := d.a.lines()
	for i := range lines {
		mark := " "
		if strings.Contains(lines[i], d.a.paint.on[selected]) {
			mark = ">"
		}
		lines[i] = strings.TrimRight(mark+stripSGR(lines[i]), " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

func TestLook(t *testing.T) {
	dir := os.Getenv("LOOK")
	if dir == "" {
		t.Skip("for eyes: LOOK=CASE LOOK_KEYS=… go test -run TestLook -v")
	}
	c, err := index.OpenForWriting(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	d := newDriver(t, c, 140, 45)
	d.keys(strings.Fields(os.Getenv("LOOK_KEYS"))...)
	t.Log("\n" + d.page())
}

// stripSGR takes the colours off.
func stripSGR(s string) string {
	var b strings.Builder
	for {
		at := strings.Index(s, "\x1b[")
		if at < 0 {
			return b.String() + s
		}
		b.WriteString(s[:at])
		end := strings.IndexByte(s[at:], 'm')
		if end < 0 {
			return b.String() + s[at:]
		}
		s = s[at+end+1:]
	}
}
