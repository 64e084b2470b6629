package artefact

import (
	"strconv"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// iscsiBanner is the first line of iscsicli: "Microsoft iSCSI Initiator Version
// 6.1 Build 7601", with words of any language between.
var iscsiBanner = pattern(`^\s*Microsoft\b.*\biSCSI\b.*\b\d{1,2}\.\d{1,2}\b.*\b\d{4,5}\s*$`)

// sessionID is the id of a session; those of connections lack the 4000.
var sessionID = pattern(`[:：]\s*([0-9A-Fa-f]{8,16}-4000[0-9A-Fa-f]{12})\s*$`)

var (
	zero      = pattern(`(?:^|\s)0(?:\s|\.|$)`)
	errorCode = pattern(`0[xX][0-9A-Fa-f]{8}`)
)

func knownISCSI(t *text) bool { return iscsiBanner().MatchString(t.first().text) }

// readISCSI counts the sessions. The line with their number is localised, but
// without any session it has a 0; so an error message is not taken for an
// empty list. The node name is no proof of the computer's: it outlives renaming.
func readISCSI(t *text, f *facts) {
	ids := map[string]bool{}
	var place line
	empty, failed := line{}, false
	for l := range t.filled() {
		switch m := sessionID().FindStringSubmatch(l.text); {
		case m != nil && len(ids) < maxFacts:
			if len(ids) == 0 {
				place = l
			}
			ids[strings.ToLower(m[1])] = true
		case errorCode().MatchString(l.text):
			failed = true
		case empty.no == 0 && !strings.ContainsAny(l.text, ":：") && zero().MatchString(l.text):
			empty = l
		}
	}
	switch {
	case len(ids) > 0:
		f.add(place, event.Fact{Key: event.FactISCSISession, Value: strconv.Itoa(len(ids))})
	case empty.no > 0 && !failed:
		f.add(empty, event.Fact{Key: event.FactISCSISession, Value: "0"})
	}
}

// diskpartBanner is the first line of diskpart: "Microsoft DiskPart version
// 6.1.7601".
var diskpartBanner = pattern(`^\s*Microsoft\b.*\bDiskPart\b.*\b\d{1,2}\.\d{1,2}\.\d{4,5}`)

// Lines of diskpart. The name of the computer stands below the copyright; the
// disk's number is only known where the commands are shown.
//
//	Copyright (C) 1999-2008 Microsoft Corporation.
//	On computer: NODE-A
//	DISKPART> select disk 1
//	Disk ID: 3F2A9B11
var (
	selectDisk = pattern(`(?i)^DISKPART>\s*sel\w*\s+dis\w*[\s=]+(\d{1,4})\s*$`)
	diskID     = pattern(`[:：]\s*([0-9A-Fa-f]{8}|` + guidPattern + `)\s*$`)
	sanPolicy  = pattern(`^SAN Policy\s*:\s*(Online All|Offline Shared|Offline All|Offline Internal)\s*$`)
)

// sanPolicies numbers what diskpart shows in English. In other languages nothing
// is stated: the words are not known for sure, and the registry has the number.
var sanPolicies = map[string]string{
	"Online All": "1", "Offline Shared": "2", "Offline All": "3", "Offline Internal": "4",
}

func knownDiskpart(t *text) bool { return diskpartBanner().MatchString(t.first().text) }

func readDiskpart(t *text, f *facts) {
	disk := ""
	copyright := 0
	for l := range t.filled() {
		if strings.Contains(l.text, "(C)") && copyright == 0 {
			copyright = l.no
		}
		_, value, _ := labelled(l.text)
		if !f.named && l.no == copyright+1 && copyright > 0 && isName(value) {
			f.computer(l, value)
		} else if m := selectDisk().FindStringSubmatch(l.text); m != nil {
			disk = m[1]
		} else if m := sanPolicy().FindStringSubmatch(l.text); m != nil {
			f.add(l, event.Fact{Key: event.FactSANPolicy, Value: sanPolicies[m[1]]})
		} else if m := diskID().FindStringSubmatch(l.text); m != nil {
			f.add(l, event.Fact{Key: event.FactDiskID, Name: disk, Value: m[1]})
		}
	}
}
