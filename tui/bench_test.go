package tui

import (
	"testing"

	tea "charm.land/bubbletea/v2"
)

// BenchmarkPage renders each screen at 160x45.
func BenchmarkPage(b *testing.B) {
	d := newDriver(b, makeCase(b, bundles...), 160, 45)
	for _, act := range screenOrder {
		d.a.show(act)
		d.page()
		b.Run(string(act), func(b *testing.B) {
			for b.Loop() {
				d.a.lines()
			}
		})
	}
}

// BenchmarkKey moves through a million events, a key and its page at a time,
// with the rows that it reads, and without the clock of frames.
func BenchmarkKey(b *testing.B) {
	d := newDriver(b, openMillion(b), 160, 45)
	d.keys("3")
	for _, key := range []string{"down", "pgdown"} {
		d.keys("g")
		b.Run(key, func(b *testing.B) {
			for b.Loop() {
				d.run(d.a.handle(tea.KeyPressMsg(namedKeys[key])))
				d.a.render()
			}
		})
	}
}

// BenchmarkFilter finds rows among a million events: the newest, and all.
func BenchmarkFilter(b *testing.B) {
	c := openMillion(b)
	for _, query := range []string{"level<=2", "attempt", "/number 12.*5/"} {
		rest := func() tea.Msg { return findRows(b.Context(), c, 0, query) }
		b.Run("newest/"+query, func(b *testing.B) {
			for b.Loop() {
				findNewest(b.Context(), c, 0, query, rest)
			}
		})
		b.Run("all/"+query, func(b *testing.B) {
			for b.Loop() {
				rest()
			}
		})
	}
}
