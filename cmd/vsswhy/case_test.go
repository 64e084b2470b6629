package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zip"

	"github.com/vsswhy/vsswhy/index"
	"github.com/vsswhy/vsswhy/index/notes"
	"github.com/vsswhy/vsswhy/ingest/evtx/evtxtest"
)

// bundle writes an archive with two cases and a log of some thousand events of
// no interest, so that a scan of it takes a moment.
func bundle(t testing.TB) string {
	t.Helper()
	var xml strings.Builder
	for i := range 12_000 {
		fmt.Fprintf(&xml, `<Event><System><Provider Name='Service Control Manager' Guid='{555908d1-a6d7-4695-8e1e-26931d2012f4}'/><EventID>7036</EventID><Level>4</Level>`+
			`<TimeCreated SystemTime='2010-03-14T%02d:%02d:%02d.5Z'/><EventRecordID>%d</EventRecordID><Channel>System</Channel><Computer>OTHER.contoso.com</Computer></System>`+
			`<EventData><Data Name='param1'>service %d</Data><Data Name='param2'>running</Data></EventData></Event>`, i/3600, i/60%60, i%60, i+1, i*7919%1000)
	}
	path := filepath.Join(t.TempDir(), "bundle.zip")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	for _, name := range []string{"csv-two-nodes", "iscsi-confirmed"} {
		data, err := os.ReadFile(filepath.Join(casesDir, name+".zip"))
		if err != nil {
			t.Fatal(err)
		}
		w, _ := z.Create(name + ".zip")
		w.Write(data)
	}
	w, _ := z.Create("OTHER/System.evtx")
	w.Write(evtxtest.Write([]byte("<Events>" + xml.String() + "</Events>")))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// vsswhy is the program as a process of its own.
func vsswhy(t testing.TB, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Args[0] = "vsswhy"
	cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=1268611200")
	return cmd
}

// mustRun runs the program and returns what it printed; it must end with the
// exit code.
func mustRun(t testing.TB, want int, args ...string) string {
	t.Helper()
	var out, trouble bytes.Buffer
	cmd := vsswhy(t, args...)
	cmd.Stdout, cmd.Stderr = &out, &trouble
	err := cmd.Run()
	if got := cmd.ProcessState.ExitCode(); got != want {
		t.Fatalf("vsswhy %v: exit code %d, want %d; %v\n%s%s", args, got, want, err, &out, &trouble)
	}
	return out.String()
}

func events(t testing.TB, dir, where string) string {
	return mustRun(t, 0, "events", dir, "--where", where, "--format", "jsonl")
}

// TestScanKilled kills a scan at random points, and scans again: the report is
// the same, byte for byte, and so are the events; nothing is left over.
func TestScanKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the program a hundred times")
	}
	const rounds = 50
	in := bundle(t)
	dir := filepath.Join(t.TempDir(), "reference", "c")
	os.Mkdir(filepath.Dir(dir), 0o700)
	start := time.Now()
	want := mustRun(t, 0, "scan", "--case", dir, "--format", "json", in)
	took := time.Since(start)
	wantEvents := events(t, dir, "level<=3")
	wantFiles := names(t, dir)
	rng := rand.New(rand.NewPCG(7, 7))
	killed := 0
	for round := range rounds {
		dir := filepath.Join(t.TempDir(), "c")
		cmd := vsswhy(t, "scan", "--case", dir, "--format", "json", in)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rng.Int64N(int64(took))))
		cmd.Process.Kill()
		if cmd.Wait() != nil {
			killed++
		}
		if got := mustRun(t, 0, "scan", "--case", dir, "--format", "json", in); got != want {
			t.Fatalf("round %d: the report differs:\n%s", round, cmp.Diff(want, got))
		}
		if got := events(t, dir, "level<=3"); got != wantEvents {
			t.Fatalf("round %d: the events differ", round)
		}
		mustRun(t, 0, "verify", dir)
		if round == 0 || killed < 3 {
			continue // a scan that had ended left its first generation's names
		}
		for _, name := range names(t, dir) {
			if strings.Contains(name, "tmp") || strings.Contains(name, ".sort") {
				t.Errorf("round %d: %s is left over", round, name)
			}
		}
	}
	t.Logf("%d of %d scans were killed before their end; files: %d", killed, rounds, len(wantFiles))
	if killed < rounds/3 {
		t.Errorf("only %d of %d scans were killed", killed, rounds)
	}
}

