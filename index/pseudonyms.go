package index

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/vsswhy/vsswhy/rules/report"
)

// The pseudonyms that redacted reports of a case have in place of names are kept in
// it, so that the next report has the same ones. They are no part of a generation,
// since nothing can make them again, and have a lock of their own: a report may be
// redacted while somebody writes notes.
const (
	pseudonymsName   = "pseudonyms.json"
	pseudonymsLock   = "pseudonyms.lock"
	pseudonymsSchema = "vsswhy.pseudonyms/v1"
	maxPseudonyms    = 256 << 20 // bytes that are read of the file
)

// pseudonymsFile is the form of the file. A pseudonym that was given is never taken
// back.
type pseudonymsFile struct {
	Schema string             `json:"schema"`
	SHA256 string             `json:"sha256"` // of the JSON of the names
	Names  []report.Pseudonym `json:"names"`
}

// NotKeptError says that pseudonyms could not be kept: the next report may have
// others.
type NotKeptError struct{ Err error }

func (e *NotKeptError) Error() string {
	return fmt.Sprintf("the pseudonyms of this report are not kept in the case, and the next report may have others: %v", e.Err)
}

func (e *NotKeptError) Unwrap() error { return e.Err }

// Redact redacts a report of the case of a folder, with the pseudonyms that earlier
// reports have, and keeps the new ones. The report is there also if the error is a
// *NotKeptError.
func Redact(ctx context.Context, dir string, r *report.Report) (*report.Report, error) {
	free, locked := lockPseudonyms(ctx, dir)
	defer free()
	given, err := Pseudonyms(dir)
	if err != nil {
		return nil, err
	}
	out, all := report.Redact(r, given)
	if len(all) == len(given) {
		return out, nil
	}
	if err = locked; err == nil {
		err = writePseudonyms(dir, all)
	}
	if err != nil {
		return out, &NotKeptError{err}
	}
	return out, nil
}

// lockPseudonyms waits for others that redact reports of the same case.
func lockPseudonyms(ctx context.Context, dir string) (free func(), err error) {
	const patience, pause = 10 * time.Second, 20 * time.Millisecond
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience) // an interrupted report is printed, too
	defer cancel()
	l := flock.New(filepath.Join(dir, pseudonymsLock), flock.SetPermissions(0o600))
	if _, err := l.TryLockContext(ctx, pause); err != nil {
		return func() {}, err
	}
	return func() { l.Unlock() }, nil
}

// Pseudonyms returns those that the redacted reports of a case have, in the order in
// which they were given.
func Pseudonyms(dir string) ([]report.Pseudonym, error) {
	if !IsCase(dir) {
		return nil, fmt.Errorf("%s %w", dir, ErrNoCase)
	}
	text, err := readBounded(filepath.Join(dir, pseudonymsName), maxPseudonyms)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var f pseudonymsFile
	if err := json.Unmarshal(text, &f); err != nil || f.Schema != pseudonymsSchema || f.SHA256 != sumOf(f.Names) {
		return nil, fmt.Errorf("%s: %w: it is not as it was written; move it away to begin with new pseudonyms", filepath.Join(dir, pseudonymsName), ErrDamaged)
	}
	return f.Names, nil
}

func sumOf(names []report.Pseudonym) string {
	text, err := json.Marshal(names)
	if err != nil {
		panic(err) // of types that JSON has
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func writePseudonyms(dir string, names []report.Pseudonym) error {
	text, err := json.MarshalIndent(pseudonymsFile{pseudonymsSchema, sumOf(names), names}, "", " ")
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(dir, pseudonymsName), append(text, '\n'))
}
