package report

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// What a developer can look at: go test -run Browser -args -shots DIR -reports a.json:b.json
var (
	shots   = flag.String("shots", "", "a folder for pictures of the pages that the browser shows")
	reports = flag.String("reports", "", "files in JSON of more reports to look at")
)

// widths are those of a telephone and of a desk.
var widths = []int{360, 1280}

// TestBrowser looks at pages in a real browser.
func TestBrowser(t *testing.T) {
	b := startBrowser(t)
	for _, tc := range []struct {
		name string
		test func(*testing.T, *browser)
	}{{"hostile", browserHostile}, {"layout", browserLayout}, {"copy", browserCopy}, {"without scripts", browserWithoutScripts}, {"keyboard", browserKeyboard}} {
		t.Run(tc.name, func(t *testing.T) { tc.test(t, b.of(t)) })
	}
}

// browserHostile: whatever logs hold, a browser runs nothing of it, asks nobody
// for anything, and finds nothing to forbid.
func browserHostile(t *testing.T, b *browser) {
	calls, server := listen(t)
	attack := strings.Join([]string{
		`<script>window.hit=1;alert(1);fetch('` + server + `')</script>`, `</style><script>window.hit=2</script>`, `</script><script>window.hit=3;</script>`,
		`"><img src="` + server + `/i" onerror="window.hit=4">`, `' onload='window.hit=5`, `<svg onload="window.hit=6"><image href="` + server + `/s"/></svg>`,
		`javascript:window.hit=7`, `<link rel="stylesheet" href="` + server + `/c.css">`, `</title></desc><script>window.hit=8</script>`,
		`body{background:url(` + server + `/b)}`, "\u202egnp.exe", `<meta http-equiv="refresh" content="0;url=` + server + `/m">`, `<iframe src="` + server + `/f"></iframe>`,
		`<base href="` + server + `/">`, `]]><!--`, `--><b onclick=window.hit=9>`, `</code></pre><form action="` + server + `"><button>Copy</button></form>`,
	}, " ")
	b.load("data:text/html," + `<img src="` + server + `/control">`)
	if calls.Load() == 0 {
		t.Fatal("the listener does not see what a page loads")
	}
	before := calls.Load()
	for _, page := range []string{written(t, (*Report).WriteHTML, filled(attack)), writtenSummary(t, (*Summary).WriteHTML, summaryOf(attack))} {
		for _, width := range widths {
			for _, colours := range []string{"light", "dark"} {
				b.window(width, colours)
				b.load(pageFile(t, page))
				b.do("Input.dispatchMouseEvent", map[string]any{"type": "mouseMoved", "x": 100, "y": 100})
				time.Sleep(50 * time.Millisecond)
				checkQuiet(t, b)
				checkLayout(t, b)
			}
		}
		b.eval(new(int), `document.querySelectorAll("main *").forEach(e => e.click && e.tagName !== "A" && e.click()), 1`)
		checkQuiet(t, b)
	}
	if n := calls.Load(); n != before {
		t.Errorf("the page made %d connections", n-before)
	}
}

// listen counts the connections to an address.
func listen(t *testing.T) (*atomic.Int64, string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	calls := &atomic.Int64{}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			calls.Add(1)
			io.WriteString(c, "HTTP/1.0 404 Not Found\r\n\r\n")
			c.Close()
		}
	}()
	return calls, "http://" + l.Addr().String()
}

// checkQuiet: no dialog, no script's mark, no request but for the page itself, no
// error, and nothing for the policy to forbid.
func checkQuiet(t *testing.T, b *browser) {
	t.Helper()
	var hit any
	if b.eval(&hit, "window.hit ?? null"); hit != nil {
		t.Errorf("the script %v ran", hit)
	}
	for _, method := range []string{"Page.javascriptDialogOpening", "Runtime.exceptionThrown", "Log.entryAdded", "Page.windowOpen"} {
		for _, e := range b.seen(method) {
			t.Errorf("%s %.500s", method, e)
		}
	}
	for _, e := range b.seen("Network.requestWillBeSent") {
		var r struct{ Request struct{ URL string } }
		must(t, json.Unmarshal([]byte(e), &r))
		if r.Request.URL != b.url {
			t.Errorf("a request for %s", r.Request.URL)
		}
	}
}