func names(t testing.TB, dir string) (list []string) {
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			t.Fatal(err)
		}
		rel, _ := filepath.Rel(dir, path)
		list = append(list, filepath.ToSlash(rel))
		return nil
	})
	return list
}

// TestDamagedCase damages every kind of file in every way: what is printed
// afterwards is the same as before, and what can't be is said.
func TestDamagedCase(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the program some hundred times")
	}
	in := bundle(t)
	master := filepath.Join(t.TempDir(), "c")
	want := mustRun(t, 0, "scan", "--case", master, "--index", "all", "--format", "json", in)
	const query = "service 77"
	wantEvents := events(t, master, query)
	put(t, master)
	ways := map[string]func([]byte) []byte{
		"flip": func(b []byte) []byte {
			for i := range min(16, len(b)) {
				b[len(b)/2+i%max(1, len(b)/2)] ^= 0x5a
			}
			return b
		},
		"flip its end": func(b []byte) []byte { b[len(b)-3] ^= 0x10; return b },
		"truncate":     func(b []byte) []byte { return b[:len(b)*2/5] },
		"empty":        func([]byte) []byte { return nil },
		"delete":       nil,
	}
	for _, pattern := range []string{"schema.json", "schema.copy.json", "report.*.json", "events.*.parquet", "search.*/index_meta.json", "search.*/store/*.zap", "search.*/store/root.bolt", "logs/*", "notes/journal", "notes/journal.copy"} {
		for way, change := range ways {
			t.Run(strings.ReplaceAll(pattern, "/", " ")+" "+way, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "c")
				if err := os.CopyFS(dir, os.DirFS(master)); err != nil {
					t.Fatal(err)
				}
				damage(t, filepath.Join(dir, filepath.FromSlash(pattern)), change)
				checkDamaged(t, dir, in, want, query, wantEvents, strings.HasPrefix(pattern, "logs"))
			})
		}
	}
}

