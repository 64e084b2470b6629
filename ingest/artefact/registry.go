package artefact

import (
	"strconv"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// knownRegistry recognises exports (.reg) and the output of reg query:
//
//	Windows Registry Editor Version 5.00     REGEDIT4      HKEY_LOCAL_MACHINE\SOFTWARE\…
//	[HKEY_LOCAL_MACHINE\SOFTWARE\…]                            Name    REG_DWORD    0x1
//	"Name"=dword:00000001
func knownRegistry(t *text) bool {
	first := strings.TrimSpace(t.first().text)
	return isExport(first) || strings.HasPrefix(first, "! REG.EXE VERSION") || isKey(first) && hasValue(t)
}

func isExport(first string) bool {
	return first == "Windows Registry Editor Version 5.00" || first == "REGEDIT4"
}

func isKey(s string) bool { return strings.HasPrefix(s, "HKEY_") && strings.Contains(s, `\`) }

func hasValue(t *text) bool {
	for l := range t.filled() {
		if queryValue().MatchString(l.text) {
			return true
		}
	}
	return false
}

// queryValue is a line of reg query: a name, a type, a value, set apart by four
// blanks, or by tabs in Windows Server 2003. The name of a default value is
// localised, and in angle brackets or parentheses.
var queryValue = pattern(`^\s+(\S.*?)(?:\t|\s{2,})(REG_[A-Z_]+)(?:\s+(.*?))?\s*$`)

// exportValue is a line of a .reg file: "Name"=dword:… or "Name"="text". Other
// types are of no interest.
var exportValue = pattern(`^"((?:[^"\\]|\\.)*)"=(?:dword:([0-9A-Fa-f]{1,8})|"((?:[^"\\]|\\.)*)")\s*$`)

// A registryKey is a key while its values are read.
type registryKey struct {
	line line
	kind keyKind
	seen map[string]registryValue // values of interest, by lower-case name
	all  bool                     // all values of the key are listed
}

type registryValue struct {
	text string // a dword as a decimal number
	line line
}

type keyKind uint8

const (
	keyOther keyKind = iota
	keyRequestor
	keyComputer
	keyTCPIP
	keyPartMgr
	keyGuest
	keyWindows
)

// keys tells the keys of interest by the end of their paths, in lower case. The
// control set before it may be the current or a numbered one.
var keys = []struct {
	suffix string
	kind   keyKind
}{
	{`\software\microsoft\virtualization\vssrequestor`, keyRequestor},
	{`\control\computername\computername`, keyComputer},
	{`\services\tcpip\parameters`, keyTCPIP},
	{`\services\partmgr\parameters`, keyPartMgr},
	{`\software\microsoft\virtual machine\guest\parameters`, keyGuest},
	{`\software\microsoft\windows nt\currentversion`, keyWindows},
}

func newKey(l line, path string, all bool) *registryKey {
	k := &registryKey{line: l, seen: map[string]registryValue{}, all: all}
	path = strings.ToLower(path)
	for _, key := range keys {
		if strings.HasPrefix(path, "hkey_local_machine\\") && strings.HasSuffix(path, key.suffix) {
			k.kind = key.kind
		}
	}
	return k
}

// maxValues bounds what is kept of one key: more than any of them has.
const maxValues = 256

func (k *registryKey) set(l line, name, value string) {
	if k.kind != keyOther && len(k.seen) < maxValues {
		k.seen[strings.ToLower(name)] = registryValue{value, l}
	}
}

func readRegistry(t *text, f *facts) {
	export := isExport(strings.TrimSpace(t.first().text))
	key := newKey(line{}, "", false)
	for l := range t.lines() {
		s := strings.TrimSpace(l.text)
		switch {
		case export && strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]"):
			key.state(f)
			key = newKey(l, s[1:len(s)-1], true)
		case export:
			if m := exportValue().FindStringSubmatch(s); m != nil {
				key.set(l, unescape(m[1]), exportText(m[2], m[3]))
			}
		case isKey(l.text):
			key.state(f)
			key = newKey(l, s, false)
		default:
			if m := queryValue().FindStringSubmatch(l.text); m != nil {
				key.set(l, m[1], queryText(m[2], m[3]))
			}
		}
	}
	key.state(f)
}

func exportText(dword, text string) string {
	if n, err := strconv.ParseUint(dword, 16, 32); err == nil {
		return strconv.FormatUint(n, 10)
	}
	return unescape(text)
}

func queryText(typ, text string) string {
	if typ != "REG_DWORD" {
		return text
	}
	if n, err := strconv.ParseUint(text, 0, 32); err == nil {
		return strconv.FormatUint(n, 10)
	}
	return text
}

// unescape undoes \\ and \" of .reg files.
func unescape(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(s)
}

// state states the facts of a key that is complete.
func (k *registryKey) state(f *facts) {
	fact := func(value string, key event.FactKey) {
		if v, ok := k.seen[value]; ok && v.text != "" {
			f.add(v.line, event.Fact{Key: key, Value: v.text})
		}
	}
	switch k.kind {
	case keyRequestor:
		fact("backuptype", event.FactBackupType)
		// reg query /v shows a key with one value of many: no absence there.
		if _, ok := k.seen["backuptype"]; !ok && k.all {
			f.add(k.line, event.Fact{Key: event.FactBackupType, Value: "absent"})
		}
	case keyComputer:
		k.computer(f, "computername")
	case keyTCPIP:
		k.computer(f, "hostname")
	case keyPartMgr:
		fact("sanpolicy", event.FactSANPolicy)
	case keyGuest:
		if _, ok := k.seen["physicalhostnamefullyqualified"]; ok {
			fact("physicalhostnamefullyqualified", event.FactVirtualOn)
		} else {
			fact("physicalhostname", event.FactVirtualOn)
		}
		fact("virtualmachinename", event.FactVirtualName)
	case keyWindows:
		k.build(f)
	}
}

func (k *registryKey) computer(f *facts, value string) {
	if v := k.seen[value]; v.text != "" {
		f.computer(v.line, v.text)
	}
}

var (
	versionNumber = pattern(`^\d{1,2}\.\d{1,2}$`)
	buildNumber   = pattern(`^\d{4,5}$`)
)

// build puts the version together. Windows 10 and later keep "6.3" where their
// predecessors had the version, and the true one in two numbers.
func (k *registryKey) build(f *facts) {
	version, number := k.seen["currentversion"], k.seen["currentbuildnumber"]
	if number.text == "" {
		number = k.seen["currentbuild"]
	}
	if major := k.seen["currentmajorversionnumber"]; major.text != "" {
		version.text = major.text + "." + k.seen["currentminorversionnumber"].text
	}
	if versionNumber().MatchString(version.text) && buildNumber().MatchString(number.text) {
		f.add(number.line, event.Fact{Key: event.FactOSBuild, Value: version.text + "." + number.text})
	}
}
