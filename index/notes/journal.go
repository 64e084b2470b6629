package notes

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"
)

// copies are the names of the two journals.
var copies = [...]string{"journal", "journal.copy"}

// maxJournal bounds what is read of a journal, in bytes. Nobody types that
// much; a case may come from a stranger.
const maxJournal = 256 << 20

// A change is one line of a journal.
type change struct {
	Seq uint64 `json:"seq"`
	Entry
	Removed bool `json:"removed,omitempty"`
}

// Notes are the entries of a case. They are safe for concurrent use by one
// process; that no other writes meanwhile is up to the caller.
type Notes struct {
	dir    string
	damage []string

	mu    sync.Mutex
	live  map[key]change
	seq   uint64                // of the last change
	lines int                   // of a journal
	files [len(copies)]*os.File // nil if read-only
	sizes [len(copies)]int64    // of what was acknowledged
}

// ErrReadOnly says that notes were opened for reading.
var ErrReadOnly = errors.New("the notes were opened read-only")

// Read opens the notes of a folder for reading. There may be none.
func Read(dir string) (*Notes, error) {
	n := &Notes{dir: dir, live: map[key]change{}}
	return n, n.load()
}

// Open opens the notes of a folder for reading and writing, makes the folder
// if there is none, and mends a journal from its copy. What can't be read is
// put aside under the name journal.damaged-TIME.
func Open(dir string) (*Notes, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	n, err := Read(dir)
	if err != nil {
		return nil, err
	}
	if len(n.damage) > 0 {
		if err := n.putAside(); err != nil {
			return nil, err
		}
	}
	if err := n.rewrite(); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// Damage says what of the journals could not be read when they were opened.
// Entries are lost only where both are damaged at the same place.
func (n *Notes) Damage() []string { return n.damage }

// Close closes the journals. All changes are on disk already.
func (n *Notes) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	var err error
	for i, f := range n.files {
		if f != nil {
			err = errors.Join(err, f.Close())
			n.files[i] = nil
		}
	}
	return err
}

// load reads both journals, and applies each change that one of them has.
func (n *Notes) load() error {
	changes := map[uint64]change{}
	var seen [len(copies)]int
	var missing []string
	for i, name := range copies {
		list, damage, err := readJournal(filepath.Join(n.dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, name+" is missing")
		} else if err != nil {
			return err
		}
		for _, d := range damage {
			n.damage = append(n.damage, name+": "+d)
		}
		for _, c := range list {
			changes[c.Seq] = c
		}
		seen[i] = len(list)
	}
	if len(missing) < len(copies) { // else there are no notes yet
		n.damage = append(n.damage, missing...)
	}
	// The first journal has one change more if the program was killed while it
	// wrote it.
	if more := seen[0] - seen[1]; more != 0 && more != 1 && len(n.damage) == 0 {
		n.damage = append(n.damage, fmt.Sprintf("%s has %d changes, and %s has %d", copies[0], seen[0], copies[1], seen[1]))
	}
	for _, seq := range slices.Sorted(maps.Keys(changes)) {
		n.apply(changes[seq])
	}
	return nil
}

func (n *Notes) apply(c change) {
	n.seq = max(n.seq, c.Seq)
	if c.Removed {
		delete(n.live, c.key())
	} else {
		n.live[c.key()] = c
	}
}

// readJournal reads the lines that are whole. A last line without its end is
// no damage: it was being written.
func readJournal(path string) (list []change, damage []string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxJournal+1))
	if err != nil {
		return nil, nil, err
	}
	if len(data) > maxJournal {
		damage = append(damage, fmt.Sprintf("only its first %d bytes are read", maxJournal))
		data = data[:maxJournal]
	}
	for number := 1; ; number++ {
		line, rest, whole := bytes.Cut(data, []byte{'\n'})
		if !whole {
			return list, damage, nil
		}
		data = rest
		if c, err := parseLine(line); err == nil {
			list = append(list, c)
		} else {
			damage = append(damage, fmt.Sprintf("line %d: %v", number, err))
		}
	}
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const sumDigits = 8

func (c *change) line() ([]byte, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "%0*x %s\n", sumDigits, crc32.Checksum(text, castagnoli), text), nil
}

func parseLine(line []byte) (c change, err error) {
	sum, text, _ := bytes.Cut(line, []byte{' '})
	want, err := strconv.ParseUint(string(sum), 16, 32)
	if err != nil || len(sum) != sumDigits || crc32.Checksum(text, castagnoli) != uint32(want) {
		return c, errors.New("does not have its checksum")
	}
	return c, json.Unmarshal(text, &c)
}

// append makes a change durable in both journals, and only then visible.
func (n *Notes) append(c change) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.files[0] == nil || n.files[1] == nil {
		return ErrReadOnly
	}
	c.Seq = n.seq + 1
	line, err := c.line()
	if err != nil {
		return err
	}
	for i, f := range n.files {
		if err := appendTo(f, n.sizes[i], line); err != nil {
			n.takeBack(i)
			return fmt.Errorf("the note is not saved: %w", err)
		}
	}
	for i := range n.sizes {
		n.sizes[i] += int64(len(line))
	}
	n.lines++
	n.apply(c)
	if n.outdated() {
		return n.rewriteLocked()
	}
	return nil
}

func appendTo(f *os.File, at int64, line []byte) error {
	if _, err := f.WriteAt(line, at); err != nil {
		return err
	}
	return f.Sync()
}

// takeBack cuts off a change that not all journals could take.
func (n *Notes) takeBack(last int) {
	for i := 0; i <= last; i++ {
		if n.files[i].Truncate(n.sizes[i]) == nil {
			n.files[i].Sync()
		}
	}
}

// outdated: most lines are, and there are enough of them to matter.
func (n *Notes) outdated() bool { return n.lines > 1000 && n.lines > 4*len(n.live) }

// rewrite writes the journals with the live entries alone.
func (n *Notes) rewrite() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.rewriteLocked()
}

func (n *Notes) rewriteLocked() error {
	var text []byte
	for _, c := range n.sorted() {
		line, err := c.line()
		if err != nil {
			return err
		}
		text = append(text, line...)
	}
	for i, name := range copies {
		if err := n.replace(i, filepath.Join(n.dir, name), text); err != nil {
			return err
		}
	}
	n.lines = len(n.live)
	return nil
}

// replace puts a journal with this text in place of the one there is, whole or
// not at all. Systems differ in whether a file that is open can be replaced, so
// it is closed meanwhile.
func (n *Notes) replace(i int, path string, text []byte) error {
	tmp := filepath.Join(n.dir, ".new")
	if err := writeSynced(tmp, text); err != nil {
		os.Remove(tmp)
		return err // what was there is whole, and still written to
	}
	if n.files[i] != nil {
		n.files[i].Close()
	}
	renamed := os.Rename(tmp, path)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	n.files[i] = f
	if err := errors.Join(renamed, err); err != nil {
		os.Remove(tmp)
		return err
	}
	n.sizes[i] = int64(len(text))
	syncFolder(n.dir)
	return nil
}

func writeSynced(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(appendTo(f, 0, text), f.Close())
}

// syncFolder makes a renaming durable, where the system can.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
}

// putAside keeps damaged journals for whoever wants to look into them.
func (n *Notes) putAside() error {
	suffix := ".damaged-" + time.Now().UTC().Format("20060102T150405.000")
	for _, name := range copies {
		data, err := os.ReadFile(filepath.Join(n.dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(n.dir, name+suffix), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}
