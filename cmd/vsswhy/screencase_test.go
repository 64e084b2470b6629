package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vsswhy/vsswhy/index"
)

// TestScreenFromBundleToRemedy is what an engineer does: scan, see the cause, its
// evidence among all events, what to do, write a note, and find it again.
func TestScreenFromBundleToRemedy(t *testing.T) {
	dir := copyOf(t, "csv-two-nodes")
	bundle := filepath.Join(dir, "csv-two-nodes.zip")
	term := startTerminal(t, 120, 40, bundle)
	term.see("Failed backups and restores (1)", "confirmed", "The cluster shared volume moved")
	term.press("r")
	term.see("What to do", "Get-ClusterSharedVolume")
	term.press("v", "o")
	term.see("events", "FailoverClustering")
	term.press("/")
	term.typed("code:-2147212300")
	term.press("Enter")
	term.see("1 of 21 events", "8229", "VSS_E_WRITERERROR_NONRETRYABLE")
	term.press("X")
	term.see("<EventID", "8229")
	term.press("Escape")
	term.see("1 of 21 events")
	term.press("i")
	term.typed("asked the customer")
	term.press("Enter")
	term.see("note saved")
	term.press("2")
	term.see("J1")
	term.press("4")
	term.see("FailoverClustering/Operational")
	term.press("5")
	term.see("asked the customer")
	term.quit()

	again := startTerminal(t, 80, 24, "open", bundle+".vsswhy")
	again.see("confirmed")
	again.press("5")
	again.see("asked the customer")
	again.press("1", "?")
	again.see("one row up")
	again.press("Escape")
	again.see("confirmed")
	again.quit()
}

// TestScreenAnswers: an answer changes the verdict at once, is shown as an answer,
// and is there when the case is opened again.
func TestScreenAnswers(t *testing.T) {
	dir := copyOf(t, "iscsi-likely")
	bundle := filepath.Join(dir, "iscsi-likely.zip")
	term := startTerminal(t, 140, 45, bundle)
	term.see("likely", "iSCSI")
	term.press("3")
	term.see("12 of 12 events") // the scan has ended; before, nothing is answered
	term.press("1")
	term.see("likely", "iSCSI")
	for range 2 {
		term.press("a")
		term.see("yes", "unknown")
		term.press("Enter")
		term.see("how do you know")
		term.typed("the customer said so")
		term.press("Enter")
		term.see("evaluated")
	}
	term.see("confirmed", "you answered yes")
	term.quit()
	mustRun(t, 0, "verify", bundle+".vsswhy")
	if out := mustRun(t, 0, "report", bundle+".vsswhy"); !strings.Contains(out, "CONFIRMED") {
		t.Error(out)
	}
}

// TestScreenKilled: a note that was said to be saved is there after kill -9; the
// one that was being typed is not, and nothing is damaged.
func TestScreenKilled(t *testing.T) {
	c := caseOf(t, "csv-two-nodes")
	term := startTerminal(t, 100, 30, "open", c)
	term.see("confirmed")
	term.press("i")
	term.typed("this one is kept")
	term.press("Enter")
	term.see("note saved")
	term.press("i")
	term.typed("this one is not")
	holder, err := os.ReadFile(filepath.Join(c, "lock.holder"))
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Sscanf(string(holder), `{"PID":%d`, &pid); err != nil {
		t.Fatal(err)
	}
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		t.Fatal(err)
	}
	term.see("ended with 137")
	mustRun(t, 0, "verify", c)
	kept, err := index.OpenForWriting(c)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	if list := kept.Notes().All(); len(list) != 1 || list[0].Text != "this one is kept" {
		t.Errorf("%+v", list)
	}
}

// TestScreenResized: a storm of sizes, also those that are too small, leaves a
// page that is whole.
func TestScreenResized(t *testing.T) {
	c := caseOf(t, "csv-two-nodes")
	term := startTerminal(t, 120, 40, "open", c)
	term.see("confirmed")
	for i := range 60 {
		term.tmux("resize-window", "-x", fmt.Sprint(20+i*53%180), "-y", fmt.Sprint(5+i*29%55))
		if i%7 == 0 {
			term.press(fmt.Sprint(1 + i%6))
		}
	}
	term.tmux("resize-window", "-x", "59", "-y", "15")
	term.see("60x15")
	term.tmux("resize-window", "-x", "60", "-y", "15")
	term.press("1")
	term.see("confirmed")
	term.quit()
}

