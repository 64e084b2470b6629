package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vsswhy/vsswhy/ingest/mta/mtatest"
	"github.com/vsswhy/vsswhy/rules/report"
)

// TestMessagesAreForPeople: messages that say the worst change no finding. They
// are there for people: in the list of events, of logs and of a case, and in its
// search; and the sources tell of them.
func TestMessagesAreForPeople(t *testing.T) {
	bare := unpacked(t, "iscsi-confirmed")
	dir := unpacked(t, "iscsi-confirmed")
	logs := addMessages(t, dir)
	if logs == 0 {
		t.Fatal("no log in the case")
	}
	without := parse(t, scanAny(t, bare))
	with := parse(t, scanAny(t, dir))
	if diff := cmp.Diff(findings(without), findings(with)); diff != "" {
		t.Errorf("messages change what is found:\n%s", diff)
	}
	sidecars, served := 0, 0
	for _, s := range with.Sources {
		if s.Format == "mta" {
			sidecars++
		}
		if s.MessagesFrom != "" {
			served++
			if s.Messages == 0 || len(s.Remarks) == 0 {
				t.Errorf("%+v", s)
			}
		}
	}
	if sidecars != logs || served != logs {
		t.Errorf("%d files of messages, %d logs have theirs, want %d", sidecars, served, logs)
	}
	c := filepath.Join(t.TempDir(), "c")
	mustRun(t, 0, "scan", "--case", c, "--index", "all", dir)
	for _, of := range []string{dir, c} {
		if n := strings.Count(mustRun(t, 0, "events", of, "--where", "snark", "--format", "jsonl"), "beware of the Snark"); n == 0 {
			t.Errorf("no event of %s is found by its message", filepath.Base(of))
		}
	}
}

// addMessages puts messages beside each log of a folder, and returns of how many.
func addMessages(t *testing.T, dir string) (logs int) {
	t.Helper()
	messages := map[uint64]string{}
	for record := range uint64(3000) {
		messages[record] = fmt.Sprintf("record %d: beware of the Snark; MSiSCSI {66841cd4-6ded-4f4b-8f17-fd23f8ddc3de} 0x800423f4 6.1.7601 C:\\ClusterStorage\\Volume1", record)
	}
	data := mtatest.Write(messages)
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".evtx") {
			folder := filepath.Join(filepath.Dir(path), "LocaleMetaData")
			os.MkdirAll(folder, 0o700)
			name := strings.TrimSuffix(filepath.Base(path), ".evtx") + "_1033.MTA"
			if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
			logs++
		}
		return err
	})
	return logs
}

// unpacked is the folder of a synthetic bundle, without archives in it.
func unpacked(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	c := readCase(t, filepath.Join(casesDir, "src", name+".txt"))
	writeFolder(t, c.tree(t, asEVTX), dir)
	return dir
}

// findings are what a report says, without where it read it.
func findings(r *report.Report) (list []string) {
	for i := range r.Findings {
		f := &r.Findings[i]
		list = append(list, f.Rule+" "+f.Verdict+" "+f.Host+criteria(f))
	}
	return append(list, fmt.Sprint(len(r.Failures), " failures, ", len(r.Jobs), " jobs"))
}
