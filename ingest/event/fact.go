package event

import "time"

// A FactKey names what a Fact is about.
type FactKey string

// The facts that text artefacts state. The comment gives the form of Value.
const (
	FactComputer     FactKey = "computer"              // the computer's own name
	FactOSBuild      FactKey = "os.build"              // "6.1.7600", "5.2.3790"
	FactHotfix       FactKey = "hotfix"                // "KB975354"; Time is the day of installation, if stated
	FactHotfixList   FactKey = "hotfix.list"           // number of entries: a complete list was given, so that absence can be told
	FactFileVersion  FactKey = "file.version"          // Name is the file ("vmms.exe"), Value "6.1.7600.20542"
	FactISCSISession FactKey = "iscsi.sessions"        // number of sessions, "0" if the list was empty
	FactBackupType   FactKey = "vssrequestor.backup"   // VssRequestor\BackupType: "0", "1", … or "absent" where the key is exported without it
	FactWriterState  FactKey = "vss.writer"            // Name is the writer's class id (braces, lower case), Value the state's number
	FactSANPolicy    FactKey = "disk.san-policy"       // "1" online all, "2" offline shared, "3" offline all, "4" offline internal
	FactDiskID       FactKey = "disk.signature"        // Name is the disk's number or "", Value the signature or GUID
	FactGroupMove    FactKey = "cluster.group-move"    // Name is the cluster group, Value "NODE-A to NODE-B", Time when, Note of which type
	FactVirtualOn    FactKey = "guest.physical-host"   // name of the physical host that runs this guest (KVP)
	FactVirtualName  FactKey = "guest.virtual-machine" // name of the virtual machine that this guest is (KVP)
)

// A Fact is one statement of a text artefact, with its place. It belongs to the
// computer that it names; the scene decides about facts that name none.
type Fact struct {
	Ref
	Line  int
	Host  string // the computer that the artefact names; "" if it names none
	Key   FactKey
	Name  string // what Value is of, where Key alone does not say
	Value string
	Time  time.Time // since when it holds; zero if not stated: when it was collected
	Note  string    // a remark for people, such as "list may be partial"
}
