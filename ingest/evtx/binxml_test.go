package evtx

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/event"
	"github.com/vsswhy/vsswhy/ingest/evtx/evtxtest"
)

// An assembler writes binary XML that no XML can express, token by token.
type assembler struct {
	at int // offset in the chunk
	b  []byte
}

func (a *assembler) bytes(b ...byte) *assembler {
	a.b = append(a.b, b...)
	return a
}

func (a *assembler) u16(v int) *assembler    { return a.bytes(le.AppendUint16(nil, uint16(v))...) }
func (a *assembler) u32(v uint32) *assembler { return a.bytes(le.AppendUint32(nil, v)...) }

// name writes a name in line.
func (a *assembler) name(s string) *assembler {
	a.u32(uint32(a.at + len(a.b) + 4)).u32(0).u16(0).u16(len(s))
	return a.bytes(utf16Text(s + "\x00")...)
}

func (a *assembler) text(s string) *assembler {
	return a.u16(len(s)).bytes(utf16Text(s)...)
}

// open writes a start tag without attributes, whose size is left zero: the
// reader needs none.
func (a *assembler) open(name string) *assembler {
	return a.bytes(tokenOpen).u32(0).name(name).bytes(tokenCloseStart)
}

func (a *assembler) value(s string) *assembler {
	return a.bytes(tokenValue, typeString).text(s)
}

func (a *assembler) end() *assembler { return a.bytes(tokenEnd) }

// event writes an event around some content of EventData.
func (a *assembler) event(content func()) {
	a.bytes(tokenFragmentHeader, 1, 1, 0).open("Event").open("System").open("EventID").value("7").end().end()
	a.open("EventData")
	content()
	a.end().end().bytes(tokenEOF)
}

// readBinary reads a log of one record that f writes.
func readBinary(t testing.TB, f func(a *assembler)) ([]event.Event, *event.Source) {
	t.Helper()
	return readAll(t, evtxtest.WriteBinary(func(at int) []byte {
		a := &assembler{at: at}
		f(a)
		return a.b
	}), Options{})
}

