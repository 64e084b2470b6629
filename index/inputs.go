package index

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vsswhy/vsswhy/ingest"
)

// plan decides what a scan reads: each input that the case has, at its place,
// then those that are new. An input that is given again and has changed is read
// from its path, the others from what the case keeps.
func (c *Case) plan(paths []string, opt ScanOptions) ([]plan, error) {
	var plans []plan
	for _, in := range c.now().schema.Inputs {
		plans = append(plans, plan{Input: ingest.Input{Label: in.Label, Recorded: in.Files}, origin: in.Origin})
	}
	for _, path := range paths {
		origin, err := c.origin(path)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(plans, func(p plan) bool { return p.origin == origin })
		if i < 0 {
			i = sameContent(plans, path)
		}
		if i < 0 {
			i = len(plans)
			plans = append(plans, plan{Input: ingest.Input{Label: newLabel(plans, path), Path: path}, origin: origin})
		} else if plans[i].Path == "" && (opt.Reread || !unchanged(plans[i].Input, path, opt)) {
			plans[i].Path, plans[i].changed = path, true
		}
		plans[i].given = true
	}
	return plans, nil
}

// unchanged reports whether an input is what it was when it was read by the
// same readers, with no less of it to be unlocked, or is not there any more: then
// it is what it was, too.
func unchanged(in ingest.Input, path string, opt ScanOptions) bool {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) && path != "-" {
		return true
	}
	if err != nil {
		return false
	}
	found := map[string]string{} // label → file
	switch {
	case info.Mode().IsRegular():
		found[in.Label] = path
	case !info.IsDir() || !listFiles(path, in.Label, found):
		return false
	}
	if len(found) != len(in.Recorded) {
		return false
	}
	return !slices.ContainsFunc(in.Recorded, func(f ingest.RecordedFile) bool {
		return f.Readers != opt.Versions.Readers || opt.Unlock && ingest.Locked(f.Sources) || !sameFile(f, found[f.Path])
	})
}

// listFiles finds all that lies in a folder; false: not all of it is a file
// that can be looked at.
func listFiles(dir, label string, found map[string]string) bool {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if !d.Type().IsRegular() {
			return fs.ErrInvalid
		}
		rel, err := filepath.Rel(dir, path)
		found[label+"/"+filepath.ToSlash(rel)] = path
		return err
	})
	return err == nil
}

func sameFile(f ingest.RecordedFile, path string) bool {
	info, err := os.Stat(path)
	if err != nil || f.SHA256 == "" || info.Size() != f.Size {
		return false
	}
	sum, err := hashFile(path)
	return err == nil && sum == f.SHA256
}

// origin tells paths apart without saying them: a colleague, or a customer,
// gets the case.
func (c *Case) origin(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if path == "-" {
		abs = path
	}
	sum := sha256.Sum256([]byte(c.now().schema.ID + "\x00" + abs))
	return hex.EncodeToString(sum[:8]), nil
}

// sameContent finds the input that is a file of the same content, under
// another path; -1 if there is none.
func sameContent(plans []plan, path string) int {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return -1
	}
	return slices.IndexFunc(plans, func(p plan) bool {
		return len(p.Recorded) == 1 && p.Recorded[0].Path == p.Label && sameFile(p.Recorded[0], path)
	})
}

func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// newLabel names an input after the last element of its path.
func newLabel(plans []plan, path string) string {
	name := path
	if path != "-" {
		if abs, err := filepath.Abs(path); err == nil {
			name = filepath.Base(abs)
		}
	}
	name = strings.ToValidUTF8(strings.NewReplacer("/", "_", `\`, "_", "!", "_").Replace(name), "\uFFFD")
	label := name
	for n := 2; slices.ContainsFunc(plans, func(p plan) bool { return p.Label == label }); n++ {
		label = fmt.Sprintf("%s (%d)", name, n)
	}
	return label
}
