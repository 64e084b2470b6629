package rules

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/rules/builtin"
	"github.com/vsswhy/vsswhy/rules/scene"
)

func busyScene(n int) *scene.Scene { return busyBuilder(n).Build() }

// busyBuilder has n events that rules ask for, of one host over a year, and a failed
// backup each day.
func busyBuilder(n int) *scene.Builder {
	b := scene.NewBuilder()
	begin := time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)
	kinds := []struct {
		provider, channel string
		id                uint32
		text              string
	}{
		{"VSS", "Application", 8194, "0x80070005"}, {"volsnap", "System", 33, ""}, {"VSS", "Application", 12289, "0x80070001"},
		{"Microsoft-Windows-FailoverClustering", "System", 5140, "Volume1"}, {"Microsoft-Windows-FailoverClustering", "System", 5120, "STATUS_X(c0130021)"},
		{"Microsoft-Windows-Backup", "Microsoft-Windows-Backup", 4, ""}, {"Microsoft-Windows-Hyper-V-VMMS", "Microsoft-Windows-Hyper-V-VMMS-Admin", 18012, "0x80070005"},
		{"VSS", "Application", 8229, "0x800423f3"}, // the last one: once a day
	}
	src := &event.Source{ID: 1, Path: "x", Format: "evtx", Records: uint64(n)}
	streams := new(event.StreamBuilder)
	events := make([]event.Event, n)
	step := 365 * 24 * time.Hour / time.Duration(n)
	for i := range events {
		k := kinds[i%(len(kinds)-1)]
		if i%(n/365) == 0 {
			k = kinds[len(kinds)-1]
		}
		e := &events[i]
		*e = event.Event{Ref: event.Ref{Source: 1, Offset: int64(i)}, Record: uint64(i + 1), Time: begin.Add(time.Duration(i) * step),
			Computer: "HV01", Channel: k.channel, Provider: k.provider, ID: k.id, Level: event.LevelError, Fields: []event.Field{{Name: "VolumeName", Value: k.text}, {Value: fmt.Sprint(i)}}}
		streams.Add(e.Computer, e.Channel, e.Record, e.Time, e.Provider)
	}
	src.Streams = streams.Streams()
	b.Add(event.Batch{Source: src, Events: events, Last: true})
	return b
}

// BenchmarkDiagnose is the cost of all built-in rules, an event of those that they
// ask for, without that of the scene; and of fifty rules, of which some are there
// twice.
func BenchmarkDiagnose(b *testing.B) {
	b.Run("builtin", func(b *testing.B) { benchDiagnose(b, builtin.FS) })
	b.Run("fifty", func(b *testing.B) { benchDiagnose(b, manyRules(b, 50)) })
}

// manyRules are the built-in ones and copies of some of them under other names.
func manyRules(b *testing.B, n int) fs.FS {
	b.Helper()
	out := fstest.MapFS{}
	names, err := fs.Glob(builtin.FS, "*.yaml")
	if err != nil {
		b.Fatal(err)
	}
	set, err := Load(builtin.FS)
	if err != nil {
		b.Fatal(err)
	}
	have := len(set.Rules())
	for _, name := range names {
		text, err := fs.ReadFile(builtin.FS, name)
		if err != nil {
			b.Fatal(err)
		}
		out[name] = &fstest.MapFile{Data: text}
		id := strings.TrimSuffix(name, ".yaml")
		if copied := strings.Replace(string(text), "\nid: "+id+"\n", "\nid: "+id+"-again\n", 1); copied != string(text) && have < n {
			out[id+"-again.yaml"] = &fstest.MapFile{Data: []byte(copied)}
			have++
		}
	}
	return out
}

func benchDiagnose(b *testing.B, files fs.FS) {
	set, err := Load(files)
	if err != nil {
		b.Fatal(err)
	}
	const n = 200_000
	sc := busyScene(n)
	b.ReportAllocs()
	for b.Loop() {
		set.diagnose(sc, Scope{}, nil)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/event")
	b.ReportMetric(float64(len(set.rules)), "rules")
}

// BenchmarkBuild is the cost of the scene that BenchmarkDiagnose leaves out.
func BenchmarkBuild(b *testing.B) {
	const n = 200_000
	busy := busyBuilder(n)
	b.ReportAllocs()
	for b.Loop() {
		busy.Build()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/event")
}

// BenchmarkLoad is what the rules cost at the start of a scan.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load(builtin.FS); err != nil {
			b.Fatal(err)
		}
	}
}
