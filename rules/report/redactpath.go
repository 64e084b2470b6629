package report

import (
	"strings"

	"github.com/vsswhy/vsswhy/ingest/known"
)

// path rewrites a path, element by element: "bundle.zip!/NODE-A/System.evtx" becomes
// "bundle.zip!/HOST-1/System.evtx". What is the same everywhere stays (System32,
// names of Windows' logs, systeminfo.txt), and so does the ending.
func (x *redactor) path(s string) string {
	if x.pass == learnFields || s == "" || s == "-" {
		return s
	}
	if x.pass == learnTexts && strings.ContainsAny(s, `/\`) && strings.ContainsAny(s, ` ,;:'"()[]<>`) {
		x.paths[s] = true // where it is in a text, it is not told from the words around it by its form
	}
	if urlHead().MatchString(s) {
		return x.url(s)
	}
	if rest, ok := strings.CutPrefix(s, `\\`); ok && rest != "" && !strings.ContainsAny(rest[:1], `?.\/`) {
		return `\\` + x.share(rest)
	}
	if i := strings.Index(strings.ToUpper(s), `\UNC\`); i >= 0 && strings.HasPrefix(s, `\\`) {
		return s[:i+5] + x.share(s[i+5:])
	}
	return x.elements(s, "")
}

var urlHead = pattern(`^[A-Za-z]+://`)

// share takes what stands behind two backslashes: server, share and path.
func (x *redactor) share(s string) string {
	server, rest, ok := cutElement(s)
	out := x.host(server)
	if !ok {
		return out
	}
	name, below, ok := cutElement(rest[1:])
	if !administrative().MatchString(name) {
		name = x.of("share", name)
	}
	if out += rest[:1] + name; !ok {
		return out
	}
	return out + x.elements(below, "")
}

var administrative = pattern(`(?i)^(?:[a-z]\$|admin\$|ipc\$|print\$|sysvol|netlogon|)$`)

// cutElement cuts before the first separator.
func cutElement(s string) (first, rest string, ok bool) {
	if i := strings.IndexAny(s, `/\`); i >= 0 {
		return s[:i], s[i:], true
	}
	return s, "", false
}

// elements rewrites what lies between separators. The element before says what the
// first one is.
func (x *redactor) elements(s, before string) string {
	var b strings.Builder
	for s != "" {
		name, rest, ok := cutElement(s)
		archive := strings.HasSuffix(name, "!") && ok
		p := x.element(strings.TrimSuffix(name, "!"), before, !ok || archive)
		if !archive {
			p += name[len(strings.TrimSuffix(name, "!")):]
		} else {
			p += "!"
		}
		b.WriteString(p)
		if ok {
			b.WriteString(rest[:1])
			rest = rest[1:]
		}
		before, s = strings.ToLower(name), rest
	}
	return b.String()
}

// element rewrites one element of a path; last says that it is a file's name.
func (x *redactor) element(name, before string, last bool) string {
	switch {
	case name == "" || strings.Trim(name, ".~?*") == "" || driveOnly().MatchString(name):
		return name
	case before == "users" || before == "home" || before == "documents and settings" || before == "profiles":
		if wellKnown(name) {
			return name
		}
		return x.of("user", name)
	case before == "clusterstorage":
		return x.volume(name)
	case guidIn().MatchString(name):
		return guidIn().ReplaceAllStringFunc(x.withoutGUID(name), x.guid)
	}
	stem, ending := cutEnding(name)
	return x.stem(stem, kindOf(ending, last)) + ending
}

// withoutGUID rewrites what stands around an id.
func (x *redactor) withoutGUID(name string) string {
	loc := guidIn().FindStringIndex(name)
	head, tail := name[:loc[0]], name[loc[1]:]
	if strings.Trim(head, "{}_-. ") != "" && !wellKnown(head) {
		head = x.stem(strings.TrimRight(head, "{_-. "), "file") + head[len(strings.TrimRight(head, "{_-. ")):]
	}
	stem, ending := cutEnding(tail)
	if strings.Trim(stem, "{}_-. ") != "" && !wellKnown(stem) {
		stem = x.prose(stem, foreign)
	}
	return head + name[loc[0]:loc[1]] + stem + ending
}

var driveOnly = pattern(`^[A-Za-z]:$`)

// stem rewrites the name of a file or a folder without its ending.
func (x *redactor) stem(name, kind string) string {
	if wellKnown(name) || windowsLog(name) {
		return name
	}
	if p := x.by[strings.ToLower(name)]; p != "" {
		return p
	}
	// A computer's or a machine's name at its head: "NODE-A_systeminfo".
	head, with := name, ""
	if dns := dnsHead().FindString(name); x.by[strings.ToLower(dns)] != "" {
		head, with = dns, x.by[strings.ToLower(dns)]
	} else if f := x.trie.match(name, 0, true); f.to != 0 {
		head, with = name[:f.to], f.with
	}
	rest := name[len(head):]
	if with == "" || rest == "" || !strings.ContainsAny(rest[:1], "_-. (+") {
		return x.of(kind, name)
	}
	if below := strings.Trim(rest, "_-. ()"); wellKnown(below) || windowsLog(below) {
		return with + rest
	}
	return with + "_" + x.of(kind, name)
}

var dnsHead = pattern(`^[^_ ]+`)

// kindOf tells what a file is by its ending.
func kindOf(ending string, last bool) string {
	switch low := strings.ToLower(ending); {
	case !last:
		return "folder"
	case strings.Contains(".vhd.vhdx.avhd.avhdx.vhds.iso.vmdk", low) && low != "":
		return "disk"
	case archiveEndings[strings.TrimPrefix(low, ".")]:
		return "archive"
	case low == "":
		return "folder"
	}
	return "file"
}

const knownExtension = `evtx|evt|xml|csv|txt|log|etl|reg|html?|json|jsonl|md|zip|7z|rar|cab|tar|t?gz|tgz|bz2|xz|zst|vhdx?|avhdx?|vhds|iso|vmcx|vmrs|vsv|bin|mta|dmp|ini|nfo|clixml|wim|vsswhy|parquet|mdf|ldf|ndf|edb|bak|vbk|vib|vbm|vmdk|yaml|yml|ps1|cmd|bat`

var (
	archiveEndings = setOf("zip 7z rar cab tar gz tgz bz2 xz zst vsswhy")
	knownEnding    = pattern(`(?i)(?:\.(?:` + knownExtension + `|exe|dll|sys|msi|msc))+$`)
)

// cutEnding cuts off the endings that are well known; one that is not may be a name.
func cutEnding(name string) (stem, ending string) {
	if loc := knownEnding().FindStringIndex(name); loc != nil && loc[0] > 0 {
		return name[:loc[0]], name[loc[0]:]
	}
	return name, ""
}

// wellKnown reports whether a name is made of words that are the same everywhere.
func wellKnown(name string) bool {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return strings.ContainsRune("_-. ()[]%+{}$", r) })
	for _, w := range words {
		if !everywhere[w] && !smallNumber().MatchString(w) {
			return false
		}
	}
	return len(words) > 0 && !digitsOnly().MatchString(name) || smallNumber().MatchString(name)
}

var smallNumber = pattern(`^(?:[0-9]{1,2}|10[0-9]{2}|(?:19|20)[0-9]{6})$`)

var everywhere = setOf(`and of the system application security setup sysevent appevent secevent sys app sec evt evtx log logs event events eventlog eventlogs viewer
 admin operational analytic debug windows winevt system32 syswow64 config temp tmp users public documents settings program programs files x86 programdata microsoft hyper v hyperv
 virtual machine machines hard disk disks snapshot snapshots checkpoint checkpoints clusterstorage cluster localemetadata systeminfo info hotfix hotfixes fixes kb version versions vmms vmwp worker
 writer writers provider providers shadow shadows shadowstorage storage iscsi diskpart volume volumes harddiskvolume vss vssadmin registry reg report reports msinfo msinfo32 ipconfig netstat driverquery
 recycle bin information device desktop downloads appdata local roaming locallow home root var etc opt mnt media dev proc usr lib share stdin archive archives bundle backup backups
 failoverclustering services partmgr parameters vssrequestor backuptype currentcontrolset controlset001 software hklm hkcu hkey local_machine hkey_local_machine hkey_current_user hkey_users
 raidport0 raidport1 raidport2 cdrom0 harddisk0 harddisk1 harddiskvolume1 harddiskvolume2 mup device globalroot collect vsswhy journal schema notes search export exported
 vssapi dll exe swprv vssvc svchost wbengine ntoskrnl vmicvss iscsicli file filever sessionlist fltmc powercfg gpresult`)

// windowsLog reports whether a file is called as Windows calls one of its logs.
func windowsLog(stem string) bool {
	stem = messageLanguage().ReplaceAllString(stem, "")
	low := known.CanonicalChannel(stem)
	for _, c := range known.AllChannels() {
		if low == known.CanonicalChannel(c) {
			return true
		}
	}
	return ofMicrosoft().MatchString(stem)
}

var (
	messageLanguage = pattern(`_[0-9]{4,5}$`)
	ofMicrosoft     = pattern(`^(?i:Microsoft-Windows-)[A-Za-z0-9-]+(?:(?:%4|_4|-| )[A-Za-z0-9-]+)?$|^(?i:windows powershell|hardwareevents|key management service|internet explorer|dns server|directory service|file replication service|dfs replication|forwardedevents)$`)
)

// windowsPath takes a path out of a text. It ends where the sentence goes on: at
// another path, or behind its last separator at a comma, a colon or a parenthesis,
// which may be in names of folders, too.
func (x *redactor) windowsPath(s string) (string, int) {
	if loc := anotherPath().FindStringIndex(s); loc != nil {
		s = s[:loc[0]]
	}
	last := strings.LastIndexAny(s, `/\`) + 1
	if loc := pathEnd().FindStringIndex(s[last:]); loc != nil {
		s = s[:last+loc[0]]
	}
	s = strings.TrimRight(s, " .,")
	return x.path(s), len(s)
}

var (
	anotherPath = pattern(`[\s,;]+(?:[A-Za-z]:[\\/]|\\\\|/|[a-z]+://)`)
	pathEnd     = pattern(`[,:;] | \(`)
)

// backslashed takes DOMAIN\user, or a path without a root; keys of the registry and
// devices stay.
func (x *redactor) backslashed(s string) string {
	first, rest, _ := strings.Cut(s, `\`)
	switch {
	case wellKnownAuthority[strings.ToLower(first)]:
		return s
	case wellKnown(first) || strings.Contains(rest, `\`) || knownEnding().MatchString(rest):
		return x.elements(s, "")
	}
	return x.user(s)
}

// posixPath: flags such as /f are none.
func (x *redactor) posixPath(s string) string {
	if len(s) <= 2 || strings.Count(s, "/") == 1 && wellKnown(s[1:]) {
		return s
	}
	return x.path(s)
}

// pathUpToWord takes a path into an archive: its elements may have spaces.
func (x *redactor) pathUpToWord(s string) (string, int) {
	for _, end := range []string{" (", " at offset", " record "} {
		if i := strings.Index(s, end); i > 0 {
			s = s[:i]
		}
	}
	return x.path(s), len(s)
}

// url keeps those of Microsoft, which are references.
func (x *redactor) url(s string) string {
	scheme, rest, _ := strings.Cut(s, "://")
	if strings.EqualFold(scheme, "file") && strings.HasPrefix(rest, "/") {
		return scheme + ":///" + x.elements(rest[1:], "")
	}
	if strings.EqualFold(scheme, "file") || strings.EqualFold(scheme, "smb") {
		return scheme + "://" + x.share(rest)
	}
	server, below, _ := cutElement(rest)
	if strings.HasSuffix(strings.ToLower(server), "microsoft.com") {
		return s
	}
	account := ""
	if i := strings.LastIndexByte(server, '@'); i >= 0 {
		account, server = x.account(server[:i])+"@", server[i+1:]
	}
	name, port, hasPort := strings.Cut(server, ":")
	if name = x.host(name); hasPort {
		name += ":" + port
	}
	return scheme + "://" + account + name + x.elements(below, "")
}

// args keeps the flags, and the words that are the program's.
func (x *redactor) args(list []string) []string {
	out := make([]string, len(list))
	flag, ended := "", false // the flag before it, and whether flags are over
	for i, arg := range list {
		name, value, ok := strings.Cut(arg, "=")
		short := shortFlags().FindStringSubmatch(arg)
		switch {
		case ended, short == nil && !longFlag().MatchString(name):
			out[i] = x.arg(flag, arg)
		case short != nil && short[2] != "":
			out[i] = short[1] + x.arg("-o", short[2])
		case short == nil && ok:
			out[i] = name + "=" + x.arg(name, value)
		default:
			out[i], flag, ended = arg, arg, arg == "--"
			continue
		}
		flag = ""
	}
	return out
}

// arg rewrites a value of a flag, or what is none.
func (x *redactor) arg(flag, value string) string {
	switch {
	case flag == "--host":
		names := strings.Split(value, ",")
		for i := range names {
			names[i] = x.host(names[i])
		}
		return strings.Join(names, ",")
	case programWords[value], plainFlags[flag] && plainArg().MatchString(value):
		return value
	}
	return x.path(value)
}

var (
	programWords = setOf("scan report batch open events text json jsonl csv md html ecs confirmed likely possible ruled-out all relevant findings off true false ***")
	plainFlags   = setOf("--since --until --around --workers") // elsewhere "2010-03-14-acme" is a file
	plainArg     = pattern(`^[-+]?[0-9][-0-9:.TZ+±a-z]*$`)
	longFlag     = pattern(`^--[a-z-]*$`)
	shortFlags   = pattern(`^(-[qvh]*o=?|-[qvh]+$)(.*)$`) // -o takes a file, which may stand right behind it
)
