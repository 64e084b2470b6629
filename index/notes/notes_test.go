package notes

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var when = time.Date(2010, 3, 14, 22, 0, 0, 0, time.UTC)

func event(record uint64) Subject {
	return Subject{Log: "ab", Offset: 4096, Host: "NODE-A", Channel: "System", Record: record, Time: when}
}

func open(t *testing.T, dir string) *Notes {
	t.Helper()
	n, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

func put(t *testing.T, n *Notes, e Entry) {
	t.Helper()
	if err := n.Put(e); err != nil {
		t.Fatal(err)
	}
}

func note(i int) Entry {
	return Entry{Kind: Note, Subject: event(uint64(i + 1)), Text: fmt.Sprintf("note %d\n\x1b[2J", i), Time: when}
}

func TestKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "notes")
	n := open(t, dir)
	finding := Subject{Rule: "kb975354-2", Host: "NODE-A", Volume: "Volume1"}
	want := []Entry{
		note(1),
		{Kind: Triage, Subject: finding, Value: "dismissed", Text: "known", Time: when},
		{Kind: Filter, Subject: Subject{Part: "mine"}, Value: "id:8229", Time: when},
	}
	put(t, n, note(0))
	put(t, n, Entry{Kind: Note, Subject: event(2), Text: "outdated", Time: when})
	for _, e := range want {
		put(t, n, e)
	}
	if err := n.Remove(Note, event(1), when); err != nil {
		t.Fatal(err)
	}
	for range 2 { // as it was written, and as it was written anew
		n.Close()
		n = open(t, dir)
		if diff := cmp.Diff(want, n.All()); diff != "" {
			t.Error(diff)
		}
	}
	if diff := cmp.Diff(want[1:2], n.All(Triage)); diff != "" {
		t.Error(diff)
	}
}

// TestSubjects: what is the same event in another log, and what is not.
func TestSubjects(t *testing.T) {
	a := event(7)
	again := a
	again.Log, again.Offset, again.Host = "cd", 8192, "node-a"
	if a.identity() != again.identity() {
		t.Error("the same event in another export is another subject")
	}
	other := a
	other.Time = when.Add(100)
	if a.identity() == other.identity() {
		t.Error("a record number that was used twice is one subject")
	}
	x, y := Subject{Log: "ab", Offset: 1}, Subject{Log: "ab", Offset: 2}
	if x.identity() == y.identity() {
		t.Error("two places of a log are one subject")
	}
	if (Subject{Rule: "a", Host: "b"}).identity() == (Subject{Rule: "a", VM: "b"}).identity() {
		t.Error("a host and a machine of one name are one subject")
	}
}

func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	put(t, open(t, dir), note(0))
	n, err := Read(dir)
	if err != nil || len(n.All()) != 1 {
		t.Fatal(n.All(), err)
	}
	if err := n.Put(note(1)); err != ErrReadOnly {
		t.Error(err)
	}
	if n, err := Read(filepath.Join(dir, "none")); err != nil || len(n.All()) != 0 {
		t.Error(err)
	}
}

// TestDamage damages one journal in every way and at many places: no entry is
// lost, and what can be seen to be wrong is said.
func TestDamage(t *testing.T) {
	master := t.TempDir()
	n := open(t, master)
	for i := range 50 {
		put(t, n, note(i))
	}
	n.Close()
	want := n.All()
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 200 {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(master)); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, copies[round%2])
		data, _ := os.ReadFile(path)
		at := r.IntN(len(data))
		kind := round / 2 % 4
		switch kind {
		case 0:
			data[at] ^= 1 << r.IntN(8)
		case 1:
			data = data[:at]
		case 2:
			data = append(data[:at:at], data[min(len(data), at+1+r.IntN(300)):]...)
		case 3:
			data = nil
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		n := open(t, dir)
		if diff := cmp.Diff(want, n.All()); diff != "" {
			t.Fatalf("round %d: %s", round, diff)
		}
		if (kind == 0 || kind == 3) && len(n.Damage()) == 0 {
			t.Errorf("round %d: damage not seen", round)
		}
		if again, err := Read(dir); err != nil || len(again.Damage()) > 0 {
			t.Errorf("round %d: not mended: %v %v", round, again.Damage(), err)
		}
	}
}

