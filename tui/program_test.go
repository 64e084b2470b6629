package tui

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/vt"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/index/notes"
	"github.com/vsswhy/vsswhy/rules/report"
)

// A screen is an emulator that is written to and looked at by two goroutines.
// (vt.SafeEmulator does not lock String.)
type screen struct {
	mu sync.Mutex
	em *vt.Emulator
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.em.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.em.String()
}

// A terminal is the whole program on an emulated screen.
type terminal struct {
	t    *testing.T
	em   *screen
	keys *io.PipeWriter
	done chan error
	stop context.CancelFunc
}

// open runs a session at 120x40.
func open(t *testing.T, s Session, cfg Config) *terminal {
	t.Helper()
	const width, height = 120, 40
	em := &screen{em: vt.NewEmulator(width, height)}
	// Without a terminal's line discipline nobody turns LF into CR LF: line feed
	// new line mode (LNM) of the emulator does.
	io.WriteString(em, "\x1b[20h")
	go io.Copy(io.Discard, em.em) // its answers to queries; it ends with the tests, since closing is not safe beside reading
	if s.Now == nil {
		s.Now = time.Now
	}
	s.Save = saveFile
	ctx, cancel := context.WithCancel(context.Background())
	in, keys := io.Pipe()
	term := &terminal{t, em, keys, make(chan error, 1), cancel}
	go func() {
		term.done <- Run(ctx, s, cfg, tea.WithInput(in), tea.WithOutput(em), tea.WithWindowSize(width, height),
			tea.WithColorProfile(colorprofile.TrueColor), tea.WithoutSignals(), tea.WithEnvironment([]string{"TERM=xterm-256color"}))
	}()
	t.Cleanup(func() {
		cancel()
		keys.Close()
		select {
		case <-term.done:
		case <-time.After(10 * time.Second):
			t.Error("the program does not end")
		}
	})
	return term
}

// sequences are what a terminal sends for keys.
var sequences = map[string]string{"enter": "\r", "tab": "\t", "down": "\x1b[B", "up": "\x1b[A", "pgdown": "\x1b[6~", "space": " ", "ctrl+u": "\x15", "ctrl+x": "\x18", "ctrl+c": "\x03"}

// press types keys, one after the other.
func (term *terminal) press(keys ...string) {
	term.t.Helper()
	for _, k := range keys {
		if seq, ok := sequences[k]; ok {
			k = seq
		}
		escape := k == "esc"
		if escape {
			k = "\x1b"
		}
		if _, err := io.WriteString(term.keys, k); err != nil {
			term.t.Fatal(err)
		}
		if escape {
			time.Sleep(100 * time.Millisecond) // or it begins a sequence
		}
	}
}

// see waits until the screen shows all of some texts.
func (term *terminal) see(texts ...string) {
	term.t.Helper()
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		screen, missing := term.em.String(), ""
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				missing = text
			}
		}
		if missing == "" {
			return
		}
		if time.Since(began) > 10*time.Second {
			term.t.Fatalf("%q is not on the screen:\n%s", missing, screen)
		}
	}
}

// ends waits for the end of the program.
func (term *terminal) ends(want error) {
	term.t.Helper()
	select {
	case err := <-term.done:
		if !errors.Is(err, want) {
			term.t.Errorf("the program ended with %v", err)
		}
		term.done <- err
	case <-time.After(10 * time.Second):
		term.t.Fatal("the program does not end")
	}
}