// put writes a note into a case.
func put(t *testing.T, dir string) {
	c, err := index.OpenForWriting(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range 3 {
		e := notes.Entry{Kind: notes.Note, Subject: notes.Subject{Rule: "r", Host: fmt.Sprint("h", i)}, Text: "kept", Time: time.Unix(1268611200, 0).UTC()}
		if err := c.Notes().Put(e); err != nil {
			t.Fatal(err)
		}
	}
}

// damage changes the largest file of a pattern, or deletes it.
func damage(t *testing.T, pattern string, change func([]byte) []byte) {
	t.Helper()
	paths, _ := filepath.Glob(pattern)
	var path string
	var data []byte
	for _, p := range paths {
		if b, err := os.ReadFile(p); err == nil && len(b) > len(data) {
			path, data = p, b
		}
	}
	if path == "" {
		t.Fatalf("no file %s", pattern)
	}
	if change == nil {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err := os.WriteFile(path, change(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

func checkDamaged(t *testing.T, dir, in, want, query, wantEvents string, isLog bool) {
	verified := vsswhy(t, "verify", dir)
	out, err := verified.Output()
	if err == nil {
		t.Errorf("verify finds nothing: %s", out)
	}
	if got := mustRun(t, 0, "report", dir, "--format", "json"); got != want {
		t.Errorf("another report:\n%s", cmp.Diff(want, got))
	}
	if got := events(t, dir, query); got != wantEvents {
		t.Errorf("other events: %d bytes, want %d", len(got), len(wantEvents))
	}
	if isLog { // nothing but the bundle can mend it
		mustRun(t, 3, "verify", "--repair", dir)
		if got := mustRun(t, 0, "scan", "--case", dir, "--index", "all", "--format", "json", in); got != want {
			t.Errorf("another report from the bundle:\n%s", cmp.Diff(want, got))
		}
	} else {
		mustRun(t, 0, "verify", "--repair", dir)
	}
	mustRun(t, 0, "verify", dir)
	if got := events(t, dir, query); got != wantEvents {
		t.Error("other events after the repair")
	}
	c, err := index.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if list := c.Notes().All(); len(list) != 3 || list[0].Text != "kept" {
		t.Errorf("notes: %+v", list)
	}
}

// TestCaseGrows: a case that two bundles were added to one after the other is
// that of both, and scanning again reads and changes nothing.
func TestCaseGrows(t *testing.T) {
	a, b := bundle(t), filepath.Join(casesDir, "restore-confirmed.zip")
	at := t.TempDir()
	both, grown := filepath.Join(at, "both"), filepath.Join(at, "grown")
	want := mustRun(t, 0, "scan", "--case", both, "--format", "json", a, b)
	mustRun(t, 0, "scan", "--case", grown, "--format", "json", a)
	got := mustRun(t, 0, "scan", "--case", grown, "--format", "json", b)
	if diff := cmp.Diff(withoutArgs(want), withoutArgs(got)); diff != "" {
		t.Error(diff)
	}
	for _, q := range []string{"", "verdict:confirmed", "job:J1,J2,J3", "vm:FS03"} {
		if events(t, both, q) != events(t, grown, q) {
			t.Errorf("other events for %q", q)
		}
	}
	before := names(t, grown)
	renamed := filepath.Join(t.TempDir(), "renamed.zip")
	data, err := os.ReadFile(a)
	if err == nil {
		err = os.WriteFile(renamed, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, again := range [][]string{{a}, {b}, {a, b}, {renamed}, {}} {
		got := mustRun(t, 0, append([]string{"scan", "--case", grown, "--format", "json"}, again...)...)
		if diff := cmp.Diff(withoutArgs(want), withoutArgs(got)); diff != "" {
			t.Error(again, diff)
		}
		if diff := cmp.Diff(before, names(t, grown)); diff != "" {
			t.Error(again, diff)
		}
	}
}

// withoutArgs is a report without the arguments that it was asked for with.
func withoutArgs(report string) string {
	_, rest, _ := strings.Cut(report, `"args": [`)
	_, rest, _ = strings.Cut(rest, "]")
	return rest
}

// TestFolderChanges: of a folder that is scanned again only what is new is read.
func TestFolderChanges(t *testing.T) {
	in := filepath.Join(t.TempDir(), "logs")
	os.Mkdir(in, 0o700)
	copyCase := func(name string) {
		data, err := os.ReadFile(filepath.Join(casesDir, name+".zip"))
		if err == nil {
			err = os.WriteFile(filepath.Join(in, name+".zip"), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	copyCase("restore-confirmed")
	dir, fresh := filepath.Join(t.TempDir(), "c"), filepath.Join(t.TempDir(), "c")
	mustRun(t, 0, "scan", "--case", dir, in)
	copyCase("csv-two-nodes")
	got := mustRun(t, 0, "scan", "--case", dir, "--format", "json", in)
	want := mustRun(t, 0, "scan", "--case", fresh, "--format", "json", in)
	if diff := cmp.Diff(withoutArgs(want), withoutArgs(got)); diff != "" {
		t.Error(diff)
	}
	if events(t, dir, "") != events(t, fresh, "") {
		t.Error("other events")
	}
}

// TestCaseTellsNoPaths: nothing in a case says where it was made.
func TestCaseTellsNoPaths(t *testing.T) {
	in := bundle(t)
	dir := filepath.Join(t.TempDir(), "c")
	mustRun(t, 0, "scan", "--case="+dir, in)
	host, _ := os.Hostname()
	private := runtime.GOOS != "windows" // where permissions are no bits
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if info, err := d.Info(); err != nil || private && info.Mode().Perm()&0o077 != 0 && !strings.Contains(path, "search.") {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
		data, err := os.ReadFile(path)
		for _, s := range []string{filepath.Dir(in), filepath.Dir(dir), host} {
			if len(s) > 3 && bytes.Contains(data, []byte(s)) {
				t.Errorf("%s says %q", path, s)
			}
		}
		return err
	})
	if info, err := os.Stat(dir); err != nil || private && info.Mode().Perm() != 0o700 {
		t.Error(info.Mode(), err)
	}
}

// TestLocked: who comes second is told at once who was first, and can read.
func TestLocked(t *testing.T) {
	in := bundle(t)
	dir := filepath.Join(t.TempDir(), "c")
	want := mustRun(t, 0, "scan", "--case", dir, "--format", "json", in)
	c, err := index.OpenForWriting(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	start := time.Now()
	cmd := vsswhy(t, "scan", "--case", dir, in)
	out, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != 2 || !strings.Contains(string(out), fmt.Sprintf("in use by process %d", os.Getpid())) {
		t.Errorf("exit code %d, %v: %s", code, err, out)
	}
	if got := mustRun(t, 0, "report", dir, "--format", "json"); got != want {
		t.Error("another report while the case is locked")
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestFullDisk keeps a case on a disk of 12 MiB: the diagnosis stands, and says
// what could not be kept.
func TestFullDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the program many times")
	}
	disk := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", disk).CombinedOutput(); err != nil {
		t.Skipf("no disk of 12 MiB can be mounted here: %v %s", err, out)
	}
	defer exec.Command("umount", disk).Run()
	in := bundle(t)
	want := mustRun(t, 0, "scan", "--format", "json", in)
	for _, free := range []int{0, 40 << 10, 200 << 10, 700 << 10, 1500 << 10, 4 << 20} {
		t.Run(fmt.Sprint(free), func(t *testing.T) {
			filler := filepath.Join(disk, "filler")
			if err := os.WriteFile(filler, make([]byte, 12<<20-free), 0o600); err != nil && free > 100<<10 {
				t.Fatal(err)
			}
			dir := filepath.Join(disk, fmt.Sprint("c", free))
			defer os.RemoveAll(dir)
			defer os.Remove(filler)
			cmd := vsswhy(t, "scan", "--case", dir, "--index", "all", "--format", "json", in)
			out, err := cmd.Output()
			code := cmd.ProcessState.ExitCode()
			t.Logf("%d bytes free: exit code %d, %v, %d bytes of report", free, code, err, len(out))
			switch code {
			case 0:
			case 3:
				if !bytes.Contains(out, []byte("no space")) {
					t.Errorf("no notice: %.300s", out)
				}
			default:
				t.Fatalf("exit code %d", code)
			}
			if !sameFindings(want, string(out)) {
				t.Error("other findings")
			}
			os.Remove(filler)
			if got := mustRun(t, 0, "scan", "--case", dir, "--index", "all", "--format", "json", in); !sameFindings(want, got) {
				t.Error("other findings when there is room again")
			}
			mustRun(t, 0, "verify", dir)
		})
	}
}

// sameFindings compares reports from the hosts on, without paths.
func sameFindings(a, b string) bool {
	cut := func(s string) string {
		_, s, _ = strings.Cut(s, `"findings": [`)
		s, _, _ = strings.Cut(s, `"checked": [`)
		var out []string
		for line := range strings.SplitSeq(s, "\n") {
			if !strings.Contains(line, `"path"`) {
				out = append(out, line)
			}
		}
		return strings.Join(out, "\n")
	}
	return cut(a) == cut(b)
}

// TestOrphanedBuild: the process that builds the full-text index ends with the
// one that wants it.
func TestOrphanedBuild(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "c")
	mustRun(t, 0, "scan", "--case", dir, "--index", "off", bundle(t))
	cmd := vsswhy(t, buildIndex, "--into", "search.1.test", "--index", "all", dir)
	wants, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	wants.Close()
	if cmd.Wait(); cmd.ProcessState.ExitCode() != exitInterrupted {
		t.Errorf("it ended with %v", cmd.ProcessState)
	}
	mustRun(t, 0, "scan", "--case", dir, "--index", "all")
	mustRun(t, 0, "verify", dir)
	for _, name := range names(t, dir) {
		if strings.HasPrefix(name, "search.1.test") {
			t.Errorf("%s is left over", name)
		}
	}
}
