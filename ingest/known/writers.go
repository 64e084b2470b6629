package known

import "strings"

// writerNames names the writers by class id. The ids are those of Microsoft's
// writers; they are the same on every computer and in every language.
var writerNames = map[string]string{
	"{66841cd4-6ded-4f4b-8f17-fd23f8ddc3de}": "Hyper-V",
	"{a65faa63-5ea8-4ebc-9dbd-a0c4db26912a}": "SQL Server",
	"{76fe1ac4-15f7-4bcd-987e-8e1acb462fb7}": "Exchange",
	"{b2014c9e-8711-4c5c-a5a9-3cf384484757}": "NTDS",
	"{e8132975-6f93-4464-a53e-1050253ae220}": "System Writer",
	"{afbab4a2-367d-4d15-a586-71dbb18f8485}": "Registry",
	"{542da469-d3e1-473c-9f4f-7847f01fc64f}": "COM+ REGDB",
	"{be000cbe-11fe-4426-9c58-531aa6355fc4}": "ASR",
	"{a6ad56c2-b509-4e6c-bb19-49d8f43532f0}": "WMI",
	"{4969d978-be47-48b0-b100-f328f07ac1e0}": "BITS",
	"{4dc3bdd4-ab48-4d07-adb0-3bee2926fd7f}": "Shadow Copy Optimization",
	"{2a40fd15-dfca-4aa8-a654-1f8c654603f6}": "IIS",
	"{cd3f2362-8bef-46c7-9181-d62844cdc0b2}": "MSSearch",
	"{41e12264-35d8-479b-8e5c-9b23d1dad37e}": "Cluster",
	"{be9ac81e-3619-421f-920f-4c6fea9e93ad}": "DHCP",
	"{f08c1483-8407-4a26-8c26-6c267a629741}": "WINS",
}

// WriterName returns the usual name of a VSS writer by its class id, with or
// without braces and in any case, or "" if it is not known.
func WriterName(guid string) string {
	return writerNames["{"+strings.ToLower(strings.Trim(guid, "{}"))+"}"]
}

// writerStates are the values of VSS_WRITER_STATE (vswriter.h), which vssadmin
// prints in brackets.
var writerStates = [...]string{
	"unknown",
	"stable",
	"waiting for freeze",
	"waiting for thaw",
	"waiting for post-snapshot",
	"waiting for backup complete",
	"failed at identify",
	"failed at prepare backup",
	"failed at prepare snapshot",
	"failed at freeze",
	"failed at thaw",
	"failed at post-snapshot",
	"failed at backup complete",
	"failed at pre-restore",
	"failed at post-restore",
	"failed at backup shutdown",
}

// WriterState names a writer's state by its number in VSS_WRITER_STATE, or
// returns "" if it is none.
func WriterState(n int) string {
	if n < 0 || n >= len(writerStates) {
		return ""
	}
	return writerStates[n]
}
