package tui

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden pages anew")

// sizes are those of the pages that are compared: a terminal as it opens, half
// of a screen, a whole one.
var sizes = [][2]int{{80, 24}, {120, 40}, {160, 45}}

// screens are the pages that are compared, and the keys that lead there from the
// first one.
var screens = []struct {
	name string
	keys string
}{
	{"verdicts", ""},
	{"failure", "up"},
	{"finding", "enter v v"},
	{"remedy", "r"},
	{"missing", "G"},
	{"jobs", "2"},
	{"jobs-zoomed", "2 + +"},
	{"events", "3"},
	{"events-filtered", "3 / level<=2 enter"},
	{"events-typing", "3 / level<= "},
	{"events-search", "3 s vss enter n"},
	{"event", "3 e enter"},
	{"event-xml", "3 e X"},
	{"event-neighbours", "3 e p"},
	{"filter-menu", "3 e f"},
	{"coverage", "4"},
	{"notes-empty", "5"},
	{"notes", "c because enter i seen enter 3 e b 5"},
	{"rules", "6"},
	{"help", "?"},
	{"help-narrowed", "? / evid"},
	{"palette", ": jobs"},
	{"copy", "y"},
	{"write", "w"},
}

func TestGolden(t *testing.T) {
	for _, size := range sizes {
		for _, s := range screens {
			t.Run(fmt.Sprintf("%s-%dx%d", s.name, size[0], size[1]), func(t *testing.T) {
				d := newDriver(t, makeCase(t, bundles...), size[0], size[1])
				d.keys(strings.Fields(s.keys)...)
				compare(t, d.page())
			})
		}
	}
}

// TestSmall is about pages that are as small as can be, and smaller.
func TestSmall(t *testing.T) {
	for _, s := range []struct {
		name          string
		width, height int
		keys          string
	}{
		{"verdicts", 60, 15, ""}, {"finding", 60, 15, "enter"}, {"events", 60, 15, "3"}, {"jobs", 60, 15, "2"}, {"coverage", 60, 15, "4"}, {"help", 60, 15, "?"},
		{"verdicts", 59, 14, ""}, {"verdicts", 60, 14, ""}, {"verdicts", 8, 3, ""},
	} {
		t.Run(fmt.Sprintf("%s-%dx%d", s.name, s.width, s.height), func(t *testing.T) {
			d := newDriver(t, makeCase(t, bundles...), s.width, s.height)
			d.keys(strings.Fields(s.keys)...)
			compare(t, d.page())
		})
	}
}

// compare compares a page with the golden one of the test's name.
func compare(t *testing.T, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", filepath.Base(t.Name())+".txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("-want +got (go test ./tui -update, if it is meant):\n%s", diff)
	}
}
