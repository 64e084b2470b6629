package tui

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// maxOSC52 is how long a text may be for the terminal's own clipboard sequence:
// many terminals take no more than some 74 KB in base64.
const maxOSC52 = 54_000

// openCopy lets choose in which form what the cursor is on is copied.
func (a *App) openCopy() {
	list := a.top().copies(a)
	if len(list) == 0 {
		a.say("nothing to copy here")
		return
	}
	var items []menuItem
	for _, it := range list {
		items = append(items, menuItem{it.name, firstLine(it.text), func(a *App) tea.Cmd { return a.copy(it) }})
	}
	a.open(newMenu("copy", items))
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// copy puts text into the clipboard, and says which one: the system's, the
// terminal's by OSC 52 (the one that works over SSH), or at last a file. A
// command that ends in a line feed would run when it is pasted.
func (a *App) copy(it copyItem) tea.Cmd {
	text := strings.TrimRight(it.text, "\n")
	remote := os.Getenv("SSH_TTY") != "" || os.Getenv("SSH_CONNECTION") != ""
	if !remote {
		if name, err := nativeClipboard(text); err == nil {
			a.say("copied %s to the clipboard (%s)", it.name, name)
			return nil
		}
	}
	if len(text) <= maxOSC52 {
		a.say("copied %s through the terminal (OSC 52)", it.name)
		return tea.SetClipboard(text)
	}
	path, err := copyToFile(text)
	if err != nil {
		a.say("not copied: %v", err)
		return nil
	}
	a.say("too long for the terminal's clipboard: written to %s", path)
	return nil
}

// clipboards are the programs that set the system's clipboard.
func clipboards() [][]string {
	switch {
	case runtime.GOOS == "windows":
		return [][]string{{"clip.exe"}}
	case runtime.GOOS == "darwin":
		return [][]string{{"pbcopy"}}
	case os.Getenv("WAYLAND_DISPLAY") != "":
		return [][]string{{"wl-copy"}}
	case os.Getenv("DISPLAY") != "":
		return [][]string{{"xclip", "-selection", "clipboard"}, {"xsel", "--clipboard", "--input"}}
	}
	return nil
}

func nativeClipboard(text string) (name string, err error) {
	for _, c := range clipboards() {
		cmd := exec.Command(c[0], c[1:]...)
		cmd.Stdin = strings.NewReader(text)
		if err = cmd.Run(); err == nil {
			return c[0], nil
		}
	}
	if err == nil {
		err = fmt.Errorf("there is no clipboard")
	}
	return "", err
}

func copyToFile(text string) (string, error) {
	f, err := os.CreateTemp("", "vsswhy-*.txt")
	if err != nil {
		return "", err
	}
	defer f.Close()
	_, err = f.WriteString(text)
	return filepath.ToSlash(f.Name()), err
}
