package archive

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/mikelolasagasti/xz"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// An Error says what is wrong with an archive or a member. Readers of members
// return it; what was read before it is sound as far as it goes, unless Kind
// and Detail say otherwise.
type Error struct {
	Kind   event.DamageKind
	Detail string
	Lost   bool // something could not be read because of it
}

func (e *Error) Error() string { return e.Detail }

// Damage returns the error as an entry of a source's damage list. Offset is
// the place where reading stopped, in bytes; -1 if it has none.
func (e *Error) Damage(offset int64) event.Damage {
	return event.Damage{Kind: e.Kind, Offset: offset, Detail: e.Detail, Lost: e.Lost}
}

func lost(kind event.DamageKind, format string, args ...any) *Error {
	return &Error{Kind: kind, Detail: fmt.Sprintf(format, args...), Lost: true}
}

// explain turns an error of the library named lib into an Error. End of file,
// cancellation and errors of the system, such as a full disk, stay as they are.
func explain(lib string, err error) error {
	var known *Error
	var corrupt flate.CorruptInputError
	switch {
	case err == nil, err == io.EOF, errors.As(err, &known), errors.Is(err, context.Canceled), isSystem(err):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return lost(event.DamageTruncated, "%s: the compressed data ends too early", lib)
	case errors.As(err, &corrupt):
		return lost(event.DamageArchive, "%s: the compressed data is damaged at its byte %d", lib, int64(corrupt))
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, xz.ErrMemlimit):
		return tooHungry()
	case errors.Is(err, gzip.ErrChecksum):
		return &Error{Kind: event.DamageArchive, Detail: lib + ": the content does not match its checksum"}
	}
	return lost(event.DamageArchive, "%s: %s", lib, err)
}

func tooHungry() *Error {
	return lost(event.DamageLimit, "it needs a dictionary of more than %s bytes: not read", grouped(int64(maxDictionary)))
}

// locked is the error of what is encrypted, by a cipher of this name, and which
// none of the passwords opens.
func locked(cipher string, passwords []string) *Error {
	if len(passwords) == 0 {
		return lost(event.DamageEncrypted, "encrypted (%s): give its password with --password", cipher)
	}
	return lost(event.DamageEncrypted, "encrypted (%s), and not with a password that was given with --password, or it is damaged", cipher)
}

// isSystem reports whether err comes from the file system or the device.
func isSystem(err error) bool {
	var system interface{ Timeout() bool } // fs.PathError and syscall.Errno have it
	return errors.As(err, &system)
}

// guarded calls a function of the third-party library named lib and turns a
// panic into an Error: damaged input panics some decoders. Only such calls are
// guarded, so that a mistake of our own still shows.
func guarded(lib string, call func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = lost(event.DamageArchive, "%s failed on damaged data: %v", lib, p)
		}
	}()
	return call()
}
