package evtx

import (
	"archive/zip"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// TestTraps looks at what is particular in some real logs. The files are those
// that other readers fail on.
func TestTraps(t *testing.T) {
	const dir = "omerbenamram-evtx/"
	kinds := func(src *event.Source) map[event.DamageKind]int {
		m := map[event.DamageKind]int{}
		for _, d := range src.Damage {
			m[d.Kind]++
		}
		return m
	}
	tests := []struct {
		name  string
		file  string
		check func(t *testing.T, events []event.Event, src *event.Source)
	}{
		{"checksums are not kept", dir + "Application_no_crc32.evtx", func(t *testing.T, _ []event.Event, src *event.Source) {
			if len(src.Damage) > 0 {
				t.Errorf("damage %v", src.Damage)
			}
		}},
		{"garbage in the flags", dir + "post-Security.evtx", func(t *testing.T, _ []event.Event, src *event.Source) {
			want := []event.Damage{{Kind: event.DamageFileHeader, Offset: 120, Detail: "unknown flags 0x1b970000"}}
			if diff := cmp.Diff(want, src.Damage); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		}},
		{"records that were not written whole", dir + "2-vss_0-Microsoft-Windows-RemoteDesktopServices-RdpCoreTS%4Operational.evtx",
			func(t *testing.T, events []event.Event, src *event.Source) {
				if len(events) < 1910 || !src.Lost() || src.Recovered == 0 {
					t.Errorf("%d events, lost %v, recovered %d", len(events), src.Lost(), src.Recovered)
				}
				for _, e := range events { // nothing made up
					if e.Provider != "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS" || e.Time.Year() < 2017 || e.Time.Year() > 2019 {
						t.Errorf("event of %q at %v", e.Provider, e.Time)
					}
				}
			}},
		{"a record of size 0", dir + "sample-with-zero-data-size-event.evtx", func(t *testing.T, events []event.Event, src *event.Source) {
			if src.Records != 335 || src.Recovered != 114 || len(events) != 449 {
				t.Errorf("%d records, %d recovered, %d events", src.Records, src.Recovered, len(events))
			}
		}},
		{"chunks of foreign data", dir + "sysmon.evtx", func(t *testing.T, _ []event.Event, src *event.Source) {
			want := map[event.DamageKind]int{event.DamageDirty: 1, event.DamageChunkMagic: 8}
			if diff := cmp.Diff(want, kinds(src)); diff != "" || src.Lost() {
				t.Errorf("lost %v, damage:\n%s", src.Lost(), diff)
			}
		}},
		{"chunks without magic that hold records", dir + "sample_with_a_bad_chunk_magic.evtx", func(t *testing.T, _ []event.Event, src *event.Source) {
			if kinds(src)[event.DamageChunkMagic] != 2 || !src.Lost() {
				t.Errorf("lost %v, damage %v", src.Lost(), src.Damage)
			}
		}},
		{"a truncated copy", "plaso/System2.evtx", func(t *testing.T, events []event.Event, src *event.Source) {
			if src.Records != 283 || len(events) != 283 || kinds(src)[event.DamageTruncated] != 2 || !src.Lost() { // it says that it has 96 chunks
				t.Errorf("%d records, damage %v", src.Records, src.Damage)
			}
		}},
		{"a bad string table", dir + "security_bad_string_cache.evtx", func(t *testing.T, events []event.Event, src *event.Source) {
			good, _ := readAll(t, realLog(t, dir+"security.evtx"), Options{})
			if diff := cmp.Diff(good, events); diff != "" || kinds(src)[event.DamageChunkChecksum] != 1 {
				t.Errorf("damage %v\n%s", src.Damage, brief(diff))
			}
		}},
		{"empty Data elements", dir + "issue_201.evtx", func(t *testing.T, events []event.Event, _ *event.Source) {
			empty := 0
			for _, f := range events[0].Fields {
				if f.Value == "" {
					empty++
				}
			}
			if empty == 0 || events[0].Payload != "EventData" {
				t.Errorf("payload %q, %d of %d fields empty", events[0].Payload, empty, len(events[0].Fields))
			}
		}},
		{"a record without a template", dir + "MSExchange_Management_wec.evtx", func(t *testing.T, events []event.Event, _ *event.Source) {
			if e := events[0]; e.Provider == "" || e.Computer == "" || e.Time.IsZero() || e.Record == 0 || len(e.Fields) == 0 {
				t.Errorf("got %d fields of provider %q", len(e.Fields), e.Provider)
			}
		}},
		{"sizes of 4 bytes", dir + "Security_with_size_t.evtx", func(t *testing.T, events []event.Event, _ *event.Source) {
			for _, e := range events {
				if v, ok := e.Field("ProcessId"); ok && !strings.HasPrefix(v, "0x") {
					t.Errorf("record %d: ProcessId %q", e.Record, v)
				}
			}
		}},
		{"irregular booleans", dir + "sample-with-irregular-bool-values.evtx", func(t *testing.T, events []event.Event, _ *event.Source) {
			for _, e := range events {
				if v, ok := e.Field("IsBackgroundProcessing"); ok && v != "true" && v != "false" {
					t.Errorf("record %d: %q", e.Record, v)
				}
			}
		}},
		{"several fragments in one value", dir + "E_Windows_system32_winevt_logs_Microsoft-Windows-Shell-Core%4Operational.evtx",
			func(t *testing.T, events []event.Event, _ *event.Source) {
				messages := 0
				for _, e := range events {
					if strings.Contains(e.Message, "TraceLayoutSelectionData") {
						messages++
					}
				}
				if messages != 2 {
					t.Errorf("%d messages, want 2", messages)
				}
			}},
		{"a lone surrogate", "python-evtx/issue_43.evtx", func(t *testing.T, events []event.Event, _ *event.Source) {
			for _, e := range events {
				if v, ok := e.Field("ConfigurationFileHash"); ok && strings.Contains(v, "\ufffd") {
					return
				}
			}
			t.Error("no U+FFFD found")
		}},
		{"corrupt ANSI strings", "python-evtx/dns_log_malformed.evtx", func(t *testing.T, events []event.Event, src *event.Source) {
			if len(events) != 5 || src.Undecodable != 0 {
				t.Errorf("%d events, %d undecodable", len(events), src.Undecodable)
			}
		}},
		{"SYSTEMTIME", "python-evtx/issue_39.evtx", func(t *testing.T, events []event.Event, src *event.Source) {
			if len(events) != 394 || src.Undecodable != 0 {
				t.Errorf("%d events, %d undecodable", len(events), src.Undecodable)
			}
		}},
		{"nested XML and entities", dir + "E_ShadowCopy6_windows_system32_winevt_logs_Microsoft-Windows-CAPI2%4Operational.evtx",
			func(t *testing.T, events []event.Event, src *event.Source) {
				paths, entities := 0, 0
				for _, e := range events {
					for _, f := range e.Fields {
						if strings.Count(f.Name, "/") >= 2 {
							paths++
						}
						if strings.ContainsAny(f.Value, "&<>\"'") {
							entities++
						}
					}
				}
				if len(events) != 459 || src.Undecodable != 0 || paths == 0 || entities == 0 {
					t.Errorf("%d events, %d paths, %d entities", len(events), paths, entities)
				}
			}},
		{"a ring buffer", "plaso/System.evtx", func(t *testing.T, events []event.Event, src *event.Source) {
			for _, s := range src.Streams {
				if s.First.After(s.Last) || s.FirstID > s.LastID || s.Records == 0 {
					t.Errorf("stream %q: %d records, %v to %v", s.Channel, s.Records, s.First, s.Last)
				}
			}
			if len(events) != 5009 || len(src.Streams) == 0 {
				t.Errorf("%d events, %d streams", len(events), len(src.Streams))
			}
		}},
		{"full precision of time", "ts-evtx/System.evtx", func(t *testing.T, events []event.Event, _ *event.Source) {
			for _, e := range events {
				if ns := e.Time.Nanosecond(); ns%1000 != 0 && ns%100 == 0 && e.Time.Location() == time.UTC {
					return
				}
			}
			t.Error("no time has a seventh digit")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			events, src := readAll(t, realLog(t, tt.file), Options{})
			tt.check(t, events, src)
		})
	}
}

// TestWholeFolder reads the 309 logs of a whole machine, from a zip: none is
// damaged, and no record is undecodable.
func TestWholeFolder(t *testing.T) {
	z, err := zip.OpenReader(filepath.Join(realData, "splunk-attack-data", "procdump_t1003.001_capattack.zip"))
	if err != nil {
		t.Skipf("real logs are not at hand: %v", err)
	}
	defer z.Close()
	logs := 0
	for _, f := range z.File {
		if filepath.Ext(f.Name) != ".evtx" {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		logs++
		events, src := readAll(t, raw, Options{})
		if src.Lost() || uint64(len(events)) != src.Records {
			t.Errorf("%s: %d events of %d records, damage %v, error %q", f.Name, len(events), src.Records, src.Damage, src.Err)
		}
	}
	if logs != 309 {
		t.Errorf("%d logs, want 309", logs)
	}
}
