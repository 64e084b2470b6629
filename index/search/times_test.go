package search

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// someTime is near an edge of a minute, day or month more often than not.
func someTime(rng *rand.Rand) time.Time {
	t := time.Date(2009+rng.IntN(3), time.Month(1+rng.IntN(12)), 1+rng.IntN(31), rng.IntN(24), rng.IntN(60), rng.IntN(60), rng.IntN(1e9), time.UTC)
	switch rng.IntN(8) {
	case 0:
		return time.Time{}
	case 1:
		return time.Date(30828, 9, 14, 2, 48, 5, 477580700, time.UTC)
	case 2:
		return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rng.IntN(3) - 1))
	case 3:
		return t.Truncate(24 * time.Hour).Add(time.Duration(rng.IntN(3) - 1))
	case 4:
		return t.Truncate(time.Minute)
	case 5:
		return minTime.Add(time.Duration(rng.IntN(3)-1) * time.Hour)
	}
	return t
}

func TestTimeTerms(t *testing.T) {
	for in, want := range map[time.Time]string{
		{}: "000010101000000",
		time.Date(2010, 3, 14, 22, 5, 12, 123456700, time.UTC):        "0201003142205121234567",
		time.Date(2010, 3, 14, 22, 5, 12, 0, time.UTC):                "020100314220512",
		time.Date(30828, 9, 14, 2, 48, 5, 477580700, time.UTC):        "3082809140248054775807",
		time.Date(2012, 2, 29, 0, 0, 0, 1, time.UTC):                  "020120229000000000000001",
		time.Date(2010, 3, 14, 23, 0, 0, 0, time.FixedZone("", 3600)): "020100314220000",
	} {
		got := timeTerm(clampTime(in))
		if got != want {
			t.Errorf("timeTerm(%v) = %q, want %q", in, got, want)
		}
		if back, err := parseTimeTerm(got); err != nil || !back.Equal(in) {
			t.Errorf("parseTimeTerm(%q) = %v, %v", got, back, err)
		}
	}
	for _, bad := range []string{"", "2010", "02010031422051x", "abcde0314220512", "020101314220512"} {
		if at, err := parseTimeTerm(bad); err == nil {
			t.Errorf("parseTimeTerm(%q) = %v", bad, at)
		}
	}
}

func TestTimeTermsStandInOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		a, b := clampTime(someTime(rng)), clampTime(someTime(rng))
		if got, want := strings.Compare(timeTerm(a), timeTerm(b)), a.Compare(b); got != want {
			t.Fatalf("%v and %v compare as %d, want %d", a, b, got, want)
		}
	}
}

func TestTimeRanges(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for range 20_000 {
		from, to, at := clampTime(someTime(rng)), clampTime(someTime(rng)), clampTime(someTime(rng))
		if rng.IntN(4) == 0 {
			to = endTime
		}
		ranges := timeRanges(from, to)
		if got, want := covered(ranges, at), !at.Before(from) && at.Before(to); got != want {
			t.Fatalf("from %v to %v, at %v: %v, want %v, by %v", from, to, at, got, want, ranges)
		}
		if len(ranges) > 2*len(levels)+2 {
			t.Fatalf("%d ranges", len(ranges))
		}
	}
	want := []termRange{
		{fieldWhen, "b020100314", "b020100316"}, {fieldWhen, "c02010031323", "c02010031400"}, {fieldTime, "020100316000000", "0201003160000005"},
	}
	got := timeRanges(time.Date(2010, 3, 13, 23, 0, 0, 0, time.UTC), time.Date(2010, 3, 16, 0, 0, 0, 500000000, time.UTC))
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(termRange{})); diff != "" {
		t.Errorf("ranges (-want +got):\n%s", diff)
	}
}

// covered reports whether a document of a time has a term of the ranges.
func covered(ranges []termRange, at time.Time) bool {
	term := timeTerm(at)
	terms := map[string][]string{fieldTime: {term}}
	for i := range levels {
		terms[fieldWhen] = append(terms[fieldWhen], whenTerm(i, term))
	}
	return slices.ContainsFunc(ranges, func(r termRange) bool {
		return slices.ContainsFunc(terms[r.field], func(s string) bool { return s >= r.low && s < r.high })
	})
}