// layoutScript returns what is wrong with a page's layout and colours: what is wider
// than the window, words of a picture that leave it, and text that contrasts less
// than 4.5 to 1 with what is behind it.
const layoutScript = `(() => {
	const wrong = [];
	const wide = document.scrollingElement.scrollWidth, limit = document.documentElement.clientWidth;
	if (wide > limit) {
		const who = [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > limit + 1 && !e.closest(".scroll")).slice(0, 3);
		wrong.push("the page is " + wide + " wide in a window of " + limit + ": " + who.map(e => e.outerHTML.slice(0, 200)).join(" "));
	}
	for (const text of document.querySelectorAll("svg text")) {
		const box = text.getBBox(), all = text.ownerSVGElement.viewBox.baseVal;
		if (box.x < -1 || box.x + box.width > all.width + 1 || box.y + box.height > all.height + 1) wrong.push("leaves its picture: " + text.textContent);
	}
	const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
	const rgba = (colour) => {
		canvas.clearRect(0, 0, 1, 1);
		canvas.fillStyle = colour;
		canvas.fillRect(0, 0, 1, 1);
		return [...canvas.getImageData(0, 0, 1, 1).data];
	};
	const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = (e) => {
		for (; e; e = e.parentElement) {
			const c = rgba(getComputedStyle(e).backgroundColor);
			if (c[3] === 255) return c;
		}
		return [255, 255, 255, 255];
	};
	let checked = 0;
	const seen = new Set();
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let n = walk.nextNode(); n; n = walk.nextNode()) {
		const e = n.parentElement;
		if (!n.data.trim() || !e || ["SCRIPT", "STYLE"].includes(e.tagName) || e.closest("title, desc, .skip")) continue;
		const style = getComputedStyle(e);
		const front = rgba(e.closest("svg") ? style.fill : style.color), back = behind(e);
		const key = front + "/" + back;
		if (seen.has(key)) continue;
		seen.add(key);
		checked++;
		const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
		const ratio = (a + 0.05) / (b + 0.05);
		if (ratio < 4.5) wrong.push("contrast " + ratio.toFixed(2) + " of " + e.outerHTML.slice(0, 200));
	}
	if (checked < 3) wrong.push("only " + checked + " pairs of colours");
	return wrong;
})()`

func checkLayout(t *testing.T, b *browser) {
	t.Helper()
	var wrong []string
	b.eval(&wrong, layoutScript)
	for _, w := range wrong {
		t.Error(w)
	}
}

// browserLayout: pages fit a telephone and a desk, their words can be read in
// light and dark, and nothing of a picture is cut off.
func browserLayout(t *testing.T, b *browser) {
	pages := map[string]string{}
	for name, r := range layoutReports(t) {
		pages[name] = pageFile(t, written(t, (*Report).WriteHTML, r))
	}
	for name, words := range map[string]string{"batch": "word", "batch long": strings.Repeat("LongWordWithoutAnySpace", 20)} {
		pages[name] = pageFile(t, writtenSummary(t, (*Summary).WriteHTML, summaryOf(words)))
	}
	real, err := filepath.Abs("../testdata/pages/csv-two-nodes.html")
	must(t, err)
	pages["real"] = "file://" + real
	for name, page := range pages {
		for _, width := range widths {
			for _, colours := range []string{"light", "dark"} {
				t.Run(fmt.Sprintf("%s/%d/%s", name, width, colours), func(t *testing.T) {
					b := b.of(t)
					b.window(width, colours)
					b.load(page)
					checkLayout(t, b)
					checkQuiet(t, b)
					if *shots != "" {
						b.picture(filepath.Join(*shots, fmt.Sprintf("%s-%d-%s.png", name, width, colours)))
					}
				})
			}
		}
	}
}

// layoutReports are reports that strain a page, and those that the test was given.
func layoutReports(t *testing.T) map[string]*Report {
	list := map[string]*Report{
		"long":  filled(strings.Repeat("LongWordWithoutAnySpace", 20)),
		"wide":  filled(strings.Repeat("仮想マシンのバックアップ", 10)),
		"many":  manyFailures(100, 12),
		"empty": {},
	}
	for _, file := range filepath.SplitList(*reports) {
		data, err := os.ReadFile(file)
		must(t, err)
		r := &Report{}
		must(t, json.Unmarshal(data, r))
		list[strings.TrimSuffix(filepath.Base(file), ".json")] = r
	}
	return list
}

