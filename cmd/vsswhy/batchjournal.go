package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/gofrs/flock"

	"github.com/vsswhy/vsswhy/rules/report"
)

// journalFile has a line for each bundle that was done, in the order in which they
// were.
const journalFile = "journal.jsonl"

// A journal remembers what was done. A run that is killed loses the bundles that
// were being read.
type journal struct {
	mu    sync.Mutex
	file  *os.File
	size  int64 // of whole lines, in bytes
	lines map[string]*report.Bundle
	dir   string
	lock  *flock.Flock
}

// openJournal begins a journal and the folders beside it, or goes on with one. It
// does not write over one that is there, nor beside another run.
func openJournal(dir string, resume, cases bool) (*journal, error) {
	folders := []string{batchReports}
	if cases {
		folders = append(folders, batchCases)
	}
	for _, d := range folders {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			return nil, err
		}
	}
	x := &journal{lines: map[string]*report.Bundle{}, dir: dir, lock: flock.New(filepath.Join(dir, ".lock"), flock.SetPermissions(0o600))}
	if ok, err := x.lock.TryLock(); err != nil || !ok {
		return nil, cmp.Or(err, fmt.Errorf("another run writes to %s", dir))
	}
	if err := x.open(resume); err != nil {
		x.lock.Unlock()
		return nil, err
	}
	removeUnfinished(dir)
	return x, nil
}

func (x *journal) open(resume bool) error {
	name := filepath.Join(x.dir, journalFile)
	text, err := os.ReadFile(name)
	switch {
	case err == nil && !resume:
		return fmt.Errorf("%s is there already; --resume goes on with it", name)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	x.read(string(text))
	if x.file, err = os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	return x.cut()
}

func (x *journal) read(text string) {
	for line := range strings.Lines(text) {
		if !strings.HasSuffix(line, "\n") {
			return // cut when the program was killed: that bundle is read again
		}
		x.size += int64(len(line))
		b := &report.Bundle{}
		if json.Unmarshal([]byte(line), b) == nil {
			x.lines[b.Bundle] = b
		}
	}
}

// removeUnfinished removes what a run that was killed was writing.
func removeUnfinished(dir string) {
	for _, d := range []string{dir, filepath.Join(dir, batchReports)} {
		left, _ := filepath.Glob(filepath.Join(d, temporary))
		for _, name := range left {
			os.Remove(name)
		}
	}
}

// cut removes what is no whole line, and goes to the end.
func (x *journal) cut() error {
	if err := x.file.Truncate(x.size); err != nil {
		return err
	}
	_, err := x.file.Seek(x.size, io.SeekStart)
	return err
}

func (x *journal) close() {
	x.file.Close()
	x.lock.Unlock()
}

// done returns the line that an earlier run has of a bundle, if it read the same
// content in the same way, and all that is wanted of it is there; else nil.
func (x *journal) done(want report.Bundle, opt *batchOptions) *report.Bundle {
	x.mu.Lock()
	defer x.mu.Unlock()
	b := x.lines[want.Bundle]
	if b != nil && !b.Complete && len(opt.reading.passwords) > 0 {
		return nil // one may be what was lacking; none is noted, so that it can't be told
	}
	if b == nil || b.Content != want.Content || b.Tool != want.Tool || !sameReading(b, &want) || opt.cases && (b.Case != want.Case || b.Options != want.Options) || !slices.Equal(b.Files, want.Files) {
		return nil
	}
	there := slices.Clone(b.Files)
	if opt.cases {
		there = append(there, b.Case)
	}
	for _, f := range there {
		if _, err := os.Stat(filepath.Join(x.dir, f)); err != nil {
			return nil
		}
	}
	return b
}

// sameReading reports whether two lines are of reports that were made in the same way,
// whatever cases were kept.
func sameReading(a, b *report.Bundle) bool {
	x, _, _ := strings.Cut(a.Options, caseOptionsIn)
	y, _, _ := strings.Cut(b.Options, caseOptionsIn)
	return x == y
}

// caseOptionsIn is what the options of a case follow in those of a bundle.
const caseOptionsIn = " keep="

// dropOutdated removes the reports that an earlier run made of what a bundle was, or
// in another way: beside the new ones they would be taken for results, and have names
// that a redacted run is to leave out. Cases stay, since they may have notes.
func (x *journal) dropOutdated(now *report.Bundle) {
	x.mu.Lock()
	defer x.mu.Unlock()
	old := x.lines[now.Bundle]
	if old == nil || old.Content == now.Content && old.Tool == now.Tool && sameReading(old, now) {
		return
	}
	for _, f := range old.Files {
		for _, ext := range formatExt { // also of forms that the run before did not make
			if f := strings.TrimSuffix(f, path.Ext(f)) + "." + ext; !slices.Contains(now.Files, f) && path.Dir(f) == batchReports {
				os.Remove(filepath.Join(x.dir, f))
			}
		}
	}
}

// add writes a line to the disk before it returns, whole or not at all.
func (x *journal) add(b *report.Bundle) error {
	line, err := json.Marshal(b)
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	line = append(line, '\n')
	if _, err := x.file.Write(line); err != nil {
		return errors.Join(err, x.cut())
	}
	x.size += int64(len(line))
	return x.file.Sync()
}

// contentKey tells whether a bundle has changed.
func contentKey(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	switch {
	case info.IsDir():
		err = hashNames(h, path)
	case info.Mode().IsRegular():
		err = hashFile(h, path)
	default:
		err = errors.New("neither a file nor a folder")
	}
	return hex.EncodeToString(h.Sum(nil)), err
}

func hashFile(h io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(h, f)
	return err
}

// hashNames hashes what a folder has by names, sizes and times, and by what of it
// can't be read: that a file may be read now changes none of these. Why it can't be
// is said by the scan.
func hashNames(h io.Writer, dir string) error {
	dir, err := filepath.EvalSymlinks(dir) // a link to a folder is walked as the folder
	if err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, name)
		rel = filepath.ToSlash(rel)
		if err != nil {
			fmt.Fprintf(h, "%q can't be read\n", rel)
			return nil
		}
		if info, err := d.Info(); err == nil && !d.IsDir() {
			fmt.Fprintf(h, "%q %d %d%s\n", rel, info.Size(), info.ModTime().UnixNano(), unreadable(name, info))
		}
		return nil
	})
}

// unreadable says so of a file that can't be opened. Of what is no file nothing is
// read, and a pipe would wait for ever.
func unreadable(name string, info fs.FileInfo) string {
	if !info.Mode().IsRegular() {
		return ""
	}
	f, err := os.Open(name)
	if err != nil {
		return " can't be read"
	}
	f.Close()
	return ""
}

// name names what belongs to a bundle after it, and apart from others of that name
// and from what it was before it changed.
func (b *batch) name(path, key string) string {
	base := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, filepath.Base(path))
	if b.opt.redact {
		base = "bundle"
	}
	id := sha256.Sum256([]byte(path + "\x00" + key))
	return fmt.Sprintf("%.50s-%x", base, id[:6])
}
