package index

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/vsswhy/vsswhy/index/search"
	"github.com/vsswhy/vsswhy/index/store"
	"github.com/vsswhy/vsswhy/ingest"
)

// Version names the form of a case. A case of another version is not read.
const Version = "vsswhy.case/v1"

// The two copies of the schema. The second is written after the first, so that
// one of them is whole at any time.
var schemaNames = [...]string{"schema.json", "schema.copy.json"}

// maxSchema bounds what is read of a schema, in bytes.
const maxSchema = 1 << 30

// A Schema says what a case is: which inputs it has, what was derived from
// them by which versions, and the hash of every file of it. Since it is
// written last and whole, a file that it names is complete, and one that it
// does not name is left over from a process that was killed.
type Schema struct {
	Schema     string        `json:"schema"`
	ID         string        `json:"id"`   // of the case; random
	Args       []string      `json:"args"` // the command line that the report was made by, and when
	Generated  time.Time     `json:"generated"`
	Generation int           `json:"generation"` // of the derived files; 0: no scan was finished
	Versions   Versions      `json:"versions"`
	Keep       Keep          `json:"keep"` // which events the store has
	Inputs     []Input       `json:"inputs"`
	Report     *File         `json:"report"`
	Store      *StoreFile    `json:"store"`
	Search     *SearchFolder `json:"search"`
	Earlier    *SearchFolder `json:"earlier,omitempty"` // of the generation before, for the next one to start from
	Scope      Scope         `json:"index"`             // what Search is to have
	SHA256     string        `json:"sha256"`            // of this text with these digits blank
}

// Versions are those of the parts that a case was made by. A part that has
// changed since has its files made again.
type Versions struct {
	Tool     string `json:"tool"`
	Readers  string `json:"readers"`
	Rules    string `json:"rules"`    // digest of all rules
	Interest string `json:"interest"` // digest of what they look at
	Answers  string `json:"answers"`  // digest of what the engineer answered
}

// An Input is a path that was given to a scan.
type Input struct {
	Label  string                `json:"label"`
	Origin string                `json:"origin"` // tells paths apart without saying them
	Files  []ingest.RecordedFile `json:"files"`
}

// A File is one derived file.
type File struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// A StoreFile is the event store.
type StoreFile struct {
	Name string `json:"name"`
	store.Manifest
}

// A SearchFolder is the full-text index.
type SearchFolder struct {
	Name  string `json:"name"`
	Scope Scope  `json:"scope"`
	search.Manifest
}

// blank is what SHA256 is while the schema's own hash is computed.
var blank = string(bytes.Repeat([]byte{'0'}, hex.EncodedLen(sha256.Size)))

func (s Schema) encode() ([]byte, error) {
	s.SHA256 = blank
	text, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	at := bytes.LastIndex(text, []byte(blank))
	hex.Encode(text[at:], sum[:])
	return text, nil
}

// decodeSchema reads a schema. Its hash is that of the text, and not of what was
// understood of it, so that a later version may add fields.
func decodeSchema(text []byte) (*Schema, error) {
	s := new(Schema)
	if err := json.Unmarshal(text, s); err != nil {
		return nil, err
	}
	if s.Schema != Version {
		return nil, fmt.Errorf("it is of the form %q, and this program knows %q", s.Schema, Version)
	}
	at := bytes.LastIndex(text, []byte(s.SHA256))
	if at < 0 || len(s.SHA256) != len(blank) {
		return nil, errors.New("it has no SHA-256 of its own")
	}
	whole := bytes.Clone(text)
	copy(whole[at:], blank)
	if sum := sha256.Sum256(whole); hex.EncodeToString(sum[:]) != s.SHA256 {
		return nil, errors.New("it does not have its own SHA-256")
	}
	return s, nil
}

// readSchema reads the first copy that is whole. Damage says what is wrong with
// the other.
func readSchema(dir string) (s *Schema, damage []string, err error) {
	missing := 0
	for _, name := range schemaNames {
		text, err := readBounded(filepath.Join(dir, name), maxSchema)
		if errors.Is(err, fs.ErrNotExist) {
			missing++
			damage = append(damage, name+" is missing")
			continue
		}
		var got *Schema
		if err == nil {
			got, err = decodeSchema(text)
		}
		if err != nil {
			damage = append(damage, fmt.Sprintf("%s: %v", name, err))
		} else if s == nil || got.Generation > s.Generation {
			s = got
		}
	}
	if s != nil {
		return s, damage, nil
	}
	if missing == len(schemaNames) {
		return nil, nil, ErrNoCase
	}
	return nil, damage, fmt.Errorf("%w: %s", ErrDamaged, damage[0])
}

func readBounded(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("has more than %d bytes", most)
	}
	return data, err
}

// write makes the schema durable: from now on the case is what it says.
func (s *Schema) write(dir string) error {
	text, err := s.encode()
	if err != nil {
		return err
	}
	for _, name := range schemaNames {
		if err := replaceFile(filepath.Join(dir, name), text); err != nil {
			return err
		}
	}
	return nil
}

// replaceFile puts a file at a path whole or not at all, and on disk.
func replaceFile(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), temporary)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	syncFolder(filepath.Dir(path))
	return nil
}

// syncFolder makes a renaming durable, where the system can.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
}

// temporary is the pattern of files that are not yet what they will be.
const temporary = ".tmp-*"
