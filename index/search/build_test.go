package search

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/index/query"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// dump returns all that an index holds: the terms of each document by its id.
func dump(t *testing.T, x *Index) map[string][]string {
	t.Helper()
	v, err := x.opened(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, s := range v.segments {
		for _, field := range s.seg.Fields() {
			err := s.eachTerm(termRange{field: field}, nil, func(term string, docs *roaring.Bitmap) {
				for _, doc := range docs.ToArray() {
					id, err := s.id(doc)
					if err != nil {
						t.Fatal(err)
					}
					all[id] = append(all[id], field+"="+term)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, terms := range all {
		slices.Sort(terms)
	}
	return all
}

// same compares what two indexes hold, whatever their files.
func same(t *testing.T, want, got *Index) {
	t.Helper()
	if a, b := dump(t, want), dump(t, got); !maps.EqualFunc(a, b, slices.Equal[[]string]) {
		t.Errorf("the indexes differ (-want +got):\n%.2000s", gocmp.Diff(a, b))
	}
}

func chain(lists ...iter.Seq2[Document, error]) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for _, list := range lists {
			for d, err := range list {
				if !yield(d, err) {
					return
				}
			}
		}
	}
}

// labelled gives some events labels, which depend on round.
func labelled(events []*event.Event, round int) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for i, e := range events {
			r := row(e)
			if i%10 == round {
				r.labels = map[query.Field][]string{query.Job: {fmt.Sprint("J", round)}}
			}
			if !yield(Document{keyOf(e), r}, nil) {
				return
			}
		}
	}
}

func findings(n, round int) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for i := range n {
			e := &event.Event{Message: fmt.Sprint("finding in round ", round)}
			if !yield(Document{Key{Finding: fmt.Sprint("F", i)}, row(e)}, nil) {
				return
			}
		}
	}
}

// TestBuildIsIdempotent: documents in another order, some twice, in an index
// that has them already, make no difference.
func TestBuildIsIdempotent(t *testing.T) {
	events := generated(7, 3000)
	want, _ := built(t, Options{}, documents(events))
	shuffled := slices.Clone(events)
	rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	dir := filepath.Join(t.TempDir(), "index")
	for range 2 {
		m, err := Build(t.Context(), dir, Options{}, chain(documents(shuffled), documents(events[:700])))
		if err != nil {
			t.Fatal(err)
		}
		got := opened(t, dir, m)
		same(t, want, got)
		got.Close()
	}
}

// TestBuildFrom: an index that is made from an older one equals one that is made
// from nothing, and the older one stays as it is.
func TestBuildFrom(t *testing.T) {
	events := generated(8, 5000)
	old, oldManifest := built(t, Options{Content: "v1"}, chain(findings(5, 1), labelled(events[:4000], 1)))
	next := func() iter.Seq2[Document, error] { return chain(findings(3, 2), labelled(events[1000:], 2)) }
	want, wantManifest := built(t, Options{Content: "v1"}, next())
	got, m := built(t, Options{Content: "v1", From: old.dir, FromManifest: oldManifest}, next())
	same(t, want, got)
	if m.Documents != wantManifest.Documents || !slices.Equal(m.Sources, wantManifest.Sources) {
		t.Errorf("%d documents of %v, want %d of %v", m.Documents, m.Sources, wantManifest.Documents, wantManifest.Sources)
	}
	if err := old.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	other, _ := built(t, Options{Content: "v2", From: old.dir, FromManifest: oldManifest}, next())
	same(t, want, other)
}