// browserCopy: the button beside a command copies it, and nothing else.
func browserCopy(t *testing.T, b *browser) {
	r := filled("word")
	r.Findings[0].Remediation[0].Run = `Get-Item "C:\a b" | Where { $_.x -lt 1 } # <&>`
	page := pageFile(t, written(t, (*Report).WriteHTML, r))
	b.window(1280, "light")
	b.load(page)
	b.do("Page.bringToFront", nil)
	b.do("Browser.grantPermissions", map[string]any{"permissions": []string{"clipboardReadWrite", "clipboardSanitizedWrite"}})
	var got []string
	b.eval(&got, `(async () => {
		const button = document.querySelector(".command button");
		button.scrollIntoView();
		button.click();
		await new Promise(done => setTimeout(done, 300));
		return [button.textContent, await navigator.clipboard.readText()];
	})()`)
	if want := r.Findings[0].Remediation[0].Run; got[0] != "Copied" || got[1] != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// browserWithoutScripts: without scripts all of a page is there but for the
// buttons, and paper has what is folded.
func browserWithoutScripts(t *testing.T, b *browser) {
	b.do("Emulation.setScriptExecutionDisabled", map[string]any{"value": true})
	defer b.do("Emulation.setScriptExecutionDisabled", map[string]any{"value": false})
	b.window(1280, "light")
	b.load(pageFile(t, written(t, (*Report).WriteHTML, manyFailures(40, 20))))
	if n := b.elements("button"); n != 0 {
		t.Errorf("%d buttons that do nothing", n)
	}
	if b.elements(".command code") == 0 || b.elements("details:not([open])") == 0 {
		t.Fatal("no command or nothing folded")
	}
	b.do("Emulation.setEmulatedMedia", map[string]any{"media": "print"})
	var hidden []string
	b.eval(&hidden, `[...document.querySelectorAll("main details:not([open]) > :not(summary)")].filter(e => e.getBoundingClientRect().height === 0 || !e.checkVisibility({contentVisibilityAuto: true})).map(e => e.outerHTML.slice(0, 100))`)
	if len(hidden) > 0 {
		t.Errorf("not on paper: %q", hidden)
	}
	var pdf struct{ Data string }
	b.into(&pdf, "Page.printToPDF", nil)
	data, err := base64.StdEncoding.DecodeString(pdf.Data)
	must(t, err)
	if !strings.HasPrefix(string(data), "%PDF") || len(data) < 10_000 {
		t.Errorf("a printed page of %d bytes", len(data))
	}
	if *shots != "" {
		must(t, os.WriteFile(filepath.Join(*shots, "many.pdf"), data, 0o644))
	}
}

// elements counts the elements of a selector, without a script.
func (b *browser) elements(selector string) int {
	var doc struct{ Root struct{ NodeID int } }
	b.into(&doc, "DOM.getDocument", nil)
	var list struct{ NodeIDs []int }
	b.into(&list, "DOM.querySelectorAll", map[string]any{"nodeId": doc.Root.NodeID, "selector": selector})
	return len(list.NodeIDs)
}

// browserKeyboard: the first Tab is to the link over the contents, which shows
// then; what is focused has an outline; a link into what is folded unfolds it.
func browserKeyboard(t *testing.T, b *browser) {
	b.window(1280, "light")
	b.load(pageFile(t, written(t, (*Report).WriteHTML, manyFailures(40, 20))))
	b.do("Page.bringToFront", nil)
	tab := func() {
		for _, kind := range []string{"keyDown", "keyUp"} {
			b.do("Input.dispatchKeyEvent", map[string]any{"type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9})
		}
	}
	var at struct {
		Class   string
		Top     float64
		Outline string
	}
	const where = `(() => { const e = document.activeElement; return {class: e.className, top: e.getBoundingClientRect().top, outline: getComputedStyle(e).outlineStyle}; })()`
	tab()
	if b.eval(&at, where); at.Class != "skip" || at.Top < 0 {
		t.Errorf("after the first Tab: %+v", at)
	}
	for range 5 {
		tab()
		if b.eval(&at, where); at.Outline == "none" {
			t.Errorf("the focus can't be seen: %+v", at)
		}
	}
	var open bool
	b.eval(&open, `(async () => {
		const inside = document.querySelector("details:not([open]) [id]");
		location.hash = inside.id;
		await new Promise(done => setTimeout(done, 200));
		return inside.closest("details").open;
	})()`)
	if !open {
		t.Error("a link into what is folded does not unfold it")
	}
}

// manyFailures is a report of n failures on a few computers, of which every third
// repeats, with m findings.
func manyFailures(n, m int) *Report {
	r := &Report{Schema: Schema, Tool: Tool{Name: "vsswhy", Version: "1.0", RulesDigest: "0123"}, Complete: true}
	start := time.Date(2010, 3, 14, 23, 0, 0, 0, time.UTC)
	at := func(minutes int) Time { return Time{start.Add(time.Duration(minutes) * time.Minute)} }
	source := func(host, i int) string { return fmt.Sprintf("S%d", host*3+i+1) }
	for h := range 6 {
		host := fmt.Sprintf("NODE-%d.example.com", h)
		r.Hosts = append(r.Hosts, Host{Name: host, Role: "host"})
		for i, channel := range []string{"Application", "System", "Microsoft-Windows-Hyper-V-VMMS-Admin"} {
			r.Sources = append(r.Sources, Source{ID: source(h, i), Path: fmt.Sprintf("bundle.zip!/NODE-%d.zip!/%s.evtx", h, channel), Format: "evtx", Bytes: 1 << 20, SHA256: strings.Repeat("ab12", 16), Records: 5000, Streams: []Stream{{}}})
			r.Coverage = append(r.Coverage, Coverage{Host: host, Channel: channel, From: at(-600 * i), To: at(10*n + 60), Gaps: []TimeSpan{{at(60), at(120 + 60*i)}}, Wrapped: i == 0})
		}
	}
	event := func(i int) Evidence {
		host := i % 6
		return Evidence{Source: source(host, 2), Path: fmt.Sprintf("bundle.zip!/NODE-%d.zip!/Microsoft-Windows-Hyper-V-VMMS-Admin.evtx", host), Record: uint64(i + 1), Offset: int64(i) * 512, Time: at(i * 10), Host: fmt.Sprintf("NODE-%d.example.com", host),
			Provider: "Microsoft-Windows-Hyper-V-VMMS", ID: 10103, Summary: "a virtual disk could not be reverted to its snapshot"}
	}
	for i := range m {
		f := Finding{ID: fmt.Sprintf("F%d", i+1), Rule: "rule", Title: "The disks were too busy to stop writing for the snapshot in time", Severity: "high", Verdict: "likely", Host: event(i).Host, VM: &VM{Name: fmt.Sprintf("VM%d", i)}, First: at(0), Last: at(n)}
		c := Criterion{ID: "a", Text: "A backup failed", Role: "anchor", State: "met", Grade: "MS"}
		for j := range n {
			if j%m == i || j < 10 {
				c.Evidence = append(c.Evidence, event(j))
			}
		}
		f.Criteria = []Criterion{c, {ID: "x", Text: "The volume was lost to storage", Role: "excluding", State: "unmet", Grade: "MS", Evidence: []Evidence{event(i)}}}
		f.Remediation = []Step{{Text: "Look at the disks", Run: "Get-Disk", Shell: "powershell", Risk: "read-only"}, {Text: "Restart the host", Risk: "restart"}}
		r.Findings = append(r.Findings, f)
	}
	for i := range n {
		e := event(i)
		f := Failure{ID: fmt.Sprintf("X%d", i+1), Kind: "backup", Host: e.Host, VM: &VM{Name: fmt.Sprintf("VM%d", i%3*i)}, Time: e.Time, Codes: []Code{{Code: "0x800423f4"}}, Evidence: []Evidence{e}}
		if i%4 != 0 {
			f.Causes = []Cause{{Finding: r.Findings[i%m].ID, Verdict: "likely"}}
		}
		r.Failures = append(r.Failures, f)
		r.Jobs = append(r.Jobs, Job{ID: fmt.Sprintf("J%d", i+1), Kind: "backup", Host: e.Host, From: at(i*10 - 5), To: at(i*10 + 5), Outcome: "failed"})
	}
	return r
}
