package eventxml

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/xml"
	"os"
	"strings"
	"testing"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// benchText returns some 20 MB of events: real ones if they are there.
func benchText(b *testing.B) []byte {
	one := []byte(strings.Repeat(vssEvent+vmmsEvent, 1000))
	if text, err := os.ReadFile("../../../shared/data/ts-evtx/Security.xml"); err == nil {
		one = text
	}
	return bytes.Repeat(one, 20<<20/len(one))
}

func benchRead(b *testing.B, text []byte, opt Options) {
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	var records uint64
	for range b.N {
		src := &event.Source{}
		for range Read(context.Background(), bytes.NewReader(text), src, opt) {
		}
		records += src.Records
	}
	b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkRead(b *testing.B) {
	text := benchText(b)
	wide := toUTF16(string(text), binary.LittleEndian)
	nothing := Options{Interest: &event.Interest{}}
	b.Run("all", func(b *testing.B) { benchRead(b, text, Options{}) })
	b.Run("none", func(b *testing.B) { benchRead(b, text, nothing) })
	b.Run("UTF-16/all", func(b *testing.B) { benchRead(b, wide, Options{}) })
	b.Run("UTF-16/none", func(b *testing.B) { benchRead(b, wide, nothing) })
}

// BenchmarkEncodingXML is what Read is measured against: the events decoded into
// a struct, and the bare tokens.
func BenchmarkEncodingXML(b *testing.B) {
	text := benchText(b)
	text = text[:len(text)/10]
	b.Run("decode", func(b *testing.B) {
		benchDecoder(b, text, func(d *xml.Decoder, start *xml.StartElement) {
			var ev struct {
				System struct {
					Provider struct {
						Name string `xml:",attr"`
					}
					EventID, Level, EventRecordID uint64
					Keywords, Channel, Computer   string
				}
				EventData struct {
					Data []struct {
						Name string `xml:",attr"`
						Text string `xml:",chardata"`
					}
				}
			}
			_ = d.DecodeElement(&ev, start)
		})
	})
	b.Run("tokens", func(b *testing.B) {
		benchDecoder(b, text, func(*xml.Decoder, *xml.StartElement) {})
	})
}

func benchDecoder(b *testing.B, text []byte, decode func(*xml.Decoder, *xml.StartElement)) {
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for range b.N {
		d := xml.NewDecoder(bytes.NewReader(text))
		for {
			tok, err := d.Token()
			if err != nil {
				break
			}
			if start, ok := tok.(xml.StartElement); ok && start.Name.Local == "Event" {
				decode(d, &start)
			}
		}
	}
}
