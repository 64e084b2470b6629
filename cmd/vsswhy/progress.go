package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"github.com/vsswhy/vsswhy/ingest"
	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules"
	"github.com/vsswhy/vsswhy/rules/report"
)

// progressLine shows on one line of a terminal how far the scan is. It stays
// silent where standard error is no terminal, and for scans that end at once.
type progressLine struct {
	progress *ingest.Progress
	findings atomic.Int64 // so far, but for those that are ruled out
	pace     pace
	tell     func(spent time.Duration) string // nil: line
	w        *os.File
	done     chan struct{}
	wait     sync.WaitGroup
}

const (
	progressEvery = 100 * time.Millisecond
	maxLabel      = 40 // runes of the path that are shown
)

func newProgressLine(w io.Writer) *progressLine { return newTellingLine(w, nil) }

// newTellingLine is a progress line that says what tell does.
func newTellingLine(w io.Writer, tell func(spent time.Duration) string) *progressLine {
	p := &progressLine{progress: new(ingest.Progress), tell: tell, done: make(chan struct{})}
	if tell == nil {
		p.tell = p.line
	}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.w = f
		p.wait.Go(p.loop)
	}
	return p
}

func (p *progressLine) loop() {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	start := time.Now()
	for {
		select {
		case <-p.done:
			fmt.Fprint(p.w, "\r\x1b[K")
			return
		case <-tick.C:
			fmt.Fprint(p.w, "\r\x1b[K", p.tell(time.Since(start)))
		}
	}
}

// line says bytes done of total, the time left, and what is being read.
func (p *progressLine) line(spent time.Duration) string {
	const mib = 1 << 20
	done, total := p.progress.BytesDone.Load(), p.progress.BytesTotal.Load()
	text := fmt.Sprintf("%d of %d MiB, %d files, %d events", done/mib, total/mib, p.progress.Sources.Load(), p.progress.Events.Load())
	if n := p.findings.Load(); n > 0 {
		text += fmt.Sprintf(", %d findings", n)
	}
	if left, ok := p.pace.look(spent, done, total); ok {
		text += ", " + inWords(left)
	}
	return text + "  " + tail(event.Clean(p.progress.Path()))
}

// found takes a report of what was read so far.
func (p *progressLine) found(r *report.Report) {
	n := 0
	for i := range r.Findings {
		if r.Findings[i].Verdict != rules.RuledOut.String() {
			n++
		}
	}
	p.findings.Store(int64(n))
}

// watch is what a scan is watched by: rules are evaluated while it runs only if
// somebody sees the line.
func (p *progressLine) watch(e *engine) watcher {
	if p.w == nil {
		return watcher{progress: p.progress}
	}
	return watcher{progress: p.progress, live: e.live(p.found)}
}

// tail keeps the end of a label, which tells more than its beginning.
func tail(s string) string {
	runes := []rune(s)
	if len(runes) <= maxLabel {
		return s
	}
	return "…" + string(runes[len(runes)-maxLabel+1:])
}

// stop clears the line.
func (p *progressLine) stop() {
	close(p.done)
	p.wait.Wait()
}
