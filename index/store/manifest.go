package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
)

// A Manifest is what the case keeps of a store, apart from its file.
type Manifest struct {
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // of the file, hex digits
	Parts  []Part `json:"parts"`  // each row group, then the footer; together the whole file

	// Sources are those of the rows, by rank: as they were first written. One
	// all of whose events others had before it has no rows.
	Sources []string `json:"sources"`

	// Duplicates counts the events that were left out, since the store had them
	// already; with those that an included store had left out.
	Duplicates int64 `json:"duplicates"`
}

// A Part is a piece of the file, from the end of the part before it.
type Part struct {
	End    int64  `json:"end"`    // offset of the byte after it
	SHA256 string `json:"sha256"` // hex digits
}

// ErrDamaged says that a store is not the file that its manifest describes.
var ErrDamaged = errors.New("the event store is damaged")

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// check looks whether the manifest is one, since it comes from a file too.
func (m *Manifest) check() error {
	end := int64(0)
	for i, p := range m.Parts {
		if p.End <= end {
			return damaged("part %d of the manifest ends at %d, after %d", i, p.End, end)
		}
		end = p.End
	}
	if end != m.Bytes || m.Rows < 0 {
		return damaged("the manifest's parts end at %d of %d bytes", end, m.Bytes)
	}
	return nil
}

// verifyRange compares the bytes from one offset to another with their hash.
func verifyRange(f io.ReaderAt, from, to int64, want string) error {
	h := sha256.New()
	n, err := io.Copy(h, io.NewSectionReader(f, from, to-from))
	if err != nil {
		return fmt.Errorf("read the event store: %w", err)
	}
	if n != to-from {
		return damaged("it ends at byte %d of %d", from+n, to)
	}
	if hex.EncodeToString(h.Sum(nil)) != want {
		return damaged("bytes %d to %d do not have the SHA-256 of the manifest", from, to)
	}
	return nil
}

// A summer hashes what passes through it: the whole, and part by part.
type summer struct {
	out         io.Writer
	whole, part hash.Hash
	size        int64
	parts       []Part
}

func newSummer(out io.Writer) *summer {
	return &summer{out: out, whole: sha256.New(), part: sha256.New()}
}

func (s *summer) Write(p []byte) (int, error) {
	n, err := s.out.Write(p)
	s.whole.Write(p[:n])
	s.part.Write(p[:n])
	s.size += int64(n)
	return n, err
}

func (s *summer) endPart() {
	s.parts = append(s.parts, Part{End: s.size, SHA256: hex.EncodeToString(s.part.Sum(nil))})
	s.part.Reset()
}

func (s *summer) manifest() Manifest {
	return Manifest{Bytes: s.size, SHA256: hex.EncodeToString(s.whole.Sum(nil)), Parts: s.parts}
}
