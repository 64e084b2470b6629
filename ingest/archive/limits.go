package archive

import "fmt"

// Limits bounds what archives, which come from strangers, may cost. A limit
// that is hit is reported as [event.DamageLimit], with its value, and as a loss.
type Limits struct {
	// Depth is how deep archives may be nested: 1 is an archive on disk, 2 an
	// archive within it. A compressed tar counts once.
	Depth int

	// Entries bounds the members of all archives of a run, and ArchiveEntries
	// those of one archive. Folders and links count too.
	Entries, ArchiveEntries int

	// Output bounds the bytes that a run unpacks: the larger of Output and
	// OutputRatio times the size of the archives that were given.
	Output, OutputRatio int64

	// MemberOutput and MemberRatio guard against bombs. A member that has
	// unpacked to more than MemberOutput bytes, and to more than MemberRatio
	// times its packed size, is stopped. Event logs are full of zeros, so a
	// ratio alone would stop honest ones: deflate makes 11:1 of a busy log,
	// several hundred to one of an almost empty one, and at most 1032:1 of
	// anything. But no log of a gigabyte is almost empty.
	MemberOutput, MemberRatio int64

	// Memory bounds the bytes of unpacked members that are held in memory, at
	// any time in a run. What exceeds it goes to a private temporary folder.
	Memory int64

	// NameBytes and NameLevels bound a member's name.
	NameBytes, NameLevels int

	// DirectoryBytes bounds the table of contents of one archive: it is held
	// in memory.
	DirectoryBytes int64
}

// DefaultLimits returns the limits of the product.
func DefaultLimits() Limits {
	return Limits{
		Depth:          8,
		Entries:        1_000_000,
		ArchiveEntries: 200_000,
		Output:         20e9,
		OutputRatio:    20,
		MemberOutput:   1 << 30,
		MemberRatio:    500,
		Memory:         64 << 20,
		NameBytes:      4 << 10,
		NameLevels:     256,
		DirectoryBytes: 64 << 20,
	}
}

// MaxOutput returns how many bytes may be unpacked from archives of the given
// size.
func (l Limits) MaxOutput(input int64) int64 {
	if l.OutputRatio > 0 && input > l.Output/l.OutputRatio {
		return l.OutputRatio * input
	}
	return l.Output
}

// grouped prints n with a comma between each three digits.
func grouped[T int | int64](n T) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}
