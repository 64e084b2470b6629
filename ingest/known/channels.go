package known

import "strings"

// The channels that this program speaks of, as Windows Server 2008 R2 names
// them. CanonicalChannel brings other spellings to these.
const (
	System         = "System"
	Application    = "Application"
	Setup          = "Setup"
	VMMSAdmin      = "Microsoft-Windows-Hyper-V-VMMS-Admin"
	WorkerAdmin    = "Microsoft-Windows-Hyper-V-Worker-Admin"
	ConfigAdmin    = "Microsoft-Windows-Hyper-V-Config-Admin"
	IntegAdmin     = "Microsoft-Windows-Hyper-V-Integration-Admin"
	BackupLog      = "Microsoft-Windows-Backup"
	ClusterOper    = "Microsoft-Windows-FailoverClustering/Operational"
	VHDMPOper      = "Microsoft-Windows-VHDMP-Operational"
	GuestDrivers   = "Microsoft-Windows-Hyper-V-Guest-Drivers/Admin"
	backupAppFirst = 500 // Windows Server Backup writes ids from here on to Application as well
)

// Channels returns the channels that must all be at hand to say that an event
// did not occur; nil if it isn't known where the provider writes.
//
// Informational cluster events (5136 to 5141) stand in System or in
// FailoverClustering/Operational, depending on the Windows version, so their
// absence needs both.
func Channels(provider string, id uint32) []string {
	switch p := strings.ToLower(provider); p {
	case "microsoft-windows-hyper-v-vmms":
		return []string{VMMSAdmin}
	case "microsoft-windows-hyper-v-worker":
		return []string{WorkerAdmin}
	case "microsoft-windows-hyper-v-config":
		return []string{ConfigAdmin}
	case "microsoft-windows-hyper-v-integration-kvpexchange":
		return []string{IntegAdmin}
	case "microsoft-windows-hyper-v-guest-drivers-icsvc":
		return []string{GuestDrivers}
	case "microsoft-windows-vhdmp":
		return []string{VHDMPOper}
	case "microsoft-windows-backup":
		return backupChannels(id)
	case "microsoft-windows-failoverclustering":
		return clusterChannels(id)
	case "microsoft-windows-servicing":
		return []string{Setup}
	case "vss", "ese", "esent", "sqlwriter", "sqlvdi", "mssqlserver", "mssql$*", "msexchangeis", "vmicvss":
		return []string{Application}
	case "eventlog", "volsnap", "iscsiprt", "service control manager", "microsoft-windows-windowsupdateclient":
		return []string{System}
	default:
		if strings.HasPrefix(p, "mssql$") {
			return []string{Application}
		}
		return nil
	}
}

func backupChannels(id uint32) []string {
	if id >= backupAppFirst && !(id >= 1025 && id <= 1029) {
		return []string{Application}
	}
	return []string{BackupLog}
}

func clusterChannels(id uint32) []string {
	if id >= 5136 && id <= 5141 {
		return []string{System, ClusterOper}
	}
	return []string{System}
}

// AllChannels lists the channels that this program speaks of.
func AllChannels() []string {
	return []string{System, Application, Setup, VMMSAdmin, WorkerAdmin, ConfigAdmin, IntegAdmin,
		BackupLog, ClusterOper, VHDMPOper, GuestDrivers}
}

// CanonicalChannel brings the spellings of a channel name to one: file names
// write "/" as %4, "-" or "_4"; Windows versions differ in "-Admin" and
// "/Admin", and in whether Backup is followed by "/Operational".
func CanonicalChannel(name string) string {
	n := strings.ToLower(name)
	for _, sep := range []string{"%4", "_4", "/"} {
		n = strings.ReplaceAll(n, sep, "-")
	}
	if n == "microsoft-windows-backup-operational" {
		n = "microsoft-windows-backup"
	}
	return n
}