// TestPrepare: an older index is used if it is of the same content.
func TestPrepare(t *testing.T) {
	old, m := built(t, Options{Content: "v1"}, documents(generated(8, 500)))
	for content, want := range map[string]uint64{"v1": 500, "v2": 0} {
		x, err := prepare(t.Context(), filepath.Join(t.TempDir(), "index"), Options{Content: content, From: old.dir, FromManifest: m})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := x.DocCount(); n != want || err != nil {
			t.Errorf("%s: %d documents, %v; want %d", content, n, err, want)
		}
		p, err := readPresent(x)
		if err != nil {
			t.Fatal(err)
		}
		e := generated(8, 500)[7]
		labels := newDraft(Document{keyOf(e), row(e)}, "").labels
		if got := p.has(keyOf(e), digest(sourceOf(e)), labels); got != (want > 0) {
			t.Errorf("%s: has a document: %v", content, got)
		}
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestBuildFromDamaged: what can't be used is not missed.
func TestBuildFromDamaged(t *testing.T) {
	events := generated(9, 3000)
	old, m := built(t, Options{}, documents(events))
	flip(t, filepath.Join(old.dir, largest(m, ".zap")), 1000)
	got, _ := built(t, Options{From: old.dir, FromManifest: m}, documents(events))
	want, _ := built(t, Options{}, documents(events))
	same(t, want, got)
}

func TestBuildEnds(t *testing.T) {
	wrong := errors.New("the store is damaged")
	failing := chain(documents(generated(1, 5000)), func(yield func(Document, error) bool) { yield(Document{}, wrong) })
	if _, err := Build(t.Context(), filepath.Join(t.TempDir(), "index"), Options{}, failing); !errors.Is(err, wrong) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	endless := func(yield func(Document, error) bool) {
		for i := 0; yield(Document{Key{Source: "a", Offset: int64(i)}, row(&event.Event{})}, nil); i++ {
			if i == 10_000 {
				cancel()
			}
		}
	}
	if _, err := Build(ctx, filepath.Join(t.TempDir(), "index"), Options{}, endless); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	panics := chain(documents(generated(1, 10)), func(func(Document, error) bool) { panic("at the disco") })
	if _, err := Build(t.Context(), filepath.Join(t.TempDir(), "index"), Options{}, panics); !errors.Is(err, errPanic) {
		t.Errorf("%v", err)
	}
}

func TestBuildTellsProgress(t *testing.T) {
	var told []int64
	_, m := built(t, Options{Progress: func(n int64) { told = append(told, n) }}, documents(generated(1, 2*batchDocuments+1)))
	if diff := gocmp.Diff([]int64{batchDocuments, 2 * batchDocuments}, told); diff != "" || m.Documents != 2*batchDocuments+1 {
		t.Errorf("%d documents, progress (-want +got):\n%s", m.Documents, diff)
	}
}

// childDir is where the test's own program builds when it runs as a child.
const childDir = "VSSWHY_SEARCH_TEST_DIR"

const childEvents = 24_000

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		progress := func(n int64) { fmt.Println(n) }
		if _, err := Build(context.Background(), dir, Options{Progress: progress}, documents(generated(10, childEvents))); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestKill kills a process that builds, twelve times, and has the next one go
// on. Then the index is what it would be without.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	dir := filepath.Join(t.TempDir(), "index")
	rng := rand.New(rand.NewPCG(4, 4))
	killed := 0
	for range 12 {
		if killWhileBuilding(t, dir, rng) {
			killed++
		}
	}
	if killed < 6 {
		t.Errorf("only %d of 12 were killed in time", killed)
	}
	left, err := open(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	n, _ := left.DocCount()
	left.Close()
	if t.Logf("%d documents were there", n); n == 0 {
		t.Error("what was done is lost")
	}
	events := generated(10, childEvents)
	m, err := Build(t.Context(), dir, Options{}, documents(events))
	if err != nil {
		t.Fatal(err)
	}
	want, _ := built(t, Options{}, documents(events))
	same(t, want, opened(t, dir, m))
}

// killWhileBuilding kills a child some time after it was told of progress;
// false: it had finished.
func killWhileBuilding(t *testing.T, dir string, rng *rand.Rand) bool {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for range 1 + rng.IntN(10) {
		lines.Scan()
	}
	time.Sleep(time.Duration(rng.IntN(50)) * time.Millisecond)
	cmd.Process.Kill()
	return cmd.Wait() != nil
}

// TestDiskFull builds on a file system of 12 MiB.
func TestDiskFull(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("mounts a tmpfs, which needs Linux")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("no tmpfs can be mounted: %s", out)
	}
	t.Cleanup(func() { exec.Command("umount", "-l", dir).Run() })
	start := time.Now()
	_, err := Build(t.Context(), filepath.Join(dir, "index"), Options{}, documents(generated(11, 80_000)))
	if err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("%v", err)
	}
	if d := time.Since(start); d > batchTimeout {
		t.Errorf("it took %v", d)
	}
	if err := os.RemoveAll(filepath.Join(dir, "index")); err != nil {
		t.Fatal(err)
	}
	events := generated(12, 500)
	m, err := Build(t.Context(), filepath.Join(dir, "index"), Options{}, documents(events))
	if err != nil {
		t.Fatalf("with room again: %v", err)
	}
	want, _ := built(t, Options{}, documents(events))
	x := opened(t, filepath.Join(dir, "index"), m)
	same(t, want, x)
	x.Close()
}
