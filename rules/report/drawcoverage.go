package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// A coverageChart is what the logs of a computer cover, with the gaps, and when
// backups and restores failed.
type coverageChart struct {
	host  string
	list  []Coverage
	scale *coverageScale
}

// A coverageScale is the time that the charts of all computers show.
type coverageScale struct {
	from, to Time
	part     bool // some log covers more
	failures []Time
}

// coverageScale shows the time of the failures, and before and after it half as much
// but at least a day: a log of years would leave nothing to see of an hour's
// gap. Without a failure it shows all that is covered.
func (r *Report) coverageScale() *coverageScale {
	s := &coverageScale{}
	for _, c := range r.Coverage {
		for _, t := range []Time{c.From, c.To} {
			if !t.IsZero() {
				s.from, s.to = earlier(s.from, t), later(s.to, t)
			}
		}
	}
	var from, to Time
	for _, f := range r.Failures {
		if !f.Time.IsZero() {
			s.failures = append(s.failures, f.Time)
			from, to = earlier(from, f.Time), later(to, f.Time)
		}
	}
	if len(s.failures) == 0 {
		return s
	}
	s.from, s.to = earlier(s.from, from), later(s.to, to)
	around := max(to.Sub(from.Time)/2, 24*time.Hour)
	if a := (Time{from.Add(-around)}); a.After(s.from.Time) {
		s.from, s.part = a, true
	}
	if b := (Time{to.Add(around)}); b.Before(s.to.Time) {
		s.to, s.part = b, true
	}
	return s
}

// x is where a time lies in the picture; beyond its ends, at them.
func (s *coverageScale) x(t Time) int {
	whole := s.to.Sub(s.from.Time)
	if whole <= 0 || !t.After(s.from.Time) {
		return 0
	}
	if !t.Before(s.to.Time) {
		return pictureWidth
	}
	return int(t.Sub(s.from.Time).Seconds() / whole.Seconds() * pictureWidth)
}

const (
	maxChannels   = 16
	channelHeight = 32
	barTop        = 17
	barHeight     = 9
	halfMark      = 44 // of the words over the marks
)

// The picture in the terms of its template.
type (
	coveragePicture struct {
		ID, Title, Desc string
		Width, Height   int
		Marks           string // a path
		Named           []lineShape
		Rows            []channelShape
		Axis            string
		Ticks           []lineShape
		Remarks         []string
	}
	channelShape struct {
		Name  lineShape
		Track spanShape
		Bar   *spanShape
		Gaps  []spanShape
	}
)

func (c *coverageChart) draw(id string) *coveragePicture {
	p := &coveragePicture{ID: id, Width: pictureWidth}
	p.Title = event.Clean(fmt.Sprintf("What the logs of %s cover: %s", c.host, count(len(c.list), "channel")))
	y := 4
	if len(c.scale.failures) > 0 {
		y += lineHeight
	}
	top := y
	for i := range c.list {
		if i == maxChannels {
			p.Remarks = append(p.Remarks, count(len(c.list)-i, "more channel")+" in the table only")
			break
		}
		p.Rows = append(p.Rows, c.channel(&c.list[i], y))
		y += channelHeight
	}
	p.Axis = fmt.Sprintf("M0 %dH%dM0 %dv5M%d %dv5M%d %dv5", y, pictureWidth, y, pictureWidth/2, y, pictureWidth, y)
	p.ticks(c.scale, y+lineHeight+3)
	p.failures(c.scale, top, y)
	p.Desc = c.desc()
	p.Height = y + lineHeight + 10
	if c.scale.part {
		p.Remarks = append(p.Remarks, "The picture shows the time around the failures; the table has all of it.")
	}
	return p
}

func (c *coverageChart) channel(cov *Coverage, y int) channelShape {
	s := c.scale
	name := cov.Channel
	if cov.To.IsZero() {
		name += ": covers nothing (a filtered export)"
	}
	shape := channelShape{
		Name:  lineShape{Y: y + 12, Text: wrapped(event.Clean(name), pictureWidth-fontSize, 1)[0]},
		Track: spanShape{X: 0, Y: y + barTop, Width: pictureWidth, Height: barHeight},
	}
	if cov.To.IsZero() || cov.To.Before(s.from.Time) || cov.From.After(s.to.Time) {
		return shape
	}
	bar := s.span(cov.From, cov.To, y)
	shape.Bar = &bar
	taken := -1
	for _, g := range cov.Gaps {
		if g.To.Before(s.from.Time) || g.From.After(s.to.Time) {
			continue
		}
		gap := s.span(g.From, g.To, y)
		if end := gap.X + gap.Width; end > taken { // else one that is drawn hides it
			taken = end
			shape.Gaps = append(shape.Gaps, gap)
		}
	}
	return shape
}

