package report

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var night = time.Date(2010, 3, 14, 23, 0, 0, 0, time.UTC)

func after(d time.Duration) Time { return Time{night.Add(d)} }

func happened(host string, id uint32, at Time) Evidence {
	return Evidence{Source: "S1", Record: uint64(id), Time: at, Host: host, Provider: "VSS", ID: id, Summary: "it happened"}
}

// toldEvent is a timeline, a line for each row.
func toldEvent(t *timeline) []string {
	var out []string
	for i := range t.rows {
		out = append(out, strings.TrimSpace(t.rows[i].at.UTC().Format("15:04:05.0")+" "+t.rows[i].line()))
	}
	return append(out, t.remarks...)
}

// TestTimeline: events, failures and jobs come in the order of time, each event once;
// a job that an event tells of has no row of its own, and one of another time, machine or
// computer none at all.
func TestTimeline(t *testing.T) {
	a, b := "a.example.com", "b.example.com"
	first, second := happened(a, 1, after(time.Second)), happened(a, 2, after(1500*time.Millisecond))
	f := Finding{ID: "F1", Host: a, VM: &VM{Name: "vm"}, Criteria: []Criterion{
		{Role: "anchor", State: "met", Evidence: []Evidence{first, second}},
		{Role: "required", State: "met", Evidence: []Evidence{second, happened(b, 3, after(-5*time.Hour)), {Host: a, Summary: "the log covers it"}}},
		{Role: "supporting", State: "met", Evidence: []Evidence{happened(b, 3, after(-5*time.Hour)), happened(a, 4, Time{}), happened(a, 8, after(2*time.Minute))}},
		{Role: "excluding", State: "met", Evidence: []Evidence{happened(a, 5, after(0))}},
		{Role: "required", State: "unmet", Evidence: []Evidence{happened(a, 6, after(0))}},
	}}
	job := func(id, host string, from, to Time, vms ...VM) Job {
		return Job{ID: id, Kind: "backup", Host: host, From: from, To: to, Outcome: "failed", VMs: vms}
	}
	r := &Report{
		Findings: []Finding{f},
		Failures: []Failure{
			{ID: "X1", Kind: "backup", Host: a, Time: after(1500 * time.Millisecond), Causes: []Cause{{Finding: "F1"}}},
			{ID: "X2", Kind: "backup", Host: a, Time: after(48 * time.Hour), Causes: []Cause{{Finding: "F1"}}},
			{ID: "X3", Kind: "backup", Host: a, Time: after(time.Second)},
		},
		Jobs: []Job{
			job("J1", a, after(time.Second), after(time.Minute), VM{Name: "vm"}),
			job("J2", a, after(-time.Hour), after(0)),
			job("J3", a, after(-time.Hour), after(time.Hour), VM{Name: "other"}),
			job("J4", "c.example.com", after(-time.Hour), after(time.Hour)),
			job("J5", a, after(time.Second), after(time.Second)),
		},
	}
	got := r.timelineOf(&f)
	want := []string{
		"18:00:00.0 b.example.com VSS 3: it happened",
		"23:00:01.0 a.example.com VSS 1: it happened (J1 begins)",
		"23:00:01.5 a.example.com VSS 2: it happened",
		"23:00:01.5 X1 failed: backup of a.example.com",
		"23:01:00.0 J1 ends: backup, failed",
		"23:02:00.0 a.example.com VSS 8: it happened",
		"1 event without a time, not shown",
		"Each computer's times are by its own clock.",
	}
	if diff := cmp.Diff(want, toldEvent(got)); diff != "" {
		t.Error(diff)
	}
	if got.rows[0].kind != needed || got.rows[5].kind != supports {
		t.Error("what is needed is told to support, or the other way round")
	}
	if diff := cmp.Diff([]jobSpan{{1, 4}}, got.spans, cmp.AllowUnexported(jobSpan{})); diff != "" {
		t.Error(diff)
	}
}

// TestTimelineBounded: of many events as many are shown as can be looked at, of each
// criterion some, and it is said where and how many others were.
func TestTimelineBounded(t *testing.T) {
	f := Finding{ID: "F1", Criteria: []Criterion{{Role: "anchor", State: "met"}, {Role: "required", State: "met", Evidence: []Evidence{happened("b", 7, after(24*time.Hour))}}}}
	for i := range 500 {
		f.Criteria[0].Evidence = append(f.Criteria[0].Evidence, happened("a", 1, after(time.Duration(i)*time.Minute)))
	}
	got := toldEvent((&Report{}).timelineOf(&f))
	if len(got) != maxMoments+1+2 || !strings.HasSuffix(got[maxMoments-1], " 477 more events") {
		t.Errorf("%q", got)
	}
	if last := got[maxMoments]; last != "23:00:00.0 b VSS 7: it happened" {
		t.Errorf("the other criterion's event is missing: %q", got)
	}
	if !slices.Contains(got, "477 events left out here; the evidence has them") {
		t.Errorf("%q", got)
	}
}

// TestTimelineWithoutTimes: where nothing has a time nothing is drawn, and it is said.
func TestTimelineWithoutTimes(t *testing.T) {
	r := filled("word")
	for _, f := range r.Findings {
		for i := range f.Criteria {
			f.Criteria[i].Evidence[0].Time = Time{}
		}
	}
	for i := range r.Failures {
		r.Failures[i].Time = Time{}
	}
	page := written(t, (*Report).WriteHTML, r)
	if strings.Contains(page, "Timeline of") || !strings.Contains(page, "1 event without a time, not shown") {
		t.Error("a timeline without times")
	}
}