// TestScreenReadOnly: a case that another process writes to can be read, and
// says why nothing can be written.
func TestScreenReadOnly(t *testing.T) {
	dir := copyOf(t, "csv-two-nodes")
	path := filepath.Join(dir, "c")
	mustRun(t, 0, "scan", "--case", path, filepath.Join(dir, "csv-two-nodes.zip"))
	c, err := index.OpenForWriting(path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	term := startTerminal(t, 100, 30, "open", path)
	term.see("confirmed")
	term.press("i")
	term.see("read-only")
	term.press("q")
	term.see("opened read-only", "ended with 0")
}

// TestScreenExports: what the screen writes of its events is what the command
// line prints of them.
func TestScreenExports(t *testing.T) {
	c := caseOf(t, "csv-two-nodes")
	dir := t.TempDir()
	term := startTerminal(t, 120, 30, "open", c)
	term.see("confirmed")
	term.press("3", "/")
	term.typed("level<=3")
	term.press("Enter")
	term.see("4 of 21 events")
	for i, format := range []string{"csv", "jsonl"} {
		term.press("w")
		page := term.see("these events")
		for line := range strings.Lines(page[:strings.Index(page, "these events")]) {
			if strings.HasPrefix(line, " report") || strings.HasPrefix(line, " this page") {
				term.press("Down")
			}
		}
		if i == 1 {
			term.press("Down")
		}
		term.press("Enter")
		term.see("write to: events." + format)
		out := filepath.Join(dir, "out."+format)
		term.press("C-u")
		term.typed(out)
		term.press("Enter")
		term.see("4 events written")
		got, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if want := mustRun(t, 0, "events", c, "--where", "level<=3", "--format", format); want != string(got) {
			t.Errorf("%s: the screen wrote\n%s\nwant\n%s", format, got, want)
		}
	}
	term.press("w", "Enter", "C-u")
	term.typed(filepath.Join(dir, "none", "x"))
	term.press("Enter")
	term.see("x could not be written: no such file")
}

// recordedSession is in the documentation, a section a step.
const recordedSession = "../../docs/session.txt"

// TestRecordedSession holds the session in docs, and its first page in
// docs/screen.md, to what the program shows. -update records it anew.
func TestRecordedSession(t *testing.T) {
	dir := copyOf(t, "csv-two-nodes")
	if err := os.Rename(filepath.Join(dir, "csv-two-nodes.zip"), filepath.Join(dir, "bundle.zip")); err != nil {
		t.Fatal(err)
	}
	recorded := ""
	if !*update {
		recorded = readFile(t, recordedSession)
	}
	term := startTerminal(t, 110, 30, filepath.Join(dir, "bundle.zip"))
	var session, first string
	for _, step := range []struct {
		told, want string
		keys       []string
	}{
		{"vsswhy bundle.zip", "2 hosts, 21 records", nil},
		{"r: what to do", "Get-ClusterSharedVolume", []string{"r"}},
		{"v: the first piece of evidence; o: it among all events", "21 of 21 events", []string{"g", "v", "o"}},
		{"2: the jobs", "Bars:", []string{"2"}},
		{"4: which logs cover which time", "gap in the record ids", []string{"4"}},
	} {
		term.press(step.keys...)
		term.see(step.want)
		page := term.pageAs(recorded, "### "+step.told+"\n\n")
		if first == "" {
			first = page
		}
		session += "### " + step.told + "\n\n" + page + "\n"
	}
	if *update {
		if err := os.WriteFile(recordedSession, []byte(session), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if session != recorded {
		t.Errorf("docs/session.txt has more than the program shows; -update records it anew\n%s", session)
	}
	if !strings.Contains(readFile(t, "../../docs/screen.md"), first) {
		t.Errorf("docs/screen.md does not show the first page:\n%s", first)
	}
}
