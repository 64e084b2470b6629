package report

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// A timeline is drawn downwards, a row for each moment, because words need width
// and a telephone has little: events within a second stay apart, and hours between
// two take little more room than minutes. Lengths are in units of the picture, which is 400
// wide and is shown at 0.8 to 1.2 times that.
const (
	pictureWidth = 400
	timeEnd      = 88 // of the column of times
	firstLane    = 102
	laneWidth    = 18
	maxLanes     = 6 // the last is that of all other computers
	lineHeight   = 16
	fontSize     = 13
	maxLines     = 4 // of a moment's text
	mostApart    = 30
	longPause    = time.Hour // is drawn dashed
)

// The picture in the terms of its template.
type (
	timelinePicture struct {
		ID, Title, Desc string
		Width, Height   int
		Lanes           []laneShape
		Spans           []spanShape
		Rows            []rowShape
		Remarks         []string
	}
	laneShape struct {
		X, Y          int // where it begins
		TextX, TextY  int // of its name
		Class, Name   string
		Solid, Dashed string // paths
	}
	spanShape struct {
		X, Y, Width, Height int
		Class               string
	}
	rowShape struct {
		Mark, Class string
		X, Y        int // of the mark
		Time        lineShape
		Date, Gap   lineShape // empty text: none
		Lines       []lineShape
	}
	lineShape struct {
		X, Y        int
		Text, Class string
	}
)

// draw lays a timeline out.
func (t *timeline) draw(id string) *timelinePicture {
	p := &timelinePicture{ID: id, Width: pictureWidth, Remarks: cleaned(t.remarks)}
	p.Title = event.Clean(fmt.Sprintf("Timeline of %s: %s on %s", t.name, count(len(t.rows), "moment"), count(len(t.hosts), "computer")))
	p.Desc = t.desc()
	lanes := min(len(t.hosts), maxLanes)
	textX := firstLane + (lanes-1)*laneWidth + 14
	y := p.heads(t, textX)
	var solid, dashed [][2]int
	for i := range t.rows {
		top := y
		y = p.row(t, i, textX, y)
		apart := 0
		if i+1 < len(t.rows) {
			pause := t.rows[i+1].at.Sub(t.rows[i].at.Time)
			apart = distance(pause)
			if pause >= longPause {
				solid = append(solid, [2]int{top, y})
				dashed = append(dashed, [2]int{y, y + apart})
				y += apart
				continue
			}
		}
		solid = append(solid, [2]int{top, y + apart})
		y += apart
	}
	p.Height = y + 4
	for i := range p.Lanes {
		l := &p.Lanes[i]
		l.Solid = fmt.Sprintf("M%d %dV%d", l.X, l.Y, p.Rows[0].Y) + lines(l.X, solid)
		l.Dashed = lines(l.X, dashed)
	}
	for _, s := range t.spans {
		from, to := &p.Rows[s.from], &p.Rows[s.to]
		p.Spans = append(p.Spans, spanShape{X: from.X - 4, Y: from.Y, Width: 8, Height: max(to.Y-from.Y, 1), Class: from.Class})
	}
	return p
}

func cleaned(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, event.Clean(s))
	}
	return out
}

// lines is a path of upright lines.
func lines(x int, list [][2]int) string {
	var b strings.Builder
	for _, l := range list {
		fmt.Fprintf(&b, "M%d %dV%d", x, l[0], l[1])
	}
	return b.String()
}

// desc is the timeline in words, for who can't see it.
func (t *timeline) desc() string {
	var parts []string
	for i := range t.rows {
		parts = append(parts, strings.TrimSpace(t.rows[i].at.String()+" "+t.rows[i].line()))
	}
	return event.Clean(strings.Join(parts, "; "))
}

// lane returns the lane of a computer.
func (t *timeline) lane(host string) int {
	for i, h := range t.hosts {
		if h == host {
			return min(i, maxLanes-1)
		}
	}
	return 0
}

// heads names the lanes, each at its beginning.
func (p *timelinePicture) heads(t *timeline, textX int) (y int) {
	for i := range min(len(t.hosts), maxLanes) {
		name := t.hosts[i]
		if i == maxLanes-1 && len(t.hosts) > maxLanes {
			name = "other computers"
		}
		name = wrapped(event.Clean(name), (pictureWidth-textX)*9/10, 1)[0]
		p.Lanes = append(p.Lanes, laneShape{X: firstLane + i*laneWidth, Y: y + 8, TextX: textX, TextY: y + 12, Class: laneClass(i), Name: name})
		y += lineHeight
	}
	return y + 8
}

func laneClass(i int) string { return fmt.Sprintf("lane-%d", i+1) }