// span is a bar; the shortest can still be seen.
func (s *coverageScale) span(from, to Time, y int) spanShape {
	x := 0
	if !from.IsZero() {
		x = min(s.x(from), pictureWidth-3)
	}
	return spanShape{X: x, Y: y + barTop, Width: max(s.x(to)-x, 3), Height: barHeight}
}

func (p *coveragePicture) ticks(s *coverageScale, y int) {
	if s.from.IsZero() {
		return
	}
	layout := "2006-01-02"
	if s.to.Sub(s.from.Time) < 6*24*time.Hour {
		layout = "01-02 15:04"
	}
	middle := s.from.Add(s.to.Sub(s.from.Time) / 2)
	for _, t := range []struct {
		x     int
		at    time.Time
		class string
	}{{0, s.from.Time, "dim"}, {pictureWidth / 2, middle, "dim middle"}, {pictureWidth, s.to.Time, "dim end"}} {
		p.Ticks = append(p.Ticks, lineShape{t.x, y, t.at.UTC().Format(layout), t.class})
	}
}

// failures marks when something failed: each place once.
func (p *coveragePicture) failures(s *coverageScale, top, bottom int) {
	var places []int
	for _, t := range s.failures {
		places = append(places, s.x(t))
	}
	slices.Sort(places)
	places = slices.Compact(places)
	var path strings.Builder
	for _, x := range places {
		fmt.Fprintf(&path, "M%d %dV%d", x, top, bottom)
	}
	p.Marks = path.String()
	if len(places) > 0 {
		x := min(max(places[0], halfMark), pictureWidth-halfMark)
		p.Named = []lineShape{{x, top - 4, count(len(s.failures), "failure"), "failed middle"}}
	}
}

func (c *coverageChart) desc() string {
	var parts []string
	for i := range c.list {
		if i == maxChannels {
			break
		}
		parts = append(parts, coverageText(&c.list[i]))
	}
	if n := len(c.scale.failures); n > 0 {
		parts = append(parts, fmt.Sprintf("%s, the first %s", count(n, "failure"), slices.MinFunc(c.scale.failures, func(a, b Time) int { return a.Compare(b.Time) })))
	}
	return event.Clean(strings.Join(parts, "; "))
}

// table is the chart in words.
func (c *coverageChart) table() *table {
	t := &table{caption: "The same in words; times are UTC.", columns: []column{{"Channel", ""}, {"From", "fixed"}, {"To", "fixed"}, {"Gaps", "gaps"}, {"Remarks", ""}}}
	for i := range c.list {
		if i == maxInputs {
			t.more = fmt.Sprintf("and %d more, all of them in --format json", len(c.list)-i)
			break
		}
		t.rows = append(t.rows, row{cells: c.list[i].cells()})
	}
	return t
}

func (c *Coverage) cells() [][]rich {
	from, remark := seconds(c.From), strings.TrimPrefix(c.Beginning(), ", ")
	switch {
	case c.To.IsZero():
		from, remark = "", "covers nothing (a filtered export)"
	case c.From.IsZero():
		from = "its beginning"
	}
	gaps := []rich{txt("none")}
	if len(c.Gaps) > 0 {
		gaps = nil
	}
	for i, g := range c.Gaps {
		if i == maxListed {
			gaps = append(gaps, txt("and %d more", len(c.Gaps)-i))
			break
		}
		gaps = append(gaps, txt("%s to %s", seconds(g.From), seconds(g.To)))
	}
	return [][]rich{{txt("%s", c.Channel)}, {txt("%s", from)}, {txt("%s", seconds(c.To))}, gaps, {txt("%s", remark)}}
}

// seconds is a time as precise as coverage needs it.
func seconds(t Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateTime)
}
