package main

import (
	"strings"
	"testing"
	"time"

	"github.com/vsswhy/vsswhy/rules/report"
)

// TestPace: what is said of the time left is near the truth, soon after the speed
// has changed, too, and never jumps.
func TestPace(t *testing.T) {
	const total = 1000 << 20
	speed := func(at time.Duration) int64 { // bytes a second
		if at < 30*time.Second {
			return 20 << 20
		}
		return 10 << 20
	}
	const end = 70 * time.Second // 600 MiB by then, and 400 behind
	var p pace
	var done int64
	var before time.Duration
	for at := time.Duration(0); done < total; at += 100 * time.Millisecond {
		left, ok := p.look(at, done, total)
		if ok != (at >= paceAfter) {
			t.Fatalf("at %v: %v", at, ok)
		}
		if before > 0 && (left-before).Abs() > 3*time.Second {
			t.Errorf("at %v it jumps from %v to %v", at, before, left)
		}
		if at > 10*time.Second && at < 30*time.Second && (left-(50*time.Second-at)).Abs() > time.Second {
			t.Errorf("at %v: %v left", at, left)
		}
		if at > 45*time.Second && at < end && (left-(end-at)).Abs() > (end-at)/2 {
			t.Errorf("at %v: %v left, want some %v", at, left, end-at)
		}
		before = left
		done += speed(at) / 10
	}
	for left, want := range map[time.Duration]string{
		3 * time.Second: "a few seconds left", 31 * time.Second: "about 35 s left", 100 * time.Second: "about 2 min left", 59 * time.Minute: "about 59 min left", 5 * time.Hour: "about 5 h left",
	} {
		if got := inWords(left); got != want {
			t.Errorf("%v: %q, want %q", left, got, want)
		}
	}
}

// TestProgressLine: bytes, files, events, findings and what is being read.
func TestProgressLine(t *testing.T) {
	p := newProgressLine(nil)
	defer p.stop()
	p.progress.BytesTotal.Store(300 << 20)
	p.progress.BytesDone.Store(100 << 20)
	p.progress.Sources.Store(7)
	p.progress.Events.Store(1234)
	p.found(&report.Report{Findings: []report.Finding{{Verdict: "confirmed"}, {Verdict: "ruled-out"}, {Verdict: "possible"}}})
	if got := p.line(time.Second); got != "100 of 300 MiB, 7 files, 1234 events, 2 findings  " {
		t.Errorf("%q", got)
	}
	p.pace = pace{}
	if got := p.line(10 * time.Second); !strings.Contains(got, "2 findings, about 20 s left") {
		t.Errorf("%q", got)
	}
}
