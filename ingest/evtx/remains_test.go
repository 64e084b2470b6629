package evtx

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/evtx/evtxtest"
)

// shorten makes the first chunk of a log end before its n-th record: what is
// behind that is left over.
func shorten(t *testing.T, log []byte, n int) {
	t.Helper()
	all, _ := readAll(t, log, Options{})
	le.PutUint32(log[fileHeaderSize+48:], uint32(all[n].Offset-fileHeaderSize))
	evtxtest.Fix(log)
}

// TestRemains: what is left of earlier records is read if it is asked for, is
// marked, comes last, and is in no stream.
func TestRemains(t *testing.T) {
	log := evtxtest.Write(manyXML(1, 10), evtxtest.PerChunk(10))
	whole, _ := readAll(t, log, Options{})
	shorten(t, log, 6)
	for _, workers := range []int{1, 4} {
		got, src := readAll(t, log, Options{Recover: true, Workers: workers})
		want := slices.Clone(whole)
		for i := 6; i < len(want); i++ {
			want[i].Recovered = true
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if src.Records != 6 || src.Recovered != 4 || src.Relevant != 10 || src.Lost() || len(src.Damage) > 0 {
			t.Errorf("%+v", src)
		}
		if s := src.Streams[0]; s.Records != 6 || s.LastID != 6 {
			t.Errorf("the stream counts remains: %+v", s)
		}
	}
	in := new(event.Interest)
	in.Want("nobody")
	if got, src := readAll(t, log, Options{Recover: true, Interest: in}); len(got) > 0 || src.Recovered != 4 || src.Relevant != 0 {
		t.Errorf("of no interest: %d events, %+v", len(got), src)
	}
	if got, src := readAll(t, log, Options{}); len(got) != 6 || src.Recovered != 0 {
		t.Errorf("not asked for: %d events, %+v", len(got), src)
	}
}

// TestRemainsOnce: what the log still has, and what is left over twice, comes once.
func TestRemainsOnce(t *testing.T) {
	log := evtxtest.Write(manyXML(1, 20), evtxtest.PerChunk(10))
	shorten(t, log, 4) // 5 to 10 are left over
	copied := slices.Concat(log, log[fileHeaderSize:][:chunkSize])
	second := copied[fileHeaderSize+2*chunkSize:]
	copy(second, "\x00\x00\x00\x00\x00\x00\x00\x00") // data without a chunk header, with 1 to 10
	got, src := readAll(t, copied, Options{Recover: true})
	var remains []uint64
	for _, e := range got {
		if e.Recovered {
			remains = append(remains, e.Record)
		}
	}
	if diff := cmp.Diff(numbers(5, 10), remains); diff != "" || len(got) != 20 || src.Recovered != 6 {
		t.Errorf("%d events, %+v\n%s", len(got), src, diff)
	}
}

// TestRuins: what was overwritten in part is told, and is no loss.
func TestRuins(t *testing.T) {
	log := evtxtest.Write(manyXML(1, 10), evtxtest.PerChunk(10))
	all, _ := readAll(t, log, Options{})
	shorten(t, log, 6)
	clear(log[all[7].Offset+30:][:40])
	got, src := readAll(t, log, Options{Recover: true})
	if len(got) != 9 || src.Lost() || len(src.Damage) != 1 || src.Damage[0].Lost {
		t.Errorf("%d events, %+v", len(got), src)
	}
}

// TestRealRemains: the remains of real logs; each once, none of them the log's
// own, and all others as without asking.
func TestRealRemains(t *testing.T) {
	for name, want := range map[string]int{
		"2-vss_0-Microsoft-Windows-TerminalServices-RemoteConnectionManager%4Operational.evtx": 245, // with 21 in the used space these are libevtx's 266
		"2-vss_0-Microsoft-Windows-RemoteDesktopServices-RdpCoreTS%4Operational.evtx":          0,
		"sample_with_a_bad_chunk_magic.evtx":                                                   50,
		"sample-with-zero-data-size-event.evtx":                                                0,
	} {
		log := realLog(t, "omerbenamram-evtx/"+name)
		plain, before := readAll(t, log, Options{})
		got, src := readAll(t, log, Options{Recover: true})
		n := len(got) - len(plain)
		if n != want || int(src.Recovered-before.Recovered) != want {
			t.Errorf("%s: %d remains, want %d", name, n, want)
		}
		if diff := cmp.Diff(plain, got[:len(plain)]); diff != "" {
			t.Errorf("%s: %s", name, brief(diff))
		}
		if diff := cmp.Diff(before.Streams, src.Streams); diff != "" {
			t.Errorf("%s: streams %s", name, diff)
		}
		seen := map[string]bool{}
		for _, e := range got {
			key := identity(&e)
			if e.Recovered && seen[key] {
				t.Errorf("%s: record %d is there twice", name, e.Record)
			}
			seen[key] = true
		}
	}
}

// FuzzRemains: any chunk is searched to its end, events stand in it, and what is
// read without asking is the same.
func FuzzRemains(f *testing.F) {
	log := evtxtest.Write(manyXML(1, 5))
	f.Add(log[fileHeaderSize:][:chunkSize], uint16(600))
	f.Add(bytes.Repeat([]byte("\x2a\x2a\x00\x00\x18\x00\x00\x00"), 900), uint16(512))
	f.Fuzz(func(t *testing.T, chunk []byte, free uint16) {
		if len(chunk) < chunkHeaderSize {
			return
		}
		chunk = slices.Clone(chunk[:min(len(chunk), chunkSize)])
		le.PutUint32(chunk[48:], uint32(free))
		all := slices.Concat(log[:fileHeaderSize], chunk)
		plain, _ := readAll(t, all, Options{})
		got, src := readAll(t, all, Options{Recover: true})
		if len(got) < len(plain) || !slices.EqualFunc(plain, got[:len(plain)], func(a, b event.Event) bool { return cmp.Equal(a, b) }) {
			t.Fatalf("%d events, and %d with remains", len(plain), len(got))
		}
		for _, e := range got[len(plain):] {
			if !e.Recovered || e.Offset < fileHeaderSize || e.Offset >= int64(len(all)) {
				t.Fatalf("%+v", e)
			}
		}
		if int(src.Recovered) > len(all)/minRecordSize {
			t.Fatalf("%d recovered of %d bytes", src.Recovered, len(all))
		}
	})
}
