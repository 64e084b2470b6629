package rules

import (
	"fmt"
	"slices"
	"time"

	"github.com/vsswhy/vsswhy/rules/scene"
)

// absence decides whether "no such event" can be said, and cites the coverage
// that it rests on.
func (ev *evaluator) absence(t *Test, hosts []*scene.Host, from, to time.Time) result {
	r := result{state: Unmet}
	window := scene.Interval{From: from, To: to}
	if l := ev.clockSet(hosts, window); l != nil {
		return result{missing: l}
	}
	channels, elsewhere := ev.logsOf(t)
	for _, h := range hosts {
		if elsewhere != "" && t.Silence != silenceUnmet {
			r.state = Unknown
			r.missing = append(r.missing, lacks("log that "+elsewhere+" writes to, of "+h.Name)...)
		}
		for _, channel := range channels {
			cover := h.Coverage(channel)
			if cover == nil && t.Silence == silenceUnmet {
				continue
			}
			if !covers(cover, window) {
				r.state = Unknown
				r.missing = append(r.missing, need(h, channel, cover, window))
				continue
			}
			r.cites = append(r.cites, scene.Citation{Cover: cover, Host: h, Text: "no such event", Within: window})
		}
	}
	r.cites = ends(r.cites, maxSilent)
	if n := len(r.missing) - maxSilent; n > 0 {
		r.missing = append(r.missing[:maxSilent:maxSilent], lacks(fmt.Sprintf("%d more logs of other cluster nodes", n))...)
	}
	if r.state == Unknown {
		r.cites = nil
	}
	r.assumed = r.state == Unmet && t.Silence == silenceUnmet
	return r
}

// logsOf are the logs that must cover a window to say that no event of the test's signal
// occurred in it. Where this program does not know to which a provider writes it is those
// that the rule names; elsewhere is the provider if it names none.
func (ev *evaluator) logsOf(t *Test) (channels []string, elsewhere string) {
	signal := ev.rule.signals[t.Signal]
	if signal.unplaced == "" {
		return signal.channels, ""
	}
	of := "host"
	if t.On == "guest" {
		of = "guest"
	}
	channels, elsewhere = slices.Clip(signal.channels), signal.unplaced
	for _, n := range ev.rule.Logs {
		if n.Of == of {
			channels, elsewhere = appendNew(channels, n.Channel), ""
		}
	}
	return channels, elsewhere
}

// clockSet tells of a clock that was set within the window, whether the subject's or
// that of the events that are looked for: what happened in it may be logged elsewhere.
func (ev *evaluator) clockSet(hosts []*scene.Host, window scene.Interval) []lack {
	for _, h := range append([]*scene.Host{ev.sub.host}, hosts...) {
		if at, ok := ev.scene.ClockSet(h, window); ok {
			return lacks(fmt.Sprintf("the times of %s from before its clock was set at %s UTC", h.Name, at.UTC().Format("2006-01-02 15:04:05")))
		}
	}
	return nil
}

// covers asks of a window without bounds only that the log is there and reaches
// the subject: the beginning of a log is rarely at hand.
func covers(c *scene.Coverage, window scene.Interval) bool {
	if window.To.Equal(forever) {
		return c != nil && len(c.Intervals) > 0
	}
	return c.Covers(window.From, window.To)
}

// A lack is what would settle an unknown test: a log, in a window unless that is zero.
type lack struct {
	what   string
	window scene.Interval
}

// String puts it into words. Most tests that are not known belong to nothing that is
// reported, so that it is done for those that are.
func (l lack) String() string { return l.what + during(l.window) }

// inWords tells each lack once: two windows may differ by less than what is told.
func inWords(list []lack) []string { return unique(collect(list, lack.String)) }

func lacks(what string) []lack { return []lack{{what: what}} }

func need(h *scene.Host, channel string, c *scene.Coverage, window scene.Interval) lack {
	l := lack{what: channel + " log of " + h.Name}
	if c != nil {
		l.window = window
	}
	return l
}

// during tells a window that has bounds.
func during(window scene.Interval) string {
	if window == (scene.Interval{}) || window.To.Equal(forever) {
		return ""
	}
	const layout = "2006-01-02 15:04:05"
	return fmt.Sprintf(" between %s and %s UTC", window.From.UTC().Format(layout), window.To.UTC().Format(layout))
}
