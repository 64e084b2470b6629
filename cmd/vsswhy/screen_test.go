package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestScreenVerdicts: the causes of a failure in their order, each with its
// verdict in words; what each criterion rests on; why a look-alike is ruled out;
// and the clocks of the hosts in the timeline.
func TestScreenVerdicts(t *testing.T) {
	term := startTerminal(t, 160, 45, "open", caseOf(t, "csv-confirmed-skewed", "iscsi-ruled-out-sp1"))
	page := term.see("Failed backups and restores (2)", "● confirmed issue 2", "○ possible  issue 1", "– ruled-out issue 1")
	if strings.Index(page, "● confirmed issue 2") > strings.Index(page, "○ possible  issue 1") {
		t.Errorf("the confirmed cause does not come first:\n%s", page)
	}
	term.see("the clock of NODE-B.contoso.com was 1m0s behind that of NODE-A.contoso.com")
	term.press("Enter", "z", "G") // the end of the page has the timeline and the remedy
	page = term.see("In the order of time", "NODE-B -60.0 s against NODE-A", "What to do")
	took := regexp.MustCompile(`(?m)^.*NODE-[AB] .*took a CSV.*$`).FindAllString(page[strings.Index(page, "In the order of time"):], -1)
	if len(took) < 2 || !strings.Contains(took[0], "NODE-A") || !strings.Contains(took[1], "NODE-B") {
		t.Errorf("NODE-A does not come first by clocks that are allowed for: %q\n%s", took, page)
	}
	term.press("Escape", "Escape")
	term.quit()
}

// TestScreenEvents: what can be done in the list of all events.
func TestScreenEvents(t *testing.T) {
	term := startTerminal(t, 120, 40, "open", caseOf(t, "csv-two-nodes"))
	term.see("confirmed")
	term.press("3")
	term.see("21 of 21 events")
	for _, step := range []struct {
		keys, typed string
		see         []string
	}{
		{"/", "host:NODE-A prov:VSS", []string{"3 of 21 events"}},
		{"F", "", []string{"switch off", "negate", "remove"}},
		{"Enter", "", []string{"21 of 21 events"}},
		{"F Enter", "", []string{"3 of 21 events"}},
		{"/ C-u", "code:0x800423f4", []string{"1 of 21 events", "VSS_E_WRITERERROR_NONRETRYABLE"}},
		{"/ C-u", "vm:FILE07 level<=2", []string{"3 of 21 events"}},
		{"/ C-u", "/10[0-9]{3}/ -host:NODE-B", []string{"of 21 events"}},
		{"/ C-u", "since:2010-03-14T23:00:00Z until:+2m", []string{"of 21 events"}},
		{"/ C-u", "", []string{"21 of 21 events"}},
		{"g g", "", []string{"EventLog 6009"}},                       // the event of the cursor
		{"s", "5140", []string{"21 of 21 events", "2 events match"}}, // a search keeps the others
		{"n", "", []string{"at 11", "FailoverClustering 5140"}},      // to the second of them
		{"N", "", []string{"at 10", "FailoverClustering 5140"}},      // and back
		{"f", "", []string{"only ", "without ", "vol:Volume1"}},      // filter from the field
		{"Escape", "", []string{"21 of 21 events"}},
		{"b", "", []string{"bookmark"}},
		{"g e", "", []string{"Microsoft-Windows-Hyper-V-VMMS 10103"}}, // to the next error
		{"u", "", []string{"no bookmark after this one"}},
		{"U", "", []string{"Microsoft-Windows-FailoverClustering 5140"}}, // back to the bookmark
		{"v", "", []string{"◆"}},
		{"p", "", []string{"neighbours"}},
		{"Escape", "", []string{"21 of 21 events"}},
		{"+", "", []string{"of 21 events"}}, // the histogram zooms
		{"-", "", []string{"21 of 21 events"}},
		{"X", "", []string{"<EventID"}},
		{"Escape Enter", "", []string{"it means:"}},
		{"Escape", "", []string{"21 of 21 events"}},
	} {
		term.press(strings.Fields(step.keys)...)
		if strings.HasPrefix(step.keys, "/") || step.keys == "s" {
			term.typed(step.typed)
			term.press("Enter")
		}
		t.Logf("%s %s", step.keys, step.typed)
		term.see(step.see...)
	}
	term.quit()
}

// TestScreenJobsAndCoverage: jobs as bars with their outcome and the change of
// the volume's owner; which log covers which time, and what was not read.
func TestScreenJobsAndCoverage(t *testing.T) {
	dir := copyOf(t, "csv-two-nodes")
	damaged := filepath.Join(dir, "Security.evtx")
	if err := os.WriteFile(damaged, append([]byte("ElfFile\x00"), make([]byte, 100)...), 0o600); err != nil {
		t.Fatal(err)
	}
	c := filepath.Join(dir, "c")
	mustRun(t, 3, "scan", "--case", c, dir)
	term := startTerminal(t, 120, 40, "open", c)
	term.see("confirmed")
	term.press("2")
	term.see("backup", "no end seen", "▲ Volume1 from NODE-A", "█")
	term.press("+")
	term.see("Bars:")
	term.press("4")
	term.see("NODE-A.contoso.com", "System", "█ covered", "Security.evtx", "the log ends within its header")
	term.quit()
}

