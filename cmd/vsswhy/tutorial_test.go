package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// TestTutorial runs the commands that the pages in docs show, page by page in a
// folder of its own, and holds what the pages print to what the program prints.
// What stands between the commands is written by hand. -update prints anew.
//
// In a block "console" a line that begins with "$ " is a command, for a POSIX
// shell, and what follows is its output with that of standard error.
func TestTutorial(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("shells on Windows know other paths than its programs")
	}
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no POSIX shell")
	}
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal("no pages: ", err)
	}
	ran := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "\n"+consoleBlock) {
			continue
		}
		t.Run(filepath.Base(page), func(t *testing.T) {
			r := newTutorialRun(t, shell)
			golden(t, page, r.page(string(text)))
			ran += r.commands
		})
	}
	if ran < 10 {
		t.Errorf("only %d commands were found in the pages", ran)
	}
}

const consoleBlock = "```console\n"

// A tutorialRun is the shell of who reads a page.
type tutorialRun struct {
	t        *testing.T
	shell    string
	dir      string
	commands int
}

// newTutorialRun has the program and what the pages' customer sent.
func newTutorialRun(t *testing.T, shell string) *tutorialRun {
	bin, dir := t.TempDir(), t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(bin, program)); err != nil {
		t.Skip("no symbolic links: ", err)
	}
	for name, from := range map[string]string{"bundle.zip": "csv-two-nodes", "restore.zip": "restore-confirmed"} {
		data, err := os.ReadFile(filepath.Join(casesDir, from+".zip"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	t.Setenv("SOURCE_DATE_EPOCH", "1268611200")
	return &tutorialRun{t: t, shell: shell, dir: dir}
}

// page is a page with the output that its commands have.
func (r *tutorialRun) page(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, consoleBlock)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		block, after, closed := strings.Cut(rest, "```\n")
		if !closed {
			r.t.Fatal("a block has no end")
		}
		b.WriteString(consoleBlock)
		for line := range strings.Lines(block) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				b.WriteString(line)
				b.WriteString(r.run(command))
			}
		}
		b.WriteString("```\n")
		text = after
	}
}

// run returns what a command prints.
func (r *tutorialRun) run(command string) string {
	r.commands++
	cmd := exec.Command(r.shell, "-c", command)
	cmd.Dir = r.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Errorf("%s: %v", command, err)
	}
	if len(out) > 0 && out[len(out)-1] != '\n' {
		out = append(out, '\n')
	}
	return string(out)
}

var link = regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)

// TestLinks: what the pages refer to in the repository is there.
func TestLinks(t *testing.T) {
	root := filepath.Join("..", "..")
	pages, _ := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	top, _ := filepath.Glob(filepath.Join(root, "*.md"))
	for _, page := range append(pages, top...) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), filepath.FromSlash(m[1]))); err != nil {
				t.Errorf("%s refers to %s, which is not there", page, m[1])
			}
		}
	}
}
