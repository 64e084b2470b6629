package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A terminal is the program in a real one: tmux, driven by keys.
type terminal struct {
	t      *testing.T
	socket string
}

// startTerminal runs the program on a screen of some cells.
func startTerminal(t *testing.T, width, height int, args ...string) *terminal {
	t.Helper()
	return startTerminalWith(t, "", width, height, args...)
}

// startTerminalWith runs it with more variables in its environment, as a shell
// takes them.
func startTerminalWith(t *testing.T, env string, width, height int, args ...string) *terminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("no tmux (Debian package tmux)")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "vsswhy")
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	term := &terminal{t, filepath.Join(dir, "s")}
	line := "XDG_CONFIG_HOME=" + filepath.Join(dir, "config") + " " + env + " " + program
	for _, a := range args {
		line += " '" + a + "'"
	}
	// A program that was killed leaves the terminal without carriage returns.
	line += "; code=$?; stty sane; echo; echo ended with $code; exec sleep 60"
	term.tmux("-f", os.DevNull, "new-session", "-d", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height), line)
	t.Cleanup(func() { exec.Command("tmux", "-S", term.socket, "kill-server").Run() })
	return term
}

func (term *terminal) command(args ...string) *exec.Cmd {
	return exec.Command("tmux", append([]string{"-u", "-S", term.socket}, args...)...)
}

func (term *terminal) tmux(args ...string) string {
	term.t.Helper()
	out, err := term.command(args...).CombinedOutput()
	if err != nil {
		term.t.Fatalf("tmux %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func (term *terminal) screen() string { return term.tmux("capture-pane", "-p") }

// press sends keys as tmux names them.
func (term *terminal) press(keys ...string) {
	term.t.Helper()
	for _, k := range keys {
		term.tmux("send-keys", k)
		if k == "Escape" {
			time.Sleep(500 * time.Millisecond) // what follows at once would be Alt
		}
	}
}

func (term *terminal) typed(text string) { term.tmux("send-keys", "-l", text) }

// see waits until all texts are on the screen.
func (term *terminal) see(texts ...string) string {
	term.t.Helper()
	return term.await("on screen", term.screen, texts...)
}

// copied waits until the terminal's own clipboard has a text: the program tells
// of a copy in one frame and sends it in the next.
func (term *terminal) copied(text string) {
	term.t.Helper()
	term.await("in tmux's buffer", func() string {
		out, _ := term.command("show-buffer").Output() // fails while there is none
		return string(out)
	}, text)
}

// await looks again and again until all texts are to be seen.
func (term *terminal) await(where string, look func() string, texts ...string) string {
	term.t.Helper()
	var page string
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		page = look()
		missing := func(text string) bool { return !strings.Contains(page, text) }
		if !slices.ContainsFunc(texts, missing) {
			return page
		}
	}
	term.t.Fatalf("not %s: %q\n%s", where, texts, page)
	return ""
}

// copyOf puts a synthetic bundle into a folder of its own.
func copyOf(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(casesDir, name+".zip"))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name+".zip"), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// pageAs waits for the page that a session has below a heading, and returns it; of
// a session without it, the page that is there once the frame after is drawn.
func (term *terminal) pageAs(session, heading string) string {
	term.t.Helper()
	_, want, found := strings.Cut(session, heading)
	if !found {
		time.Sleep(300 * time.Millisecond)
	}
	want, _, _ = strings.Cut(want, "\n### ")
	return term.await("on screen as in docs/session.txt (-update records it anew)", term.page, strings.TrimSuffix(want, "\n"))
}

// page is the screen without the blanks at the ends.
func (term *terminal) page() string {
	var b strings.Builder
	for line := range strings.Lines(term.screen()) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// caseOf makes a case of synthetic bundles and returns its folder.
func caseOf(t *testing.T, names ...string) string {
	t.Helper()
	dir := copyOf(t, names...)
	c := filepath.Join(dir, "c")
	for _, name := range names {
		mustRun(t, 0, "scan", "--case", c, filepath.Join(dir, name+".zip"))
	}
	return c
}

// quit ends the program.
func (term *terminal) quit() {
	term.t.Helper()
	term.press("q")
	term.see("ended with 0")
}

// gone waits until a text is no longer on the screen.
func (term *terminal) gone(text string) {
	term.t.Helper()
	for end := time.Now().Add(20 * time.Second); strings.Contains(term.screen(), text); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			term.t.Fatalf("still on screen: %q\n%s", text, term.screen())
		}
	}
}

// chooseItem opens the row of a menu that begins with a text.
func chooseItem(term *terminal, name string) {
	term.t.Helper()
	page := term.see(name)
	for line := range strings.Lines(page[:strings.Index(page, name)]) {
		if strings.HasPrefix(line, ">") || strings.HasPrefix(line, " ") && strings.Contains(line, "  ") && !strings.Contains(line, "vsswhy ›") && !strings.Contains(line, "1 Verdicts") {
			term.press("Down")
		}
	}
	term.press("Enter")
}
