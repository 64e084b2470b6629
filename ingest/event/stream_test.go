package event

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// at returns a time for an id, so that gaps can be told by their times too.
func at(id uint64) time.Time { return time.Unix(1_400_000_000+int64(id), 0).UTC() }

func gap(after, before uint64) Gap {
	return Gap{AfterID: after, BeforeID: before, From: at(after), To: at(before)}
}

func TestStreamBuilderGaps(t *testing.T) {
	tests := []struct {
		name string
		ids  []uint64
		want Stream
	}{
		{"ascending", []uint64{1, 2, 3}, Stream{Records: 3, FirstID: 1, LastID: 3}},
		{"newest first", []uint64{9, 8, 7}, Stream{Records: 3, FirstID: 7, LastID: 9}},
		{"ring buffer", []uint64{5, 6, 7, 1, 2, 3, 4}, Stream{Records: 7, FirstID: 1, LastID: 7}},
		{"one gap", []uint64{1, 2, 5, 6}, Stream{Records: 4, FirstID: 1, LastID: 6, Gaps: []Gap{gap(2, 5)}}},
		{"gaps, newest first", []uint64{9, 6, 5, 2}, Stream{Records: 4, FirstID: 2, LastID: 9, Gaps: []Gap{gap(2, 5), gap(6, 9)}}},
		{"repeated ids", []uint64{1, 1, 2, 2, 1, 3}, Stream{Records: 6, FirstID: 1, LastID: 3}},
		{"largest ids", []uint64{math.MaxUint64, math.MaxUint64 - 1, 1}, Stream{
			Records: 3, FirstID: 1, LastID: math.MaxUint64, Gaps: []Gap{gap(1, math.MaxUint64-1)}}},
		{"without id", []uint64{0, 0, 4}, Stream{Records: 3, FirstID: 4, LastID: 4}},
		{"only without id", []uint64{0}, Stream{Records: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b StreamBuilder
			for _, id := range tt.ids {
				b.Add("HOST", "System", id, at(id), "EventLog")
			}
			tt.want.Computer, tt.want.Channel, tt.want.Providers = "HOST", "System", []string{"EventLog"}
			byTime := func(x, y uint64) int { return at(x).Compare(at(y)) }
			tt.want.First, tt.want.Last = at(slices.MinFunc(tt.ids, byTime)), at(slices.MaxFunc(tt.ids, byTime))
			if diff := cmp.Diff([]Stream{tt.want}, b.Streams()); diff != "" {
				t.Errorf("streams (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStreamBuilderKeepsStreamsApart(t *testing.T) {
	var b StreamBuilder
	b.Add("B", "System", 7, at(7), "volsnap")
	b.Add("A", "System", 1, at(1), "VSS")
	b.Add("A", "Application", 5, at(5), "VSS")
	b.Add("A", "System", 2, time.Time{}, "ESENT")
	want := []Stream{
		{Computer: "A", Channel: "Application", Records: 1, First: at(5), Last: at(5), FirstID: 5, LastID: 5, Providers: []string{"VSS"}},
		{Computer: "A", Channel: "System", Records: 2, First: at(1), Last: at(1), FirstID: 1, LastID: 2, Providers: []string{"ESENT", "VSS"}},
		{Computer: "B", Channel: "System", Records: 1, First: at(7), Last: at(7), FirstID: 7, LastID: 7, Providers: []string{"volsnap"}},
	}
	if diff := cmp.Diff(want, b.Streams()); diff != "" {
		t.Errorf("streams (-want +got):\n%s", diff)
	}
}

func TestStreamBuilderSparse(t *testing.T) {
	for _, n := range []int{MaxGaps + 1, MaxGaps + 2, maxRuns + 2, 3 * maxRuns} {
		var b StreamBuilder
		for i := n; i > 0; i-- {
			b.Add("HOST", "System", uint64(2*i), at(uint64(2*i)), "VSS")
		}
		s := b.Streams()[0]
		if got, want := s.Sparse, n > MaxGaps+1; got != want {
			t.Errorf("%d records with a gap between each two: sparse = %v, want %v", n, got, want)
		}
		if s.Records != uint64(n) || s.FirstID != 2 || s.LastID != uint64(2*n) || len(s.Gaps) > MaxGaps {
			t.Errorf("%d records: got %d, ids %d to %d, %d gaps", n, s.Records, s.FirstID, s.LastID, len(s.Gaps))
		}
	}
}

// A filtered export must not take the gaps of its neighbours with it.
func TestStreamBuilderGivesUpTheSparsest(t *testing.T) {
	var b StreamBuilder
	for i := range uint64(2 * maxRuns) {
		b.Add("HOST", "Security", 1+3*i, at(i), "Filtered")
		if i < 100 {
			b.Add("HOST", "System", 1+i/10*20+i%10, at(i), "VSS")
		}
	}
	streams := b.Streams()
	if !streams[0].Sparse || streams[1].Sparse || len(streams[1].Gaps) != 9 {
		t.Errorf("sparse: %v, %v, gaps: %d; want true, false, 9", streams[0].Sparse, streams[1].Sparse, len(streams[1].Gaps))
	}
}

func TestStreamBuilderBoundsNames(t *testing.T) {
	var b StreamBuilder
	long := strings.Repeat("x", 1000)
	const n = 10_000
	for i := range uint64(n) {
		b.Add(fmt.Sprint(long, i), "System", 1, at(1), "VSS")
	}
	if b.names > maxNameBytes || b.Unlisted() == 0 || int(b.Unlisted())+len(b.Streams()) != n {
		t.Errorf("%d bytes of names, %d streams, %d unlisted", b.names, len(b.Streams()), b.Unlisted())
	}
}

// Whatever the order of the records and their distribution over workers, the
// streams are the same.
func TestStreamBuilderMergeAnyPartition(t *testing.T) {
	type record struct {
		computer, provider string
		id                 uint64
		time               time.Time
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var records []record
	for i := range uint64(3000) {
		if rng.IntN(20) > 0 {
			records = append(records, record{fmt.Sprint("HOST", i%3), fmt.Sprint("P", rng.IntN(9)), i/3 + 1, at(i)})
		}
		if rng.IntN(20) == 0 { // the same id once more, at another time
			records = append(records, record{fmt.Sprint("HOST", i%3), "P", i/3 + 1, at(i + uint64(rng.IntN(9)))})
		}
	}
	build := func(workers int) []Stream {
		builders := make([]StreamBuilder, workers)
		for _, r := range records {
			builders[rng.IntN(workers)].Add(r.computer, "System", r.id, r.time, r.provider)
		}
		for i := range builders[1:] {
			builders[0].Merge(&builders[i+1])
		}
		return builders[0].Streams()
	}
	want := build(1)
	for workers := range 8 {
		rng.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		if diff := cmp.Diff(want, build(workers+1)); diff != "" {
			t.Fatalf("%d workers (-want +got):\n%s", workers+1, diff)
		}
	}
}

// Runs count as the records that they are made of.
func TestStreamBuilderAddRun(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var one, runs StreamBuilder
		for range 30 {
			id := uint64(rng.IntN(60))
			r := Run{Computer: fmt.Sprint("HOST", rng.IntN(2)), Channel: "System", FirstID: id, LastID: id}
			for n := 1 + rng.IntN(5); n > 0; n-- {
				when, provider := at(uint64(rng.IntN(99))), fmt.Sprint("P", rng.IntN(4))
				if rng.IntN(9) == 0 {
					when = time.Time{}
				}
				one.Add(r.Computer, r.Channel, id, when, provider)
				if r.Records++; r.Records == 1 {
					r.First = when
				}
				r.LastID, r.Last, r.Providers = id, when, append(r.Providers, provider)
				if !when.IsZero() && (r.Earliest.IsZero() || when.Before(r.Earliest)) {
					r.Earliest = when
				}
				if when.After(r.Latest) {
					r.Latest = when
				}
				if id == 0 { // no id follows none
					break
				}
				id++
			}
			runs.AddRun(&r)
		}
		if diff := cmp.Diff(one.Streams(), runs.Streams()); diff != "" {
			t.Fatalf("one by one (-), as runs (+):\n%s", diff)
		}
	}
}

func TestStreamBuilderAddDoesNotAllocate(t *testing.T) {
	var b StreamBuilder
	id := uint64(0)
	add := func() {
		id++
		b.Add("HOST-A", "System", id, at(id), "VSS")
		b.Add("HOST-A", "System", id, at(id), "volsnap")
		b.Add("HOST-B", "System", id, at(id), "VSS")
	}
	for range maxRuns { // until the runs have their largest size
		add()
	}
	if n := testing.AllocsPerRun(1000, add); n != 0 {
		t.Errorf("%v allocations per record, want none", n)
	}
}

func BenchmarkStreamBuilderAdd(b *testing.B) {
	var sb StreamBuilder
	names := []string{"VSS", "VSS", "VSS", "volsnap"}
	b.ReportAllocs()
	for i := range uint64(b.N) {
		sb.Add("HOST-A", "System", i+1, at(i), names[i%4])
	}
}
