package index

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// The lock is a file that the system locks for one process and frees when that
// ends, however it ends. Who holds it is in a file beside it, since some
// systems don't let others read a locked one.
const (
	lockName   = "lock"
	holderName = "lock.holder"
)

// A LockedError says that another process writes to the case.
type LockedError struct {
	PID   int
	Host  string
	Since time.Time
}

func (e *LockedError) Error() string {
	if e.PID == 0 {
		return "the case is in use by another process"
	}
	return fmt.Sprintf("the case is in use by process %d on %s since %s", e.PID, e.Host, e.Since.Format(time.DateTime+" MST"))
}

type lock struct {
	file   *flock.Flock
	holder string // path
}

// lockPatience is for a process that was killed while it started another one, which
// has its open files for some milliseconds more.
const lockPatience = 300 * time.Millisecond

// takeLock takes the lock of a case or says who has it.
func takeLock(dir string) (*lock, error) {
	l := &lock{flock.New(filepath.Join(dir, lockName), flock.SetPermissions(0o600)), filepath.Join(dir, holderName)}
	ctx, cancel := context.WithTimeout(context.Background(), lockPatience)
	defer cancel()
	ok, err := l.file.TryLockContext(ctx, 10*time.Millisecond)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return nil, err
	}
	if !ok {
		return nil, readHolder(l.holder)
	}
	host, _ := os.Hostname()
	text, err := json.Marshal(LockedError{os.Getpid(), host, time.Now().UTC().Truncate(time.Second)})
	if err == nil {
		err = os.WriteFile(l.holder, text, 0o600)
	}
	if err != nil {
		return nil, errors.Join(err, l.free())
	}
	return l, nil
}

func readHolder(path string) *LockedError {
	e := &LockedError{}
	if text, err := os.ReadFile(path); err == nil {
		json.Unmarshal(text, e) // an unreadable holder is an unknown one
	}
	return e
}

func (l *lock) free() error {
	if l == nil {
		return nil
	}
	os.Remove(l.holder)
	return l.file.Unlock()
}
