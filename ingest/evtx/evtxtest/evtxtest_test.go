package evtxtest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

const twoEvents = `<Events><Event><System><Provider Name='VSS'/><EventID>1</EventID><Channel>Application</Channel></System>
<EventData><Data Name='a'>1</Data><Data>x</Data></EventData></Event>
<Event><System><Provider Name='VSS'/><EventID>2</EventID><Channel>Application</Channel></System>
<EventData><Data Name='a'>2</Data><Data>y</Data></EventData></Event></Events>`

func TestDeterministic(t *testing.T) {
	a, b := Write([]byte(twoEvents), Dirty()), Write([]byte(twoEvents), Dirty())
	if !bytes.Equal(a, b) {
		t.Error("the same XML gave other bytes")
	}
}

// TestTables follows the lists in the chunk header: each name is in the list of
// its hash, once, and each template in that of its GUID.
func TestTables(t *testing.T) {
	c := Write([]byte(twoEvents))[FileHeaderSize:]
	names := map[string]int{}
	for i := range 64 {
		for off := le.Uint32(c[128+4*i:]); off != 0; off = le.Uint32(c[off:]) {
			hash, n := le.Uint16(c[off+4:]), le.Uint16(c[off+6:])
			units := make([]uint16, n)
			for j := range units {
				units[j] = le.Uint16(c[int(off)+8+2*j:])
			}
			names[string(utf16.Decode(units))]++
			if int(hash%64) != i {
				t.Errorf("name of hash %#x is in list %d", hash, i)
			}
		}
	}
	for _, want := range []string{"Event", "System", "Provider", "Name", "EventData", "Data", "xmlns"} {
		if names[want] != 1 {
			t.Errorf("name %q is listed %d times", want, names[want])
		}
	}
	templates := 0
	for i := range 32 {
		for off := le.Uint32(c[384+4*i:]); off != 0; off = le.Uint32(c[off:]) {
			templates++
			if id := le.Uint32(c[off+4:]); int(id%32) != i {
				t.Errorf("template %08x is in list %d", id, i)
			}
		}
	}
	if templates != 2 { // of the event, and of its EventData
		t.Errorf("%d templates, want 2", templates)
	}
}

// TestTyped holds which text becomes a value of which type.
func TestTyped(t *testing.T) {
	got := map[string]byte{}
	want := map[string]byte{
		"": typeString, "x": typeString, "007": typeString, "+1": typeString, "-0": typeString, "0x0F": typeString, "0x": typeString,
		"0": typeUint8, "255": typeUint8, "256": typeUint16, "65536": typeUint32, "4294967296": typeUint64,
		"-1": typeInt32, "-2147483649": typeInt64, "18446744073709551616": typeString,
		"0x0": typeHexInt32, "0x800423f4": typeHexInt32, "0x8000000000000000": typeHexInt64,
		"true": typeBool, "True": typeString,
		"2010-03-01T22:00:14.1234567Z": typeFileTime, "2010-03-01T22:00:14Z": typeString,
		"{6066f867-7ca1-4418-85fd-36e3f9c0600c}": typeGUID, "{6066F867-7CA1-4418-85FD-36E3F9C0600C}": typeString,
		"S-1-5-18": typeSID, "S-1-5-021": typeString,
	}
	for s := range want {
		got[s] = typed(s).Type
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestChunks fills chunks: records are numbered on, and none is lost.
func TestChunks(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "<Event><System><Provider Name='P'/><EventID>%d</EventID></System><EventData><Data>%s</Data></EventData></Event>",
			i, strings.Repeat("x", i%500))
	}
	log := Write([]byte(b.String()))
	next := uint64(1)
	for off := FileHeaderSize; off < len(log); off += ChunkSize {
		c := log[off:][:ChunkSize]
		if first := le.Uint64(c[8:]); first != next {
			t.Errorf("chunk at %d begins with record %d, want %d", off, first, next)
		}
		next = le.Uint64(c[16:]) + 1
		if free := le.Uint32(c[48:]); free >= ChunkSize {
			t.Errorf("chunk at %d is full to the last byte", off)
		}
	}
	if next != 1001 {
		t.Errorf("%d records, want 1000", next-1)
	}
}