// TestScreenTriage: a finding is confirmed or dismissed for a reason, steps are
// ticked, events are noted; all is kept at once and survives a scan of more.
func TestScreenTriage(t *testing.T) {
	dir := copyOf(t, "csv-two-nodes", "restore-confirmed")
	c := filepath.Join(dir, "c")
	mustRun(t, 0, "scan", "--case", c, filepath.Join(dir, "csv-two-nodes.zip"))
	term := startTerminal(t, 140, 40, "open", c)
	term.see("confirmed")
	term.press("c")
	term.typed("two jobs at one time")
	term.press("Enter")
	term.see("two jobs at one time")
	term.press("r", "Space")
	term.see("[✓]")
	term.press("Escape", "1", "Down")
	term.press("x")
	term.press("Enter")
	term.see("reason") // a reason is required
	term.typed("the guest is newer")
	term.press("Enter")
	term.see("the guest is newer")
	term.press("3")
	term.see(" record ", " offset ") // the event of the cursor is there
	term.press("i")
	term.typed("first boot")
	term.press("Enter")
	term.see("note saved")
	term.quit()

	mustRun(t, 0, "scan", "--case", c, filepath.Join(dir, "restore-confirmed.zip"))
	again := startTerminal(t, 140, 40, "open", c)
	again.see("Failed backups and restores (2)")
	again.press("5")
	again.see("two jobs at one time", "the guest is newer", "first boot")
	again.quit()
}

