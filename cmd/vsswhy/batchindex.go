package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// batchFile has a line for each bundle that was done, in the order in which they
// were.
const batchFile = "batch.jsonl"

// A batchRow is what became of one bundle.
type batchRow struct {
	Bundle   string       `json:"bundle"`
	Content  string       `json:"content"` // SHA-256 of a file; of a folder, of its names, sizes and times
	Rules    string       `json:"rules"`   // digest
	Version  string       `json:"version"`
	Report   string       `json:"report"` // file in the same folder
	Complete bool         `json:"complete"`
	Logs     int          `json:"logs"`
	Records  uint64       `json:"records"`
	Failures int          `json:"failures"`
	Causes   []batchCause `json:"causes"`
	Missing  []string     `json:"missing"` // what rules lacked
	Error    string       `json:"error,omitempty"`

	earlier bool // by another run
}

// A batchCause is a finding of a bundle.
type batchCause struct {
	Rule    string `json:"rule"`
	Title   string `json:"title"`
	Verdict string `json:"verdict"`
	Host    string `json:"host"`
	Times   int    `json:"times"`
}

// A batchIndex remembers what was done. A run that is killed loses the bundles that
// were being read.
type batchIndex struct {
	mu   sync.Mutex
	file *os.File
	rows map[string]*batchRow // by bundle
	dir  string
}

// openBatchIndex begins an index, or goes on with one. It does not write over one
// that is there.
func openBatchIndex(dir string, resume bool) (*batchIndex, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	name := filepath.Join(dir, batchFile)
	x := &batchIndex{rows: map[string]*batchRow{}, dir: dir}
	text, err := os.ReadFile(name)
	switch {
	case err == nil && !resume:
		return nil, fmt.Errorf("%s is there already; --resume goes on with it", name)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		row := &batchRow{earlier: true}
		if json.Unmarshal([]byte(line), row) == nil { // the last line may be cut: that bundle is read again
			x.rows[row.Bundle] = row
		}
	}
	if x.file, err = os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return nil, err
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		_, err = x.file.WriteString("\n")
	}
	return x, err
}

func (x *batchIndex) close() { x.file.Close() }

// done returns what an earlier run has of a bundle with this content and these
// rules, if its report is there; nil: it is to be read.
func (x *batchIndex) done(path, content, digest string) *batchRow {
	x.mu.Lock()
	defer x.mu.Unlock()
	row := x.rows[path]
	if row == nil || row.Content != content || row.Rules != digest || row.Version != version() {
		return nil
	}
	if _, err := os.Stat(filepath.Join(x.dir, row.Report)); err != nil {
		return nil
	}
	return row
}

// add writes a row to the disk before it returns.
func (x *batchIndex) add(row *batchRow) error {
	line, err := json.Marshal(row)
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, err := x.file.Write(append(line, '\n')); err != nil {
		return err
	}
	return x.file.Sync()
}

// contentKey tells whether a bundle has changed.
func contentKey(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	if info.IsDir() {
		err = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			if err == nil {
				fmt.Fprintf(h, "%q %d %d\n", name, info.Size(), info.ModTime().UnixNano())
			}
			return err
		})
		return hex.EncodeToString(h.Sum(nil)), err
	}
	if !info.Mode().IsRegular() {
		return "", errors.New("neither a file nor a folder")
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), err
}

// reportName names the report of a bundle after it, and apart from others of that
// name.
func reportName(path, key string) string {
	base := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, filepath.Base(path))
	id := sha256.Sum256([]byte(path + "\x00" + key))
	return fmt.Sprintf("%.80s-%x.json", base, id[:6])
}
