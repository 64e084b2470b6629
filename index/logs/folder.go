package logs

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
)

// ErrDamaged is what errors wrap that say that a kept content is not, or not
// wholly, what was written. Such a content has to be written again.
var ErrDamaged = errors.New("the kept content is damaged")

// A Folder is a folder of contents. It is safe for concurrent use.
type Folder struct{ root *os.Root }

// Open opens a folder, which must exist.
func Open(dir string) (*Folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Folder{root}, nil
}

// Close closes the folder. Its Logs and Writers must be closed before.
func (f *Folder) Close() error { return f.root.Close() }

// nameLength is that of a name: the hex digits of a SHA-256.
const nameLength = 2 * sha256.Size

// leftover is what the names of contents begin with that are being written.
const leftover = ".new-"

func isName(name string) bool {
	return len(name) == nameLength && strings.Trim(name, "0123456789abcdef") == ""
}

func checkName(name string) error {
	if !isName(name) {
		return fmt.Errorf("%.80q is no SHA-256 in %d lower-case hex digits", name, nameLength)
	}
	return nil
}

// Names returns the names of all contents, sorted. What else lies in the folder
// is passed over.
func (f *Folder) Names() ([]string, error) {
	return f.list(func(e fs.DirEntry) bool { return e.Type().IsRegular() && isName(e.Name()) })
}

// RemoveLeftovers removes what a killed process has not finished writing. Nobody
// may be writing at the time.
func (f *Folder) RemoveLeftovers() error {
	names, err := f.list(func(e fs.DirEntry) bool { return strings.HasPrefix(e.Name(), leftover) && !e.IsDir() })
	for _, name := range names {
		err = errors.Join(err, f.root.Remove(name))
	}
	return err
}

func (f *Folder) list(want func(fs.DirEntry) bool) (names []string, err error) {
	dir, err := f.root.Open(".")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	for _, e := range entries {
		if want(e) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, err
}

// Create starts to write a content. The Writer must be ended by Commit or
// Discard.
func (f *Folder) Create() (*Writer, error) {
	temp := leftover + rand.Text()
	file, err := f.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return newWriter(f, file, temp)
}

// adopt gives a temporary file its name. If there is a file of that name with
// the same bytes, it stays: somebody may be reading it. One with other bytes is
// replaced, since the new one is known to be sound.
func (f *Folder) adopt(temp, name string) error {
	if f.equal(temp, name) {
		return f.root.Remove(temp)
	}
	return f.root.Rename(temp, name)
}

func (f *Folder) equal(a, b string) bool {
	x, err := f.openRegular(a)
	if err != nil {
		return false
	}
	defer x.Close()
	y, err := f.openRegular(b)
	if err != nil {
		return false
	}
	defer y.Close()
	return sameBytes(x, y)
}

// sameBytes reports whether two readers hold the same up to their end.
func sameBytes(x, y io.Reader) bool {
	p, q := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, errX := io.ReadFull(x, p)
		m, errY := io.ReadFull(y, q)
		if errX != errY || !bytes.Equal(p[:n], q[:m]) {
			return false
		}
		if errX != nil {
			return errX == io.EOF || errX == io.ErrUnexpectedEOF
		}
	}
}

// Sync makes the names that were given so far survive a crash of the system, as
// the contents do already.
func (f *Folder) Sync() error {
	if runtime.GOOS == "windows" {
		return nil // NTFS has a journal of names, and folders can't be flushed
	}
	dir, err := f.root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// Open opens a content by its name. Its error is one of the system
// (fs.ErrNotExist if there is no such content), or wraps ErrDamaged.
func (f *Folder) Open(name string) (*Log, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	file, err := f.openRegular(name)
	if err != nil {
		return nil, err
	}
	l, err := openLog(file)
	if err != nil {
		file.Close()
		return nil, err
	}
	return l, nil
}

// openRegular opens a file, and nothing that may wait for ever, such as a pipe.
func (f *Folder) openRegular(name string) (*os.File, error) {
	info, err := f.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: it is no regular file", ErrDamaged)
	}
	return f.root.Open(name)
}

// Verify reads a content to its end and compares it with its name. The error is
// one of Open, ReadAt or ctx, or wraps ErrDamaged if the content is another.
func (f *Folder) Verify(ctx context.Context, name string) error {
	l, err := f.Open(name)
	if err != nil {
		return err
	}
	defer l.Close()
	sum, buf := sha256.New(), make([]byte, frameSize)
	for off := int64(0); off < l.Size(); {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := l.ReadAt(buf[:min(l.Size()-off, l.frame(off))], off)
		if err != nil && err != io.EOF {
			return err
		}
		sum.Write(buf[:n])
		off += int64(n)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != name {
		return fmt.Errorf("%w: its SHA-256 is %s", ErrDamaged, got)
	}
	return nil
}
