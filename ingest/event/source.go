package event

import (
	"time"
)

// Basis says what the times of a source mean.
type Basis uint8

// The time bases.
const (
	BasisUTC     Basis = iota // EVTX and event XML state UTC
	BasisLocal                // the exporting machine's local time
	BasisUnknown              // nothing says
)

func (b Basis) String() string {
	return [...]string{"utc", "local", "unknown"}[b]
}

// A Source is one thing that was met while reading the input: a log, a text
// artefact, or a file that is neither. Its reader owns it until the source's
// last Batch is yielded; from then on nobody changes it.
type Source struct {
	ID     int    // from 1, in path order
	Path   string // a label for people: outer.zip!/dir/member, with slashes
	Root   string // the collection that it came with: the outermost archive, or the path asked for
	Format string // "evtx", "xml", "systeminfo", …; "" if not recognised
	Size   int64  // in bytes; of a member, its size after decompression
	SHA256 string // hex digits; "" if it was not read to its end; of archives, only those that a case can recall have it
	Basis  Basis

	Kept     string // SHA-256 of what was read of it, under which a case keeps that; "" if it is not kept
	Recalled bool   // a case knew the file that it came in: this is what was found there before

	Records     uint64 // records found by walking the log; what expected counts count
	Recovered   uint64 // records recovered outside the regular structure
	Undecodable uint64 // records found, but not decodable (part of Records)
	Relevant    uint64 // records that the Interest wanted

	Messages     uint64 // of a file of messages, how many events it has one for; of a log, how many events got theirs from one
	MessagesFrom string // of a log: the Path of that file; "" if there is none

	Streams []Stream // in order of host, channel
	Damage  []Damage
	Skipped string // why this is no log, archive or artefact; "" if it is one
	Err     string // why it could not be read, wholly or from some point on; "" if it was
}

// HasContent reports whether a source of some records held something to go by: a
// record, a line of an artefact, or a sound log without records. An empty log is an
// answer, an empty archive is none.
func HasContent(records uint64, format, err string) bool {
	return records > 0 || err == "" && IsLog(format)
}

// IsLog reports whether a format is that of an event log, and not of a text
// artefact or an archive.
func IsLog(format string) bool {
	switch format {
	case "evtx", "evt", "xml", "copied-xml", "clixml", "csv", "list":
		return true
	}
	return false
}

// Lost reports whether part of the source could not be read, so that the
// result is incomplete.
func (s *Source) Lost() bool {
	if s.Err != "" || s.Undecodable > 0 {
		return true
	}
	for i := range s.Damage {
		if s.Damage[i].Lost {
			return true
		}
	}
	return false
}

// A Stream sums up the records of one channel of one computer in one source,
// wanted or not. It is what coverage is computed from.
type Stream struct {
	Computer string // as written in the records
	Channel  string
	Records  uint64
	First    time.Time // earliest and latest TimeCreated
	Last     time.Time
	FirstID  uint64 // lowest and highest EventRecordID
	LastID   uint64
	Gaps     []Gap // holes in the EventRecordIDs, in order; see MaxGaps
	// Sparse says that there are more than MaxGaps holes (a filtered export):
	// Gaps is then cut short, and the stream covers no time at all.
	Sparse bool
	// Providers are the names of all providers seen, sorted.
	Providers []string
}

// MaxGaps bounds Stream.Gaps. A log of a living machine has a handful of gaps
// at most; a filtered export has about one per record.
const MaxGaps = 1024

// A Gap is a hole in the EventRecordIDs of a stream: the records after the
// first id and before the second are missing, and so is what happened between
// the two times.
type Gap struct {
	AfterID, BeforeID uint64
	From, To          time.Time
}

// DamageKind names what is wrong with a source.
type DamageKind string

// The kinds of damage. Each reader says in its documentation which it reports.
const (
	DamageDirty          DamageKind = "dirty"           // the log was not closed properly; header counts are stale
	DamageFileHeader     DamageKind = "file-header"     // checksum or values of the file header are off
	DamageChunkChecksum  DamageKind = "chunk-checksum"  // header or data checksum of a chunk is off
	DamageChunkMagic     DamageKind = "chunk-magic"     // data where a chunk should be
	DamageRecord         DamageKind = "record"          // a record that can't be walked past or decoded
	DamageTruncated      DamageKind = "truncated"       // the source ends too early
	DamageTime           DamageKind = "time"            // what its times mean can't be told
	DamageFields         DamageKind = "fields"          // events came without their fields
	DamageEncoding       DamageKind = "encoding"        // bytes that are no text in the declared encoding
	DamageSyntax         DamageKind = "syntax"          // text that breaks the format's syntax
	DamageLimit          DamageKind = "limit"           // a limit was hit; Detail names it
	DamageEncrypted      DamageKind = "encrypted"       // encrypted, and no password
	DamageUnsupported    DamageKind = "unsupported"     // a feature of the format that is not supported
	DamageArchive        DamageKind = "archive"         // the archive's own structure is damaged
	DamageSuspiciousName DamageKind = "suspicious-name" // a member name that would escape its folder
	DamageKept           DamageKind = "kept"            // what a case keeps of the source is damaged or missing
)

// Damage is one defect of a source.
type Damage struct {
	Kind   DamageKind
	Offset int64 // in bytes from the start of the source; -1 if it has no place
	Detail string
	Lost   bool // records or members could not be read because of it
	Outer  bool // it is no defect of the source's own content, but of what that came in: an archive, a case
}

// A Batch is one piece of one source. Batches come in path order, and within a
// source in the order of its records; Events of one Batch are bounded in
// number and size.
type Batch struct {
	Source *Source // only ID, Path, Root, Format and Recalled are settled before Last
	Events []Event
	Facts  []Fact
	Last   bool // the source is finished: its counts, streams and damage are final
}
