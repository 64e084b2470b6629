// Package artefact reads facts out of the text files that come with logs: what
// systeminfo, wmic, PowerShell, vssadmin, diskshadow, reg, iscsicli and diskpart
// print, and the log of the cluster service. Start with Sniff and Read.
//
// The tools speak the language of Windows, so texts are known by what no
// language changes: shapes of values, names of properties, GUIDs, keys.
//
//	format          from                                    told by
//	systeminfo      systeminfo, also /fo list and /fo csv   "6.1.7601 … 7601": a version that ends as it began
//	hotfixes        wmic qfe, Get-HotFix; table, list,      property HotFixID
//	                CSV, Clixml
//	file-versions   wmic datafile, VersionInfo; the same    properties Name or FileName, and Version or FileVersion;
//	                forms; filever                          filever's line
//	vss-writers     vssadmin list writers, diskshadow       a GUID, a GUID and a state "[1]" in a row; "* … "name""
//	                list writers
//	registry        .reg files; reg query                   the first line
//	iscsi-sessions  iscsicli sessionlist                    the first line: iSCSI, a version, a build
//	disk-ids        diskpart: uniqueid disk, detail disk,   the first line: DiskPart, a version
//	                san
//	cluster-log     Get-ClusterLog, cluster log /gen        the first line: process.thread::time, or the section Cluster
//
// A text that says too little to be sure of its kind is none: better no fact than
// a wrong one. Texts are UTF-16, UTF-8, or what is not valid UTF-8 in the console's
// code page 850 (for registry files 1252); the values themselves are ASCII.
//
// # Damage
//
//   - DamageLimit: the text is longer than maxText, a line than maxLine, or there
//     are more than maxFacts (all lost).
//   - DamageUnsupported: a listing of several computers, which can't be told apart (lost).
package artefact

import (
	"fmt"
	"io"
	"slices"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// Limits on one text. The longest real ones, hotfix lists as Clixml, have some
// hundred KiB.
const (
	maxText  = 16 << 20
	maxLine  = 1 << 20
	maxFacts = 1 << 16
)

// sniffLength is what Sniff looks at.
const sniffLength = 4096

// A textFormat is one line of the table of what can be read.
type textFormat struct {
	name  string
	known func(t *text) bool // judges the first lines of a text
	read  func(t *text, f *facts)

	// stream reads a text that is too long for memory, in place of read.
	stream func(r io.Reader, f *facts) error
}

// formats is in order of how sure the recognisers are; the first one wins.
var formats = []textFormat{
	{"registry", knownRegistry, readRegistry, nil},
	{"disk-ids", knownDiskpart, readDiskpart, nil},
	{"iscsi-sessions", knownISCSI, readISCSI, nil},
	{"cluster-log", knownClusterLog, nil, readClusterLog},
	{"vss-writers", knownWriters, readWriters, nil},
	{"systeminfo", knownSystemInfo, readSystemInfo, nil},
	{"hotfixes", knownHotfixes, readHotfixes, nil},
	{"file-versions", knownVersions, readVersions, nil},
}

// Sniff returns the format of a text with these first bytes, or "". The name is
// not needed to tell any of the present formats.
func Sniff(name string, head []byte) string {
	t := newText(head[:min(len(head), sniffLength)])
	if t.isBinary() {
		return ""
	}
	for _, section := range t.sections() {
		if f := formatOf(section); f != nil {
			return f.name
		}
	}
	return ""
}

// formatOf returns the format of a section of a text, or nil.
func formatOf(t *text) *textFormat {
	head := *t
	head.b = t.b[:min(len(t.b), sniffLength)]
	for i := range formats {
		if formats[i].known(&head) {
			return &formats[i]
		}
	}
	return nil
}

// Read returns the facts that a text of a format (as Sniff names it) states, in
// the order of its lines. What was copied from a console, with its prompts, may be of
// several commands: each is read in its own format, and the computer that one names is
// that of those behind it. It sets src's Records to the number of lines, and its
// Damage and Err. Facts bear the name of the computer that the text names, and
// src.ID.
func Read(r io.Reader, format string, src *event.Source) []event.Fact {
	src.Basis = event.BasisUnknown
	f := &facts{src: src}
	i := slices.IndexFunc(formats, func(known textFormat) bool { return known.name == format })
	if i < 0 {
		src.Err = fmt.Sprintf("%q is no format of a text artefact", format)
		return nil
	}
	if formats[i].stream == nil {
		readWhole(r, &formats[i], f)
	} else if err := formats[i].stream(r, f); err != nil {
		src.Err = err.Error()
	}
	return f.finish()
}

// readWhole reads a text into memory, and then what it states.
func readWhole(r io.Reader, format *textFormat, f *facts) {
	b, err := io.ReadAll(io.LimitReader(r, maxText+1))
	if err != nil {
		f.src.Err = err.Error()
	}
	if len(b) > maxText {
		b = b[:maxText]
		f.damage(event.DamageLimit, maxText, fmt.Sprintf("text of more than %d MiB: the rest is not read", maxText>>20))
	}
	t := newText(b)
	sections := t.sections()
	for _, section := range sections {
		if len(sections) > 1 {
			format = formatOf(section)
			f.section(section.command())
		}
		if format == nil || format.read == nil {
			continue
		}
		if format.name == "registry" {
			section.desktop()
		}
		format.read(section, f)
		f.endSection()
	}
	f.count(t)
}