// TestTokens reads tokens that Windows' own logs hardly ever have.
func TestTokens(t *testing.T) {
	tests := []struct {
		name    string
		content func(a *assembler)
		want    []event.Field
	}{
		{"CDATA", func(a *assembler) { a.open("X").bytes(tokenCData).text("a<b>&c").end() }, []event.Field{{Name: "X", Value: "a<b>&c"}}},
		{"CDATA and text", func(a *assembler) {
			a.open("X").bytes(tokenCData | tokenMore).text("<").value("b").bytes(tokenCData).text(">").end()
		}, []event.Field{{Name: "X", Value: "<b>"}}},
		{"character reference", func(a *assembler) {
			a.open("X").bytes(tokenValue|tokenMore, typeString).text("a").bytes(tokenCharRef | tokenMore).u16(38).bytes(tokenCharRef).u16(0xe9).end()
		}, []event.Field{{Name: "X", Value: "a&é"}}},
		{"entities", func(a *assembler) {
			a.open("X")
			for _, n := range []string{"lt", "gt", "amp", "quot", "apos", "nbsp"} {
				a.bytes(tokenEntityRef | tokenMore).name(n)
			}
			a.value("!").end()
		}, []event.Field{{Name: "X", Value: `<>&"'&nbsp;!`}}},
		{"processing instruction", func(a *assembler) {
			a.open("X").value("a").bytes(tokenPITarget).name("php").bytes(tokenPIData).text("evil()").value("b").end()
		}, []event.Field{{Name: "X", Value: "ab"}}},
		{"mixed content", func(a *assembler) {
			a.open("X").value("a").open("Y").value("b").end().value("c").end()
		}, []event.Field{{Name: "X", Value: "a"}, {Name: "X/Y", Value: "b"}, {Name: "X", Value: "c"}}},
		{"name with prefix", func(a *assembler) { a.open("ns:X").value("a").end() }, []event.Field{{Name: "X", Value: "a"}}},
		{"empty elements", func(a *assembler) {
			a.bytes(tokenOpen).u32(0).name("X").bytes(tokenCloseEmpty).open("Data").end()
		}, []event.Field{{Name: "X"}, {Name: ""}}},
		{"attributes", func(a *assembler) {
			list := &assembler{at: a.at + len(a.b) + 1 + 4 + 4 + 8 + 4 + 4} // token, size, name "X", size of the list
			list.bytes(tokenAttribute | tokenMore).name("a").value("1").bytes(tokenAttribute | tokenMore).name("b")
			list.bytes(tokenAttribute).name("xmlns").value("urn:x")
			a.bytes(tokenOpen | tokenMore).u32(0).name("X").u32(uint32(len(list.b))).bytes(list.b...)
			a.bytes(tokenCloseStart).value("t").end()
		}, []event.Field{{Name: "X@a", Value: "1"}, {Name: "X", Value: "t"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			events, src := readBinary(t, func(a *assembler) { a.event(func() { tt.content(a) }) })
			if len(events) != 1 {
				t.Fatalf("%d events; %v", len(events), src.Damage)
			}
			if diff := cmp.Diff(tt.want, events[0].Fields); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestMalformed reads binary XML that can't be: the record is reported, with the
// reason, and nothing is made up.
func TestMalformed(t *testing.T) {
	direct := func(content func(a *assembler)) func(a *assembler) {
		return func(a *assembler) { a.event(func() { content(a) }) }
	}
	tests := []struct {
		name string
		xml  func(a *assembler)
		why  string
	}{
		{"nothing", func(*assembler) {}, "token 0x00 where an element should begin"},
		{"end of file", func(a *assembler) { a.bytes(tokenFragmentHeader, 1, 1, 0, tokenEOF) }, "token 0x00 where an element should begin"},
		{"no event", func(a *assembler) { a.open("Other").end() }, "no System element"},
		{"no event id", func(a *assembler) { a.open("Event").open("System").end().end() }, "no EventID"},
		{"unknown token", direct(func(a *assembler) { a.bytes(0x33) }), "token 0x33 in the content of an element"},
		{"literal of another type", direct(func(a *assembler) { a.open("X").bytes(tokenValue, typeNull) }), "literal value of type 0x00"},
		{"substitution without a template", direct(func(a *assembler) { a.open("X").bytes(tokenSubstitution).u16(0).bytes(1) }), "substitution outside of a template definition"},
		{"text too long", direct(func(a *assembler) { a.open("X").bytes(tokenValue, typeString).u16(0xffff) }), "binary XML ends too early"},
		{"name outside", direct(func(a *assembler) { a.bytes(tokenOpen).u32(0).u32(0xfffffff0) }), "name offset 0xfffffff0 is outside of the chunk"},
		{"no end", func(a *assembler) { a.event(func() {}); a.b = a.b[:len(a.b)-3] }, "token 0x00 in the content of an element"},
		{"attribute list too long", direct(func(a *assembler) {
			a.bytes(tokenOpen | tokenMore).u32(0).name("X").u32(0xffffffff)
		}), "attribute list of 4294967295 bytes runs past its container"},
		{"too deep", direct(func(a *assembler) {
			for range 70 {
				a.open("X")
			}
		}), "binary XML is nested deeper than 64 levels"},
		{"paths too long", direct(func(a *assembler) {
			for range 60 {
				a.open(strings.Repeat("x", 300))
			}
		}), "path of an element is longer than 16384 bytes"},
		{"template outside", func(a *assembler) {
			a.bytes(tokenFragmentHeader, 1, 1, 0, tokenTemplateInstance, 1).u32(0x1234).u32(0x10000).u32(0)
		}, "template 00001234: its definition at 0x10000 is outside of the chunk"},
		{"template missing", func(a *assembler) {
			a.bytes(tokenFragmentHeader, 1, 1, 0, tokenTemplateInstance, 1).u32(0x1234).u32(0x8000).u32(0)
		}, "template 00001234: no definition of it at 0x8000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			events, src := readBinary(t, tt.xml)
			want := []event.Damage{{
				Kind: event.DamageRecord, Offset: fileHeaderSize + chunkHeaderSize, Lost: true,
				Detail: "record 1 can't be decoded: " + tt.why,
			}}
			if diff := cmp.Diff(want, src.Damage); diff != "" {
				t.Errorf("damage, -want +got:\n%s", diff)
			}
			if len(events) != 0 || src.Records != 1 || src.Undecodable != 1 || len(src.Streams) != 0 {
				t.Errorf("%d events, %d records, %d undecodable, %d streams", len(events), src.Records, src.Undecodable, len(src.Streams))
			}
		})
	}
}

// template writes a template instance whose definition stands in line.
func (a *assembler) template(id byte, definition func(), values ...evtxtest.Value) *assembler {
	a.bytes(tokenTemplateInstance, 1, id, 0, 0, 0).u32(uint32(a.at + len(a.b) + 4))
	a.u32(0).bytes(id).bytes(make([]byte, 15)...)
	size := len(a.b)
	a.u32(0)
	definition()
	a.bytes(tokenEOF)
	le.PutUint32(a.b[size:], uint32(len(a.b)-size-4))
	return a.values(values...)
}

func (a *assembler) values(values ...evtxtest.Value) *assembler {
	a.u32(uint32(len(values)))
	for _, v := range values {
		a.u16(len(v.Data)).bytes(v.Type, 0)
	}
	for _, v := range values {
		a.bytes(v.Data...)
	}
	return a
}

// openDefined is open within a template definition.
func (a *assembler) openDefined(depends int, name string) *assembler {
	return a.bytes(tokenOpen).u16(depends).u32(0).name(name).bytes(tokenCloseStart)
}

func (a *assembler) sub(i int) *assembler { return a.bytes(tokenSubstitution).u16(i).bytes(typeString) }

// eventTemplate writes a template of an event around some content of EventData.
func (a *assembler) eventTemplate(content func(), values ...evtxtest.Value) *assembler {
	return a.bytes(tokenFragmentHeader, 1, 1, 0).template(1, func() {
		a.openDefined(noDependency, "Event").openDefined(noDependency, "System")
		a.openDefined(noDependency, "EventID").value("7").end().end()
		a.openDefined(noDependency, "EventData")
		content()
		a.end().end()
	}, values...)
}

func TestTemplates(t *testing.T) {
	null := evtxtest.Value{}
	text := evtxtest.Text
	tests := []struct {
		name    string
		content func(a *assembler)
		values  []evtxtest.Value
		want    []event.Field
	}{
		{"dependency on a NULL drops the element", func(a *assembler) {
			a.openDefined(0, "X").value("a").openDefined(noDependency, "Y").end().end().openDefined(1, "Z").sub(1).end()
		}, []evtxtest.Value{null, text("z")}, []event.Field{{Name: "Z", Value: "z"}}},
		{"dependency on a NULL that has a size", func(a *assembler) {
			a.openDefined(0, "X").sub(0).end().openDefined(1, "Z").sub(1).end()
		}, []evtxtest.Value{{Type: typeNull, Data: []byte{1, 2}}, text("z")}, []event.Field{{Name: "Z", Value: "z"}}},
		{"NULL in a normal substitution", func(a *assembler) { a.openDefined(noDependency, "X").sub(0).end() },
			[]evtxtest.Value{null}, []event.Field{{Name: "X"}}},
		{"NULL in an optional substitution", func(a *assembler) {
			a.openDefined(noDependency, "X").bytes(tokenOptional).u16(0).bytes(typeString).end()
		}, []evtxtest.Value{null}, nil},
		{"text around a substitution", func(a *assembler) {
			a.openDefined(noDependency, "X").value("<").sub(0).value("|").sub(1).value(">").end()
		}, []evtxtest.Value{text("a"), {Type: typeArray | typeUint8, Data: []byte{1, 2}}}, []event.Field{{Name: "X", Value: "<a|1, 2>"}}},
		{"name of a field by substitution", func(a *assembler) {
			list := &assembler{at: a.at + len(a.b) + 1 + 2 + 4 + 4 + 8 + 2*4 + 2 + 4}
			list.bytes(tokenAttribute).name("Name").sub(0)
			a.bytes(tokenOpen | tokenMore).u16(noDependency).u32(0).name("Data").u32(uint32(len(list.b))).bytes(list.b...)
			a.bytes(tokenCloseStart).sub(1).end()
		}, []evtxtest.Value{text("who"), text("me")}, []event.Field{{Name: "who", Value: "me"}}},
		{"more values than needed", func(a *assembler) { a.openDefined(noDependency, "X").sub(0).end() },
			[]evtxtest.Value{text("a"), text("b")}, []event.Field{{Name: "X", Value: "a"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			events, src := readBinary(t, func(a *assembler) { a.eventTemplate(func() { tt.content(a) }, tt.values...) })
			if len(events) != 1 {
				t.Fatalf("%d events; %v", len(events), src.Damage)
			}
			if diff := cmp.Diff(tt.want, events[0].Fields); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestNested reads values that are XML themselves.
func TestNested(t *testing.T) {
	bare := func(a *assembler) { a.open("B").value("b").end() }
	tests := []struct {
		name  string
		value func(a *assembler)
		want  []event.Field
	}{
		{"nothing", func(*assembler) {}, []event.Field{{Name: "X"}}},
		{"element", bare, []event.Field{{Name: "X/B", Value: "b"}}},
		{"fragment", func(a *assembler) { a.bytes(tokenFragmentHeader, 1, 1, 0); bare(a); a.bytes(tokenEOF, 0, 0) },
			[]event.Field{{Name: "X/B", Value: "b"}}},
		{"two fragments", func(a *assembler) { bare(a); a.bytes(tokenEOF, tokenFragmentHeader, 1, 1, 0); bare(a) },
			[]event.Field{{Name: "X/B", Value: "b"}, {Name: "X/B", Value: "b"}}},
		{"template in template", func(a *assembler) {
			a.template(2, func() { a.openDefined(0, "T").sub(0).end() }, evtxtest.Text("t"))
			a.bytes(tokenEOF)
			a.bytes(tokenTemplateInstance, 1, 2, 0, 0, 0).u32(uint32(a.at + 10)).values(evtxtest.Text("again"))
		}, []event.Field{{Name: "X/T", Value: "t"}, {Name: "X/T", Value: "again"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			events, src := readBinary(t, func(a *assembler) {
				a.eventTemplate(func() { a.openDefined(noDependency, "X").sub(0).end() })
				a.b = a.b[:len(a.b)-4] // values come below
				a.u32(1)
				spec := len(a.b)
				a.u16(0).bytes(typeBinXML, 0)
				v := &assembler{at: a.at + len(a.b)}
				tt.value(v)
				le.PutUint16(a.b[spec:], uint16(len(v.b)))
				a.bytes(v.b...).bytes(tokenEOF)
			})
			if len(events) != 1 {
				t.Fatalf("%d events; %v", len(events), src.Damage)
			}
			if diff := cmp.Diff(tt.want, events[0].Fields); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestExpansion reads a template that uses its value twice, within a value that
// does so too, 60 levels deep: it would take 2^60 steps.
func TestExpansion(t *testing.T) {
	_, src := readBinary(t, func(a *assembler) {
		a.eventTemplate(func() { a.openDefined(noDependency, "X").sub(0).end() })
		a.b = a.b[:len(a.b)-4]
		var definition int
		var levels func(n int) []byte
		levels = func(n int) []byte {
			if n == 0 {
				return nil
			}
			inner := levels(n - 1)
			v := &assembler{}
			v.bytes(tokenTemplateInstance, 1, 2, 0, 0, 0).u32(uint32(definition)).values(evtxtest.Value{Type: typeBinXML, Data: inner})
			return v.b
		}
		// The definition stands in line in the outermost value.
		a.u32(1)
		spec := len(a.b)
		a.u16(0).bytes(typeBinXML, 0)
		start := len(a.b)
		definition = a.at + len(a.b) + 10
		inner := levels(60)
		a.template(2, func() { a.openDefined(noDependency, "T").sub(0).openDefined(noDependency, "U").end().sub(0).end() },
			evtxtest.Value{Type: typeBinXML, Data: inner})
		le.PutUint16(a.b[spec:], uint16(len(a.b)-start))
	})
	if src.Undecodable != 1 || len(src.Damage) != 1 || !strings.Contains(src.Damage[0].Detail, errBudget.Error()) {
		t.Errorf("undecodable %d, damage %v", src.Undecodable, src.Damage)
	}
}

// TestNamesWithoutTable spoils the tables of the chunk header, which the reader
// does not need.
func TestNamesWithoutTable(t *testing.T) {
	log := evtxtest.Write([]byte(sampleXML))
	want, _ := readAll(t, log, Options{})
	chunk := log[fileHeaderSize:]
	copy(chunk[128:chunkHeaderSize], bytes.Repeat([]byte{0xfe, 0xff, 0, 0}, 96))
	evtxtest.Fix(log)
	got, src := readAll(t, log, Options{})
	if diff := cmp.Diff(want, got); diff != "" || len(src.Damage) > 0 {
		t.Errorf("damage %v, -want +got:\n%s", src.Damage, diff)
	}
}