// TestScreenCopies: into the system's clipboard where there is one, else through
// the terminal; a command has no line feed that would run it.
func TestScreenCopies(t *testing.T) {
	c := caseOf(t, "csv-two-nodes")
	bin := t.TempDir()
	board := filepath.Join(bin, "board")
	if err := os.WriteFile(filepath.Join(bin, "xclip"), []byte("#!/bin/sh\ncat > "+board+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	term := startTerminalWith(t, "DISPLAY=:9 WAYLAND_DISPLAY= SSH_TTY= SSH_CONNECTION= PATH="+bin+":$PATH", 120, 40, "open", c)
	term.see("confirmed")
	term.press("r")
	term.see("Get-ClusterSharedVolume")
	for range 10 { // down to the step that has one
		term.press("y")
		if strings.Contains(term.see("the whole page"), "the command") {
			break
		}
		term.press("Escape", "Down")
	}
	chooseItem(term, "the command")
	term.see("to the clipboard (xclip)")
	if got, err := os.ReadFile(board); err != nil || !strings.HasPrefix(string(got), "Get-ClusterSharedVolume") || strings.Contains(string(got), "\n") {
		t.Errorf("%q %v", got, err)
	}
	term.quit()

	remote := startTerminalWith(t, "SSH_TTY=/dev/pts/9", 120, 40, "open", c)
	remote.tmux("set-option", "-g", "set-clipboard", "on")
	remote.see("confirmed")
	remote.press("3")
	remote.see("21 of 21 events", "EventLog") // else the key finds no rows to go through
	remote.press("e")
	remote.see("Microsoft-Windows-Hyper-V-VMMS 10103")
	remote.press("y")
	chooseItem(remote, "one line")
	remote.see("through the terminal (OSC 52)")
	remote.copied("10103")
	remote.quit()
}

// colours finds what sets a colour in a captured page.
var colours = regexp.MustCompile(`\x1b\[[0-9;]*\b(3[0-7]|4[0-7]|9[0-7]|[34]8)[0-9;:]*m`)

// TestScreenSettings: keys from the configuration, help that is narrowed, the
// mouse, themes, no colours where none are wanted, frames in ASCII.
func TestScreenSettings(t *testing.T) {
	c := caseOf(t, "csv-two-nodes")
	config := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(config, []byte("keys:\n  quit: [Q]\n  jobs: [J]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	term := startTerminal(t, 100, 30, "open", "--config", config, c)
	term.see("confirmed")
	term.press("J")
	term.see("Bars:")
	term.press("?", "/")
	term.typed("quit")
	term.gone("one row up")
	term.see("Q ")
	term.press("Escape", "Escape", "m")
	term.see("mouse on")
	if !colours.MatchString(term.tmux("capture-pane", "-p", "-e")) {
		t.Error("no colours in a terminal that has them")
	}
	for range 5 {
		term.press("T")
		term.see("theme")
	}
	term.press("Q")
	term.see("ended with 0")

	mono := startTerminalWith(t, "NO_COLOR=1", 100, 30, "open", "--ascii", c)
	mono.see("confirmed")
	page := mono.tmux("capture-pane", "-p", "-e")
	if found := colours.FindString(page); found != "" {
		t.Errorf("a colour in spite of NO_COLOR: %q\n%s", found, page)
	}
	if strings.ContainsAny(page, "─│●○▲█✓✗") {
		t.Errorf("frames that are not ASCII:\n%s", page)
	}
	mono.quit()
}

// TestScreenWhileScanning: the failures of what was read are on screen while the
// rest is being read; the scan can be stopped.
func TestScreenWhileScanning(t *testing.T) {
	if testing.Short() {
		t.Skip("reads a large log")
	}
	dir := copyOf(t, "csv-two-nodes")
	large := writeMillion(t, 400_000)
	if err := os.Rename(large, filepath.Join(dir, "later.xml")); err != nil {
		t.Fatal(err)
	}
	term := startTerminal(t, 120, 40, dir)
	term.see("scanning:", "events")
	page := term.see("issue 2", "The cluster shared volume moved")
	if !strings.Contains(page, "scanning:") {
		t.Errorf("the finding came only with the end of the scan:\n%s", page)
	}
	term.press("Enter", "v")
	term.see("[✓] The backup of a virtual machine")
	term.press("C-x")
	term.see("the scan was stopped")
	term.press("1")
	term.see("issue 2")
	term.press("q")
	if page := term.see("ended with 0", "it is not kept"); strings.Contains(page, "the case is kept in") {
		t.Errorf("a case that was not kept is said to be:\n%s", page)
	}
}

// TestScreenOnFullDisk: what was found is shown although the disk has no room for the
// case, and both the screen and the end say that it is not kept.
func TestScreenOnFullDisk(t *testing.T) {
	disk := t.TempDir()
	// Room for the bundle and the case's logs, but not for what is derived from them.
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=88k", "tmpfs", disk).CombinedOutput(); err != nil {
		t.Skipf("nothing can be mounted here: %v %s", err, out)
	}
	defer exec.Command("umount", "-l", disk).Run()
	data := readFile(t, filepath.Join(casesDir, "csv-two-nodes.zip"))
	bundle := filepath.Join(disk, "bundle.zip")
	if err := os.WriteFile(bundle, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
	term := startTerminal(t, 110, 30, bundle)
	term.see("confirmed", "The case could not be kept", "! SEE 4")
	term.press("q")
	if page := term.see("ended with 3", "The case could not be kept"); strings.Contains(page, "the case is kept in") {
		t.Errorf("a case that was not kept is said to be:\n%s", page)
	}
}

// TestScreenOnReadOnlyDisk: a case on a disk that can't be written is shown all
// the same, and says why nothing can be noted.
func TestScreenOnReadOnlyDisk(t *testing.T) {
	disk := t.TempDir()
	mount := func(args ...string) {
		if out, err := exec.Command("mount", args...).CombinedOutput(); err != nil {
			t.Skipf("nothing can be mounted here: %v %s", err, out)
		}
	}
	mount("-t", "tmpfs", "-o", "size=32m", "tmpfs", disk)
	defer exec.Command("umount", "-l", disk).Run()
	dir := copyOf(t, "csv-two-nodes")
	c := filepath.Join(disk, "c")
	mustRun(t, 0, "scan", "--case", c, filepath.Join(dir, "csv-two-nodes.zip"))
	mount("-o", "remount,ro", disk)
	mustRun(t, 0, "verify", c)
	term := startTerminal(t, 100, 30, "open", c)
	term.see("confirmed")
	term.press("3", "/")
	term.typed("level<=2")
	term.press("Enter")
	term.see("3 of 21 events")
	term.press("i")
	term.see("read-only")
	term.press("q")
	term.see("opened read-only", "ended with 0")

	// A bundle on such a disk is scanned; its case goes where it can be kept.
	state := t.TempDir()
	mount("-o", "remount,rw", disk)
	data, err := os.ReadFile(filepath.Join(dir, "csv-two-nodes.zip"))
	if err == nil {
		err = os.WriteFile(filepath.Join(disk, "bundle.zip"), data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	mount("-o", "remount,ro", disk)
	kept := startTerminalWith(t, "XDG_STATE_HOME="+state, 100, 30, filepath.Join(disk, "bundle.zip"))
	kept.see("confirmed")
	kept.press("i")
	kept.typed("kept elsewhere")
	kept.press("Enter")
	kept.see("note saved")
	kept.quit()
	if found, _ := filepath.Glob(filepath.Join(state, "vsswhy", "*", "schema.json")); len(found) != 1 {
		t.Errorf("cases in the state folder: %v", fmt.Sprint(found))
	}
}
