package main

import (
	"fmt"
	"time"
)

// A pace tells how long something will still take, from how fast it went lately
// and on the whole.
type pace struct {
	at   time.Duration // of the last look, since the start
	done int64
	rate float64 // bytes a second, lately
}

const (
	// paceAfter is how long nothing is said: the first files tell little.
	paceAfter = 2 * time.Second
	// paceSpan is for how long a change of the rate shows.
	paceSpan = 5 * time.Second
)

// look takes how much is done by now, and returns what it will still take; false:
// nothing can be said.
func (p *pace) look(spent time.Duration, done, total int64) (left time.Duration, ok bool) {
	if step := spent - p.at; step > 0 {
		share := min(1, step.Seconds()/paceSpan.Seconds())
		if p.at == 0 {
			share = 1
		}
		p.rate += share * (float64(done-p.done)/step.Seconds() - p.rate)
		p.at, p.done = spent, done
	}
	rate := (p.rate + float64(done)/max(spent.Seconds(), 1e-9)) / 2
	if spent < paceAfter || done <= 0 || total <= done || rate <= 0 {
		return 0, false
	}
	seconds := float64(total-done) / rate
	return time.Duration(min(seconds, 1e6) * float64(time.Second)), true
}

// inWords says it as exactly as it is known.
func inWords(left time.Duration) string {
	switch {
	case left < 10*time.Second:
		return "a few seconds left"
	case left < 90*time.Second:
		return fmt.Sprintf("about %d s left", 5*((left+4*time.Second)/(5*time.Second)))
	case left < 90*time.Minute:
		return fmt.Sprintf("about %d min left", (left+30*time.Second)/time.Minute)
	}
	return fmt.Sprintf("about %d h left", (left+30*time.Minute)/time.Hour)
}