// row draws a moment whose upper end is y, and returns its lower end.
func (p *timelinePicture) row(t *timeline, i, textX, y int) int {
	m := &t.rows[i]
	lane := t.lane(m.host)
	s := rowShape{X: firstLane + lane*laneWidth, Class: laneClass(lane), Mark: map[momentKind]string{
		needed: "full", supports: "ring", failed: "cross", jobBegins: "job", jobEnds: "job", leftOut: "none"}[m.kind]}
	if m.kind == leftOut {
		s.Lines = []lineShape{{textX, y + 12, event.Clean("⋮ " + m.text), "dim"}}
		s.Y = y + 8
		p.Rows = append(p.Rows, s)
		return y + lineHeight + 4
	}
	if day := m.at.UTC().Format(time.DateOnly); i == 0 || t.rows[i-1].at.UTC().Format(time.DateOnly) != day {
		s.Date = lineShape{timeEnd, y + 12, day, "strong end"}
		y += lineHeight
	}
	s.Y = y + 8
	s.Time = lineShape{timeEnd, y + 12, shortTime(m.at), "end"}
	class := "strong"
	if m.kind == failed {
		class = "failed"
	}
	room := pictureWidth - textX // bold letters are wider
	for _, line := range wrapped(event.Clean(shortHost(m.host)+" · "+m.what), room*9/10, 2) {
		s.Lines = append(s.Lines, lineShape{textX, y + 12 + lineHeight*len(s.Lines), line, class})
	}
	for _, line := range wrapped(event.Clean(m.text), room, maxLines) {
		s.Lines = append(s.Lines, lineShape{textX, y + 12 + lineHeight*len(s.Lines), line, ""})
	}
	if i+1 < len(t.rows) && t.rows[i+1].kind != leftOut {
		s.Gap = lineShape{timeEnd, y + 12 + lineHeight, until(t.rows[i+1].at.Sub(m.at.Time)), "dim small end"}
	}
	p.Rows = append(p.Rows, s)
	return y + lineHeight*max(len(s.Lines), 2) + 6
}

// shortHost is a computer's name without its domain.
func shortHost(name string) string {
	short, _, _ := strings.Cut(name, ".")
	return short
}

// shortTime is the time of day, to the millisecond if it has any.
func shortTime(t Time) string { return t.UTC().Truncate(time.Millisecond).Format("15:04:05.999") }

// distance is the room that a pause takes: as its logarithm grows.
func distance(pause time.Duration) int {
	return min(mostApart, int(5*math.Log2(1+max(0, pause.Seconds())/10)))
}

func until(d time.Duration) string {
	if d == 0 {
		return "same time"
	}
	return "+ " + apart(d)
}

// apart is a duration in the two largest of its units.
func apart(d time.Duration) string {
	units := func(big int64, bigName string, small int64, smallName string) string {
		if small == 0 {
			return fmt.Sprintf("%d %s", big, bigName)
		}
		return fmt.Sprintf("%d %s %d %s", big, bigName, small, smallName)
	}
	s := int64(d / time.Second)
	switch {
	case d < time.Minute:
		return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.3f", d.Truncate(time.Millisecond).Seconds()), "0"), ".") + " s"
	case d < time.Hour:
		return units(s/60, "min", s%60, "s")
	case d < 48*time.Hour:
		return units(s/3600, "h", s/60%60, "min")
	}
	return units(s/86400, "d", s/3600%24, "h")
}

// wrapped breaks text into lines of a width in units, at most so many.
func wrapped(text string, width, most int) []string {
	var out []string
	line := ""
	for _, word := range strings.Fields(text) {
		for line != "" && wide(line+" "+word) > float64(width) || wide(word) > float64(width) {
			if line == "" { // the word alone is too long
				n := fitting(word, width)
				line, word = word[:n], word[n:]
			}
			out, line = append(out, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	if line != "" || len(out) == 0 {
		out = append(out, line)
	}
	if len(out) > most {
		last := out[most-1]
		out = append(out[:most-1], last[:fitting(last, width-fontSize)]+"…")
	}
	return out
}

// fitting returns how many bytes of a text fit, at least its first character.
func fitting(text string, width int) int {
	used := 0.0
	for i, r := range text {
		used += runeWidth(r)
		if used > float64(width) && i > 0 {
			return i
		}
	}
	return len(text)
}

func wide(text string) float64 {
	w := 0.0
	for _, r := range text {
		w += runeWidth(r)
	}
	return w
}

// runeWidth is about how wide a character is: fonts differ, so rather more.
func runeWidth(r rune) float64 {
	em := 0.62
	switch {
	case r >= 0x1100:
		em = 1.05
	case strings.ContainsRune("iljtfr.,:;'|!()[] ", r):
		em = 0.4
	case strings.ContainsRune("mwMW@%", r):
		em = 0.98
	case unicode.IsUpper(r):
		em = 0.72
	}
	return em * fontSize
}
