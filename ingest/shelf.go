package ingest

import (
	"io"
	"slices"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/archive"
	"github.com/vsswhy/vsswhy/ingest/event"
)

// Version is that of the readers, as a [RecordedFile] states it. Raise it when a
// file that was read before would give other sources, events or damage now: a
// format that can be read now, a mended reader, another limit. Then a shelf must
// not recall what was recorded before, so that files that are given are read
// again. (Kept logs are decoded again in any case.)
const Version = "4"

// recovering is what Readers adds to Version.
const recovering = "+recover"

// Readers is the Version of readers that recover, or do not.
func Readers(recover bool) string {
	if recover {
		return Version + recovering
	}
	return Version
}

// Recovers reports whether such readers recover.
func Recovers(readers string) bool { return strings.HasSuffix(readers, recovering) }

// A Shelf keeps what a scan reads, so that it need not be read, or given, once
// more. The case has one. Several goroutines use it at once.
//
// Keeping never fails a scan: what could not be kept has no Source.Kept, and the
// shelf remembers its errors for its owner.
type Shelf interface {
	// Keep starts to keep a content.
	Keep() (Keeper, error)

	// Open opens a content by its name.
	Open(name string) (Kept, error)

	// KnowsSize reports whether Recall may know a file of this size. It is asked
	// of every file, to save computing its hash first.
	KnowsSize(size int64) bool

	// Recall returns what was found in a file with this SHA-256 (lower-case hex
	// digits), as RecordedFile.Sources has it. The scan changes nothing of it.
	Recall(sha256 string) (sources []event.Source, ok bool)
}

// A Keeper takes one content. It is ended by Commit or by Discard, also after an
// error.
type Keeper interface {
	io.Writer
	Commit(name string) error // name is the SHA-256 in lower-case hex digits
	Discard()
}

// A Kept is a content that was kept. Its errors other than io.EOF say that it is
// not, or not wholly, what was kept; what is read up to an error is sound.
type Kept interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// An Input is one thing to be scanned.
type Input struct {
	// Path is a file, a folder, an archive, or "-" for standard input. If it is
	// "", Recorded is replayed instead: what an earlier scan found.
	Path     string
	Recorded []RecordedFile

	// Label is what Source.Path and Source.Root call the Path, with slashes; ""
	// stands for Path itself. A case gives labels, so that it tells nothing of
	// the machine. Files that are given by themselves have the folder of their
	// labels in common, or not, as Source.Root.
	Label string

	// Found says that the Path was not named, but met in a folder: if it is no
	// log, it is skipped, and that is no error.
	Found bool

	// SHA256 is that of the file at Path, in hex digits, if it is known: it is not
	// computed again.
	SHA256 string
}

// A RecordedFile is what a scan found in one file, or in another thing that lies
// in no archive, such as a folder that can't be read.
type RecordedFile struct {
	Path    string `json:"path"` // Source.Path and Source.Root of the file itself
	Root    string `json:"root"`
	SHA256  string `json:"sha256"` // "" if it is not known
	Size    int64  `json:"size"`
	Readers string `json:"readers"` // Version at that time

	// Sources are the file itself, and then what was found in it, in the order
	// of the scan. Their Paths are relative to the file: "" is the file, and
	// "!/NODE-A/System.evtx" a member. Of logs that were kept, the counts,
	// Streams and Damage of their content are not used: they are read anew.
	Sources []event.Source `json:"sources"`
}

// Locked reports whether more might be found in a file if a password were given:
// a part of it is encrypted.
func Locked(sources []event.Source) bool {
	encrypted := func(d event.Damage) bool { return d.Kind == event.DamageEncrypted }
	return slices.ContainsFunc(sources, func(s event.Source) bool { return slices.ContainsFunc(s.Damage, encrypted) })
}

// standsFor reports whether what was found in a file can stand for reading it
// once more: its logs were all kept, and are sound; and nothing but the file
// itself decided what was found, such as a limit on all files, or an error of
// the system.
func standsFor(sources []event.Source) bool {
	unsure := func(d event.Damage) bool {
		return d.Kind == event.DamageKept || d.Kind == event.DamageLimit && d.Lost
	}
	for i := range sources {
		s := &sources[i]
		isLog := s.Format != "" && !archive.IsFormat(s.Format)
		if s.Err != "" || isLog && s.Kept == "" || slices.ContainsFunc(s.Damage, unsure) {
			return false
		}
	}
	return len(sources) > 0
}
