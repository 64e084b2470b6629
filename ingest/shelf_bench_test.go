package ingest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/vsswhy/vsswhy/index/logs"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// A folderShelf keeps contents as a case does. It knows what a memoryShelf does.
type folderShelf struct {
	*memoryShelf
	folder *logs.Folder
}

func newFolderShelf(tb testing.TB) folderShelf {
	folder, err := logs.Open(tb.TempDir())
	check(tb, err)
	tb.Cleanup(func() { folder.Close() })
	return folderShelf{newMemoryShelf(), folder}
}

func (s folderShelf) Keep() (Keeper, error)          { return s.folder.Create() }
func (s folderShelf) Open(name string) (Kept, error) { return s.folder.Open(name) }

func scanWith(tb testing.TB, opt Options, paths ...string) (sources []event.Source) {
	for b := range Scan(tb.Context(), paths, opt) {
		if b.Last {
			sources = append(sources, *b.Source)
		}
	}
	return sources
}

// benchmarkShelf measures a scan without a shelf, one that keeps, one that
// keeps what is there already, one that recalls, and a replay.
func benchmarkShelf(b *testing.B, path string, size int64) {
	b.Run("without", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			scanWith(b, Options{Interest: interest}, path)
		}
	})
	b.Run("keep", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			b.StopTimer()
			opt := Options{Interest: interest, Shelf: newFolderShelf(b)}
			b.StartTimer()
			scanWith(b, opt, path)
		}
	})
	shelf := newFolderShelf(b)
	opt := Options{Interest: interest, Shelf: shelf}
	sources := scanWith(b, opt, path)
	b.Run("keep-again", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			scanWith(b, opt, path)
		}
	})
	shelf.files = record(sources)
	b.Run("recall", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			scanWith(b, opt, path)
		}
	})
	b.Run("replay", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			for range Replay(b.Context(), shelf.files, opt) {
			}
		}
	})
}

func BenchmarkShelfZip(b *testing.B) {
	path, size := realZip(b)
	benchmarkShelf(b, path, size)
}

func BenchmarkShelfLargeLog(b *testing.B) {
	path, size := largeLogFile(b)
	benchmarkShelf(b, path, size)
}

// A scan that keeps, and one that replays, take few descriptors too.
func TestShelfDescriptors(t *testing.T) {
	if os.Getenv("VSSWHY_DESCRIPTORS") == "" {
		if _, err := exec.LookPath("sh"); err != nil {
			t.Skip("needs a shell")
		}
		cmd := exec.Command("sh", "-c", `ulimit -n 64 && exec "$0" -test.run '^TestShelfDescriptors$'`, os.Args[0])
		cmd.Env = append(os.Environ(), "VSSWHY_DESCRIPTORS=1", "GOMAXPROCS=8")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return
	}
	var files tree
	for i := range 40 {
		var members tree
		for j := range 25 {
			members = append(members, struct{ name, data string }{fmt.Sprint(j), fmt.Sprintf("LINES\n%d %d\n", i, j)})
		}
		files = append(files, struct{ name, data string }{fmt.Sprint("a", i), tree{{"i.zip", members.zip(t)}}.zip(t)})
	}
	shelf := newFolderShelf(t)
	dir := files.folder(t)
	first, _ := scanAgain(t, Options{Shelf: shelf}, Input{Path: dir})
	shelf.files = record(first.Sources)
	replayed, _ := scanAgain(t, Options{Shelf: shelf}, Input{Recorded: shelf.files})
	for _, src := range append(first.Sources, replayed.Sources...) {
		if src.Lost() || (src.Format == "lines") != (src.Kept != "") {
			t.Fatalf("%+v", src)
		}
	}
	if names, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(names) != 40 || len(replayed.Messages) != 1000 {
		t.Errorf("%d events, %v", len(replayed.Messages), err)
	}
}
