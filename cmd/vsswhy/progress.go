package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/vsswhy/vsswhy/ingest"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// progressLine shows on one line of a terminal how far the scan is. It stays
// silent where standard error is no terminal, and for scans that end at once.
type progressLine struct {
	progress *ingest.Progress
	w        *os.File
	done     chan struct{}
	wait     sync.WaitGroup
}

const (
	progressEvery = 100 * time.Millisecond
	maxLabel      = 40 // runes of the path that are shown
)

func newProgressLine(w io.Writer) *progressLine {
	p := &progressLine{progress: new(ingest.Progress), done: make(chan struct{})}
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
			fmt.Fprint(p.w, "\r\x1b[K", p.line(time.Since(start)))
		}
	}
}

// line says bytes done of total, the time left, and what is being read.
func (p *progressLine) line(spent time.Duration) string {
	const mib = 1 << 20
	done, total := p.progress.BytesDone.Load(), p.progress.BytesTotal.Load()
	left := ""
	if done > 0 && total > done {
		left = fmt.Sprintf(", %v left", (time.Duration(float64(spent) * float64(total-done) / float64(done))).Round(time.Second))
	}
	return fmt.Sprintf("%d of %d MiB, %d files, %d events%s  %s", done/mib, total/mib, p.progress.Sources.Load(), p.progress.Events.Load(), left, tail(event.Clean(p.progress.Path())))
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