// TestTimelinePicture: rows lie in their order without covering one another, each
// in the lane of its computer, whether a moment or a month lies between two; computers
// beyond the last lane share that.
func TestTimelinePicture(t *testing.T) {
	f := Finding{ID: "F1", Criteria: []Criterion{{Role: "anchor", State: "met"}}}
	at := time.Duration(0)
	for i, pause := range []time.Duration{0, 0, time.Nanosecond, time.Second, time.Hour, 31 * 24 * time.Hour, time.Minute, time.Minute, time.Minute} {
		at += pause
		f.Criteria[0].Evidence = append(f.Criteria[0].Evidence, happened(fmt.Sprintf("host%d", i%8), uint32(i), after(at)))
	}
	p := (&Report{}).timelineOf(&f).draw("p")
	if len(p.Lanes) != maxLanes || p.Lanes[maxLanes-1].Name != "other computers" {
		t.Errorf("%d lanes, the last %q", len(p.Lanes), p.Lanes[len(p.Lanes)-1].Name)
	}
	below := 0
	for i, row := range p.Rows {
		if row.Y <= below || row.Y >= p.Height {
			t.Errorf("row %d is at %d, the end of the one before at %d", i, row.Y, below)
		}
		if want := firstLane + min(i%8, maxLanes-1)*laneWidth; row.X != want {
			t.Errorf("row %d is at x %d, want %d", i, row.X, want)
		}
		below = row.Lines[len(row.Lines)-1].Y
	}
	var gaps []string
	for _, row := range p.Rows {
		gaps = append(gaps, row.Gap.Text)
	}
	want := []string{"same time", "+ 0 s", "+ 1 s", "+ 1 h", "+ 31 d", "+ 1 min", "+ 1 min", "+ 1 min", ""}
	if diff := cmp.Diff(want, gaps); diff != "" {
		t.Error(diff)
	}
	if n := strings.Count(p.Lanes[0].Dashed, "M"); n != 2 {
		t.Errorf("%d long pauses are dashed", n)
	}
}

// TestCoveragePicture: bars and gaps lie where their times are, the shortest gap can
// be seen, what is outside the picture is cut at its edge, and failures are marked.
func TestCoveragePicture(t *testing.T) {
	r := &Report{
		Failures: []Failure{{Time: after(50 * time.Hour)}, {Time: after(50 * time.Hour)}, {Time: after(75 * time.Hour)}},
		Coverage: []Coverage{
			{Host: "h", Channel: "whole", From: after(0), To: after(100 * time.Hour), Gaps: []TimeSpan{{after(25 * time.Hour), after(50 * time.Hour)}, {after(90 * time.Hour), after(90*time.Hour + time.Second)}}},
			{Host: "h", Channel: "since its beginning", To: after(50 * time.Hour)},
			{Host: "h", Channel: "nothing"},
		},
	}
	c := &coverageChart{host: "h", list: r.Coverage, scale: r.coverageScale()}
	p := c.draw("p")
	var got []string
	for _, row := range p.Rows {
		s := row.Name.Text
		if row.Bar != nil {
			s += fmt.Sprintf(" %d+%d", row.Bar.X, row.Bar.Width)
		}
		for _, g := range row.Gaps {
			s += fmt.Sprintf(" gap %d+%d", g.X, g.Width)
		}
		got = append(got, s)
	}
	// From a day before the first failure to the end: 26 to 99 hours.
	want := []string{"whole 0+400 gap 0+131 gap 350+3", "since its beginning 0+131", "nothing: covers nothing (a filtered export)"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if marks := regexp.MustCompile(`M(\d+)`).FindAllString(p.Marks, -1); !slices.Equal(marks, []string{"M131", "M268"}) || p.Named[0].Text != "3 failures" {
		t.Errorf("marks at %v, %v", marks, p.Named)
	}
	r.Failures = nil
	if s := r.coverageScale(); s.part || !s.from.Equal(night) || !s.to.Equal(after(100*time.Hour).Time) {
		t.Errorf("without failures: %v to %v", s.from, s.to)
	}
}

// TestBigReport: a page of thousands of failures can still be looked at; repeated
// ones are one entry, and nothing is left out without a word.
func TestBigReport(t *testing.T) {
	r := manyFailures(5000, 40)
	start := time.Now()
	page := written(t, (*Report).WriteHTML, r)
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	if len(page) > 4<<20 {
		t.Errorf("the page has %d bytes", len(page))
	}
	elements(t, page)
	shown := 0
	for _, m := range regexp.MustCompile(`<b>again</b> ([0-9]+) times`).FindAllStringSubmatch(page, -1) {
		n, _ := strconv.Atoi(m[1])
		shown += n + 1
	}
	if shown < 100 {
		t.Errorf("%d failures are toldEvent as repeated ones", shown)
	}
	if written(t, (*Report).WriteHTML, r) != page {
		t.Error("the same report gives other bytes")
	}
}

func BenchmarkHTML(b *testing.B) {
	r := manyFailures(5000, 40)
	for b.Loop() {
		if err := r.WriteHTML(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