// TestCompact: the journals do not grow for ever.
func TestCompact(t *testing.T) {
	dir := t.TempDir()
	n := open(t, dir)
	for i := range 1100 {
		put(t, n, Entry{Kind: Note, Subject: event(uint64(i%3 + 1)), Text: fmt.Sprint(i), Time: when})
	}
	info, err := os.Stat(filepath.Join(dir, copies[0]))
	if err != nil || info.Size() > 40_000 {
		t.Errorf("%d bytes for three notes, %v", info.Size(), err)
	}
	want := n.All()
	n.Close()
	if diff := cmp.Diff(want, open(t, dir).All()); diff != "" || len(want) != 3 {
		t.Error(diff)
	}
}

// TestKilled kills a process that writes notes: every note that it said was
// saved is there afterwards.
func TestKilled(t *testing.T) {
	if dir := os.Getenv("NOTES_DIR"); dir != "" {
		writeForEver(dir)
	}
	for round := range 10 {
		dir := t.TempDir()
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		cmd.Env = append(os.Environ(), "NOTES_DIR="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		saved := 0
		for saved < 20*(round+1) && lines.Scan() {
			saved++
		}
		cmd.Process.Kill()
		for lines.Scan() {
			saved++
		}
		cmd.Wait()
		n := open(t, dir)
		if got := len(n.All()); got < saved || got > saved+1 {
			t.Errorf("%d notes were saved, %d are there", saved, got)
		}
		if len(n.Damage()) > 0 {
			t.Error(n.Damage())
		}
	}
}

func writeForEver(dir string) {
	n, err := Open(dir)
	for i := 0; err == nil; i++ {
		if err = n.Put(note(i)); err == nil {
			fmt.Println(i)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// TestFull: a disk that is full takes no note, says so, and takes the next one
// when there is room again.
func TestFull(t *testing.T) {
	n := open(t, t.TempDir())
	put(t, n, note(0))
	whole := n.files[1]
	broken, err := os.Open(whole.Name()) // can't be written
	if err != nil {
		t.Fatal(err)
	}
	n.files[1] = broken
	if err := n.Put(note(1)); err == nil || !strings.Contains(err.Error(), "not saved") {
		t.Error(err)
	}
	broken.Close()
	n.files[1] = whole
	put(t, n, note(2))
	want := []Entry{note(0), note(2)}
	dir := n.dir
	n.Close()
	if diff := cmp.Diff(want, open(t, dir).All()); diff != "" {
		t.Error(diff)
	}
}

// FuzzLine: what a line says is read as it was written, and of other bytes
// nothing is made up.
func FuzzLine(f *testing.F) {
	c := change{Seq: 1, Entry: note(0)}
	line, _ := c.line()
	f.Add(line, "a note", uint64(7))
	f.Fuzz(func(t *testing.T, raw []byte, text string, seq uint64) {
		for _, c := range []change{{Seq: seq, Entry: Entry{Kind: Note, Subject: event(seq), Text: text, Time: when}}, readBack(raw)} {
			line, err := c.line()
			if err != nil || bytes.Count(line, []byte{'\n'}) != 1 {
				t.Fatalf("%q: %v", line, err)
			}
			got, err := parseLine(bytes.TrimSuffix(line, []byte{'\n'}))
			c.Text = strings.ToValidUTF8(c.Text, "\uFFFD")
			if diff := cmp.Diff(c, got); err != nil || strings.ToValidUTF8(text, "") == text && diff != "" {
				t.Fatal(err, diff)
			}
		}
	})
}

func readBack(raw []byte) change {
	c, err := parseLine(raw)
	if err != nil {
		return change{}
	}
	return c
}
