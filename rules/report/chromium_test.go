package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// A browser is a Chromium without a window, which is told what to do over a pipe
// (the DevTools protocol). It has one tab. What fails fails its test.
type browser struct {
	t testing.TB
	*devTools
}

// of returns the browser for a test within the one that it was started for.
func (b *browser) of(t testing.TB) *browser { return &browser{t, b.devTools} }

type devTools struct {
	in      *os.File
	mu      sync.Mutex
	waiting map[int]chan reply
	events  []browserEvent
	id      int
	session string
	url     string // of the page
}

type reply struct {
	ID     int             `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
	browserEvent
}

type browserEvent struct {
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

// patience is how long a browser may take for one thing, on a busy machine.
const patience = 60 * time.Second

// startBrowser skips the test where there is no Chromium.
func startBrowser(t testing.TB) *browser {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes seconds")
	}
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil && program == "" {
			program = path
		}
	}
	if program == "" || runtime.GOOS == "windows" { // which hands no pipes on
		t.Skip("needs chromium (apt-get install chromium)")
	}
	fromUs, in, err := os.Pipe()
	must(t, err)
	out, toUs, err := os.Pipe()
	must(t, err)
	dir, err := os.MkdirTemp("", "vsswhy-browser-*")
	must(t, err)
	args := []string{"--headless=new", "--remote-debugging-pipe", "--user-data-dir=" + dir, "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage",
		"--disable-background-networking", "--disable-component-update", "--force-color-profile=srgb", "about:blank"}
	if os.Getuid() == 0 {
		args = append([]string{"--no-sandbox"}, args...)
	}
	cmd := exec.Command(program, args...)
	cmd.ExtraFiles = []*os.File{fromUs, toUs}
	must(t, cmd.Start())
	fromUs.Close()
	toUs.Close()
	b := &browser{t, &devTools{in: in, waiting: map[int]chan reply{}}}
	done := make(chan struct{})
	go func() { defer close(done); b.read(out) }()
	t.Cleanup(func() {
		b.session = ""
		b.do("Browser.close", nil)
		in.Close()
		<-done
		cmd.Wait()
		for range 20 { // its helpers may still write
			if os.RemoveAll(dir) == nil {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	b.attach()
	return b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// attach opens the tab, and has it tell of whatever a page does.
func (b *browser) attach() {
	var target struct{ TargetID string }
	b.into(&target, "Target.createTarget", map[string]any{"url": "about:blank"})
	var session struct{ SessionID string }
	b.into(&session, "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true})
	b.session = session.SessionID
	for _, domain := range []string{"Page", "Network", "Runtime", "Log", "DOM"} {
		b.do(domain+".enable", nil)
	}
}

// read hands replies to who waits for them, and keeps events.
func (b *devTools) read(out *os.File) {
	defer out.Close()
	var rest []byte
	buf := make([]byte, 1<<16)
	for {
		n, err := out.Read(buf)
		rest = append(rest, buf[:n]...)
		for {
			message, more, whole := bytes.Cut(rest, []byte{0})
			if !whole {
				break
			}
			rest = more
			b.got(message)
		}
		if err != nil {
			return
		}
	}
}

func (b *devTools) got(message []byte) {
	var r reply
	if json.Unmarshal(message, &r) != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if ch := b.waiting[r.ID]; r.ID > 0 && ch != nil {
		delete(b.waiting, r.ID)
		ch <- r
		return
	}
	b.events = append(b.events, r.browserEvent)
}

// call sends a command, and returns its result.
func (b *devTools) call(method string, params any) (json.RawMessage, error) {
	b.mu.Lock()
	b.id++
	ch := make(chan reply, 1)
	b.waiting[b.id] = ch
	message := map[string]any{"id": b.id, "method": method}
	if params != nil {
		message["params"] = params
	}
	if b.session != "" {
		message["sessionId"] = b.session
	}
	b.mu.Unlock()
	text, err := json.Marshal(message)
	if err != nil {
		return nil, err
	}
	if _, err := b.in.Write(append(text, 0)); err != nil {
		return nil, err
	}
	select {
	case r := <-ch:
		if r.Error != nil {
			return nil, errors.New(method + ": " + r.Error.Message)
		}
		return r.Result, nil
	case <-time.After(patience):
		return nil, errors.New(method + ": no answer")
	}
}

func (b *browser) do(method string, params any) json.RawMessage {
	b.t.Helper()
	result, err := b.call(method, params)
	must(b.t, err)
	return result
}

func (b *browser) into(v any, method string, params any) {
	b.t.Helper()
	must(b.t, json.Unmarshal(b.do(method, params), v))
}

// load opens a page, and forgets what happened before.
func (b *browser) load(url string) {
	b.t.Helper()
	b.mu.Lock()
	b.events = nil
	b.mu.Unlock()
	b.url = url
	var nav struct{ ErrorText string }
	b.into(&nav, "Page.navigate", map[string]any{"url": url})
	if nav.ErrorText != "" {
		b.t.Fatalf("%s: %s", url, nav.ErrorText)
	}
	for start := time.Now(); len(b.seen("Page.loadEventFired")) == 0; time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > patience {
			b.t.Fatalf("%s: not loaded", url)
		}
	}
}

// seen returns the parameters of the events of a kind, since the last load.
func (b *devTools) seen(method string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []string
	for _, e := range b.events {
		if e.Method == method {
			list = append(list, string(e.Params))
		}
	}
	return list
}

// eval runs a script in the page, waits for what it promises, and returns its value.
func (b *browser) eval(v any, script string) {
	b.t.Helper()
	var out struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	b.into(&out, "Runtime.evaluate", map[string]any{"expression": script, "returnByValue": true, "awaitPromise": true, "userGesture": true})
	if e := out.ExceptionDetails; e != nil {
		b.t.Fatalf("%s %s", e.Text, e.Exception.Description)
	}
	must(b.t, json.Unmarshal(out.Result.Value, v))
}

// window sets the width of the page in CSS pixels, and its colours: light or dark.
func (b *browser) window(width int, colours string) {
	b.do("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600})
	b.do("Emulation.setEmulatedMedia", map[string]any{"media": "", "features": []map[string]string{{"name": "prefers-color-scheme", "value": colours}}})
}

// picture saves what the page looks like, as far as a browser draws it in one piece.
func (b *browser) picture(file string) {
	var size [2]int
	b.eval(&size, "[document.documentElement.clientWidth, document.documentElement.scrollHeight]")
	var shot struct{ Data []byte }
	b.into(&shot, "Page.captureScreenshot", map[string]any{"captureBeyondViewport": true, "clip": map[string]int{"x": 0, "y": 0, "width": size[0], "height": min(size[1], 16000), "scale": 1}})
	must(b.t, os.WriteFile(file, shot.Data, 0o644))
}

// pageFile writes a page to a file, and returns its address.
func pageFile(t testing.TB, page string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.html")
	must(t, os.WriteFile(file, []byte(page), 0o644))
	return "file://" + strings.ReplaceAll(file, "#", "%23")
}