// TestProgram drives the program as a person would, once for each thing that it
// is for.
func TestProgram(t *testing.T) {
	t.Run("from verdict to remedy", func(t *testing.T) {
		term := open(t, Session{Name: "acme", Case: makeCase(t, bundles...)}, Config{})
		term.see("● confirmed issue 1", "What it starts from", "r what to do")
		term.press("down", "down", "down", "down")
		term.see("took", "KB975354, issue 2")
		term.press("r")
		term.see("What to do", "[ ] 1.")
		term.press("space")
		term.see("[✓] 1.")
		term.press("q")
		term.ends(nil)
	})
	t.Run("an answer changes the verdict", func(t *testing.T) {
		c := makeCase(t, "iscsi-likely")
		s := Session{Name: "acme", Case: c, Evaluate: func(context.Context) (*report.Report, error) {
			r, _, err := c.Report()
			again := *r
			again.Findings = append([]report.Finding(nil), r.Findings...)
			again.Findings[0].Verdict = "confirmed"
			again.Failures = nil
			return &again, err
		}}
		term := open(t, s, Config{})
		term.see("likely", "answer with a")
		term.press("a")
		term.see("answer:", "yes", "no", "unknown")
		term.press("enter")
		term.see("how do you know:")
		term.press("he said so", "enter")
		term.see("CONFIRMED", "evaluated: confirmed", "you answered yes: he said so")
	})
	t.Run("events", func(t *testing.T) {
		term := open(t, Session{Name: "acme", Case: makeCase(t, bundles...)}, Config{})
		term.press("3")
		term.see("57 of 57 events", "█")
		term.press("/", "level<=2")
		term.see("8 of 57 events") // before Enter
		term.press("enter", "f")
		term.see("only", "without", "from this on")
		term.press("down", "enter")
		term.see("[level<=2]", "[host:")
		term.press("X")
		term.see("<EventID>")
		term.press("esc", "p")
		term.see("neighbours in", "#1001")
		term.press("esc", "esc", "esc")
		term.see("57 of 57 events")
		term.press("s", "vss", "enter")
		term.see("search: vss (10)")
		term.press("b", "5")
		term.see("bookmark of")
	})
	t.Run("jobs", func(t *testing.T) {
		term := open(t, Session{Name: "acme", Case: makeCase(t, bundles...)}, Config{})
		term.press("2")
		term.see("✗ J4", "▲ Volume1 from NODE-A", "█")
		term.press("+", "+")
		term.see("‹")
		term.press("enter")
		term.see("at 21", "a backup began")
	})
	t.Run("coverage", func(t *testing.T) {
		term := open(t, Session{Name: "acme", Case: makeCase(t, bundles...)}, Config{})
		term.press("4")
		term.see("NODE-B.contoso.com", "FailoverClustering/Operational", "█")
	})
	t.Run("triage is saved at once", func(t *testing.T) {
		c := makeCase(t, bundles...)
		term := open(t, Session{Name: "acme", Case: c}, Config{})
		term.see("confirmed")
		term.press("x", "enter")
		term.see("a reason") // and still asking
		term.press("another one", "enter")
		term.see("you dismissed it: another one")
		term.press("i", "ask again", "enter")
		term.see("your note: ask again")
		term.stop()
		term.ends(context.Canceled)
		if list := c.Notes().All(notes.Triage, notes.Note); len(list) != 2 {
			t.Errorf("saved: %+v", list)
		}
	})
	t.Run("out of it", func(t *testing.T) {
		t.Setenv("SSH_TTY", "/dev/pts/0")
		path := filepath.Join(t.TempDir(), "report.txt")
		s := Session{Name: "acme", Case: makeCase(t, bundles...), Formats: []string{"text"}, Write: func(r *report.Report, _ string, w io.Writer) error { return r.WriteText(w) }}
		term := open(t, s, Config{})
		term.see("confirmed")
		term.press("y", "enter")
		term.see("through the terminal (OSC 52)")
		term.press("w", "enter", "ctrl+u", path, "enter")
		term.see("written to")
		if text, err := os.ReadFile(path); err != nil || !strings.Contains(string(text), "CONFIRMED") {
			t.Errorf("%v %.100s", err, text)
		}
	})
	t.Run("help, themes, keys of one's own", func(t *testing.T) {
		term := open(t, Session{Name: "acme", Case: makeCase(t, bundles...)}, Config{ASCII: true, Keys: map[string][]string{"help": {"h"}}})
		term.see("# confirmed issue 1", "h keys")
		term.press("h")
		term.see("keys that are valid here")
		term.press("/", "remed")
		term.press("ctrl+u", "what to do")
		term.see("to what to do")
		term.press("enter")
		term.see("[ ] 1.")
		term.press("T")
		term.see("theme light")
		term.press("m")
		term.see("mouse on")
	})
	t.Run("while a scan runs", func(t *testing.T) {
		c := makeCase(t, bundles...)
		r, _, err := c.Report()
		if err != nil {
			t.Fatal(err)
		}
		next := make(chan ScanState)
		s := Session{Name: "acme", Scan: func(ctx context.Context, send func(ScanState)) {
			for {
				select {
				case state := <-next:
					if send(state); state.Done {
						return
					}
				case <-ctx.Done():
					send(ScanState{Done: true, Err: ctx.Err()})
					return
				}
			}
		}}
		term := open(t, s, Config{})
		next <- ScanState{Read: 10 << 20, Total: 40 << 20, Events: 77}
		term.see("scanning: 25% of 40.0 MiB, 77 events", "Nothing found so far")
		next <- ScanState{Read: 20 << 20, Total: 40 << 20, Events: 99, Report: r}
		term.see("● confirmed issue 1", "50%")
		term.press("ctrl+x")
		term.see("scan failed: context canceled", "● confirmed issue 1")
	})
}

// TestPanic wants a panic to end the program with an error, after what was
// written is on disk.
func TestPanic(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "case")
	c, err := index.OpenForWriting(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := scanInto(t.Context(), c, []string{filepath.Join("..", "testdata", "cases", "iscsi-confirmed.zip")}); err != nil {
		t.Fatal(err)
	}
	s := Session{Name: "acme", Case: c, Formats: []string{"text"}, Write: func(*report.Report, string, io.Writer) error { panic("a bug") }}
	term := open(t, s, Config{})
	term.see("confirmed")
	term.press("i", "keep me", "enter")
	term.see("your note: keep me")
	term.press("w", "enter", "ctrl+u", filepath.Join(t.TempDir(), "x"), "enter")
	term.ends(tea.ErrProgramPanic)
	c.Close()
	again, err := index.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if list := again.Notes().All(); len(list) != 1 || list[0].Text != "keep me" {
		t.Errorf("notes: %+v", list)
	}
}

// TestLatency measures from a key to a changed screen, with Bubble Tea's own
// clock of frames in between.
func TestLatency(t *testing.T) {
	c := openMillion(t)
	term := open(t, Session{Name: "million", Case: c}, Config{Theme: "dark"})
	term.press("3")
	term.see("of 1000000 events", "7036")
	var times []time.Duration
	for range 100 {
		before := term.em.String()
		began := time.Now()
		term.press("j")
		for term.em.String() == before && time.Since(began) < time.Second {
			time.Sleep(200 * time.Microsecond)
		}
		times = append(times, time.Since(began))
	}
	t.Logf("key to changed screen: p50 %v, p95 %v (promised: 25 ms)", percentile(times, 0.5), percentile(times, 0.95))
	if percentile(times, 0.95) > busy*25*time.Millisecond && !race {
		t.Error("too slow")
	}
}
