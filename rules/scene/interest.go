package scene

import (
	"strings"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// Providers by the names that events carry; they compare without case.
const (
	vmms       = "Microsoft-Windows-Hyper-V-VMMS"
	worker     = "Microsoft-Windows-Hyper-V-Worker"
	config     = "Microsoft-Windows-Hyper-V-Config"
	backup     = "Microsoft-Windows-Backup"
	clustering = "Microsoft-Windows-FailoverClustering"
	vss        = "VSS"
	eventLog   = "EventLog"                    // the service as a classic source: 6005, 6009, 6011, 6013
	eventLogVS = "Microsoft-Windows-Eventlog"  // its Vista and later provider: 104, 1102
	servicing  = "Microsoft-Windows-Servicing" // Setup channel: packages
	updates    = "Microsoft-Windows-WindowsUpdateClient"
	kvp        = "Microsoft-Windows-Hyper-V-Integration-KvpExchange"

	availability  = "Microsoft-Windows-Hyper-V-High-Availability"
	kernelGeneral = "Microsoft-Windows-Kernel-General"
)

// HyperVWriter is the class id of the Hyper-V VSS writer.
const HyperVWriter = "{66841cd4-6ded-4f4b-8f17-fd23f8ddc3de}"

// Event ids that the scene itself reads.
const (
	idWriterRejected = 8229  // VSS: a writer rejected an event, with its error
	idVSSUnexpected  = 12289 // VSS: unexpected error; also housekeeping of old sessions
	idBooted         = 6009  // EventLog: Windows version, at each boot
	idRenamed        = 6011  // EventLog: the computer got another name
	idUptime         = 6013  // EventLog: states the time zone
	idLogCleared     = 104   // Eventlog: a log other than Security was cleared
	idAuditCleared   = 1102  // Eventlog: the Security log was cleared
	idPackageState   = 2     // Servicing: a package changed its state
	idUpdateDone     = 19    // WindowsUpdateClient: an update was installed
	idNodeRemoved    = 1135  // FailoverClustering: on every node that stays
	idMigrationOut   = 21300 // High-Availability: a live migration starts, on the source
	idMigrationDone  = 21301 // High-Availability: it is completed, on the source
	idMigrationIn    = 21306 // High-Availability: it starts, on the target
	idClockSet       = 1     // Kernel-General: the time was changed; Windows 7 and later
)

// Interest returns the events that the scene needs whatever the rules ask for.
func Interest() *event.Interest {
	in := Lasting()
	in.Want(vmms)
	in.Want(worker, 3040, 3216, 3280, 18590)
	in.Want(config, 4096)
	in.Want(vss, idWriterRejected, idVSSUnexpected)
	in.Want(backup)
	in.Want(clustering, 5121, 5136, 5137, 5140, 5141)
	return in
}

// Lasting returns those events that say what a computer is, and go on saying it:
// its Windows, its names, its updates, its clock, and since when its logs have
// what happened. They count whatever time is looked at.
func Lasting() *event.Interest {
	in := new(event.Interest)
	in.Want(eventLog, idBooted, idRenamed, idUptime)
	in.Want(eventLogVS, idLogCleared, idAuditCleared)
	in.Want(servicing, idPackageState)
	in.Want(updates, idUpdateDone)
	in.Want(kvp, 4010, 4096)
	in.Want(clustering, idNodeRemoved)
	in.Want(availability, idMigrationOut, idMigrationDone, idMigrationIn)
	in.Want(kernelGeneral, idClockSet)
	return in
}

// hostProviders are written by the Hyper-V role only. The hypervisor alone
// (weakHost) also runs on clients, under security features.
func hostProvider(name string) bool {
	switch strings.ToLower(name) {
	case strings.ToLower(vmms), strings.ToLower(worker), strings.ToLower(config),
		"microsoft-windows-hyper-v-high-availability", "microsoft-windows-hyper-v-image-management-service",
		"microsoft-windows-hyper-v-integration", strings.ToLower(kvp), "microsoft-windows-hyper-v-vmswitch",
		"microsoft-windows-hyper-v-network", "microsoft-windows-hyper-v-shared-vhdx":
		return true
	}
	return false
}

func weakHostProvider(name string) bool {
	return strings.EqualFold(name, "Microsoft-Windows-Hyper-V-Hypervisor")
}

// guestProvider tells the integration services' and drivers' providers, which
// write inside a virtual machine.
func guestProvider(name string) bool {
	low := strings.ToLower(name)
	switch low {
	case "netvsc", "microsoft-windows-hyper-v-netvsc", "microsoft-windows-hyper-v-guest-drivers-icsvc":
		return true
	}
	return strings.HasPrefix(low, "vmic")
}
