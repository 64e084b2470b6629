package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/rules/report"
)

// TestAroundChangesNoVerdict: asked about the minute around one failure, the
// program reads a part of the events only, and finds for that failure what it
// finds when asked about everything.
func TestAroundChangesNoVerdict(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the program many times")
	}
	bundles, _ := filepath.Glob(filepath.Join(casesDir, "*.zip"))
	if len(bundles) < 20 {
		t.Fatalf("%d cases", len(bundles))
	}
	asked, outside := 0, 0
	for _, bundle := range bundles {
		whole := parse(t, scanAny(t, bundle))
		for i := range whole.Failures {
			f := &whole.Failures[i]
			part := parse(t, scanAny(t, bundle, "--around", f.Time.UTC().Format("2006-01-02T15:04:05")+"±1m", "--host", f.Host))
			if part.Asked == nil || part.Asked.Hosts[0] != f.Host {
				t.Fatalf("%s: the report does not say what it is about: %+v", bundle, part.Asked)
			}
			if diff := cmp.Diff(causesAt(whole, f), causesAt(part, f)); diff != "" {
				t.Errorf("%s, %s of %s at %s (-everything +the minute):\n%s", filepath.Base(bundle), f.Kind, f.Host, f.Time, diff)
			}
			asked++
			outside += len(whole.Failures) - len(part.Failures)
		}
	}
	if asked < 20 || outside == 0 {
		t.Errorf("%d failures were asked about, and %d left out: that shows little", asked, outside)
	}
}

// scanAny scans, whatever the exit code, and returns the JSON report.
func scanAny(t *testing.T, args ...string) string {
	t.Helper()
	out, err := vsswhy(t, append([]string{"scan", "--format", "json"}, args...)...).Output()
	if len(out) == 0 {
		t.Fatalf("%v: %v", args, err)
	}
	return string(out)
}

// causesAt says what explains a failure: rules and verdicts, and the criteria
// where the finding is about this failure alone.
func causesAt(r *report.Report, of *report.Failure) []string {
	var list []string
	for i := range r.Failures {
		f := &r.Failures[i]
		if f.Host != of.Host || !f.Time.Equal(of.Time.Time) || f.Kind != of.Kind || fmt.Sprint(f.VM) != fmt.Sprint(of.VM) {
			continue
		}
		list = append(list, fmt.Sprintf("%s %v", f.Volume, f.Codes))
		for _, c := range f.Causes {
			for j := range r.Findings {
				if g := &r.Findings[j]; g.ID == c.Finding {
					list = append(list, g.Rule+" "+c.Verdict+criteria(g))
				}
			}
		}
	}
	return list
}

func criteria(f *report.Finding) string {
	if len(f.Occurrences) > 1 {
		return ""
	}
	var b strings.Builder
	for _, c := range f.Criteria {
		fmt.Fprintf(&b, "; %s %s", c.ID, c.State)
	}
	return b.String()
}

// TestScopeFlags: how times and computers are given.
func TestScopeFlags(t *testing.T) {
	last := func() (time.Time, error) { return time.Date(2010, 3, 15, 6, 0, 0, 0, time.UTC), nil }
	at := func(day, hour, minute int) time.Time { return time.Date(2010, 3, day, hour, minute, 0, 0, time.UTC) }
	for _, tt := range []struct {
		opt      scopeOptions
		from, to time.Time
	}{
		{scopeOptions{}, time.Time{}, time.Time{}},
		{scopeOptions{since: "2010-03-14"}, at(14, 0, 0), time.Time{}},
		{scopeOptions{since: "2010-03-14 22:00", until: "+90m"}, at(14, 22, 0), at(14, 23, 30)},
		{scopeOptions{since: "-1d", until: "05:00"}, at(14, 6, 0), at(15, 5, 0)},
		{scopeOptions{around: "2010-03-14T23:00"}, at(14, 22, 30), at(14, 23, 30).Add(1)},
		{scopeOptions{around: "05:00+-5m"}, at(15, 4, 55), at(15, 5, 5).Add(1)},
		{scopeOptions{around: "-2h ±0s"}, time.Time{}, time.Time{}},
	} {
		s, err := tt.opt.scope(last)
		if tt.opt.around == "-2h ±0s" {
			if err == nil {
				t.Error("a time with a space behind it")
			}
			continue
		}
		if err != nil || !s.From.Equal(tt.from) || !s.To.Equal(tt.to) {
			t.Errorf("%+v: %v to %v, %v; want %v to %v", tt.opt, s.From, s.To, err, tt.from, tt.to)
		}
	}
	for _, opt := range []scopeOptions{
		{since: "yesterday"}, {until: "+1h"}, {since: "2010-03-15", until: "2010-03-14"}, {around: "05:00", since: "04:00"},
		{around: "05:00±x"}, {around: "05:00±-5m"}, {hosts: []string{`a"b`}}, {since: `05:00" OR "`},
	} {
		if s, err := opt.scope(last); err == nil {
			t.Errorf("%+v is taken for %v to %v", opt, s.From, s.To)
		}
	}
	s, err := (&scopeOptions{hosts: []string{"node-a", "HV0*"}}).scope(last)
	if err != nil || !s.Host("NODE-A.contoso.com") || !s.Host("hv02") || s.Host("node-b") {
		t.Errorf("computers: %v", err)
	}
}
