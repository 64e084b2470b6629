package evt

import "strings"

// The files of the classic logs in %SystemRoot%\System32\config, and the channels
// that they are.
var files = map[string]string{
	"sysevent": "System", "appevent": "Application", "secevent": "Security",
	"ntds": "Directory Service", "dnsevent": "DNS Server", "ntfrs": "File Replication Service",
}

// Channel tells by the name of a file which channel it is, as far as it can: as
// Windows names the file, or by a word that stands in the name alone, as in
// "HV01_System.evt". It returns "" if the name tells nothing.
func Channel(name string) string {
	base, _, _ := strings.Cut(strings.ToLower(name), ".evt")
	if ch := files[base]; ch != "" {
		return ch
	}
	for _, word := range strings.FieldsFunc(base, func(r rune) bool { return strings.ContainsRune("_-. ()[]", r) }) {
		switch word {
		case "system", "sysevent":
			return "System"
		case "application", "appevent":
			return "Application"
		case "security", "secevent":
			return "Security"
		}
	}
	return ""
}

// channelOf tells by the source of a log's first records which channel it is:
// these write to one log only.
func channelOf(source string) string {
	switch strings.ToLower(source) {
	case "eventlog", "service control manager", "iscsiprt", "volsnap", "disk", "ftdisk", "tcpip", "w32time", "netlogon", "dhcp", "srv", "mrxsmb", "netbt", "application popup", "save dump", "server", "workstation", "browser", "print", "removable storage service", "vmbus", "storvsc", "netvsc":
		return "System"
	case "security":
		return "Security"
	case "vss", "userenv", "esent", "msiinstaller", "mssqlserver", "vmicvss", "ntbackup", "perflib", "loadperf", "winlogon", "application error", "application hang", "com+", "eventsystem", "msdtc":
		return "Application"
	}
	return ""
}
