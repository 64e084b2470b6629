package eventxml

import "testing"

func TestSniffAmid(t *testing.T) {
	for _, c := range []struct {
		name, head string
		want       bool
	}{
		{"copied text", "Log Name: System\nDescription: x\n" + vssEvent, true},
		{"an event alone", vssEvent, false},
		{"no label", "text\n" + vssEvent, false},
		{"a capture of the network", "\x0a\x0d\x0d\x0a\xcc\x00\x00\x00M<+\x1a host: x\n" + vssEvent, false},
	} {
		if got := SniffAmid([]byte(c.head)); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
